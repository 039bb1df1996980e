"""Lists of lines and entries as CSV: one row each, money in pounds, several values divided by a pipe."""

from __future__ import annotations

from collections.abc import Sequence
from types import UnionType
from typing import Any, get_args

from pydantic import BaseModel

from services.grants.expenditure.shapes import Reason
from shared.money import pounds
from shared.tabular import csv_bytes


def sheet(kind: type[BaseModel], items: Sequence[BaseModel]) -> bytes:
    """A page of answers as a table; its header is there without any item too."""
    columns = list(_columns(kind))
    rows = [[_cell(path, _value(item, path)) for path in columns] for item in items]
    return csv_bytes([_heading(path) for path in columns], rows)[0]


def _columns(kind: type[BaseModel], before: tuple[str, ...] = ()) -> Any:
    for name, field in kind.model_fields.items():
        # A part that may be missing has its columns all the same.
        parts: tuple[Any, ...] = get_args(field.annotation) if isinstance(field.annotation, UnionType) else ()
        inner: Any = next((part for part in parts if _is_shape(part)), field.annotation)
        if _is_shape(inner):
            yield from _columns(inner, (*before, name))
        else:
            yield (*before, name)


def _is_shape(part: Any) -> bool:
    return isinstance(part, type) and issubclass(part, BaseModel)


def _heading(path: tuple[str, ...]) -> str:
    return "_".join(path).removesuffix("_pence")


def _value(item: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        item = None if item is None else getattr(item, name)
    return item


def _cell(path: tuple[str, ...], value: Any) -> Any:
    if isinstance(value, list):
        return "|".join(f"{item.code}: {item.detail}" if isinstance(item, Reason) else str(item) for item in value)
    if path[-1].endswith("_pence") and isinstance(value, int):
        return pounds(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value
