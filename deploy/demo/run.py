"""The demonstration's order: which steps there are, what may run beside what, and how it shows."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from deploy.demo.client import Client, connected
from deploy.demo.steps import agreement, boards, money, papers, programme, reports, spend

Step = Callable[[Client], Awaitable[str]]

STEPS: tuple[tuple[str, Step], ...] = (
    ("Register the parties", agreement.register_parties),
    ("Sign the memorandum of 2017/18", agreement.sign),
    ("Load the budget of Annex B", agreement.set_budget),
    ("Award the pass-through lines", agreement.award_pass_through),
    ("Load the history of the grant", agreement.load_history),
    ("Import the programme", programme.import_programme),
    ("Report results and printed ratings", programme.report_results),
    ("Push the synthetic ledger", money.push_ledger),
    ("State the quarters", money.state_quarters),
    ("Record the provisional outturn", money.record_outturn),
    ("Submit and publish the quarterly reports", reports.publish_reports),
    ("Rate the missing deliverables", programme.rate_the_missing),
    ("Load two boards", boards.load_boards),
    ("Schedule their meetings", boards.hold_meetings),
    ("Publish agendas and papers", papers.publish_papers),
    ("Mark what was held", boards.mark_held),
    ("Publish notes, decisions and actions", papers.publish_notes),
    ("Enter the attendance registers", boards.enter_attendance),
    ("Settle clear findings", papers.settle_findings),
)
"""One after the other: each stands on those before it."""

BESIDE: tuple[tuple[str, Step], ...] = (
    ("Push the real finance exports", spend.push_exports),
    ("Publish spend editions", spend.publish_editions),
)
"""What needs no more than the parties, and takes longest."""


async def run(address: str, folder: Path) -> None:
    """Enter the year, then print what came of it."""
    console = Console(highlight=False, soft_wrap=True)
    started = time.monotonic()
    async with connected(address, folder) as client:
        await _steps(console, client)
        made, found = sum(client.made.values()), sum(client.found.values())
        took = time.monotonic() - started
        if made:
            console.print(f"\nEntered {made} records in {took:.0f} s; {found} were there already.")
        else:
            console.print(f"\nNothing changed: all {found} records were there already ({took:.0f} s).")


async def _steps(console: Console, client: Client) -> None:
    columns = (SpinnerColumn(finished_text="✓"), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=False, disable=not console.is_terminal) as progress:
        for title, step in STEPS:
            await _one(console, progress, client, title, step)


async def _one(console: Console, progress: Progress, client: Client, title: str, step: Step) -> None:
    task = progress.add_task(title, total=1)
    outcome = await step(client)
    progress.update(task, completed=1, description=f"{title}: {outcome}")
    if not console.is_terminal:
        console.print(f"{title}: {outcome}")


def main(address: str, folder: Path) -> int:
    """Run it as a process; an unexpected answer ends it in words."""
    from deploy.demo.client import DemoFailed

    try:
        asyncio.run(run(address, folder))
    except DemoFailed as failure:
        print(f"outturn demo: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0
