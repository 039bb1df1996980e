"""What people can do about claims on the grant's history: record one, withdraw one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.grants.history.queries import load_claim
from services.grants.history.rules import check_claim
from services.grants.history.rules import withdraw_claim as decide_withdrawal
from services.grants.history.tables import GrantClaim
from shared.periods import FinancialYear, london_date
from shared.work import Work


@dataclass(frozen=True)
class Claim:
    """What somebody says about the grant of one year beside that of an earlier one, and where."""

    from_year: FinancialYear
    to_year: FinancialYear
    basis: str
    claimed_by: str
    source: str
    statement: str
    figure_as_printed: str
    claimed_on: date | None


async def record_claim(work: Work, claim: Claim) -> GrantClaim:
    """Keep a claim as it is made; it stands beside the figures and changes none of them."""
    work.may_write_for_all()
    check_claim(claim.from_year, claim.to_year, claim.claimed_on, london_date(work.now))
    row = GrantClaim(
        id=work.new_id(),
        from_year=claim.from_year.label,
        to_year=claim.to_year.label,
        basis=claim.basis,
        claimed_by=claim.claimed_by,
        source=claim.source,
        statement=claim.statement,
        figure_as_printed=claim.figure_as_printed,
        claimed_on=claim.claimed_on,
        created_at=work.now,
        modified_at=work.now,
        created_by=work.actor.sub,
    )
    work.session.add(row)
    work.audit("record_claim", row.id, after={"source": row.source, "figure_as_printed": row.figure_as_printed})
    return row


async def withdraw_claim(work: Work, key: str, reason: str) -> GrantClaim:
    """Take back a claim that was recorded wrongly; who asks what was known before still sees it."""
    work.may_write_for_all()
    row = await load_claim(work.session, key, lock=True)
    decide_withdrawal(row.withdrawn_at is not None)
    row.withdrawn_at, row.withdrawal_reason = work.now, reason
    row.version += 1
    row.modified_at = work.now
    work.audit("withdraw_claim", row.id, after={"withdrawn": True}, reason=reason)
    return row
