"""A publisher whose record has everything: editions in time and late, a correction, a withdrawal, a missed duty."""

from __future__ import annotations

from typing import Any

from sqlmodel import col, select

from services.transparency.editions import content, quality
from services.transparency.editions.kinds import SPEND
from services.transparency.editions.subject import Subject
from services.transparency.editions.tables import Dataset, Edition
from services.transparency.tables import Organisation
from shared.database import raw_connection
from shared.periods import Quarter
from tests.harness import Running
from tests.transparency.contracts.steps import contract
from tests.transparency.facts import at, batch, line, registered, signed
from tests.transparency.test_editions import Q1, publish
from tests.transparency.withdrawals.test_withdrawals import decide, suspend

Q2 = Q1.replace("q1", "q2")
MARIGOLD = "Help for Marigold Ravensworth at home"
NUMBER: dict[str, Any] = {"company_number": "03675577"}


async def first_quarter(transparency: Running) -> dict[str, Any]:
    """The first quarter, out on 20 July 2017: two rows of one payee with a number, one withheld, one without number."""
    transparency.clock.set(at("2017-05-10T10:00"))
    await transparency.receive(registered(), signed())
    entered = contract(reference="C-1", signed_at="2017-04-12T09:30:00Z")
    answer = await transparency.as_("transparency:preparer").post("/v1/contracts", json=entered)
    assert answer.status_code == 201, answer.text
    transparency.clock.set(at("2017-07-20T10:00"))
    staff: dict[str, Any] = {"party_kind": "staff", "party_key": "p1", "name": None, "kind": "staff_expense"}
    await transparency.receive(
        *batch(
            line(100_000, contract_ref="C-1", **NUMBER),
            line(60_000, **NUMBER),
            line(140_000, name="Böll & Söhne <b>", party_key="boell", purpose="=1+1"),
            line(100_000, **staff),
            line(100, paid="2017-06-03"),
            covers=("2017-04-01", "2017-06-30"),
        )
    )
    return await publish(transparency)


async def correction(transparency: Running) -> dict[str, Any]:
    """Edition 2 of the first quarter: an invoice of June that arrived late, found missing on 1 August."""
    transparency.clock.set(at("2017-08-11T10:00"))
    await transparency.receive(*batch(line(100_000, paid="2017-06-20"), covers=("2017-06-20", "2017-06-20")))
    return await publish(transparency, change_note="One late invoice of June.", fault_found_on="2017-08-01")


async def withdrawal(transparency: Running) -> None:
    """The second quarter, out late and withdrawn, because a name stands in it."""
    transparency.clock.set(at("2017-11-02T10:00"))
    await transparency.tick(at("2017-11-02T09:00"))
    await transparency.receive(
        *batch(line(90_000, paid="2017-08-01", purpose=MARIGOLD), covers=("2017-07-01", "2017-09-30"))
    )
    await publish(transparency, Q2)
    transparency.clock.set(at("2017-11-03T10:00"))
    named = {"dataset": "spend", "period": "2017-18-q2", "edition": 1}
    decided = await decide(transparency, await suspend(transparency, named), "confirmations")
    assert decided.status_code == 201


async def whole_record(transparency: Running) -> None:
    await first_quarter(transparency)
    await correction(transparency)
    await withdrawal(transparency)


async def figures(transparency: Running, *, keep: bool = True) -> dict[str, Any]:
    """What is counted of the newest edition of the first quarter; kept with it, as the check does."""
    async with transparency.runtime.work() as work:
        found = await work.session.exec(_editions())
        edition, dataset, organisation = found.all()[-1]
        subject = Subject(organisation, dataset, SPEND, Quarter.parse(edition.period))
        frame = content.frame_of(work, subject, edition)
        counted = await quality.spend_figures(await raw_connection(work.session), frame)
        if keep:
            edition.quality = counted
            work.session.add(edition)
    return counted


def _editions() -> Any:
    return (
        select(Edition, Dataset, Organisation)
        .join(Dataset, col(Dataset.dataset_id) == col(Edition.dataset_id))
        .join(Organisation, col(Organisation.organisation_id) == col(Dataset.organisation_id))
        .where(col(Edition.period) == "2017-18-q1")
        .order_by(col(Edition.number))
    )
