"""Which days are worked on: the stock list of bank holidays in all four nations, and what people decided (T-47)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

import holidays
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.transparency.requests.clock import NATIONS, DayOff, WorkingDays
from services.transparency.requests.tables import NonWorkingDay

CODES = dict(zip(NATIONS, ("ENG", "WLS", "SCT", "NIR"), strict=True))
STOCK = "stock list of bank holidays"
"""Source of what nobody decided: only a start."""


@dataclass(frozen=True)
class Entry:
    """A day of the list, with what was decided about it."""

    off: DayOff
    source: str
    decisions: tuple[NonWorkingDay, ...]


async def working_days(session: AsyncSession, first_year: int, last_year: int) -> WorkingDays:
    """The days of these years on which nobody works, as they stand now."""
    entries = await listed(session, first_year, last_year)
    return WorkingDays({entry.off.day: entry.off for entry in entries if entry.off.nations})


async def listed(session: AsyncSession, first_year: int, last_year: int) -> list[Entry]:
    """Every day of the stock list or decided, by day; one that was removed everywhere has no nations left."""
    decided: dict[date, list[NonWorkingDay]] = {}
    for decision in await decisions(session, first_year, last_year):
        decided.setdefault(decision.day, []).append(decision)
    stock = {day: off for year in range(first_year, last_year + 1) for day, off in _stock(year).items()}
    return [_entry(day, stock.get(day), decided.get(day, ())) for day in sorted(stock.keys() | decided.keys())]


async def decisions(session: AsyncSession, first_year: int, last_year: int) -> Sequence[NonWorkingDay]:
    found = await session.exec(
        select(NonWorkingDay)
        .where(col(NonWorkingDay.day) >= date(first_year, 1, 1), col(NonWorkingDay.day) <= date(last_year, 12, 31))
        .order_by(col(NonWorkingDay.number))
    )
    return found.all()


def _entry(day: date, stock: DayOff | None, decided: Sequence[NonWorkingDay]) -> Entry:
    """The latest decision on a day and nation holds."""
    nations = set(stock.nations) if stock else set()
    name, source = (stock.name, STOCK) if stock else ("", STOCK)
    for decision in decided:
        nations = nations | set(decision.nations) if decision.change == "added" else nations - set(decision.nations)
        name, source = name if stock else decision.name, decision.source
    return Entry(DayOff(day, name, tuple(nation for nation in NATIONS if nation in nations)), source, tuple(decided))


@cache
def _stock(year: int) -> dict[date, DayOff]:
    """A year's bank holidays in any nation, with the nations that keep each."""
    found: dict[date, dict[str, str]] = {}
    for nation, code in CODES.items():
        for day, name in holidays.country_holidays("GB", subdiv=code, years=year).items():
            found.setdefault(day, {})[nation] = name
    return {day: DayOff(day, next(iter(names.values())), tuple(names)) for day, names in sorted(found.items())}
