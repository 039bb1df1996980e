"""Real finance exports as their publishers' ledgers, and editions of spend over £500 for every quarter with lines."""

from __future__ import annotations

import asyncio
import os
import re
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from deploy.demo.client import Client, DemoFailed, in_words, problem_codes
from deploy.demo.people import FINANCE, PREPARER, PUBLISHER, Person
from deploy.demo.steps.agreement import RECIPIENT
from deploy.demo.steps.money import make_profile, push
from shared.periods import Quarter, add_months

LAYOUTS: tuple[tuple[str, str], ...] = (
    (r"salford/.*\.csv", "salford"),
    (r"gla/.*\.csv", "gla"),
    (r"calderdale/.*-card\.csv", "calderdale-cards"),
    (r"calderdale/.*\.csv", "calderdale-invoices"),
    (r"leeds/2010-.*\.csv", "leeds-2010"),
    (r"leeds/2011-.*\.csv", "leeds-2011"),
    (r"leeds/2020-.*\.csv", "leeds-2020"),
)
"""Which layout a file has, by folder and name; the folder is the publisher's slug."""

FIRST_PERIOD_BEGINS, FIRST_PERIOD_ENDS = date(2017, 4, 1), date(2017, 4, 29)
PERIOD_DAYS = 28
"""The Greater London Authority divides 2017/18 into thirteen periods; all but the first are of four weeks."""

EDITION_SECONDS = 180.0
"""How long an edition may wait for what the ledger has recorded, the biggest export on a slow machine included."""
PUBLISHED_AS_IT_WAS = "The body published this text itself in the export that the line came from."


@dataclass(frozen=True)
class ExportFile:
    """A finance export and the layout it is in."""

    path: Path
    publisher: str
    layout: str

    @property
    def name(self) -> str:
        return f"{self.publisher}/{self.path.name}"

    @property
    def covers(self) -> tuple[date, date]:
        """First and last day of payment that the file is meant to hold, as its name says: a month, or a period."""
        year, part = self.path.stem.split("-")[:2]
        if part.startswith("P"):
            number = int(part[1:])
            last = FIRST_PERIOD_ENDS + timedelta(days=PERIOD_DAYS * (number - 1))
            return FIRST_PERIOD_BEGINS if number == 1 else last - timedelta(days=PERIOD_DAYS - 1), last
        first = date(int(year), int(part), 1)
        return first, add_months(first, 1) - timedelta(days=1)


def spend_folder() -> Path | None:
    """`OUTTURN_SPEND_DIR`, or `../shared/data/spend` beside the repository; None where there is no such folder."""
    stated = os.environ.get("OUTTURN_SPEND_DIR")
    folder = Path(stated) if stated else Path(__file__).parents[4] / "shared/data/spend"
    return folder if folder.is_dir() else None


def export_files(folder: Path | None) -> list[ExportFile]:
    """The exports of a known layout, in the order of their names."""
    found = []
    for path in sorted(folder.glob("*/*.csv")) if folder else ():
        name = f"{path.parent.name}/{path.name}"
        layout = next((layout for pattern, layout in LAYOUTS if re.fullmatch(pattern, name)), None)
        if layout is not None:
            found.append(ExportFile(path, path.parent.name, layout))
    return found


async def push_exports(client: Client) -> str:
    """Every file as the ledger of its publisher: one after the other for a body, the bodies side by side."""
    files = export_files(spend_folder())
    if not files:
        return "no folder of real exports here; OUTTURN_SPEND_DIR names one"
    for layout in sorted({file.layout for file in files}):
        await make_profile(client, layout)
    publishers = sorted({file.publisher for file in files})

    async def push_all(publisher: str) -> list[Any]:
        return [
            await push(client, publisher, file.layout, file.path.read_bytes(), file.covers)
            for file in files
            if file.publisher == publisher
        ]

    batches = [batch for each in await asyncio.gather(*map(push_all, publishers)) for batch in each]
    received = sum(batch["outcomes"]["received"]["lines"] for batch in batches)
    accepted = sum(batch["outcomes"]["accepted"]["lines"] for batch in batches)
    return f"{len(files)} files, {received:,} lines received, {accepted:,} accepted"


async def publish_editions(client: Client) -> str:
    """An edition for each publisher and quarter with lines, prepared by one person and approved by another."""
    publishers = [RECIPIENT, *sorted({file.publisher for file in export_files(spend_folder())})]

    async def publish_all(publisher: str) -> list[Any]:
        return [await publish_edition(client, publisher, quarter) for quarter in await quarters_of(client, publisher)]

    editions = [edition for each in await asyncio.gather(*map(publish_all, publishers)) for edition in each]
    rows = sum(edition["rows"] for edition in editions)
    return f"{len(editions)} editions of {len(publishers)} publishers, {rows:,} rows"


async def quarters_of(client: Client, publisher: str) -> list[str]:
    """Quarters in which the ledger holds a payment, found by stepping from one line to the next quarter's first."""
    found: list[str] = []
    start: date | None = None
    while True:
        page = await client.get(
            "/grants/v1/expenditure-lines", FINANCE, organisation=publisher, limit=1, paid_from=start
        )
        if not page["items"]:
            return found
        quarter = Quarter.of(date.fromisoformat(page["items"][0]["payment_date"]))
        found.append(quarter.slug)
        start = quarter.end + timedelta(days=1)


async def publish_edition(client: Client, publisher: str, quarter: str) -> Any:
    """The edition in force of a quarter: found, finished where a run stopped half-way, or made."""
    path = f"/transparency/v1/datasets/{publisher}/spend/{quarter}"
    standing = await client.find(path)
    if standing is not None and not standing["ledger_changed_since"]:
        client.found["editions"] += 1
        return standing
    draft = await _draft(client, path, correcting=standing is not None)
    if draft is None:
        # What moved in the ledger changes nothing of the file.
        client.found["editions"] += 1
        return standing
    number = draft["edition"]
    if draft["state"] == "draft":
        draft = await _once_complete(client, f"{path}/editions/{number}/checks", None)
    for finding in draft["findings"]:
        if finding["resolved_at"] is None:
            resolution = {"reason": PUBLISHED_AS_IT_WAS}
            where = f"{path}/editions/{number}/findings/{finding['finding_id']}/resolutions"
            await client.post(where, PREPARER, resolution)
    approval = {"sha256": draft["sha256"]}
    edition = await _once_complete(client, f"{path}/editions/{number}/approvals", approval, PUBLISHER)
    client.made["editions"] += 1
    return edition


async def _draft(client: Client, path: str, *, correcting: bool) -> Any | None:
    """The edition in preparation, found or made; None where it would be the same as the one in force."""
    editions = await client.find(f"{path}/editions", PREPARER)
    for edition in editions["items"] if editions else ():
        if edition["state"] in ("draft", "checked"):
            return await client.get(f"{path}/drafts/{edition['edition']}", PREPARER)
    body = {"change_note": "Lines that arrived later."} if correcting else {}
    return await _once_complete(client, f"{path}/editions", body)


async def _once_complete(client: Client, path: str, body: Any, who: Person = PREPARER) -> Any:
    """Post as soon as the ledger's events are all here; until then an edition is refused (T-14, T-59)."""
    until = asyncio.get_running_loop().time() + EDITION_SECONDS
    while asyncio.get_running_loop().time() < until:
        answer = await client.call("POST", path, who, json=body, allowed=(404, 409))
        if answer.status_code < 300:
            return answer.json()
        codes = problem_codes(answer)
        if "nothing_changed" in codes:
            return None
        if answer.status_code == 409 and "ledger_incomplete" not in codes:
            break
        await asyncio.sleep(0.25)
    raise DemoFailed(f"No edition could be made at {path}: {in_words(answer)}")
