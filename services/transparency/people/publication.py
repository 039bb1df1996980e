"""What this room hands over to be published: the organisation structure, senior pay, and counts by pay bracket."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.transparency import queries as publishers
from services.transparency.drafts import Asked, Draft, DraftFile, DraftFinding, DraftRow
from services.transparency.people import cells, queries, rules
from services.transparency.people.chart_file import chart_content
from services.transparency.people.kept_out import kept_out
from services.transparency.people.picture import chart_svg
from services.transparency.people.staff import Staff
from services.transparency.people.structure import HIDING, Choices, Structure, structure
from services.transparency.people.tables import StaffList
from shared import personal_details
from shared.events.base import canonical_json
from shared.periods import FinancialYear
from shared.texts import folded
from shared.work import Work

CHART_JSON, CHART_SVG = "chart.json", "chart.svg"
LINTED = ("JobTitle", "Responsibilities", "Responsibilties", "BonusDetails", "BenefitsDetails")
PARAMETERS = (
    "scope", "pay_date", "named_from_salary_pence", "chart_over_pence", "count_from_pence", "contractors", "small_unit",
)  # fmt: skip


@dataclass(frozen=True)
class _People:
    """The list that an edition is made of, and the chart that it makes."""

    staff_list: StaffList
    rows: list[Staff]
    chart: Structure
    without_objections: Structure
    """The same where no objection had been upheld."""
    choices: Choices
    withheld: frozenset[str]
    decided: Mapping[str, str]
    heading: cells.Heading


async def draft_structure(work: Work, asked: Asked) -> Draft:
    """Posts over the limit with what the memorandum asks of each, and the chart as JSON and picture (T-30)."""
    people = await _people(work, asked)
    await _refuse_shared_twice(work, asked, people)
    chart = people.chart
    rows = cells.structure_rows(chart, people.heading)
    notes = [
        f"Posts whose full-time salary is over £{people.choices.over_pence // 100:,}, as at "
        f"{chart.applicable_date:%d/%m/%Y}. Vacancies and contractors are shown without a salary where none is agreed."
    ]
    if chart.withheld:
        notes.append(
            f"{_counted(chart.withheld, 'post is', 'posts are')} withheld because an objection of the holder was "
            "upheld; those who report to a withheld post are shown under the next post above."
        )
    if any(node.figures_hidden for node in chart.nodes):
        notes.append("Salary band, budget and staff numbers of some posts are left empty, because of a small unit.")
    content = chart_content(chart, asked.publisher, asked.organisation_name, notes)
    page = f"{work.base_url}/v1/organisation-chart/{asked.publisher}/{chart.applicable_date.isoformat()}.html"
    return Draft(
        rows=rows,
        mark=_mark(asked, people, rows, notes),
        left_out=chart.left_out,
        notes=notes,
        findings=[*_undecided_units(people, rows), *_nameless(people, rows), *_lint(people, rows)],
        files=(
            DraftFile(CHART_JSON, "application/json", canonical_json(content)),
            DraftFile(CHART_SVG, "image/svg+xml", chart_svg(content, page).encode()),
        ),
        details={
            "applicable_date": chart.applicable_date.isoformat(),
            "posts": len(chart.nodes),
            "posts_withheld": chart.withheld,
            "chart": f"{asked.address}{CHART_SVG}",
        },
        left_out_rows=await _kept_out(work, asked, "organisation_structure", people, rows),
        makers=(people.staff_list.imported_by,),
    )


async def draft_senior(work: Work, asked: Asked) -> Draft:
    """What everyone in a listed post was actually paid in the year (T-33)."""
    people = await _people(work, asked)
    rows = cells.senior_rows(people.chart, people.heading)
    withheld = people.chart.withheld
    notes = ["Amounts are what was paid in the year, in whole pounds; a name is shown from £150,000 or by consent."]
    notes[0] = notes[0].replace("£150,000", f"£{people.choices.named_from_pence // 100:,}")
    if withheld:
        notes.append(f"{_counted(withheld, 'post is', 'posts are')} withheld because an objection was upheld.")
    return Draft(
        rows=rows,
        mark=_mark(asked, people, rows, notes),
        left_out={"OBJECTION_UPHELD": withheld} if withheld else {},
        notes=notes,
        findings=[*_undecided_units(people, rows), *_lint(people, rows)],
        details={"applicable_date": people.chart.applicable_date.isoformat(), "posts_withheld": withheld},
        left_out_rows=await _kept_out(work, asked, "senior_employees", people, rows),
        makers=(people.staff_list.imported_by,),
    )


async def draft_counts(work: Work, asked: Asked) -> Draft:
    """Number of staff by £5,000 bracket of remuneration, without those listed individually (T-31)."""
    people = await _people(work, asked)
    counted = cells.counts(people.rows, people.chart, people.choices, people.withheld)
    rows = cells.count_rows(counted, people.heading)
    notes = [
        "Remuneration is salary, taxable allowances, bonus, benefits in kind and compensation for loss of office paid "
        "in the year, without pension. A person with several posts is counted once; who is listed individually as a "
        "senior employee is not counted here."
    ]
    findings = [
        DraftFinding("withheld_in_bracket", row.row_id, "EmployeeCount", _digest(row.cells["RemunerationBand"]))
        for row in rows
        if row.cells["RemunerationBand"] in counted.only_withheld
    ]
    return Draft(
        rows=rows,
        mark=_mark(asked, people, rows, notes),
        left_out=counted.left_out,
        notes=notes,
        findings=findings,
        details={"applicable_date": people.chart.applicable_date.isoformat()},
        makers=(people.staff_list.imported_by,),
    )


async def _people(work: Work, asked: Asked) -> _People:
    """The list of the year with its chart; refused while an objection waits for a decision (T-37)."""
    assert isinstance(asked.period, FinancialYear)
    session, organisation_id = work.session, asked.organisation_id
    staff_list = await queries.list_of_year(session, organisation_id, asked.period, asked.parameters["pay_date"])
    day = staff_list.applicable_date
    rows = await queries.staff_of(session, staff_list.list_id)
    known = {row.post_id for row in rows}
    objections = await queries.objections(session, organisation_id, ["raised", "upheld"])
    rules.refuse_undecided({item.post_id for item in objections if item.state == "raised"} & known)
    withheld = frozenset(item.post_id for item in objections if item.state == "upheld")
    decided = await queries.unit_decisions(session, organisation_id, day)
    choices = Choices.of(asked.parameters)
    heading = cells.Heading(
        label=asked.organisation_name,
        uri=asked.organisation_uri,
        applicable_date=day,
        scope=f"{organisation_id} {asked.period.slug}",
        key=work.settings.reference_key,
    )
    chart = structure(rows, day, choices, publisher=asked.publisher, withheld=withheld, decided=decided)
    without = structure(rows, day, choices, publisher=asked.publisher) if withheld else chart
    return _People(staff_list, rows, chart, without, choices, withheld, decided, heading)


async def _refuse_shared_twice(work: Work, asked: Asked, people: _People) -> None:
    assert isinstance(asked.period, FinancialYear)
    full = [row for row in people.rows if row.shared_with and not row.is_link]
    for other in sorted({row.shared_with for row in full if row.shared_with}):
        try:
            organisation = await publishers.publisher(work.session, other)
            theirs = await queries.list_of_year(
                work.session, organisation.organisation_id, asked.period, asked.parameters["pay_date"]
            )
        except (publishers.NoSuchPublisher, rules.NoStaffList):
            continue
        carried = {
            folded(row.job_title)
            for row in await queries.staff_of(work.session, theirs.list_id)
            if row.shared_with == asked.publisher and not row.is_link
        }
        twice = [row.post_id for row in full if row.shared_with == other and folded(row.job_title) in carried]
        rules.refuse_shared_twice(sorted(set(twice)), other)


async def _kept_out(
    work: Work, asked: Asked, dataset: str, people: _People, rows: Sequence[DraftRow]
) -> tuple[str, ...]:
    """Rows left out because of an upheld objection, or whose figures a public edition shows and a small unit hides."""
    make = cells.structure_rows if dataset == "organisation_structure" else cells.senior_rows
    return await kept_out(
        work,
        asked,
        dataset,
        rows,
        without_objections=make(people.without_objections, people.heading),
        withheld=people.withheld,
        hidden={node.post_id for node in people.chart.nodes if node.figures_hidden},
    )


def _undecided_units(people: _People, rows: Sequence[DraftRow]) -> Iterable[DraftFinding]:
    """A small unit with a withheld post and others shown: the data protection lead decides what it shows (T-37)."""
    for unit in people.chart.small_units:
        if not unit.shown or unit.unit in people.decided:
            continue
        first = next((row for row in rows if row.record["post_id"] in unit.shown), None)
        if first is not None:
            digest = _digest(f"{unit.unit} {unit.posts} {unit.withheld}")
            yield DraftFinding("small_unit", first.row_id, "OrganisationalUnit", digest)


def _nameless(people: _People, rows: Sequence[DraftRow]) -> Iterable[DraftFinding]:
    """A holder whose salary reaches the limit must be named, and the list gives no name (T-33)."""
    holders = (holder for node in people.chart.nodes for holder in node.holders)
    for row, holder in zip(rows, holders, strict=True):
        if holder.staff.salary_pence >= people.choices.named_from_pence and not holder.name and holder.staff.person_id:
            yield DraftFinding("name_missing", row.row_id, "Name", _digest(row.row_id))


def _lint(people: _People, rows: Sequence[DraftRow]) -> Iterable[DraftFinding]:
    """Published texts that seem to hold a personal detail, or the name of someone whose name is not shown (T-24)."""
    shown = {folded(row.cells["Name"]) for row in rows if row.cells["Name"]}
    names = {folded(row.holder_name) for row in people.rows if row.holder_name} - shown
    for row in rows:
        for column in LINTED:
            text = row.cells.get(column, "")
            codes = [*personal_details.find(text)] if text else []
            if text and any(name in folded(text) for name in names):
                codes.append("name_in_text")
            yield from (DraftFinding(code, row.row_id, column, _digest(text)) for code in codes)


def _mark(asked: Asked, people: _People, rows: Sequence[DraftRow], notes: Sequence[str]) -> str:
    """Changes with the list, a decision, a choice, or anything that a row shows."""
    content: list[Any] = [
        str(people.staff_list.list_id),
        people.staff_list.content_sha256,
        sorted(people.withheld),
        sorted((unit, decision) for unit, decision in people.decided.items() if decision in HIDING),
        {name: asked.parameters.get(name) for name in PARAMETERS},
        [dict(row.cells) for row in rows],
        list(notes),
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
