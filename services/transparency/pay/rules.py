"""The pay multiple: who counts, what counts, where the middle lies, how it is rounded, and what is refused. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from services.transparency.people.staff import Staff, annualised, half_up
from shared.errors import Conflict, Invalid, NotFound

Basis = Literal["fte_annualised", "as_paid"]
Population = Literal["whole_workforce", "programme_staff"]
BASES: tuple[Basis, ...] = ("fte_annualised", "as_paid")
FEWEST = 2


class NobodyCounts(Invalid):
    code = "pay_run_empty"
    title = "Too few employees are left to work out a pay multiple"


class PayListInvalid(Invalid):
    code = "pay_list_invalid"
    title = "The pay list cannot be taken"


class AgencyPayMissing(Invalid):
    code = "agency_pay_missing"
    title = "Agency staff are to be counted and their pay is not stated"


class NoPayRun(Conflict):
    code = "no_pay_run"
    title = "There is no approved pay run of the year"


class PayRunOtherMethod(Conflict):
    code = "pay_run_other_method"
    title = "The pay run was made by another method"


class PayRunApproved(Conflict):
    code = "pay_run_approved"
    title = "The pay run has been approved"


class PayRunDiffers(Conflict):
    code = "pay_run_differs"
    title = "The pay run cannot be worked out again to the same figures"


class NoSuchPayRun(NotFound):
    code = "pay_run_not_found"
    title = "There is no such pay run"


@dataclass(frozen=True)
class Method:
    """What the methodology says: who counts, and which pay is compared."""

    population: Population
    basis: Basis
    agency_in_population: bool


@dataclass(frozen=True)
class PayEntry:
    """What one employee was paid, without anything that names or numbers the person."""

    basic_paid_pence: int
    basic_full_pence: int
    """Basic pay as it would be full time and for the full year."""
    allowances_paid_pence: int
    allowances_full_pence: int
    bonus_pence: int
    benefits_pence: int

    def earnings(self, basis: Basis) -> int:
        """Taxable earnings: base, allowances, bonus, benefits in kind; pension is no part of them (T-38, T-40)."""
        if basis == "as_paid":
            basic, allowances = self.basic_paid_pence, self.allowances_paid_pence
        else:
            basic, allowances = self.basic_full_pence, self.allowances_full_pence
        return basic + allowances + self.bonus_pence + self.benefits_pence

    @property
    def sort_key(self) -> tuple[int, ...]:
        """Highest earnings first: the order tells nothing about the list that the entry came from."""
        return (
            -self.earnings("fte_annualised"), -self.earnings("as_paid"), -self.basic_full_pence, -self.basic_paid_pence,
            -self.allowances_full_pence, -self.bonus_pence, -self.benefits_pence,
        )  # fmt: skip


@dataclass(frozen=True)
class PayList:
    """The entries that count, and how many were kept out for which reason."""

    entries: tuple[PayEntry, ...]
    left_out: Mapping[str, int]


@dataclass(frozen=True)
class Multiple:
    """The figures of one basis. `ratio` is in hundredths: 452 is 4.52."""

    n: int
    highest_pence: int
    median_pence: int
    ratio: int
    median_ranks: tuple[int, ...]
    """Places of the middle values, counted from the lowest earnings: one where n is odd, two where it is even."""
    mean_pence: int
    lowest_pence: int

    def ratio_to(self, pence: int) -> str:
        """Highest divided by another figure, with two places."""
        return two_places(ratio(self.highest_pence, pence))


def pay_list(rows: Iterable[Staff], day: date, method: Method) -> PayList:
    """An anonymous list from a staff list: one entry for each person, whatever posts they hold (T-38 to T-41)."""
    people: dict[str, list[Staff]] = {}
    left_out: Counter[str] = Counter()
    for row in rows:
        if row.person_id is None:
            continue
        people.setdefault(row.person_id, []).append(row)
    entries = []
    unpaid_agency = 0
    for held in people.values():
        reason = _left_out_as(held, day, method)
        if reason is not None:
            left_out[reason] += 1
            continue
        present = [row for row in held if _employed(row, day)]
        if not any(row.is_employee for row in present) and not any(row.basic_paid_pence for row in present):
            unpaid_agency += 1
            continue
        entries.append(_entry(present))
    if unpaid_agency:
        raise AgencyPayMissing(
            f"The methodology counts agency staff, and {unpaid_agency} of them have no basic_pay_paid; add what they "
            "were paid to the staff list, or let the methodology leave agency staff out."
        )
    return PayList(tuple(sorted(entries, key=lambda entry: entry.sort_key)), dict(sorted(left_out.items())))


def _left_out_as(held: Sequence[Staff], day: date, method: Method) -> str | None:
    """Why a person does not count; None where they do (T-41)."""
    if all(row.is_link for row in held):
        return "PAID_ELSEWHERE"
    if all(row.end_date is not None and row.end_date < day for row in held):
        return "LEFT_BEFORE_DATE"
    present = [row for row in held if _employed(row, day)]
    if not present:
        return "STARTS_AFTER_DATE"
    if not any(row.is_employee for row in present) and not method.agency_in_population:
        return "AGENCY"
    if method.population == "programme_staff" and not any(row.programme_staff for row in present):
        return "NOT_ENGAGED"
    return None


def _employed(row: Staff, day: date) -> bool:
    """Employed on the day, be it on leave, paid or unpaid."""
    started = row.start_date is None or row.start_date <= day
    return started and (row.end_date is None or row.end_date >= day) and not row.is_link


def _entry(held: Sequence[Staff]) -> PayEntry:
    """What a person was paid in all their posts; full-time figures weigh each post by its FTE (T-40)."""
    fte = sum((Fraction(row.fte) for row in held if row.fte), Fraction(0))
    basic = sum((Fraction(_rate(row)) * Fraction(row.fte or 1) for row in held), Fraction(0))
    regular = sum((_full_year(row) for row in held), Fraction(0))
    return PayEntry(
        basic_paid_pence=sum(row.basic_paid_pence or 0 for row in held),
        basic_full_pence=half_up(basic / (fte or len(held))),
        allowances_paid_pence=sum(row.allowances_pence for row in held),
        allowances_full_pence=half_up(regular / (fte or len(held))),
        bonus_pence=sum(row.bonus_pence for row in held),
        benefits_pence=sum(row.benefits_pence for row in held),
    )


def _rate(row: Staff) -> int:
    """Full-time yearly basic pay; of a contractor, from what was paid."""
    if row.rate_pence is not None:
        return row.rate_pence
    if row.basic_paid_pence and row.months_paid:
        return annualised(row.basic_paid_pence, row.fte or Decimal(1), row.months_paid)
    return row.basic_paid_pence or 0


def _full_year(row: Staff) -> Fraction:
    """Regular allowances of a full year at the post's FTE."""
    months = Fraction(row.months_paid) if row.months_paid else Fraction(12)
    return Fraction(row.allowances_pence * 12) / months


def multiple(entries: Sequence[PayEntry], basis: Basis) -> Multiple:
    """Highest and median of everyone, the top earner included, and their ratio (T-39, T-41)."""
    values = sorted(entry.earnings(basis) for entry in entries)
    n = len(values)
    if n < FEWEST:
        raise NobodyCounts(f"{n} employees are left in the population; a pay multiple needs at least {FEWEST}.")
    ranks = ((n + 1) // 2,) if n % 2 else (n // 2, n // 2 + 1)
    # No banding first: the middle values themselves, their mean rounded to the penny.
    median = half_up(Fraction(sum(values[rank - 1] for rank in ranks), len(ranks)))
    if median == 0 or values[0] == 0:
        raise NobodyCounts(
            "An employee of the population has earnings of 0; correct the pay list, or state when the employment ended."
        )
    return Multiple(
        n=n,
        highest_pence=values[-1],
        median_pence=median,
        ratio=ratio(values[-1], median),
        median_ranks=ranks,
        mean_pence=half_up(Fraction(sum(values), n)),
        lowest_pence=values[0],
    )


def ratio(highest_pence: int, other_pence: int) -> int:
    """In hundredths, rounded half up once, at the end (T-41)."""
    return half_up(Fraction(highest_pence * 100, other_pence))


def two_places(hundredths: int) -> str:
    """`452` → `4.52`."""
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def refuse_approval(state: str, *, same: bool) -> None:
    """A run is approved once, and only where its restricted list still makes its figures."""
    if state == "approved":
        raise PayRunApproved("The pay run has been approved already; make another run where the pay list has changed.")
    if not same:
        raise PayRunDiffers(
            "The restricted pay list of this run no longer makes its figures; make another run and approve that."
        )


def refuse_other_method(run: Method, asked: Method, year: str) -> None:
    """What is published follows the methodology in force, which may have changed since the run was made."""
    differing = [
        name
        for name, mine, theirs in (
            ("population", run.population, asked.population),
            ("basis", run.basis, asked.basis),
            ("agency_in_population", run.agency_in_population, asked.agency_in_population),
        )
        if mine != theirs
    ]
    if differing:
        raise PayRunOtherMethod(
            f"The approved pay run of {year} differs from the methodology in {', '.join(differing)}; make another run "
            "and have it approved.",
            extra={"differs_in": differing},
        )
