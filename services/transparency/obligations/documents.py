"""Documents: recording one as published, sent or shared, its versions, and the parts withheld from it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from uuid import UUID, uuid5

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from services.transparency import queries as publishers
from services.transparency.obligations import catalogue, rules
from services.transparency.obligations import document_rules as told
from services.transparency.obligations.calendar import Made, make_public
from services.transparency.obligations.document_rules import Reason, Withheld
from services.transparency.obligations.tables import Document, WithheldPart
from shared.errors import NotFound
from shared.personal_details import WORDS, find
from shared.work import Work

TABLE = Path(__file__).parent.parent / "data" / "redaction_reasons.csv"


class NoSuchVersion(NotFound):
    code = "document_version_not_found"
    title = "The document has no such version"


async def publish_document(
    work: Work,
    publisher: str,
    *,
    code: str,
    period: str,
    title: str,
    url: str | None,
    sha256: str | None,
    change_note: str | None,
    withheld: Sequence[Withheld],
    happened_at: datetime | None,
) -> Document:
    """Record that a document was published, sent or shared. The first of its code and period meets the duty; another
    one is its next version, and the earlier stays."""
    work.may_write_for(publisher)
    organisation = await publishers.publisher(work.session, publisher)
    kind = told.kind_of_document(code, catalogue.document_duties())
    period = told.year_of_document(period)
    moment = work.happened_at(happened_at)
    series = f"{code} {period}"
    await work.lock("document", str(organisation.organisation_id), series)
    version = await next_version(work.session, organisation.organisation_id, series)
    told.raise_together([*told.refuse_version(version, change_note), *told.refuse_withheld(withheld, reasons())])
    texts = {"/title": title, "/change_note": change_note or ""}
    texts |= {f"/withheld/{index}/what": part.what for index, part in enumerate(withheld)}
    rules.refuse_personal({place: [WORDS[found] for found in find(text)] for place, text in texts.items()})
    document = Document(
        document_id=work.new_id(),
        organisation_id=organisation.organisation_id,
        kind=kind,
        series=series,
        title=title,
        period=period,
        version=version,
        change_note=change_note,
        state="published",
        url=url,
        sha256=sha256,
        withheld_count=len(withheld),
        happened_at=moment,
        stated=moment < work.now,
        recorded_at=work.now,
        created_by=work.actor.sub,
    )
    work.session.add(document)
    await work.session.flush()
    for number, part in enumerate(withheld, 1):
        work.session.add(
            WithheldPart(
                document_id=document.document_id,
                number=number,
                what=part.what,
                reason_code=part.reason_code,
                exemption=reasons()[part.reason_code].exemption,
                prejudice=part.prejudice,
                public_interest=part.public_interest,
            )
        )
    await make_public(
        work,
        Made(
            publication_id=uuid5(document.document_id, code),
            organisation_id=organisation.organisation_id,
            code=code,
            subject=period,
            happened_at=moment,
            recorded_at=work.now,
            url=url,
        ),
    )
    work.audit(
        "publish_document",
        document.document_id,
        after={
            "code": code,
            "period": period,
            "title": title,
            "version": version,
            "withheld": [part.reason_code for part in withheld],
        },
        reason=change_note,
    )
    return document


@cache
def reasons() -> dict[str, Reason]:
    """Reasons to withhold part of a document, by code."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {
            row["code"]: Reason(
                code=row["code"],
                exemption=row["exemption"],
                needs_prejudice=row["prejudice_required"] == "yes",
                needs_public_interest=row["public_interest_required"] == "yes",
                never=row["approved_by"] == "never approved",
            )
            for row in csv.DictReader(file)
            if "documents" in row["applies_to"].split(";")
        }


async def next_version(session: AsyncSession, organisation_id: UUID, series: str) -> int:
    latest = await session.exec(
        select(func.max(Document.version)).where(
            col(Document.organisation_id) == organisation_id, col(Document.series) == series
        )
    )
    return (latest.one() or 0) + 1


def documents(
    organisation_id: UUID | None, *, kind: str | None = None, code: str | None = None, period: str | None = None
) -> SelectOfScalar[Document]:
    """Documents by publisher, kind, duty and period; each filter is optional."""
    statement = select(Document)
    if organisation_id is not None:
        statement = statement.where(col(Document.organisation_id) == organisation_id)
    if kind is not None:
        statement = statement.where(col(Document.kind) == kind)
    if code is not None:
        statement = statement.where(func.split_part(Document.series, " ", 1) == code)
    if period is not None:
        statement = statement.where(col(Document.period) == period)
    return statement


async def document(session: AsyncSession, document_id: UUID, version: int | None) -> tuple[Document, list[int]]:
    """A document in the version that the id names, or in another of its series, and the numbers of all."""
    found = await session.get(Document, document_id)
    if found is None:
        raise NotFound("There is no such document.")
    series = await session.exec(
        select(Document)
        .where(col(Document.organisation_id) == found.organisation_id, col(Document.series) == found.series)
        .order_by(col(Document.version), col(Document.recorded_at))
    )
    versions = {other.version: other for other in series.all()}
    versions[found.version] = found
    if version is not None and version not in versions:
        known = ", ".join(map(str, versions))
        raise NoSuchVersion(f"It has no version {version}; there is {known}.", parameter="version")
    return versions[version or found.version], list(versions)


async def withheld_from(session: AsyncSession, document_ids: Sequence[UUID]) -> dict[UUID, list[WithheldPart]]:
    """The withheld parts of each document, in the order they were given."""
    found = await session.exec(
        select(WithheldPart)
        .where(col(WithheldPart.document_id).in_(document_ids))
        .order_by(col(WithheldPart.document_id), col(WithheldPart.number))
    )
    by_document: dict[UUID, list[WithheldPart]] = {}
    for part in found.all():
        by_document.setdefault(part.document_id, []).append(part)
    return by_document
