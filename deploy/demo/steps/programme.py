"""Deliverables: the programme of 2017/18, its results, ratings and reports."""

from __future__ import annotations

from collections import Counter
from typing import Any

from deploy.demo.client import Client
from deploy.demo.people import DIRECTOR, OFFICER
from deploy.demo.steps.agreement import YEAR
from deploy.demo.steps.data import MOU, table

THEMES = {
    "E": "Enabling improvement in local authorities",
    "EP": "Efficiency and productivity",
    "LC": "Leadership and capacity",
    "SC": "Strong communities with excellent public services",
}
MISSING = ("E4", "EP11a", "EP11b", "EP12", "EP13")
LAST = "2017-18-q4"
PROGRAMME = f"/deliverables/v1/programmes/{YEAR}"


async def import_programme(client: Client) -> str:
    """60 agreed deliverables in 61 reporting rows, with every target part (D-3, D-6)."""
    # The year opens when the signed agreement has arrived from grants.
    await client.arrives("the programme year", lambda: client.find(PROGRAMME))

    async def find() -> Any:
        programme = await client.get(PROGRAMME)
        return programme if programme["state"] == "imported" else None

    async def make() -> Any:
        deliverables = table("deliverables_2017_18")
        codes = list(dict.fromkeys(row["theme"] for row in deliverables))
        body = {
            "themes": [{"code": code, "title": THEMES.get(code, code)} for code in codes],
            "deliverables": deliverables,
            "targets": table("targets_2017_18"),
            "scheme": {"name": "2017/18 year end", "question": "Has the target been achieved?"},
        }
        return await client.replace("PUT", PROGRAMME, OFFICER, body)

    programme = await client.once("programmes", find, make)
    rows, parts = programme["reporting_rows"], programme["target_parts"]
    return f"{programme['agreed']} deliverables in {rows} rows, {parts} target parts"


async def report_results(client: Client) -> str:
    """What was printed at the half year and at the year end, row by row, ratings included (D-18, D-30)."""
    rows = 0
    outcomes: Counter[str] = Counter()
    for name, day in (("results_2017_18_h1", "2017-09-30"), ("results_2017_18_q4", "2018-03-31")):
        answer = await client.call(
            "POST",
            f"{PROGRAMME}/results",
            OFFICER,
            params={"as_at": day},
            content=(MOU / f"{name}.csv").read_bytes(),
            headers={"Content-Type": "text/csv"},
        )
        outcome = answer.json()
        rows += outcome["received"]
        outcomes.update(outcome["outcomes"])
        client.noted("result tables", answer)
    refused = outcomes["rejected"] + outcomes["conflict"]
    return f"{rows} rows, {refused} refused"


async def rate_the_missing(client: Client) -> str:
    """The five rows that the source leaves without a colour, rated by a person after the report (worked example 7).

    EP4 is printed green where its numbers give amber; a second person approves the stated reason (D-28).
    """
    rated = 0
    for ref in MISSING:
        rated += await _rate(client, ref, "green", None, stands="rating")
    rated += await _rate(client, "EP4", "green", EXPLAINED, stands="overridden")
    return f"{len(MISSING)} rows rated, EP4 explained" if rated else f"{len(MISSING)} rows had ratings, EP4 its reason"


EXPLAINED = "Printed green at the year end: £9.3m of the £10m had been found, and the rest was under way."


async def _rate(client: Client, ref: str, colour: str, reason: str | None, *, stands: str) -> bool:
    found = await client.get(f"{PROGRAMME}/deliverables", ref=ref, period=LAST)
    deliverable = found["items"][0]
    if deliverable[stands]:
        client.found["ratings"] += 1
        return False
    path = f"/deliverables/v1/deliverables/{deliverable['id']}/ratings"
    claims = await client.every(path, OFFICER, period=LAST)
    waiting = next((claim for claim in claims if claim["state"] == "awaiting_approval"), None)
    body = {"period": LAST, "colour": colour, **({"reason": reason} if reason else {})}
    rating = waiting or await client.post(path, OFFICER, body)
    if rating["state"] == "awaiting_approval":
        await client.post(f"{path}/{rating['id']}/approvals", DIRECTOR)
    client.made["ratings"] += 1
    return True
