"""Reads a staff list into rows: every cell checked, rows of other publishers left aside, the chart checked whole."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from services.transparency.people import rules
from services.transparency.people.chart import ChartFault, chart_faults
from services.transparency.people.fields import Cells, Place, Raw, rows_of
from services.transparency.people.staff import Staff
from shared.errors import ErrorItem
from shared.texts import folded

COLUMNS = (
    "publisher", "post_id", "person_id", "reports_to", "level", "job_title", "grade", "grade_max", "unit", "service",
    "employment_type", "is_employee", "programme_staff", "fte", "base_salary_fte", "start_date", "end_date",
    "months_paid", "leave_on_31_march", "leave_on_date", "basic_pay_paid", "regular_allowances", "bonus",
    "bonus_detail", "benefits_in_kind", "benefits_detail", "loss_of_office", "employer_pension",
    "pension_value_change", "vacancy", "shared_with", "holder_name", "consent_to_name", "objection", "contact",
    "responsibilities", "own_budget", "remark",
)  # fmt: skip
"""`remark` and `pension_value_change` are read over and not kept: nothing here needs them (T-38)."""
REQUIRED = ("post_id", "job_title", "unit", "employment_type")
EMPLOYMENT = ("permanent", "temporary", "contractor")
POST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class StaffRows:
    """What a list came to: the rows that can be taken, and every error of it."""

    rows: tuple[Staff, ...]
    errors: tuple[ErrorItem, ...]
    orphaned: tuple[ErrorItem, ...]
    """Further errors that arise where only the good rows are taken: the post above is among the others."""
    rejected: int
    of_others: int
    """Rows that name another publisher."""

    @property
    def digest(self) -> str:
        """Fingerprint of what was taken; the same list again has the same."""
        content = [asdict(row) for row in self.rows]
        return hashlib.sha256(json.dumps(content, default=str, sort_keys=True).encode()).hexdigest()


def read_staff(data: bytes, media_type: str, publisher: str) -> StaffRows:
    """Rows of this publisher, each error of a cell, and each fault of the chart that they make together."""
    read: list[_Read] = []
    of_others = 0
    for raw in rows_of(data, media_type, columns=COLUMNS, required=REQUIRED, list_name="posts"):
        named = folded(raw.cells.get("publisher", ""))
        if named and named != publisher:
            of_others += 1
        else:
            read.append(_row(raw))
    if not read:
        raise rules.StaffListEmpty(
            f"{of_others} rows name another publisher and none names {publisher}; check the column publisher, or say "
            "in rows_of which of its values to take.",
            parameter="rows_of",
        )
    good = {found.row.post_id for found in read if not found.errors}
    charted = [found for found in read if not found.errors or (found.row.post_id and found.row.post_id not in good)]
    faults = chart_faults([found.row for found in charted])
    left = _without(faults, [found for found in read if not found.errors])
    orphaned: list[ErrorItem] = []
    while further := chart_faults([found.row for found in left]):
        orphaned += _located(further, left)
        left = _without(further, left)
    return StaffRows(
        rows=tuple(found.row for found in left),
        errors=tuple([error for found in read for error in found.errors] + _located(faults, charted)),
        orphaned=tuple(orphaned),
        rejected=len(read) - len(left),
        of_others=of_others,
    )


def _without(faults: Sequence[ChartFault], read: Sequence[_Read]) -> list[_Read]:
    out = {post_id for fault in faults for post_id in fault.posts}
    return [found for found in read if found.row.post_id not in out]


def _located(faults: Sequence[ChartFault], read: Sequence[_Read]) -> list[ErrorItem]:
    places: dict[str, Place] = {}
    for found in read:
        places.setdefault(found.row.post_id, found.place)
    return [places[fault.posts[0]].error(fault.code, fault.column, fault.detail) for fault in faults]


@dataclass(frozen=True)
class _Read:
    """A row with its place and what is wrong with it; where something is, the row is only good for the chart."""

    place: Place
    row: Staff
    errors: tuple[ErrorItem, ...]


def _row(raw: Raw) -> _Read:
    cells = Cells(raw)
    post_id, reports_to = cells.text("post_id", required=True, most=40), cells.text("reports_to", most=40)
    for column, value in (("post_id", post_id), ("reports_to", reports_to)):
        if value is not None and not POST_ID.fullmatch(value):
            detail = f"{column} holds more than letters, digits and . _ -; correct it."
            cells.errors.append(raw.place.error("not_a_post_id", column, detail))
    shared_with = cells.text("shared_with", most=80)
    if shared_with is not None and not SLUG.fullmatch(shared_with):
        detail = "shared_with is not the slug of a publisher, such as example-partner; correct it."
        cells.errors.append(raw.place.error("not_a_slug", "shared_with", detail))
    employment = cells.choice("employment_type", EMPLOYMENT)
    fte, months = cells.decimal("fte", 1), cells.decimal("months_paid", 12)
    if fte == 0:
        cells.errors.append(raw.place.error("fte_zero", "fte", "fte is 0; leave it empty where there is none."))
    job_title, unit = cells.text("job_title", required=True, most=300), cells.text("unit", required=True, most=200)
    leave = cells.choice("leave_on_date", ("paid", "unpaid"), "") or cells.choice(
        "leave_on_31_march", ("paid", "unpaid"), ""
    )
    row = Staff(
        post_id=post_id or "",
        job_title=job_title or "",
        unit=unit or "",
        employment_type=employment or "permanent",
        person_id=cells.text("person_id", most=80),
        reports_to=reports_to,
        level=cells.level("level"),
        grade=cells.text("grade", most=80),
        grade_max_pence=cells.whole_pounds("grade_max"),
        service=cells.text("service", most=200),
        is_employee=cells.yes("is_employee", employment != "contractor"),
        programme_staff=cells.yes("programme_staff", True),
        fte=fte,
        base_salary_pence=cells.pence("base_salary_fte"),
        start_date=cells.day("start_date"),
        end_date=cells.day("end_date"),
        months_paid=months,
        leave=leave or None,
        basic_paid_pence=cells.pence("basic_pay_paid"),
        allowances_pence=cells.pence("regular_allowances") or 0,
        bonus_pence=cells.pence("bonus") or 0,
        bonus_detail=cells.text("bonus_detail"),
        benefits_pence=cells.pence("benefits_in_kind") or 0,
        benefits_detail=cells.text("benefits_detail"),
        loss_of_office_pence=cells.pence("loss_of_office") or 0,
        pension_pence=cells.pence("employer_pension") or 0,
        vacancy=cells.yes("vacancy", False),
        shared_with=shared_with,
        holder_name=cells.text("holder_name", most=200),
        consent_to_name=cells.yes("consent_to_name", False),
        objection=cells.choice("objection", ("raised", "upheld", "refused"), "") or None,
        contact=cells.text("contact", most=300),
        responsibilities=cells.text("responsibilities"),
        own_budget_pence=cells.whole_pounds("own_budget"),
    )
    if not cells.errors:
        cells.errors += [raw.place.error(code, column, detail) for code, column, detail in rules.row_faults(row)]
    return _Read(raw.place, row, tuple(cells.errors))
