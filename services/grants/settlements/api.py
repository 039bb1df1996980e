"""Routes of what settles lines that did not enter the ledger: the list of a file, and giving lines up."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, model_validator
from sqlmodel import col, select

from services.grants.expenditure.names import SEES_NAMES
from services.grants.expenditure.queries import batch_of
from services.grants.expenditure.shapes import Count
from services.grants.expenditure.tables import LineSettlement
from services.grants.settlements import commands
from services.grants.shapes import Prose, Yes
from shared.errors import NotFound
from shared.fields import example
from shared.http import Body, Reads, Routes, Shape, Writes
from shared.pagination import Page, Paging, paginate
from shared.work import Work

router = Routes(tags=["expenditure"])

Settler = Annotated[Work, Writes("grants:finance", "grants:cfo")]
BatchReader = Annotated[
    Work,
    Reads("expenditure:submit", "grants:finance", "grants:manager", "grants:cfo", "grants:approver", "grants:read"),
]
Record = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]


class GivingUp(Body):
    """Lines that will not be corrected, and why."""

    model_config = example(records=[3, 7], reason="Paid by the parent council; its own ledger holds both lines.")

    records: list[Record] | None = Field(
        default=None, min_length=1, max_length=5000, description="Data records of the file, as its errors number them."
    )
    all: Yes | None = Field(default=None, description="In place of `records`: every line that waits to be corrected.")
    reason: Prose

    @model_validator(mode="after")
    def names_some(self) -> GivingUp:
        if (self.records is None) != (self.all is True):
            raise ValueError("name the records that are given up, or say all: true; one of the two")
        return self


class GivenUpShape(Shape):
    """What was given up, and what of the file is left."""

    batch_id: UUID
    given_up: Count
    unsettled: Count = Field(description="What of the file is still to be corrected, decided or given up.")
    reason: str


class SettledLine(Shape):
    """A rejected line or a conflict that is settled, and what settled it."""

    record: int
    how: Literal["corrected", "given_up"]
    by_batch: UUID | None = Field(description="The file that corrected it.")
    by_record: int | None = Field(
        description="The line of that file. Where that one was rejected too, it waits in place of this one."
    )
    reason: str | None = Field(
        description="Why a person gave it up; left out for readers who may not see payees' names."
    )
    settled_at: datetime
    settled_by: str


@router.post("/v1/expenditure-batches/{batch_id}/settlements", status_code=201)
async def settle_lines(work: Settler, batch_id: UUID, body: GivingUp) -> GivenUpShape:
    """Give up rejected lines and conflicts that will not be corrected, with the reason; not by who sent the file.

    They count against the days of the file no longer. What is given up once stays so.
    """
    given_up = await commands.settle_lines(work, batch_id, body.records, body.reason)
    batch = given_up.batch
    return GivenUpShape(
        batch_id=batch_id,
        given_up=Count(lines=given_up.lines, pence=given_up.pence),
        unsettled=Count(lines=batch.unsettled_lines, pence=batch.unsettled_pence),
        reason=body.reason,
    )


@router.get("/v1/expenditure-batches/{batch_id}/settlements")
async def list_settlements(work: BatchReader, paging: Paging, batch_id: UUID) -> Page[SettledLine]:
    """Rejected lines and conflicts of a file that are settled. Decisions on held lines stand with these."""
    if await batch_of(work.session, batch_id, work.actor.organisations) is None:
        raise NotFound("There is no batch of this id that you may see.")
    names = work.actor.may(*SEES_NAMES)

    def shape(row: LineSettlement) -> SettledLine:
        settled = SettledLine.model_validate(row)
        return settled if names else settled.model_copy(update={"reason": None})

    return await paginate(
        work,
        select(LineSettlement).where(LineSettlement.batch_id == batch_id),
        order=(col(LineSettlement.record),),
        paging=paging,
        shape=shape,
    )
