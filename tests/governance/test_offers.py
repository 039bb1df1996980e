"""Paper offers: other services' facts become offers for the next meeting, once; the clerk decides."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest

from shared.events.deliverables import PerformanceReportPublished
from shared.events.grants import OutturnRecorded
from shared.events.transparency import DueReading, ObligationMet, ObligationMissed
from shared.values import MethodologyScope, OutturnState
from tests.governance.conftest import LGA, Desk, organisation

AGREEMENT = UUID("00000000-0000-4000-8000-00000000000a")
OBLIGATION = UUID("00000000-0000-4000-8000-00000000000b")


def outturn(version: int = 1, happened_at: datetime = datetime(2018, 4, 16, 9, 0, tzinfo=UTC)) -> OutturnRecorded:
    return OutturnRecorded(
        agreement_id=AGREEMENT,
        version=version,
        outturn_id=uuid4(),
        year="2017/18",
        state=OutturnState.PROVISIONAL,
        as_at=date(2018, 3, 31),
        grant_pence=2_100_000_000,
        spend_pence=2_098_600_000,
        underspend_pence=1_400_000,
        happened_at=happened_at,
    )


def report(version: int = 1) -> PerformanceReportPublished:
    return PerformanceReportPublished(
        report_id=uuid4(),
        version=version,
        agreement_id=AGREEMENT,
        organisation_id=LGA,
        year="2017/18",
        quarter="2017-18-q4",
        report_type="quarterly_summative",
        due_on=date(2018, 4, 30),
        submitted_at=datetime(2018, 4, 27, 9, 0, tzinfo=UTC),
        published_at=datetime(2018, 5, 1, 9, 0, tzinfo=UTC),
        days_late=0,
        published_with_unknowns=0,
        url="http://host/deliverables/v1/reports/1",
        sha256="0" * 64,
    )


def missed(organisation_id: UUID = LGA, obligation_id: UUID = OBLIGATION) -> ObligationMissed:
    return ObligationMissed(
        obligation_id=obligation_id,
        version=1,
        organisation_id=organisation_id,
        code="spend",
        period="2017-18-q4",
        readings=(DueReading(name="due", due_on=date(2018, 5, 1)),),
        alarm_reading="due",
        missed_on=date(2018, 5, 2),
    )


async def offers(desk: Desk, **query: str) -> list[dict]:
    return (await desk.ok(desk.clerk, "GET", "/v1/paper-offers", params=query))["items"]


@pytest.fixture
async def meetings(desk: Desk) -> tuple[dict, dict]:
    """24 May and 16 July 2018."""
    return await desk.meeting("2018-05-24T11:00:00+01:00"), await desk.meeting("2018-07-16T11:00:00+01:00")


async def test_an_outturn_is_offered_for_the_next_meeting_once(desk: Desk, meetings):
    """Domain section 6: the same event twice makes one offer."""
    event, event_id = outturn(), uuid4()
    await desk.running.receive(event, event_id=event_id)
    await desk.running.receive(event, event_id=event_id)
    (found,) = await offers(desk)
    assert (found["state"], found["meeting_id"], found["kind"]) == ("offered", meetings[0]["id"], "outturn")
    assert found["title"] == "Provisional outturn 2017/18: £20,986,000.00 of £21,000,000.00"


async def test_a_newer_fact_replaces_an_offer_not_taken_and_an_older_changes_nothing(desk: Desk, meetings):
    """Domain section 6; style rule 8: twice and out of order."""
    await desk.running.receive(outturn(2, datetime(2018, 6, 1, 9, 0, tzinfo=UTC)))
    await desk.running.receive(outturn(1))
    (found,) = await offers(desk)
    assert found["meeting_id"] == meetings[1]["id"]
    await desk.running.receive(outturn(3, datetime(2018, 6, 2, 9, 0, tzinfo=UTC)))
    (newest,) = await offers(desk)
    assert newest["id"] == found["id"]
    assert newest["happened_at"] == "2018-06-02T09:00:00Z"


async def test_an_offer_waits_until_a_meeting_is_scheduled(desk: Desk):
    """Domain section 6: `waiting` if none."""
    await desk.running.receive(outturn())
    (found,) = await offers(desk, state="waiting")
    assert found["meeting_id"] is None
    meeting = await desk.meeting("2018-05-24T11:00:00+01:00")
    (placed,) = await offers(desk)
    assert (placed["state"], placed["meeting_id"]) == ("offered", meeting["id"])


async def test_a_published_report_and_a_missed_duty_are_offered_too(desk: Desk, meetings):
    """Domain section 6."""
    await desk.running.receive(report(), missed())
    found = {o["kind"]: o for o in await offers(desk)}
    assert found["performance_report"]["title"] == "Performance report Q4 2017/18"
    assert found["compliance"]["title"] == "Publication duty spend, 2017-18-q4: missed"
    met = ObligationMet(
        obligation_id=OBLIGATION,
        version=2,
        organisation_id=LGA,
        code="spend",
        period="2017-18-q4",
        met_at=datetime(2018, 5, 4, 9, 0, tzinfo=UTC),
        readings=(),
        days_late=3,
    )
    await desk.running.receive(met)
    (compliance,) = await offers(desk, kind="compliance")
    assert compliance["title"] == "Publication duty spend, 2017-18-q4: met, 3 days late"


async def test_the_duties_of_a_publisher_outside_the_agreement_come_before_no_other_board(desk: Desk, meetings):
    """A council that publishes its whole ledger here is no business of this board."""
    council = uuid4()
    await desk.running.receive(
        organisation(
            organisation_id=council, slug="salford", name="Salford", methodology_scope=MethodologyScope.WHOLE_BODY
        )
    )
    await desk.running.receive(missed(council))
    (found,) = await offers(desk)
    assert (found["state"], found["board_id"]) == ("waiting", None)
    await desk.meeting("2018-09-24T11:00:00+01:00")
    assert (await offers(desk))[0]["state"] == "waiting"


async def test_the_clerk_takes_an_offer_as_a_draft_report_linked_to_its_source(desk: Desk, meetings):
    """Domain section 6."""
    await desk.running.receive(report())
    (found,) = await offers(desk)
    agenda = {"items": [{"order": 0, "number": "5", "title": "Performance"}]}
    drafted = await desk.ok(desk.clerk, "POST", f"/v1/meetings/{meetings[0]['id']}/agenda", json=agenda)
    url = f"/v1/paper-offers/{found['id']}/decisions"
    bare = await desk.clerk.post(url, json={"decision": "take"})
    assert bare.json()["errors"][0]["pointer"] == "/agenda_item"
    item = drafted["items"][0]["id"]
    taken = await desk.ok(desk.clerk, "POST", url, json={"decision": "take", "agenda_item": item})
    assert taken["state"] == "taken"
    draft = await desk.ok(desk.clerk, "GET", f"/v1/reports/{taken['report_id']}/draft")
    assert (draft["state"], draft["background_papers"]) == ("draft", ["http://host/deliverables/v1/reports/1"])
    again = await desk.clerk.post(url, json={"decision": "decline", "reason": "no"})
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "move_not_allowed")
    await desk.running.receive(report(version=2))
    assert sorted(o["state"] for o in await offers(desk)) == ["offered", "taken"]


async def test_the_clerk_declines_with_a_reason_or_moves_to_a_later_meeting(desk: Desk, meetings):
    """Domain sections 6 and 7."""
    await desk.running.receive(report(), outturn())
    first, second = await offers(desk)
    bare = await desk.clerk.post(f"/v1/paper-offers/{first['id']}/decisions", json={"decision": "decline"})
    assert (bare.status_code, bare.json()["errors"][0]["pointer"]) == (422, "/reason")
    body = {"decision": "decline", "reason": "heard in April"}
    declined = await desk.ok(desk.clerk, "POST", f"/v1/paper-offers/{first['id']}/decisions", json=body)
    assert (declined["state"], declined["reason"]) == ("declined", "heard in April")
    move = {"decision": "move", "meeting": meetings[1]["id"]}
    moved = await desk.ok(desk.clerk, "POST", f"/v1/paper-offers/{second['id']}/decisions", json=move)
    assert (moved["state"], moved["meeting_id"]) == ("moved", meetings[1]["id"])


async def test_an_organisation_is_copied_and_an_older_version_changes_nothing(desk: Desk):
    """Design section 4: a reader ignores an older version."""
    await desk.running.receive(organisation(version=3, name="New name"))
    await desk.running.receive(organisation(version=2, name="Old name"))
    page = await desk.ok(desk.running.anonymous, "GET", "/v1/organisations", params={"slug": "lga"})
    assert [o["name"] for o in page["items"]] == ["New name"]


async def test_offers_are_for_clerks(desk: Desk):
    """Domain section 3."""
    assert (await desk.running.anonymous.get("/v1/paper-offers")).status_code == 401
    assert (await desk.running.as_("governance:member").get("/v1/paper-offers")).status_code == 403


async def test_a_cancelled_meeting_hands_its_offers_to_the_next(desk: Desk, meetings):
    """An offer belongs before the board's next meeting; where there is none it waits."""
    await desk.running.receive(outturn())
    await desk.move(meetings[0]["id"], to="cancelled", reason="no business")
    assert [o["meeting_id"] for o in await offers(desk)] == [meetings[1]["id"]]
    await desk.move(meetings[1]["id"], to="postponed", reason="no room")
    assert [(o["state"], o["meeting_id"]) for o in await offers(desk)] == [("waiting", None)]
