"""Building an edition's files: rows stream from the database to the file, so that memory stays flat at any size."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from psycopg import sql

from services.transparency.drafts import DraftRow
from services.transparency.editions.cells import Frame, csv_copy, json_copy, profile
from services.transparency.editions.row_lines import Digests
from shared.files import FileStore, StoredFile
from shared.tabular import csv_bytes

CHUNK_BYTES = 1024 * 1024

CSV_TYPE = "text/csv; charset=utf-8"
JSON_TYPE = "application/json"
SCHEMA_TYPE = "application/tableschema+json"
CSVW_TYPE = "application/csvm+json"

LICENCE = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"

TYPES = {
    "string": "string",
    "text": "string",
    "uri": "string",
    "money": "string",
    "decimal": "string",
    "date": "date",
    "integer": "integer",
    "boolean": "boolean",
}


async def build_csv(connection: psycopg.AsyncConnection[Any], files: FileStore, frame: Frame) -> StoredFile:
    """The CSV file: UTF-8, CRLF, one header row, quotes only where needed (T-55)."""
    header = ",".join(column["header"] for column in profile("spend")).encode() + b"\r\n"
    # No cell holds a line break (see cells.py), so each newline that COPY writes ends a row.
    return await _build(
        connection,
        files,
        CSV_TYPE,
        csv_copy(frame),
        start=header,
        end=b"",
        dress=lambda rows: rows.replace(b"\n", b"\r\n"),
    )


async def build_json(
    connection: psycopg.AsyncConnection[Any], files: FileStore, frame: Frame, about: dict[str, Any], digests: Digests
) -> StoredFile:
    """The same rows as JSON: amounts in pence, dates in ISO form, text as stored; one row a line."""
    separator = b"\n"

    def dress(rows: bytes) -> bytes:
        nonlocal separator
        # COPY in text form doubles every backslash and, as JSON escapes all else, does nothing more.
        lines = rows.removesuffix(b"\n").replace(b"\\\\", b"\\")
        digests.add(lines)
        dressed = separator + lines.replace(b"\n", b",\n")
        separator = b",\n"
        return dressed

    return await _build(
        connection, files, JSON_TYPE, json_copy(frame), start=_opening(about), end=b"\n]}\n", dress=dress
    )


def csv_of(dataset: str, rows: Sequence[DraftRow]) -> tuple[bytes, int]:
    """The CSV file of rows that a room drafted, and how many of its cells got an apostrophe (T-55, T-56)."""
    header = [column["header"] for column in profile(dataset)]
    return csv_bytes(header, ([row.cells.get(name, "") for name in header] for row in rows))


def json_of(lines: Sequence[bytes], about: dict[str, Any]) -> bytes:
    """The JSON file of rows that a room drafted."""
    body = b"\n" + b",\n".join(lines) if lines else b""
    return _opening(about) + body + b"\n]}\n"


def _opening(about: dict[str, Any]) -> bytes:
    head = json.dumps(about, ensure_ascii=False, separators=(",", ":")).encode()
    return head[:-1] + b',"rows":['


KEYS: dict[str, list[str]] = {"spend": ["TransactionNumber", "LineNumber"], "contracts": ["ContractReference"]}
"""Columns that name a row, where they are not unique by themselves."""


def table_schema(dataset: str) -> bytes:
    """Table Schema of the CSV file, made from the column profile: the data dictionary, deviations included."""
    fields = []
    for column in profile(dataset):
        constraint = column["constraint"] or {}
        kind = TYPES[column["type"]]
        field: dict[str, Any] = {"name": column["header"], "type": kind}
        constraints: dict[str, Any] = {"required": column["required"]}
        if kind == "date":
            field["format"] = "%d/%m/%Y"
        elif kind == "boolean":
            field |= {"trueValues": ["Yes"], "falseValues": ["No"]}
        elif kind == "integer":
            constraints["minimum"] = 1
        else:
            constraints |= {key: constraint[key] for key in ("pattern", "enum", "minLength") if key in constraint}
        if constraint.get("unique"):
            constraints["unique"] = True
        notes = [constraint.get("note"), column["our_deviation"]]
        if any(notes):
            field["description"] = ". ".join(note for note in notes if note)
        fields.append({**field, "constraints": constraints})
    # None is a text of CardTransaction; only an empty cell is a missing value (T-9).
    schema: dict[str, Any] = {"fields": fields, "missingValues": [""]}
    if dataset in KEYS:
        schema["primaryKey"] = KEYS[dataset]
    return json.dumps(schema, ensure_ascii=False, indent=1).encode() + b"\n"


CSVW_TYPES: dict[str, Any] = {
    "date": {"base": "date", "format": "dd/MM/yyyy"},
    "integer": "integer",
    "boolean": {"base": "boolean", "format": "Yes|No"},
    "uri": "anyURI",
}


def csvw_metadata(dataset: str, csv_file: str, title: str) -> bytes:
    """The same dictionary as metadata of CSV on the Web, found at the CSV's address with `-metadata.json` behind it.

    Money is text of a pattern here too: a decimal would let `25123` and `25123.0` pass (T-55).
    """
    columns = []
    for column in profile(dataset):
        constraint = column["constraint"] or {}
        datatype = CSVW_TYPES.get(column["type"])
        if datatype is None:
            pattern = constraint.get("pattern") or _one_of(constraint.get("enum"))
            datatype = {"base": "string", "format": pattern} if pattern else "string"
        described = {
            "name": column["header"].replace(" ", "_"),
            "titles": column["header"],
            "datatype": datatype,
            "required": column["required"],
            "null": "",
        }
        notes = [constraint.get("note"), column["our_deviation"]]
        if any(notes):
            described["dc:description"] = ". ".join(note for note in notes if note)
        columns.append(described)
    schema: dict[str, Any] = {"columns": columns}
    if dataset in KEYS:
        schema["primaryKey"] = [name.replace(" ", "_") for name in KEYS[dataset]]
    content = {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "url": csv_file,
        "dc:title": title,
        "dc:license": {"@id": LICENCE},
        "dialect": {"encoding": "utf-8", "delimiter": ",", "header": True, "lineTerminators": ["\r\n"]},
        "tableSchema": schema,
    }
    return json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n"


def _one_of(values: Sequence[str] | None) -> str | None:
    return "^(" + "|".join(map(re.escape, values)) + ")$" if values else None


async def _build(
    connection: psycopg.AsyncConnection[Any],
    files: FileStore,
    media_type: str,
    query: sql.Composed,
    *,
    start: bytes,
    end: bytes,
    dress: Callable[[bytes], bytes],
) -> StoredFile:
    writer = await asyncio.to_thread(files.writer, media_type)
    try:
        writer.write(start)
        rows: list[bytes] = []
        size = 0
        async with connection.cursor() as cursor, cursor.copy(query) as copy:
            async for row in copy:
                rows.append(bytes(row))
                size += len(row)
                if size >= CHUNK_BYTES:
                    # Dressing, hashing and writing a chunk happen off the event loop, which also gives it air.
                    await asyncio.to_thread(writer.write, dress(b"".join(rows)))
                    rows, size = [], 0
        if rows:
            writer.write(dress(b"".join(rows)))
        writer.write(end)
    except BaseException:
        writer.discard()
        raise
    return await asyncio.to_thread(writer.finish)
