"""The disclosure log, the year's dataset, and the days that people decide."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

from services.transparency.drafts import Asked, Draft
from services.transparency.methodology import PARAMETERS
from services.transparency.requests import draft
from shared.periods import FinancialYear
from tests.harness import Running
from tests.transparency.facts import BODY, at
from tests.transparency.requests.steps import ONE, PATH, done, known, officer, received, refused
from tests.transparency.requests.test_life import duty

PROFILES = Path(draft.__file__).parent.parent / "data" / "column_profiles.json"
QUERY = {"publisher": "body", "year": "2017-18"}


async def answered_late(transparency: Running) -> None:
    """One answered late with its subject cleared, one answered without, one open."""
    await known(transparency)
    for _ in range(3):
        await received(transparency)
    transparency.clock.set(at("2017-08-11T10:00"))
    client = officer(transparency)
    ground = {"code": "TRADE_SECRET", "public_interest": "The recipe serves nobody's scrutiny."}
    sent: dict[str, Any] = {"outcome": "part", "exemptions": [ground], "disclosure_url": "https://example.org/a.pdf"}
    await done(client, f"{ONE}/responses", sent)
    await done(client, f"{ONE}/subject-clearances", {"published_subject": "=Cost of reviews"})
    await done(client, f"{PATH}/IR-2017-0002/responses", {"outcome": "full"})


async def test_the_log_shows_answered_requests_with_cleared_subjects_and_counts_the_others(
    transparency: Running,
) -> None:
    """T-47, T-51: what is not shown is counted."""
    await answered_late(transparency)
    log = (await transparency.anonymous.get("/v1/disclosure-log", params=QUERY)).json()
    (item,) = log["items"]
    assert (item["reference"], item["subject"], item["outcome"]) == ("IR-2017-0001", "=Cost of reviews", "part")
    assert (item["late"], item["working_days"], item["working_days_late"]) == (True, 22, 2)
    assert [(ground["code"], ground["section"]) for ground in item["exemptions"]] == [("TRADE_SECRET", "section 43(1)")]
    assert "scrutiny" not in json.dumps(log)
    assert log["notes"] == [
        "Not listed: 1 not answered yet.",
        "Not listed: 1 answered, whose subject nobody has cleared for publication yet.",
    ]
    assert (await transparency.anonymous.get("/v1/disclosure-log", params={"year": "2018-19"})).json()["items"] == []
    wrong = await transparency.anonymous.get("/v1/disclosure-log", params={"year": "2017"})
    assert (wrong.status_code, wrong.json()["errors"][0]["parameter"]) == (422, "year")


async def test_the_log_is_there_as_csv_by_its_profile_and_as_a_page(transparency: Running) -> None:
    """T-55, T-56: days dd/mm/yyyy, text that a spreadsheet would run guarded."""
    await answered_late(transparency)
    table = (await transparency.anonymous.get("/v1/disclosure-log.csv", params=QUERY)).text
    heads = [column["header"] for column in json.loads(PROFILES.read_text())["requests"]]
    (row,) = csv.DictReader(io.StringIO(table))
    assert list(row) == heads
    assert (row["Subject"], row["DueOn"], row["Exemptions"]) == ("'=Cost of reviews", "09/08/2017", "section 43(1)")
    page = (await transparency.anonymous.get("/v1/disclosure-log.html", params=QUERY)).text
    for part in ('<html lang="en-GB">', "<caption>", "2 working days late", "Left out: ", "Disclosed in part"):
        assert part in page


async def test_a_subject_that_seems_personal_is_published_only_when_a_person_says_why(transparency: Running) -> None:
    """T-24: `subject_needs_clearing`, and a machine may not clear."""
    await known(transparency)
    await received(transparency)
    path, sent = f"{ONE}/subject-clearances", {"published_subject": "Mail to info@body.gov.uk"}
    client = officer(transparency)
    assert await refused(client, path, sent) == (409, [("subject_needs_clearing", "/published_subject")])
    machine = transparency.as_("transparency:information", sub="client:x", client_only=True)
    assert (await refused(machine, path, sent))[0] == 403
    cleared = await done(client, path, {**sent, "cleared_because": "It is the body's own general mailbox."})
    assert (cleared["published_subject"], cleared["subject_cleared_by"]) == (sent["published_subject"], "person:ines")


def asked() -> Asked:
    return Asked(
        organisation_id=BODY,
        publisher="body",
        organisation_name="Improvement Body",
        organisation_uri="https://example.org",
        identifiers=(),
        period=FinancialYear(2017),
        edition=1,
        parameters=PARAMETERS,
        address="https://example.org/open/body/requests/2017-18/v1/",
        built_at=at("2018-04-10T12:00"),
    )


async def drafted(transparency: Running) -> Draft:
    async with transparency.runtime.work() as work:
        return await draft.draft(work, asked())


async def test_a_years_requests_are_a_dataset_with_every_row_and_no_word_uncleared(transparency: Running) -> None:
    """T-47, T-56: cells by the profile's patterns; an uncleared subject is not stated; the mark follows the content."""
    await answered_late(transparency)
    first = await drafted(transparency)
    assert [row.cells["Subject"] for row in first.rows] == ["=Cost of reviews", "Not stated", "Not stated"]
    assert [row.cells.get("Outcome") for row in first.rows] == ["part", "full", None]
    assert first.details == {"received": 3, "answered": 2, "answered_late": 2}
    assert first.notes == ["2 requests are shown without a subject, because nobody has cleared its words yet."]
    profile = json.loads(PROFILES.read_text())["requests"]
    for row in first.rows:
        assert set(row.cells) <= {column["header"] for column in profile}
        assert re.fullmatch("[a-z0-9]{16,40}", row.row_id)
        for column in profile:
            cell, rule = row.cells.get(column["header"], ""), column["constraint"] or {}
            assert cell or not column["required"], column["header"]
            assert not cell or re.fullmatch(rule.get("pattern", ".*"), cell)
            assert not cell or cell in rule.get("enum", [cell])
    assert (await drafted(transparency)).mark == first.mark
    await done(officer(transparency), f"{PATH}/IR-2017-0003/responses", {"outcome": "not_held"})
    assert (await drafted(transparency)).mark != first.mark


ALL = ["England", "Wales", "Scotland", "Northern Ireland"]


def proclaimed(day: str = "2017-07-20", change: str = "added", nations: list[str] | None = None) -> dict[str, Any]:
    return {
        "date": day,
        "nations": nations or ALL,
        "name": "Proclaimed holiday",
        "change": change,
        "source": "The Gazette",
        "reason": "Proclaimed after the list was made.",
    }


async def test_a_proclaimed_holiday_moves_open_clocks_and_leaves_answered_ones(transparency: Running) -> None:
    """T-47: a stock holiday list is only a start."""
    await known(transparency)
    await received(transparency)
    await received(transparency)
    client = officer(transparency)
    await done(client, f"{PATH}/IR-2017-0002/responses", {"outcome": "full"})
    added = await done(client, "/v1/non-working-days", proclaimed())
    assert (added["clocks_moved"], added["nations"], added["source"]) == (1, ALL, "The Gazette")
    moved = (await client.get(ONE)).json()
    assert moved["due_on"] == "2017-08-10"
    assert "20 July 2017, Proclaimed holiday" in moved["arithmetic"]
    assert (await client.get(f"{PATH}/IR-2017-0002")).json()["due_on"] == "2017-08-09"
    assert (await duty(transparency))["alarm_on"] == "2017-08-10"
    later = await received(transparency)
    assert later["due_on"] == "2017-08-10"
    listed = (await transparency.anonymous.get("/v1/non-working-days", params={"year": 2017, "limit": 500})).json()
    days = {item["date"]: item for item in listed["items"]}
    assert days["2017-07-20"]["decisions"][0]["decided_by"] == "person:ines"
    assert days["2017-07-12"]["nations"] == ["Northern Ireland"]
    removed = await done(client, "/v1/non-working-days", proclaimed("2017-07-20", "removed", ["England", "Wales"]))
    assert (removed["clocks_moved"], removed["nations"]) == (0, ["Scotland", "Northern Ireland"])
    gone = await done(client, "/v1/non-working-days", proclaimed("2017-07-20", "removed", ALL[2:]))
    assert (gone["clocks_moved"], gone["nations"]) == (2, [])
    assert (await client.get(ONE)).json()["due_on"] == "2017-08-09"


async def test_a_missed_answer_stays_missed_and_no_clock_moves_into_the_past(transparency: Running) -> None:
    """Section 3: a judgement once recorded is not changed by later calendar edits."""
    await known(transparency)
    await received(transparency)
    await received(transparency, "2017-07-08")
    transparency.clock.set(at("2017-08-09T10:00"))
    await transparency.tick(at("2017-08-09T10:00"))
    client = officer(transparency)
    removal = await done(client, "/v1/non-working-days", proclaimed("2017-07-12", "removed", ["Northern Ireland"]))
    assert removal["clocks_moved"] == 0
    assert (await client.get(ONE)).json()["due_on"] == "2017-08-09"
    assert (await duty(transparency, reference="IR-2017-0002"))["state"] == "missed"
    transparency.clock.set(at("2017-08-10T10:00"))
    await transparency.tick(at("2017-08-10T10:00"))
    assert (await done(client, "/v1/non-working-days", proclaimed()))["clocks_moved"] == 0
    assert (await duty(transparency))["state"] == "missed"


async def test_a_decision_on_a_day_must_change_something(transparency: Running) -> None:
    """T-47; section 7."""
    await known(transparency)
    client, path = officer(transparency), "/v1/non-working-days"
    assert await refused(client, path, proclaimed("2017-07-22")) == (409, [("never_worked", "/date")])
    assert await refused(client, path, proclaimed("2017-12-25", "removed")) == (409, [("never_worked", "/date")])
    assert await refused(client, path, proclaimed("2017-07-12", "added", ["Northern Ireland"])) == (
        409,
        [("day_as_decided", "/date")],
    )
    assert await refused(client, path, proclaimed("2017-07-12", "removed", ["Wales"])) == (
        409,
        [("day_as_decided", "/date")],
    )
    assert (await refused(client, path, {**proclaimed(), "nations": ["Cornwall"]}))[0] == 422
    mail = {**proclaimed(), "reason": "Told by joe@example.org."}
    assert await refused(client, path, mail) == (422, [("personal_details_in_text", "/reason")])
    limited = transparency.as_("transparency:information", organisations=["body"])
    assert (await refused(limited, path, proclaimed()))[0] == 403
