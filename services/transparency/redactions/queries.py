"""Read-only selects about redactions: for officers, for the public record, and for rooms that withhold texts of theirs.

Editions are read here by their tables' names: their room asks this one what to withhold, never the other way round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.transparency import queries as publishers
from services.transparency.redactions import rules
from services.transparency.redactions.reasons import reasons
from services.transparency.redactions.tables import Redaction, RedactionGrounds
from services.transparency.tables import Organisation
from shared.errors import NotFound
from shared.money import percent
from shared.periods import london_date
from shared.work import Work


@dataclass(frozen=True)
class LedgerRow:
    """Withheld text of one edition in force, for one reason (T-20)."""

    publisher: str
    dataset: str
    period: str
    edition: int
    reason: rules.Reason
    rows: int
    value_pence: int
    share_percent: str
    next_review: date | None
    overdue_reviews: int


@dataclass(frozen=True)
class Reviews:
    """Redactions of one publisher in force, and how many of their reviews are due and overdue (T-23)."""

    publisher: str
    in_force: int
    due: int
    overdue: int
    next_review: date | None


async def redactions_mark(connection: psycopg.AsyncConnection[Any], organisation_id: UUID) -> str:
    """A fingerprint of what is withheld of this publisher's rows; empty where nothing is.

    A review that is due changes nothing of it; an approval, a lifting and another reason do.
    """
    cursor = await connection.execute(
        """
        SELECT COALESCE(md5(string_agg(redaction_id::text, ' ' ORDER BY redaction_id)), '') FROM redactions
        WHERE organisation_id = %s AND target_kind = 'row' AND state = ANY(%s)
        """,
        [organisation_id, list(rules.IN_FORCE)],
    )
    row = await cursor.fetchone()
    return str(row[0]) if row else ""


async def effective(
    session: AsyncSession, organisation_id: UUID, target_kind: rules.TargetKind
) -> list[tuple[Redaction, rules.Reason]]:
    """What is in force of a kind of thing, the first decided first: for rooms whose texts are withheld."""
    found = await session.exec(
        select(Redaction)
        .where(
            col(Redaction.organisation_id) == organisation_id,
            col(Redaction.target_kind) == target_kind,
            col(Redaction.state).in_(rules.IN_FORCE),
        )
        .order_by(col(Redaction.decided_at), col(Redaction.redaction_id))
    )
    return [(redaction, reasons()[redaction.reason_code]) for redaction in found.all()]


async def redaction(work: Work, redaction_id: UUID) -> tuple[Redaction, RedactionGrounds]:
    """One redaction with its grounds, for officers of its publisher."""
    found = await work.session.get(Redaction, redaction_id)
    grounds = await work.session.get(RedactionGrounds, redaction_id)
    organisation = await publishers.organisation(work.session, found.organisation_id) if found else None
    if found is None or grounds is None or organisation is None or not publishers.may_see(work, organisation.slug):
        raise NotFound("There is no such redaction.")
    return found, grounds


async def there(session: AsyncSession, redaction: Redaction) -> bool:
    """Whether the same is proposed or in force already."""
    found = await session.exec(
        select(Redaction.redaction_id).where(
            col(Redaction.organisation_id) == redaction.organisation_id,
            col(Redaction.target_kind) == redaction.target_kind,
            col(Redaction.target) == redaction.target,
            col(Redaction.reason_code) == redaction.reason_code,
            col(Redaction.state).in_(("proposed", *rules.IN_FORCE)),
        )
    )
    return found.first() is not None


# A row that was ever drafted is found by its decision's index; one that never was, among the ledger's lines.
_ROW = """
SELECT line.party_kind, line.party_key,
    COALESCE(line.company_number ~ '^[A-Z0-9]{{8}}$', false) OR line.charity_number IS NOT NULL, line.source_redacted
FROM spend_lines line WHERE line.organisation_id = :organisation AND {found}
ORDER BY line.reverses IS NOT NULL, line.first_seen_at DESC, line.entry_id LIMIT 1
"""
ROW = (
    _ROW.format(found="line.entry_id IN (SELECT entry_id FROM row_decisions WHERE row_id = :id)"),
    _ROW.format(found="line.row_id = :id"),
)


async def target(session: AsyncSession, organisation_id: UUID, kind: str, target_id: str) -> rules.Target | None:
    """What is known of the thing that a proposal names; None where the publisher has none of this id.

    Posts are taken as they are named: their own room finds them when it publishes.
    """
    connection = await session.connection()
    if kind == "row":
        for statement in ROW:
            row = (
                await connection.execute(text(statement), {"organisation": organisation_id, "id": target_id})
            ).first()
            if row is not None:
                return rules.Target(*row)
        return None
    tables = {"document": ("documents", "document_id::text"), "contract": ("contracts", "reference")}
    if kind in tables:
        table, named = tables[kind]
        statement = f"SELECT 1 FROM {table} WHERE organisation_id = :organisation AND {named} = :id"
        found = await connection.execute(text(statement), {"organisation": organisation_id, "id": target_id})
        return rules.Target() if found.first() else None
    return rules.Target()


async def public_ledger(
    session: AsyncSession, now: datetime, *, publisher: str | None, period: str | None, reason: str | None
) -> list[LedgerRow]:
    """Withheld texts of every edition in force by reason: how many rows, what value, who approves, when reviewed.

    Nothing in it says which row, whose, or why in particular.
    """
    connection = await session.connection()
    found = await connection.execute(
        text(
            """
            SELECT organisation.slug, dataset.kind, edition.period, edition.number, total.reason_code,
                total.row_count, total.value_pence, edition.total_pence, review.next_review,
                COALESCE(review.overdue, 0)
            FROM redaction_totals total
            JOIN editions edition USING (edition_id)
            JOIN datasets dataset USING (dataset_id)
            JOIN organisations organisation USING (organisation_id)
            LEFT JOIN (
                SELECT organisation_id, reason_code, min(review_on) AS next_review,
                    count(*) FILTER (WHERE review_on < :today) AS overdue
                FROM redactions WHERE state = ANY(:in_force) GROUP BY 1, 2
            ) AS review ON review.organisation_id = organisation.organisation_id
                AND review.reason_code = total.reason_code
            WHERE edition.state = 'published' AND (CAST(:publisher AS text) IS NULL OR organisation.slug = :publisher)
                AND (CAST(:period AS text) IS NULL OR edition.period = :period)
                AND (CAST(:reason AS text) IS NULL OR total.reason_code = :reason)
            ORDER BY 1, 3, 2, 5
            """
        ),
        {
            "today": london_date(now),
            "in_force": list(rules.IN_FORCE),
            "publisher": publisher,
            "period": period,
            "reason": reason,
        },
    )
    return [
        LedgerRow(
            publisher=slug,
            dataset=dataset,
            period=edition_period,
            edition=edition,
            reason=reasons()[code],
            rows=rows,
            value_pence=pence,
            share_percent=percent(abs(pence), abs(total), 1) or "0.0",
            next_review=next_review,
            overdue_reviews=overdue,
        )
        for slug, dataset, edition_period, edition, code, rows, pence, total, next_review, overdue in found.all()
    ]


async def reviews(session: AsyncSession, now: datetime, publisher: str | None) -> list[Reviews]:
    """Each publisher's redactions in force by the state of their review; numbers alone (T-23)."""
    statement = (
        select(Redaction, Organisation.slug)
        .join(Organisation, col(Organisation.organisation_id) == col(Redaction.organisation_id))
        .where(col(Redaction.state).in_(rules.IN_FORCE))
    )
    if publisher is not None:
        statement = statement.where(col(Organisation.slug) == publisher)
    found: dict[str, list[Redaction]] = {}
    for each, slug in (await session.exec(statement)).all():
        found.setdefault(slug, []).append(each)
    return [_reviews(slug, each, now) for slug, each in sorted(found.items())]


def _reviews(slug: str, found: Sequence[Redaction], now: datetime) -> Reviews:
    return Reviews(
        publisher=slug,
        in_force=len(found),
        due=sum(each.state == "due_review" for each in found),
        overdue=sum(rules.is_overdue(each.state, each.review_on, now) for each in found),
        next_review=min((each.review_on for each in found if each.review_on), default=None),
    )
