"""The three buses of the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from shared.bus import topic_of
from shared.bus.kafka import KafkaBus
from shared.bus.topics import apply_topics
from tests.contracts.beds import Bed, local_bed
from tests.contracts.kafka_fixture import Kafka
from tests.harness import Postgres


@pytest.fixture(params=["local", "mock", "kafka"])
async def bed(request: pytest.FixtureRequest, postgres: Postgres) -> AsyncIterator[Bed]:
    if request.param == "local":
        async with local_bed(postgres) as local:
            yield local
        return
    owner = f"contract-{uuid4().hex[:8]}"
    topic = topic_of(owner)
    if request.param == "mock":
        # The cluster lives inside this client; it answers no admin calls, and makes a topic when it is first asked for.
        cluster = Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 1})
        metadata = cluster.list_topics(topic, timeout=10)
        address = ",".join(f"{broker.host}:{broker.port}" for broker in metadata.brokers.values())
    else:
        kafka: Kafka = request.getfixturevalue("kafka")
        address = kafka.address
        await apply_topics(address, [owner])
    bus = KafkaBus(address)
    await bus.start()
    try:
        yield Bed(bus, topic, lambda records: bus.publish(topic, records), {"address": address})
    finally:
        await bus.stop()
