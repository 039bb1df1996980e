"""The demonstration's order: which steps there are, what may run beside what, and how it shows."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from deploy.demo import ending
from deploy.demo.client import Client, DemoFailed, connected
from deploy.demo.steps import agreement, boards, money, openness, papers, programme, reports, spend

Step = Callable[[Client], Awaitable[str]]
Steps = Sequence[tuple[str, Step]]

FIRST: Steps = (("Register the parties", agreement.register_parties),)

YEAR: Steps = (
    ("Sign the memorandum of 2017/18", agreement.sign),
    ("Load the budget of Annex B", agreement.set_budget),
    ("Award the pass-through lines", agreement.award_pass_through),
    ("Load the history of the grant", agreement.load_history),
    ("Load the printed budgets of 2011/12", agreement.load_printed_budgets),
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
    ("Enter contracts (synthetic)", openness.enter_contracts),
    ("Enter posts and pay (synthetic)", openness.enter_staff),
    ("Answer a request for information (synthetic)", openness.answer_request),
    ("Publish contracts, chart, pay and requests", openness.publish_registers),
)
"""One after the other: each stands on those before it."""

EXPORTS: Steps = (("Push the real finance exports", spend.push_exports),)
"""Needs no more than the parties and takes longest, so it runs beside the year."""

LAST: Steps = (("Publish spend editions", spend.publish_editions),)


async def run(address: str, folder: Path, *, stays: bool) -> None:
    """Enter the year, then print what came of it."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    started = time.monotonic()
    async with connected(address, folder) as client:
        columns = (SpinnerColumn(finished_text="✓"), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
            show = Show(console, progress)
            await show.run(client, FIRST)
            async with asyncio.TaskGroup() as group:
                group.create_task(show.run(client, YEAR))
                group.create_task(show.run(client, EXPORTS))
            await show.run(client, LAST)
        await ending.settle(client)
        took = time.monotonic() - started
        await ending.show(console, client, address, folder, stays=stays)
        made, found = sum(client.made.values()), sum(client.found.values())
        if made:
            console.print(f"\nEntered {made} records in {took:.0f} s; {found} were there already.")
        else:
            console.print(f"\nNothing changed: all {found} records were there already ({took:.0f} s).")


class Show:
    """Progress for people: a spinner a step on a terminal, a line a finished step elsewhere."""

    def __init__(self, console: Console, progress: Progress) -> None:
        self._console = console
        self._progress = progress

    async def run(self, client: Client, steps: Steps) -> None:
        for title, step in steps:
            task = self._progress.add_task(title, total=1)
            outcome = await step(client)
            self._progress.update(task, completed=1, description=f"{title}: {outcome}")
            if not self._console.is_terminal:
                self._console.print(f"{title}: {outcome}", soft_wrap=True)


def main(address: str, folder: Path, *, stays: bool = True) -> int:
    """Run it as a process; an unexpected answer ends it in words. `stays`: whether serving goes on afterwards."""
    try:
        asyncio.run(run(address, folder, stays=stays))
    except (DemoFailed, ExceptionGroup) as failure:
        told = _told(failure)
        if told is None:
            raise
        print(f"outturn demo: {told}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _told(failure: Exception) -> DemoFailed | None:
    """The failure in words, also where two tasks failed together; None for a fault of ours."""
    if isinstance(failure, ExceptionGroup):
        return next((told for told in map(_told, failure.exceptions) if told is not None), None)
    return failure if isinstance(failure, DemoFailed) else None
