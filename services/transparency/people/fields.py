"""Tables of people as they arrive, CSV or JSON: rows of text, and cells read with their errors, never echoing them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from shared.errors import ErrorItem, Invalid, Malformed, UnsupportedMediaType
from shared.money import pence_of_pounds
from shared.rows import UnreadableRows, by_column_name, read_rows
from shared.texts import column_name, seen

T = TypeVar("T")

MOST_ROWS = 20_000
MOST_SIGNS = 2_000
CSV_TYPES = ("text/csv", "application/csv", "text/plain")


@dataclass(frozen=True)
class Place:
    """Where a row stands in what was sent, for an error about one of its cells."""

    record: int
    line: int | None
    """None in JSON."""
    list_name: str = "posts"

    def error(self, code: str, column: str, detail: str) -> ErrorItem:
        if self.line is None:
            pointer = f"/{self.list_name}/{self.record - 1}/{column}"
            return ErrorItem(code=code, detail=detail, pointer=pointer, record=self.record)
        return ErrorItem(code=code, detail=detail, record=self.record, line=self.line, column=column)


@dataclass(frozen=True)
class Raw:
    """A row as text: column → what stands in it, without spaces around."""

    place: Place
    cells: Mapping[str, str]


class TableUnreadable(Invalid):
    code = "table_unreadable"
    title = "The file cannot be read as a table"


def rows_of(
    data: bytes, media_type: str, *, columns: Collection[str], required: Collection[str], list_name: str
) -> list[Raw]:
    """The rows of a CSV file, or of a JSON object with one list of them."""
    if media_type == "application/json":
        found = _json_rows(data, columns, list_name)
    elif media_type in CSV_TYPES:
        found = _csv_rows(data, columns, required)
    else:
        raise UnsupportedMediaType("Send the list as text/csv or application/json; save a workbook as CSV first.")
    if len(found) > MOST_ROWS:
        raise TableUnreadable(f"The list has {len(found):,} rows; at most {MOST_ROWS:,} are taken at once.")
    return found


def _csv_rows(data: bytes, columns: Collection[str], required: Collection[str]) -> list[Raw]:
    def check(heads: list[str], line: int) -> None:
        refuse_columns([head for head in heads if head], columns, required, line)

    try:
        records = list(read_rows(data, names=by_column_name(columns), required=required, check=check))
    except UnreadableRows as error:
        item = ErrorItem(code=error.code, detail=error.detail, line=error.line)
        raise TableUnreadable(error.detail, errors=[item]) from error
    ragged = [
        Place(record.number, record.line).error(
            "surplus_cells", "", "The row has more cells than the header has columns; check its quotation marks."
        )
        for record in records
        if record.surplus
    ]
    if ragged:
        raise TableUnreadable("Some rows have more cells than columns; see errors.", errors=ragged)
    return [Raw(Place(record.number, record.line), record.cells) for record in records]


def _json_rows(data: bytes, columns: Collection[str], list_name: str) -> list[Raw]:
    try:
        content = json.loads(data, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Malformed("The body is not valid JSON.") from error
    entries = content.get(list_name) if isinstance(content, dict) else None
    if not isinstance(entries, list) or len(content) > 1:
        raise TableUnreadable(f"Send one JSON object with the list {list_name} and nothing else.", pointer="")
    found, errors = [], []
    for number, entry in enumerate(entries, start=1):
        pointer = f"/{list_name}/{number - 1}"
        if not isinstance(entry, dict):
            errors.append(ErrorItem(code="not_an_object", detail="Send the row as an object.", pointer=pointer))
            continue
        for name in entry:
            if name not in columns:
                detail = "There is no such column; leave it out."
                errors.append(ErrorItem(code="unknown_column", detail=detail, pointer=pointer))
        cells = {name: _text_of(value) for name, value in entry.items() if name in columns}
        for name, text in cells.items():
            if text is None:
                detail = f"{name} holds a list or an object; send text or a number."
                errors.append(ErrorItem(code="not_text", detail=detail, pointer=f"{pointer}/{name}"))
        found.append(Raw(Place(number, None, list_name), {name: text or "" for name, text in cells.items()}))
    if errors:
        raise TableUnreadable("Some rows cannot be read; see errors.", errors=errors)
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _text_of(value: Any) -> str | None:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, str | int | Decimal):
        return str(value).strip()
    return None


def refuse_columns(heads: list[str], columns: Collection[str], required: Collection[str], line: int) -> None:
    """Every unknown, repeated and missing column, all at once. In a file without header a head may be a person's name,
    so an unknown one is told by its place."""
    errors = []
    for number, head in enumerate(heads, start=1):
        if head not in columns:
            detail = f"Column {number} of the header is not known; leave it out, or correct its name."
            errors.append(ErrorItem(code="unknown_column", detail=detail, line=line))
        elif head in heads[: number - 1]:
            detail = f"The column {head} comes twice; leave one out."
            errors.append(ErrorItem(code="column_twice", detail=detail, line=line, column=head))
    for name in required:
        if name not in heads:
            detail = f"The column {name} is missing; add it."
            errors.append(ErrorItem(code="column_missing", detail=detail, line=line, column=name))
    if errors:
        raise TableUnreadable("The header does not fit; see errors.", errors=errors)


@dataclass
class Cells:
    """Reads the cells of one row; what cannot be read is noted by column, and its value is never repeated."""

    raw: Raw
    errors: list[ErrorItem] = field(default_factory=list)

    def text(self, column: str, *, required: bool = False, most: int = MOST_SIGNS) -> str | None:
        text = self.raw.cells.get(column, "")
        if not text and required:
            self._note("missing", column, f"{column} is empty; fill it in.")
        if len(text) > most:
            self._note("too_long", column, f"{column} is longer than {most} characters; shorten it.")
            return None
        if "\x00" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
            self._note("bad_text", column, f"{column} holds a character that no text may hold; remove it.")
            return None
        return text or None

    def choice(self, column: str, choices: Collection[str], default: str | None = None) -> str | None:
        text = self.text(column, required=default is None)
        if text is None:
            return default
        found = {column_name(choice): choice for choice in choices}.get(column_name(text))
        if found is None:
            self._note("not_a_choice", column, f"{column} is none of {', '.join(choices)}; send one of these.")
        return found

    def yes(self, column: str, default: bool) -> bool:
        return self.choice(column, ("Yes", "No"), "Yes" if default else "No") == "Yes"

    def pence(self, column: str) -> int | None:
        return self._read(column, _pence, "an amount in pounds with at most two decimals, such as 52340.50")

    def whole_pounds(self, column: str) -> int | None:
        return self._read(column, lambda text: int(_digits(text)) * 100, "whole pounds in digits, such as 140000")

    def day(self, column: str) -> date | None:
        return self._read(column, _day, "a day, such as 2018-03-31")

    def decimal(self, column: str, most: int) -> Decimal | None:
        def read(text: str) -> Decimal:
            value = _decimal(text)
            if not 0 <= value <= most:
                raise ValueError
            return value

        return self._read(column, read, f"a number from 0 to {most} with at most four decimals, such as 0.60")

    def level(self, column: str) -> int | None:
        return self._read(column, lambda text: ("", *"123456789").index(text), "one digit from 1 to 9")

    def _read(self, column: str, read: Callable[[str], T], form: str) -> T | None:
        text = self.text(column)
        if text is None:
            return None
        try:
            return read(seen(text))
        except (ValueError, InvalidOperation):
            self._note("not_as_written", column, f"{column} cannot be read; write it as {form}.")
            return None

    def _note(self, code: str, column: str, detail: str) -> None:
        self.errors.append(self.raw.place.error(code, column, detail))


def _pence(text: str) -> int:
    pence = pence_of_pounds(text)
    if pence < 0 or pence > 10**12:
        raise ValueError
    return pence


def _digits(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise ValueError
    return text


def _day(text: str) -> date:
    day = date.fromisoformat(text)
    if len(text) != 10 or not 1900 <= day.year <= 2200:
        raise ValueError
    return day


def _decimal(text: str) -> Decimal:
    whole, _, fraction = text.partition(".")
    if not (text.isascii() and whole.isdigit() and (fraction.isdigit() or "." not in text) and len(fraction) <= 4):
        raise ValueError
    return Decimal(text)
