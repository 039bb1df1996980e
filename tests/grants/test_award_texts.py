"""Personal details in the texts of awards: out of every public answer until a second person has cleared them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlmodel import select

from services.grants.awards.tables import PassThroughAward
from shared.personal_details import REDACTED
from tests.grants.ledger import spend
from tests.grants.steps import done, problem
from tests.grants.test_awards import AWARD, AWARDS
from tests.grants.test_onward_awards import EXPORT, awarded, handing_on
from tests.grants.test_outturns import FINAL
from tests.grants.year_end import SPENT, YEAR, certified, locked, recorder, reported, signatory, treated
from tests.harness import Running

CENTRE = [{"scheme": "GB-COH", "id": "00012345"}]
CONTACT = "Coaching for one councillor. Ask Jo: jo.example@example.org or 07700 900123."
SPELLINGS = {
    "email_in_text": (
        "Write to jo.example@example.org", "jo.ex\u00adample@example.org", "jo.example\u200b@example.org",
        "JO.EXAMPLE@EXAMPLE.ORG", "jo.example\uff20example.org", "jo.example [at] example.org",
    ),
    "phone_in_text": (
        "Call 07700\u00a0900123", "+44 7700 900123", "+44 (0)7700 900123", "07700900123", "07700-900-123",
        "07700.900.123", "\uff10\uff17\uff17\uff10\uff10 900123", "0113 496 0123", "07700\u200d900123",
    ),
    "ni_number_in_text": ("NI AB123456C", "ab 12 34 56 c", "AB\u202f12\u202f34\u202f56\u202fC"),
    "bank_account_in_text": (
        "Pay 12-34-56 12345678", "sort code 123456 account 12345678", "GB29 NWBK 6016 1331 9268 19",
    ),
}  # fmt: skip


async def public(grants: Running) -> str:
    """Everything that anybody may read of the awards."""
    made = done(await grants.as_("grants:read").get(AWARDS), 200)["items"]
    paths = [AWARDS, f"{AWARDS}.csv", "/v1/onward-awards", EXPORT, "/v1/onward-awards/360giving.csv"]
    paths += [f"{AWARDS}/{award['id']}" for award in made]
    answers = [await grants.anonymous.get(path) for path in paths]
    facts = [fact.canonical().decode() for fact in await grants.emitted()]
    return "\n".join([*(answer.text for answer in answers), *facts])


@pytest.mark.parametrize("code", SPELLINGS)
async def test_no_personal_detail_is_public_in_any_spelling(grants: Running, code: str) -> None:
    """G-23, T-24: the award is left out with its reason, which names text and kind and not the value."""
    await handing_on(grants)
    goes = await awarded(grants, "centre", CENTRE, amount_pence=100)
    made: dict[str, tuple[str, str]] = {}
    for number, text in enumerate(SPELLINGS[code]):
        field = ("description", "title")[number % 2]
        body = {**AWARD, "organisation": "centre", "amount_pence": 100, "use_codes": [], field: text}
        award = done(await grants.as_("grants:manager").post(AWARDS, json=body))
        assert award["text_findings"] == [{"text": field, "code": code}], text
        assert award[field] == text
        made[award["id"]] = field, text
    told = await public(grants)
    assert [text for _, text in made.values() if text in told] == []
    found = done(await grants.anonymous.get("/v1/onward-awards"), 200)
    assert [one["award_id"] for one in found["items"]] == [goes["id"]]
    for left in found["left_out"]:
        field, _ = made.pop(left["award_id"])
        assert (left["code"], f"the {field} seems to hold" in left["detail"]) == ("personal_details", True)
        assert done(await grants.anonymous.get(f"{AWARDS}/{left['award_id']}"), 200)[field] == REDACTED
    assert made == {}


async def clear(grants: Running, award: dict[str, Any], codes: list[str], **how: Any) -> httpx.Response:
    client = grants.as_(how.pop("scope", "grants:cfo"), **{"sub": "person:second", **how})
    body = {"codes": codes, "reason": "The press office's own, on its web site."}
    return await client.post(f"{AWARDS}/{award['id']}/text-clearances", json=body)


async def test_a_second_person_says_what_may_be_published_and_each_kind_counts_alone(grants: Running) -> None:
    """T-24: both kinds are cleared before it goes; the clearance is kept with who and why."""
    await handing_on(grants)
    made = await awarded(grants, "centre", CENTRE, description=CONTACT)
    assert [one["code"] for one in made["text_findings"]] == ["email_in_text", "phone_in_text"]
    once = done(await clear(grants, made, ["email_in_text"]))
    assert once["text_findings"] == [{"text": "description", "code": "phone_in_text"}]
    assert CONTACT not in await public(grants)
    done(await clear(grants, made, ["phone_in_text"], scope="grants:manager"))
    (grant,) = done(await grants.anonymous.get(EXPORT), 200)["grants"]
    assert grant["description"] == CONTACT
    assert CONTACT in await public(grants)
    path = f"{AWARDS}/{made['id']}/text-clearances"
    listed = done(await grants.as_("grants:read").get(path), 200)
    assert [one["codes"] for one in listed["items"]] == [["email_in_text"], ["phone_in_text"]]
    assert listed["waiting"] == []
    problem(await grants.anonymous.get(path), 401)


async def test_who_may_not_clear_it(grants: Running) -> None:
    """T-24, section 3: not who recorded it, not a token that stands for nobody, not a reader; and no other kind."""
    await handing_on(grants)
    made = await awarded(grants, "centre", CENTRE, description=CONTACT)
    maker = grants.as_("grants:manager")
    assert problem(await clear(grants, made, ["email_in_text"], sub="person:anne"), 409) == {"": "same_person"}
    problem(await clear(grants, made, ["email_in_text"], sub="client:tool", client_only=True), 403)
    problem(await clear(grants, made, ["email_in_text"], scope="grants:read"), 403)
    refused = await clear(grants, made, ["ni_number_in_text", "email_in_text"])
    assert problem(refused, 409) == {"/codes/0": "nothing_to_clear"}
    assert "email_in_text, phone_in_text" in refused.text
    problem(await maker.post(f"{AWARDS}/{made['id']}/text-clearances", json={"codes": [], "reason": "x"}), 422)
    problem(await grants.anonymous.get(EXPORT), 404)


async def test_texts_of_a_closed_year_are_cleared_still(grants: Running) -> None:
    """T-24, G-38: what may be published of an award says nothing of the year's figures, which stay as they are."""
    await handing_on(grants)
    made = await awarded(grants, "centre", CENTRE, amount_pence=100, description=CONTACT)
    agreement = done(await grants.anonymous.get(YEAR), 200)
    await spend(grants, agreement["id"], *SPENT, use_codes=[])
    done(await recorder(grants).post(f"{YEAR}/outturns", json=FINAL))
    await certified(grants)
    await treated(grants)
    await locked(grants, 1, 2, 3, 4)
    await reported(grants, agreement["id"])
    done(await signatory(grants).post(f"{YEAR}/closure", json={}))
    done(await clear(grants, made, ["email_in_text", "phone_in_text"]))
    assert CONTACT in await public(grants)


async def test_a_changed_text_waits_again(grants: Running) -> None:
    """T-24: what was said of one text is not said of the next."""
    await handing_on(grants)
    made = await awarded(grants, "centre", CENTRE, description=CONTACT)
    done(await clear(grants, made, ["email_in_text", "phone_in_text"]))
    async with grants.session() as session:
        row = (await session.exec(select(PassThroughAward))).one()
        row.description = CONTACT.replace("jo.example", "private.person")
        session.add(row)
        await session.commit()
    problem(await grants.anonymous.get(EXPORT), 404)
    assert "private.person" not in await public(grants)


async def test_why_an_award_ended_is_no_way_around(grants: Running) -> None:
    """T-24: an officer sees the reason, the public a mark in its place."""
    await handing_on(grants)
    made = await awarded(grants, "centre", CENTRE)
    end = {"to": "ended", "reason": "Withdrawn; ask 07700 900123."}
    shown = done(await grants.as_("grants:manager").post(f"{AWARDS}/{made['id']}/state-changes", json=end))
    assert shown["end_reason"] == end["reason"]
    assert "900123" not in await public(grants)


async def test_texts_without_details_go_at_once(grants: Running) -> None:
    """T-53: nothing is held back for safety's sake."""
    await handing_on(grants)
    text = "From 01/04/2017 30/06/2017, order 45001234567, 12 desks @ 3.50, company 01234567."
    made = await awarded(grants, "centre", CENTRE, description=text)
    assert made["text_findings"] == []
    assert done(await grants.anonymous.get(EXPORT), 200)["grants"][0]["description"] == text


async def test_other_public_texts_are_held_to_the_same(grants: Running) -> None:
    """T-24: an officer sees what was written, the public a mark in its place; texts without details are as written."""
    claim = {
        "from_year": "2010/11", "to_year": "2017/18", "claimed_by": "The association", "source": "003 Introduction",
        "figure_as_printed": "60 per cent",
    }  # fmt: skip
    client = grants.as_("grants:manager")
    told = done(await client.post("/v1/grant-history/claims", json={**claim, "statement": "Ask 07700\u00a0900123."}))
    plain = done(await client.post("/v1/grant-history/claims", json={**claim, "statement": "It fell."}))
    assert told["statement"] == "Ask 07700\u00a0900123."
    for made, text in ((told, REDACTED), (plain, "It fell.")):
        path = f"/v1/grant-history/claims/{made['id']}"
        assert done(await grants.anonymous.get(path), 200)["statement"] == text
    history = done(await grants.anonymous.get("/v1/grant-history"), 200)
    assert sorted(one["statement"] for one in history["claims"]) == sorted([REDACTED, "It fell."])
    row = {"year": "2015/16", "funding_basis": "revenue_support_grant_top_slice", "state": "unknown"}
    note = {"rows": [{**row, "note": "From jo.example@example.org"}]}
    done(await client.post("/v1/grant-history", json=note), 200)
    assert done(await grants.anonymous.get("/v1/grant-history"), 200)["items"][0]["note"] == REDACTED
    assert "example" not in (await grants.anonymous.get("/v1/grant-history.csv")).text


async def test_a_line_entered_manually_gives_numbers_that_can_be_right(grants: Running) -> None:
    """T-29: refused at the door with the field named, never padded."""
    await handing_on(grants)
    line = {"organisation": "agency", "payment_date": "2017-05-02", "net_pence": 100, "purpose": "Course"}
    client = grants.as_("grants:finance")
    wrong = {
        "company_number": ("3675577", "3.68E+06", "N/A", "UNKNOWN1", "367\u200b5577"),
        "charity_number": ("12345", "n/a", "1.02E+06", "none"),
        "name": ("#N/A", "#REF!", "#####"),
    }
    for field, texts in wrong.items():
        for text in texts:
            party = {"kind": "organisation", "name": "Beech Ltd", field: text}
            refused = await client.post("/v1/expenditure-lines", json={**line, "party": party})
            assert list(problem(refused, 422)) == [f"/party/{field}"], refused.text
    party = {"kind": "organisation", "name": "Beech\u200b Ltd", "company_number": "sc\u00a0123456"}
    made = done(await client.post("/v1/expenditure-lines", json={**line, "party": party}))
    assert (made["party"]["name"], made["party"]["company_number"]) == ("Beech Ltd", "SC123456")
