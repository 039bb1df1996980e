"""The contracts of a quarter as an edition's rows: which, in which version, and how each cell reads."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
from frictionless import Dialect, Package, Resource, Schema, formats

from services.transparency.contracts.refusals import ByQuarter
from services.transparency.drafts import Draft
from services.transparency.editions.cells import profile
from services.transparency.editions.files import TYPES
from shared.texts import folded
from tests.harness import Running
from tests.transparency.contracts.steps import (
    LEAD,
    PASS_THROUGH,
    contract,
    drafted,
    filled,
    set_prefix,
    spend_of,
    spend_published,
)
from tests.transparency.facts import BODY, line, registered, signed
from tests.transparency.test_editions import publish

HEADERS = [column["header"] for column in profile("contracts")]
YEAR = ("2017-18-q1", "2017-18-q2", "2017-18-q3", "2017-18-q4")


def by_reference(draft: Draft) -> dict[str, dict[str, str]]:
    return {row.cells["ContractReference"]: dict(row.cells) for row in draft.rows}


def table_schema() -> dict[str, Any]:
    """A Table Schema of the column profile, as an edition's own is made."""
    fields = []
    for column in profile("contracts"):
        constraint = column["constraint"] or {}
        kind = TYPES[column["type"]]
        limits = {key: constraint[key] for key in ("pattern", "enum", "unique") if key in constraint}
        field: dict[str, Any] = {"name": column["header"], "type": kind}
        if kind == "date":
            field["format"] = "%d/%m/%Y"
        if kind == "boolean":
            field |= {"trueValues": ["Yes"], "falseValues": ["No"]}
        if kind in ("date", "boolean", "integer"):
            limits = {}
        fields.append({**field, "constraints": {"required": column["required"], **limits}})
    return {"fields": fields, "missingValues": [""]}


def unlike_profile(draft: Draft) -> list[tuple[str, str]]:
    """Cells that break a pattern or an enumeration of the profile; Table Schema engines take 1/4/2017 for a day."""
    found = []
    for column in profile("contracts"):
        limits, header = column["constraint"] or {}, column["header"]
        for text in (row.cells.get(header, "") for row in draft.rows):
            wrong = "pattern" in limits and not re.fullmatch(limits["pattern"], text)
            wrong = wrong or ("enum" in limits and text not in limits["enum"])
            if (text and wrong) or (column["required"] and not text):
                found.append((header, text))
    return found


def file_of(draft: Draft) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(HEADERS)
    writer.writerows([[row.cells.get(header, "") for header in HEADERS] for row in draft.rows])
    return buffer.getvalue().encode()


def faults(data: bytes, folder: Path) -> list[str]:
    (folder / "contracts.csv").write_bytes(data)
    resource = Resource(
        path="contracts.csv",
        basepath=str(folder),
        encoding="utf-8",
        schema=Schema.from_descriptor(table_schema()),
        dialect=Dialect(controls=[formats.CsvControl(skip_initial_space=False)]),
    )
    report = resource.validate()
    return [error.message for task in report.tasks for error in task.errors]


async def test_each_quarter_has_the_contracts_signed_in_it_in_their_latest_version(transparency: Running) -> None:
    """T-26, T-28: signed 2017-06-30T23:30Z is 1 July in London, the second quarter (worked example 15)."""
    await filled(transparency)
    found = {quarter: by_reference(await drafted(transparency, quarter)) for quarter in YEAR}
    assert sorted(found["2017-18-q1"]) == ["C-001", "C-002", "C-003", "C-004", "F-001"]
    assert sorted(found["2017-18-q2"]) == ["C-005", "C-006", "C-007", "C-008", "C-009", "C-010"]
    assert sorted(found["2017-18-q3"]) == ["C-011", "C-012", "C-013", "C-014"]
    assert sorted(found["2017-18-q4"]) == ["C-001", "C-010", "C-015", "C-016", "C-017", "C-018", "C-019"]
    changed = {
        (quarter, reference): (row["ContractVersion"], row["VersionKind"], row["Status"], row["ContractValue"])
        for quarter, rows in found.items()
        for reference, row in rows.items()
        if reference in ("C-001", "C-010", "C-012", "C-018")
    }
    assert changed == {
        ("2017-18-q1", "C-001"): ("1", "new", "active", "184000.00"),
        ("2017-18-q4", "C-001"): ("2", "extension", "active", "371000.00"),
        ("2017-18-q2", "C-010"): ("1", "new", "active", "115000.00"),
        ("2017-18-q4", "C-010"): ("2", "variation", "active", "127500.00"),
        ("2017-18-q3", "C-012"): ("2", "correction", "active", "5250.00"),
        ("2017-18-q4", "C-018"): ("2", "termination", "terminated", "10500.00"),
    }
    assert found["2017-18-q2"]["C-005"]["SignedDate"] == "01/07/2017"
    assert found["2017-18-q1"]["C-001"]["RowID"] == found["2017-18-q4"]["C-001"]["RowID"]
    partner = [by_reference(await drafted(transparency, quarter, PASS_THROUGH)) for quarter in YEAR]
    assert [sorted(rows) for rows in partner] == [["P-001"], ["P-002"], ["P-003"], []]


async def test_every_edge_case_of_the_synthetic_file_reads_as_it_should(transparency: Running) -> None:
    """T-21, T-22, T-26, T-27, T-29, worked examples 2, 8 and 9: each remark of the file has one right answer."""
    await filled(transparency)
    rows: dict[str, dict[str, str]] = {}
    for quarter in YEAR:
        rows |= by_reference(await drafted(transparency, quarter))
        rows |= by_reference(await drafted(transparency, quarter, PASS_THROUGH))

    def cells(reference: str, *headers: str) -> tuple[str, ...]:
        return tuple(rows[reference].get(header, "") for header in headers)

    number, charity, vcse = "CompaniesHouseRegistrationNumber", "CharityCommissionNumber", "VCSESupplierType"
    money = ("ContractValue", "IrrecoverableVAT")
    assert cells("C-001", "SMESupplier", "FixedCost") == ("No", "No")
    assert cells("C-002", "FrameworkRef", number) == ("F-001", "OC999901")
    assert cells("F-001", "ContractType", "SMESupplier", number) == ("Framework agreement", "", "")
    assert cells("C-003", number, charity) == ("00000001", "9990001")
    assert cells("C-004", number, charity, vcse) == ("09990004", "", "Community Interest Company")
    assert cells("C-006", *money, number) == ("33600.00", "3600.00", "SC999901")
    assert cells("C-007", *money) == ("62400.00", "10400.00")
    assert cells("C-008", "SupplierName", number) == ("R Specimen trading as Specimen Review", "")
    assert cells("C-009", "SupplierName", "ContractType") == ("Example Borough Council", "Other")
    assert cells("C-011", "EndDate", "ValueBasis", number) == ("", "annual", "NI999901")
    assert cells("C-012", "SupplierName") == ("Café Tŷ Specimen Cyf",)
    assert (cells("C-013", number), cells("C-014", number)) == (("",), ("",))
    assert cells("C-014", "SupplierName", "ContractValue") == ("Dummy Analytics Ltd", "21900.00")
    assert cells("C-015", "ContractTitle", number) == ("=Leadership launch event", "IP99901R")
    assert cells("C-016", *money) == ("12800.00", "")
    assert cells("C-017", *money) == ("0.00", "0.00")
    assert cells("C-018", "SMESupplier", "EndDate") == ("", "16/03/2018")
    assert cells("C-019", charity, "Status", "CPVCode") == ("9990002-1", "pending", "")
    assert cells("P-001", *money) == ("4740.00", "790.00")
    assert cells("P-002", "SupplierName", number) == ("Specimen Venues Ltd.", "99900001")
    assert cells("P-003", "ValueBasis", number) == ("annual", "")
    assert {row["EffectiveDate"] for row in rows.values()} == {"30/06/2017", "30/09/2017", "31/12/2017", "31/03/2018"}


async def test_the_rows_pass_a_table_schema_engine(transparency: Running, tmp_path: Path) -> None:
    """Domain section 5: every constraint of the column profile; no header that it does not have."""
    await filled(transparency, prefix=True)
    for quarter in YEAR:
        draft = await drafted(transparency, quarter)
        assert {header for row in draft.rows for header in row.cells} <= set(HEADERS)
        assert unlike_profile(draft) == []
        data = file_of(draft)
        assert faults(data, tmp_path) == []
    for good, broken in ((b"12800.00", b'"12,800.00"'), (b",28/03/2018,", b",2018-03-28,"), (b",active,", b",open,")):
        assert good in data
        assert faults(data.replace(good, broken, 1), tmp_path)


async def test_a_personal_text_is_a_finding_of_the_row_named_by_its_words(transparency: Running) -> None:
    """T-24: the mobile number in the description of C-016."""
    await filled(transparency)
    draft = await drafted(transparency, "2017-18-q4")
    (finding,) = draft.findings
    row = next(row for row in draft.rows if row.cells["ContractReference"] == "C-016")
    assert (finding.code, finding.row_id, finding.field) == ("phone_in_text", row.row_id, "Description")
    assert len(finding.digest) == 64
    assert "07700" not in finding.digest
    assert folded(row.cells["Description"]).startswith("mentoring;")


async def test_what_is_left_out_is_counted_under_its_reason(transparency: Running) -> None:
    """T-26: programme only, and a threshold only where the publisher has set one."""
    await transparency.receive(registered(BODY, LEAD))
    preparer = transparency.as_("transparency:preparer")
    cases: dict[str, dict[str, Any]] = {
        "C-1": {},
        "C-2": {"supports_programme": False},
        "C-3": {"value_pence": 500_000},
    }
    for reference, more in cases.items():
        answer = await preparer.post("/v1/contracts", json=contract(publisher=LEAD, reference=reference, **more))
        assert answer.status_code == 201, answer.text
    draft = await drafted(transparency)
    assert (sorted(by_reference(draft)), draft.left_out) == (["C-1", "C-3"], {"CONTRACT_NOT_PROGRAMME": 1})
    whole = await drafted(transparency, scope="whole_body")
    assert (len(whole.rows), whole.left_out) == (3, {})
    over = await drafted(transparency, contract_threshold_pence=500_000)
    assert sorted(by_reference(over)) == ["C-1"]
    assert over.left_out == {"CONTRACT_NOT_PROGRAMME": 1, "CONTRACT_BELOW_THRESHOLD": 1}
    assert any("does not exceed £5,000.00" in note for note in over.notes)
    reasons = {row["code"] for row in csv.DictReader(io.StringIO(REASONS.read_text(encoding="utf-8")))}
    assert set(over.left_out) <= reasons


REASONS = Path(__file__).parents[3] / "services" / "transparency" / "data" / "exclusion_reasons.csv"


async def test_cumulative_spend_counts_payments_up_to_the_end_of_the_quarter(transparency: Running) -> None:
    """T-28: of quarters whose spend is published; empty where no payment names the contract; the mark moves with it."""
    await filled(transparency)
    await transparency.receive(signed())
    before = await drafted(transparency)
    assert (await drafted(transparency)).mark == before.mark
    lines = (line(60_000, contract_ref="C-001"), line(50_000, contract_ref="C-001", paid="2017-07-03"))
    await spend_published(transparency, *lines)
    after = await drafted(transparency)
    row = by_reference(after)
    assert (row["C-001"]["CumulativeSpend"], row["C-002"].get("CumulativeSpend", "")) == ("600.00", "")
    assert after.mark != before.mark
    later = by_reference(await drafted(transparency, "2017-18-q4"))
    assert later["C-001"]["CumulativeSpend"] == "600.00"
    await publish(transparency, spend_of(LEAD, "2017-18-q2"), nil_return=True)
    later = by_reference(await drafted(transparency, "2017-18-q4"))
    assert later["C-001"]["CumulativeSpend"] == "1100.00"
    (record,) = [row.record for row in after.rows if row.record["reference"] == "C-001"]
    assert (record["cumulative_spend_pence"], record["value_pence"], record["start_date"]) == (
        60_000,
        18_400_000,
        "2017-05-01",
    )


async def test_empty_required_text_reads_not_stated(transparency: Running) -> None:
    """T-56."""
    await transparency.receive(registered(BODY, LEAD))
    preparer = transparency.as_("transparency:preparer")
    bare = contract(publisher=LEAD, unit=None, description=None, category=None, title="Two\r\nlines")
    assert (await preparer.post("/v1/contracts", json=bare)).status_code == 201
    (row,) = (await drafted(transparency)).rows
    assert [row.cells[name] for name in ("OrganisationalUnit", "Description", "ProcurementCategory")] == [
        "Not stated"
    ] * 3
    assert row.cells["ContractTitle"] == "Two  lines"


async def test_a_quarter_without_contracts_has_no_row_and_contracts_have_no_yearly_edition(
    transparency: Running,
) -> None:
    """T-51: an empty draft; what says nil is the edition's matter."""
    await transparency.receive(registered(BODY, LEAD))
    await set_prefix(transparency, LEAD)
    draft = await drafted(transparency)
    assert (draft.rows, draft.files, draft.findings) == ([], [], [])
    with pytest.raises(ByQuarter, match="by quarter"):
        await drafted(transparency, "2017-18")


def test_a_table_schema_engine_reports_a_contract_that_the_register_lacks(tmp_path: Path) -> None:
    """T-16, worked example 16: spend naming C-9 is reported by its key; empty passes."""
    (tmp_path / "contracts.csv").write_text("ContractReference\r\nC-1\r\n")

    def reported(refs: str) -> list[str]:
        (tmp_path / "spend.csv").write_text(f"RowID,ContractRef\r\n{refs}")
        key = {"fields": "ContractRef", "reference": {"resource": "contracts", "fields": "ContractReference"}}
        spend = {"fields": [{"name": "RowID"}, {"name": "ContractRef", "type": "string"}], "foreignKeys": [key]}
        held = {"fields": [{"name": "ContractReference", "type": "string"}], "primaryKey": ["ContractReference"]}
        package = Package.from_descriptor(
            {
                "resources": [
                    {"name": "spend", "path": "spend.csv", "schema": spend},
                    {"name": "contracts", "path": "contracts.csv", "schema": held},
                ]
            },
            basepath=str(tmp_path),
        )
        return [error.type for task in package.validate().tasks for error in task.errors]

    assert reported("r1,C-1\r\nr2,\r\n") == []
    assert reported("r1,C-9\r\n") == ["foreign-key"]
