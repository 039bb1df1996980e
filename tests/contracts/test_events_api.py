"""The feed of a service's events and the health of its relay and consumer, over HTTP."""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import text

from shared import outbox
from tests.contracts.beds import organisation
from tests.harness import Running


async def recorded(grants: Running, *versions: int) -> list[str]:
    key = uuid4()
    async with grants.session() as session:
        ids = await outbox.record(
            session,
            [organisation(version, id=key) for version in versions],
            service="grants",
            now=grants.clock(),
            new_id=grants.runtime.new_id,
            actor_sub="person:anne",
            correlation_id="c-1",
        )
        await session.commit()
    return [str(key), *map(str, ids)]


async def test_the_feed_pages_by_position_and_filters_by_key_type_and_position(grants: Running) -> None:
    key, *ids = await recorded(grants, 1, 2, 3)
    await recorded(grants, 1)
    client = grants.as_("grants:ops")
    assert (await client.get("/v1/events")).json()["items"] == []
    await grants.runtime.relay.drain()
    page = (await client.get("/v1/events?limit=2")).json()
    assert [item["position"] for item in page["items"]] == [1, 2]
    following = await client.get(page["links"]["next"].partition("/grants")[2])
    assert [item["position"] for item in following.json()["items"]] == [3, 4]
    mine = (await client.get(f"/v1/events?key={key}")).json()["items"]
    assert [item["event_id"] for item in mine] == ids
    assert mine[0]["data"]["slug"] == "calderdale"
    assert mine[0]["type"] == "grants.OrganisationRegistered.v1"
    assert mine[0]["correlation_id"] == "c-1"
    assert [item["position"] for item in (await client.get("/v1/events?after=3")).json()["items"]] == [4]
    assert (await client.get("/v1/events?type=grants.OutturnRecorded.v1")).json()["items"] == []


async def test_the_feed_needs_a_scope_and_refuses_what_it_does_not_know(grants: Running) -> None:
    assert (await grants.anonymous.get("/v1/events")).status_code == 401
    assert (await grants.as_("transparency:ops").get("/v1/events")).status_code == 403
    assert (await grants.as_("grants:read").get("/v1/events")).status_code == 200
    client = grants.as_("grants:ops")
    assert (await client.get("/v1/events?afterr=3")).status_code == 400
    assert (await client.get("/v1/events?after=-1")).status_code == 422
    assert (await client.get("/v1/events?after=99999999999999999999")).status_code == 422
    assert (await client.get("/v1/events?key=nonsense")).status_code == 422
    assert (await client.get("/v1/events?type=%00")).status_code in (200, 400, 422)


async def test_health_of_events_is_public_and_shows_what_is_parked_without_payloads(
    transparency: Running,
) -> None:
    async def health() -> dict:  # type: ignore[type-arg]
        answer = await transparency.anonymous.get("/health/events")
        assert answer.status_code == 200
        return answer.json()  # type: ignore[no-any-return]

    assert (await health())["status"] == "well"
    async with transparency.session() as session:
        connection = await session.connection()
        for error in ("ValueError: a name that must not be shown", None):
            await connection.execute(
                text(
                    'INSERT INTO inbox_parked (event_id, topic, partition, "offset", type, key, headers, payload,'
                    " error, attempts, parked_at)"
                    " VALUES (gen_random_uuid(), 'grants.events', 0, 1, 't', 'k', '{}', '', :error, 1, now())"
                ),
                {"error": error},
            )
        await session.commit()
    shown = await health()
    assert shown["status"] == "needs_attention"
    assert (shown["consumer"]["parked_events"], shown["consumer"]["held_events"]) == (1, 1)
    assert shown["consumer"]["held_keys"] == 1
    assert "must not be shown" not in str(shown)
    assert set(shown["consumer"]["topics"]) >= {"grants.events"}
    assert shown["relay"]["waiting_events"] == 0
