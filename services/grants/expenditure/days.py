"""The days of a whole file: whether they fit another order of day and month, and the days it says it covers.

One cell cannot tell 4 January from 1 April; a file can. What is counted here while a file is read decides at its end,
before any line of it is in the ledger, whether the file means what its profile says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from services.grants.expenditure.dates import EXCEL_SERIAL, DateReader, Reading, quoted
from services.grants.expenditure.reading import FileFault

IN_ANOTHER_ORDER, NOT_IN_FILE = "days_in_another_order", "days_not_in_file"
OUTSIDE = "lines_outside_days_covered"
EXAMPLES = 5
SYSTEM_1904_DAYS = 1462
"""Days between the two systems in which spreadsheets count."""
STATEMENT_DAYS = 62
"""A day that is earlier than the payment by nature (a card is used before its statement comes, an invoice is older than
its payment) may lie before the days covered; the latest of a whole file not by more than two months."""


@dataclass
class Place:
    """A cell that stands for others like it: where it was met first, and what it says."""

    cell: str
    reading: Reading
    record: int = 0
    line: int | None = None

    @property
    def named(self) -> str:
        where = f"record {self.record}" if self.line is None else f"line {self.line}"
        return f"{where}: {quoted(self.cell)}"

    def both(self) -> str:
        """Both readings of it, with the formats that make them."""
        one, other = self.reading.day, self.reading.other
        return f"{self.named} is {one} as {self.reading.style} and {other} as {self.reading.other_style}"


class ColumnDays:
    """Counts for one column of days in which order of day and month its cells can be read."""

    def __init__(self, name: str, fresh: list[Place], today: date | None) -> None:
        """`today`: the last day that a cell of this column can mean, where days to come are refused."""
        self.name = name
        self._fresh = fresh
        self._today = today or date.max
        self.only_profile = 0
        self.only_other = 0
        self.either = 0
        self.first_only_other: Place | None = None
        self.first_either: Place | None = None

    def first(self, cell: str, reading: Reading) -> None:
        fits = self._fits(reading)
        if fits == "other" and self.first_only_other is None:
            self.first_only_other = self._place(cell, reading)
        elif fits == "either" and self.first_either is None:
            self.first_either = self._place(cell, reading)

    def add(self, reading: Reading, cells: int) -> None:
        fits = self._fits(reading)
        if fits == "other":
            self.only_other += cells
        elif fits == "profile":
            self.only_profile += cells
        elif fits == "either":
            self.either += cells

    def _fits(self, reading: Reading) -> str:
        """The order that makes a day of the cell, and one that has come; empty where that tells nothing.

        A year half over says as much as a thirteenth: 04/12 is no December in June.
        """
        if reading.other_style is None or reading.other == reading.day:
            return ""
        if reading.day is None or reading.other is None:
            return "other" if reading.day is None else "profile"
        mine, other = reading.day <= self._today, reading.other <= self._today
        if mine == other:
            return "either" if mine else ""
        return "profile" if mine else "other"

    def _place(self, cell: str, reading: Reading) -> Place:
        place = Place(cell, reading)
        self._fresh.append(place)
        return place


class PaymentDays(ColumnDays):
    """The column that says on which day a line was paid: compared with the days that the file states besides."""

    def __init__(self, name: str, fresh: list[Place], today: date | None, covers: tuple[date, date] | None) -> None:
        super().__init__(name, fresh, today)
        self._covers = covers
        self.lines = 0
        self.only_exchanged = 0
        """Cells that are a day only in the other order: they are in no line's account of days as read."""
        self.firstly: date | None = None
        self.lastly: date | None = None
        self.inside = 0
        self.first_outside: date | None = None
        self.last_outside: date | None = None
        self.outside_examples: list[Place] = []
        self.under = dict.fromkeys(OTHER_READINGS, 0)
        """Lines inside the stated days under each other reading."""
        self.first_under: dict[str, Place] = {}

    def first(self, cell: str, reading: Reading) -> None:
        super().first(cell, reading)
        if self._covers is None:
            return
        if reading.day is not None and not self._holds(reading) and len(self.outside_examples) < EXAMPLES:
            self.outside_examples.append(self._place(cell, reading))

    def add(self, reading: Reading, cells: int) -> None:
        super().add(reading, cells)
        if reading.day is not None:
            self.lines += cells
            self.firstly = min(self.firstly or reading.day, reading.day)
            self.lastly = max(self.lastly or reading.day, reading.day)
        else:
            self.only_exchanged += cells
        if self._covers is None:
            return
        if reading.day is not None:
            if self._holds(reading):
                self.inside += cells
            else:
                self.first_outside = min(self.first_outside or reading.day, reading.day)
                self.last_outside = max(self.last_outside or reading.day, reading.day)
        for name, read in OTHER_READINGS.items():
            day = read(reading)
            if day is not None and self._holds(reading._replace(day=day)):
                self.under[name] += cells

    def _holds(self, reading: Reading) -> bool:
        """Whether the day lies in the days stated; of a month without a day, whether any day of it does."""
        assert self._covers is not None, "asked only where days are stated"
        assert reading.day is not None, "asked only where there is a day"
        first = reading.day.replace(day=1) if reading.month_only else reading.day
        return first <= self._covers[1] and reading.day >= self._covers[0]


def _exchanged(reading: Reading) -> date | None:
    return reading.day if reading.other_style is None else reading.other


def _of_1904(reading: Reading) -> date | None:
    if reading.style == EXCEL_SERIAL and reading.day is not None:
        return reading.day + timedelta(days=SYSTEM_1904_DAYS)
    return reading.day


def _a_year(years: int) -> Callable[[Reading], date | None]:
    def moved(reading: Reading) -> date | None:
        day = reading.day
        if day is None:
            return None
        return day.replace(year=day.year + years, day=28 if (day.month, day.day) == (2, 29) else day.day)

    return moved


OTHER_READINGS: dict[str, Callable[[Reading], date | None]] = {
    "other_order": _exchanged,
    "system_1904": _of_1904,
    "year_later": _a_year(1),
    "year_earlier": _a_year(-1),
}


class FileDays:
    """Watches all columns of days of one file, and says at its end what is wrong with them."""

    def __init__(self, covers: Sequence[str] | None = None, *, today: str | None = None, earlier: bool = False) -> None:
        """`covers`: the first and the last day that the file was said to cover, where that was said with it.

        `earlier`: whether what stands for the day of payment is earlier by nature, as on a card's statement.
        """
        self._earlier = earlier
        self._today = date.fromisoformat(today) if today else None
        self._covers = (date.fromisoformat(covers[0]), date.fromisoformat(covers[1])) if covers else None
        self.fresh: list[Place] = []
        """Cells that were met in the line at hand and wait for its number."""
        self._columns: list[ColumnDays] = []
        self._readers: list[DateReader] = []
        self.payment: PaymentDays | None = None

    def reader(
        self, name: str, styles: Sequence[str], *, decimal: str = ".", payment: bool = False, past: bool = False
    ) -> DateReader:
        """The reader of a column, watched. `past`: whether days to come are refused in it."""
        column: ColumnDays
        today = self._today if past or payment else None
        if payment:
            column = self.payment = PaymentDays(name, self.fresh, today, self._covers)
        else:
            column = ColumnDays(name, self.fresh, today)
        reader = DateReader(styles, decimal=decimal, watcher=column)
        self._columns.append(column)
        self._readers.append(reader)
        return reader

    def stamp(self, record: int, line: int | None) -> None:
        """The line at hand is the one of this number."""
        for place in self.fresh:
            place.record, place.line = record, line
        self.fresh.clear()

    def settle(self) -> None:
        for reader in self._readers:
            reader.settle()

    def findings(self) -> list[dict[str, Any]]:
        """What a person should look at. FileFault where the days of the file are not what the profile makes of them."""
        self.settle()
        _refuse_another_order(self._columns)
        mixed = [column for column in self._columns if column.only_other and column.either]
        found: list[dict[str, Any]] = [
            {
                "code": "days_in_two_orders",
                "column": column.name[:200],
                "only_in_profiles_order": column.only_profile,
                "only_in_other_order": column.only_other,
                "in_either_order": column.either,
            }
            for column in mixed
        ]
        payment = self.payment
        if payment is None or self._covers is None or not payment.lines:
            return found
        _refuse_other_days(payment, self._covers, earlier=self._earlier)
        if payment.inside < payment.lines:
            found.append(_outside(payment))
        return found

    def shown(self) -> dict[str, Any]:
        """The days of payment as they were read so far."""
        self.settle()
        payment = self.payment
        if payment is None:
            return {"lines": 0, "first": None, "last": None, "in_either_order": 0, "only_in_other_order": 0}
        return {
            "lines": payment.lines,
            "first": payment.firstly,
            "last": payment.lastly,
            "in_either_order": payment.either,
            "only_in_other_order": payment.only_other,
        }


def _refuse_another_order(columns: Iterable[ColumnDays]) -> None:
    """A file whose days fit the other order of day and month better, and some of whose days fit both (§6).

    Those would land in other months without a word; the rest is rejected in any case. Each column is looked at alone,
    for systems write one column in one way; and all together, where one column has the proof and another the doubt.
    """
    columns = list(columns)
    for these in (*([column] for column in columns), columns):
        profile, other = sum(column.only_profile for column in these), sum(column.only_other for column in these)
        either = sum(column.either for column in these)
        if other <= profile or not either:
            continue
        proof = next(column.first_only_other for column in these if column.first_only_other is not None)
        doubt = next(column.first_either for column in these if column.first_either is not None)
        names = " and ".join(f'"{column.name[:64]}"' for column in these)
        mine, theirs, day = proof.reading.style, proof.reading.other_style, proof.reading.day
        to_come = f", and {day} as {mine}, a day to come" if day is not None else ""
        raise FileFault(
            IN_ANOTHER_ORDER,
            f"The days in {names} fit {theirs} better than {mine}, the order of the profile: {_many(other)} can only be"
            f" read as {theirs} ({proof.named} is {proof.reading.other}{to_come}), {profile or 'none'} only as"
            f" {mine}, and {either} either way ({doubt.both()}). Nothing was taken in; correct the dates of the"
            " profile, or the days in the file, and send it again.",
            line=proof.line,
        )


def _refuse_other_days(payment: PaymentDays, covers: tuple[date, date], *, earlier: bool) -> None:
    """A file of which no line lies in the days it was sent for, or nearly all would if their days were read otherwise.

    Lines outside alone refuse no file: real ones hold late and early payments. What refuses is that more than one in
    twenty lie outside as they are read, and another reading puts at least nine in ten inside, and more than this one.
    A year's shift must explain more, for a file may well begin before the years it covers: over a third lies outside.
    """
    lines, inside = payment.lines, payment.inside
    best: str | None = None
    for name, others in payment.under.items():
        outside = lines - inside
        total = lines + (payment.only_exchanged if name == "other_order" else 0)
        strays = outside * (3 if name.startswith("year") else 20)
        fits = others > inside and others * 10 >= total * 9 and (strays > lines or not inside)
        if fits and (best is None or others > payment.under[best]):
            best = name
    first, last = covers
    assert payment.lastly is not None, "asked only where a day was read"
    late = earlier and first - timedelta(days=STATEMENT_DAYS) <= payment.lastly < first
    if best is None and (inside or late):
        return
    stated = f"{first}" if first == last else f"{first} to {last}"
    one = payment.firstly == payment.lastly
    read = f"as read it is {payment.firstly}" if one else f"as read they run from {payment.firstly} to {payment.lastly}"
    detail = (
        f"The file was said to cover {stated}, and {inside or 'none'} of its {lines} days of payment"
        f" {'lies' if inside == 1 else 'lie'} there: {read}"
    )
    example = payment.outside_examples[0]
    if best is None:
        detail += f" ({example.named} is {example.reading.day})"
        remedy = "correct covers_from and covers_to, or the dates of the profile, and send it again."
    else:
        detail += f". {_OTHERWISE[best](payment, example)}"
        remedy = "correct the dates of the profile or of the file, or covers_from and covers_to, and send it again."
    raise FileFault(NOT_IN_FILE, f"{detail}. Nothing was taken in; {remedy}", line=example.line)


def _in_order(payment: PaymentDays, example: Place) -> str:
    other = example if example.reading.other_style is not None else payment.first_either or payment.first_only_other
    k, of = payment.under["other_order"], payment.lines + payment.only_exchanged
    assert other is not None, "without a cell of two orders there is no other order"
    return f"Read as {other.reading.other_style}, {k} of {of} would ({other.both()})"


def _in_1904(payment: PaymentDays, example: Place) -> str:
    k = payment.under["system_1904"]
    return (
        f"Read as day numbers of the 1904 system of spreadsheets, {k} of {payment.lines} would ({example.named} is"
        f" {example.reading.day} as read and {_of_1904(example.reading)} in that system): save the file with the 1900"
        " system, or with its days written as dates"
    )


def _in_year(name: str) -> Callable[[PaymentDays, Place], str]:
    def words(payment: PaymentDays, example: Place) -> str:
        later = "later" if name == "year_later" else "earlier"
        moved = OTHER_READINGS[name](example.reading)
        return (
            f"A year {later}, {payment.under[name]} of {payment.lines} would ({example.named} is {example.reading.day}"
            f" as read, and {moved} a year {later})"
        )

    return words


_OTHERWISE: dict[str, Callable[[PaymentDays, Place], str]] = {
    "other_order": _in_order,
    "system_1904": _in_1904,
    "year_later": _in_year("year_later"),
    "year_earlier": _in_year("year_earlier"),
}


def _outside(payment: PaymentDays) -> dict[str, Any]:
    return {
        "code": OUTSIDE,
        "inside": payment.inside,
        "outside": payment.lines - payment.inside,
        "first_outside": str(payment.first_outside),
        "last_outside": str(payment.last_outside),
        "examples": [
            {"record": place.record, "line": place.line, "day": str(place.reading.day)}
            for place in payment.outside_examples
        ],
    }


def _many(cells: int) -> str:
    return "one" if cells == 1 else str(cells)
