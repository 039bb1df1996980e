"""What tests of the register need: the synthetic file, ways to send contracts, and a draft of a quarter."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

import services.transparency
from services.transparency import queries as publishers
from services.transparency.contracts.publication import draft
from services.transparency.contracts.rules import Statement
from services.transparency.drafts import Asked, Draft
from services.transparency.methodology import completed
from shared.auth import NOBODY
from shared.events.grants import LedgerLine
from shared.periods import FinancialYear, Quarter
from shared.work import Work
from tests.harness import Running
from tests.transparency.facts import BODY, PARTNER, batch, line, registered
from tests.transparency.test_editions import publish

FILE = Path(services.transparency.__file__).parent / "data" / "synthetic_contracts.csv"
LEAD, PASS_THROUGH = "example-lead", "example-partner"
IMPORTS = "/v1/contracts/imports"
PREFIX = "ocds-ab12cd"


def contract(**more: Any) -> dict[str, Any]:
    """A body that enters a contract of the publisher `body`."""
    return {
        "publisher": "body",
        "reference": "C-1",
        "signed_at": "2017-04-12T09:30:00Z",
        "title": "Venue for residentials",
        "description": "Hire of rooms",
        "contract_type": "Single award contract",
        "process": "Published invitation to tender",
        "unit": "Leadership",
        "category": "Venue hire",
        "supplier_name": "Specimen Venues Limited",
        "company_number": "99900001",
        "vcse": False,
        "value_pence": 1_234_000,
        "irrecoverable_vat_pence": 0,
        "value_basis": "total",
        "start_date": "2017-05-01",
        "end_date": "2019-04-30",
        **more,
    }


def statement(**more: Any) -> Statement:
    """What the rules look at, with nothing wrong in it."""
    values: dict[str, Any] = {
        "kind": "new",
        "status": "active",
        "signed_at": datetime(2017, 4, 12, 9, 30, tzinfo=UTC),
        "title": "Venue for residentials",
        "contract_type": "Single award contract",
        "process": "Other",
        "supplier_name": "Specimen Venues Limited",
        "vcse": False,
        "value_pence": 1_234_000,
        "irrecoverable_vat_pence": 0,
        "amount_basis": "net",
        "value_basis": "total",
        "start_date": date(2017, 5, 1),
        **more,
    }
    return Statement(**values)


def synthetic(publisher: str | None = None) -> list[dict[str, str]]:
    with FILE.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if publisher in (None, row["publisher"])]


def csv_of(rows: list[dict[str, str]]) -> bytes:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode()


async def send(
    transparency: Running, data: bytes, publisher: str = LEAD, media_type: str = "text/csv", **parameters: str
) -> httpx.Response:
    preparer = transparency.as_("transparency:preparer", sub="person:pia")
    query = {"publisher": publisher, **parameters}
    return await preparer.post(IMPORTS, params=query, content=data, headers={"Content-Type": media_type})


async def filled(transparency: Running, *, prefix: bool = False) -> None:
    """Both publishers of the synthetic file, and their registers."""
    await transparency.receive(registered(BODY, LEAD, name="Example Lead"))
    await transparency.receive(registered(PARTNER, PASS_THROUGH, name="Example Partner"))
    for slug in (LEAD, PASS_THROUGH):
        answer = await send(transparency, csv_of(synthetic(slug)), slug)
        assert answer.status_code == 201, answer.text
        assert answer.json()["accepted"] == len(synthetic(slug)), answer.text
    if prefix:
        await set_prefix(transparency, LEAD)


async def set_prefix(transparency: Running, publisher: str, prefix: str = PREFIX, **headers: str) -> httpx.Response:
    approver = transparency.as_("transparency:approver", sub="person:abe")
    path = f"/v1/publishers/{publisher}/open-contracting-prefix"
    return await approver.put(path, json={"prefix": prefix}, headers=headers)


async def spend_published(transparency: Running, *lines: LedgerLine, publisher: str = LEAD) -> None:
    """The ledger of half a year holds these lines; the spend of its first quarter is published."""
    months = [line(100, paid=f"2017-{month:02}-03") for month in range(4, 10)]
    await transparency.receive(*batch(*lines, *months, covers=("2017-04-01", "2017-09-30")))
    await publish(transparency, spend_of(publisher))


def spend_of(publisher: str, quarter: str = "2017-18-q1") -> str:
    return f"/v1/datasets/{publisher}/spend/{quarter}"


async def drafted(
    transparency: Running, quarter: str = "2017-18-q1", publisher: str = LEAD, **parameters: Any
) -> Draft:
    """What the engine of editions would be handed for a quarter."""
    async with transparency.session() as session:
        organisation = await publishers.publisher(session, publisher)
        work = Work(transparency.runtime, session, NOBODY, now=transparency.clock(), request_id="test")
        asked = Asked(
            organisation_id=organisation.organisation_id,
            publisher=publisher,
            organisation_name=organisation.name,
            organisation_uri=publishers.public_uri(organisation.identifiers, ""),
            identifiers=organisation.identifiers,
            period=Quarter.parse(quarter) if "q" in quarter else FinancialYear.parse(quarter),
            edition=1,
            parameters=completed(parameters),
            address=f"http://test/transparency/open/{publisher}/contracts/{quarter}/v1/",
            built_at=transparency.clock(),
        )
        return await draft(work, asked)


def organisation_of(publisher: str) -> UUID:
    return BODY if publisher == LEAD else PARTNER
