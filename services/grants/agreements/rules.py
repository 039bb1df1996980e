"""What may be agreed and signed: pure functions that refuse or return the fact."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from services.grants.faults import not_after, raise_together
from services.grants.history.rules import funding_basis_of
from shared.errors import Conflict, Invalid, Refusal
from shared.events.grants import AgreementParty, AgreementSigned
from shared.periods import FinancialYear

Role = Literal["funder", "recipient", "lead_parent"]
Signatory = Literal["funder", "recipient"]
ReviewDecision = Literal["continue", "stop", "amend"]
ReviewState = Literal["not_stated", "due", "overdue", "held"]
"""Only an agreement that states a day has a review due; there is no silent default (G-15, G-17)."""


class AgreementAlreadySigned(Conflict):
    code = "already_signed"
    title = "Both signatures stand"


class PartyAlreadySigned(Conflict):
    code = "party_signed"
    title = "This party has signed"


class SignatoryKnown(Conflict):
    code = "signatory_known"
    title = "It is known whose signature this is"


class AgreementOfYearExists(Conflict):
    code = "agreement_exists"
    title = "The year has an agreement"


class WrongTerritory(Conflict):
    code = "wrong_territory"
    title = "The grant covers England only"


class WrongFundingBasis(Conflict):
    code = "wrong_funding_basis"
    title = "The year was funded otherwise"


class OutsideYear(Conflict):
    code = "outside_year"
    title = "An agreement covers one year"


class PartiesIncomplete(Invalid):
    code = "parties_incomplete"
    title = "An agreement has one funder and one recipient"


class TermsAgreed(Conflict):
    """What both parties signed changes by a variation that both agree (G-16)."""

    code = "not_agreed"
    title = "The signed terms stand"


class BudgetStands(Conflict):
    code = "budget_stands"
    title = "A budget divides the present grant"


class ReviewTooEarly(Conflict):
    code = "review_too_early"
    title = "There is nothing to review yet"


def change_agreement(
    terms: Terms, *, signed: bool, has_budget: bool, given: Collection[str], effective_from: date | None
) -> None:
    """Refuse a change of terms that are signed, or of a draft to what no agreement can have: all faults at once.

    `terms` are those after the change, `given` names the terms that the request holds. Names and references are no
    party's to agree and change at any time, within the year.
    """
    faults: list[Refusal] = []
    if signed:
        faults.extend(
            TermsAgreed("The agreement is signed; propose a variation instead.", pointer=f"/{name}") for name in given
        )
    elif "grant_pence" in given and has_budget:
        faults.append(
            BudgetStands(
                "A budget of the present grant is approved; vary the grant once signed.", pointer="/grant_pence"
            )
        )
    faults.extend(_day_faults(terms, {"effective_from": effective_from}))
    raise_together(faults)


@dataclass(frozen=True)
class TermChange:
    """Terms that one change set, by name, and the day from which they hold; None from the start."""

    number: int
    effective_from: date | None
    terms: Mapping[str, Any]


def terms_at(changes: Sequence[TermChange], day: date) -> dict[str, Any]:
    """Terms by name as they stood on a day: what holds from a later day is not in them (G-16)."""
    terms: dict[str, Any] = {}
    for change in sorted(changes, key=lambda change: (change.effective_from or date.min, change.number)):
        if change.effective_from is None or change.effective_from <= day:
            terms.update(change.terms)
    return terms


def review_state(review_by: date | None, reviewed_on: Sequence[date], day: date) -> ReviewState:
    """Where the review that the agreement asks for stands on a day (G-17)."""
    if any(held <= day for held in reviewed_on):
        return "held"
    if review_by is None:
        return "not_stated"
    return "due" if day <= review_by else "overdue"


def hold_review(in_force_from: date, reviewed_on: date, *, signed: bool, today: date) -> None:
    """Refuse a review of what is not agreed or has not begun, and one in the future."""
    not_after(reviewed_on, today, "/reviewed_on")
    if not signed:
        raise ReviewTooEarly("The agreement awaits its second signature; review it once it stands.")
    if reviewed_on < in_force_from:
        raise ReviewTooEarly(
            f"The agreement is in force from {in_force_from.isoformat()}; give a day not before it.",
            pointer="/reviewed_on",
        )


@dataclass(frozen=True)
class Terms:
    """What is agreed for a year, apart from the parties."""

    year: FinancialYear
    funding_basis: str
    territory: str
    in_force_from: date
    in_force_to: date
    review_by: date | None


def draft_agreement(terms: Terms, parties: Sequence[tuple[Role, str]]) -> None:
    """Refuse terms that no agreement can have (G-4, G-6), parties being (role, slug): all faults at once."""
    faults: list[Refusal] = []
    roles = [role for role, _ in parties]
    for role in ("funder", "recipient"):
        if roles.count(role) != 1:
            faults.append(PartiesIncomplete(f"Name exactly one {role}.", pointer="/parties"))
    if roles.count("lead_parent") > 1:
        faults.append(PartiesIncomplete("Name at most one lead_parent.", pointer="/parties"))
    if len({slug for _, slug in parties}) < len(parties):
        faults.append(PartiesIncomplete("Name another body for each role.", pointer="/parties"))
    if terms.territory != "England":
        faults.append(WrongTerritory("Give England; the grant may not be used elsewhere.", pointer="/territory"))
    expected = funding_basis_of(terms.year)
    if terms.funding_basis != expected:
        faults.append(WrongFundingBasis(f"In {terms.year.label} the basis is {expected}.", pointer="/funding_basis"))
    faults.extend(_day_faults(terms, {}))
    raise_together(faults)


def _day_faults(terms: Terms, more: Mapping[str, date | None]) -> list[Refusal]:
    """Days outside the year, and an end before the start (G-4)."""
    faults: list[Refusal] = []
    days = {"in_force_from": terms.in_force_from, "in_force_to": terms.in_force_to, "review_by": terms.review_by}
    for name, day in {**days, **more}.items():
        if day is not None and not terms.year.start <= day <= terms.year.end:
            faults.append(
                OutsideYear(
                    f"Give a day from {terms.year.start.isoformat()} to {terms.year.end.isoformat()}.",
                    pointer=f"/{name}",
                )
            )
    if terms.in_force_from > terms.in_force_to:
        faults.append(OutsideYear("The end lies before the start.", pointer="/in_force_to"))
    return faults


@dataclass(frozen=True)
class Signed:
    """One signature: the day, and whose it is where that is known."""

    signed_on: date
    party: Signatory | None


@dataclass(frozen=True)
class SigningPosition:
    """What signing must know: the agreement as drafted and the signatures under it."""

    agreement_id: UUID
    version: int
    year: FinancialYear
    grant_pence: int
    in_force_from: date
    in_force_to: date
    review_by: date | None
    parties: tuple[AgreementParty, ...]
    signatures: tuple[Signed, ...]


def sign_agreement(position: SigningPosition, signature: Signed, *, today: date) -> AgreementSigned | None:
    """Add a signature; the second makes the agreement. A day after the start is normal, a future one is not (G-4)."""
    not_after(signature.signed_on, today, "/signed_on")
    if len(position.signatures) == 2:
        raise AgreementAlreadySigned("Two signatures stand; name the party of one of them instead.")
    _refuse_second_of_one_party(position.signatures, signature.party)
    if not position.signatures:
        return None
    return AgreementSigned(
        agreement_id=position.agreement_id,
        version=position.version,
        year=position.year.label,
        parties=position.parties,
        grant_pence=position.grant_pence,
        in_force_from=position.in_force_from,
        in_force_to=position.in_force_to,
        review_by=position.review_by,
        signed_on=tuple(sorted([*(standing.signed_on for standing in position.signatures), signature.signed_on])),
    )


def name_signatory(signature: Signed, others: Sequence[Signed], party: Signatory) -> None:
    """Say whose signature a blank one is; what was said stays (G-4)."""
    if signature.party is not None:
        raise SignatoryKnown(
            f"This is the {signature.party}'s signature; it cannot be given to another.", pointer="/party"
        )
    _refuse_second_of_one_party(others, party)


def _refuse_second_of_one_party(signatures: Sequence[Signed], party: Signatory | None) -> None:
    if party is not None and any(standing.party == party for standing in signatures):
        raise PartyAlreadySigned(f"The {party} has signed; this signature is the other party's.", pointer="/party")
