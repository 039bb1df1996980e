"""The data dictionary: every column of every dataset, and each deviation from the sector's schema with its reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from services.transparency.editions.cells import PROFILES
from services.transparency.editions.files import KEYS
from services.transparency.open_data.rules import NoSuchProfile

SECTOR_DATASETS = frozenset(
    {"spend", "contracts", "organisation_structure", "senior_employees", "senior_salary_count", "pay_multiple"}
)
"""Datasets for which the sector has a schema; the columns of all others are ours, so nothing departs from one."""

OWN_COLUMN = "Own column after the sector columns"

MEANINGS = {
    "string": "Text in one line.",
    "text": "Text that may hold line breaks.",
    "uri": "A web address.",
    "date": "A day, dd/mm/yyyy, ten characters.",
    "money": "Pounds with two decimals, no sign of currency, no thousands mark; exact text and never a float.",
    "decimal": "A decimal number, as exact text.",
    "integer": "A whole number.",
    "boolean": "Yes or No.",
}

NULLS = (
    "An empty cell means that there is no value, or that it is not known; it is the only missing value. The word None "
    "in CardTransaction is text and says that no card was used: readers must not turn it into a missing value."
)


@dataclass(frozen=True)
class Column:
    """One column of a dataset's files."""

    dataset: str
    position: int
    header: str
    type: str
    meaning: str
    required: bool
    unique: bool
    pattern: str | None
    enum: list[str] | None
    references: str | None
    note: str | None
    sector_column: bool
    """It stands in the sector's schema; own columns follow the sector's."""
    deviation: str | None
    """How the column departs from the sector's schema, and why."""


@cache
def _profiles() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = json.loads(PROFILES.read_text(encoding="utf-8"))
    return found


def datasets() -> list[str]:
    """Every dataset that has a profile, in published order."""
    return list(_profiles())


def columns(dataset: str) -> list[Column]:
    """The columns of one dataset, in published order."""
    if dataset not in _profiles():
        raise NoSuchProfile(
            f"There is no data dictionary of {dataset[:64]}; there is one of {', '.join(datasets())}.",
            parameter="dataset",
        )
    return list(_columns(dataset))


def all_columns() -> list[Column]:
    return [column for dataset in datasets() for column in columns(dataset)]


def deviations() -> list[Column]:
    """The columns that depart from the sector's schema, or that it does not have."""
    return [column for column in all_columns() if column.deviation]


def key_of(dataset: str) -> list[str]:
    """Columns that name a row."""
    unique = [column.header for column in columns(dataset) if column.unique]
    return KEYS.get(dataset, unique[:1])


def _columns(dataset: str) -> Iterator[Column]:
    for position, entry in enumerate(_profiles()[dataset], start=1):
        constraint = entry["constraint"] or {}
        deviation = entry["our_deviation"]
        yield Column(
            dataset=dataset,
            position=position,
            header=entry["header"],
            type=entry["type"],
            meaning=MEANINGS[entry["type"]],
            required=entry["required"],
            unique=bool(constraint.get("unique")),
            pattern=constraint.get("pattern"),
            enum=constraint.get("enum"),
            references=constraint.get("references"),
            note=constraint.get("note") or _together(constraint.get("unique_with")),
            sector_column=dataset in SECTOR_DATASETS and not (deviation or "").startswith(OWN_COLUMN),
            deviation=deviation,
        )


def _together(other: str | None) -> str | None:
    return f"Unique together with {other}" if other else None
