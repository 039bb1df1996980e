"""Grounds on which information may be withheld from an answer, read from the reference table."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from services.transparency.requests.grounds import Exemption

TABLE = Path(__file__).parent.parent / "data" / "request_exemptions.csv"


@cache
def exemptions() -> dict[str, Exemption]:
    """The reference table by code."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {
            row["code"]: Exemption(
                code=row["code"],
                section=row["section"],
                title=row["title"],
                needs_prejudice=row["prejudice_required"] == "yes",
                needs_public_interest=row["public_interest_required"] == "yes",
                claimable=row["claimable"] == "yes",
            )
            for row in csv.DictReader(file)
        }
