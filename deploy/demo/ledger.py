"""A synthetic ledger of the memorandum year: some 6,000 lines that add up to £20,986,000.00 of eligible cost.

Nothing in it was ever bought. Every supplier is called synthetic, and the same code gives the same lines every time.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from datetime import date, timedelta
from typing import Literal

SEED = 20_180_331
LINES = 5_990
OUTTURN_PENCE = 2_098_600_000

Vat = Literal["recoverable", "irrecoverable", "partial", "none"]

# Budget of Annex B in pounds and how far the year came out above or below it. The differences add up to the £14,000
# that were not spent; some lines are over their budget, which is flagged and not refused (G-30).
LEAVES = {
    "OG1": (384_000, -2_000),
    "OG2": (382_000, -1_500),
    "OG3": (466_000, +1_250),
    "SI": (2_030_000, -3_750),
    "IL1": (6_613_000, +6_400),
    "IL2": (836_000, -4_800),
    "IL3": (1_862_000, -2_600),
    "IL4": (272_000, -900),
    "IL5": (2_572_000, -3_100),
    "IL6": (1_226_000, +1_700),
    "WF1": (1_380_000, -1_300),
    "WF2": (554_000, -2_200),
    "CM1": (545_000, +700),
    "CM2": (698_000, -1_900),
}
PASS_THROUGH = {"LP": (1_000_000, "Local Partnerships"), "CF": (180_000, "CfPS")}
QUARTER_SHARES = (220, 240, 250, 290)
"""Thousandths of the year; councils' improvement work gathers pace towards March."""

QUARTER_STARTS = (date(2017, 4, 1), date(2017, 7, 1), date(2017, 10, 1), date(2018, 1, 1), date(2018, 4, 1))
QUARTERS = ("2017-18-q1", "2017-18-q2", "2017-18-q3", "2017-18-q4")

CATEGORIES = {
    "OG": ("Member services", ("Member travel", "Room hire", "Printing")),
    "SI": ("Service improvement", ("Consultancy", "Research", "Training delivery")),
    "IL": ("Improvement and leadership", ("Peer team", "Facilitation", "Consultancy", "Training delivery")),
    "WF": ("Workforce", ("Consultancy", "Legal advice", "Research")),
    "CM": ("Communications", ("Venue hire", "Web hosting", "Design", "Printing")),
}


@dataclass(frozen=True)
class LedgerRow:
    """A line of the file. Amounts are pence here and pounds in the file."""

    transaction_number: str
    line: int
    kind: str
    supplier: str
    supplier_type: str
    company_number: str
    workstream: str
    unit: str
    category: str
    description: str
    ledger_class: str
    card: str
    service_date: date
    invoice_date: date
    payment_date: date
    net: int
    vat: int
    recoverable_vat: int

    @property
    def eligible_pence(self) -> int:
        """Net and the VAT that cannot be got back (G-27)."""
        return self.net + self.vat - self.recoverable_vat


HEADER = tuple(field.name for field in fields(LedgerRow))


def quarter_file(quarter: str) -> bytes:
    """The file a finance system would push after the quarter: CSV, UTF-8, plain pounds."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(HEADER)
    place = QUARTERS.index(quarter)
    for row in ledger():
        if QUARTER_STARTS[place] <= row.service_date < QUARTER_STARTS[place + 1]:
            *before, net, vat, recoverable = astuple(row)
            writer.writerow([*before, _pounds(net), _pounds(vat), _pounds(recoverable)])
    return text.getvalue().encode()


def ledger() -> list[LedgerRow]:
    """Every line of the year, in order of service date within workstream and quarter."""
    chance = random.Random(SEED)
    rows: list[LedgerRow] = []
    numbers = _Numbers()
    year = sum(budget + difference for budget, difference in LEAVES.values()) * 100
    for code, (budget, difference) in LEAVES.items():
        pence = (budget + difference) * 100
        for place, (quarter_pence, quarter_lines) in enumerate(
            zip(_share(pence, QUARTER_SHARES), _share(LINES * pence // year, QUARTER_SHARES), strict=True)
        ):
            rows += _quarter(chance, numbers, code, place, quarter_pence, max(quarter_lines, 12))
    for code, (budget, body) in PASS_THROUGH.items():
        for place, pence in enumerate(_share(budget * 100, (1, 1, 1, 1))):
            day = _weekday(QUARTER_STARTS[place] + timedelta(days=20))
            rows.append(
                LedgerRow(
                    f"GP17-{numbers.next():06}", 1, "invoice", body, "organisation", "", code, "Grants to bodies",
                    "Grant payment", f"Grant passed on, quarter {place + 1}", "", "none", day, day, day, pence, 0, 0,
                )
            )  # fmt: skip
    return rows


class _Numbers:
    """Document numbers that run on through the year."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> int:
        self._last += 1
        return self._last


@dataclass
class _Draft:
    """A document before its amounts are known: its lines' weights in the quarter's sum."""

    kind: str
    supplier: str
    supplier_type: str
    company_number: str
    category: str
    ledger_class: str
    vat: Vat
    service_date: date
    weights: list[int]


def _quarter(
    chance: random.Random, numbers: _Numbers, code: str, place: int, pence: int, lines: int
) -> Iterator[LedgerRow]:
    """Lines of one workstream in one quarter, adding up to `pence` of eligible cost."""
    start = QUARTER_STARTS[place]
    days = (QUARTER_STARTS[place + 1] - start).days
    unit, categories = CATEGORIES[code[:2]]
    drafts = list(_payroll(start))
    while sum(len(draft.weights) for draft in drafts) < lines:
        room = lines - sum(len(draft.weights) for draft in drafts)
        drafts.append(_document(chance, categories, start + timedelta(days=chance.randrange(days)), room))
    weights = [weight for draft in drafts for weight in draft.weights]
    amounts = iter(_share(pence, weights))
    for draft in drafts:
        number = f"{PREFIXES[draft.kind]}17-{numbers.next():06}"
        invoiced = draft.service_date + timedelta(days=chance.randrange(0, 21))
        paid = _weekday(invoiced + timedelta(days=chance.randrange(8, 36)))
        if draft.ledger_class or draft.kind in ("card", "staff_expense"):
            invoiced, paid = draft.service_date, _weekday(draft.service_date)
        for position, _ in enumerate(draft.weights, start=1):
            net, vat, recoverable = _split(next(amounts), draft.vat)
            yield LedgerRow(
                number, position, draft.kind, draft.supplier, draft.supplier_type, draft.company_number, code, unit,
                draft.category, f"{draft.category}, {unit.lower()}", draft.ledger_class,
                "gpc" if draft.kind == "card" else "none", draft.service_date, invoiced, paid, net, vat, recoverable,
            )  # fmt: skip


PREFIXES = {"invoice": "IN", "credit_note": "CN", "journal": "JN", "card": "CD", "staff_expense": "EX"}


def _payroll(start: date) -> Iterator[_Draft]:
    """Pay of the month, posted on the 25th by journal; it counts as spend and is not published line by line."""
    for months in range(3):
        day = date(start.year, start.month + months, 25)
        yield _Draft("journal", "Payroll", "staff", "", "Salaries", "salary", "none", day, [9_000, 2_500])


def _document(chance: random.Random, categories: tuple[str, ...], day: date, room: int) -> _Draft:
    kind = chance.choices(("invoice", "credit_note", "card", "staff_expense"), (83, 3, 9, 5))[0]
    category = chance.choice(categories)
    if kind == "card":
        return _supplier(chance, kind, category, day, [chance.randrange(3, 60)])
    if kind == "staff_expense":
        person = f"Synthetic Person {chance.randrange(1, 60):03}"
        return _Draft(kind, person, "staff", "", "Travel and subsistence", "", "none", day, [chance.randrange(8, 90)])
    size = min(int(chance.lognormvariate(6.3, 0.9)) + 10, 12_000)
    if kind == "credit_note":
        return _supplier(chance, kind, category, day, [-max(size // 4, 1)])
    parts = min(chance.choices((1, 2, 3, 4), (74, 14, 8, 4))[0], room)
    return _supplier(chance, kind, category, day, [max(size * share // 10, 1) for share in (10, 6, 3, 2)[:parts]])


def _supplier(chance: random.Random, kind: str, category: str, day: date, weights: list[int]) -> _Draft:
    who = chance.choices(("organisation", "sole_trader", "individual"), (88, 8, 4))[0]
    vat: Vat
    if who == "organisation":
        number = chance.randrange(1, 321)
        name, company = f"Synthetic Supplier {number:03} Ltd", f"{99_000_000 + number:08}"
        vat = chance.choices(VAT_CASES, (78, 6, 6, 10))[0]
    elif who == "sole_trader":
        name, company = f"Synthetic Trader {chance.randrange(1, 41):03} (sole trader)", ""
        vat = chance.choices(VAT_CASES, (40, 5, 0, 55))[0]
    else:
        name, company, vat = f"Synthetic Person {chance.randrange(60, 100):03}", "", "none"
    return _Draft(kind, name, who, company, category, "", vat, day, weights)


VAT_CASES: tuple[Vat, ...] = ("recoverable", "irrecoverable", "partial", "none")


def _split(eligible: int, case: Vat) -> tuple[int, int, int]:
    """Net, VAT and recoverable VAT whose net and irrecoverable part are exactly `eligible`."""
    sign, size = (-1 if eligible < 0 else 1), abs(eligible)
    match case:
        case "recoverable":
            net, vat = size, _rounded(size * 20, 100)
            recoverable = vat
        case "irrecoverable":
            net = _rounded(size * 100, 120)
            vat, recoverable = size - net, 0
        case "partial":
            # Forty per cent of the VAT is lost, so a net of 100 costs 108.
            net = _rounded(size * 100, 108)
            vat = _rounded(net * 20, 100)
            recoverable = max(vat - (size - net), 0)
            vat = recoverable + size - net
        case "none":
            net, vat, recoverable = size, 0, 0
    return sign * net, sign * vat, sign * recoverable


def _share(total: int, weights: tuple[int, ...] | list[int]) -> list[int]:
    """`total` in parts of these weights, without losing or gaining a penny."""
    whole = sum(weights)
    parts, given, passed = [], 0, 0
    for weight in weights:
        passed += weight
        until = total * passed // whole
        parts.append(until - given)
        given = until
    return parts


def _rounded(dividend: int, divisor: int) -> int:
    return (2 * dividend + divisor) // (2 * divisor)


def _weekday(day: date) -> date:
    return day + timedelta(days=(7 - day.weekday()) % 7 if day.weekday() >= 5 else 0)


def _pounds(pence: int) -> str:
    sign, size = ("-" if pence < 0 else ""), abs(pence)
    return f"{sign}{size // 100}.{size % 100:02}"
