"""Routes of declarations of interest."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field
from sqlmodel import col, select

from services.governance.declarations import commands
from services.governance.declarations.tables import Declaration
from services.governance.meetings.queries import find_meeting
from services.governance.minutes.queries import latest_of
from services.governance.shapes import Flag, LongText, Text
from shared.http import Body, PublicWork, Routes, Shape, Writes
from shared.work import Work

router = Routes(tags=["declarations"])


class DeclarationIn(Body):
    person: Text = Field(description="As printed.")
    items: list[Text] = Field(default_factory=list, max_length=50, description="Numbers of the items it bears on.")
    type: Literal["disclosable_pecuniary", "other_registrable", "non_registrable", "other"] = "other"
    nature: LongText | None = None
    sensitive: Flag = False
    action_taken: Literal["left", "stayed_silent", "stayed", "not_recorded"] = "not_recorded"
    dispensation: Text | None = None


class DeclarationOut(Shape):
    id: UUID
    person: str
    items: list[str]
    type: str
    nature: str | None
    sensitive: bool
    action_taken: str
    dispensation: str | None


class DeclarationList(Shape):
    items: list[DeclarationOut]


@router.post("/v1/meetings/{meeting}/declarations", status_code=201)
async def declare(
    meeting: UUID, body: DeclarationIn, work: Annotated[Work, Writes("governance:clerk", "governance:member")]
) -> DeclarationOut:
    """Enter a declaration of interest (B-30)."""
    return _declaration(await commands.declare(work, meeting, body.model_dump(mode="json")))


@router.get("/v1/meetings/{meeting}/declarations")
async def list_declarations(meeting: UUID, work: PublicWork) -> DeclarationList:
    """Interests declared; those of a note once it is published. A sensitive one shows no nature (B-30)."""
    await find_meeting(work.session, meeting)
    latest = await latest_of(work.session, meeting)
    drafted = latest.id if latest is not None and latest.state == "draft" else None
    rows = (
        await work.session.exec(
            select(Declaration)
            .where(Declaration.meeting_id == meeting)
            .order_by(col(Declaration.created_at), col(Declaration.id))
        )
    ).all()
    return DeclarationList(items=[_declaration(row) for row in rows if drafted is None or row.minutes_id != drafted])


def _declaration(row: Declaration) -> DeclarationOut:
    return DeclarationOut(
        id=row.id,
        person=row.person_printed,
        items=row.items,
        type=row.type,
        nature=None if row.sensitive else row.nature,
        sensitive=row.sensitive,
        action_taken=row.action_taken,
        dispensation=row.dispensation,
    )
