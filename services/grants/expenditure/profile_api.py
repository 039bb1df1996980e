"""Routes of source profiles: how a finance system's exports are laid out, and trying that out."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal, Self

from fastapi import Query
from pydantic import Field, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError
from sqlmodel import select

from services.grants.expenditure import commands, queries
from services.grants.expenditure.guide import HOW_TO_DESCRIBE
from services.grants.expenditure.loading import uses_of
from services.grants.expenditure.profile import SourceProfile as ProfileBody
from services.grants.expenditure.shapes import ProfileShape
from services.grants.expenditure.tables import SourceProfile
from services.grants.expenditure.trials import Sample, TrialShape, header_of, try_profile
from shared.errors import NotFound
from shared.http import NOT_IDEMPOTENT, Body, Reads, Routes, Writes
from shared.pagination import Page, Paging, paginate
from shared.periods import london_date
from shared.values import Slug
from shared.work import Work

router = Routes(tags=["expenditure"])

READERS = ("grants:finance", "grants:manager", "grants:cfo", "grants:approver", "grants:read")
Definer = Annotated[Work, Writes("grants:finance", "grants:manager")]
Trier = Annotated[Work, Writes("grants:finance", "grants:manager", "expenditure:submit")]
ProfileReader = Annotated[Work, Reads("expenditure:submit", *READERS)]


class Trial(Body):
    """A layout and the beginning of a file, to see how the one reads the other."""

    profile: ProfileBody
    sample: Annotated[str, Field(max_length=500_000)] | None = Field(
        default=None, description="The first lines of the file, as text; for bytes in another encoding see below."
    )
    sample_base64: Annotated[str, Field(max_length=2_000_000)] | None = Field(
        default=None, description="The same as bytes in Base64, so that encoding and line ends are tried too."
    )
    media_type: Literal["text/csv", "application/json", "application/x-ndjson"] = "text/csv"
    period: Annotated[str, Field(max_length=10)] | None = Field(
        default=None, description="As when a batch is sent: what a file without days is for."
    )

    @model_validator(mode="wrap")
    @classmethod
    def show_the_header(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Beside the faults of a profile stands what the sample's header is, so that the profile can be written."""
        try:
            return handler(value)
        except ValidationError as fault:
            given = value if isinstance(value, dict) else {}
            texts = [given.get(name) for name in ("sample", "sample_base64")]
            text, packed = (found if isinstance(found, str) else None for found in texts)
            told = header_of(text, packed, given.get("profile")) if text or packed else None
            if told is None:
                raise
            read = InitErrorDetails(
                type=PydanticCustomError("header_read", "{told}", {"told": told}),
                loc=("sample" if text is not None else "sample_base64",),
                input=None,
            )
            faults = [_again(item) for item in fault.errors(include_url=False)]
            raise ValidationError.from_exception_data(cls.__name__, [*faults, read]) from None


def _again(item: Any) -> InitErrorDetails:
    """A fault as it was found, to be raised with another beside it."""
    kind, context = item["type"], item.get("ctx", {})
    error = context.get("error")
    if kind == "value_error" and isinstance(error, ValueError):
        return InitErrorDetails(type=kind, loc=item["loc"], input=item["input"], ctx={"error": error})
    return InitErrorDetails(type=kind, loc=item["loc"], input=item["input"], ctx=context)


@router.post("/v1/source-profiles", status_code=201, description=HOW_TO_DESCRIBE)
async def define_source_profile(work: Definer, body: ProfileBody) -> ProfileShape:
    """Describe a source's layout, or its next version. A new layout needs no code."""
    profile = await commands.define_profile(work, body)
    work.etag(profile.version)
    work.headers["Location"] = f"{work.base_url}/v1/source-profiles/{profile.name}"
    return ProfileShape.model_validate(profile)


@router.post("/v1/source-profiles/trials", openapi_extra=NOT_IDEMPOTENT)
async def try_source_profile(work: Trier, body: Trial) -> TrialShape:
    """Try a layout on a sample: the first lines as they are understood, every fault, and nothing kept.

    What the file as a whole does not allow (a column that is not there, bytes in another encoding) is refused by place,
    with the nearest names; what single lines do not allow comes with them.
    """
    layout = body.profile.model_dump(mode="json", exclude={"name"})
    uses = await uses_of(work, layout)
    sample = Sample(
        layout=layout,
        source=body.profile.name,
        text=body.sample,
        base64=body.sample_base64,
        media_type=body.media_type,
        said=commands.said_of(layout, body.period, None),
        today=london_date(work.now).isoformat(),
        uses=uses,
    )
    return await asyncio.to_thread(try_profile, sample)


@router.get("/v1/source-profiles")
async def list_source_profiles(work: ProfileReader, paging: Paging, name: Slug | None = None) -> Page[ProfileShape]:
    """Every version of every profile, in the order of names."""
    statement = select(SourceProfile)
    if name is not None:
        statement = statement.where(SourceProfile.name == name)
    return await paginate(
        work,
        statement,
        order=(SourceProfile.name, SourceProfile.version),
        paging=paging,
        shape=ProfileShape.model_validate,
    )


@router.get("/v1/source-profiles/{name}")
async def read_source_profile(
    work: ProfileReader, name: str, version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None
) -> ProfileShape:
    """A profile's latest version, or the one named."""
    if version is None:
        profile = await queries.latest_profile(work.session, name)
    else:
        profile = await work.session.get(SourceProfile, (name, version))
    if profile is None:
        raise NotFound("There is no such profile or version; see the list.")
    work.etag(profile.version)
    return ProfileShape.model_validate(profile)
