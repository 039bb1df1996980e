"""What the finance team states of invoices: rows taken in whole or refused with every reason."""

from __future__ import annotations

from datetime import date
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.transparency.payments.invoices import queries, reading, rules
from tests.harness import Running
from tests.transparency.facts import BODY, batch, line, registered, signed
from tests.transparency.payments.steps import problem
from tests.transparency.test_editions import publish

INVOICES = "/v1/payment-performance/invoices?publisher=body"
TODAY = date(2018, 6, 1)
NUMBER = "TR-0123456789ABCDEF"
HEADER = "transaction_number,received_on,disputed,incomplete,reason\r\n"


def codes(data: str) -> list[tuple[str, int | None, str | None]]:
    found = rules.read(reading.read_csv(data.encode()), TODAY)
    return [(item.code, item.record, item.column) for item in found.errors]


def test_every_error_of_every_row_is_told_at_once_with_its_place() -> None:
    """Section 7: malformed rows, all errors at once; T-62."""
    data = HEADER + (
        f"{NUMBER},31/03/2018,maybe,,\r\n"
        f",2018-06-02,,,\r\n"
        f"INV-77,1989-12-31,,yes,\r\n"
        f"{NUMBER},2018-02-30,no,no,x\r\n"
        f"{NUMBER},2018-06-01,TRUE,No,The supplier sent it twice.\r\n"
    )
    assert codes(data) == [
        ("bad_date", 1, "received_on"),
        ("bad_yes_no", 1, "disputed"),
        ("invoice_not_named", 2, None),
        ("received_in_future", 2, "received_on"),
        ("bad_transaction_number", 3, "transaction_number"),
        ("received_too_early", 3, "received_on"),
        ("reason_missing", 3, "reason"),
        ("bad_date", 4, "received_on"),
        ("bad_reason", 4, "reason"),
    ]
    found = rules.read(reading.read_csv(data.encode()), TODAY)
    assert found.errors[0].detail == "31/03/2018 is no day; write it as 2018-03-31."
    assert found.errors[0].line == 2
    (row,) = found.rows
    assert row.said == rules.Said(date(2018, 6, 1), True, False, "The supplier sent it twice.")


def test_json_rows_are_read_by_the_same_rules_and_named_by_pointer() -> None:
    """Section 7; design section 5: NUL, other types and unknown members are refused, never a failure."""
    good = b'{"transaction_number":"%s","received_on":"2018-05-01"}' % NUMBER.encode()
    body = b'{"rows":[{"row_id":"zz","received_on":null,"disputed":true},%s]}' % good
    found = rules.read(reading.read_json(body), TODAY)
    assert [(item.code, item.pointer) for item in found.errors] == [
        ("bad_row_id", "/rows/0/row_id"),
        ("reason_missing", "/rows/0/reason"),
    ]
    assert len(found.rows) == 1
    bad = b'{"rows":[{"received":"x"},{"reason":"a\\u0000b"},{"disputed":1},7,{"reason":"\\ud800"}]}'
    with pytest.raises(reading.UnreadableInvoices) as refused:
        reading.read_json(bad)
    assert [(item.code, item.pointer) for item in refused.value.errors] == [
        ("unknown_column", "/rows/0/received"),
        ("bad_text", "/rows/1/reason"),
        ("bad_type", "/rows/2/disputed"),
        ("not_a_row", "/rows/3"),
        ("bad_text", "/rows/4/reason"),
    ]


@pytest.mark.parametrize(
    ("read", "data", "words"),
    [
        (reading.read_json, b"[" * 100_000, "The body is no JSON"),
        (reading.read_json, b'{"row": []}', "not of the form"),
        (reading.read_json, b'{"rows": []}', "There are no rows; send at least one"),
        (reading.read_csv, b"received_on,when\r\n2018-05-01,x\r\n", "The header does not fit"),
        (reading.read_csv, HEADER.encode() + b"\xff", "Line 2 is not UTF-8"),
        (reading.read_csv, b"PK\x03\x04", "workbook, an archive or a PDF"),
        (reading.read_csv, HEADER.encode() + b"a,b,c,d,e,f\r\n", "do not fit their header"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_words(read: Any, data: bytes, words: str) -> None:
    """Section 7; design section 5."""
    with pytest.raises(reading.UnreadableInvoices, match=words):
        read(data)


def test_a_change_of_what_was_stated_needs_a_reason_and_the_same_again_is_no_change() -> None:
    """T-54, T-62."""

    def decided(current: rules.Said | None, **said: Any) -> Any:
        said = {"received_on": None, "disputed": False, "incomplete": False, **said}
        found = rules.decide(rules.Row(rules.Sent({}, 1, 2), NUMBER, rules.Said(**said)), current)
        return found if isinstance(found, str) else found.code

    day, other = date(2018, 5, 1), date(2018, 5, 2)
    known = rules.Said(day, False, False, "As stamped.")
    assert decided(None, received_on=day) == "stated"
    assert decided(None) == "says_nothing"
    assert decided(known, received_on=day) == "unchanged"
    assert decided(known, received_on=other) == "reason_missing"
    assert decided(known, received_on=other, reason="The stamp was misread.") == "changed"
    assert decided(known, received_on=day, reason="Another ground.") == "changed"
    assert decided(known, reason="It was stated of another invoice.") == "changed"


async def send(transparency: Running, data: str, sub: str = "person:fin", **headers: str) -> httpx.Response:
    finance = transparency.as_("transparency:finance", sub=sub)
    return await finance.post(INVOICES, content=data, headers={"Content-Type": "text/csv", **headers})


async def test_rows_are_taken_in_whole_kept_when_superseded_and_seen_by_nobody_else(transparency: Running) -> None:
    """T-62, T-54: named as the spend edition publishes them; the same file again changes nothing."""
    await transparency.receive(registered(), signed())
    parts = [line(60_000, item="i-1", line_no=number) for number in (1, 2)]
    credit, salary = line(-70_000, item="c-1"), line(90_000, item="s-1", ledger_class="salary")
    await transparency.receive(
        *batch(*parts, line(80_000, item="i-2"), credit, salary, covers=("2017-04-01", "2017-06-30"))
    )
    await publish(transparency)
    spend = await transparency.anonymous.get("/open/body/spend/2017-18-q1/v1/spend.json")
    shown = {row["amount_pence"]: row for row in spend.json()["rows"]}
    first, second, minus = (shown[pence] for pence in (60_000, 80_000, -70_000))
    wrong = HEADER + (
        f"TR-FFFFFFFFFFFFFFFF,2017-05-01,,,\r\n"
        f"{minus['transaction_number']},2017-05-01,,,\r\n"
        f"{first['transaction_number']},2017-05-01,,,\r\n"
        f"{first['transaction_number']},2017-05-02,,,\r\n"
        f"{second['transaction_number']},,,,\r\n"
    )
    refused = await send(transparency, wrong)
    assert refused.status_code == 422
    assert [(item["code"], item["record"], item["column"]) for item in refused.json()["errors"]] == [
        ("unknown_invoice", 1, "transaction_number"),
        ("not_an_invoice", 2, "transaction_number"),
        ("invoice_named_twice", 4, "transaction_number"),
        ("says_nothing", 5, "received_on"),
    ]
    assert refused.json()["detail"].startswith("4 of 5 rows cannot be taken in, so none was")
    assert "is a credit note or refund, so no days count for it" in refused.json()["errors"][1]["detail"]
    finance = transparency.as_("transparency:finance", sub="person:fin")
    assert (await finance.get(INVOICES)).json()["items"] == []
    good = HEADER + (
        f"{first['transaction_number']},2017-05-01,,,\r\n{second['transaction_number']},,yes,,Held by Jo Doe\r\n"
    )
    taken = await send(transparency, good)
    assert taken.status_code == 201, taken.text
    assert [(row["record"], row["transaction_number"], row["outcome"]) for row in taken.json()["rows"]] == [
        (1, first["transaction_number"], "stated"),
        (2, second["transaction_number"], "stated"),
    ]
    assert (await send(transparency, good)).json()["outcomes"] == {"stated": 0, "changed": 0, "unchanged": 2}
    changed = await finance.post(
        INVOICES, json={"rows": [{"row_id": first["row_id"], "received_on": "2017-05-03", "reason": "Misread."}]}
    )
    assert changed.json()["outcomes"] == {"stated": 0, "changed": 1, "unchanged": 0}
    history = (await finance.get(f"{INVOICES}&limit=2")).json()
    rest = (await finance.get(history["links"]["next"].replace("http://test/transparency", ""))).json()
    known = [
        (item["number"], item["current"], item["received_on"])
        for item in history["items"] + rest["items"]
        if item["transaction_number"] == first["transaction_number"]
    ]
    assert known == [(1, False, "2017-05-01"), (2, True, "2017-05-03")]
    as_csv = await finance.get(INVOICES, headers={"Accept": "text/csv"})
    assert as_csv.text.startswith("transaction_number,number,current,received_on,disputed,incomplete,reason,")
    assert (await transparency.as_("transparency:preparer").get(INVOICES)).status_code == 403
    async with transparency.session() as session:
        rows = (await session.exec(text("SELECT CAST(audit_entries AS text) FROM audit_entries"))).all()  # type: ignore[call-overload]
    # The reasons may name people, so they stand in no audit entry.
    assert "state_invoices" in str(rows)
    assert "Jo Doe" not in str(rows)


async def test_a_file_of_the_most_rows_can_be_looked_up(transparency: Running) -> None:
    """Design section 5: never a failure of the database on what is allowed."""
    keys = {("ledger", f"i-{number}") for number in range(reading.MAX_ROWS)}
    async with transparency.session() as session:
        assert await queries.current_statements(session, BODY, keys) == {}


async def test_who_may_state_what_and_in_which_form(transparency: Running) -> None:
    """Design section 5: scopes, organisations, media types; the kept statement has its reason (a constraint)."""
    await transparency.receive(registered())
    other = transparency.as_("transparency:finance", organisations=["other"])
    typed = {"Content-Type": "text/csv"}
    data = HEADER + f"{NUMBER},2018-05-01,,,\r\n"
    assert (await other.post(INVOICES, content=data, headers=typed)).status_code == 403
    assert (
        await transparency.as_("transparency:preparer").post(INVOICES, content=data, headers=typed)
    ).status_code == 403
    assert (await transparency.as_("transparency:finance").post(INVOICES, content=data)).status_code == 415
    assert problem(await send(transparency, data)) == (422, "unknown_invoice")
    values = f"gen_random_uuid(), '{BODY}', 'ledger', 'i-1', 1, true, false, 'f', 'person:fin', now()"
    columns = "statement_id, organisation_id, source, item_id, number, disputed, incomplete, file_sha256, stated_by"
    with pytest.raises(IntegrityError, match="ck_invoice_statements_left_out_with_reason"):
        async with transparency.session() as session:
            await session.exec(text(f"INSERT INTO invoice_statements ({columns}, stated_at) VALUES ({values})"))  # type: ignore[call-overload]
