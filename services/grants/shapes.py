"""Field types that the service's requests share, and the tag of an answer that has no version of its own."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from shared.http import Shape
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


def _as_written(pattern: str, fix: str) -> BeforeValidator:
    """Only what is written in this form is read: a bare number would else count as seconds since 1970."""

    def check(value: Any) -> Any:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise PydanticCustomError("not_as_written", f"Write it as {fix}.")
        return value

    return BeforeValidator(check)


# Days and instants stay within centuries in which no arithmetic on them can overflow.
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 12, 31)
Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY), _as_written("[0-9]{4}-[0-9]{2}-[0-9]{2}", "a day, 2018-03-31")]
Moment = Annotated[
    AwareDatetime,
    Field(ge=datetime(1900, 1, 1, tzinfo=UTC), le=datetime(2200, 12, 31, tzinfo=UTC)),
    _as_written("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9:]+)?", "an instant, 2018-03-31T12:00:00Z"),
]
Yes = Annotated[bool, Field(strict=True)]
Number = Annotated[int, Field(ge=1, le=10_000), _as_written("[0-9]{1,5}", "a plain number")]
HappenedAt = Annotated[
    Moment | None,
    Field(description="When it happened, default now; an earlier time needs the scope `grants:history`."),
]

AsAt = Annotated[Day | None, Query(description="Day the answer stands for; default today in London.")]
KnownBy = Annotated[Day | None, Query(description="Only what was recorded by the end of this London day.")]


def content_tag(shape: Shape) -> str:
    """An ETag for an answer that is computed from many rows: the hash of what it says."""
    return hashlib.sha256(shape.model_dump_json().encode()).hexdigest()[:20]


def example(**fields: Any) -> ConfigDict:
    """`model_config = example(year="2017/18", …)`: a request as the API's description shows it."""
    return ConfigDict(json_schema_extra={"examples": [fields]})
