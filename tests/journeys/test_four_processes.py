"""The four services as four processes on real Kafka: the same year, killed and started again, with the same digest."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.databases import SERVICES, DatabaseUrls
from deploy.kafka.broker import Broker
from deploy.local import prepare
from deploy.postgres import running_postgres
from shared.auth import LocalIssuer
from tests.journeys.running import (
    NOWHERE,
    digest,
    free_port,
    is_ready,
    kill_group,
    outturn,
    read_until,
    started,
    wait_for,
)


@dataclass
class Place:
    """A database server, a broker, and the ports on which four processes answer."""

    home: Path
    variables: dict[str, str]
    ports: dict[str, int]
    running: dict[str, subprocess.Popen[str]]

    @property
    def addresses(self) -> str:
        return ",".join(f"{name}=http://127.0.0.1:{port}" for name, port in self.ports.items())

    def start(self, stack: ExitStack) -> None:
        for name, port in self.ports.items():
            words = ("serve", name, "--port", str(port))
            self.running[name] = stack.enter_context(started(self.home, *words, quiet=True, **self.variables))
        for name, port in self.ports.items():
            wait_for(lambda name=name, port=port: is_ready(f"http://127.0.0.1:{port}", name))

    def kill(self) -> None:
        for process in self.running.values():
            kill_group(process)

    def demo(self, stack: ExitStack) -> subprocess.Popen[str]:
        return stack.enter_context(started(self.home, self.addresses, str(self.home), module="deploy.demo"))

    def digest(self) -> str:
        done = outturn(self.home, "digest", "--details", **self.variables)
        assert done.code == 0, done.text
        return done.text


@contextmanager
def place(home: Path, broker: Broker) -> Iterator[Place]:
    """Databases migrated, topics made, settings as an operator would give them."""
    issuer = LocalIssuer(home)
    with running_postgres(home) as postgres:
        urls = prepare(postgres)
        variables = settings(home, urls, issuer, broker.address)
        applied = outturn(home, "topics", "apply", **variables)
        assert applied.code == 0, applied.text
        yield Place(home, variables, {name: free_port() for name in SERVICES}, {})


def settings(home: Path, urls: dict[str, DatabaseUrls], issuer: LocalIssuer, kafka: str) -> dict[str, str]:
    found = {
        "ENVIRONMENT": "development",
        "AUTH_JWKS_URL": issuer.jwks_url,
        "KAFKA_BOOTSTRAP_SERVERS": kafka,
        "TRANSPARENCY_REFERENCE_KEY": "only for this test",
        "LOG_LEVEL": "error",
    }
    for name in SERVICES:
        found[f"{name.upper()}_DATABASE_URL"] = urls[name].app
        found[f"{name.upper()}_FILES_DIR"] = str(home / "files" / name)
    return found


def test_all_killed_in_the_middle_and_started_again_end_as_the_embedded_mode_does(
    own_broker: Broker, tmp_path: Path
) -> None:
    """kill -9 of four services and their client half-way through the year; on real Kafka nothing is lost or doubled."""
    embedded = tmp_path / "embedded"
    done = outturn(embedded, "demo", "--exit", OUTTURN_PORT=str(free_port()), OUTTURN_SPEND_DIR=NOWHERE)
    assert done.code == 0, done.text
    (tmp_path / "kafka").mkdir(mode=0o700)
    with place(tmp_path / "kafka", own_broker) as here:
        with ExitStack() as stack:
            here.start(stack)
            client = here.demo(stack)
            read_until(client, "State the quarters")
            here.kill()
            kill_group(client)
        with ExitStack() as stack:
            here.start(stack)
            client = here.demo(stack)
            text, _ = client.communicate(timeout=240)
            assert client.returncode == 0, text
            assert "grant £21.000m, spend £20.986m, under by £14,000 (0.067 %)" in text
            # All agree once nothing waits any more; the demonstration ends only then.
            assert differences(here.digest(), digest(embedded)) == []


def differences(one: str, other: str) -> list[str]:
    """Lines of two digests that are in one alone, without the fingerprint itself."""
    return sorted(set(one.splitlines()[:-1]) ^ set(other.splitlines()[:-1]))
