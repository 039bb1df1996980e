"""Contracts as Open Contracting data: releases, exact amounts, ids that resolve, valid by the standard's schema."""

from __future__ import annotations

import json
import os
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT4

from services.transparency.contracts import ocds
from services.transparency.contracts.ocds_parts import Body
from services.transparency.contracts.refusals import AwardUnresolved
from tests.harness import Running
from tests.transparency.contracts.steps import (
    LEAD,
    PREFIX,
    contract,
    drafted,
    filled,
    set_prefix,
    spend_published,
)
from tests.transparency.facts import at, line, registered, signed

STANDARDS = Path(os.environ.get("OUTTURN_STANDARDS_DIR", Path(__file__).parents[4] / "shared" / "standards"))
SCHEMAS = STANDARDS / "ocds-1.1.5"
EXPORT = "/v1/contracts/ocds.json"
PAYER = Body("body", "Improvement Body", "http://example.org", None)


@pytest.fixture(scope="module")
def validator() -> Draft4Validator:
    """The package schema with the release schema that it names."""
    if not SCHEMAS.is_dir():
        pytest.skip(f"no OCDS schemas in {STANDARDS}; name their folder in OUTTURN_STANDARDS_DIR")
    release = json.loads((SCHEMAS / "release-schema.json").read_text(encoding="utf-8"))
    package = json.loads((SCHEMAS / "release-package-schema.json").read_text(encoding="utf-8"))
    formats = FormatChecker(())

    @formats.checks("date-time", raises=ValueError)
    def is_instant(text: object) -> bool:
        return not isinstance(text, str) or ("T" in text and datetime.fromisoformat(text).tzinfo is not None)

    resource = DRAFT4.create_resource(release)
    registry: Registry[Any] = Registry().with_resource(release["id"], resource)
    return Draft4Validator(package, registry=registry, format_checker=formats)


def faults(validator: Draft4Validator, data: bytes) -> list[str]:
    return [f"{list(error.absolute_path)}: {error.message}" for error in validator.iter_errors(json.loads(data))]


def exact(data: bytes) -> dict[str, Any]:
    return json.loads(data, parse_float=Decimal)  # type: ignore[no-any-return]


async def paid(transparency: Running) -> None:
    await transparency.receive(signed())
    supplier = {"name": "Specimen Venues Limited", "company_number": "99900001"}
    await spend_published(
        transparency,
        line(100_010, contract_ref="C-001", item="one", **supplier),
        line(20, contract_ref="C-001", item="one", line_no=2, name="Another Payee Ltd", paid="2017-06-01"),
        line(77_700, contract_ref="C-001", name="R Specimen", party_kind="sole_trader", party_key="rs"),
        line(88_800, contract_ref="C-001", name=None, party_kind="individual", purpose="Settlement"),
    )


async def test_the_file_of_an_edition_is_valid_and_tells_new_from_change(
    transparency: Running, validator: Draft4Validator
) -> None:
    """T-57; domain section 5: tags, one ocid a contract, a new release id a version, a reason for each amendment."""
    await filled(transparency, prefix=True)
    await paid(transparency)
    packages = {}
    for number in (1, 2, 3, 4):
        (file,) = (await drafted(transparency, f"2017-18-q{number}")).files
        assert (file.name, file.media_type) == ("ocds.json", "application/json")
        assert faults(validator, file.data) == []
        packages[number] = exact(file.data)
    first = packages[1]
    assert first["uri"] == f"http://test/transparency/open/{LEAD}/contracts/2017-18-q1/v1/ocds.json"
    assert (first["version"], first["publisher"]["uid"]) == ("1.1", "03675577")
    tags = {(release["id"]): release["tag"] for package in packages.values() for release in package["releases"]}
    assert tags[f"{PREFIX}-C-001-v1"] == ["award", "contract"]
    assert tags[f"{PREFIX}-C-001-v2"] == tags[f"{PREFIX}-C-010-v2"] == ["contractAmendment"]
    assert tags[f"{PREFIX}-C-012-v2"] == ["contractUpdate"]
    assert tags[f"{PREFIX}-C-018-v2"] == ["contractTermination"]
    assert {release["initiationType"] for package in packages.values() for release in package["releases"]} == {"tender"}
    releases = {release["id"]: release for package in packages.values() for release in package["releases"]}
    amended = releases[f"{PREFIX}-C-001-v2"]
    assert amended["ocid"] == releases[f"{PREFIX}-C-001-v1"]["ocid"] == f"{PREFIX}-C-001"
    (amendment,) = amended["contracts"][0]["amendments"]
    assert (amendment["rationale"], amendment["amendsReleaseID"]) == (
        "The register gives no reason for this change.",
        f"{PREFIX}-C-001-v1",
    )
    assert amended["contracts"][0]["value"] == {"amount": Decimal("371000.00"), "currency": "GBP"}
    assert amended["awards"][0]["value"]["amount"] == Decimal("184000.00")
    assert amended["contracts"][0]["period"] == {
        "startDate": "2017-05-01T00:00:00+01:00",
        "endDate": "2019-04-30T23:59:59+01:00",
        "maxExtentDate": "2019-04-30T23:59:59+01:00",
    }
    assert amended["contracts"][0]["milestones"][0]["dueDate"] == "2018-12-03T00:00:00+00:00"
    exempt = releases[f"{PREFIX}-C-006-v1"]["contracts"][0]
    assert (exempt["value"]["amount"], exempt["irrecoverableVAT"]["amount"]) == (
        Decimal("33600.00"),
        Decimal("3600.00"),
    )
    call_off = releases[f"{PREFIX}-C-002-v1"]
    assert call_off["relatedProcesses"][0]["identifier"] == f"{PREFIX}-F-001"
    assert call_off["tender"]["procurementMethod"] == "selective"


async def test_suppliers_are_known_by_their_register_and_suspect_numbers_go_nowhere(transparency: Running) -> None:
    """T-22, T-29, worked example 8: party id GB-COH-…; `3675577` and `9.99E+07` name nobody."""
    await filled(transparency, prefix=True)
    answer = await transparency.anonymous.get(EXPORT, params={"publisher": LEAD})
    releases = {release["id"]: release for release in exact(answer.content)["releases"]}

    def supplier(name: str) -> dict[str, Any]:
        release = releases[f"{PREFIX}-{name}"]
        (party,) = [party for party in release["parties"] if "supplier" in party["roles"]]
        assert release["awards"][0]["suppliers"] == [{"id": party["id"], "name": party["name"]}]
        return party  # type: ignore[no-any-return]

    assert supplier("C-001-v1")["id"] == "GB-COH-99900001"
    assert supplier("C-003-v1")["id"] == "GB-COH-00000001"
    assert supplier("C-003-v1")["additionalIdentifiers"][0]["id"] == "9990001"
    assert supplier("C-019-v1")["details"] == {
        "vcse": True,
        "vcseType": "Charity or Charitable Incorporated Organisation",
        "sme": True,
    }
    assert supplier("C-013-v1")["id"] == f"{LEAD}-supplier-S-0014"
    assert "identifier" not in supplier("C-014-v1")
    assert supplier("C-008-v1")["name"] == "R Specimen trading as Specimen Review"
    assert "9990013" not in answer.text
    assert "9.99E+07" not in answer.text


async def test_payments_to_organisations_are_transactions_under_their_public_row_ids(
    transparency: Running, validator: Draft4Validator
) -> None:
    """T-19, T-57: 1000.10 + 0.20 stay exact; persons and sole traders are in no transaction."""
    await filled(transparency, prefix=True)
    await paid(transparency)
    answer = await transparency.anonymous.get(EXPORT, params={"publisher": LEAD})
    assert faults(validator, answer.content) == []
    (release,) = [release for release in exact(answer.content)["releases"] if release["tag"] == ["implementation"]]
    (paid_under,) = release["contracts"]
    transactions = paid_under["implementation"]["transactions"]
    assert [str(transaction["value"]["amount"]) for transaction in transactions] == ["1000.10", "0.20"]
    assert all(len(transaction["id"]) == 32 for transaction in transactions)
    payees = [transaction["payee"]["id"] for transaction in transactions]
    assert payees[0] == "GB-COH-99900001"
    assert set(payees) <= {party["id"] for party in release["parties"]}
    assert "Settlement" not in answer.text
    assert release["ocid"] == f"{PREFIX}-C-001"


async def test_a_correction_keeps_the_ocid_and_its_value_is_what_merging_gives(transparency: Running) -> None:
    """T-54, worked example 14: same ocid, new release id, tag contractUpdate, value as v2; again: the same bytes."""
    await transparency.receive(registered())
    await set_prefix(transparency, "body")
    preparer = transparency.as_("transparency:preparer")
    await preparer.post("/v1/contracts", json=contract(value_pence=1_234_000))
    change = {"kind": "correction", "signed_at": "2017-05-02T09:00:00Z", "rationale": "A row read 1,200.00."}
    answer = await preparer.post("/v1/contracts/body/C-1/versions", json=change | {"value_pence": 1_216_000})
    assert answer.status_code == 201, answer.text
    first = await transparency.anonymous.get(EXPORT, params={"publisher": "body"})
    releases = exact(first.content)["releases"]
    assert {release["ocid"] for release in releases} == {f"{PREFIX}-C-1"}
    assert [(release["id"], release["tag"]) for release in releases] == [
        (f"{PREFIX}-C-1-v1", ["award", "contract"]),
        (f"{PREFIX}-C-1-v2", ["contractUpdate"]),
    ]
    compiled: dict[str, Any] = {}
    for release in sorted(releases, key=lambda release: release["date"]):
        compiled |= release["contracts"][0] | {"award": release["awards"][0]["value"]}
    assert compiled["value"]["amount"] == compiled["award"]["amount"] == Decimal("12160.00")
    assert compiled["changeReason"] == "A row read 1,200.00."
    again = await transparency.anonymous.get(
        EXPORT, params={"publisher": "body"}, headers={"If-None-Match": first.headers["etag"]}
    )
    assert again.status_code == 304


async def test_there_is_no_export_without_a_prefix(transparency: Running) -> None:
    """Domain section 7: 409, and the draft says why it has no such file."""
    await filled(transparency)
    answer = await transparency.anonymous.get(EXPORT, params={"publisher": LEAD})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "no_ocds_prefix")
    assert answer.json()["detail"].startswith(f"{LEAD} has no Open Contracting prefix")
    draft = await drafted(transparency)
    assert draft.files == []
    assert any("no registered prefix" in note for note in draft.notes)
    assert {row.cells.get("OpenContractingID") for row in draft.rows} == {None}
    await set_prefix(transparency, LEAD)
    with_prefix = await drafted(transparency)
    assert with_prefix.rows[0].cells["OpenContractingID"] == f"{PREFIX}-F-001"
    assert with_prefix.mark != draft.mark


async def test_a_personal_text_of_an_earlier_version_is_held_back_in_every_file(transparency: Running) -> None:
    """T-24: the correction of a text must not leave it in the release of the version before."""
    await transparency.receive(registered())
    await set_prefix(transparency, "body")
    preparer = transparency.as_("transparency:preparer")
    await preparer.post("/v1/contracts", json=contract(description="Call Jo on 07700 900123"))
    change = {"kind": "correction", "signed_at": "2017-05-02T09:00:00Z", "rationale": "Call 07700 900123 no more."}
    await preparer.post("/v1/contracts/body/C-1/versions", json=change | {"description": "Call the desk"})
    draft = await drafted(transparency, publisher="body")
    assert draft.findings == []
    assert b"07700" not in draft.files[0].data
    assert b"Call the desk" in draft.files[0].data


async def test_the_additional_fields_are_declared_at_an_address_that_answers(transparency: Running) -> None:
    """Domain section 5: irrecoverable VAT, fixed cost, size and VCSE are declared additional fields."""
    await filled(transparency, prefix=True)
    export = exact((await transparency.anonymous.get(EXPORT, params={"publisher": LEAD})).content)
    (address,) = export["extensions"]
    declared = await transparency.anonymous.get(address.removeprefix("http://test/transparency"))
    assert declared.json()["schemas"] == ["release-schema.json"]
    schema = (await transparency.anonymous.get("/open/ocds-extension/release-schema.json")).json()
    core = {
        *("id", "awardID", "title", "description", "status", "period", "value", "dateSigned", "items", "milestones"),
        *("documents", "amendments", "implementation"),
    }
    used = {name for release in export["releases"] for one in release["contracts"] for name in one}
    assert used - core <= set(schema["definitions"]["Contract"]["properties"])
    assert "irrecoverableVAT" in used
    assert (await transparency.anonymous.get("/open/ocds-extension/other.json")).status_code == 404


def test_a_contract_whose_award_is_not_there_is_found() -> None:
    """Worked example 16: general checkers let it pass."""
    release = {"ocid": "ocds-ab12cd-1", "awards": [{"id": "a"}], "contracts": [{"id": "1", "awardID": "a"}]}
    assert ocds.unresolved_awards({"releases": [release]}) == []
    broken = {**release, "contracts": [{"id": "1", "awardID": "b"}]}
    assert ocds.unresolved_awards({"releases": [broken]}) == ["ocds-ab12cd-1 1"]
    elsewhere = {**release, "ocid": "ocds-ab12cd-2", "awards": []}
    assert ocds.unresolved_awards({"releases": [release, elsewhere]}) == ["ocds-ab12cd-2 1"]
    with pytest.raises(AwardUnresolved, match="ocds-ab12cd-1 1"):
        ocds.package([broken], body=PAYER, uri="http://u", published_at=at("2018-06-01T12:00"), extension="http://e")


def test_amounts_are_written_from_the_exact_value() -> None:
    """T-57: no binary fraction; 7956.42 three times + 0.10 + 0.20 is 23869.56 (worked example 9)."""
    pence = 3 * 795_642 + 10 + 20
    assert ocds.exact_json({"a": [Decimal(pence).scaleb(-2), 1, None, True, 'é"\n']}) == (
        '{"a":[23869.56,1,null,true,"é\\"\\n"]}'
    )
    assert ocds.exact_json(Decimal(2**63 - 1).scaleb(-2)) == "92233720368547758.07"
    with pytest.raises(TypeError):
        ocds.exact_json({"a": 0.1})
