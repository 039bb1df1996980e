"""The search as a page: a form, the rows found, their totals, and a chart of the largest payees with its table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.requests import Request

from services.transparency.search import queries, rules
from shared.errors import Refusal
from shared.money import sterling
from shared.pagination import DEFAULT_LIMIT, PageRequest
from shared.work import Work

CHART_PAYEES = 10

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent.parent / "templates"),
    autoescape=select_autoescape(),
    trim_blocks=True,
)
TEMPLATES.filters["sterling"] = sterling


@dataclass(frozen=True)
class Shown:
    """What the page is made of."""

    asked: rules.Asked
    order: str
    publishers: Sequence[tuple[str, str]]
    rows: Sequence[Any] = ()
    totals: queries.Totals | None = None
    following: str | None = None


@dataclass(frozen=True)
class Bar:
    """A payee of the chart; the length is in thousandths of the longest bar."""

    name: str
    total_pence: int
    rows: int
    length: int
    href: str | None


def wants_html(request: Request) -> bool:
    return request.url.path.endswith(".html") or "text/html" in request.headers.get("accept", "")


def bars(groups: Sequence[queries.Group], filters: Sequence[tuple[str, str]]) -> list[Bar]:
    """The chart of the largest payees. A payee with more credits than payments has no bar, and stands in the table."""
    longest = max((group.total_pence for group in groups), default=0)
    others = [(name, value) for name, value in filters if name != "payee"]
    return [
        Bar(
            name=group.label,
            total_pence=group.total_pence,
            rows=group.rows,
            length=max(group.total_pence, 0) * 1000 // longest if longest > 0 else 0,
            href=f"search.html?{urlencode([*others, ('payee', group.key)])}" if group.key else None,
        )
        for group in groups
    ]


def render(work: Work, paging: PageRequest, shown: Shown, refusal: Refusal | None) -> str:
    """The page. Its links are relative, so that it works behind whatever address it is read at."""
    filters = [(name, value) for name, value in paging.filters if value != "" and name != "counts"]
    query = urlencode(filters)
    return TEMPLATES.get_template("search.html").render(
        shown=shown,
        asked=shown.asked,
        refusal=refusal,
        bars=bars(shown.totals.groups["payee"], filters) if shown.totals else [],
        query=f"?{query}" if query else "",
        sent=dict(filters) | ({"limit": str(paging.limit)} if paging.limit != DEFAULT_LIMIT else {}),
        base=work.base_url,
        is_first=paging.cursor is None,
    )
