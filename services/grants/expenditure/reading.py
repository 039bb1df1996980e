"""Bytes of a stored upload: compression and encoding, and what is shared by the ways to divide them into records."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

from services.grants.expenditure.repairs import is_plain

MAX_UNPACKED_BYTES = 4 * 1024 * 1024 * 1024
MAX_RATIO = 200
"""A packed file that grows more than this, beyond its first megabytes, is no ledger but a bomb."""
RATIO_FROM_BYTES = 64 * 1024 * 1024

CHUNK_BYTES = 1 << 20
OPENING_BYTES = 65536
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks; what begins with one says for certain how it is to be read."""
ZIP, OLD_WORKBOOK, PDF, GZIP = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b"
MARKUP = re.compile(rb"\s*<(?:!doctype html|html|head|table|meta|\?xml|\?mso|workbook)\b", re.IGNORECASE)
LINE_END = re.compile(rb"[\r\n]")
WINDOW_BYTES = 1 << 16
MAX_CARRIED = 8 * 1024 * 1024
SAVE_AS_CSV = "save the sheet as CSV (UTF-8) and send that."


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
    notes: tuple[str, ...] | None = None
    """Flags of how it was read; None where it is all ASCII and nothing was noted."""


@contextmanager
def open_bytes(path: Path, gzipped: bool) -> Iterator[IO[bytes]]:
    """The file's bytes, unpacked. FileFault where it is not a whole gzip file, whenever that shows."""
    try:
        with gzip.open(path, "rb") if gzipped else open(path, "rb") as file:
            yield file  # type: ignore[misc]
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _not_gzip(None) from error


def not_text(opening: bytes) -> str | None:
    """What a file is, by its first bytes, and what to send in its place; None where it may be text."""
    if opening.startswith(ZIP):
        if b"opendocument.spreadsheet" in opening[:200]:
            return f"This is a workbook (ODS), not text; {SAVE_AS_CSV}"
        if b"xl/" in opening or opening[30:49] in (b"[Content_Types].xml", b"_rels/.rels") or b"docProps/" in opening:
            return f"This is a workbook (XLSX), a spreadsheet program's own format, not text; {SAVE_AS_CSV}"
        return "This is a spreadsheet or an archive (ZIP), not text; unpack it, or save it as CSV, and send that."
    if opening.startswith(OLD_WORKBOOK):
        return f"This is a workbook (XLS, or one with a password), not text; {SAVE_AS_CSV}"
    if opening.startswith(PDF):
        return "This is a PDF, not text; send the table that it was made of, saved as CSV."
    if MARKUP.match(opening.removeprefix(codecs.BOM_UTF8)):
        return (
            "This is a web page or XML that a spreadsheet program opens like a workbook, not CSV; open it there,"
            f" {SAVE_AS_CSV}"
        )
    return None


def first_bytes(path: Path, gzipped: bool, size: int = OPENING_BYTES) -> bytes:
    with open_bytes(path, gzipped) as file:
        return file.read(size)


def marked_encoding(opening: bytes) -> str | None:
    """The encoding that a byte order mark names; None where there is no mark."""
    return next((name for mark, name in MARKS if opening.startswith(mark)), None)


def choose_encoding(path: Path, gzipped: bool, encodings: Sequence[str]) -> str:
    """How a file is read: what its mark says, UTF-8 where its text is valid, else what the profile names.

    `utf-8+cp1252` is a file of which some lines are UTF-8 and some are not. FileFault where nothing reads the whole
    file, where it is empty, or where it is no text at all.
    """
    opening = first_bytes(path, gzipped)
    if why := not_text(opening):
        raise FileFault("not_text", why)
    if opening.startswith(GZIP):
        raise FileFault("not_text", "This is compressed (gzip), not text; unpack it and send that.")
    mark = marked_encoding(opening)
    if mark is not None and mark != "utf-8-sig":
        return _of_two_bytes(path, gzipped, mark, f"The file begins with the mark of {mark.upper()}")
    if plain := _unmarked_two_bytes(opening):
        if plain in encodings or "utf-16" in encodings:
            return _of_two_bytes(path, gzipped, plain, f"The file is text of two bytes a sign, {plain}")
        raise FileFault(
            "not_decodable",
            f"The file begins with NUL bytes, as {plain} (UTF-16 without its mark) does; add {plain} to the encodings"
            " of the profile, or save as UTF-8.",
            line=1,
        )
    if encodings[0] == "utf-8" and _decoding_fault(path, gzipped, "utf-8") is None:
        return "utf-8-sig"
    return _by_lines(path, gzipped, encodings, marked=mark is not None)


def _of_two_bytes(path: Path, gzipped: bool, encoding: str, what: str) -> str:
    line = _decoding_fault(path, gzipped, encoding)
    if line is None:
        return encoding
    raise FileFault("not_decodable", f"{what}, and is damaged or cut off from line {line}; save it again.", line=line)


def _unmarked_two_bytes(opening: bytes) -> str | None:
    """UTF-16 without its mark, by the NUL bytes beside each Latin letter, in which of its two orders."""
    begin = opening[:200]
    if begin.count(0) * 4 <= len(begin):
        return None
    return "utf-16-le" if begin[1::2].count(0) >= begin[0::2].count(0) else "utf-16-be"


def _by_lines(path: Path, gzipped: bool, encodings: Sequence[str], *, marked: bool) -> str:
    """The encoding of a file that is not simply what the profile names first."""
    found = _survey(path, gzipped)
    singles = [name for name in encodings if not name.startswith("utf-")]
    if not found.other_lines and (found.utf8_lines or marked):
        # Text that is valid UTF-8 and can be nothing else is UTF-8, whatever the profile names.
        return "utf-8-sig"
    if found.utf8_lines or marked:
        for name in singles:
            if not any(_cannot_read(name, byte) for byte in found.bytes_used):
                return f"utf-8+{name}"
    faults = []
    for encoding in encodings:
        if encoding.startswith("utf-16"):
            # Text of two bytes a sign was known by its NUL bytes.
            faults.append((encoding, 1))
            continue
        fault = found.first_other if encoding == "utf-8" else _decoding_fault(path, gzipped, encoding)
        if fault is None:
            return "utf-8-sig" if encoding == "utf-8" else encoding
        faults.append((encoding, fault))
    tried = "; ".join(f"{name}: line {line}" for name, line in faults)
    hint = "It can be read as utf-8; add that to the profile." if found.first_other is None else (
        "Save it as UTF-8, or add the file's encoding, which for a file from a Windows machine is mostly cp1252."
    )  # fmt: skip
    raise FileFault(
        "not_decodable",
        f"The bytes are not text in the encodings of the profile ({tried}). {hint}",
        line=faults[0][1],
    )


@dataclass
class _Survey:
    """The lines of a file that hold more than ASCII, by whether they are UTF-8."""

    utf8_lines: int = 0
    """Valid UTF-8 that is nothing else; what may be either is not counted."""
    other_lines: int = 0
    first_other: int | None = None
    bytes_used: frozenset[int] = frozenset()
    """Bytes beyond ASCII that stand in lines which are not UTF-8."""


def _survey(path: Path, gzipped: bool) -> _Survey:
    found, number, carried = _Survey(), 1, b""
    used: set[int] = set()
    packed, size = path.stat().st_size, 0
    try:
        with open_bytes(path, gzipped) as file:
            while True:
                chunk = file.read(CHUNK_BYTES)
                size += len(chunk)
                check_unpacked(size, packed)
                data = carried + chunk
                end = _last_line_end(data) if chunk else len(data)
                place = 0
                while (foreign := _beyond_ascii(data, place, end)) is not None:
                    begin = max(data.rfind(b"\n", 0, foreign), data.rfind(b"\r", 0, foreign)) + 1
                    behind = LINE_END.search(data, foreign, end)
                    place = behind.start() if behind else end
                    if _is_other(data[begin:place], found, used) and found.first_other is None:
                        found.first_other = number + data.count(b"\n", 0, begin)
                number += data.count(b"\n", 0, end)
                carried = data[end:]
                if not chunk:
                    break
    except FileFault as error:
        if error.code == "not_gzip":
            raise _not_gzip(number) from error
        raise
    if size == 0:
        raise FileFault("empty_file", "The file is empty; send the header and the lines.")
    found.bytes_used = frozenset(used)
    return found


def _beyond_ascii(data: bytes, place: int, end: int) -> int | None:
    """The first byte from a place on that is not ASCII. A decoder finds it ten times as fast as a pattern."""
    view = memoryview(data)
    while place < end:
        try:
            str(view[place : min(place + WINDOW_BYTES, end)], "ascii")
        except UnicodeDecodeError as error:
            return place + error.start
        place += WINDOW_BYTES
    return None


def _last_line_end(data: bytes) -> int:
    """Where the last whole line ends; at the end where a line is longer than any should be."""
    end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
    return end if len(data) - end < MAX_CARRIED else len(data)


def _is_other(line: bytes, found: _Survey, used: set[int]) -> bool:
    """Count a line by whether it is UTF-8; true where it is not."""
    try:
        line.decode()
    except UnicodeDecodeError:
        found.other_lines += 1
        used.update(byte for byte in line if byte >= 0x80)
        return True
    found.utf8_lines += is_plain(line.decode("latin-1"))
    return False


def _cannot_read(encoding: str, byte: int) -> bool:
    try:
        bytes([byte]).decode(encoding)
    except UnicodeDecodeError:
        return True
    return False


def mixed_line(line: str, encoding: str) -> tuple[str, bool]:
    """A line of a file in two encodings, and whether its other one was used; bytes that are not UTF-8 come escaped.

    Text by text: in one line the columns of two systems may stand side by side.
    """
    found = _FOREIGN.sub(lambda match: _run(match, encoding), line)
    return found, found != line


_FOREIGN = re.compile("[^\x00-\x7f]+")
_ESCAPED = re.compile("[\udc80-\udcff]")


def _run(match: re.Match[str], encoding: str) -> str:
    text = match[0]
    if not _ESCAPED.search(text):
        begin, end = match.span()
        around = match.string[max(begin - 1, 0) : end + 1]
        if is_plain(around.encode(errors="surrogateescape").decode("latin-1")):
            return text
    try:
        return text.encode(errors="surrogateescape").decode(encoding)
    except UnicodeDecodeError:
        return text


def first_text(path: Path, gzipped: bool, size: int = OPENING_BYTES) -> str:
    """The beginning of a file as UTF-8, or as what its byte order mark says; what cannot be read is replaced."""
    data = first_bytes(path, gzipped, size)
    return data.decode(marked_encoding(data) or "utf-8-sig", errors="replace")


def _decoding_fault(path: Path, gzipped: bool, encoding: str) -> int | None:
    """The line of the first byte that cannot be read in this encoding, or None."""
    packed = path.stat().st_size
    decoder = codecs.getincrementaldecoder(encoding)()
    line, size = 1, 0
    file: IO[bytes]
    try:
        with gzip.open(path, "rb") if gzipped else open(path, "rb") as file:  # type: ignore[assignment]
            while chunk := file.read(CHUNK_BYTES):
                size += len(chunk)
                check_unpacked(size, packed)
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError as error:
                    return line + error.object[: error.start].count(b"\n")
                line += chunk.count(b"\n")
        decoder.decode(b"", final=True)
    except UnicodeError:
        # Also UTF-16 without its mark: almost any bytes could be read as that.
        return line
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _not_gzip(line) from error
    if size == 0:
        raise FileFault("empty_file", "The file is empty; send the header and the lines.")
    return None


def check_unpacked(size: int, packed: int) -> None:
    """FileFault where a file unpacks to more than any ledger holds."""
    if size > MAX_UNPACKED_BYTES:
        raise FileFault("too_large", "The file unpacks to more than 4 GiB; send it in parts.")
    if size > RATIO_FROM_BYTES and size > MAX_RATIO * max(packed, 1):
        raise FileFault("too_large", f"The file unpacks to more than {MAX_RATIO} times its size; send it unpacked.")


def _not_gzip(line: int | None) -> FileFault:
    where = f" It breaks off or is damaged after line {line}." if line is not None and line > 1 else ""
    return FileFault("not_gzip", f"The body is not a whole gzip file; send it again, or plain.{where}", line=line)
