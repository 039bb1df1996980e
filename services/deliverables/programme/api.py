"""Routes of a programme year: the year itself, its import, and its deliverables."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field, model_validator
from sqlmodel import col, select

from services.deliverables.programme.commands import (
    DeliverableSent,
    PartSent,
    SchemeSent,
    Sent,
    ThemeSent,
    import_programme,
)
from services.deliverables.programme.queries import Book, find_programme, load_book, load_scheme
from services.deliverables.programme.rules import Item, Part
from services.deliverables.programme.tables import Programme
from services.deliverables.results.rules import Accumulation
from services.deliverables.shapes import (
    AsSeen,
    AsWord,
    Blank,
    Day,
    Number,
    Plain,
    Ref,
    RowBody,
    Unit,
    Whole,
    YearPath,
    YesNo,
    content_tag,
    due_or_year_end,
    example,
)
from services.deliverables.tables import AgreedVariation, Organisation
from services.deliverables.targets.rules import Join, Operator
from services.deliverables.targets.wording import parse_wording
from shared.http import Body, PublicWork, Routes, Shape, Writes
from shared.pagination import Page, Paging, paginate
from shared.periods import FinancialYear
from shared.work import Work

router = Routes(tags=["programmes"])

OFFICER = "deliverables:officer"


EXAMPLE_THEME = {"code": "E", "title": "Effective councils"}
EXAMPLE_DELIVERABLE = {"ref": "E1", "theme": "E", "title": "Peer challenges"}
EXAMPLE_TARGET = {
    "ref": "E1",
    "part": 1,
    "operator": "ge",
    "low": 110,
    "unit": "peer_challenge",
    "accumulation": "increment",
    "due": "2018-03-31",
}


class ThemeIn(RowBody):
    model_config = example(**EXAMPLE_THEME)

    code: Annotated[str, Field(min_length=1, max_length=20), AsSeen]
    title: str = Field(min_length=1, max_length=400)


class DeliverableIn(RowBody):
    """One promise. A row of a CSV file, turned into an object of texts, fits as it is."""

    model_config = example(**EXAMPLE_DELIVERABLE)

    ref: Ref
    theme: Annotated[str, Field(min_length=1, max_length=20), AsSeen]
    title: str = Field(min_length=1, max_length=1000)
    printed_ref: Annotated[str | None, Blank] = Field(default=None, max_length=20)
    row_kind: Annotated[Literal["deliverable", "split_parent", "split_row", "lead_in"], AsWord] = "deliverable"
    counts_in_summary: YesNo = True
    reporting_row: YesNo = True
    split_of: Annotated[Ref | None, Blank] = None
    refers_to: Annotated[Ref | None, Blank] = None
    narrative_only: YesNo = False


class TargetIn(RowBody):
    """One target part. Without `operator` the `printed` wording is read; two readings stay unresolved."""

    model_config = example(**EXAMPLE_TARGET)

    ref: Ref
    part: Whole = Field(default=1, ge=1, le=999)
    join: Annotated[Join, BeforeValidator(lambda v: v or Join.AND), AsWord] = Join.AND
    operator: Annotated[Operator | None, Blank, AsWord] = None
    low: Number = None
    high: Number = None
    unit: Annotated[Unit | None, Blank] = None
    basis: Annotated[str | None, Blank] = Field(default=None, max_length=40)
    due: Day = Field(default=None, description="Last day; without one the year's end.")
    due_printed: Annotated[str | None, Blank] = Field(default=None, max_length=400)
    accumulation: Annotated[Accumulation | None, Blank, AsWord] = None
    what: str = Field(default="", max_length=1000)
    printed: Annotated[str | None, Blank] = Field(default=None, max_length=1000)

    @model_validator(mode="after")
    def can_be_read(self) -> TargetIn:
        if self.operator is None and self.printed is None:
            raise ValueError("give an operator, or the printed wording to read it from")
        return self


class SchemeIn(Body):
    model_config = example(name="2017/18", question="Has the target been achieved?", red_below_percent=50)

    name: str = Field(min_length=1, max_length=80)
    question: str = Field(min_length=1, max_length=400)
    colours: tuple[Annotated[str, Field(pattern=r"^[a-z]{1,20}$")], ...] = Field(
        default=("green", "amber", "red"), min_length=2, max_length=6
    )
    red_below_percent: Plain = Field(default=Decimal(50), le=100, description="Short of the target is red under it.")

    @model_validator(mode="after")
    def has_the_colours_that_numbers_give(self) -> SchemeIn:
        if missing := {"green", "amber", "red"} - set(self.colours):
            raise ValueError(f"the colours lack {', '.join(sorted(missing))}, which numbers may give")
        return self


class ProgrammeIn(Body):
    """A year's promises, whole: what is not in it is no longer promised."""

    model_config = example(themes=[EXAMPLE_THEME], deliverables=[EXAMPLE_DELIVERABLE], targets=[EXAMPLE_TARGET])

    themes: tuple[ThemeIn, ...] = Field(default=(), max_length=50, description="Left out: taken from the deliverables.")
    deliverables: tuple[DeliverableIn, ...] = Field(min_length=1, max_length=500)
    targets: tuple[TargetIn, ...] = Field(default=(), max_length=3000)
    scheme: SchemeIn | None = None


class ThemeOut(Shape):
    code: str
    title: str


class SchemeOut(Shape):
    name: str
    question: str
    colours: list[str]
    red_below_percent: float


class OrganisationOut(Shape):
    id: UUID
    slug: str | None = Field(description="Null until the organisation itself has been told.")
    name: str


class VariationOut(Shape):
    id: UUID
    kind: str
    effective_from: date
    reference: str
    changes: list[dict[str, str | None]] | None = Field(
        description="What changed, each as {what, deliverable, before, after}; null where it was told without."
    )


class ProgrammeOut(Shape):
    """A programme year and how much it holds. Agreed deliverables and reporting rows are counted apart (D-3)."""

    id: UUID
    year: str
    state: str = Field(description="`open` until its first import, then `imported`.")
    version: int
    agreement_id: UUID
    organisation: OrganisationOut
    scheme: SchemeOut
    themes: list[ThemeOut]
    agreed: int
    reporting_rows: int
    target_parts: int
    unresolved: list[str] = Field(description="Target parts whose wording has no single reading, as `SC1/2`.")
    variations: list[VariationOut]
    imported_at: datetime | None
    links: dict[str, str]


class ProgrammeBrief(Shape):
    id: UUID
    year: str
    state: str
    organisation: str
    href: str


@router.get("/v1/programmes")
async def list_programmes(work: PublicWork, paging: Paging) -> Page[ProgrammeBrief]:
    """The programme years that are open."""
    return await paginate(
        work,
        select(Programme),
        order=(col(Programme.year), col(Programme.id)),
        paging=paging,
        shape=lambda row: ProgrammeBrief(
            id=row.id,
            year=row.year,
            state=row.state,
            organisation=row.organisation_name,
            href=f"{work.base_url}/v1/programmes/{FinancialYear.parse(row.year).slug}",
        ),
    )


@router.get("/v1/programmes/{year}")
async def get_programme(work: PublicWork, year: YearPath) -> ProgrammeOut:
    """A programme year: who runs it, its themes and scheme, and how much it holds."""
    return await _answer(work, await find_programme(work.session, FinancialYear.parse(year)))


@router.put("/v1/programmes/{year}")
async def put_programme(work: Annotated[Work, Writes(OFFICER)], year: YearPath, body: ProgrammeIn) -> ProgrammeOut:
    """Import the year's themes, deliverables and targets, whole.

    The year opens when its agreement is signed. The first import needs no If-Match; later ones do. The same body again
    changes nothing. Rows of the source tables turned into JSON objects of texts are taken as they are.
    """
    parsed = FinancialYear.parse(year)
    sent = _read(body, parsed)
    return await _answer(work, await import_programme(work, parsed, sent, body.model_dump(mode="json")))


def _read(body: ProgrammeIn, year: FinancialYear) -> Sent:
    themes = tuple(ThemeSent(theme.code, theme.title) for theme in body.themes)
    if not themes:
        codes = dict.fromkeys(one.theme for one in body.deliverables)
        themes = tuple(ThemeSent(code, code) for code in codes)
    deliverables = tuple(
        DeliverableSent(
            Item(
                index=index,
                ref=one.ref,
                theme=one.theme,
                row_kind=one.row_kind,
                reporting_row=one.reporting_row,
                counts_in_summary=one.counts_in_summary,
                split_of=one.split_of,
                refers_to=one.refers_to,
                narrative_only=one.narrative_only,
            ),
            one.title,
            one.printed_ref,
        )
        for index, one in enumerate(body.deliverables)
    )
    parts = tuple(_read_part(index, one, year) for index, one in enumerate(body.targets))
    scheme = None
    if body.scheme is not None:
        one = body.scheme
        scheme = SchemeSent(one.name, one.question, one.colours, one.red_below_percent)
    return Sent(themes, deliverables, parts, scheme)


def _read_part(index: int, one: TargetIn, year: FinancialYear) -> PartSent:
    operator, low, high, unit, basis = one.operator, one.low, one.high, one.unit, one.basis
    if operator is None:
        wording = parse_wording(one.printed or "")
        operator, low, high = wording.operator, wording.low, wording.high
        unit, basis = unit or wording.unit, basis or wording.basis
    part = Part(
        pointer=f"/targets/{index}",
        ref=one.ref,
        part=one.part,
        join=one.join,
        operator=operator,
        low=low,
        high=high,
        unit=unit,
        due=due_or_year_end(one.due, year),
        accumulation=one.accumulation,
    )
    return PartSent(part, basis, one.what, one.due_printed, one.printed)


async def _answer(work: Work, programme: Programme) -> ProgrammeOut:
    book = await load_book(work.session, programme)
    _, scheme = await load_scheme(work.session, programme)
    organisation = await work.session.get(Organisation, programme.organisation_id)
    variations = select(AgreedVariation).where(AgreedVariation.agreement_id == programme.agreement_id)
    here = f"{work.base_url}/v1/programmes/{FinancialYear.parse(programme.year).slug}"
    answer = ProgrammeOut(
        id=programme.id,
        year=programme.year,
        state=programme.state,
        version=programme.version,
        agreement_id=programme.agreement_id,
        organisation=OrganisationOut(
            id=programme.organisation_id,
            slug=organisation.slug if organisation else None,
            name=organisation.name if organisation else programme.organisation_name,
        ),
        scheme=SchemeOut(
            name=scheme.name,
            question=scheme.question,
            colours=list(scheme.colours),
            red_below_percent=float(scheme.red_below),
        ),
        themes=[ThemeOut(code=theme.code, title=theme.title) for theme in book.themes],
        variations=[
            VariationOut.model_validate(row)
            for row in (await work.session.exec(variations.order_by(col(AgreedVariation.effective_from)))).all()
        ],
        imported_at=programme.imported_at,
        links={
            "self": here,
            "deliverables": f"{here}/deliverables",
            "summary": f"{here}/summary",
            "reports": f"{work.base_url}/v1/reports?year={FinancialYear.parse(programme.year).slug}",
        },
        **_counted(book),
    )
    # Names and variations arrive without a change of the programme: the tag tells both, If-Match compares the version.
    work.etag(programme.version, content_tag(answer))
    return answer


def _counted(book: Book) -> dict[str, Any]:
    return {
        "agreed": sum(d.counts_in_summary for d in book.deliverables),
        "reporting_rows": sum(d.reporting_row for d in book.deliverables),
        "target_parts": len(book.all_parts),
        "unresolved": [
            f"{ref}/{part.part}" for ref, parts in book.parts.items() for part in parts if part.operator == "unresolved"
        ],
    }
