"""Deliverables: the four quarterly reports, submitted and published at their stated times, before they fell due."""

from __future__ import annotations

from typing import Any

from deploy.demo.client import Client, problem_codes
from deploy.demo.people import DIRECTOR, OFFICER
from deploy.demo.steps.programme import LAST

REPORTS = "/deliverables/v1/reports"
TIMES = {
    "2017-18-q1": ("2017-07-27T14:00:00Z", "2017-07-28T09:00:00Z"),
    "2017-18-q2": ("2017-10-26T13:00:00Z", "2017-10-27T09:00:00Z"),
    "2017-18-q3": ("2018-01-30T14:00:00Z", "2018-01-31T09:00:00Z"),
    "2017-18-q4": ("2018-04-27T14:00:00Z", "2018-04-30T09:00:00Z"),
}
"""Submitted, published. The memorandum gives the days by which, not when it was done (D-39)."""

FILLED = {
    "support": "Support delivered, as the results of this quarter and of the year to date show.",
    "outcomes": "Progress against each target, as the figures show.",
    "spend": "Spend by workstream, as the finance department stated it.",
    "full_year_spend": "Unaudited spend of the full year, as the provisional outturn gives it.",
}
NO_TEXT = "The narrative of the printed report is not among the data of this demonstration."


async def publish_reports(client: Client) -> str:
    """All four; the last one shows its missing ratings, since without that it is refused (D-29)."""
    late = 0
    refusals: set[str] = set()
    for quarter in TIMES:
        report = await _report(client, quarter, refusals)
        late += (report["submission"]["days_late"] > 0) + (report["publication"]["days_late"] > 0)
    refused = f"; without its unknowns the last one was refused ({', '.join(sorted(refusals))})" if refusals else ""
    unknown = report["publication"]["unknowns"]
    return f"{len(TIMES)} reports, {late} late, the last one with {unknown} unknown ratings{refused}"


async def _report(client: Client, quarter: str, refusals: set[str]) -> Any:
    submitted, published = TIMES[quarter]

    async def find() -> Any:
        return next(iter(await client.every(REPORTS, OFFICER, quarter=quarter)), None)

    async def make() -> Any:
        return await client.post(REPORTS, OFFICER, {"quarter": quarter})

    report = await client.once("reports", find, make)
    path = f"{REPORTS}/{report['id']}"
    report = await client.get(path, OFFICER)
    if report["state"] not in ("submitted", "published"):
        report = await _written(client, path, quarter)
        report = await client.post(f"{path}/submissions", DIRECTOR, {"happened_at": submitted})
        client.made["submissions"] += 1
    if report["state"] != "published":
        answer = await client.call(
            "POST", f"{path}/publications", DIRECTOR, json={"happened_at": published}, allowed=(409,)
        )
        if answer.status_code == 409:
            refusals |= problem_codes(answer)
            body = {"happened_at": published, "publish_with_unknowns": True}
            answer = await client.call("POST", f"{path}/publications", DIRECTOR, json=body)
        report = answer.json()
        client.made["publications"] += 1
    return report


async def _written(client: Client, path: str, quarter: str) -> Any:
    """Every section has a text or the reason for having none; the figures it needs have arrived from grants."""

    async def complete() -> Any:
        report = await client.get(path, OFFICER)
        return report if _has_figures(report, quarter) else None

    report = await client.arrives(f"the spend of {quarter} in the report", complete)
    sections = {
        section["key"]: {"text": FILLED[section["key"]]} if section["key"] in FILLED else {"empty_reason": NO_TEXT}
        for section in report["sections"]
    }
    if all(section["text"] or section["empty_reason"] for section in report["sections"]):
        return report
    return await client.replace("PUT", f"{path}/sections", OFFICER, {"sections": sections}, version_of=path)


def _has_figures(report: dict[str, Any], quarter: str) -> bool:
    needed = {"spend"} if quarter != "2017-18-q1" else set()
    if quarter == LAST:
        needed |= {"full_year_spend"}
    return needed <= set(report["figures"]["filled_by_figures"])
