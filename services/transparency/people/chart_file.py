"""The chart as it is published: one JSON document, from which picture, page and CSV are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.transparency.people.structure import Node, Structure


def chart_content(chart: Structure, publisher: str, name: str, notes: Sequence[str]) -> dict[str, Any]:
    """Everything public about the chart; posts from the top down, each after the post that it reports to."""
    return {
        "publisher": publisher,
        "organisation": name,
        "applicable_date": chart.applicable_date.isoformat(),
        "posts_withheld": chart.withheld,
        "left_out": dict(chart.left_out),
        "notes": list(notes),
        "posts": [_post(node) for node in chart.nodes],
    }


def _post(node: Node) -> dict[str, Any]:
    """One post; the holders of a job share stand in it together (T-35)."""
    return {
        "post_id": node.post_id,
        "reports_to": node.parent,
        "depth": node.depth,
        "level": node.level or min(node.depth, 9),
        "job_title": node.job_title,
        "grade": node.grade,
        "maximum_salary_pence": None if node.maximum_pounds is None else node.maximum_pounds * 100,
        "unit": node.unit,
        "service": node.service,
        "employment_type": node.employment_type,
        "fte": None if node.fte is None else f"{node.fte:.2f}",
        "vacancy": node.vacancy,
        "shared_with": node.carried_by,
        "is_link": node.is_link,
        "responsibilities": node.responsibilities,
        "budget_pence": None if node.budget_pounds is None else node.budget_pounds * 100,
        "employees": node.employees,
        "salary_bands": sorted({holder.band for holder in node.holders if holder.band}),
        "holders": len([holder for holder in node.holders if not node.vacancy]),
        "names": [holder.name for holder in node.holders if holder.name],
        "contacts": list(dict.fromkeys(holder.contact for holder in node.holders)),
    }
