"""Field types of requests: days, instants and whole numbers are read only as they are written."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 12, 31)
"""Days and instants stay within centuries in which no arithmetic on them can overflow."""


def as_written(pattern: str, fix: str) -> BeforeValidator:
    """Refuse text of another form before it is parsed, and saying how to write it.

    Left to itself the parser takes a bare number for seconds since 1970, and `1_0` for ten.
    """

    def check(value: Any) -> Any:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise PydanticCustomError("not_as_written", f"Write it as {fix}.")
        return value

    return BeforeValidator(check)


Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY), as_written("[0-9]{4}-[0-9]{2}-[0-9]{2}", "a day, 2018-03-31")]
Moment = Annotated[
    AwareDatetime,
    Field(ge=datetime(1900, 1, 1, tzinfo=UTC), le=datetime(2200, 12, 31, tzinfo=UTC)),
    as_written("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9:]+)?", "an instant, 2018-03-31T12:00:00Z"),
]
PlainNumber = Annotated[int, as_written("[0-9]{1,9}", "a plain whole number")]
"""For path and query parameters, which arrive as text."""


def example(**fields: Any) -> ConfigDict:
    """`model_config = example(year="2017/18", …)`: a request as the API's description shows it."""
    return ConfigDict(json_schema_extra={"examples": [fields]})
