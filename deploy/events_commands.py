"""What an operator does about events: `outturn events …` and `outturn topics …`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any, NoReturn

import typer

from deploy.mistakes import in_words
from shared.bus import Bus, topic_of
from shared.database import Database
from shared.service import Service

events = typer.Typer(help="Events: what is parked, replaying, sending again.", no_args_is_help=True)
topics = typer.Typer(help="The topics on Kafka.", no_args_is_help=True)

Folder = Annotated[str | None, typer.Option("--home", help="Folder of the data; default OUTTURN_HOME or .outturn")]
Name = Annotated[str, typer.Option("--service", help="grants, deliverables, transparency or governance")]


@events.command("parked")
def show_parked(service: Name, home: Folder = None) -> None:
    """List what could not be applied, with its error, and what waits behind it."""
    from shared.inbox import parked_events

    async def work() -> None:
        async with _opened(service, home) as place:
            rows = await parked_events(place.database.session)
        for row in rows:
            why = row["error"] or "waits behind an earlier event of its key"
            typer.echo(f"{row['parked_at']:%Y-%m-%d %H:%M:%SZ}  {row['type']}  key {row['key']}  {row['event_id']}")
            typer.echo(f"    {why}")
        typer.echo(f"{len(rows)} parked")

    _run(work())


@events.command()
def redrive(service: Name, home: Folder = None) -> None:
    """Apply parked events, in order for each key, after their cause has been mended."""
    from shared.auth import utc_now
    from shared.inbox import redrive as apply_parked

    async def work() -> bool:
        async with _opened(service, home) as place:
            done = await apply_parked(
                place.database.session, service, place.service.reactions, clock=utc_now, new_id=_new_id()
            )
        typer.echo(f"{done.applied} applied")
        for topic, key in done.still_parked:
            typer.echo(f"{topic} key {key}: failed again, `outturn events parked` shows why", err=True)
        return not done.still_parked

    if not _run(work()):
        raise typer.Exit(1)


@events.command()
def replay(service: Name, home: Folder = None) -> None:
    """Delete the service's read models and fill them again from the archives; everything else stays untouched."""
    from shared.inbox import ArchiveIncomplete
    from shared.inbox import replay as fill_again

    async def work() -> None:
        async with _opened(service, home) as place:
            if place.bus is None:
                _refuse("KAFKA_BOOTSTRAP_SERVERS is not set; the archives of the owners are read from there.")
            try:
                done = await fill_again(
                    place.database.session,
                    service,
                    place.service.reactions,
                    place.service.read_models,
                    place.bus,
                    new_id=_new_id(),
                )
            except ArchiveIncomplete as error:
                typer.echo(f"outturn: {error}", err=True)
                raise typer.Exit(1) from None
        typer.echo(f"{done} events replayed into {len(place.service.read_models)} read models")

    _run(work())


@events.command()
def republish(
    service: Name,
    from_position: Annotated[int, typer.Option(min=1, help="First position of the archive to send again")] = 1,
    home: Folder = None,
) -> None:
    """Have the service's relay send its archive again, for a topic that lost records or was made anew."""
    from shared.outbox.archive import republish as send_again

    async def work() -> None:
        async with _opened(service, home) as place:
            count = await send_again(place.database.session, from_position=from_position)
        typer.echo(f"{count} events will be sent again by the relay; then `outturn events rewind` on their readers")

    _run(work())


@events.command()
def rewind(
    service: Name,
    owner: Annotated[str, typer.Option(help="Whose topic to read again from its first record")],
    home: Folder = None,
) -> None:
    """Have a service read a topic again from its start, and clear the alarm; what it knows already it ignores."""
    from shared.inbox import rewind as set_back

    async def work() -> None:
        async with _opened(service, home) as place:
            count = await set_back(place.database.session, topic_of(owner))
        typer.echo(f"{count} partitions set back")

    _known(owner)
    _run(work())


@topics.command("apply")
def apply(
    bootstrap_servers: Annotated[
        str | None, typer.Option(help="Brokers, host:port; default KAFKA_BOOTSTRAP_SERVERS")
    ] = None,
) -> None:
    """Make the four topics where they are missing, and set the configuration of those that are there."""
    from aiokafka.errors import KafkaError

    from shared.bus.topics import apply_topics
    from shared.events.all import OWNERS

    servers = bootstrap_servers or os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    if not servers:
        _refuse("KAFKA_BOOTSTRAP_SERVERS is not set, and --bootstrap-servers is not given.")
    try:
        for sentence in _run(apply_topics(servers, OWNERS)):
            typer.echo(sentence)
    except (KafkaError, OSError, TimeoutError, ValueError) as error:
        _refuse(str(error) or type(error).__name__)


@dataclass(frozen=True)
class Place:
    """A service's database and the bus it stands on, for the time of one command."""

    service: Service
    database: Database
    bus: Bus | None


@asynccontextmanager
async def _opened(name: str, home: str | None) -> AsyncIterator[Place]:
    """From the environment (`…_DATABASE_URL`, on Kafka), or of the embedded mode's folder, running or not."""
    from deploy.databases import service_named
    from deploy.folder import folder_named
    from deploy.local import reading
    from shared.bus.kafka import KafkaBus
    from shared.bus.local import LocalBus

    _known(name)
    url = os.environ.get(f"{name.upper()}_DATABASE_URL")
    with ExitStack() as stack:
        if home is None and url is not None:
            servers = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
            databases = {name: Database(url)}
            bus: Bus | None = KafkaBus(servers) if servers else None
        else:
            urls = stack.enter_context(reading(folder_named(home)))
            databases = {owner: Database(address) for owner, address in urls.items()}
            bus = LocalBus(databases)
        try:
            await _refuse_older(service_named(name), databases[name])
            yield Place(service_named(name), databases[name], bus)
        finally:
            if bus is not None:
                await bus.stop()
            for database in databases.values():
                await database.close()


async def _refuse_older(service: Service, database: Database) -> None:
    from shared.migrations import pending

    async with database.engine.connect() as connection:
        if await pending(connection, service):
            _refuse(
                f"The database of {service.name} is not at this version; run `outturn up` or `outturn migrate` first."
            )


def _known(name: str) -> None:
    from shared.events.all import OWNERS

    if name not in OWNERS:
        _refuse(f"There is no service {name!r}; there are {', '.join(OWNERS)}.")


def _refuse(sentence: str) -> NoReturn:
    typer.echo(f"outturn: {sentence}", err=True)
    raise typer.Exit(1)


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    with in_words():
        return asyncio.run(work)


def _new_id() -> Any:
    from uuid_utils.compat import uuid7

    return uuid7
