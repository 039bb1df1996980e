"""The `outturn` command: one function a subcommand, and mistakes of the operator answered in words."""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from deploy.events_commands import events, topics
from deploy.folder import ISSUER_KEY, folder_named, refuse_without_data
from deploy.mistakes import Failed, Refused, in_words

# Imports of services, database and servers stand inside the commands: `outturn --help` and `outturn token` are quick.

app = typer.Typer(
    help="Runs a government grant under a memorandum of understanding, and accounts for it in public.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
audit_commands = typer.Typer(help="The audit log.", no_args_is_help=True)
app.add_typer(audit_commands, name="audit")
app.add_typer(events, name="events")
app.add_typer(topics, name="topics")

Folder = Annotated[str | None, typer.Option("--home", help="Folder of the data; default OUTTURN_HOME or .outturn")]
Port = Annotated[int | None, typer.Option("--port", help="Port on 127.0.0.1; default OUTTURN_PORT or 8000")]


@app.command()
def up(home: Folder = None, port: Port = None) -> None:
    """Start everything in one process and serve until Ctrl-C."""
    from deploy.local import serving

    with in_words(), serving(*_place(home, port)) as embedded:

        async def say() -> None:
            _say_addresses(embedded.address, embedded.folder)

        embedded.run(say)
        typer.echo("Stopped.")


@app.command()
def demo(
    home: Folder = None,
    port: Port = None,
    leave: Annotated[bool, typer.Option("--exit", help="End after printing instead of serving on")] = False,
) -> None:
    """Enter the year 2017/18 over HTTP, print what came of it, and serve it."""
    from deploy.local import serving

    with in_words(), serving(*_place(home, port)) as embedded:
        import asyncio

        async def enter() -> bool:
            # A process of its own: a client that shares nothing with the services but the address.
            command = [sys.executable, "-m", "deploy.demo", embedded.address, str(embedded.folder)]
            command += ["--exit"] if leave else []
            process = await asyncio.create_subprocess_exec(*command)
            try:
                code = await process.wait()
            except asyncio.CancelledError:
                if process.returncode is None:
                    process.terminate()
                    await process.wait()
                raise
            if code:
                raise Failed(f"The demonstration ended early (code {code}); run it again, it goes on where it stopped.")
            if not leave:
                _say_addresses(embedded.address, embedded.folder)
            return leave

        embedded.run(enter)
        typer.echo("Stopped; `make up` serves what was entered." if leave else "Stopped.")


@app.command()
def serve(
    service: Annotated[str, typer.Argument(help="grants, deliverables, transparency or governance")],
    host: Annotated[str, typer.Option(help="Address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on")] = 8000,
) -> None:
    """Run one service as a process of its own, on Kafka; settings come from the environment."""
    with in_words():
        _known(service)
        from deploy import serve as distributed

        distributed.serve(service, host=host, port=port)


@app.command("serve-home")
def serve_home(host: str = "127.0.0.1", port: int = 8000) -> None:
    """Run the home page as a process of its own."""
    with in_words():
        from deploy import serve as distributed

        distributed.serve_home(host=host, port=port)


@app.command()
def token(
    scope: Annotated[list[str], typer.Option("--scope", help="Scope, such as grants:manager; several are allowed")],
    sub: Annotated[str, typer.Option(help="Who the token stands for")] = "person:operator",
    name: Annotated[str | None, typer.Option(help="Name shown in the audit log")] = None,
    organisation: Annotated[list[str] | None, typer.Option(help="Slug it may write for; several are allowed")] = None,
    client: Annotated[bool, typer.Option("--client", help="A system without a person; may not approve")] = False,
    hours: Annotated[int, typer.Option(min=1, max=24 * 31)] = 12,
    home: Folder = None,
) -> None:
    """Print a bearer token of the embedded mode's own issuer."""
    from datetime import timedelta

    from deploy.scopes import known_scopes
    from shared.auth import LocalIssuer

    with in_words():
        _refuse_in_production()
        scopes = known_scopes(scope)
        folder = folder_named(home)
        # Only an instance makes the key that it trusts; a key made elsewhere would sign tokens that nobody takes.
        refuse_without_data(folder, ISSUER_KEY)
        typer.echo(
            LocalIssuer(folder).token(
                sub, scopes, name=name, organisations=organisation, client_only=client, valid_for=timedelta(hours=hours)
            )
        )


@app.command()
def migrate(
    services: Annotated[list[str] | None, typer.Argument(help="Services; default all four")] = None,
) -> None:
    """Bring databases to the version of this code; addresses come from the environment."""
    with in_words():
        from sqlalchemy.engine import make_url

        from deploy.databases import SERVICES, service_named
        from deploy.serve import settings_of
        from shared.migrations import migrate as bring

        for name in services or SERVICES:
            _known(name)
            service = service_named(name)
            settings = settings_of(service)
            if settings.migration_database_url is None:
                raise Refused(f"{name.upper()}_MIGRATION_DATABASE_URL is not set: the address of the owning role.")
            revision = bring(
                service, settings.migration_database_url, app_role=make_url(settings.database_url).username
            )
            typer.echo(f"{name}: at {revision}")


@app.command()
def digest(
    home: Folder = None,
    details: Annotated[bool, typer.Option("--details", help="Print every table's and column's figures")] = False,
) -> None:
    """Print a fingerprint of the state: counts, sums, states and reports, without ids and times."""
    with in_words(), _databases(home) as urls:
        from deploy.digest import digest_of, lines_of

        found = lines_of(urls)
        if details:
            typer.echo("\n".join(found))
        typer.echo(digest_of(found))


@audit_commands.command("verify")
def audit_verify(home: Folder = None) -> None:
    """Recompute the chain of every service's audit log and name the first row that does not fit."""
    with in_words(), _databases(home) as urls:
        import asyncio

        from deploy.databases import service_named
        from shared.audit import verify
        from shared.database import Database

        async def broken(name: str, url: str) -> int | None:
            database = Database(url)
            try:
                async with database.session() as session:
                    return await verify(await session.connection(), service_named(name).tables.audit)
            finally:
                await database.close()

        bad = False
        for name, url in urls.items():
            row = asyncio.run(broken(name, url))
            bad |= row is not None
            typer.echo(f"{name}: intact" if row is None else f"{name}: broken at row {row}")
        if bad:
            raise typer.Exit(1)


@app.command()
def openapi(service: Annotated[str, typer.Argument(help="Service")]) -> None:
    """Print a service's OpenAPI document."""
    with in_words():
        _known(service)
        from deploy.write_docs import openapi_of

        typer.echo(json.dumps(openapi_of(service), indent=2, ensure_ascii=False))


@app.command()
def probe(url: str) -> None:
    """Ask an address once; ends with 0 when the answer is 2xx. For health checks of containers."""
    if not url.startswith(("http://", "https://")):
        raise typer.Exit(2)
    try:
        with urllib.request.urlopen(url, timeout=4) as answer:
            raise typer.Exit(0 if 200 <= answer.status < 300 else 1)
    except (urllib.error.URLError, OSError):
        raise typer.Exit(1) from None


def _place(home: str | None, port: int | None) -> tuple[Path, int]:
    from deploy.local import default_port

    return folder_named(home), port or default_port()


@contextmanager
def _databases(home: str | None) -> Iterator[dict[str, str]]:
    """Addresses of the four databases: from the environment, or of the embedded mode's folder, running or not."""
    from deploy.databases import SERVICES
    from deploy.local import reading

    variables = {name: f"{name.upper()}_DATABASE_URL" for name in SERVICES}
    if home is None and any(variable in os.environ for variable in variables.values()):
        missing = [variable for variable in variables.values() if variable not in os.environ]
        if missing:
            raise Refused(f"The environment names some databases and not others; missing: {', '.join(missing)}.")
        yield {name: os.environ[variable] for name, variable in variables.items()}
        return
    with reading(folder_named(home)) as urls:
        yield urls


def _known(service: str) -> None:
    from deploy.databases import SERVICES

    if service not in SERVICES:
        raise Refused(f"There is no service {service[:40]!r}; there are {', '.join(SERVICES)}.")


def _refuse_in_production() -> None:
    if os.environ.get("ENVIRONMENT", "development") == "production":
        raise Refused("The local issuer is for the embedded mode; in production your own issuer makes tokens.")


def _say_addresses(address: str, folder: Path) -> None:
    typer.echo(f"Outturn serves {address}/  (data in {folder}; Ctrl-C stops it)")


if __name__ == "__main__":
    app()
