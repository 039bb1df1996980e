"""Locks of quarters over HTTP: who locks, what a locked quarter refuses, and every lock and reopening on record."""

from __future__ import annotations

import asyncio
from uuid import UUID

from services.grants.queries import locked_quarters, quarters_open
from shared.events.grants import QuarterSpendStated
from tests.grants.steps import budgeted, done, figures, problem
from tests.grants.test_periods import PERIODS, lock, state
from tests.harness import Running


async def test_a_locked_quarter_takes_no_statement_and_the_answer_names_the_way_on(grants: Running) -> None:
    """G-29."""
    await budgeted(grants)
    locked = done(await lock(grants, 2, "quarter stated"))
    assert (locked["state"], locked["lock_reason"]) == ("locked", "quarter stated")
    refused = await state(grants, 2, figures())
    assert problem(refused, 409) == {"quarter": "period_locked"}
    assert refused.json()["detail"] == "Q2 2017/18 locked: quarter stated; post a correction in Q3 2017/18."
    assert await grants.emitted(QuarterSpendStated) == []
    for quarter in (1, 3, 4):
        done(await lock(grants, quarter))
    assert "no quarter is open" in (await state(grants, 2, figures())).json()["detail"]


async def test_a_quarter_is_locked_once_by_the_chief_finance_officer_and_opened_again_with_a_reason(
    grants: Running,
) -> None:
    """G-29: their own act, with a reason each time."""
    await budgeted(grants)
    finance = grants.as_("grants:finance")
    problem(await finance.post(f"{PERIODS}/2017-18-q1/lock", json={"reason": "quarter stated"}), 403)
    cfo = grants.as_("grants:cfo")
    reopening = f"{PERIODS}/2017-18-q1/reopening"
    assert problem(await cfo.post(reopening, json={"reason": "a late invoice"}), 409) == {"": "period_open"}
    assert problem(await lock(grants, 1, " "), 422) == {"/reason": "string_too_short"}
    done(await lock(grants, 1))
    assert problem(await lock(grants, 1), 409) == {"": "period_locked"}
    reopened = done(await cfo.post(reopening, json={"reason": "a late invoice"}))
    assert (reopened["state"], reopened["lock_reason"]) == ("open", None)
    done(await lock(grants, 1, "it is in"))
    listed = done(await grants.as_("grants:read").get(PERIODS), 200)["items"]
    assert [(move["state"], move["reason"], move["moved_by"]) for move in listed[0]["history"]] == [
        ("locked", "quarter stated", "person:anne"),
        ("open", "a late invoice", "person:anne"),
        ("locked", "it is in", "person:anne"),
    ]
    assert [item["history"] for item in listed[1:]] == [[], [], []]
    assert done(await grants.as_("grants:read").get(f"{PERIODS}/2017-18-q1"), 200)["history"] == listed[0]["history"]
    done(await cfo.post(reopening, json={"reason": "a late invoice"}))
    done(await state(grants, 1, figures()))


async def test_two_locks_at_once_leave_one_lock(grants: Running) -> None:
    """The second guard: the row is locked before the rule looks at it."""
    await budgeted(grants)
    answers = await asyncio.gather(lock(grants, 1, "first"), lock(grants, 1, "second"))
    assert sorted(answer.status_code for answer in answers) == [201, 409]


async def test_a_quarter_is_not_locked_under_lines_that_found_it_open(grants: Running) -> None:
    """G-29: the lock waits until lines that are on their way into the open quarter are in."""
    agreement = await budgeted(grants)
    async with grants.session() as session:
        assert await locked_quarters(session, UUID(agreement["id"])) == set()
        locking = asyncio.create_task(lock(grants, 1))
        await asyncio.sleep(0.5)
        assert not locking.done()
        await session.rollback()
    done(await locking)
    async with grants.session() as session:
        assert await locked_quarters(session, UUID(agreement["id"])) == {"2017-18-q1"}
        assert await quarters_open(session, UUID(agreement["id"])) == ["2017-18-q2", "2017-18-q3", "2017-18-q4"]
