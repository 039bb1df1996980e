"""What the tests of redactions do over HTTP, as short as a test wants it."""

from __future__ import annotations

import json
from typing import Any

import httpx
from sqlalchemy import text

from shared.events.base import Event
from tests.harness import Running
from tests.transparency.contracts.steps import contract
from tests.transparency.test_editions import Q1, check, rows
from tests.transparency.test_editions import approve as approve_edition
from tests.transparency.withdrawals.test_withdrawals import suspend

NAME = "Jane Penhaligon"
PERSONAL = "REDACTED PERSONAL DATA"
BENEFICIARY: dict[str, Any] = {
    "publisher": "body",
    "target_kind": "row",
    "fields": ["beneficiary"],
    "reason_code": "INDIVIDUAL_BENEFICIARY",
    "exemption": "Personal data, FOI Act s.40",
    "explanation": "She is a resident who was paid a refund.",
}
PREJUDICE: dict[str, Any] = {
    **BENEFICIARY,
    "reason_code": "COMMERCIAL_PREJUDICE",
    "exemption": "FOI Act s.43(2)",
    "prejudice": "The tender is open; bidders would learn the price.",
    "public_interest": "A fair tender saves more than seeing the name now.",
}


async def enter_contracts(transparency: Running, *references: str) -> None:
    """Put contracts into the register, for rows that name them (T-16)."""
    for reference in references:
        entered = contract(reference=reference, signed_at="2017-04-03T09:30:00Z")
        answer = await transparency.as_("transparency:preparer").post("/v1/contracts", json=entered)
        assert answer.status_code == 201, answer.text


async def publish(transparency: Running, path: str = Q1, **body: Any) -> dict[str, Any]:
    """Publish the next edition; an earlier one that shows what is withheld now is suspended first (T-52)."""
    checked = await check(transparency, path, **body)
    answer = await approve_edition(transparency, checked, path)
    if answer.status_code == 409 and answer.json()["errors"][0]["code"] == "withdrawal_needed":
        period = path.rsplit("/", 1)[-1]
        shown = [{"dataset": "spend", "period": period, "edition": number} for number in answer.json()["editions"]]
        await suspend(transparency, *shown)
        # What was checked before an edition of the period was suspended is checked again.
        preparer = transparency.as_("transparency:preparer", sub="person:pia")
        again = await preparer.post(f"{path}/editions/{checked['edition']}/checks")
        assert again.status_code == 201, again.text
        answer = await approve_edition(transparency, again.json(), path)
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def propose(transparency: Running, row_id: str, sub: str = "person:pia", **fields: Any) -> httpx.Response:
    preparer = transparency.as_("transparency:preparer", sub=sub)
    return await preparer.post("/v1/redactions", json={**BENEFICIARY, "target_id": row_id, **fields})


async def approve(
    transparency: Running, redaction_id: str, role: str = "dpl", sub: str = "person:dee", **body: Any
) -> httpx.Response:
    officer = transparency.as_(f"transparency:{role}", sub=sub)
    return await officer.post(f"/v1/redactions/{redaction_id}/approvals", json=body)


async def withhold(transparency: Running, row_id: str, role: str = "dpl", **fields: Any) -> dict[str, Any]:
    """Propose and approve, by two people."""
    proposed = await propose(transparency, row_id, **fields)
    assert proposed.status_code == 201, proposed.text
    body = {"reason": "Her address would be known."} if fields.get("effect") == "exclude" else {}
    approved = await approve(transparency, proposed.json()["redaction_id"], role, **body)
    assert approved.status_code == 201, approved.text
    return approved.json()  # type: ignore[no-any-return]


async def row_ids(transparency: Running, edition: int = 1) -> dict[str, str]:
    """Amount of each row of a public edition → its RowID."""
    return {row["Amount"]: row["RowID"] for row in await rows(transparency, edition)}


async def everything(transparency: Running, edition: int) -> str:
    """All that an edition shows to anybody, and all that is told or logged of it."""
    public, officer = transparency.anonymous, transparency.as_("transparency:preparer", "transparency:auditor")
    found: list[str] = []
    listed = (await public.get(f"{Q1}/editions/{edition}")).json()
    for file in listed["files"]:
        found.append((await public.get(file["url"])).text)
    for row_id in (await row_ids(transparency, edition)).values():
        found.append((await public.get(f"/v1/rows/{row_id}")).text)
    for path in ("/v1/datasets", Q1, f"{Q1}/editions", "/v1/redactions", "/v1/redaction-reviews", "/v1/redactions.csv"):
        found.append((await public.get(path)).text)
    for path in (f"{Q1}/drafts/{edition}", "/v1/audit-entries", "/v1/redactions/register"):
        found.append((await officer.get(path)).text)
    emitted: list[Event] = await transparency.emitted()
    found += [event.model_dump_json() for event in emitted]
    async with transparency.session() as session:
        connection = await session.connection()
        for table in ("audit_entries", "outbox", "findings", "row_redactions", "redaction_totals", "row_decisions"):
            told = await connection.execute(text(f"SELECT row_to_json(t)::text FROM {table} t"))
            found += [line for (line,) in told.all()]
    assert all(found[:4])
    return "\n".join(found)


async def metadata(transparency: Running, edition: int) -> dict[str, Any]:
    answer = await transparency.anonymous.get(f"/open/body/spend/2017-18-q1/v{edition}/edition.json")
    return json.loads(answer.text)  # type: ignore[no-any-return]


__all__ = [
    "BENEFICIARY", "NAME", "PERSONAL", "PREJUDICE", "Q1", "approve", "check", "everything", "metadata", "propose",
    "publish", "row_ids", "rows", "withhold",
]  # fmt: skip
