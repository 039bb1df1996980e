"""The second guards of the year's end: constraints that stand behind the rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel, select

from services.grants.certificates.tables import Certificate
from services.grants.history.tables import GrantClaim, HistoricalGrant
from services.grants.tables import Agreement, Outturn
from services.grants.underspend.tables import UnderspendTreatment
from tests.grants.test_history import REAL_TERMS
from tests.grants.test_outturns import AUDIT
from tests.grants.year_end import audited
from tests.harness import Running

DAY = date(2018, 6, 1)


def kept(agreement: Agreement) -> dict[str, Any]:
    return {"created_at": agreement.created_at, "modified_at": agreement.created_at, "created_by": "test"}


def outturn(agreement: Agreement, first: Outturn, **changes: Any) -> Outturn:
    return Outturn(**{**first.model_dump(exclude={"id"}), "number": 2, "supersedes": first.id, **changes})


def treatment(agreement: Agreement, first: Outturn, **changes: Any) -> UnderspendTreatment:
    values: dict[str, Any] = {"number": 1, "treatment": "retain", "amount_pence": 1, "state": "decided", **changes}
    return UnderspendTreatment(
        agreement_id=agreement.id, outturn_id=first.id, decided_on=DAY, **kept(agreement), **values
    )


def certificate(agreement: Agreement, first: Outturn, **changes: Any) -> Certificate:
    values: dict[str, Any] = {"number": 1, "state": "draft", "figures": {}, "figures_sha256": "0" * 64, **changes}
    return Certificate(agreement_id=agreement.id, outturn_id=first.id, wording_version="1", **kept(agreement), **values)


def historical(agreement: Agreement, **changes: Any) -> HistoricalGrant:
    values: dict[str, Any] = {"year": "2016/17", "funding_basis": "direct_grant", "state": "agreed", **changes}
    return HistoricalGrant(**kept(agreement), **values)


@pytest.mark.parametrize(
    ("broken", "constraint"),
    [
        (lambda a, o: outturn(a, o, **dict.fromkeys(AUDIT)), "ck_outturns_final_is_audited"),
        (lambda a, o: outturn(a, o, auditor=None), "ck_outturns_audit_by_auditor"),
        (lambda a, o: outturn(a, o, accounts_reference=None), "ck_outturns_audit_of_accounts"),
        (lambda a, o: outturn(a, o, state="provisional"), "ck_outturns_final_is_audited"),
        (lambda a, o: treatment(a, o, amount_pence=0), "ck_underspend_treatments_amount_positive"),
        (lambda a, o: treatment(a, o, treatment="return"), "ck_underspend_treatments_approved"),
        (lambda a, o: treatment(a, o, treatment="undecided"), "ck_underspend_treatments"),
        (
            lambda a, o: treatment(a, o, treatment="net_off", approval_reference="x"),
            "ck_underspend_treatments_names_following",
        ),
        (
            lambda a, o: treatment(a, o, treatment="net_off", approval_reference="x", following_agreement_id=a.id),
            "ck_underspend_treatments_other_year",
        ),
        (lambda a, o: certificate(a, o, state="signed"), "ck_certificates_signed_says_when"),
        (lambda a, o: certificate(a, o, signed_on=DAY), "ck_certificates_signed_says"),
        (lambda a, o: certificate(a, o, state="superseded"), "ck_certificates_superseded_says_when"),
        (lambda a, o: GrantClaim(**kept(a), **{**REAL_TERMS, "basis": "real"}), "ck_grant_claims_basis"),
        (
            lambda a, o: GrantClaim(**kept(a), **{**REAL_TERMS, "basis": "cash", "to_year": "2010/11"}),
            "ck_grant_claims_years_ordered",
        ),
    ],
)
async def test_the_database_refuses_what_no_rule_of_the_years_end_would_let_through(
    grants: Running, broken: Callable[[Agreement, Outturn], SQLModel], constraint: str
) -> None:
    """G-34, G-36, G-37 in constraints."""
    await audited(grants)
    async with grants.session() as session:
        agreement = (await session.exec(select(Agreement))).one()
        row: Any = broken(agreement, (await session.exec(select(Outturn))).one())
        row.id = grants.runtime.new_id()
        session.add(row)
        with pytest.raises(IntegrityError, match=constraint):
            await session.flush()


@pytest.mark.parametrize(
    ("pair", "constraint"),
    [
        (lambda a, o: [certificate(a, o), certificate(a, o, number=2)], "uq_certificates_standing"),
        (lambda a, o: [treatment(a, o), treatment(a, o)], "uq_underspend_treatments_number"),
        (lambda a, o: [historical(a), historical(a)], "uq_grant_history_year"),
    ],
)
async def test_what_stands_once_cannot_stand_twice(
    grants: Running, pair: Callable[[Agreement, Outturn], list[Any]], constraint: str
) -> None:
    """One certificate stands for a year, one figure for a year and scope."""
    await audited(grants)
    async with grants.session() as session:
        agreement = (await session.exec(select(Agreement))).one()
        for row in pair(agreement, (await session.exec(select(Outturn))).one()):
            row.id = grants.runtime.new_id()
            session.add(row)
        with pytest.raises(IntegrityError, match=constraint):
            await session.flush()
