"""Bytes to records: compression, encoding, CSV and JSON, with the physical line on which each record begins."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

MAX_RECORD_LINES = 200
"""A quoted cell that runs over more lines was never closed; the record is refused and reading goes on behind it."""

MAX_JSON_BYTES = 64 * 1024 * 1024
MAX_UNPACKED_BYTES = 4 * 1024 * 1024 * 1024

csv.field_size_limit(1024 * 1024)


class FileFault(ValueError):
    """A file that cannot be read at all: a stable code, a sentence that says the fix, and the line if known."""

    def __init__(self, code: str, detail: str, line: int | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.line = line


class Record(NamedTuple):
    """A record of a file: its first physical line (None in JSON), and its cells or why it has none."""

    line: int | None
    cells: list[str]
    fault: str | None = None


def open_bytes(path: Path, gzipped: bool) -> IO[bytes]:
    return gzip.open(path, "rb") if gzipped else open(path, "rb")  # type: ignore[return-value]


def choose_encoding(path: Path, gzipped: bool, encodings: tuple[str, ...]) -> str:
    """The first of the encodings that reads the whole file. FileFault when none does, or the file is empty."""
    faults = []
    for encoding in encodings:
        fault = _decoding_fault(path, gzipped, encoding)
        if fault is None:
            return "utf-8-sig" if encoding == "utf-8" else encoding
        faults.append((encoding, fault))
    tried = "; ".join(f"{name}: line {line}" for name, line in faults)
    raise FileFault(
        "not_decodable",
        f"The bytes are not text in the encodings of the profile ({tried}); save as UTF-8, or add the file's encoding.",
        line=faults[0][1],
    )


def _decoding_fault(path: Path, gzipped: bool, encoding: str) -> int | None:
    """The line of the first byte that cannot be read in this encoding, or None."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line, size = 1, 0
    try:
        with open_bytes(path, gzipped) as file:
            while chunk := file.read(1 << 20):
                size += len(chunk)
                if size > MAX_UNPACKED_BYTES:
                    raise FileFault("too_large", "The file unpacks to more than 4 GiB; send it in parts.")
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError as error:
                    return line + error.object[: error.start].count(b"\n")
                line += chunk.count(b"\n")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return line
    except (gzip.BadGzipFile, EOFError, OSError) as error:
        if not gzipped:
            raise
        raise FileFault("not_gzip", "The body is not a whole gzip file; send it again, or plain.") from error
    if size == 0:
        raise FileFault("empty_file", "The file is empty; send the header and the lines.")
    return None


def csv_records(path: Path, gzipped: bool, encoding: str, delimiter: str) -> Iterator[Record]:
    """Every record of a CSV file. A record with broken quotes comes with a fault; reading goes on at its next line."""
    with open_bytes(path, gzipped) as file, io.TextIOWrapper(file, encoding=encoding, newline="") as lines:
        source = _Lines(lines)
        reader = csv.reader(source, delimiter=delimiter, strict=True)
        taken = source.taken
        while True:
            taken.clear()
            first = source.number + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, _RunsOn) as error:
                source.give_back()
                yield Record(first, [taken[0].rstrip("\r\n")], _why(error))
                continue
            yield Record(first, cells)


class _RunsOn(Exception):
    """A record that goes on for more lines than any real one."""


class _Lines:
    """Physical lines, counted; those of a record that turned out broken can be read again."""

    def __init__(self, lines: io.TextIOBase) -> None:
        self._next = lines.__next__
        self._again: list[str] = []
        self.taken: list[str] = []
        self.number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else self._next()
        self.number += 1
        self.taken.append(line)
        if len(self.taken) > MAX_RECORD_LINES:
            raise _RunsOn
        return line

    def give_back(self) -> None:
        """All lines of the record but the first."""
        surplus = self.taken[1:]
        self._again += reversed(surplus)
        self.number -= len(surplus)


def _why(error: Exception) -> str:
    text = str(error)
    if isinstance(error, _RunsOn) or "unexpected end" in text:
        return "A quotation mark opens a cell and never closes; close it, or double a mark that is meant."
    if "field larger" in text:
        return "A cell holds more than a million characters; shorten it."
    return "A quotation mark closes a cell before its end; double a mark that is meant."


def json_records(path: Path, gzipped: bool) -> tuple[list[str], Iterator[Record]]:
    """Column names of `{"lines": [{…}, …]}`, in order of first use, and its records. Numbers stay as written."""
    with open_bytes(path, gzipped) as file:
        data = file.read(MAX_JSON_BYTES + 1)
    if len(data) > MAX_JSON_BYTES:
        raise FileFault("too_large", "A JSON body holds at most 64 MiB; send CSV, or several batches.")
    try:
        content = json.loads(data.decode("utf-8-sig"), parse_float=str, parse_int=str, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise FileFault("not_decodable", "JSON is UTF-8; save it so.") from error
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise FileFault("not_json", "The body is not JSON; correct it at the line named.", line=line) from error
    lines = content.get("lines") if isinstance(content, dict) else None
    if not isinstance(lines, list) or set(content) != {"lines"}:
        raise FileFault(
            "not_json_lines", 'The body is an object {"lines": [{…}, …]}, one object a line, and nothing else.'
        )
    names: dict[str, None] = {}
    for item in lines:
        if isinstance(item, dict):
            names.update(dict.fromkeys(item))
    header = list(names)

    def records() -> Iterator[Record]:
        for item in lines:
            if not isinstance(item, dict):
                yield Record(None, [], "A line is an object with one value a column.")
                continue
            cells = [_cell(item.get(name)) for name in header]
            nested = [name for name, cell in zip(header, cells, strict=True) if cell is None]
            if nested:
                yield Record(None, [], "A value is a text, a number, true, false or null, not an object or a list.")
            else:
                yield Record(None, [cell or "" for cell in cells])

    return header, records()


def _cell(value: Any) -> str | None:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")
