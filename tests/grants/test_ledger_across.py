"""Acts by hand as the transparency service sees them: every one reaches it, and its totals follow to the penny."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.grants.by_hand import CFO, FINANCE, LINES
from tests.grants.expenditure.conftest import Ledger, csv_file, simple_profile
from tests.grants.steps import budgeted, done, register
from tests.grants.test_held_lines import ASSIGNED, HEADER, row
from tests.harness import World

Q1 = "/v1/datasets/agency/spend/2017-18-q1"


async def checked(world: World, **body: Any) -> dict[str, Any]:
    """The next edition of the quarter, drafted and checked."""
    await world.settle()
    preparer = world.transparency.as_("transparency:preparer", sub="person:pia")
    drafted = done(await preparer.post(f"{Q1}/editions", json=body))
    return done(await preparer.post(f"{Q1}/editions/{drafted['edition']}/checks"))


async def published(world: World, **body: Any) -> dict[str, Any]:
    edition = await checked(world, **body)
    approver = world.transparency.as_("transparency:approver", sub="person:abe")
    path = f"{Q1}/editions/{edition['edition']}/approvals"
    return done(await approver.post(path, json={"sha256": edition["sha256"]}))


async def test_reversals_corrections_and_decisions_change_the_next_edition_to_the_penny(world: World) -> None:
    """G-28, T-14, T-49: what was reversed or corrected cancels out, and the ledger reconciles without difference."""
    world.clock.set(datetime(2018, 6, 1, 12, tzinfo=UTC))
    await register(world.grants, "agency", is_publisher=True)
    await budgeted(world.grants)
    ledger = Ledger(world.grants)
    await ledger.defined(simple_profile(**ASSIGNED))
    rows = [
        row("E-1", Amount="1200.00", Date="2017-04-03"),
        row("E-2", Amount="3000.00", Date="2017-05-03"),
        row("E-3", Amount="5000.00", Date="2017-06-05"),
        row("E-4", Amount="7000.00", Date="2017-06-05", Purpose="Parliamentary affairs"),
    ]
    covers = {"covers_from": "2017-04-01", "covers_to": "2017-06-30"}
    await ledger.sent(csv_file(*rows, header=HEADER), organisation="agency", **covers)
    first = await published(world)
    assert (first["total_pence"], first["reconciliation"]["difference"]) == (920_000, {"lines": 0, "pence": 0})

    finance = world.grants.as_("grants:finance", sub=FINANCE)
    one, two, _ = (await finance.get(LINES)).json()["items"]
    correction = {"reason": "the invoice says 1,020.00", "net_pence": 102_000}
    done(await finance.post(f"{LINES}/{one['entry_id']}/corrections", json=correction))
    done(await finance.post(f"{LINES}/{two['entry_id']}/reversals", json={"reason": "never paid"}))
    [held] = (await finance.get("/v1/held-lines")).json()["items"]
    decision = {"decision": "accept", "reason": "a digest"}
    cfo = world.grants.as_("grants:cfo", sub=CFO)
    accepted = done(await cfo.post(f"/v1/held-lines/{held['id']}/decisions", json=decision))

    second = await published(world, change_note="Corrections of May.")
    assert second["total_pence"] == 102_000 + 500_000 + 700_000
    assert second["changes"] == {"added": 1, "removed": 1, "changed": 1}
    assert second["reconciliation"]["difference"] == {"lines": 0, "pence": 0}
    excluded = {part["code"]: part for part in second["reconciliation"]["excluded"]}
    assert excluded["SUPERSEDED_LINE"] == {"code": "SUPERSEDED_LINE", "lines": 4, "pence": 0}
    shown = (await world.transparency.anonymous.get("/open/agency/spend/2017-18-q1/v2/spend.csv")).text
    assert accepted["decision"]["id"] in shown

    ours = sum(entry["eligible_pence"] for entry in await ledger.everything(LINES))
    assert ours == second["total_pence"]
