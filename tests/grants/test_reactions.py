"""What the deliverables service tells about reports, applied once, twice and out of order."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from services.grants.reactions import REACTIONS
from services.grants.tables import READ_MODELS
from shared.events.deliverables import (
    PerformanceReportPublished,
    PerformanceReportReopened,
    PerformanceReportSubmitted,
)
from shared.inbox import replay
from tests.grants.steps import budgeted, done
from tests.harness import Running, World

NOON = datetime(2017, 10, 31, 12, tzinfo=UTC)


def facts(
    agreement_id: str,
) -> tuple[PerformanceReportSubmitted, PerformanceReportReopened, PerformanceReportPublished]:
    known: dict[str, Any] = {
        "report_id": uuid4(),
        "agreement_id": UUID(agreement_id),
        "organisation_id": uuid4(),
        "year": "2017/18",
        "quarter": "2017-18-q2",
    }
    due: dict[str, Any] = {"report_type": "quarterly", "due_on": date(2017, 10, 31), "days_late": 0, "sha256": "0" * 64}
    return (
        PerformanceReportSubmitted(**known, **due, version=1, submitted_at=NOON),
        PerformanceReportReopened(**known, version=2, reopened_at=NOON, reason="a figure"),
        PerformanceReportPublished(
            **known, **due, version=3, submitted_at=NOON, published_at=NOON, published_with_unknowns=0, url="http://x/r"
        ),
    )


async def report(grants: Running) -> dict[str, Any] | None:
    path = "/v1/agreements/2017-18/accounting-periods/2017-18-q2"
    shown: dict[str, Any] | None = done(await grants.as_("grants:read").get(path), 200)["report"]
    return shown


async def test_a_quarter_is_known_to_be_reported_reopened_and_published(grants: Running) -> None:
    """G-43; what closing a year waits for (G-38) is known from it."""
    submitted, reopened, published = facts((await budgeted(grants))["id"])
    assert await report(grants) is None
    await grants.receive(submitted)
    shown = await report(grants)
    assert shown is not None
    assert (shown["state"], shown["submitted_at"]) == ("submitted", "2017-10-31T12:00:00Z")
    await grants.receive(reopened)
    shown = await report(grants)
    assert shown is not None
    assert (shown["state"], shown["submitted_at"]) == ("reopened", None)
    await grants.receive(published)
    shown = await report(grants)
    assert shown is not None
    assert (shown["state"], shown["url"]) == ("published", "http://x/r")


async def test_facts_that_come_twice_or_late_change_nothing(grants: Running) -> None:
    submitted, reopened, published = facts((await budgeted(grants))["id"])
    await grants.receive(published)
    shown = await report(grants)
    for late in (submitted, reopened, published):
        await grants.receive(late)
        assert await report(grants) == shown


async def test_a_replay_rebuilds_what_reports_were_told_of_and_tells_nothing(world: World) -> None:
    """Design section 4: the read model is emptied and filled again; own tables and the outbox stay."""
    grants = world.grants
    told = facts((await budgeted(grants))["id"])
    async with world.deliverables.runtime.work() as work:
        await work.record(*told)
    await world.settle()
    before, events = await report(grants), await grants.emitted()
    assert before is not None
    runtime = grants.runtime
    applied = await replay(grants.session, "grants", REACTIONS, READ_MODELS, runtime.bus, new_id=runtime.new_id)
    assert applied == len(told)
    assert await report(grants) == before
    assert await grants.emitted() == events
