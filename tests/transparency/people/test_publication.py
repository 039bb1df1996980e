"""What the room hands over: cells that fit the column profiles, names only where allowed, marks that notice changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.transparency.people.publication import draft_counts, draft_senior, draft_structure
from services.transparency.people.rules import NoStaffList, SharedPostTwice
from tests.harness import Running
from tests.transparency.facts import PARTNER, registered
from tests.transparency.people.bench import (
    MANAGER,
    SYNTHETIC,
    as_csv,
    cells,
    decide,
    drafted,
    faults,
    imported,
    post,
    send,
    table,
)


async def synthetic(transparency: Running) -> None:
    await imported(transparency, SYNTHETIC, rows_of="example-lead")
    await decide(transparency, "L005")


async def test_the_three_tables_fit_their_profiles(transparency: Running, tmp_path: Path) -> None:
    """Domain section 5, T-31, T-33, T-55: a Table Schema engine finds nothing, and finds what is put in."""
    await synthetic(transparency)
    drafts = {
        "organisation_structure": await drafted(transparency, draft_structure),
        "senior_employees": await drafted(transparency, draft_senior),
        "senior_salary_count": await drafted(transparency, draft_counts),
    }
    assert {name: len(draft.rows) for name, draft in drafts.items()} == {
        "organisation_structure": 34,
        "senior_employees": 31,
        "senior_salary_count": 14,
    }
    for name, draft in drafts.items():
        data = table(name, draft)
        assert faults(name, data, tmp_path) == []
        assert len({row.row_id for row in draft.rows}) == len(draft.rows)
        assert faults(name, data.replace(b"31/03/2018", b"2018-03-31", 1), tmp_path) != []
    data = table("organisation_structure", drafts["organisation_structure"])
    assert faults("organisation_structure", data.replace(b",55000-59999,", b",55000 - 59999,", 1), tmp_path) != []
    structure = drafts["organisation_structure"]
    assert cells(structure, "Job number").count("L017") == 2
    assert {name for name in cells(structure, "Name") if name} == {"Aled Specimen", "Bina Sample"}
    assert {row.redaction_reason for row in structure.rows} == {"OFFICER_BELOW_LIMIT", None}
    assert [finding.code for finding in structure.findings] == ["small_unit"]
    assert [file.name for file in structure.files] == ["chart.json", "chart.svg"]
    contractor = next(row for row in structure.rows if row.cells["Job number"] == "L018")
    assert [contractor.cells[name] for name in ("ContractType", "EmploymentType", "SalaryBand", "Grade")] == [
        "Other",
        "contractor",
        "",
        "Not stated",
    ]
    bands = dict(
        zip(
            cells(drafts["senior_salary_count"], "RemunerationBand"),
            cells(drafts["senior_salary_count"], "EmployeeCount"),
            strict=True,
        )
    )
    assert (bands["50000-54999"], bands["55000-59999"]) == ("5", "0")
    assert drafts["senior_salary_count"].left_out == {"LISTED_INDIVIDUALLY": 25, "NOT_ENGAGED": 1}
    assert [finding.code for finding in drafts["senior_salary_count"].findings] == ["withheld_in_bracket"]


async def test_the_chart_shows_the_full_time_bracket_and_the_senior_listing_what_was_paid(
    transparency: Running,
) -> None:
    """T-30, T-33, worked example 10: FTE 0.6 paid 33,000; FTE 0.5 paid 25,000; 48,000 with an allowance of 4,500."""
    part = {"base_salary_fte": "", "months_paid": "12"}
    await imported(
        transparency,
        as_csv(
            {**MANAGER, "base_salary_fte": "128000.00", "basic_pay_paid": "128000.00"},
            post("A2", **part, fte="0.60", basic_pay_paid="33000.00"),
            post("A3", **part, fte="0.50", basic_pay_paid="25000.00"),
            post("A4", **part, basic_pay_paid="48000.00", regular_allowances="4500.00"),
        ),
    )
    structure = await drafted(transparency, draft_structure)
    assert cells(structure, "Job number") == ["A1", "A2"]
    assert cells(structure, "SalaryBand") == ["125000-129999", "55000-59999"]
    assert cells(structure, "EmployeeCount") == ["3", "0"]
    senior = await drafted(transparency, draft_senior)
    assert cells(senior, "Salary") == ["128000", "33000"]
    assert senior.rows[1].record["salary_pence"] == 3_300_000
    counts = await drafted(transparency, draft_counts)
    assert [(row.cells["RemunerationBand"], row.cells["EmployeeCount"]) for row in counts.rows] == [
        ("50000-54999", "1")
    ]


async def test_nobody_over_the_limits_makes_a_table_without_rows(transparency: Running) -> None:
    """T-31, T-30."""
    await imported(transparency, as_csv({**MANAGER, "base_salary_fte": "30000", "basic_pay_paid": "30000"}))
    for make in (draft_structure, draft_senior, draft_counts):
        assert (await drafted(transparency, make)).rows == []


async def test_limits_come_from_the_methodology(transparency: Running) -> None:
    """T-30, T-31, T-33: every choice is a parameter."""
    await imported(transparency, as_csv(MANAGER, post("A2", "45000.00")))
    lower = await drafted(transparency, draft_structure, chart_over_pence=4_000_000, named_from_salary_pence=12_000_000)
    assert cells(lower, "Job number") == ["A1", "A2"]
    assert cells(lower, "Name") == ["Hidden Specimen", ""]


async def test_the_mark_changes_with_what_the_rows_are_made_of_and_row_ids_stay(transparency: Running) -> None:
    """T-12, T-24: approval compares the mark."""
    await imported(transparency, as_csv(MANAGER, post("A2")))
    first = await drafted(transparency, draft_structure)
    same = await drafted(transparency, draft_structure)
    assert first == same
    await imported(transparency, as_csv(MANAGER, post("A2", "66000.00")))
    second = await drafted(transparency, draft_structure)
    assert second.mark != first.mark
    assert [row.row_id for row in second.rows] == [row.row_id for row in first.rows]
    assert (await drafted(transparency, draft_structure, chart_over_pence=1)).mark != second.mark


async def test_texts_that_name_a_holder_or_say_how_to_reach_one_are_findings(transparency: Running) -> None:
    """T-24, T-63: in any spelling that comes to the same."""
    await imported(
        transparency,
        as_csv(
            MANAGER,
            post("A2", responsibilities="Deputises for HIDDEN  Specimen"),
            post("A3", responsibilities="Write to jo@example.org", holder_name=""),
        ),
    )
    draft = await drafted(transparency, draft_structure)
    assert [(finding.code, finding.row_id, finding.field) for finding in draft.findings] == [
        ("name_in_text", draft.rows[1].row_id, "Responsibilities"),
        ("email_in_text", draft.rows[2].row_id, "Responsibilities"),
    ]


async def test_a_holder_who_must_be_named_and_is_not_is_a_finding(transparency: Running) -> None:
    """T-33: name required from 150,000."""
    top = {**MANAGER, "base_salary_fte": "150000", "basic_pay_paid": "150000", "holder_name": ""}
    await imported(transparency, as_csv(top, post("A2", holder_name="")))
    draft = await drafted(transparency, draft_structure)
    assert [(finding.code, finding.row_id, finding.field) for finding in draft.findings] == [
        ("name_missing", draft.rows[0].row_id, "Name")
    ]


async def test_the_list_of_the_methodologys_day_is_taken_else_the_latest_of_the_year(transparency: Running) -> None:
    """T-35: an edition is a snapshot of one day of its year."""
    await transparency.receive(registered())
    with pytest.raises(NoStaffList, match="No staff list has an applicable date in 2017/18"):
        await drafted(transparency, draft_structure)
    await send(transparency, as_csv(MANAGER), applicable_date="2017-09-30")
    await send(transparency, as_csv(MANAGER), applicable_date="2018-04-01")
    assert cells(await drafted(transparency, draft_structure), "ApplicableDate") == ["30/09/2017"]
    await send(transparency, as_csv(MANAGER))
    assert cells(await drafted(transparency, draft_structure), "ApplicableDate") == ["31/03/2018"]


async def test_a_shared_post_that_both_publishers_carry_in_full_is_refused(transparency: Running) -> None:
    """T-35."""
    await transparency.receive(registered(), registered(PARTNER, "partner"))
    ours = as_csv(MANAGER, post("A2", job_title="Head of Legal", shared_with="partner"))
    theirs = post("P2", job_title="Head of legal", shared_with="body", above="P1")
    await send(transparency, ours)
    await send(transparency, as_csv({**MANAGER, "post_id": "P1"}, theirs), publisher="partner")
    with pytest.raises(SharedPostTwice, match="A2: partner also carries"):
        await drafted(transparency, draft_structure)
    link = {**theirs, "fte": "", "base_salary_fte": "", "basic_pay_paid": ""}
    await send(transparency, as_csv({**MANAGER, "post_id": "P1"}, link), publisher="partner")
    draft = await drafted(transparency, draft_structure)
    assert [draft.rows[1].cells[name] for name in ("SharedPost", "SharedWith", "SalaryBand")] == [
        "Yes",
        "body",
        "60000-64999",
    ]
    assert draft.findings == []
