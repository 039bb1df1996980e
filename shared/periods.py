"""Financial years, quarters and London days: one place that says which day an instant belongs to (G-2, G-3, D-39)."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


@dataclass(frozen=True, order=True)
class FinancialYear:
    """1 April to 31 March, known by the calendar year it starts in."""

    starts_in: int

    @classmethod
    def parse(cls, text: str) -> FinancialYear:
        """`2017/18` or `2017-18`. ValueError where the second year does not follow the first (G-2)."""
        match = re.fullmatch(r"([0-9]{4})[/-]([0-9]{2})", text)
        if not match or (int(match[1]) + 1) % 100 != int(match[2]):
            raise ValueError("a financial year is written 2017/18 or 2017-18, the second year following the first")
        if not 1900 <= int(match[1]) <= 2200:
            raise ValueError("a financial year starts between 1900 and 2200")
        return cls(int(match[1]))

    @classmethod
    def of(cls, day: date) -> FinancialYear:
        return cls(day.year if day.month >= 4 else day.year - 1)

    @property
    def label(self) -> str:
        """`2017/18`, for people and payloads."""
        return f"{self.starts_in}/{(self.starts_in + 1) % 100:02d}"

    @property
    def slug(self) -> str:
        """`2017-18`, for paths."""
        return self.label.replace("/", "-")

    @property
    def start(self) -> date:
        return date(self.starts_in, 4, 1)

    @property
    def end(self) -> date:
        return date(self.starts_in + 1, 3, 31)

    @property
    def quarters(self) -> tuple[Quarter, Quarter, Quarter, Quarter]:
        return Quarter(self, 1), Quarter(self, 2), Quarter(self, 3), Quarter(self, 4)

    def next(self) -> FinancialYear:
        return FinancialYear(self.starts_in + 1)


@dataclass(frozen=True, order=True)
class Quarter:
    """A quarter of a financial year; Q1 is April to June."""

    year: FinancialYear
    number: int

    @classmethod
    def parse(cls, text: str) -> Quarter:
        """`2017-18-q1`. ValueError otherwise."""
        match = re.fullmatch(r"([0-9]{4}-[0-9]{2})-q([1-4])", text)
        if not match:
            raise ValueError("a quarter is written 2017-18-q1")
        return cls(FinancialYear.parse(match[1]), int(match[2]))

    @classmethod
    def of(cls, day: date) -> Quarter:
        return cls(FinancialYear.of(day), (day.month - 4) % 12 // 3 + 1)

    @property
    def slug(self) -> str:
        return f"{self.year.slug}-q{self.number}"

    @property
    def label(self) -> str:
        return f"Q{self.number} {self.year.label}"

    @property
    def start(self) -> date:
        month = self.number * 3 + 1
        return date(self.year.starts_in, month, 1) if month <= 12 else date(self.year.starts_in + 1, 1, 1)

    @property
    def end(self) -> date:
        return add_months(self.start, 2).replace(day=calendar.monthrange(self.end_year, self.end_month)[1])

    @property
    def end_month(self) -> int:
        return (self.number * 3 + 2) % 12 + 1

    @property
    def end_year(self) -> int:
        return self.year.starts_in + (1 if self.number == 4 else 0)


@dataclass(frozen=True, order=True)
class HalfYear:
    """Half of a financial year; H1 is April to September (T-62)."""

    year: FinancialYear
    number: int

    @classmethod
    def parse(cls, text: str) -> HalfYear:
        """`2017-18-h1`. ValueError otherwise."""
        match = re.fullmatch(r"([0-9]{4}-[0-9]{2})-h([12])", text)
        if not match:
            raise ValueError("a half-year is written 2017-18-h1")
        return cls(FinancialYear.parse(match[1]), int(match[2]))

    @property
    def slug(self) -> str:
        return f"{self.year.slug}-h{self.number}"

    @property
    def label(self) -> str:
        return f"H{self.number} {self.year.label}"

    @property
    def start(self) -> date:
        return self.year.quarters[2 * self.number - 2].start

    @property
    def end(self) -> date:
        return self.year.quarters[2 * self.number - 1].end


def add_months(day: date, months: int) -> date:
    """The same day number `months` later, clamped to that month's end (D-39, T-43, B-8)."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def london_date(instant: datetime) -> date:
    """The civil date in London on which an instant falls (G-3)."""
    return instant.astimezone(LONDON).date()


def start_of_day(day: date) -> datetime:
    """The instant, in UTC, at which a London day begins."""
    return datetime.combine(day, time.min, LONDON).astimezone(UTC)


def end_of_day(day: date) -> datetime:
    """The instant, in UTC, at which a London day ends: midnight, when the next begins. Before it is in time (D-40)."""
    return start_of_day(day + timedelta(days=1))
