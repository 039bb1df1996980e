"""Whether posts make a chart: one boss at most, known, and no loop; rows of one post agree. Pure (T-36)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.transparency.people.staff import Staff, by_post

AGREEING: Mapping[str, str] = {
    "reports_to": "reports_to",
    "level": "level",
    "job_title": "job_title",
    "grade": "grade",
    "grade_max_pence": "grade_max",
    "unit": "unit",
    "service": "service",
    "employment_type": "employment_type",
    "programme_staff": "programme_staff",
    "vacancy": "vacancy",
    "shared_with": "shared_with",
    "responsibilities": "responsibilities",
    "own_budget_pence": "own_budget",
}
"""What rows of one post must have in common, and the column it came in; name, FTE, pay and contact may differ."""

SHOWN_OF_A_LOOP = 20


@dataclass(frozen=True)
class ChartFault:
    """One thing wrong with the chart, and the posts that it is about."""

    code: str
    detail: str
    posts: tuple[str, ...]
    column: str


def chart_faults(rows: Sequence[Staff]) -> list[ChartFault]:
    """Every fault, each by itself (T-36). An empty list is a chart."""
    posts = by_post(rows)
    faults = []
    for post_id, holders in posts.items():
        differing = [column for name, column in AGREEING.items() if len({getattr(row, name) for row in holders}) > 1]
        if differing:
            faults.append(
                ChartFault(
                    "chart_rows_disagree",
                    f"The rows of post {post_id} differ in {', '.join(differing)}. Rows of one post may differ only in "
                    "name, FTE, pay and contact; make them agree or give them different post ids.",
                    (post_id,),
                    differing[0],
                )
            )
        people = [row.person_id for row in holders if row.person_id]
        if len(set(people)) < len(people):
            faults.append(
                ChartFault(
                    "chart_person_twice",
                    f"Post {post_id} names the same person in more than one row; leave one of the rows out.",
                    (post_id,),
                    "person_id",
                )
            )
    bosses = {post_id: holders[0].reports_to for post_id, holders in posts.items()}
    for post_id, boss in bosses.items():
        if boss == post_id:
            detail = f"Post {post_id} reports to itself; name the post above it, or leave reports_to empty at the top."
            faults.append(ChartFault("chart_self_report", detail, (post_id,), "reports_to"))
        elif boss is not None and boss not in posts:
            detail = f"Post {post_id} reports to {boss}, which is not in the list; add that post or correct reports_to."
            faults.append(ChartFault("chart_unknown_boss", detail, (post_id,), "reports_to"))
    for loop in loops(bosses):
        shown = ", ".join(loop[:SHOWN_OF_A_LOOP]) + (" and more" if len(loop) > SHOWN_OF_A_LOOP else "")
        detail = f"Posts {shown} report to each other in a loop; correct reports_to of one of them."
        faults.append(ChartFault("chart_loop", detail, loop, "reports_to"))
    return faults


def loops(bosses: Mapping[str, str | None]) -> list[tuple[str, ...]]:
    """Each loop of two posts or more, once, beginning with the post that comes first in the list."""
    found: list[tuple[str, ...]] = []
    done: set[str] = set()
    for start in bosses:
        way: dict[str, None] = {}
        post: str | None = start
        while post is not None and post in bosses and post not in done and post not in way:
            way[post] = None
            post = bosses[post]
        if post in way:
            members = list(way)
            loop = members[members.index(post):]  # fmt: skip
            if len(loop) > 1:
                found.append(tuple(loop))
        done |= set(way)
    return found


def nearest(post_id: str, bosses: Mapping[str, str | None], listed: set[str]) -> str | None:
    """The nearest post above that is listed; None at the top. The chart has no loop (T-36)."""
    boss = bosses.get(post_id)
    while boss is not None and boss not in listed:
        boss = bosses.get(boss)
    return boss


def in_order(parents: Mapping[str, str | None]) -> list[tuple[str, int]]:
    """Posts from the top down, each with its depth, those beneath one post in the order of their ids."""
    beneath: dict[str | None, list[str]] = {}
    for post_id, parent in parents.items():
        beneath.setdefault(parent, []).append(post_id)
    found = []
    waiting = [(post_id, 1) for post_id in sorted(beneath.get(None, []), reverse=True)]
    while waiting:
        post_id, depth = waiting.pop()
        found.append((post_id, depth))
        waiting += [(below, depth + 1) for below in sorted(beneath.get(post_id, []), reverse=True)]
    return found
