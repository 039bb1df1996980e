"""What was published, corrected, withdrawn or missed, in the order in which it happened."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID, uuid5

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.transparency.editions.kinds import KINDS
from services.transparency.open_data import rules

IDS = UUID("5a0f4c0e-7d0c-5c39-9a5e-0f4f2b7c1d11")

Kind = Literal["published", "corrected", "withdrawn", "missed"]


@dataclass(frozen=True)
class Change:
    """One thing that happened in public. It stays as it is, but for what a withdrawal takes out of it."""

    change_id: UUID
    kind: Kind
    at: datetime
    publisher: str | None
    """Slug; None until the organisation's registration has arrived."""
    publisher_name: str
    dataset: str | None
    """None where a duty was missed."""
    period: str
    edition: int | None
    obligation: str | None
    """Code of the missed duty."""
    title: str
    summary: str
    url: str
    position: str


@dataclass(frozen=True)
class Part:
    """Some changes, and whether more follow in the direction in which they were read."""

    changes: Sequence[Change]
    more: bool


# Made from what is kept here, not from events, so that it can be read from the first day. The note of an edition stands
# in it while the edition can be read: what a suspended or withdrawn one said is quoted nowhere (T-19, T-52).
CHANGES = """
SELECT edition.published_at AS at, CASE WHEN edition.predecessor IS NULL THEN 'published' ELSE 'corrected' END AS kind,
    edition.edition_id AS source_id, dataset.organisation_id, dataset.kind AS dataset, edition.period,
    edition.number AS edition, edition.change_kind AS reason,
    CASE WHEN edition.state IN ('published', 'superseded') THEN edition.change_note END AS note,
    edition.state, edition.nil_return, edition.row_count, NULL AS code,
    NULL::uuid AS obligation_id, NULL::date AS due_on
FROM editions edition JOIN datasets dataset USING (dataset_id)
WHERE edition.state IN ('published', 'superseded', 'suspended', 'withdrawn')
UNION ALL
SELECT withdrawal.decided_at, 'withdrawn', edition.edition_id, dataset.organisation_id, dataset.kind, edition.period,
    edition.number, withdrawal.reason_class, NULL, edition.state, false, 0, NULL, NULL, NULL
FROM withdrawn_editions JOIN withdrawals withdrawal USING (withdrawal_id) JOIN editions edition USING (edition_id)
    JOIN datasets dataset USING (dataset_id)
WHERE withdrawal.state = 'withdrawn'
UNION ALL
SELECT missed_at, 'missed', obligation_id, organisation_id, NULL, period, NULL, what, kind, state, false, 0, code,
    obligation_id, alarm_on
FROM obligations WHERE missed_at IS NOT NULL
"""

# What a transaction under way will bear an earlier time than what is read now: a reader who goes on from here must not
# pass it by. A request takes its time a moment before its transaction begins, so some seconds are added.
SETTLED = """
at < (SELECT LEAST(clock_timestamp(), min(xact_start)) - interval '15 seconds' FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend')
"""


async def read(
    session: AsyncSession,
    base_url: str,
    *,
    publisher: str | None = None,
    after: str | None = None,
    before: str | None = None,
    limit: int,
    newest_first: bool = False,
) -> Part:
    """Changes behind a position, or those before one, the newest first.

    Reading forward, what happened in the last seconds is held back until nothing earlier can come any more.
    """
    conditions, values = ["true"], dict[str, Any](limit=limit + 1)
    if publisher is not None:
        conditions.append("organisation.slug = :publisher")
        values["publisher"] = publisher
    place = after if after is not None else before
    if place is not None:
        at, kind, source_id = _opened(place, "after" if after is not None else "before")
        sign = ">" if after is not None else "<"
        conditions.append(f"(at, kind, source_id) {sign} (:at, :kind, :source_id)")
        values |= {"at": at, "kind": kind, "source_id": source_id}
    if not newest_first:
        conditions.append(SETTLED)
    way = "DESC" if newest_first else "ASC"
    found = await (await session.connection()).execute(
        text(
            f"""
            SELECT change.*, organisation.slug, organisation.name FROM ({CHANGES}) AS change
            LEFT JOIN organisations organisation ON organisation.organisation_id = change.organisation_id
            WHERE {" AND ".join(conditions)}
            ORDER BY at {way}, kind {way}, source_id {way} LIMIT :limit
            """
        ),
        values,
    )
    rows = found.mappings().all()
    return Part([_change(row, base_url) for row in rows[:limit]], more=len(rows) > limit)


def _change(row: Any, base_url: str) -> Change:
    name = row["name"] or "An organisation that is not registered here yet"
    title, summary = _missed(row, name) if row["kind"] == "missed" else _edition(row, name)
    return Change(
        change_id=uuid5(IDS, f"{row['kind']} {row['source_id']}"),
        kind=row["kind"],
        at=row["at"].astimezone(UTC),
        publisher=row["slug"],
        publisher_name=name,
        dataset=row["dataset"],
        period=row["period"],
        edition=row["edition"],
        obligation=row["code"],
        title=title,
        summary=summary,
        url=_address(row, base_url),
        position=_sealed(row["at"], row["kind"], row["source_id"]),
    )


def _edition(row: Any, name: str) -> tuple[str, str]:
    title = KINDS[row["dataset"]].title.format(name=name) if row["dataset"] in KINDS else f"{row['dataset']} of {name}"
    period = KINDS[row["dataset"]].period(row["period"]).label if row["dataset"] in KINDS else row["period"]
    subject = f"{title}, {period}"
    if row["kind"] == "withdrawn":
        ground = row["reason"].replace("_", " ")
        return f"Withdrawn: {subject}, edition {row['edition']}", f"Ground: {ground}. Delete any copy of its files."
    if row["kind"] == "corrected":
        note = row["note"] or _without_note(row["state"])
        return f"New edition {row['edition']}: {subject}", f"Kind of change: {row['reason'].replace('_', ' ')}. {note}"
    if row["state"] in ("suspended", "withdrawn"):
        return f"Published: {subject}", _without_note(row["state"])
    rows = "Nil return: there was nothing to report." if row["nil_return"] else f"Rows: {row['row_count']}."
    return f"Published: {subject}", rows


def _without_note(state: str) -> str:
    return {
        "suspended": "This edition is suspended while it is examined.",
        "withdrawn": "This edition has been withdrawn since.",
    }.get(state, "No note was given.")


def _missed(row: Any, name: str) -> tuple[str, str]:
    done = {"send": "sent", "share": "shared", "respond": "answered"}.get(row["note"], "published")
    due = f"{row['due_on']:%d/%m/%Y}" if row["due_on"] else "its day"
    return (
        f"Not {done} on time: {row['code']} {row['period']}, {name}",
        f"{row['reason'].rstrip('.')}. It was due by {due} and was not {done} when that day ended.",
    )


def _address(row: Any, base_url: str) -> str:
    if row["kind"] == "missed":
        return f"{base_url}/v1/obligations/{row['obligation_id']}"
    page = f"{base_url}/v1/datasets/{row['slug']}/{row['dataset']}/{row['period']}"
    return f"{page}.html?edition={row['edition']}"


def _sealed(at: datetime, kind: str, source_id: UUID) -> str:
    content = json.dumps([at.astimezone(UTC).isoformat(), kind, str(source_id)])
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def _opened(position: str, parameter: str) -> tuple[datetime, str, UUID]:
    try:
        at, kind, source_id = json.loads(base64.urlsafe_b64decode(position + "=" * (-len(position) % 4)))
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or not isinstance(kind, str):
            raise ValueError("no position")
        return moment, kind, UUID(source_id)
    except (ValueError, TypeError, AttributeError) as error:
        raise rules.UnreadablePosition(
            f"{parameter} is no position that this list gave; take it from an earlier answer, or leave it out to begin "
            "again.",
            parameter=parameter,
        ) from error
