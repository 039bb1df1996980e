"""Contracts, staff and a request for information of 2017/18: synthetic records, marked so, published like real ones."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import services.transparency
from deploy.demo.client import Client, DemoFailed, in_words, problem_codes
from deploy.demo.people import DEPUTY, FINANCE_LEAD, PREPARER, PROTECTOR, PUBLISHER
from deploy.demo.steps.agreement import RECIPIENT

DATA = Path(services.transparency.__file__).parent / "data"
LEAD = "example-lead"
MARK = " [synthetic]"
DAY, YEAR = "2018-03-31", "2017-18"
QUARTERS = tuple(f"{YEAR}-q{number}" for number in (1, 2, 3, 4))
YEARLY = ("organisation_structure", "senior_employees", "senior_salary_count", "pay_multiple", "requests", "documents")
DATASETS = "/transparency/v1/datasets"
SYNTHETIC = "A synthetic record of the demonstration; nobody real is meant."


PREFIX = "ocds-zzdemo"
"""Made up; a real body registers its own."""


async def enter_contracts(client: Client) -> str:
    """The synthetic register of contracts, with every extension, correction and termination."""
    where = f"/transparency/v1/publishers/{RECIPIENT}/open-contracting-prefix"
    if await client.find(where) is None:
        await client.replace("PUT", where, PUBLISHER, {"prefix": PREFIX})

    def marked(row: dict[str, str]) -> dict[str, str]:
        return row | {"publisher": RECIPIENT, "title": row["title"] + MARK}

    answer = await client.call(
        "POST",
        "/transparency/v1/contracts/imports",
        PREPARER,
        content=_rows("synthetic_contracts.csv", marked),
        headers={"Content-Type": "text/csv"},
        params={"publisher": RECIPIENT},
    )
    client.noted("registers of contracts", answer)
    found = answer.json()
    return f"{found['accepted'] + found['duplicates']} versions of synthetic contracts"


async def enter_staff(client: Client) -> str:
    """The synthetic staff list; its objection and its small unit are decided by the data protection lead."""

    def marked(row: dict[str, str]) -> dict[str, str]:
        return row | {"publisher": RECIPIENT, "job_title": row["job_title"] + MARK}

    answer = await client.call(
        "POST",
        "/transparency/v1/posts/imports",
        PREPARER,
        content=_rows("synthetic_staff.csv", marked),
        headers={"Content-Type": "text/csv"},
        params={"publisher": RECIPIENT, "applicable_date": DAY},
    )
    client.noted("staff lists", answer)
    for objection in await client.every("/transparency/v1/posts/objections", PROTECTOR, publisher=RECIPIENT):
        if objection["state"] == "raised":
            where = f"/transparency/v1/posts/{RECIPIENT}/{objection['post_id']}/objections/{objection['objection_id']}"
            await client.post(f"{where}/decisions", PROTECTOR, {"decision": "upheld", "reason": SYNTHETIC})
    settled = await client.every("/transparency/v1/posts/small-units", PROTECTOR, publisher=RECIPIENT)
    if not settled:
        unit = {
            "publisher": RECIPIENT,
            "applicable_date": DAY,
            "unit": "Communications",
            "decision": "hide_figures",
            "public_interest": "Its figures would show the pay of the withheld post.",
        }
        await client.post("/transparency/v1/posts/small-units", PROTECTOR, unit)
    runs = await client.every("/transparency/v1/pay-runs", FINANCE_LEAD, publisher=RECIPIENT)
    if not runs:
        body = {"publisher": RECIPIENT, "pay_date": DAY}
        runs = [await client.post("/transparency/v1/pay-runs", FINANCE_LEAD, body)]
    if runs[-1]["approved_at"] is None:
        await client.post(f"/transparency/v1/pay-runs/{runs[-1]['pay_run_id']}/approvals", DEPUTY)
    return f"{answer.json()['posts']} synthetic posts, one objection upheld, one pay run"


async def answer_request(client: Client) -> str:
    """One request for information: received, answered in time and shown in the disclosure log."""
    path = "/transparency/v1/information-requests"
    known = await client.every(path, PUBLISHER, publisher=RECIPIENT)
    client.count("requests for information", made=0 if known else 1, of=1)
    if not known:
        body = {
            "publisher": RECIPIENT,
            "subject": "Cost of peer challenges",
            "text": "Please send the cost of each peer challenge of 2016/17.",
            "received_on": "2017-09-02",
            "channel": "email",
            "requester": {"name": "A. Specimen", "contact": "a.specimen@example.org"},
        }
        known = [await client.post(path, PUBLISHER, body)]
    request = known[0]
    where = f"{path}/{request['reference']}"
    if request["state"] == "received":
        request = await client.post(f"{where}/openings", PUBLISHER)
    if request["state"] == "open":
        cleared = {"published_subject": f"Cost of peer challenges{MARK}"}
        await client.post(f"{where}/subject-clearances", PUBLISHER, cleared)
        response = {
            "outcome": "full",
            "disclosure_url": "https://example.org/disclosures/peer-challenges.pdf",
            "happened_at": "2017-09-26T10:00:00Z",
        }
        request = await client.post(f"{where}/responses", PUBLISHER, response)
    return f"{request['reference']} answered"


async def publish_registers(client: Client) -> str:
    """Editions of contracts for each quarter, and of everything yearly, prepared by one and approved by another."""
    published = 0
    for dataset, period in [*(("contracts", quarter) for quarter in QUARTERS), *((name, YEAR) for name in YEARLY)]:
        published += await _publish(client, f"{DATASETS}/{RECIPIENT}/{dataset}/{period}")
    client.count("editions of registers", made=published, of=len(QUARTERS) + len(YEARLY))
    return f"{len(QUARTERS)} quarters of contracts, {len(YEARLY)} yearly datasets"


async def _publish(client: Client, path: str) -> bool:
    """Whether an edition was published now; False where one stands already and nothing has changed since."""
    standing = await client.find(path, PREPARER)
    if standing is not None and not standing["ledger_changed_since"]:
        return False
    editions = await client.find(f"{path}/editions", PREPARER)
    waiting = [each for each in (editions or {"items": []})["items"] if each["state"] in ("draft", "checked")]
    body: dict[str, Any] = {"change_note": "The register has changed."} if standing is not None else {}
    if waiting:
        draft = waiting[0]
    else:
        answer = await client.call("POST", f"{path}/editions", PREPARER, json=body, allowed=(409,))
        codes = problem_codes(answer) if answer.status_code == 409 else set()
        if "nothing_changed" in codes:
            return False
        if "nil_not_stated" in codes:
            answer = await client.call("POST", f"{path}/editions", PREPARER, json=body | {"nil_return": True})
        elif codes:
            raise DemoFailed(f"No edition could be made at {path}: {in_words(answer)}")
        draft = answer.json()
    where = f"{path}/editions/{draft['edition']}"
    checked = await client.post(f"{where}/checks", PREPARER)
    for finding in checked["findings"]:
        if finding["resolved_at"] is None:
            await client.post(f"{where}/findings/{finding['finding_id']}/resolutions", PREPARER, {"reason": SYNTHETIC})
    await client.post(f"{where}/approvals", PUBLISHER, {"sha256": checked["sha256"]})
    return True


def _rows(name: str, change: Callable[[dict[str, str]], dict[str, str]]) -> bytes:
    """The lead body's rows of a synthetic file, changed, as a CSV file."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        rows = [change(row) for row in csv.DictReader(file) if row["publisher"] == LEAD]
    written = io.StringIO()
    writer = csv.DictWriter(written, list(rows[0]), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue().encode()
