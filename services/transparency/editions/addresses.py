"""What an address about editions names, and who may look behind what is public."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Path
from pydantic import BeforeValidator, Field

from services.transparency import queries as publishers
from services.transparency.editions import queries
from services.transparency.editions.kinds import kind_of
from services.transparency.editions.subject import Subject
from services.transparency.editions.tables import Edition
from shared.work import Work

DatasetName = Annotated[
    str, Path(pattern=r"^[a-z_]+$", max_length=40, description="Dataset, such as `spend` or `contracts`.")
]
Period = Annotated[
    str,
    Path(
        pattern=r"^[0-9]{4}-[0-9]{2}(-q[1-4]|-h[12])?$",
        description="Quarter, `2017-18-q1`; for yearly datasets the year, `2017-18`; half-yearly ones, `2017-18-h1`.",
    ),
]


def _canonical(number: object) -> object:
    """An edition has one address: `v1`, never `v01` or `v+1`."""
    if isinstance(number, str) and not re.fullmatch("[1-9][0-9]*", number):
        raise ValueError("an edition's number is written in digits, without leading zeros")
    return number


Number = Annotated[
    int, Field(ge=1, le=100_000), BeforeValidator(_canonical), Path(description="Number of the edition.")
]

INSIDE = ("transparency:preparer", "transparency:approver", "transparency:auditor", "transparency:ops")


def is_inside(work: Work, publisher: str) -> bool:
    """Whether the reader prepares, approves or audits editions of this publisher."""
    return publishers.may_see(work, publisher) and work.actor.may(*INSIDE)


async def place(work: Work, publisher: str, dataset: str, period: str) -> Subject:
    """What an address names; NotFound for whatever of it is not there."""
    kind = kind_of(dataset)
    organisation = await publishers.publisher(work.session, publisher)
    found = await queries.dataset_of(work.session, organisation, dataset)
    return Subject(organisation, found, kind, kind.period(period))


def href_of(work: Work, publisher: str, dataset: str, edition: Edition) -> str:
    return f"{work.base_url}/v1/datasets/{publisher}/{dataset}/{edition.period}/editions/{edition.number}"
