"""What only Kafka has: partitions by key, topics and their configuration, a broker that is away."""

from __future__ import annotations

import asyncio
import time
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from confluent_kafka import Message, Producer

from deploy.kafka.broker import Broker, free_ports
from shared.bus import topic_of
from shared.bus.kafka import KafkaBus, partition_of
from shared.bus.topics import apply_topics
from tests.contracts.beds import organisation, outgoing
from tests.contracts.kafka_fixture import Kafka


@pytest.mark.parametrize(
    ("key", "number"),
    [(b"21", -973932308), (b"foobar", -790332482), (b"a-little-bit-long-string", -985981536), (b"abc", 479470107)],
)
def test_a_key_goes_where_the_java_client_would_send_it(key: bytes, number: int) -> None:
    """Values of Kafka's own test of its murmur2."""
    for partitions in (1, 4, 6, 60):
        assert partition_of(key, partitions) == (number & 0x7FFFFFFF) % partitions


async def test_librdkafka_sends_a_key_to_the_same_partition(kafka: Kafka) -> None:
    owner = f"murmur-{uuid4().hex[:8]}"
    await apply_topics(kafka.address, [owner])
    placed: dict[str, int] = {}

    def note(_: object, told: Message) -> None:
        placed[told.key().decode()] = told.partition()

    other = Producer({"bootstrap.servers": kafka.address, "partitioner": "murmur2_random"})
    keys = [str(uuid4()) for _ in range(40)]
    for key in keys:
        other.produce(topic_of(owner), b"{}", key.encode(), on_delivery=note)
    assert await asyncio.to_thread(other.flush, 20) == 0
    assert placed == {key: partition_of(key.encode(), 6) for key in keys}


async def test_topics_are_made_with_six_partitions_kept_for_ever_and_applied_twice_without_change(kafka: Kafka) -> None:
    owner = f"topics-{uuid4().hex[:8]}"
    assert "made" in (await apply_topics(kafka.address, [owner]))[0]
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await admin.start()
    try:
        assert await apply_topics(kafka.address, [owner]) == [f"{topic_of(owner)}: as it should be"]
        resource = ConfigResource(ConfigResourceType.TOPIC, topic_of(owner))
        entries = (await admin.describe_configs([resource]))[0].resources[0][4]
        configuration = {entry[0]: entry[1] for entry in entries}
        assert configuration["retention.ms"] == configuration["retention.bytes"] == "-1"
        assert configuration["cleanup.policy"] == "delete"
        await admin.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, topic_of(owner), configs={"retention.ms": "1000"})]
        )
        await _until_set(admin, resource, "retention.ms", "1000")
        assert "retention.ms" in (await apply_topics(kafka.address, [owner]))[0]
    finally:
        await admin.close()


async def test_a_topic_with_another_number_of_partitions_is_left_alone_and_named(kafka: Kafka) -> None:
    owner = f"topics-{uuid4().hex[:8]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic_of(owner), 3, 1)])
        await _until_listed(admin, topic_of(owner))
    finally:
        await admin.close()
    with pytest.raises(ValueError, match="3 partitions, not 6"):
        await apply_topics(kafka.address, [owner])


async def test_a_topic_that_nobody_made_is_not_made_by_reading_or_writing(kafka: Kafka) -> None:
    if kafka.broker is None:
        pytest.skip("whether topics make themselves is decided by that broker's administrators")
    bus = KafkaBus(kafka.address)
    reader = bus.reader("nobody-made-this.events", "reader")
    try:
        with pytest.raises(LookupError, match="outturn topics apply"):
            await reader.open()
    finally:
        await reader.close()
        await bus.stop()


async def test_a_broker_that_was_never_there_is_an_error_in_reasonable_time_and_stopping_is_quick() -> None:
    [port] = free_ports(1)
    bus = KafkaBus(f"127.0.0.1:{port}")
    began = time.monotonic()
    with pytest.raises(Exception, match="bootstrap"):
        await bus.publish("grants.events", [outgoing(organisation())])
    reader = bus.reader("grants.events", "reader")
    with pytest.raises(Exception, match="bootstrap"):
        await reader.open()
    await reader.close()
    await bus.stop()
    assert time.monotonic() - began < 20


async def test_closing_while_the_broker_is_away_neither_hangs_nor_cancels_the_caller(own_broker: Broker) -> None:
    await apply_topics(own_broker.address, ["grants"])
    bus = KafkaBus(own_broker.address)
    await bus.publish("grants.events", [outgoing(organisation())])
    reader = bus.reader("grants.events", "reader")
    for number, extent in (await reader.open()).items():
        await reader.seek(number, extent.first)
    while not await reader.fetch(100, 1.0):
        pass
    own_broker.kill()
    sending = asyncio.create_task(bus.publish("grants.events", [outgoing(organisation())]))
    await asyncio.sleep(1)
    assert not sending.done()
    began = time.monotonic()
    await reader.close()
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    await bus.stop()
    assert time.monotonic() - began < 20


async def test_how_far_a_topic_goes_is_answered_or_refused_within_seconds(own_broker: Broker) -> None:
    """Design section 4: the reader must not take a broker that is away for one that has nothing new."""
    await apply_topics(own_broker.address, ["grants"])
    bus = KafkaBus(own_broker.address)
    await bus.publish("grants.events", [outgoing(organisation()) for _ in range(30)])
    end = await bus.end_of("grants.events")
    assert (len(end.extents), sum(extent.end for extent in end.extents.values()), end.unsent) == (6, 30, 0)
    # Several who ask at once are answered alike.
    assert await asyncio.gather(*(bus.end_of("grants.events") for _ in range(5))) == [end] * 5
    with pytest.raises(LookupError):
        await bus.end_of("nobody-made-this.events")
    own_broker.kill()
    began = time.monotonic()
    outcomes = await asyncio.gather(*(bus.end_of("grants.events") for _ in range(5)), return_exceptions=True)
    assert all(isinstance(outcome, Exception) for outcome in outcomes)
    assert time.monotonic() - began < 10
    own_broker.start()
    async with asyncio.timeout(60):
        while True:
            try:
                assert await bus.end_of("grants.events") == end
                break
            except Exception:
                await asyncio.sleep(0.5)
    await bus.stop()


async def _until_listed(admin: AIOKafkaAdminClient, topic: str) -> None:
    async with asyncio.timeout(10):
        while topic not in await admin.list_topics():  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def _until_set(admin: AIOKafkaAdminClient, resource: ConfigResource, name: str, value: str) -> None:
    async with asyncio.timeout(10):
        while True:
            entries = (await admin.describe_configs([resource]))[0].resources[0][4]
            if (name, value) in {(entry[0], entry[1]) for entry in entries}:
                return
            await asyncio.sleep(0.1)
