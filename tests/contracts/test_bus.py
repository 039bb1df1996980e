"""What every bus must do, whichever it is: LocalBus, the mock cluster, real Kafka."""

from __future__ import annotations

import asyncio
import time
from uuid import uuid4

import pytest

from shared.bus import Outgoing
from tests.contracts.beds import Bed, organisation, outgoing


async def test_a_record_arrives_with_its_key_headers_and_bytes(bed: Bed) -> None:
    sent = outgoing(organisation(name="Ävon & Sömerset “Cöuncil” 🏛"))
    receipt = await bed.publish([sent])
    assert receipt.acknowledged == (0,)
    assert receipt.failure is None
    [got] = await bed.read(1)
    assert (got.topic, got.key, dict(got.headers), got.payload) == (
        bed.topic,
        sent.key,
        dict(sent.headers),
        sent.payload,
    )


async def test_records_of_one_key_keep_their_order_over_many_publishings(bed: Bed) -> None:
    keys = [uuid4() for _ in range(12)]
    for version in range(1, 11):
        await bed.publish([outgoing(organisation(version, id=key)) for key in keys])
    got = await bed.read(120)
    assert len(got) == 120
    for key in keys:
        mine = [record for record in got if record.key == str(key)]
        assert [record.payload.partition(b'"version":')[2] for record in mine] == [b"%d}" % n for n in range(1, 11)]
        assert len({record.partition for record in mine}) == 1


async def test_offsets_rise_and_reading_again_from_one_gives_the_same_records(bed: Bed) -> None:
    key = uuid4()
    await bed.publish([outgoing(organisation(version, id=key)) for version in range(1, 21)])
    first = await bed.read(20)
    assert [record.offset for record in first] == sorted({record.offset for record in first})
    partition, offset = first[12].partition, first[12].offset
    reader = bed.bus.reader(bed.topic, "again")
    try:
        for number, extent in (await reader.open()).items():
            await reader.seek(number, offset if number == partition else extent.end)
        again = []
        while len(again) < 8:
            again += await reader.fetch(100, 1.0)
        assert again == first[12:]
    finally:
        await reader.close()


async def test_extents_say_what_is_there(bed: Bed) -> None:
    key = uuid4()
    await bed.publish([outgoing(organisation(id=key)) for _ in range(3)])
    reader = bed.bus.reader(bed.topic, "extents")
    try:
        before = await reader.open()
        assert sum(extent.end - extent.first for extent in before.values()) == 3
        await bed.publish([outgoing(organisation(id=key)) for _ in range(2)])
        after = await reader.extents()
        assert sum(extent.end - extent.first for extent in after.values()) == 5
    finally:
        await reader.close()


async def test_a_waiting_reader_gets_a_new_record_at_once(bed: Bed) -> None:
    await bed.publish([outgoing(organisation())])
    reader = bed.bus.reader(bed.topic, "waiting")
    try:
        for number, extent in (await reader.open()).items():
            await reader.seek(number, extent.end)
        assert await reader.fetch(100, 0.3) == []
        waiting = asyncio.create_task(reader.fetch(100, 5.0))
        await asyncio.sleep(0.3)
        sent_at = time.monotonic()
        await bed.publish([outgoing(organisation())])
        assert len(await waiting) == 1
        assert time.monotonic() - sent_at < 2.5
    finally:
        await reader.close()


async def test_a_reader_without_news_returns_empty_after_its_wait(bed: Bed) -> None:
    await bed.publish([outgoing(organisation())])
    reader = bed.bus.reader(bed.topic, "idle")
    try:
        for number, extent in (await reader.open()).items():
            await reader.seek(number, extent.end)
        began = time.monotonic()
        assert await reader.fetch(100, 0.5) == []
        assert 0.3 < time.monotonic() - began < 5.0
    finally:
        await reader.close()


async def test_fetch_gives_no_more_than_it_is_asked_for(bed: Bed) -> None:
    key = uuid4()
    await bed.publish([outgoing(organisation(id=key)) for _ in range(30)])
    reader = bed.bus.reader(bed.topic, "limited")
    try:
        for number, extent in (await reader.open()).items():
            await reader.seek(number, extent.first)
        read = 0
        while read < 30:
            batch = await reader.fetch(7, 1.0)
            assert len(batch) <= 7
            read += len(batch)
    finally:
        await reader.close()


async def test_a_paused_partition_gives_nothing_and_goes_on_after_seek_and_resume(bed: Bed) -> None:
    key = uuid4()
    await bed.publish([outgoing(organisation(id=key)) for _ in range(10)])
    reader = bed.bus.reader(bed.topic, "paused")
    try:
        for number, extent in (await reader.open()).items():
            await reader.seek(number, extent.first)
        batch: list = []
        while not batch:
            batch = await reader.fetch(4, 1.0)
        partition, offset = batch[0].partition, batch[0].offset
        reader.pause(partition)
        assert await reader.fetch(100, 0.5) == []
        await reader.seek(partition, offset)
        reader.resume(partition)
        again: list = []
        while len(again) < 10:
            again += await reader.fetch(100, 1.0)
        assert again[:4] == batch
    finally:
        await reader.close()


async def test_everything_gives_all_records_and_ends(bed: Bed) -> None:
    sent = [outgoing(organisation()) for _ in range(1200)]
    receipt = await bed.publish(sent)
    assert len(receipt.acknowledged) == 1200
    got = [record async for record in bed.bus.everything(bed.topic)]
    assert sorted(record.headers["ce_id"] for record in got) == sorted(record.headers["ce_id"] for record in sent)


async def test_events_of_the_greatest_size_pass(bed: Bed) -> None:
    big = "x" * (256 * 1024 - 400)
    sent = [outgoing(organisation(name=big)) for _ in range(6)]
    receipt = await bed.publish(sent)
    assert receipt.failure is None
    assert {len(record.payload) for record in await bed.read(6)} == {len(sent[0].payload)}


async def test_publishing_nothing_is_nothing(bed: Bed) -> None:
    await bed.publish([outgoing(organisation())])
    assert (await bed.bus.publish(bed.topic, [])).acknowledged == ()


async def test_telling_the_bus_how_far_a_reader_is_never_fails(bed: Bed) -> None:
    await bed.publish([outgoing(organisation())])
    reader = bed.bus.reader(bed.topic, "told")
    try:
        extents = await reader.open()
        for number, extent in extents.items():
            await reader.seek(number, extent.first)
        await reader.note({number: extent.end for number, extent in extents.items()})
    finally:
        await reader.close()


async def test_a_record_too_large_is_refused_and_the_others_pass(bed: Bed) -> None:
    if bed.bus.log == "local":
        pytest.skip("PostgreSQL takes any size; the limit is the broker's")
    small = outgoing(organisation())
    huge = Outgoing(small.key, small.headers, b"x" * (2 * 1024 * 1024))
    other = next(record for record in (outgoing(organisation()) for _ in range(100)) if _apart(record, small))
    receipt = await bed.publish([huge, other])
    assert receipt.acknowledged == (1,)
    assert receipt.failure is not None
    assert (await bed.publish([small])).acknowledged == (0,)


def _apart(one: Outgoing, other: Outgoing) -> bool:
    from shared.bus.kafka import partition_of

    return all(partition_of(one.key.encode(), n) != partition_of(other.key.encode(), n) for n in (4, 6))
