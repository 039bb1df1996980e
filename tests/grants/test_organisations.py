"""Organisations over HTTP: registered, renamed from a day on, described anew."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from services.grants.organisations.tables import Identifier
from shared.events.grants import OrganisationRegistered
from tests.grants.steps import done, problem, register
from tests.harness import Running

ORGANISATIONS = "/v1/organisations"
DEPARTMENT = {"slug": "department", "name": "Department for Communities", "name_since": "2006-05-05"}


async def test_an_organisation_is_read_by_slug_and_by_id_and_told_to_all(grants: Running) -> None:
    """G-23: identifiers are text and keep leading zeros."""
    identifiers = [{"scheme": "GB-COH", "id": "03675577"}]
    made = await register(grants, "agency", identifiers=identifiers, is_publisher=True, methodology_scope="whole_body")
    for key in ("agency", made["id"]):
        shown = await grants.anonymous.get(f"{ORGANISATIONS}/{key}")
        assert done(shown, 200) == made
        assert shown.headers["etag"].startswith('"1.')
    (fact,) = await grants.emitted(OrganisationRegistered)
    assert (fact.slug, fact.version, fact.is_publisher, fact.methodology_scope) == ("agency", 1, True, "whole_body")
    assert [(each.scheme, each.id) for each in fact.identifiers] == [("GB-COH", "03675577")]


async def test_a_department_that_changes_its_name_stays_the_same_party(grants: Running) -> None:
    """G-5: each day has its name."""
    made = await register(grants, **DEPARTMENT)
    client = grants.as_("grants:manager")
    body = {"name": "Ministry of Housing", "since": "2018-01-08"}
    renamed = done(await client.post(f"{ORGANISATIONS}/department/names", json=body))
    assert (renamed["id"], renamed["name"], renamed["version"]) == (made["id"], "Ministry of Housing", 2)

    async def name(day: str) -> Any:
        return done(await grants.anonymous.get(f"{ORGANISATIONS}/department", params={"as_at": day}), 200)["name"]

    assert await name("2018-01-07") == "Department for Communities"
    assert await name("2018-01-08") == "Ministry of Housing"
    assert await name("2001-01-01") == "Department for Communities"
    assert problem(await client.post(f"{ORGANISATIONS}/department/names", json=body), 409) == {
        "/since": "name_day_taken"
    }
    assert [(fact.name, fact.version) for fact in await grants.emitted(OrganisationRegistered)] == [
        ("Department for Communities", 1),
        ("Ministry of Housing", 2),
    ]


async def test_an_earlier_name_entered_later_leaves_the_latest_name_in_force(grants: Running) -> None:
    """G-5: history may be entered in any order."""
    await register(grants, **DEPARTMENT)
    body = {"name": "Office of the Deputy Prime Minister", "since": "2002-05-29"}
    done(await grants.as_("grants:manager").post(f"{ORGANISATIONS}/department/names", json=body))
    facts = await grants.emitted(OrganisationRegistered)
    assert (facts[-1].name, facts[-1].version) == ("Department for Communities", 2)


async def test_a_description_is_changed_with_if_match_only(grants: Running) -> None:
    await register(grants, "agency", identifiers=[{"scheme": "GB-COH", "id": "00000001"}])
    client = grants.as_("grants:manager")
    path = f"{ORGANISATIONS}/agency"
    identifiers = [{"scheme": "GB-COH", "id": "00000002"}, {"scheme": "GSS", "id": "E08000001"}]
    change = {"is_publisher": True, "identifiers": identifiers}
    assert (await client.patch(path, json=change)).status_code == 428
    assert (await client.patch(path, json=change, headers={"If-Match": '"7"'})).status_code == 412
    changed = done(await client.patch(path, json=change, headers={"If-Match": '"1"'}), 200)
    assert (changed["is_publisher"], changed["version"]) == (True, 2)
    assert changed["identifiers"] == identifiers


async def test_a_name_that_comes_into_force_by_time_is_no_304(grants: Running) -> None:
    """G-5: the answer changes with the day though nobody changes the organisation."""
    await register(grants, "department", name="Old")
    body = {"name": "New", "since": "2018-06-02"}
    done(await grants.as_("grants:manager").post(f"{ORGANISATIONS}/department/names", json=body))
    path = f"{ORGANISATIONS}/department"
    tag = (await grants.anonymous.get(path)).headers["etag"]
    assert (await grants.anonymous.get(path, headers={"If-None-Match": tag})).status_code == 304
    grants.clock.set(datetime(2018, 6, 1, 23, 0, tzinfo=UTC))
    later = await grants.anonymous.get(path, headers={"If-None-Match": tag})
    assert done(later, 200)["name"] == "New"
    change = {"is_publisher": True}
    done(await grants.as_("grants:manager").patch(path, json=change, headers={"If-Match": tag}), 200)


async def test_a_slug_and_an_identifier_belong_to_one_organisation(grants: Running) -> None:
    await register(grants, "agency", identifiers=[{"scheme": "GB-COH", "id": "03675577"}])
    client = grants.as_("grants:manager")
    body = {"slug": "agency", "name": "Other", "identifiers": [{"scheme": "GB-COH", "id": "03675577"}]}
    assert problem(await client.post(ORGANISATIONS, json=body), 409) == {
        "/slug": "slug_taken",
        "/identifiers/0/id": "identifier_taken",
    }
    assert len(await grants.emitted(OrganisationRegistered)) == 1


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"slug": "Agency", "name": "A"}, {"/slug": "string_pattern_mismatch"}),
        ({"slug": "agency-", "name": "A"}, {"/slug": "string_pattern_mismatch"}),
        ({"slug": "agency", "name": "  "}, {"/name": "string_too_short"}),
        ({"slug": "agency"}, {"/name": "missing"}),
        ({"slug": "agency", "name": "A", "methodology_scope": "all"}, {"/methodology_scope": "enum"}),
        ({"slug": "agency", "name": "A", "name_since": "9999-01-01"}, {"/name_since": "less_than_equal"}),
        (
            {
                "slug": "agency",
                "name": "A",
                "identifiers": [{"scheme": "GSS", "id": "E08000001"}, {"scheme": "GSS", "id": "E08000002"}],
            },
            {"/identifiers/1/scheme": "repeated_scheme"},
        ),
        ({"slug": "agency", "name": "A\u0000"}, {"/name": "bad_text"}),
    ],
)
async def test_bad_input_is_located(grants: Running, body: dict[str, Any], errors: dict[str, str]) -> None:
    assert problem(await grants.as_("grants:manager").post(ORGANISATIONS, json=body), 422) == errors
    assert await grants.emitted() == []


async def test_who_may_not_register_changes_nothing(grants: Running) -> None:
    body = {"slug": "agency", "name": "Agency"}
    problem(await grants.anonymous.post(ORGANISATIONS, json=body), 401)
    problem(await grants.as_("grants:finance").post(ORGANISATIONS, json=body), 403)
    problem(await grants.as_("grants:manager", organisations=["other"]).post(ORGANISATIONS, json=body), 403)
    problem(await grants.anonymous.get(f"{ORGANISATIONS}/agency"), 404)
    done(await grants.as_("grants:manager", organisations=["agency"]).post(ORGANISATIONS, json=body))


async def test_publishers_are_listed_in_the_order_of_their_slugs(grants: Running) -> None:
    for slug, publishes in (("b-body", True), ("a-body", True), ("c-body", False)):
        await register(grants, slug, is_publisher=publishes)
    first = done(await grants.anonymous.get(ORGANISATIONS, params={"is_publisher": "true", "limit": 1}), 200)
    assert [item["slug"] for item in first["items"]] == ["a-body"]
    second = done(await grants.anonymous.get(first["links"]["next"].removeprefix("http://test/grants")), 200)
    assert [item["slug"] for item in second["items"]] == ["b-body"]
    assert second["links"]["next"] is None
    assert problem(await grants.anonymous.get(ORGANISATIONS, params={"publisher": "x"}), 400) == {
        "publisher": "unknown_parameter"
    }


async def test_the_list_can_be_narrowed_to_what_changed_since(grants: Running) -> None:
    await register(grants, "early")
    grants.clock.set(datetime(2018, 6, 2, 12, tzinfo=UTC))
    await register(grants, "late")
    params = {"updated_since": "2018-06-02T00:00:00Z"}
    items = done(await grants.anonymous.get(ORGANISATIONS, params=params), 200)["items"]
    assert [item["slug"] for item in items] == ["late"]


UNUSABLE = (
    ("GB-COH", "3675577", "a leading zero was probably lost"),
    ("GB-CHC", "SC012345", "give it under GB-SC"),
    ("GB-COH", "N/A", "it says that there is none"),
    ("GB-COH", "3.68E+06", "scientific notation"),
    ("GB-COH", "3,68e+06", "scientific notation"),
    ("GB-COH", "#N/A", "an error value of a spreadsheet"),
    ("GB-COH", "367\u200b5577", "3675577 is no identifier of GB-COH"),
    ("GB-COH", "GB-COH-03675577", "Leave the name of the register out"),
    ("GB-COH", "UNKNOWN1", "expected 8 letters or digits"),
    ("GB-COH", "00000000", "expected 8 letters or digits"),
    ("GB-COH", "SC 012345", "expected 8 letters or digits"),
    ("GB-CHC", "12345", "expected 6 or 7 digits"),
    ("GB-CHC", "03675577", "give it under GB-COH"),
    ("GB-CHC", "n/a", "it says that there is none"),
    ("GB-CHC", "1.02E+06", "scientific notation"),
    ("GB-SC", "012345", "expected SC and 6 digits"),
    ("GB-SC", "1234567", "give it under GB-CHC"),
    ("GB-NIC", "200012", "begin with 1"),
    ("GB-LAE", "E08000035", "expected 3 letters"),
    ("GB-GOR", "none", "it says that there is none"),
    ("GSS", "E0800003", "expected a letter for the nation and 8 digits"),
    ("GSS", "8000035", "expected a letter for the nation and 8 digits"),
    ("XI-LEI", "NULL", "it says that there is none"),
    ("XI-LEI", "two words", "one word of letters and digits"),
)


async def test_an_identifier_that_its_register_cannot_have_given_is_refused_at_the_door(grants: Running) -> None:
    """G-23, T-29: the field is named, what is expected is said, nothing is padded; the same when it is changed."""
    client = grants.as_("grants:manager")
    await register(grants, "body")
    for scheme, text, says in UNUSABLE:
        wrong = [{"scheme": scheme, "id": text}]
        refused = await client.post(ORGANISATIONS, json={"slug": "other", "name": "Other", "identifiers": wrong})
        assert problem(refused, 422) == {"/identifiers/0/id": "identifier_unusable"}
        assert says in refused.text, refused.text
        change = {"identifiers": wrong}
        changed = await client.patch(f"{ORGANISATIONS}/body", json=change, headers={"If-Match": '"1"'})
        assert problem(changed, 422) == {"/identifiers/0/id": "identifier_unusable"}
    assert len(await grants.emitted(OrganisationRegistered)) == 1


USABLE = (
    ("GB-COH", "03675577", "03675577"),
    ("GB-COH", "sc123456", "SC123456"),
    ("GB-COH", "IP000CUS", "IP000CUS"),
    ("GB-COH", "R0000123", "R0000123"),
    ("GB-COH", "\u200e03675578\u00a0", "03675578"),
    ("GB-COH", "\uff10\uff13675579", "03675579"),
    ("GB-CHC", "1234567-1", "1234567-1"),
    ("GB-CHC", "123456", "123456"),
    ("GB-SC", "sc012345", "SC012345"),
    ("GB-NIC", "100012", "100012"),
    ("GB-LAE", "BIR", "BIR"),
    ("GB-GOR", "D10", "D10"),
    ("GSS", "E08000035", "E08000035"),
    ("XI-EIN", "77", "77"),
)


async def test_an_identifier_is_kept_as_its_register_writes_it(grants: Running) -> None:
    """G-23: signs that nobody sees make no second identifier."""
    for number, (scheme, text, kept) in enumerate(USABLE):
        made = await register(grants, f"body-{number}", identifiers=[{"scheme": scheme, "id": text}])
        assert made["identifiers"] == [{"scheme": scheme, "id": kept}]
        again = {"slug": "other", "name": "Other", "identifiers": [{"scheme": scheme, "id": kept}]}
        refused = await grants.as_("grants:manager").post(ORGANISATIONS, json=again)
        assert problem(refused, 409) == {"/identifiers/0/id": "identifier_taken"}


async def test_a_body_with_an_old_unusable_identifier_can_still_be_renamed(grants: Running) -> None:
    """G-5: what stands already is assessed when somebody gives identifiers, not before."""
    made = await register(grants, "body")
    async with grants.session() as session:
        session.add(Identifier(organisation_id=UUID(made["id"]), scheme="GB-COH", identifier="3675577"))
        await session.commit()
    body = {"name": "Another name", "since": "2018-01-01"}
    done(await grants.as_("grants:manager").post(f"{ORGANISATIONS}/body/names", json=body))
