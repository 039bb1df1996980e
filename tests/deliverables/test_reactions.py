"""What grants tells: kept once, in the latest version, in any order, and rebuilt by a replay."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import select

from services.deliverables.reactions import REACTIONS
from services.deliverables.tables import READ_MODELS, BudgetLine, SpendStatement
from shared.events.deliverables import RatingRecorded
from shared.events.grants import AgreedChange, AgreementVaried, BudgetSet
from shared.events.grants import BudgetLine as Line
from shared.inbox import replay
from tests.deliverables.steps import AGREEMENT, done, registered, signed, the_year
from tests.deliverables.test_reports import outturn, spend
from tests.harness import Running, World


def budget(version: int, *codes: str) -> BudgetSet:
    lines = tuple(Line(code=code, name=f"Line {code}", kind="leaf", amount_pence=3_000_000_000) for code in codes)
    start = signed().in_force_from
    return BudgetSet(agreement_id=AGREEMENT, version=version, year="2017/18", effective_from=start, lines=lines)


async def rows(deliverables: Running, table: Any) -> list[dict[str, Any]]:
    async with deliverables.session() as session:
        found = (await session.exec(select(table))).all()
    return sorted((row.model_dump(mode="json") for row in found), key=str)


async def test_a_budget_replaces_the_one_before_and_never_a_later_one(deliverables: Running) -> None:
    """Style rule 8: safe to repeat and out of order; amounts beyond 32 bits fit."""
    await deliverables.receive(budget(1, "A", "B"), budget(3, "C"), budget(3, "C"), budget(2, "B"))
    found = await rows(deliverables, BudgetLine)
    assert [(row["code"], row["version"], row["amount_pence"]) for row in found] == [("C", 3, 3_000_000_000)]


async def test_spend_of_a_quarter_is_kept_once_in_its_latest_version(deliverables: Running) -> None:
    """D-41: each quarter has its own statements and versions."""
    event_id = uuid4()
    await deliverables.receive(spend("2017-18-q2", 2, 7_00), event_id=event_id)
    await deliverables.receive(spend("2017-18-q2", 2, 7_00), event_id=event_id)
    await deliverables.receive(spend("2017-18-q2", 1, 5_00), spend("2017-18-q3", 1, 9_00))
    found = await rows(deliverables, SpendStatement)
    assert {row["quarter"]: row["lines"][0]["quarter_pence"] for row in found} == {"2017-18-q2": 700, "2017-18-q3": 900}


async def test_a_name_may_arrive_after_the_agreement(deliverables: Running) -> None:
    """On Kafka events of different keys overtake each other; until the name comes, the agreement's stands."""
    await deliverables.receive(signed())
    before = done(await deliverables.anonymous.get("/v1/programmes/2017-18"), 200)["organisation"]
    assert (before["slug"], before["name"]) == (None, "Improvement Agency")
    await deliverables.receive(registered(name="Agency for Improvement"))
    after = done(await deliverables.anonymous.get("/v1/programmes/2017-18"), 200)["organisation"]
    assert (after["slug"], after["name"]) == ("agency", "Agency for Improvement")


async def test_the_same_event_twice_at_once_opens_one_year(deliverables: Running) -> None:
    """The year is unique in the database as well."""
    await asyncio.gather(deliverables.receive(signed()), deliverables.receive(signed()))
    page = done(await deliverables.anonymous.get("/v1/programmes"), 200)
    assert [item["year"] for item in page["items"]] == ["2017/18"]


async def test_a_replay_ends_with_the_same_rows_and_touches_nothing_of_ours(world: World) -> None:
    """Design section 4: read models are rebuilt, own tables stay, no event is recorded; D-12: a variation is kept."""
    variation = AgreementVaried(
        agreement_id=AGREEMENT,
        version=2,
        variation_id=UUID(int=5),
        kind="target",
        effective_from=signed().in_force_from,
        reference="Letter 7",
        changes=(AgreedChange(what="part 1", deliverable="E10", before="12 councils", after="10 councils"),),
    )
    told = (registered(), signed(), budget(1, "A"), budget(2, "A", "B"), spend(), outturn(1), outturn(2, 5), variation)
    async with world.grants.runtime.work() as work:
        await work.record(*told)
    await world.settle()
    running = world.deliverables
    officer = running.as_("deliverables:officer")
    done(await officer.put("/v1/programmes/2017-18", json=the_year()), 200)
    e5 = done(await officer.get("/v1/programmes/2017-18/deliverables?ref=E5"), 200)["items"][0]["id"]
    done(await officer.post(f"/v1/deliverables/{e5}/ratings", json={"period": "2017-18-q4", "colour": "green"}))
    before = [await rows(running, table) for table in READ_MODELS]
    assert all(before)
    programme = done(await running.anonymous.get("/v1/programmes/2017-18"), 200)
    runtime = running.runtime
    applied = await replay(running.session, "deliverables", REACTIONS, READ_MODELS, runtime.bus, new_id=runtime.new_id)
    assert applied == len(told)
    assert [await rows(running, table) for table in READ_MODELS] == before
    assert done(await running.anonymous.get("/v1/programmes/2017-18"), 200) == programme
    assert len(await running.emitted()) == len(await running.emitted(RatingRecorded)) == 1
