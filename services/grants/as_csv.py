"""Lists as CSV: a column for each field that is named, pence in pounds, what is nested by its path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any

from fastapi import Response

from shared.http import Shape
from shared.money import pounds
from shared.tabular import csv_bytes, csv_response


def csv_of(columns: Mapping[str, str], items: Iterable[Shape], filename: str) -> Response:
    """`columns` are header → field, such as `would_change.net_pence`; unknown is an empty cell, never zero.

    Of a paged list it is the page asked for; the header `Link` names the next.
    """
    rows = ([_cell(field, attrgetter(field)(item)) for field in columns.values()] for item in items)
    data, _ = csv_bytes(list(columns), rows)
    return csv_response(data, filename)


def _cell(field: str, value: Any) -> object:
    if value is None:
        return None
    if field.endswith("_pence"):
        return pounds(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, list):
        return "; ".join(str(each) for each in value)
    return value
