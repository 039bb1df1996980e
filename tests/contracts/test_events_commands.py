"""`outturn events …` and `outturn topics apply`, as an operator types them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from typer.testing import CliRunner, Result

from deploy.cli import app
from tests.contracts.kafka_fixture import Kafka
from tests.harness import Running

PARK = text(
    'INSERT INTO inbox_parked (event_id, topic, partition, "offset", type, key, headers, payload, error, attempts,'
    " parked_at) VALUES"
    " (gen_random_uuid(), 'grants.events', 0, 1, :type, 'key-1', CAST(:headers AS jsonb), '', :error, 1, now())"
)


@pytest.fixture
def asked(transparency: Running, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command against the service's database, named by the environment."""
    monkeypatch.setenv("TRANSPARENCY_DATABASE_URL", transparency.runtime.settings.database_url)
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)

    async def ask(*words: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, list(words))

    return ask


async def test_parked_events_are_listed_with_their_errors_and_redriven(transparency: Running, asked: Any) -> None:
    async with transparency.session() as session:
        connection = await session.connection()
        await connection.execute(
            PARK, {"type": "grants.OrganisationRegistered.v1", "headers": "{}", "error": "ValueError: it was wrong"}
        )
        await connection.execute(PARK, {"type": "grants.OrganisationRegistered.v1", "headers": "{}", "error": None})
        await session.commit()
    listed = await asked("events", "parked", "--service", "transparency")
    assert listed.exit_code == 0
    assert "ValueError: it was wrong" in listed.output
    assert "waits behind an earlier event of its key" in listed.output
    assert "2 parked" in listed.output
    failed = await asked("events", "redrive", "--service", "transparency")
    assert failed.exit_code == 1
    assert "failed again" in failed.output
    async with transparency.session() as session:
        # Nobody reacts to such events any more, so there is nothing to do about them.
        await (await session.connection()).execute(
            text("UPDATE inbox_parked SET headers = CAST(:headers AS jsonb)"),
            {"headers": json.dumps({"ce_type": "grants.Forgotten.v1"})},
        )
        await session.commit()
    assert (await asked("events", "redrive", "--service", "transparency")).exit_code == 0
    assert "0 parked" in (await asked("events", "parked", "--service", "transparency")).output


async def test_republish_and_rewind_say_what_they_did(asked: Any) -> None:
    republished = await asked("events", "republish", "--service", "transparency")
    assert (republished.exit_code, republished.output.startswith("0 events will be sent again")) == (0, True)
    rewound = await asked("events", "rewind", "--service", "transparency", "--owner", "grants")
    assert (rewound.exit_code, "0 partitions set back" in rewound.output) == (0, True)


async def test_a_database_of_another_version_is_told_what_brings_it_here(transparency: Running, asked: Any) -> None:
    url = make_url(transparency.runtime.settings.database_url).set(drivername="postgresql", username="postgres")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as owner:
        owner.execute("UPDATE alembic_version SET version_num = '0001'")
    answered = await asked("events", "replay", "--service", "transparency")
    assert answered.exit_code == 1
    assert "run `outturn up` or `outturn migrate` first" in answered.output


async def test_mistakes_are_answered_in_words(asked: Any) -> None:
    for words, sentence in (
        (("events", "parked", "--service", "nothing"), "There is no service 'nothing'"),
        (("events", "rewind", "--service", "transparency", "--owner", "nobody"), "There is no service 'nobody'"),
        (("events", "replay", "--service", "transparency"), "KAFKA_BOOTSTRAP_SERVERS is not set"),
        (("topics", "apply"), "KAFKA_BOOTSTRAP_SERVERS is not set"),
        (("topics", "apply", "--bootstrap-servers", "127.0.0.1:1"), "bootstrap"),
    ):
        answer = await asked(*words)
        assert answer.exit_code == 1
        assert sentence in answer.output
        assert "Traceback" not in answer.output


async def test_topics_are_applied_and_a_replay_reads_them(
    asked: Any, kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka.address)
    applied = await asked("topics", "apply")
    assert applied.exit_code == 0
    assert "governance.events" in applied.output
    replayed = await asked("events", "replay", "--service", "transparency")
    assert replayed.exit_code == 0, (replayed.output, replayed.exception)
    assert "0 events replayed" in replayed.output
