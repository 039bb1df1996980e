"""From a record's cells to a ledger line ready for COPY, or to every reason why it cannot be one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from services.grants.expenditure.cells import Unreadable, clean_text
from services.grants.expenditure.columns import Columns
from services.grants.expenditure.dates import date_reader
from services.grants.expenditure.identity import Identifier
from services.grants.expenditure.line import CODED, INCOMING, NULL, PLACE, TEXT_FIELDS, Reasons, copied
from services.grants.expenditure.names import NameFinder
from services.grants.expenditure.parties import PartyReader
from services.grants.expenditure.valuation import Valuation

CACHE_SIZE = 20_000
KIND, RULE = PLACE["kind"], PLACE["rule"]


class ParsedLine(NamedTuple):
    """One data record: its row for COPY, its amount where it can be read, and whether it is rejected."""

    row: str
    amount_pence: int | None
    rejected: bool


class LineParser:
    """Reads the records of one file through one profile. Holds caches: one thread uses it."""

    def __init__(self, layout: dict[str, Any], columns: Columns, *, source: str, today: str) -> None:
        fields = layout["fields"]
        self._columns = columns
        self._width = columns.width
        self._trailing = columns.unnamed_from if columns.unnamed_from < columns.width else 0
        self._reject_surplus = layout["surplus_cells"] == "reject"
        self._reject_missing = layout["missing_cells"] == "reject"
        self._today = today
        self._repaired = False
        self._base = [NULL] * len(INCOMING)
        self._base[PLACE["kind"]] = "invoice"
        self._base[PLACE["card"]] = "none"
        self._steps: list[tuple[int, int, Callable[[str], str]]] = []
        self._plan_texts(fields)
        self._plan_dates(fields, layout["dates"])
        self._valuation = Valuation(layout, columns)
        self.amount_column = self._valuation.amount_column
        self._base[PLACE["amount_basis"]] = self._valuation.basis
        name = fields.get("party_name")
        self._party = PartyReader(
            layout["parties"], columns.of_field.get("party_name"), columns.of_field.get("party_key"), source
        )
        if name and name.get("constant"):
            self._party.constant = name["constant"]
        self._identifier = Identifier(layout, columns, self._payment_column, source)
        self._names = NameFinder(layout, columns)
        self._plan_assignment(layout["assignment"])

    # ------------------------------------------------------------------ plan

    def _plan_texts(self, fields: dict[str, Any]) -> None:
        for field, limit in TEXT_FIELDS.items():
            source = fields.get(field)
            if not source:
                continue
            if source.get("constant") is not None:
                text = clean_text(source["constant"])[0]
                self._base[PLACE[field]] = _boolean(text) if field == "vcse" else copied(text) or NULL
                continue
            place = self._columns.of_field[field]
            if place is not None:
                read = self._text_reader(field, limit, source)
                self._steps.append((PLACE[field], place, read))

    def _text_reader(self, field: str, limit: int, source: dict[str, Any]) -> Callable[[str], str]:
        cache: dict[str, str] = {}
        values = source.get("values")
        otherwise = clean_text(source["otherwise"])[0] if source.get("otherwise") is not None else None
        meanings = {key.strip().casefold(): clean_text(value)[0] for key, value in values.items()} if values else None
        allowed = CODED.get(field)
        default = self._base[PLACE[field]]

        def slow(text: str) -> str:
            if meanings is not None:
                known = meanings.get(text.casefold(), otherwise)
                if known is None and text:
                    raise Unreadable(
                        f"{field}_unknown", "The profile does not say what this text means; add it to `values`."
                    )
                text = (known or "") if text else ""
            if not text:
                return default
            if allowed is not None and text.casefold() not in allowed:
                raise Unreadable(f"{field}_unknown", f"Write one of {', '.join(allowed)}.")
            if len(text) > limit:
                raise Unreadable("text_too_long", f"The text is longer than {limit} characters; shorten it.")
            if field == "vcse":
                return _boolean(text)
            return text.casefold() if allowed is not None else copied(text)

        def read(cell: str) -> str:
            found = cache.get(cell)
            if found is None:
                text, repaired = clean_text(cell)
                found = slow(text)
                if repaired:
                    # Not remembered, so that each line with such a cell is flagged.
                    self._repaired = True
                    return found
                if len(cache) > CACHE_SIZE:
                    cache.clear()
                cache[cell] = found
            return found

        return read

    def _plan_dates(self, fields: dict[str, Any], styles: list[str]) -> None:
        read = date_reader(styles)

        def optional(cell: str) -> str:
            return read(cell) if cell.strip() else NULL

        basis = next(name for name in ("payment_date", "input_date", "invoice_date") if fields.get(name))
        self._base[PLACE["date_basis"]] = basis.removesuffix("_date")
        payment = self._columns.of_field[basis]
        assert payment is not None, "a date that every line needs is not optional"
        self._payment_column = payment
        for field in ("service_date", "invoice_date"):
            place = self._columns.of_field.get(field)
            if place is not None and field != basis:
                self._steps.append((PLACE[field], place, optional))
        self._steps.append((PLACE["payment_date"], self._payment_column, read))
        self._past_dates: list[tuple[int, int | None]] = [(PLACE["payment_date"], self._payment_column)]
        if (service := self._columns.of_field.get("service_date")) is not None:
            self._past_dates.append((PLACE["service_date"], service))

    def _plan_assignment(self, assignment: dict[str, Any]) -> None:
        self._rules = [
            (
                self._columns.place(rule["column"]),
                (rule["equals"] or "").strip().casefold(),
                (rule["prefix"] or "").strip().casefold(),
            )
            for rule in assignment["rules"]
        ]
        self._must_assign = assignment["otherwise"] == "reject"
        self._rule_places = sorted({place for place, _, _ in self._rules if place is not None})
        self._rule_of: dict[tuple[str, ...], str] = {}

    # ------------------------------------------------------------------ read

    def parse(self, record: int, line: int | None, cells: list[str]) -> ParsedLine:
        """A data record as a line. Never raises: what is wrong comes back as reasons, all of them."""
        row = self._base.copy()
        row[0] = str(record)
        row[1] = NULL if line is None else str(line)
        reasons: Reasons = []
        flags: list[str] = []
        self._repaired = False
        given = len(cells)
        if given != self._width or self._trailing:
            cells = self._fit(cells, reasons, flags)
        amount: int | None = None
        try:
            amount = self._valuation.fill(row, cells, flags, reasons)
        except Unreadable as fault:
            reasons.append((fault.code, fault.detail, self.amount_column))
        for target, place, read in self._steps:
            try:
                row[target] = read(cells[place])
            except Unreadable as fault:
                reasons.append((fault.code, fault.detail, place))
        try:
            self._party.fill(row, cells, flags)
        except Unreadable as fault:
            reasons.append((fault.code, fault.detail, self._party.name_place))
        if self._repaired:
            flags.append("text_repaired")
        self._check_dates(row, reasons)
        if self._rules or self._must_assign:
            self._assign(row, cells, reasons)
        if not reasons:
            try:
                self._identifier.fill(row, cells, reasons)
            except Unreadable as fault:
                reasons.append((fault.code, fault.detail, None))
        if reasons:
            if given < self._width and self._reject_missing:
                # What is missing with its cell is said once, by the count of cells.
                reasons = [reason for reason in reasons if reason[2] is None or reason[2] < given]
            return self._rejected(row, amount, reasons)
        if amount is not None and amount < 0 and row[KIND] in ("invoice", "card"):
            # A finance export seldom says what a negative line corrects (G-28).
            row[KIND] = "credit_note"
            flags.append("origin_missing")
        self._names.fill(row, flags)
        if flags:
            row[-1] = "{" + ",".join(sorted(set(flags))) + "}"
        else:
            row[-1] = "{}"
        return ParsedLine("\t".join(row), amount, False)

    def broken(self, record: int, line: int | None, detail: str) -> ParsedLine:
        """A record that could not be divided into cells."""
        row = [NULL] * len(INCOMING)
        row[0], row[1] = str(record), NULL if line is None else str(line)
        return self._rejected(row, None, [("record_malformed", detail, None)])

    def _rejected(self, row: list[str], amount: int | None, reasons: Reasons) -> ParsedLine:
        kept = [NULL] * len(INCOMING)
        kept[0], kept[1] = row[0], row[1]
        kept[2] = NULL if amount is None else str(amount)
        header = self._columns.header
        shown = [
            {
                "code": code,
                "detail": detail,
                "column": None if place is None else header[place].strip()[:200].replace("\x00", ""),
            }
            for code, detail, place in reasons
        ]
        kept[3] = json.dumps(shown).replace("\\", "\\\\")
        return ParsedLine("\t".join(kept), amount, True)

    def _fit(self, cells: list[str], reasons: Reasons, flags: list[str]) -> list[str]:
        """The record at the header's width; what is short, or stands beyond the last named column, is judged."""
        given = len(cells)
        named = self._trailing or self._width
        if given < named:
            if self._reject_missing:
                detail = (
                    f"The record has {given} cells, the header {named}; fill in what is missing, empty cells included."
                )
                reasons.append(("missing_cells", detail, None))
            else:
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
        return cells

    def _check_dates(self, row: list[str], reasons: Reasons) -> None:
        for field, place in self._past_dates:
            if row[field] > self._today and row[field] != NULL:
                reasons.append(
                    ("future_actual", "The day lies in the future; spend is recorded once it has happened.", place)
                )

    def _assign(self, row: list[str], cells: list[str], reasons: Reasons) -> None:
        key = tuple([cells[place] for place in self._rule_places])
        found = self._rule_of.get(key)
        if found is None:
            if len(self._rule_of) > CACHE_SIZE:
                self._rule_of.clear()
            found = self._rule_of[key] = self._first_rule(cells)
        row[RULE] = found
        if found == NULL and self._must_assign:
            place = self._rule_places[0] if self._rule_places else None
            reasons.append(
                (
                    "not_assigned",
                    "No rule of the profile says which budget line this is; correct the code, or add a rule.",
                    place,
                )
            )

    def _first_rule(self, cells: list[str]) -> str:
        for number, (place, equals, prefix) in enumerate(self._rules):
            if place is None:
                continue
            text = " ".join(cells[place].split()).casefold()
            if (equals and text == equals) or (prefix and text.startswith(prefix)):
                return str(number)
        return NULL


def _boolean(text: str) -> str:
    return "t" if text.strip().casefold() == "yes" else "f"
