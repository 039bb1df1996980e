"""Coverage: whether an edition's quarter is whole, by the days that batches speak for and never by stray lines."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.transparency.editions.rules import Month, coverage
from shared.events.transparency import DatasetCorrected, DatasetPublished
from tests.harness import Running
from tests.transparency.facts import PARTNER, batch, covering, line, registered, signed
from tests.transparency.test_editions import OPEN, Q1, check, publish

Q2 = "/v1/datasets/body/spend/2017-18-q2"
APRIL, MAY, JUNE = ("2017-04-01", "2017-04-30"), ("2017-05-01", "2017-05-31"), ("2017-06-01", "2017-06-30")


def said(edition: dict[str, Any]) -> tuple[str, list[str], list[str]]:
    """Its word, its missing months, and what it says of each month."""
    months = [month["coverage"] for month in edition["reconciliation"]["months"]]
    return edition["coverage"], edition["missing_months"], months


def month(name: str, *, lines: int = 0, days: int = 0, silent: int = 0) -> Month:
    return Month(name, lines=lines, days_stated=days, lines_of_silent_batches=silent)


def test_a_month_is_stated_when_every_day_of_it_is_spoken_for() -> None:
    """T-51: 29 days are February only where it has no thirtieth; lines of silent batches do not undo a statement."""
    assert month("2017-04", days=30).coverage == "stated"
    assert month("2017-04", lines=900, days=29).coverage == "missing"
    assert month("2016-02", days=28).coverage == "missing"
    assert month("2017-02", days=28).coverage == "stated"
    assert month("2017-04", lines=3, days=30, silent=3).coverage == "stated"
    assert month("2017-04", lines=3, days=29, silent=3).coverage == "not_stated"


def test_missing_weighs_more_than_not_stated_and_that_more_than_complete() -> None:
    """T-51."""
    stated, silent, missing = month("2017-04", days=30), month("2017-05", lines=1, silent=1), month("2017-06")
    assert coverage([stated, silent, missing]).word == "partial"
    assert coverage([stated, silent]).word == "not_stated"
    assert coverage([stated]).word == "complete"
    assert coverage([stated, silent, missing]).missing == ["2017-06"]
    assert not coverage([month("2017-05", lines=1), missing]).silent
    assert coverage([missing]).silent


async def test_lines_that_strayed_into_another_months_file_cover_nothing(transparency: Running) -> None:
    """T-14, T-51: three lines of April and many of May stand in June's file; only June is there."""
    strays = [line(60_000, paid="2017-04-27"), *(line(60_000, paid="2017-05-15") for _ in range(5))]
    june = [line(60_000, paid="2017-06-20"), line(60_000, paid="2017-06-30")]
    await transparency.receive(registered(), signed(), *batch(*strays, *june, covers=JUNE))
    edition = await publish(transparency)
    assert said(edition) == ("partial", ["2017-04", "2017-05"], ["missing", "missing", "stated"])
    assert (edition["rows"], edition["reconciliation"]["difference"]["pence"]) == (8, 0)
    metadata = (await transparency.anonymous.get(f"{OPEN}/v1/edition.json")).json()
    assert (metadata["coverage"], metadata["missing_months"]) == ("partial", ["2017-04", "2017-05"])
    (told,) = await transparency.emitted(DatasetPublished)
    assert told.coverage == "partial"


async def test_a_quarter_of_nothing_but_strays_is_published_as_partial(transparency: Running) -> None:
    """T-51: every month of it is missing, and what is there is shown and said to be part."""
    await transparency.receive(
        registered(), signed(), *batch(line(60_000, paid="2017-06-20"), covers=("2017-07-01",) * 2)
    )
    assert said(await publish(transparency)) == (
        "partial",
        ["2017-04", "2017-05", "2017-06"],
        ["missing", "missing", "missing"],
    )


async def test_four_week_periods_make_whole_months_until_one_is_not_there(transparency: Running) -> None:
    """T-51: periods that end inside months are put together; without the sixth, August and September are cut short."""
    periods = [
        ("2017-04-01", "2017-04-29"), ("2017-04-30", "2017-05-27"), ("2017-05-28", "2017-06-24"),
        ("2017-06-25", "2017-07-22"), ("2017-07-23", "2017-08-19"), ("2017-09-17", "2017-10-14"),
    ]  # fmt: skip
    await transparency.receive(registered(), signed())
    for first, last in periods:
        await transparency.receive(*batch(line(60_000, paid=first), line(60_000, paid=last), covers=(first, last)))
    # Every month of the second quarter holds lines, as the one that is not whole does.
    await transparency.receive(*batch(line(60_000, paid="2017-09-16"), covers=("2017-09-16", "2017-10-01")))
    transparency.clock.set(transparency.clock().replace(year=2018))
    assert said(await publish(transparency)) == ("complete", [], ["stated"] * 3)
    second = await publish(transparency, Q2)
    assert said(second) == ("partial", ["2017-08", "2017-09"], ["stated", "missing", "missing"])
    assert [month["lines"] for month in second["reconciliation"]["months"]] == [2, 1, 2]


async def test_a_batch_that_states_nothing_leaves_its_months_not_stated(transparency: Running) -> None:
    """T-51: nobody says that April is whole, and nobody says that it is not."""
    await transparency.receive(registered(), signed(), *batch(line(60_000, paid="2017-04-20")))
    await transparency.receive(*batch(line(60_000), covers=(MAY[0], JUNE[1])))
    assert said(await publish(transparency)) == ("not_stated", [], ["not_stated", "stated", "stated"])


async def test_days_stated_later_make_the_next_edition_though_no_row_differs(transparency: Running) -> None:
    """T-49, T-51: a file without lines that covers April says that April is whole; the ledger has moved by that."""
    await transparency.receive(registered(), signed(), *batch(line(60_000, paid="2017-04-20")))
    await transparency.receive(*batch(line(60_000), covers=(MAY[0], JUNE[1])))
    await publish(transparency)
    assert (await transparency.anonymous.get(Q1)).json()["ledger_changed_since"] is False
    await transparency.receive(covering(*APRIL))
    assert (await transparency.anonymous.get(Q1)).json()["ledger_changed_since"] is True
    edition = await publish(transparency, change_note="The owner of the ledger says that April is whole.")
    assert said(edition) == ("complete", [], ["stated"] * 3)
    assert edition["changes"] == {"added": 0, "removed": 0, "changed": 0}
    (told,) = await transparency.emitted(DatasetCorrected)
    assert (told.coverage, told.nil_return, told.changes) == ("complete", False, 0)
    # What speaks for days outside the quarter is none of its business.
    await transparency.receive(covering("2017-07-01", "2017-09-30"))
    assert (await transparency.anonymous.get(Q1)).json()["ledger_changed_since"] is False


async def test_the_sources_of_one_publisher_cover_its_months_together(transparency: Running) -> None:
    """T-51: invoices of April and June, cards of the days between; one file alone would leave a gap."""
    await transparency.receive(registered(), signed())
    await transparency.receive(*batch(line(60_000, paid="2017-04-03"), covers=("2017-04-01", "2017-05-10")))
    await transparency.receive(*batch(line(60_000, paid="2017-06-03"), covers=JUNE))
    cards = batch(line(1_299, card="gpc", kind="card"), covers=("2017-05-05", "2017-05-31"), source="cards")
    assert said(await check(transparency))[:2] == ("partial", ["2017-05"])
    await transparency.receive(*cards)
    edition = (await transparency.as_("transparency:preparer").post(f"{Q1}/editions/1/checks")).json()
    assert said(edition) == ("complete", [], ["stated"] * 3)


async def test_days_of_another_publisher_cover_nothing(transparency: Running) -> None:
    """T-51."""
    await transparency.receive(registered(), registered(PARTNER, "partner"), signed())
    await transparency.receive(*batch(line(60_000)), covering(APRIL[0], JUNE[1], organisation_id=PARTNER))
    assert said(await publish(transparency)) == (
        "partial",
        ["2017-04", "2017-06"],
        ["missing", "not_stated", "missing"],
    )


async def test_acts_by_hand_neither_cover_a_month_nor_cast_doubt_on_one(transparency: Running) -> None:
    """G-28, T-51: a reversal in a stated month leaves it stated, and one of a stray leaves its month missing."""
    paid, stray = line(60_000, item="i-1"), line(70_000, item="i-2", paid="2017-04-29")
    await transparency.receive(registered(), signed(), *batch(paid, stray, covers=(MAY[0], JUNE[1])))
    for entry, item in ((paid, "i-1"), (stray, "i-2")):
        shared = {"item": item, "paid": entry.payment_date.isoformat()}
        reversal = line(-entry.net_pence, kind="reversal", reverses=entry.entry_id, **shared)
        correction = line(65_000, kind="correction", replaces=entry.entry_id, **shared)
        await transparency.receive(*batch(reversal, correction, by_hand=True))
    # Nor does a line that a person enters, or lets in that was held.
    await transparency.receive(*batch(line(80_000, item="i-3", paid="2017-04-12"), by_hand=True))
    edition = await publish(transparency)
    assert said(edition) == ("partial", ["2017-04"], ["missing", "stated", "stated"])
    assert edition["total_pence"] == 210_000


async def test_where_no_file_states_its_days_what_a_person_enters_stands_for_itself(transparency: Running) -> None:
    """T-51: an owner who enters each line by hand has months that nobody called whole, not months that are missing."""
    lines = [line(80_000, item=f"i-{day}", paid=day) for day in ("2017-04-12", "2017-05-03", "2017-06-20")]
    await transparency.receive(registered(), signed(), *batch(*lines, by_hand=True))
    assert said(await publish(transparency)) == ("not_stated", [], ["not_stated"] * 3)


async def test_days_without_a_line_are_a_nil_return_once_each_of_them_is_stated(transparency: Running) -> None:
    """T-51: a batch that covers days and holds no line of them says there were none; two months are not enough."""
    await transparency.receive(registered(), signed(), covering(APRIL[0], MAY[1]))
    silent = await publish(transparency)
    assert said(silent)[:2] == ("partial", ["2017-06"])
    assert (silent["nil_return"], silent["meets_duty"]) == (False, False)
    await transparency.receive(covering(*JUNE))
    nil = await publish(transparency, change_note="June is in.")
    assert (nil["coverage"], nil["rows"], nil["nil_return"], nil["meets_duty"]) == ("complete", 0, True, True)


async def test_a_quarter_without_a_qualifying_row_whose_months_are_not_stated_is_no_nil_return(
    transparency: Running,
) -> None:
    """T-51: lines of every month, none over the threshold, from a source that never says what it covers."""
    months = [line(1_000, paid=paid) for paid in ("2017-04-03", "2017-05-03", "2017-06-03")]
    await transparency.receive(registered(), signed(), *batch(*months))
    edition = await publish(transparency)
    assert (edition["coverage"], edition["rows"], edition["nil_return"]) == ("not_stated", 0, False)
    assert edition["meets_duty"] is False
    metadata = (await transparency.anonymous.get(f"{OPEN}/v1/edition.json")).json()
    assert "does not say that every month is whole" in metadata["notes"][0]


@pytest.mark.parametrize(
    "change",
    [
        "coverage = 'whole'",
        "coverage = 'not_stated'",
        "missing_months = '[]'",
        "nil_return = true",
    ],
)
async def test_the_database_refuses_an_edition_whose_word_and_months_disagree(
    transparency: Running, change: str
) -> None:
    """T-51: the rule stands as a constraint too."""
    await transparency.receive(registered(), signed(), *batch(line(60_000)))
    assert (await check(transparency))["coverage"] == "partial"
    async with transparency.session() as session:
        with pytest.raises(IntegrityError):
            await session.exec(text(f"UPDATE editions SET {change}"))  # type: ignore[call-overload]
