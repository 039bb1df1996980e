"""Why a row is in its file, in words and figures."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from uuid import UUID

from pydantic import Field
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.transparency.editions import queries
from services.transparency.methodology import completed
from services.transparency.search.tables import SpendRow
from services.transparency.tables import Methodology, Organisation
from shared.errors import NotFound
from shared.http import Shape
from shared.money import sterling

RULES = {
    "OVER_THRESHOLD": ("T-1", "The item's total of {total} exceeds {threshold}."),
    "PART_OF_ITEM": (
        "T-2",
        "A small line of an item whose total of {total} exceeds {threshold}; all its lines are shown.",
    ),
    "CREDIT_OVER_THRESHOLD": ("T-7", "A credit whose total of {total} exceeds {threshold}."),
    "LINKED_CREDIT": (
        "T-7",
        "A credit of {total} that names a published invoice; shown so that the supplier's total is right.",
    ),
    "CARD": ("T-9", "Bought with a card; card purchases are shown at any value."),
    "EXPENSE_MONTH": ("T-8", "Expenses of one person in one month come to {total}, which exceeds {threshold}."),
    "VCSE_GRANT": ("T-17", "A grant to a voluntary, community or social enterprise body, shown at any value."),
}
"""Inclusion reason → the rule behind it, and the sentence that says it."""


class RowEdition(Shape):
    publisher: str
    period: str
    edition: int
    state: str
    url: str
    amount_pence: int
    inclusion: str
    rule: str
    because: str
    item_total_pence: int
    threshold_pence: int
    selection_basis: str
    late_addition: bool
    transaction_number: str
    line_number: int
    methodology: int


class RowExplained(Shape):
    row_id: str
    because: str = Field(description="Why it stands in the newest edition that holds it.")
    editions: list[RowEdition]
    links: dict[str, str] = Field(
        description="What the row names, as it is published now: `contract`, the `grant` and budget line it is charged "
        "to, the board `decision` it stands on; contracts under the same grant or decision are listed there."
    )


async def row(session: AsyncSession, row_id: str, base_url: str) -> RowExplained:
    """Every edition that shows this row, the newest first."""
    shown: dict[UUID, RowEdition] = {}
    for decision, edition, organisation in await queries.published_rows(session, row_id):
        if edition.edition_id in shown:
            # Several ledger lines stand under one row of staff expenses.
            before = shown[edition.edition_id]
            shown[edition.edition_id] = before.model_copy(
                update={"amount_pence": before.amount_pence + decision.amount_pence}
            )
            continue
        parameters = await _parameters(session, organisation.organisation_id, edition.methodology)
        rule, sentence = RULES[decision.inclusion or ""]
        shown[edition.edition_id] = RowEdition(
            publisher=organisation.slug,
            period=edition.period,
            edition=edition.number,
            state=edition.state,
            url=queries.file_url(base_url, organisation.slug, "spend", edition),
            amount_pence=decision.amount_pence,
            inclusion=decision.inclusion or "",
            rule=rule,
            because=sentence.format(
                total=sterling(decision.item_total_pence), threshold=sterling(parameters["threshold_pence"])
            ),
            item_total_pence=decision.item_total_pence,
            threshold_pence=parameters["threshold_pence"],
            selection_basis=parameters["selection_basis"],
            late_addition=decision.late_addition,
            transaction_number=decision.transaction_number,
            line_number=decision.line_number,
            methodology=edition.methodology,
        )
    if not shown:
        raise NotFound("No published row has this id.")
    editions = list(shown.values())
    links = await _links(session, row_id, next(iter(shown)), base_url)
    return RowExplained(row_id=row_id, because=editions[0].because, editions=editions, links=links)


async def _links(session: AsyncSession, row_id: str, edition_id: UUID, base_url: str) -> dict[str, str]:
    """Where what the published row names is found. Only what the row itself shows is linked (T-19)."""
    found = await session.exec(
        select(SpendRow, Organisation)
        .join(Organisation, col(Organisation.organisation_id) == col(SpendRow.organisation_id))
        .where(col(SpendRow.edition_id) == edition_id, col(SpendRow.row_id) == row_id)
        .limit(1)
    )
    shown = found.first()
    if shown is None:
        return {}
    row, publisher = shown
    same = f"{base_url}/v1/contracts?publisher={publisher.slug}"
    links = {"publisher": f"{base_url}/v1/publishers/{publisher.slug}"}
    if row.contract_ref:
        links["contract"] = f"{base_url}/v1/contracts/{publisher.slug}/{quote(row.contract_ref.replace('/', '~'))}"
    if row.grant_ref:
        links["grant"] = f"{same}&grant_ref={quote(row.grant_ref, safe='')}"
    if row.decision_ref:
        links["decision"] = f"{same}&decision_ref={quote(row.decision_ref, safe='')}"
    return links


async def _parameters(session: AsyncSession, organisation_id: UUID, number: int) -> dict[str, Any]:
    found = await session.exec(
        select(Methodology).where(
            col(Methodology.organisation_id) == organisation_id, col(Methodology.number) == number
        )
    )
    return completed(found.one().parameters)
