"""What is announced and not here, and what waits for corrections: no edition says complete or nil before it (T-59)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.transparency.editions.rules import LedgerIncomplete, Month, Unheard, coverage, refuse_unheard
from shared.events.base import Event
from shared.events.grants import ExpenditureBatchCompleted, ExpenditureBatchReceived, ExpenditureRecorded
from shared.periods import Quarter
from tests.harness import Running
from tests.transparency.facts import (
    PARTNER,
    announced,
    batch,
    completed,
    covering,
    line,
    registered,
    signed,
)
from tests.transparency.test_coverage import APRIL, JUNE, MAY, said
from tests.transparency.test_editions import OPEN, Q1, approve, check, publish

QUARTER = (APRIL[0], JUNE[1])
NIL = {"nil_return": True}


async def draft(transparency: Running, path: str = Q1, **body: Any) -> httpx.Response:
    return await transparency.as_("transparency:preparer", sub="person:pia").post(f"{path}/editions", json=body)


async def check_again(transparency: Running, number: int = 1) -> httpx.Response:
    return await transparency.as_("transparency:preparer", sub="person:pia").post(f"{Q1}/editions/{number}/checks")


def refused(answer: httpx.Response, *, passes: bool = True) -> dict[str, Any]:
    """409 `ledger_incomplete` that does not recommend a nil return; with Retry-After where waiting helps."""
    assert answer.status_code == 409, answer.text
    problem: dict[str, Any] = answer.json()
    assert [error["code"] for error in problem["errors"]] == ["ledger_incomplete"]
    assert "nil_return" not in problem["detail"]
    assert ("Retry-After" in answer.headers) == passes
    return problem


@pytest.mark.parametrize("days", [None, MAY, ("2017-01-01", "2017-04-01")])
@pytest.mark.parametrize("body", [{}, NIL])
async def test_a_nil_return_waits_for_an_announced_file(
    transparency: Running, body: dict[str, Any], days: tuple[str, str] | None
) -> None:
    """T-59: handed in and not complete, of days in the quarter or of unknown days: nobody can say there is nothing."""
    file = uuid4()
    await transparency.receive(registered(), signed(), announced(file, days))
    problem = refused(await draft(transparency, **body))
    assert problem["files_on_their_way"] == 1
    # It turned out not to be usable: the announcement is over, and a person may state nil.
    await transparency.receive(completed(file))
    assert (await publish(transparency, **NIL))["nil_return"] is True


async def test_a_file_of_other_days_or_of_another_publisher_keeps_nobody_waiting(transparency: Running) -> None:
    """T-59."""
    await transparency.receive(registered(), registered(PARTNER, "partner"), signed())
    await transparency.receive(announced(uuid4(), ("2017-07-01", "2017-07-31")))
    await transparency.receive(announced(uuid4(), QUARTER, organisation_id=PARTNER))
    waits = completed(uuid4(), waits=QUARTER, unsettled=3, organisation_id=PARTNER)
    await transparency.receive(waits)
    assert (await publish(transparency, **NIL))["nil_return"] is True


async def test_a_nil_return_that_was_drafted_is_neither_checked_nor_approved_once_a_file_is_announced(
    transparency: Running,
) -> None:
    """T-59: each step asks again."""
    file, later = uuid4(), uuid4()
    await transparency.receive(registered(), signed())
    assert (await draft(transparency, **NIL)).status_code == 201
    await transparency.receive(announced(file, QUARTER))
    refused(await check_again(transparency))
    await transparency.receive(completed(file))
    checked = (await check_again(transparency)).json()
    await transparency.receive(announced(later))
    refused(await approve(transparency, checked))
    await transparency.receive(completed(later))
    assert (await approve(transparency, checked)).status_code == 201


async def test_lines_whose_batch_is_not_complete_are_on_their_way_though_nobody_announced_them(
    transparency: Running,
) -> None:
    """T-59: the first events of a long file of another quarter are here; the next may hold lines of this one."""
    recorded, complete = batch(line(60_000, paid="2017-07-03"), covers=("2017-07-01", "2017-07-31"))
    await transparency.receive(registered(), signed(), recorded)
    refused(await draft(transparency, **NIL))
    await transparency.receive(complete)
    assert (await publish(transparency, **NIL))["nil_return"] is True


async def test_a_batch_that_is_complete_before_its_lines_are_here_is_neither_nil_nor_complete(
    transparency: Running,
) -> None:
    """T-14, T-59."""
    recorded, complete = batch(line(60_000, paid="2017-05-03"), covers=QUARTER)
    await transparency.receive(registered(), signed(), complete)
    refused(await draft(transparency, **NIL))
    drafted = (await draft(transparency)).json()
    assert (drafted["coverage"], drafted["nil_return"]) == ("not_stated", False)
    refused(await check_again(transparency))
    await transparency.receive(recorded)
    checked = (await check_again(transparency)).json()
    assert (checked["coverage"], checked["rows"]) == ("complete", 1)


async def test_an_edition_with_rows_waits_for_an_announced_file_of_its_days(transparency: Running) -> None:
    """T-59: the file that covers the quarter is here; a second one of May is being worked on, then brings its lines."""
    recorded, complete = batch(line(70_000, paid="2017-05-20"), covers=MAY)
    await transparency.receive(registered(), signed(), *batch(line(60_000), covers=QUARTER))
    await transparency.receive(announced(complete.batch_id, MAY))
    drafted = (await draft(transparency)).json()
    assert said(drafted) == ("not_stated", [], ["stated", "not_stated", "stated"])
    refused(await check_again(transparency))
    await transparency.receive(recorded)
    refused(await check_again(transparency))
    await transparency.receive(complete)
    checked = (await check_again(transparency)).json()
    assert (checked["coverage"], checked["rows"]) == ("complete", 2)
    # A file that is announced between check and approval is waited for too, and changes nothing if it is not usable.
    third = uuid4()
    await transparency.receive(announced(third, JUNE))
    refused(await approve(transparency, checked))
    await transparency.receive(completed(third))
    assert (await approve(transparency, checked)).status_code == 201


async def test_an_announced_file_that_fails_leaves_the_draft_as_whole_as_it_was(transparency: Running) -> None:
    """T-59: the announcement has changed no line, so the check itself must see that it is over."""
    file = uuid4()
    await transparency.receive(registered(), signed(), *batch(line(60_000), covers=QUARTER), announced(file))
    assert (await draft(transparency)).json()["coverage"] == "not_stated"
    await transparency.receive(completed(file))
    assert (await check_again(transparency)).json()["coverage"] == "complete"


async def test_an_announcement_that_comes_last_announces_nothing(transparency: Running) -> None:
    """T-54, T-59: events of one batch may be put right in another order, and more than once."""
    recorded, complete = batch(line(60_000), covers=QUARTER)
    await transparency.receive(registered(), signed(), complete, recorded, announced(complete.batch_id, QUARTER))
    await transparency.receive(recorded, announced(complete.batch_id))
    assert (await publish(transparency))["coverage"] == "complete"


async def test_a_file_that_waits_for_corrections_keeps_its_months_from_being_whole_whatever_others_cover(
    transparency: Running,
) -> None:
    """T-59: one line of May's file was rejected; another file, even one without lines, covers all the days."""
    await transparency.receive(registered(), signed())
    await transparency.receive(*batch(line(60_000, paid="2017-05-03"), waits=MAY, unsettled=2), covering(*QUARTER))
    edition = await publish(transparency)
    assert said(edition) == ("not_stated", [], ["stated", "not_stated", "stated"])
    assert (edition["waiting_months"], edition["unsettled_lines"]) == (["2017-05"], 2)
    assert [month["unsettled_lines"] for month in edition["reconciliation"]["months"]] == [0, 2, 0]
    metadata = (await transparency.anonymous.get(f"{OPEN}/v1/edition.json")).json()
    assert (metadata["coverage"], metadata["waiting_months"], metadata["unsettled_lines"]) == (
        "not_stated",
        ["2017-05"],
        2,
    )
    assert any("2017-05" in note and "2 lines" in note for note in metadata["notes"])


@pytest.mark.parametrize("body", [{}, NIL])
async def test_a_file_of_which_nothing_is_settled_is_no_nil_return(transparency: Running, body: dict[str, Any]) -> None:
    """T-59: its one line was rejected; a second file of the header line alone covers the days."""
    file = uuid4()
    await transparency.receive(registered(), signed(), completed(file, waits=QUARTER, unsettled=1))
    assert refused(await draft(transparency, **body), passes=False)["unsettled_lines"] == 1
    await transparency.receive(covering(*QUARTER))
    refused(await draft(transparency, **body), passes=False)


async def test_lines_that_wait_after_the_check_keep_a_nil_return_from_being_approved(transparency: Running) -> None:
    """T-59: the answer says what waits, not only that something has changed."""
    await transparency.receive(registered(), signed())
    checked = await check(transparency, **NIL)
    file = uuid4()
    await transparency.receive(completed(file, waits=JUNE, unsettled=4))
    assert refused(await approve(transparency, checked), passes=False)["unsettled_lines"] == 4
    refused(await check_again(transparency), passes=False)
    # A person gave the lines up.
    await transparency.receive(completed(file, version=2, covers=JUNE))
    checked = (await check_again(transparency)).json()
    assert (await approve(transparency, checked)).json()["nil_return"] is True


async def test_a_correction_settles_the_file_and_makes_the_next_edition(transparency: Running) -> None:
    """T-49, T-59: the owner states the batch again with a higher version; an older one changes nothing any more."""
    recorded, waiting = batch(line(60_000), waits=QUARTER, unsettled=2)
    await transparency.receive(registered(), signed(), recorded, waiting)
    assert said(await publish(transparency))[0] == "not_stated"
    assert (await transparency.anonymous.get(Q1)).json()["ledger_changed_since"] is False
    half = waiting.model_copy(update={"version": 3, "unsettled_lines": 1})
    await transparency.receive(half)
    assert (await transparency.anonymous.get(Q1)).json()["ledger_changed_since"] is True
    settled = waiting.model_copy(
        update={
            "version": 4,
            "waits_from": None,
            "waits_to": None,
            "unsettled_lines": 0,
            "covers_from": date.fromisoformat(QUARTER[0]),
            "covers_to": date.fromisoformat(QUARTER[1]),
        }
    )
    correction = batch(line(110_000_000, paid="2017-06-09"))
    await transparency.receive(*correction, settled, half)
    edition = await publish(transparency, change_note="The rejected line was corrected.")
    assert said(edition) == ("complete", [], ["stated"] * 3)
    assert (edition["rows"], edition["waiting_months"], edition["unsettled_lines"]) == (2, [], 0)


async def test_a_checked_edition_is_checked_again_when_a_file_of_its_days_begins_to_wait(transparency: Running) -> None:
    """T-59."""
    await transparency.receive(registered(), signed(), *batch(line(60_000), covers=QUARTER))
    checked = await check(transparency)
    assert checked["coverage"] == "complete"
    await transparency.receive(completed(uuid4(), waits=JUNE, unsettled=1))
    answer = await approve(transparency, checked)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "changed_since_check")
    assert (await check_again(transparency)).json()["coverage"] == "not_stated"


async def test_strays_of_a_file_that_waits_or_once_waited_leave_their_month_missing(transparency: Running) -> None:
    """T-51, T-59: a batch that waits is not a batch that states no days."""
    stray, own = line(60_000, paid="2017-04-27"), line(60_000, paid="2017-06-20")
    recorded, waiting = batch(stray, own, waits=JUNE, unsettled=1)
    await transparency.receive(registered(), signed(), recorded, waiting)
    edition = await publish(transparency)
    assert said(edition) == ("partial", ["2017-04", "2017-05"], ["missing", "missing", "not_stated"])
    assert edition["waiting_months"] == ["2017-06"]
    # What a person enters meanwhile makes no month one that nobody called whole.
    await transparency.receive(*batch(line(60_000, paid="2017-05-02"), by_hand=True))
    settled = {"version": 3, "waits_from": None, "waits_to": None, "unsettled_lines": 0}
    days = {"covers_from": date(2017, 6, 1), "covers_to": date(2017, 6, 30)}
    await transparency.receive(waiting.model_copy(update=settled | days))
    edition = await publish(transparency, change_note="The rejected line was corrected.")
    assert said(edition) == ("partial", ["2017-04", "2017-05"], ["missing", "missing", "stated"])


async def test_a_file_without_days_waits_from_the_month_of_its_first_line_to_that_of_its_last(
    transparency: Running,
) -> None:
    """T-59: nobody stated its days, and a line of it was rejected; a header line that covers the quarter is no cure."""
    lines = line(60_000, paid="2017-04-03"), line(60_000, paid="2017-05-03")
    await transparency.receive(registered(), signed(), *batch(*lines, unsettled=1), covering(*QUARTER))
    edition = await publish(transparency)
    assert said(edition) == ("not_stated", [], ["not_stated", "not_stated", "stated"])
    assert edition["unsettled_lines"] == 1


@pytest.mark.parametrize("body", [{}, NIL])
async def test_unsettled_lines_of_unknown_days_are_no_nil_return_and_do_not_undo_what_others_cover(
    transparency: Running, body: dict[str, Any]
) -> None:
    """T-59: every line of a file without days was rejected, so they may be of any day."""
    await transparency.receive(registered(), signed(), completed(uuid4(), unsettled=5), covering(*QUARTER))
    assert refused(await draft(transparency, **body), passes=False)["unsettled_lines"] == 5
    await transparency.receive(*batch(line(60_000)))
    assert (await publish(transparency))["coverage"] == "complete"


async def test_only_an_owner_who_has_said_nothing_is_answered_by_recommending_a_nil_return(
    transparency: Running,
) -> None:
    """T-51: nothing is on its way, nothing waits, and nobody covers the quarter."""
    await transparency.receive(registered(), signed(), completed(uuid4()))
    answer = await draft(transparency)
    assert answer.status_code == 409
    assert "send nil_return" in answer.json()["detail"]


def test_a_month_of_a_waiting_file_is_neither_stated_nor_missing() -> None:
    """T-59: and the quarter is not complete before all its lines have arrived."""
    waiting = Month("2017-04", lines=0, days_stated=30, lines_of_silent_batches=0, files_waiting=1, unsettled_lines=2)
    assert waiting.coverage == "not_stated"
    assert coverage([waiting]).word == "not_stated"
    assert coverage([waiting]).silent
    whole = Month("2017-04", lines=1, days_stated=30, lines_of_silent_batches=0)
    assert (coverage([whole]).word, coverage([whole], arrived=False).word) == ("complete", "not_stated")


@pytest.mark.parametrize(
    ("unheard", "words", "seconds"),
    [
        (Unheard(106), "106 events", "2"),
        (Unheard(1), "1 event of", "2"),
        (Unheard(0, parked=2), "could not be applied", "60"),
        (Unheard(None), "cannot be known", "30"),
        (Unheard(None, parked=2), "cannot be known", "30"),
    ],
)
def test_what_is_unheard_is_said_in_words_with_a_time_to_try_again(unheard: Unheard, words: str, seconds: str) -> None:
    """T-59."""
    with pytest.raises(LedgerIncomplete, match=words) as caught:
        refuse_unheard(Quarter.parse("2017-18-q1"), unheard)
    assert caught.value.headers == {"Retry-After": seconds}


class History:
    """Files of one publisher, the facts about each in their order, delivered in a random order of the files."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.delivered: dict[UUID, list[Event]] = {}
        self.queues: list[list[Event]] = [self.file() for _ in range(self.random.randint(2, 5))]

    def days(self) -> tuple[str, str]:
        first = date(2017, 4, 1) + timedelta(days=30 * self.random.randint(-1, 3))
        last = first + timedelta(days=self.random.choice([0, 30, 61, 91]))
        return first.isoformat(), last.isoformat()

    def file(self) -> list[Event]:
        days = self.random.choice([QUARTER, QUARTER, self.days(), None])
        paid = [day.isoformat() for day in self.random.sample([date(2017, 3, 30) + timedelta(n) for n in range(95)], 2)]
        pence = self.random.choice([100, 60_000])
        lines = [line(pence, paid=day) for day in paid[: self.random.randint(0, 2)]]
        waits = days is not None and self.random.random() < 0.5
        recorded, final = batch(*lines, covers=days)
        facts: list[Event] = [announced(final.batch_id, days)] if self.random.random() < 0.8 else []
        facts += [recorded] if lines else []
        if waits:
            unsettled = {"covers_from": None, "covers_to": None, "unsettled_lines": 1}
            facts.append(
                final.model_copy(update=unsettled | {"waits_from": final.covers_from, "waits_to": final.covers_to})
            )
            final = final.model_copy(update={"version": 3})
        facts.append(final)
        if self.random.random() < 0.3:
            # What was parked is released in another order.
            self.random.shuffle(facts)
        return facts

    def steps(self) -> Iterator[Event]:
        while queues := [queue for queue in self.queues if queue]:
            fact: Any = self.random.choice(queues).pop(0)
            self.delivered.setdefault(fact.batch_id, []).append(fact)
            yield fact

    def unfinished(self) -> bool:
        """Whether a file that may hold lines of the quarter is known, and not here whole and settled."""
        return any(self._unfinished(facts) for facts in self.delivered.values())

    def _unfinished(self, facts: list[Event]) -> bool:
        stated = [fact for fact in facts if isinstance(fact, ExpenditureBatchCompleted)]
        recorded = [fact for fact in facts if isinstance(fact, ExpenditureRecorded)]
        if not stated:
            news = [fact for fact in facts if isinstance(fact, ExpenditureBatchReceived)]
            days = next(((fact.covers_from, fact.covers_to) for fact in news if fact.covers_from), None)
            strays = any(_in_quarter(each.payment_date) for fact in recorded for each in fact.lines)
            return strays or days is None or _touches(*days)
        newest = max(stated, key=lambda fact: fact.version)
        months = [month.month for month in newest.months if month.month in ("2017-04", "2017-05", "2017-06")]
        return (bool(months) and not recorded) or (
            newest.waits_from is not None and _touches(newest.waits_from, newest.waits_to)
        )


def _touches(first: date | None, last: date | None) -> bool:
    assert first is not None
    assert last is not None
    return first <= date(2017, 6, 30) and last >= date(2017, 4, 1)


def _in_quarter(day: date) -> bool:
    return date(2017, 4, 1) <= day <= date(2017, 6, 30)


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_arrives_in_whatever_order_no_edition_says_complete_or_nil_too_early(
    transparency: Running, seed: int
) -> None:
    """T-59: only once each announced file of its days is complete, its lines are here, and nothing waits."""
    await transparency.receive(registered(), signed())
    preparer = transparency.as_("transparency:preparer", sub="person:pia")
    whole = 0
    for turn in range(3):
        history = History(seed * 100 + turn)
        for fact in history.steps():
            await transparency.receive(fact)
            for body in ({}, NIL):
                answer = await draft(transparency, **body)
                if answer.status_code != 201:
                    assert answer.status_code == 409
                    continue
                number = answer.json()["edition"]
                checked = await check_again(transparency, number)
                for edition in [answer.json(), *([checked.json()] if checked.status_code == 201 else [])]:
                    if edition["coverage"] == "complete" or edition["nil_return"]:
                        assert not history.unfinished(), (seed, turn, body, history.delivered)
                        whole += 1
                current = await preparer.get(f"{Q1}/drafts/{number}")
                tag = {"If-Match": current.headers["ETag"]}
                assert (await preparer.delete(f"{Q1}/editions/{number}", headers=tag)).status_code == 204
        async with transparency.session() as session:
            connection = await session.connection()
            for table in ("spend_lines", "spread_lines", "ledger_months", "ledger_batches"):
                await connection.exec_driver_sql(f"DELETE FROM {table}")
            await session.commit()
    assert whole
