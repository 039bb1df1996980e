"""How the lists and documents of this room are answered: as CSV, or with a tag that is the hash of the bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from starlette.responses import Response

from shared.http import Shape
from shared.tabular import csv_bytes, csv_response


def as_csv(shapes: Sequence[Shape], kind: type[Shape], filename: str) -> Response:
    """A list as CSV: the heads of the JSON, several values by a pipe, booleans true and false."""
    header = list(kind.model_fields)
    data, _ = csv_bytes(header, ([_cell(value) for value in shape.model_dump().values()] for shape in shapes))
    return csv_response(data, filename)


def _cell(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, list):
        return "|".join(map(str, value))
    return None if value is None else str(value)


def tagged(content: bytes, media_type: str) -> Response:
    """An answer whose strong tag is the hash of its bytes, so that it changes when anything in it does."""
    digest = hashlib.sha256(content).hexdigest()
    return Response(
        content,
        media_type=media_type,
        headers={"ETag": f'"{digest}"', "Cache-Control": "no-cache", "Vary": "Accept"},
    )
