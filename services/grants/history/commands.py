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
    """Add or correct rows by year and scope; a row that says the same changes nothing. Each change is audited."""
    check_rows(rows, london_date(work.now))
    await work.lock("grant_history")
    standing = {(row.year, row.scope): row for row in await historical_rows(work.session)}
    result = Imported()
    for _, figure in rows:
        assert figure is not None
        row = standing.get((figure.year.label, figure.scope))
        values = {name: getattr(figure, name) for name in FIELDS}
        if row is None:
            row = HistoricalGrant(
                id=work.new_id(),
                year=figure.year.label,
                scope=figure.scope,
                created_at=work.now,
                modified_at=work.now,
                created_by=work.actor.sub,
                **values,
            )
            work.session.add(row)
            work.audit("import_grant_history", row.id, after={"year": row.year, **values})
            result.added += 1
        elif document_figure(row) == figure:
            result.unchanged += 1
        else:
            before = {name: getattr(row, name) for name in FIELDS}
            for name, value in values.items():
                setattr(row, name, value)
            row.version += 1
            row.modified_at = work.now
            work.audit("import_grant_history", row.id, before=before, after={"year": row.year, **values})
            result.changed += 1
    return result
