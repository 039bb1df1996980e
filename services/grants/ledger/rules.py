"""What may be posted to a ledger by hand, reversed or corrected: pure functions that refuse, or say what is posted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from services.grants.expenditure.rules import first_open_quarter
from services.grants.faults import UnknownLine, WrongTerritory, no_budget, raise_together
from services.grants.ledger.faults import (
    AlreadyReversed,
    CorrectionWithoutOrigin,
    FutureDay,
    NegativeKind,
    NoPartInAgreement,
    NotReversible,
    OutsideAgreementYear,
    PayeeUnnamed,
    QuarterDiffers,
    Superseded,
    VatInconsistent,
)
from services.grants.ledger.values import Amounts, Cost, cost_of
from services.grants.periods.rules import PeriodLocked, way_on
from services.grants.use_rules.faults import DecisionRequired, UseUndeclared, declaration_faults, refused_use
from services.grants.use_rules.rules import Judgement, RuleBook, UseFacts, judge_use
from services.grants.use_rules.territory import outside_territory
from shared.errors import Refusal
from shared.periods import FinancialYear, Quarter

Kind = Literal["invoice", "credit_note", "journal", "card", "staff_expense"]
MAY_BE_NEGATIVE = ("credit_note", "journal")


@dataclass(frozen=True)
class AgreementFacts:
    """What a posting must know of an agreement: carrying lines (code → kind), quarters (→ why locked, None if open)."""

    agreement_id: UUID
    year: FinancialYear
    territory: str
    lines: Mapping[str, str]
    quarters: Mapping[str, str | None]
    budget_awaiting: int | None = None

    @property
    def open_quarters(self) -> tuple[str, ...]:
        return tuple(slug for slug, lock_reason in self.quarters.items() if lock_reason is None)


@dataclass(frozen=True)
class Line:
    """A line as it is to be posted. `agreement` is None outside any; `quarter` None leaves it to the service date.

    A cost that the ledger or a held line holds already is taken as it stands: what a file says of its VAT is flagged,
    not refused.
    """

    kind: str
    amounts: Amounts | Cost
    payment_date: date
    service_date: date | None
    agreement: AgreementFacts | None
    line_code: str | None
    quarter: str | None
    use: UseFacts
    codes: tuple[str, ...] | None
    """The declared codes in their order, so that a fault can name its place."""
    beneficiary_gss: str | None = None

    @property
    def day(self) -> date:
        """The day that decides the quarter (G-26)."""
        return self.service_date or self.payment_date


@dataclass(frozen=True)
class Placed:
    """The quarter of the agreement a line is accounted in; both None outside any agreement."""

    quarter: str | None
    late_for: str | None


@dataclass(frozen=True)
class Posted:
    """A line that may enter the ledger, and what the rules of use said of it (None outside any agreement)."""

    cost: Cost
    placed: Placed
    judgement: Judgement | None


def enter_line(
    line: Line, book: RuleBook, *, today: date, has_origin: bool, has_part: bool = True, unnamed: bool = False
) -> Posted:
    """Decide on a line entered by hand (G-27, G-28, G-29, G-32): every fault at once.

    A use that the rules refuse is refused. One that needs a decision is no fault: the judgement says so, and the caller
    holds the line. `has_part`: the organisation receives the agreement's grant, itself or passed on; `unnamed`: a payee
    of a kind that is named in public has no name.
    """
    faults = [*_negative_faults(line, has_origin), *_future_faults(line, today)]
    if unnamed:
        faults.append(PayeeUnnamed("Name the payee, or say that its kind is unknown.", pointer="/party/name"))
    if line.agreement is not None and not has_part:
        faults.append(
            NoPartInAgreement(
                f"Neither the recipient of {line.agreement.year.label} nor a body that its grant is passed to; correct "
                "the organisation, award it pass-through, or leave the agreement out.",
                pointer="/organisation",
            )
        )
    if line.agreement is not None and line.use.codes is None:
        detail = "Every entry of an agreement declares the rules of use it raises; give an empty list for none."
        faults.append(UseUndeclared(detail, pointer="/use_codes"))
    return _post(line, book, faults, today=today, by_hand=True)


def correct_line(line: Line, book: RuleBook, *, today: date, judged: bool) -> Posted:
    """Decide on the full new entry of a correction (G-28). `judged`: its use is what was judged before, and stands.

    A quarter that is locked gives way to the first open one, marked late_for, unless a quarter is named.
    """
    by_hand = line.quarter is not None
    posted = _post(line, book, _future_faults(line, today), today=today, by_hand=by_hand, judged=judged)
    if judged or posted.judgement is None or posted.judgement.outcome == "allowed":
        return posted
    raise DecisionRequired(
        f"{posted.judgement.detail} Reverse the entry and enter the line anew; the chief finance officer then decides.",
        pointer="/use_codes",
    )


def take_in(line: Line, book: RuleBook, *, today: date) -> Posted:
    """Decide on a held line that a person accepts: as a batch would place it, its use judged anew (G-19, G-29)."""
    return _post(line, book, [], today=today, by_hand=line.quarter is not None)


def _post(
    line: Line, book: RuleBook, faults: list[Refusal], *, today: date, by_hand: bool, judged: bool = False
) -> Posted:
    cost: Cost | None = None
    placed, judgement = Placed(None, None), None
    try:
        cost = line.amounts if isinstance(line.amounts, Cost) else cost_of(line.amounts)
    except VatInconsistent as fault:
        faults.append(fault)
    if line.agreement is not None:
        faults.extend(_line_faults(line, line.agreement))
        try:
            placed = place(line.agreement, line, today=today, by_hand=by_hand)
        except Refusal as fault:
            faults.append(fault)
        if line.beneficiary_gss and (outside := outside_territory(line.agreement.territory, line.beneficiary_gss)):
            faults.append(WrongTerritory(outside, pointer="/beneficiary_gss"))
        judgement = judge_use(book, line.use)
        if not judged:
            faults.extend(declaration_faults(book, line.codes, line.use.exception))
            faults.extend([refused_use(judgement)] if judgement.outcome == "refused" else [])
    elif line.quarter is not None:
        detail = "A line outside any agreement has no accounting quarter; leave it out, or name the agreement."
        faults.append(OutsideAgreementYear(detail, pointer="/accounting_quarter"))
    raise_together(faults)
    assert cost is not None
    return Posted(cost, placed, judgement)


def place(agreement: AgreementFacts, line: Line, *, today: date, by_hand: bool) -> Placed:
    """The quarter of a line (G-26, G-29).

    By hand a locked quarter is refused with its reason and the way on, whether it is named or follows from the date. A
    quarter other than the date's own is named only where that one is locked. Otherwise the first open one is taken.
    """
    own, year, pointer = Quarter.of(line.day), agreement.year, "/accounting_quarter"
    if own.year != year:
        detail = f"The day of service lies in {own.year.label}, the agreement covers {year.label}; name the right one."
        raise OutsideAgreementYear(detail, pointer="/service_date" if line.service_date else "/payment_date")
    still_open = agreement.open_quarters
    if not by_hand:
        taken = first_open_quarter(own, still_open)
        if taken is None:
            raise PeriodLocked(_locked(agreement, own), pointer=pointer)
        return Placed(taken, own.slug if taken != own.slug else None)
    named = own if line.quarter is None else Quarter.parse(line.quarter)
    if named.year != year:
        raise OutsideAgreementYear(f"Name a quarter of {year.label}.", pointer=pointer)
    if named.slug not in still_open:
        raise PeriodLocked(_locked(agreement, named, own), pointer=pointer)
    if named != own and own.slug in still_open:
        raise QuarterDiffers(f"By its date the cost belongs to {own.label}, which is open; name that.", pointer=pointer)
    if named.start > today:
        raise FutureDay(f"{named.label} has not begun; name a quarter that has.", pointer=pointer)
    return Placed(named.slug, own.slug if named != own else None)


def place_reversal(agreement: AgreementFacts, quarter: str, late_for: str | None) -> Placed:
    """A reversal stands in its original's quarter where that is open, else in the first open one, marked (G-29)."""
    taken = first_open_quarter(Quarter.parse(quarter), agreement.open_quarters)
    if taken is None:
        raise PeriodLocked(_locked(agreement, Quarter.parse(quarter)))
    return Placed(taken, late_for if taken == quarter else late_for or quarter)


def _locked(agreement: AgreementFacts, quarter: Quarter, own: Quarter | None = None) -> str:
    lock_reason = agreement.quarters.get(quarter.slug) or "no reason kept"
    return f"{quarter.label} locked: {lock_reason}; {way_on(own or quarter, agreement.open_quarters)}."


@dataclass(frozen=True)
class ChainPlace:
    """Where an entry stands in its chain; `newest` stands, unless it was reversed too (None)."""

    entry_id: UUID
    kind: str
    reversed_by: UUID | None
    corrected_by: UUID | None
    newest: UUID | None


def may_reverse(place: ChainPlace) -> None:
    """An entry is negated once, by a reversal or within a correction, and a reversal never (G-28)."""
    if place.kind == "reversal":
        raise NotReversible("A reversal stands; where it was a mistake, enter the line anew by hand.")
    if place.corrected_by is not None and place.newest is not None:
        raise Superseded(
            f"The entry was corrected; name the newest of its chain, {place.newest}.",
            extra={"newest": str(place.newest)},
        )
    if place.reversed_by is not None:
        raise AlreadyReversed(
            f"The entry was reversed by {place.reversed_by}, or its chain was; enter the line anew by hand.",
            extra={"reversed_by": str(place.reversed_by)},
        )


def _negative_faults(line: Line, has_origin: bool) -> list[Refusal]:
    if line.amounts.net_pence >= 0:
        return []
    faults: list[Refusal] = []
    if not has_origin:
        detail = "Negative amount entered by hand; name the entry it corrects in origin, and why in reason."
        faults.append(CorrectionWithoutOrigin(detail, pointer="/origin"))
    if line.kind not in MAY_BE_NEGATIVE:
        faults.append(NegativeKind("A negative line is a credit_note or a journal; say which.", pointer="/kind"))
    return faults


def _future_faults(line: Line, today: date) -> list[Refusal]:
    return [
        FutureDay(f"No actual lies in the future; give a day not after {today.isoformat()}.", pointer=f"/{name}")
        for name, day in (("payment_date", line.payment_date), ("service_date", line.service_date))
        if day is not None and day > today
    ]


def _line_faults(line: Line, agreement: AgreementFacts) -> list[Refusal]:
    if not agreement.lines:
        return [no_budget("Set the budget of the year first.", agreement.budget_awaiting, "/line_code")]
    if line.line_code not in agreement.lines:
        return [UnknownLine("No carrying line has this code; use the codes of the budget.", pointer="/line_code")]
    return []
