"""Noting a finding once, however often the same file comes in (B-44)."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from services.governance.findings.tables import ImportFinding
from shared.texts import seen
from shared.work import Work

NAME_KINDS = ("name_variant", "title_variant", "scan_fault")
"""Kinds that ask: is this printed name that person? Accepting one confirms an alias (B-43)."""


async def note_finding(
    work: Work,
    *,
    batch: str,
    place: str,
    kind: str,
    source_value: str,
    same: tuple[str, ...],
    board_id: UUID | None = None,
    meeting_id: UUID | None = None,
    proposal: dict[str, Any] | None = None,
) -> ImportFinding | None:
    """Store a finding; None where the same one is already there. `same` says what makes two findings one."""
    fingerprint = _fingerprint(kind, *(seen(part) for part in same))
    # Findings of before the normal form are known by the text as it was sent.
    before = _fingerprint(kind, *same)
    await work.lock("finding", fingerprint)
    known = (
        await work.session.exec(select(ImportFinding).where(col(ImportFinding.fingerprint).in_((fingerprint, before))))
    ).first()
    if known is not None:
        return None
    finding = ImportFinding(
        id=work.new_id(),
        fingerprint=fingerprint,
        batch=batch,
        board_id=board_id,
        meeting_id=meeting_id,
        place=place[:500],
        kind=kind,
        source_value=source_value[:2000],
        proposal=proposal,
        created_at=work.now,
        modified_at=work.now,
        created_by=work.actor.sub,
    )
    work.session.add(finding)
    await work.session.flush()
    return finding


def _fingerprint(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
