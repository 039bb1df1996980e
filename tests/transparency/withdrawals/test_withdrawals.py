"""Withdrawal after a breach: suspended at once, gone for good by a second person, the history still verifying."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import text

from shared.audit import verify
from shared.events.transparency import DatasetWithdrawn
from tests.harness import Running
from tests.transparency.facts import batch, line
from tests.transparency.test_editions import OPEN, Q1, approve, check, ledger, publish

NAMED = "Help for Marigold Ravensworth at home"
Q2 = "/v1/datasets/body/spend/2017-18-q2"


async def suspend(transparency: Running, *editions: dict[str, Any], **more: Any) -> dict[str, Any]:
    officer = transparency.as_("transparency:preparer", sub="person:pia")
    body = {
        "publisher": "body",
        "editions": list(editions) or [{"dataset": "spend", "period": "2017-18-q1", "edition": 1}],
        "reason_class": "personal_data",
        "reason": "A name stands in a purpose.",
    }
    answer = await officer.post("/v1/withdrawals", json=body | more)
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def decide(transparency: Running, withdrawal: dict[str, Any], what: str, sub: str = "person:dora") -> Any:
    lead = transparency.as_("transparency:dpl", sub=sub)
    return await lead.post(f"/v1/withdrawals/{withdrawal['withdrawal_id']}/{what}", json={"reason": "It is personal."})


def kept(transparency: Running) -> bytes:
    """Everything in the service's folder of files."""
    return b"".join(path.read_bytes() for path in Path(transparency.runtime.files._folder).rglob("*") if path.is_file())


async def two_quarters(transparency: Running) -> None:
    await ledger(transparency, line(90_000, purpose=NAMED), line(80_000, purpose="Chairs"))
    await transparency.receive(*batch(line(70_000, paid="2017-08-01"), covers=("2017-07-01", "2017-09-30")))
    await publish(transparency)
    await publish(transparency, Q2)


async def test_a_suspended_edition_is_unreadable_at_once_and_comes_back_with_the_same_bytes(
    transparency: Running,
) -> None:
    """Domain section 3: any officer suspends at once (403 suspended); a second person lifts it."""
    await two_quarters(transparency)
    reader = transparency.anonymous
    before = await reader.get(f"{OPEN}/v1/spend.csv")
    withdrawal = await suspend(transparency)
    for path in (f"{OPEN}/v1/spend.csv", f"{OPEN}/latest.csv", Q1, f"{Q1}/editions/1"):
        refused = await reader.get(path)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "suspended"), path
        assert "Read the list of editions again later" in refused.json()["detail"]
    assert (await reader.get(f"{OPEN.replace('q1', 'q2')}/v1/spend.csv")).status_code == 200
    listed = (await reader.get("/v1/withdrawals")).json()["items"]
    assert [(item["state"], item["reason_class"], item["edition"]) for item in listed] == [("suspended", None, 1)]
    assert "name stands" not in (await reader.get("/v1/withdrawals")).text
    assert (await decide(transparency, withdrawal, "liftings")).status_code == 201
    after = await reader.get(f"{OPEN}/v1/spend.csv")
    assert (after.content, after.headers["etag"]) == (before.content, before.headers["etag"])
    assert (await reader.get("/v1/withdrawals")).json()["items"] == []
    assert await transparency.emitted(DatasetWithdrawn) == []


async def test_a_withdrawn_edition_leaves_a_tombstone_and_nothing_else(transparency: Running) -> None:
    """T-52, worked example 17: 410 with tombstone, v2 live, other periods unchanged, the audit chain verifies."""
    await two_quarters(transparency)
    reader = transparency.anonymous
    other = (await reader.get(f"{OPEN.replace('q1', 'q2')}/v1/spend.csv")).content
    assert NAMED.encode() in kept(transparency)
    verified = (await reader.get(f"{Q1}/editions/1/verification")).json()
    assert (verified["digests"], verified["rows"]) == ("match", "match")
    assert (await decide(transparency, await suspend(transparency), "confirmations")).status_code == 201
    assert NAMED.encode() not in kept(transparency)
    for path in (f"{OPEN}/v1/spend.csv", f"{OPEN}/v1/edition.json", f"{OPEN}/latest.csv", Q1, f"{Q1}/editions/1"):
        gone = await reader.get(path)
        assert (gone.status_code, gone.json()["errors"][0]["code"]) == (410, "withdrawn"), path
        stone = gone.json()["tombstone"]
        # No hash: whoever guesses the word that was taken away could test the guess with it.
        assert stone.keys() == {"withdrawn_at", "reason_class", "replaced_by"}
        assert (stone["reason_class"], stone["replaced_by"]) == ("personal_data", None)
        assert "its files are gone for good" in gone.json()["detail"]
    # The ledger's owner corrects the text; the clean edition takes the place of the withdrawn one.
    async with transparency.session() as session:
        await (await session.connection()).execute(
            text("UPDATE spend_lines SET purpose = 'Help at home' WHERE purpose = :named"), {"named": NAMED}
        )
        await session.commit()
    clean = await publish(transparency, change_note="The first edition was withdrawn.")
    assert (clean["edition"], clean["change_kind"], clean["previous_edition"]) == (2, "redaction", 1)
    assert (await reader.get(f"{OPEN}/latest.csv")).headers["location"].endswith("/v2/spend.csv")
    gone = await reader.get(f"{OPEN}/v1/spend.csv")
    assert (gone.status_code, gone.json()["tombstone"]["replaced_by"]) == (410, 2)
    assert "Edition 2 takes its place." in gone.json()["detail"]
    assert (await reader.get(f"{OPEN.replace('q1', 'q2')}/v1/spend.csv")).content == other
    listed = (await reader.get("/v1/withdrawals")).json()["items"]
    assert [(item["state"], item["reason_class"], item["replaced_by"]) for item in listed] == [
        ("withdrawn", "personal_data", 2)
    ]
    (event,) = await transparency.emitted(DatasetWithdrawn)
    assert (event.edition, event.reason_class, event.replaced_by) == (1, "personal_data", None)
    verified = (await reader.get(f"{Q1}/editions/1/verification")).json()
    assert (verified["digests"], verified["rows"], verified["state"]) == ("match", "erased", "withdrawn")
    async with transparency.session() as session:
        connection = await session.connection()
        assert await verify(connection, transparency.runtime.tables.audit) is None
        left = (await connection.execute(text("SELECT count(*) FROM row_decisions WHERE content <> ''"))).scalar_one()
        salted = (await connection.execute(text("SELECT count(*) FROM editions WHERE salt IS NOT NULL"))).scalar_one()
    assert (left > 0, salted) == (True, 2)
    editions = (await reader.get(f"{Q1}/editions")).json()["items"]
    assert [edition["state"] for edition in editions] == ["withdrawn", "published"]
    assert (editions[0]["sha256"], editions[0]["tombstone"]["replaced_by"]) == (None, 2)


async def test_what_a_later_edition_quotes_of_a_withdrawn_one_goes_with_it(transparency: Running) -> None:
    """T-52: the bytes of every artefact that holds it go; the list of changes quoted the old text."""
    await two_quarters(transparency)
    async with transparency.session() as session:
        await (await session.connection()).execute(
            text("UPDATE spend_lines SET purpose = 'Help at home' WHERE purpose = :named"), {"named": NAMED}
        )
        await session.commit()
    await transparency.receive(*batch(line(60_100), covers=("2017-04-01", "2017-06-30")))
    await publish(transparency, change_note="One more invoice.")
    reader = transparency.anonymous
    assert NAMED in (await reader.get(f"{OPEN}/v2/changes.csv")).text
    assert NAMED in (await reader.get(f"{Q1}/diff?from=1&to=2")).text
    await decide(transparency, await suspend(transparency), "confirmations")
    for path in (f"{OPEN}/v2/changes.csv", f"{Q1}/diff?from=1&to=2"):
        assert (await reader.get(path)).status_code == 410, path
    assert NAMED.encode() not in kept(transparency)
    assert (await reader.get(f"{OPEN}/v2/spend.csv")).status_code == 200
    as_at = await reader.get(Q1)
    assert (as_at.status_code, as_at.json()["edition"]) == (200, 2)


async def test_nobody_decides_alone_and_only_what_is_public_is_suspended(transparency: Running) -> None:
    """Domain section 3: a second person, the data protection lead, decides once."""
    await two_quarters(transparency)
    both = transparency.as_("transparency:dpl", sub="person:both")
    body = {
        "publisher": "body",
        "editions": [{"dataset": "spend", "period": "2017-18-q1", "edition": 1}],
        "reason_class": "unlawful",
        "reason": "Court says so.",
    }
    withdrawal = (await both.post("/v1/withdrawals", json=body)).json()
    alone = await decide(transparency, withdrawal, "confirmations", sub="person:both")
    assert (alone.status_code, alone.json()["errors"][0]["code"]) == (409, "four_eyes")
    officer = transparency.as_("transparency:preparer")
    twice = await officer.post("/v1/withdrawals", json=body)
    assert (twice.status_code, twice.json()["errors"][0]["code"]) == (409, "edition_not_public")
    assert twice.json()["errors"][0]["pointer"] == "/editions/0"
    assert "is suspended already" in twice.json()["detail"]
    refused = await officer.post(f"/v1/withdrawals/{withdrawal['withdrawal_id']}/confirmations", json={"reason": "yes"})
    assert refused.status_code == 403
    assert (await decide(transparency, withdrawal, "confirmations")).status_code == 201
    again = await decide(transparency, withdrawal, "liftings")
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "withdrawal_decided")
    unknown = await officer.post(
        "/v1/withdrawals", json=body | {"editions": [{"dataset": "spends", "period": "2017-18-q1", "edition": 1}]}
    )
    assert (unknown.status_code, unknown.json()["errors"][0]["code"]) == (404, "dataset_not_found")
    read = await transparency.as_("transparency:auditor").get(f"/v1/withdrawals/{withdrawal['withdrawal_id']}")
    assert read.json()["editions"] == [{"dataset": "spend", "period": "2017-18-q1", "edition": 1, "state": "withdrawn"}]
    assert (await transparency.anonymous.get(f"/v1/withdrawals/{withdrawal['withdrawal_id']}")).status_code == 401


async def test_an_edition_given_back_after_a_later_one_came_out_is_superseded(transparency: Running) -> None:
    """Domain section 3: two editions of one period are never in force together."""
    await two_quarters(transparency)
    withdrawal = await suspend(transparency)
    await transparency.receive(*batch(line(60_100), covers=("2017-04-01", "2017-06-30")))
    second = await publish(transparency, change_note="One more invoice.")
    assert (second["edition"], second["changes"]) == (2, {"added": 1, "removed": 0, "changed": 0})
    assert (await decide(transparency, withdrawal, "liftings")).status_code == 201
    editions = (await transparency.anonymous.get(f"{Q1}/editions")).json()["items"]
    assert [edition["state"] for edition in editions] == ["superseded", "published"]


async def test_rows_that_were_changed_behind_the_files_back_do_not_verify(transparency: Running) -> None:
    """T-52: the guard is seen to fail: one byte of the rows, then one of the digests, is another."""
    await two_quarters(transparency)
    reader = transparency.anonymous
    files = {file["name"]: file["sha256"] for file in (await reader.get(f"{Q1}/editions/1")).json()["files"]}
    path = transparency.runtime.files.path(files["spend.json"])
    path.write_bytes(path.read_bytes().replace(b"Chairs", b"Chaira"))
    verified = (await reader.get(f"{Q1}/editions/1/verification")).json()
    assert (verified["digests"], verified["rows"]) == ("match", "differ")
    digests = transparency.runtime.files.path(files["rows.sha256"])
    digests.write_bytes(digests.read_bytes() + b"\n")
    verified = (await reader.get(f"{Q1}/editions/1/verification")).json()
    assert (verified["digests"], verified["rows"]) == ("differ", "differ")


async def rename(transparency: Running, purpose: str, instead: str) -> None:
    """The ledger's owner corrects a text; what the editions before show stays as it was."""
    async with transparency.session() as session:
        await (await session.connection()).execute(
            text("UPDATE spend_lines SET purpose = :instead WHERE purpose = :purpose"),
            {"purpose": purpose, "instead": instead},
        )
        await session.commit()


async def one_more(transparency: Running, pence: int = 60_100) -> None:
    await transparency.receive(*batch(line(pence), covers=("2017-04-01", "2017-06-30")))


async def test_what_quotes_a_suspended_edition_is_unreadable_with_it(transparency: Running) -> None:
    """T-52: the list of changes of the next edition quotes it, and the list of editions says nothing of its content."""
    await two_quarters(transparency)
    await rename(transparency, NAMED, "Help at home")
    await one_more(transparency)
    await publish(transparency, change_note="Help for Marigold was renamed.")
    reader = transparency.anonymous
    await one_more(transparency, 60_200)
    await publish(transparency, change_note="One more invoice.")
    await suspend(transparency, {"dataset": "spend", "period": "2017-18-q1", "edition": 1})
    quoted = await reader.get(f"{OPEN}/v2/changes.csv")
    assert (quoted.status_code, quoted.json()["errors"][0]["code"]) == (403, "suspended")
    assert (await reader.get(f"{OPEN}/v3/changes.csv")).status_code == 200
    await suspend(transparency, {"dataset": "spend", "period": "2017-18-q1", "edition": 2})
    listed = (await reader.get(f"{Q1}/editions")).json()["items"]
    assert [(item["state"], item["change_note"], item["sha256"]) for item in listed[:2]] == [
        ("suspended", None, None),
        ("suspended", None, None),
    ]


async def test_what_is_checked_while_an_edition_is_suspended_or_withdrawn_is_checked_again(
    transparency: Running,
) -> None:
    """T-52: a checked draft may hold the very text; its files go and nobody can approve them."""
    await two_quarters(transparency)
    await one_more(transparency)
    checked = await check(transparency, change_note="One more invoice.")
    withdrawal = await suspend(transparency)
    refused = await approve(transparency, checked)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "not_checked")
    assert (await decide(transparency, withdrawal, "confirmations")).status_code == 201
    assert NAMED.encode() not in kept(transparency)
    await rename(transparency, NAMED, "Help at home")
    again = await transparency.as_("transparency:preparer", sub="person:pia").post(f"{Q1}/editions/2/checks")
    assert (again.status_code, again.json()["state"]) == (201, "checked")
    assert (await approve(transparency, again.json())).status_code == 201


async def test_an_edition_that_shows_what_a_later_one_withholds_is_not_given_back(transparency: Running) -> None:
    """T-19, T-52."""
    await two_quarters(transparency)
    async with transparency.session() as session:
        await (await session.connection()).execute(
            text("UPDATE spend_lines SET party_kind = 'individual', party_name = NULL WHERE purpose = :named"),
            {"named": NAMED},
        )
        await session.commit()
    await one_more(transparency)
    checked = await check(transparency, change_note="A payee is a private person.")
    refused = await approve(transparency, checked)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "withdrawal_needed")
    withdrawal = await suspend(transparency)
    again = await transparency.as_("transparency:preparer", sub="person:pia").post(f"{Q1}/editions/2/checks")
    assert (await approve(transparency, again.json())).status_code == 201
    back = await decide(transparency, withdrawal, "liftings")
    assert (back.status_code, back.json()["errors"][0]["code"]) == (409, "still_withheld")
    assert "shows in full what edition 2 withholds" in back.json()["detail"]
    assert (await decide(transparency, withdrawal, "confirmations")).status_code == 201


async def test_a_deleted_draft_leaves_none_of_its_files(transparency: Running) -> None:
    """T-53: nobody outside has seen it; its bytes go, and so do those of an earlier check."""
    await ledger(transparency, line(90_000, purpose=NAMED))
    checked = await check(transparency)
    assert NAMED.encode() in kept(transparency)
    await rename(transparency, NAMED, "Help at home")
    await one_more(transparency)
    officer = transparency.as_("transparency:preparer", sub="person:pia")
    assert (await officer.post(f"{Q1}/editions/{checked['edition']}/checks")).status_code == 201
    assert NAMED.encode() not in kept(transparency)
    etag = (await officer.get(f"{Q1}/drafts/1")).headers["etag"]
    assert (await officer.delete(f"{Q1}/editions/1", headers={"If-Match": etag})).status_code == 204
    assert kept(transparency) == b""
