"""Quality cards as readers see them: what was counted at the check, and what the calendar says of the period (T-58)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from urllib.parse import urlencode

from sqlmodel.ext.asyncio.session import AsyncSession

from services.transparency.editions import rules as edition_rules
from services.transparency.editions.kinds import KINDS
from services.transparency.editions.quality import SHARES, Share
from services.transparency.editions.tables import Edition
from services.transparency.open_data import queries, rules
from services.transparency.open_data.queries import Published
from services.transparency.open_data.rules import Duty
from shared.periods import london_date


@dataclass(frozen=True)
class Figure:
    """One figure of a card. `value` is None where it is not known."""

    name: str
    label: str
    unit: Literal["yes_no", "days", "pence", "percent"]
    value: bool | int | str | None
    part: int | None = None
    whole: int | None = None
    counted_in: str | None = None
    """What part and whole count: rows, pence, payees, duties or corrections."""
    rows: str | None = None
    """Address of what the figure is made of."""


@dataclass(frozen=True)
class Card:
    """The quality of an edition, or of what a publisher published in a year."""

    publisher: str
    publisher_name: str
    year: str
    dataset: str | None
    period: str | None
    edition: int | None
    figures: Sequence[Figure]
    editions: int = 1
    """Editions whose rows it counts."""


async def card(session: AsyncSession, published: Published, *, base_url: str, today: date) -> Card:
    """The card of one edition: what was counted when it was checked, and what the calendar says of its period."""
    organisation = published.organisation
    duties = await queries.duties(session, [organisation.organisation_id], year=published.year)
    return edition_card(published, duties[organisation.organisation_id], base_url=base_url, today=today)


async def edition_cards(
    session: AsyncSession, editions: Sequence[Published], *, base_url: str, today: date
) -> list[Card]:
    """The cards of several editions, with one look into the calendar."""
    duties = await queries.duties(session, {each.organisation.organisation_id for each in editions})
    return [
        edition_card(each, duties[each.organisation.organisation_id], base_url=base_url, today=today)
        for each in editions
    ]


async def year_cards(
    session: AsyncSession,
    *,
    base_url: str,
    today: date,
    publisher: str | None = None,
    kind: str | None = None,
    year: str | None = None,
) -> list[Card]:
    """A card for each publisher and year of which an edition is in force."""
    editions = await queries.published(session, publisher=publisher, kind=kind, year=year)
    duties = await queries.duties(session, {each.organisation.organisation_id for each in editions})
    found: dict[tuple[str, str], list[Published]] = {}
    for each in editions:
        found.setdefault((each.organisation.slug, each.year), []).append(each)
    return [
        year_card(group, duties[group[0].organisation.organisation_id], kind=kind, base_url=base_url, today=today)
        for _, group in sorted(found.items())
    ]


def edition_card(published: Published, duties: Iterable[Duty], *, base_url: str, today: date) -> Card:
    """The card of one edition."""
    edition, organisation, kind = published.edition, published.organisation, published.dataset.kind
    codes = KINDS[kind].duties if kind in KINDS else ()
    own = [duty for duty in duties if duty.code in codes and duty.subject == edition.period]
    search = {
        "publisher": organisation.slug,
        "dataset": kind,
        "period": edition.period,
        "edition": str(edition.number),
    }
    page = f"{base_url}/v1/datasets/{organisation.slug}/{kind}/{edition.period}/editions/{edition.number}"
    calendar = f"{base_url}/v1/obligations/compliance?" + urlencode(
        {"publisher": organisation.slug, "year": published.year}
    )
    days = rules.days_to_correction(
        edition.fault_found_on, london_date(edition.published_at) if edition.published_at else None
    )
    return Card(
        publisher=organisation.slug,
        publisher_name=organisation.name,
        year=published.year,
        dataset=kind,
        period=edition.period,
        edition=edition.number,
        figures=[
            *_timely(rules.timeliness(own, today), calendar),
            _difference([edition.reconciliation], page),
            *_shares([_counts(edition)], search, base_url),
            Figure(
                "correction_days",
                "Days from the fault found to this correction",
                "days",
                days,
                rows=page if days is not None else None,
            ),
        ],
    )


def year_card(
    editions: Sequence[Published], duties: Iterable[Duty], *, kind: str | None, base_url: str, today: date
) -> Card:
    """The card of a publisher's year, from its editions in force; of one dataset where `kind` names it."""
    first = editions[0]
    slug, year = first.organisation.slug, first.year
    codes = KINDS[kind].duties if kind in KINDS else None
    own = [duty for duty in duties if _is_of(duty, year) and (codes is None or duty.code in codes)]
    in_force = [each.edition for each in editions if each.edition.state == "published"]
    query = {"publisher": slug} | ({"dataset": kind} if kind else {}) | {"year": year}
    calendar = f"{base_url}/v1/obligations/compliance?" + urlencode({"publisher": slug, "year": year})
    listed = f"{base_url}/v1/datasets?" + urlencode({"publisher": slug} | ({"kind": kind} if kind else {}))
    corrections = [
        days
        for each in editions
        if (
            days := rules.days_to_correction(
                each.edition.fault_found_on,
                london_date(each.edition.published_at) if each.edition.published_at else None,
            )
        )
        is not None
    ]
    return Card(
        publisher=slug,
        publisher_name=first.organisation.name,
        year=year,
        dataset=kind,
        period=None,
        edition=None,
        editions=len(in_force),
        figures=[
            *_timely_year(own, today, calendar),
            _difference([edition.reconciliation for edition in in_force], listed),
            *_shares([_counts(edition) for edition in in_force], query, base_url),
            Figure(
                "correction_days",
                "Median days from fault found to correction",
                "days",
                rules.median(corrections),
                part=len(corrections),
                counted_in="corrections",
                rows=f"{base_url}/v1/changes?" + urlencode({"publisher": slug}) if corrections else None,
            ),
        ],
    )


def _is_of(duty: Duty, year: str) -> bool:
    """A duty's subject is the year or a period of it; those of meetings name the meeting and do not count here."""
    return duty.subject == year or duty.subject.startswith(f"{year}-")


def _timely(found: rules.Timeliness, calendar: str) -> list[Figure]:
    return [
        Figure("published_on_time", "Period published on time", "yes_no", found.on_time, rows=calendar),
        Figure("days_late", "Days late", "days", found.days_late, rows=calendar),
    ]


def _timely_year(duties: Sequence[Duty], today: date, calendar: str) -> list[Figure]:
    judged = [rules.timeliness([duty], today) for duty in duties]
    judged = [each for each in judged if each.on_time is not None]
    met = sum(each.on_time is True for each in judged)
    return [
        Figure(
            "published_on_time",
            "Share of duties met on time",
            "percent",
            edition_rules.share(met, len(judged)),
            part=met,
            whole=len(judged),
            counted_in="duties",
            rows=calendar,
        ),
        Figure(
            "days_late",
            "Most days late of any duty",
            "days",
            max((each.days_late or 0 for each in judged), default=None),
            rows=calendar,
        ),
    ]


def _difference(reconciliations: Iterable[Mapping[str, Any]], address: str) -> Figure:
    """None where the rows come from a register that is its own record: there is nothing to reconcile with."""
    pence = [found["difference"]["pence"] for found in reconciliations if "difference" in found]
    return Figure(
        "reconciled_difference",
        "Difference between the ledger and what is published or left out by name",
        "pence",
        sum(map(abs, pence)) if pence else None,
        rows=address,
    )


def _rows(query: Mapping[str, str], share: Share, base_url: str) -> str | None:
    """Where the rows behind a figure are found: rows of spend are searched, those of a register stand in its file."""
    if query.get("dataset", "spend") != "spend":
        return None
    return f"{base_url}/v1/search?" + urlencode({**query, **share.filters})


def _shares(qualities: Sequence[Mapping[str, Any]], query: Mapping[str, str], base_url: str) -> list[Figure]:
    """Parts and wholes are added up over the editions that counted both; a share is never a mean of shares."""
    figures = []
    for each in SHARES:
        counted = [found for found in qualities if _has(found, each)]
        part = sum(found[each.part] for found in counted) if counted else None
        whole = sum(found[each.whole] for found in counted) if counted else None
        figures.append(
            Figure(
                each.name,
                each.label,
                "percent",
                edition_rules.share(part, whole),
                part=part,
                whole=whole,
                counted_in=each.unit,
                rows=_rows(query, each, base_url) if counted else None,
            )
        )
    return figures


def _counts(edition: Edition) -> dict[str, Any]:
    """What was counted at the check, beside what every edition knows of itself."""
    return {"rows": edition.row_count, "total_pence": edition.total_pence, **edition.quality}


def _has(quality: Mapping[str, Any], share: Share) -> bool:
    return isinstance(quality.get(share.part), int) and isinstance(quality.get(share.whole), int)
