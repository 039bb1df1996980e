"""A first look into an upload: what kind of file it is, how it is read, and its lines where they are few."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from services.grants.expenditure.columns import ColumnsMissing
from services.grants.expenditure.faults import DaysInAnotherOrder, DaysNotInFile, UnreadableFile
from services.grants.expenditure.json_records import JSON_LINES
from services.grants.expenditure.reader import FileReader, FileToRead, encoding_of
from services.grants.expenditure.reading import FileFault, first_text
from services.grants.expenditure.row_kinds import Tally
from shared.errors import ErrorItem, Refusal, TooLarge, UnsupportedMediaType
from shared.http import Upload

CSV_TYPES = ("text/csv", "text/plain", "text/tab-separated-values", "application/csv")
GZIP_TYPES = ("application/gzip", "application/x-gzip")
MEDIA_TYPES = (*CSV_TYPES, "application/json", *JSON_LINES)
ANSWERED_AT_ONCE_LINES = 1000

GZIP_MARK, ZIP_MARK, OLD_SHEET_MARK, PDF_MARK = b"\x1f\x8b", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF"
JSON_DOCUMENT = re.compile(r'\{\s*"lines"\s*:')


@dataclass(frozen=True)
class Look:
    """A first look into a file: how it is read, and its rows where they are few."""

    encoding: str
    header: tuple[str, ...]
    rows: str
    tally: Tally | None
    said: dict[str, str]


def media_of(upload: Upload) -> tuple[str, bool]:
    """The kind of text that was sent, and whether it is compressed. UnsupportedMediaType for what is not taken."""
    encoding = (upload.content_encoding or "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise UnsupportedMediaType("Content-Encoding may be gzip, or be left out.")
    media_type, gzipped = upload.media_type, encoding != "identity"
    if media_type in GZIP_TYPES:
        gzipped = True
    elif media_type not in MEDIA_TYPES:
        raise UnsupportedMediaType(
            "Send the file as text/csv, or lines as application/json or application/x-ndjson, plain or as"
            " application/gzip; name it in Content-Type."
        )
    with upload.path.open("rb") as file:
        opening = file.read(4)
    if opening.startswith((ZIP_MARK, OLD_SHEET_MARK, PDF_MARK)):
        raise UnsupportedMediaType(
            "This is a spreadsheet, an archive or a PDF, not text; save it as CSV and send that."
        )
    if opening.startswith(GZIP_MARK) and not gzipped:
        raise UnsupportedMediaType("The body is compressed; say so by Content-Encoding: gzip.")
    if media_type in GZIP_TYPES:
        media_type = _unpacked_type(upload.path)
    return media_type, gzipped


def _unpacked_type(path: Path) -> str:
    """What a compressed file holds, by its first signs: JSON begins with a brace, and is one document or many."""
    try:
        opening = first_text(path, True, 4096).lstrip()
    except FileFault as fault:
        raise refused(fault) from fault
    if JSON_DOCUMENT.match(opening) or opening.startswith("["):
        return "application/json"
    return JSON_LINES[0] if opening.startswith("{") else "text/csv"


def look(file: FileToRead) -> Look:
    """Read the header and the first lines; of a short file that is all. Blocking: runs in a thread."""
    try:
        encoding = encoding_of(file)
        reader = FileReader(replace(file, encoding=encoding))
        blocks = reader.blocks(ANSWERED_AT_ONCE_LINES)
        rows = next(blocks, "")
        more = next(blocks, None) is not None
        if not more and not reader.persons_learnt <= set(file.persons):
            # A person who stands as payee further down may be named in a line above.
            file = replace(file, encoding=encoding, persons=(*file.persons, *sorted(reader.persons_learnt)))
            reader = FileReader(file)
            rows = "".join(reader.blocks(ANSWERED_AT_ONCE_LINES))
    except FileFault as fault:
        raise refused(fault) from fault
    except ColumnsMissing as fault:
        raise header_refused(fault) from fault
    return Look(encoding, reader.header, rows, None if more else reader.tally, reader.said)


def header_refused(fault: ColumnsMissing) -> UnreadableFile:
    """Every column that is missing or not unique, at once."""
    return UnreadableFile(
        "The header does not hold the columns the profile needs; see errors. Is it the right profile, is the delimiter"
        " the profile's, and is the header where the profile says?",
        errors=[ErrorItem(code=item.code, detail=item.detail, column=item.column[:64]) for item in fault.faults],
    )


def refused(fault: FileFault) -> Refusal:
    item = ErrorItem(code=fault.code, detail=fault.detail, line=fault.line)
    if fault.code == "too_large":
        return TooLarge(fault.detail, errors=[item])
    if fault.code == DaysNotInFile.code:
        return DaysNotInFile(fault.detail, errors=[item.model_copy(update={"parameter": "covers_from"})])
    if fault.code == DaysInAnotherOrder.code:
        return DaysInAnotherOrder(fault.detail, errors=[item])
    return UnreadableFile(fault.detail, errors=[item])
