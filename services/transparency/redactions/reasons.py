"""The reasons for withholding, read from their tables: what each needs, who approves it, when it is reviewed."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from services.transparency.redactions.rules import APPROVER, AUTOMATIC, DPL, NEVER, Reason

DATA = Path(__file__).parent.parent / "data"

APPROVERS = {
    "data protection lead": DPL,
    "approver": APPROVER,
    "automatic by rule": AUTOMATIC,
    "never approved": NEVER,
}
"""Words of the table → who that is here."""
ROLES = {DPL: "data protection lead", APPROVER: "approver", AUTOMATIC: "automatic by rule"}
"""The same for readers of the public record."""


@cache
def reasons() -> Mapping[str, Reason]:
    """Code → reason: for replacing text, and for leaving a row out with the consent of a second person."""
    return {reason.code: reason for reason in (*_redactions(), *_exclusions())}


@cache
def privacy_exclusions() -> tuple[str, ...]:
    """Codes of spend rows that are left out to protect a person; the reconciliation counts them as such (T-14)."""
    return tuple(reason.code for reason in _exclusions() if "spend" in reason.applies_to)


def _redactions() -> Iterator[Reason]:
    for row in _rows("redaction_reasons.csv"):
        needs = ["exemption"] if row["exemption"] else []
        needs += [name for name in ("prejudice", "public_interest") if row[f"{name}_required"] == "yes"]
        approver = APPROVERS[row["approved_by"]]
        yield Reason(
            code=row["code"],
            effect="redact",
            applies_to=tuple(row["applies_to"].split(";")),
            meaning=row["when"],
            cell_text=row["cell_text"],
            exemption=row["exemption"],
            needs=("exemption", "prejudice", "public_interest") if approver == NEVER else tuple(needs),
            approver=approver,
            review_months=int(row["review_months"]) if row["review_months"] else None,
        )


def _exclusions() -> Iterator[Reason]:
    for row in _rows("exclusion_reasons.csv"):
        # An objection that is upheld leads to a count of withheld posts, which the room of posts keeps (T-37).
        if row["second_approver_needed"] == "yes" and row["dataset"] == "spend":
            yield Reason(
                code=row["code"],
                effect="exclude",
                applies_to=(row["dataset"],),
                meaning=row["meaning"],
                cell_text="",
                exemption="",
                needs=("exemption",),
                approver=DPL,
                review_months=None,
            )


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
