"""Field types that the service's requests share, and the tag of an answer that has no version of its own."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from fastapi import Query
from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from shared.fields import FIRST_DAY, LAST_DAY, Day, Moment, as_written
from shared.http import Shape
from shared.periods import end_of_day
from shared.values import Slug

MOST_PENCE = 10**13
"""£100bn: more than any grant, and small enough that no sum of lines leaves a 64-bit integer."""

Amount = Annotated[int, Field(strict=True, ge=0, le=MOST_PENCE, description="Integer pence, GBP.")]
SignedAmount = Annotated[
    int, Field(strict=True, ge=-MOST_PENCE, le=MOST_PENCE, description="Integer pence, GBP; may be negative (G-28).")
]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Prose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Code = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{0,19}$", description="Code of a budget line, such as `IL5`.")]
Year = Annotated[str, Field(max_length=20, description="Financial year, `2017/18` or `2017-18` (G-2).")]
OrganisationSlug = Annotated[Slug, Field(description="Slug of a registered organisation.")]


Yes = Annotated[bool, Field(strict=True)]
Number = Annotated[int, Field(ge=1, le=10_000), as_written("[0-9]{1,5}", "a plain number")]
HappenedAt = Annotated[
    Moment | None,
    Field(description="When it happened, default now; an earlier time needs the scope `grants:history`."),
]

AsAt = Annotated[Day | None, Query(description="Day the answer stands for; default today in London.")]


def _by_then(value: Any) -> datetime:
    """The first instant that is no longer meant: a London day counts to its end, an instant counts itself."""
    text = value if isinstance(value, str) else ""
    bound = None
    try:
        if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            day = date.fromisoformat(text)
            bound = end_of_day(day) if FIRST_DAY <= day <= LAST_DAY else None
        elif re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9:]+)", text):
            moment = datetime.fromisoformat(text)
            inside = FIRST_DAY < moment.date() < LAST_DAY
            bound = moment.astimezone(UTC) + timedelta(microseconds=1) if inside else None
    except ValueError:
        pass
    if bound is None:
        raise PydanticCustomError(
            "not_as_written",
            "Write a day, 2018-03-31, or an instant with its time zone, 2018-03-31T12:00:00Z, between 1900 and 2200.",
        )
    return bound


_DAY_OR_INSTANT = WithJsonSchema({"type": "string", "maxLength": 40, "examples": ["2018-05-24"]})

AsAtTime = Annotated[
    datetime | None,
    BeforeValidator(_by_then),
    _DAY_OR_INSTANT,
    Query(description="What stood then: a London day, to its end, or an instant. Arrives as the instant it ends at."),
]
KnownByTime = Annotated[
    datetime | None,
    BeforeValidator(_by_then),
    _DAY_OR_INSTANT,
    Query(description="Only what was recorded by then: a London day, to its end, or an instant."),
]


def content_tag(shape: Shape) -> str:
    """An ETag for an answer that is computed from many rows: the hash of what it says."""
    return hashlib.sha256(shape.model_dump_json().encode()).hexdigest()[:20]
