"""Fixtures for a real Kafka: the one the environment names, else one started from its jars, else a skip."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from deploy.kafka.broker import Broker, Unavailable


@dataclass
class Kafka:
    """A running Kafka 4. `broker` is there where we started it ourselves and may stop it."""

    address: str
    broker: Broker | None


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """One broker for the whole test session; tests use topics of their own."""
    named = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    if named:
        yield Kafka(named, None)
        return
    broker = started(tmp_path_factory)
    try:
        yield Kafka(broker.address, broker)
    finally:
        broker.stop()


@pytest.fixture
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker of the test's own, to be stopped and killed."""
    broker = started(tmp_path_factory)
    try:
        yield broker
    finally:
        broker.kill()


def started(tmp_path_factory: pytest.TempPathFactory) -> Broker:
    try:
        broker = Broker(tmp_path_factory.mktemp("kafka"))
        broker.start()
        return broker
    except Unavailable as error:
        if os.environ.get("REQUIRE_KAFKA") == "1":
            pytest.fail(f"REQUIRE_KAFKA=1, and there is no Kafka: {error}")
        pytest.skip(f"no Kafka here: {error}")
