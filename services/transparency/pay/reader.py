"""Reads an anonymous pay list: one row an employee, nothing that names or numbers anyone."""

from __future__ import annotations

from services.transparency.pay.rules import PayListInvalid
from services.transparency.people.fields import Cells, rows_of
from services.transparency.people.staff import Staff

COLUMNS = (
    "is_employee", "programme_staff", "fte", "base_salary_fte", "months_paid", "start_date", "end_date",
    "basic_pay_paid", "regular_allowances", "bonus", "benefits_in_kind",
)  # fmt: skip
REQUIRED = ("fte", "months_paid", "basic_pay_paid")


def read_pay_list(data: bytes, media_type: str) -> list[Staff]:
    """The rows as persons of whom nothing but their pay is known; refused with every error at once."""
    rows, errors = [], []
    for raw in rows_of(data, media_type, columns=COLUMNS, required=REQUIRED, list_name="entries"):
        cells = Cells(raw)
        employee = cells.yes("is_employee", True)
        row = Staff(
            post_id="",
            job_title="",
            unit="",
            employment_type="permanent" if employee else "contractor",
            person_id=str(raw.place.record),
            is_employee=employee,
            programme_staff=cells.yes("programme_staff", True),
            fte=cells.decimal("fte", 1),
            base_salary_pence=cells.pence("base_salary_fte"),
            months_paid=cells.decimal("months_paid", 12),
            start_date=cells.day("start_date"),
            end_date=cells.day("end_date"),
            basic_paid_pence=cells.pence("basic_pay_paid"),
            allowances_pence=cells.pence("regular_allowances") or 0,
            bonus_pence=cells.pence("bonus") or 0,
            benefits_pence=cells.pence("benefits_in_kind") or 0,
        )
        errors += cells.errors
        if not cells.errors:
            for column in ("fte", "months_paid", "basic_pay_paid"):
                value = row.basic_paid_pence if column == "basic_pay_paid" else getattr(row, column)
                if employee and (value is None or (column != "basic_pay_paid" and value == 0)):
                    detail = f"{column} is empty or 0; an employee's pay cannot be taken to a full year without it."
                    errors.append(raw.place.error("missing", column, detail))
        rows.append(row)
    if errors:
        raise PayListInvalid(
            "Some rows cannot be read; errors names every reason, and nothing was kept.", errors=errors
        )
    if not rows:
        raise PayListInvalid("The pay list has no rows; send one for each employee.")
    return rows
