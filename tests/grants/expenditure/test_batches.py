"""The life of a batch: at once or by and by, progress, restarts, errors to mend, who may see what."""

from __future__ import annotations

import asyncio
import csv
import io
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select, update

from services.grants.expenditure import worker
from services.grants.expenditure.tables import ExpenditureBatch
from services.grants.expenditure.worker import take_in_batches, take_in_waiting
from shared.events.grants import ExpenditureBatchCompleted, ExpenditureRecorded
from tests.grants.expenditure.conftest import Ledger, accounted, csv_file, simple_profile

LONG = [(f"A-{number}", f"2017-{number % 12 + 1:02d}-03", "Alpha Ltd", "1.01") for number in range(1001)]


async def test_a_thousand_lines_are_answered_at_once_and_one_more_is_not(ledger: Ledger) -> None:
    """§6."""
    await ledger.defined(simple_profile())
    short = await ledger.send(csv_file(*LONG[:1000]))
    assert (short.status_code, short.json()["state"]) == (201, "completed")
    long = await ledger.send(csv_file(*LONG))
    assert (long.status_code, long.json()["state"]) == (202, "received")
    assert long.headers["location"].endswith(f"/v1/expenditure-batches/{long.json()['id']}")
    assert await take_in_waiting(ledger.grants.runtime) == 1
    batch = (await ledger.system.get(f"/v1/expenditure-batches/{long.json()['id']}")).json()
    accounted(batch)
    assert batch["state"] == "completed"
    assert batch["outcomes"]["duplicate"]["lines"] == 1000
    assert batch["outcomes"]["accepted"] == {"lines": 1, "pence": 101}
    assert batch["lines_read"] == 1001


async def test_the_worker_hears_of_a_batch_and_takes_it_in(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    working = asyncio.create_task(take_in_batches(ledger.grants.runtime))
    try:
        batch = (await ledger.send(csv_file(*LONG))).json()
        for _ in range(100):
            batch = (await ledger.system.get(f"/v1/expenditure-batches/{batch['id']}")).json()
            if batch["state"] == "completed":
                break
            await asyncio.sleep(0.1)
        assert batch["state"] == "completed"
    finally:
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working


async def test_a_batch_that_was_being_taken_in_when_the_service_died_is_taken_up_again(ledger: Ledger) -> None:
    """§6: survives restarts; nothing of the first attempt remains."""
    await ledger.defined(simple_profile())
    sent = (await ledger.send(csv_file(*LONG))).json()
    working = asyncio.create_task(take_in_waiting(ledger.grants.runtime))
    state = "received"
    while state == "received":
        await asyncio.sleep(0.01)
        state = (await ledger.system.get(f"/v1/expenditure-batches/{sent['id']}")).json()["state"]
    assert state == "processing"
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    left = (await ledger.system.get(f"/v1/expenditure-batches/{sent['id']}")).json()
    assert left["state"] == "processing"
    assert await ledger.everything("/v1/expenditure-lines") == []
    assert await take_in_waiting(ledger.grants.runtime) == 1
    batch = (await ledger.system.get(f"/v1/expenditure-batches/{sent['id']}")).json()
    accounted(batch)
    assert batch["outcomes"]["accepted"]["lines"] == 1001
    assert len(await ledger.grants.emitted(ExpenditureBatchCompleted)) == 1


async def test_two_workers_take_a_batch_in_once(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    await ledger.send(csv_file(*LONG))
    await ledger.send(csv_file(*[(f"B-{n}", *row[1:]) for n, row in enumerate(LONG)]))
    done = await asyncio.gather(*(take_in_waiting(ledger.grants.runtime) for _ in range(3)))
    assert sum(done) == 2
    assert len(await ledger.grants.emitted(ExpenditureBatchCompleted)) == 2


async def test_a_batch_that_keeps_failing_is_given_up_and_says_so(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that vanished from the store stands for any lasting fault of ours."""
    monkeypatch.setattr(worker, "RETRY_SECONDS", 0.0)
    await ledger.defined(simple_profile())
    sent = (await ledger.send(csv_file(*LONG))).json()
    ledger.grants.runtime.files.path(sent["sha256"]).unlink()
    await take_in_waiting(ledger.grants.runtime)
    batch = (await ledger.system.get(f"/v1/expenditure-batches/{sent['id']}")).json()
    assert (batch["state"], batch["failure"]["code"]) == ("failed", "internal_error")
    assert await take_in_waiting(ledger.grants.runtime) == 0


async def test_progress_shows_on_another_connection_while_the_load_has_not_committed(ledger: Ledger) -> None:
    """§6: progress on another connection."""
    await ledger.defined(simple_profile())
    sent = (await ledger.send(csv_file(*LONG))).json()
    progress = worker._Progress(lines_read=700)
    async with ledger.grants.session() as session:
        batch = col(ExpenditureBatch.id) == sent["id"]
        await session.exec(update(ExpenditureBatch).where(batch).values(state="processing"))
        await session.commit()
    reporting = asyncio.create_task(worker._report(ledger.grants.runtime, sent["id"], progress))
    for _ in range(50):
        shown = (await ledger.system.get(f"/v1/expenditure-batches/{sent['id']}")).json()
        if shown["lines_read"]:
            break
        await asyncio.sleep(0.1)
    reporting.cancel()
    assert (shown["state"], shown["lines_read"]) == ("processing", 700)


async def test_with_reject_batch_one_bad_line_keeps_all_out(ledger: Ledger) -> None:
    """§6: on_error=reject_batch."""
    await ledger.defined(simple_profile())
    content = csv_file(("A-1", "2017-04-03", "Alpha", "1.00"), ("A-2", "2017-04-03", "Beta", "x"))
    batch = await ledger.sent(content, on_error="reject_batch")
    accounted(batch)
    assert (batch["state"], batch["failure"]["code"]) == ("failed", "lines_rejected")
    assert batch["outcomes"]["rejected"] == {"lines": 2, "pence": 100}
    assert await ledger.outcomes(batch) == ["rejected", "rejected"]
    assert await ledger.everything("/v1/expenditure-lines") == []
    assert await ledger.grants.emitted(ExpenditureRecorded) == []
    mended = await ledger.sent(
        csv_file(("A-1", "2017-04-03", "Alpha", "1.00"), ("A-2", "2017-04-03", "Beta", "2.00")),
        on_error="reject_batch",
        corrects=batch["id"],
    )
    assert (mended["state"], mended["outcomes"]["accepted"]["lines"]) == ("completed", 2)


async def test_the_errors_come_as_the_original_columns_and_can_be_mended_and_sent_again(ledger: Ledger) -> None:
    """§6: to fix and send again."""
    await ledger.defined(simple_profile())
    content = csv_file(
        ("A-1", "2017-04-03", "Alpha", "1.00", "ignored"),
        ("A-2", "2017-04-33", "=Beta", "2.00", "n"),
        ("A-3", "2017-04-03", "Gamma", "3.00", "", "surplus"),
        header=("Reference", "Date", "Supplier", "Amount", "Note"),
    )
    first = await ledger.sent(content)
    answer = await ledger.system.get(f"/v1/expenditure-batches/{first['id']}/errors.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["Reference"], row["Supplier"], row["Note"], row["line"]) for row in rows] == [
        ("A-2", "'=Beta", "n", "3"),
        ("A-3", "Gamma", "", "4"),
    ]
    assert rows[0]["reasons"].startswith("date_impossible: Date: ")
    assert rows[1]["reasons"].startswith("surplus_cells: ")
    mended = answer.text.replace("2017-04-33", "2017-04-30").replace(",surplus,", ",,")
    second = await ledger.sent(mended.encode(), corrects=first["id"])
    accounted(second)
    assert await ledger.outcomes(second) == ["accepted", "accepted"]
    names = [line["party"]["name"] for line in await ledger.everything("/v1/expenditure-lines")]
    assert sorted(names) == ["=Beta", "Alpha", "Gamma"]


async def test_the_original_comes_back_byte_for_byte(ledger: Ledger) -> None:
    await ledger.defined(simple_profile(encodings=["utf-8", "cp1252"]))
    content = b"Reference,Date,Supplier,Amount\r\nA-1,2017-04-03,Caf\xe9, 1.00\r\n\r\n"
    batch = await ledger.sent(content)
    answer = await ledger.system.get(f"/v1/expenditure-batches/{batch['id']}/original")
    assert answer.content == content
    assert answer.headers["etag"] == f'"{batch["sha256"]}"'


async def test_a_client_limited_to_an_organisation_writes_and_sees_only_its_own(ledger: Ledger) -> None:
    """§7: the organisations claim."""
    await ledger.register("leeds")
    await ledger.defined(simple_profile())
    ours = await ledger.sent(csv_file(*LONG[:1]))
    limited = ledger.grants.as_("expenditure:submit", sub="client:leeds", organisations=["leeds"], client_only=True)
    refused = await limited.post(
        "/v1/expenditure-batches",
        params={"organisation": "salford", "profile": "simple"},
        content=csv_file(*LONG[:1]),
        headers={"Content-Type": "text/csv"},
    )
    assert refused.status_code == 403
    for path in ("", "/lines", "/errors", "/errors.csv", "/original"):
        assert (await limited.get(f"/v1/expenditure-batches/{ours['id']}{path}")).status_code == 404
    assert (await limited.get("/v1/expenditure-batches")).json()["items"] == []
    assert (await limited.get("/v1/expenditure-lines")).status_code == 403
    assert (await ledger.grants.anonymous.get(f"/v1/expenditure-batches/{ours['id']}")).status_code == 401


async def test_names_of_private_payees_are_shown_to_finance_only(ledger: Ledger) -> None:
    """§4: names of individuals, staff and payees of unknown kind."""
    patterns = [{"prefix": "mr ", "kind": "individual"}]
    await ledger.defined(simple_profile(parties={"default_kind": "organisation", "patterns": patterns}))
    await ledger.sent(csv_file(("A-1", "2017-04-03", "Mr Green", "1.00"), ("A-2", "2017-04-03", "Green Ltd", "1.00")))
    reader = ledger.grants.as_("grants:read")
    shown = [line["party"]["name"] for line in (await reader.get("/v1/expenditure-lines")).json()["items"]]
    assert shown == [None, "Green Ltd"]
    found = (await reader.get("/v1/expenditure-lines", params={"supplier": "green"})).json()["items"]
    assert [line["party"]["name"] for line in found] == ["Green Ltd"]
    all_names = [line["party"]["name"] for line in await ledger.everything("/v1/expenditure-lines", supplier="green")]
    assert all_names == ["Mr Green", "Green Ltd"]


async def test_lines_and_entries_come_as_csv_in_pounds(ledger: Ledger) -> None:
    """Design §5: CSV by extension or by Accept."""
    await ledger.defined(simple_profile())
    batch = await ledger.sent(csv_file(("A-1", "2017-04-03", "=Alpha", "-1.50"), ("A-2", "2017-04-03", "Beta", "x")))
    by_name = await ledger.finance.get("/v1/expenditure-lines.csv")
    by_accept = await ledger.finance.get("/v1/expenditure-lines", headers={"Accept": "text/csv"})
    assert by_name.text == by_accept.text
    [entry] = csv.DictReader(io.StringIO(by_name.text))
    assert (entry["party_name"], entry["net"], entry["flags"], entry["vat"]) == (
        "'=Alpha",
        "-1.50",
        "origin_missing",
        "",
    )
    answer = await ledger.finance.get(f"/v1/expenditure-batches/{batch['id']}/lines.csv")
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(line["outcome"], line["amount"]) for line in lines] == [("accepted", "-1.50"), ("rejected", "")]
    assert lines[1]["reasons"].startswith("amount_unreadable: ")


async def test_batches_are_found_by_what_was_sent(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    first = await ledger.sent(csv_file(*LONG[:1]))
    await ledger.sent(csv_file(*LONG[:2]))
    found = await ledger.everything("/v1/expenditure-batches", sha256=first["sha256"], organisation="salford")
    assert [batch["id"] for batch in found] == [first["id"]]


async def test_the_database_itself_refuses_an_account_that_does_not_add_up(ledger: Ledger) -> None:
    """§6: the identity is a constraint."""
    await ledger.defined(simple_profile())
    batch = await ledger.sent(csv_file(*LONG[:1]))
    for change in ("accepted_lines = 2", "accepted_pence = 0", "amount_unreadable_lines = 1"):
        async with ledger.grants.session() as session:
            connection = await session.connection()
            with pytest.raises(IntegrityError, match=r"ck_expenditure_batches_(every|unreadable)"):
                await connection.execute(
                    text(f"UPDATE expenditure_batches SET {change} WHERE id = :id"), {"id": batch["id"]}
                )


async def test_one_audit_entry_tells_of_a_load(ledger: Ledger) -> None:
    """§6: one audit entry in the same transaction."""
    await ledger.defined(simple_profile())
    batch = await ledger.sent(csv_file(*LONG[:5]))
    audit: Any = ledger.grants.service.tables.audit.entries
    async with ledger.grants.session() as session:
        actions = (await session.exec(select(audit.c.action).where(audit.c.subject == batch["id"]))).all()
    assert list(actions) == ["take_in_expenditure"]
