"""Routes of held lines: what waits for whom, and decisions on one line or on many of a batch."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import Field, model_validator
from sqlmodel import col

from services.grants.expenditure.names import SEES_NAMES
from services.grants.expenditure.tables import HeldLine
from services.grants.held_lines import commands, queries
from services.grants.held_lines.commands import Verdict
from services.grants.held_lines.rules import Decision
from services.grants.held_lines.shapes import DecidedShape, HeldShape, held_shape
from services.grants.held_lines.tables import HeldDecision
from services.grants.ledger.bodies import Label, Quarter, UseCodes
from services.grants.organisations.tables import Organisation
from services.grants.shapes import Code, Prose, content_tag
from shared.errors import NotFound
from shared.fields import example
from shared.http import Body, Reads, Routes, Writes
from shared.pagination import Page, Paging, paginate
from shared.values import Slug
from shared.work import Work

router = Routes(tags=["held lines"])

LedgerReader = Annotated[
    Work, Reads("grants:finance", "grants:manager", "grants:cfo", "grants:approver", "grants:read")
]
Decider = Annotated[Work, Writes("grants:finance", "grants:cfo")]


class DecisionBody(Body):
    """What becomes of a held line: once and for all."""

    model_config = example(decision="accept", reason="the department confirmed the cost by letter of 3 May")

    decision: Decision = Field(
        description="`accept` into the agreement; `outside` any agreement, funded from elsewhere; `duplicate` of an"
        " entry; `refuse`."
    )
    reason: Prose
    agreement: Label | None = Field(default=None, description="Another agreement than the line's own, for `accept`.")
    line_code: Code | None = None
    accounting_quarter: Quarter | None = None
    use_codes: UseCodes | None = Field(default=None, description="What the line raises, where it declared otherwise.")
    use_exception: Annotated[str, Field(max_length=80)] | None = Field(
        default=None, description="The named exception under which it is accepted (G-20)."
    )
    duplicate_of: UUID | None = Field(
        default=None, description="The entry it repeats; found by itself where lines are counted."
    )

    @model_validator(mode="after")
    def fits_the_decision(self) -> DecisionBody:
        accepting = ("agreement", "line_code", "accounting_quarter", "use_codes", "use_exception")
        surplus = [name for name in accepting if getattr(self, name) is not None and self.decision != "accept"]
        if self.duplicate_of is not None and self.decision != "duplicate":
            surplus.append("duplicate_of")
        if surplus:
            raise ValueError(f"{', '.join(surplus)} does not go with {self.decision}")
        if self.agreement is not None and self.line_code is None:
            raise ValueError("another agreement needs its line_code")
        return self

    def verdict(self) -> Verdict:
        return Verdict(
            decision=self.decision,
            reason=self.reason,
            agreement=self.agreement,
            line_code=self.line_code,
            quarter=self.accounting_quarter,
            use_codes=self.use_codes,
            use_exception=self.use_exception,
            duplicate_of=self.duplicate_of,
        )


class BatchDecisionBody(DecisionBody):
    """One decision on every line of a batch that waits for the same reason; all of them or none."""

    model_config = example(reason_code="possible_duplicate", decision="duplicate", reason="the file was sent twice")

    reason_code: Annotated[str, Field(pattern="^[a-z_]{1,40}$")] = Field(
        description="Why the lines are held, such as `possible_duplicate`."
    )
    held_lines: tuple[UUID, ...] | None = Field(
        default=None, min_length=1, max_length=5000, description="Only these of them."
    )


@router.get("/v1/held-lines")
async def list_held_lines(
    work: LedgerReader,
    paging: Paging,
    organisation: Slug | None = None,
    batch: UUID | None = None,
    state: Annotated[Literal["waiting", "decided", "all"], Query(description="Decided lines stay readable.")] = (
        "waiting"
    ),
    reason: Annotated[
        str | None, Query(pattern="^[a-z_]{1,40}$", description="Code of a reason, such as `use_decision_required`.")
    ] = None,
    rule: Annotated[str | None, Query(max_length=40, description="Rule of use that a line raises.")] = None,
) -> Page[HeldShape]:
    """Lines that wait for a person, oldest first."""
    wanted: list[Any] = []
    if organisation is not None:
        wanted.append(Organisation.slug == organisation)
    if batch is not None:
        wanted.append(HeldLine.batch_id == batch)
    if state != "all":
        undecided = col(HeldDecision.id).is_(None)
        wanted.append(undecided if state == "waiting" else ~undecided)
    if reason is not None:
        wanted.append(queries.has_reason(reason))
    if rule is not None:
        wanted.append(col(HeldLine.reasons).contains([{"rule": rule}]))
    names = work.actor.may(*SEES_NAMES)
    return await paginate(
        work,
        queries.held_lines(work.actor.organisations).where(*wanted),
        order=(HeldLine.id,),
        paging=paging,
        shape=lambda row: held_shape(row[0], row[1], row[2], names=names),
    )


@router.get("/v1/held-lines/{held_line_id}")
async def read_held_line(work: LedgerReader, held_line_id: UUID) -> HeldShape:
    """One held line, and what was decided on it."""
    shape = await _shape(work, held_line_id)
    work.etag(content_tag(shape))
    return shape


@router.post("/v1/held-lines/{held_line_id}/decisions", status_code=201)
async def decide_held_line(work: Decider, held_line_id: UUID, body: DecisionBody) -> HeldShape:
    """Decide on a held line; not by who sent it, and by the chief finance officer where a rule of use holds it."""
    await commands.decide(work, [held_line_id], body.verdict())
    return await _shape(work, held_line_id)


@router.post("/v1/expenditure-batches/{batch_id}/held-decisions", status_code=201)
async def decide_held_lines_of_batch(work: Decider, batch_id: UUID, body: BatchDecisionBody) -> DecidedShape:
    """Decide on many lines of a batch at once, all of them or none."""
    decided = await commands.decide_batch(work, batch_id, body.reason_code, body.verdict(), body.held_lines)
    return DecidedShape.model_validate(
        {
            "decision": decided.state,
            "lines": len(decided.held_ids),
            "pence": decided.pence,
            "entry_batch_id": decided.entry_batch_id,
        }
    )


async def _shape(work: Work, held_line_id: UUID) -> HeldShape:
    rows = await queries.held_rows(work.session, [held_line_id], work.actor.organisations)
    if not rows:
        raise NotFound("There is no held line of this id that you may see.")
    line, slug, decision = rows[0]
    return held_shape(line, slug, decision, names=work.actor.may(*SEES_NAMES))
