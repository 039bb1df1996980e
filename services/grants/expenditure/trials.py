"""Trying a layout on a sample: what it understands, what it does not, and what it leaves unread."""

from __future__ import annotations

import base64
import binascii
import csv
import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from pydantic import Field

from services.grants.expenditure.columns import Columns, ColumnsMissing
from services.grants.expenditure.headers import DELIMITERS, columns_shown
from services.grants.expenditure.line import INCOMING, NULL
from services.grants.expenditure.reader import FileReader, FileToRead, encoding_of
from services.grants.expenditure.reading import OPENING_BYTES, FileFault, marked_encoding, not_text
from services.grants.expenditure.receiving import header_refused, refused
from services.grants.expenditure.shapes import Count, Reason
from shared.http import Shape

SHOWN_LINES = 50
SAMPLED_LINES = 20
MOST_LINES = 5000
SHOWN_KEYS = 10
SHOWN_RECORDS = 10
PENCE = tuple(name for name in INCOMING if name.endswith("_pence"))
BOOLEANS = ("vcse", "source_redacted")
INTERNAL = ("record", "line", "reasons", "fingerprint", "rule", "flags", "use_reasons", "amount_pence", "loose_key")


@dataclass(frozen=True)
class Sample:
    """A layout, the beginning of a file, and what goes with a file."""

    layout: dict[str, Any]
    source: str
    text: str | None
    base64: str | None
    media_type: str
    said: dict[str, str]
    today: str
    uses: dict[str, Any] | None


class TrialLine(Shape):
    """A line as the layout understands it."""

    record: int
    line: int | None
    outcome: str = Field(description="`readable` or `rejected`; what is stored already is not looked at.")
    amount_pence: int | None
    fields: dict[str, Any] = Field(description="The fields of the entry that it would become.")
    agreement: str | None = Field(description="Year of the agreement that an assignment rule names.")
    line_code: str | None
    reasons: list[Reason]
    use_reasons: list[dict[str, Any]] = Field(description="Why permitted use would hold the line (G-19).")
    flags: list[str]


class DaysShown(Shape):
    """First and last day, and how many cells leave the order of day and month open."""

    lines: int = Field(description="Lines whose day of payment can be read.")
    first: date | None
    last: date | None
    in_either_order: int = Field(description="Cells that name a day also with day and month exchanged.")
    only_in_other_order: int = Field(description="Cells that name a day only with day and month exchanged: rejected.")


class RepeatedKey(Shape):
    """A key that more than one line of the sample has."""

    key: str
    records: list[int] = Field(description=f"Data records that have it, counted from 1; the first {SHOWN_RECORDS}.")


class TrialShape(Shape):
    """How a layout reads a sample."""

    encoding: str
    header: list[str] = Field(description="The columns, as the profile may name them.")
    unused_columns: list[str] = Field(description="Columns that no part of the profile names.")
    received: Count
    rejected: int
    amount_unreadable: int
    not_lines: dict[str, int]
    flags: dict[str, int]
    faults: dict[str, int] = Field(description="Reasons by code, and how many lines have them.")
    findings: list[dict[str, Any]]
    days: DaysShown = Field(description="The days of payment, as the layout reads them.")
    repeated_keys: int = Field(description="Lines whose key stands in the sample before: do the columns name a line?")
    repeated: list[RepeatedKey] = Field(
        default=[], description=f"The first {SHOWN_KEYS} keys that stand in the sample more than once."
    )
    lines: list[TrialLine] = Field(description=f"The first {SHOWN_LINES}.")
    more: bool = Field(description=f"Whether the sample holds more than the {MOST_LINES:,} lines that were read.")


def try_profile(sample: Sample) -> TrialShape:
    """Blocking: runs in a thread. Refused where the file as a whole cannot be read."""
    try:
        with _stored(_bytes_of(sample)) as path:
            file = FileToRead(
                path=path,
                media_type=sample.media_type,
                gzipped=False,
                encoding="utf-8",
                layout=sample.layout,
                source=sample.source,
                today=sample.today,
                uses=sample.uses,
                said=sample.said,
            )
            encoding = encoding_of(file)
            reader = FileReader(replace(file, encoding=encoding))
            blocks = reader.blocks(MOST_LINES)
            rows = next(blocks, "").splitlines()
            more = next(blocks, None) is not None
            if more:
                # What was read of it has no end at which its days would have been looked at.
                reader.tally.findings += reader.days.findings()
    except FileFault as fault:
        raise refused(fault) from fault
    except ColumnsMissing as fault:
        raise header_refused(fault) from fault
    lines = [_line(row, sample.layout) for row in rows]
    repeated = _repeated(lines) if sample.layout["identity"]["kind"] == "keyed" else {}
    return TrialShape(
        encoding=encoding.removesuffix("-sig"),
        header=[name.strip() for name in reader.header],
        unused_columns=_unused(reader.columns),
        received=Count(lines=len(lines), pence=sum(line.amount_pence or 0 for line in lines)),
        rejected=sum(line.outcome == "rejected" for line in lines),
        amount_unreadable=sum(line.amount_pence is None for line in lines),
        not_lines=reader.tally.not_lines,
        flags=_counted(flag for line in lines for flag in line.flags),
        faults=_counted(code for line in lines for code in {reason.code for reason in line.reasons}),
        findings=reader.tally.findings,
        days=DaysShown(**reader.days.shown()),
        repeated_keys=sum(len(records) - 1 for records in repeated.values()),
        repeated=[
            RepeatedKey(key=key, records=records[:SHOWN_RECORDS])
            for key, records in list(repeated.items())[:SHOWN_KEYS]
        ],
        lines=lines[:SHOWN_LINES],
        more=more,
    )


def _bytes_of(sample: Sample) -> bytes:
    if (sample.text is None) == (sample.base64 is None):
        raise FileFault("sample_missing", "Give either sample or sample_base64.")
    if sample.text is not None:
        return sample.text.encode(errors="surrogatepass")
    try:
        return base64.b64decode(sample.base64 or "", validate=True)
    except (binascii.Error, ValueError):
        raise FileFault("not_base64", "sample_base64 is not Base64; encode the file's bytes.") from None


@contextmanager
def _stored(data: bytes) -> Iterator[str]:
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        yield file.name


def _line(row: str, layout: dict[str, Any]) -> TrialLine:
    cells = [None if cell == NULL else cell.replace("\\\\", "\\") for cell in row.split("\t")]
    found = dict(zip(INCOMING, cells, strict=True))
    rule = layout["assignment"]["rules"][int(found["rule"])] if found["rule"] else {}
    reasons = json.loads(found["reasons"] or "[]")
    return TrialLine(
        record=int(found["record"] or 0),
        line=int(found["line"]) if found["line"] else None,
        outcome="rejected" if reasons else "readable",
        amount_pence=int(found["amount_pence"]) if found["amount_pence"] else None,
        fields={
            name: int(value) if name in PENCE else value == "t" if name in BOOLEANS else value
            for name, value in found.items()
            if value is not None and name not in INTERNAL and not reasons
        },
        agreement=rule.get("agreement"),
        line_code=rule.get("line_code"),
        reasons=[Reason(**reason) for reason in reasons],
        use_reasons=json.loads(found["use_reasons"] or "[]"),
        flags=[flag for flag in (found["flags"] or "{}").strip("{}").split(",") if flag],
    )


def _unused(columns: Columns) -> list[str]:
    used = columns.used()
    return [name.strip() for place, name in enumerate(columns.header) if name.strip() and place not in used]


def _counted(names: Iterator[str]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for name in names:
        counted[name] = counted.get(name, 0) + 1
    return dict(sorted(counted.items()))


def _repeated(lines: list[TrialLine]) -> dict[str, list[int]]:
    """Keys that stand more than once, with their records."""
    found: dict[str, list[int]] = {}
    for line in lines:
        if (key := line.fields.get("line_key")) is not None:
            found.setdefault(key, []).append(line.record)
    return {key: records for key, records in found.items() if len(records) > 1}


def header_of(text: str | None, packed: str | None, profile: Any) -> str | None:
    """What a sample's header is, in words, for somebody whose profile is not one yet. None where no sample is given.

    What the profile says already of encoding, delimiter and header is used, where it can be.
    """
    said = profile if isinstance(profile, dict) else {}
    try:
        data = (
            text.encode(errors="surrogatepass") if text is not None else base64.b64decode(packed or "", validate=True)
        )
    except ValueError:
        return None
    if not data:
        return None
    if why := not_text(data[:OPENING_BYTES]):
        return why
    content, encoding = _decoded(data, said.get("encodings"))
    opening = content.lstrip("\ufeff \t\r\n")
    if opening.startswith(("{", "[")):
        return _names_of_json(opening)
    lines = content.lstrip("\ufeff").splitlines()[:SAMPLED_LINES]
    delimiter = said.get("delimiter")
    if delimiter not in (",", ";", "\t", "|", "^", "~"):
        delimiter = max(DELIMITERS, key=lambda sign: sum(line.count(sign) for line in lines))
    rows = list(_cells(lines, delimiter))
    header = said.get("header")
    row = header.get("row") if isinstance(header, dict) else None
    if not isinstance(row, int) or not 1 <= row <= len(rows):
        row = _likely_header(rows)
    if not rows:
        return None
    called = DELIMITERS.get(delimiter, delimiter)
    return (
        f"The sample, read as {encoding} with {called} between cells, has in record {row} this header:"
        f" {columns_shown([cell.strip() for cell in rows[row - 1]])}. Name its columns in fields and identity."
    )


def _decoded(data: bytes, encodings: Any) -> tuple[str, str]:
    given = [name for name in encodings if isinstance(name, str)] if isinstance(encodings, (list, tuple)) else []
    mark = marked_encoding(data)
    for name in [mark] if mark else ["utf-8-sig", *given, "cp1252"]:
        try:
            return data.decode(name), name.removesuffix("-sig")
        except (UnicodeError, LookupError):
            continue
    return data.decode("cp1252", errors="replace"), "cp1252"


def _names_of_json(text: str) -> str | None:
    match = re.search(r"\{[^{}\[\]]*\}", text)
    try:
        found = json.loads(match[0]) if match else None
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    return (
        f"The sample's first line names these columns: {columns_shown(list(found))}. Name them in fields and identity."
    )


def _cells(lines: list[str], delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield []


def _likely_header(rows: list[list[str]]) -> int:
    """The first record with as many filled cells as any, none of them a figure."""

    def filled(row: list[str]) -> int:
        return sum(bool(cell.strip()) for cell in row)

    most = max(map(filled, rows), default=0)
    for number, row in enumerate(rows, start=1):
        if filled(row) >= max(1, most - 1) and not any(cell.strip()[:1].isdigit() for cell in row):
            return number
    return 1
