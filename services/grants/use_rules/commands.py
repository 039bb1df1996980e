"""What a person can do about permitted use: declare, decide, and change the rules."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal
from uuid import UUID

from services.grants.use_rules.queries import latest_declaration
from services.grants.use_rules.rules import Judgement, Outcome
from services.grants.use_rules.tables import UseDeclaration
from shared.work import Work

SubjectKind = Literal["entry", "held_line", "award"]


async def keep_declaration(
    work: Work,
    *,
    subject_kind: SubjectKind,
    subject_id: UUID,
    agreement_id: UUID | None,
    codes: Collection[str] | None,
    exception: str | None,
    judgement: Judgement,
    rules_version: int,
    decision: Outcome | None = None,
    reason: str | None = None,
) -> UseDeclaration:
    """Keep what was declared of a subject and how it was judged (G-19).

    `decision` is what the acting person decides against or beside the judgement; it needs `reason`. Lock the subject
    (or its agreement) first.
    """
    before = await latest_declaration(work.session, subject_kind, subject_id)
    row = UseDeclaration(
        id=work.new_id(),
        subject_kind=subject_kind,
        subject_id=subject_id,
        number=before.number + 1 if before else 1,
        agreement_id=agreement_id,
        codes=None if codes is None else sorted(codes),
        exception=exception,
        outcome=decision or judgement.outcome,
        rule_code=judgement.code,
        paragraph=judgement.paragraph,
        detail=judgement.detail,
        rules_version=rules_version,
        reason=reason,
        declared_at=work.now,
        declared_by=work.actor.sub,
        decided_at=work.now if decision else None,
        decided_by=work.actor.sub if decision else None,
    )
    work.session.add(row)
    return row
