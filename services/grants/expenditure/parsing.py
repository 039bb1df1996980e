"""From a record's cells to a ledger line ready for COPY, or to every reason why it cannot be one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from fractions import Fraction
from hashlib import blake2b
from operator import itemgetter
from typing import Any, NamedTuple

from services.grants.expenditure.cells import AmountStyle, Unreadable, amount_reader, clean_text, date_reader
from services.grants.expenditure.columns import Columns, alternatives, used_columns
from services.grants.expenditure.parties import PartyReader

INCOMING = (
    "record", "line", "amount_pence", "reasons", "line_key", "fingerprint", "item_id", "kind", "ledger_class",
    "party_key", "party_kind", "party_name", "company_number", "charity_number", "vcse", "unit", "category", "purpose",
    "card", "contract_ref", "decision_ref", "service_date", "invoice_date", "payment_date", "date_basis", "net_pence",
    "vat_pence", "recoverable_vat_pence", "irrecoverable_vat_pence", "amount_basis", "eligible_pence", "rule",
    "source_redacted", "flags",
)  # fmt: skip
"""Columns of a parsed line, in the order in which it is copied into the database."""

PLACE = {name: place for place, name in enumerate(INCOMING)}
KIND, NET_PENCE, ELIGIBLE_PENCE = PLACE["kind"], PLACE["net_pence"], PLACE["eligible_pence"]
VAT_PENCE, RECOVERABLE_VAT_PENCE = PLACE["vat_pence"], PLACE["recoverable_vat_pence"]
IRRECOVERABLE_VAT_PENCE = PLACE["irrecoverable_vat_pence"]
LINE_KEY, FINGERPRINT, ITEM_ID, RULE = PLACE["line_key"], PLACE["fingerprint"], PLACE["item_id"], PLACE["rule"]
NULL = "\\N"
TEXT_FIELDS = {
    "ledger_class": 40, "company_number": 40, "charity_number": 40, "unit": 300, "category": 300, "purpose": 2000,
    "contract_ref": 200, "decision_ref": 200, "kind": 20, "card": 10, "vcse": 10, "party_kind": 20,
}  # fmt: skip
"""Text fields and the most characters each may hold."""
CODED = {
    "kind": ("invoice", "credit_note", "journal", "card", "staff_expense"),
    "card": ("none", "gpc", "ccc"),
    "party_kind": ("organisation", "sole_trader", "individual", "staff", "unknown"),
    "vcse": ("yes", "no"),
}
CONTENT_OF = {
    "amount": "amount_pence", "vat": "vat_pence", "recoverable_vat": "recoverable_vat_pence",
    "irrecoverable_vat": "irrecoverable_vat_pence", "input_date": "payment_date",
}  # fmt: skip
"""Fields that stand in a parsed line under another name."""
CACHE_SIZE = 20_000


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
        self._source = source
        self._repaired: set[str] = set()
        self._base = [NULL] * len(INCOMING)
        self._base[PLACE["kind"]] = "invoice"
        self._base[PLACE["card"]] = "none"
        style = {**layout["amounts"], "currency": tuple(layout["amounts"]["currency"])}
        self._amount = amount_reader(AmountStyle(**style))
        self._steps: list[tuple[int, int, Callable[[str], str]]] = []
        self._plan_texts(fields)
        self._plan_dates(fields, layout["dates"])
        self._plan_amounts(fields, layout["vat"])
        name = fields.get("party_name")
        self._party = PartyReader(
            layout["parties"], columns.of_field.get("party_name"), columns.of_field.get("party_key"), source
        )
        if name and name.get("constant"):
            self._party.constant = name["constant"]
        self._plan_identity(layout)
        self._plan_assignment(layout["assignment"])

    # ------------------------------------------------------------------ plan

    def _plan_texts(self, fields: dict[str, Any]) -> None:
        for field, limit in TEXT_FIELDS.items():
            source = fields.get(field)
            if not source:
                continue
            if source.get("constant") is not None:
                text = source["constant"]
                self._base[PLACE[field]] = _boolean(text) if field == "vcse" else _copied(text)
                continue
            place = self._columns.of_field[field]
            if place is not None:
                read = self._text_reader(field, limit, source)
                self._steps.append((PLACE[field], place, read))

    def _text_reader(self, field: str, limit: int, source: dict[str, Any]) -> Callable[[str], str]:
        cache: dict[str, str] = {}
        values, otherwise = source.get("values"), source.get("otherwise")
        meanings = {key.strip().casefold(): value for key, value in values.items()} if values else None
        allowed = CODED.get(field)
        default = self._base[PLACE[field]]

        def slow(cell: str) -> str:
            text, repaired = clean_text(cell)
            if repaired:
                self._repaired.add(cell)
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
            return text.casefold() if allowed is not None else _copied(text)

        def read(cell: str) -> str:
            found = cache.get(cell)
            if found is None:
                if len(cache) > CACHE_SIZE:
                    cache.clear()
                    self._repaired.clear()
                found = cache[cell] = slow(cell)
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

    def _plan_amounts(self, fields: dict[str, Any], vat: dict[str, Any]) -> None:
        of_field = self._columns.of_field
        amount = of_field["amount"]
        assert amount is not None
        self.amount_column = amount
        self._treatment = vat["treatment"]
        self._vat, self._gross = of_field.get("vat"), of_field.get("gross")
        self._recoverable, self._irrecoverable = of_field.get("recoverable_vat"), of_field.get("irrecoverable_vat")
        percent = vat.get("recoverable_percent")
        self._percent = Fraction(percent) / 100 if percent is not None else None
        self._base[PLACE["amount_basis"]] = "gross" if self._treatment == "not_separable" else "net"

    def _plan_identity(self, layout: dict[str, Any]) -> None:
        identity = layout["identity"]
        self._keyed = identity["kind"] == "keyed"
        self._key_places = [self._columns.place(name) for name in identity["columns"]] if self._keyed else []
        content = used_columns(layout) if self._keyed or not identity["columns"] else identity["columns"]
        # A column that a field reads counts by what was read, so that 1,000.00 and 1000.00 are the same content. A
        # text that `values` translates counts as it stands: the profile may learn to read it otherwise.
        of_field = self._columns.of_field
        read_as = {
            place: PLACE.get(CONTENT_OF.get(field, field))
            for field, place in of_field.items()
            if place is not None
            and field not in ("gross", "party_key", "party_kind")
            and not layout["fields"][field].get("values")
        }
        read_as[self._payment_column] = PLACE["payment_date"]
        places = [place for name in content if (place := self._place_of(name, layout)) is not None]
        self._content_of_row = _getter([stored for place in places if (stored := read_as.get(place)) is not None])
        self._content_of_cells = _getter([place for place in places if read_as.get(place) is None])
        self._last_item = ("", NULL)
        self._item_places = [
            place for name in layout["item_columns"] if (place := self._columns.place(name)) is not None
        ]
        self._item_of = _getter(self._item_places)

    def _place_of(self, name: str, layout: dict[str, Any]) -> int | None:
        for field, source in layout["fields"].items():
            if source and name in alternatives(source):
                return self._columns.of_field[field]
        return self._columns.place(name)

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
        self._rule_name = ", ".join(dict.fromkeys(rule["column"] for rule in assignment["rules"])) or None

    # ------------------------------------------------------------------ read

    def parse(self, record: int, line: int | None, cells: list[str]) -> ParsedLine:
        """A data record as a line. Never raises: what is wrong comes back as reasons, all of them."""
        row = self._base.copy()
        row[0] = str(record)
        row[1] = NULL if line is None else str(line)
        reasons: list[tuple[str, str, int | None]] = []
        flags: list[str] = []
        given = len(cells)
        if given != self._width or self._trailing:
            cells = self._fit(cells, reasons, flags)
        amount: int | None = None
        try:
            amount = self._amounts(row, cells, flags, reasons)
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
        if self._repaired and any(cell in self._repaired for cell in cells):
            flags.append("text_repaired")
        self._check_dates(row, reasons)
        if self._rules or self._must_assign:
            self._assign(row, cells, reasons)
        if not reasons:
            self._identify(row, cells, reasons)
        if reasons:
            if given < self._width:
                # What is missing with its cell is said once, by the count of cells.
                reasons = [reason for reason in reasons if reason[2] is None or reason[2] < given]
            return self._rejected(row, amount, reasons)
        if amount is not None and amount < 0 and row[KIND] in ("invoice", "card"):
            # A finance export seldom says what a negative line corrects (G-28).
            row[KIND] = "credit_note"
            flags.append("origin_missing")
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

    def _rejected(
        self, row: list[str], amount: int | None, reasons: Iterable[tuple[str, str, int | None]]
    ) -> ParsedLine:
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

    def _fit(self, cells: list[str], reasons: list[tuple[str, str, int | None]], flags: list[str]) -> list[str]:
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

    def _amounts(
        self, row: list[str], cells: list[str], flags: list[str], reasons: list[tuple[str, str, int | None]]
    ) -> int:
        read = self._amount
        amount, noise = read(cells[self.amount_column])
        row[2] = str(amount)
        net = eligible = amount

        def other(place: int | None) -> int | None:
            nonlocal noise
            if place is None:
                return None
            try:
                value, noisy = read(cells[place])
            except Unreadable as fault:
                reasons.append((fault.code, fault.detail, place))
                return None
            noise = noise or noisy
            return value

        if self._treatment == "split":
            vat = other(self._vat)
            recoverable = other(self._recoverable) if self._percent is None else _share(vat, self._percent)
            gross = other(self._gross)
            if vat is not None and recoverable is not None:
                irrecoverable = vat - recoverable
                eligible = net + irrecoverable
                row[VAT_PENCE], row[RECOVERABLE_VAT_PENCE] = str(vat), str(recoverable)
                row[IRRECOVERABLE_VAT_PENCE] = str(irrecoverable)
                opposed = vat * recoverable < 0 or abs(recoverable) > abs(vat)
                if opposed or (gross is not None and net + vat != gross):
                    flags.append("vat_inconsistent")
        elif self._treatment == "net_of_recoverable":
            if self._irrecoverable is not None and cells[self._irrecoverable].strip():
                irrecoverable = other(self._irrecoverable) or 0
                # An “of which” figure: it is inside the amount and never added to it (T-3).
                net = amount - irrecoverable
                row[IRRECOVERABLE_VAT_PENCE] = str(irrecoverable)
                if abs(irrecoverable) > abs(amount) or irrecoverable * amount < 0:
                    flags.append("vat_inconsistent")
        else:
            flags.append("gross_used")
        if noise:
            flags.append("float_noise")
        row[NET_PENCE], row[ELIGIBLE_PENCE] = str(net), str(eligible)
        return amount

    def _check_dates(self, row: list[str], reasons: list[tuple[str, str, int | None]]) -> None:
        for field, place in self._past_dates:
            if row[field] > self._today and row[field] != NULL:
                reasons.append(
                    ("future_actual", "The day lies in the future; spend is recorded once it has happened.", place)
                )

    def _assign(self, row: list[str], cells: list[str], reasons: list[tuple[str, str, int | None]]) -> None:
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

    def _identify(self, row: list[str], cells: list[str], reasons: list[tuple[str, str, int | None]]) -> None:
        content = "\x1f".join((*self._content_of_row(row), *map(str.strip, self._content_of_cells(cells))))
        row[FINGERPRINT] = blake2b(content.encode(), digest_size=16).hexdigest()
        if self._keyed:
            values = []
            for place in self._key_places:
                cell = cells[place] if place is not None else ""
                text = cell.strip() if cell.isprintable() and cell[:1] != "'" else clean_text(cell)[0]
                if not text:
                    reasons.append(
                        ("key_missing", "The line cannot be identified without this cell; fill it in.", place)
                    )
                if "\\" in text or "|" in text:
                    text = text.replace("\\", "\\\\").replace("|", "\\|")
                values.append(text)
            key = "|".join(values)
            if len(key) > 300:
                reasons.append(
                    ("text_too_long", "The columns that identify a line hold more than 300 characters.", None)
                )
            row[LINE_KEY] = _copied(key)
        if self._item_places:
            item = "\x1f".join(map(str.strip, self._item_of(cells)))
            if item == self._last_item[0]:
                # An invoice's lines mostly stand together.
                row[ITEM_ID] = self._last_item[1]
            elif item.strip("\x1f"):
                row[ITEM_ID] = blake2b(f"{self._source}\x1e{item}".encode(), digest_size=16).hexdigest()
                self._last_item = (item, row[ITEM_ID])


def _getter(places: list[int]) -> Callable[[list[str]], tuple[str, ...]]:
    """The cells at these places, all at once."""
    if not places:
        return lambda _: ()
    if len(places) == 1:
        place = places[0]
        return lambda cells: (cells[place],)
    return itemgetter(*places)


def _copied(text: str) -> str:
    """Cleaned text as COPY writes it: only the backslash still means something."""
    return text.replace("\\", "\\\\") if "\\" in text else text


def _boolean(text: str) -> str:
    return "t" if text.strip().casefold() == "yes" else "f"


def _share(pence: int | None, share: Fraction) -> int | None:
    """Part of an amount to the penny, half up, the same way below zero (T-4)."""
    if pence is None or share == 1:
        return pence
    whole = (abs(pence) * share.numerator * 2 + share.denominator) // (2 * share.denominator)
    return -whole if pence < 0 else whole
