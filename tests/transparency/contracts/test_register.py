"""The register over HTTP: contracts, versions, spend beside value, what is not shown, the prefix."""

from __future__ import annotations

import asyncio
import csv
import io
from datetime import date
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.transparency.contracts import queries, spend
from services.transparency.contracts.withheld import NO_NAMES
from shared.events.grants import BudgetLine, BudgetSet
from tests.harness import Running
from tests.transparency.contracts.steps import PREFIX, contract, drafted, set_prefix, spend_published
from tests.transparency.facts import AGREEMENT, BODY, PARTNER, awarded, batch, line, registered, signed

REGISTER = "/v1/contracts"
ONE = "/v1/contracts/body/C-1"
LATER = {"kind": "variation", "signed_at": "2017-09-01T09:00:00Z", "rationale": "More rooms are needed."}


async def post(transparency: Running, path: str, body: dict[str, Any]) -> httpx.Response:
    return await transparency.as_("transparency:preparer", sub="person:pia").post(path, json=body)


async def entered(transparency: Running, **more: Any) -> dict[str, Any]:
    answer = await post(transparency, REGISTER, contract(**more))
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


def errors(answer: httpx.Response) -> list[tuple[str, str]]:
    return [(item["code"], item["pointer"]) for item in answer.json()["errors"]]


async def test_a_contract_is_entered_changed_and_read_with_every_version(transparency: Running) -> None:
    """T-26, T-27, T-28: each change is a new version; what it leaves out stays as it was."""
    peers = BudgetLine(code="IL1", name="Peer support", kind="leaf", amount_pence=100)
    start = date(2017, 4, 1)
    budget = BudgetSet(agreement_id=AGREEMENT, version=1, year="2017/18", effective_from=start, lines=(peers,))
    await transparency.receive(registered(), signed(), budget)
    new = await entered(transparency, grant_ref="2017-18/IL1", decision_ref="B-7", contact={"name": "Jo Specimen"})
    assert (new["version"], new["kind"], new["signed_on"]) == (1, "new", "2017-04-12")
    assert new["url"].endswith(ONE)
    answer = await post(transparency, f"{ONE}/versions", LATER | {"value_pence": 1_500_000, "unit": None})
    assert answer.status_code == 201, answer.text
    read = await transparency.anonymous.get(ONE)
    found = read.json()
    assert (found["version"], found["value_pence"], found["unit"], found["title"]) == (
        2,
        1_500_000,
        None,
        "Venue for residentials",
    )
    assert [(version["version"], version["value_pence"]) for version in found["versions"]] == [
        (1, 1_234_000),
        (2, 1_500_000),
    ]
    assert found["versions"][1]["rationale"] == "More rooms are needed."
    assert found["grant"] == {
        "year": "2017/18",
        "agreement_id": str(AGREEMENT),
        "line_code": "IL1",
        "line_name": "Peer support",
        "recipient": "body",
    }
    assert found["decision_ref"] == "B-7"
    assert found["links"]["same_decision"].endswith("?publisher=body&decision_ref=B-7")
    assert "Jo Specimen" not in read.text
    again = await transparency.anonymous.get(ONE, headers={"If-None-Match": read.headers["etag"]})
    assert again.status_code == 304
    async with transparency.session() as session:
        names = (await (await session.connection()).execute(text("SELECT name FROM contract_contacts"))).scalars().all()
        audited = (await (await session.connection()).execute(text("SELECT after::text FROM audit_entries"))).scalars()
        assert names == ["Jo Specimen", "Jo Specimen"]
        assert "Jo Specimen" not in "".join(filter(None, audited))
    assert await transparency.emitted() == []


async def test_what_is_wrong_with_a_contract_is_refused_at_its_field(transparency: Running) -> None:
    """Domain section 7: 422 with all faults at once; state and order are 409."""
    await transparency.receive(registered())
    bad = contract(end_date="2017-04-30", irrecoverable_vat_pence=1_234_001, vcse=True)
    answer = await post(transparency, REGISTER, bad)
    assert (answer.status_code, answer.json()["detail"]) == (422, "3 things do not go together; see errors.")
    assert errors(answer) == [
        ("ends_before_start", "/end_date"),
        ("vat_over_value", "/irrecoverable_vat_pence"),
        ("vcse_type_missing", "/vcse_type"),
    ]
    shapes = await post(transparency, REGISTER, contract(reference="C 1", value_pence=1.5, start_date="1/5/2017"))
    assert shapes.status_code == 422
    assert {pointer for _, pointer in errors(shapes)} == {"/reference", "/value_pence", "/start_date"}
    await entered(transparency)
    twice = await post(transparency, REGISTER, contract())
    assert (twice.status_code, errors(twice)) == (409, [("contract_exists", "/reference")])
    assert twice.json()["detail"].startswith("The register holds C-1 already;")
    early = await post(
        transparency, f"{ONE}/versions", LATER | {"signed_at": "2017-04-12T09:30:00Z", "status": "terminated"}
    )
    assert (early.status_code, early.json()["errors"][0]["pointer"]) == (409, "/signed_at")
    assert errors(early) == [("signed_out_of_order", "/signed_at"), ("status_not_allowed", "/status")]
    stale = await post(transparency, f"{ONE}/versions", LATER | {"after_version": 7})
    assert (stale.status_code, errors(stale)) == (409, [("contract_moved_on", "/after_version")])
    null = await post(transparency, f"{ONE}/versions", LATER | {"title": None})
    assert (null.status_code, errors(null)[0][1]) == (422, "/title")
    absent = await post(transparency, "/v1/contracts/body/C-2/versions", LATER)
    assert (absent.status_code, absent.json()["errors"][0]["code"]) == (404, "contract_not_found")
    assert "holds no contract C-2" in absent.json()["detail"]


async def test_only_a_preparer_of_the_publisher_writes(transparency: Running) -> None:
    await transparency.receive(registered())
    other = transparency.as_("transparency:preparer", organisations=["elsewhere"])
    assert (await other.post(REGISTER, json=contract())).status_code == 403
    auditor = transparency.as_("transparency:auditor")
    assert (await auditor.post(REGISTER, json=contract())).status_code == 403
    assert (await transparency.anonymous.post(REGISTER, json=contract())).status_code == 401


async def test_two_changes_sent_together_become_two_versions(transparency: Running) -> None:
    """T-28: no version is lost or overwritten."""
    await transparency.receive(registered())
    await entered(transparency)
    answers = await asyncio.gather(
        post(transparency, f"{ONE}/versions", LATER),
        post(transparency, f"{ONE}/versions", LATER | {"signed_at": "2017-09-02T09:00:00Z"}),
    )
    read = (await transparency.anonymous.get(ONE)).json()
    assert len(read["versions"]) == 1 + sum(answer.status_code == 201 for answer in answers)
    assert {answer.status_code for answer in answers} <= {201, 409}


async def test_a_suspect_company_number_is_kept_and_not_published(transparency: Running) -> None:
    """T-29, worked example 8; domain section 7: finding `company_number_suspect`, stored as sent, never padded."""
    await transparency.receive(registered())
    found = await entered(transparency, company_number="3675577")
    assert found["company_number"] is None
    assert [(noted["code"], noted["field"]) for noted in found["findings"]] == [
        ("company_number_suspect", "company_number"),
    ]
    async with transparency.session() as session:
        stored = await (await session.connection()).execute(text("SELECT company_number FROM contract_versions"))
        assert stored.scalars().all() == ["3675577"]


async def test_a_text_that_looks_personal_is_held_back_until_somebody_says_why(transparency: Running) -> None:
    """T-24: everywhere in the register, also in the versions behind the current one."""
    await transparency.receive(registered())
    found = await entered(transparency, description="Mentoring; call Jo Specimen on 07700 900123")
    assert found["description"] == "REDACTED PERSONAL DATA"
    assert [(noted["code"], noted["field"]) for noted in found["findings"]] == [("phone_in_text", "description")]
    await post(transparency, f"{ONE}/versions", LATER | {"kind": "correction", "description": "Mentoring"})
    for path in (ONE, REGISTER, "/v1/contracts.csv"):
        assert "07700" not in (await transparency.anonymous.get(path)).text
    assert (await transparency.anonymous.get(ONE)).json()["description"] == "Mentoring"
    cleared = await entered(
        transparency,
        reference="C-2",
        description="Desk: 020 7946 0123",
        texts_cleared="The number is the switchboard's.",
    )
    assert (cleared["description"], cleared["findings"]) == ("Desk: 020 7946 0123", [])
    later = await post(transparency, "/v1/contracts/body/C-2/versions", LATER)
    assert later.json()["description"] == "Desk: 020 7946 0123"


async def test_a_contact_is_public_where_it_names_a_role(transparency: Running) -> None:
    await transparency.receive(registered())
    desk = {"name": "Contracts desk", "email": "contracts@example.org", "is_role": True}
    await entered(transparency, contact=desk)
    await entered(transparency, reference="C-2", contact={"email": "jo.specimen@example.org"})
    first, second = (await transparency.anonymous.get(REGISTER)).json()["items"]
    assert (first["contact_name"], first["contact_email"]) == ("Contracts desk", "contracts@example.org")
    assert (second["contact_name"], second["contact_email"]) == (None, None)


async def test_a_sole_trader_is_named_as_on_the_record(transparency: Running) -> None:
    """T-22, T-13."""
    await transparency.receive(registered())
    found = await entered(transparency, supplier_name="J Smith trading as Smith Training", company_number=None)
    assert found["supplier_name"] == "J Smith trading as Smith Training"


async def test_spend_stands_beside_the_value_and_above_it_is_a_finding(transparency: Running) -> None:
    """T-28: payments that name it, by month, once their quarter is published; small ones too, corrected lines once,
    hidden payees not at all (T-19)."""
    await transparency.receive(registered(), signed())
    await entered(transparency, value_pence=100_000, irrecoverable_vat_pence=0)
    await entered(transparency, reference="C-2", framework_ref="C-1")
    await entered(transparency, reference="C-3")
    wrong = line(900_000, contract_ref="C-1", paid="2017-06-02")
    await spend_published(
        transparency,
        line(60_000, contract_ref="C-1", paid="2017-05-10", line_code="IL1", decision_ref="B-7"),
        line(30_000, vat_pence=6_000, irrecoverable_vat_pence=6_000, contract_ref="C-1", paid="2017-05-11"),
        wrong,
        line(-900_000, contract_ref="C-1", paid="2017-06-02", kind="reversal", reverses=wrong.entry_id),
        line(4_001, contract_ref="C-1", paid="2017-06-02", kind="correction", replaces=wrong.entry_id),
        line(70_000, contract_ref="C-1", party_kind="individual", name=None),
        line(80_000, contract_ref="C-1", source_redacted=True, name="Redacted"),
        line(90_000, contract_ref="C-3"),
        line(50_000),
        publisher="body",
    )
    found = (await transparency.anonymous.get(ONE)).json()
    assert found["spend"] == {
        "lines": 3,
        "pence": 100_001,
        "months": [{"month": "2017-05", "lines": 2, "pence": 96_000}, {"month": "2017-06", "lines": 1, "pence": 4_001}],
        "decisions": ["B-7"],
        "budget_lines": ["2017-18/IL1"],
    }
    assert found["call_offs"] == ["C-2"]
    assert [noted["code"] for noted in found["findings"]] == ["spend_exceeds_value"]
    assert "£1,000.01 name this contract, £0.01 more" in found["findings"][0]["detail"]
    items = {item["reference"]: item for item in (await transparency.anonymous.get(REGISTER)).json()["items"]}
    assert (items["C-1"]["cumulative_spend_pence"], items["C-2"]["cumulative_spend_pence"]) == (100_001, None)
    async with transparency.session() as session:
        assert (await spend.spend_of(session, BODY, "C-1", NO_NAMES)).pence == 100_001
        assert (await spend.spend_of(session, PARTNER, "C-1", NO_NAMES)).lines == 0


async def test_a_reference_that_the_register_does_not_hold_is_named(transparency: Running) -> None:
    """T-16, worked example 16: C-9 is absent; empty passes; another publisher's register does not count."""
    await transparency.receive(registered(), registered(PARTNER, "partner"))
    await entered(transparency)
    async with transparency.session() as session:
        assert await queries.unknown_refs(session, BODY, ["C-1", " C-1 ", "C-9", ""]) == {"C-9"}
        assert await queries.unknown_refs(session, PARTNER, ["C-1"]) == {"C-1"}
        assert await queries.unknown_refs(session, BODY, []) == set()


async def test_the_register_is_listed_filtered_and_answers_csv(transparency: Running) -> None:
    """T-26: the full current register; T-56 in CSV alone."""
    await transparency.receive(registered(), registered(PARTNER, "partner"), awarded())
    await entered(transparency, title="=Launch event", grant_ref="2017-18/IL1")
    await entered(transparency, reference="C-2", status="pending", supplier_name="50% Off Ltd", company_number=None)
    await entered(transparency, publisher="partner", reference="P-1")
    client = transparency.anonymous

    async def references(**query: str) -> list[str]:
        answer = await client.get(REGISTER, params=query)
        assert answer.status_code == 200, answer.text
        return [item["reference"] for item in answer.json()["items"]]

    assert await references() == ["C-1", "C-2", "P-1"]
    assert await references(publisher="partner") == ["P-1"]
    assert await references(status="pending") == ["C-2"]
    assert await references(supplier="specimen venues") == ["C-1", "P-1"]
    assert await references(supplier="0% off") == ["C-2"]
    assert await references(supplier="99900001", publisher="body") == ["C-1"]
    assert await references(supplier="%%") == []
    assert await references(grant_ref="2017-18/IL1") == ["C-1"]
    assert await references(updated_since="2018-06-01T12:00:01Z") == []
    first = (await client.get(REGISTER, params={"limit": 2})).json()
    second = (await client.get(first["links"]["next"].removeprefix("http://test/transparency"))).json()
    assert [item["reference"] for item in second["items"]] == ["P-1"]
    answer = await client.get(REGISTER, headers={"Accept": "text/csv"}, params={"publisher": "body"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    row, _ = csv.DictReader(io.StringIO(answer.text))
    assert (row["title"], row["value"], row["vcse"], row["signed_at"]) == (
        "'=Launch event",
        "12340.00",
        "false",
        "2017-04-12T09:30:00Z",
    )
    assert (await client.get(ONE)).json()["title"] == "=Launch event"


async def test_a_prefix_is_set_once_by_an_approver_and_stays(transparency: Running) -> None:
    """Domain section 5: every ocid begins with it."""
    await transparency.receive(registered(), registered(PARTNER, "partner"))
    await entered(transparency)
    path = "/v1/publishers/body/open-contracting-prefix"
    assert (await transparency.anonymous.get(path)).status_code == 404
    preparer = transparency.as_("transparency:preparer")
    assert (await preparer.put(path, json={"prefix": PREFIX})).status_code == 403
    wrong = await set_prefix(transparency, "body", "ocds-AB")
    assert (wrong.status_code, errors(wrong)[0][1]) == (422, "/prefix")
    done = await set_prefix(transparency, "body")
    assert (done.status_code, done.json()["prefix"]) == (200, PREFIX)
    assert (await set_prefix(transparency, "body")).status_code == 428
    match = {"If-Match": done.headers["etag"]}
    assert (await set_prefix(transparency, "body", **match)).status_code == 200
    other = await set_prefix(transparency, "body", "ocds-zz99zz", **match)
    assert (other.status_code, errors(other)) == (409, [("ocds_prefix_fixed", "/prefix")])
    assert f"is {PREFIX};" in other.json()["detail"]
    taken = await set_prefix(transparency, "partner")
    assert (taken.status_code, errors(taken)) == (409, [("ocds_prefix_taken", "/prefix")])
    assert (await transparency.anonymous.get(ONE)).json()["open_contracting_id"] == f"{PREFIX}-C-1"
    auditor = transparency.as_("transparency:auditor")
    entries = (await auditor.get("/v1/audit-entries")).json()["items"]
    afters = [entry["after"] for entry in entries]
    assert [after for after in afters if after and "prefix" in after] == [{"prefix": PREFIX}]


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("value_pence = -1", "value"),
        ("irrecoverable_vat_pence = value_pence + 1", "vat_is_part_of_value"),
        ("irrecoverable_vat_pence = NULL", "vat_known"),
        ("end_date = start_date - 1", "ends_after_start"),
        ("review_date = start_date - 1", "review_after_start"),
        ("last_extension_date = end_date - 1", "extension_after_end"),
        ("vcse = true", "vcse_has_type"),
        ("kind = 'variation'", "new_is_first"),
        ("status = 'gone'", "status"),
    ],
)
async def test_the_database_refuses_what_the_rules_refuse(transparency: Running, change: str, constraint: str) -> None:
    """T-27, T-28: each invariant is also a constraint."""
    await transparency.receive(registered())
    await entered(transparency)
    async with transparency.session() as session:
        connection = await session.connection()
        with pytest.raises(IntegrityError, match=f"ck_contract_versions_{constraint}"):
            await connection.execute(text(f"UPDATE contract_versions SET {change}"))


async def test_a_reference_with_a_slash_has_an_address_and_is_found_by_the_rows_that_name_it(
    transparency: Running,
) -> None:
    """T-16: ledgers write slashes into references; in an address one is a tilde."""
    await transparency.receive(registered(), signed())
    preparer = transparency.as_("transparency:preparer")
    entered = await preparer.post("/v1/contracts", json=contract(reference="C-2017/9"))
    assert entered.status_code == 201, entered.text
    address = entered.headers["location"].removeprefix("http://test/transparency")
    assert address == "/v1/contracts/body/C-2017~9"
    await spend_published(transparency, line(90_000, contract_ref="C-2017/9"), publisher="body")
    read = (await transparency.anonymous.get(address)).json()
    assert (read["reference"], read["cumulative_spend_pence"]) == ("C-2017/9", 90_000)


async def test_what_two_people_withhold_of_a_contract_shows_nowhere(transparency: Running) -> None:
    """T-18, T-19, T-21: register, edition and Open Contracting export agree; the payments of a withheld payee count
    nowhere beside the contract."""
    await transparency.receive(registered(), signed())
    await transparency.receive(
        *batch(line(90_000, contract_ref="C-1", name="Bidder One Ltd"), covers=("2017-04-01", "2017-06-30"))
    )
    await set_prefix(transparency, "body")
    preparer = transparency.as_("transparency:preparer", sub="person:pia")
    said = contract(supplier_name="Bidder One Ltd", description="Work by Bidder One Ltd", title="A venue")
    assert (await preparer.post("/v1/contracts", json=said)).status_code == 201
    approver = transparency.as_("transparency:approver", sub="person:cy")
    for target in (
        {"target_kind": "contract", "target_id": "C-1", "fields": ["supplier"]},
        {"target_kind": "row", "target_id": await row_of(transparency), "fields": ["beneficiary"]},
    ):
        body = {"publisher": "body", **target, **COMMERCIAL}
        proposed = await preparer.post("/v1/redactions", json=body)
        assert proposed.status_code == 201, proposed.text
        decided = await approver.post(f"/v1/redactions/{proposed.json()['redaction_id']}/approvals", json={})
        assert decided.status_code == 201, decided.text
    found = (await transparency.anonymous.get("/v1/contracts?supplier=bidder")).json()
    assert found["items"] == []
    paths = ("/v1/contracts", "/v1/contracts.csv", "/v1/contracts/body/C-1", "/v1/contracts/ocds.json?publisher=body")
    for path in paths:
        shown = await transparency.anonymous.get(path)
        assert (shown.status_code, "Bidder" in shown.text, "99900001" in shown.text) == (200, False, False), path
    assert (await transparency.anonymous.get("/v1/contracts/body/C-1")).json()["cumulative_spend_pence"] is None
    made = await drafted(transparency, publisher="body")
    assert "Bidder" not in str(made)
    (row,) = made.rows
    assert (row.cells["SupplierName"], row.cells["RedactionReason"]) == (
        "REDACTED COMMERCIAL CONFIDENTIALITY",
        "COMMERCIAL_PREJUDICE",
    )
    assert row.redaction_reason == "COMMERCIAL_PREJUDICE"


COMMERCIAL = {
    "reason_code": "COMMERCIAL_PREJUDICE",
    "exemption": "FOI Act s.43(2)",
    "prejudice": "The tender is open; bidders would learn the price.",
    "public_interest": "A fair tender saves more than seeing the name now.",
    "explanation": "Until the tender is decided.",
}


async def row_of(transparency: Running) -> str:
    async with transparency.session() as session:
        found = await (await session.connection()).execute(text("SELECT row_id FROM spend_lines"))
        return str(found.scalar_one())
