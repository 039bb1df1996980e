"""Setting and approving an indicative budget: load, decide, store, record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from services.grants.budget.lines import Line
from services.grants.budget.queries import as_typed, budget_versions, known_lines, load_budget
from services.grants.budget.rules import BudgetPosition, budget_set
from services.grants.budget.rules import approve_budget as decide_approval
from services.grants.budget.rules import set_budget as decide_budget
from services.grants.budget.rules import withdraw_budget as decide_withdrawal
from services.grants.budget.tables import BudgetLine, BudgetVersion
from services.grants.commands import load_agreement_to_change
from services.grants.faults import year_of
from services.grants.queries import budget_lines
from services.grants.tables import Agreement
from services.grants.variations.queries import undecided_variations
from shared.work import Work, four_eyes


async def set_budget(
    work: Work, agreement_key: str, *, lines: Sequence[Line], effective_from: date | None, status: str
) -> BudgetVersion:
    """Set a version of the budget, which then awaits a second person; a further one names the last in If-Match.

    A version that still awaits approval is withdrawn in its favour. A line keeps its line_id as long as its code.
    """
    agreement = await load_agreement_to_change(work, agreement_key)
    versions = await budget_versions(work.session, agreement.id)
    newest = versions[-1] if versions else None
    if newest is not None:
        address = f"{work.base_url}/v1/agreements/{agreement.id}/budget?version={newest.number}"
        work.if_match(newest.number, address)
    effective_from = effective_from or agreement.in_force_from
    undecided = await undecided_variations(work.session, agreement.id)
    decide_budget(
        _position(agreement, versions),
        lines,
        effective_from=effective_from,
        undecided=[(variation.number, variation.state) for variation in undecided],
    )
    if newest is not None and newest.state == "balanced":
        move(work, newest, "withdrawn")
        await work.session.flush()
    version = await add_version(
        work,
        agreement,
        lines,
        newest=newest,
        effective_from=effective_from,
        status=status,
    )
    work.audit(
        "set_budget",
        agreement.id,
        before={"number": newest.number} if newest else None,
        after={"number": version.number, "effective_from": version.effective_from},
    )
    return version


async def approve_budget(work: Work, agreement_key: str, number: int) -> BudgetVersion:
    """A second person makes a balanced version effective; the one before is superseded. Records BudgetSet."""
    agreement = await load_agreement_to_change(work, agreement_key)
    version = await load_budget(work.session, agreement.id, number)
    versions = await budget_versions(work.session, agreement.id)
    fact = decide_approval(
        _position(agreement, versions),
        as_typed(await budget_lines(work.session, version.id)),
        number=version.number,
        state=version.state,
        effective_from=version.effective_from,
    )
    four_eyes(work.actor, version.created_by, detail="Who set the budget may not approve it; another person must.")
    await _make_effective(work, version, versions, approved_by=work.actor.sub)
    await work.record(fact)
    work.audit(
        "approve_budget",
        agreement.id,
        before={"number": number, "state": "balanced"},
        after={"number": number, "state": "effective"},
    )
    return version


async def withdraw_budget(work: Work, agreement_key: str, number: int, reason: str) -> BudgetVersion:
    """Withdraw a version that awaits approval; it stays readable."""
    agreement = await load_agreement_to_change(work, agreement_key)
    version = await load_budget(work.session, agreement.id, number)
    decide_withdrawal(number=version.number, state=version.state)
    move(work, version, "withdrawn")
    work.audit(
        "withdraw_budget",
        agreement.id,
        before={"number": number, "state": "balanced"},
        after={"number": number, "state": "withdrawn"},
        reason=reason,
    )
    return version


async def revise_budget(
    work: Work,
    agreement: Agreement,
    lines: Sequence[Line],
    *,
    effective_from: date,
    variation_id: UUID,
    author: str,
    approved_by: str | None,
) -> BudgetVersion:
    """Make the next version effective by what was agreed, without retyping (G-12, G-16). Records BudgetSet.

    `approved_by` is the second person inside a heading; None where the department agreed.
    """
    versions = await budget_versions(work.session, agreement.id)
    current = next(version for version in versions if version.state == "effective")
    for waiting in versions:
        # Set before the signature and never approved: it can no longer be, and there is one place for what waits.
        if waiting.state == "balanced":
            move(work, waiting, "withdrawn")
            work.audit(
                "withdraw_budget",
                agreement.id,
                before={"number": waiting.number, "state": "balanced"},
                after={"number": waiting.number, "state": "withdrawn"},
                reason="An agreed change took effect.",
            )
    await work.session.flush()
    version = await add_version(
        work, agreement, lines, newest=versions[-1], effective_from=effective_from, status=current.status
    )
    version.type, version.variation_id, version.created_by = "revised", variation_id, author
    await _make_effective(work, version, versions, approved_by=approved_by)
    await work.record(
        budget_set(agreement.id, year_of(agreement.year), lines, number=version.number, effective_from=effective_from)
    )
    return version


async def _make_effective(
    work: Work, version: BudgetVersion, versions: Sequence[BudgetVersion], *, approved_by: str | None
) -> None:
    for before in versions:
        if before.state == "effective":
            move(work, before, "superseded")
    # The follower takes the one place that an effective version has (uq_budget_versions_effective).
    await work.session.flush()
    move(work, version, "effective")
    version.approved_at, version.approved_by = work.now, approved_by


async def add_version(
    work: Work,
    agreement: Agreement,
    lines: Sequence[Line],
    *,
    newest: BudgetVersion | None,
    effective_from: date,
    status: str,
) -> BudgetVersion:
    """Store a balanced version and its lines under the number after the newest."""
    version = BudgetVersion(
        id=work.new_id(),
        agreement_id=agreement.id,
        number=newest.number + 1 if newest else 1,
        type="original",
        status=status,
        effective_from=effective_from,
        grant_pence=agreement.grant_pence,
        state="balanced",
        created_at=work.now,
        modified_at=work.now,
        created_by=work.actor.sub,
    )
    work.session.add(version)
    await work.session.flush()
    known = await known_lines(work.session, agreement.id)
    for position_in_print, line in enumerate(lines):
        work.session.add(
            BudgetLine(
                version_id=version.id,
                line_id=known.get(line.code) or work.new_id(),
                code=line.code,
                name=line.name,
                parent_code=line.parent_code,
                kind=line.kind,
                amount_pence=line.amount_pence,
                stated_pence=line.stated_pence,
                position=position_in_print,
            )
        )
    return version


def move(work: Work, version: BudgetVersion, state: str) -> None:
    version.state = state
    version.version += 1
    version.modified_at = work.now


def _position(agreement: Agreement, versions: Sequence[BudgetVersion]) -> BudgetPosition:
    return BudgetPosition(
        agreement_id=agreement.id,
        year=year_of(agreement.year),
        grant_pence=agreement.grant_pence,
        signed=agreement.state != "draft",
        has_effective=any(version.state == "effective" for version in versions),
    )
