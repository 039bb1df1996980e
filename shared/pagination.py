"""Keyset lists: a cursor that holds the last row's sort values and is bound to the filters it was made for."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Query, Request
from pydantic import BaseModel, Field, WithJsonSchema
from sqlalchemy import ColumnElement, tuple_
from sqlalchemy.orm import Session as OrmSession
from sqlalchemy.sql import Select

from shared.errors import Malformed
from shared.fields import Moment, as_written
from shared.work import Work

T = TypeVar("T")

MAX_LIMIT = 500
DEFAULT_LIMIT = 100

# Behind a check of the form the generator of the API's description writes bounds under names that JSON Schema does not
# have, so what it shall say is given here.
Limit = Annotated[
    int,
    Field(ge=1, le=MAX_LIMIT),
    as_written("[0-9]{1,9}", "a plain whole number"),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MAX_LIMIT}),
]


class Links(BaseModel):
    next: str | None = Field(default=None, description="Address of the next page; null on the last.")


class Page(BaseModel, Generic[T]):
    """One page of a list."""

    items: list[T]
    links: Links


class PageRequest:
    """The asked page, and the filters beside it."""

    def __init__(
        self,
        request: Request,
        limit: Annotated[Limit, Query(description="Most items on a page.")] = DEFAULT_LIMIT,
        cursor: Annotated[str | None, Query(max_length=2000, description="From `links.next`.")] = None,
    ) -> None:
        self.limit = limit
        self.cursor = cursor
        self.path = request.url.path
        self.filters = sorted(
            (name, value) for name, value in request.query_params.multi_items() if name not in ("limit", "cursor")
        )

    @property
    def binding(self) -> str:
        return hashlib.sha256(json.dumps([self.path, self.filters]).encode()).hexdigest()[:16]


class ChangedPageRequest(PageRequest):
    """A page of a list that can be narrowed to what changed lately."""

    def __init__(
        self,
        request: Request,
        limit: Annotated[Limit, Query(description="Most items on a page.")] = DEFAULT_LIMIT,
        cursor: Annotated[str | None, Query(max_length=2000, description="From `links.next`.")] = None,
        updated_since: Annotated[
            Moment | None,
            Query(description="Only what was created or changed at or after this instant; needs a time zone."),
        ] = None,
    ) -> None:
        super().__init__(request, limit, cursor)
        self.updated_since = updated_since


Paging = Annotated[PageRequest, Depends()]
ChangedPaging = Annotated[ChangedPageRequest, Depends()]
"""For lists of things that change: give `paginate` the column of the last change as `changed`."""


async def paginate(
    work: Work,
    statement: Select[*tuple[Any, ...]],
    *,
    order: Sequence[Any],
    paging: PageRequest,
    shape: Callable[[Any], T],
    descending: bool = False,
    changed: Any = None,
) -> Page[T]:
    """One page of `statement` in the order of `order`, whose last column must be unique.

    `changed` is the column of the last change, for lists that take `updated_since`; it filters and never orders.
    `shape` turns a row (an entity, or a Row where several columns are selected) into an answer.
    """
    if isinstance(paging, ChangedPageRequest) and paging.updated_since is not None:
        statement = statement.where(changed >= paging.updated_since)
    columns: list[ColumnElement[Any]] = [getattr(column, "expression", column) for column in order]
    values = values_behind(paging, columns)
    if values is not None:
        key, last = tuple_(*columns), tuple_(*values)
        statement = statement.where(key < last if descending else key > last)
    sort = [column.label(f"sort_{place}") for place, column in enumerate(columns)]
    statement = statement.add_columns(*sort).limit(paging.limit + 1)
    statement = statement.order_by(*(column.desc() if descending else column.asc() for column in columns))
    # SQLModel's own `exec` would drop the sort values of a select of one entity; this is the ORM's plain execute.
    frozen = await work.session.run_sync(lambda session: OrmSession.execute(session, statement).freeze())
    keys = frozen().columns(*(column.name for column in sort)).all()
    width = len(frozen.metadata.keys) - len(sort)
    rows = frozen().columns(*range(width)).all()
    more = len(rows) > paging.limit
    items = [shape(row[0] if width == 1 else row) for row in rows[: paging.limit]]
    return Page(items=items, links=links_behind(work, paging, keys[paging.limit - 1] if more else None))


def page_of(work: Work, items: Sequence[T], *, key: Callable[[T], tuple[str, ...]], paging: PageRequest) -> Page[T]:
    """One page of what was put together rather than selected, in the order of its keys, each of which is unique."""
    found = sorted(((key(item), item) for item in items), key=lambda pair: pair[0])
    if paging.cursor is not None and found:
        last = tuple(_open(paging, len(found[0][0])))
        found = [pair for pair in found if pair[0] > last]
    shown = found[: paging.limit]
    more = len(found) > paging.limit
    return Page(items=[item for _, item in shown], links=links_behind(work, paging, shown[-1][0] if more else None))


def values_behind(paging: PageRequest, columns: Sequence[ColumnElement[Any]]) -> list[Any] | None:
    """The sort values that the cursor holds, for lists that select their pages themselves; None on the first page."""
    if paging.cursor is None:
        return None
    opened = _open(paging, len(columns))
    return [_value(text, column) for text, column in zip(opened, columns, strict=True)]


def links_behind(work: Work, paging: PageRequest, last: Sequence[Any] | None) -> Links:
    """The way to the page behind the one whose last sort values these are; None where there is no more."""
    if last is None:
        return Links(next=None)
    cursor = _seal(paging, [_text(value) for value in last])
    query = urlencode([*paging.filters, ("limit", str(paging.limit)), ("cursor", cursor)])
    following = f"{work.base_url}{_service_path(paging.path)}?{query}"
    work.headers["Link"] = f'<{following}>; rel="next"'
    return Links(next=following)


def _service_path(path: str) -> str:
    """The path behind the mount point: everything from `/v1` or `/open` on."""
    for start in ("/v1/", "/open/"):
        index = path.find(start)
        if index >= 0:
            return path[index:]
    return path


def _seal(paging: PageRequest, values: list[str]) -> str:
    return base64.urlsafe_b64encode(json.dumps([paging.binding, *values]).encode()).decode().rstrip("=")


def _open(paging: PageRequest, values: int) -> list[str]:
    fault = Malformed(
        "The cursor does not belong to this list and these filters; start again without it.", parameter="cursor"
    )
    cursor = paging.cursor or ""
    try:
        content = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError as error:
        raise fault from error
    if not isinstance(content, list) or not content or content[0] != paging.binding:
        raise fault
    if len(content) != values + 1 or not all(isinstance(value, str) for value in content):
        raise fault
    return content[1:]


def _text(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


def _value(text: str, column: ColumnElement[Any]) -> Any:
    try:
        kind = column.type.python_type
        if kind is datetime:
            return datetime.fromisoformat(text)
        if kind is date:
            return date.fromisoformat(text)
        if kind is UUID:
            return UUID(text)
        # SQLModel's own text type calls its values plain objects.
        return text if kind is object else kind(text)
    except (ValueError, TypeError) as error:
        raise Malformed("The cursor cannot be read; start again without it.", parameter="cursor") from error
