"""What the ledger's owner has recorded and transparency has not heard: no nil return, nothing complete (T-59)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from deploy.kafka.broker import free_ports
from shared.bus import Bus
from shared.bus.kafka import KafkaBus
from shared.events.base import Event
from shared.inbox import parked_events
from shared.service import build_service
from tests.harness import Postgres, Running, TestClock, run_services
from tests.transparency.facts import announced, batch, completed, covering, line, registered, signed
from tests.transparency.test_editions import Q1, approve, check, publish
from tests.transparency.test_what_is_on_its_way import NIL, QUARTER, check_again, draft, refused

BODIES: tuple[dict[str, Any], ...] = ({}, NIL)


@pytest.fixture
async def pair(postgres: Postgres, tmp_path: Path, clock: TestClock) -> AsyncIterator[dict[str, Running]]:
    async with run_services(["grants", "transparency"], postgres, tmp_path, clock) as running:
        await record(running, registered(), signed())
        await hear(running)
        yield running


async def record(pair: dict[str, Running], *events: Event) -> None:
    """As grants does when it has taken in a file: facts in its outbox, whatever becomes of them."""
    async with pair["grants"].runtime.work() as work:
        await work.record(*events)


async def hear(pair: dict[str, Running]) -> None:
    await pair["grants"].runtime.relay.drain()
    await pair["transparency"].runtime.consumer.drain()


async def health(running: Running) -> dict[str, Any]:
    answer = await running.anonymous.get("/health/events")
    assert answer.status_code == 200
    return answer.json()  # type: ignore[no-any-return]


@asynccontextmanager
async def replica(running: Running, bus: Bus | None = None) -> AsyncIterator[Running]:
    """A second process of the service on the same database, which leads nothing."""
    runtime = running.runtime
    app = build_service(running.service, runtime.settings, bus=bus or runtime.bus, clock=running.clock)
    outer = Starlette(routes=[Mount(f"/{running.service.name}", app)])
    try:
        yield Running(running.service, app, app.state.runtime, running.issuer, running.clock, outer)
    finally:
        await app.state.runtime.stop()


def many(number: int) -> list[Event]:
    """A long file of the quarter: announced, its lines in so many events, complete."""
    recorded, complete = batch(line(60_000, paid="2017-05-03"), covers=QUARTER)
    parts = [recorded.model_copy(update={"version": version}) for version in range(1, number - 1)]
    return [announced(complete.batch_id, QUARTER), *parts, complete.model_copy(update={"version": number})]


@pytest.mark.parametrize("relayed", [False, True])
@pytest.mark.parametrize("body", BODIES)
async def test_no_nil_return_is_drafted_while_a_batch_that_grants_completed_is_unheard(
    pair: dict[str, Running], relayed: bool, body: dict[str, Any]
) -> None:
    """T-59: the relay has not run, or the consumer has not; either way health shows the lag at the log's end."""
    transparency = pair["transparency"]
    await record(pair, *many(106))
    if relayed:
        await pair["grants"].runtime.relay.drain()
    problem = refused(await draft(transparency, **body))
    assert problem["events_on_their_way"] == 106
    assert "106 events" in problem["detail"]
    assert (await health(transparency))["consumer"]["lag"] == 106
    await hear(pair)
    assert (await health(transparency))["consumer"]["lag"] == 0
    edition = await publish(transparency)
    assert (edition["coverage"], edition["rows"]) == ("complete", 1)


async def test_a_nil_return_is_neither_checked_nor_approved_while_more_is_unheard(pair: dict[str, Running]) -> None:
    """T-59."""
    transparency = pair["transparency"]
    assert (await draft(transparency, **NIL)).status_code == 201
    await record(pair, covering("2018-01-01", "2018-01-31"))
    refused(await check_again(transparency))
    await hear(pair)
    checked = (await check_again(transparency)).json()
    await record(pair, *many(3))
    refused(await approve(transparency, checked))
    await hear(pair)
    # Now it is known what it was, and there is something to report.
    answer = await approve(transparency, checked)
    assert answer.json()["errors"][0]["code"] == "changed_since_check"
    assert (await check_again(transparency)).json()["errors"][0]["code"] == "not_nil"


async def test_an_edition_with_rows_is_not_called_complete_while_more_is_unheard(pair: dict[str, Running]) -> None:
    """T-59: at draft, check and approval; once heard, the same request goes through."""
    transparency = pair["transparency"]
    await record(pair, *batch(line(60_000), covers=QUARTER))
    await hear(pair)
    other = covering("2018-01-01", "2018-01-31")
    await record(pair, other)
    refused(await draft(transparency))
    await hear(pair)
    assert (await draft(transparency)).json()["coverage"] == "complete"
    await record(pair, covering("2018-02-01", "2018-02-28"))
    refused(await check_again(transparency))
    await hear(pair)
    checked = (await check_again(transparency)).json()
    await record(pair, covering("2018-03-01", "2018-03-31"))
    refused(await approve(transparency, checked))
    await hear(pair)
    assert (await approve(transparency, checked)).status_code == 201


async def test_an_edition_that_says_it_is_partial_is_published_without_waiting(pair: dict[str, Running]) -> None:
    """T-53: publish on time; what makes no claim need not wait for events that may be about anything."""
    await record(pair, *batch(line(60_000), covers=("2017-05-01", "2017-05-31")))
    await hear(pair)
    await record(pair, covering("2018-01-01", "2018-01-31"))
    assert (await publish(pair["transparency"]))["coverage"] == "partial"


async def test_events_that_keep_coming_do_not_keep_an_edition_from_being_published(pair: dict[str, Running]) -> None:
    """T-59: what is recorded after the request came need not be heard; a reader at work is waited for."""
    transparency, grants = pair["transparency"], pair["grants"]
    await record(pair, *batch(line(60_000), covers=QUARTER))

    async def trickle() -> None:
        while True:
            await record(pair, covering("2018-01-01", "2018-01-31"))
            await asyncio.sleep(0.02)

    tasks = [
        asyncio.create_task(work)
        for work in (grants.runtime.relay.run(), transparency.runtime.consumer.run(), trickle())
    ]
    try:
        async with asyncio.timeout(60):
            while (answer := await draft(transparency)).status_code != 201 or not answer.json()["rows"]:
                refused(answer)
            while (checked := await check_again(transparency)).status_code != 201:
                refused(checked)
            while (approved := await approve(transparency, checked.json())).status_code != 201:
                refused(approved)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert approved.json()["coverage"] == "complete"


@pytest.mark.parametrize("body", BODIES)
async def test_an_event_that_could_not_be_applied_is_not_heard(pair: dict[str, Running], body: dict[str, Any]) -> None:
    """T-59: it is parked, and what comes after it of the same batch is held behind it."""
    transparency = pair["transparency"]
    recorded, complete = batch(line(60_000), covers=QUARTER)
    poison = completed(complete.batch_id, waits=QUARTER).model_copy(update={"waits_to": None})
    await record(pair, poison, recorded, complete.model_copy(update={"version": 3}))
    await hear(pair)
    assert len(await parked_events(transparency.runtime.database.session)) == 3
    problem = refused(await draft(transparency, **body))
    assert (problem["events_on_their_way"], problem["parked_events"]) == (0, 3)
    shown = await health(transparency)
    assert (shown["status"], shown["consumer"]["parked_events"], shown["consumer"]["held_events"]) == (
        "needs_attention",
        1,
        2,
    )


async def test_health_is_not_well_when_an_event_has_waited_for_a_minute(pair: dict[str, Running]) -> None:
    """Design section 4: lag of a moment is ordinary; the age of the oldest event that waits says when it is not."""
    transparency = pair["transparency"]
    await record(pair, *many(4))
    shown = await health(transparency)
    assert (shown["status"], shown["consumer"]["lag"], shown["consumer"]["late"]) == ("well", 4, False)
    transparency.clock.set(transparency.clock() + timedelta(seconds=70))
    for _ in range(2):
        shown = await health(transparency)
        assert (shown["status"], shown["consumer"]["lag"], shown["consumer"]["late"]) == ("needs_attention", 4, True)
        await pair["grants"].runtime.relay.drain()
    # A quiet log makes nobody late: what comes after a long pause has only just been recorded.
    await hear(pair)
    transparency.clock.set(transparency.clock() + timedelta(days=1))
    await record(pair, covering("2018-01-01", "2018-01-31"))
    shown = await health(transparency)
    assert (shown["status"], shown["consumer"]["lag"]) == ("well", 1)


async def test_a_process_that_does_not_lead_measures_the_same(pair: dict[str, Running]) -> None:
    """Design section 4: the lag is the service's, not what one process happens to have fetched."""
    transparency = pair["transparency"]
    leading = asyncio.create_task(transparency.runtime.consumer.run())
    try:
        async with replica(transparency) as other:
            await record(pair, *many(5))
            await pair["grants"].runtime.relay.drain()
            async with asyncio.timeout(30):
                while (await health(other))["consumer"]["lag"]:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            assert (await health(transparency))["consumer"]["leads"]
            assert not (await health(other))["consumer"]["leads"]
            leading.cancel()
            await asyncio.gather(leading, return_exceptions=True)
            await record(pair, *many(7))
            here, there = [await health(running) for running in (transparency, other)]
            assert here["consumer"]["lag"] == there["consumer"]["lag"] == 7
            assert here["consumer"]["topics"]["grants.events"]["lag"] == 7
            assert there["consumer"]["topics"]["grants.events"]["partitions"][0]["lag"] == 0
            refused(await draft(other, **NIL))
            await pair["grants"].runtime.relay.drain()
            assert (await health(other))["consumer"]["topics"]["grants.events"]["partitions"][0]["lag"] == 7
    finally:
        leading.cancel()
        await asyncio.gather(leading, return_exceptions=True)


async def test_a_metric_of_the_lag_is_measured_at_the_logs_end_too(pair: dict[str, Running]) -> None:
    """Design section 4."""
    await record(pair, *many(9))
    figures = (await pair["transparency"].anonymous.get("/metrics")).text
    assert 'outturn_events{figure="consumer_lag",service="transparency"} 9.0' in figures


@pytest.mark.parametrize("body", BODIES)
async def test_a_log_that_does_not_answer_is_unknown_and_no_proof_of_silence(
    pair: dict[str, Running], body: dict[str, Any]
) -> None:
    """T-59: no broker at that address; a refusal says so, health needs attention, and nothing hangs."""
    [port] = free_ports(1)
    bus = KafkaBus(f"127.0.0.1:{port}")
    try:
        async with replica(pair["transparency"], bus) as cut_off, asyncio.timeout(40):
            problem = refused(await draft(cut_off, **body))
            assert problem["events_on_their_way"] is None
            shown = await health(cut_off)
            assert (shown["status"], shown["consumer"]["lag"]) == ("needs_attention", "unknown")
            assert (await cut_off.anonymous.get("/metrics")).status_code == 200
    finally:
        await bus.stop()


async def test_what_was_complete_before_stays_readable_while_more_is_unheard(pair: dict[str, Running]) -> None:
    """Design section 1: reading asks no owner."""
    transparency = pair["transparency"]
    await record(pair, *batch(line(60_000), covers=QUARTER))
    await hear(pair)
    await publish(transparency)
    await record(pair, *many(3))
    found: httpx.Response = await transparency.anonymous.get(Q1)
    assert (found.status_code, found.json()["coverage"]) == (200, "complete")


async def test_a_draft_of_complete_rows_is_checked_once_all_is_heard(pair: dict[str, Running]) -> None:
    """T-59: what was heard in between changes the edition that is checked."""
    transparency = pair["transparency"]
    await record(pair, *batch(line(60_000), covers=QUARTER))
    await hear(pair)
    assert (await check(transparency))["rows"] == 1
    await record(pair, *batch(line(70_000, paid="2017-06-02")))
    refused(await check_again(transparency))
    await hear(pair)
    assert (await check_again(transparency)).json()["rows"] == 2
