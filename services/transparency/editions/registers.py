"""What makes up an edition whose rows come from a register kept here: contracts, posts, pay, requests.

The room that keeps the register drafts the rows (`drafts.py`); this module has the same functions as `content.py` has
for spend, so that `commands.py` asks either.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, delete, select

from services.transparency import queries as publishers
from services.transparency.drafts import Asked, Draft
from services.transparency.editions import building, differences, files, queries, row_lines, rules
from services.transparency.editions.subject import Subject, methodology_of
from services.transparency.editions.tables import Edition, Finding
from services.transparency.methodology import completed
from services.transparency.redactions.tables import RedactionTotal
from shared.files import StoredFile
from shared.money import percent
from shared.work import Work


async def hear(work: Work) -> rules.Unheard:
    """Registers are kept here; nothing of them is on its way."""
    return rules.Unheard()


async def decide(work: Work, subject: Subject, edition: Edition, editions: list[Edition], _: rules.Unheard) -> None:
    """Ask the room for its rows, and note what came of it on the edition."""
    await _decided(work, subject, edition, editions)


async def _decided(work: Work, subject: Subject, edition: Edition, editions: list[Edition]) -> Draft:
    draft = await _draft(work, subject, edition)
    _note(edition, draft)
    rules.refuse_empty(subject.kind.name, subject.period.label, rows=len(draft.rows), nil_return=edition.nil_stated)
    edition.nil_return = not draft.rows
    edition.methodology = (await methodology_of(work, subject)).number
    await _keep_findings(work, edition, draft)
    known = [other for other in editions if other.state in queries.KNOWN_STATES]
    await _compare(work, subject, edition, draft, known[-1] if known else None)
    return draft


async def check(work: Work, subject: Subject, edition: Edition, editions: list[Edition], _: rules.Unheard) -> None:
    """Ask the room again, and build the files from what it says now."""
    draft = await _decided(work, subject, edition, editions)
    about = queries.about(edition, subject.organisation, subject.kind, work.base_url)
    lines = [row_lines.row_line(row.row_id, row.record) for row in draft.rows]
    csv_bytes, edition.guarded_cells = files.csv_of(subject.kind.name, draft.rows)
    edition.salt = building.new_salt()
    digests = row_lines.Digests(work.files, edition.salt)
    digests.add(b"\n".join(lines))
    built: dict[str, StoredFile] = {
        subject.kind.csv_file: await work.store_file(csv_bytes, files.CSV_TYPE),
        subject.kind.json_file: await work.store_file(files.json_of(lines, about), files.JSON_TYPE),
        row_lines.DIGESTS_FILE: await asyncio.to_thread(digests.finish),
    }
    await work.name_file(built[row_lines.DIGESTS_FILE])
    for file in draft.files:
        built[file.name] = await work.store_file(file.data, file.media_type)
    comparisons = []
    for earlier in reversed([other for other in editions if other.state in queries.KEPT_STATES]):
        before = await queries.file_of(work.session, earlier.edition_id, subject.kind.json_file)
        if before is None:
            continue
        rows = await asyncio.to_thread(_rows_changed, work.files.path(before.sha256), lines)
        found = await building.compare(work, subject, earlier, built[subject.kind.json_file], rows)
        if found is not None:
            gone = sum(rows.get(row_id) == "removed" for row_id in draft.left_out_rows)
            comparisons.append((earlier, replace(found, newly_withheld=found.newly_withheld + gone)))
    await _keep_totals(work, edition, _redactions(draft))
    await building.keep_files(work, subject, edition, built, redactions=_redactions(draft), comparisons=comparisons)


async def refuse_approval(work: Work, subject: Subject, edition: Edition, _: rules.Unheard) -> None:
    """Nothing of a register is on its way."""


async def refuse_last(work: Work, subject: Subject, edition: Edition) -> None:
    """Nothing is reconciled: the register is its own record."""


async def mark(work: Work, subject: Subject, edition: Edition) -> str:
    """A fingerprint of what the rows would be made from now."""
    return (await _draft(work, subject, edition)).mark


async def erase(work: Work, edition: Edition) -> None:
    """The rows stand in the files alone, which go by themselves."""


async def _draft(work: Work, subject: Subject, edition: Edition) -> Draft:
    assert subject.kind.make is not None
    organisation = subject.organisation
    methodology = await methodology_of(work, subject)
    asked = Asked(
        organisation_id=organisation.organisation_id,
        publisher=organisation.slug,
        organisation_name=organisation.name,
        organisation_uri=publishers.public_uri(
            organisation.identifiers, f"{work.base_url}/v1/publishers/{organisation.slug}"
        ),
        identifiers=organisation.identifiers,
        period=subject.period,
        edition=edition.number,
        parameters=completed(methodology.parameters),
        address=queries.address(work.base_url, organisation.slug, subject.kind.name, edition),
        built_at=work.now,
    )
    return await subject.kind.make(work, asked)


def _note(edition: Edition, draft: Draft) -> None:
    edition.ledger_mark = draft.mark
    for maker in draft.makers:
        edition.changed_by = rules.with_maker(edition.changed_by, maker)
    edition.coverage, edition.missing_months = "complete", []
    edition.row_count = edition.line_count = len(draft.rows)
    edition.total_pence = sum(row.amount_pence for row in draft.rows)
    edition.warnings = {}
    edition.details = {**draft.details, "left_out": dict(draft.left_out), "notes": list(draft.notes)}
    redacted = sum(row.redaction_reason is not None for row in draft.rows)
    edition.quality = {
        "redacted_rows": redacted,
        "redacted_rows_percent": percent(redacted, len(draft.rows), 1) if draft.rows else None,
    }


async def _keep_findings(work: Work, edition: Edition, draft: Draft) -> None:
    """Note what a person must look at; what one resolved stays resolved, here and from earlier editions."""
    open_ones = delete(Finding).where(col(Finding.edition_id) == edition.edition_id, col(Finding.resolved_by).is_(None))
    await work.session.exec(open_ones)
    for finding in draft.findings:
        identity = rules.finding_id(finding.row_id, finding.code, finding.field, finding.digest)
        known = await _resolved(work, identity)
        row = insert(Finding).values(
            edition_id=edition.edition_id,
            finding_id=identity,
            entry_id=identity,
            row_id=finding.row_id,
            code=finding.code,
            field=finding.field,
            resolved_by=known[0] if known else None,
            resolved_at=known[1] if known else None,
            reason=known[2] if known else None,
        )
        await work.session.exec(row.on_conflict_do_nothing())


async def _resolved(work: Work, finding_id: UUID) -> Any:
    """Who resolved this finding in any edition, when and why; None where nobody did."""
    found = await work.session.exec(
        select(Finding.resolved_by, Finding.resolved_at, Finding.reason)
        .where(col(Finding.finding_id) == finding_id, col(Finding.resolved_by).is_not(None))
        .limit(1)
    )
    return found.first()


async def _compare(work: Work, subject: Subject, edition: Edition, draft: Draft, predecessor: Edition | None) -> None:
    if predecessor is None:
        edition.change_kind, edition.changes = "first", {}
        return
    before = await queries.file_of(work.session, predecessor.edition_id, subject.kind.json_file)
    if before is None:
        # Its bytes were withdrawn: this edition takes its place.
        edition.change_kind, edition.changes = "redaction", {}
        return
    lines = [row_lines.row_line(row.row_id, row.record) for row in draft.rows]
    rows = await asyncio.to_thread(_rows_changed, work.files.path(before.sha256), lines)
    count = Counter(rows.values())
    changes = rules.Changes(
        count["added"],
        count["removed"],
        count["changed"],
        methodology=edition.methodology != predecessor.methodology,
    )
    same_account = _account(edition) == _account(predecessor)
    if changes.total == 0 and not changes.methodology and same_account:
        raise rules.NothingChanged(f"Every row is as in edition {predecessor.number}; there is nothing to publish.")
    edition.change_kind = rules.change_kind(changes)
    edition.changes = {"added": changes.added, "removed": changes.removed, "changed": changes.changed}


def _account(edition: Edition) -> str:
    """What an edition says beside its rows."""
    return json.dumps([edition.details, edition.nil_return], sort_keys=True, default=str)


def _rows_changed(before: Any, lines: list[bytes]) -> dict[str, differences.Kind]:
    return differences.rows_of(dict(row_lines.read(before)), {row_lines.row_id_of(line): line for line in lines})


async def _keep_totals(work: Work, edition: Edition, redactions: list[dict[str, Any]]) -> None:
    """Count what is withheld for the public record, by reason (T-20)."""
    await work.session.exec(delete(RedactionTotal).where(col(RedactionTotal.edition_id) == edition.edition_id))
    for found in redactions:
        work.session.add(
            RedactionTotal(
                edition_id=edition.edition_id,
                reason_code=found["reason"],
                row_count=found["rows"],
                value_pence=found["pence"],
            )
        )


def _redactions(draft: Draft) -> list[dict[str, Any]]:
    """Withheld rows by reason: rows, value and share of the value (T-20)."""
    total = sum(row.amount_pence for row in draft.rows)
    found = []
    for reason in sorted({row.redaction_reason for row in draft.rows if row.redaction_reason}):
        rows = [row for row in draft.rows if row.redaction_reason == reason]
        amount = sum(row.amount_pence for row in rows)
        found.append({"reason": reason, "rows": len(rows), "pence": amount, "share_percent": percent(amount, total, 1)})
    return found
