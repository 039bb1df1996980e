"""Grants: the ledger of the year pushed by the finance system, the quarters stated, the provisional outturn."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

from deploy.demo.client import Client, DemoFailed
from deploy.demo.ledger import QUARTERS, quarter_file
from deploy.demo.people import FINANCE, finance_system
from deploy.demo.steps.agreement import RECIPIENT, YEAR
from deploy.demo.steps.data import profile
from shared.money import sterling
from shared.periods import Quarter

STATED_AT = {
    "2017-18-q1": "2017-07-20T10:00:00Z",
    "2017-18-q2": "2017-10-19T10:00:00Z",
    "2017-18-q3": "2018-01-18T10:00:00Z",
    "2017-18-q4": "2018-04-19T10:00:00Z",
}
"""Each after its quarter and before the report of the quarter, which shows the figures."""

OUTTURN_AT = "2018-04-24T10:00:00Z"
BATCHES = "/grants/v1/expenditure-batches"
PUSH_SECONDS = 120.0


async def push_ledger(client: Client) -> str:
    """The synthetic ledger, one file a quarter; every line must be accepted."""
    await make_profile(client, "mou-ledger")
    lines = pence = 0
    for quarter in QUARTERS:
        days = Quarter.parse(quarter)
        batch = await push(client, RECIPIENT, "mou-ledger", quarter_file(quarter), (days.start, days.end))
        accepted, received = batch["outcomes"]["accepted"], batch["outcomes"]["received"]
        if accepted != received:
            raise DemoFailed(f"Of {received['lines']} lines of {quarter} only {accepted['lines']} were accepted.")
        lines += accepted["lines"]
        pence += batch["eligible_pence"]
    await _declare_use(client)
    return f"{lines:,} lines, {sterling(pence)}"


async def _declare_use(client: Client) -> None:
    """The profile declares for each line that it raises no rule (G-19); entries of an earlier release catch up."""
    path = f"/grants/v1/agreements/{YEAR}"
    if (await client.get(f"{path}/use-summary", FINANCE))["undeclared"]:
        none = {"use_codes": [], "source": "mou-ledger", "reason": "The synthetic ledger raises no rule."}
        await client.post(f"{path}/use-declarations", FINANCE, none)
        client.made["use declarations"] += 1


async def make_profile(client: Client, name: str) -> None:
    """A layout is data: the service learns it before the first file in it comes."""

    async def find() -> Any:
        return await client.find(f"/grants/v1/source-profiles/{name}", FINANCE)

    async def make() -> Any:
        return await client.post("/grants/v1/source-profiles", FINANCE, profile(name))

    await client.once("source profiles", find, make)


async def push(client: Client, organisation: str, layout: str, content: bytes, covers: tuple[date, date]) -> Any:
    """Push one file as an organisation's finance system, and wait until every line is accounted for.

    `covers` are the days of payment that the file is meant to hold whole. The natural key of a file is its hash: what
    was pushed before is found, whether it was taken in or still is.
    """
    first, last = covers
    who = finance_system(organisation)
    sha256 = hashlib.sha256(content).hexdigest()

    async def known() -> list[Any]:
        sent = await client.every(BATCHES, who, organisation=organisation, profile=layout, sha256=sha256)
        return [batch for batch in sent if batch["state"] != "failed"]

    async def find() -> Any:
        return next(iter(await known()), None)

    async def find_stated() -> Any:
        return next((batch for batch in await known() if batch["covers_from"] == first.isoformat()), None)

    async def make() -> Any:
        answer = await client.call(
            "POST",
            BATCHES,
            who,
            params={"organisation": organisation, "profile": layout, "covers_from": first, "covers_to": last},
            content=content,
            headers={"Content-Type": "text/csv"},
        )
        return answer.json()

    async def taken_in(batch: Any) -> Any:
        async def done() -> Any:
            now = await client.get(f"{BATCHES}/{batch['id']}", who)
            return now if now["state"] in ("completed", "failed") else None

        batch = await client.arrives(f"the batch of {organisation}", done, PUSH_SECONDS)
        if batch["state"] == "failed":
            raise DemoFailed(f"A file of {organisation} was not taken in: {batch['failure']['detail']}")
        return batch

    batch = await taken_in(await client.once("expenditure batches", find, make))
    if batch["covers_from"] is None:
        # Pushed by an earlier release, which knew of no days: the same file again is nothing but duplicates, and states
        # them.
        await taken_in(await client.once("expenditure batches", find_stated, make))
    return batch


async def state_quarters(client: Client) -> str:
    """A figure for every carrying line of each quarter, as the ledger holds it, zeros confirmed (G-31)."""
    for quarter in QUARTERS:
        path = f"/grants/v1/agreements/{YEAR}/accounting-periods/{quarter}"

        async def find(path: str = path) -> Any:
            return await client.find(f"{path}/statement", FINANCE)

        async def make(path: str = path, quarter: str = quarter) -> Any:
            period = await client.get(path, FINANCE)
            lines = [
                {
                    "code": line["code"],
                    "quarter_pence": line["ledger_pence"],
                    "zero_confirmed": line["ledger_pence"] == 0,
                }
                for line in period["lines"]
            ]
            return await client.post(f"{path}/statement", FINANCE, {"lines": lines, "happened_at": STATED_AT[quarter]})

        await client.once("quarter statements", find, make)
    last = await client.get(f"/grants/v1/agreements/{YEAR}/accounting-periods/{QUARTERS[-1]}", FINANCE)
    year = sum(line["year_to_date_pence"] for line in last["statement"]["lines"])
    return f"4 quarters, {sterling(year)} for the year"


async def record_outturn(client: Client) -> str:
    """The provisional outturn, in time for the last quarter's report (G-34)."""
    path = f"/grants/v1/agreements/{YEAR}/outturns"

    async def find() -> Any:
        return await client.find(f"{path}/latest")

    async def make() -> Any:
        last = await client.get(f"/grants/v1/agreements/{YEAR}/accounting-periods/{QUARTERS[-1]}", FINANCE)
        lines = [
            {"code": line["code"], "spend_pence": line["year_to_date_pence"]} for line in last["statement"]["lines"]
        ]
        body = {
            "state": "provisional",
            "as_at": "2018-03-31",
            "spend_pence": sum(line["spend_pence"] for line in lines),
            "lines": lines,
            "happened_at": OUTTURN_AT,
        }
        return await client.post(path, FINANCE, body)

    outturn = await client.once("outturns", find, make)
    return f"{sterling(outturn['spend_pence'])}, {sterling(outturn['underspend_pence'])} under the grant"
