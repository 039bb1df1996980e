"""Field types that several routes share, and how a request is shown in the API's description."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, Protocol, TypeVar

from fastapi import Path
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, ConfigDict, Field

BoardRef = Annotated[str, Path(max_length=80, description="Slug or id of the board.")]
Text = Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]
LongText = Annotated[str, Field(min_length=1, max_length=20_000, pattern=r"\S")]
"""Texts that say something: a blank is refused."""


def _as_written(value: Any) -> Any:
    """A number is no date: left to itself the parser would take it for seconds since 1970."""
    if isinstance(value, date) or (isinstance(value, str) and re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value)):
        return value
    raise ValueError("write it as 2018-05-24, a time as 2018-05-24T11:00:00+01:00")


def _in_our_time(moment: datetime) -> datetime:
    """Far from our time, calendars and time zones overflow."""
    if not 1900 <= moment.year <= 2200:
        raise ValueError("give a time between 1900 and 2200")
    return moment


Count = Annotated[int, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]
"""Whole numbers and yes or no in bodies, as JSON writes them."""

Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2200, 12, 31)), BeforeValidator(_as_written)]
Instant = Annotated[AwareDatetime, AfterValidator(_in_our_time), BeforeValidator(_as_written)]
"""A time with its offset or Z."""


def example(**fields: Any) -> ConfigDict:
    """`model_config = example(title="…")`: a request as the API's description shows it."""
    return ConfigDict(json_schema_extra={"examples": [fields]})


class SaysRelevance(Protocol):
    @property
    def programme_relevant(self) -> bool: ...
    @property
    def not_relevant_reason(self) -> str | None: ...


Relevance = TypeVar("Relevance", bound=SaysRelevance)


def check_relevance(body: Relevance) -> Relevance:
    """A paper is relevant to the programme unless a reason says no (B-1)."""
    if not body.programme_relevant and not body.not_relevant_reason:
        raise ValueError("give not_relevant_reason, or leave programme_relevant true")
    return body
