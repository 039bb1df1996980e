"""What the published files are made of: bytes, addresses, hashes, and what outside checkers say of them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from frictionless import Dialect, Resource, Schema, formats

from services.transparency.editions.cells import CSV_CELLS, profile
from tests.harness import Running
from tests.transparency.facts import batch, line, registered
from tests.transparency.test_editions import OPEN, ledger, publish, rows


async def published(transparency: Running) -> bytes:
    """An edition whose rows hold what spreadsheets and CSV readers stumble over."""
    await ledger(
        transparency,
        line(2_512_300, name='Smith, Jones & "Co"', purpose="=1+1", paid="2017-04-01"),
        line(-2_612_345, name="Café Zoë", purpose="-100 percent", category="@cmd"),
        line(50_010, name="  Trailing  ", purpose="two\r\nlines", unit=None, company_number="3675577"),
        line(60_000, gross=True, purpose="-12.50", company_number="SC123456", charity_number="1234567-1"),
        line(1_299, card="gpc", kind="card", name="+44 Shop"),
    )
    await publish(transparency)
    return (await transparency.anonymous.get(f"{OPEN}/v1/spend.csv")).content


def test_the_columns_are_those_of_the_profile_in_its_order() -> None:
    """Domain section 5: sector columns first, exact order and spelling."""
    assert list(CSV_CELLS) == [column["header"] for column in profile("spend")]


async def test_the_bytes_are_utf8_with_crlf_and_quotes_only_where_needed(transparency: Running) -> None:
    """T-55, T-56."""
    data = await published(transparency)
    assert not data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\n") == data.count(b"\r\n") == 6
    text = data.decode()
    assert '"Smith, Jones & ""Co"""' in text
    assert "Café Zoë," in text
    assert ",Trailing," in text
    assert text.count('"') == 6


async def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe_in_csv_alone_and_is_counted(
    transparency: Running,
) -> None:
    """T-56."""
    await published(transparency)
    found = {row["Amount"]: row for row in await rows(transparency)}
    assert found["25123.00"]["Purpose"] == "'=1+1"
    assert (found["-26123.45"]["Purpose"], found["-26123.45"]["CategoryInternalName"]) == ("'-100 percent", "'@cmd")
    assert (found["600.00"]["Purpose"], found["12.99"]["BeneficiaryName"]) == ("-12.50", "'+44 Shop")
    metadata = (await transparency.anonymous.get(f"{OPEN}/v1/edition.json")).json()
    assert metadata["guarded_cells"] == 4
    plain = (await transparency.anonymous.get(f"{OPEN}/v1/spend.json")).json()
    assert "=1+1" in {row["purpose"] for row in plain["rows"]}


async def test_dates_and_money_are_written_in_one_form(transparency: Running) -> None:
    """T-55, worked example 9: 25123.00, -26123.45, dd/mm/yyyy."""
    await published(transparency)
    found = {row["Amount"]: row for row in await rows(transparency)}
    assert {"25123.00", "-26123.45", "500.10", "600.00", "12.99"} == set(found)
    assert found["25123.00"]["PaymentDate"] == "01/04/2017"
    assert found["25123.00"]["EffectiveDate"] == "30/06/2017"
    assert found["500.10"]["OrganisationalUnit"] == "Not stated"
    assert found["500.10"]["Purpose"] == "two  lines"


async def test_a_company_number_that_is_not_eight_characters_leaves_its_cell_empty(transparency: Running) -> None:
    """T-29, worked example 8: 3675577 is not padded; SC123456 passes."""
    await published(transparency)
    found = {row["Amount"]: row for row in await rows(transparency)}
    assert found["500.10"]["CompaniesHouseRegistrationNumber"] == ""
    assert found["600.00"]["CompaniesHouseRegistrationNumber"] == "SC123456"
    metadata = (await transparency.anonymous.get(f"{OPEN}/v1/edition.json")).json()
    assert metadata["warnings"]["company_number_suspect"] == 1


async def test_frictionless_finds_the_file_valid_against_its_table_schema(
    transparency: Running, tmp_path: Path
) -> None:
    """Domain section 5: files pass a Table Schema engine, forced to UTF-8."""
    data = await published(transparency)
    schema = (await transparency.anonymous.get(f"{OPEN}/v1/schema.json")).json()
    assert errors(data, schema, tmp_path) == []


@pytest.mark.parametrize(
    ("found", "broken"),
    [
        (b",25123.00,", b',"25,123.00",'),
        (b",25123.00,", b",25123.00,,"),
        (b",25123.00,", b",-0.00,"),
        (b",None,", b",none,"),
        (b"Caf\xc3\xa9", b"Caf\xe9"),
        (b",01/04/2017,", b",2017-04-01,"),
        (b"PaymentDate,", b""),
    ],
)
async def test_frictionless_finds_each_fault_that_is_put_in(
    transparency: Running, tmp_path: Path, found: bytes, broken: bytes
) -> None:
    """Worked example 9: mutants fail. A guard that never fails guards nothing."""
    data = await published(transparency)
    schema = (await transparency.anonymous.get(f"{OPEN}/v1/schema.json")).json()
    assert found in data
    assert errors(data.replace(found, broken, 1), schema, tmp_path)


async def test_a_file_is_named_by_its_hash_for_ever(transparency: Running) -> None:
    """T-49; design section 5: strong ETag, 304, immutable, any origin."""
    data = await published(transparency)
    client = transparency.anonymous
    answer = await client.get(f"{OPEN}/v1/spend.csv")
    digest = hashlib.sha256(data).hexdigest()
    assert answer.headers["etag"] == f'"{digest}"'
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    again = await client.get(f"{OPEN}/v1/spend.csv", headers={"If-None-Match": f'"{digest}"'})
    assert (again.status_code, again.content) == (304, b"")
    latest = await client.get(f"{OPEN}/latest.csv")
    assert latest.status_code == 307
    assert latest.headers["location"].endswith(f"{OPEN}/v1/spend.csv")
    assert (await client.get(f"{OPEN}/v1/other.csv")).status_code == 404
    assert (await client.get(f"{OPEN}/v2/spend.csv")).status_code == 404


@pytest.mark.parametrize("number", ["01", "+1", "1.0", "1_0", "%31%20", "١", "0"])
async def test_a_file_has_one_address_and_no_second_spelling_of_it(transparency: Running, number: str) -> None:
    """T-49; domain section 5: `v{n}` is permanent, so v01 is no address of the first edition."""
    await published(transparency)
    answer = await transparency.anonymous.get(f"{OPEN}/v{number}/spend.csv")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_the_metadata_accounts_for_the_file(transparency: Running) -> None:
    """T-14, T-20: methodology, counts, total, hash, reconciliation, every file's hash."""
    data = await published(transparency)
    metadata = (await transparency.anonymous.get(f"{OPEN}/v1/edition.json")).json()
    assert metadata["sha256"] == metadata["files"]["spend.csv"]["sha256"] == hashlib.sha256(data).hexdigest()
    assert metadata["rows"] == 5
    reconciliation = metadata["reconciliation"]
    assert reconciliation["difference"] == {"lines": 0, "pence": 0}
    assert reconciliation["published"]["pence"] == metadata["total_pence"]
    assert [month["lines"] for month in reconciliation["months"]] == [2, 5, 1]
    assert metadata["methodology"]["parameters"]["threshold_pence"] == 50_000
    assert metadata["period_end"] == "2017-06-30"
    for name, file in metadata["files"].items():
        content = (await transparency.anonymous.get(f"{OPEN}/v1/{name}")).content
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (file["sha256"], file["bytes"])


async def test_json_holds_the_same_rows_in_pence(transparency: Running) -> None:
    """T-57: exact integers, unknown VAT null."""
    await published(transparency)
    plain = json.loads((await transparency.anonymous.get(f"{OPEN}/v1/spend.json")).content)
    assert (plain["publisher"], plain["period"], plain["edition"]) == ("body", "2017-18-q1", 1)
    by_amount = {row["amount_pence"]: row for row in plain["rows"]}
    assert by_amount[60_000]["irrecoverable_vat_pence"] is None
    assert by_amount[2_512_300]["beneficiary"] == 'Smith, Jones & "Co"'
    assert [row["row_id"] for row in plain["rows"]] == [row["RowID"] for row in await rows(transparency)]


async def test_backslashes_and_tabs_survive_the_way_to_json(transparency: Running) -> None:
    await transparency.receive(registered(whole_body=True))
    await transparency.receive(*batch(line(90_000, name="A\\B \\n \\\\ C", purpose='tab\there "x"')))
    await publish(transparency)
    plain = json.loads((await transparency.anonymous.get(f"{OPEN}/v1/spend.json")).content)
    assert plain["rows"][0]["beneficiary"] == "A\\B \\n \\\\ C"
    assert plain["rows"][0]["purpose"] == 'tab\there "x"'


def errors(data: bytes, schema: dict[str, Any], folder: Path) -> list[str]:
    """What Frictionless says against these bytes."""
    (folder / "spend.csv").write_bytes(data)
    resource = Resource(
        path="spend.csv",
        basepath=str(folder),
        encoding="utf-8",
        schema=Schema.from_descriptor(schema),
        dialect=Dialect(controls=[formats.CsvControl(delimiter=",")]),
    )
    report = resource.validate()
    return [error[0] for error in report.flatten(["type"])]
