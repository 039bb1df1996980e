"""The 360Giving export over HTTP, valid against that standard's own schema where it is at hand."""

from __future__ import annotations

import csv
import io
import json
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

from services.grants.onward_awards.rules import Body, OnwardAward, grant_of, in_pounds
from services.grants.organisations.tables import Identifier
from tests.grants.steps import budgeted, done, problem, register
from tests.grants.test_awards import AWARD, AWARDS
from tests.harness import Running

STANDARDS = Path(os.environ.get("OUTTURN_STANDARDS_DIR", Path(__file__).parents[3] / "shared" / "standards"))
SCHEMAS = STANDARDS / "360giving-1.4.3"
SCHEMA_ADDRESS = "https://raw.githubusercontent.com/ThreeSixtyGiving/standard/{}/schema/360-giving-schema.json"
EXPORT = "/v1/onward-awards/360giving.json"
COMPANY = [{"scheme": "GB-COH", "id": "03675577"}]


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    """The package schema; it names the grant schema under its 1.4.2 id, which is registered beside 1.4.3."""
    if not SCHEMAS.is_dir():
        pytest.skip(f"no 360Giving schemas in {STANDARDS}; name their folder in OUTTURN_STANDARDS_DIR")
    grant = json.loads((SCHEMAS / "360-giving-schema.json").read_text())
    resources = [(SCHEMA_ADDRESS.format(version), Resource.opaque(grant)) for version in ("1.4.2", "1.4.3")]
    formats = FormatChecker(())

    @formats.checks("date-time", raises=ValueError)
    def is_instant(text: object) -> bool:
        # Days and instants are alternatives there: a day must not pass for an instant.
        return isinstance(text, str) and "T" in text and bool(datetime.fromisoformat(text))

    @formats.checks("uri", raises=ValueError)
    def is_address(text: object) -> bool:
        return isinstance(text, str) and bool(httpx.URL(text).scheme)

    package = json.loads((SCHEMAS / "360-giving-package-schema.json").read_text())
    return Draft202012Validator(package, registry=Registry().with_resources(resources), format_checker=formats)


async def awarded(grants: Running, slug: str, identifiers: list[dict[str, str]], **more: Any) -> dict[str, Any]:
    await register(grants, slug, identifiers=identifiers)
    body = {**AWARD, "organisation": slug, "amount_pence": 1_000_050, "use_codes": [], **more}
    return done(await grants.as_("grants:manager").post(AWARDS, json=body))


async def handing_on(grants: Running) -> None:
    """An agreement whose recipient is in a register."""
    await register(grants, "agency", name="Improvement Agency", identifiers=COMPANY)
    await budgeted(grants)


async def test_the_export_is_valid_against_the_standard(grants: Running, validator: Draft202012Validator) -> None:
    """G-23: 360Giving 1.4. Ids are text and keep their leading zeros."""
    await handing_on(grants)
    first = await awarded(
        grants, "centre", [{"scheme": "GB-COH", "id": "00012345"}], planned_from="2017-05-10", planned_to="2018-03-31"
    )
    second = await awarded(
        grants, "charity", [{"scheme": "GB-CHC", "id": "0123456"}, {"scheme": "GB-COH", "id": "01111111"}]
    )
    answer = await grants.anonymous.get(EXPORT)
    assert answer.headers["content-type"] == "application/json"
    package = done(answer, 200)
    assert [error.message for error in validator.iter_errors(package)] == []
    assert package["version"] == "1.4"
    grant = package["grants"][0]
    assert grant == {
        "id": f"GB-COH-03675577-{first['id']}",
        "title": "Scrutiny support",
        "description": "Helpdesk, networks and events.",
        "currency": "GBP",
        "amountAwarded": 10_000.5,
        "amountDisbursed": 0,
        "awardDate": "2017-05-10",
        "recipientOrganization": [{"id": "GB-COH-00012345", "name": "Centre", "companyNumber": "00012345"}],
        "fundingOrganization": [
            {"id": "GB-COH-03675577", "name": "Improvement Agency", "companyNumber": "03675577"},
        ],
        "grantProgramme": [{"code": "CF", "title": "CfPS"}],
        "dateModified": "2018-06-01T12:00:00Z",
        "plannedDates": [{"startDate": "2017-05-10", "endDate": "2018-03-31"}],
    }
    recipient = package["grants"][1]["recipientOrganization"][0]
    assert (recipient["id"], recipient["charityNumber"]) == ("GB-CHC-0123456", "0123456")
    assert package["publisher"] == {"identifier": "GB-COH-03675577", "name": "Improvement Agency"}
    assert '"amountAwarded": 10000.5' in answer.text
    assert str(second["id"]) in package["grants"][1]["id"]
    tag = answer.headers["etag"]
    assert (await grants.anonymous.get(EXPORT, headers={"If-None-Match": tag})).status_code == 304


@pytest.mark.parametrize(
    "spoil",
    [
        lambda grant: grant.pop("awardDate"),
        lambda grant: grant.update(awardDate="10/05/2017"),
        lambda grant: grant.update(amountAwarded="10000.50"),
        lambda grant: grant.update(currency="Pounds"),
        lambda grant: grant["recipientOrganization"][0].update(id=12345),
        lambda grant: grant["recipientOrganization"].clear(),
    ],
)
async def test_the_standard_s_schema_finds_what_is_not_valid(
    grants: Running, validator: Draft202012Validator, spoil: Any
) -> None:
    """The guard of the test above, seen to fail."""
    await handing_on(grants)
    await awarded(grants, "centre", [{"scheme": "GB-COH", "id": "00012345"}])
    package = done(await grants.anonymous.get(EXPORT), 200)
    assert validator.is_valid(package)
    spoil(package["grants"][0])
    assert not validator.is_valid(package)
    assert not validator.is_valid({**package, "grants": []})


async def test_an_award_without_an_organisation_id_is_left_out_with_its_reason_while_the_others_go(
    grants: Running,
) -> None:
    """G-23."""
    await handing_on(grants)
    goes = await awarded(grants, "centre", [{"scheme": "GB-COH", "id": "00012345"}])
    council = await awarded(grants, "council", [{"scheme": "GSS", "id": "E08000033"}])
    nobody = await awarded(grants, "nobody", [])
    found = done(await grants.anonymous.get("/v1/onward-awards"), 200)
    assert [one["award_id"] for one in found["items"]] == [goes["id"]]
    assert {(one["award_id"], one["code"]) for one in found["left_out"]} == {
        (council["id"], "organisation_id_missing"),
        (nobody["id"], "organisation_id_missing"),
    }
    assert "council has no organisation id; add its GB-COH" in found["left_out"][0]["detail"]
    package = done(await grants.anonymous.get(EXPORT), 200)
    assert [grant["id"] for grant in package["grants"]] == [found["items"][0]["grant_id"]]


OLD = (
    ("GB-COH", "3675577"), ("GB-CHC", "SC012345"), ("GB-COH", "N/A"), ("GB-COH", "3.68E+06"), ("GB-CHC", "#N/A"),
    ("GB-SC", "12345"), ("GB-LAE", "none"),
)  # fmt: skip


async def store(grants: Running, slug: str, scheme: str, text: str) -> None:
    """An identifier as it was stored before its form was tested."""
    body = done(await grants.anonymous.get(f"/v1/organisations/{slug}"), 200)
    async with grants.session() as session:
        session.add(Identifier(organisation_id=UUID(body["id"]), scheme=scheme, identifier=text))
        await session.commit()


@pytest.mark.parametrize(("scheme", "text"), OLD)
async def test_an_old_identifier_that_cannot_be_right_is_never_published(
    grants: Running, scheme: str, text: str
) -> None:
    """G-23, T-29: the award is left out with its reason while the others go; another usable id is taken instead."""
    await handing_on(grants)
    goes = await awarded(grants, "centre", [{"scheme": "GB-COH", "id": "00012345"}], amount_pence=100)
    stays = await awarded(grants, "charity", [], amount_pence=100)
    both = await awarded(grants, "both", [{"scheme": "GB-NIC", "id": "100012"}], amount_pence=100)
    await store(grants, "charity", scheme, text)
    await store(grants, "both", scheme, f"{text} ")
    found = done(await grants.anonymous.get("/v1/onward-awards"), 200)
    assert {one["award_id"] for one in found["items"]} == {goes["id"], both["id"]}
    (left,) = found["left_out"]
    assert (left["award_id"], left["code"]) == (stays["id"], "organisation_id_unusable")
    assert f"is no identifier of {scheme}" in left["detail"]
    table = (await grants.anonymous.get("/v1/onward-awards/360giving.csv")).text
    package = await grants.anonymous.get(EXPORT)
    for told in (table, package.text):
        assert not [way for way in (f'"{text}', f",{text}", f"-{text}") if way in told]
    ids = {one["recipientOrganization"][0]["id"] for one in package.json()["grants"]}
    assert ids == {"GB-COH-00012345", "GB-NIC-100012"}


async def test_an_old_unusable_identifier_of_the_body_that_hands_on_keeps_its_awards_out(grants: Running) -> None:
    """G-23: the funder's id stands in every grant's own id."""
    await budgeted(grants)
    await store(grants, "agency", "GB-COH", "3675577")
    await awarded(grants, "centre", [{"scheme": "GB-COH", "id": "00012345"}])
    (left,) = done(await grants.anonymous.get("/v1/onward-awards"), 200)["left_out"]
    assert (left["code"], "a leading zero was probably lost" in left["detail"]) == ("funder_id_unusable", True)
    problem(await grants.anonymous.get(EXPORT), 404)


async def test_an_award_dated_after_the_export_is_refused(grants: Running) -> None:
    """G-23; an award of a later day than today is refused when it is made."""
    await handing_on(grants)
    late = await awarded(grants, "centre", [{"scheme": "GB-COH", "id": "00012345"}], awarded_on="2017-06-10")
    early = await awarded(grants, "charity", [{"scheme": "GB-CHC", "id": "0123456"}], awarded_on="2017-05-10")
    found = done(await grants.anonymous.get("/v1/onward-awards", params={"as_at": "2017-06-09"}), 200)
    assert [one["award_id"] for one in found["items"]] == [early["id"]]
    assert [(one["award_id"], one["code"]) for one in found["left_out"]] == [(late["id"], "dated_after_export")]
    assert "It is dated after the export of 2017-06-09" in found["left_out"][0]["detail"]
    grants.clock.set(datetime(2018, 6, 1, 12, tzinfo=UTC))
    tomorrow = {**AWARD, "organisation": "centre", "awarded_on": "2018-06-02"}
    assert problem(await grants.as_("grants:manager").post(AWARDS, json=tomorrow), 422) == {
        "/awarded_on": "future_date"
    }


async def test_a_body_that_hands_on_without_an_id_keeps_its_awards_out(grants: Running) -> None:
    await budgeted(grants)
    await awarded(grants, "centre", [{"scheme": "GB-COH", "id": "00012345"}])
    found = done(await grants.anonymous.get("/v1/onward-awards"), 200)
    assert [one["code"] for one in found["left_out"]] == ["funder_id_missing"]
    refused = await grants.anonymous.get(EXPORT)
    problem(refused, 404)
    assert "1 left out" in refused.json()["detail"]


async def test_what_ended_unpaid_is_left_out_and_the_year_narrows(grants: Running) -> None:
    await handing_on(grants)
    made = await awarded(grants, "centre", [{"scheme": "GB-COH", "id": "00012345"}])
    assert len(done(await grants.anonymous.get(EXPORT, params={"year": "2017/18"}), 200)["grants"]) == 1
    problem(await grants.anonymous.get(EXPORT, params={"year": "2016-17"}), 404)
    assert problem(await grants.anonymous.get(EXPORT, params={"year": "2017/19"}), 422) == {"year": "bad_year_label"}
    end = {"to": "ended", "reason": "Withdrawn."}
    done(await grants.as_("grants:manager").post(f"{AWARDS}/{made['id']}/state-changes", json=end))
    found = done(await grants.anonymous.get("/v1/onward-awards"), 200)
    assert [one["code"] for one in found["left_out"]] == ["ended_unpaid"]


async def test_an_award_goes_once_its_use_is_allowed_and_why_not_before_is_not_said(grants: Running) -> None:
    """G-19, G-23: what is undeclared, undecided or refused reads alike to the public."""
    await handing_on(grants)
    kinds: dict[str, Any] = {"undeclared": {"use_codes": None}, "asked": {"use_codes": ["PU6"]}, "said-no": {}}
    kinds["said-no"] = {"use_codes": [], "description": "It will lobby."}
    made = {}
    for number, (slug, more) in enumerate(kinds.items(), 1):
        identifiers = [{"scheme": "GB-COH", "id": f"0000000{number}"}]
        made[slug] = await awarded(grants, slug, identifiers, amount_pence=1_000, **more)
    cfo = grants.as_("grants:cfo", sub="person:cfo")

    async def decided(slug: str, outcome: str) -> None:
        path = f"/v1/use-declarations/{made[slug]['use']['declaration_id']}/decisions"
        done(await cfo.post(path, json={"outcome": outcome, "reason": "Read with its plan."}))

    await decided("said-no", "refused")
    shown = done(await grants.anonymous.get("/v1/onward-awards"), 200)
    assert shown["items"] == []
    assert {(one["code"], one["detail"]) for one in shown["left_out"]} == {
        ("use_not_settled", "Its use is not settled; it goes once that is declared and allowed.")
    }
    assert {one["organisation"] for one in shown["left_out"]} == set(kinds)
    problem(await grants.anonymous.get(EXPORT), 404)
    await decided("asked", "allowed")
    (grant,) = done(await grants.anonymous.get(EXPORT), 200)["grants"]
    assert grant["recipientOrganization"][0]["id"] == "GB-COH-00000002"


async def test_the_export_comes_as_a_table_too(grants: Running) -> None:
    """G-23: columns as in the standard's own spreadsheets; a text that one would run is guarded."""
    await handing_on(grants)
    await awarded(grants, "centre", [{"scheme": "GB-COH", "id": "00012345"}], title="=1+1")
    answer = await grants.anonymous.get("/v1/onward-awards/360giving.csv")
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert (row["Title"], row["Amount Awarded"], row["Award Date"]) == ("'=1+1", "10000.50", "2017-05-10")
    assert (row["Recipient Org:Identifier"], row["Recipient Org:Company Number"]) == ("GB-COH-00012345", "00012345")
    assert (row["Funding Org:Identifier"], row["Funding Org:Name"]) == ("GB-COH-03675577", "Improvement Agency")


@pytest.mark.parametrize(
    ("identifiers", "org_id"),
    [
        ({"GB-COH": "00012345"}, "GB-COH-00012345"),
        ({"GB-LAE": "CAL", "GSS": "E08000033"}, "GB-LAE-CAL"),
        ({"GB-COH": "00000001", "GB-CHC": "0123456"}, "GB-CHC-0123456"),
        ({"XI-EIN": "77"}, "XI-EIN-77"),
        ({"GSS": "E08000033"}, None),
        ({}, None),
    ],
)
def test_an_organisation_id_is_written_as_its_register_is_known(identifiers: dict[str, str], org_id: str) -> None:
    """G-23: org-id.guide; a GSS code names a place, not a body."""
    assert Body("x", "X", identifiers).org_id == org_id


@pytest.mark.parametrize(
    ("pence", "text"), [(100, "1"), (29, "0.29"), (1_000_050, "10000.5"), (999_999_999_999_99, "999999999999.99")]
)
def test_pounds_of_the_export_have_at_most_two_decimals(pence: int, text: str) -> None:
    """G-1: no rounding on the way to a JSON number."""
    assert json.dumps(in_pounds(pence)) == text


def test_a_registered_prefix_stands_before_each_id() -> None:
    """G-23: without one an id starts with the id of the body that hands the grant on."""
    funder = Body("agency", "Agency", {"GB-COH": "03675577"})
    award = OnwardAward(
        award_id=UUID(int=7),
        year="2017/18",
        title="T",
        description="D",
        amount_pence=100,
        paid_pence=0,
        awarded_on=date(2017, 5, 10),
        planned_from=None,
        planned_to=date(2018, 3, 31),
        ended=False,
        use_allowed=True,
        modified_at=datetime(2017, 5, 10, tzinfo=UTC),
        line_code="CF",
        line_name="CfPS",
        funder=funder,
        recipient=Body("centre", "Centre", {"GB-CHC": "0123456"}),
    )
    assert grant_of(award, "360G-example")["id"] == "360G-example-00000000-0000-0000-0000-000000000007"
    assert grant_of(award, None)["id"] == "GB-COH-03675577-00000000-0000-0000-0000-000000000007"
    assert "plannedDates" not in grant_of(award, None)
