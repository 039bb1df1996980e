"""One function per foreign fact, and REACTIONS, the table of contents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, delete, func, select

from services.deliverables.base import Deliverables
from services.deliverables.programme.tables import Programme
from services.deliverables.ratings.tables import RatingScheme
from services.deliverables.tables import (
    AgreedVariation,
    BudgetLine,
    BudgetVersion,
    Organisation,
    Outturn,
    SpendStatement,
)
from shared.events.base import Event
from shared.events.grants import (
    AgreementSigned,
    AgreementVaried,
    BudgetSet,
    OrganisationRegistered,
    OutturnRecorded,
    QuarterSpendStated,
)
from shared.inbox import Reacting, Reaction

YEAR_END_QUESTION = "Has the target been achieved?"
COLOURS = ["green", "amber", "red"]
RED_BELOW_PERCENT = 50
"""Where a year starts; the import of the programme may state another scheme (D-26, D-27)."""


async def know_organisation(event: OrganisationRegistered, reacting: Reacting) -> None:
    """Keep the name and slug of whoever runs a programme."""
    await _keep_latest(
        reacting,
        Organisation,
        key=("id",),
        row={"id": event.organisation_id, "version": event.version, "slug": event.slug, "name": event.name},
    )


async def open_programme(event: AgreementSigned, reacting: Reacting) -> None:
    """Open an empty programme for the year, with the recipient as its organisation and the year-end rating scheme."""
    recipient = next((party for party in event.parties if party.role == "recipient"), None)
    if recipient is None:
        return
    programme = {
        "agreement_id": event.agreement_id,
        "agreement_version": event.version,
        "organisation_id": recipient.organisation_id,
        "organisation_name": recipient.name,
    }
    row = insert(Programme).values(
        id=reacting.derived_id("programme"),
        version=1,
        year=event.year,
        state="open",
        ratings_recorded=0,
        created_at=reacting.now,
        modified_at=reacting.now,
        created_by=f"event:{event.type()}",
        **programme,
    )
    # A year has one agreement. A later version of it may name the parties anew; an older one changes nothing.
    opened = row.on_conflict_do_update(
        index_elements=["year"],
        set_=programme,
        where=(col(Programme.agreement_id) == event.agreement_id) & (col(Programme.agreement_version) < event.version),
    )
    await reacting.session.exec(opened)
    programme_id = (await reacting.session.exec(select(Programme.id).where(Programme.year == event.year))).one()
    scheme = insert(RatingScheme).values(
        id=reacting.derived_id("scheme"),
        programme_id=programme_id,
        version=1,
        name=event.year,
        question=YEAR_END_QUESTION,
        colours=COLOURS,
        red_below=RED_BELOW_PERCENT,
    )
    await reacting.session.exec(scheme.on_conflict_do_nothing(index_elements=["programme_id", "version"]))


async def note_variation(event: AgreementVaried, reacting: Reacting) -> None:
    """Keep the agreed variation: a target may change, or be dropped, with it (D-11, D-12)."""
    row = insert(AgreedVariation).values(
        id=event.variation_id,
        agreement_id=event.agreement_id,
        kind=event.kind,
        effective_from=event.effective_from,
        reference=event.reference,
        changes=[change.model_dump() for change in event.changes],
    )
    await reacting.session.exec(row.on_conflict_do_nothing(index_elements=["id"]))


async def take_over_budget(event: BudgetSet, reacting: Reacting) -> None:
    """Keep the carrying lines of the latest budget version, and the amounts of every version from its day on.

    A report shows the budget of its own quarter: a later version leaves what was reported as it was (G-16).
    """
    kept = insert(BudgetVersion).values(
        agreement_id=event.agreement_id,
        version=event.version,
        effective_from=event.effective_from,
        amounts={line.code: line.amount_pence for line in event.lines},
    )
    await reacting.session.exec(kept.on_conflict_do_nothing(index_elements=["agreement_id", "version"]))
    mine = col(BudgetLine.agreement_id) == event.agreement_id
    latest = (await reacting.session.exec(select(func.max(BudgetLine.version)).where(mine))).one()
    if latest is not None and latest >= event.version:
        return
    await reacting.session.exec(delete(BudgetLine).where(mine))
    for position, line in enumerate(event.lines, 1):
        row = insert(BudgetLine).values(
            agreement_id=event.agreement_id,
            code=line.code,
            version=event.version,
            position=position,
            name=line.name,
            parent_code=line.parent_code,
            kind=line.kind,
            amount_pence=line.amount_pence,
        )
        await reacting.session.exec(row)


async def take_over_spend(event: QuarterSpendStated, reacting: Reacting) -> None:
    """Keep the quarter's spend by workstream; it is the only source of the report's spend table (D-41, MoU para 25)."""
    await _keep_latest(
        reacting,
        SpendStatement,
        key=("agreement_id", "quarter"),
        row={
            "agreement_id": event.agreement_id,
            "quarter": event.quarter,
            "version": event.version,
            "gross_used": event.gross_used,
            "happened_at": event.happened_at,
            "lines": [line.model_dump(mode="json") for line in event.lines],
        },
    )


async def take_over_outturn(event: OutturnRecorded, reacting: Reacting) -> None:
    """Keep the latest outturn: the unaudited spend of the year in the fourth quarter's report (D-41)."""
    await _keep_latest(
        reacting,
        Outturn,
        key=("agreement_id",),
        row={
            "agreement_id": event.agreement_id,
            "outturn_id": event.outturn_id,
            "version": event.version,
            "state": event.state,
            "as_at": event.as_at,
            "grant_pence": event.grant_pence,
            "spend_pence": event.spend_pence,
            "underspend_pence": event.underspend_pence,
            "own_funds_pence": event.own_funds_pence,
            "happened_at": event.happened_at,
            "lines": [line.model_dump(mode="json") for line in event.lines],
        },
    )


REACTIONS: Mapping[type[Event], Reaction] = {
    OrganisationRegistered: know_organisation,
    AgreementSigned: open_programme,
    AgreementVaried: note_variation,
    BudgetSet: take_over_budget,
    QuarterSpendStated: take_over_spend,
    OutturnRecorded: take_over_outturn,
}


async def _keep_latest(
    reacting: Reacting, table: type[Deliverables], *, key: tuple[str, ...], row: dict[str, Any]
) -> None:
    """Insert the row, or replace an older version of it; the same or a newer one stays."""
    statement = insert(table).values(**row)
    newer = {name: statement.excluded[name] for name in row if name not in key}
    columns = table.metadata.tables[str(table.__tablename__)].c
    await reacting.session.exec(
        statement.on_conflict_do_update(
            index_elements=list(key), set_=newer, where=columns.version < statement.excluded.version
        )
    )
