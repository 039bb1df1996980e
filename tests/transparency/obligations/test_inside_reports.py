"""What stands inside a report is met by the published report and by nothing else."""

from __future__ import annotations

from sqlmodel import col, select

from services.transparency.obligations.tables import Publication
from shared.events.transparency import ObligationMet, ObligationMissed
from tests.harness import Running
from tests.transparency.facts import at, quarter_stated, report_published
from tests.transparency.test_obligations import in_2017, one


async def test_spend_by_workstream_is_met_by_the_published_report_and_not_by_its_statement(
    transparency: Running,
) -> None:
    """T-59: a quarter whose spend was stated and whose report never came out is missed, not met."""
    await in_2017(transparency)
    await transparency.receive(quarter_stated(), quarter_stated("2017-18-q3"))
    assert (await one(transparency, "REPORT-SPEND", "2017-18-q2"))["state"] == "upcoming"
    await transparency.receive(report_published("2017-18-q2", "2017-10-29T10:00"))
    met = await one(transparency, "REPORT-SPEND", "2017-18-q2")
    assert (met["state"], met["met_at"], met["url"]) == (
        "met",
        "2017-10-29T10:00:00Z",
        "https://example.org/reports/2017-18-q2",
    )
    await transparency.tick(at("2018-02-01T12:00"))
    assert (await one(transparency, "REPORT-SPEND", "2017-18-q3"))["state"] == "missed"
    assert (await one(transparency, "REPORT", "2017-18-q3"))["state"] == "missed"
    missed = {(event.code, event.period) for event in await transparency.emitted(ObligationMissed)}
    assert {("REPORT-SPEND", "Q3 2017/18"), ("REPORT", "Q3 2017/18")} <= missed


async def test_the_first_report_holds_no_spend_duty_and_only_the_last_holds_the_year(transparency: Running) -> None:
    """T-59, paragraph 25: from the second quarter on; the summary of the year is inside the fourth."""
    await in_2017(transparency)
    for quarter, day in (("q1", "2017-07-28"), ("q2", "2017-10-28"), ("q3", "2018-01-28")):
        await transparency.receive(report_published(f"2017-18-{quarter}", f"{day}T10:00"))
    assert (await one(transparency, "REPORT-YEAR"))["state"] == "upcoming"
    await transparency.receive(report_published("2017-18-q4", "2018-05-03T10:00"))
    assert ((await one(transparency, "REPORT-YEAR"))["state"]) == "met_late"
    met = sorted(event.code for event in await transparency.emitted(ObligationMet))
    async with transparency.session() as session:
        found = (await session.exec(select(Publication).where(col(Publication.code) == "REPORT-SPEND"))).all()
    assert sorted(row.subject for row in found) == ["2017-18-q2", "2017-18-q3", "2017-18-q4"]
    assert met == ["REPORT"] * 4 + ["REPORT-SPEND"] * 3 + ["REPORT-YEAR"]
