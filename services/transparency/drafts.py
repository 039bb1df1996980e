"""What a room of this service hands over to be published: an edition's rows as text and as data, and what stands by.

The editions room asks each room for a `Draft` by its `draft` function, when an edition is drafted and again when it is
checked, and does the rest: states, four eyes, files, comparison with the edition before, events, duties.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.periods import FinancialYear, HalfYear, Quarter
from shared.work import Work

Period = Quarter | HalfYear | FinancialYear


@dataclass(frozen=True)
class Asked:
    """Which edition is being made: whose, of which period, under which choices, at which address."""

    organisation_id: UUID
    publisher: str
    """Slug."""
    organisation_name: str
    organisation_uri: str
    identifiers: Sequence[Mapping[str, Any]]
    """As `OrganisationRegistered` has them: `{scheme, id}`."""
    period: Period
    edition: int
    parameters: Mapping[str, Any]
    """Of the methodology in force for the period, defaults filled in (see `methodology.PARAMETERS`)."""
    address: str
    """Where the edition's files will be, with a slash at the end: `…/open/{publisher}/{dataset}/{period}/v{n}/`."""
    built_at: datetime


@dataclass(frozen=True)
class DraftRow:
    """One row: how the CSV shows it, and how JSON does."""

    row_id: str
    """Stable and opaque: `[a-z0-9]{16,40}`, the same in every edition that shows this thing (T-12)."""
    cells: Mapping[str, str]
    """Header of the column profile → published text. A header left out is an empty cell. Money `123.45`, days
    `dd/mm/yyyy`, several values joined by `|`. The apostrophe against spreadsheets is added later (T-56)."""
    record: Mapping[str, Any]
    """The same as JSON: snake_case names, pence as integers, ISO days. `row_id` is added."""
    amount_pence: int = 0
    redaction_reason: str | None = None
    """Code of `redaction_reasons.csv` where a text of the row is replaced (T-18)."""


@dataclass(frozen=True)
class DraftFinding:
    """Something a named person must look at before the edition may be published (T-24)."""

    code: str
    row_id: str
    field: str
    """Header of the column."""
    digest: str
    """What it was found in, as a fingerprint: what a person said of one text is not said of another."""


@dataclass(frozen=True)
class DraftFile:
    """A further file of the edition, beside CSV, JSON, Table Schema and metadata."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True)
class Draft:
    """An edition as its room would publish it now."""

    rows: Sequence[DraftRow]
    """In published order."""
    mark: str
    """Fingerprint of everything the rows were made from; it changes when they would. Approval compares it."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Code of `exclusion_reasons.csv` → how many things it kept out (T-37)."""
    notes: Sequence[str] = ()
    """Sentences that readers must know."""
    findings: Sequence[DraftFinding] = ()
    files: Sequence[DraftFile] = ()
    left_out_rows: Sequence[str] = ()
    """Ids of rows that are left out to protect a person; an earlier edition that shows one goes first (T-37, T-52)."""
    makers: Sequence[str] = ()
    """Who entered what the rows are made of; none of them approves the edition (section 3)."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """Whatever else belongs into `edition.json`, such as the method card. Public."""


MakeDraft = Callable[[Work, Asked], Awaitable[Draft]]
"""Raises a refusal where the room's records cannot be published as they are (a broken chart, no pay run)."""
