"""What the tests of the ledger share: an agreement with its budget, lines entered by hand, and what stands of them."""

from __future__ import annotations

from typing import Any

import httpx

from tests.grants.steps import done
from tests.harness import Running

LINES = "/v1/expenditure-lines"
PERIODS = "/v1/agreements/2017-18/accounting-periods"
FINANCE, CFO = "person:finance", "person:cfo"


def line(**changes: Any) -> dict[str, Any]:
    """Worked example 14 of the domain: service in March, invoice in April, paid in May."""
    return {
        "organisation": "agency",
        "payment_date": "2018-05-02",
        "invoice_date": "2018-04-05",
        "service_date": "2018-03-20",
        "party": {"kind": "organisation", "name": "Northern Training Ltd"},
        "purpose": "Leadership course",
        "net_pence": 100_000,
        "vat_pence": 20_000,
        "recoverable_vat_pence": 20_000,
        "agreement": "2017-18",
        "line_code": "IL5",
        "use_codes": [],
        **changes,
    }


def outside(**changes: Any) -> dict[str, Any]:
    """The same outside any agreement."""
    without = ("agreement", "line_code", "use_codes")
    return {name: value for name, value in line(**changes).items() if name not in without or name in changes}


async def post(grants: Running, path: str, body: dict[str, Any], *, sub: str = FINANCE) -> httpx.Response:
    return await grants.as_("grants:finance", sub=sub).post(path, json=body)


async def entered(grants: Running, **changes: Any) -> dict[str, Any]:
    return done(await post(grants, LINES, line(**changes)))


async def corrected(grants: Running, entry_id: str, **changes: Any) -> dict[str, Any]:
    body = {"reason": "charged wrongly", **changes}
    return done(await post(grants, f"{LINES}/{entry_id}/corrections", body))


async def reversed_(grants: Running, entry_id: str) -> dict[str, Any]:
    return done(await post(grants, f"{LINES}/{entry_id}/reversals", {"reason": "entered twice"}))


async def read(grants: Running, path: str, **parameters: str) -> dict[str, Any]:
    return done(await grants.as_("grants:finance", sub=FINANCE).get(path, params=parameters), 200)


async def everything(grants: Running, **parameters: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await read(grants, LINES, **parameters))["items"]
    return items


async def lock(grants: Running, *quarters: int, reason: str = "report submitted") -> None:
    for quarter in quarters:
        path = f"{PERIODS}/2017-18-q{quarter}/lock"
        done(await grants.as_("grants:cfo", sub=CFO).post(path, json={"reason": reason}))


async def reopen(grants: Running, quarter: int) -> None:
    path = f"{PERIODS}/2017-18-q{quarter}/reopening"
    done(await grants.as_("grants:cfo", sub=CFO).post(path, json={"reason": "a late invoice"}))


def refused(response: httpx.Response, status: int) -> list[tuple[str | None, str]]:
    """(place, code) of every error of a refusal, in order."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    return [(error.get("pointer") or error.get("parameter"), error["code"]) for error in response.json()["errors"]]
