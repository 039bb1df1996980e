"""What makes a line the same line: its key, the fingerprint of its content, and the item it belongs to."""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import blake2b
from operator import itemgetter
from typing import Any

from services.grants.expenditure.cells import clean_text
from services.grants.expenditure.columns import Columns, alternatives, used_columns
from services.grants.expenditure.line import NULL, PLACE, Reasons, copied

LINE_KEY, FINGERPRINT, ITEM_ID = PLACE["line_key"], PLACE["fingerprint"], PLACE["item_id"]
MAX_KEY = 300
WHITE_SPACE = re.compile(r"[ \t\r\n]+")
CONTENT_OF = {
    "amount": "amount_pence", "vat": "vat_pence", "recoverable_vat": "recoverable_vat_pence",
    "irrecoverable_vat": "irrecoverable_vat_pence", "input_date": "payment_date", "debit": "amount_pence",
    "credit": "amount_pence", "vat_rate": "vat_pence",
}  # fmt: skip
"""Fields that stand in a parsed line under another name."""


class Identifier:
    """Fills key, fingerprint and item of a line through one profile."""

    def __init__(self, layout: dict[str, Any], columns: Columns, payment_column: int, source: str) -> None:
        identity = layout["identity"]
        self._source = source
        self._keyed = identity["kind"] == "keyed"
        self._key_places = [columns.place(name) for name in identity["columns"]] if self._keyed else []
        content = used_columns(layout) if self._keyed or not identity["columns"] else identity["columns"]
        # A column that a field reads counts by what was read, so that 1,000.00 and 1000.00 are the same content. A
        # text that `values` translates counts as it stands: the profile may learn to read it otherwise.
        read_as = {
            place: PLACE.get(CONTENT_OF.get(field, field))
            for field, place in columns.of_field.items()
            if place is not None
            and field not in ("gross", "party_key", "party_kind")
            and not layout["fields"][field].get("values")
        }
        read_as[payment_column] = PLACE["payment_date"]
        places = [place for name in content if (place := _place_of(name, layout, columns)) is not None]
        stored_places = [stored for place in places if (stored := read_as.get(place)) is not None]
        if payment_column >= columns.width and payment_column not in places:
            # A day that is said once a file tells this month's rent from the last one's.
            stored_places.append(PLACE["payment_date"])
        self._content_of_row = _getter(stored_places)
        self._content_of_cells = _getter([place for place in places if read_as.get(place) is None])
        self._last_item = ("", NULL)
        items = [place for name in layout["item_columns"] if (place := columns.place(name)) is not None]
        self._has_items = bool(items)
        self._item_of = _getter(items)

    def fill(self, row: list[str], cells: list[str], reasons: Reasons) -> None:
        """The line's other values have been filled before. Raises Unreadable for a key that is no text."""
        content = "\x1f".join((*self._content_of_row(row), *map(str.strip, self._content_of_cells(cells))))
        if "  " in content or "\n" in content or "\r" in content:
            # A program that saves the file again may write the line breaks inside cells otherwise.
            content = WHITE_SPACE.sub(" ", content)
        row[FINGERPRINT] = blake2b(content.encode(errors="surrogatepass"), digest_size=16).hexdigest()
        if self._keyed:
            row[LINE_KEY] = self._key(cells, reasons)
        if self._has_items:
            item = "\x1f".join(map(str.strip, self._item_of(cells)))
            if item == self._last_item[0]:
                # An invoice's lines mostly stand together.
                row[ITEM_ID] = self._last_item[1]
            elif item.strip("\x1f"):
                row[ITEM_ID] = item_of(self._source, item)
                self._last_item = (item, row[ITEM_ID])

    def _key(self, cells: list[str], reasons: Reasons) -> str:
        values = []
        for place in self._key_places:
            cell = cells[place] if place is not None else ""
            text = cell.strip() if cell.isprintable() and cell[:1] != "'" else clean_text(cell)[0]
            if not text:
                reasons.append(("key_missing", "The line cannot be identified without this cell; fill it in.", place))
            if "\\" in text or "|" in text:
                # Two columns must not run into each other: A|B and C is another line than A and B|C.
                text = text.replace("\\", "\\\\").replace("|", "\\|")
            values.append(text)
        key = "|".join(values)
        if len(key) > MAX_KEY:
            detail = f"The columns that identify a line hold more than {MAX_KEY} characters; name fewer of them."
            reasons.append(("text_too_long", detail, None))
        return copied(key)


def item_of(source: str, named: str) -> str:
    """The opaque id of the invoice or credit note of this name: its columns' cells, stripped, divided by U+001F."""
    return blake2b(f"{source}\x1e{named}".encode(errors="surrogatepass"), digest_size=16).hexdigest()


def _place_of(name: str, layout: dict[str, Any], columns: Columns) -> int | None:
    for field, source in layout["fields"].items():
        if source and name in alternatives(source):
            return columns.of_field[field]
    return columns.place(name)


def _getter(places: list[int]) -> Callable[[list[str]], tuple[str, ...]]:
    """The cells at these places, all at once."""
    if not places:
        return lambda _: ()
    if len(places) == 1:
        place = places[0]
        return lambda cells: (cells[place],)
    return itemgetter(*places)
