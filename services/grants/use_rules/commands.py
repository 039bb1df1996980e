"""What a person can do about permitted use: declare, decide, and keep what was judged."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from typing import Literal
from uuid import UUID

from services.grants.commands import load_agreement_to_change
from services.grants.faults import not_after, raise_together
from services.grants.use_rules.defaults import DEFAULT_EDITION
from services.grants.use_rules.faults import EditionMissing, EditionStands, UnknownEdition, book_faults
from services.grants.use_rules.queries import (
    edition_named,
    guidance_edition,
    latest_declaration,
    newest_book,
    public_money_declarations,
)
from services.grants.use_rules.rules import Judgement, Outcome, RuleBook
from services.grants.use_rules.tables import GuidanceEdition, PublicMoneyDeclaration, UseDeclaration, UseRuleBook
from shared.periods import london_date
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


async def change_rules(work: Work, book: RuleBook, reason: str) -> RuleBook:
    """Store the next version of the rules; what was judged by an earlier one stays as it was judged."""
    work.may_write_for_all()
    await work.lock("use-rules")
    newest = await newest_book(work.session)
    raise_together(book_faults(book))
    number = newest.number + 1 if newest else 1
    kept = {name: value for name, value in book.to_json().items() if name != "version"}
    work.session.add(
        UseRuleBook(number=number, book=kept, reason=reason, created_at=work.now, created_by=work.actor.sub)
    )
    work.audit("change_use_rules", "use-rules", after={"version": number}, reason=reason)
    return replace(book, version=number)


async def keep_edition(
    work: Work, *, name: str, published_on: date | None, principles: Sequence[str]
) -> GuidanceEdition:
    """Keep an edition of the guidance on public money with the principles it lists (G-21)."""
    work.may_write_for_all()
    await work.lock("guidance-editions")
    if name == DEFAULT_EDITION.name or await guidance_edition(work.session, name) is not None:
        raise EditionStands("Give a later edition its own name.", pointer="/name")
    row = GuidanceEdition(
        name=name,
        published_on=published_on,
        principles=list(principles),
        created_at=work.now,
        created_by=work.actor.sub,
    )
    work.session.add(row)
    work.audit("keep_guidance_edition", name, after={"principles": list(principles)})
    return row


async def declare_public_money(
    work: Work,
    agreement_key: str,
    *,
    signatory_name: str,
    signatory_role: str,
    statement: str,
    declared_on: date | None,
) -> PublicMoneyDeclaration:
    """Declare that a year's use followed the principles, as the edition its agreement cites lists them (G-21)."""
    agreement = await load_agreement_to_change(work, agreement_key)
    today = london_date(work.now)
    day = declared_on or today
    not_after(day, today, "/declared_on")
    if agreement.guidance_edition is None:
        raise EditionMissing("Say in the agreement's guidance_edition which edition it cites.")
    edition = await edition_named(work.session, agreement.guidance_edition)
    if edition is None:
        raise UnknownEdition(
            "The edition that the agreement cites is not kept; add it with its principles under guidance-editions."
        )
    before = await public_money_declarations(work.session, agreement.id)
    row = PublicMoneyDeclaration(
        id=work.new_id(),
        agreement_id=agreement.id,
        number=len(before) + 1,
        edition=edition.name,
        principles=list(edition.principles),
        signatory_name=signatory_name,
        signatory_role=signatory_role,
        statement=statement,
        declared_on=day,
        recorded_at=work.now,
        created_by=work.actor.sub,
    )
    work.session.add(row)
    work.audit("declare_public_money", agreement.id, after={"edition": edition.name, "number": row.number})
    return row
