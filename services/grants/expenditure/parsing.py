"""From a record's cells to a ledger line ready for COPY, or to every reason why it cannot be one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from services.grants.expenditure.assigning import Assigner
from services.grants.expenditure.cells import Unreadable, clean_text, quotable
from services.grants.expenditure.columns import Columns
from services.grants.expenditure.dates import DateReader
from services.grants.expenditure.days import FileDays
from services.grants.expenditure.derived import Deriver
from services.grants.expenditure.identity import Identifier, item_of
from services.grants.expenditure.line import INCOMING, NULL, PLACE, TEXT_FIELDS, Reasons
from services.grants.expenditure.names import WITHHELD, NameFinder
from services.grants.expenditure.parties import PartyReader
from services.grants.expenditure.persons import PersonNames
from services.grants.expenditure.texts import TextReader, check_currency
from services.grants.expenditure.valuation import Valuation
from shared.texts import seen

KIND, CREDIT_OF = PLACE["kind"], PLACE["credit_of"]
MONTH_ONLY = "month_only"
"""The source named no more than a month; its last day stands for it."""
PERIOD_GIVEN = "period_given"
"""The file holds no day; the last of the period it was sent for stands for it."""


QUOTED = frozenset(
    {"amount_unreadable", "amount_too_large", "date_unreadable", "date_impossible", "future_actual", "rate_unreadable",
     "gss_unreadable", "use_codes_unreadable", "currency_not_pounds", "kind_unknown", "card_unknown", "vcse_unknown",
     "party_kind_unknown", "ledger_class_unknown", "amount_unknown", "vat_unknown", "vat_rate_unknown"}
)  # fmt: skip
"""Reasons that are about an amount, a day or a code, so that they show the text that was wrong."""


class ParsedLine(NamedTuple):
    """One data record: its row for COPY, its amount where it can be read, and whether it is rejected."""

    row: str
    amount_pence: int | None
    rejected: bool


class LineParser:
    """Reads the records of one file through one profile. Holds caches: one thread uses it."""

    def __init__(
        self,
        layout: dict[str, Any],
        columns: Columns,
        *,
        source: str,
        today: str,
        uses: dict[str, Any] | None = None,
        once: dict[str, str] | None = None,
        persons: Iterable[str] = (),
        days: FileDays | None = None,
        learnt: set[str] | None = None,
    ) -> None:
        """`uses`: what lines are judged by (see Assigner); `once`: what is said once a file, by field; `persons`: names
        of the organisation's private payees; `days` and `learnt`: what is known of the file's days and of the private
        payees in it, also from its lines under another header."""
        fields = layout["fields"]
        self._columns = columns
        self._source = source
        self._width = columns.width
        self._trailing = columns.unnamed_from if columns.unnamed_from < columns.width else 0
        self._reject_surplus = layout["surplus_cells"] == "reject"
        self._reject_missing = layout["missing_cells"] == "reject"
        self._today = today
        self._base = [NULL] * len(INCOMING)
        self._base[PLACE["kind"]] = "invoice"
        self._base[PLACE["card"]] = "none"
        self._steps: list[tuple[int, int, Callable[[str], str]]] = []
        self._noted: list[str] = []
        self._deriver = Deriver(columns, once or {}) if columns.derived else None
        self._persons = PersonNames(persons)
        self._plan_texts(fields)
        self.days = days if days is not None else days_of_file(layout, None, today)
        self._fresh = self.days.fresh
        self._plan_dates(fields, layout["dates"], layout["amounts"]["decimal"])
        self._currency = columns.of_field.get("currency")
        self.valuation = Valuation(layout, columns)
        self.amount_column = self.valuation.amount_column
        self._base[PLACE["amount_basis"]] = self.valuation.basis
        name = fields.get("party_name")
        self._party = PartyReader(
            layout["parties"], columns.of_field.get("party_name"), columns.of_field.get("party_key"), source
        )
        if name and name.get("constant"):
            self._party.constant = name["constant"]
        self._identifier = Identifier(layout, columns, source, self._read_day, self.valuation.read)
        self._names = NameFinder(layout, columns, self._persons, learnt)
        self._assigner = Assigner(layout["assignment"], columns, uses)
        self._plan_credits(layout)

    # ------------------------------------------------------------------ plan

    def _plan_texts(self, fields: dict[str, Any]) -> None:
        derived = {made.field for made in self._columns.derived}
        for field in TEXT_FIELDS:
            source = fields.get(field)
            if not source:
                continue
            note = self._persons.note if self._persons and field in WITHHELD else None
            # A derived cell has been translated already.
            reader = TextReader(
                field, source, self._base[PLACE[field]], self._noted, translate=field not in derived, note=note
            )
            if source.get("constant") is not None:
                self._base[PLACE[field]] = reader.read(source["constant"])
                self._noted.clear()
                continue
            place = self._columns.of_field[field]
            if place is not None:
                self._steps.append((PLACE[field], place, reader.read))

    def _plan_dates(self, fields: dict[str, Any], styles: list[str], decimal: str) -> None:
        # What tells lines apart is read beside the rest, so that it says nothing about the file's days.
        self._read_day = DateReader(styles, decimal=decimal).read
        basis = next(name for name in ("payment_date", "input_date", "invoice_date") if fields.get(name))
        self._base[PLACE["date_basis"]] = basis.removesuffix("_date")
        payment = self._columns.of_field[basis]
        assert payment is not None, "a date that every line needs is not optional"
        self._payment_column = payment
        for field in ("service_date", "invoice_date"):
            place = self._columns.of_field.get(field)
            if place is not None and field != basis:
                past = field == "service_date"
                dates = self.days.reader(self._columns.name_of(place), styles, decimal=decimal, past=past)
                self._steps.append((PLACE[field], place, _optional(dates.read)))
        self._by_parameter = bool(fields[basis].get("parameter"))
        # What a parameter says is a day already, whatever the file's own format.
        given = ["yyyy-mm-dd"] if self._by_parameter else styles
        paid = self.days.reader(self._columns.name_of(payment), given, decimal=decimal, payment=True)
        self._month_only = paid.month_only
        self._steps.append((PLACE["payment_date"], self._payment_column, paid.read))
        self._past_dates: list[tuple[int, int | None]] = [(PLACE["payment_date"], self._payment_column)]
        if (service := self._columns.of_field.get("service_date")) is not None:
            self._past_dates.append((PLACE["service_date"], service))

    def _plan_credits(self, layout: dict[str, Any]) -> None:
        self._credit_place = self._columns.of_field.get("credit_of")
        places = [self._columns.place(name) for name in layout["item_columns"]]
        # What a credit note names stands in place of the last column that names an invoice.
        self._item_places = [place for place in places if place is not None][:-1]

    # ------------------------------------------------------------------ read

    def parse(self, record: int, line: int | None, cells: list[str], notes: Sequence[str] | None = None) -> ParsedLine:
        """A data record as a line. Never raises: what is wrong comes back as reasons, all of them.

        `notes`: flags of how the record was read.
        """
        row = self._base.copy()
        row[0] = str(record)
        row[1] = NULL if line is None else str(line)
        reasons: Reasons = []
        flags: list[str] = list(notes) if notes else []
        given = len(cells)
        if given != self._width or self._trailing:
            cells = self._fit(cells, reasons, flags)
        if self._deriver is not None:
            cells = self._deriver.extend(cells, reasons)
        amount: int | None = None
        try:
            amount = self.valuation.fill(row, cells, flags, reasons)
        except Unreadable as fault:
            reasons.append((fault.code, fault.detail, self.amount_column))
        for target, place, read in self._steps:
            try:
                row[target] = read(cells[place])
            except Unreadable as fault:
                reasons.append((fault.code, fault.detail, place))
        if self._fresh:
            self.days.stamp(record, line)
        try:
            self._party.fill(row, cells, flags)
            if self._currency is not None:
                check_currency(cells[self._currency])
        except Unreadable as fault:
            place_of = self._currency if fault.code.startswith("currency") else self._party.name_place
            reasons.append((fault.code, fault.detail, place_of))
        if self._noted or self._month_only or self._by_parameter:
            self._note(cells, flags)
        self._check_dates(row, reasons)
        if self._assigner.active:
            self._assigner.assign(row, cells, reasons)
        if not reasons:
            try:
                if self._credit_place is not None:
                    row[CREDIT_OF] = self._credited(cells)
                self._identifier.fill(row, cells, flags, reasons)
            except Unreadable as fault:
                reasons.append((fault.code, fault.detail, None))
        if reasons:
            if given < self._width and self._reject_missing:
                # What is missing with its cell is said once, by the count of cells.
                reasons = [reason for reason in reasons if reason[2] is None or reason[2] < given]
            return self._rejected(row, amount, reasons, cells)
        if amount is not None and amount < 0 and row[KIND] in ("invoice", "card", "credit_note"):
            row[KIND] = "credit_note"
            if row[CREDIT_OF] == NULL:
                # A finance export seldom says what a negative line corrects (G-28).
                flags.append("origin_missing")
        self._names.fill(row, flags)
        if self._assigner.active:
            self._assigner.judge(row)
        if flags:
            row[-1] = "{" + ",".join(sorted(set(flags))) + "}"
        else:
            row[-1] = "{}"
        return ParsedLine("\t".join(row), amount, False)

    def broken(self, record: int, line: int | None, detail: str, code: str = "record_malformed") -> ParsedLine:
        """A record that could not be divided into cells, or whose cells are not known by name."""
        row = [NULL] * len(INCOMING)
        row[0], row[1] = str(record), NULL if line is None else str(line)
        return self._rejected(row, None, [(code, detail, None)])

    def _rejected(self, row: list[str], amount: int | None, reasons: Reasons, cells: Sequence[str] = ()) -> ParsedLine:
        kept = [NULL] * len(INCOMING)
        kept[0], kept[1] = row[0], row[1]
        kept[2] = NULL if amount is None else str(amount)
        shown: list[dict[str, Any]] = []
        told: set[int] = set()
        for code, detail, place in reasons:
            # The first fault of a cell is the one that says what to do; what follows from it is left out.
            if place is None or place not in told:
                column = None if place is None else self._columns.name_of(place)[:200].replace("\x00", "")
                shown.append({"code": code, "detail": _quoting(code, detail, cells, place), "column": column})
            if place is not None:
                told.add(place)
        kept[3] = json.dumps(shown).replace("\\", "\\\\")
        return ParsedLine("\t".join(kept), amount, True)

    def _fit(self, cells: list[str], reasons: Reasons, flags: list[str]) -> list[str]:
        """The record at the header's width; what is short, or stands beyond the last named column, is judged."""
        given = len(cells)
        named = self._trailing or self._width
        if given < named:
            if self._reject_missing:
                detail = (
                    f"The record has {given} cells, the header {named}; fill in what is missing, empty cells included,"
                    " or set missing_cells to ignore in the profile."
                )
                reasons.append(("missing_cells", detail, None))
            else:
                # A spreadsheet cuts empty cells off at the end of a row.
                flags.append("missing_cells")
        if given < self._width:
            return cells + [""] * (self._width - given)
        if any(cell.strip() for cell in cells[named:]):
            if self._reject_surplus:
                detail = f"The record has filled cells beyond the {named} columns named; quote a comma inside a cell."
                reasons.append(("surplus_cells", detail, None))
            else:
                flags.append("surplus_cells_ignored")
        elif given > self._width:
            flags.append("surplus_empty_cells")
        return cells[: self._width] if given > self._width else cells

    def _note(self, cells: list[str], flags: list[str]) -> None:
        """Flags that a line's readers left behind."""
        if self._noted:
            flags += self._noted
            self._noted.clear()
        if cells[self._payment_column] in self._month_only:
            flags.append(MONTH_ONLY)
        if self._by_parameter:
            flags.append(PERIOD_GIVEN)

    def _check_dates(self, row: list[str], reasons: Reasons) -> None:
        for field, place in self._past_dates:
            if row[field] > self._today and row[field] != NULL:
                detail = f"The day {row[field]} lies in the future; spend is recorded once it has happened."
                reasons.append(("future_actual", detail, place))

    def _credited(self, cells: list[str]) -> str:
        assert self._credit_place is not None, "asked for without its column"
        text = clean_text(cells[self._credit_place])[0]
        if not text:
            return NULL
        return item_of(self._source, *(cells[place] for place in self._item_places), text)


def days_of_file(layout: dict[str, Any], covers: Sequence[str] | None, today: str) -> FileDays:
    """What is to be learnt of a file's days; `covers`: the days of payment that it was said to cover."""
    return FileDays(covers, today=today, earlier=_earlier_by_nature(layout["fields"]))


def _earlier_by_nature(fields: dict[str, Any]) -> bool:
    """Whether the day that stands for the payment comes before it: on a card's statement, or on an invoice."""
    cards = (fields.get(name) or {} for name in ("kind", "card"))
    return not fields.get("payment_date") or any(source.get("constant") in ("card", "gpc", "ccc") for source in cards)


def _optional(read: Callable[[str], str]) -> Callable[[str], str]:
    """A date that a line may leave blank; a cell of signs that nobody sees is blank."""

    def optional(cell: str) -> str:
        return read(cell) if cell.strip() and (cell.isascii() or seen(cell)) else NULL

    return optional


def _quoting(code: str, detail: str, cells: Sequence[str], place: int | None) -> str:
    """The sentence with the text that was wrong: of amounts, days and codes, never of names."""
    if code not in QUOTED or place is None or place >= len(cells):
        return detail
    text = quotable(cells[place])
    return detail if text is None or text in detail else f'{detail} The cell holds "{text}".'
