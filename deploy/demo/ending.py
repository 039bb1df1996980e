"""What came of the year, read back over the API and printed: ratings, outturn, attendance, duties, files, events."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from deploy.databases import SERVICES
from deploy.demo.client import Client
from deploy.demo.ledger import QUARTERS, quarter_file
from deploy.demo.people import CFO, FINANCE, OPERATOR
from deploy.demo.steps.agreement import RECIPIENT, YEAR
from deploy.demo.steps.boards import BOARDS
from deploy.demo.steps.programme import LAST, PROGRAMME
from deploy.demo.steps.spend import export_files, spend_folder
from shared.events.all import REGISTER
from shared.money import sterling

OUTCOMES = ("received", "accepted", "duplicate", "conflict", "rejected", "held")
SETTLE_SECONDS = 180.0


async def settle(client: Client) -> None:
    """Wait until every event has been applied everywhere, so that what is read next is the whole."""

    async def quiet() -> bool:
        for name in SERVICES:
            health = await client.get(f"/{name}/health/events")
            if health["relay"]["waiting_events"] or health["consumer"]["lag"] != 0:
                return False
        return True

    # Twice in a row: an event applied in between may have caused another.
    for _ in range(2):
        await client.arrives("quiet on the bus", quiet, SETTLE_SECONDS)


async def show(console: Console, client: Client, address: str, folder: Path, *, stays: bool) -> None:
    """Print the accounts of the year, and leave that of the real files as Markdown in the data folder.

    Addresses are printed where they stay: where serving ends with this, only what `make up` will serve.
    """
    await _ratings(console, client)
    await _outturn(console, client)
    await _attendance(console, client)
    await _duties(console, client)
    await _editions(console, client)
    accounts = await _files(console, client)
    (folder / "real-files.md").write_text(markdown(accounts[len(QUARTERS) :]))
    await _events(console, client)
    await _addresses(console, client, address if stays else None)


async def _ratings(console: Console, client: Client) -> None:
    report = (await client.get("/deliverables/v1/reports", quarter=LAST))["items"][0]
    published = await client.get(f"/deliverables/v1/reports/{report['id']}")
    printed = published["figures"]["summary_as_printed"]
    now = await client.get(f"{PROGRAMME}/summary", period=LAST)
    table = _table("Ratings at the year end", "Theme", *("rows", "green", "amber", "red", "missing") * 2)
    table.columns[1].header = "as printed: rows"
    table.columns[6].header = "agreed now: rows"
    pairs = zip(printed["themes"], now["themes"], strict=True)
    for before, after in pairs:
        table.add_row(before["title"], *_colours(before["rows"]), *_colours(after["agreed"]))
    table.add_row("All", *_colours(printed["rows"]), *_colours(now["agreed"]), style="bold")
    console.print(table)
    unknown = ", ".join(printed["agreed"]["missing_refs"])
    console.print(
        f"The report of {report['label']} was published with {published['publication']['unknowns']} deliverables shown "
        f"as unknown ({unknown}); without publish_with_unknowns it is refused (rating_missing)."
    )


async def _outturn(console: Console, client: Client) -> None:
    found = (await client.get(f"/transparency/v1/datasets/{RECIPIENT}/outturn/{YEAR}"))["current"]
    console.print(
        f"\nOutturn {YEAR.replace('-', '/')} ({found['state']}): grant {_millions(found['grant_pence'])}, "
        f"spend {_millions(found['spend_pence'])}, under by £{found['underspend_pence'] // 100:,} "
        f"({found['underspend_percent']} %)."
    )
    year = f"/grants/v1/agreements/{YEAR}"
    use = await client.get(f"{year}/use-summary", FINANCE)
    console.print(
        f"Use declared for {use['entries'] - use['undeclared']:,} of {use['entries']:,} entries: "
        f"{use['allowed']:,} allowed, {use['refused']:,} refused, {use['awaiting_decision']:,} waiting for a decision."
    )
    standing = await client.get(f"{year}/closure", CFO)
    console.print(f"What keeps the year {standing['state'].replace('_', ' ')}:")
    for item in standing["open"]:
        console.print(f"  {item['detail']}")


async def _attendance(console: Console, client: Client) -> None:
    for board in BOARDS:
        year = await client.get(f"/governance/v1/boards/{board.slug}/attendance", year=board.year)
        table = _table(f"Attendance, {board.slug.replace('-', ' ')} {board.year}", "Group", "present", "of", "per cent")
        rates = [(row["group"], row["rate"]) for row in year["members_by_group"]]
        whole = next(row["rate"] for row in year["by_capacity"] if row["capacity"] == "full_member")
        for name, rate in [*rates, ("All full members", whole)]:
            table.add_row(name, str(rate["present"]), str(rate["counted"]), rate["per_cent"] or "")
        console.print(table)


async def _duties(console: Console, client: Client) -> None:
    found = await client.get("/transparency/v1/obligations/compliance", publisher=RECIPIENT, year=YEAR)
    table = _table(f"Duties to publish of {YEAR}, {RECIPIENT}", "Duty", "for", "due", "state", "days late")
    for row in sorted(found["items"], key=lambda row: (row["alarm_on"] or "9999", row["code"])):
        late = "" if row["days_late"] is None else str(row["days_late"]) if row["lateness_known"] else "not known"
        table.add_row(row["code"], row["period"], row["alarm_on"] or "", row["state"].replace("_", " "), late)
    for note in found["notes"]:
        console.print(note)
    console.print(table)
    counted = ", ".join(f"{number} {state.replace('_', ' ')}" for state, number in found["summary"].items() if number)
    console.print(f"{counted}.")


async def _editions(console: Console, client: Client) -> None:
    found = await client.every("/transparency/v1/datasets", kind="spend")
    table = _table("Editions of spend over £500", "Publisher", "for", "rows", "total £", "coverage", "missing months")
    for row in found:
        missing = ", ".join(row["missing_months"])
        total = sterling(row["total_pence"])
        table.add_row(row["publisher"], row["period"], f"{row['rows']:,}", total, row["coverage"], missing)
    console.print(table)
    words = Counter(row["coverage"].replace("_", " ") for row in found)
    console.print(", ".join(f"{number} {word}" for word, number in sorted(words.items())) + ".")


async def file_accounts(client: Client) -> list[tuple[str, Any]]:
    """Name and batch of every file that was pushed, the synthetic ledger first."""
    files = [(RECIPIENT, f"synthetic {quarter}", quarter_file(quarter)) for quarter in QUARTERS]
    files += [(file.publisher, file.name, file.path.read_bytes()) for file in export_files(spend_folder())]
    found = []
    for publisher, name, content in files:
        known = await client.every(
            "/grants/v1/expenditure-batches",
            FINANCE,
            organisation=publisher,
            sha256=hashlib.sha256(content).hexdigest(),
            state="completed",
        )
        found.append((name, known[0]))
    return found


async def _files(console: Console, client: Client) -> list[tuple[str, Any]]:
    accounts = await file_accounts(client)
    amounts = ("received £", "accepted £", "eligible £")
    table = _table("Lines and amounts by outcome, every file", "File", *OUTCOMES, "unreadable", *amounts)
    total: Counter[str] = Counter()
    for name, batch in accounts:
        table.add_row(name, *_account(batch, total))
    table.add_row("All", *_total(total), style="bold")
    console.print(table)
    sound = all(_adds_up(batch["outcomes"]) for _, batch in accounts)
    console.print(
        "In every file received = accepted + duplicate + conflict + rejected + held, in lines and in pence."
        if sound
        else "The outcomes of some file do not add up."
    )
    if len(accounts) == len(QUARTERS):
        console.print("No folder of real exports was found; OUTTURN_SPEND_DIR names one.")
    return accounts


def markdown(accounts: list[tuple[str, Any]]) -> str:
    """The same account of the real files as a table for documents."""
    header = ("file", *OUTCOMES, "unreadable", "not lines", "received", "accepted")
    rows = ["| " + " | ".join(header) + " |", "|---" + "|--:" * (len(header) - 1) + "|"]
    total: Counter[str] = Counter()
    for name, batch in accounts:
        own = _counted(batch)
        total.update(own)
        rows.append(_markdown_row(f"`{name}`", own))
    rows.append(_markdown_row("**all**", total))
    return "\n".join(rows) + "\n"


def _markdown_row(name: str, own: Counter[str]) -> str:
    numbers = [f"{own[key]:,}" for key in (*OUTCOMES, "unreadable", "not_lines")]
    return f"| {name} | {' | '.join([*numbers, *(sterling(own[key]) for key in MONEY[:2])])} |"


async def _events(console: Console, client: Client) -> None:
    table = _table("Events", "Type", "events")
    whole = 0
    for kind, event in REGISTER.items():
        if event.NAME == "ExpenditureRecorded":
            # They hold every line of every ledger; the batches know how many there are.
            batches = await client.every("/grants/v1/expenditure-batches", FINANCE, state="completed")
            number = sum(batch["event_count"] for batch in batches)
        else:
            number = len(await client.every(f"/{event.OWNER}/v1/events", OPERATOR, type=kind))
        whole += number
        if number:
            table.add_row(kind, f"{number:,}")
    table.add_row("All", f"{whole:,}", style="bold")
    console.print(table)


async def _addresses(console: Console, client: Client, address: str | None) -> None:
    report = (await client.get("/deliverables/v1/reports", quarter=LAST))["items"][0]
    pages = (
        ("Everything that is served", "/"),
        ("The report of the last quarter", f"/deliverables/v1/reports/{report['id']}.html"),
        ("The calendar of duties", f"/transparency/v1/obligations/compliance.html?publisher={RECIPIENT}&year={YEAR}"),
        ("Spend over £500, last quarter", f"/transparency/open/{RECIPIENT}/spend/{LAST}/latest.csv"),
        ("New contracts, last quarter (synthetic)", f"/transparency/open/{RECIPIENT}/contracts/{LAST}/latest.csv"),
        ("The organisation chart (synthetic)", f"/transparency/v1/organisation-chart/{RECIPIENT}/2018-03-31.html"),
        ("The pay multiple (synthetic)", f"/transparency/v1/pay-multiple/{RECIPIENT}/{YEAR}.html"),
        ("The disclosure log (synthetic)", f"/transparency/v1/disclosure-log.html?publisher={RECIPIENT}"),
        ("The printed budget of 2011/12", "/grants/v1/historical-budgets/2011-12/group.csv"),
        ("Grant passed on, as 360Giving (identifiers made up)", f"/grants/v1/onward-awards/360giving.json?year={YEAR}"),
        ("The API of grants", "/grants/docs"),
    )
    accounts = f"/grants/v1/agreements/{YEAR}"
    with_token = (
        ("Management accounts of the last quarter", f"{accounts}/management-accounts.html?quarter={LAST}"),
        ("Statement of grant usage", f"{accounts}/usage-statement.html"),
    )
    if address is None:
        console.print("\nServing ends here. `make up` serves what was entered, and prints the address. Under it:")
    else:
        console.print("\nTo open:")
    for label, path in pages:
        console.print(f"  {label}: {address or ''}{path}")
    console.print("\nWith a token (outturn token --scope grants:read):")
    for label, path in with_token:
        console.print(f"  {label}: {address or ''}{path}")


MONEY = ("received_pence", "accepted_pence", "eligible_pence")


def _account(batch: dict[str, Any], total: Counter[str]) -> list[str]:
    """A file's row: lines by outcome, then amounts as the source gave them, and what counts of them (G-27)."""
    own = _counted(batch)
    for name, number in own.items():
        total[name] += number
    return _total(own)


def _counted(batch: dict[str, Any]) -> Counter[str]:
    outcomes = batch["outcomes"]
    own = Counter({name: outcomes[name]["lines"] for name in OUTCOMES})
    own["unreadable"] = outcomes["amount_unreadable"]
    own["not_lines"] = sum(outcomes["not_lines"].values())
    own["received_pence"] = outcomes["received"]["pence"]
    own["accepted_pence"] = outcomes["accepted"]["pence"]
    own["eligible_pence"] = batch["eligible_pence"]
    return own


def _total(total: Counter[str]) -> list[str]:
    cells = [f"{total[name]:,}" for name in (*OUTCOMES, "unreadable")]
    return [*cells, *(sterling(total[name]) for name in MONEY)]


def _adds_up(outcomes: dict[str, Any]) -> bool:
    return all(
        outcomes["received"][unit] == sum(outcomes[name][unit] for name in OUTCOMES[1:]) for unit in ("lines", "pence")
    )


def _colours(count: dict[str, Any]) -> list[str]:
    colours = count["colours"]
    return [str(n) for n in (count["total"], *(colours[name] for name in ("green", "amber", "red")), count["missing"])]


def _millions(pence: int) -> str:
    """£20.986m: thousands of pounds, half up, as the reports print it."""
    thousands = (pence + 50_000) // 100_000
    return f"£{thousands // 1000}.{thousands % 1000:03}m"


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(
        title=f"\n{title}", title_justify="left", title_style="bold", box=None, pad_edge=False, min_width=len(title)
    )
    table.add_column(first, no_wrap=True)
    for name in others:
        numbers = name not in ("for", "due", "state", "coverage", "missing months")
        table.add_column(name, justify="right" if numbers else "left", no_wrap=True)
    return table
