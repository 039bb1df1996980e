"""Building an edition's files: rows stream from the database to the file, so that memory stays flat at any size."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import sql

from services.transparency.editions.cells import Frame, csv_copy, json_copy, profile
from shared.files import FileStore, StoredFile

CHUNK_BYTES = 1024 * 1024

CSV_TYPE = "text/csv; charset=utf-8"
JSON_TYPE = "application/json"
SCHEMA_TYPE = "application/tableschema+json"

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
    connection: psycopg.AsyncConnection[Any], files: FileStore, frame: Frame, about: dict[str, Any]
) -> StoredFile:
    """The same rows as JSON: amounts in pence, dates in ISO form, text as stored."""
    head = json.dumps(about, ensure_ascii=False, separators=(",", ":")).encode()
    separator = b"\n"

    def dress(rows: bytes) -> bytes:
        nonlocal separator
        # COPY in text form doubles every backslash and, as JSON escapes all else, does nothing more.
        body = rows.removesuffix(b"\n").replace(b"\\\\", b"\\").replace(b"\n", b",\n")
        dressed = separator + body
        separator = b",\n"
        return dressed

    return await _build(
        connection, files, JSON_TYPE, json_copy(frame), start=head[:-1] + b',"rows":[', end=b"\n]}\n", dress=dress
    )


def table_schema() -> bytes:
    """Table Schema of the spend file, made from the column profile: the data dictionary, deviations included."""
    fields = []
    for column in profile("spend"):
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
    schema = {"fields": fields, "missingValues": [""], "primaryKey": ["TransactionNumber", "LineNumber"]}
    return json.dumps(schema, ensure_ascii=False, indent=1).encode() + b"\n"


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
