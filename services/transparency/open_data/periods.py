"""The periods of a dataset as a list without gaps: each with its edition, or why there is none (T-51)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.transparency.editions.kinds import Kind
from services.transparency.editions.tables import Edition
from services.transparency.open_data import rules
from services.transparency.open_data.queries import Published
from services.transparency.open_data.rules import Duty, PeriodState, Timeliness


@dataclass(frozen=True)
class PeriodLine:
    """A period of a dataset in a list: its edition, or why there is none."""

    slug: str
    label: str
    state: PeriodState
    edition: Edition | None
    """The newest one that was published once."""
    timely: Timeliness
    replaced: bool = False
    """It stands in the place of an edition that was withdrawn."""


@dataclass(frozen=True)
class DatasetLine:
    """A dataset in the list of what a publisher publishes."""

    kind: Kind
    title: str
    periods: Sequence[PeriodLine]

    def count(self, state: str) -> int:
        return sum(line.state == state for line in self.periods)


def periods_of(kind: Kind, found: Sequence[Published], duties: Sequence[Duty], today: date) -> list[PeriodLine]:
    """Each period that has an edition or a duty, and each between them, the earliest first."""
    owed: dict[str, list[Duty]] = {}
    for duty in duties:
        if duty.code in kind.duties:
            owed.setdefault(duty.subject, []).append(duty)
    out: dict[str, list[Edition]] = {}
    for each in found:
        out.setdefault(each.edition.period, []).append(each.edition)
    lines = []
    for slug in _every_period(kind, {*owed, *out}):
        known = out.get(slug, [])
        newest = known[-1] if known else None
        own = owed.get(slug, [])
        lines.append(
            PeriodLine(
                slug=slug,
                label=kind.period(slug).label,
                state=rules.period_state(own, today, edition_state=newest.state if newest else None),
                edition=newest,
                timely=rules.timeliness(own, today),
                replaced=any(edition.state == "withdrawn" for edition in known[:-1]),
            )
        )
    return lines


def _every_period(kind: Kind, slugs: set[str]) -> list[str]:
    """These periods in order, without a gap: what lies between two of them is listed too."""
    if not slugs:
        return []
    marks = {"quarter": "-q{}", "half": "-h{}", "year": ""}
    parts = {"quarter": 4, "half": 2, "year": 1}[kind.cadence]
    years = sorted(kind.period(slug).start for slug in slugs)
    first, last = min(slugs), max(slugs)
    every = []
    for year in range(years[0].year - 1, years[-1].year + 1):
        for part in range(1, parts + 1):
            every.append(f"{year}-{(year + 1) % 100:02d}" + marks[kind.cadence].format(part))
    return [slug for slug in every if first <= slug <= last]
