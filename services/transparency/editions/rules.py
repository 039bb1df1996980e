"""Whether an edition may be drafted, checked and published. Pure: totals and months in, refusals or values out."""

from __future__ import annotations

import calendar
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from shared.errors import Conflict, Gone, Invalid, NotAllowed, NotFound
from shared.money import percent, sterling
from shared.periods import FinancialYear, HalfYear, Quarter, add_months, end_of_day, london_date

MonthCoverage = Literal["stated", "missing", "not_stated"]


@dataclass(frozen=True)
class Amount:
    """How many ledger lines, and what they come to."""

    lines: int = 0
    pence: int = 0


@dataclass(frozen=True)
class Reconciliation:
    """The owner's ledger against what this service holds and decided, for one period (T-14)."""

    stated: Amount
    received: Amount
    published: Amount
    excluded: Mapping[str, Amount]
    incomplete_batches: int

    @property
    def arrived(self) -> bool:
        """Whether the lines that the owner states are here, batch by batch."""
        return not self.incomplete_batches and self.stated == self.received

    @property
    def accounts_for_all(self) -> bool:
        """Whether each line that arrived has been decided."""
        decided = self.published.lines + sum(part.lines for part in self.excluded.values())
        return self.received.lines == decided

    @property
    def difference(self) -> Amount:
        """Ledger less published less every exclusion class; zero where each line is accounted for."""
        return Amount(
            self.stated.lines - self.published.lines - sum(part.lines for part in self.excluded.values()),
            self.stated.pence - self.published.pence - sum(part.pence for part in self.excluded.values()),
        )


@dataclass(frozen=True)
class Changes:
    """How an edition differs from the one before."""

    added: int
    removed: int
    changed: int
    methodology: bool = False

    @property
    def total(self) -> int:
        return self.added + self.removed + self.changed


@dataclass(frozen=True)
class Unheard:
    """Events of the ledger's owner that are not applied here: it has recorded them, and they may hold any line."""

    on_their_way: int | None = 0
    """None where it cannot be known."""
    parked: int = 0


@dataclass(frozen=True)
class Outstanding:
    """Files of the publisher that may still bring lines of the quarter, as far as their owner has announced them."""

    files_on_their_way: int = 0
    """Announced and not complete."""
    files_waiting: int = 0
    """Here, with lines that are neither corrected, decided nor given up."""
    unsettled_lines: int = 0


class EditionOpen(Conflict):
    code = "edition_open"
    title = "An edition of this period is already being prepared"


class PeriodNotOver(Conflict):
    code = "period_not_over"
    title = "The period is not over"


class LedgerIncomplete(Conflict):
    code = "ledger_incomplete"
    title = "The ledger has not arrived whole"


class DoesNotReconcile(Conflict):
    code = "does_not_reconcile"
    title = "Published and excluded lines do not make the ledger"


class ChangedSinceCheck(Conflict):
    code = "changed_since_check"
    title = "The content is not the one that was checked"


class FindingsOpen(Conflict):
    code = "findings_open"
    title = "Findings wait for a person"


class NotChecked(Conflict):
    code = "not_checked"
    title = "The edition has not been checked"


class EditionImmutable(Conflict):
    code = "edition_immutable"
    title = "A published edition never changes"


class NothingChanged(Conflict):
    code = "nothing_changed"
    title = "The next edition would be the same as the one in force"


class ChangeNoteNeeded(Conflict):
    code = "change_note_needed"
    title = "A later edition says what changed"


class KeyNotUnique(Conflict):
    code = "key_not_unique"
    title = "Two rows would carry one key"


class NotNil(Conflict):
    code = "not_nil"
    title = "There is something to report"


class NoMethodology(Conflict):
    code = "methodology_unpublished"
    title = "No methodology was in force"


class UnknownDataset(NotFound):
    code = "dataset_not_found"
    title = "There is no dataset of this name"


class WithdrawalNeeded(Conflict):
    code = "withdrawal_needed"
    title = "An earlier edition still shows what this one withholds"


class EditionWithdrawn(Gone):
    code = "withdrawn"
    title = "This edition was withdrawn"


class EditionSuspended(NotAllowed):
    code = "suspended"
    title = "This edition is suspended"


class WrongOrder(Invalid):
    code = "wrong_order"
    title = "The editions to compare are the wrong way round"


class ContractUnknown(Conflict):
    code = "contract_unknown"
    title = "Rows name contracts that are not in the register"


class SettledElsewhere(Conflict):
    code = "settled_elsewhere"
    title = "This finding is settled by another decision"


class NilNotStated(Conflict):
    code = "nil_not_stated"
    title = "There is nothing to report, and nobody says so"


class BadFaultDay(Invalid):
    code = "bad_fault_day"
    title = "The day on which the fault was found cannot be right"


def draft_edition(
    period: Quarter | HalfYear | FinancialYear,
    now: datetime,
    *,
    open_edition: int | None,
    predecessor: int | None,
    change_note: str | None,
    fault_found_on: date | None = None,
) -> int:
    """The number of the new edition. Only one is prepared at a time, and only of a period that has ended."""
    if open_edition is not None:
        raise EditionOpen(f"Edition {open_edition} is being prepared; publish it or delete it first.")
    if now < end_of_day(period.end):
        raise PeriodNotOver(f"{period.label} ends on {period.end.isoformat()}; draft its edition after that day.")
    if fault_found_on is not None and (predecessor is None or fault_found_on > london_date(now)):
        wrong = "nothing was published that could hold a fault" if predecessor is None else "that day is yet to come"
        raise BadFaultDay(
            f"fault_found_on is {fault_found_on.isoformat()}, and {wrong}; leave it out or correct it.",
            pointer="/fault_found_on",
        )
    if predecessor is not None and not change_note:
        raise ChangeNoteNeeded(
            f"Edition {predecessor} is published; say in change_note what changed since (T-49).", pointer="/change_note"
        )
    return (predecessor or 0) + 1


@dataclass(frozen=True)
class Month:
    """What the owner's ledger holds of a month of payment, and what its batches say of the month's days."""

    month: str
    lines: int
    days_stated: int
    """Days of it that batches speak for, each once, from whichever source they came."""
    lines_of_silent_batches: int
    """Lines that came in batches which speak for no day. What was corrected or reversed by hand is not among them."""
    files_waiting: int = 0
    """Files meant to cover days of it whose lines are on their way or not all settled."""
    unsettled_lines: int = 0
    """Lines of those files that are not settled."""

    @property
    def coverage(self) -> MonthCoverage:
        """Whether the month is whole. Lines alone do not say so: one may have strayed into another month's file.

        A month with a file that waits is not whole, whatever other files cover; nor is it missing, for it is known what
        it lacks (T-59).
        """
        if self.files_waiting:
            return "not_stated"
        year, number = map(int, self.month.split("-"))
        if self.days_stated == calendar.monthrange(year, number)[1]:
            return "stated"
        return "not_stated" if self.lines_of_silent_batches else "missing"


@dataclass(frozen=True)
class Coverage:
    """What an edition may say of its quarter."""

    word: Literal["complete", "partial", "not_stated"]
    missing: list[str]
    silent: bool
    """The ledger holds no line of the quarter, and nobody says that there was none."""


def coverage(months: Sequence[Month], *, arrived: bool = True) -> Coverage:
    """`partial` where a month is missing, else `not_stated` where one is not stated, else `complete` (T-51).

    Never `complete` before every line that the owner states has arrived (T-59).
    """
    missing = [month.month for month in months if month.coverage == "missing"]
    stated = [month.month for month in months if month.coverage == "stated"]
    return Coverage(
        word="partial" if missing else "complete" if arrived and len(stated) == len(months) else "not_stated",
        missing=missing,
        silent=not stated and not any(month.lines for month in months),
    )


def refuse_silence(quarter: Quarter, covered: Coverage, *, nil_return: bool, published: int) -> None:
    """Nothing in the ledger may mean nothing was spent or nothing arrived; only who knows can say which (T-51)."""
    if nil_return and published:
        raise NotNil(f"{published} rows qualify; leave nil_return out.", pointer="/nil_return")
    if covered.silent and not nil_return:
        raise LedgerIncomplete(
            f"The owner's ledger states no line for {quarter.label} and covers none of its months. If nothing was "
            "paid, send nil_return.",
            pointer="/nil_return",
        )


def refuse_unheard(quarter: Quarter, unheard: Unheard) -> None:
    """Refuse a nil return, and the word complete, while the owner has recorded more than has been heard (T-59)."""
    told = {"events_on_their_way": unheard.on_their_way, "parked_events": unheard.parked}
    if unheard.on_their_way is None:
        raise LedgerIncomplete(
            "It cannot be known at the moment whether the owner of the ledger has recorded more lines, because its "
            f"events cannot be read. Nobody can say yet that {quarter.label} is complete or that nothing was paid. Try "
            "again shortly; if it stays so, an operator looks at /health/events.",
            extra=told,
            headers={"Retry-After": "30"},
        )
    if unheard.on_their_way:
        raise LedgerIncomplete(
            f"{_counted(unheard.on_their_way, 'event')} of the ledger's owner on the way to this service may hold "
            f"lines of {quarter.label}. Nobody can say yet that it is complete or that nothing was paid. Try again "
            "shortly.",
            extra=told,
            headers={"Retry-After": "2"},
        )
    if unheard.parked:
        raise LedgerIncomplete(
            f"{_counted(unheard.parked, 'event')} of the ledger's owner could not be applied by this service and may "
            f"hold lines of {quarter.label}. An operator looks at `outturn events parked` and releases them with "
            "`outturn events redrive`; then try again.",
            extra=told,
            headers={"Retry-After": "60"},
        )


def refuse_on_its_way(quarter: Quarter, outstanding: Outstanding) -> None:
    """Refuse while a file that may hold lines of the quarter is announced and not complete (T-59)."""
    if outstanding.files_on_their_way:
        raise LedgerIncomplete(
            f"The ledger has announced {_counted(outstanding.files_on_their_way, 'file')} that may hold lines of "
            f"{quarter.label}, and not yet said that all lines of it are here. Try again shortly.",
            extra={"files_on_their_way": outstanding.files_on_their_way},
            headers={"Retry-After": "5"},
        )


def refuse_unsettled(quarter: Quarter, outstanding: Outstanding) -> None:
    """Refuse a nil return while lines that may belong to the quarter are neither in the ledger nor decided (T-59)."""
    if outstanding.files_waiting:
        raise LedgerIncomplete(
            f"{_counted(outstanding.unsettled_lines, 'line')} of {_counted(outstanding.files_waiting, 'file')} that "
            f"may belong to {quarter.label} were rejected, conflict with others or are held, so nobody can say that "
            "nothing was paid. In the ledger's service, correct and resubmit them, decide them or give them up with a "
            "reason; then draft the edition.",
            extra={"files_waiting": outstanding.files_waiting, "unsettled_lines": outstanding.unsettled_lines},
        )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def is_nil_return(*, rows: int, coverage: str) -> bool:
    """No rows, and every month spoken for: by the owner's batches, or by a person who stated nil (T-51)."""
    return rows == 0 and coverage == "complete"


MONTHS_OF_A_QUARTER = 3


def meets_duty(*, rows: int, nil_return: bool, missing: Sequence[str] = ()) -> bool:
    """Rows, or a nil return. A file without rows whose months nobody speaks for says nothing: no duty is met (T-51).

    Nor is it met by rows that strayed into a quarter of which every month is missing (T-59).
    """
    return (rows > 0 or nil_return) and len(missing) < MONTHS_OF_A_QUARTER


def refuse_empty(dataset: str, period: str, *, rows: int, nil_return: bool) -> None:
    """An empty register may mean nothing happened or nothing was entered; only a person can say which (T-51)."""
    if nil_return and rows:
        raise NotNil(f"{rows} rows of {dataset} belong to {period}; leave nil_return out.", pointer="/nil_return")
    if not rows and not nil_return:
        raise NilNotStated(
            f"The register holds nothing of {dataset} for {period}. If there was nothing to report, send nil_return; "
            "otherwise enter what is missing.",
            pointer="/nil_return",
        )


def refuse_still_shown(public: Collection[int], newly_withheld: Mapping[int, int]) -> None:
    """Refuse to publish what withholds text while an earlier edition still shows it: that goes first (T-52)."""
    showing = sorted(number for number in newly_withheld if number in public)
    if showing:
        named = ", ".join(str(number) for number in showing)
        most = max(newly_withheld[number] for number in showing)
        raise WithdrawalNeeded(
            f"{_counted(most, 'row')} of which this edition withholds text stand in full in edition {named}, which "
            "anyone can read. Suspend it first (POST /v1/withdrawals); then publish this one.",
            extra={"editions": showing},
        )


def refuse_unknown_contracts(rows_by_reference: Mapping[str, Sequence[str]]) -> None:
    """Every contract that a row names stands in the publisher's register (T-16)."""
    if rows_by_reference:
        references = sorted(rows_by_reference)
        named = ", ".join(references[:10]) + (" and others" if len(references) > 10 else "")
        raise ContractUnknown(
            f"Rows of this edition name {named}, and the publisher's register of contracts holds no such reference. "
            "Enter the contracts (POST /v1/contracts), or have the ledger's owner correct the lines; then check the "
            "edition again.",
            extra={"rows": {reference: list(rows_by_reference[reference])[:20] for reference in references[:100]}},
        )


SETTLED_BY = {"small_unit": "a data protection lead settles the unit (POST /v1/posts/small-units)"}
"""Findings that a word of the preparer does not settle (T-37)."""


def refuse_settled_elsewhere(code: str) -> None:
    """Some findings need a decision of their own, which makes them vanish at the next check."""
    if code in SETTLED_BY:
        raise SettledElsewhere(f"A finding {code} is not resolved here: {SETTLED_BY[code]}; then check again.")


def refuse_order(earlier: int, later: int) -> None:
    """A comparison goes from an earlier edition to a later one."""
    if earlier >= later:
        raise WrongOrder(
            f"from is {earlier} and to is {later}; name the earlier edition in from and the later one in to.",
            parameter="from",
        )


def finding_id(row_id: str, code: str, field: str, digest: str) -> UUID:
    """A finding is named by row, pattern and text: what a person said of one text is not said of another."""
    return UUID(hashlib.md5(f"{row_id}|{code}|{field}|{digest}".encode(), usedforsecurity=False).hexdigest())


def refuse_unaccounted(reconciliation: Reconciliation) -> None:
    """Refuse while a known batch is incomplete or differs, or while any line or penny is unaccounted for (T-14)."""
    stated, received = reconciliation.stated, reconciliation.received
    if not reconciliation.arrived:
        raise LedgerIncomplete(
            f"The owner states {stated.lines} lines of {sterling(stated.pence)}, and {received.lines} lines of "
            f"{sterling(received.pence)} have arrived; {reconciliation.incomplete_batches} batches are not whole. "
            "Wait until they are.",
            extra={"incomplete_batches": reconciliation.incomplete_batches},
            headers={"Retry-After": "5"},
        )
    difference = reconciliation.difference
    if difference != Amount():
        raise DoesNotReconcile(
            f"{difference.lines} lines and {sterling(difference.pence)} are neither published nor excluded.",
            extra={"difference_pence": difference.pence, "difference_lines": difference.lines},
        )


def refuse_clashes(keys: Sequence[str]) -> None:
    """(TransactionNumber, LineNumber) names one row of a file (T-12)."""
    if keys:
        raise KeyNotUnique(
            f"More than one row has the key {', '.join(keys)}. Delete this edition and draft it anew; if it stays, the "
            "ledger's owner corrects the line numbers of the item.",
            extra={"keys": list(keys)},
        )


def with_maker(makers: Sequence[str], sub: str) -> list[str]:
    """The people who changed an edition, and this one; each once, in the order of their first change."""
    return list(makers) if sub in makers else [*makers, sub]


def approve_edition(
    *,
    state: str,
    checked_sha256: str | None,
    approved_sha256: str,
    checked_mark: str,
    mark: str,
    open_findings: int,
) -> None:
    """Refuse to publish what is unchecked, what is not what was checked, or what holds open findings."""
    if state in ("published", "superseded"):
        raise EditionImmutable("This edition is published; a change needs the next edition (T-49).")
    if state != "checked":
        raise NotChecked("Check the edition first; checking freezes its content and gives its hash.")
    if approved_sha256 != checked_sha256:
        raise ChangedSinceCheck(
            "The hash you approve is not the one that was checked; read the edition again.", pointer="/sha256"
        )
    if mark != checked_mark:
        raise ChangedSinceCheck("The ledger of the period has changed since the check; check the edition again.")
    if open_findings:
        raise FindingsOpen(f"{open_findings} findings are not resolved; a named person says what each is (T-24).")


def change_kind(changes: Changes) -> str:
    """What kind of change a later edition is: its methodology, late items only, or a correction (T-49, T-50)."""
    if changes.methodology:
        return "methodology"
    return "late_addition" if changes.added and not (changes.removed or changes.changed) else "correction"


def months_of(quarter: Quarter) -> list[str]:
    return [f"{add_months(quarter.start, step):%Y-%m}" for step in range(3)]


def share(part: int | None, whole: int | None) -> str | None:
    """Share in per cent, one decimal. None without a whole, or where credits make a part larger than its whole."""
    if part is None or whole is None or whole <= 0 or not 0 <= part <= whole:
        return None
    return percent(part, whole, 1)
