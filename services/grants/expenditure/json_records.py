"""Records of JSON, one object a line: `{"lines": [{…}, …]}` as a whole, or JSON Lines. Both are read piece by piece."""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from services.grants.expenditure.columns import MAX_COLUMNS
from services.grants.expenditure.reading import (
    CHUNK_BYTES,
    FileFault,
    Record,
    check_unpacked,
    first_bytes,
    marked_encoding,
    not_text,
    open_bytes,
)

JSON_LINES = ("application/x-ndjson", "application/jsonl", "application/ndjson", "application/x-jsonlines")
MAX_OBJECT_CHARACTERS = 4 * 1024 * 1024
LARGEST_EXPONENT = 30
BLANK = re.compile(r"[ \t\r\n]*")

Item = tuple[int | None, Any, str | None]
"""Physical line (None in a JSON document), what stands there, or why it cannot be read."""


def json_header(path: Path, gzipped: bool, media_type: str) -> list[str]:
    """Names of all columns in order of first use; one pass through the file, of which nothing else is kept."""
    names: dict[str, None] = {}
    lines = 0
    for _, item, _ in _items(path, gzipped, media_type, str):
        lines += 1
        if isinstance(item, dict):
            for name in item:
                names.setdefault(name)
            if len(names) > MAX_COLUMNS:
                raise FileFault(
                    "too_many_columns", f"The lines name more than {MAX_COLUMNS} columns; send one object a line."
                )
    if not lines and media_type in JSON_LINES:
        # Nothing says that it is whole; a file that broke off before its first line looks the same.
        raise FileFault(
            "empty_file", 'The file is empty; to say that there is nothing, send {"lines": []} as application/json.'
        )
    return list(names)


def json_records(path: Path, gzipped: bool, media_type: str, header: list[str], decimal: str) -> Iterator[Record]:
    """The objects as records under this header. Numbers keep their digits, written with the profile's decimal mark."""

    def number(text: str) -> str:
        return _written_out(text).replace(".", decimal)

    for line, item, fault in _items(path, gzipped, media_type, number):
        if fault is not None:
            yield Record(line, [], fault)
        elif not isinstance(item, dict):
            yield Record(line, [], "A line is an object with one value a column.")
        else:
            cells = [_cell(item.get(name)) for name in header]
            if None in cells:
                yield Record(line, [], "A value is a text, a number, true, false or null, not an object or a list.")
            else:
                own = [cell or "" for cell in cells]
                yield Record(line, own, None, None if all(map(str.isascii, own)) else ())


def _items(path: Path, gzipped: bool, media_type: str, number: Callable[[str], str]) -> Iterator[Item]:
    decoder = json.JSONDecoder(
        parse_float=number, parse_int=number, parse_constant=_no_constant, object_pairs_hook=_once_each
    )
    packed = path.stat().st_size
    opening = first_bytes(path, gzipped)
    if why := not_text(opening):
        raise FileFault("not_text", why)
    # JSON is UTF-8; a byte order mark of another encoding says all the same how it is to be read.
    encoding = marked_encoding(opening) or "utf-8-sig"
    with open_bytes(path, gzipped) as file:
        if media_type in JSON_LINES:
            yield from _lines(file, decoder, packed, encoding)
        else:
            yield from _Document(file, decoder, packed, encoding).items()


def _lines(file: Any, decoder: json.JSONDecoder, packed: int, encoding: str) -> Iterator[Item]:
    number, size = 0, 0
    text = io.TextIOWrapper(file, encoding=encoding, newline="\n")
    try:
        while line := text.readline(MAX_OBJECT_CHARACTERS):
            number += 1
            size += len(line)
            check_unpacked(size, packed)
            if len(line) >= MAX_OBJECT_CHARACTERS:
                raise FileFault("line_too_long", "A line holds more than four million characters.", line=number)
            # Files that were joined bring their byte order marks along.
            stripped = line.strip().lstrip("\ufeff").strip()
            if not stripped:
                continue
            try:
                yield number, decoder.decode(stripped), None
            except (ValueError, RecursionError) as error:
                yield number, None, f"The line is not one JSON object{_because(error)}; correct it."
    except UnicodeError as error:
        raise FileFault("not_decodable", "JSON is UTF-8; save it so.", line=number + 1) from error
    finally:
        # The file is closed by who opened it.
        text.detach()


class _Document:
    """`{"lines": [ … ]}`, read object by object: memory holds one of them, not the file."""

    def __init__(self, file: Any, decoder: json.JSONDecoder, packed: int, encoding: str) -> None:
        self._file, self._decoder, self._packed = file, decoder, packed
        self._bytes = codecs.getincrementaldecoder(encoding)()
        self._text, self._place, self._size, self._line, self._ended = "", 0, 0, 1, False
        self._objects = 0

    def items(self) -> Iterator[Item]:
        if self._next_sign() != "{":
            self._refuse_shape() if self._looks_like_json() else self._refuse()
        self._place += 1
        if self._next_sign() == "}" or self._value() != "lines":
            self._refuse_shape()
        if self._next_sign() != ":":
            self._refuse()
        self._place += 1
        if self._next_sign() != "[":
            self._refuse_shape()
        self._place += 1
        if self._next_sign() == "]":
            self._place += 1
        else:
            while True:
                self._objects += 1
                yield None, self._value(), None
                sign = self._next_sign()
                self._place += 1
                if sign == "]":
                    break
                if sign != ",":
                    self._refuse()
                self._next_sign()
        if self._next_sign() == ",":
            self._refuse_shape()
        if self._next_sign() != "}":
            self._refuse()
        self._place += 1
        if self._next_sign():
            self._refuse()

    def _next_sign(self) -> str:
        """The next sign that is not blank, without taking it; empty at the end."""
        while True:
            match = BLANK.match(self._text, self._place)
            self._place = match.end() if match else self._place
            if self._place < len(self._text):
                return self._text[self._place]
            if not self._more():
                return ""

    def _value(self) -> Any:
        """The next value. One that seems cut off is tried again with more of the file behind it."""
        self._next_sign()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._place)
                if end < len(self._text) or self._ended:
                    self._place = end
                    return value
            except RecursionError as error:
                raise self._not_json() from error
            except ValueError as error:
                if self._ended or not isinstance(error, json.JSONDecodeError):
                    raise self._not_json(error) from error
            if len(self._text) - self._place > MAX_OBJECT_CHARACTERS:
                raise self._not_json()
            self._more()

    def _more(self) -> bool:
        """Read on; what was taken is dropped."""
        if self._ended:
            return False
        chunk = self._file.read(CHUNK_BYTES)
        self._size += len(chunk)
        check_unpacked(self._size, self._packed)
        self._line += self._text.count("\n", 0, self._place)
        try:
            text = self._bytes.decode(chunk, final=not chunk)
        except UnicodeError as error:
            raise FileFault("not_decodable", "JSON is UTF-8; save it so.") from error
        self._text, self._place, self._ended = self._text[self._place :] + text, 0, not chunk
        return bool(text) or not self._ended

    def _looks_like_json(self) -> bool:
        return self._next_sign() in ("[", '"') or self._next_sign().isdigit()

    def _refuse(self) -> None:
        raise self._not_json()

    def _refuse_shape(self) -> None:
        raise FileFault(
            "not_json_lines",
            'The body is an object {"lines": [{…}, …]}, one object a line, and nothing else; JSON Lines are'
            " application/x-ndjson.",
        )

    def _not_json(self, error: Exception | None = None) -> FileFault:
        place = error.pos if isinstance(error, json.JSONDecodeError) else self._place
        line = self._line + self._text.count("\n", 0, place)
        where = f" in object {self._objects} of lines" if self._objects else ""
        return FileFault("not_json", f"The body is not JSON{where}{_because(error)}; correct it there.", line=line)


def _because(error: Exception | None) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f", at sign {error.colno}"
    return f": {error}" if isinstance(error, ValueError) else ""


def _cell(value: Any) -> str | None:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else None


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("an object names a column twice")
    return content


def _written_out(text: str) -> str:
    """A JSON number without exponent, digit by digit: 1.5e3 is 1500. One beyond all amounts stays as it is."""
    mantissa, mark, exponent = text.lower().partition("e")
    if not mark:
        # 7, 7.0 and 7.00 are one number, so that no writer's habit makes another key of it.
        return text.rstrip("0").rstrip(".") if "." in text else text
    if len(exponent) > 4 or abs(int(exponent)) > LARGEST_EXPONENT:
        return text
    sign, digits = ("-", mantissa[1:]) if mantissa[0] == "-" else ("", mantissa)
    whole, _, fraction = digits.partition(".")
    point, digits = len(whole) + int(exponent), whole + fraction
    if point <= 0:
        return _written_out(f"{sign}0.{'0' * -point}{digits}")
    digits = digits.ljust(point, "0")
    return _written_out(f"{sign}{digits[:point].lstrip('0') or '0'}.{digits[point:]}")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")
