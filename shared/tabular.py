"""Tables as CSV: RFC 4180, UTF-8, and nothing in a cell that a spreadsheet would run (T-55, T-56)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from shared.guards import guard

CSV_TYPE = "text/csv; charset=utf-8"


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> tuple[bytes, int]:
    """The table as bytes, and how many cells were guarded. None is an empty cell."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(header)
    guarded = 0
    for row in rows:
        cells = []
        for value in row:
            text = "" if value is None else str(value)
            safe = guard(text)
            guarded += safe is not text
            cells.append(safe)
        writer.writerow(cells)
    return buffer.getvalue().encode(), guarded


def wants_csv(request: Request) -> bool:
    """By extension, or by `Accept` where CSV is named before JSON."""
    if request.url.path.endswith(".csv"):
        return True
    accepted = [part.split(";")[0].strip() for part in request.headers.get("accept", "").split(",")]
    for media_type in accepted:
        if media_type == "text/csv":
            return True
        if media_type in ("application/json", "*/*", "application/*"):
            return False
    return False


def csv_response(data: bytes, filename: str) -> Response:
    return Response(
        data,
        media_type=CSV_TYPE,
        headers={"Content-Disposition": f'inline; filename="{filename}"', "Vary": "Accept"},
    )
