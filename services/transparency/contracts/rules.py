"""What a contract may say, which version may follow which, and what a reader should look at. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any

from shared.money import sterling
from shared.periods import add_months
from shared.texts import seen

KINDS = ("new", "extension", "variation", "correction", "termination")
STATUSES = ("pending", "active", "expired", "terminated", "cancelled")
ENDED = ("expired", "terminated", "cancelled")
CONTRACT_TYPES = (
    "Single award contract",
    "Multiple award contract",
    "Framework agreement",
    "Dynamic purchasing system",
    "Grant agreement",
    "Other",
)
PROCESSES = ("Invitation to quote", "Published invitation to tender", "Other")
VCSE_TYPES = (
    "Companies House",
    "Charity or Charitable Incorporated Organisation",
    "Community Interest Company",
    "Industrial and Provident Society",
    "Housing Association",
    "Other",
    "Not known",
)
CHARITY = "Charity or Charitable Incorporated Organisation"
IN_COMPANY_REGISTER = ("Companies House", "Community Interest Company", "Industrial and Provident Society")

REFERENCE = "^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$"
"""A reference is part of an address and of the ocid, so it holds nothing that either would escape."""
PREFIX = "^ocds-[a-z0-9]{6}$"
SME_STAFF = 250

COMPANY_NUMBER = re.compile("[A-Z0-9]{8}")

FOLLOWS: dict[str, set[str]] = {
    "pending": {"pending", "active", "cancelled"},
    "active": {"active", *ENDED},
}
"""Status → the status that the next version may have (section 3)."""


@dataclass(frozen=True)
class Statement:
    """What one version of a contract says; every version says all of it."""

    kind: str
    status: str
    signed_at: datetime
    title: str
    contract_type: str
    process: str
    supplier_name: str
    vcse: bool
    value_pence: int
    """Includes irrecoverable VAT (T-27)."""
    amount_basis: str
    value_basis: str
    start_date: date
    irrecoverable_vat_pence: int | None = None
    description: str | None = None
    unit: str | None = None
    category: str | None = None
    cpv_code: str | None = None
    cpv_label: str | None = None
    company_number: str | None = None
    charity_number: str | None = None
    other_supplier_id: str | None = None
    supplier_staff: int | None = None
    sme: bool | None = None
    vcse_type: str | None = None
    fixed_cost: bool | None = None
    end_date: date | None = None
    review_date: date | None = None
    last_extension_date: date | None = None
    framework_ref: str | None = None
    grant_ref: str | None = None
    decision_ref: str | None = None
    contact_url: str | None = None
    tender_document_url: str | None = None
    contract_document_url: str | None = None
    performance_url: str | None = None
    areas: tuple[tuple[str, str | None], ...] = ()
    """Label and address of each area served."""
    supports_programme: bool = True
    rationale: str | None = None
    contact_name: str | None = None
    contact_email: str | None = None
    contact_is_role: bool = False


STATED = tuple(field.name for field in fields(Statement))
CONTACT = ("contact_name", "contact_email", "contact_is_role")
"""Fields that may name a person: never echoed, held in a table of their own."""


@dataclass(frozen=True)
class Fault:
    """One thing wrong with what a contract says, at the field to change."""

    code: str
    field: str
    detail: str


@dataclass(frozen=True)
class Noted:
    """Something about a contract that stops nothing; a person looks."""

    code: str
    field: str
    detail: str


def contradictions(said: Statement, now: datetime) -> list[Fault]:
    """Everything that does not go together in one version (T-27, T-28)."""
    return [*_of_days(said, now), *_of_money(said), *_of_supplier(said), *_of_kind(said)]


def following(said: Statement, earlier: Sequence[Statement]) -> list[Fault]:
    """What stands against a version after those before it, oldest first (T-28; section 3)."""
    last = earlier[-1]
    found = []
    if said.signed_at <= last.signed_at:
        found.append(
            Fault(
                "signed_out_of_order",
                "signed_at",
                f"Signed at {_instant(said.signed_at)}, which is not later than version {len(earlier)}, signed at "
                f"{_instant(last.signed_at)}; give the time at which the change was signed.",
            )
        )
    if said.kind == "correction":
        # A status recorded wrongly is a recording error too, so a correction may go back to one that stood before.
        allowed = {version.status for version in earlier}
    else:
        allowed = FOLLOWS.get(last.status, set())
        if said.kind != "termination":
            allowed = allowed - set(ENDED)
    if not allowed:
        detail = f"The contract is {last.status}; only a correction may follow."
        found.append(Fault("contract_ended", "kind", detail))
    elif said.status not in allowed:
        found.append(
            Fault(
                "status_not_allowed",
                "status",
                f"A {said.kind} of a contract that is {last.status} cannot make it {said.status}; "
                f"choose one of {', '.join(sorted(allowed))}.",
            )
        )
    return found


def has_company_number_form(text: str | None) -> bool:
    """Exactly eight capital letters or digits. Nothing is padded, nothing is turned into capitals (T-29)."""
    return text is not None and COMPANY_NUMBER.fullmatch(text) is not None


def number_suspect(company_number: str | None) -> Noted | None:
    """A company number that its register cannot have given (T-29). The text itself is not repeated."""
    if company_number is None or has_company_number_form(company_number):
        return None
    return Noted(
        "company_number_suspect",
        "company_number",
        "The company number is not eight capital letters or digits, so it is not published; find the number in the "
        "company register and enter it in a correction.",
    )


def overspent(said: Statement, spend_pence: int, on: date) -> Noted | None:
    """Spend above the value (T-28). A yearly value counts once for each year of the contract begun by that day."""
    years = _years_begun(said.start_date, on) if said.value_basis == "annual" else 1
    covered = said.value_pence * years
    if spend_pence <= covered:
        return None
    of = f"{years} years of {sterling(said.value_pence)}" if years > 1 else f"the value of {sterling(said.value_pence)}"
    return Noted(
        "spend_exceeds_value",
        "value_pence",
        f"Payments of {sterling(spend_pence)} name this contract, {sterling(spend_pence - covered)} more than {of}; "
        "check the payments, or enter the change of the contract as its next version.",
    )


def behind_its_days(said: Statement, on: date) -> Noted | None:
    """A status that the contract's own days have overtaken; the next version says what became of it (section 3)."""
    if said.status == "pending" and said.start_date <= on:
        detail = f"The contract is pending and began on {said.start_date.isoformat()}; enter a version saying active."
        return Noted("pending_after_start", "status", detail)
    if said.status == "active" and said.end_date is not None and said.end_date < on:
        detail = f"The contract is active and ended on {said.end_date.isoformat()}; enter its end or its extension."
        return Noted("active_after_end", "status", detail)
    return None


def differing(said: Statement, stored: Statement) -> list[str]:
    """The fields in which two statements of one version differ, as a reader sees them."""
    return [name for name in STATED if _plain(getattr(said, name)) != _plain(getattr(stored, name))]


def is_over(said: Statement, threshold_pence: int | None) -> bool:
    """Whether the value exceeds the publisher's threshold; without one every contract is published (T-26)."""
    return threshold_pence is None or said.value_pence > threshold_pence


def _of_days(said: Statement, now: datetime) -> list[Fault]:
    found = []
    if said.signed_at > now:
        detail = f"Signed at {_instant(said.signed_at)}, which is in the future; enter a contract once it is signed."
        found.append(Fault("signed_in_future", "signed_at", detail))
    start, end = said.start_date, said.end_date
    if end is not None and end < start:
        detail = f"The end {end.isoformat()} is before the start {start.isoformat()}; correct one of them."
        found.append(Fault("ends_before_start", "end_date", detail))
    if said.review_date is not None and said.review_date < start:
        detail = f"The review on {said.review_date.isoformat()} is before the start {start.isoformat()}; correct it."
        found.append(Fault("review_before_start", "review_date", detail))
    latest = said.last_extension_date
    if latest is not None and latest < (end or start):
        found.append(
            Fault(
                "extension_before_end",
                "last_extension_date",
                f"The contract could run until {latest.isoformat()} at the latest, which is before "
                f"{(end or start).isoformat()}; give the last day that extensions allow.",
            )
        )
    return found


def _of_money(said: Statement) -> list[Fault]:
    vat = said.irrecoverable_vat_pence
    found = []
    if said.value_pence < 0:
        detail = f"The value {sterling(said.value_pence)} is below zero; give what the contract may cost."
        found.append(Fault("value_below_zero", "value_pence", detail))
    if said.amount_basis == "gross" and vat is not None:
        detail = "A gross value is one whose VAT is not known; leave irrecoverable VAT out, or say net."
        found.append(Fault("vat_of_gross", "irrecoverable_vat_pence", detail))
    elif said.amount_basis == "net" and vat is None:
        detail = "Irrecoverable VAT is missing; give it, 0 where there is none, or say gross where it is not known."
        found.append(Fault("vat_missing", "irrecoverable_vat_pence", detail))
    elif vat is not None and not 0 <= vat <= max(said.value_pence, 0):
        found.append(
            Fault(
                "vat_over_value",
                "irrecoverable_vat_pence",
                f"Irrecoverable VAT {sterling(vat)} is not between nothing and the value {sterling(said.value_pence)}, "
                "of which it is a part; correct one of them.",
            )
        )
    return found


def _of_supplier(said: Statement) -> list[Fault]:
    found = []
    staff = said.supplier_staff
    if staff is not None and said.sme is not None and said.sme != (staff < SME_STAFF):
        detail = (
            f"A supplier with {staff} staff is {'small or medium' if staff < SME_STAFF else 'large'}: fewer than "
            f"{SME_STAFF} make it small or medium; correct the staff or the size."
        )
        found.append(Fault("size_contradicts_staff", "sme", detail))
    if said.vcse and said.vcse_type is None:
        detail = "A voluntary, community or social enterprise needs its type; `Not known` is one."
        found.append(Fault("vcse_type_missing", "vcse_type", detail))
    if not said.vcse and said.vcse_type is not None:
        detail = f"The type {said.vcse_type} is given, and the supplier is no VCSE body; correct one of them."
        found.append(Fault("vcse_type_without_vcse", "vcse_type", detail))
    if said.vcse_type == CHARITY and said.charity_number is None:
        detail = "A charity needs its number in the charity register; give it, or choose another type."
        found.append(Fault("charity_number_missing", "charity_number", detail))
    if said.vcse_type in IN_COMPANY_REGISTER and said.company_number is None:
        detail = f"A body of the type {said.vcse_type} is registered; give its number, or choose another type."
        found.append(Fault("company_number_missing", "company_number", detail))
    return found


def _of_kind(said: Statement) -> list[Fault]:
    found = []
    if said.kind == "new" and said.status in ENDED:
        detail = f"A new contract is pending or active, not {said.status}; enter its end as the next version."
        found.append(Fault("status_not_allowed", "status", detail))
    if said.kind == "termination" and said.status not in ENDED:
        detail = f"A termination ends the contract, and {said.status} is no end; choose one of {', '.join(ENDED)}."
        found.append(Fault("status_not_allowed", "status", detail))
    return found


def _years_begun(start: date, on: date) -> int:
    years = 1
    while add_months(start, 12 * years) <= on:
        years += 1
    return years


def _plain(value: Any) -> Any:
    return seen(value) if isinstance(value, str) else value


def _instant(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
