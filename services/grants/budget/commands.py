"""Setting an indicative budget: load, decide, store, record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from services.grants.budget.queries import newest_budget
from services.grants.budget.rules import BudgetPosition, Line
from services.grants.budget.rules import set_budget as decide_budget
from services.grants.budget.tables import BudgetLine, BudgetVersion
from services.grants.commands import load_agreement_to_change
from services.grants.faults import year_of
from services.grants.queries import budget_lines
from shared.work import Work


async def set_budget(
    work: Work, agreement_key: str, *, lines: Sequence[Line], effective_from: date | None, status: str
) -> BudgetVersion:
    """Set the budget of an agreement: the first version creates it, a further one names the last in If-Match.

    Records BudgetSet. A line keeps its line_id as long as it keeps its code.
    """
    agreement = await load_agreement_to_change(work, agreement_key)
    newest = await newest_budget(work.session, agreement.id)
    if newest is not None:
        work.if_match(newest.number, f"{work.base_url}/v1/agreements/{agreement.id}/budget")
    position = BudgetPosition(
        agreement_id=agreement.id,
        year=year_of(agreement.year),
        grant_pence=agreement.grant_pence,
        signed=agreement.state != "draft",
        newest=newest.number if newest else 0,
    )
    fact = decide_budget(position, lines, effective_from=effective_from or agreement.in_force_from)
    version = BudgetVersion(
        id=work.new_id(),
        agreement_id=agreement.id,
        number=fact.version,
        type="original",
        status=status,
        effective_from=fact.effective_from,
        created_at=work.now,
        modified_at=work.now,
        created_by=work.actor.sub,
    )
    work.session.add(version)
    await work.session.flush()
    known = {line.code: line.line_id for line in await budget_lines(work.session, newest.id)} if newest else {}
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
    await work.record(fact)
    work.audit(
        "set_budget",
        agreement.id,
        before={"number": newest.number} if newest else None,
        after={"number": version.number, "effective_from": version.effective_from},
    )
    return version
