"""Which public editions show what is withheld since, in whatever dataset it stands: they are to be withdrawn (T-52).

Editions are read here by their tables' names and by their stored files: what the public has is what counts, not what
an edition made now would hold.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.transparency.editions import row_lines
from services.transparency.redactions import rules
from services.transparency.redactions.reasons import reasons
from services.transparency.redactions.tables import Redaction
from shared.work import Work

SPEND = """
SELECT DISTINCT edition.period, edition.number, edition.state
FROM row_decisions decision JOIN editions edition USING (edition_id) JOIN datasets USING (dataset_id)
WHERE datasets.organisation_id = :organisation AND edition.state IN ('published', 'superseded')
    AND decision.inclusion IS NOT NULL
    AND {found}
    AND NOT EXISTS (
        SELECT FROM row_redactions held WHERE held.edition_id = decision.edition_id
            AND held.entry_id = decision.entry_id AND held.fields || held.named @> :fields)
"""
OF_ROW = "decision.row_id = :target"
OF_PAYEE = """decision.entry_id IN (
        SELECT entry_id FROM spend_lines WHERE organisation_id = :organisation AND party_key = :target)"""

# The rows as they may stand in the files of other datasets. Decisions go with a withdrawn edition, ledger lines stay.
ROWS = """
SELECT line.row_id, decision.row_id, decision.transaction_number, line.payment_date
FROM spend_lines line LEFT JOIN row_decisions decision USING (entry_id)
WHERE line.organisation_id = :organisation AND {found}
"""
ROWS_OF_ROW = "(line.row_id = :target OR decision.row_id = :target)"
ROWS_OF_PAYEE = "line.party_key = :target"

FILES = """
SELECT dataset.kind, edition.period, edition.number, edition.state, file.name, file.sha256
FROM editions edition JOIN datasets dataset USING (dataset_id) JOIN edition_files file USING (edition_id)
WHERE dataset.organisation_id = :organisation AND edition.state IN ('published', 'superseded')
    AND file.name = ANY(:names) AND dataset.kind IN ('payments_over_threshold', 'contracts')
"""
PAYMENTS_FILE, CONTRACTS_FILE, OCDS_FILE = "payments_over_threshold.json", "contracts.json", "ocds.json"
FILES_OF = {"row": [PAYMENTS_FILE, OCDS_FILE], "contract": [CONTRACTS_FILE]}
"""What a redaction is aimed at → the files of other datasets in which it may stand."""

PAYMENT_TEXTS = {"beneficiary": ("beneficiary",), "contract_ref": ("contract_ref",)}
"""Field that is withheld of a row → members of a payment over £30,000 that show it."""
CONTRACT_TEXTS = {
    "title": ("title",),
    "description": ("description",),
    "supplier": ("supplier_name",),
    "contact": ("contact_name", "contact_email", "contact_url"),
}
"""The same of a contract's row."""
IDENTITY = re.compile(rb'"id" ?: ?"([a-z0-9]{16,40})"')


@dataclass(frozen=True)
class Exposed:
    """A public edition that shows what is withheld since."""

    dataset: str
    period: str
    edition: int
    state: str


@dataclass(frozen=True)
class Sought:
    """What a redaction withholds, as the files of editions name it."""

    exclude: bool
    fields: Sequence[str]
    reference: str | None = None
    rows: set[str] = field(default_factory=set)
    paid: set[tuple[str, str]] = field(default_factory=set)
    """Transaction number and day of payment: payments of several lines name the row of one only."""


async def lock_datasets(session: AsyncSession, organisation_id: UUID) -> None:
    """Wait until nobody approves an edition of this publisher, and let nobody do so before this transaction ends.

    Always in one order, so that two of them wait for each other and never lock each other out.
    """
    await (await session.connection()).execute(
        text("SELECT dataset_id FROM datasets WHERE organisation_id = :organisation ORDER BY dataset_id FOR UPDATE"),
        {"organisation": organisation_id},
    )


async def exposed(work: Work, redaction: Redaction) -> list[Exposed]:
    """Public editions of the publisher, of any dataset, that show what this redaction withholds."""
    if redaction.state not in rules.IN_FORCE or redaction.target_kind not in FILES_OF:
        return []
    found = await _spend(work.session, redaction) if redaction.target_kind == "row" else []
    sought = await _sought(work.session, redaction)
    connection = await work.session.connection()
    files = await connection.execute(
        text(FILES), {"organisation": redaction.organisation_id, "names": FILES_OF[redaction.target_kind]}
    )
    for kind, period, number, state, name, sha256 in files.all():
        if await asyncio.to_thread(shows, name, work.files.path(sha256), sought):
            found.append(Exposed(kind, period, number, state))
    return sorted(set(found), key=lambda each: (each.dataset, each.period, each.edition))


def shows(name: str, path: Path, sought: Sought) -> bool:
    """Whether a file of an edition shows it. Blocking."""
    try:
        return _shows(name, path, sought)
    except FileNotFoundError:
        # It was withdrawn meanwhile.
        return False


def _shows(name: str, path: Path, sought: Sought) -> bool:
    if name == OCDS_FILE:
        # A payment whose payee or contract is withheld is left out of the release package altogether.
        told = sought.exclude or "beneficiary" in sought.fields or "contract_ref" in sought.fields
        return told and not sought.rows.isdisjoint(match.decode() for match in IDENTITY.findall(path.read_bytes()))
    texts = PAYMENT_TEXTS if name == PAYMENTS_FILE else CONTRACT_TEXTS
    return any(
        _is_about(record, sought) and (sought.exclude or _tells(record, sought.fields, texts))
        for record in (json.loads(line) for _, line in row_lines.read(path))
    )


def _is_about(record: Mapping[str, Any], sought: Sought) -> bool:
    if sought.reference is not None:
        return bool(record["reference"] == sought.reference)
    return (
        record["spend_row_id"] in sought.rows or (record["transaction_number"], record["payment_date"]) in sought.paid
    )


def _tells(record: Mapping[str, Any], fields: Collection[str], texts: Mapping[str, Sequence[str]]) -> bool:
    """Whether any text that is to be withheld stands in the row; what stands in its place tells nothing."""
    instead = {reason.cell_text for reason in reasons().values()} if record["redaction_reason"] else set()
    shown = {record[name] for withheld in fields for name in texts.get(withheld, ())}
    return bool(shown - instead - {None})


async def _spend(session: AsyncSession, redaction: Redaction) -> list[Exposed]:
    statement = SPEND.format(found=OF_PAYEE if redaction.payee else OF_ROW)
    found = await (await session.connection()).execute(
        text(statement),
        {
            "organisation": redaction.organisation_id,
            "target": redaction.target,
            # An excluded row is shown wherever it stands at all.
            "fields": sorted(redaction.fields) or ["the whole row"],
        },
    )
    return [Exposed("spend", *row) for row in found.all()]


async def _sought(session: AsyncSession, redaction: Redaction) -> Sought:
    exclude = redaction.effect == "exclude"
    if redaction.target_kind == "contract":
        return Sought(exclude, redaction.fields, reference=redaction.target)
    sought = Sought(exclude, rules.withheld_fields(redaction.fields))
    statement = ROWS.format(found=ROWS_OF_PAYEE if redaction.payee else ROWS_OF_ROW)
    found = await (await session.connection()).execute(
        text(statement), {"organisation": redaction.organisation_id, "target": redaction.target}
    )
    for of_line, decided, number, paid_on in found.all():
        sought.rows.update(filter(None, (of_line, decided)))
        if number is not None:
            sought.paid.add((number, paid_on.isoformat()))
    return sought
