"""The ledger of a closed year: nothing enters it by hand or by file, and what comes late waits for a person."""

from __future__ import annotations

from typing import Any

from sqlmodel import select

from services.grants.expenditure.tables import LedgerEntry
from tests.grants.by_hand import LINES, line
from tests.grants.expenditure.conftest import Ledger, accounted, csv_file, real_profile
from tests.grants.expenditure.test_assignment import HEADER, row
from tests.grants.steps import done, problem
from tests.grants.year_end import YEAR, closed
from tests.harness import Running


async def entries(grants: Running) -> int:
    async with grants.session() as session:
        return len((await session.exec(select(LedgerEntry))).all())


async def first_entry(grants: Running) -> str:
    listed = done(await grants.as_("grants:finance").get(LINES, params={"agreement": "2017-18"}), 200)["items"]
    return str(listed[0]["entry_id"])


async def test_nothing_is_entered_reversed_or_corrected_by_hand_in_a_closed_year(grants: Running) -> None:
    """G-38, G-28: the answer names the way on."""
    await closed(grants)
    before = await entries(grants)
    client = grants.as_("grants:finance", "grants:cfo", sub="person:zoe")
    entry = await first_entry(grants)
    for path, body in (
        (LINES, line()),
        (f"{LINES}/{entry}/reversals", {"reason": "entered twice"}),
        (f"{LINES}/{entry}/corrections", {"reason": "charged wrongly", "line_code": "IL2"}),
    ):
        refused = await client.post(path, json=body)
        assert problem(refused, 409) == {"": "year_closed"}, path
        assert "agreement of 2018/19" in refused.json()["detail"]
    assert await entries(grants) == before


async def test_a_line_of_a_file_that_belongs_to_a_closed_year_is_held_and_not_accepted_into_it(
    grants: Running,
) -> None:
    """G-38, G-29: it is counted and kept; a person takes it in outside the agreement, or refuses it."""
    await closed(grants)
    before = await entries(grants)
    ledger = Ledger(grants)
    await ledger.defined(real_profile("mou-ledger"))
    batch = await ledger.sent(csv_file(row("T-1"), row("T-2"), header=HEADER), "mou-ledger", organisation="agency")
    accounted(batch)
    assert (batch["outcomes"]["held"]["lines"], await entries(grants)) == (2, before)
    held = done(await ledger.finance.get("/v1/held-lines", params={"reason": "year_closed"}), 200)["items"]
    assert len(held) == 2
    accepted = await decide(grants, held[0], decision="accept")
    assert problem(accepted, 409) == {"": "year_closed"}
    done(await decide(grants, held[0], decision="outside"))
    done(await decide(grants, held[1], decision="refuse"))
    assert await entries(grants) == before + 1
    assert done(await grants.as_("grants:read").get(f"{YEAR}/closure"), 200)["state"] == "closed"


async def decide(grants: Running, held: dict[str, Any], **body: Any) -> Any:
    client = grants.as_("grants:finance", "grants:cfo", sub="person:zoe")
    return await client.post(f"/v1/held-lines/{held['id']}/decisions", json={"reason": "came too late", **body})
