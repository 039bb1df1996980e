"""Which public editions of any dataset show what is withheld since, and that none comes out unseen meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from services.transparency.redactions import exposure
from services.transparency.redactions.exposure import Sought
from tests.harness import Running
from tests.transparency.contracts.steps import set_prefix
from tests.transparency.facts import line
from tests.transparency.payments.steps import set_authority
from tests.transparency.people.bench import MANAGER, as_csv, imported, post
from tests.transparency.redactions.deeds import NAME, PREJUDICE, Q1, enter_contracts, propose, row_ids, withhold
from tests.transparency.redactions.deeds import approve as approve_redaction
from tests.transparency.test_editions import approve, check, ledger, publish
from tests.transparency.withdrawals.test_withdrawals import suspend

CONTRACTS = "/v1/datasets/body/contracts/2017-18-q1"
PAYMENTS = "/v1/datasets/body/payments_over_threshold/2017-18-q1"
SUPPLIER: dict[str, Any] = {**PREJUDICE, "target_kind": "contract", "fields": ["supplier"]}
EVERYWHERE = [(dataset, "2017-18-q1", 1, "published") for dataset in ("contracts", "payments_over_threshold", "spend")]


async def published(transparency: Running) -> str:
    """A payment under a contract in three datasets; the RowID of its second line, which no payment's row names."""
    paid: dict[str, Any] = {"name": "Acme Ltd", "party_key": "a", "contract_ref": "C-9", "item": "i-9"}
    await ledger(transparency, line(2_000_000, **paid), line(1_500_000, line_no=2, **paid), line(90_000))
    await set_authority(transparency)
    await enter_contracts(transparency, "C-9")
    assert (await set_prefix(transparency, "body", **{"If-Match": '"0"'})).status_code == 200
    for path in (Q1, PAYMENTS, CONTRACTS):
        await publish(transparency, path)
    return (await row_ids(transparency))["15000.00"]


def named(redaction: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [
        tuple(item[name] for name in ("dataset", "period", "edition", "state")) for item in redaction["published_in"]
    ]


async def test_every_dataset_that_shows_a_row_is_named_by_row_and_by_payee(transparency: Running) -> None:
    """T-52: spend, payments over £30,000, and the transactions of the Open Contracting file."""
    row_id = await published(transparency)
    of_text = await withhold(transparency, row_id, fields=["purpose"], reason_code="NAME_IN_TEXT")
    assert named(of_text) == EVERYWHERE[2:]
    assert named(await withhold(transparency, row_id, "approver", **PREJUDICE)) == EVERYWHERE
    of_payee = await withhold(transparency, row_id, "approver", **PREJUDICE, payee=True)
    assert named(of_payee) == EVERYWHERE
    # What is suspended is not public, and what is published without the name shows nothing.
    suspended = [{"dataset": name, "period": "2017-18-q1", "edition": 1} for name in ("spend", "contracts")]
    await suspend(transparency, *suspended)
    await publish(transparency, change_note="A name is withheld.")
    officer = transparency.as_("transparency:auditor")
    address = f"/v1/redactions/{of_payee['redaction_id']}"
    assert named((await officer.get(address)).json()) == EVERYWHERE[1:2]
    await suspend(transparency, {"dataset": "payments_over_threshold", "period": "2017-18-q1", "edition": 1})
    await publish(transparency, PAYMENTS, change_note="A name is withheld.")
    assert named((await officer.get(address)).json()) == []


async def test_a_contract_that_is_public_is_named_by_its_reference(transparency: Running) -> None:
    """T-52: the editions of contracts whose row shows the text."""
    await ledger(transparency, line(90_000))
    await enter_contracts(transparency, "C-9", "C-8")
    await publish(transparency, CONTRACTS)
    held = await withhold(transparency, "C-9", "approver", **SUPPLIER)
    assert named(held) == EVERYWHERE[:1]
    await suspend(transparency, {"dataset": "contracts", "period": "2017-18-q1", "edition": 1})
    await publish(transparency, CONTRACTS, change_note="A supplier is withheld.")
    read = await transparency.as_("transparency:auditor").get(f"/v1/redactions/{held['redaction_id']}")
    assert named(read.json()) == []


@pytest.mark.parametrize(
    ("file", "content", "sought", "expected"),
    [
        ("ocds.json", '{"id":"abcdefabcdefabcdef"}', Sought(False, ["purpose"], rows={"abcdefabcdefabcdef"}), False),
        ("ocds.json", '{"id":"abcdefabcdefabcdef"}', Sought(True, [], rows={"abcdefabcdefabcdef"}), True),
        ("ocds.json", '{"uri":"abcdefabcdefabcdef"}', Sought(True, [], rows={"abcdefabcdefabcdef"}), False),
        (
            "contracts.json",
            '{"rows":[\n{"row_id":"a1","reference":"C-9","title":"REDACTED","redaction_reason":null}\n]}',
            Sought(False, ["title"], reference="C-9"),
            True,
        ),
        (
            "contracts.json",
            '{"rows":[\n{"row_id":"a1","reference":"C-8","title":"Rooms","redaction_reason":null}\n]}',
            Sought(False, ["title"], reference="C-9"),
            False,
        ),
    ],
)
def test_a_file_shows_what_stands_in_it(
    file: str, content: str, sought: Sought, expected: bool, tmp_path: Path
) -> None:
    """T-52."""
    path = tmp_path / file
    path.write_text(content)
    assert exposure.shows(file, path, sought) is expected
    assert exposure.shows(file, tmp_path / "withdrawn", sought) is False


@asynccontextmanager
async def nobody_publishes(transparency: Running) -> AsyncIterator[None]:
    """Hold the publisher's datasets as whoever approves an edition does."""
    async with transparency.session() as session:
        await (await session.connection()).execute(text("SELECT FROM datasets FOR UPDATE"))
        yield


async def waiting(transparency: Running, number: int) -> None:
    """Until so many others wait for a lock."""
    statement = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    for _ in range(500):
        async with transparency.session() as session:
            if (await (await session.connection()).execute(statement)).scalar_one() == number:
                return
        await asyncio.sleep(0.02)
    raise AssertionError(f"Not {number} wait")


async def in_turn(transparency: Running, *requests: Awaitable[Any]) -> list[Any]:
    """Let requests come at the same moment, in this order: each waits for a dataset before the next one starts."""
    async with nobody_publishes(transparency):
        tasks = []
        for number, request in enumerate(requests, 1):
            tasks.append(asyncio.ensure_future(request))
            await waiting(transparency, number)
    return await asyncio.gather(*tasks)


@pytest.mark.parametrize("edition_first", [True, False])
async def test_a_redaction_and_an_edition_approved_at_once_do_not_miss_each_other(
    transparency: Running, edition_first: bool
) -> None:
    """T-21, T-52: either the edition is named as showing it, or it is refused because something has changed."""
    await ledger(transparency, line(240_000, name=NAME, party_key="jp"), line(90_000))
    checked = await check(transparency)
    async with transparency.session() as session:
        found = await (await session.connection()).execute(
            text("SELECT row_id FROM spend_lines WHERE party_name = :name"), {"name": NAME}
        )
        proposed = (await propose(transparency, found.scalar_one())).json()
    both = [approve(transparency, checked), approve_redaction(transparency, proposed["redaction_id"])]
    if edition_first:
        edition, redaction = await in_turn(transparency, *both)
        assert (edition.status_code, named(redaction.json())) == (201, EVERYWHERE[2:])
    else:
        redaction, edition = await in_turn(transparency, *reversed(both))
        assert (redaction.status_code, named(redaction.json())) == (201, [])
        assert (edition.status_code, edition.json()["errors"][0]["code"]) == (409, "changed_since_check")


async def test_an_objection_is_decided_when_nobody_is_approving_an_edition(transparency: Running) -> None:
    """T-37: it waits for the publisher's datasets, as the review of a redaction does."""
    await imported(transparency, as_csv(MANAGER, post("A2"), *[post(f"B{number}", unit="Big") for number in range(7)]))
    path = "/v1/datasets/body/organisation_structure/2017-18"
    draft = await transparency.as_("transparency:preparer", sub="person:pia").post(f"{path}/editions", json={})
    assert draft.status_code == 201, draft.text
    lead = transparency.as_("transparency:dpl", sub="person:lee")
    objection = (await lead.post("/v1/posts/body/A2/objections", json={"reason": "Threatened."})).json()
    decisions = f"/v1/posts/body/A2/objections/{objection['objection_id']}/decisions"
    other = transparency.as_("transparency:dpl", sub="person:dee")
    (decided,) = await in_turn(transparency, other.post(decisions, json={"decision": "upheld", "reason": "Risk."}))
    assert decided.status_code == 201, decided.text
