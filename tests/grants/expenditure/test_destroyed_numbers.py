"""Numbers that a spreadsheet destroyed: they identify nothing, and nothing is taken for the same because of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.grants.expenditure.conftest import Ledger, accounted, csv_file, simple_profile

SHORTENED = ["2.01704E+11", "2,01704E+11", "2.01704e+11", "2E+11", "-2.01704E+11", "2.01704E11", " 2.01704E+011 "]
KEYED = simple_profile(item_columns=["Reference"])


def counted(*columns: str) -> dict[str, Any]:
    return simple_profile(identity={"kind": "counted", **({"columns": columns} if columns else {})})


@pytest.mark.parametrize("written", SHORTENED)
@pytest.mark.parametrize("profile", [KEYED, counted("Reference", "Date", "Amount")], ids=["keyed", "counted"])
async def test_a_key_in_scientific_notation_identifies_no_line(
    ledger: Ledger, written: str, profile: dict[str, Any]
) -> None:
    """Design section 6: no line is a duplicate or a conflict for it; the reason says what happened to the number."""
    await ledger.defined(profile)
    row = (written, "2017-04-03", "Alpha Ltd", "812.50")
    batch = await ledger.sent(csv_file(row, row, (written, "2017-04-04", "Beta Ltd", "90.00")))
    accounted(batch)
    assert await ledger.outcomes(batch) == ["rejected"] * 3
    for line in await ledger.everything(f"/v1/expenditure-batches/{batch['id']}/errors"):
        [reason] = line["reasons"]
        assert (reason["code"], reason["column"]) == ("number_shortened", "Reference")
        assert written.strip() in reason["detail"]
        assert "scientific notation" in reason["detail"]


@pytest.mark.parametrize("written", ["1E5", "12E4567", "E+11", "2.01704E+11X", "3E", "1.5"])
async def test_texts_that_only_resemble_scientific_notation_stay_keys(ledger: Ledger, written: str) -> None:
    await ledger.defined(KEYED)
    batch = await ledger.sent(csv_file((written, "2017-04-03", "Alpha Ltd", "812.50")))
    assert await ledger.outcomes(batch) == ["accepted"]


async def test_where_all_columns_count_shortened_lines_of_two_files_are_held(ledger: Ledger) -> None:
    """Design section 6: the other columns still count; what only the lost digits could tell apart, a person decides."""
    profile = {**counted(), "fields": {**KEYED["fields"], "contract_ref": {"column": "Reference"}}}
    await ledger.defined(profile)
    row = ("2.01704E+11", "2017-04-03", "Alpha Ltd", "812.50")
    first = await ledger.sent(csv_file(row, row))
    assert await ledger.outcomes(first) == ["accepted", "accepted"]
    assert first["flags"]["identity_shortened"] == 2
    same = await ledger.sent(csv_file(row, row))
    assert await ledger.outcomes(same) == ["duplicate", "duplicate"]
    other = csv_file(row, ("7", "2017-04-05", "Beta Ltd", "1.00"))
    later = await ledger.sent(other)
    accounted(later)
    assert await ledger.outcomes(later) == ["held", "accepted"]
    [held] = await ledger.everything("/v1/held-lines")
    assert held["reasons"][0]["code"] == "possible_duplicate"
    assert "scientific notation" in held["reasons"][0]["detail"]
    assert await ledger.outcomes(await ledger.sent(csv_file(("8", "2017-04-05", "B", "1.00"), row))) == [
        "accepted", "duplicate",
    ]  # fmt: skip
    assert len(await ledger.everything("/v1/held-lines")) == 1


async def test_invoices_whose_numbers_were_shortened_are_not_one_invoice(ledger: Ledger) -> None:
    """T-2: two invoices of 300.00 are not one of 600.00."""
    await ledger.defined(simple_profile(identity={"kind": "keyed", "columns": ["Line"]}, item_columns=["Reference"]))
    header = ("Reference", "Date", "Supplier", "Amount", "Line")
    rows = [("2.01704E+11", "2017-04-03", "Alpha", "300.00", str(number)) for number in (1, 2)]
    batch = await ledger.sent(csv_file(*rows, header=header))
    assert batch["flags"]["number_shortened"] == 2
    first, second = await ledger.everything("/v1/expenditure-lines")
    assert first["item_id"] != second["item_id"]


LOST = [
    ("0001234", "1234"), ("1234", "0001234"), ("0001234", "01234"), ("0001234", "1234.0"), ("1234", "1234.00"),
    ("1234567", "1,234,567"), ("12345678901234567890", "12345678901234500000"), ("00", "0"),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "later"), LOST)
@pytest.mark.parametrize("kind", ["keyed", "counted"])
async def test_a_key_that_lost_its_zeros_waits_for_a_person(ledger: Ledger, kind: str, sent: str, later: str) -> None:
    """Design section 6: not simply accepted; the ledger holds the payment once until somebody decides."""
    columns = ["Reference"] if kind == "keyed" else ["Reference", "Date", "Supplier", "Amount"]
    await ledger.defined(simple_profile(identity={"kind": kind, "columns": columns}))
    await ledger.sent(csv_file((sent, "2017-04-03", "Alpha Ltd", "812.50")))
    batch = await ledger.sent(csv_file((later, "2017-04-03", "Alpha Ltd", "812.50")))
    accounted(batch)
    assert await ledger.outcomes(batch) == ["held"]
    [held] = await ledger.everything("/v1/held-lines")
    [entry] = await ledger.everything("/v1/expenditure-lines")
    assert entry["net_pence"] == 81250
    assert [reason["code"] for reason in held["reasons"]] == ["possible_duplicate"]
    assert "leading zeros" in held["reasons"][0]["detail"]
    again = await ledger.sent(csv_file((later, "2017-04-03", "Alpha Ltd", "812.50"), ("X", "2017-04-03", "B", "1.00")))
    assert await ledger.outcomes(again) == ["duplicate", "accepted"]
    assert await ledger.outcomes(await ledger.sent(csv_file((sent, "2017-04-03", "Alpha Ltd", "812.50")))) == [
        "duplicate"
    ]
    decided = await ledger.finance.post(
        f"/v1/held-lines/{held['id']}/decisions", json={"decision": "accept", "reason": "another payment"}
    )
    assert decided.status_code == 201, decided.text
    assert len(await ledger.everything("/v1/expenditure-lines")) == 3


async def test_keys_that_differ_in_zeros_are_two_lines_where_day_or_amount_differ(ledger: Ledger) -> None:
    """A ledger may well number one payment 0012 and another 12; a file may hold both, and a letter keeps its zeros."""
    await ledger.defined(simple_profile())
    await ledger.sent(csv_file(("0012", "2017-04-03", "Alpha Ltd", "812.50"), ("A012", "2017-04-03", "C", "5.00")))
    batch = await ledger.sent(
        csv_file(
            ("12", "2017-04-03", "Alpha Ltd", "90.00"),
            ("012", "2017-04-04", "Alpha Ltd", "812.50"),
            ("A12", "2017-04-03", "C", "5.00"),
            ("0077", "2017-04-03", "D", "6.00"),
            ("77", "2017-04-03", "D", "6.00"),
        )
    )
    assert await ledger.outcomes(batch) == ["accepted"] * 5


@pytest.mark.parametrize("written", ["#N/A", "#REF!", "#VALUE!", "#NAME?", "####", "#n/a"])
async def test_what_a_spreadsheet_shows_for_an_error_is_no_key(ledger: Ledger, written: str) -> None:
    """Design section 6: two lines of `#N/A` are not one payment."""
    await ledger.defined(KEYED)
    batch = await ledger.sent(
        csv_file((written, "2017-04-03", "Alpha Ltd", "1.00"), (written, "2017-04-04", "Beta Ltd", "2.00"))
    )
    assert await ledger.outcomes(batch) == ["rejected", "rejected"]
    errors = await ledger.everything(f"/v1/expenditure-batches/{batch['id']}/errors")
    assert {reason["code"] for line in errors for reason in line["reasons"]} == {"key_unusable"}


async def test_a_key_of_nothing_but_hidden_signs_is_missing_and_they_are_named(ledger: Ledger) -> None:
    await ledger.defined(KEYED)
    batch = await ledger.sent(csv_file(("\u200b\u00a0", "2017-04-03", "Alpha Ltd", "1.00")))
    [error] = await ledger.everything(f"/v1/expenditure-batches/{batch['id']}/errors")
    [reason] = error["reasons"]
    assert (reason["code"], reason["column"]) == ("key_missing", "Reference")
    assert "U+200B ZERO WIDTH SPACE" in reason["detail"]
