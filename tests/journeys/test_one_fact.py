"""One fact all the way: an outturn recorded in grants becomes a row in transparency, through five files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tests.grants.steps import RECIPIENT, done, register, signed
from tests.harness import Postgres, TestClock, run_services


async def test_an_outturn_recorded_in_grants_is_shown_by_transparency(
    postgres: Postgres, tmp_path: Path, clock: TestClock
) -> None:
    """G-34, G-35: grants' outturn → outbox → LocalBus → a row in transparency; sent twice, it stays one row."""
    clock.set(datetime(2018, 5, 24, 9, 0, tzinfo=UTC))
    async with run_services(["grants", "transparency"], postgres, tmp_path, clock) as running:
        grants, transparency = running["grants"], running["transparency"]
        await register(grants, RECIPIENT, is_publisher=True)
        agreement = await signed(grants)
        path = f"/v1/agreements/{agreement['id']}"
        recorded = done(
            await grants.as_("grants:finance").post(
                f"{path}/outturns",
                json={"state": "provisional", "as_at": "2018-04-30", "spend_pence": 2_098_600_000},
            )
        )
        assert recorded["underspend_pence"] == 1_400_000
        before = await transparency.anonymous.get(f"/v1/datasets/{RECIPIENT}/outturn/2017-18")
        assert before.status_code == 404

        for service in (grants, transparency):
            await service.runtime.relay.drain()
        assert await transparency.runtime.consumer.drain() > 0

        shown = done(await transparency.anonymous.get(f"/v1/datasets/{RECIPIENT}/outturn/2017-18"), 200)
        assert "1400000" in str(shown)
        events = await grants.as_("grants:ops").get("/v1/events", params={"type": "grants.OutturnRecorded.v1"})
        assert [event["data"]["spend_pence"] for event in events.json()["items"]] == [2_098_600_000]
        assert await transparency.runtime.consumer.drain() == 0
