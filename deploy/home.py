"""The page at `/`: everything that is served, found live through the services' public addresses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from jinja2 import Environment, FileSystemLoader, select_autoescape
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from deploy.databases import SERVICES
from shared.money import sterling

SECTIONS = (
    ("agreements", "Agreements and outturn"),
    ("reports", "Performance reports"),
    ("spending", "Spending over £500"),
    ("calendar", "Duties to publish"),
    ("boards", "Boards and meetings"),
    ("services", "Services, interfaces and health"),
)
MOST_PAGES = 20
MOST_MEETINGS = 40
"""Of each board; the latest first. The meetings themselves are listed whole by the API."""

LONDON = ZoneInfo("Europe/London")


@dataclass
class Home:
    """What the page shows; None where the service that knows did not answer."""

    services: list[dict[str, str]]
    agreements: list[Any] | None = None
    onward: list[tuple[str, bool]] = field(default_factory=list)
    """Years in which grant was passed on, and whether the public export holds any of it."""
    printed: list[Any] = field(default_factory=list)
    programmes: list[str] = field(default_factory=list)
    reports: list[Any] | None = None
    calendars: list[Any] | None = None
    editions: list[tuple[str, list[Any]]] | None = None
    boards: list[Any] | None = None


def home_routes(client: Callable[[], httpx.AsyncClient]) -> list[Route]:
    """The page's route; `client` gives a client whose base address holds all four services."""

    async def home(_: Request) -> Response:
        async with client() as http:
            found = await look_around(http)
        page = TEMPLATES.get_template("home.html").render(home=found, sections=SECTIONS)
        return HTMLResponse(page, headers={"Cache-Control": "no-cache"})

    return [Route("/", home, methods=["GET", "HEAD"])]


async def look_around(http: httpx.AsyncClient) -> Home:
    """Ask the services, all at once. One that is away leaves its section with a sentence and the others whole."""
    agreements, printed, reports, publishers, datasets, duties, boards, meetings = await asyncio.gather(
        _every(http, "/grants/v1/agreements"),
        _every(http, "/grants/v1/historical-budgets"),
        _every(http, "/deliverables/v1/reports"),
        _every(http, "/transparency/v1/publishers"),
        _every(http, "/transparency/v1/datasets"),
        _every(http, "/transparency/v1/obligations"),
        _every(http, "/governance/v1/boards"),
        _every(http, "/governance/v1/meetings"),
    )
    onward = await _award_years(http)
    services = await asyncio.gather(*(_state(http, name) for name in SERVICES))
    years = [_slug(row["year"]) for row in agreements or []]
    return Home(
        services=services,
        agreements=agreements,
        onward=onward,
        printed=[_printed(row) for row in printed or []],
        programmes=sorted({_slug(row["year"]) for row in reports or []}) or years,
        reports=None if reports is None else [_report(row) for row in reports],
        calendars=_calendars(duties, publishers),
        editions=_editions(datasets, publishers),
        boards=None if boards is None else [await _board(http, row, meetings or []) for row in boards],
    )


def _printed(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "address": f"/grants/v1/historical-budgets/{_slug(row['year'])}/{row['table']}"}


async def _award_years(http: httpx.AsyncClient) -> list[tuple[str, bool]]:
    """Years with awards, and whether any of them is in the public export."""
    try:
        answer = await http.get("/grants/v1/onward-awards")
        found = answer.json() if answer.status_code == 200 else {}
    except (httpx.HTTPError, ValueError):
        return []
    exported = {row["year"] for row in found.get("items", ())}
    years = exported | {row["year"] for row in found.get("left_out", ())}
    return [(year, year in exported) for year in sorted(years)]


def _report(row: dict[str, Any]) -> dict[str, Any]:
    here = f"/deliverables/v1/reports/{row['id']}"
    return {**row, "due_on": row["due"]["on"], "addresses": [("Report", f"{here}.html"), ("JSON", here)]}


def _editions(datasets: list[Any] | None, publishers: list[Any] | None) -> list[tuple[str, list[Any]]] | None:
    if datasets is None:
        return None
    names = {row["slug"]: row["name"] for row in publishers or []}
    grouped: dict[str, list[Any]] = {}
    for row in datasets:
        here = f"/transparency/open/{row['publisher']}/{row['dataset']}/{row['period']}"
        record = f"/transparency/v1/datasets/{row['publisher']}/{row['dataset']}/{row['period']}"
        addresses = [("CSV", f"{here}/latest.csv"), ("Record", record), ("Editions", f"{record}/editions")]
        grouped.setdefault(row["publisher"], []).append({**row, "addresses": addresses})
    return [(names.get(slug, slug), sorted(rows, key=lambda row: row["period"])) for slug, rows in grouped.items()]


def _calendars(duties: list[Any] | None, publishers: list[Any] | None) -> list[Any] | None:
    """Name, slug and year of every publisher that has duties, and when files were entered after their days."""
    if duties is None:
        return None
    names = {row["slug"]: row["name"] for row in publishers or []}
    found: dict[tuple[str, str], list[str]] = {}
    for row in duties:
        if row["publisher"]:
            entered = found.setdefault((row["publisher"], row["year"]), [])
            if row["met_at"] and not row["lateness_known"]:
                # Met only by what was entered after the duty's day, so that its lateness is that of the entry.
                entered.append(row["met_at"])
    return [
        {"slug": slug, "year": year, "name": names.get(slug, slug), "entered": sorted(entered)}
        for (slug, year), entered in sorted(found.items())
    ]


async def _board(http: httpx.AsyncClient, board: dict[str, Any], meetings: list[Any]) -> dict[str, Any]:
    here = f"/governance/v1/boards/{board['slug']}"
    own = [row for row in meetings if row.get("board") == board["slug"]]
    years = sorted({_meeting_year(row["start"], board["meeting_year_start"]) for row in own})
    members = [(f"Members of {year}", f"{here}/memberships?on={year[5:]}-03-31") for year in years]
    attendance = [(f"Attendance {year}", f"{here}/attendance?year={year}") for year in years]
    shown = own[: -MOST_MEETINGS - 1 : -1]
    records = await asyncio.gather(*(_records(http, row) for row in shown))
    return {
        **board,
        "addresses": [("Board", here), *members, *attendance],
        "meetings": [{**row, "addresses": addresses} for row, addresses in zip(shown, records, strict=True)],
    }


def _meeting_year(start: str, first_day: str) -> str:
    """`2017-2018` for a start within the board's year, which begins on a day such as `09-01`."""
    local = datetime.fromisoformat(start.replace("Z", "+00:00")).astimezone(LONDON)
    first = local.year if f"{local:%m-%d}" >= first_day else local.year - 1
    return f"{first}-{first + 1}"


async def _records(http: httpx.AsyncClient, meeting: dict[str, Any]) -> list[tuple[str, str]]:
    """What of a meeting is public: only addresses that answer."""
    here = f"/governance/v1/meetings/{meeting['id']}"
    published = {row["scope"] for row in await _every(http, f"{here}/publications") or []}
    found = []
    if (await _every(http, f"{here}/agenda/publications")) or []:
        found.append(("Agenda", f"{here}/agenda.html"))
    for pack in await _every(http, f"{here}/packs") or []:
        number = f" {pack['supplement_no']}" if pack["supplement_no"] else ""
        found.append(
            (f"{pack['scope'].replace('_', ' ').capitalize()}{number}", f"/governance/v1/packs/{pack['id']}/page.html")
        )
    if "minutes" in published:
        found.append(("Minutes", f"{here}/minutes.html"))
    if meeting["state"] == "held":
        found.append(("Attendance", f"{here}/attendance"))
    if published:
        found.append(("When it was published", f"{here}/publications"))
    return found


async def _state(http: httpx.AsyncClient, name: str) -> dict[str, str]:
    try:
        answer = await http.get(f"/{name}/readyz")
        state = str(answer.json().get("status", "")) if answer.status_code == 200 else "not ready"
    except (httpx.HTTPError, ValueError):
        state = "does not answer"
    return {"name": name, "state": state}


async def _every(http: httpx.AsyncClient, path: str) -> list[Any] | None:
    """All items of a public list; None where it cannot be had."""
    items: list[Any] = []
    address: str | None = path if "/meetings/" in path else f"{path}?limit=500"
    try:
        for _ in range(MOST_PAGES):
            if address is None:
                break
            answer = await http.get(address)
            if answer.status_code != 200:
                return None
            page = answer.json()
            items += page["items"]
            following = (page.get("links") or {}).get("next")
            # Only the path: the public host in the link need not be one that this process can reach.
            address = httpx.URL(following).raw_path.decode() if following else None
    except (httpx.HTTPError, ValueError, KeyError):
        return None
    return items


def _day(moment: Any) -> str:
    """`2018-04-30` or an instant as a day in London, spelt for people; a dash where there is none."""
    if not moment:
        return "–"
    try:
        found = datetime.fromisoformat(str(moment).replace("Z", "+00:00"))
    except ValueError:
        return str(moment)
    local = found.astimezone(LONDON) if found.tzinfo else found
    return f"{local.day} {local:%B %Y}"


def _pounds(pence: Any) -> str:
    return "–" if pence is None else sterling(int(pence))


def _slug(year: Any) -> str:
    return str(year).replace("/", "-")


def _words(text: Any) -> str:
    return "–" if text is None else str(text).replace("_", " ")


def _silent(service: str) -> Markup:
    return Markup('<p class="absent">The {} service does not answer at the moment.</p>').format(service)


TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=select_autoescape(), trim_blocks=True, lstrip_blocks=True
)
TEMPLATES.filters.update(day=_day, pounds=_pounds, slug=_slug, words=_words)
TEMPLATES.globals.update(silent=_silent)
