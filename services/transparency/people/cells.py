"""The rows of the three datasets about people: sector cells, and the same as JSON. Pure (T-31, T-33, T-55)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.transparency.drafts import DraftRow
from services.transparency.people.staff import Staff, bracket, whole_pounds
from services.transparency.people.structure import NOT_STATED, Choices, Holder, Node, Structure

CONTRACT_TYPES = {"permanent": "Permanent", "temporary": "Temporary", "contractor": "Other"}
BRACKET_PENCE = 500_000


@dataclass(frozen=True)
class Heading:
    """What every row begins with, and the secret behind its id."""

    label: str
    uri: str
    applicable_date: date
    scope: str
    """Publisher and period: a row's id is the same in every edition of them, and tells nothing else."""
    key: str

    @property
    def cells(self) -> dict[str, str]:
        return {
            "OrganisationLabel": self.label,
            "OrganisationURI": self.uri,
            "ApplicableDate": f"{self.applicable_date:%d/%m/%Y}",
        }

    @property
    def record(self) -> dict[str, Any]:
        return {
            "organisation": self.label,
            "organisation_uri": self.uri,
            "applicable_date": self.applicable_date.isoformat(),
        }

    def row_id(self, dataset: str, *parts: str) -> str:
        """Stable and opaque: nobody can find a person or post number by trying (T-12)."""
        text = "\x1f".join((dataset, self.scope, *parts))
        return hmac.new(self.key.encode(), text.encode(), hashlib.sha256).hexdigest()[:32]


def structure_rows(chart: Structure, heading: Heading) -> list[DraftRow]:
    """A row for each post from the top down; a job share has one for each holder, under one number (T-35)."""
    return [_structure_row(node, holder, heading) for node in chart.nodes for holder in node.holders]


def _structure_row(node: Node, holder: Holder, heading: Heading) -> DraftRow:
    row_id = heading.row_id("organisation_structure", node.post_id, holder.staff.person_id or "")
    level = node.level or min(node.depth, 9)
    record = {
        **heading.record,
        "level": level,
        "job_title": node.job_title,
        "post_id": node.post_id,
        "name": holder.name,
        "grade": node.grade,
        "unit": node.unit,
        "service": node.service,
        "contract_type": CONTRACT_TYPES[node.employment_type],
        "employment_type": node.employment_type,
        "shared_post": node.shared,
        "shared_with": node.carried_by,
        "contact": holder.contact,
        "salary_band": holder.band,
        "maximum_salary_pence": None if node.maximum_pounds is None else node.maximum_pounds * 100,
        "vacancy": node.vacancy,
        "reports_to": node.parent,
        "responsibilities": node.responsibilities,
        "budget_pence": None if node.budget_pounds is None else node.budget_pounds * 100,
        "employees": node.employees,
        "bonus_details": holder.bonus_details,
        "benefits_details": holder.benefits_details,
    }
    cells = {
        **heading.cells,
        "Level": str(level),
        "JobTitle": node.job_title,
        "Job number": node.post_id,
        "Name": holder.name or "",
        "Grade": node.grade,
        "OrganisationalUnit": node.unit,
        "Service": node.service,
        "ContractType": CONTRACT_TYPES[node.employment_type],
        "SharedPost": _yes(node.shared),
        "ContactDetails": holder.contact,
        "SalaryBand": holder.band or "",
        "MaximumSalary": _number(node.maximum_pounds),
        "Vacancy": _yes(node.vacancy),
        "EmploymentType": node.employment_type,
        "ReportsTo": node.parent or "",
        "Responsibilities": node.responsibilities,
        "Budget": _number(node.budget_pounds),
        "EmployeeCount": _number(node.employees),
        "BonusDetails": holder.bonus_details or "",
        "BenefitsDetails": holder.benefits_details or "",
        "SharedWith": node.carried_by or "",
        "RowID": row_id,
    }
    reason = "SMALL_UNIT" if node.figures_hidden else "OFFICER_BELOW_LIMIT" if holder.name_withheld else None
    return DraftRow(row_id=row_id, cells=cells, record=record, redaction_reason=reason)


def senior_rows(chart: Structure, heading: Heading) -> list[DraftRow]:
    """Everyone who is paid a salary in a post on the chart, with what was actually paid in the year (T-33)."""
    return [
        _senior_row(node, holder, heading)
        for node in chart.nodes
        for holder in node.holders
        if listed_individually(holder.staff)
    ]


def listed_individually(row: Staff) -> bool:
    """Whether a row on the chart also has a row of pay: an employee paid here, not a vacancy, contractor or link."""
    return row.is_employee and not row.vacancy and not row.is_link


def _senior_row(node: Node, holder: Holder, heading: Heading) -> DraftRow:
    row = holder.staff
    row_id = heading.row_id("senior_employees", node.post_id, row.person_id or "")
    amounts = {
        "Salary": row.basic_paid_pence or 0,
        "PensionContribution": row.pension_pence,
        "Bonuses": row.bonus_pence,
        "ExpenseAllowances": row.allowances_pence,
        "LossofPostCompensation": row.loss_of_office_pence,
        "BenefitsinKind": row.benefits_pence,
    }
    pounds = {name: whole_pounds(pence) for name, pence in amounts.items()}
    cells = {
        **heading.cells,
        "JobTitle": node.job_title,
        "JobNumber": node.post_id,
        "Name": holder.name or "",
        "OrganisationalUnit": node.unit,
        "Service": node.service,
        **{name: str(amount) for name, amount in pounds.items()},
        "BonusDetails": _detail(holder.bonus_details, pounds["Bonuses"]),
        "BenefitsDetails": _detail(holder.benefits_details, pounds["BenefitsinKind"]),
        "Responsibilties": node.responsibilities,
        "Budget": _number(node.budget_pounds),
        "EmployeeCount": _number(node.employees),
        "RowID": row_id,
    }
    record = {
        **heading.record,
        "job_title": node.job_title,
        "post_id": node.post_id,
        "name": holder.name,
        "unit": node.unit,
        "service": node.service,
        "salary_pence": pounds["Salary"] * 100,
        "pension_contribution_pence": pounds["PensionContribution"] * 100,
        "bonus_pence": pounds["Bonuses"] * 100,
        "allowances_pence": pounds["ExpenseAllowances"] * 100,
        "loss_of_office_pence": pounds["LossofPostCompensation"] * 100,
        "benefits_pence": pounds["BenefitsinKind"] * 100,
        "bonus_details": cells["BonusDetails"] or None,
        "benefits_details": cells["BenefitsDetails"] or None,
        "responsibilities": node.responsibilities,
        "budget_pence": None if node.budget_pounds is None else node.budget_pounds * 100,
        "employees": node.employees,
    }
    reason = "OFFICER_BELOW_LIMIT" if holder.name_withheld else None
    return DraftRow(row_id=row_id, cells=cells, record=record, redaction_reason=reason)


@dataclass(frozen=True)
class Counts:
    """How many earned how much, and who was kept out."""

    brackets: Mapping[str, int]
    left_out: Mapping[str, int]
    only_withheld: Sequence[str]
    """Brackets in which everyone counted holds a withheld post: the number shows their pay."""


def counts(rows: Sequence[Staff], chart: Structure, choices: Choices, withheld: frozenset[str]) -> Counts:
    """Persons by bracket of what they were paid in the year, all their posts together, without those listed (T-31)."""
    paid: dict[str, int] = {}
    engaged: set[str] = set()
    hidden: set[str] = set()
    for row in rows:
        if row.person_id is None or not row.is_employee or row.is_link:
            continue
        paid[row.person_id] = paid.get(row.person_id, 0) + row.remuneration_pence
        if row.programme_staff or not choices.programme_only:
            engaged.add(row.person_id)
        if row.post_id in withheld:
            hidden.add(row.person_id)
    listed = {
        holder.staff.person_id for node in chart.nodes for holder in node.holders if listed_individually(holder.staff)
    }
    reached = {person: pence for person, pence in paid.items() if pence >= choices.count_from_pence}
    counted = {person: pence for person, pence in reached.items() if person in engaged and person not in listed}
    left_out = {
        "LISTED_INDIVIDUALLY": len(reached.keys() & listed),
        "NOT_ENGAGED": len(reached.keys() - engaged - listed),
    }
    brackets: dict[str, int] = {}
    if counted:
        for floor in range(choices.count_from_pence, max(counted.values()) + 1, BRACKET_PENCE):
            brackets[bracket(floor)] = 0
        for pence in counted.values():
            brackets[bracket(pence)] += 1
    by_bracket = {name: {person for person, pence in counted.items() if bracket(pence) == name} for name in brackets}
    return Counts(
        brackets=brackets,
        left_out={code: number for code, number in left_out.items() if number},
        only_withheld=tuple(name for name, people in by_bracket.items() if people and people <= hidden),
    )


def count_rows(counted: Counts, heading: Heading) -> list[DraftRow]:
    """Every bracket up to the highest in which anyone stands, those with nobody included."""
    return [
        DraftRow(
            row_id=heading.row_id("senior_salary_count", name),
            cells={**heading.cells, "RemunerationBand": name, "EmployeeCount": str(number)},
            record={**heading.record, "remuneration_band": name, "employees": number},
        )
        for name, number in counted.brackets.items()
    ]


def _detail(text: str | None, pounds: int) -> str:
    """What a bonus or benefit was for; empty where there is none."""
    return (text or NOT_STATED) if pounds else ""


def _yes(value: bool) -> str:
    return "Yes" if value else "No"


def _number(value: int | None) -> str:
    return "" if value is None else str(value)
