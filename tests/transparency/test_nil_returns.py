"""Nil returns: when a file without rows says that there was nothing, and when it says nothing at all."""

from __future__ import annotations

from typing import Any

from shared.events.transparency import DatasetPublished
from tests.harness import Running
from tests.transparency.facts import batch, line, registered, signed
from tests.transparency.test_editions import OPEN, Q1, ledger, publish


async def duty(transparency: Running, code: str, subject: str) -> dict[str, Any]:
    """One duty of the publisher's calendar."""
    query = {"publisher": "body", "code": code}
    found = (await transparency.anonymous.get("/v1/obligations", params=query)).json()["items"]
    (owed,) = (item for item in found if item["subject"] == subject)
    return owed  # type: ignore[no-any-return]


async def test_a_partial_edition_without_rows_is_no_nil_return_and_meets_no_duty(transparency: Running) -> None:
    """T-51: 10.00 in April and not a word of May and June is a gap, not a statement that nothing was paid."""
    await transparency.receive(registered(), signed(), *batch(line(1_000, paid="2017-04-03")))
    edition = await publish(transparency)
    assert (edition["rows"], edition["coverage"], edition["missing_months"]) == (0, "partial", ["2017-05", "2017-06"])
    assert (edition["nil_return"], edition["meets_duty"]) == (False, False)
    metadata = (await transparency.anonymous.get(f"{OPEN}/v1/edition.json")).json()
    assert (metadata["nil_return"], metadata["meets_duty"]) == (False, False)
    assert "does not meet the duty" in metadata["notes"][0]
    (told,) = await transparency.emitted(DatasetPublished)
    assert told.nil_return is False
    assert (await duty(transparency, "SPEND", "2017-18-q1"))["met_at"] is None


async def test_the_edition_that_fills_the_missing_months_meets_the_duty(transparency: Running) -> None:
    """T-51: a person states nil for the months without lines, in the next edition, and that meets the duty."""
    await transparency.receive(registered(), signed(), *batch(line(1_000, paid="2017-04-03")))
    await publish(transparency)
    edition = await publish(transparency, nil_return=True, change_note="Nothing was paid in May and June.")
    assert (edition["nil_return"], edition["meets_duty"], edition["coverage"]) == (True, True, "complete")
    met = await duty(transparency, "SPEND", "2017-18-q1")
    assert met["met_at"] is not None
    assert met["url"].endswith(f"{OPEN}/v2/spend.csv")


async def test_a_whole_quarter_in_which_nothing_qualifies_is_a_nil_return(transparency: Running) -> None:
    """T-51: each month holds lines and none of them qualifies."""
    await ledger(transparency)
    edition = await publish(transparency)
    assert (edition["rows"], edition["nil_return"], edition["coverage"]) == (0, True, "complete")
    metadata = (await transparency.anonymous.get(f"{OPEN}/v1/edition.json")).json()
    assert (metadata["meets_duty"], metadata["notes"]) == (True, [])
    assert (await duty(transparency, "SPEND", "2017-18-q1"))["met_at"] is not None


async def test_a_year_with_a_silent_quarter_does_not_meet_the_duty_on_grants_to_voluntary_bodies(
    transparency: Running,
) -> None:
    """T-51: the year's grants are out when each quarter says something, not when each has a file."""
    await transparency.receive(registered(), signed(), *batch(line(1_000, paid="2017-04-03")))
    transparency.clock.set(transparency.clock().replace(year=2018, month=6, day=1))
    await publish(transparency)
    for number in (2, 3, 4):
        await publish(transparency, f"/v1/datasets/body/spend/2017-18-q{number}", nil_return=True)
    assert (await duty(transparency, "VCSEGRANTS", "2017-18"))["met_at"] is None
    await publish(transparency, Q1, nil_return=True, change_note="Nothing was paid in May and June.")
    assert (await duty(transparency, "VCSEGRANTS", "2017-18"))["met_at"] is not None
