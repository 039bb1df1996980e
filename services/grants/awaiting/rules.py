"""What awaits whom, from facts that were read: pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.grants.agreements.rules import review_state
from services.grants.rules import final_due_on
from shared.money import sterling
from shared.periods import FinancialYear, Quarter

MANAGER, FINANCE, CFO, APPROVER = "grants:manager", "grants:finance", "grants:cfo", "grants:approver"


@dataclass(frozen=True)
class Item:
    """One thing that awaits somebody: what, since when, until when, and the scopes of those who can act.

    `path` lies below the service's address; `count` is of the things behind it.
    """

    what: str
    detail: str
    since: date
    scopes: tuple[str, ...]
    path: str
    due_on: date | None = None
    count: int = 1


@dataclass(frozen=True)
class Pending:
    """Something of a kind that others keep: since when it waits, and under which number or id."""

    key: str
    since: date
    detail: str = ""
    due_on: date | None = None
    count: int = 1


@dataclass(frozen=True)
class QuarterFacts:
    quarter: Quarter
    stated: bool
    locked: bool
    stale_since: date | None = None


@dataclass(frozen=True)
class YearFacts:
    """What is known of one year that is not closed; a kind that is not waited for is left empty."""

    agreement_id: UUID
    year: FinancialYear
    state: str
    drafted_on: date
    signatures: int
    review_by: date | None
    reviewed_on: Sequence[date]
    nameless_signatures: Sequence[Pending]
    budgets_to_approve: Sequence[Pending]
    variations: Sequence[Pending]
    virements: Sequence[Pending]
    held_lines: Sequence[Pending]
    use_decisions: Sequence[Pending]
    payments_with_excess: Sequence[Pending]
    payments_due: Sequence[Pending]
    awards_to_acknowledge: Sequence[Pending]
    awards_undeclared: Sequence[Pending]
    quarters: Sequence[QuarterFacts]
    outturn_state: str | None
    outturn_on: date | None
    outturn_outdated: bool
    undecided_pence: int | None
    treatments_to_settle: Sequence[Pending]
    certificate_state: str | None
    certificate_on: date | None
    guidance_edition: str | None
    public_money_declared: bool
    standing_open: int


def waiting_for_all(held_elsewhere: Sequence[Pending], names_published: Sequence[Pending] = ()) -> list[Item]:
    """What belongs to no year: held lines that no agreement is named for, and names that left with other rows."""
    return [
        *(_held(pending) for pending in held_elsewhere),
        *(
            Item(
                "name_published_before",
                "Texts of published entries name a payee who is withheld: correct them, and have the rows withdrawn.",
                pending.since,
                (FINANCE,),
                f"/v1/expenditure-batches/{pending.key}",
                count=pending.count,
            )
            for pending in names_published
        ),
    ]


@dataclass(frozen=True)
class UnsettledFile:
    """A file with lines that are neither in the ledger nor decided: whose it is, and what of it waits."""

    batch_id: UUID
    organisation: str
    source: str
    taken_in_on: date
    lines: int
    pence: int
    covers: tuple[date, date] | None


def waiting_to_be_settled(files: Sequence[UnsettledFile]) -> list[Item]:
    """Files that cover no day until their last line is corrected, decided or given up."""
    return [_unsettled(file) for file in files]


def _unsettled(file: UnsettledFile) -> Item:
    lines = "1 line" if file.lines == 1 else f"{file.lines:,} lines"
    days = f" {file.covers[0]} to {file.covers[1]} are not covered until then." if file.covers else ""
    detail = (
        f"{lines} ({sterling(file.pence)} where amounts can be read) of a file of {file.organisation} through"
        f" {file.source} are not in the ledger. Correct and resubmit them with corrects={file.batch_id}, decide held"
        f" ones, or give lines up with a reason.{days}"
    )
    path = f"/v1/expenditure-batches/{file.batch_id}/lines?unsettled=true"
    return Item("unsettled_lines", detail, file.taken_in_on, (FINANCE, CFO), path, count=file.lines)


def waiting(facts: YearFacts, today: date) -> list[Item]:
    """Everything of one year that awaits somebody on a day, in the order of a year's life."""
    found = [*_agreeing(facts, today), *_spending(facts), *_accounting(facts, today)]
    return [*found, *_ending(facts, today)]


def waiting_when_closed(year: FinancialYear, treatments_to_settle: Sequence[Pending]) -> list[Item]:
    """What a closed year still awaits: that what was decided about its underspend is carried out."""
    return list(_settling(year, treatments_to_settle))


def _agreeing(facts: YearFacts, today: date) -> Iterator[Item]:
    if facts.signatures < 2:
        detail = f"{facts.signatures} of 2 signatures stand under the agreement."
        yield Item("signature", detail, facts.drafted_on, (MANAGER,), _path(facts, ""))
    for one in facts.nameless_signatures:
        detail = f"It is not known whose signature number {one.detail} is (G-4)."
        yield Item("signature_without_party", detail, one.since, (MANAGER,), _path(facts, f"/signatures/{one.key}"))
    for one in facts.budgets_to_approve:
        detail = f"Version {one.key} of the budget awaits a second person's approval."
        yield Item("budget_approval", detail, one.since, (APPROVER,), _path(facts, f"/budget?version={one.key}"))
    for one in facts.variations:
        detail = f"A variation awaits its decision: {one.detail}."
        yield Item("variation", detail, one.since, (MANAGER,), _path(facts, f"/variations/{one.key}"))
    for one in facts.virements:
        detail = f"A virement awaits a second person: {one.detail}."
        yield Item("virement", detail, one.since, (APPROVER,), _path(facts, f"/virements/{one.key}"))
    if facts.signatures == 2 and review_state(facts.review_by, facts.reviewed_on, today) in ("due", "overdue"):
        detail = "The review of allocation, outcomes and activities is not recorded (G-17)."
        path = _path(facts, "/yearly-reviews")
        yield Item("review", detail, facts.year.start, (MANAGER,), path, due_on=facts.review_by)


def _spending(facts: YearFacts) -> Iterator[Item]:
    for one in facts.held_lines:
        yield _held(one)
    for one in facts.use_decisions:
        detail = f"{one.count} {one.detail} await a decision about their use, with a reason (G-19)."
        path = _path(facts, "/use-declarations?outcome=decision_required")
        yield Item("use_decision", detail, one.since, (CFO,), path, count=one.count)
    for one in facts.payments_with_excess:
        detail = f"A payment asks for more than is needed: {one.detail} (G-25)."
        yield Item("payment_excess", detail, one.since, (CFO,), _path(facts, f"/payments/{one.key}"))
    for one in facts.payments_due:
        detail = f"A payment of {one.detail} is not completed."
        path = _path(facts, f"/payments/{one.key}")
        yield Item("payment", detail, one.since, (FINANCE,), path, due_on=one.due_on)
    for one in facts.awards_undeclared:
        detail = f"The award to {one.detail} does not say which rules on use it raises, or none (G-19)."
        path = _path(facts, f"/pass-through-awards/{one.key}")
        yield Item("use_declaration", detail, one.since, (MANAGER,), path)
    for one in facts.awards_to_acknowledge:
        detail = f"{one.detail} has not acknowledged every duty that comes with its award (G-22)."
        yield Item("flow_down", detail, one.since, (MANAGER,), _path(facts, f"/pass-through-awards/{one.key}"))


def _accounting(facts: YearFacts, today: date) -> Iterator[Item]:
    for one in facts.quarters:
        if facts.signatures < 2 or today <= one.quarter.end:
            continue
        path = _path(facts, f"/accounting-periods/{one.quarter.slug}")
        # Spend of the first quarter need not be stated (G-31).
        if not one.stated and one.quarter.number > 1:
            detail = f"The spend of {one.quarter.label} is not stated (G-31)."
            yield Item("quarter_statement", detail, one.quarter.end, (FINANCE, CFO), path)
            continue
        if one.stale_since is not None:
            detail = f"A quarter before {one.quarter.label} was stated anew; state its year to date anew too (G-31)."
            yield Item("stale_quarter", detail, one.stale_since, (FINANCE, CFO), path)
        if not one.locked:
            yield Item("quarter_lock", f"{one.quarter.label} is over and open.", one.quarter.end, (CFO,), path)


def _ending(facts: YearFacts, today: date) -> Iterator[Item]:
    if facts.signatures < 2 or today <= facts.year.end:
        return
    if facts.outturn_state in (None, "forecast"):
        detail = "No outturn of the whole year is recorded."
        yield Item("outturn", detail, facts.year.end, (FINANCE, CFO), _path(facts, "/outturns"))
    elif facts.outturn_outdated and facts.outturn_on is not None:
        detail = "The grant was changed since the outturn was recorded; record it anew (G-34, G-36)."
        who = (CFO,) if facts.outturn_state == "final" else (FINANCE, CFO)
        yield Item("outturn", detail, facts.outturn_on, who, _path(facts, "/outturns"))
    if facts.outturn_state != "final":
        detail = "The final outturn, from audited accounts, is not recorded (G-34)."
        due_on = final_due_on(facts.year)
        yield Item("final_outturn", detail, facts.year.end, (CFO,), _path(facts, "/outturns"), due_on=due_on)
    if facts.undecided_pence and facts.outturn_on is not None:
        detail = (
            f"{sterling(facts.undecided_pence)} of the underspend is undecided (G-36)."
            if facts.undecided_pence > 0
            else f"{sterling(-facts.undecided_pence)} more is treated than the latest outturn leaves (G-36)."
        )
        path = _path(facts, "/underspend-treatments")
        yield Item("underspend_treatment", detail, facts.outturn_on, (CFO,), path)
    yield from _settling(facts.year, facts.treatments_to_settle)
    to_certify = facts.outturn_state == "final" and not facts.outturn_outdated
    if to_certify and facts.outturn_on is not None and facts.certificate_state != "signed":
        if facts.certificate_state == "draft":
            detail, since = "The certificate is drafted and not signed (G-37).", facts.certificate_on
        else:
            detail, since = "The final outturn is not certified (G-37).", facts.outturn_on
        yield Item("certificate", detail, since or facts.outturn_on, (CFO,), _path(facts, "/certificates"))
    if facts.guidance_edition is not None and not facts.public_money_declared:
        detail = f"The declaration on {facts.guidance_edition} is not made (G-21)."
        path = _path(facts, "/public-money-declarations")
        yield Item("public_money_declaration", detail, facts.year.end, (CFO,), path)
    if facts.standing_open == 0:
        detail = "Nothing stands open; the year may be closed (G-38)."
        yield Item("closure", detail, facts.outturn_on or facts.year.end, (CFO,), _path(facts, "/closure"))


def _held(one: Pending) -> Item:
    who = (CFO,) if one.key.startswith("use_") else (FINANCE, CFO)
    detail = f"{one.count} lines are held ({one.key.replace('_', ' ')}) and wait for a person."
    return Item("held_lines", detail, one.since, who, f"/v1/held-lines?reason={one.key}", count=one.count)


def _settling(year: FinancialYear, treatments_to_settle: Sequence[Pending]) -> Iterator[Item]:
    for one in treatments_to_settle:
        detail = f"A decision to {one.detail} is not noted as carried out (G-36)."
        path = f"/v1/agreements/{year.slug}/underspend-treatments/{one.key}"
        yield Item("underspend_settlement", detail, one.since, (CFO,), path)


def _path(facts: YearFacts, below: str) -> str:
    return f"/v1/agreements/{facts.year.slug}{below}"
