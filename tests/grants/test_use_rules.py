"""The rules of permitted use: judged purely, read and changed over HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.grants.use_rules.defaults import DEFAULT_BOOK
from services.grants.use_rules.rules import Judgement, RuleBook, UseFacts, judge_use
from tests.grants.steps import done, drafted, problem
from tests.harness import Running

RULES = "/v1/use-rules"


def judged(
    codes: list[str] | None,
    text: str = "Training",
    *,
    line: str = "IL1",
    exception: str | None = None,
    kind: str = "leaf",
    book: RuleBook = DEFAULT_BOOK,
    agreement: str | None = None,
) -> Judgement:
    raised = None if codes is None else frozenset(codes)
    return judge_use(book, UseFacts(raised, exception, (text,), line, kind, agreement))


@pytest.mark.parametrize("code", ["PU1", "PU2", "PU3", "PU4", "PU5"])
def test_each_use_that_the_memorandum_forbids_is_refused_with_its_paragraph(code: str) -> None:
    """G-18."""
    found = judged([code])
    assert (found.outcome, found.code, found.paragraph) == ("refused", code, "MoU para 22")
    assert found.detail.startswith(code)
    assert found.detail.endswith("Fund it from elsewhere, or name the exception.")


def test_overheads_always_need_a_decision_even_with_an_exception() -> None:
    """G-18: PU6's printed sentence is incomplete."""
    assert judged(["PU6"]).outcome == "decision_required"
    named = judged(["PU6"], exception="select_committee_evidence", line="WF1")
    assert (named.outcome, named.code, named.paragraph) == ("decision_required", "PU6", "MoU para 22")


@pytest.mark.parametrize(
    "code",
    [
        "petitioning",
        "entertaining",
        "gifts",
        "fines",
        "recoverable_vat",
        "party_or_religious",
        "in_kind",
        "lease_interest",
        "depreciation",
        "statutory_duty",
        "funded_elsewhere",
        "earlier_liability",
    ],
)
def test_what_the_general_terms_deny_is_refused(code: str) -> None:
    """G-20."""
    found = judged([code])
    assert (found.outcome, found.code, found.paragraph) == ("refused", code, "G-20")


def test_a_parliamentary_affairs_consultant_is_refused_also_at_a_body_that_receives_pass_through() -> None:
    """Worked example 6."""
    own = judged(["PU1"], "Parliamentary affairs consultant, lobbying")
    assert (own.outcome, own.code) == ("refused", "PU1")
    body = judged(["PU1"], "Parliamentary affairs consultant, lobbying", line="CF", kind="pass_through")
    assert (body.outcome, body.code) == ("refused", "PU1")
    assert "A body that receives pass-through carries the same rules" in body.detail


def test_pay_negotiation_is_carved_out_on_its_own_line_only() -> None:
    """Worked example 7, G-18: PU5 leaves national pay negotiations out, on WF1."""
    marked = judged(["PU5"], "Pay negotiation officer", line="WF1")
    assert (marked.outcome, marked.code, marked.paragraph) == ("allowed", "PU5", "MoU para 22")
    named = judged(["PU5"], "Officer", line="WF1", exception="national_pay_negotiations")
    assert named.outcome == "allowed"
    elsewhere = judged(["PU5"], "Pay negotiation officer", line="CM1")
    assert (elsewhere.outcome, elsewhere.code) == ("refused", "PU5")
    assert "carved out on WF1 only" in elsewhere.detail
    assert judged(["PU5"], "Officer", line="CM1", exception="national_pay_negotiations").outcome == "refused"
    other = judged(["PU5"], "Representing the sector", line="WF1")
    assert (other.outcome, other.code) == ("decision_required", "PU5")
    both = judged(["PU5"], "Pay negotiation and lobbying", line="WF1")
    assert (both.outcome, both.code) == ("decision_required", "PU1")


@pytest.mark.parametrize(
    "exception",
    [
        "audit_certificate",
        "select_committee_evidence",
        "progress_meeting",
        "consultation_answer",
        "independent_advice",
    ],
)
def test_a_named_exception_wins_over_the_general_denial(exception: str) -> None:
    """Worked example 8, G-19, G-20: evidence to a select committee and its like; nothing but PU1 gives way."""
    found = judged(["PU1"], "Evidence to the parliamentary committee", exception=exception)
    assert (found.outcome, found.code) == ("allowed", "PU1")
    assert judged([], "Evidence to the parliamentary committee", exception=exception).outcome == "allowed"
    mixed = judged(["PU1", "PU3"], exception=exception)
    assert (mixed.outcome, mixed.code) == ("refused", "PU3")


@pytest.mark.parametrize(
    "text",
    [
        "Lobbying",
        "LOBBYIST fees",
        "parliamentary adviser",
        "Public  affairs",
        "public-affairs",
        "Public_Affairs",
        "lob\u00adbying",
        "\uff2c\uff4f\uff42\uff42\uff59\uff49\uff4e\uff47",
        "pre-lobby",
    ],
)
@pytest.mark.parametrize("codes", [[], None])
def test_a_word_asks_for_a_decision_where_nobody_declared_its_code(text: str, codes: list[str] | None) -> None:
    """G-19: also where nothing is declared at all, and however the word is written."""
    found = judged(codes, text)
    assert (found.outcome, found.code, found.paragraph) == ("decision_required", "PU1", "MoU para 22")
    assert "declare PU1, name the exception" in found.detail


@pytest.mark.parametrize("text", ["Slobby", "Publicaffairs", "Public relations, later affairs", ""])
def test_other_words_ask_for_nothing(text: str) -> None:
    assert judged([], text).outcome == "allowed"


def test_undeclared_and_none_are_told_apart() -> None:
    """G-19."""
    assert (judged(None).outcome, judged(None).code) == ("allowed", "undeclared")
    assert (judged([]).outcome, judged([]).code) == ("allowed", "none")


def test_a_code_or_an_exception_that_no_rule_knows_asks_for_a_decision() -> None:
    assert (judged(["PU9"]).outcome, judged(["PU9"]).code) == ("decision_required", "unknown_code")
    assert judged(["pu1"]).code == "PU1"
    assert judged([], exception="because").outcome == "decision_required"


def test_several_codes_are_refused_together_under_the_first() -> None:
    found = judged(["gifts", "PU3", "PU6"])
    assert (found.outcome, found.code) == ("refused", "PU3")
    assert "gifts gifts (G-20)" in found.detail


def test_a_rule_book_crosses_a_process_as_json() -> None:
    assert RuleBook.from_json(json.loads(json.dumps(DEFAULT_BOOK.to_json()))) == DEFAULT_BOOK


def rules(**changes: Any) -> dict[str, Any]:
    """The rules that stand first, as a request stores them."""
    kept = DEFAULT_BOOK.to_json()
    kept.pop("version")
    return {**kept, "reason": "The board asked for it.", **changes}


def test_a_pay_negotiation_that_declares_none_asks_for_a_decision_off_its_line() -> None:
    """Worked example 7, G-18, G-19: the carve-out covers the words on WF1, and no other word that stands there."""
    for codes in ([], None):
        elsewhere = judged(codes, "Pay negotiation officer", line="CM1")
        assert (elsewhere.outcome, elsewhere.code) == ("decision_required", "PU5")
        assert judged(codes, "Pay negotiation officer", line="WF1").outcome == "allowed"
        both = judged(codes, "Pay negotiation, then lobbying", line="WF1")
        assert (both.outcome, both.code) == ("decision_required", "PU1")


async def test_the_rules_are_public_and_change_by_versions_with_a_reason(grants: Running) -> None:
    """G-18 to G-20 are data: a new version judges what comes after it; agreements may have words of their own."""
    first = done(await grants.anonymous.get(RULES), 200)
    assert first["version"] == 0
    assert [denial["code"] for denial in first["denials"]][:6] == ["PU1", "PU2", "PU3", "PU4", "PU5", "PU6"]
    assert first["denials"][4]["carve_outs"][0]["line_code"] == "WF1"
    agreement = await drafted(grants)
    words = [{"text": "influencing", "code": "PU1"}]
    body = rules(agreement_words=[{"agreement": "2017-18", "words": words}])
    problem(await grants.as_("grants:finance").post(RULES, json=body), 403)
    stored = done(await grants.as_("grants:cfo").post(RULES, json=body))
    assert (stored["version"], stored["agreement_words"]) == (1, [{"agreement_id": agreement["id"], "words": words}])
    assert done(await grants.anonymous.get(RULES), 200) == stored
    assert done(await grants.anonymous.get(RULES, params={"version": 0}), 200) == first
    problem(await grants.anonymous.get(RULES, params={"version": 7}), 404)
    (version,) = done(await grants.anonymous.get(f"{RULES}/versions"), 200)["items"]
    assert (version["version"], version["reason"]) == (1, "The board asked for it.")
    async with grants.session() as session:
        from services.grants.use_rules.queries import rule_book

        book = await rule_book(session)
    assert judged([], "Influencing", book=book, agreement=agreement["id"]).outcome == "decision_required"
    assert judged([], "Lobbying", book=book, agreement=agreement["id"]).outcome == "allowed"
    assert judged([], "Lobbying", book=book).outcome == "decision_required"


@pytest.mark.parametrize(
    ("changes", "status", "errors"),
    [
        ({"reason": ""}, 422, {"/reason": "string_too_short"}),
        ({"denials": []}, 422, {"/denials": "too_short"}),
        ({"words": [{"text": "lobby", "code": "PU9"}]}, 422, {"/words/0/code": "rules_contradict"}),
        ({"denials": DEFAULT_BOOK.to_json()["denials"][1:]}, 422, None),
        (
            {"allowances": [], "words": [], "denials": DEFAULT_BOOK.to_json()["denials"][1:]},
            409,
            {"/denials": "rule_missing"},
        ),
        (
            {"denials": [{**one, "always_decide": False} for one in DEFAULT_BOOK.to_json()["denials"]]},
            409,
            {"/denials/5/always_decide": "rule_missing"},
        ),
        (
            {"denials": [*DEFAULT_BOOK.to_json()["denials"], DEFAULT_BOOK.to_json()["denials"][0]]},
            422,
            {"/denials/18/code": "rules_contradict"},
        ),
        (
            {"agreement_words": [{"agreement": "2031-32", "words": []}]},
            422,
            {"/agreement_words/0/agreement": "unknown_agreement"},
        ),
        ({"words": [{"text": "--", "code": "PU1"}]}, 422, {"/words/0/text": "string_pattern_mismatch"}),
        (
            {"denials": [{"code": "PU1", "paragraph": "MoU para 22", "text": "\u2026"}]},
            422,
            {"/denials/0/text": "string_pattern_mismatch"},
        ),
    ],
)
async def test_rules_that_contradict_themselves_or_the_memorandum_are_refused(
    grants: Running, changes: dict[str, Any], status: int, errors: dict[str, str] | None
) -> None:
    """G-18."""
    found = problem(await grants.as_("grants:cfo").post(RULES, json=rules(**changes)), status)
    assert errors is None or found == errors
    assert done(await grants.anonymous.get(RULES), 200)["version"] == 0


async def test_the_example_of_the_description_tried_out_keeps_every_rule_that_stands(grants: Running) -> None:
    """G-18, G-20: a version takes the place of the whole book, so the example holds all of it, and one word more."""
    before = done(await grants.anonymous.get(RULES), 200)
    described = (await grants.anonymous.get("/v1/openapi.json")).json()
    (example,) = described["components"]["schemas"]["NewRules"]["examples"]
    after = done(await grants.as_("grants:cfo").post(RULES, json=example))
    assert (after["denials"], after["allowances"]) == (before["denials"], before["allowances"])
    assert after["words"] == [*before["words"], {"text": "campaign", "code": "PU1"}]


async def test_the_yearly_declaration_lists_the_principles_of_the_edition_the_agreement_cites(grants: Running) -> None:
    """G-21: a later edition leaves earlier agreements as they are."""
    await drafted(grants)
    cfo = grants.as_("grants:cfo")
    path = "/v1/agreements/2017-18/public-money-declarations"
    body = {"signatory_name": "Jo Grey", "signatory_role": "Chief finance officer", "statement": "It was so used."}
    assert problem(await cfo.post(path, json=body), 409) == {"": "edition_missing"}

    async def cites(edition: str) -> None:
        address, manager = "/v1/agreements/2017-18", grants.as_("grants:manager")
        tag = (await manager.get(address)).headers["etag"]
        done(await manager.patch(address, json={"guidance_edition": edition}, headers={"If-Match": tag}), 200)

    await cites("Managing Public Money, May 2023")
    assert problem(await cfo.post(path, json=body), 409) == {"": "unknown_edition"}
    await cites("Managing Public Money, January 2015")
    declared = done(await cfo.post(path, json=body))
    assert (declared["number"], len(declared["principles"]), declared["principles"][0]) == (1, 10, "honesty")
    later = {"name": "Managing Public Money, May 2023", "principles": ["honesty", "openness"]}
    done(await cfo.post("/v1/guidance-editions", json=later))
    assert problem(await cfo.post("/v1/guidance-editions", json=later), 409) == {"/name": "edition_stands"}
    taken = {"name": "Managing Public Money, January 2015", "principles": ["none"]}
    assert problem(await cfo.post("/v1/guidance-editions", json=taken), 409) == {"/name": "edition_stands"}
    (kept,) = done(await grants.as_("grants:read").get(path), 200)["items"]
    assert kept == declared
    again = done(await cfo.post(path, json=body))
    assert (again["number"], again["principles"]) == (2, declared["principles"])
    editions = done(await grants.anonymous.get("/v1/guidance-editions"), 200)["items"]
    assert [one["name"] for one in editions] == [
        "Managing Public Money, January 2015",
        "Managing Public Money, May 2023",
    ]
    problem(await grants.as_("grants:finance").post(path, json=body), 403)
    assert problem(await cfo.post(path, json={**body, "declared_on": "2018-06-02"}), 422) == {
        "/declared_on": "future_date"
    }
