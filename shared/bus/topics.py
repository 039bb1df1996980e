"""The topics on Kafka: made and checked, never changed in what would lose events or move keys."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.protocol.metadata import MetadataRequest

from shared.bus import PARTITIONS, topic_of

CONFIGURATION = {
    # The topic is kept whole: whoever joins later reads it from the first record.
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "retention.bytes": "-1",
    # An event is at most 256 KiB, a batch of the relay at most 512 KiB.
    "max.message.bytes": str(1024 * 1024),
    "message.timestamp.type": "CreateTime",
}

COPIES = 3
"""Copies of each partition, or as many as there are brokers. With three, a write waits for two of them."""


KNOWN_SECONDS = 30.0
"""How long every broker may take to hear of a new topic."""

SET_ON_TOPIC = 1
"""Kafka's number for a setting that stands on the topic, not on the broker."""


async def apply_topics(bootstrap_servers: str, owners: Iterable[str]) -> list[str]:
    """Make the missing topics, set the configuration of the others, and say in sentences what was done.

    Answers when every broker knows the new topics, so that whoever reads or writes next finds them. TimeoutError
    where that takes longer than KNOWN_SECONDS.

    ValueError where a topic has another number of partitions: it is left alone, for its keys have their order there.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers, request_timeout_ms=15_000)
    try:
        await admin.start()
        said = []
        made = []
        there = set(await admin.list_topics())
        brokers = [broker["node_id"] for broker in (await admin.describe_cluster())["brokers"]]
        copies = min(COPIES, len(brokers))
        wanted = CONFIGURATION | ({"min.insync.replicas": "2"} if copies == COPIES else {})
        for topic in map(topic_of, owners):
            if topic in there:
                said.append(await _check(admin, topic, wanted))
            else:
                new = NewTopic(topic, PARTITIONS, copies, topic_configs=wanted)
                answer = await admin.create_topics([new])
                _refuse_errors(topic, answer.topic_errors)
                said.append(f"{topic}: made, {PARTITIONS} partitions, {copies} copies")
                made.append(topic)
        for broker in brokers if made else []:
            await _until_known(admin, broker, made)
        return said
    finally:
        await admin.close()


async def _until_known(admin: AIOKafkaAdminClient, broker: int, topics: list[str]) -> None:
    """Wait until that broker knows the topics and who leads each partition.

    The controller confirms a topic as soon as it has decided on it; the brokers hear of it a moment later, on a busy
    machine after seconds. Until then they answer that there is no such topic.
    """
    request = MetadataRequest(topics)
    async with asyncio.timeout(KNOWN_SECONDS):
        while True:
            described = (await admin._send_request_to_node(broker, request)).to_object()["topics"]
            if all(
                topic["error_code"] == 0
                and len(topic["partitions"]) == PARTITIONS
                and all(partition["leader"] >= 0 for partition in topic["partitions"])
                for topic in described
            ):
                return
            await asyncio.sleep(0.1)


async def _check(admin: AIOKafkaAdminClient, topic: str, wanted: dict[str, str]) -> str:
    described = (await admin.describe_topics([topic]))[0]
    partitions = len(described["partitions"])
    if partitions != PARTITIONS:
        raise ValueError(f"{topic} has {partitions} partitions, not {PARTITIONS}; that cannot be changed in place")
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    entries = answers[0].resources[0][4]
    current = {entry[0]: entry[1] for entry in entries}
    wrong = sorted(name for name, value in wanted.items() if current.get(name) != value)
    if not wrong:
        return f"{topic}: as it should be"
    # This request replaces all that is set on the topic itself, so what others have set there goes along.
    own = {entry[0]: entry[1] for entry in entries if entry[3] == SET_ON_TOPIC}
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=own | wanted)])
    return f"{topic}: set {', '.join(wrong)}"


def _refuse_errors(topic: str, errors: Iterable[Any]) -> None:
    for error in errors:
        # 36: another process made it in the meantime.
        if error[1] not in (0, 36):
            raise ValueError(f"{topic} could not be made: {error[2] or f'Kafka error {error[1]}'}")
