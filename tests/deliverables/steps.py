"""What tests of the deliverables service do again and again: open a year, import it, send results, rate, report."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from shared.events.grants import AgreementParty, AgreementSigned, OrganisationRegistered
from tests.harness import Running

DATA = Path(__file__).parents[2] / "deploy" / "demo" / "data" / "mou"

AGREEMENT, BODY, FUNDER = (UUID(f"01890000-0000-7000-8000-00000000000{n}") for n in (1, 2, 3))

THEMES = [
    {"code": "E", "title": "Effective councils"},
    {"code": "EP", "title": "Efficiency and productivity"},
    {"code": "LC", "title": "Leadership and capacity"},
    {"code": "SC", "title": "Strong communities"},
]


def problem(response: httpx.Response, status: int) -> dict[str, str]:
    """The located codes of a refusal, place → code; fails where the answer is no problem of this status."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    return {
        e.get("pointer") or e.get("parameter") or e.get("column") or "": e["code"] for e in response.json()["errors"]
    }


def done(response: httpx.Response, status: int = 201) -> dict[str, Any]:
    assert response.status_code == status, response.text
    answer: dict[str, Any] = response.json()
    return answer


def table(name: str) -> list[dict[str, str]]:
    """Rows of a source table as objects of texts, as a client would send them."""
    with (DATA / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def signed(year: str = "2017/18", version: int = 1, **fields: Any) -> AgreementSigned:
    start = int(year[:4])
    parties = (
        AgreementParty(role="funder", organisation_id=FUNDER, name="Department"),
        AgreementParty(role="recipient", organisation_id=BODY, name="Improvement Agency"),
    )
    values = {
        "agreement_id": AGREEMENT,
        "version": version,
        "year": year,
        "parties": parties,
        "grant_pence": 2_100_000_000,
        "in_force_from": date(start, 4, 1),
        "in_force_to": date(start + 1, 3, 31),
        "signed_on": (date(start, 4, 24), date(start, 5, 4)),
    }
    return AgreementSigned(**{**values, **fields})


def registered(version: int = 1, name: str = "Improvement Agency") -> OrganisationRegistered:
    return OrganisationRegistered(
        organisation_id=BODY,
        version=version,
        slug="agency",
        name=name,
        is_publisher=True,
        methodology_scope="programme",  # type: ignore[arg-type]
    )


def the_year() -> dict[str, Any]:
    """The body that imports 2017/18 from the rows of the source tables."""
    return {
        "themes": THEMES,
        "deliverables": table("deliverables_2017_18.csv"),
        "targets": table("targets_2017_18.csv"),
    }


async def opened(deliverables: Running, year: str = "2017/18") -> None:
    await deliverables.receive(registered(), signed(year))


async def imported(deliverables: Running) -> dict[str, Any]:
    """The whole of 2017/18, promised."""
    await opened(deliverables)
    response = await deliverables.as_("deliverables:officer").put("/v1/programmes/2017-18", json=the_year())
    return done(response, 200)


async def send(deliverables: Running, data: bytes | str, **parameters: str) -> httpx.Response:
    return await deliverables.as_("deliverables:officer").post(
        "/v1/programmes/2017-18/results",
        params=parameters,
        content=data.encode() if isinstance(data, str) else data,
        headers={"Content-Type": "text/csv"},
    )


async def sent(deliverables: Running, data: bytes | str, **parameters: str) -> dict[str, Any]:
    return done(await send(deliverables, data, **parameters))


async def year_with_results(deliverables: Running) -> dict[str, Any]:
    """2017/18 with the half year and the year end as they are printed."""
    programme = await imported(deliverables)
    await sent(deliverables, (DATA / "results_2017_18_h1.csv").read_bytes())
    await sent(deliverables, (DATA / "results_2017_18_q4.csv").read_bytes(), as_at="2018-03-31")
    return programme


async def one(deliverables: Running, ref: str, period: str | None = None) -> dict[str, Any]:
    params = {"ref": ref, **({"period": period} if period else {})}
    answer = done(await deliverables.anonymous.get("/v1/programmes/2017-18/deliverables", params=params), 200)
    assert len(answer["items"]) == 1, answer
    found: dict[str, Any] = answer["items"][0]
    return found


async def summary(deliverables: Running, **params: str) -> dict[str, Any]:
    return done(await deliverables.anonymous.get("/v1/programmes/2017-18/summary", params=params), 200)


async def rate(
    deliverables: Running, ref: str, colour: str, *, sub: str = "person:lead", **body: str
) -> httpx.Response:
    found = await one(deliverables, ref)
    return await deliverables.as_("deliverables:lead", sub=sub).post(
        f"/v1/deliverables/{found['id']}/ratings", json={"period": "2017-18-q4", "colour": colour, **body}
    )


async def approve(deliverables: Running, rating: dict[str, Any], *, sub: str = "person:approver") -> httpx.Response:
    return await deliverables.as_("deliverables:approver", "deliverables:lead", sub=sub).post(
        f"/v1/deliverables/{rating['deliverable_id']}/ratings/{rating['id']}/approvals"
    )


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
