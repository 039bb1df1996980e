"""Whether something may be withheld: what each reason asks, who decides it, until when it stands; pure."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import pytest

from services.transparency.redactions import refusals, rules
from services.transparency.redactions.reasons import DATA, privacy_exclusions, reasons
from shared.errors import Refusal
from tests.transparency.facts import at

GIVEN: dict[str, Any] = {
    "exemption": "FOI Act s.40",
    "prejudice": "A named harm.",
    "public_interest": "Little is lost.",
}
FIRM = rules.Target(party_kind="organisation", party_key="k")


def table(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((DATA / name).read_text(encoding="utf-8"))))


def propose(target: rules.Target | None = FIRM, *, there: bool = False, **fields: Any) -> None:
    stated: dict[str, Any] = {"effect": "redact", "target_kind": "row", "payee": False, "fields": ["beneficiary"]}
    rules.propose_redaction(rules.Proposal(**(stated | fields)), reasons(), target, there=there)


def refused(target: rules.Target | None = FIRM, **fields: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        propose(target, **fields)
    return caught.value


def places(refusal: Refusal) -> list[tuple[str, str | None]]:
    return [(error.code, error.pointer) for error in refusal.errors]


def test_commercial_confidentiality_alone_is_refused_whatever_is_stated_with_it() -> None:
    """T-21, worked example 7: the words say what is needed, and that the row publishes meanwhile."""
    bare = refused(reason_code="BARE_CONFIDENTIALITY")
    assert (bare.status, bare.code) == (422, "withholding_incomplete")
    assert places(bare) == [
        ("withholding_incomplete", f"/{name}") for name in ("reason_code", "exemption", "prejudice", "public_interest")
    ]
    assert "Commercial confidentiality alone is no ground" in bare.detail
    assert "the row is published on schedule" in bare.detail
    assert "lacks exemption, prejudice, public_interest" in bare.detail
    assert places(refused(reason_code="BARE_CONFIDENTIALITY", **GIVEN)) == [("withholding_incomplete", "/reason_code")]


PROPOSED = [row for row in table("redaction_reasons.csv") if row["approved_by"] in ("approver", "data protection lead")]


@pytest.mark.parametrize("row", PROPOSED, ids=lambda row: row["code"])
def test_each_reason_asks_what_its_table_says(row: dict[str, str]) -> None:
    """T-21, section 7: 422 withholding_incomplete names each missing field by its place; nothing else is asked."""
    kind = {"spend": "row", "contracts": "contract", "organisation_structure": "post", "documents": "document"}
    target_kind = kind[row["applies_to"].split(";")[0]]
    fields = {"row": ["purpose"], "contract": ["title"], "post": ["budget"], "document": ["text"]}[target_kind]
    asked: dict[str, Any] = {"reason_code": row["code"], "target_kind": target_kind, "fields": fields}
    needed = ["exemption", *(name for name in ("prejudice", "public_interest") if row[f"{name}_required"] == "yes")]
    empty: dict[str, Any] = dict.fromkeys(GIVEN, " \u200b")
    missing = refused(**asked, **empty)
    assert places(missing) == [("withholding_incomplete", f"/{name}") for name in needed]
    assert f"lacks {', '.join(needed)};" in missing.detail
    assert row["exemption"] in missing.errors[0].detail
    stated: dict[str, Any] = {name: row["exemption"] if name == "exemption" else GIVEN[name] for name in needed}
    propose(**asked, **stated)
    for name in needed:
        assert places(refused(**asked, **(stated | {name: None}))) == [("withholding_incomplete", f"/{name}")]


@pytest.mark.parametrize("code", ["STAFF_EXPENSE", "SOURCE_REDACTED"])
def test_what_is_applied_by_rule_is_not_proposed(code: str) -> None:
    """T-18, T-23: reasons that are automatic."""
    assert places(refused(reason_code=code, **GIVEN)) == [("reason_automatic", "/reason_code")]


def test_every_fault_is_told_at_once_with_its_place() -> None:
    """Section 7: a bad proposal is refused once, not fault by fault."""
    found = refused(
        None,
        reason_code="COMMERCIAL_PREJUDICE",
        exemption="FOI Act s.40",
        fields=["amount", "unit", "beneficiary"],
        effect="exclude",
        public_interest="Little is lost.",
    )
    assert (found.code, found.detail.count("withheld")) == ("withholding_incomplete", 0)
    assert sorted(places(found)) == [
        ("effect_differs", "/effect"),
        ("exemption_differs", "/exemption"),
        ("field_not_withheld", "/fields"),
        ("target_unknown", "/target_id"),
        ("withholding_incomplete", "/prejudice"),
    ]
    texts = refused(None, reason_code="COMMERCIAL_PREJUDICE", fields=["amount", "unit"], **GIVEN)
    assert [error.pointer for error in texts.errors] == ["/exemption", "/fields/0", "/fields/1", "/target_id"]
    assert "commercial interests (FOI Act s.43(2))" in texts.errors[0].detail
    assert "The unit of a row stays" in texts.errors[2].detail


def test_reasons_are_known_and_for_what_they_are_made_for() -> None:
    """Section 2: the tables of reasons are the only ones; a contract is not withheld as an expense."""
    unknown = refused(reason_code="SECRET", **GIVEN)
    assert places(unknown) == [("reason_unknown", "/reason_code")]
    assert "There is no reason SECRET; for a row take one of INDIVIDUAL_BENEFICIARY" in unknown.detail
    elsewhere = refused(reason_code="TRADE_SECRET", exemption="FOI Act s.43(1)", public_interest="x")
    assert places(elsewhere) == [("reason_not_for_target", "/reason_code")]
    assert places(refused(reason_code="NAME_IN_TEXT", **GIVEN)) == [("field_not_withheld", "/fields/0")]
    propose(reason_code="NAME_IN_TEXT", fields=["purpose", "unit", "category"], exemption="personal data, s. 40")


@pytest.mark.parametrize(
    ("target", "what"),
    [
        (rules.Target(party_kind="sole_trader"), "a sole trader"),
        (rules.Target(party_kind="organisation", registered=True), "registered as a company or charity"),
    ],
)
def test_suppliers_and_sole_traders_are_named(target: rules.Target, what: str) -> None:
    """T-22, worked example 7: J Smith trading as Smith Training is named."""
    found = refused(target, reason_code="INDIVIDUAL_BENEFICIARY", exemption="FOI Act s.40")
    assert (found.status, *places(found)[0]) == (409, "supplier_named", "/reason_code")
    assert f"The payee is {what}, and suppliers and sole traders are named" in found.detail
    propose(target, reason_code="SAFETY", **(GIVEN | {"exemption": "FOI Act s.38"}))
    propose(FIRM, reason_code="INDIVIDUAL_BENEFICIARY", exemption="FOI Act s.40")


@pytest.mark.parametrize("hidden", [{"party_kind": "individual"}, {"party_kind": "organisation", "source_redacted": 1}])
def test_who_is_hidden_already_is_not_hidden_again(hidden: dict[str, Any]) -> None:
    """T-22, T-23: the payee is hidden by rule or at the source; a text beside it may still be withheld."""
    stated: dict[str, Any] = {"reason_code": "LEGAL_PAYMENT_TO_PERSON", "exemption": "FOI Act s.40"}
    assert places(refused(rules.Target(**hidden), **stated)) == [("hidden_by_rule", "/fields")]
    propose(rules.Target(**hidden), fields=["purpose"], **stated)


def test_the_same_is_not_proposed_twice_and_a_payee_needs_a_key() -> None:
    """T-54; one decision covers a person only where the ledger tells which rows are theirs."""
    stated: dict[str, Any] = {"reason_code": "INDIVIDUAL_BENEFICIARY", "exemption": "FOI Act s.40"}
    with pytest.raises(refusals.RedactionThere):
        propose(there=True, **stated)
    keyless = rules.Target(party_kind="organisation")
    assert places(refused(keyless, payee=True, **stated)) == [("payee_unknown", "/payee")]


def test_leaving_a_row_out_takes_the_leads_own_reasons() -> None:
    """T-10: exclusions that need a second person: the row goes whole, the data protection lead says why."""
    assert privacy_exclusions() == ("INDIVIDUAL_COMPENSATION", "SOLE_BENEFICIARY_AT_RISK")
    stated: dict[str, Any] = {
        "reason_code": "SOLE_BENEFICIARY_AT_RISK",
        "effect": "exclude",
        "exemption": "FOI Act s.38",
    }
    propose(rules.Target(party_kind="individual"), fields=[], **stated)
    assert places(refused(fields=["purpose"], **stated)) == [("field_not_withheld", "/fields")]
    kept = refused(fields=[], **(stated | {"effect": "redact", "exemption": None}))
    assert [code for code, _ in places(kept)] == ["withholding_incomplete", "effect_differs", "field_not_withheld"]
    reason = reasons()["SOLE_BENEFICIARY_AT_RISK"]
    with pytest.raises(refusals.WithholdingIncomplete, match="Say in reason why"):
        rules.approve_redaction("proposed", reason, {"transparency:dpl"}, note=" ")
    rules.approve_redaction("proposed", reason, {"transparency:dpl"}, note="The address is known to one person.")


def test_who_decides_is_what_the_table_says() -> None:
    """Section 3: the data protection lead on personal data, an approver on the rest."""
    scopes = {"data protection lead": "transparency:dpl", "approver": "transparency:approver"}
    for row in PROPOSED:
        own, other = scopes[row["approved_by"]], (set(scopes.values()) - {scopes[row["approved_by"]]}).pop()
        rules.approve_redaction("proposed", reasons()[row["code"]], {own}, note=None)
        with pytest.raises(refusals.OtherRoleDecides, match=own):
            rules.approve_redaction("proposed", reasons()[row["code"]], {other}, note=None)


def test_what_is_decided_is_not_decided_again_and_only_what_is_in_force_is_reviewed() -> None:
    """Section 3: proposed to approved or refused, then due for review, renewed or lifted."""
    safety, dpl = reasons()["SAFETY"], {"transparency:dpl"}
    for state in ("approved", "due_review", "renewed", "refused", "lifted"):
        with pytest.raises(refusals.RedactionDecided):
            rules.refuse_decision(state, safety, dpl)
    for state in ("proposed", "refused", "lifted"):
        with pytest.raises(refusals.RedactionNotInForce):
            rules.review_redaction(state, "lifted", safety, dpl)
    for state in ("approved", "renewed"):
        with pytest.raises(refusals.ReviewNotDue):
            rules.review_redaction(state, "renewed", safety, dpl)
        rules.review_redaction(state, "lifted", safety, dpl)
    rules.review_redaction("due_review", "renewed", safety, dpl)
    with pytest.raises(refusals.OtherRoleDecides):
        rules.review_redaction("due_review", "lifted", safety, {"transparency:approver"})


def test_the_review_falls_on_the_months_of_the_reason_or_of_the_methodology() -> None:
    """T-21, T-23: by London days, the same day number clamped to the month's end."""
    late = at("2018-08-30T23:30")
    assert rules.review_on(reasons()["SAFETY"], 12, late) == date(2019, 2, 28)
    assert rules.review_on(reasons()["COMMERCIAL_PREJUDICE"], 24, late) == date(2019, 8, 31)
    assert rules.review_on(reasons()["NAME_IN_TEXT"], 24, late) == date(2020, 8, 31)
    due = date(2019, 2, 28)
    assert rules.next_state("approved", due, at("2019-02-27T23:59")) == "approved"
    assert rules.next_state("renewed", due, at("2019-02-28T00:00")) == "due_review"
    assert rules.next_state("lifted", due, at("2019-03-01T00:00")) == "lifted"
    assert [rules.is_overdue("due_review", due, at(f"2019-{day}T12:00")) for day in ("02-28", "03-01")] == [False, True]
    assert not rules.is_overdue("lifted", due, at("2019-03-01T12:00"))


def test_with_the_payee_goes_whatever_tells_the_payee() -> None:
    """T-19."""
    assert rules.withheld_fields(["beneficiary"]) == ("beneficiary", "contract_ref", "purpose")
    assert rules.withheld_fields(["purpose"]) == ("purpose",)
