"""Files as they should not be: every fault is located, says the fix, and nothing is half-written."""

from __future__ import annotations

import gzip
import json
from typing import Any

from tests.grants.expenditure.conftest import HEADER, Ledger, accounted, csv_file, simple_profile

GOOD = ("A-1", "2017-04-03", "Alpha Ltd", "100.00")


async def reasons(ledger: Ledger, batch: dict[str, Any]) -> dict[int, list[tuple[str, str | None]]]:
    """Record → its reasons as (code, column)."""
    errors = await ledger.everything(f"/v1/expenditure-batches/{batch['id']}/errors")
    return {error["record"]: [(item["code"], item["column"]) for item in error["reasons"]] for error in errors}


async def test_every_reason_of_a_rejected_line_comes_at_once_with_its_place(ledger: Ledger) -> None:
    """§6: rejected with every reason; the physical line counts cells that run over several lines."""
    await ledger.defined(simple_profile())
    content = (
        "Reference,Date,Supplier,Amount\n"
        '"A-1","2017-04-03","Alpha\nand Sons","1.00"\n'
        "\n"
        "A-2,2017-13-01,Beta Ltd,12.345\n"
        "A-3,2017-04-03,Gamma Ltd,5.00\n"
    )
    batch = await ledger.sent(content.encode())
    accounted(batch)
    assert await ledger.outcomes(batch) == ["accepted", "rejected", "accepted"]
    assert batch["outcomes"]["not_lines"] == {"blank": 1}
    [error] = await ledger.everything(f"/v1/expenditure-batches/{batch['id']}/errors")
    assert (error["record"], error["line"]) == (2, 5)
    assert {(item["code"], item["column"]) for item in error["reasons"]} == {
        ("date_impossible", "Date"),
        ("amount_unreadable", "Amount"),
    }
    assert all(item["detail"] for item in error["reasons"])
    lines = await ledger.everything("/v1/expenditure-lines")
    assert {line["party"]["name"] for line in lines} == {"Alpha and Sons", "Gamma Ltd"}


BAD_LINES: tuple[tuple[tuple[str, ...], str, str | None], ...] = (
    (("A-2", "2017-04-03", "Beta", "9" * 30), "amount_too_large", "Amount"),
    (("A-2", "2017-04-03", "Beta", "NaN"), "amount_unreadable", "Amount"),
    (("A-2", "2017-04-03", "Beta", "1_000.00"), "amount_unreadable", "Amount"),
    (("A-2", "2017-04-03", "Beta", "１２.00"), "amount_unreadable", "Amount"),
    (("A-2", "2017-04-03", "Beta", "-"), "amount_unreadable", "Amount"),
    (("A-2", "2017-04-03", "Beta", ""), "amount_missing", "Amount"),
    (("A-2", "2017-04-03", "Beta"), "amount_missing", "Amount"),
    (("A-2", "03/04/17", "Beta", "1.00"), "date_unreadable", "Date"),
    (("A-2", "2017-02-30", "Beta", "1.00"), "date_impossible", "Date"),
    (("A-2", "", "Beta", "1.00"), "date_missing", "Date"),
    (("A-2", "2031-01-01", "Beta", "1.00"), "future_actual", "Date"),
    (("A-2", "2017-04-03", "Be\x00ta", "1.00"), "bad_text", "Supplier"),
    (("A-2", "2017-04-03", "B" * 301, "1.00"), "text_too_long", "Supplier"),
    (("A-2", "2017-04-03", "Beta", "1.00", "surplus"), "surplus_cells", None),
    (("Total", "", "", "101.00"), "date_missing", "Date"),
)


async def test_each_bad_line_is_rejected_with_its_reason_and_its_neighbours_are_not(ledger: Ledger) -> None:
    """§6 outcomes; G-32: no actual in the future. Amounts that can be read are in the account, others are counted."""
    await ledger.defined(simple_profile())
    batch = await ledger.sent(csv_file(GOOD, *(row for row, _, _ in BAD_LINES), ("A-3", "2017-04-03", "Gamma", "3.00")))
    accounted(batch)
    assert await ledger.outcomes(batch) == ["accepted", *["rejected"] * len(BAD_LINES), "accepted"]
    found = await reasons(ledger, batch)
    for record, (row, code, column) in enumerate(BAD_LINES, start=2):
        assert found[record] == [(code, column)], row
    assert batch["outcomes"]["amount_unreadable"] == 7
    assert batch["outcomes"]["rejected"]["pence"] == 7 * 100 + 10100
    assert batch["outcomes"]["accepted"]["pence"] == 10300


async def test_float_noise_and_empty_surplus_cells_are_flags_not_faults(ledger: Ledger) -> None:
    """§6: findings that do not stop a line; the worked figure of T-57."""
    await ledger.defined(simple_profile())
    batch = await ledger.sent(
        csv_file(("A-1", "2017-04-03", "Alpha", "7956.420000000001"), ("A-2", "2017-04-03", "Beta", "-1.00", "", " "))
    )
    accounted(batch)
    assert batch["outcomes"]["accepted"] == {"lines": 2, "pence": 795542}
    assert batch["flags"] == {"float_noise": 1, "origin_missing": 1, "surplus_empty_cells": 1}


async def test_declared_totals_repeated_headers_and_blank_rows_are_no_lines(ledger: Ledger) -> None:
    """§6: counted apart as not_lines."""
    total = {"column": "Reference", "prefix": "total"}
    await ledger.defined(simple_profile(total_rows=[total]))
    batch = await ledger.sent(csv_file(GOOD, ("", "", " ", ""), (), HEADER, ("TOTAL spend", "", "", "100.00")))
    accounted(batch)
    assert batch["outcomes"]["received"] == {"lines": 1, "pence": 10000}
    assert batch["outcomes"]["not_lines"] == {"blank": 2, "repeated_header": 1, "total_row": 1}


async def test_a_quote_that_never_closes_costs_its_own_record_only(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    rows = [f"A-{number},2017-04-03,Alpha,1.00\n" for number in range(500)]
    content = "Reference,Date,Supplier,Amount\n" + rows[0] + 'B-1,2017-04-03,"Beta,1.00\n' + "".join(rows[1:])
    batch = await ledger.sent(content.encode())
    accounted(batch)
    assert batch["outcomes"]["accepted"]["lines"] == 500
    [error] = await ledger.everything(f"/v1/expenditure-batches/{batch['id']}/errors")
    assert (error["line"], error["reasons"][0]["code"]) == (3, "record_malformed")
    assert batch["outcomes"]["amount_unreadable"] == 1


REFUSED = (
    (b"", "empty_file"),
    (b"Reference,Date,Supplier,Amount\nA-1,2017-04-03,Caf\xe9,1.00\n", "not_decodable"),
    (b"\xff\xfeR\x00e\x00f\x00", "column_missing"),
    (b"\xff\xfeR\x00e\x00f", "not_decodable"),
    (b"Reference,Date,Supplier\nA-1,2017-04-03,Alpha\n", "column_missing"),
    (b"Reference,Date,Supplier,Amount,amount\n", "column_ambiguous"),
    (b"Reference;Date;Supplier;Amount\nA-1;2017-04-03;Alpha;1.00\n", "column_missing"),
    (b"\n\n", "column_missing"),
)


async def test_a_file_that_cannot_be_read_is_refused_whole(ledger: Ledger) -> None:
    """Bad input is 422, names the columns or the line, and leaves no batch."""
    await ledger.defined(simple_profile())
    for content, code in REFUSED:
        answer = await ledger.send(content)
        assert answer.status_code == 422, answer.text
        assert {error["code"] for error in answer.json()["errors"]} == {code}, content
    assert await ledger.everything("/v1/expenditure-batches") == []


async def test_missing_columns_are_all_named_at_once(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    answer = await ledger.send(b"Reference,Supplier\nA-1,Alpha\n")
    assert {error["column"] for error in answer.json()["errors"]} == {"Date", "Amount"}


async def test_the_next_encoding_is_tried_for_the_whole_file(ledger: Ledger) -> None:
    await ledger.defined(simple_profile(encodings=["utf-8", "cp1252"]))
    content = "Reference,Date,Supplier,Amount\nA-1,2017-04-03,Café,1.00\n"
    batch = await ledger.sent(content.encode("cp1252"))
    assert batch["encoding"] == "cp1252"
    [line] = await ledger.everything("/v1/expenditure-lines")
    assert line["party"]["name"] == "Café"
    again = await ledger.sent(content.encode("utf-8-sig"))
    assert await ledger.outcomes(again) == ["duplicate"]


async def test_a_header_without_lines_is_an_empty_batch(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    batch = await ledger.sent(csv_file())
    accounted(batch)
    assert (batch["state"], batch["outcomes"]["received"]["lines"]) == ("completed", 0)


async def test_lines_come_as_json_too_and_numbers_keep_their_digits(ledger: Ledger) -> None:
    """T-57: a JSON number never becomes a float."""
    await ledger.defined(simple_profile())
    body = (
        '{"lines": [{"Reference": 17, "Date": "2017-04-03", "Supplier": "Alpha", "Amount": 90071992547.93},'
        ' {"Reference": "A-2", "Date": "2017-04-03", "Supplier": null, "Amount": "1.00"},'
        ' {"Reference": "A-3", "Date": "2017-04-03", "Supplier": {"name": "x"}, "Amount": 1},'
        ' {"Reference": "A-\\ud800", "Date": "2017-04-03", "Supplier": "x", "Amount": 3, "\\ud800": 1},'
        ' "no object", {"Reference": "A-4", "Date": "2017-04-03", "Supplier": "\\ud800", "Amount": 2}]}'
    )
    batch = await ledger.sent(body.encode(), media_type="application/json")
    accounted(batch)
    assert await ledger.outcomes(batch) == ["accepted", "accepted", *["rejected"] * 4]
    assert batch["outcomes"]["accepted"]["pence"] == 9007199254893
    assert batch["flags"] == {"party_missing": 1}


NOT_LINES = (
    (b"", "not_json"),
    (b"[]", "not_json_lines"),
    (b'{"rows": []}', "not_json_lines"),
    (b'{"lines": [{"Amount": NaN}]}', "not_json"),
    (b'{"lines": [' + b"[" * 100_000, "not_json"),
    (b'{"lines": [{"Reference": "A"}]}', "column_missing"),
    (b"\xff", "not_decodable"),
)


async def test_json_that_is_no_list_of_lines_is_refused(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    for body, code in NOT_LINES:
        answer = await ledger.send(body, media_type="application/json")
        assert answer.status_code == 422, answer.text
        assert {error["code"] for error in answer.json()["errors"]} == {code}, body[:40]


async def test_a_compressed_file_is_taken_and_a_broken_one_refused(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    packed = gzip.compress(csv_file(GOOD))
    batch = await ledger.sent(packed, headers={"Content-Encoding": "gzip"})
    assert await ledger.outcomes(batch) == ["accepted"]
    for broken in (packed[:-12], b"plain"):
        answer = await ledger.send(broken, headers={"Content-Encoding": "gzip"})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "not_gzip")
    original = await ledger.system.get(f"/v1/expenditure-batches/{batch['id']}/original")
    assert original.content == packed


async def test_other_kinds_of_file_are_not_taken(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    for headers in (
        {"Content-Type": "image/png"},
        {"Content-Type": "text/csv", "Content-Encoding": "br"},
    ):
        assert (await ledger.send(csv_file(GOOD), headers=headers)).status_code == 415


async def test_unknown_organisation_profile_and_parameters_are_told_apart(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    for parameters, status in (
        ({"organisation": "nobody", "profile": "simple"}, 404),
        ({"organisation": "salford", "profile": "nothing"}, 404),
        ({"organisation": "salford", "profile": "simple", "on_eror": "quarantine"}, 400),
        ({"organisation": "salford", "profile": "simple", "on_error": "ignore"}, 422),
        ({"organisation": "salford"}, 422),
    ):
        answer = await ledger.system.post(
            "/v1/expenditure-batches", params=parameters, content=csv_file(GOOD), headers={"Content-Type": "text/csv"}
        )
        assert answer.status_code == status, answer.text


async def test_amounts_that_add_up_to_more_than_can_be_kept_are_refused_not_lost(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    lines = [
        {"Reference": f"A-{n}", "Date": "2017-04-03", "Supplier": "Alpha", "Amount": "100000000000.00"}
        for n in range(1000)
    ]
    batch = await ledger.sent(json.dumps({"lines": lines}).encode(), media_type="application/json")
    accounted(batch)
    assert batch["outcomes"]["accepted"]["pence"] == 10**16


async def test_short_records_are_taken_where_the_profile_says_so_unless_something_needed_is_missing(
    ledger: Ledger,
) -> None:
    fields = {**simple_profile()["fields"], "purpose": {"column": "Purpose"}}
    await ledger.defined(simple_profile(fields=fields, missing_cells="ignore"))
    header = (*HEADER, "Purpose")
    batch = await ledger.sent(csv_file(GOOD, ("A-2", "2017-04-03", "Beta"), header=header))
    accounted(batch)
    assert await ledger.outcomes(batch) == ["accepted", "rejected"]
    assert batch["flags"] == {"missing_cells": 1}
    assert await reasons(ledger, batch) == {2: [("amount_missing", "Amount")]}


async def test_mangled_punctuation_is_flagged_on_every_line_that_holds_it(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    rows = [(f"A-{n}", "2017-04-03", "Children\x92s Trust", "1.00") for n in range(3)]
    batch = await ledger.sent(csv_file(*rows))
    assert batch["flags"] == {"text_repaired": 3}
