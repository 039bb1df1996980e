"""What makes a line the same line: its key, the fingerprint of its content, and the item it belongs to.

All three are the source's own words: the cells as they stand, in the form in which a reader sees them, whatever fields
a profile makes of them. Days and amounts count by their value, so that the same one written otherwise is the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from hashlib import blake2b
from operator import itemgetter
from typing import Any

from services.grants.expenditure.cells import GUARDED, Unreadable, clean_text
from services.grants.expenditure.columns import Columns, alternatives, is_derived, used_columns
from services.grants.expenditure.line import NULL, PLACE, Reasons, copied
from shared.texts import hidden_signs, seen

LINE_KEY, FINGERPRINT, ITEM_ID = PLACE["line_key"], PLACE["fingerprint"], PLACE["item_id"]
LOOSE_KEY, AMOUNT = PLACE["loose_key"], PLACE["amount_pence"]
MAX_KEY = 300
DIVIDER = "\x1f"

BASES = ("payment_date", "input_date", "invoice_date")
"""The first of them that a layout has is the day of payment (T-11)."""
DAYS = (*BASES, "service_date")
AMOUNTS = ("amount", "vat", "recoverable_vat", "irrecoverable_vat", "gross", "debit", "credit")
STORED = {"debit": "amount_pence", "credit": "amount_pence"} | {
    name: f"{name}_pence" for name in ("amount", "vat", "recoverable_vat", "irrecoverable_vat")
}
"""Fields whose value stands in a parsed line under another name."""

CONTROL = re.compile(r"[\x00-\x1e\x7f]")
LOOSE_SPACES = ("  ", " \x1f", "\x1f ")
"""What a joined content of ASCII holds where a cell is not yet as a reader sees it; or a space at either end."""
SHORTENED = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?[eE][+-][0-9]{1,3}|[+-]?[0-9][.,][0-9]+[eE][0-9]{1,3}")
SHORTENED_SIGN = re.compile(r"[0-9][eE][+\-0-9]")
ERROR_VALUE = re.compile(r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|NV|#+)")
AT_RISK = r"(?:0[0-9]+(?:\.0+)?|[0-9]+\.0+|[0-9]{16,}|[0-9]{1,3}(?:,[0-9]{3})+(?:\.0+)?)"
"""A number that a spreadsheet writes otherwise: with leading zeros, a fraction of nothing, too many digits, commas."""
CELL_AT_RISK = re.compile(AT_RISK)
CONTENT_AT_RISK = re.compile(rf"(?:^|\x1f){AT_RISK}(?=\x1f|$)")
NUMBER = re.compile(r"([0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.0+)?")
DIGITS = frozenset("0123456789")
DIGITS_KEPT = 15
"""A spreadsheet keeps so many digits of a number; those behind become zeros."""

NUMBER_SHORTENED = "number_shortened"
"""The number of an invoice was shortened; each such line is an invoice of its own."""
IDENTITY_SHORTENED = "identity_shortened"
"""One of all the cells that tell counted lines apart was shortened."""


class Identifier:
    """Fills key, fingerprint and item of a line through one profile."""

    def __init__(
        self,
        layout: dict[str, Any],
        columns: Columns,
        source: str,
        read_day: Callable[[str], str],
        read_amount: Callable[[str], tuple[int, bool]],
    ) -> None:
        identity = layout["identity"]
        self._source = source
        self._keyed = identity["kind"] == "keyed"
        self._all_used = bool(identity.get("all_used"))
        self._read_day, self._read_amount = read_day, read_amount
        self._value_of = _values(layout, columns)
        self._key_places = [columns.place(name) for name in identity["columns"]] if self._keyed else []
        content = used_columns(layout) if self._keyed or not identity["columns"] else identity["columns"]
        places = list(dict.fromkeys(place for name in content if (place := columns.place(name)) is not None))
        self._plan_content(layout, columns, places)
        self._items = [place for name in layout["item_columns"] if (place := columns.place(name)) is not None]
        self._item_of = _getter(self._items)
        self._last_item: tuple[tuple[str, ...], str] = ((), NULL)

    def _plan_content(self, layout: dict[str, Any], columns: Columns, places: list[int]) -> None:
        """Cells that a field reads as they are count by what was read; what is made of several counts cell by cell."""
        direct: dict[int, int] = {}
        signed: list[int] = []
        basis = next(name for name in BASES if layout["fields"].get(name))
        for field, source in layout["fields"].items():
            if not source or not alternatives(source) or field not in (*DAYS, *AMOUNTS):
                continue
            its = columns.columns_of(field)
            stored = "payment_date" if field == basis else STORED.get(field, field)
            if not is_derived(field, source) and stored in PLACE and len(its) == 1:
                direct.setdefault(its[0], PLACE[stored])
            elif field in ("amount", "debit", "credit") and not set(its).isdisjoint(places):
                # The cells do not show which sign another column gives the amount.
                signed.append(AMOUNT)
        stored_places = [direct[place] for place in places if place in direct]
        if not alternatives(layout["fields"][basis]):
            # A day that is said once a file tells this month's rent from the last one's.
            stored_places.append(PLACE["payment_date"])
        self._content_of_row = _getter([*dict.fromkeys(stored_places), *dict.fromkeys(signed)])
        self._cells_that_count = [place for place in places if place not in direct]
        self._content_of_cells = _getter(self._cells_that_count)
        self._has_values = not self._value_of.keys().isdisjoint(self._cells_that_count)

    def fill(self, row: list[str], cells: list[str], flags: list[str], reasons: Reasons) -> None:
        """The line's other values have been filled before. Raises Unreadable for a key that is no text."""
        read, written = self._content_of_row(row), self._content_of_cells(cells)
        content = DIVIDER.join(written)
        if self._has_values or not _is_as_seen(content):
            content = DIVIDER.join(self._counted(place, cell) for place, cell in self._by_place(written))
        head = DIVIDER.join(read)
        row[FINGERPRINT] = _hashed(head, content)
        if not self._keyed and SHORTENED_SIGN.search(content):
            self._refuse_shortened(content, flags, reasons)
        if self._keyed:
            row[LINE_KEY] = self._key(row, cells, reasons)
        elif CONTENT_AT_RISK.search(content):
            loose = DIVIDER.join(map(_loose, content.split(DIVIDER)))
            row[LOOSE_KEY] = _hashed(head, loose) if loose != content else NULL
        if self._items:
            self._fill_item(row, cells, flags)

    def _by_place(self, written: tuple[str, ...]) -> Iterable[tuple[int, str]]:
        return zip(self._cells_that_count, written, strict=True)

    def _counted(self, place: int, cell: str) -> str:
        """A cell as it counts: a day or an amount by its value where it can be read, else as a reader sees it."""
        kind = self._value_of.get(place)
        if kind is not None and cell.strip():
            try:
                return self._read_day(cell) if kind == "day" else f"{self._read_amount(cell)[0]}p"
            except Unreadable:
                pass
        return seen(cell)

    def _refuse_shortened(self, content: str, flags: list[str], reasons: Reasons) -> None:
        """A number cut to scientific notation tells nothing apart.

        In a column that the profile names for it, the line cannot be identified. Where all columns count, the others
        still do; equal lines of several files are then held and not taken for the same (see `merge_sql`).
        """
        for place, cell in zip(self._cells_that_count, content.split(DIVIDER), strict=True):
            if not SHORTENED.fullmatch(cell):
                continue
            if self._all_used:
                flags.append(IDENTITY_SHORTENED)
            else:
                reasons.append(_shortened(cell, place))

    def _key(self, row: list[str], cells: list[str], reasons: Reasons) -> str:
        values = []
        for place in self._key_places:
            cell = cells[place] if place is not None else ""
            if not cell.isprintable() or cell.startswith(GUARDED):
                cell = clean_text(cell)[0]
            text = self._counted(place, cell) if place in self._value_of else seen(cell)
            if not text:
                reasons.append(_no_key(cell, place))
            elif _is_shortened(text):
                reasons.append(_shortened(text, place))
            elif text[0] == "#" and ERROR_VALUE.fullmatch(text.upper()):
                detail = (
                    f"{text[:20]} is what a spreadsheet shows in place of a value, and identifies no line; write the "
                    "value itself."
                )
                reasons.append(("key_unusable", detail, place))
            values.append(text)
        key = "|".join(map(_divided, values))
        if len(key) > MAX_KEY:
            detail = f"The columns that identify a line hold more than {MAX_KEY} characters; name fewer of them."
            reasons.append(("text_too_long", detail, None))
        if any(CELL_AT_RISK.fullmatch(value) for value in values if value[:1] in DIGITS):
            loose = "|".join(_divided(_loose(value)) for value in values)
            row[LOOSE_KEY] = copied(loose) if loose != key else NULL
        return copied(key)

    def _fill_item(self, row: list[str], cells: list[str], flags: list[str]) -> None:
        written = self._item_of(cells)
        if written == self._last_item[0]:
            # An invoice's lines mostly stand together.
            row[ITEM_ID] = self._last_item[1]
            return
        if any(_is_shortened(cell.strip()) for cell in written):
            # Invoices whose numbers were cut to the same figure are not one invoice.
            flags.append(NUMBER_SHORTENED)
        elif any(cell.strip() for cell in written):
            row[ITEM_ID] = item_of(self._source, *written)
            self._last_item = (written, row[ITEM_ID])


def item_of(source: str, *named: str) -> str:
    """The opaque id of the invoice or credit note that these cells name, whatever signs in them nobody sees."""
    name = f"{source}\x1e{DIVIDER.join(map(seen, named))}"
    return blake2b(name.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def _values(layout: dict[str, Any], columns: Columns) -> dict[int, str]:
    """Columns of the file whose cells are days or amounts, whatever field is made of them."""
    found: dict[int, str] = {}
    for kind, fields in (("day", DAYS), ("amount", AMOUNTS)):
        for field in fields:
            source = layout["fields"].get(field)
            if source and alternatives(source) and not any(source.get(way) for way in ("part", "join", "values")):
                found |= dict.fromkeys(columns.columns_of(field), kind)
    return found


def _is_as_seen(content: str) -> bool:
    """Whether every cell of a joined content stands as a reader sees it; said of ASCII, where that is quickly told."""
    return (
        content.isascii()
        and not CONTROL.search(content)
        and not (content[:1] == " " or content[-1:] == " " or any(spaces in content for spaces in LOOSE_SPACES))
    )


def _is_shortened(text: str) -> bool:
    """Whether it is a number in scientific notation. Asked of each line, so most texts are spared the pattern."""
    return ("E" in text or "e" in text) and SHORTENED.fullmatch(text) is not None


def _hashed(head: str, content: str) -> str:
    return blake2b(f"{head}{DIVIDER}{content}".encode(errors="surrogatepass"), digest_size=16).hexdigest()


def _divided(text: str) -> str:
    """Two columns must not run into each other: A|B and C is another line than A and B|C."""
    return text.replace("\\", "\\\\").replace("|", "\\|") if "\\" in text or "|" in text else text


def _loose(text: str) -> str:
    """A number as it is left when a spreadsheet has had it: without leading zeros, with fifteen digits and no more."""
    match = NUMBER.fullmatch(text)
    if match is None:
        return text
    digits = match[1].replace(",", "").lstrip("0") or "0"
    return digits[:DIGITS_KEPT].ljust(len(digits), "0")


def _shortened(text: str, place: int | None) -> tuple[str, str, int | None]:
    detail = (
        f"{text[:40]} is a number that was shortened to scientific notation: it has lost digits and identifies nothing."
        " Export the column as text, or write the whole number, and send the line again."
    )
    return NUMBER_SHORTENED, detail, place


def _no_key(cell: str, place: int | None) -> tuple[str, str, int | None]:
    hidden = hidden_signs(cell)
    shown = f"The cell holds nothing but signs that nobody sees ({', '.join(hidden)[:120]}). " if hidden else ""
    return "key_missing", f"{shown}The line cannot be identified without this cell; fill it in.", place


def _getter(places: list[int]) -> Callable[[list[str]], tuple[str, ...]]:
    """The cells at these places, all at once."""
    if not places:
        return lambda _: ()
    if len(places) == 1:
        place = places[0]
        return lambda cells: (cells[place],)
    return itemgetter(*places)
