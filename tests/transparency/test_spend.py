"""The spend read model: what arrives, in whatever order and however often, is there once."""

from __future__ import annotations

from uuid import UUID, uuid4

from sqlalchemy import text

from services.transparency.spending.reactions import public_row_id
from services.transparency.spending.tables import LedgerMonth, SpendLine
from tests.harness import Running
from tests.transparency.facts import BODY, batch, line, registered


async def count(transparency: Running, table: type) -> int:
    async with transparency.session() as session:
        found = await (await session.connection()).execute(text(f"SELECT count(*) FROM {table.__tablename__}"))
        return int(found.scalar_one())


async def test_five_hundred_lines_arrive_whole(transparency: Running) -> None:
    recorded, completed = batch(*(line(1_000 + number) for number in range(500)))
    await transparency.receive(recorded, completed)
    assert await count(transparency, SpendLine) == 500
    async with transparency.session() as session:
        stored = await session.get(SpendLine, recorded.lines[7].entry_id)
    assert stored is not None
    assert (stored.organisation_id, stored.party_name, stored.eligible_pence) == (BODY, "Acme Training Ltd", 1_007)
    assert (stored.payment_date, stored.party_kind, stored.vcse) == (
        recorded.lines[7].payment_date,
        "organisation",
        None,
    )


async def test_the_same_lines_under_another_event_id_change_nothing(transparency: Running) -> None:
    """T-54."""
    recorded, completed = batch(line(60_000), line(70_000))
    await transparency.receive(recorded, completed)
    await transparency.receive(recorded, completed, event_id=None)
    assert (await count(transparency, SpendLine), await count(transparency, LedgerMonth)) == (2, 1)


async def test_an_older_statement_of_a_batch_does_not_replace_a_newer_one(transparency: Running) -> None:
    """T-54: `version` of the batch."""
    _, completed = batch(line(60_000))
    newer = completed.model_copy(update={"version": 3, "months": ()})
    await transparency.receive(newer, completed)
    assert await count(transparency, LedgerMonth) == 0


async def test_lines_may_arrive_before_their_publisher(transparency: Running) -> None:
    recorded, completed = batch(line(60_000))
    await transparency.receive(completed, recorded, registered())
    preparer = transparency.as_("transparency:preparer")
    drafted = await preparer.post("/v1/datasets/body/spend/2017-18-q1/editions", json={})
    assert (drafted.status_code, drafted.json()["rows"]) == (201, 1)


def test_a_correction_shows_under_the_row_of_its_root() -> None:
    """Section 6: row_id is a UUIDv5 of the root entry, so a replay and a correction find the same."""
    root = line(60_000, entry_id=UUID(int=9))
    correction = line(50_000, entry_id=uuid4(), replaces=root.entry_id, kind="correction")
    assert public_row_id(root) == public_row_id(correction)
    assert len(public_row_id(root)) == 32
    assert public_row_id(root) != public_row_id(line(60_000))


async def test_two_lines_with_one_number_in_an_item_get_numbers_of_their_own(transparency: Running) -> None:
    """T-12: (TransactionNumber, LineNumber) is the key."""
    await transparency.receive(registered())
    await transparency.receive(
        *batch(line(60_000, item="i"), line(70_000, item="i"), line(80_000, item="i", line_no=2))
    )
    preparer = transparency.as_("transparency:preparer", sub="person:pia")
    path = "/v1/datasets/body/spend/2017-18-q1/editions"
    await preparer.post(path, json={})
    checked = (await preparer.post(f"{path}/1/checks")).json()
    approver = transparency.as_("transparency:approver", sub="person:abe")
    await approver.post(f"{path}/1/approvals", json={"sha256": checked["sha256"]})
    plain = (await transparency.anonymous.get("/open/body/spend/2017-18-q1/v1/spend.json")).json()
    assert sorted(row["line_number"] for row in plain["rows"]) == [1, 2, 3]
    assert len({row["transaction_number"] for row in plain["rows"]}) == 1
