"""What a document must say of itself: its duty, its year, what changed, what is withheld from it and why. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.errors import Invalid, Refusal
from shared.periods import FinancialYear


@dataclass(frozen=True)
class Reason:
    """A reason to withhold, as the reference table has it."""

    code: str
    exemption: str
    needs_prejudice: bool
    needs_public_interest: bool
    never: bool = False


@dataclass(frozen=True)
class Withheld:
    """A part that readers do not get."""

    what: str
    reason_code: str
    prejudice: str | None = None
    public_interest: str | None = None


class BadPeriod(Invalid):
    code = "bad_period"
    title = "The period is no financial year"


class UnknownDuty(Invalid):
    code = "unknown_duty"
    title = "No document meets this duty"


class ChangeNoteMissing(Invalid):
    code = "change_note_missing"
    title = "A later version must say what changed"


class WithheldReasonUnknown(Invalid):
    code = "withheld_reason_unknown"
    title = "There is no such reason to withhold part of a document"


class WithholdingIncomplete(Invalid):
    code = "withholding_incomplete"
    title = "Withholding needs more than was given"


def kind_of_document(code: str, document_duties: Mapping[str, str]) -> str:
    """The kind of document that meets the duty of this code. Other duties are met by what is published elsewhere."""
    if code not in document_duties:
        raise UnknownDuty(
            f"No document meets this duty; those that one meets are {', '.join(sorted(document_duties))}.",
            pointer="/code",
        )
    return document_duties[code]


def year_of_document(period: str) -> str:
    """The year a document is about, as `2017-18`; both ways of writing it are taken (G-2)."""
    try:
        return FinancialYear.parse(period).slug
    except ValueError as error:
        raise BadPeriod(f"The period cannot be read: {error}.", pointer="/period") from error


def refuse_version(version: int, change_note: str | None) -> list[Refusal]:
    """From the second version on readers are told what changed; the earlier one stays."""
    if version > 1 and change_note is None:
        return [
            ChangeNoteMissing(
                f"This is version {version} of the document; say in change_note what changed since version "
                f"{version - 1}.",
                pointer="/change_note",
            )
        ]
    return []


def refuse_withheld(parts: Sequence[Withheld], known: Mapping[str, Reason]) -> list[Refusal]:
    """Each withheld part needs a reason that the table has, with what that reason asks for (T-21)."""
    faults: list[Refusal] = []
    for index, part in enumerate(parts):
        place, reason = f"/withheld/{index}", known.get(part.reason_code)
        if reason is None:
            codes = ", ".join(code for code, row in known.items() if not row.never)
            faults.append(WithheldReasonUnknown(f"No such reason; use one of {codes}.", pointer=f"{place}/reason_code"))
        elif reason.never:
            faults.append(
                WithholdingIncomplete(
                    f"{reason.code}: confidentiality alone withholds nothing; name another reason.",
                    pointer=f"{place}/reason_code",
                )
            )
        else:
            needed = {"prejudice": reason.needs_prejudice, "public_interest": reason.needs_public_interest}
            faults += [
                WithholdingIncomplete(
                    f"{reason.code} ({reason.exemption}) needs {field}; say it in this field.",
                    pointer=f"{place}/{field}",
                )
                for field, is_needed in needed.items()
                if is_needed and not (getattr(part, field) or "").strip()
            ]
    return faults


def raise_together(refusals: Sequence[Refusal]) -> None:
    """Raise the first with the errors of all, so that they come at once."""
    if refusals:
        errors = [error for refusal in refusals for error in refusal.errors]
        first = refusals[0]
        detail = first.detail if len(errors) == 1 else f"{len(errors)} errors; the first: {first.detail}"
        raise type(first)(detail, errors=errors)
