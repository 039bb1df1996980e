"""What tests of the year's end do again and again: a year spent, audited, certified, treated, locked and reported."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from shared.events.deliverables import PerformanceReportPublished
from tests.grants.ledger import spend
from tests.grants.steps import budgeted, done
from tests.grants.test_outturns import FINAL
from tests.harness import Client, Running

YEAR = "/v1/agreements/2017-18"
SIGNATURE = {"signatory_name": "Sam Green", "signatory_role": "Chief finance officer"}
SPENT = (("IL1", "2017-18-q1", 1_000_000), ("IL1", "2017-18-q4", 500_000), ("CF", "2017-18-q2", 18_000_000))


def recorder(grants: Running) -> Client:
    """The chief finance officer who records the outturn."""
    return grants.as_("grants:finance", "grants:cfo", "grants:history", sub="person:ruth")


def signatory(grants: Running) -> Client:
    """The chief finance officer who signs; another person."""
    return grants.as_("grants:cfo", sub="person:sam")


async def spent(grants: Running) -> dict[str, Any]:
    """The agreement of 2017/18 with its budget and a few entries whose use is declared."""
    agreement = await budgeted(grants)
    await spend(grants, agreement["id"], *SPENT, use_codes=[])
    return agreement


async def audited(grants: Running, **changes: Any) -> dict[str, Any]:
    """The same with its final outturn."""
    agreement = await spent(grants)
    done(await recorder(grants).post(f"{YEAR}/outturns", json={**FINAL, **changes}))
    return agreement


async def certified(grants: Running) -> dict[str, Any]:
    """The certificate of the year, signed."""
    certificate = done(await recorder(grants).post(f"{YEAR}/certificates"))
    path = f"{YEAR}/certificates/{certificate['id']}/signatures"
    return done(await signatory(grants).post(path, json=SIGNATURE))


async def treated(grants: Running, amount_pence: int = 1_400_000) -> dict[str, Any]:
    body = {"treatment": "retain", "amount_pence": amount_pence}
    return done(await recorder(grants).post(f"{YEAR}/underspend-treatments", json=body))


async def locked(grants: Running, *numbers: int) -> None:
    for number in numbers:
        path = f"{YEAR}/accounting-periods/2017-18-q{number}/lock"
        done(await recorder(grants).post(path, json={"reason": "year end"}))


async def reported(grants: Running, agreement_id: str) -> None:
    """The deliverables service tells that the report of the fourth quarter is published."""
    noon = datetime(2018, 5, 1, 12, tzinfo=UTC)
    await grants.receive(
        PerformanceReportPublished(
            report_id=uuid4(),
            version=1,
            agreement_id=UUID(agreement_id),
            organisation_id=uuid4(),
            year="2017/18",
            quarter="2017-18-q4",
            report_type="quarterly_summative",
            due_on=date(2018, 4, 30),
            days_late=1,
            sha256="0" * 64,
            submitted_at=noon,
            published_at=noon,
            published_with_unknowns=0,
            url="http://x/r",
        )
    )


async def closable(grants: Running) -> dict[str, Any]:
    """A year in which nothing stands open any more."""
    agreement = await audited(grants)
    await certified(grants)
    await treated(grants)
    await locked(grants, 1, 2, 3, 4)
    await reported(grants, agreement["id"])
    return agreement


async def closed(grants: Running) -> dict[str, Any]:
    agreement = await closable(grants)
    return {**done(await signatory(grants).post(f"{YEAR}/closure", json={})), "id": agreement["id"]}
