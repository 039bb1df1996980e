"""The second guards of the ledger: constraints and locks behind the rules, and years that are closed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from services.grants.expenditure.tables import ExpenditureBatch, LedgerEntry
from services.grants.held_lines.tables import HeldDecision
from services.grants.ledger.content import Place, negated
from shared.events.grants import ExpenditureRecorded
from tests.grants.by_hand import CFO, LINES, PERIODS, entered, everything, line, lock, post, refused, reversed_
from tests.grants.expenditure.conftest import Ledger, csv_file
from tests.grants.steps import budgeted, done
from tests.grants.test_held_lines import HEADER, decide, held, programme, row, send  # noqa: F401 - programme is a fixture
from tests.harness import Running


async def stored(grants: Running, **changes: Any) -> None:
    """A reversal of the only entry put straight into the table, with changes."""
    line_no = changes.pop("line_no", 9)
    async with grants.session() as session:
        entry = (await session.exec(select(LedgerEntry).where(LedgerEntry.kind == "invoice"))).first()
        assert entry is not None
        place = Place(
            entry.organisation_id, entry.source, entry.batch_id, 9, str(grants.runtime.new_id()), entry.item_id,
            line_no, entry.recorded_at,
        )  # fmt: skip
        links = {"reverses": entry.entry_id, "reason": "why", **changes}
        new_id = grants.runtime.new_id
        session.add(negated(entry, place, entry_id=new_id(), fingerprint=new_id(), **links))
        await session.commit()


async def test_the_database_itself_refuses_a_second_reversal(grants: Running) -> None:
    """G-28."""
    await budgeted(grants)
    entry = await entered(grants)
    await stored(grants)
    with pytest.raises(IntegrityError, match="uq_ledger_entries_reverses"):
        await stored(grants, line_no=10)
    answer = await post(grants, f"{LINES}/{entry['entry_id']}/reversals", {"reason": "x"})
    assert refused(answer, 409) == [(None, "already_reversed")]


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"reason": None}, "chain_has_reason"),
        ({"replaces": "self"}, "reverses_or_replaces"),
        ({"eligible_pence": -1}, "eligible_is_cost"),
        ({"accounting_quarter": None}, "quarter_of_agreement"),
    ],
)
async def test_an_entry_that_breaks_the_rules_is_refused_by_the_database(
    grants: Running, changes: dict[str, Any], constraint: str
) -> None:
    """G-27, G-28, G-28a."""
    await budgeted(grants)
    entry = await entered(grants)
    if changes.get("replaces") == "self":
        changes = {"replaces": entry["entry_id"]}
    with pytest.raises(IntegrityError, match=constraint):
        await stored(grants, **changes)


async def test_a_batch_is_a_file_with_a_profile_or_an_act_by_hand(grants: Running) -> None:
    await budgeted(grants)
    await entered(grants)
    async with grants.session() as session:
        batch = (await session.exec(select(ExpenditureBatch))).one()
        batch.kind = "file"
        with pytest.raises(IntegrityError, match="file_has_profile"):
            await session.commit()


async def test_of_several_decisions_on_a_line_at_once_one_stands(programme: Ledger) -> None:  # noqa: F811
    """§6: once and for all."""
    await send(programme, row("E-1", Use="PU1"))
    [waiting] = await held(programme)
    answers = await asyncio.gather(*(decide(programme, waiting["id"], "outside", cfo=True) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    async with programme.grants.session() as session:
        decision = (await session.exec(select(HeldDecision))).one()
        session.add(HeldDecision(**{**decision.model_dump(), "id": programme.grants.runtime.new_id()}))
        with pytest.raises(IntegrityError, match="uq_held_decisions"):
            await session.commit()
    assert len(await everything(programme.grants)) == 1


async def test_a_quarter_is_not_locked_while_a_posting_that_found_it_open_is_on_its_way(grants: Running) -> None:
    """G-29, G-43: whichever comes first, no entry stands in a quarter that was locked before it."""
    await budgeted(grants)
    cfo = grants.as_("grants:cfo", sub=CFO)
    posting = [post(grants, LINES, line()) for _ in range(3)]
    locking = cfo.post(f"{PERIODS}/2017-18-q4/lock", json={"reason": "stated"})
    *answers, locked = await asyncio.gather(*posting, locking)
    assert locked.status_code == 201
    assert {answer.status_code for answer in answers} <= {201, 409}
    accepted = sum(answer.status_code == 201 for answer in answers)
    assert len(await everything(grants)) == accepted
    assert refused(await post(grants, LINES, line()), 409) == [("/accounting_quarter", "period_locked")]


async def test_a_refused_reversal_leaves_no_trace(grants: Running) -> None:
    """§6: nothing is half-written."""
    await budgeted(grants)
    entry = await entered(grants)
    await lock(grants, 1, 2, 3, 4)
    answer = await post(grants, f"{LINES}/{entry['entry_id']}/reversals", {"reason": "x"})
    assert refused(answer, 409) == [(None, "period_locked")]
    assert await everything(grants) == [entry]
    assert len(await grants.emitted(ExpenditureRecorded)) == 1


async def test_the_ledger_of_a_closed_year_is_read_only(grants: Running) -> None:
    """G-38: neither entered by hand, reversed nor corrected."""
    await budgeted(grants)
    entry = await entered(grants)
    await close(grants)
    path = f"{LINES}/{entry['entry_id']}"
    for where, body in (
        (LINES, line()),
        (f"{path}/reversals", {"reason": "x"}),
        (f"{path}/corrections", {"reason": "x", "net_pence": 1}),
    ):
        assert [code for _, code in refused(await post(grants, where, body), 409)] == ["year_closed"]
    assert await everything(grants) == [entry]


async def test_no_file_mends_an_act_by_hand(programme: Ledger) -> None:  # noqa: F811
    """§6: only a file has rejected lines to mend."""
    await send(programme, row("E-1", Line="other"))
    [entry] = await everything(programme.grants)
    made = await reversed_(programme.grants, entry["entry_id"])
    answer = await programme.send(csv_file(row("E-2"), header=HEADER), organisation="agency", corrects=made["batch_id"])
    assert refused(answer, 409) == [("corrects", "not_correctable")]


async def close(grants: Running) -> None:
    """The year of the agreement closed as if everything had been in order."""
    from services.grants.tables import Agreement

    async with grants.session() as session:
        agreement = (await session.exec(select(Agreement))).one()
        agreement.state, agreement.closed_at, agreement.closed_by = "closed", grants.clock(), "person:cfo"
        await session.commit()


async def test_a_held_line_of_a_closed_year_goes_outside_it_or_nowhere(programme: Ledger) -> None:  # noqa: F811
    """G-38."""
    await lock(programme.grants, 1, 2, 3, 4)
    await close(programme.grants)
    await send(programme, row("E-1"), row("E-2"))
    first, second = await held(programme)
    assert [reason["code"] for reason in first["reasons"]] == ["year_closed"]
    answer = await decide(programme, first["id"], "accept")
    assert [code for _, code in refused(answer, 409)] == ["year_closed"]
    done(await decide(programme, first["id"], "outside"))
    done(await decide(programme, second["id"], "refuse"))
    assert [one["agreement_id"] for one in await everything(programme.grants)] == [None]


async def test_reversing_what_stands_outside_any_agreement_needs_no_open_quarter(programme: Ledger) -> None:  # noqa: F811
    """G-28a, G-29: publication periods ignore the locks."""
    await lock(programme.grants, 1, 2, 3, 4)
    await send(programme, row("E-1", Line="other"))
    [entry] = await everything(programme.grants)
    made = (await reversed_(programme.grants, entry["entry_id"]))["reversal"]
    assert (made["accounting_quarter"], made["eligible_pence"], made["source"]) == (None, -400_000, "simple")
