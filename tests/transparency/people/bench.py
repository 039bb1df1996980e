"""What tests about people share: lists to import, drafts to look at, editions to read, and a checker of tables."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from frictionless import Resource, Schema
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import col, select

import services.transparency
from services.transparency import queries as publishers
from services.transparency.drafts import Asked, Draft, MakeDraft
from services.transparency.editions.tables import Dataset, Edition, EditionFile
from services.transparency.people.queries import parameters_of
from shared.auth import Actor
from shared.periods import FinancialYear
from shared.tabular import csv_bytes
from shared.work import Work
from tests.harness import Running
from tests.transparency.facts import registered

DATA = Path(services.transparency.__file__).parent / "data"
SYNTHETIC = (DATA / "synthetic_staff.csv").read_bytes()
DAY = date(2018, 3, 31)
YEAR = FinancialYear(2017)
IMPORTS = "/v1/posts/imports"

MANAGER: dict[str, Any] = {
    "post_id": "A1",
    "person_id": "p-a1",
    "reports_to": "",
    "job_title": "Chief Executive",
    "grade": "EX1",
    "grade_max": "175000",
    "unit": "Executive",
    "service": "Executive",
    "employment_type": "permanent",
    "fte": "1.00",
    "base_salary_fte": "120000.00",
    "months_paid": "12",
    "basic_pay_paid": "120000.00",
    "holder_name": "Hidden Specimen",
    "contact": "executive@example.org",
    "responsibilities": "The whole body",
    "own_budget": "400000",
}


def post(number: str, salary: str = "60000.00", *, above: str = "A1", **more: Any) -> dict[str, Any]:
    """An adviser below the chief executive, in short."""
    adviser = {
        "post_id": number,
        "person_id": f"p-{number.lower()}",
        "reports_to": above,
        "job_title": f"Adviser {number}",
        "unit": "Advice",
        "service": "Advice",
        "base_salary_fte": salary,
        "basic_pay_paid": salary,
        "holder_name": f"Holder {number}",
        "contact": "advice@example.org",
        "own_budget": "1000",
    }
    return {**MANAGER, **adviser, **more}


def as_csv(*rows: dict[str, Any]) -> bytes:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    return csv_bytes(columns, ([row.get(column, "") for column in columns] for row in rows))[0]


async def send(
    transparency: Running, content: bytes, *, media_type: str = "text/csv", publisher: str = "body", **params: Any
) -> httpx.Response:
    """Import a list as the preparer."""
    return await transparency.as_("transparency:preparer", sub="person:pia").post(
        IMPORTS,
        content=content,
        params={"publisher": publisher, "applicable_date": DAY.isoformat(), **params},
        headers={"Content-Type": media_type},
    )


async def imported(transparency: Running, content: bytes, **params: Any) -> dict[str, Any]:
    """A registered publisher with this list."""
    await transparency.receive(registered())
    answer = await send(transparency, content, **params)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()  # type: ignore[no-any-return]


async def decide(transparency: Running, number: str, decision: str = "upheld") -> None:
    """Decide the objection of a post as the data protection lead."""
    lead = transparency.as_("transparency:dpl", sub="person:dee")
    found = (await lead.get("/v1/posts/objections", params={"publisher": "body"})).json()["items"]
    objection = next(item for item in found if item["post_id"] == number)
    answer = await lead.post(
        f"/v1/posts/body/{number}/objections/{objection['objection_id']}/decisions",
        json={"decision": decision, "reason": "Weighed with the holder."},
    )
    assert answer.status_code == 201, answer.text


async def drafted(transparency: Running, make: MakeDraft, **parameters: Any) -> Draft:
    """What a room would publish for the year now; parameters stand in for another methodology."""
    async with transparency.session() as session:
        actor = Actor(sub="person:pia", name="Pia", scopes=frozenset())
        work = Work(transparency.runtime, session, actor, now=transparency.clock(), request_id="test")
        organisation = await publishers.publisher(session, "body")
        known = await parameters_of(session, organisation.organisation_id, YEAR)
        return await make(
            work,
            Asked(
                organisation_id=organisation.organisation_id,
                publisher="body",
                organisation_name=organisation.name,
                organisation_uri=publishers.public_uri(organisation.identifiers, "http://test/body"),
                identifiers=organisation.identifiers,
                period=YEAR,
                edition=1,
                parameters={**known, **parameters},
                address="http://test/transparency/open/body/x/2017-18/v1/",
                built_at=transparency.clock(),
            ),
        )


async def publish(transparency: Running, dataset: str, draft: Draft, *, state: str = "published") -> None:
    """Put the files of a draft where a published edition has them, without the editions' own commands."""
    async with transparency.session() as session:
        organisation = await publishers.publisher(session, "body")
        earlier = (await session.exec(select(Dataset).where(col(Dataset.kind) == dataset))).one_or_none()
        known = earlier or Dataset(
            dataset_id=uuid4(),
            organisation_id=organisation.organisation_id,
            kind=dataset,
            title=dataset,
            created_at=transparency.clock(),
        )
        session.add(known)
        await session.flush()
        values: dict[str, Any] = {
            "edition_id": uuid4(),
            "dataset_id": known.dataset_id,
            "period": YEAR.slug,
            "number": 1 if state == "published" else 2,
            "state": state,
            "change_kind": "first",
            "coverage": "complete",
            "drafted_by": "person:pia",
            "changed_by": ["person:pia"],
            "approved_by": "person:abe",
            "missing_months": [],
        }
        for column in Edition.__table__.columns:  # type: ignore[attr-defined]
            if column.nullable or column.name in values or column.default is not None:
                continue
            kind = column.type
            empty: Any = {} if isinstance(kind, JSONB) else None
            values[column.name] = (
                empty if empty is not None else _empty(getattr(kind, "python_type", str), transparency.clock())
            )
        session.add(Edition(**values))
        await session.flush()
        for file in draft.files:
            stored = await transparency.runtime.files.put(file.data, file.media_type)
            session.add(
                EditionFile(
                    edition_id=values["edition_id"],
                    name=file.name,
                    media_type=file.media_type,
                    sha256=stored.sha256,
                    size=stored.size,
                )
            )
        await session.commit()


def _empty(kind: type, now: datetime) -> Any:
    return {bool: False, int: 1, datetime: now.astimezone(UTC)}.get(kind, "")


@cache
def profiles() -> dict[str, list[dict[str, Any]]]:
    return json.loads((DATA / "column_profiles.json").read_text())  # type: ignore[no-any-return]


def table(dataset: str, draft: Draft) -> bytes:
    """The CSV file that an edition of this draft would have."""
    columns = [column["header"] for column in profiles()[dataset]]
    for row in draft.rows:
        assert set(row.cells) <= set(columns), set(row.cells) - set(columns)
    return csv_bytes(columns, ([row.cells.get(column, "") for column in columns] for row in draft.rows))[0]


def faults(dataset: str, data: bytes, folder: Path) -> list[str]:
    """What Frictionless says against a table, by the patterns of its column profile."""
    fields = []
    for column in profiles()[dataset]:
        constraint = column["constraint"] or {}
        rules = {key: constraint[key] for key in ("pattern", "enum", "unique") if key in constraint}
        fields.append(
            {"name": column["header"], "type": "string", "constraints": {"required": column["required"], **rules}}
        )
    (folder / "table.csv").write_bytes(data)
    schema = Schema.from_descriptor({"fields": fields, "missingValues": [""]})
    resource = Resource(path="table.csv", basepath=str(folder), encoding="utf-8", schema=schema)
    return [str(error) for error in resource.validate().flatten(["fieldName", "note"])]


def cells(draft: Draft, column: str) -> list[str]:
    return [row.cells.get(column, "") for row in draft.rows]


def records(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))
