"""Handing grant on to another body, and the life of an award: load, decide, store, record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from services.grants.awards import life, personal_texts
from services.grants.awards.queries import acknowledged, awarded_pence, load_award, paid_by_award, waiting_findings
from services.grants.awards.rules import Award, AwardPosition, LineSpan
from services.grants.awards.rules import award_pass_through as decide_award
from services.grants.awards.tables import AwardTextClearance, FlowDown, PassThroughAward
from services.grants.awards.telling import tell_award, untold
from services.grants.budget.tables import BudgetLine
from services.grants.commands import load_agreement_to_change
from services.grants.faults import raise_together, year_of
from services.grants.organisations.queries import identifiers_of, referenced_organisation
from services.grants.queries import (
    budget_awaiting,
    budgeted_from,
    carrying_lines,
    later_budgets,
    names_on,
    parties,
)
from services.grants.tables import Agreement
from services.grants.use_rules.commands import keep_declaration
from services.grants.use_rules.faults import declaration_faults, refused_use, written
from services.grants.use_rules.queries import latest_declaration, refused_subjects, rule_book
from services.grants.use_rules.rules import UNDECLARED, Judgement, RuleBook, UseFacts, after_refusal, judge_use
from shared.periods import london_date
from shared.work import Work, four_eyes


async def award_pass_through(
    work: Work,
    agreement_key: str,
    *,
    organisation: str,
    award: Award,
    title: str,
    description: str,
    use_codes: Sequence[str] | None,
    use_exception: str | None,
) -> PassThroughAward:
    """Award part of a pass-through line to a body, by slug (G-19, G-22, G-23).

    Records PassThroughAwarded; where its use needs a decision, that waits until it is allowed.
    """
    agreement = await load_agreement_to_change(work, agreement_key)
    body = await referenced_organisation(work.session, organisation, "/organisation")
    year, budget_from = year_of(agreement.year), await budgeted_from(work.session, agreement.id)
    # A day without a budget is a fault of its own; what the line has left is judged all the same.
    day = max(min(award.awarded_on, year.end), budget_from or year.start)
    line = await _line(work, agreement, award.line_code, day)
    book = await rule_book(work.session)
    raise_together(declaration_faults(book, use_codes, use_exception))
    use = _judge(book, agreement, use_codes, use_exception, (title, description), award.line_code)
    identifiers = {row.scheme: row.identifier for row in await identifiers_of(work.session, body.id)}
    fact = decide_award(
        AwardPosition(
            agreement_id=agreement.id,
            year=year,
            signed=agreement.state != "draft",
            territory=agreement.territory,
            gss=identifiers.get("GSS"),
            organisation_id=body.id,
            spans=await _spans(work, agreement, award.line_code, day) if line else (),
            recipient_is_party=any(
                party.organisation_id == body.id for party, _ in await parties(work.session, agreement.id)
            ),
            budget_from=budget_from,
            budget_awaiting=await budget_awaiting(work.session, agreement.id),
        ),
        award,
        use,
        award_id=work.new_id(),
        today=london_date(work.now),
    )
    assert line is not None
    row = PassThroughAward(
        id=fact.award_id,
        agreement_id=agreement.id,
        line_id=line.line_id,
        line_code=fact.line_code,
        organisation_id=fact.organisation_id,
        amount_pence=fact.amount_pence,
        awarded_on=fact.awarded_on,
        planned_from=award.planned_from,
        planned_to=award.planned_to,
        title=title,
        description=description,
        state="offered",
        use_outcome=UNDECLARED,
        created_at=work.now,
        modified_at=work.now,
        created_by=work.actor.sub,
    )
    work.session.add(row)
    await work.session.flush()
    await _keep_use(work, row, book, use_codes, use_exception, use, None)
    if use.outcome != "decision_required":
        await work.record(fact)
    work.audit(
        "award_pass_through",
        row.id,
        after={"organisation": body.slug, "line_code": row.line_code, "amount_pence": row.amount_pence},
    )
    return row


async def declare_award_use(
    work: Work,
    agreement_key: str,
    award_key: str,
    *,
    use_codes: Sequence[str],
    use_exception: str | None,
    reason: str | None,
) -> PassThroughAward:
    """Declare the codes that an award raises, or none, where nothing stands yet or it is declared anew (G-19)."""
    agreement = await load_agreement_to_change(work, agreement_key)
    award = await load_award(work.session, agreement.id, award_key)
    book = await rule_book(work.session)
    raise_together(declaration_faults(book, use_codes, use_exception))
    texts = (award.title, award.description)
    use = _judge(book, agreement, use_codes, use_exception, texts, award.line_code)
    if use.outcome == "refused":
        raise refused_use(use)
    use = after_refusal(use, refused=bool(await refused_subjects(work.session, "award", [award.id])))
    life.declare_use(award.state)
    before, held_back = award.use_outcome, await untold(work, award)
    await _keep_use(work, award, book, use_codes, use_exception, use, reason)
    _touch(work, award)
    if held_back and use.outcome == "allowed":
        await tell_award(work, agreement, award)
    work.audit("declare_award_use", award.id, before={"use": before}, after={"use": award.use_outcome}, reason=reason)
    return award


async def acknowledge_duties(
    work: Work, agreement_key: str, award_key: str, *, duties: Sequence[str], acknowledged_by: str, on: date
) -> PassThroughAward:
    """Note which duties the body acknowledged, through whom and on which day (G-22)."""
    agreement = await load_agreement_to_change(work, agreement_key)
    award = await load_award(work.session, agreement.id, award_key)
    standing = await award_standing(work, award)
    before, award.state = award.state, life.acknowledge(standing, duties, on, today=london_date(work.now))
    for duty in duties:
        work.session.add(
            FlowDown(
                award_id=award.id,
                duty=duty,
                acknowledged_by=acknowledged_by,
                acknowledged_on=on,
                recorded_at=work.now,
                created_by=work.actor.sub,
            )
        )
    _touch(work, award)
    work.audit(
        "acknowledge_duties",
        award.id,
        before={"state": before},
        after={"state": award.state, "duties": list(duties), "on": on},
    )
    return award


async def move_award(
    work: Work, agreement_key: str, award_key: str, *, to: life.Target, reason: str | None
) -> PassThroughAward:
    """Make an award payable, complete it or end it (G-22)."""
    agreement = await load_agreement_to_change(work, agreement_key)
    award = await load_award(work.session, agreement.id, award_key)
    life.move_award(await award_standing(work, award), to, reason)
    before, award.state = award.state, to
    if to == "ended":
        award.end_reason = reason
    _touch(work, award)
    work.audit("move_award", award.id, before={"state": before}, after={"state": to}, reason=reason)
    return award


async def clear_texts(
    work: Work, agreement_key: str, award_key: str, *, codes: Sequence[str], reason: str
) -> PassThroughAward:
    """Say that what the award's texts seem to hold may be published, as another person than who recorded it (T-24)."""
    agreement = await load_agreement_to_change(work, agreement_key, even_closed=True)
    award = await load_award(work.session, agreement.id, award_key)
    four_eyes(work.actor, award.created_by)
    personal_texts.clear_texts((await waiting_findings(work.session, [award]))[award.id], codes)
    work.session.add(
        AwardTextClearance(
            id=work.new_id(),
            award_id=award.id,
            codes=sorted(set(codes)),
            texts_sha256=personal_texts.digest_of(award.title, award.description),
            reason=reason,
            cleared_at=work.now,
            cleared_by=work.actor.sub,
            cleared_by_name=(work.actor.name or "")[:200],
        )
    )
    _touch(work, award)
    work.audit("clear_award_texts", award.id, after={"codes": sorted(set(codes))}, reason=reason)
    return award


async def award_standing(work: Work, award: PassThroughAward) -> life.AwardStanding:
    """What the rules of an award's life and of its payments must know."""
    name = await names_on(work.session, [award.organisation_id], london_date(work.now))
    declared = await latest_declaration(work.session, "award", award.id)
    paid = await paid_by_award(work.session, [award.id])
    return life.AwardStanding(
        body=name[award.organisation_id].name,
        state=award.state,
        use_outcome=award.use_outcome,
        use_detail=declared.detail if declared else "",
        acknowledged={row.duty: row.acknowledged_on for row in await acknowledged(work.session, [award.id])},
        amount_pence=award.amount_pence,
        paid_pence=paid.get(award.id, 0),
    )


async def _line(work: Work, agreement: Agreement, code: str, day: date) -> BudgetLine | None:
    """The pass-through line of this code in the budget of a day."""
    lines = await carrying_lines(work.session, agreement.id, day)
    return next((line for line in lines if line.code == code and line.kind == "pass_through"), None)


async def _spans(work: Work, agreement: Agreement, code: str, day: date) -> list[LineSpan]:
    """The line from a day on, budget after budget (G-12); one that has it no more has nothing to award."""
    starts = [day, *await later_budgets(work.session, agreement.id, day)]
    spans = []
    for since, until in zip(starts, [*starts[1:], None], strict=True):
        line = await _line(work, agreement, code, since)
        awarded = await awarded_pence(work.session, agreement.id, code, before=until)
        spans.append(LineSpan(since, (line.amount_pence or 0) if line else 0, awarded))
    return spans


def _judge(
    book: RuleBook,
    agreement: Agreement,
    codes: Sequence[str] | None,
    exception: str | None,
    texts: tuple[str, ...],
    line_code: str,
) -> Judgement:
    facts = UseFacts(written(book, codes), exception, texts, line_code, "pass_through", str(agreement.id))
    return judge_use(book, facts)


async def _keep_use(
    work: Work,
    award: PassThroughAward,
    book: RuleBook,
    codes: Sequence[str] | None,
    exception: str | None,
    use: Judgement,
    reason: str | None,
) -> None:
    """Keep what was declared; what nobody declared and no word speaks against stays undeclared."""
    if use.code == UNDECLARED:
        return
    await keep_declaration(
        work,
        subject_kind="award",
        subject_id=award.id,
        agreement_id=award.agreement_id,
        codes=written(book, codes),
        exception=exception,
        judgement=use,
        rules_version=book.version,
        reason=reason,
    )
    award.use_outcome = use.outcome


def _touch(work: Work, award: PassThroughAward) -> None:
    award.version += 1
    award.modified_at = work.now
