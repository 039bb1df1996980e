"""The days a file is meant to cover: stated with it, kept with the batch, told to its readers."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.grants.expenditure.rules import DaysCovered, Taken, complete_batch, days_covered
from shared.events.grants import ExpenditureBatchCompleted
from tests.grants.expenditure.conftest import Ledger, csv_file, simple_profile

APRIL: dict[str, Any] = {"covers_from": "2017-04-01", "covers_to": "2017-04-30"}
DAYS = (date(2017, 4, 1), date(2017, 4, 30))
GOOD = ("A-1", "2017-04-03", "Alpha", "1.00")
FAULTY = ("A-2", "2017-04-31", "Beta", "2.00")


async def told(ledger: Ledger) -> list[tuple[int, date | None, date | None]]:
    """What the readers hear of each batch: its lines, and the days it speaks for."""
    events = await ledger.grants.emitted(ExpenditureBatchCompleted)
    return [(event.lines, event.covers_from, event.covers_to) for event in events]


async def test_the_days_stand_with_the_batch_and_go_out_with_its_completion(ledger: Ledger) -> None:
    """T-51: stated as parameters of the upload."""
    await ledger.defined(simple_profile())
    batch = await ledger.sent(csv_file(GOOD), **APRIL)
    assert (batch["covers_from"], batch["covers_to"]) == ("2017-04-01", "2017-04-30")
    shown = (await ledger.system.get(f"/v1/expenditure-batches/{batch['id']}")).json()
    assert (shown["covers_from"], shown["covers_to"]) == ("2017-04-01", "2017-04-30")
    assert await told(ledger) == [(1, *DAYS)]


async def test_a_file_that_states_no_days_covers_none(ledger: Ledger) -> None:
    """T-51: what nobody stated is not made up from the lines."""
    await ledger.defined(simple_profile())
    batch = await ledger.sent(csv_file(GOOD))
    assert (batch["covers_from"], batch["covers_to"]) == (None, None)
    assert await told(ledger) == [(1, None, None)]


async def test_a_file_without_lines_that_covers_days_says_that_there_were_none(ledger: Ledger) -> None:
    """T-51: without days it changes nothing for anybody, and nothing is told."""
    await ledger.defined(simple_profile())
    await ledger.sent(csv_file())
    assert await told(ledger) == []
    batch = await ledger.sent(csv_file(), **APRIL)
    assert (batch["state"], batch["outcomes"]["received"]["lines"]) == ("completed", 0)
    [event] = await ledger.grants.emitted(ExpenditureBatchCompleted)
    assert (event.version, event.event_count, event.months, event.covers_to) == (1, 0, (), DAYS[1])


async def test_a_file_sent_before_without_days_may_be_sent_again_with_them(ledger: Ledger) -> None:
    """T-51, T-54: each line is a duplicate, and the days are stated."""
    await ledger.defined(simple_profile())
    await ledger.sent(csv_file(GOOD))
    again = await ledger.sent(csv_file(GOOD), **APRIL)
    assert again["outcomes"]["duplicate"]["lines"] == 1
    assert await told(ledger) == [(1, None, None), (0, *DAYS)]


async def test_while_lines_wait_to_be_mended_a_batch_speaks_for_no_day_and_the_file_that_mends_them_does(
    ledger: Ledger,
) -> None:
    """T-51: a rejected line belongs in the ledger and is not there, so the month is not whole."""
    await ledger.defined(simple_profile())
    batch = await ledger.sent(csv_file(GOOD, FAULTY), **APRIL)
    assert (batch["covers_from"], batch["outcomes"]["rejected"]["lines"]) == ("2017-04-01", 1)
    mended = await ledger.sent(csv_file(("A-2", "2017-04-30", "Beta", "2.00")), corrects=batch["id"])
    assert (mended["covers_from"], mended["covers_to"]) == ("2017-04-01", "2017-04-30")
    # Both files say so: the one that corrects, and then the first, whose last line is settled.
    assert await told(ledger) == [(1, None, None), (1, *DAYS), (1, *DAYS)]


async def test_a_file_that_was_tried_or_was_not_taken_in_says_nothing_about_its_days(ledger: Ledger) -> None:
    """T-51: a trial leaves no trace, and an empty file where lines were expected is no nil return."""
    await ledger.defined(simple_profile())
    tried: tuple[dict[str, Any], ...] = ({"dry_run": "true"}, {"expected_lines": "5"})
    for options in tried:
        for content in (csv_file(), csv_file(GOOD)):
            answer = await ledger.send(content, **APRIL, **options)
            assert answer.status_code in (201, 409), answer.text
    rejected = await ledger.sent(csv_file(GOOD, FAULTY), **APRIL, on_error="reject_batch")
    assert rejected["state"] == "failed"
    assert await told(ledger) == []


async def test_a_file_that_is_taken_in_later_keeps_its_days(ledger: Ledger) -> None:
    """T-51: more than 1,000 lines go through the worker."""
    await ledger.defined(simple_profile())
    rows = [(f"A-{number}", "2017-04-03", "Alpha", "1.00") for number in range(1_001)]
    batch = await ledger.sent(csv_file(*rows), **APRIL)
    assert (batch["state"], batch["covers_to"]) == ("completed", "2017-04-30")
    assert await told(ledger) == [(1_001, *DAYS)]


@pytest.mark.parametrize(
    ("days", "parameter", "code", "words"),
    [
        ({"covers_from": "2017-04-01"}, "covers_to", "days_not_covered", "Give covers_from and covers_to, or neither."),
        ({"covers_to": "2017-04-01"}, "covers_from", "days_not_covered", "Give covers_from and covers_to, or neither."),
        (
            {"covers_from": "2017-04-02", "covers_to": "2017-04-01"},
            "covers_to",
            "days_not_covered",
            "covers_to lies before covers_from; give the first day first.",
        ),
        (
            {"covers_from": "2010-04-01", "covers_to": "2015-04-01"},
            "covers_to",
            "days_not_covered",
            "A file covers 5 years at most; send the years one by one.",
        ),
        (
            {"covers_from": "2017-04-01", "covers_to": "2099-04-01"},
            "covers_to",
            "future_date",
            "Payments of days to come are not known; give a day not after ",
        ),
    ],
)
async def test_days_that_cannot_be_meant_are_refused_and_no_batch_is_made(
    ledger: Ledger, days: dict[str, Any], parameter: str, code: str, words: str
) -> None:
    """T-51, G-32."""
    await ledger.defined(simple_profile())
    answer = await ledger.send(csv_file(GOOD), **days)
    assert answer.status_code == 422
    errors = {error["code"]: error for error in answer.json()["errors"]}
    assert errors[code]["parameter"] == parameter
    assert errors[code]["detail"].startswith(words)
    assert await ledger.everything("/v1/expenditure-batches") == []
    assert await told(ledger) == []


async def test_a_day_that_is_none_is_refused_by_its_parameter(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    for day in ("2017-02-29", "1491004800", "01/04/2017", "2017-4-1", "0001-01-01"):
        answer = await ledger.send(csv_file(GOOD), covers_from=day, covers_to="2017-04-30")
        assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "covers_from"), day


async def test_the_same_key_with_other_days_is_another_request(ledger: Ledger) -> None:
    """Design section 5: the parameters are part of what makes two requests the same."""
    await ledger.defined(simple_profile())
    key: dict[str, Any] = {"headers": {"Idempotency-Key": "same"}}
    first = await ledger.send(csv_file(GOOD), **key, **APRIL)
    again = await ledger.send(csv_file(GOOD), **key, **APRIL)
    other = await ledger.send(csv_file(GOOD), **key, **{**APRIL, "covers_to": "2017-04-29"})
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json()["id"] == first.json()["id"] != other.json()["id"]
    assert other.json()["covers_to"] == "2017-04-29"


def test_five_years_to_the_day_are_taken_and_one_more_is_not() -> None:
    """T-51: and today is the last day that can be spoken for (G-32)."""
    today = date(2020, 2, 29)
    assert days_covered(None, None, today) is None
    assert days_covered(date(2015, 3, 1), today, today) == DaysCovered(date(2015, 3, 1), today)


def test_what_no_reader_needs_to_know_is_not_told() -> None:
    """T-14, T-51: days count only with every line in; without lines and without days nothing happened."""
    days = DaysCovered(*DAYS)
    empty = Taken(UUID(int=1), UUID(int=2), "ledger", 0, [])
    assert complete_batch(empty) is None
    waiting = complete_batch(Taken(UUID(int=1), UUID(int=2), "ledger", 0, [], covers=days, unsettled=1))
    assert waiting is not None
    assert (waiting.covers_from, waiting.waits_from, waiting.unsettled_lines) == (None, DAYS[0], 1)
    assert complete_batch(Taken(UUID(int=1), UUID(int=2), "ledger", 0, [], covers=days)) is not None


@pytest.mark.parametrize(
    "change", ["covers_to = NULL", "covers_from = NULL", "covers_from = '2017-05-01', covers_to = '2017-04-30'"]
)
async def test_the_database_refuses_half_a_statement_and_days_out_of_order(ledger: Ledger, change: str) -> None:
    await ledger.defined(simple_profile())
    await ledger.sent(csv_file(GOOD), **APRIL)
    async with ledger.grants.session() as session:
        with pytest.raises(IntegrityError):
            await session.exec(text(f"UPDATE expenditure_batches SET {change}"))  # type: ignore[call-overload]
