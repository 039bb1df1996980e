"""What this room hands over to be published: the pay multiple of a year with its method card."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from services.transparency.drafts import Asked, Draft, DraftFile, DraftRow
from services.transparency.pay import queries, rules
from services.transparency.pay.card import method_card
from services.transparency.pay.tables import PayRun
from services.transparency.people.rules import date_of_year
from services.transparency.people.tables import StaffList
from shared.events.base import canonical_json
from shared.money import pounds
from shared.periods import FinancialYear
from shared.work import Work

METHOD_FILE = "method.json"
FACTORS = {"Median": ("median", "1"), "Mean": ("mean", "3"), "Lowest": ("lowest", "4")}
"""Row → figure and number of its model in the sector template."""
ORGANISATION_TYPE = "PUB"


async def draft_multiple(work: Work, asked: Asked) -> Draft:
    """Highest and median earnings with their ratio, from the approved pay run of the methodology's day (T-38)."""
    assert isinstance(asked.period, FinancialYear)
    day = date_of_year(asked.period, asked.parameters["pay_date"])
    run = await queries.newest_run(work.session, asked.organisation_id, day, approved=True)
    if run is None:
        raise rules.NoPayRun(
            f"No pay run of {day.isoformat()} is approved; finance makes one at /v1/pay-runs, and another person "
            "approves it."
        )
    made_by = rules.Method(run.population, run.basis, run.agency_in_population)  # type: ignore[arg-type]
    rules.refuse_other_method(made_by, queries.method_of(asked.parameters), asked.period.label)
    rows = _rows(asked, asked.period, run)
    figures = run.figures[run.basis]
    card = method_card(
        population=run.population,
        basis=run.basis,
        agency_in_population=run.agency_in_population,
        pay_date=day.isoformat(),
        figures=figures,
        left_out=run.left_out,
        methodology=run.methodology,
    )
    other = next(basis for basis in rules.BASES if basis != run.basis)
    content = {
        "publisher": asked.publisher,
        "organisation": asked.organisation_name,
        "year": asked.period.slug,
        "pay_date": day.isoformat(),
        **_public(figures, run),
        "population": run.population,
        "pay_basis": run.basis,
        "methodology": run.methodology,
        "left_out": run.left_out,
        "beside": {"pay_basis": other, **_public(run.figures[other], run)},
        "method_card": card,
        "rows": [dict(row.cells) for row in rows],
    }
    marked = [str(run.pay_run_id), run.entries_sha256, ORGANISATION_TYPE, content]
    return Draft(
        rows=rows,
        mark=hashlib.sha256(json.dumps(marked, sort_keys=True).encode()).hexdigest(),
        left_out=run.left_out,
        notes=[card["basis"], card["agency_staff"]],
        files=(DraftFile(METHOD_FILE, "application/json", canonical_json(content)),),
        details={"method_card": card},
        makers=await _makers(work, run),
    )


async def _makers(work: Work, run: PayRun) -> tuple[str, ...]:
    """Who sent the staff list, made the run, and approved its figures."""
    staff_list = await work.session.get(StaffList, run.list_id) if run.list_id else None
    makers = (staff_list.imported_by if staff_list else None, run.made_by, run.approved_by)
    return tuple(dict.fromkeys(maker for maker in makers if maker))


def _public(figures: Mapping[str, Any], run: PayRun) -> dict[str, Any]:
    """Highest, median and ratio, and what the run was asked to show beside; never the lowest pay unasked."""
    names = ["employees", "highest_pence", "median_pence", "ratio", "median_ranks"]
    for factor in run.further_factors:
        names += [f"{factor}_pence", f"{factor}_ratio"]
    return {name: figures[name] for name in names}


def _rows(asked: Asked, year: FinancialYear, run: PayRun) -> list[DraftRow]:
    figures = run.figures[run.basis]
    rows = [_row(asked, year, run, "Highest", figures["highest_pence"], "1.00", "")]
    for factor, (name, model) in FACTORS.items():
        if name == "median" or name in run.further_factors:
            ratio = figures["ratio" if name == "median" else f"{name}_ratio"]
            rows.append(_row(asked, year, run, factor, figures[f"{name}_pence"], ratio, model))
    return rows


def _row(
    asked: Asked, year: FinancialYear, run: PayRun, factor: str, value_pence: int, ratio: str, model: str
) -> DraftRow:
    digest = hashlib.sha256(f"pay_multiple {asked.organisation_id} {year.slug} {factor}".encode()).hexdigest()
    return DraftRow(
        row_id=digest[:32],
        cells={
            "OrganisationLabel": asked.organisation_name,
            "OrganisationURI": asked.organisation_uri,
            "EffectiveDate": f"{year.end:%d/%m/%Y}",
            "PayMultipleFactor": factor,
            "RemunerationValue": pounds(value_pence),
            "Ratio": ratio,
            "Period": year.label,
            "ModelCalculation": model,
            "OrganisationType": asked.parameters.get("organisation_type", ORGANISATION_TYPE),
            "Population": run.population,
            "PayBasis": run.basis,
            "PayDate": f"{run.pay_date:%d/%m/%Y}",
            "EmployeesCounted": str(run.employees),
            "MethodologyVersion": str(run.methodology),
        },
        record={
            "organisation": asked.organisation_name,
            "organisation_uri": asked.organisation_uri,
            "effective_date": year.end.isoformat(),
            "factor": factor.lower(),
            "value_pence": value_pence,
            "ratio": ratio,
            "year": year.slug,
            "population": run.population,
            "pay_basis": run.basis,
            "pay_date": run.pay_date.isoformat(),
            "employees": run.employees,
            "methodology": run.methodology,
        },
    )
