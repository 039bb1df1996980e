"""Decisions on profiles and batches: pure, given what must be known."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol
from uuid import UUID

from services.grants.expenditure.columns import alternatives, used_columns
from services.grants.expenditure.faults import DaysNotCovered, IdentityFixed, PeriodNeeded
from services.grants.faults import FutureDate, raise_together
from shared.errors import Refusal
from shared.events.grants import ExpenditureBatchCompleted, ExpenditureBatchReceived, MonthTotal
from shared.money import pounds
from shared.periods import FinancialYear, Quarter, add_months


def fix_identity(layout: dict[str, Any], before: dict[str, Any] | None, *, lines_exist: bool) -> dict[str, Any]:
    """The layout with its identity spelled out. Refused where lines exist that were identified in another way (§6).

    A counted identity that names no columns takes every column the layout uses; once lines exist, those of the version
    before, so that a later column changes nothing about lines that are stored.
    """
    identity = layout["identity"]
    fixed = before["identity"] if before is not None and lines_exist else None
    if fixed is not None and fixed["kind"] != identity["kind"]:
        raise IdentityFixed(
            f"Lines of this source are stored and are {fixed['kind']}; as {identity['kind']} each would count as a new "
            f"one when it is sent again. Keep the kind {fixed['kind']}.",
            pointer="/identity",
        )
    if identity["kind"] == "counted" and not identity["columns"]:
        same = fixed or {"columns": list(used_columns(layout)), "all_used": True}
        identity = {"kind": "counted", "columns": same["columns"], "all_used": bool(same.get("all_used"))}
    return {**layout, "identity": identity}


def refuse_other_identity(pointer: str, *, batch_id: UUID, sent_on: str, record: int, line: int | None) -> None:
    """Refuse a layout under which a stored line would be taken for another (§6)."""
    where = f"line {line}" if line is not None else f"record {record}"
    raise IdentityFixed(
        f"Under this layout {where} of the file sent on {sent_on} would count as another line than the one that is "
        f"stored, and would enter the ledger twice when it is sent again. Leave {pointer[1:]} so that the stored lines "
        "keep their identity; add alternatives for a header that changed, and formats behind those that are there.",
        pointer=pointer,
        extra={"batch": str(batch_id), "record": record, "line": line},
    )


STORED_AS = {
    "amount": "net_pence", "vat": "vat_pence", "recoverable_vat": "recoverable_vat_pence",
    "irrecoverable_vat": "irrecoverable_vat_pence", "input_date": "payment_date", "gross": "vat_pence",
    "party_key": None, "debit": "net_pence", "credit": "net_pence", "vat_rate": "vat_pence", "currency": None,
    "recoverable_rate": "recoverable_vat_pence",
}  # fmt: skip


def compared_fields(layout: dict[str, Any]) -> tuple[str, ...]:
    """Stored fields in which a line sent again may differ: those that come from its columns."""
    fields = [
        stored
        for field, source in layout["fields"].items()
        if source and alternatives(source) and (stored := STORED_AS.get(field, field)) is not None
    ]
    if layout["item_columns"]:
        fields.append("item_id")
    return tuple(dict.fromkeys(fields))


def comparable_fields(layout: dict[str, Any], before: dict[str, Any]) -> tuple[str, ...]:
    """Of `compared_fields` those that an earlier version of the layout read in the same way.

    What only the layouts make different is no difference of the line. Days and amounts are always compared: they are
    the line, whoever reads them.
    """
    alike = {
        STORED_AS.get(field, field)
        for field, source in layout["fields"].items()
        if source and source == (before["fields"].get(field) or None)
    }
    if layout["item_columns"] == before["item_columns"]:
        alike.add("item_id")
    return tuple(field for field in compared_fields(layout) if field in alike or field.endswith(("_pence", "_date")))


@dataclass(frozen=True)
class Placement:
    """A stretch of days and the quarter its lines are posted to (G-26, G-29)."""

    from_day: date
    to_day: date
    post_to: str | None
    late_for: str | None


def place_quarters(year: FinancialYear, locked: Iterable[str]) -> tuple[Placement, ...]:
    """Each quarter of a year posts to itself, a locked one to the first open quarter, marked late_for (G-29).

    With none open at all post_to is None and the line is held.
    """
    shut = set(locked)
    still_open = [quarter.slug for quarter in year.quarters if quarter.slug not in shut]
    placements = []
    for quarter in year.quarters:
        post_to = first_open_quarter(quarter, still_open)
        late = quarter.slug if post_to not in (quarter.slug, None) else None
        placements.append(Placement(quarter.start, quarter.end, post_to, late))
    return tuple(placements)


def first_open_quarter(quarter: Quarter, still_open: Collection[str]) -> str | None:
    """Where a cost of this quarter is posted (G-29); None with no quarter of the year open.

    Its own quarter where that is open, else the first open one after it: a cost does not stand before it arose unless
    nothing later is open, and then in the first open one of the year. Loads, acts by hand and the refusals that name
    the way on all ask here.
    """
    quarters = quarter.year.quarters
    in_order = (*quarters[quarter.number - 1 :], *quarters[: quarter.number - 1])
    return next((candidate.slug for candidate in in_order if candidate.slug in still_open), None)


LONGEST_COVER_YEARS = 5


@dataclass(frozen=True)
class DaysCovered:
    """Days of payment that a file is meant to cover, both included."""

    first: date
    last: date


def days_covered(first: date | None, last: date | None, today: date) -> DaysCovered | None:
    """The days a file states, or None where it states none. Refused where they cannot be meant (T-51)."""
    if first is None and last is None:
        return None
    if first is None or last is None:
        missing = "covers_from" if first is None else "covers_to"
        raise DaysNotCovered("Give covers_from and covers_to, or neither.", parameter=missing)
    faults: list[Refusal] = []
    if last < first:
        faults.append(
            DaysNotCovered("covers_to lies before covers_from; give the first day first.", parameter="covers_to")
        )
    elif last >= add_months(first, 12 * LONGEST_COVER_YEARS):
        detail = f"A file covers {LONGEST_COVER_YEARS} years at most; send the years one by one."
        faults.append(DaysNotCovered(detail, parameter="covers_to"))
    if last > today:
        # More may be paid on a day that is not over: who speaks for it would speak too early (G-32).
        detail = f"Payments of days to come are not known; give a day not after {today.isoformat()}."
        faults.append(FutureDate(detail, parameter="covers_to"))
    raise_together(faults)
    return DaysCovered(first, last)


@dataclass(frozen=True)
class Taken:
    """What of a batch entered the ledger, and the days it speaks for."""

    batch_id: UUID
    organisation_id: UUID
    source: str
    event_count: int
    months: Sequence[tuple[str, int, int]]
    covers: DaysCovered | None = None
    waits: DaysCovered | None = None
    """The days that wait while lines are unsettled, where they are more than those it covers."""
    unsettled: int = 0
    """Lines that belong in the ledger, are not there, and were neither decided nor given up."""
    chain_settled: bool = True
    """Whether no line of the file that it corrects is unsettled, nor of the others that correct that one."""
    announced: bool = False
    """Readers heard that the file was handed in."""
    stated: int | None = None
    """The version of this event that was last recorded."""
    by_hand: bool = False


def announce_batch(
    batch_id: UUID, organisation_id: UUID, source: str, days: DaysCovered | None
) -> ExpenditureBatchReceived:
    """The fact that a file was handed in whose lines are on their way (T-51)."""
    return ExpenditureBatchReceived(
        batch_id=batch_id,
        organisation_id=organisation_id,
        source=source,
        covers_from=days.first if days else None,
        covers_to=days.last if days else None,
    )


def complete_batch(taken: Taken) -> ExpenditureBatchCompleted | None:
    """The fact that a batch is in the ledger whole, or what of it is not settled yet.

    While lines are unsettled it covers no day, and its days wait (T-51). None where no line entered the ledger, no day
    is covered and nothing waits: nothing changed for any reader.
    """
    covers = taken.covers if taken.chain_settled and not taken.unsettled else None
    waits = (taken.waits or taken.covers) if taken.unsettled else None
    if not (taken.months or covers or taken.unsettled or taken.announced or taken.stated):
        return None
    return ExpenditureBatchCompleted(
        batch_id=taken.batch_id,
        version=(taken.stated or taken.event_count) + 1,
        organisation_id=taken.organisation_id,
        source=taken.source,
        event_count=taken.event_count,
        lines=sum(lines for _, lines, _ in taken.months),
        pence=sum(pence for _, _, pence in taken.months),
        months=tuple(MonthTotal(month=month, lines=lines, pence=pence) for month, lines, pence in taken.months),
        covers_from=covers.first if covers else None,
        covers_to=covers.last if covers else None,
        waits_from=waits.first if waits else None,
        waits_to=waits.last if waits else None,
        unsettled_lines=taken.unsettled,
        by_hand=taken.by_hand,
    )


@dataclass(frozen=True)
class Link:
    """A batch of a chain: files that correct one another, from the first one on."""

    corrects: UUID | None
    failed: bool
    unsettled: int


def unsettled_behind(batch_id: UUID, chain: Mapping[UUID, Link]) -> int:
    """Unsettled lines that a batch answers for: its own, and those of a file refused whole in whose place it came.

    A file that was refused whole covers no day and says nothing; who corrects it says the same days in its place.
    """
    link = chain[batch_id]
    lines = link.unsettled
    while link.corrects is not None and chain[link.corrects].failed:
        link = chain[link.corrects]
        lines += link.unsettled
    return lines


def chain_settled(batch_id: UUID, chain: Mapping[UUID, Link]) -> bool:
    """Whether a batch may say that days are covered: a first file by itself, one that corrects with its whole chain."""
    return chain[batch_id].corrects is None or not any(link.unsettled for link in chain.values())


def hull(stretches: Iterable[DaysCovered | None]) -> DaysCovered | None:
    """From the first day of all to the last."""
    days = [stretch for stretch in stretches if stretch is not None]
    return DaysCovered(min(d.first for d in days), max(d.last for d in days)) if days else None


def over_budget(spent: dict[str, int], budget: dict[str, int], year: str) -> list[dict[str, Any]]:
    """A finding for each carrying line whose entries exceed its budget: flagged, not refused (G-30)."""
    return [
        {"code": "over_budget", "year": year, "line_code": code, "spend_pence": pence, "budget_pence": budget[code]}
        for code, pence in sorted(spent.items())
        if code in budget and pence > budget[code]
    ]


@dataclass(frozen=True)
class Controls:
    """What the sender counted before sending: lines, and the sum of their amounts."""

    lines: int | None = None
    total_pence: int | None = None


class Counted(Protocol):
    """What was read of a file."""

    received_lines: int
    received_pence: int
    amount_unreadable_lines: int
    unreadable: list[int]


def control_mismatch(expected: Controls, counted: Counted) -> dict[str, Any] | None:
    """Why a file is not the one that was meant, with both figures of each total and their difference; None if it is.

    A line whose amount cannot be read stands in no sum, so such lines are named.
    """
    parts: list[str] = []
    figures: dict[str, int] = {}
    if expected.lines is not None and expected.lines != counted.received_lines:
        difference = counted.received_lines - expected.lines
        parts.append(f"{expected.lines:,} lines were expected and {counted.received_lines:,} came, {difference:+,}")
        figures |= {"expected_lines": expected.lines, "received_lines": counted.received_lines}
    if expected.total_pence is not None and expected.total_pence != counted.received_pence:
        difference = counted.received_pence - expected.total_pence
        parts.append(
            f"{pounds(expected.total_pence)} pounds were expected and {pounds(counted.received_pence)} came,"
            f" difference {pounds(difference)}"
        )
        figures |= {"expected_total_pence": expected.total_pence, "received_total_pence": counted.received_pence}
    if not parts:
        return None
    detail = f"Control totals: {'; '.join(parts)}."
    if counted.amount_unreadable_lines:
        shown = ", ".join(map(str, counted.unreadable))
        more = " and more" if counted.amount_unreadable_lines > len(counted.unreadable) else ""
        detail += f" {counted.amount_unreadable_lines:,} amounts cannot be read, in records {shown}{more}."
    return {
        "code": "control_total_mismatch",
        "detail": f"{detail} Nothing was taken in; send the whole file, or correct the totals.",
        **figures,
    }


def last_day_of(period: str) -> date:
    """The last day of a day, a month `2017-04`, a quarter `2017-18-q1` or a year `2017-18`. PeriodNeeded otherwise."""
    try:
        if len(period) == 10 and period[7] == "-" and period[8] != "q":
            return date.fromisoformat(period)
        if "-q" in period:
            return Quarter.parse(period).end
        year, _, rest = period.partition("-")
        # 2011-12 may be a December or a financial year; the month is what is written so everywhere else.
        if len(rest) == 2 and 1 <= int(rest) <= 12:
            first = date(int(year), int(rest), 1)
            return add_months(first, 1) - timedelta(days=1)
        return FinancialYear.parse(period).end
    except (ValueError, OverflowError):
        raise PeriodNeeded(
            "Give a day 2017-04-30, a month 2017-04, a quarter 2017-18-q1 or a year 2017-18.", parameter="period"
        ) from None
