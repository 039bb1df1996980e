"""Routes of virements and of the thresholds of significance, and the shapes they take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Request, Response
from pydantic import Field

from services.grants.queries import load_agreement
from services.grants.shapes import Amount, Prose
from services.grants.variations import commands, shapes
from services.grants.variations.api import (
    Manager,
    MoveBody,
    Reader,
    SignificanceBody,
    moves_of,
    page_of_variations,
)
from services.grants.variations.content.rules import Content
from services.grants.variations.queries import load_variation, thresholds_of
from services.grants.variations.rules import VariationState
from services.grants.variations.shapes import VariationInList, VariationShape
from services.grants.variations.tables import SignificanceThresholds
from services.grants.variations.virements import commands as virements
from services.grants.variations.virements.rules import Thresholds
from shared.fields import Day, as_written, example
from shared.http import Body, Routes, Shape, Writes
from shared.pagination import ChangedPaging, Page
from shared.work import Work

router = Routes(tags=["virements"])


class NewVirement(Body):
    """Budget moved between lines of the agreement; what is moved sums to zero."""

    model_config = example(
        lines=[{"line_code": "IL5", "delta_pence": -20_000_000}, {"line_code": "IL1", "delta_pence": 20_000_000}],
        reason="More leadership places are asked for than planned.",
        significance={"significant": False, "reason": "Within one heading, below a tenth of the line."},
        effective_from="2017-10-01",
    )

    lines: list[MoveBody] = Field(min_length=1, max_length=500)
    reason: Prose
    evidence: Prose | None = None
    significance: SignificanceBody | None = None
    proposed_on: Day | None = Field(
        default=None, description="Default today; an earlier day needs the scope `grants:history`."
    )
    effective_from: Day = Field(description="In the year, and in no period whose report was submitted (G-16).")


class ThresholdsBody(Body):
    """From where on a change is significant. Null leaves a threshold unset: a person decides each time."""

    model_config = example(share_percent="10.000", absolute_pence=25_000_000, reason="Agreed with the auditors.")

    share_percent: (
        Annotated[str, as_written(r"(100(\.0{1,3})?|[0-9]{1,2}(\.[0-9]{1,3})?)", "a percentage up to 100, such as 7.5")]
        | None
    ) = Field(description="Share of the source line above which a change is significant.")
    absolute_pence: Amount | None = Field(description="Amount moved above which a change is significant.")
    reason: Prose


class ThresholdsShape(Shape):
    number: int = Field(description="How often they were set; 0 before the first time.")
    share_percent: str | None
    absolute_pence: int | None
    reason: str | None
    set_at: datetime | None
    set_by: str | None


class AllThresholds(ThresholdsShape):
    earlier: list[ThresholdsShape]


@router.post("/v1/agreements/{agreement}/virements", status_code=201)
async def propose_virement(work: Manager, agreement: str, body: NewVirement) -> VariationShape:
    """Propose a virement. Inside one heading a second person's approval suffices; else the department agrees (G-14)."""
    moves = moves_of(body.lines)
    virement = await commands.propose(
        work,
        agreement,
        Content(kind="allocation", effective_from=body.effective_from, moves=moves, is_virement=True),
        reason=body.reason,
        evidence=body.evidence,
        judged=body.significance.judgement(work) if body.significance else None,
        proposed_on=body.proposed_on,
    )
    work.headers["Location"] = f"{work.base_url}/v1/agreements/{virement.agreement_id}/virements/{virement.id}"
    return await shapes.whole(work, await load_agreement(work.session, agreement), virement)


@router.get("/v1/agreements/{agreement}/virements.csv", include_in_schema=False, response_model=Page[VariationInList])
@router.get("/v1/agreements/{agreement}/virements", response_model=Page[VariationInList])
async def list_virements(
    work: Reader, request: Request, agreement: str, paging: ChangedPaging, state: VariationState | None = None
) -> Page[VariationInList] | Response:
    """Virements, the oldest first, with state, age and what they would change (question 3)."""
    return await page_of_variations(work, request, agreement, paging, state=state, virements=True)


@router.get("/v1/agreements/{agreement}/virements/{virement}")
async def read_virement(work: Reader, agreement: str, virement: str) -> VariationShape:
    """One virement by id or number."""
    found = await load_agreement(work.session, agreement)
    return await shapes.whole(work, found, await load_variation(work.session, found.id, virement, virement=True))


@router.post("/v1/agreements/{agreement}/virements/{virement}/approvals", status_code=201)
async def approve_virement(
    work: Annotated[Work, Writes("grants:approver")], agreement: str, virement: str
) -> VariationShape:
    """Approve what stays inside one heading; by another person than the one who proposed it. It takes effect."""
    approved = await virements.approve_virement(work, agreement, virement)
    return await shapes.whole(work, await load_agreement(work.session, agreement), approved)


@router.get("/v1/agreements/{agreement}/significance-thresholds")
async def read_thresholds(work: Reader, agreement: str) -> AllThresholds:
    """From where on a change of budget is significant; both unset at first (G-15)."""
    found = await load_agreement(work.session, agreement)
    return await _thresholds(work, found.id)


@router.put("/v1/agreements/{agreement}/significance-thresholds")
async def set_thresholds(
    work: Annotated[Work, Writes("grants:cfo")], agreement: str, body: ThresholdsBody
) -> AllThresholds:
    """Set the thresholds, with a reason. Needs If-Match; what was set before stays readable."""
    row = await virements.set_thresholds(
        work, agreement, Thresholds(millipercent(body.share_percent), body.absolute_pence), body.reason
    )
    return await _thresholds(work, row.agreement_id)


def millipercent(text: str | None) -> int | None:
    """`7.5` → 7500: thousandths of a per cent, exactly."""
    if text is None:
        return None
    whole, _, fraction = text.partition(".")
    return int(whole) * 1000 + int((fraction + "000")[:3])


async def _thresholds(work: Work, agreement_id: UUID) -> AllThresholds:
    await work.session.flush()
    rows = await thresholds_of(work.session, agreement_id)
    work.etag(rows[0].number if rows else 0)
    unset = ThresholdsShape(number=0, share_percent=None, absolute_pence=None, reason=None, set_at=None, set_by=None)
    shown = [_shape(row) for row in rows] or [unset]
    return AllThresholds(**shown[0].model_dump(), earlier=shown[1:])


def _shape(row: SignificanceThresholds) -> ThresholdsShape:
    share = row.share_millipercent
    return ThresholdsShape(
        number=row.number,
        share_percent=None if share is None else f"{share // 1000}.{share % 1000:03d}",
        absolute_pence=row.absolute_pence,
        reason=row.reason,
        set_at=row.set_at,
        set_by=row.set_by,
    )
