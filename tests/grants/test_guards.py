"""The second guards: constraints and row locks that stand behind the rules when requests arrive together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlmodel import SQLModel

from services.grants.budget.tables import BudgetLine, BudgetVersion
from services.grants.tables import Agreement, Outturn, Signature
from shared.events.grants import BudgetSet, OutturnRecorded, PassThroughAwarded
from tests.grants.steps import annex_b, budgeted, drafted, problem, refused_by_the_database, register, signed
from tests.harness import Running

DAY = date(2018, 3, 31)


def outturn(agreement: Agreement, **changes: Any) -> Outturn:
    values: dict[str, Any] = {
        "agreement_id": agreement.id,
        "number": 1,
        "state": "provisional",
        "as_at": DAY,
        "grant_pence": 100,
        "spend_pence": 90,
        "own_funds_pence": 0,
        "happened_at": agreement.created_at,
        "recorded_at": agreement.created_at,
        "created_by": "test",
        **changes,
    }
    return Outturn(**values)


def line(agreement: Agreement, version: BudgetVersion, **changes: Any) -> BudgetLine:
    values: dict[str, Any] = {"code": "X", "name": "X", "kind": "leaf", "amount_pence": 1, "position": 99, **changes}
    return BudgetLine(version_id=version.id, line_id=agreement.id, **values)


def signature(agreement: Agreement, **changes: Any) -> Signature:
    now = agreement.created_at
    values: dict[str, Any] = {
        "number": 3,
        "signed_on": DAY,
        "created_at": now,
        "modified_at": now,
        "created_by": "test",
    }
    return Signature(agreement_id=agreement.id, **{**values, **changes})


@pytest.mark.parametrize(
    ("broken", "constraint"),
    [
        (lambda a, v: outturn(a, spend_pence=101), "ck_outturns_within_grant"),
        (lambda a, v: outturn(a, own_funds_pence=1), "ck_outturns_within_grant"),
        (lambda a, v: outturn(a, state="audited"), "ck_outturns_state"),
        (lambda a, v: line(a, v, kind="heading"), "ck_budget_lines_who_carries"),
        (lambda a, v: line(a, v, stated_pence=1), "ck_budget_lines_stated_only_on_sums"),
        (lambda a, v: line(a, v, code="OG1"), "uq_budget_lines_code"),
        (lambda a, v: signature(a), "ck_signatures_two_signatures"),
        (lambda a, v: signature(a, number=1), "uq_signatures_number"),
    ],
)
async def test_the_database_refuses_what_no_rule_would_let_through(
    grants: Running, broken: Callable[[Agreement, BudgetVersion], SQLModel], constraint: str
) -> None:
    """G-4, G-8, G-30 in constraints."""
    await budgeted(grants)
    await refused_by_the_database(grants, broken, constraint)


async def test_outturns_that_arrive_together_are_numbered_one_after_the_other(grants: Running) -> None:
    """G-34: each supersedes the one before; the agreement's row makes them wait for each other."""
    await signed(grants)
    client = grants.as_("grants:finance")
    bodies = [
        {"state": "forecast", "as_at": "2018-03-31", "spend_pence": pence, "reason": "one of many"}
        for pence in range(1, 6)
    ]
    answers = await asyncio.gather(*(client.post("/v1/agreements/2017-18/outturns", json=body) for body in bodies))
    assert {answer.status_code for answer in answers} == {201}
    facts = await grants.emitted(OutturnRecorded)
    assert [fact.version for fact in facts] == [1, 2, 3, 4, 5]
    assert [fact.supersedes for fact in facts[1:]] == [fact.outturn_id for fact in facts[:-1]]


async def test_awards_that_arrive_together_do_not_exceed_their_line(grants: Running) -> None:
    """G-23."""
    await budgeted(grants)
    await register(grants, "centre")
    body = {
        "line_code": "CF",
        "organisation": "centre",
        "amount_pence": 10_000_000,
        "awarded_on": "2017-05-10",
        "title": "T",
        "description": "D",
    }
    client = grants.as_("grants:manager")
    path = "/v1/agreements/2017-18/pass-through-awards"
    answers = await asyncio.gather(*(client.post(path, json=body) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    assert len(await grants.emitted(PassThroughAwarded)) == 1


async def test_first_budgets_that_arrive_together_do_not_overwrite_each_other(grants: Running) -> None:
    await drafted(grants)
    client = grants.as_("grants:manager")
    path = "/v1/agreements/2017-18/budget"
    answers = await asyncio.gather(*(client.put(path, json={"lines": annex_b()}) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 428, 428]
    assert await grants.emitted(BudgetSet) == []
    approver = grants.as_("grants:approver", sub="person:ruth")
    approvals = await asyncio.gather(*(approver.post(f"{path}/1/approvals") for _ in range(3)))
    assert sorted(answer.status_code for answer in approvals) == [201, 409, 409]
    assert len(await grants.emitted(BudgetSet)) == 1


async def test_a_repeated_request_records_one_outturn(grants: Running) -> None:
    """G-43: the same Idempotency-Key gives the same answer, byte for byte."""
    await signed(grants)
    client = grants.as_("grants:finance")
    body = {"state": "provisional", "as_at": "2018-03-31", "spend_pence": 2_098_600_000}
    headers = {"Idempotency-Key": "outturn-2017-18"}
    path = "/v1/agreements/2017-18/outturns"
    first, second = [await client.post(path, json=body, headers=headers) for _ in range(2)]
    assert (first.content, second.headers["idempotent-replayed"]) == (second.content, "true")
    problem(await client.post(path, json={**body, "spend_pence": 1}, headers=headers), 422)
    assert len(await grants.emitted(OutturnRecorded)) == 1
