"""Which awards the 360Giving export holds, and how each looks there: pure functions (G-23)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from services.grants.awards.personal_texts import TextFinding, in_words
from services.grants.organisations.identifiers import REGISTER, identifier_fault, plain_identifier

VERSION = "1.4"
FIRST = ("GB-CHC", "GB-SC", "GB-NIC", "GB-COH", "GB-LAE")
"""Charities are known by their charity number, companies by their company number, councils by their register."""


@dataclass(frozen=True)
class Body:
    """A funder or recipient: its name on the day of the export and its identifiers, scheme → text."""

    slug: str
    name: str
    identifiers: Mapping[str, str]

    @property
    def usable(self) -> dict[str, str]:
        """The identifiers that their register can have given; what was stored before that was tested goes nowhere."""
        plain = {scheme: plain_identifier(text, scheme) for scheme, text in self.identifiers.items()}
        return {scheme: text for scheme, text in plain.items() if identifier_fault(scheme, text) is None}

    @property
    def org_id(self) -> str | None:
        """Its identifier as org-id.guide writes it, text with leading zeros; None where it is in no register."""
        usable = self.usable
        scheme = next(iter(_in_order(usable)), None)
        return None if scheme is None else f"{scheme}-{usable[scheme]}"

    @property
    def id_fault(self) -> str | None:
        """What is wrong with the first of its identifiers, where none of them can be used."""
        usable = self.usable
        wrong = next((scheme for scheme in _in_order(self.identifiers) if scheme not in usable), None)
        return None if wrong is None else identifier_fault(wrong, plain_identifier(self.identifiers[wrong], wrong))


def _in_order(identifiers: Mapping[str, str]) -> list[str]:
    """The registers of org-id.guide among them, the one by which a body is known first."""
    known = [scheme for scheme in FIRST if scheme in identifiers]
    return known + sorted(scheme for scheme in identifiers if REGISTER.fullmatch(scheme) and scheme not in FIRST)


@dataclass(frozen=True)
class OnwardAward:
    """An award as the export needs it. `amount_pence` of one that ended is what was paid of it."""

    award_id: UUID
    year: str
    title: str
    description: str
    amount_pence: int
    paid_pence: int
    awarded_on: date
    planned_from: date | None
    planned_to: date | None
    ended: bool
    use_allowed: bool
    modified_at: datetime
    line_code: str
    line_name: str
    funder: Body | None
    recipient: Body
    text_findings: tuple[TextFinding, ...] = ()
    """Personal details that its texts seem to hold and nobody has cleared."""


@dataclass(frozen=True)
class LeftOut:
    """Why an award is not in the export, and what would bring it there."""

    award_id: UUID
    year: str
    organisation: str
    code: str
    detail: str


def left_out(award: OnwardAward, exported_on: date) -> LeftOut | None:
    """Why an award does not go; None where it does. One that does not go keeps no other from going (G-23)."""
    fix: tuple[str, str] | None = None
    if award.awarded_on > exported_on:
        fix = (
            "dated_after_export",
            f"It is dated after the export of {exported_on.isoformat()}; correct its day.",
        )
    elif award.ended and award.paid_pence <= 0:
        fix = ("ended_unpaid", "The award ended before anything was paid.")
    elif not award.use_allowed:
        # The list is public: whether it is undeclared, awaits a decision or was refused is not said of a body here.
        fix = ("use_not_settled", "Its use is not settled; it goes once that is declared and allowed.")
    elif award.funder is None or (award.funder.org_id is None and award.funder.id_fault is None):
        fix = (
            "funder_id_missing",
            "The body that hands it on has no organisation id; add its GB-COH or the like.",
        )
    elif award.funder.org_id is None:
        fix = ("funder_id_unusable", f"The id of the body that hands it on cannot be right. {award.funder.id_fault}")
    elif award.recipient.org_id is None and award.recipient.id_fault is not None:
        detail = f"The organisation id of {award.recipient.slug} cannot be right. {award.recipient.id_fault}"
        fix = ("organisation_id_unusable", detail)
    elif award.recipient.org_id is None:
        fix = (
            "organisation_id_missing",
            f"{award.recipient.slug} has no organisation id; add its GB-COH, GB-CHC or GB-LAE identifier.",
        )
    elif award.text_findings:
        fix = (
            "personal_details",
            f"Its texts may hold personal details: {in_words(award.text_findings)}. It goes once another person than"
            " who recorded it has said, with the reason, that they may be published.",
        )
    return None if fix is None else LeftOut(award.award_id, award.year, award.recipient.slug, *fix)


def grant_of(award: OnwardAward, prefix: str | None) -> dict[str, Any]:
    """An award as a 360Giving grant. It must not be left out."""
    assert award.funder is not None
    grant: dict[str, Any] = {
        "id": f"{prefix or award.funder.org_id}-{award.award_id}",
        "title": award.title,
        "description": award.description,
        "currency": "GBP",
        "amountAwarded": in_pounds(award.paid_pence if award.ended else award.amount_pence),
        "amountDisbursed": in_pounds(award.paid_pence),
        "awardDate": award.awarded_on.isoformat(),
        "recipientOrganization": [_organisation(award.recipient)],
        "fundingOrganization": [_organisation(award.funder)],
        "grantProgramme": [{"code": award.line_code, "title": award.line_name}],
        "dateModified": award.modified_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    # The standard asks every planned period for its start; an end alone stays out.
    if award.planned_from is not None:
        days = {"startDate": award.planned_from, "endDate": award.planned_to}
        grant["plannedDates"] = [{name: day.isoformat() for name, day in days.items() if day is not None}]
    return grant


def package(
    awards: Sequence[OnwardAward], *, prefix: str | None, exported_on: date, address: str, licence: str
) -> dict[str, Any]:
    """The export: a package of the awards that go."""
    funders = {award.funder.org_id: award.funder for award in awards if award.funder is not None}
    found: dict[str, Any] = {
        "version": VERSION,
        "title": "Grant handed on",
        "description": "Awards of grant that was handed on to other bodies to deliver part of a programme.",
        "issued": exported_on.isoformat(),
        "license": licence,
        "downloadURL": address,
        "grants": [grant_of(award, prefix) for award in awards],
    }
    if len(funders) == 1:
        ((org_id, funder),) = funders.items()
        found["publisher"] = {"identifier": org_id, "name": funder.name}
    return found


def in_pounds(pence: int) -> int | float:
    """Pounds as a JSON number: the shortest text of it has at most two decimals, for any amount an award may have."""
    return pence // 100 if pence % 100 == 0 else pence / 100


def _organisation(body: Body) -> dict[str, str]:
    usable = body.usable
    found = {"id": body.org_id or "", "name": body.name}
    for field, scheme in (("charityNumber", "GB-CHC"), ("companyNumber", "GB-COH")):
        if scheme in usable:
            found[field] = usable[scheme]
    return found
