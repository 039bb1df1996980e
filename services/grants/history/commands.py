"""Taking in what documents say about the grant of past years."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.grants.history.queries import document_figure, historical_rows
from services.grants.history.rules import YearFigure, check_rows
from services.grants.history.tables import HistoricalGrant
from shared.periods import london_date
from shared.work import Work

FIELDS = (
    "funding_basis",
    "grant_pence",
    "state",
    "source",
    "note",
    "spend_pence",
    "spend_state",
    "spend_reported_on",
)


@dataclass
class Imported:
    """What became of the rows of an import."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


async def import_grant_history(work: Work, rows: Sequence[tuple[str, YearFigure | None]]) -> Imported:
    """Add or correct rows by year and scope; a row that says the same changes nothing. Each change is audited.

    A corrected row supersedes the one before, which stays for reads of what was known then.
    """
    check_rows(rows, london_date(work.now))
    await work.lock("grant_history")
    standing = {(row.year, row.scope): row for row in await historical_rows(work.session)}
    result = Imported()
    for _, figure in rows:
        assert figure is not None
        row = standing.get((figure.year.label, figure.scope))
        if row is not None and document_figure(row) == figure:
            result.unchanged += 1
            continue
        before = None
        if row is None:
            result.added += 1
        else:
            before = {name: getattr(row, name) for name in FIELDS}
            row.superseded_at = row.modified_at = work.now
            result.changed += 1
            # The later row may stand only once the earlier one no longer does.
            await work.session.flush()
        later = _row(work, figure, version=1 if row is None else row.version + 1)
        work.session.add(later)
        work.audit(
            "import_grant_history",
            later.id,
            before=before,
            after={"year": later.year, **{name: getattr(later, name) for name in FIELDS}},
        )
    return result


def _row(work: Work, figure: YearFigure, version: int) -> HistoricalGrant:
    return HistoricalGrant(
        id=work.new_id(),
        year=figure.year.label,
        scope=figure.scope,
        version=version,
        created_at=work.now,
        modified_at=work.now,
        created_by=work.actor.sub,
        **{name: getattr(figure, name) for name in FIELDS},
    )
