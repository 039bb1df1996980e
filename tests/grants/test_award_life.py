"""The life of an award over HTTP: its use, its duties, its states, and the territory it stays in."""

from __future__ import annotations

from typing import Any

import pytest

from services.grants.awards.duties import DUTIES as ALL_DUTIES
from services.grants.use_rules.territory import outside_territory
from shared.events.grants import PassThroughAwarded
from tests.grants.by_hand import entered
from tests.grants.steps import approved, budget_set, budgeted, done, drafted, problem, register
from tests.grants.test_awards import AWARD, AWARDS
from tests.harness import Running

DUTIES = [duty.code for duty in ALL_DUTIES]


async def award(grants: Running, **more: Any) -> dict[str, Any]:
    return done(await grants.as_("grants:manager").post(AWARDS, json={**AWARD, **more}))


async def acknowledge(grants: Running, made: dict[str, Any], duties: list[str], on: str = "2017-05-12") -> Any:
    body = {"acknowledged_by": "Director of the centre", "acknowledged_on": on, "duties": duties}
    return await grants.as_("grants:manager").post(f"{AWARDS}/{made['id']}/acknowledgements", json=body)


async def move(grants: Running, made: dict[str, Any], to: str, reason: str | None = None) -> Any:
    client = grants.as_("grants:manager")
    return await client.post(f"{AWARDS}/{made['id']}/state-changes", json={"to": to, "reason": reason})


async def payable(grants: Running, made: dict[str, Any] | None = None) -> dict[str, Any]:
    """An award of which everything is settled; its body is registered before."""
    made = made or await award(grants, use_codes=[])
    done(await acknowledge(grants, made, DUTIES))
    return done(await move(grants, made, "payable"))


async def test_an_award_goes_from_offer_over_terms_to_payable(grants: Running) -> None:
    """G-22: each duty is acknowledged, through whom and on which day; the last one moves the award on."""
    await budgeted(grants)
    await register(grants, "scrutiny-centre", name="Centre for Scrutiny")
    made = await award(grants, use_codes=[])
    assert (made["state"], made["use"]["outcome"], made["use"]["paragraph"]) == ("offered", "allowed", "MoU para 22")
    refused = await move(grants, made, "payable")
    assert problem(refused, 409) == {"/to": "flow_down_missing"}
    assert refused.json()["detail"].startswith("Duties no_lobbying, performance_monitoring, data_protection")
    assert "not acknowledged by Centre for Scrutiny" in refused.json()["detail"]
    some = done(await acknowledge(grants, made, DUTIES[:3]))
    assert some["state"] == "offered"
    rest = done(await acknowledge(grants, made, DUTIES[3:], "2017-05-20"))
    assert (rest["state"], rest["version"]) == ("terms_acknowledged", 3)
    assert [duty["acknowledged_on"] for duty in rest["duties"]] == ["2017-05-12"] * 3 + ["2017-05-20"] * 4
    assert rest["duties"][0]["paragraphs"] == "MoU para 22"
    told = done(await grants.as_("grants:read").get(f"{AWARDS}/{made['id']}/acknowledgements"), 200)
    assert ({one["acknowledged_by"] for one in told["items"]}, told["missing"]) == ({"Director of the centre"}, [])
    assert done(await move(grants, made, "payable"))["state"] == "payable"
    unpaid = await move(grants, made, "completed")
    assert problem(unpaid, 409) == {"/to": "award_not_paid"}
    assert problem(await move(grants, made, "ended"), 409) == {"/reason": "reason_missing"}
    ended = done(await move(grants, made, "ended", "The body was wound up."))
    assert (ended["state"], ended["end_reason"], ended["left_pence"]) == ("ended", "The body was wound up.", 0)
    assert problem(await move(grants, made, "payable"), 409) == {"": "award_over"}
    assert len(await grants.emitted(PassThroughAwarded)) == 1


async def test_who_acknowledged_for_the_body_is_told_to_officers_only(grants: Running) -> None:
    await budgeted(grants)
    await register(grants, "scrutiny-centre")
    made = await award(grants, use_codes=[])
    done(await acknowledge(grants, made, DUTIES))
    public = await grants.anonymous.get(f"{AWARDS}/{made['id']}")
    assert "Director" not in public.text
    problem(await grants.anonymous.get(f"{AWARDS}/{made['id']}/acknowledgements"), 401)


@pytest.mark.parametrize(
    ("duties", "on", "status", "errors"),
    [
        (["secrecy"], "2017-05-12", 422, {"/duties/0": "unknown_duty"}),
        (["cooperation", "cooperation"], "2017-05-12", 409, {"/duties/1": "acknowledged_already"}),
        (["no_lobbying"], "2017-05-12", 409, {"/duties/0": "acknowledged_already"}),
        (["cooperation"], "2018-06-02", 422, {"/acknowledged_on": "future_date"}),
    ],
)
async def test_bad_acknowledgements_are_located_and_note_nothing(
    grants: Running, duties: list[str], on: str, status: int, errors: dict[str, str]
) -> None:
    """G-22."""
    await budgeted(grants)
    await register(grants, "scrutiny-centre")
    made = await award(grants)
    done(await acknowledge(grants, made, ["no_lobbying"]))
    assert problem(await acknowledge(grants, made, duties, on), status) == errors
    told = done(await grants.as_("grants:read").get(f"{AWARDS}/{made['id']}/acknowledgements"), 200)
    assert [one["duty"] for one in told["items"]] == ["no_lobbying"]


async def test_an_award_for_what_is_not_allowed_is_refused_with_rule_and_paragraph(grants: Running) -> None:
    """G-18, G-19, worked example 6: the same by a body that receives pass-through is PU1 too."""
    await budgeted(grants)
    await register(grants, "scrutiny-centre")
    client = grants.as_("grants:manager")
    refused = await client.post(AWARDS, json={**AWARD, "use_codes": ["PU1"], "title": "Lobbying"})
    assert problem(refused, 409) == {"/use_codes": "use_refused"}
    answer = refused.json()
    assert (answer["rule"], answer["paragraph"]) == ("PU1", "MoU para 22")
    assert "A body that receives pass-through carries the same rules" in answer["detail"]
    assert "Fund it from elsewhere, or name the exception" in answer["detail"]
    unknown = await client.post(AWARDS, json={**AWARD, "use_codes": ["PU9"], "use_exception": "because"})
    assert problem(unknown, 422) == {"/use_codes/0": "unknown_use_code", "/use_exception": "unknown_exception"}
    assert await grants.emitted(PassThroughAwarded) == []
    assert done(await grants.anonymous.get(AWARDS), 200)["items"] == []
    evidence = {"use_codes": ["PU1"], "use_exception": "select_committee_evidence"}
    made = done(await client.post(AWARDS, json={**AWARD, **evidence, "title": "Evidence to Parliament"}))
    assert (made["use"]["outcome"], made["use"]["rule"]) == ("allowed", "PU1")


async def test_an_undeclared_award_is_made_and_paid_only_once_its_use_is_declared(grants: Running) -> None:
    """G-19."""
    await budgeted(grants)
    await register(grants, "scrutiny-centre")
    made = await award(grants)
    assert made["use"] == {
        "outcome": "undeclared",
        "rule": None,
        "paragraph": None,
        "detail": None,
        "declaration_id": None,
    }
    done(await acknowledge(grants, made, DUTIES))
    assert problem(await move(grants, made, "payable"), 409) == {"/to": "use_undeclared"}
    path = f"{AWARDS}/{made['id']}/use-declarations"
    client = grants.as_("grants:manager")
    refused = await client.post(path, json={"use_codes": ["PU3"]})
    assert problem(refused, 409) == {"/use_codes": "use_refused"}
    declared = done(await client.post(path, json={"use_codes": []}))
    assert declared["use"]["outcome"] == "allowed"
    done(await move(grants, made, "payable"))
    assert problem(await client.post(path, json={"use_codes": []}), 409) == {"": "award_out_of_order"}


async def test_an_award_that_needs_a_decision_waits_for_the_chief_finance_officer(grants: Running) -> None:
    """G-19: PU6 always needs one; so does a word that nobody declared. Never by who declared it."""
    await budgeted(grants)
    await register(grants, "scrutiny-centre")
    made = await award(grants, use_codes=["PU6"], amount_pence=1_000)
    worded = await award(grants, use_codes=[], amount_pence=1_000, title="Public affairs support")
    assert [one["use"]["outcome"] for one in (made, worded)] == ["decision_required"] * 2
    assert "\u201cpublic affairs\u201d" in worded["use"]["detail"]
    done(await acknowledge(grants, made, DUTIES))
    assert problem(await move(grants, made, "payable"), 409) == {"/to": "decision_required"}
    path = f"/v1/use-declarations/{made['use']['declaration_id']}/decisions"
    body = {"outcome": "allowed", "reason": "Overheads of the delivery itself."}
    problem(await grants.as_("grants:manager").post(path, json=body), 403)
    assert problem(await grants.as_("grants:cfo").post(path, json=body), 409) == {"": "same_person"}
    cfo = grants.as_("grants:cfo", sub="person:cfo")
    decided = done(await cfo.post(path, json=body))
    assert (decided["outcome"], decided["rule_code"], decided["number"]) == ("allowed", "PU6", 2)
    assert problem(await cfo.post(path, json=body), 409) == {"": "decided_already"}
    assert done(await move(grants, made, "payable"))["state"] == "payable"
    no = f"/v1/use-declarations/{worded['use']['declaration_id']}/decisions"
    done(await cfo.post(no, json={"outcome": "refused", "reason": "It is lobbying."}))
    shown = done(await grants.as_("grants:read").get(f"{AWARDS}/{worded['id']}"), 200)
    assert (shown["use"]["outcome"], "It is lobbying" in str(shown)) == ("refused", False)
    done(await acknowledge(grants, worded, DUTIES))
    assert problem(await move(grants, worded, "payable"), 409) == {"/to": "use_refused"}
    # Declaring it otherwise does not lift the refusal: that waits for the same officer.
    named = {"use_codes": ["PU1"], "use_exception": "consultation_answer", "reason": "It answers a consultation."}
    anew = await grants.as_("grants:manager").post(f"{AWARDS}/{worded['id']}/use-declarations", json=named)
    assert done(anew)["use"]["outcome"] == "decision_required"
    assert problem(await move(grants, worded, "payable"), 409) == {"/to": "decision_required"}


async def test_an_award_whose_use_needs_a_decision_is_told_once_that_is_allowed(grants: Running) -> None:
    """G-19, G-22: a body carries no duties of an award that may not be; the fact comes once, whoever allows it."""
    await budgeted(grants)
    await register(grants, "scrutiny-centre")
    named = [await award(grants, use_codes=["PU6"], amount_pence=1_000) for _ in range(3)]
    assert await grants.emitted(PassThroughAwarded) == []
    cfo, manager = grants.as_("grants:cfo", sub="person:cfo"), grants.as_("grants:manager")
    for made, outcome in zip(named[:2], ("refused", "allowed"), strict=True):
        path = f"/v1/use-declarations/{made['use']['declaration_id']}/decisions"
        done(await cfo.post(path, json={"outcome": outcome, "reason": "Read with its plan."}))
    (fact,) = await grants.emitted(PassThroughAwarded)
    assert (str(fact.award_id), fact.amount_pence) == (named[1]["id"], 1_000)
    for made in named:
        for codes in ([], ["PU6"], []):
            path = f"{AWARDS}/{made['id']}/use-declarations"
            done(await manager.post(path, json={"use_codes": codes}))
    # What was refused stays untold, however it is declared.
    facts = await grants.emitted(PassThroughAwarded)
    assert sorted(str(fact.award_id) for fact in facts) == sorted(made["id"] for made in named[1:])


async def test_what_is_judged_of_a_named_bodys_award_is_told_to_officers_only(grants: Running) -> None:
    """G-19: a use that waits for its decision, or was refused, is no statement to the public about a body."""
    await budgeted(grants)
    await register(grants, "scrutiny-centre")
    made = await award(grants, use_codes=[], amount_pence=1_000, description="It will not lobby anybody.")
    assert made["use"]["outcome"] == "decision_required"
    path, officer = f"{AWARDS}/{made['id']}", grants.as_("grants:approver")
    for outsider in (grants.anonymous, grants.as_("transparency:finance")):
        shown = await outsider.get(path)
        assert done(shown, 200)["use"] is None
        assert done(await outsider.get(AWARDS), 200)["items"][0]["use"] is None
        table = await outsider.get(f"{AWARDS}.csv")
        assert "decision_required" not in shown.text + table.text
    assert done(await officer.get(path), 200)["use"] == made["use"]
    assert ",decision_required," in (await officer.get(f"{AWARDS}.csv")).text
    decision = f"/v1/use-declarations/{made['use']['declaration_id']}/decisions"
    body = {"outcome": "allowed", "reason": "It says that it will not."}
    done(await grants.as_("grants:cfo", sub="person:cfo").post(decision, json=body))
    nothing = dict.fromkeys(("rule", "paragraph", "detail", "declaration_id"))
    public = await grants.anonymous.get(path)
    assert done(public, 200)["use"] == {"outcome": "allowed", **nothing}
    assert done(await officer.get(path), 200)["use"]["rule"] == "PU1"
    assert public.headers["etag"] != (await officer.get(path)).headers["etag"]


async def test_an_award_needs_a_signed_agreement(grants: Running) -> None:
    """G-23."""
    await drafted(grants)
    await register(grants, "scrutiny-centre")
    await approved(grants, await budget_set(grants))
    refused = await grants.as_("grants:manager").post(AWARDS, json=AWARD)
    assert problem(refused, 409) == {"": "not_signed"}
    assert await grants.emitted(PassThroughAwarded) == []


async def test_a_body_outside_the_territory_receives_nothing(grants: Running) -> None:
    """G-6: the grant covers England only; use for a Welsh authority is refused."""
    await budgeted(grants)
    await register(grants, "welsh-council", identifiers=[{"scheme": "GSS", "id": "W06000015"}])
    await register(grants, "english-council", identifiers=[{"scheme": "GSS", "id": "E08000033"}])
    client = grants.as_("grants:manager")
    refused = await client.post(AWARDS, json={**AWARD, "organisation": "welsh-council"})
    assert problem(refused, 409) == {"/organisation": "wrong_territory"}
    assert refused.json()["detail"] == (
        "The agreement covers England: GSS codes E\u2026. Fund it from elsewhere, or correct the code."
    )
    assert done(await grants.anonymous.get(AWARDS), 200)["items"] == []
    done(await client.post(AWARDS, json={**AWARD, "organisation": "english-council"}))


@pytest.mark.parametrize(
    ("territory", "gss", "outside"),
    [
        ("England", "E09000001", False),
        ("England", "W06000015", True),
        ("England", "S12000033", True),
        ("England", "N09000003", True),
        ("England and Wales", "W06000015", False),
        ("England and Wales", "S12000033", True),
        ("Elsewhere", "W06000015", False),
        ("England", "W0600001", False),
    ],
)
def test_the_territory_is_told_by_the_first_letter_of_a_gss_code(territory: str, gss: str, outside: bool) -> None:
    """G-6; what is no GSS code is refused where its shape is read."""
    assert (outside_territory(territory, gss) is not None) == outside


async def test_what_an_ended_award_did_not_pay_can_be_awarded_again(grants: Running) -> None:
    """G-23."""
    await budgeted(grants)
    await register(grants, "scrutiny-centre")
    made = await award(grants)
    problem(await grants.as_("grants:manager").post(AWARDS, json={**AWARD, "amount_pence": 1}), 409)
    done(await move(grants, made, "ended", "Withdrawn."))
    again = await award(grants)
    table = (await grants.anonymous.get(f"{AWARDS}.csv")).text.splitlines()
    assert table[0].startswith("LineCode,Organisation,Title,AwardedOn")
    assert [row.split(",")[6] for row in table[1:]] == ["ended", "offered"]
    assert again["left_pence"] == 18_000_000


async def test_what_the_body_spends_itself_stands_at_its_award_and_is_not_counted_twice(grants: Running) -> None:
    """G-22, question 8: the body's own ledger on its line; the need test counts the recipient's own spend only."""
    await budgeted(grants)
    await register(grants, "scrutiny-centre")
    made = await payable(grants)
    await entered(grants, organisation="scrutiny-centre", line_code="CF")
    await entered(grants, line_code="CF")
    shown = done(await grants.anonymous.get(f"{AWARDS}/{made['id']}"), 200)
    assert (shown["spent_pence"], shown["paid_pence"]) == (100_000, 0)
    finance = grants.as_("grants:finance")
    path = "/v1/agreements/2017-18/payments"
    planned = done(await finance.post(path, json={"direction": "in", "requested_pence": 5}))
    asked = done(await finance.post(f"{path}/{planned['id']}/requests", json={}))
    assert asked["need_check"]["accrued_pence"] == 100_000
