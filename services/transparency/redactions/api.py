"""Routes of redactions: proposals and decisions for officers, and the public record by reason."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request
from pydantic import Field
from sqlmodel import col, select

from services.transparency import queries as publishers
from services.transparency.redactions import commands, exposure, queries, rules
from services.transparency.redactions.reasons import ROLES, reasons
from services.transparency.redactions.tables import Redaction
from services.transparency.tables import Organisation
from shared.fields import example
from shared.http import Body, PublicWork, Reads, Routes, Shape, Writes
from shared.money import pounds
from shared.pagination import Page, Paging, page_of, paginate
from shared.tabular import csv_bytes, csv_response, wants_csv
from shared.values import Slug
from shared.work import Work

router = Routes(tags=["redactions"])

OFFICERS = (
    "transparency:preparer",
    "transparency:approver",
    "transparency:dpl",
    "transparency:auditor",
)
Officer = Annotated[Work, Reads(*OFFICERS)]
Deciding = Annotated[Work, Writes("transparency:dpl", "transparency:approver")]
Publisher = Annotated[str | None, Query(max_length=80, description="Slug of a publisher; all without it.")]
State = Literal["proposed", "refused", "approved", "due_review", "renewed", "lifted"]
GROUND = 4_000


class RedactionBody(Body):
    model_config = example(
        publisher="improvement-agency",
        target_kind="row",
        target_id="5d8b1f0e6c1d5a579d431b3a5a6a7c11",
        fields=["beneficiary"],
        reason_code="COMMERCIAL_PREJUDICE",
        exemption="Commercial interests, FOI Act s.43(2)",
        prejudice="The tender for the same service is open until May; bidders would learn the price paid.",
        public_interest="A fair tender saves more than seeing this name now; amount and purpose stay public.",
        explanation="Asked for by procurement on 3 March.",
    )

    publisher: Slug
    target_kind: Literal["row", "contract"] = Field(
        description="What is withheld: a row of spend or a contract. A post is withheld by an objection to it "
        "(`/v1/posts/{publisher}/{post_id}/objections`); what is withheld of a document is stated with the document."
    )
    target_id: str = Field(
        min_length=1,
        max_length=120,
        description="RowID of the file or draft, or the reference of the contract.",
    )
    payee: bool = Field(
        default=False,
        strict=True,
        description="It holds for every row of the payee of this row, so that one decision protects a person.",
    )
    effect: rules.Effect = Field(
        default="redact",
        description="`redact`: text is replaced and the row stays. `exclude`: the row leaves the file, for the reasons "
        "INDIVIDUAL_COMPENSATION and SOLE_BENEFICIARY_AT_RISK; it stays in the reconciliation.",
    )
    fields: list[str] = Field(
        default=[],
        max_length=10,
        description="Texts to replace: of a row `beneficiary`, `purpose`, and `unit` or `category` where they name a "
        "person. With the beneficiary go purpose, numbers and contract reference.",
    )
    reason_code: str = Field(min_length=1, max_length=64, description="Code of the reasons for redaction or exclusion.")
    exemption: str | None = Field(default=None, max_length=300, description="Exemption of the FOI Act relied on.")
    prejudice: str | None = Field(default=None, max_length=GROUND, description="The specific harm publishing would do.")
    public_interest: str | None = Field(
        default=None, max_length=GROUND, description="Why withholding outweighs publishing."
    )
    explanation: str = Field(min_length=3, max_length=GROUND, description="What happened and who asked; never public.")


class ApprovalBody(Body):
    model_config = example(reason="The prejudice is specific and ends with the tender.")

    reason: str | None = Field(
        default=None,
        min_length=3,
        max_length=GROUND,
        description="The decider's own reasons; needed where the row leaves the file. Never public.",
    )


class RefusalBody(Body):
    model_config = example(reason="The contract ended two years ago; no harm is left.")

    reason: str = Field(min_length=3, max_length=GROUND, description="Why it is refused; never public.")


class ReviewBody(Body):
    model_config = example(outcome="lifted", reason="The tender is decided.")

    outcome: Literal["renewed", "lifted"]
    reason: str = Field(min_length=3, max_length=GROUND, description="Why it stays or ends; never public.")


class ExposedShape(Shape):
    dataset: str
    period: str
    edition: int
    state: str


class RedactionSummary(Shape):
    redaction_id: UUID
    publisher: str
    state: str
    effect: str
    target_kind: str
    target_id: str
    payee: bool
    fields: list[str]
    reason_code: str
    decided_by_role: str = Field(description="Role that decides this reason.")
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    reviewed_by: str | None
    reviewed_at: datetime | None
    review_on: date | None
    version: int


class RedactionDecision(RedactionSummary):
    cell_text: str = Field(description="What stands in place of the text.")
    published_in: list[ExposedShape] = Field(
        description="Public editions that show what is withheld since; they are to be withdrawn, not only followed."
    )


class RedactionShape(RedactionDecision):
    explanation: str
    exemption: str | None
    prejudice: str | None
    public_interest: str | None
    decision_reason: str | None
    review_reason: str | None


class LedgerShape(Shape):
    publisher: str
    dataset: str
    period: str
    edition: int
    reason_code: str
    meaning: str
    exemption: str
    approver_role: str
    rows: int
    value_pence: int
    share_percent: str = Field(description="Share of the edition's published total in per cent, one decimal.")
    next_review: date | None
    overdue_reviews: int = Field(description="Redactions of the publisher for this reason whose review is overdue.")


class ReviewsShape(Shape):
    publisher: str
    in_force: int
    due: int = Field(description="Waiting for their review.")
    overdue: int = Field(description="Waiting since a day before today.")
    next_review: date | None


SUMMARY_COLUMNS = ("RedactionReason", "Rows", "Amount", "ShareOfValue", "ApproverRole", "NextReview")
BESIDE = ("Publisher", "Dataset", "Period", "Edition", "Exemption", "OverdueReviews")
"""Behind the profile's own columns, because this table holds more than one edition."""


@router.get("/v1/redactions", response_model=Page[LedgerShape], responses={200: {"content": {"text/csv": {}}}})
@router.get("/v1/redactions.csv", include_in_schema=False, name="list_redactions_csv")
async def list_redactions(
    work: PublicWork,
    request: Request,
    paging: Paging,
    publisher: Publisher = None,
    period: Annotated[str | None, Query(max_length=20, description="Period, such as `2017-18-q1`.")] = None,
    reason: Annotated[str | None, Query(max_length=64, description="Code of a reason.")] = None,
) -> Any:
    """The public record of withheld text: each edition in force by reason, with rows, value, approver and review.

    It says nothing of which rows, whose they are, or what was written to justify it.
    """
    if publisher is not None:
        await publishers.publisher(work.session, publisher)
    found = await queries.public_ledger(work.session, work.now, publisher=publisher, period=period, reason=reason)
    if wants_csv(request):
        data, _ = csv_bytes((*SUMMARY_COLUMNS, *BESIDE), map(_cells, found))
        return csv_response(data, f"redactions-{publisher or 'all'}-{period or 'all'}.csv")
    return page_of(
        work,
        [_ledger(row) for row in found],
        key=lambda item: (item.publisher, item.period, item.dataset, item.reason_code),
        paging=paging,
    )


@router.get("/v1/redaction-reviews")
async def list_redaction_reviews(work: PublicWork, paging: Paging, publisher: Publisher = None) -> Page[ReviewsShape]:
    """How many redactions of each publisher are in force, and how many reviews of them are due and overdue."""
    found = await queries.reviews(work.session, work.now, publisher)
    items = [ReviewsShape.model_validate(each) for each in found]
    return page_of(work, items, key=lambda item: (item.publisher,), paging=paging)


@router.get("/v1/redactions/register")
async def list_redaction_decisions(
    work: Officer,
    paging: Paging,
    publisher: Publisher = None,
    state: Annotated[State | None, Query(description="State, such as `proposed`: what waits for a decision.")] = None,
) -> Page[RedactionSummary]:
    """For officers: every redaction with its target and state, without what people wrote of it."""
    statement: Any = (
        select(Redaction, Organisation.slug)
        .join(Organisation, col(Organisation.organisation_id) == col(Redaction.organisation_id))
        .where(*publishers.seen_only(work))
    )
    if publisher is not None:
        statement = statement.where(col(Organisation.slug) == publisher)
    if state is not None:
        statement = statement.where(col(Redaction.state) == state)
    return await paginate(
        work,
        statement,
        order=(Redaction.proposed_at, Redaction.redaction_id),
        paging=paging,
        shape=lambda row: RedactionSummary(**_summary(row[0], row[1])),
    )


@router.get("/v1/redactions/{redaction_id}")
async def read_redaction(work: Officer, redaction_id: UUID) -> RedactionShape:
    """For officers: one redaction with its grounds, and the public editions that still show what it withholds."""
    redaction, grounds = await queries.redaction(work, redaction_id)
    decision = await _answer(work, redaction)
    return RedactionShape(**decision.model_dump(), **grounds.model_dump(exclude={"redaction_id"}))


@router.post("/v1/redactions", status_code=201)
async def propose_redaction(
    work: Annotated[Work, Writes("transparency:preparer")], body: RedactionBody
) -> RedactionDecision:
    """Propose to withhold text, or a whole row. Until another person approves it, everything is published on schedule.

    Each reason needs what its table says: an exemption, and for most the specific prejudice and the public interest.
    Commercial confidentiality alone is refused.
    """
    proposal = rules.Proposal(
        effect=body.effect,
        target_kind=body.target_kind,
        payee=body.payee,
        fields=body.fields,
        reason_code=body.reason_code,
        exemption=body.exemption,
        prejudice=body.prejudice,
        public_interest=body.public_interest,
    )
    grounds = commands.Grounds(body.explanation, body.exemption, body.prejudice, body.public_interest)
    redaction = await commands.propose_redaction(work, body.publisher, proposal, body.target_id, grounds)
    work.headers["Location"] = f"{work.base_url}/v1/redactions/{redaction.redaction_id}"
    return await _answer(work, redaction)


@router.post("/v1/redactions/{redaction_id}/approvals", status_code=201)
async def approve_redaction(work: Deciding, redaction_id: UUID, body: ApprovalBody) -> RedactionDecision:
    """Approve what another person proposed: it is withheld from the next edition on.

    The data protection lead decides on personal data, an approver on the rest; nobody on what they proposed themselves.
    """
    return await _answer(work, await commands.approve_redaction(work, redaction_id, body.reason))


@router.post("/v1/redactions/{redaction_id}/refusals", status_code=201)
async def refuse_redaction(work: Deciding, redaction_id: UUID, body: RefusalBody) -> RedactionDecision:
    """Refuse a proposal, with the reason."""
    return await _answer(work, await commands.refuse_redaction(work, redaction_id, body.reason))


@router.post("/v1/redactions/{redaction_id}/reviews", status_code=201)
async def review_redaction(work: Deciding, redaction_id: UUID, body: ReviewBody) -> RedactionDecision:
    """Renew a redaction whose review is due, or lift one: the next edition then shows the text again."""
    return await _answer(work, await commands.review_redaction(work, redaction_id, body.outcome, body.reason))


async def _answer(work: Work, redaction: Redaction) -> RedactionDecision:
    """What was decided, without anybody's words: answers to a POST are kept for its repetition."""
    await work.session.flush()
    organisation = await publishers.organisation(work.session, redaction.organisation_id)
    shown = await exposure.exposed(work, redaction)
    work.etag(redaction.version)
    return RedactionDecision(
        **_summary(redaction, organisation.slug if organisation else ""),
        cell_text=reasons()[redaction.reason_code].cell_text,
        published_in=[ExposedShape.model_validate(each) for each in shown],
    )


def _summary(redaction: Redaction, publisher: str) -> dict[str, Any]:
    return {
        **redaction.model_dump(exclude={"organisation_id", "target", "changed_by", "modified_at"}),
        "publisher": publisher,
        "decided_by_role": ROLES[reasons()[redaction.reason_code].approver],
    }


def _ledger(row: queries.LedgerRow) -> LedgerShape:
    return LedgerShape(
        publisher=row.publisher,
        dataset=row.dataset,
        period=row.period,
        edition=row.edition,
        reason_code=row.reason.code,
        meaning=row.reason.meaning,
        exemption=row.reason.exemption,
        approver_role=ROLES[row.reason.approver],
        rows=row.rows,
        value_pence=row.value_pence,
        share_percent=row.share_percent,
        next_review=row.next_review,
        overdue_reviews=row.overdue_reviews,
    )


def _cells(row: queries.LedgerRow) -> tuple[Any, ...]:
    return (
        row.reason.code,
        row.rows,
        pounds(row.value_pence),
        row.share_percent,
        ROLES[row.reason.approver],
        f"{row.next_review:%d/%m/%Y}" if row.next_review else None,
        row.publisher,
        row.dataset,
        row.period,
        row.edition,
        row.reason.exemption,
        row.overdue_reviews,
    )
