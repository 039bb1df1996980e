"""Whether a staff list may be taken, an objection decided, a small unit settled, and people published. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from services.transparency.people.staff import Staff
from services.transparency.people.structure import SmallUnit
from shared.errors import Conflict, Invalid, NotFound
from shared.periods import FinancialYear

Decision = Literal["upheld", "refused", "lifted"]
UnitDecision = Literal["publish", "hide_figures", "hide_unit"]


class StaffListInvalid(Invalid):
    code = "staff_list_invalid"
    title = "The staff list cannot be taken"


class StaffListEmpty(Invalid):
    code = "staff_list_empty"
    title = "The staff list has no row for this publisher"


class NoStaffList(Conflict):
    code = "no_staff_list"
    title = "There is no staff list of the year"


class NoChoices(Conflict):
    code = "methodology_unpublished"
    title = "No methodology was in force"


class ObjectionUndecided(Conflict):
    code = "objection_undecided"
    title = "An objection has not been decided"


class ObjectionOpen(Conflict):
    code = "objection_open"
    title = "The post has an objection already"


class ObjectionDecided(Conflict):
    code = "objection_decided"
    title = "The objection has been decided"


class NoSuchPost(NotFound):
    code = "post_not_found"
    title = "There is no such post"


class NoSuchUnit(NotFound):
    code = "unit_not_found"
    title = "There is no such small unit"


class SharedPostTwice(Conflict):
    code = "shared_post_twice"
    title = "Two publishers carry the full entry of one shared post"


@dataclass(frozen=True)
class Objection:
    """Where an objection to publication stands."""

    state: str
    """`raised`, `upheld`, `refused` or `lifted`."""


def row_faults(row: Staff) -> list[tuple[str, str, str]]:
    """What does not go together in a row that can be read: code, column and sentence."""
    found = []
    if row.vacancy and (row.person_id or row.holder_name or row.basic_paid_pence):
        found.append(
            ("vacancy_with_holder", "vacancy", "A vacancy has no person, name or pay; leave them empty or send No.")
        )
    if not row.vacancy and row.person_id is None:
        found.append(("person_missing", "person_id", "A post that is not vacant needs person_id; add it."))
    if row.employment_type == "contractor" and (row.is_employee or row.base_salary_pence is not None):
        found.append(
            (
                "contractor_with_salary",
                "employment_type",
                "A contractor is no employee and has a day rate instead of a salary; send is_employee No and leave "
                "base_salary_fte empty.",
            )
        )
    if row.end_date and row.start_date and row.end_date < row.start_date:
        found.append(("ends_before_start", "end_date", "end_date is earlier than start_date; correct one of them."))
    if row.is_employee and not row.vacancy and not row.is_link:
        if row.fte is None:
            found.append(("fte_missing", "fte", "An employee's row needs fte, such as 0.60; add it."))
        if row.basic_paid_pence is None:
            found.append(("pay_missing", "basic_pay_paid", "An employee's row needs basic_pay_paid; add it."))
        elif row.fte and row.rate_pence is None:
            detail = "The full-time salary cannot be found; add base_salary_fte, or months_paid above 0."
            found.append(("salary_missing", "base_salary_fte", detail))
    return found


def raise_objection(earlier: Sequence[Objection], post_id: str) -> Objection:
    """A person objects to publication of their post; one objection of a post is open or upheld at a time (T-37)."""
    if any(objection.state in ("raised", "upheld") for objection in earlier):
        raise ObjectionOpen(
            f"Post {post_id} has an objection that is raised or upheld; decide that one, or lift it, instead."
        )
    return Objection(state="raised")


def decide_objection(objection: Objection, decision: Decision) -> Objection:
    """Uphold or refuse what was raised; lift what was upheld."""
    if decision == "lifted":
        if objection.state != "upheld":
            raise ObjectionDecided(
                f"The objection is {objection.state}; only an upheld one can be lifted.", pointer="/decision"
            )
    elif objection.state != "raised":
        raise ObjectionDecided(
            f"The objection is {objection.state} already; raise another, or lift an upheld one.", pointer="/decision"
        )
    return Objection(state=decision)


def refuse_undecided(raised: Collection[str]) -> None:
    """No edition while an objection waits: what is published cannot be taken back from those who read it (T-37)."""
    if raised:
        named = ", ".join(sorted(raised))
        raise ObjectionUndecided(
            f"Objections to publication of {named} are not decided; the data protection lead upholds or refuses each, "
            "then draft the edition again.",
            extra={"posts": sorted(raised)},
        )


def unit_to_settle(units: Sequence[SmallUnit], unit: str, small_unit: int) -> SmallUnit:
    """The small unit that a decision is about (T-37)."""
    for found in units:
        if found.unit == unit:
            return found
    raise NoSuchUnit(
        f"No unit of this name has {small_unit} posts or fewer and a withheld post, so nothing needs to be decided; "
        "check its spelling in the staff list.",
        pointer="/unit",
    )


def refuse_shared_twice(posts: Sequence[str], other: str) -> None:
    """A shared post is published once and linked from the other publisher (T-35)."""
    if posts:
        raise SharedPostTwice(
            f"{', '.join(posts)}: {other} also carries the full entry of this shared post. One of the two lists leaves "
            "fte and pay of it empty, which makes it a link.",
            extra={"posts": list(posts)},
        )


def date_of_year(year: FinancialYear, month_and_day: str) -> date:
    """The day of a financial year that the methodology writes as `03-31`."""
    month, day = map(int, month_and_day.split("-"))
    return date(year.starts_in if month >= 4 else year.starts_in + 1, month, day)
