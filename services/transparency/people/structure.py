"""The published chart of a staff list: which posts are on it, what each shows, who is named, what is kept out. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from services.transparency.people import chart
from services.transparency.people.staff import Staff, bracket, by_post, whole_pounds

NOT_STATED = "Not stated"
HIDING = ("hide_figures", "hide_unit")
REDACTED = "REDACTED PERSONAL DATA"


@dataclass(frozen=True)
class Choices:
    """What the publisher's methodology says about people."""

    over_pence: int = 5_000_000
    named_from_pence: int = 15_000_000
    count_from_pence: int = 5_000_000
    small_unit: int = 5
    programme_only: bool = True

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> Choices:
        return cls(
            over_pence=parameters["chart_over_pence"],
            named_from_pence=parameters["named_from_salary_pence"],
            count_from_pence=parameters["count_from_pence"],
            small_unit=parameters["small_unit"],
            programme_only=parameters["scope"] == "programme",
        )


@dataclass(frozen=True)
class Holder:
    """What a row shows of one holder of a post, and the row it was made from."""

    name: str | None
    name_withheld: bool
    band: str | None
    contact: str
    bonus_details: str | None
    benefits_details: str | None
    staff: Staff


@dataclass(frozen=True)
class Node:
    """A post on the chart."""

    post_id: str
    parent: str | None
    depth: int
    level: int | None
    job_title: str
    grade: str
    maximum_pounds: int | None
    unit: str
    service: str
    employment_type: str
    fte: Decimal | None
    vacancy: bool
    shared: bool
    carried_by: str | None
    """The publisher that carries the full entry of a shared post; None where the post is not shared."""
    is_link: bool
    responsibilities: str
    budget_pounds: int | None
    employees: int | None
    holders: tuple[Holder, ...]
    figures_hidden: bool = False


@dataclass(frozen=True)
class SmallUnit:
    """A unit so small that a post withheld in it could be found out by what is shown of the others (T-37)."""

    unit: str
    posts: int
    withheld: int
    shown: tuple[str, ...]
    """Its posts on the chart."""


@dataclass(frozen=True)
class Structure:
    """The chart as it would be published."""

    applicable_date: date
    nodes: tuple[Node, ...]
    left_out: Mapping[str, int]
    """Code of the reason → number of posts."""
    small_units: tuple[SmallUnit, ...]
    """Small units in which a post is withheld, decided or not."""

    @property
    def withheld(self) -> int:
        return self.left_out.get("OBJECTION_UPHELD", 0)

    @property
    def persons(self) -> set[str]:
        """Everyone whose row the chart shows."""
        return {holder.staff.person_id for node in self.nodes for holder in node.holders if holder.staff.person_id}


def structure(
    rows: Sequence[Staff],
    day: date,
    choices: Choices,
    *,
    publisher: str,
    withheld: Set[str] = frozenset(),
    decided: Mapping[str, str] | None = None,
) -> Structure:
    """The posts over the limit as at a day, each under the nearest listed post above it (T-30, T-35 to T-37)."""
    decisions = decided or {}
    posts = by_post(rows)
    bosses = {post_id: holders[0].reports_to for post_id, holders in posts.items()}
    left_out: Counter[str] = Counter()
    shown: dict[str, list[Staff]] = {}
    for post_id, holders in posts.items():
        reason = _left_out_as(holders, day, choices, withheld=post_id in withheld)
        if reason is None:
            shown[post_id] = [row for row in holders if row.absent_as(day) is None and _over(row, choices)]
        else:
            left_out[reason] += 1
    totals = _Totals(posts, bosses, day)
    parents = {post_id: chart.nearest(post_id, bosses, set(shown)) for post_id in shown}
    nodes = [
        _node(shown[post_id], parents[post_id], depth, totals, choices, publisher)
        for post_id, depth in chart.in_order(parents)
    ]
    return Structure(
        applicable_date=day,
        nodes=tuple(_as_decided(node, decisions.get(node.unit)) for node in nodes),
        left_out=dict(sorted(left_out.items())),
        small_units=tuple(_small_units(posts, day, choices, withheld, nodes)),
    )


def _left_out_as(holders: Sequence[Staff], day: date, choices: Choices, *, withheld: bool) -> str | None:
    """Why a post is not on the chart; None where it is."""
    absences = [row.absent_as(day) for row in holders]
    if all(absences):
        return next((reason for reason in absences if reason == "UNPAID_LEAVE"), "NOT_IN_POST")
    if choices.programme_only and not holders[0].programme_staff:
        return "NOT_ENGAGED"
    present = [row for row, absent in zip(holders, absences, strict=True) if absent is None]
    if not any(_over(row, choices) for row in present):
        return "SALARY_NOT_OVER"
    return "OBJECTION_UPHELD" if withheld else None


def _over(row: Staff, choices: Choices) -> bool:
    """Strictly over the limit; a day rate, a link and a vacancy without grade have no limit (T-30, T-34)."""
    rate = row.rate_pence
    if rate is None:
        return row.employment_type == "contractor" or row.is_link or row.vacancy
    return rate > choices.over_pence


class _Totals:
    """Budget and heads of each post with all that stands beneath it, whether on the chart or not (T-33)."""

    def __init__(self, posts: Mapping[str, list[Staff]], bosses: Mapping[str, str | None], day: date) -> None:
        self.budget: dict[str, int | None] = {}
        heads: dict[str, set[str]] = {post_id: set() for post_id in posts}
        for post_id, holders in posts.items():
            present = [row for row in holders if row.absent_as(day) is None]
            own = present[0].own_budget_pence if present else None
            people = {row.person_id for row in present if row.person_id and row.is_employee and not row.is_link}
            above: str | None = post_id
            while above is not None:
                if own is not None:
                    self.budget[above] = (self.budget.get(above) or 0) + own
                if above != post_id:
                    heads[above] |= people
                above = bosses.get(above)
        self.employees = {
            post_id: len(people - {row.person_id for row in posts[post_id]}) for post_id, people in heads.items()
        }


def _node(
    rows: Sequence[Staff], parent: str | None, depth: int, totals: _Totals, choices: Choices, publisher: str
) -> Node:
    first = rows[0]
    ftes = [row.fte for row in rows if row.fte is not None]
    budget = totals.budget.get(first.post_id)
    return Node(
        post_id=first.post_id,
        parent=parent,
        depth=depth,
        level=first.level,
        job_title=first.job_title,
        grade=first.grade or NOT_STATED,
        maximum_pounds=None if first.grade_max_pence is None or first.is_link else whole_pounds(first.grade_max_pence),
        unit=first.unit,
        service=first.service or NOT_STATED,
        employment_type=first.employment_type,
        fte=sum(ftes, Decimal(0)) if ftes else None,
        vacancy=first.vacancy,
        shared=first.shared_with is not None,
        carried_by=None if first.shared_with is None else first.shared_with if first.is_link else publisher,
        is_link=first.is_link,
        responsibilities=first.responsibilities or NOT_STATED,
        budget_pounds=None if budget is None or first.is_link else whole_pounds(budget),
        employees=None if first.is_link else totals.employees[first.post_id],
        holders=tuple(_holder(row, choices) for row in rows),
    )


def _holder(row: Staff, choices: Choices) -> Holder:
    named = not row.is_link and (row.salary_pence >= choices.named_from_pence or row.consent_to_name)
    rate = None if row.is_link else row.rate_pence
    return Holder(
        name=row.holder_name if named else None,
        name_withheld=row.holder_name is not None and not named,
        band=None if rate is None else bracket(rate),
        contact=row.contact or NOT_STATED,
        bonus_details=row.bonus_detail,
        benefits_details=row.benefits_detail,
        staff=row,
    )


def _as_decided(node: Node, decision: str | None) -> Node:
    """What the data protection lead decided about a small unit: its figures, or also its name, are not shown (T-37)."""
    if decision not in HIDING:
        return node
    node = replace(
        node,
        budget_pounds=None,
        employees=None,
        holders=tuple(replace(holder, band=None) for holder in node.holders),
        figures_hidden=True,
    )
    return replace(node, unit=REDACTED, service=REDACTED) if decision == "hide_unit" else node


def _small_units(
    posts: Mapping[str, list[Staff]], day: date, choices: Choices, withheld: Set[str], nodes: Sequence[Node]
) -> list[SmallUnit]:
    units: dict[str, list[str]] = {}
    for post_id, holders in posts.items():
        if any(row.absent_as(day) is None for row in holders):
            units.setdefault(holders[0].unit, []).append(post_id)
    return [
        SmallUnit(
            unit=unit,
            posts=len(members),
            withheld=len(withheld & set(members)),
            shown=tuple(node.post_id for node in nodes if node.unit == unit),
        )
        for unit, members in sorted(units.items())
        if len(members) <= choices.small_unit and withheld & set(members)
    ]
