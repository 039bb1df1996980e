"""Files of contracts over HTTP: outcomes, row by row or whole, the same file again, profiles."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import text

from tests.harness import Running
from tests.transparency.contracts.steps import (
    FILE,
    LEAD,
    PASS_THROUGH,
    csv_of,
    filled,
    send,
    synthetic,
)
from tests.transparency.contracts.test_contract_files import OTHER
from tests.transparency.facts import BODY, PARTNER, registered

TABLES = ("contracts", "contract_versions", "contract_contacts")


async def counts(transparency: Running) -> dict[str, int]:
    async with transparency.session() as session:
        connection = await session.connection()
        return {
            table: (await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one() for table in TABLES
        }


async def test_the_synthetic_file_is_taken_in_and_again_changes_nothing(transparency: Running) -> None:
    """T-54, T-28: 27 versions of 23 contracts; records of the other publisher are rejected with their place."""
    await transparency.receive(registered(BODY, LEAD), registered(PARTNER, PASS_THROUGH))
    first = (await send(transparency, FILE.read_bytes())).json()
    assert (first["received"], first["accepted"], first["rejected"]) == (27, 24, 3)
    refused = [record for record in first["records"] if record["outcome"] == "rejected"]
    assert [(record["reference"], record["reasons"][0]["code"]) for record in refused] == [
        (reference, "another_publisher") for reference in ("P-001", "P-002", "P-003")
    ]
    assert (refused[0]["line"], refused[0]["reasons"][0]["column"]) == (26, "publisher")
    partner = (await send(transparency, csv_of(synthetic(PASS_THROUGH)), PASS_THROUGH)).json()
    assert partner["accepted"] == 3
    noted = {
        record["reference"]: [reason["code"] for reason in record["reasons"]]
        for record in first["records"]
        if record["outcome"] == "accepted" and record["reasons"]
    }
    assert noted == {"C-013": ["company_number_suspect"], "C-014": ["company_number_suspect"]}
    before = await counts(transparency)
    assert before == {"contracts": 23, "contract_versions": 27, "contract_contacts": 27}
    again = await send(transparency, csv_of(synthetic(LEAD)), on_error="refuse_whole")
    assert again.status_code == 201
    assert (again.json()["received"], again.json()["duplicates"]) == (24, 24)
    assert await counts(transparency) == before
    kept = await transparency.as_("transparency:auditor").get(f"/v1/contract-imports/{first['import_id']}")
    assert kept.json()["records"] == first["records"]
    assert (await transparency.anonymous.get(f"/v1/contract-imports/{first['import_id']}")).status_code == 401
    items = (await transparency.anonymous.get("/v1/contracts")).json()["items"]
    assert len(items) == 23
    # A contact of a file is public only where file or profile say that it is a role.
    assert {item["contact_email"] for item in items} == {None}
    assert "remark" not in json.dumps(items)


async def test_a_file_is_refused_whole_with_every_reason_and_nothing_is_stored(transparency: Running) -> None:
    """Domain section 7: all faults at once, each with record, line and column."""
    await filled(transparency)
    before = await counts(transparency)
    rows = synthetic(LEAD)
    rows[0] |= {"value": "1.00", "version": "1"}
    rows[3] |= {"start_date": "soon", "vcse": ""}
    rows.append(rows[2] | {"contract_reference": "C-099"})
    answer = await send(transparency, csv_of(rows), on_error="refuse_whole")
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["type"].endswith("contract_import_refused")
    assert problem["detail"].startswith("Of 25 records 1 cannot be taken in and 1 conflict with the register, so")
    assert problem["outcomes"] == {"accepted": 1, "duplicate": 22, "conflict": 1, "rejected": 1}
    assert [(item["code"], item["record"], item["line"], item["column"]) for item in problem["errors"]] == [
        ("differs", 1, 2, "value"),
        ("bad_start_date", 4, 5, "start_date"),
        ("vcse_missing", 4, 5, "vcse"),
    ]
    assert await counts(transparency) == before
    row_by_row = (await send(transparency, csv_of(rows))).json()
    assert (row_by_row["accepted"], row_by_row["conflicts"], row_by_row["rejected"]) == (1, 1, 1)
    assert (await counts(transparency))["contract_versions"] == before["contract_versions"] + 1
    unchanged = (await transparency.anonymous.get(f"/v1/contracts/{LEAD}/C-001")).json()
    assert unchanged["versions"][0]["value_pence"] == 18_400_000


async def test_a_profile_is_versioned_and_reads_its_own_layout(transparency: Running) -> None:
    """Day format, amount style, constants and what happens on errors come from the profile."""
    await transparency.receive(registered(BODY, LEAD))
    preparer = transparency.as_("transparency:preparer")
    body: dict[str, Any] = {"publisher": LEAD, "name": "own", **OTHER, "on_error": "refuse_whole"}
    body |= {"ignored": ["Note"], "publisher_names": ["The Lead Body"]}
    bad = await preparer.post("/v1/contract-profiles", json=body | {"columns": {"Ref": "colour"}})
    assert bad.status_code == 422
    assert {item["code"] for item in bad.json()["errors"]} == {"unknown_field", "field_missing"}
    for version in (1, 2):
        made = await preparer.post("/v1/contract-profiles", json=body)
        assert (made.status_code, made.json()["version"]) == (201, version), made.text
    listed = (await transparency.anonymous.get("/v1/contract-profiles", params={"publisher": LEAD})).json()["items"]
    assert [item["version"] for item in listed] == [1, 2]
    sent = {
        "Contract Ref": "X1",
        "Signed": "01/07/2017",
        "Title": "Venue",
        "Supplier": "Acme",
        "Value": "£1,234.50",
        "Irrecoverable": "34.50",
        "Start": "02/07/2017",
        "Route": "Other",
        "Desk": "buying@example.org",
        "Body": LEAD,
    }
    taken = await send(transparency, csv_of([sent]), profile="own")
    assert (taken.json()["profile_version"], taken.json()["accepted"]) == (2, 1), taken.text
    found = (await transparency.anonymous.get(f"/v1/contracts/{LEAD}/X1")).json()
    assert (found["signed_on"], found["value_pence"], found["contact_email"]) == (
        "2017-07-01",
        123_450,
        "buying@example.org",
    )
    again = await send(transparency, csv_of([sent]), profile="own")
    assert again.json()["duplicates"] == 1
    whole = await send(transparency, csv_of([sent | {"Value": "£1.00"}]), profile="own")
    assert (whole.status_code, whole.json()["errors"][0]["column"]) == (422, "Value")
    absent = await send(transparency, csv_of([sent]), profile="other")
    assert (absent.status_code, absent.json()["errors"][0]["code"]) == (404, "contract_profile_not_found")


async def test_json_lines_and_what_is_neither(transparency: Running) -> None:
    await transparency.receive(registered(BODY, LEAD))
    lines = "\n".join(json.dumps({**row, "version": int(row["version"])}) for row in synthetic(LEAD)).encode()
    taken = await send(transparency, lines, media_type="application/x-ndjson")
    assert taken.json()["accepted"] == 24, taken.text
    assert (await send(transparency, b"<x/>", media_type="application/xml")).status_code == 415
    empty = await send(transparency, csv_of(synthetic(LEAD)).split(b"\r\n")[0] + b"\r\n")
    assert (empty.status_code, empty.json()["errors"][0]["code"]) == (422, "unreadable_contracts")
    unknown = await send(transparency, lines, "nobody", media_type="application/x-ndjson")
    assert unknown.status_code == 404
