"""Routes of declarations of use: what is declared, what is not, what waits for a decision, and the decision."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import Field
from sqlmodel import col

from services.grants.as_csv import csv_of
from services.grants.expenditure.names import SEES_NAMES
from services.grants.queries import load_agreement
from services.grants.shapes import Code, Name, Prose, content_tag
from services.grants.use_rules import declaring
from services.grants.use_rules.queries import declarations, private_subjects, undecided_awards, use_summary
from services.grants.use_rules.rules import Outcome
from services.grants.use_rules.shapes import UseCode, UseException
from services.grants.use_rules.tables import UseDeclaration
from shared.fields import example
from shared.http import Body, Reads, Routes, Shape, Writes
from shared.pagination import Page, Paging, paginate
from shared.tabular import wants_csv
from shared.values import QuarterSlug
from shared.work import Work

router = Routes(tags=["permitted use"])

Officer = Annotated[Work, Reads("grants:manager", "grants:finance", "grants:cfo", "grants:approver", "grants:read")]


CSV_COLUMNS = {
    "Subject": "subject_kind",
    "Id": "subject_id",
    "Number": "number",
    "Codes": "codes",
    "Exception": "exception",
    "Outcome": "outcome",
    "Rule": "rule_code",
    "Paragraph": "paragraph",
    "RulesVersion": "rules_version",
    "Reason": "reason",
    "DeclaredAt": "declared_at",
    "DecidedAt": "decided_at",
}


class NewUseDeclaration(Body):
    """The codes that entries raise, or none: of those named, or of everything undeclared that the filters leave."""

    model_config = example(
        use_codes=[], quarter="2017-18-q1", line_code="IL1", reason="Read through with the budget holders on 12 July."
    )

    use_codes: list[UseCode] = Field(max_length=40, description="Empty for none.")
    use_exception: UseException | None = None
    quarter: QuarterSlug | None = None
    line_code: Code | None = None
    source: Name | None = None
    entries: list[UUID] = Field(
        default_factory=list, max_length=500, description="Named entries are declared anew, whatever stood before."
    )
    reason: Prose


class UseDecision(Body):
    """The chief finance officer's decision, with the reason."""

    model_config = example(outcome="allowed", reason="The adviser answers a consultation on the programme.")

    outcome: Literal["allowed", "refused"]
    reason: Prose


class DeclaredShape(Shape):
    declared: int
    allowed: int
    refused: int = Field(description="To be reversed, or borne by own funds.")
    awaiting_decision: int
    rules_version: int


class DeclarationShape(Shape):
    id: UUID
    subject_kind: Literal["entry", "held_line", "award"]
    subject_id: UUID
    number: int
    codes: list[str] | None
    exception: str | None
    outcome: Outcome
    rule_code: str
    paragraph: str
    detail: str
    rules_version: int
    reason: str | None = Field(description="Left out for private payees unless the token is of finance.")
    declared_at: datetime
    decided_at: datetime | None


class UseSummaryShape(Shape):
    """How an agreement's standing ledger entries are declared; reversed ones do not count."""

    entries: int
    undeclared: int
    awaiting_decision: int
    refused: int
    allowed: int
    awards_unsettled: int = Field(description="Awards that cannot be paid for want of a declaration or a decision.")


@router.post("/v1/agreements/{agreement}/use-declarations", status_code=201)
async def declare_use(
    work: Annotated[Work, Writes("grants:finance")], agreement: str, body: NewUseDeclaration
) -> DeclaredShape:
    """Declare the use of many ledger entries at once; each is judged by its own texts and line."""
    chosen = declaring.Chosen(tuple(body.entries), body.quarter, body.line_code, body.source)
    declared = await declaring.declare_entries(
        work, agreement, chosen, use_codes=body.use_codes, use_exception=body.use_exception, reason=body.reason
    )
    outcomes = declared.outcomes
    return DeclaredShape(
        declared=sum(outcomes.values()),
        allowed=outcomes.get("allowed", 0),
        refused=outcomes.get("refused", 0),
        awaiting_decision=outcomes.get("decision_required", 0),
        rules_version=declared.rules_version,
    )


@router.get(
    "/v1/agreements/{agreement}/use-declarations.csv", include_in_schema=False, response_model=Page[DeclarationShape]
)
@router.get("/v1/agreements/{agreement}/use-declarations", response_model=Page[DeclarationShape])
async def list_use_declarations(
    work: Officer,
    request: Request,
    agreement: str,
    paging: Paging,
    subject_kind: Literal["entry", "held_line", "award"] | None = None,
    outcome: Outcome | None = None,
    code: Annotated[UseCode | None, Query()] = None,
    history: Annotated[bool, Query(description="Superseded declarations too.")] = False,
) -> Page[DeclarationShape] | Response:
    """What was declared and decided; `outcome=decision_required` is what waits for the chief finance officer.

    CSV by `.csv` or `Accept`.
    """
    found = await load_agreement(work.session, agreement)
    statement = declarations(found.id, subject_kind=subject_kind, outcome=outcome, code=code, latest_only=not history)
    page = await paginate(
        work, statement, order=(col(UseDeclaration.id),), paging=paging, shape=DeclarationShape.model_validate
    )
    if not work.actor.may(*SEES_NAMES):
        # A person may be named in the reason that another gave; who does not see payees' names does not see that.
        private = await private_subjects(work.session, [item.subject_id for item in page.items])
        page.items = [
            item.model_copy(update={"reason": None}) if item.subject_id in private else item for item in page.items
        ]
    work.headers["Vary"] = "Accept"
    if not wants_csv(request):
        return page
    return csv_of(CSV_COLUMNS, page.items, f"use-declarations-{found.year.replace('/', '-')}.csv")


@router.get("/v1/agreements/{agreement}/use-summary")
async def read_use_summary(work: Officer, agreement: str) -> UseSummaryShape:
    """How much of an agreement's ledger is declared, undeclared, refused or waits for a decision."""
    found = await load_agreement(work.session, agreement)
    summary = await use_summary(work.session, found.id)
    shape = UseSummaryShape(
        entries=summary.entries,
        undeclared=summary.undeclared,
        awaiting_decision=summary.awaiting_decision,
        refused=summary.refused,
        allowed=summary.allowed,
        awards_unsettled=await undecided_awards(work.session, found.id),
    )
    work.etag(content_tag(shape))
    return shape


@router.post("/v1/use-declarations/{declaration}/decisions", status_code=201)
async def decide_use(
    work: Annotated[Work, Writes("grants:cfo")], declaration: UUID, body: UseDecision
) -> DeclarationShape:
    """Decide what the rules leave open, as another person than the one who declared it."""
    return DeclarationShape.model_validate(
        await declaring.decide_use(work, declaration, outcome=body.outcome, reason=body.reason)
    )
