"""Pages for people: accessible HTML made of the same public content as the JSON."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

LONDON = ZoneInfo("Europe/London")

PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(template: str, **values: Any) -> HTMLResponse:
    """A page; every value is escaped."""
    return HTMLResponse(PAGES.get_template(template).render(**values))


def told(moment: datetime | str) -> str:
    """`Thursday 24 May 2018, 11.00`, in London."""
    instant = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    local = instant.astimezone(LONDON)
    return f"{local:%A} {local.day} {local:%B %Y}, {local.hour}.{local:%M}"


def words(code: str) -> str:
    """`agreed_with_conditions` as people read it."""
    return code.replace("_", " ")


PAGES.filters["told"] = told
PAGES.filters["words"] = words
