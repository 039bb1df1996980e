"""The second guards of budgets, variations and thresholds: constraints that stand behind the rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel, select

from services.grants.budget.tables import BudgetVersion
from services.grants.historical_budgets.tables import HistoricalBudget
from services.grants.tables import Agreement
from services.grants.variations.tables import SignificanceThresholds, Variation, VirementLine
from tests.grants.steps import budgeted, refused_by_the_database
from tests.harness import Running

DAY = date(2017, 10, 1)


def version(agreement: Agreement, known: BudgetVersion, **changes: Any) -> BudgetVersion:
    values: dict[str, Any] = {**known.model_dump(exclude={"id"}), "number": 9, "state": "superseded", **changes}
    return BudgetVersion(**values)


def variation(agreement: Agreement, **changes: Any) -> Variation:
    now = agreement.created_at
    values: dict[str, Any] = {
        "agreement_id": agreement.id,
        "number": 1,
        "kind": "allocation",
        "procedure": "department",
        "reason": "R",
        "proposed_on": DAY,
        "effective_from": DAY,
        "significant": False,
        "significance_basis": "judgement",
        "significance_reason": "R",
        "significance_by": "A",
        "created_at": now,
        "modified_at": now,
        "created_by": "test",
        **changes,
    }
    return Variation(**values)


def thresholds(agreement: Agreement, **changes: Any) -> SignificanceThresholds:
    values: dict[str, Any] = {"agreement_id": agreement.id, "number": 1, "reason": "R", "set_by": "test", **changes}
    return SignificanceThresholds(set_at=agreement.created_at, **values)


@pytest.mark.parametrize(
    ("broken", "constraint"),
    [
        (lambda a, v: version(a, v, approved_at=None), "ck_budget_versions_approved"),
        (lambda a, v: version(a, v, approved_by=v.created_by), "ck_budget_versions_four_eyes"),
        (lambda a, v: version(a, v, state="effective"), "uq_budget_versions_effective"),
        (lambda a, v: version(a, v, state="draft", approved_at=None), "ck_budget_versions_state"),
        (lambda a, v: version(a, v, number=1), "uq_budget_versions_number"),
        (lambda a, v: variation(a, state="agreed"), "ck_variations_decided_by_whom"),
        (lambda a, v: variation(a, state="agreed", decided_by="A", decided_on=DAY), "ck_variations_decided_by_whom"),
        (lambda a, v: variation(a, decided_by="A", decided_on=DAY, reference="R"), "ck_variations_undecided"),
        (lambda a, v: variation(a, procedure="internal"), "ck_variations_internal"),
        (lambda a, v: variation(a, procedure="internal", is_virement=True, significant=True), "ck_variations_internal"),
        (lambda a, v: variation(a, kind="money"), "ck_variations_kind"),
        (lambda a, v: thresholds(a, share_millipercent=100_001), "ck_significance_thresholds_share"),
        (lambda a, v: thresholds(a, absolute_pence=-1), "ck_significance_thresholds_absolute_not_negative"),
    ],
)
async def test_the_database_refuses_what_no_rule_would_let_through(
    grants: Running, broken: Callable[[Agreement, BudgetVersion], SQLModel], constraint: str
) -> None:
    """G-12, G-14, G-15, G-16 in constraints."""
    await budgeted(grants)
    await refused_by_the_database(grants, broken, constraint)


async def test_a_virement_line_moves_something_and_a_table_stands_once(grants: Running) -> None:
    """G-11, G-13 in constraints."""
    await budgeted(grants)
    async with grants.session() as session:
        agreement = (await session.exec(select(Agreement))).one()
        proposed = variation(agreement, id=grants.runtime.new_id())
        session.add(proposed)
        await session.flush()
        session.add(VirementLine(variation_id=proposed.id, code="IL1", line_id=proposed.id, position=0, delta_pence=0))
        with pytest.raises(IntegrityError, match="ck_virement_lines_moves_something"):
            await session.flush()
        await session.rollback()
        now = grants.clock()
        kept: dict[str, Any] = {"created_at": now, "modified_at": now, "created_by": "test"}
        for _ in range(2):
            session.add(
                HistoricalBudget(
                    id=grants.runtime.new_id(), year="2011/12", table_name="group", unit="gbpm", columns=[], **kept
                )
            )
        with pytest.raises(IntegrityError, match="uq_historical_budgets_table"):
            await session.flush()
