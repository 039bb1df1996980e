"""The year as stories: four services on one bus, people with different tokens, everything over HTTP."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.deliverables.steps import the_year
from tests.grants.steps import RECIPIENT, approved, budget_set, done, register, signed
from tests.harness import Running, TestClock, World

PROFILE = Path(__file__).parents[2] / "deploy/demo/profiles/mou-ledger.json"
AGREEMENT = "/v1/agreements/2017-18"
COLUMNS = (  # noqa: SIM905 - as the header of the file reads
    "transaction_number,line,kind,supplier,supplier_type,company_number,workstream,unit,category,description,"
    "ledger_class,card,service_date,invoice_date,payment_date,net,vat,recoverable_vat"
).split(",")
CODES = "OG1 OG2 OG3 SI IL1 IL2 IL3 IL4 IL5 IL6 WF1 WF2 CM1 CM2 LP CF".split()  # noqa: SIM905
LATE_MAY = datetime(2018, 5, 30, 9, 0, tzinfo=UTC)


def ledger_line(number: str, workstream: str, day: str, net: str, **more: str) -> dict[str, str]:
    """A line of the body's finance system; VAT of a fifth, all recovered."""
    vat = f"{int(net.replace('.', '')) // 5 / 100:.2f}"
    plain = dict.fromkeys(COLUMNS, "") | {"line": "1", "kind": "invoice", "supplier": "Synthetic Supplier 001 Ltd"}
    plain |= {"supplier_type": "organisation", "card": "none", "description": "Support", "category": "Consultancy"}
    plain |= {"transaction_number": number, "workstream": workstream, "net": net, "vat": vat, "recoverable_vat": vat}
    return plain | {"service_date": day, "invoice_date": day, "payment_date": day} | more


def ledger_file(lines: Sequence[dict[str, str]]) -> bytes:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS)
    writer.writeheader()
    writer.writerows(lines)
    return buffer.getvalue().encode()


async def push(grants: Running, lines: Sequence[dict[str, str]], **days: str) -> dict[str, Any]:
    """Push a file as the finance system does: a client without a person, for its own organisation only."""
    client = grants.as_("expenditure:submit", sub="client:finance", organisations=[RECIPIENT], client_only=True)
    about = {"organisation": RECIPIENT, "profile": "mou-ledger", **days}
    headers = {"Content-Type": "text/csv"}
    return done(await client.post("/v1/expenditure-batches", params=about, content=ledger_file(lines), headers=headers))


async def state_quarter(grants: Running, quarter: str, happened_at: str) -> None:
    """State what the ledger holds, line by line, zeros confirmed."""
    finance = grants.as_("grants:finance", "grants:history", "grants:read", sub="person:finn")
    held = done(await finance.get(f"{AGREEMENT}/accounting-periods/{quarter}"), 200)
    lines = [
        {"code": line["code"], "quarter_pence": line["ledger_pence"], "zero_confirmed": line["ledger_pence"] == 0}
        for line in held["lines"]
    ]
    body = {"lines": lines, "happened_at": happened_at}
    done(await finance.post(f"{AGREEMENT}/accounting-periods/{quarter}/statement", json=body))


async def report(deliverables: Running, quarter: str, submitted_at: str, **publication: Any) -> dict[str, Any]:
    """Draft by the officer, submitted by the director, published."""
    officer = deliverables.as_("deliverables:officer", "deliverables:history", sub="person:olga")
    director = deliverables.as_("deliverables:director", "deliverables:history", sub="person:dora")
    drafted = await officer.post("/v1/reports", json={"quarter": quarter})
    path = f"/v1/reports/{done(drafted)['id']}"
    open_report = await officer.get(path)
    sections = {section["key"]: {"text": f"What {section['key']} was."} for section in open_report.json()["sections"]}
    written = await officer.put(
        f"{path}/sections", json={"sections": sections}, headers={"If-Match": open_report.headers["etag"]}
    )
    done(written, 200)
    done(await director.post(f"{path}/submissions", json={"happened_at": submitted_at}))
    done(await officer.post(f"{path}/publications", json={"happened_at": submitted_at, **publication}))
    return done(await deliverables.anonymous.get(path), 200)


async def obligation(world: World, code: str, period: str = "", year: str = "2017-18") -> dict[str, Any]:
    """The one duty of this code, and of this period where it has several."""
    answer = await world.transparency.anonymous.get(
        "/v1/obligations/compliance", params={"publisher": RECIPIENT, "year": year}
    )
    items: list[dict[str, Any]] = done(answer, 200)["items"]
    found = [item for item in items if item["code"] == code and period in item["period"]]
    assert len(found) == 1, [(item["code"], item["period"]) for item in items]
    return found[0]


@pytest.fixture
async def year(world: World, clock: TestClock) -> World:
    """The MoU of 2017/18 is signed, its budget and programme stand; it is late May 2018."""
    clock.set(LATE_MAY)
    grants = world.grants
    await register(grants, RECIPIENT, is_publisher=True, methodology_scope="programme")
    await signed(grants)
    await approved(grants, await budget_set(grants))
    profile = json.loads(PROFILE.read_text())
    done(await grants.as_("grants:finance").post("/v1/source-profiles", json=profile))
    await world.settle()
    programme = await world.deliverables.as_("deliverables:officer").put("/v1/programmes/2017-18", json=the_year())
    done(programme, 200)
    await world.settle()
    return world


async def test_spend_pushed_by_finance_is_stated_once_and_read_alike_everywhere(year: World) -> None:
    """G-26, G-31, D-41, T-14: ledger lines → quarter stated → the report's table and the public workstream figures."""
    batch = await push(
        year.grants,
        [
            ledger_line("T1", "IL1", "2017-05-10", "1000.00"),
            ledger_line("T2", "IL1", "2017-08-10", "2000.50"),
            ledger_line("T3", "LP", "2017-08-11", "750.00"),
        ],
    )
    assert (batch["state"], batch["outcomes"]["accepted"]["lines"]) == ("completed", 3)
    await state_quarter(year.grants, "2017-18-q1", "2017-07-14T10:00:00Z")
    await state_quarter(year.grants, "2017-18-q2", "2017-10-16T10:00:00Z")
    await year.settle()

    published = await report(year.deliverables, "2017-18-q2", "2017-10-27T15:00:00Z")
    table = {row["code"]: row for row in published["figures"]["spend"]["lines"]}
    assert sorted(table) == sorted(CODES)
    assert (table["IL1"]["quarter_pence"], table["IL1"]["year_to_date_pence"]) == (200_050, 300_050)
    assert (table["OG1"]["quarter_pence"], table["OG1"]["year_to_date_pence"]) == (0, 0)

    public = await year.transparency.anonymous.get(
        f"/v1/publishers/{RECIPIENT}/workstream-spend", params={"quarter": "2017-18-q2"}
    )
    shown = {row["code"]: row for row in done(public, 200)["lines"]}
    assert {code: shown[code]["year_to_date_pence"] for code in CODES} == {
        code: table[code]["year_to_date_pence"] for code in CODES
    }


async def test_a_report_meets_its_duty_closes_its_quarter_and_is_offered_to_the_board(year: World) -> None:
    """MoU para 25, D-39, D-40, G-43, T-48: submitted and published on 27 July 2017, due on the 30th."""
    await scheduled_meeting(year)
    await report(year.deliverables, "2017-18-q1", "2017-07-27T15:00:00Z")
    await year.settle()

    duty = await obligation(year, "REPORT", "Q1")
    assert duty["state"] == "met"
    finance = year.grants.as_("grants:read")
    period = done(await finance.get(f"{AGREEMENT}/accounting-periods/2017-18-q1"), 200)
    assert period["report"]["state"] == "published"
    assert period["report"]["published_at"] == "2017-07-27T15:00:00Z"
    clerk = year.governance.as_("governance:clerk")
    offers = done(await clerk.get("/v1/paper-offers", params={"state": "offered"}), 200)["items"]
    assert [offer["period"] for offer in offers if offer["source_service"] == "deliverables"] == ["2017-18-q1"]


async def scheduled_meeting(world: World) -> str:
    """A board under the grant's duty with its meeting of 24 May 2018, entered afterwards."""
    await world.settle()
    admin = world.governance.as_("governance:clerk", "governance:admin", "governance:history")
    board = {
        "slug": "improvement-and-innovation",
        "organisation": RECIPIENT,
        "name": "Improvement & Innovation Board",
        "under_grant_duty": True,
    }
    done(await admin.post("/v1/boards", json=board))
    rules = {"valid_from": "2017-04-01", "source": "MoU Annex C item C", "voting_capacities": ["full_member"]}
    done(await admin.post("/v1/boards/improvement-and-innovation/rule-sets", json=rules))
    made = await admin.post(
        "/v1/boards/improvement-and-innovation/meetings", json={"start": "2018-05-24T11:00:00+01:00"}
    )
    return str(done(made)["id"])


async def test_board_papers_are_judged_once_and_the_verdict_reaches_the_public_calendar(year: World) -> None:
    """B-2, B-3, B-6, T-45: papers of Monday 21 May 2018 meet the literal reading and fail three clear working days."""
    meeting = await scheduled_meeting(year)
    clerk = year.governance.as_("governance:clerk", "governance:history")
    item = {
        "order": 0,
        "number": "1",
        "title": "Performance report",
        "reports": [{"title": "Performance report", "recommendations": ["Note the report."]}],
    }
    done(await clerk.post(f"/v1/meetings/{meeting}/agenda", json={"source": "pack", "items": [item]}))
    moment = {"happened_at": "2018-05-21T16:00:00+01:00"}
    done(await clerk.post(f"/v1/meetings/{meeting}/agenda/publications", json=moment))
    pack = await clerk.post(f"/v1/meetings/{meeting}/packs", json={"scope": "main_pack", **moment})
    done(pack)
    await year.settle()

    papers = await obligation(year, "PAPERS", year="2018-19")
    verdicts = {reading["name"]: reading["met"] for reading in papers["readings"]}
    assert verdicts["literal_deadline"] is True
    assert verdicts["strict_latest"] is False
    assert {reading["name"]: reading["due_on"] for reading in papers["readings"]}["strict_latest"] == "2018-05-20"


async def test_an_edition_reconciles_to_the_ledger_and_a_late_line_makes_the_next_one(year: World) -> None:
    """T-1, T-14, T-49, T-50: published to the penny; the late invoice is edition 2, and edition 1 keeps its bytes."""
    await push(
        year.grants,
        [
            ledger_line("T1", "IL1", "2017-04-10", "500.00"),
            ledger_line("T2", "IL1", "2017-05-10", "500.01"),
            ledger_line("T3", "CF", "2017-06-10", "90000.00"),
        ],
        covers_from="2017-04-01",
        covers_to="2017-06-30",
    )
    await year.settle()
    first = await publish_edition(year.transparency, RECIPIENT)
    assert (first["rows"], first["total_pence"], first["coverage"]) == (2, 9_050_001, "complete")
    file = f"/open/{RECIPIENT}/spend/2017-18-q1/v1/spend.csv"
    bytes_of_first = (await year.transparency.anonymous.get(file)).content

    late = await push(year.grants, [ledger_line("T4", "SI", "2017-06-29", "1200.00")])
    assert late["outcomes"]["accepted"]["lines"] == 1
    await year.settle()
    second = await publish_edition(year.transparency, RECIPIENT, change_note="An invoice arrived late.")
    assert (second["edition"], second["rows"], second["total_pence"]) == (2, 3, 9_170_001)
    # The late file states no days, and takes nothing away from those that the first one stated.
    assert second["coverage"] == "complete"
    assert (await year.transparency.anonymous.get(file)).content == bytes_of_first
    latest = await year.transparency.anonymous.get(f"/open/{RECIPIENT}/spend/2017-18-q1/latest.csv")
    assert latest.status_code == 307
    rows = csv.DictReader(
        io.StringIO((await year.transparency.anonymous.get(file.replace("/v1/", "/v2/"))).content.decode())
    )
    assert {row["LateAddition"] for row in rows if row["Amount"] == "1200.00"} == {"Yes"}


async def publish_edition(transparency: Running, publisher: str, **body: Any) -> dict[str, Any]:
    preparer = transparency.as_("transparency:preparer", sub="person:pia")
    approver = transparency.as_("transparency:approver", sub="person:abe")
    path = f"/v1/datasets/{publisher}/spend/2017-18-q1/editions"
    number = done(await preparer.post(path, json=body))["edition"]
    checked = done(await preparer.post(f"{path}/{number}/checks"))
    return done(await approver.post(f"{path}/{number}/approvals", json={"sha256": checked["sha256"]}))


async def test_names_of_individuals_never_leave_grants(year: World) -> None:
    """T-22, G (ledger): a person paid is counted and published without a name, in every event and file."""
    await push(
        year.grants,
        [
            ledger_line("T1", "IL1", "2017-04-10", "800.00", supplier="Margery Daw", supplier_type="individual"),
            ledger_line("T2", "IL1", "2017-05-10", "900.00"),
            ledger_line("T3", "IL1", "2017-06-10", "900.00"),
        ],
    )
    await year.settle()
    await publish_edition(year.transparency, RECIPIENT)
    for running in year.all:
        events = await running.emitted()
        assert not any("Margery" in event.model_dump_json() for event in events)
    for name in ("spend.csv", "spend.json", "edition.json"):
        answer = await year.transparency.anonymous.get(f"/open/{RECIPIENT}/spend/2017-18-q1/v1/{name}")
        assert answer.status_code == 200
        assert "Margery" not in answer.text
    assert (
        "REDACTED PERSONAL DATA"
        in (await year.transparency.anonymous.get(f"/open/{RECIPIENT}/spend/2017-18-q1/v1/spend.csv")).text
    )


async def test_a_service_that_was_away_catches_up_and_ends_where_it_would_have_been(year: World) -> None:
    """Design 1 and 4: grants goes on while its readers are away; replaying their tables gives the same rows."""
    finance = year.grants.as_("grants:finance", "grants:history")
    for spend_pence, reason in ((2_098_600_000, None), (2_098_500_000, "An invoice was found.")):
        body = {"state": "provisional", "as_at": "2018-04-30", "spend_pence": spend_pence, "reason": reason}
        done(await finance.post(f"{AGREEMENT}/outturns", json=body))
    public = year.transparency.anonymous
    assert (await public.get(f"/v1/datasets/{RECIPIENT}/outturn/2017-18")).status_code == 404

    await year.settle()
    shown = done(await public.get(f"/v1/datasets/{RECIPIENT}/outturn/2017-18"), 200)
    assert "2098500000" in json.dumps(shown)
    assert await year.settle() == 0


async def test_the_same_request_from_a_second_client_is_refused_where_it_would_double(year: World) -> None:
    """Design 5 and 6: the same file with another key is taken in, and every line of it is a duplicate."""
    lines = [ledger_line("T1", "IL1", "2017-05-10", "1000.00")]
    first, second = await push(year.grants, lines), await push(year.grants, lines)
    assert first["outcomes"]["accepted"]["lines"] == 1
    assert second["outcomes"]["accepted"]["lines"] == 0
    assert second["outcomes"]["duplicate"] == {"lines": 1, "pence": 100_000}
