"""A small service of its own, to test the ground apart from any domain."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import Request
from pydantic import Field
from pydantic_settings import SettingsConfigDict
from sqlalchemy import MetaData, UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field as Column
from sqlmodel import SQLModel, select
from starlette.responses import Response

from shared.database import NAMING, instant, pence
from shared.errors import Conflict, NotFound
from shared.http import NOT_IDEMPOTENT, UPLOAD, Body, PublicWork, Reads, ReceivedFile, Routes, Shape, Writes
from shared.pagination import ChangedPaging, Page, paginate
from shared.service import Service
from shared.settings import ServiceSettings
from shared.tabular import csv_bytes, csv_response, wants_csv
from shared.values import Pence
from shared.work import Work, four_eyes


class Toy(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMING))):
    """Base of the toy's tables."""


class Note(Toy, table=True):
    __tablename__ = "notes"
    __table_args__ = (UniqueConstraint("title"),)

    id: UUID = Column(primary_key=True)
    title: str
    amount_pence: int = pence()
    maker: str
    version: int = 1
    happened_at: datetime = instant()
    created_at: datetime = instant()


class Words(Body):
    words: tuple[str, ...]
    case: bool = False


class Numbers(Body):
    numbers: tuple[int, ...]


class NewNote(Body):
    title: str = Field(min_length=1, max_length=100)
    amount_pence: Pence
    tags: tuple[str, ...] = ()
    column: Annotated[str, Field(min_length=1)] | tuple[Annotated[str, Field(min_length=1)], ...] = "x"
    parts: tuple[Words | Numbers, ...] = ()
    code: Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="Three capitals, such as `ABC`.")] | None = None
    happened_at: datetime | None = None


class NoteShape(Shape):
    id: UUID
    title: str
    amount_pence: int
    version: int
    happened_at: datetime


class TitleTaken(Conflict):
    code = "title_taken"


router = Routes(tags=["notes"])


@router.post("/v1/notes", status_code=201)
async def create_note(body: NewNote, work: Annotated[Work, Writes("toy:writer", "toy:chief")]) -> NoteShape:
    """Create a note."""
    work.may_write_for("here")
    note = Note(
        id=work.new_id(),
        title=body.title,
        amount_pence=body.amount_pence,
        maker=work.actor.sub,
        happened_at=work.happened_at(body.happened_at),
        created_at=work.now,
    )
    work.session.add(note)
    await work.session.flush()
    if body.title == "taken":
        raise TitleTaken("This title is taken; choose another.", pointer="/title")
    work.headers["Location"] = f"{work.base_url}/v1/notes/{note.id}"
    work.etag(note.version)
    return NoteShape.model_validate(note)


@router.get("/v1/notes")
@router.get("/v1/notes.csv", include_in_schema=False)
async def list_notes(
    request: Request, paging: ChangedPaging, work: PublicWork, title: str | None = None
) -> Page[NoteShape]:
    statement = select(Note)
    if title:
        statement = statement.where(Note.title == title)
    page = await paginate(
        work,
        statement,
        order=(Note.amount_pence, Note.id),
        paging=paging,
        shape=NoteShape.model_validate,
        changed=Note.created_at,
    )
    if wants_csv(request):
        data, _ = csv_bytes(["Title", "Amount"], [(note.title, note.amount_pence) for note in page.items])
        return csv_response(data, "notes.csv")  # type: ignore[return-value]
    return page


@router.get("/v1/notes/{note_id}")
async def read_note(note_id: UUID, work: Annotated[Work, Reads("toy:reader")]) -> NoteShape:
    note = await find(work, note_id)
    work.etag(note.version)
    return NoteShape.model_validate(note)


@router.put("/v1/notes/{note_id}")
async def rename_note(note_id: UUID, body: NewNote, work: Annotated[Work, Writes("toy:writer")]) -> NoteShape:
    note = await find(work, note_id)
    work.if_match(note.version, f"{work.base_url}/v1/notes/{note_id}")
    work.audit("note.renamed", note.id, before={"title": note.title}, after={"title": body.title}, reason="asked")
    note.title, note.version = body.title, note.version + 1
    work.etag(note.version)
    return NoteShape.model_validate(note)


@router.post("/v1/notes/{note_id}/approvals", status_code=204)
async def approve_note(note_id: UUID, work: Annotated[Work, Writes("toy:chief")]) -> Response:
    four_eyes(work.actor, (await find(work, note_id)).maker)
    return Response(status_code=204)


@router.post("/v1/sums", openapi_extra=NOT_IDEMPOTENT)
async def add_up(body: NewNote, work: PublicWork) -> NoteShape:
    return NoteShape(
        id=work.new_id(), title=body.title, amount_pence=body.amount_pence, version=1, happened_at=work.now
    )


class UploadShape(Shape):
    sha256: str
    size: int
    media_type: str = ""


@router.post("/v1/uploads", status_code=201, openapi_extra=UPLOAD)
async def upload(file: ReceivedFile, work: Annotated[Work, Writes("toy:writer")], fail: bool = False) -> UploadShape:
    if fail:
        raise TitleTaken("Asked to fail; leave the parameter out.")
    return UploadShape(sha256=file.sha256, size=file.size, media_type=file.media_type)


@router.post("/v1/breakages", status_code=201, openapi_extra=NOT_IDEMPOTENT)
async def break_at_commit(work: PublicWork) -> UploadShape:
    """Fails only when the transaction commits, by a deferred constraint."""
    from sqlalchemy import text

    connection = await work.session.connection()
    await connection.execute(text("CREATE TEMP TABLE later (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)"))
    await connection.execute(text("INSERT INTO later VALUES (1), (1)"))
    return UploadShape(sha256="", size=0)


@router.post("/v1/accidents", openapi_extra=NOT_IDEMPOTENT)
async def fail_unexpectedly(body: NewNote, work: PublicWork) -> UploadShape:
    raise ZeroDivisionError


async def find(work: Work, note_id: UUID) -> Note:
    note = await work.session.get(Note, note_id)
    if note is None:
        raise NotFound("No such note.")
    return note


class ToySettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="TOY_")


def make_service(migrations: Path) -> Service:
    return Service(
        name="toy",
        title="Toy",
        description="For tests.",
        settings=ToySettings,
        routers=(router,),
        metadata=Toy.metadata,
        reactions={},
        read_models=(),
        migrations=migrations,
    )
