"""Declaring the use of ledger entries, one by one or many at once, and deciding what the rules leave open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg import sql
from sqlalchemy import select

from services.grants.awards.tables import PassThroughAward
from services.grants.awards.telling import tell_award, untold
from services.grants.commands import load_agreement_to_change
from services.grants.expenditure.parties import PUBLIC_KINDS
from services.grants.faults import quarter_in_body, raise_together, year_of
from services.grants.queries import carrying_lines
from services.grants.use_rules.commands import keep_declaration
from services.grants.use_rules.faults import (
    DecidedAlready,
    NothingToDeclare,
    UnknownEntry,
    declaration_faults,
    written,
)
from services.grants.use_rules.queries import (
    latest_declaration,
    load_declaration,
    refused_subjects,
    rule_book,
    standing_uses,
)
from services.grants.use_rules.rules import UNDECLARED, Judgement, Outcome, UseFacts, after_refusal, judge_use
from services.grants.use_rules.tables import UseDeclaration
from shared.database import raw_connection
from shared.errors import ErrorItem
from shared.work import Work, four_eyes

COPIED = (
    *("id", "subject_kind", "subject_id", "number", "agreement_id", "codes"),
    *("exception", "outcome", "rule_code", "paragraph", "detail"),
    *("rules_version", "reason", "declared_at", "declared_by"),
)
CHUNK = 2_000
"""Rows that are read and written at once: memory stays flat however many entries a year has."""


@dataclass(frozen=True)
class Chosen:
    """Which entries a declaration speaks for: those named, declared before or not; else what is undeclared of these."""

    entries: tuple[UUID, ...] = ()
    quarter: str | None = None
    line_code: str | None = None
    source: str | None = None


@dataclass(frozen=True)
class Declared:
    """What became of a declaration, in entries by outcome."""

    outcomes: dict[str, int]
    rules_version: int


async def declare_entries(
    work: Work,
    agreement_key: str,
    chosen: Chosen,
    *,
    use_codes: Sequence[str],
    use_exception: str | None,
    reason: str,
) -> Declared:
    """Declare the codes that entries raise, or none (G-19). Each is judged by its own texts and line."""
    agreement = await load_agreement_to_change(work, agreement_key)
    year = year_of(agreement.year)
    if chosen.quarter is not None:
        quarter_in_body(chosen.quarter, year, "/quarter")
    book = await rule_book(work.session)
    raise_together(declaration_faults(book, use_codes, use_exception))
    codes = written(book, use_codes)
    kinds = {line.code: line.kind for line in await carrying_lines(work.session, agreement.id, year.end)}
    uses = standing_uses(agreement.id).subquery()
    statement = uses.select()
    if chosen.entries:
        statement = statement.where(uses.c.entry_id.in_(chosen.entries))
    else:
        statement = statement.where(uses.c.outcome == UNDECLARED)
    for name in ("line_code", "source"):
        if (value := getattr(chosen, name)) is not None:
            statement = statement.where(uses.c[name] == value)
    if chosen.quarter is not None:
        statement = statement.where(uses.c.accounting_quarter == chosen.quarter)
    connection = await work.session.connection()
    # Entries that are not named are undeclared, so that nobody decided on them yet.
    refused = await refused_subjects(work.session, "entry", chosen.entries)
    if chosen.entries:
        found = await connection.execute(select(uses.c.entry_id).where(uses.c.entry_id.in_(chosen.entries)))
        _all_found(chosen.entries, set(found.scalars()))
    outcomes: Counter[str] = Counter()
    stream = await connection.stream(statement.execution_options(yield_per=CHUNK))
    async for part in stream.partitions():
        rows = []
        for row in part:
            texts = (row.purpose, row.category, row.unit, row.party_name if row.party_kind in PUBLIC_KINDS else None)
            judgement = judge_use(
                book,
                UseFacts(
                    codes=codes,
                    exception=use_exception,
                    texts=tuple(text for text in texts if text),
                    line_code=row.line_code,
                    line_kind=kinds.get(row.line_code),
                    agreement_id=str(agreement.id),
                ),
            )
            judgement = after_refusal(judgement, refused=row.entry_id in refused)
            outcomes[judgement.outcome] += 1
            rows.append(
                (
                    *(work.new_id(), "entry", row.entry_id, row.declared + 1, agreement.id, sorted(codes or ())),
                    *(use_exception, judgement.outcome, judgement.code, judgement.paragraph, judgement.detail),
                    *(book.version, reason, work.now, work.actor.sub),
                )
            )
        await _copy(work, rows)
    if not outcomes:
        raise NothingToDeclare("No entry chosen is undeclared; name entries to declare them anew.")
    work.audit(
        "declare_use",
        agreement.id,
        after={"codes": sorted(codes or ()), "exception": use_exception, "entries": dict(outcomes)},
        reason=reason,
    )
    return Declared(dict(outcomes), book.version)


async def decide_use(work: Work, declaration_id: UUID, *, outcome: Outcome, reason: str) -> UseDeclaration:
    """The chief finance officer's decision on a declaration that waits for one (G-19)."""
    waiting = await load_declaration(work.session, declaration_id)
    agreement = None
    if waiting.agreement_id is not None:
        agreement = await load_agreement_to_change(work, str(waiting.agreement_id))
    latest = await latest_declaration(work.session, waiting.subject_kind, waiting.subject_id)
    if latest is None or latest.id != waiting.id or waiting.outcome != "decision_required":
        standing = latest.outcome if latest else waiting.outcome
        raise DecidedAlready(f"It stands as {standing}; declare it anew to have it judged again.")
    if waiting.subject_kind == "held_line":
        raise DecidedAlready("A held line is decided at held-lines, where it enters the ledger or not.")
    four_eyes(work.actor, waiting.declared_by)
    award = (
        await work.session.get_one(PassThroughAward, waiting.subject_id) if waiting.subject_kind == "award" else None
    )
    held_back = award is not None and await untold(work, award)
    decided = await keep_declaration(
        work,
        subject_kind="award" if waiting.subject_kind == "award" else "entry",
        subject_id=waiting.subject_id,
        agreement_id=waiting.agreement_id,
        codes=waiting.codes,
        exception=waiting.exception,
        judgement=Judgement("decision_required", waiting.rule_code, waiting.paragraph, waiting.detail),
        rules_version=waiting.rules_version,
        decision=outcome,
        reason=reason,
    )
    if award is not None:
        award.use_outcome = outcome
        award.version += 1
        award.modified_at = work.now
        if held_back and outcome == "allowed" and agreement is not None:
            await tell_award(work, agreement, award)
    work.audit("decide_use", waiting.subject_id, before={"use": waiting.outcome}, after={"use": outcome}, reason=reason)
    return decided


async def _copy(work: Work, rows: Sequence[tuple[object, ...]]) -> None:
    """Store rows of COPIED columns; one insert a row would take many times as long."""
    connection = await raw_connection(work.session)
    statement = sql.SQL("COPY use_declarations ({}) FROM STDIN").format(
        sql.SQL(", ").join(sql.Identifier(name) for name in COPIED)
    )
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            await copy.write_row(row)


def _all_found(named: Sequence[UUID], found: set[UUID]) -> None:
    missing = [index for index, entry in enumerate(named) if entry not in found]
    if missing:
        detail = "No standing entry of the agreement has this id; reversed ones need no declaration."
        raise UnknownEntry(
            detail,
            errors=[ErrorItem(code="unknown_entry", detail=detail, pointer=f"/entries/{index}") for index in missing],
        )
