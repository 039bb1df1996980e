"""Whether something may be withheld, who decides it, and until when. Pure: facts in, refusals or values out."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from services.transparency.redactions.refusals import (
    FAULTS,
    EffectDiffers,
    ExemptionDiffers,
    FieldsDiffer,
    HiddenByRule,
    OtherRoleDecides,
    PayeeUnknown,
    ReasonAutomatic,
    ReasonElsewhere,
    ReasonUnknown,
    RedactionDecided,
    RedactionNotInForce,
    RedactionThere,
    ReviewNotDue,
    SupplierNamed,
    TargetUnknown,
    WithholdingIncomplete,
)
from shared.errors import ErrorItem, Invalid
from shared.periods import add_months, london_date
from shared.texts import folded

Effect = Literal["redact", "exclude"]
TargetKind = Literal["row", "contract", "post", "document"]

DPL, APPROVER, AUTOMATIC, NEVER = "dpl", "approver", "automatic", "never"
SCOPES = {DPL: "transparency:dpl", APPROVER: "transparency:approver"}
"""Who approves → the scope that lets a person do so."""
WORDS = {DPL: "the data protection lead", APPROVER: "an approver"}

DATASETS = {
    "row": "spend",
    "contract": "contracts",
    "post": "organisation_structure",
    "document": "documents",
}
"""What a redaction is aimed at → the dataset that shows it."""
FIELDS = {
    "row": ("beneficiary", "purpose", "unit", "category"),
    "contract": ("title", "description", "supplier", "contact"),
    "post": ("name", "title", "contact", "responsibilities", "budget", "employee_count", "salary_band"),
    "document": ("title", "text"),
}
"""Texts that can be withheld, by what they belong to."""
KEPT = ("unit", "category")
"""Texts of a row that stay whatever is withheld of it, unless they name a person (T-18)."""
NAME_IN_TEXT = "NAME_IN_TEXT"
FOR_PRIVATE_PERSONS = "INDIVIDUAL_BENEFICIARY"

IN_FORCE = ("approved", "due_review", "renewed")
"""States in which a redaction has its effect; one whose review is overdue still protects, and is counted in public."""
NAMED_KINDS = ("sole_trader", "organisation", "unknown")
"""Payees whose names are not hidden by rule."""

MEANWHILE = "Until another person has approved it, the row is published on schedule."


@dataclass(frozen=True)
class Reason:
    """One line of the tables of reasons."""

    code: str
    effect: Effect
    applies_to: tuple[str, ...]
    """Datasets."""
    meaning: str
    cell_text: str
    """What stands in place of a withheld text."""
    exemption: str
    """The exemption the reason rests on; empty where the proposer states which."""
    needs: tuple[str, ...]
    """What must be stated of `exemption`, `prejudice` and `public_interest`."""
    approver: str
    review_months: int | None

    @property
    def personal(self) -> bool:
        """Whether it protects a person, so that the name is held back wherever it stands (T-63)."""
        return self.cell_text == "REDACTED PERSONAL DATA"


@dataclass(frozen=True)
class Proposal:
    """What somebody proposes to withhold, and why."""

    effect: Effect
    target_kind: TargetKind
    payee: bool
    """All rows of the payee of the row that is named."""
    fields: Sequence[str]
    reason_code: str
    exemption: str | None = None
    prejudice: str | None = None
    public_interest: str | None = None


@dataclass(frozen=True)
class Target:
    """What is known here of the thing that a proposal names."""

    party_kind: str = ""
    party_key: str | None = None
    registered: bool = False
    """It has a company or charity number."""
    source_redacted: bool = False


def propose_redaction(proposal: Proposal, reasons: Mapping[str, Reason], target: Target | None, *, there: bool) -> None:
    """Refuse a proposal that lacks what its reason asks, every fault at once, or that rule T-22 forbids.

    `target` is None where the publisher has no such thing, `there` says that the same stands proposed or in force.
    """
    reason = reasons.get(proposal.reason_code)
    faults = _faults_of_reason(proposal, reasons) if reason is None else _faults(proposal, reason)
    faults += _faults_of_target(proposal, target)
    if faults:
        gravest = next(refusal for code, refusal in FAULTS.items() if any(fault.code == code for fault in faults))
        raise gravest(_summary(proposal, faults), errors=faults)
    assert reason is not None
    assert target is not None
    if proposal.effect == "redact" and proposal.target_kind == "row" and "beneficiary" in proposal.fields:
        refuse_named(reason, target)
        if target.source_redacted or target.party_kind not in NAMED_KINDS:
            raise HiddenByRule(
                "The payee of this row is hidden already, by rule or by the ledger it came from; leave beneficiary out "
                "of fields.",
                pointer="/fields",
            )
    if there:
        raise RedactionThere(
            f"A redaction for {reason.code} of the same thing is proposed or in force; wait for its decision, or lift "
            "it first.",
            pointer="/target_id",
        )


def refuse_named(reason: Reason, target: Target) -> None:
    """Suppliers and sole traders are named; a person who is paid care, benefit or refund is not (T-22)."""
    if reason.code != FOR_PRIVATE_PERSONS or not (target.registered or target.party_kind == "sole_trader"):
        return
    what = "a sole trader" if target.party_kind == "sole_trader" else "registered as a company or charity"
    raise SupplierNamed(
        f"The payee is {what}, and suppliers and sole traders are named (paragraph 15 of the memorandum). "
        f"{reason.code} is for a person who receives care, a benefit, a refund or similar. Where naming would do harm, "
        "propose SAFETY with the prejudice and the public interest.",
        pointer="/reason_code",
    )


def approve_redaction(state: str, reason: Reason, scopes: Collection[str], *, note: str | None) -> None:
    """Refuse a second decision, another role than the reason's, and an exclusion without the lead's own reasons."""
    refuse_decision(state, reason, scopes)
    if reason.effect == "exclude" and not folded(note or ""):
        raise WithholdingIncomplete(
            f"{reason.code} takes the whole row out of the file. Say in reason why the data protection lead finds that "
            "even the row would do harm.",
            pointer="/reason",
        )


def refuse_decision(state: str, reason: Reason, scopes: Collection[str]) -> None:
    """Only what is proposed is decided, by the role that the reason names."""
    refuse_role(reason, scopes)
    if state != "proposed":
        raise RedactionDecided(f"It is {_in_words(state)}; propose it again if it is still needed.")


def refuse_role(reason: Reason, scopes: Collection[str]) -> None:
    """The data protection lead decides on personal data, an approver on the rest (section 3)."""
    if SCOPES[reason.approver] not in scopes:
        raise OtherRoleDecides(
            f"{reason.code} is decided by {WORDS[reason.approver]}; this needs the scope {SCOPES[reason.approver]}."
        )


def review_redaction(state: str, outcome: str, reason: Reason, scopes: Collection[str]) -> None:
    """A redaction in force may be lifted at any time, and renewed once its review is due (T-23)."""
    refuse_role(reason, scopes)
    if state not in IN_FORCE:
        raise RedactionNotInForce(f"It is {_in_words(state)}; only a redaction in force is reviewed.")
    if outcome == "renewed" and state != "due_review":
        raise ReviewNotDue("Its review is not due yet; it stays in force until then, and can be lifted at any time.")


def review_on(reason: Reason, parameter_months: int, now: datetime) -> date:
    """The day of the next review: after the months of the reason's own, else of the publisher's methodology."""
    return add_months(london_date(now), reason.review_months or parameter_months)


def next_state(state: str, due_on: date | None, now: datetime) -> str:
    """A redaction whose review day has come is due for review (T-23)."""
    if state in ("approved", "renewed") and due_on is not None and london_date(now) >= due_on:
        return "due_review"
    return state


def is_overdue(state: str, due_on: date | None, now: datetime) -> bool:
    """The review day has passed and nobody has decided: counted in public (T-23)."""
    return state in IN_FORCE and due_on is not None and london_date(now) > due_on


def withheld_fields(fields: Collection[str]) -> tuple[str, ...]:
    """What a decision withholds of a row; with the payee goes whatever would tell or link the payee (T-19)."""
    found = set(fields)
    if "beneficiary" in found:
        found |= {"purpose", "contract_ref"}
    return tuple(sorted(found))


def _faults_of_reason(proposal: Proposal, reasons: Mapping[str, Reason]) -> list[ErrorItem]:
    usable = [
        code
        for code, reason in reasons.items()
        if reason.approver in SCOPES and DATASETS[proposal.target_kind] in reason.applies_to
    ]
    detail = (
        f"There is no reason {proposal.reason_code[:64]}; for a {proposal.target_kind} take one of {', '.join(usable)}."
    )
    return [ErrorItem(code=ReasonUnknown.code, detail=detail, pointer="/reason_code")]


def _faults(proposal: Proposal, reason: Reason) -> list[ErrorItem]:
    faults: list[ErrorItem] = []

    def fault(refusal: type[Invalid], pointer: str, detail: str) -> None:
        faults.append(ErrorItem(code=refusal.code, detail=detail, pointer=pointer))

    if reason.approver == AUTOMATIC:
        fault(
            ReasonAutomatic,
            "/reason_code",
            f"{reason.code} is applied by rule, without a proposal: {_lower(reason.meaning)}. Choose another reason.",
        )
        return faults
    if reason.approver == NEVER:
        fault(
            WithholdingIncomplete,
            "/reason_code",
            "Commercial confidentiality alone is no ground for withholding (paragraph 17 of the memorandum). Propose "
            "COMMERCIAL_PREJUDICE or another reason that names its ground, and state the exemption, the specific "
            f"prejudice and why the public interest favours withholding. {MEANWHILE}",
        )
    for name in reason.needs:
        if not folded(getattr(proposal, name) or ""):
            fault(WithholdingIncomplete, f"/{name}", _MISSING[name].format(code=reason.code, **_hint(reason)))
    if _relies_on_another(proposal.exemption or "", reason):
        fault(
            ExemptionDiffers,
            "/exemption",
            f"{reason.code} rests on {reason.exemption}, and another exemption is stated. State that one, or choose "
            "the reason of the exemption you rely on.",
        )
    if DATASETS[proposal.target_kind] not in reason.applies_to:
        fault(
            ReasonElsewhere,
            "/reason_code",
            f"{reason.code} is not for a {proposal.target_kind}; it is for {', '.join(reason.applies_to)}.",
        )
    if proposal.effect != reason.effect:
        does = "takes the row out of the file" if reason.effect == "exclude" else "replaces text; the row stays"
        fault(EffectDiffers, "/effect", f"{reason.code} {does}. Send effect {reason.effect}, or another reason.")
    return faults + _faults_of_fields(proposal, reason)


def _faults_of_fields(proposal: Proposal, reason: Reason) -> list[ErrorItem]:
    known = FIELDS[proposal.target_kind]
    faults: list[ErrorItem] = []

    def fault(pointer: str, detail: str) -> None:
        faults.append(ErrorItem(code=FieldsDiffer.code, detail=detail, pointer=pointer))

    if proposal.effect == "exclude":
        if proposal.fields:
            fault("/fields", "The row leaves the file whole, and fields names texts of it; leave fields out.")
        return faults
    if not proposal.fields:
        fault("/fields", f"No text is named; of a {proposal.target_kind} take some of {', '.join(known)}.")
    for place, name in enumerate(proposal.fields):
        if name not in known:
            fault(
                f"/fields/{place}",
                f"A {proposal.target_kind} has no text {name[:64]} to withhold; take some of {', '.join(known)}.",
            )
        elif proposal.target_kind == "row" and name in KEPT and reason.code != NAME_IN_TEXT:
            fault(
                f"/fields/{place}",
                f"The {name} of a row stays, whatever else is withheld; only a text that names a person is replaced, "
                f"with reason {NAME_IN_TEXT}.",
            )
    if reason.code == NAME_IN_TEXT and proposal.target_kind == "row" and "beneficiary" in proposal.fields:
        fault(
            f"/fields/{list(proposal.fields).index('beneficiary')}",
            f"{NAME_IN_TEXT} is for a name in another text. To withhold the payee take the reason why, such as "
            f"{FOR_PRIVATE_PERSONS}.",
        )
    return faults


def _faults_of_target(proposal: Proposal, target: Target | None) -> list[ErrorItem]:
    if target is None:
        detail = f"The publisher has no {proposal.target_kind} of this id; take it from the publisher's file or draft."
        return [ErrorItem(code=TargetUnknown.code, detail=detail, pointer="/target_id")]
    if proposal.payee and (proposal.target_kind != "row" or target.party_key is None):
        detail = "The ledger gives no key for the payee of this, so other rows cannot be found; name each row instead."
        return [ErrorItem(code=PayeeUnknown.code, detail=detail, pointer="/payee")]
    return []


def _relies_on_another(exemption: str, reason: Reason) -> bool:
    if not folded(exemption) or not reason.exemption or reason.approver == NEVER:
        return False
    return _section(exemption) != _section(reason.exemption)


def _section(exemption: str) -> str:
    """`commercial interests (FOI Act s.43(2))` is `s43(2)`; `FOI Act, section 43 (2)` holds it."""
    plain = folded(exemption).replace("section", "s").replace(" ", "").replace(".", "")
    found = re.search(r"s[0-9]+(\([0-9]\))?", plain)
    return found.group() if found else plain


def _summary(proposal: Proposal, faults: Sequence[ErrorItem]) -> str:
    missing = [
        fault.pointer.removeprefix("/")
        for fault in faults
        if fault.code == WithholdingIncomplete.code and fault.pointer and fault.pointer != "/reason_code"
    ]
    if not missing:
        return faults[0].detail if len(faults) == 1 else "The proposal cannot be taken as it is; see errors."
    alone = faults[0].detail + " " if faults[0].pointer == "/reason_code" else ""
    return (
        f"{alone}Withholding for {proposal.reason_code} lacks {', '.join(missing)}; state what is missing and propose "
        f"again.{'' if alone else ' ' + MEANWHILE}"
    )


def _hint(reason: Reason) -> dict[str, str]:
    return {"exemption": f", {reason.exemption}" if reason.exemption and reason.approver != NEVER else ""}


_MISSING = {
    "exemption": "The exemption is missing: state which exemption {code} relies on{exemption}.",
    "prejudice": "The prejudice is missing: state what specific harm publishing would do, and to whom.",
    "public_interest": "The public interest is missing: state why withholding outweighs publishing.",
}


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _in_words(state: str) -> str:
    return state.replace("due_review", "in force and due for review").replace("proposed", "only proposed")
