"""What people write for those who decide is kept in its own table, and neither in kept answers nor in the audit log."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from tests.harness import Running
from tests.transparency.facts import line
from tests.transparency.people import bench
from tests.transparency.people.bench import MANAGER, as_csv, post
from tests.transparency.redactions.deeds import PREJUDICE, propose, row_ids
from tests.transparency.requests.steps import CONTACT, NAME, ONE, body, done, officer
from tests.transparency.test_editions import ledger, publish
from tests.transparency.withdrawals.test_withdrawals import suspend

WORDS = "Marigold Ravensworth was named"
OWN_TABLES = {
    "withdrawals",
    "redaction_grounds",
    "post_objections",
    "small_unit_decisions",
    "invoice_statements",
    "request_letters",
    "request_reasons",
}
"""Tables in which such words stand, read by officers; everything else is told, logged or kept for repetition."""


async def holding(transparency: Running, *words: str) -> set[str]:
    """Tables in which any of these words stand, kept answers included."""
    found = set()
    async with transparency.session() as session:
        connection = await session.connection()
        columns = await connection.execute(
            text(
                "SELECT table_name, column_name, data_type FROM information_schema.columns "
                "WHERE table_schema = current_schema() AND data_type IN ('bytea', 'text', 'jsonb', 'character varying')"
            )
        )
        for table, column, kind in columns.all():
            plain = f"convert_from(\"{column}\", 'UTF8')" if kind == "bytea" else f'"{column}"::text'
            for each in words:
                statement = text(f'SELECT count(*) FROM "{table}" WHERE position(:word IN {plain}) > 0')
                if (await connection.execute(statement, {"word": each})).scalar_one():
                    found.add(table)
    return found


async def posted(client: Any, path: str, **sent: Any) -> Any:
    answer = await client.post(path, json=sent, headers={"Idempotency-Key": f"key{path}"[:60].replace("/", "-")})
    assert answer.status_code == 201, answer.text
    assert WORDS not in answer.text
    return answer.json()


async def test_reasons_that_are_never_public_stand_in_their_own_tables_alone(transparency: Running) -> None:
    """T-23, T-37, T-52, T-62: answers to a POST are kept for its repetition, and the audit log for good."""
    await ledger(transparency, line(90_000), line(240_000, name="Jane Penhaligon", party_key="jp"))
    await publish(transparency)
    rows = await row_ids(transparency)
    lee, dee = (transparency.as_("transparency:dpl", sub=f"person:{name}") for name in ("lee", "dee"))

    grounds = {**PREJUDICE, **dict.fromkeys(("prejudice", "public_interest", "explanation"), WORDS)}
    for key, decision in (("2400.00", "approvals"), ("900.00", "refusals")):
        proposed = await propose(transparency, rows[key], **grounds)
        assert proposed.status_code == 201, proposed.text
        assert WORDS not in proposed.text
        approver = transparency.as_("transparency:approver", sub="person:abe")
        await posted(approver, f"/v1/redactions/{proposed.json()['redaction_id']}/{decision}", reason=WORDS)

    assert (await bench.send(transparency, as_csv(MANAGER, post("A2"), post("A3")))).status_code == 201
    objection = await posted(lee, "/v1/posts/body/A2/objections", reason=WORDS)
    decisions = f"/v1/posts/body/A2/objections/{objection['objection_id']}/decisions"
    await posted(dee, decisions, decision="upheld", reason=WORDS)
    unit = {"publisher": "body", "applicable_date": "2018-03-31", "unit": "Advice", "decision": "hide_unit"}
    await posted(dee, "/v1/posts/small-units", **unit, public_interest=WORDS)

    stated = await transparency.as_("transparency:finance").post(
        "/v1/payment-performance/invoices?publisher=body",
        content=f"row_id,received_on,disputed,incomplete,reason\r\n{rows['900.00']},2017-05-01,yes,,{WORDS}\r\n",
        headers={"Content-Type": "text/csv", "Idempotency-Key": "invoices"},
    )
    assert stated.status_code == 201, stated.text

    withdrawal = await suspend(transparency, reason=WORDS)
    assert not {"reason", "decision_reason"} & withdrawal.keys()
    await posted(dee, f"/v1/withdrawals/{withdrawal['withdrawal_id']}/liftings", reason=WORDS)
    again = await suspend(transparency, reason=WORDS)
    await posted(dee, f"/v1/withdrawals/{again['withdrawal_id']}/confirmations", reason=WORDS)

    found = await holding(transparency, WORDS)
    assert found == OWN_TABLES - {"request_letters", "request_reasons"}
    # Those who decide read them where they are.
    auditor = transparency.as_("transparency:auditor")
    read = (await auditor.get(f"/v1/withdrawals/{again['withdrawal_id']}")).json()
    assert (read["reason"], read["decision_reason"]) == (WORDS, WORDS)
    (listed,) = (await auditor.get("/v1/posts/objections?publisher=body")).json()["items"]
    assert (listed["reason"], listed["decision_reason"]) == (WORDS, WORDS)
    (listed,) = (await auditor.get("/v1/posts/small-units?publisher=body")).json()["items"]
    assert listed["public_interest"] == WORDS


async def test_a_request_leaves_nothing_of_who_asked_or_what_was_weighed_elsewhere(transparency: Running) -> None:
    """T-47: the requester, the letters and the grounds in their tables, and in no kept answer or audit entry."""
    await ledger(transparency)
    client = officer(transparency)
    request = await done(client, "/v1/information-requests", body("2018-06-01", text=f"{WORDS} by {NAME}"))
    one = ONE.replace("IR-2017-0001", request["reference"])
    await posted(client, f"{one}/clarifications", text=WORDS)
    await posted(client, f"{one}/clarifications/replies", text=WORDS)
    ground = {"code": "COMMERCIAL_PREJUDICE", "prejudice": WORDS, "public_interest": WORDS}
    await posted(client, f"{one}/responses", outcome="refused", exemptions=[ground])
    await posted(client, f"{one}/reviews", text=WORDS)
    other = officer(transparency, sub="person:ivo")
    await posted(
        other, f"{one}/reviews/decisions", result="changed", outcome="refused", exemptions=[ground], text=WORDS
    )
    assert await holding(transparency, WORDS) == {"request_letters", "request_reasons"}
    assert await holding(transparency, NAME, CONTACT) <= {"requesters", "request_letters"}
