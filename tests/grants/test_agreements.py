"""Agreements over HTTP: drafted, signed twice, in force by time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.events.grants import AgreementSigned
from tests.grants.steps import FUNDER, RECIPIENT, done, drafted, problem, register, signed
from tests.harness import Running

AGREEMENT = "/v1/agreements/2017-18"


async def test_the_second_signature_makes_the_agreement_and_is_told(grants: Running) -> None:
    """G-4: both dates lie after the start, and it is unclear which belongs to whom."""
    await drafted(grants)
    client = grants.as_("grants:manager", "grants:history")
    first = done(await client.post(f"{AGREEMENT}/signatures", json={"signed_on": "2017-05-04"}))
    assert first["state"] == "draft"
    assert await grants.emitted(AgreementSigned) == []
    second = done(await client.post(f"{AGREEMENT}/signatures", json={"signed_on": "2017-04-24"}))
    assert second["state"] == "in_force"
    assert [signature["party"] for signature in second["signatures"]] == [None, None]
    (fact,) = await grants.emitted(AgreementSigned)
    assert [day.isoformat() for day in fact.signed_on] == ["2017-04-24", "2017-05-04"]
    assert (fact.year, fact.grant_pence, fact.version) == ("2017/18", 2_100_000_000, second["version"])


async def test_the_event_and_the_agreement_show_the_names_of_their_date(grants: Running) -> None:
    """G-5."""
    await drafted(grants)
    body = {"name": "Ministry", "since": "2018-01-08"}
    done(await grants.as_("grants:manager").post("/v1/organisations/department/names", json=body))
    client = grants.as_("grants:manager", "grants:history")
    for day in ("2017-04-24", "2017-05-04"):
        done(await client.post(f"{AGREEMENT}/signatures", json={"signed_on": day}))
    (fact,) = await grants.emitted(AgreementSigned)
    assert {party.role: party.name for party in fact.parties} == {"funder": "Department", "recipient": "Agency"}
    shown = done(await grants.anonymous.get(AGREEMENT), 200)
    assert [party["name"] for party in shown["parties"]] == ["Department", "Agency"]


async def test_a_blank_signatory_is_filled_in_later_and_then_stays(grants: Running) -> None:
    """G-4: the party stays empty until a person fills it."""
    agreement = await signed(grants)
    one, two = (f"{AGREEMENT}/signatures/{signature['id']}" for signature in agreement["signatures"])
    client = grants.as_("grants:manager")
    assert (await client.patch(one, json={"party": "recipient"})).status_code == 428
    match = {"If-Match": '"1"'}
    named = done(await client.patch(one, json={"party": "recipient"}, headers=match), 200)
    assert (named["party"], named["version"]) == ("recipient", 2)
    again = await client.patch(one, json={"party": "funder"}, headers={"If-Match": '"2"'})
    assert problem(again, 409) == {"/party": "signatory_known"}
    assert problem(await client.patch(two, json={"party": "recipient"}, headers=match), 409) == {
        "/party": "party_signed"
    }
    done(await client.patch(two, json={"party": "funder"}, headers=match), 200)
    problem(await client.patch(f"{AGREEMENT}/signatures/{agreement['id']}", json={"party": "funder"}), 404)


async def test_a_third_signature_and_one_party_twice_are_refused(grants: Running) -> None:
    await drafted(grants)
    client = grants.as_("grants:manager", "grants:history")
    path = f"{AGREEMENT}/signatures"
    done(await client.post(path, json={"signed_on": "2017-04-24", "party": "funder"}))
    twice = await client.post(path, json={"signed_on": "2017-05-04", "party": "funder"})
    assert problem(twice, 409) == {"/party": "party_signed"}
    done(await client.post(path, json={"signed_on": "2017-05-04", "party": "recipient"}))
    assert problem(await client.post(path, json={"signed_on": "2017-05-05"}), 409) == {"": "already_signed"}
    assert len(await grants.emitted(AgreementSigned)) == 1


async def test_two_last_signatures_at_once_make_one_agreement(grants: Running) -> None:
    await drafted(grants)
    client = grants.as_("grants:manager", "grants:history")
    path = f"{AGREEMENT}/signatures"
    done(await client.post(path, json={"signed_on": "2017-04-24"}))
    answers = await asyncio.gather(*(client.post(path, json={"signed_on": "2017-05-04"}) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert len(await grants.emitted(AgreementSigned)) == 1


async def test_a_signature_lies_neither_in_the_future_nor_without_right_in_the_past(grants: Running) -> None:
    """Two times: an earlier day needs the history scope."""
    await drafted(grants)
    client = grants.as_("grants:manager")
    path = f"{AGREEMENT}/signatures"
    assert problem(await client.post(path, json={"signed_on": "2018-06-02"}), 422) == {"/signed_on": "future_date"}
    problem(await client.post(path, json={"signed_on": "2018-05-31"}), 403)
    shown = done(await client.post(path, json={}))
    assert shown["signatures"][0]["signed_on"] == "2018-06-01"


async def test_the_london_day_decides_what_is_today(grants: Running) -> None:
    """G-3: at half past eleven in the evening in UTC, London in summer has the next day."""
    grants.clock.set(datetime(2018, 6, 1, 23, 30, tzinfo=UTC))
    await drafted(grants)
    shown = done(await grants.as_("grants:manager").post(f"{AGREEMENT}/signatures", json={}))
    assert shown["signatures"][0]["signed_on"] == "2018-06-02"


async def test_an_agreement_signed_early_comes_into_force_by_time(grants: Running) -> None:
    grants.clock.set(datetime(2018, 3, 29, 12, tzinfo=UTC))
    await drafted(grants, "2018/19", 2_000_000_000)
    client = grants.as_("grants:manager")
    for _ in range(2):
        shown = done(await client.post("/v1/agreements/2018-19/signatures", json={}))
    assert shown["state"] == "agreed"
    await grants.tick(datetime(2018, 3, 31, 22, 59, tzinfo=UTC))
    assert done(await grants.anonymous.get("/v1/agreements/2018-19"), 200)["state"] == "agreed"
    for _ in range(2):
        await grants.tick(datetime(2018, 3, 31, 23, 0, tzinfo=UTC))
    moved = done(await grants.anonymous.get("/v1/agreements/2018-19"), 200)
    assert (moved["state"], moved["version"]) == ("in_force", shown["version"] + 1)


async def test_a_year_has_one_agreement(grants: Running) -> None:
    """G-4."""
    await drafted(grants)
    body = {
        "year": "2017-18",
        "funding_basis": "direct_grant",
        "grant_pence": 1,
        "senior_responsible_name": "X",
        "parties": [{"role": "funder", "organisation": "department"}, {"role": "recipient", "organisation": "agency"}],
    }
    assert problem(await grants.as_("grants:manager").post("/v1/agreements", json=body), 409) == {
        "/year": "agreement_exists"
    }


@pytest.mark.parametrize(
    ("change", "status", "errors"),
    [
        ({"year": "2017/19"}, 422, {"/year": "bad_year_label"}),
        ({"year": "2017"}, 422, {"/year": "bad_year_label"}),
        ({"grant_pence": 0}, 422, {"/grant_pence": "greater_than"}),
        ({"grant_pence": 21_000_000.5}, 422, {"/grant_pence": "int_type"}),
        ({"territory": "Wales"}, 409, {"/territory": "wrong_territory"}),
        ({"funding_basis": "revenue_support_grant_top_slice"}, 409, {"/funding_basis": "wrong_funding_basis"}),
        ({"in_force_to": "2018-04-01"}, 409, {"/in_force_to": "outside_year"}),
        (
            {"review_by": "2018-10-31", "territory": "Wales"},
            409,
            {"/review_by": "outside_year", "/territory": "wrong_territory"},
        ),
        ({"parties": [{"role": "funder", "organisation": "department"}]}, 422, {"/parties": "parties_incomplete"}),
        (
            {"parties": [{"role": "funder", "organisation": "nobody"}, {"role": "recipient", "organisation": "none"}]},
            422,
            {"/parties/0/organisation": "unknown_organisation", "/parties/1/organisation": "unknown_organisation"},
        ),
        (
            {
                "parties": [
                    {"role": "funder", "organisation": "agency"},
                    {"role": "recipient", "organisation": "agency"},
                ]
            },
            422,
            {"/parties": "parties_incomplete"},
        ),
        ({"parties": [{"role": "auditor", "organisation": "department"}]}, 422, {"/parties/0/role": "literal_error"}),
    ],
)
async def test_terms_that_no_agreement_can_have_are_refused_all_at_once(
    grants: Running, change: dict[str, Any], status: int, errors: dict[str, str]
) -> None:
    """G-2, G-4, G-6."""
    for slug in ("department", "agency"):
        await register(grants, slug)
    body = {
        "year": "2017/18",
        "funding_basis": "direct_grant",
        "grant_pence": 2_100_000_000,
        "senior_responsible_name": "Jo Grey",
        "parties": [{"role": "funder", "organisation": "department"}, {"role": "recipient", "organisation": "agency"}],
        **change,
    }
    answer = await grants.as_("grants:manager").post("/v1/agreements", json=body)
    assert problem(answer, status) == errors
    if "bad_year_label" in errors.values():
        assert answer.json()["errors"][0]["detail"] == (
            "Write a financial year as 2017/18 or 2017-18, the second year following the first."
        )
    assert done(await grants.anonymous.get("/v1/agreements"), 200)["items"] == []


async def test_the_review_day_and_the_edition_of_the_guidance_stand_in_the_agreement(grants: Running) -> None:
    """G-17, G-21: review by 31 October 2017; a later edition of the guidance leaves the agreement as it is."""
    for slug in (FUNDER, RECIPIENT):
        await register(grants, slug)
    terms = {"review_by": "2017-10-31", "guidance_edition": "Managing Public Money, July 2013"}
    body = {
        "year": "2017/18",
        "funding_basis": "direct_grant",
        "grant_pence": 2_100_000_000,
        "senior_responsible_name": "Jo Grey",
        "parties": [{"role": "funder", "organisation": FUNDER}, {"role": "recipient", "organisation": RECIPIENT}],
        **terms,
    }
    done(await grants.as_("grants:manager").post("/v1/agreements", json=body))
    shown = done(await grants.as_("grants:read").get(AGREEMENT), 200)
    assert {name: shown[name] for name in terms} == terms


async def test_references_are_corrected_with_if_match(grants: Running) -> None:
    """G-42."""
    await drafted(grants)
    client = grants.as_("grants:manager")
    change = {"ggis_reference": "G-0042", "senior_responsible_name": "Sam Green"}
    assert (await client.patch(AGREEMENT, json=change)).status_code == 428
    changed = done(await client.patch(AGREEMENT, json=change, headers={"If-Match": '"1"'}), 200)
    assert (changed["ggis_reference"], changed["senior_responsible_name"], changed["version"]) == (
        "G-0042",
        "Sam Green",
        2,
    )
    stale = await client.patch(AGREEMENT, json=change, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.headers["etag"]) == (412, '"2"')


async def test_a_token_for_another_body_may_not_write(grants: Running) -> None:
    await drafted(grants)
    client = grants.as_("grants:manager", organisations=["other"])
    problem(await client.post(f"{AGREEMENT}/signatures", json={}), 403)


async def test_agreements_are_listed_by_year_with_outturn_and_change(grants: Running) -> None:
    """Question 1 of the domain."""
    await signed(grants, "2016/17", 2_140_000_000)
    await signed(grants)
    body = {"state": "provisional", "as_at": "2018-03-31", "spend_pence": 2_098_600_000}
    done(await grants.as_("grants:finance").post(f"{AGREEMENT}/outturns", json=body))
    items = done(await grants.anonymous.get("/v1/agreements"), 200)["items"]
    assert [(item["year"], item["outturn_state"], item["change_pence"]) for item in items] == [
        ("2016/17", None, None),
        ("2017/18", "provisional", -40_000_000),
    ]
    for params in ({"year": "2017-18"}, {"in_force_on": "2017-04-01"}, {"in_force_on": "2018-03-31"}):
        found = done(await grants.anonymous.get("/v1/agreements", params=params), 200)["items"]
        assert [item["year"] for item in found] == ["2017/18"]
