"""Turning templates into pages: filters, the style and its hash, the headers that every page carries."""

from __future__ import annotations

import base64
import hashlib
from datetime import date, datetime
from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse

from shared.money import sterling
from shared.periods import london_date
from shared.work import Work

FOLDER = Path(__file__).parent.parent / "templates"

TEMPLATES = Environment(
    loader=FileSystemLoader(FOLDER),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _day(value: date | datetime | None) -> str:
    """A London day as people write it."""
    if value is None:
        return ""
    return f"{london_date(value) if isinstance(value, datetime) else value:%d/%m/%Y}"


TEMPLATES.filters |= {
    "day": _day,
    "money": lambda pence: "" if pence is None else sterling(pence),
    "number": lambda number: "" if number is None else f"{number:,}",
    "words": lambda text: str(text).replace("_", " "),
}

STYLE = (FOLDER / "style.css").read_text(encoding="utf-8")
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; base-uri 'none'; form-action 'self'"
"""A page runs no script and loads nothing: only its own style, by its hash."""


def page(work: Work, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A rendered page with the tag of its bytes."""
    content = TEMPLATES.get_template(template).render(base=work.base_url, style=STYLE, **values)
    digest = hashlib.sha256(content.encode()).hexdigest()
    headers = {
        "Content-Security-Policy": POLICY,
        "Vary": "Accept",
        "Cache-Control": "no-cache",
        "X-Content-Type-Options": "nosniff",
    }
    if status == 200:
        headers["ETag"] = f'"{digest}"'
    return HTMLResponse(content, status, headers=headers)


def wants_html(request: Request) -> bool:
    """By extension, or by what a browser sends."""
    return request.url.path.endswith(".html") or "text/html" in request.headers.get("accept", "")
