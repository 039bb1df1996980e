"""Forms of text that requests of this service share: years, quarters, references, and cells of a table sent as JSON."""

from __future__ import annotations

import hashlib
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from fastapi import Path
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, StringConstraints

from shared.periods import FinancialYear, Quarter

T = TypeVar("T")

NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,6})?")
YEARS = range(1900, 2201)
"""Years that a day or an instant may lie in; further out, sums with days and time zones would overflow."""


def _blank(value: Any) -> Any:
    """An empty cell says that nothing is stated."""
    return None if isinstance(value, str) and not value.strip() else value


def _yes_no(value: Any) -> Any:
    if isinstance(value, str) and value.strip().lower() in ("yes", "no", ""):
        return value.strip().lower() == "yes"
    return value


def _number(value: Any) -> Any:
    value = _blank(value)
    if isinstance(value, bool) or (isinstance(value, str) and not NUMBER.fullmatch(value.strip())):
        raise ValueError("write a plain number such as 1200 or 97.5, without marks, signs or exponent")
    return value


def _whole(value: Any) -> Any:
    # Left to itself the parser would also take 1_0 and 1.0.
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,9}", str(value).strip()):
        raise ValueError("write a whole number such as 2")
    return int(value)


def _day(value: Any) -> Any:
    value = _blank(value)
    # Left to itself the parser would take a number for seconds since 1970.
    if value is not None and not (
        isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value.strip())
    ):
        raise ValueError("write the day as 2018-03-31")
    return value


def _in_our_time(value: T) -> T:
    if isinstance(value, date) and value.year not in YEARS:
        raise ValueError(f"give a year between {YEARS.start} and {YEARS.stop - 1}")
    return value


def _instant(value: Any) -> Any:
    if value is not None and not isinstance(value, str | datetime):
        raise ValueError("write the time as 2018-05-01T09:00:00Z")
    return value


def _year(text: str) -> str:
    FinancialYear.parse(text)
    return text


def _quarter(text: str) -> str:
    Quarter.parse(text)
    return text


Blank = BeforeValidator(_blank)
"""In front of an optional field: `""` counts as left out, so that rows of a CSV file fit as they are."""

YesNo = Annotated[bool, BeforeValidator(_yes_no)]
"""`true`, `false`, `"yes"`, `"no"`; an empty cell is no."""

Plain = Annotated[Decimal, Field(ge=0, max_digits=15, decimal_places=6)]
"""At most 15 digits: as many as a JSON number carries exactly, wherever it is read."""

Prose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
"""A reason or a name: more than blanks."""

Number = Annotated[Plain | None, BeforeValidator(_number)]
"""A plain number, as JSON number or as text; `""` is none."""

Whole = Annotated[int, BeforeValidator(_whole)]
Day = Annotated[date | None, BeforeValidator(_day), AfterValidator(_in_our_time)]
HappenedAt = Annotated[
    datetime | None,
    BeforeValidator(_instant),
    AfterValidator(_in_our_time),
    Field(description="When it happened, with time zone; left out: now. An earlier one needs deliverables:history."),
]

Ref = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,19}$", description="Reference, such as `EP11a`.")]
Unit = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="Unit, such as `peer_challenge` or `gbp`.")]

YearPath = Annotated[
    str, AfterValidator(_year), Path(pattern=r"^[0-9]{4}-[0-9]{2}$", description="Financial year, `2017-18`.")
]
QuarterText = Annotated[str, AfterValidator(_quarter), Field(description="Quarter, `2017-18-q1`.")]


def _plain(value: Decimal) -> int | float:
    """Whole numbers as integers; others as the shortest decimal."""
    return int(value) if value == value.to_integral_value() else float(value)


Figure = Annotated[Decimal, PlainSerializer(_plain, return_type=int | float, when_used="json")]
"""A number in an answer."""


def example(**fields: Any) -> ConfigDict:
    """`model_config = example(quarter="2017-18-q1")`: a request as the API's description shows it."""
    return ConfigDict(json_schema_extra={"examples": [fields]})


def content_tag(*shapes: BaseModel) -> str:
    """An ETag for an answer that is computed from many rows: the hash of what it says."""
    return hashlib.sha256(b"".join(shape.model_dump_json().encode() for shape in shapes)).hexdigest()[:20]


def due_or_year_end(due: date | None, year: FinancialYear) -> date:
    """Without a date of its own a target is due on the last day of the year (D-10)."""
    return due or year.end
