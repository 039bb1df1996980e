"""The public record of redactions, their reviews, what officers read, and the fingerprint that editions compare."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx

from services.transparency.editions.cells import profile
from services.transparency.redactions.queries import effective, redactions_mark
from shared.database import raw_connection
from tests.harness import NOON, Running
from tests.transparency.facts import BODY, batch, line
from tests.transparency.redactions.deeds import (
    BENEFICIARY,
    NAME,
    PERSONAL,
    PREJUDICE,
    Q1,
    approve,
    check,
    enter_contracts,
    propose,
    publish,
    row_ids,
    rows,
    withhold,
)
from tests.transparency.test_editions import approve as approve_edition
from tests.transparency.test_editions import ledger
from tests.transparency.withdrawals.test_withdrawals import suspend


async def review(transparency: Running, redaction_id: str, outcome: str, sub: str = "person:dee") -> httpx.Response:
    lead = transparency.as_("transparency:dpl", sub=sub)
    body = {"outcome": outcome, "reason": "The family asked for it."}
    return await lead.post(f"/v1/redactions/{redaction_id}/reviews", json=body)


async def mark(transparency: Running) -> str:
    async with transparency.session() as session:
        return await redactions_mark(await raw_connection(session), BODY)


async def items(transparency: Running, path: str, **params: Any) -> list[dict[str, Any]]:
    answer = await transparency.anonymous.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]  # type: ignore[no-any-return]


async def test_the_public_record_gives_numbers_by_reason_and_never_a_row(transparency: Running) -> None:
    """T-20, T-23: rows, value, share, approver's role, next review, exemption; as CSV by the profile's columns."""
    await ledger(
        transparency,
        line(240_000, name=NAME, party_key="jp"),
        line(60_000, name="Acme Ltd", party_key="a"),
        line(100_000, party_kind="individual", name=None),
    )
    await publish(transparency)
    ids = await row_ids(transparency)
    first = await withhold(transparency, ids["2400.00"])
    await withhold(transparency, ids["600.00"], "approver", **PREJUDICE)
    assert [item["reason_code"] for item in await items(transparency, "/v1/redactions")] == ["INDIVIDUAL_BENEFICIARY"]
    await publish(transparency, change_note="Personal data withheld.")
    commercial, individual = await items(transparency, "/v1/redactions", publisher="body", period="2017-18-q1")
    assert commercial == {
        "publisher": "body",
        "dataset": "spend",
        "period": "2017-18-q1",
        "edition": 2,
        "reason_code": "COMMERCIAL_PREJUDICE",
        "meaning": "Named, specific prejudice to commercial interests",
        "exemption": "commercial interests (FOI Act s.43(2))",
        "approver_role": "approver",
        "rows": 1,
        "value_pence": 60_000,
        "share_percent": "15.0",
        "next_review": "2019-06-01",
        "overdue_reviews": 0,
    }
    assert (individual["rows"], individual["value_pence"], individual["share_percent"]) == (2, 340_000, "85.0")
    assert individual["approver_role"] == "data protection lead"
    page = await transparency.anonymous.get("/v1/redactions", params={"limit": "1"})
    following = await transparency.anonymous.get(page.json()["links"]["next"])
    assert [item["reason_code"] for item in following.json()["items"]] == ["INDIVIDUAL_BENEFICIARY"]
    answer = await transparency.anonymous.get("/v1/redactions.csv", params={"reason": "COMMERCIAL_PREJUDICE"})
    head, row = list(csv.reader(io.StringIO(answer.text)))
    assert head[:6] == [column["header"] for column in profile("redaction_summary")]
    assert row[:6] == ["COMMERCIAL_PREJUDICE", "1", "600.00", "15.0", "approver", "01/06/2019"]
    for secret in (ids["2400.00"], first["redaction_id"], BENEFICIARY["explanation"], "jp", NAME):
        assert secret not in page.text + following.text + answer.text
    assert (await transparency.anonymous.get("/v1/redactions", params={"publisher": "nobody"})).status_code == 404


async def test_officers_read_single_redactions_and_nobody_else_does(transparency: Running) -> None:
    """T-19, section 3: grounds may tell what is withheld."""
    await ledger(transparency, line(240_000, name=NAME, party_key="jp"))
    await publish(transparency)
    proposed = (await propose(transparency, (await row_ids(transparency))["2400.00"])).json()
    path = f"/v1/redactions/{proposed['redaction_id']}"
    for role in ("preparer", "approver", "dpl", "auditor"):
        officer = transparency.as_(f"transparency:{role}")
        read = await officer.get(path)
        assert "explanation" not in proposed
        assert (read.status_code, read.json()["explanation"]) == (200, BENEFICIARY["explanation"])
        listed = (await officer.get("/v1/redactions/register", params={"state": "proposed"})).json()["items"]
        assert [each["redaction_id"] for each in listed] == [proposed["redaction_id"]]
        assert "explanation" not in listed[0]
    assert read.headers["etag"] == '"1"'
    assert (await officer.get("/v1/redactions/register", params={"publisher": "x"})).json()["items"] == []
    for path_ in (path, "/v1/redactions/register"):
        assert (await transparency.anonymous.get(path_)).status_code == 401
        assert (await transparency.as_("transparency:finance").get(path_)).status_code == 403
    missing = await officer.get(f"/v1/redactions/{UUID(int=1)}")
    assert missing.status_code == 404


async def test_a_review_falls_due_is_counted_in_public_when_overdue_and_renewed_or_lifted(
    transparency: Running,
) -> None:
    """T-23, section 3: the tick makes it due for review, it protects on; once lifted, a new edition shows the text."""
    await ledger(transparency, line(240_000, name=NAME, party_key="jp"), line(90_000))
    await publish(transparency)
    assert await mark(transparency) == ""
    decided = await withhold(transparency, (await row_ids(transparency))["2400.00"])
    in_force = await mark(transparency)
    assert in_force
    early = await review(transparency, decided["redaction_id"], "renewed")
    assert (early.status_code, early.json()["errors"][0]["code"]) == (409, "review_not_due")
    transparency.clock.set(NOON + timedelta(days=365))
    for _ in range(2):
        await transparency.tick(transparency.clock())
    assert await items(transparency, "/v1/redaction-reviews") == [
        {"publisher": "body", "in_force": 1, "due": 1, "overdue": 0, "next_review": "2019-06-01"}
    ]
    transparency.clock.set(NOON + timedelta(days=366))
    assert (await items(transparency, "/v1/redaction-reviews", publisher="body"))[0]["overdue"] == 1
    assert await mark(transparency) == in_force
    await publish(transparency, change_note="Personal data withheld.")
    assert {row["Amount"]: row["BeneficiaryName"] for row in await rows(transparency, 2)}["2400.00"] == PERSONAL
    assert (await items(transparency, "/v1/redactions"))[0]["overdue_reviews"] == 1
    own = await review(transparency, decided["redaction_id"], "lifted", "person:pia")
    assert (own.status_code, own.json()["errors"][0]["code"]) == (409, "four_eyes")
    renewed = (await review(transparency, decided["redaction_id"], "renewed", "person:eve")).json()
    assert (renewed["state"], renewed["review_on"], renewed["version"]) == ("renewed", "2020-06-02", 4)
    assert (await items(transparency, "/v1/redaction-reviews"))[0]["due"] == 0
    lifted = (await review(transparency, decided["redaction_id"], "lifted")).json()
    assert (lifted["state"], await mark(transparency)) == ("lifted", "")
    assert await items(transparency, "/v1/redaction-reviews") == []
    third = await publish(transparency, change_note="The name is shown again.")
    assert third["changes"] == {"added": 0, "removed": 0, "changed": 1}
    assert {row["Amount"]: row["BeneficiaryName"] for row in await rows(transparency, 3)}["2400.00"] == NAME
    again = await propose(transparency, decided["target_id"])
    assert again.status_code == 201


async def test_a_draft_that_is_deleted_leaves_nothing_of_what_it_withheld(transparency: Running) -> None:
    """T-53: what is in preparation can go whole."""
    await ledger(transparency, line(240_000, name=NAME, party_key="jp"))
    await publish(transparency)
    await withhold(transparency, (await row_ids(transparency))["2400.00"])
    await check(transparency, change_note="Personal data withheld.")
    preparer = transparency.as_("transparency:preparer")
    etag = (await preparer.get(f"{Q1}/drafts/2")).headers["etag"]
    assert (await preparer.delete(f"{Q1}/editions/2", headers={"If-Match": etag})).status_code == 204
    async with transparency.session() as session:
        connection = await raw_connection(session)
        for table in ("row_redactions", "redaction_totals"):
            cursor = await connection.execute(f"SELECT count(*) FROM {table}".encode())
            assert await cursor.fetchone() == (0,)


async def test_other_rooms_are_given_what_is_withheld_of_theirs(transparency: Running) -> None:
    """T-18: contracts apply decisions themselves; a proposal has no effect."""
    await ledger(transparency, line(90_000))
    await enter_contracts(transparency, "C-9")
    stated = {**PREJUDICE, "target_kind": "contract", "fields": ["supplier"], "reason_code": "COMMERCIAL_PREJUDICE"}
    proposed = (await propose(transparency, "C-9", **stated)).json()
    async with transparency.session() as session:
        assert await effective(session, BODY, "contract") == []
    await approve(transparency, proposed["redaction_id"], "approver", "person:cy")
    async with transparency.session() as session:
        ((found, reason),) = await effective(session, BODY, "contract")
        assert (found.target_id, found.fields) == ("C-9", ["supplier"])
        assert reason.cell_text == "REDACTED COMMERCIAL CONFIDENTIALITY"
        assert await effective(session, BODY, "row") == []
    assert await mark(transparency) == ""


async def test_a_mark_tells_one_publisher_from_another_and_a_replay_changes_nothing(transparency: Running) -> None:
    """T-54: what is withheld follows the row's id, which a replay and a correction keep."""
    original = line(240_000, name=NAME, party_key="jp", item="i")
    await ledger(transparency, original)
    await publish(transparency)
    await withhold(transparency, (await row_ids(transparency))["2400.00"])
    reversal = line(-240_000, item="i", kind="reversal", reverses=original.entry_id, name=NAME, party_key="jp")
    correct = line(230_000, item="i", kind="correction", replaces=original.entry_id, name=NAME, party_key="jp")
    await transparency.receive(*batch(reversal, correct))
    await publish(transparency, change_note="Amount corrected and a name withheld.")
    (row,) = await rows(transparency, 2)
    assert (row["Amount"], row["BeneficiaryName"]) == ("2300.00", PERSONAL)
    async with transparency.session() as session:
        assert await redactions_mark(await raw_connection(session), UUID(int=77)) == ""


async def test_an_edition_that_is_decided_again_counts_again(transparency: Running) -> None:
    """T-20: lines that arrive between draft and check change what is withheld and what is counted."""
    person: dict[str, Any] = {"party_kind": "individual", "name": None}
    await ledger(transparency, line(240_000, name=NAME, party_key="jp"), line(90_000, **person))
    await publish(transparency)
    await withhold(transparency, (await row_ids(transparency))["2400.00"], payee=True)
    preparer = transparency.as_("transparency:preparer", sub="person:pia")
    drafted = await preparer.post(f"{Q1}/editions", json={"change_note": "Personal data withheld."})
    assert drafted.status_code == 201
    late = (line(250_000, name=NAME, party_key="jp"), line(70_000, **person), line(60_000, purpose=f"For {NAME}"))
    await transparency.receive(*batch(*late))
    checked = await preparer.post(f"{Q1}/editions/2/checks")
    assert (checked.status_code, checked.json()["rows"]) == (201, 5)
    refused = await approve_edition(transparency, checked.json())
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "withdrawal_needed")
    assert "stand in full in edition 1, which anyone can read. Suspend it first" in refused.json()["detail"]
    await suspend(transparency)
    again = await preparer.post(f"{Q1}/editions/2/checks")
    assert (await approve_edition(transparency, again.json())).status_code == 201
    found = {
        item["reason_code"]: (item["rows"], item["value_pence"]) for item in await items(transparency, "/v1/redactions")
    }
    assert found == {"INDIVIDUAL_BENEFICIARY": (4, 650_000), "NAME_IN_TEXT": (1, 60_000)}
