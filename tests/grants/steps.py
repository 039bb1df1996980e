"""What tests of the grants service do again and again: parties, agreement, signatures, budget, over HTTP."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel, select

from services.grants.budget.tables import BudgetVersion
from services.grants.tables import Agreement
from tests.harness import Running

DATA = Path(__file__).parents[2] / "deploy" / "demo" / "data" / "mou"

FUNDER, RECIPIENT = "department", "agency"


def problem(response: httpx.Response, status: int) -> dict[str, str]:
    """The located codes of a refusal, place → code; fails where the answer is no problem of this status."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    return {error.get("pointer") or error.get("parameter") or "": error["code"] for error in response.json()["errors"]}


def done(response: httpx.Response, status: int = 201) -> dict[str, Any]:
    assert response.status_code == status, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def register(grants: Running, slug: str, **fields: Any) -> dict[str, Any]:
    body = {"slug": slug, "name": slug.title(), **fields}
    return done(await grants.as_("grants:manager").post("/v1/organisations", json=body))


async def drafted(grants: Running, year: str = "2017/18", grant_pence: int = 2_100_000_000) -> dict[str, Any]:
    """A drafted agreement between two registered parties."""
    for slug in (FUNDER, RECIPIENT):
        if (await grants.anonymous.get(f"/v1/organisations/{slug}")).status_code == 404:
            await register(grants, slug)
    body = {
        "year": year,
        "funding_basis": "direct_grant",
        "grant_pence": grant_pence,
        "senior_responsible_name": "Jo Grey",
        "parties": [
            {"role": "funder", "organisation": FUNDER},
            {"role": "recipient", "organisation": RECIPIENT},
        ],
    }
    return done(await grants.as_("grants:manager").post("/v1/agreements", json=body))


async def signed(grants: Running, year: str = "2017/18", grant_pence: int = 2_100_000_000) -> dict[str, Any]:
    """An agreement with both signatures, given after its start."""
    agreement = await drafted(grants, year, grant_pence)
    client = grants.as_("grants:manager", "grants:history")
    first = int(year[:4])
    for day in (f"{first}-04-24", f"{first}-05-04"):
        agreement = done(await client.post(f"/v1/agreements/{agreement['id']}/signatures", json={"signed_on": day}))
    return agreement


def annex_b(**amounts: int) -> list[dict[str, Any]]:
    """The lines of Annex B 2017/18 as a request has them; `CF=…` replaces an amount, in pence."""
    lines = []
    with (DATA / "annex_b_2017_18.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            carries = row["kind"] in ("leaf", "pass_through")
            pence = amounts.get(row["code"], int(row["amount_gbp"]) * 100)
            lines.append(
                {
                    "code": row["code"],
                    "name": row["name"],
                    "parent_code": row["parent_code"] or None,
                    "kind": row["kind"],
                    "amount_pence" if carries else "stated_pence": pence,
                }
            )
    return lines


APPROVER = "person:ruth"
"""The second person; whoever sets a budget may not approve it."""


async def approved(grants: Running, budget: dict[str, Any]) -> dict[str, Any]:
    """A balanced version of a budget, made effective by the second person."""
    path = f"/v1/agreements/{budget['agreement_id']}/budget/{budget['number']}/approvals"
    return done(await grants.as_("grants:approver", sub=APPROVER).post(path))


async def budgeted(grants: Running) -> dict[str, Any]:
    """The signed agreement of 2017/18 with Annex B as its budget."""
    agreement = await signed(grants)
    await approved(grants, await budget_set(grants))
    return agreement


async def budget_set(grants: Running, year: str = "2017-18") -> dict[str, Any]:
    """Annex B as a version that awaits the second person."""
    body = {"lines": annex_b()}
    return done(await grants.as_("grants:manager").put(f"/v1/agreements/{year}/budget", json=body), 200)


def figures(default_pence: int = 100, **amounts: int) -> list[dict[str, Any]]:
    """A figure for every carrying line of Annex B; `OG1=0` is confirmed as zero."""
    codes = [line["code"] for line in annex_b() if "amount_pence" in line]
    pence = {code: amounts.get(code, default_pence) for code in codes}
    return [{"code": code, "quarter_pence": pence[code], "zero_confirmed": pence[code] == 0} for code in codes]


async def refused_by_the_database(
    grants: Running, broken: Callable[[Agreement, BudgetVersion], SQLModel], constraint: str
) -> None:
    """See a constraint refuse a row, made from the one agreement and its one budget, that no rule would let through."""
    async with grants.session() as session:
        agreement = (await session.exec(select(Agreement))).one()
        version = (await session.exec(select(BudgetVersion))).one()
        row = broken(agreement, version)
        if getattr(row, "id", 0) is None:
            row.id = grants.runtime.new_id()
        session.add(row)
        with pytest.raises(IntegrityError, match=constraint):
            await session.flush()
