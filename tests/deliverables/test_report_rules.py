"""Due days, lateness, sections and what stops a publication, as pure functions."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from services.deliverables.reports.rules import (
    AlreadySubmitted,
    NotSubmitted,
    PublishedTooEarly,
    RatingMissing,
    Report,
    SectionEmpty,
    check_publishable,
    days_late,
    due,
    sections_of,
    submit,
)
from shared.periods import FinancialYear

Q1, Q2, Q3, Q4 = FinancialYear.parse("2017/18").quarters
SUBMITTED = datetime(2018, 4, 27, 12, tzinfo=UTC)


def _report(state: str = "draft", **more: object) -> Report:
    ids = {"id": UUID(int=1), "agreement_id": UUID(int=2), "organisation_id": UUID(int=3)}
    fields = {**ids, "version": 1, "quarter": Q4, "due_on": date(2018, 4, 30), "state": state, **more}
    return Report(**fields)  # type: ignore[arg-type]


def test_reports_are_due_one_month_after_the_quarter() -> None:
    """D-39, worked example 1."""
    year = FinancialYear.parse("2018/19")
    assert [due(q).on.isoformat() for q in (Q1, Q2, Q3, Q4)] == ["2017-07-30", "2017-10-30", "2018-01-31", "2018-04-30"]
    assert [due(q).on.isoformat() for q in year.quarters] == ["2018-07-30", "2018-10-30", "2019-01-31", "2019-04-30"]
    assert due(Q1).warning == "The due day, 2017-07-30, is a Sunday."
    assert due(Q2).warning is None


def test_an_override_moves_its_own_quarter_only() -> None:
    """D-39, worked example 2."""
    assert (due(Q1, date(2017, 7, 31)).on, due(Q1, date(2017, 7, 31)).overridden) == (date(2017, 7, 31), True)
    assert due(Q2).on == date(2017, 10, 30)


def test_the_due_day_ends_at_midnight_in_london() -> None:
    """D-40, worked example 3."""
    assert days_late(date(2017, 7, 30), datetime(2017, 7, 30, 22, 30, tzinfo=UTC)) == 0
    assert days_late(date(2017, 7, 30), datetime(2017, 7, 30, 23, 30, tzinfo=UTC)) == 1


def test_the_first_quarter_has_no_spend_and_the_fourth_sums_up() -> None:
    """D-41, D-42."""
    assert "spend" not in [s.key for s in sections_of(Q1)]
    assert "spend" in [s.key for s in sections_of(Q2)]
    assert "summative" not in [s.key for s in sections_of(Q3)]
    assert {"summative", "full_year_spend", "areas_not_engaged"} <= {s.key for s in sections_of(Q4)}


def test_an_empty_section_must_say_why() -> None:
    """D-45."""
    texts = {section.key: ("Text.", None) for section in sections_of(Q4)}
    with pytest.raises(SectionEmpty) as refused:
        submit(_report(), happened_at=SUBMITTED, texts={**texts, "problems": (None, None)}, figures=(), sha256="0")
    assert [error.pointer for error in refused.value.errors] == ["/sections/problems"]
    told = {**texts, "problems": (None, "None arose.")}
    fact = submit(_report(), happened_at=SUBMITTED, texts=told, figures=(), sha256="0")
    assert (fact.days_late, fact.report_type) == (0, "quarterly_summative")


def test_a_submitted_report_is_not_submitted_again() -> None:
    """D-43, D-45."""
    with pytest.raises(AlreadySubmitted):
        submit(_report("submitted"), happened_at=SUBMITTED, texts={}, figures=(), sha256="0")


def test_missing_ratings_stop_a_publication_that_does_not_show_them() -> None:
    """D-29, D-40."""
    submitted = _report("submitted", submitted_at=SUBMITTED)
    missing = ("E4", "EP11", "EP12", "EP13")
    with pytest.raises(RatingMissing, match="4 deliverables have no rating: E4, EP11, EP12, EP13"):
        check_publishable(submitted, happened_at=SUBMITTED, missing=missing, publish_with_unknowns=False)
    assert check_publishable(submitted, happened_at=SUBMITTED, missing=missing, publish_with_unknowns=True) == SUBMITTED
    assert check_publishable(submitted, happened_at=SUBMITTED, missing=(), publish_with_unknowns=False) == SUBMITTED
    early = datetime(2018, 4, 27, 11, tzinfo=UTC)
    with pytest.raises(PublishedTooEarly):
        check_publishable(submitted, happened_at=early, missing=(), publish_with_unknowns=False)
    with pytest.raises(NotSubmitted):
        check_publishable(_report(), happened_at=SUBMITTED, missing=(), publish_with_unknowns=False)
