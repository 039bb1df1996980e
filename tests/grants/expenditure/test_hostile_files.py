"""Files that nobody should send: refused as a whole with place and fix, or line by line; never a 500."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from typing import Any

import pytest

from tests.grants.expenditure.conftest import HEADER, Ledger, accounted, csv_file, simple_profile

GOOD = ("A-1", "2017-04-03", "Alpha Ltd", "1.00")
GZIP = {"Content-Encoding": "gzip"}
SPLIT = {"treatment": "split", "recoverable_percent": "100"}


async def refused(ledger: Ledger, content: bytes, status: int = 422, **kwargs: Any) -> dict[str, Any]:
    answer = await ledger.send(content, **kwargs)
    assert answer.status_code == status, answer.text
    assert (await ledger.everything("/v1/expenditure-batches")) == []
    problem: dict[str, Any] = answer.json()
    return problem


async def test_a_profile_for_another_file_names_every_missing_column_and_what_is_near(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    problem = await refused(ledger, csv_file(header=("Referense", "Paid", "Supplier", "Amounts")))
    told = {error["column"]: error["detail"] for error in problem["errors"]}
    assert set(told) == {"Reference", "Date", "Amount"}
    assert {error["code"] for error in problem["errors"]} == {"column_missing"}
    assert "Near it: Referense" in told["Reference"]
    assert "Amounts" in told["Amount"]


async def test_a_wrong_delimiter_is_said_at_once(ledger: Ledger) -> None:
    await ledger.defined(simple_profile(delimiter=";"))
    problem = await refused(ledger, csv_file(GOOD))
    assert "delimiter" in problem["detail"]


async def test_a_header_of_a_million_columns_is_refused(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    problem = await refused(ledger, ("a," * 1_000_000).encode())
    assert problem["errors"][0]["code"] == "too_many_columns"
    many = "\n".join(json.dumps({f"c{n * 3000 + m}": 1 for m in range(3000)}) for n in range(2))
    problem = await refused(ledger, many.encode(), media_type="application/x-ndjson")
    assert problem["errors"][0]["code"] == "too_many_columns"


async def test_a_record_of_a_million_cells_and_a_huge_cell_are_rejected_and_their_neighbours_are_not(
    ledger: Ledger,
) -> None:
    await ledger.defined(simple_profile())
    content = csv_file(GOOD) + b"," * 1_000_000 + b"x\n" + b'"' + b"y" * 2_000_000 + b'"\n' + b"A-2,2017-04-03,B,2.00\n"
    batch = await ledger.sent(content)
    accounted(batch)
    assert await ledger.outcomes(batch) == ["accepted", "rejected", "rejected", "accepted"]
    answer = await ledger.system.get(f"/v1/expenditure-batches/{batch['id']}/errors.csv")
    assert answer.status_code == 200


async def test_a_line_without_end_does_not_fill_memory(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    problem = await refused(ledger, csv_file(GOOD) + b"z" * (9 * 1024 * 1024))
    assert (problem["errors"][0]["code"], problem["errors"][0]["line"]) == ("line_too_long", 3)


async def test_bytes_of_another_kind_are_told_apart_from_text(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    for content, word in ((b"PK\x03\x04", "spreadsheet"), (b"%PDF-1.7", "CSV"), (gzip.compress(b"x"), "gzip")):
        problem = await refused(ledger, content, status=415)
        assert word in problem["detail"]


async def test_a_broken_compression_is_located_and_a_bomb_is_refused(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    lines = csv_file(*[(f"A-{n}", "2017-04-03", f"Alpha {n * 7919 % 1000}", "1.00") for n in range(200_000)])
    packed = gzip.compress(lines)
    problem = await refused(ledger, packed[: len(packed) // 2], headers=GZIP)
    assert problem["errors"][0]["code"] == "not_gzip"
    assert problem["errors"][0]["line"] > 10_000
    damaged = bytearray(packed)
    damaged[len(packed) // 2 : len(packed) // 2 + 40] = b"\xff" * 40
    for content in (bytes(damaged), b"\x1f\x8b\x08\x00", zlib.compress(lines[:1000])):
        problem = await refused(ledger, content, headers=GZIP)
        assert problem["errors"][0]["code"] in ("not_gzip", "not_decodable")
    bomb = gzip.compress(b"\n" * (80 * 1024 * 1024))
    problem = await refused(ledger, bomb, status=413, headers=GZIP)
    assert problem["errors"][0]["code"] == "too_large"
    bomb = gzip.compress(b'{"lines": [' + b" " * (80 * 1024 * 1024))
    problem = await refused(ledger, bomb, status=413, media_type="application/gzip")
    assert problem["errors"][0]["code"] == "too_large"


NAUGHTY = (
    "\x00", "\u2028", "\x85", "\ufeff", "\u202e", "A" * 100_000, "9" * 30, "1e309", "-", "--", "+-1", "£", "()", "NaN",
    "inf", "0x1F", "1_000", "１２.00", "١٢", "1,2,3", ".", "1.", "5E-1", "CR", "£-£1", "(1", "1)", "=1+1", "\\N", "{}",
    "\\", "a\tb", '"', "''", "'", "31/02/2017", "0000-00-00", "9999-99-99", "2017-4-3", "00/00/00", "44927.5",
)  # fmt: skip


@pytest.mark.parametrize("column", range(4))
async def test_no_text_in_any_cell_breaks_more_than_its_line(ledger: Ledger, column: int) -> None:
    """NUL, marks of other scripts, numbers of thirty digits, half of everything: rejected with a reason, or taken."""
    generous = {
        "thousands": ",",
        "currency": ["£"],
        "brackets": True,
        "trailing_minus": True,
        "credit_marks": ["CR"],
        "scientific": True,
        "bare_decimal": True,
        "plus_sign": True,
        "dash_is_zero": True,
    }
    dates = ["yyyy-mm-dd", "d/m/yy", "excel-serial", "mmm-yy", "yyyy-mm-dd[time]"]
    await ledger.defined(simple_profile(amounts=generous, dates=dates, identity={"kind": "counted"}))
    rows = []
    for text in NAUGHTY:
        row = list(GOOD)
        row[column] = text
        rows.append(row)
    batch = await ledger.sent(csv_file(*rows, GOOD))
    accounted(batch)
    outcomes = await ledger.outcomes(batch)
    assert len(outcomes) == len(NAUGHTY) + 1
    assert outcomes[-1] == "accepted"
    lines = await ledger.everything(f"/v1/expenditure-batches/{batch['id']}/lines", outcome="rejected")
    assert all(reason["code"] and reason["detail"] for line in lines for reason in line["reasons"])
    errors = await ledger.system.get(f"/v1/expenditure-batches/{batch['id']}/errors.csv")
    assert errors.status_code == 200
    entries = await ledger.everything("/v1/expenditure-lines")
    assert all(abs(entry["net_pence"]) <= 10**13 for entry in entries)


async def test_a_profile_is_told_every_fault_by_pointer(ledger: Ledger) -> None:
    """Options that contradict each other are refused when the profile is handed in, not when a file comes."""
    fields = simple_profile()["fields"]
    for change, pointer in (
        ({"fields": {**fields, "party_name": {"column": "A", "join": ["A", "B"]}}}, "/fields/party_name"),
        ({"fields": {**fields, "party_name": {"column": "A", "part": {"form": "{other}"}}}}, "/fields/party_name/part"),
        ({"fields": {**fields, "amount": {"column": "A", "when_blank": "0"}}}, "/fields/amount/when_blank"),
        ({"fields": {**fields, "debit": {"column": "D"}}}, "/fields/credit"),
        ({"fields": {**fields, "credit_of": {"column": "D"}}}, "/item_columns"),
        ({"fields": {**fields, "vat": {"column": "V"}, "vat_rate": {"column": "R"}}, "vat": SPLIT}, "/fields/vat_rate"),
        ({"fields": {**fields, "party_name": {"column": "A", "choose": "first"}}}, "/fields/party_name/choose"),
        ({"total_rows": [{"blank": True}]}, "/total_rows/0/column"),
        ({"other_rows": [{"prefix": "x", "counted_as": "blank"}]}, "/other_rows/0/counted_as"),
        ({"other_rows": [{"column": "a", "prefix": "x", "fills_down": True}]}, "/fill_down"),
        ({"header": {"row": 1, "spread": True}}, "/header/spread"),
        ({"header": {"row": 1, "named": [{"name": "x", "column": "y"}]}}, "/header/named/0"),
        ({"amounts": {"credit_marks": ["x"], "debit_marks": ["X"]}}, "/amounts/debit_marks"),
        ({"quote": "", "stray_quotes": "keep"}, "/quote"),
        ({"vat": {"treatment": "not_separable", "amount_is": "gross"}}, "/vat/amount_is"),
        ({"dates": ["dd/mm", "hh"]}, "/dates"),
        ({"dates": ["dd/mm/yyyy", "m/d/yyyy"]}, "/dates"),
        ({"amounts": {"currency": ["-"]}}, "/amounts/currency/0"),
        ({"amounts": {"credit_marks": ["Cr.", "0"]}}, "/amounts/credit_marks/1"),
        ({"amounts": {"debit_marks": ["."]}}, "/amounts/debit_marks/0"),
        ({"header": {"columns": ["Date", "Amount"]}}, "/header/columns"),
        ({"header": {"columns": ["Date", "Amount", "Supplier", "Reference", "date"]}}, "/header/columns"),
        ({"fields": {**fields, "unit": {"preamble": {"row": 1, "column": 1}}}}, "/fields/unit/preamble/row"),
        ({"fields": {**fields, "unit": {"column": "  "}}}, "/fields/unit/column"),
        ({"fields": {**fields, "kind": {"column": "K", "values": {"x": "y"}}}}, "/fields/kind/values"),
        ({"other_rows": [{"prefix": "x", "counted_as": "accepted"}]}, "/other_rows/0/counted_as"),
    ):
        answer = await ledger.define(simple_profile(**change))
        assert answer.status_code == 422, (change, answer.text)
        pointers = {error.get("pointer") or "" for error in answer.json()["errors"]}
        assert any(told.startswith(pointer) for told in pointers), (change, pointers)


async def test_a_layout_is_tried_on_a_sample_and_nothing_is_kept(ledger: Ledger) -> None:
    sample = csv_file(GOOD, ("A-1", "2017-04-05", "Mr Smith", "2.00"), ("A-3", "x", "B", "y"), header=HEADER)
    body = {"profile": simple_profile(), "sample": sample.decode()}
    answer = await ledger.system.post("/v1/source-profiles/trials", json=body)
    assert answer.status_code == 200, answer.text
    trial = answer.json()
    assert trial["received"] == {"lines": 3, "pence": 300}
    assert (trial["rejected"], trial["amount_unreadable"], trial["repeated_keys"]) == (1, 1, 1)
    assert trial["faults"] == {"amount_unreadable": 1, "date_unreadable": 1}
    assert trial["lines"][0]["fields"]["net_pence"] == 100
    assert trial["lines"][0]["fields"]["party_name"] == "Alpha Ltd"
    assert trial["lines"][2]["reasons"][0]["column"] in ("Date", "Amount")
    packed = {"profile": simple_profile(encodings=["utf-16"]), "sample_base64": _packed(sample.decode())}
    assert (await ledger.finance.post("/v1/source-profiles/trials", json=packed)).json()["encoding"] == "utf-16"
    assert (await ledger.finance.get("/v1/source-profiles")).json()["items"] == []
    assert await ledger.everything("/v1/expenditure-batches") == []
    for wrong, code in (
        ({"profile": simple_profile()}, "sample_missing"),
        ({"profile": simple_profile(), "sample_base64": "%"}, "not_base64"),
        ({"profile": simple_profile(), "sample": "a,b\n"}, "column_missing"),
        ({"profile": simple_profile(), "sample": ""}, "empty_file"),
    ):
        answer = await ledger.finance.post("/v1/source-profiles/trials", json=wrong)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["code"] == code


def _packed(text: str) -> str:
    return base64.b64encode(text.encode("utf-16")).decode()


async def test_a_file_without_days_says_what_it_is_for_and_one_with_days_does_not(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    answer = await ledger.send(csv_file(GOOD), period="2017-04")
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "period")
    fields = {**simple_profile()["fields"], "payment_date": {"parameter": "period"}}
    await ledger.defined(simple_profile(fields=fields))
    answer = await ledger.send(csv_file(GOOD))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "period_unclear")
    for number, (period, day) in enumerate(
        (
            ("2017-04", "2017-04-30"),
            ("2017-18-q1", "2017-06-30"),
            ("2017/18", "2018-03-31"),
            ("2017-05-09", "2017-05-09"),
        )
    ):
        batch = await ledger.sent(csv_file((f"P-{number}", "", "Alpha", "1.00")), period=period)
        assert batch["flags"] == {"period_given": 1}
        [line] = await ledger.everything("/v1/expenditure-lines", batch=batch["id"])
        assert line["payment_date"] == day
    assert (await ledger.send(csv_file(GOOD), period="2017-13-01")).status_code == 422
    assert (await ledger.send(csv_file(GOOD), period="soon")).status_code == 422


async def test_small_things_of_old_systems_are_read_or_told(ledger: Ledger) -> None:
    """An end-of-file mark is no line, `<1.00>` is negative in brackets, and the fix is told in the profile's style."""
    amounts = {"decimal": ",", "thousands": " ", "brackets": True}
    await ledger.defined(simple_profile(amounts=amounts))
    content = csv_file(("A-1", "2017-04-03", "Alpha", "<1 000,50>"), ("A-2", "2017-04-03", "B", "1,000.50")) + b"\x1a"
    batch = await ledger.sent(content)
    assert batch["outcomes"]["accepted"] == {"lines": 1, "pence": -100050}
    assert batch["outcomes"]["not_lines"] == {"blank": 1}
    [error] = await ledger.everything(f"/v1/expenditure-batches/{batch['id']}/errors")
    assert "1234,50" in error["reasons"][0]["detail"]


async def test_text_of_two_bytes_without_its_mark_is_recognised(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    content = csv_file(GOOD).decode().encode("utf-16-le")
    problem = await refused(ledger, content)
    assert (problem["errors"][0]["code"], "utf-16-le" in problem["detail"]) == ("not_decodable", True)
    assert problem["type"].endswith("unreadable_file")
    await ledger.defined(simple_profile(encodings=["utf-8", "utf-16-le"]))
    assert await ledger.outcomes(await ledger.sent(content)) == ["accepted"]


async def test_alternatives_may_stand_together_where_the_profile_says_which_counts(ledger: Ledger) -> None:
    """A code and its text under nearly one name, and amounts that are words where there is nothing."""
    fields = {
        **simple_profile()["fields"],
        "party_name": {"column": ["Supplier(T)", "Supplier"], "choose": "first"},
        "irrecoverable_vat": {"column": "VAT", "values": {"Nil": "0"}, "otherwise": "{value}"},
    }
    await ledger.defined(simple_profile(fields=fields))
    header = ("Reference", "Date", "Supplier", "Amount", "VAT")
    both = csv_file(
        ("A-1", "2017-04-03", "123", "6.00", "nil", "Alpha"),
        ("A-2", "2017-04-03", "124", "6.00", "1.00", "Beta"),
        header=(*header, "Supplier(T)"),
    )
    await ledger.sent(both)
    await ledger.sent(csv_file(("A-3", "2017-04-03", "Gamma", "6.00", "x"), header=header))
    await ledger.sent(csv_file(("A-3", "2017-04-03", "Gamma", "6.00", "Nil"), header=header))
    lines = await ledger.everything("/v1/expenditure-lines")
    assert [(line["party"]["name"], line["irrecoverable_vat_pence"]) for line in lines] == [
        ("Alpha", 0),
        ("Beta", 100),
        ("Gamma", 0),
    ]


async def test_a_json_number_is_one_number_however_it_is_written(ledger: Ledger) -> None:
    """7, 7.0 and 0.7e1 are the same key; a file of lines without any line is not taken for a whole one."""
    await ledger.defined(simple_profile())
    for number, written in enumerate(("7", "7.0", "0.7e1", "70E-1")):
        line = f'{{"Reference": {written}, "Date": "2017-04-03", "Supplier": "A", "Amount": 1.10}}'
        batch = await ledger.sent(line.encode(), media_type="application/x-ndjson")
        assert await ledger.outcomes(batch) == ["duplicate" if number else "accepted"]
    answer = await ledger.send(b"", media_type="application/x-ndjson")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "empty_file")
    broken = b'{"lines": [{"Reference": 1}, {"Reference": 2},]}'
    answer = await ledger.send(broken, media_type="application/json")
    assert "object 3" in answer.json()["detail"]


async def test_a_lone_point_is_no_amount(ledger: Ledger) -> None:
    await ledger.defined(simple_profile(amounts={"bare_decimal": True}))
    rows = [(f"A-{n}", "2017-04-03", "Alpha", text) for n, text in enumerate((".", ".5", "5."))]
    batch = await ledger.sent(csv_file(*rows))
    assert await ledger.outcomes(batch) == ["rejected", "accepted", "accepted"]
    assert batch["outcomes"]["received"]["pence"] == 550


async def test_vat_takes_the_side_of_its_amount_and_is_flagged_where_it_contradicts_it(ledger: Ledger) -> None:
    """G-27: a credit's VAT written without a sign is a credit; what cannot be true is flagged, not mended."""
    header = ("Reference", "Date", "Supplier", "Debit", "Credit", "VAT")
    base = {name: source for name, source in simple_profile()["fields"].items() if name != "amount"}
    sides = {**base, "debit": {"column": "Debit"}, "credit": {"column": "Credit"}, "vat": {"column": "VAT"}}
    none = {"treatment": "split", "recoverable_percent": "0"}
    await ledger.defined(simple_profile(name="sides", fields=sides, vat=none))
    rows = [("A-1", "2017-04-03", "A", "10.00", "", "2.00"), ("A-2", "2017-04-03", "A", "", "10.00", "2.00")]
    batch = await ledger.sent(csv_file(*rows, header=header), "sides")
    assert (batch["eligible_pence"], batch["flags"].get("vat_inconsistent")) == (0, None)
    [first, second] = await ledger.everything("/v1/expenditure-lines")
    assert (first["eligible_pence"], second["eligible_pence"], second["vat_pence"]) == (1200, -1200, -200)
    gross = {**base, "amount": {"column": "Debit"}, "vat": {"column": "VAT"}}
    await ledger.defined(simple_profile(name="gross", fields=gross, vat={**none, "amount_is": "gross"}))
    batch = await ledger.sent(csv_file(("A-1", "2017-04-03", "A", "100.00", "", "200.00"), header=header), "gross")
    assert batch["flags"]["vat_inconsistent"] == 1
    beside = {**base, "amount": {"column": "Debit"}, "gross": {"column": "Credit"}}
    await ledger.defined(simple_profile(name="beside", fields=beside, vat=none))
    batch = await ledger.sent(csv_file(("A-1", "2017-04-03", "A", "1000.00", "900.00", ""), header=header), "beside")
    assert batch["flags"]["vat_inconsistent"] == 1
    three = {**beside, "vat": {"column": "VAT"}}
    await ledger.defined(simple_profile(name="three", fields=three, vat=none))
    batch = await ledger.sent(csv_file(("A-1", "2017-04-03", "A", "10.00", "8.00", "-2.00"), header=header), "three")
    assert batch["flags"]["vat_inconsistent"] == 1
