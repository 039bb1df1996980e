"""A first look into an upload: what kind of file it is, how it is read, and its lines where they are few."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from services.grants.expenditure.cells import shown
from services.grants.expenditure.columns import ColumnsMissing
from services.grants.expenditure.faults import DaysInAnotherOrder, DaysNotInFile, UnreadableFile
from services.grants.expenditure.headers import SHOWN_COLUMNS, HeaderUnfit
from services.grants.expenditure.json_records import JSON_LINES
from services.grants.expenditure.reader import FileReader, FileToRead, encoding_of
from services.grants.expenditure.reading import GZIP, FileFault, first_bytes, first_text, not_text
from services.grants.expenditure.row_kinds import Tally
from shared.errors import ErrorItem, Refusal, TooLarge, UnsupportedMediaType
from shared.http import Upload

CSV_TYPES = ("text/csv", "text/plain", "text/tab-separated-values", "application/csv")
GZIP_TYPES = ("application/gzip", "application/x-gzip")
MEDIA_TYPES = (*CSV_TYPES, "application/json", *JSON_LINES)
ANSWERED_AT_ONCE_LINES = 1000

WORKBOOK_TYPES = ("excel", "spreadsheet", "opendocument", "openxml")
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
        _refuse_workbook(upload.path, gzipped=gzipped)
        if any(word in media_type for word in WORKBOOK_TYPES):
            raise UnsupportedMediaType(
                f"{media_type} is the type of a workbook, which is not taken here; save the sheet as CSV (UTF-8) and"
                " send that as text/csv. If the file is CSV already, say text/csv in Content-Type."
            )
        raise UnsupportedMediaType(
            "Send the file as text/csv, or lines as application/json or application/x-ndjson, plain or as"
            " application/gzip; name it in Content-Type."
        )
    with upload.path.open("rb") as file:
        packed = file.read(2) == GZIP
    if packed and not gzipped:
        raise UnsupportedMediaType("The body is compressed; say so by Content-Encoding: gzip.")
    _refuse_workbook(upload.path, gzipped=gzipped)
    if media_type in GZIP_TYPES:
        media_type = _unpacked_type(upload.path)
    return media_type, gzipped


def _refuse_workbook(path: Path, *, gzipped: bool) -> None:
    """UnsupportedMediaType for a workbook, an archive or a PDF, whatever it is called, also where it is compressed."""
    try:
        why = not_text(first_bytes(path, gzipped))
    except FileFault as fault:
        raise refused(fault) from fault
    if why is not None:
        raise UnsupportedMediaType(why)


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
    """Every column that is missing or not unique, at once, with the header that was read and the one that would fit."""
    detail = (
        "The header does not hold the columns the profile needs; see errors. Is it the right profile, is the delimiter"
        " the profile's, and is the header where the profile says?"
    )
    extra = {}
    if isinstance(fault, HeaderUnfit):
        detail = f"{detail} {fault.told}"
        extra = {"header": [shown(name) for name in fault.read[:SHOWN_COLUMNS]], "header_record": fault.record}
        if fault.fitting is not None:
            extra["fitting_record"] = fault.fitting
    return UnreadableFile(
        detail,
        errors=[ErrorItem(code=item.code, detail=item.detail, column=item.column[:64]) for item in fault.faults],
        extra=extra,
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
