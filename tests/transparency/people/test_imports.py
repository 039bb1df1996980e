"""Staff lists over HTTP: refused whole with every reason, taken row by row, kept in versions, read by few."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.harness import Running
from tests.transparency.facts import registered
from tests.transparency.people.bench import IMPORTS, MANAGER, SYNTHETIC, as_csv, decide, imported, post, send

BROKEN = (
    post("B1", fte="half"),
    post("B2", basic_pay_paid="12.345", holder_name="Secret Holder"),
    post("B3", above="B3"),
    post("B4", above="Z9"),
    post("B5", above="B6"),
    post("B6", above="B5"),
    post("B7", unit="One"),
    post("B7", unit="Two", person_id="p-other"),
    post("B8", employment_type="secondee", level="12"),
    post("B9", vacancy="Yes"),
)


async def test_a_broken_list_is_refused_whole_with_every_reason_and_leaves_nothing(transparency: Running) -> None:
    """T-36, bad input `malformed request or chart`: 422, all faults at once, each with its place."""
    await transparency.receive(registered())
    answer = await send(transparency, as_csv(MANAGER, *BROKEN))
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["type"].endswith("staff_list_invalid")
    assert problem["detail"].startswith("10 rows cannot be taken, so nothing was; errors names every reason.")
    found = {(item["code"], item.get("column"), item["record"], item["line"]) for item in problem["errors"]}
    assert found == {
        ("not_as_written", "fte", 2, 3),
        ("not_as_written", "basic_pay_paid", 3, 4),
        ("chart_self_report", "reports_to", 4, 5),
        ("chart_unknown_boss", "reports_to", 5, 6),
        ("chart_loop", "reports_to", 6, 7),
        ("chart_rows_disagree", "unit", 8, 9),
        ("not_a_choice", "employment_type", 10, 11),
        ("not_as_written", "level", 10, 11),
        ("vacancy_with_holder", "vacancy", 11, 12),
    }
    details = {item["code"]: item["detail"] for item in problem["errors"]}
    assert details["chart_loop"] == ("Posts B5, B6 report to each other in a loop; correct reports_to of one of them.")
    assert "Secret Holder" not in answer.text
    assert "12.345" not in answer.text
    auditor = transparency.as_("transparency:auditor")
    assert (await auditor.get(IMPORTS, params={"publisher": "body"})).json()["items"] == []


async def test_row_by_row_takes_the_good_rows_and_says_why_others_were_left(transparency: Running) -> None:
    """T-36: a row whose boss was left out is left out with a reason of its own."""
    below = post("C1", above="B3")
    found = await imported(
        transparency, as_csv(MANAGER, post("A2"), *BROKEN, below), on_error="row_by_row", rows_of="body"
    )
    assert (found["changed"], found["rows"], found["rejected_rows"], found["version"]) == (True, 2, 11, 1)
    orphan = found["errors"][-1]
    assert (orphan["code"], orphan["record"]) == ("chart_unknown_boss", 13)
    assert "Post C1 reports to B3" in orphan["detail"]
    finance = transparency.as_("transparency:finance")
    entries = (await finance.get(f"{IMPORTS}/{found['list_id']}/entries")).json()["items"]
    assert [(entry["post_id"], entry["basic_paid_pence"]) for entry in entries] == [
        ("A1", 12_000_000),
        ("A2", 6_000_000),
    ]


async def test_json_is_taken_as_csv_is_and_errors_point_into_it(transparency: Running) -> None:
    """Bad input `malformed request`: code, pointer and text; nothing of the value is repeated."""
    await transparency.receive(registered())
    rows: list[dict[str, Any]] = [{**MANAGER, "fte": 1, "basic_pay_paid": 120000.5, "vacancy": False}, post("A2")]
    bad: list[Any] = [*rows, {**post("A3"), "fte": 7, "nickname": "Bunny"}, post("A4", above="A4"), "row"]
    answer = await send(transparency, json.dumps({"posts": bad}).encode(), media_type="application/json")
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (422, "table_unreadable")
    assert {(item["code"], item["pointer"]) for item in answer.json()["errors"]} == {
        ("unknown_column", "/posts/2"),
        ("not_an_object", "/posts/4"),
    }
    assert "Bunny" not in answer.text
    del bad[4], bad[2]["nickname"]
    answer = await send(transparency, json.dumps({"posts": bad}).encode(), media_type="application/json")
    assert {(item["code"], item["pointer"]) for item in answer.json()["errors"]} == {
        ("not_as_written", "/posts/2/fte"),
        ("chart_self_report", "/posts/3/reports_to"),
    }
    fte = next(item for item in answer.json()["errors"] if item["code"] == "not_as_written")
    assert fte["detail"] == (
        "fte cannot be read; write it as a number from 0 to 1 with at most four decimals, such as 0.60."
    )
    taken = await send(transparency, json.dumps({"posts": rows}).encode(), media_type="application/json")
    assert (taken.status_code, taken.json()["rows"]) == (201, 2)


@pytest.mark.parametrize(
    ("content", "media_type", "status", "code"),
    [
        (b'{"posts": [1, NaN]}', "application/json", 400, "malformed"),
        (b'{"people": []}', "application/json", 422, "table_unreadable"),
        (b"post_id,job_title,unit\r\nA,B,C\r\n", "text/csv", 422, "table_unreadable"),
        (b"post_id,job_title,unit,employment_type,salary\r\n", "text/csv", 422, "table_unreadable"),
        (b"post_id,job_title,unit,employment_type\r\n\xe9,B,C,permanent\r\n", "text/csv", 422, "table_unreadable"),
        (b"post_id,job_title,unit,employment_type\r\nA,B,C,permanent,more\r\n", "text/csv", 422, "table_unreadable"),
        (b"publisher,post_id,job_title,unit,employment_type\r\nx,A,B,C,permanent\r\n", "text/csv", 422,
         "staff_list_empty"),
        (b"PK\x03\x04", "application/zip", 415, "unsupported_media_type"),
    ],
)  # fmt: skip
async def test_what_is_no_list_is_refused_in_words(
    transparency: Running, content: bytes, media_type: str, status: int, code: str
) -> None:
    """Bad input `malformed request`."""
    await transparency.receive(registered())
    answer = await send(transparency, content, media_type=media_type)
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (status, code), answer.text


async def test_a_list_without_header_gives_nothing_of_its_first_row_away(transparency: Running) -> None:
    """Section 6: an error repeats no personal value."""
    await transparency.receive(registered())
    answer = await send(transparency, b"A1,Jo Planted,61000.00,permanent\r\nA2,Al,62000.00,permanent\r\n")
    assert answer.status_code == 422
    assert "Planted" not in answer.text
    assert "61000" not in answer.text
    assert [item["code"] for item in answer.json()["errors"]] == ["unknown_column"] * 4 + ["column_missing"] * 4
    assert answer.json()["errors"][1]["detail"].startswith("Column 2 of the header is not known")


async def test_a_new_import_is_a_new_version_and_the_same_list_changes_nothing(transparency: Running) -> None:
    """T-54: bytes may differ, such as the order of columns; the content decides."""
    first = await imported(transparency, as_csv(MANAGER, post("A2")))
    again = await imported(transparency, as_csv(*(dict(reversed(row.items())) for row in (MANAGER, post("A2")))))
    assert (again["changed"], again["list_id"], again["version"]) == (False, first["list_id"], 1)
    second = await imported(transparency, as_csv(MANAGER, post("A2", "61000.00")))
    assert (second["changed"], second["version"]) == (True, 2)
    finance = transparency.as_("transparency:finance")
    listed = (await finance.get(IMPORTS, params={"publisher": "body"})).json()["items"]
    assert [item["version"] for item in listed] == [2, 1]
    old = (await finance.get(f"{IMPORTS}/{first['list_id']}/entries")).json()["items"]
    assert old[1]["basic_paid_pence"] == 6_000_000


async def test_the_synthetic_list_is_taken_for_each_publisher_it_names(transparency: Running) -> None:
    """Rows of the other body are left aside; an objection in a file only waits for a decision here (T-37)."""
    found = await imported(transparency, SYNTHETIC, rows_of="example-lead")
    assert (found["rows"], found["posts"], found["rows_of_others"], found["objections_raised"]) == (57, 56, 8, 1)
    assert found["errors"] == []
    async with transparency.session() as session:
        files = (await (await session.connection()).execute(text("SELECT * FROM stored_files"))).all()
    assert files == []


async def test_only_finance_data_protection_and_audit_read_a_list_and_each_for_its_publisher(
    transparency: Running,
) -> None:
    """Section 3: personal data are read by few; a token of another body sees nothing."""
    found = await imported(transparency, as_csv(MANAGER, post("A2")))
    address = f"{IMPORTS}/{found['list_id']}"
    for path in (address, f"{address}/entries", f"{IMPORTS}?publisher=body", "/v1/posts/objections?publisher=body"):
        assert (await transparency.anonymous.get(path)).status_code == 401
        for scope in ("preparer", "approver", "information", "ops"):
            assert (await transparency.as_(f"transparency:{scope}").get(path)).status_code == 403, path
        for scope in ("finance", "dpl", "auditor"):
            assert (await transparency.as_(f"transparency:{scope}").get(path)).status_code == 200, path
        other = transparency.as_("transparency:finance", organisations=["other"])
        assert (await other.get(path)).status_code == 404, path
    writer = transparency.as_("transparency:preparer", organisations=["other"])
    params = {"publisher": "body", "applicable_date": "2018-03-31"}
    refused = await writer.post(IMPORTS, content=as_csv(MANAGER), params=params, headers={"Content-Type": "text/csv"})
    assert refused.status_code == 403


async def test_audit_and_events_hold_nothing_personal(transparency: Running) -> None:
    """Section 6, T-37: neither names, pay, persons, reasons nor which post is withheld."""
    await imported(transparency, as_csv(MANAGER, post("A2", objection="upheld", bonus="777.77")))
    await decide(transparency, "A2")
    async with transparency.session() as session:
        rows = (await (await session.connection()).execute(text("SELECT * FROM audit_entries"))).all()
        outbox = (await (await session.connection()).execute(text("SELECT * FROM outbox"))).all()
    kept = " ".join(str(row) for row in [*rows, *outbox])
    assert {row.action for row in rows} == {"import_posts", "decide_objection"}
    for secret in ("Holder A2", "Hidden Specimen", "p-a2", "60000", "6000000", "77777", "Weighed", "A2"):
        assert secret not in kept, secret


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ("reports_to = post_id", "no_self_report"),
        ("fte = 1.5", "fte"),
        ("vacancy = true", "vacancy_has_no_holder"),
        ("employment_type = 'contractor', is_employee = false", "contractor_has_no_salary"),
        ("bonus_pence = -1", "amounts"),
        ("person_id = NULL", "holder_is_known"),
    ],
)
async def test_the_database_keeps_what_the_rules_ask(transparency: Running, values: str, constraint: str) -> None:
    """T-34 to T-36: each invariant stands as a constraint too."""
    await imported(transparency, as_csv(MANAGER))
    async with transparency.session() as session:
        with pytest.raises(IntegrityError, match=f"ck_staff_entries_{constraint}"):
            await (await session.connection()).execute(text(f"UPDATE staff_entries SET {values}"))
