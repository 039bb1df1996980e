"""Forms of text that requests of this service share: years, quarters, references, and cells of a table sent as JSON."""

from __future__ import annotations

import hashlib
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from fastapi import Path
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    model_validator,
)

from shared.http import Body
from shared.periods import FinancialYear, Quarter
from shared.rows import sign_in_number, trimmed
from shared.texts import column_name, folded, seen

T = TypeVar("T")

NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,6})?")
YEARS = range(1900, 2201)
"""Years that a day or an instant may lie in; further out, sums with days and time zones would overflow."""


def _blank(value: Any) -> Any:
    """An empty cell says that nothing is stated."""
    return None if isinstance(value, str) and not trimmed(value) else value


def _yes_no(value: Any) -> Any:
    if isinstance(value, str) and folded(value) in ("yes", "no", ""):
        return folded(value) == "yes"
    return folded(value) if isinstance(value, str) else value


def _number(value: Any) -> Any:
    value = _blank(value)
    text = trimmed(value) if isinstance(value, str) else None
    if isinstance(value, bool) or (text is not None and not NUMBER.fullmatch(text)):
        why = sign_in_number(text) if text else None
        fix = "write a plain number such as 1200 or 97.5, without marks, signs or exponent"
        raise ValueError(f"{why} {fix.capitalize()}." if why else fix)
    return value if text is None else text


def _whole(value: Any) -> Any:
    # Left to itself the parser would also take 1_0 and 1.0.
    text = trimmed(str(value))
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,9}", text):
        raise ValueError("write a whole number such as 2")
    return int(text)


def _day(value: Any) -> Any:
    value = _blank(value)
    value = seen(value) if isinstance(value, str) else value
    # Left to itself the parser would take a number for seconds since 1970.
    if value is not None and not (isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value)):
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

AsSeen = BeforeValidator(lambda value: seen(value) if isinstance(value, str) else value)
"""Before a reference or a code is read: spaces around it and signs that nobody sees are no part of it."""

AsWord = BeforeValidator(lambda value: folded(value) if isinstance(value, str) else value)
"""Before one word of a few, or a unit, is read: also its case does not count."""

Ref = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,19}$", description="Reference, such as `EP11a`."), AsSeen
]
Unit = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="Unit, such as `peer_challenge` or `gbp`."), AsWord
]

YearPath = Annotated[
    str, AfterValidator(_year), Path(pattern=r"^[0-9]{4}-[0-9]{2}$", description="Financial year, `2017-18`.")
]
QuarterText = Annotated[str, AfterValidator(_quarter), Field(description="Quarter, `2017-18-q1`.")]


class RowBody(Body):
    """A row of a table as an object: its fields are named as columns are, whatever their case and dividers."""

    @model_validator(mode="before")
    @classmethod
    def _named_as_columns(cls, sent: Any) -> Any:
        if not isinstance(sent, dict):
            return sent
        fields = {column_name(name): name for name in cls.model_fields}
        renamed = {name: fields.get(column_name(str(name)), name) for name in sent}
        # Two columns that mean the same field stay as they were sent, and the one that is not known is refused.
        unique = len(set(renamed.values())) == len(sent)
        return {renamed[name]: value for name, value in sent.items()} if unique else sent


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
