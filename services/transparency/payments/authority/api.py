"""Routes of the day from which a publisher is a contracting authority."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from services.transparency import queries as publishers
from services.transparency.api import PublisherSlug
from services.transparency.payments.authority import commands
from services.transparency.payments.authority.duties import DUTIES, authority_of
from services.transparency.payments.authority.tables import ContractingAuthority
from shared.fields import Day, example
from shared.http import Body, PublicWork, Routes, Shape, Writes
from shared.work import Work

router = Routes(tags=["payments"])


class AuthorityBody(Body):
    model_config = example(
        contracting_authority_from="2025-02-24",
        reason="It awards its contracts under the Procurement Act 2023.",
    )

    contracting_authority_from: Day | None = Field(
        description="First day on which the publisher is a contracting authority; null where it is none."
    )
    reason: str = Field(min_length=3, max_length=2000, description="Why it is set or changed; kept in the audit log.")


class AuthorityShape(Shape):
    publisher: str
    contracting_authority_from: date | None = Field(
        description="First day on which the publisher is a contracting authority; null where it is none: then neither "
        "duty is owed and neither dataset published."
    )
    duties: list[str] = Field(description="Codes of the duties that stand in the calendar from that day on.")
    set_at: datetime | None = Field(description="When it was last set; null where it never was.")
    links: dict[str, str]


@router.get("/v1/publishers/{publisher}/contracting-authority")
async def read_contracting_authority(work: PublicWork, publisher: PublisherSlug) -> AuthorityShape:
    """Since when the publisher is a contracting authority, and the duties that follow."""
    organisation = await publishers.publisher(work.session, publisher)
    return _answer(work, publisher, await authority_of(work.session, organisation.organisation_id))


@router.put("/v1/publishers/{publisher}/contracting-authority")
async def set_contracting_authority(
    work: Annotated[Work, Writes("transparency:finance")], publisher: PublisherSlug, body: AuthorityBody
) -> AuthorityShape:
    """Set, move or remove the day. Duties of the publisher's years appear in the calendar or are lifted with it.

    Needs If-Match; the ETag of a day that was never set is "0".
    """
    authority = await commands.set_contracting_authority(
        work, publisher, body.contracting_authority_from, body.reason, _href(work, publisher)
    )
    return _answer(work, publisher, authority)


def _answer(work: Work, publisher: str, authority: ContractingAuthority | None) -> AuthorityShape:
    work.etag(authority.version if authority else 0)
    since = authority.contracting_authority_from if authority else None
    return AuthorityShape(
        publisher=publisher,
        contracting_authority_from=since,
        duties=sorted(DUTIES) if since else [],
        set_at=authority.set_at if authority else None,
        links={
            "self": _href(work, publisher),
            "obligations": f"{work.base_url}/v1/obligations?publisher={publisher}",
        },
    )


def _href(work: Work, publisher: str) -> str:
    return f"{work.base_url}/v1/publishers/{publisher}/contracting-authority"
