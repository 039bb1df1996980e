"""Reading files of contracts: layouts, cells, places, JSON lines. Pure."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.transparency.contracts.layouts import STANDARD, Layout, faults_of
from services.transparency.contracts.reading import Record, read_records
from services.transparency.contracts.refusals import UnreadableContracts
from services.transparency.contracts.taking_in import Outcome, take_in
from tests.transparency.contracts.steps import FILE, LEAD, csv_of, synthetic

NOW = datetime(2018, 6, 1, 12, tzinfo=UTC)
ROW = synthetic(LEAD)[0]


def read(*rows: dict[str, str], layout: Layout = STANDARD) -> list[Record]:
    return read_records(csv_of(list(rows)), "text/csv", layout, LEAD)


def faults(record: Record) -> list[tuple[str, str | None]]:
    return [(item.code, item.column) for item in record.faults]


def test_the_standard_layout_reads_the_synthetic_file() -> None:
    """T-26 to T-29: 27 versions of 23 contracts, values with irrecoverable VAT in them."""
    records = read_records(FILE.read_bytes(), "text/csv", STANDARD, LEAD)
    assert len(records) == 27
    assert len({record.reference for record in records}) == 23
    said = {(record.reference, record.version): record.said for record in records if record.said}
    assert len(said) == 24
    exempt, gross, rolling = said["C-006", 1], said["C-016", 1], said["C-011", 1]
    assert (exempt.value_pence, exempt.irrecoverable_vat_pence) == (3_360_000, 360_000)
    assert (gross.value_pence, gross.irrecoverable_vat_pence, gross.amount_basis) == (1_280_000, None, "gross")
    assert (rolling.end_date, rolling.value_basis) == (None, "annual")
    assert (said["C-018", 1].sme, said["C-013", 1].company_number) == (None, "9990013")
    assert faults_of(STANDARD) == []


def test_a_record_of_another_publisher_is_not_taken_for_this_one() -> None:
    (record,) = read(synthetic("example-partner")[0])
    assert faults(record) == [("another_publisher", "publisher")]
    assert record.faults[0].detail.startswith("The record belongs to example-partner, not to example-lead;")


def test_every_fault_of_a_record_is_said_with_line_and_column() -> None:
    """Domain section 7: all faults at once, placed."""
    bad = ROW | {
        "contract_reference": "C 1",
        "signed_at": "2017-04-12",
        "start_date": "01/05/2017",
        "value": "184,000.00",
        "vcse": "perhaps",
        "process": "Raffle",
        "title": "",
    }
    first, second = read(ROW, bad)
    assert first.said is not None
    assert second.said is None
    assert sorted(faults(second), key=str) == [
        ("bad_process", "process"),
        ("bad_reference", "contract_reference"),
        ("bad_signed_at", "signed_at"),
        ("bad_start_date", "start_date"),
        ("bad_value", "value"),
        ("bad_vcse", "vcse"),
        ("title_missing", "title"),
    ]
    assert {(item.record, item.line) for item in second.faults} == {(2, 3)}
    by_column = {item.column: item.detail for item in second.faults}
    assert by_column["value"].startswith("184,000.00 is not a plain amount")
    assert by_column["start_date"] == "01/05/2017 is no day written as yyyy-mm-dd; write it as 2018-03-31."
    assert by_column["process"].startswith("Raffle is none of Invitation to quote")


@pytest.mark.parametrize("text", ["1e5", "1_000.00", "NaN", "12.345", "١٢", "£5.00", "9" * 30])
def test_an_amount_is_exact_or_refused(text: str) -> None:
    """T-57: no binary fraction on the way in."""
    (record,) = read(ROW | {"value": text})
    assert faults(record) == [("bad_value", "value")]


def test_vat_must_add_up() -> None:
    """T-27: irrecoverable VAT is VAT less what can be recovered."""
    (record,) = read(ROW | {"irrecoverable_vat": "1.00"})
    (item,) = record.faults
    assert (item.code, item.column) == ("vat_does_not_add_up", "irrecoverable_vat")
    assert "VAT 36800.00 less recoverable 36800.00 is 0.00" in item.detail
    (counted,) = read(ROW | {"irrecoverable_vat": "", "recoverable_vat": "36799.00"})
    assert counted.said is not None
    assert (counted.said.irrecoverable_vat_pence, counted.said.value_pence) == (100, 18_400_100)


OTHER: dict[str, Any] = {
    "columns": {
        "Contract Ref": "reference",
        "Signed": "signed_at",
        "Title": "title",
        "Supplier": "supplier_name",
        "Value": "value",
        "Irrecoverable": "irrecoverable_vat",
        "Start": "start_date",
        "Route": "process",
        "Desk": "contact_email",
        "Body": "publisher",
    },
    "constants": {
        "kind": "new",
        "status": "active",
        "contract_type": "Single award contract",
        "value_basis": "total",
        "vcse": "No",
    },
    "ignored": ("Note",),
    "date_format": "dd/mm/yyyy",
    "signed_as": "day",
    "thousands_mark": True,
    "pound_sign": True,
    "value_includes_vat": True,
    "contacts_are_roles": True,
    "publisher_names": ("The Lead Body",),
}


def test_another_layout_reads_days_amounts_names_and_constants_its_own_way() -> None:
    """T-57: £ and thousands marks go, pence stay exact; a day of signing begins in London."""
    layout = Layout(name="own", version=1, **OTHER)
    assert faults_of(layout) == []
    sent = {
        "contract-ref": "X1",
        "Signed": "01/07/2017",
        "Title": "Venue",
        "Supplier": "Acme",
        "Value": "£1,234.50",
        "Irrecoverable": "34.50",
        "Start": "02/07/2017",
        "Route": "Invitation to tender",
        "Desk": "buying@example.org",
        "Body": "the lead body",
        "Note": "anything",
    }
    (record,) = read(sent, layout=layout)
    assert record.faults == []
    said = record.said
    assert said is not None
    assert said.signed_at == datetime(2017, 6, 30, 23, tzinfo=UTC)
    assert (said.value_pence, said.irrecoverable_vat_pence) == (123_450, 3_450)
    assert (said.start_date, said.process) == (date(2017, 7, 2), "Published invitation to tender")
    assert (said.contact_email, said.contact_is_role) == ("buying@example.org", True)


def test_a_layout_that_cannot_read_contracts_is_refused_with_every_fault() -> None:
    layout = Layout(
        name="own",
        version=1,
        columns={"Ref": "reference", "REF": "title", "Other": "colour", "Also": "title"},
        ignored=("ref",),
        constants={"kind": "brand new", "title": "x"},
    )
    found = {(item.code, item.pointer) for item in faults_of(layout)}
    assert found >= {
        ("repeated_column", "/columns/REF"),
        ("unknown_field", "/columns/Other"),
        ("repeated_field", "/columns"),
        ("repeated_column", "/ignored"),
        ("bad_constant", "/constants/kind"),
        ("bad_constant", "/constants/title"),
        ("field_missing", "/columns"),
    }


def test_json_lines_are_read_by_the_same_rules_and_numbers_stay_as_written() -> None:
    """T-57."""
    good: dict[str, Any] = {name: text for name, text in ROW.items() if text}
    good |= {"version": 1, "vcse": False, "title": "Venue \U0001f3db"}
    line = json.dumps(good).replace('"184000.00"', "184000.10")
    bad = ["[1]", "{", '{"title": ["x"]}', '{"title": "a", "title": "b"}', json.dumps({**good, "colour": "red"})]
    bad += ['{"title": "\\u0000"}', '{"title": "\\ud800"}']
    records = read_records("\n".join([line, "", *bad]).encode(), "application/x-ndjson", STANDARD, LEAD)
    assert records[0].said is not None
    assert records[0].said.value_pence == 18_400_010
    assert [(record.line, record.faults[0].code) for record in records[1:]] == [
        (3, "unreadable_record"),
        (4, "unreadable_record"),
        (5, "unreadable_record"),
        (6, "unreadable_record"),
        (7, "unknown_column"),
        (8, "unreadable_record"),
        (9, "unreadable_record"),
    ]


@pytest.mark.parametrize(
    ("data", "code", "place"),
    [
        (b"contract_reference,colour\r\nC-1,red\r\n", "unknown_column", (1, "colour")),
        (b"contract_reference,colour\r\nC-1,red\r\n", "column_missing", (1, "title")),
        (b"PK\x03\x04", "not_text", (None, None)),
        (b'a,"b\r\n', "unreadable_table", (1, None)),
        (b"\xff\xfe\x00", "not_utf8", (None, None)),
    ],
)
def test_a_file_that_is_no_table_of_contracts_is_refused_whole(
    data: bytes, code: str, place: tuple[int | None, str | None]
) -> None:
    with pytest.raises(UnreadableContracts) as refused:
        read_records(data, "text/csv", STANDARD, LEAD)
    assert (code, place) in [(item.code, (item.line, item.column)) for item in refused.value.errors]


def test_a_later_version_may_stand_before_the_one_it_follows() -> None:
    records = read_records(csv_of(list(reversed(synthetic(LEAD)))), "text/csv", STANDARD, LEAD)
    answers = take_in(records, {}, NOW)
    assert {answer.outcome for answer in answers} == {Outcome.ACCEPTED}
    assert [answer.record.number for answer in answers] == list(range(1, 25))


def test_records_of_one_version_are_compared_not_overwritten() -> None:
    """T-28, T-54: identical is a duplicate, anything else a conflict that names the fields."""
    said = read(ROW)[0].said
    assert said is not None
    same, other, gap, again = take_in(
        read(
            ROW | {"title": "Leadership  residentials, venue"},
            ROW | {"value": "184000.01", "contact_email": "jo@example.org"},
            ROW | {"version": "3", "version_kind": "extension"},
            ROW | {"version": "2"},
        ),
        {"C-001": [said]},
        NOW,
    )
    assert same.outcome is Outcome.DUPLICATE
    assert other.outcome is Outcome.CONFLICT
    assert [reason.column for reason in other.reasons] == ["value", "contact_email"]
    assert "184000.01 here, 184000.00 there" in other.reasons[0].detail
    assert "jo@example.org" not in other.reasons[1].detail
    assert (gap.outcome, gap.reasons[0].code) == (Outcome.REJECTED, "version_missing")
    assert "the register has version 1 of it; send version 2" in gap.reasons[0].detail
    assert again.outcome is Outcome.REJECTED
    assert {reason.code for reason in again.reasons} == {"kind_of_version", "signed_out_of_order"}
