"""Turns frozen figures into one accessible page: words beside every colour, captions and scopes, no outside assets."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.deliverables.reports.queries import timeliness
from services.deliverables.reports.tables import Submission
from services.deliverables.targets.wording import amount_in_words, in_words
from shared.money import percent, sterling
from shared.periods import LONDON

PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render_report(figures: dict[str, Any], *, submission: Submission | None, published_at: datetime | None) -> bytes:
    """The report's page as bytes, from figures only: the same figures give the same page."""
    page = PAGES.get_template("report.html").render(
        figures=figures,
        submission=submission,
        published_at=published_at,
        groups=_by_theme(figures),
    )
    return page.encode()


def _by_theme(figures: dict[str, Any]) -> list[tuple[dict[str, str], list[dict[str, Any]]]]:
    return [
        (theme, [d for d in figures["deliverables"] if d["theme"] == theme["code"] and d["row_kind"] != "split_parent"])
        for theme in figures["themes"]
    ]


def _target(target: dict[str, Any]) -> str:
    low, high = _decimal(target["low"]), _decimal(target["high"])
    return in_words(target["operator"], low, high, target["unit"], target["basis"])


def _total(total: dict[str, Any] | None) -> str:
    return "not reported" if total is None else amount_in_words(_decimal(total["value"]), total["unit"], total["bound"])


def _in_quarter(part: dict[str, Any], quarter: str) -> str:
    for value in part["quarters"]:
        if value["quarter"] == quarter:
            implied = " (implied)" if value["implied"] else ""
            return amount_in_words(_decimal(value["value"]), value["unit"], value["bound"]) + implied
    return "not reported"


def _evidence(part: dict[str, Any], quarter: str) -> list[str]:
    """What was noted in the quarter, with the numbers that no other cell shows; each once."""
    found: dict[str, None] = {}
    for one in part["evidence"]:
        if one["period"] != quarter:
            continue
        shown = part["year_to_date"] is not None and one["kind"] == "delivered"
        number = "" if one["value"] is None or shown else _total(one)
        if number and one["kind"] != "delivered":
            number = f"{number}, {one['kind']}"
        assessment = (one["assessment"] or "").replace("_", " ")
        words = [text for text in (one["instance"], number, assessment, one["note"]) if text]
        if words:
            found[": ".join(words)] = None
    return list(found)


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _moment(value: datetime) -> str:
    local = value.astimezone(LONDON)
    return f"{local.day} {local:%B %Y, %H:%M} {local:%Z}"


def _paragraphs(text: str) -> list[str]:
    return [part.strip() for part in text.replace("\r\n", "\n").split("\n\n") if part.strip()]


PAGES.filters.update(
    target=_target,
    total=_total,
    in_quarter=_in_quarter,
    evidence=_evidence,
    moment=_moment,
    paragraphs=_paragraphs,
    pounds=sterling,
    words=lambda text: str(text).replace("_", " "),
    late=timeliness,
)
PAGES.globals["percent"] = percent
