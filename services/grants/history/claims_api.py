"""Routes of claims about the grant's history, and their shapes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.grants.faults import year_of
from services.grants.history.claims import Claim, record_claim, withdraw_claim
from services.grants.history.queries import load_claim
from services.grants.history.tables import GrantClaim
from services.grants.public import shown
from services.grants.shapes import Name, Prose, Year
from shared.fields import Day, example
from shared.http import Body, PublicWork, Routes, Shape, Writes
from shared.work import Work

router = Routes(tags=["grant history"])

Manager = Annotated[Work, Writes("grants:manager")]
Basis = Literal["real_terms", "cash", "not_stated"]


class NewClaim(Body):
    """What somebody claims about the grant of one year beside that of an earlier one."""

    model_config = example(
        from_year="2010/11",
        to_year="2017/18",
        claimed_by="The association, in its sector update",
        source="003 Introduction",
        statement="The money for improvement led by the sector fell by about three fifths in real terms.",
        figure_as_printed="approximately 60 per cent",
        claimed_on="2017-11-01",
    )

    from_year: Year
    to_year: Year
    basis: Basis = Field(default="real_terms", description="In which prices the claim speaks, as far as it says.")
    claimed_by: Name
    source: Name = Field(description="Document and place.")
    statement: Prose = Field(description="What is claimed, in your own words.")
    figure_as_printed: Name = Field(description="The figure exactly as printed; it is text, and nothing is computed.")
    claimed_on: Day | None = Field(default=None, description="Left out where the document does not say.")


class ClaimWithdrawalBody(Body):
    """Why a claim was recorded wrongly."""

    model_config = example(reason="the document speaks of another fund")

    reason: Prose


class ClaimShape(Shape):
    id: UUID
    from_year: str
    to_year: str
    basis: Basis
    claimed_by: str
    source: str
    statement: str
    figure_as_printed: str
    claimed_on: date | None
    withdrawn_at: datetime | None
    withdrawal_reason: str | None
    version: int


CLAIM_TEXTS = ("statement", "withdrawal_reason")


@router.post("/v1/grant-history/claims", status_code=201)
async def record_grant_claim(work: Manager, body: NewClaim) -> ClaimShape:
    """Keep what somebody claims about a change of the grant, beside the figures and apart from them."""
    row = await record_claim(
        work,
        Claim(
            from_year=year_of(body.from_year, pointer="/from_year"),
            to_year=year_of(body.to_year, pointer="/to_year"),
            **body.model_dump(exclude={"from_year", "to_year"}),
        ),
    )
    work.headers["Location"] = f"{work.base_url}/v1/grant-history/claims/{row.id}"
    return _shape(work, row)


@router.get("/v1/grant-history/claims/{claim}")
async def read_grant_claim(work: PublicWork, claim: str) -> ClaimShape:
    """One claim."""
    return _shape(work, await load_claim(work.session, claim))


@router.post("/v1/grant-history/claims/{claim}/withdrawals", status_code=201)
async def withdraw_grant_claim(work: Manager, claim: str, body: ClaimWithdrawalBody) -> ClaimShape:
    """Take back a claim that was recorded wrongly."""
    return _shape(work, await withdraw_claim(work, claim, body.reason))


def _shape(work: Work, row: GrantClaim) -> ClaimShape:
    work.etag(row.version)
    return shown(work, ClaimShape.model_validate(row), *CLAIM_TEXTS)
