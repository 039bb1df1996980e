"""Routes of withdrawals: the public list of tombstones, and what officers decide."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import ConfigDict, Field
from sqlmodel import col, select

from services.transparency import queries as publishers
from services.transparency.editions import queries as editions
from services.transparency.editions.tables import Dataset, Edition, Withdrawal, WithdrawnEdition
from services.transparency.tables import Organisation
from services.transparency.withdrawals import commands
from shared.errors import NotFound
from shared.http import Body, PublicWork, Reads, Routes, Shape, Writes
from shared.pagination import Page, Paging, paginate
from shared.values import Slug
from shared.work import Work

router = Routes(tags=["withdrawals"])

OFFICERS = (
    "transparency:preparer",
    "transparency:approver",
    "transparency:dpl",
    "transparency:information",
    "transparency:finance",
)
Suspending = Annotated[Work, Writes(*OFFICERS)]
Deciding = Annotated[Work, Writes("transparency:dpl")]
ReasonClass = Literal["personal_data", "court_order", "unlawful"]


class EditionName(Body):
    dataset: str = Field(pattern=r"^[a-z_]+$", max_length=40, description="Dataset, such as `spend`.")
    period: str = Field(max_length=20, description="Its period, such as `2017-18-q1`.")
    edition: int = Field(ge=1, le=100_000, description="Number of the edition.")


class WithdrawalBody(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "publisher": "improvement-agency",
                    "editions": [{"dataset": "spend", "period": "2017-18-q1", "edition": 1}],
                    "reason_class": "personal_data",
                    "reason": "A person's name stands in the purpose of one row.",
                }
            ]
        }
    )

    publisher: Slug
    editions: list[EditionName] = Field(min_length=1, max_length=200, description="Every edition that holds it.")
    reason_class: ReasonClass = Field(description="Public ground of the withdrawal.")
    reason: str = Field(min_length=3, max_length=2000, description="For those who decide; never public.")


class DecisionBody(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "The name was never meant to be public."}]})

    reason: str = Field(min_length=3, max_length=2000, description="Why it is withdrawn or given back; never public.")


class WithdrawnShape(Shape):
    publisher: str
    dataset: str
    period: str
    edition: int
    state: Literal["suspended", "withdrawn"]
    reason_class: ReasonClass | None = Field(description="Null while it is suspended: nothing is decided yet.")
    at: datetime = Field(description="When it was suspended, or withdrawn.")
    replaced_by: int | None = Field(description="Edition that takes its place; null while there is none.")


class WithdrawalShape(Shape):
    withdrawal_id: UUID
    publisher: str
    state: Literal["suspended", "withdrawn", "lifted"]
    reason_class: ReasonClass
    started_by: str
    started_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    editions: list[dict[str, Any]]


class WithdrawalDetail(WithdrawalShape):
    reason: str = Field(description="Why it was suspended, for those who decide; never public.")
    decision_reason: str | None = Field(description="Why it was withdrawn or given back; never public.")


@router.get("/v1/withdrawals")
async def list_withdrawals(
    work: PublicWork,
    paging: Paging,
    publisher: Annotated[str | None, Query(max_length=80, description="Slug of a publisher; all without it.")] = None,
) -> Page[WithdrawnShape]:
    """What was withdrawn, with date, ground and replacement, and what is suspended at this moment."""
    statement: Any = (
        select(WithdrawnEdition, Withdrawal, Edition, Dataset)
        .add_columns(Organisation)
        .join(Withdrawal, col(Withdrawal.withdrawal_id) == col(WithdrawnEdition.withdrawal_id))
        .join(Edition, col(Edition.edition_id) == col(WithdrawnEdition.edition_id))
        .join(Dataset, col(Dataset.dataset_id) == col(Edition.dataset_id))
        .join(Organisation, col(Organisation.organisation_id) == col(Dataset.organisation_id))
        .where(col(Withdrawal.state).in_(("suspended", "withdrawn")))
    )
    if publisher is not None:
        organisation = await publishers.publisher(work.session, publisher)
        statement = statement.where(col(Withdrawal.organisation_id) == organisation.organisation_id)
    page = await paginate(
        work,
        statement,
        order=(Withdrawal.started_at, WithdrawnEdition.edition_id),
        paging=paging,
        shape=lambda row: _withdrawn(*row),
    )
    stones = await editions.replacements(
        work.session, [(item.publisher, item.dataset, item.period) for item in page.items]
    )
    items = [
        item.model_copy(
            update={
                "replaced_by": max(
                    (number for number in stones[item.publisher, item.dataset, item.period] if number > item.edition),
                    default=None,
                )
            }
        )
        for item in page.items
    ]
    return page.model_copy(update={"items": items})


@router.get("/v1/withdrawals/{withdrawal_id}")
async def read_withdrawal(
    work: Annotated[Work, Reads(*OFFICERS, "transparency:auditor")], withdrawal_id: UUID
) -> WithdrawalDetail:
    """One withdrawal with its reasons and the people who started and decided it."""
    withdrawal = await work.session.get(Withdrawal, withdrawal_id)
    organisation = await publishers.organisation(work.session, withdrawal.organisation_id) if withdrawal else None
    if withdrawal is None or organisation is None or not publishers.may_see(work, organisation.slug):
        raise NotFound("There is no such withdrawal.")
    return WithdrawalDetail(
        **(await _answer(work, withdrawal)).model_dump(),
        reason=withdrawal.reason,
        decision_reason=withdrawal.decision_reason,
    )


@router.post("/v1/withdrawals", status_code=201)
async def suspend_editions(work: Suspending, body: WithdrawalBody) -> WithdrawalShape:
    """Suspend editions at once: nobody can read them from now on, and a data protection lead decides."""
    named = [commands.Named(one.dataset, one.period, one.edition) for one in body.editions]
    withdrawal = await commands.suspend_editions(
        work, body.publisher, named, reason_class=body.reason_class, reason=body.reason
    )
    work.headers["Location"] = f"{work.base_url}/v1/withdrawals/{withdrawal.withdrawal_id}"
    return await _answer(work, withdrawal)


@router.post("/v1/withdrawals/{withdrawal_id}/confirmations", status_code=201)
async def confirm_withdrawal(work: Deciding, withdrawal_id: UUID, body: DecisionBody) -> WithdrawalShape:
    """Withdraw for good. The files are deleted; date, ground and replacement stay, and the audit chain verifies."""
    return await _answer(work, await commands.confirm_withdrawal(work, withdrawal_id, body.reason))


@router.post("/v1/withdrawals/{withdrawal_id}/liftings", status_code=201)
async def lift_suspension(work: Deciding, withdrawal_id: UUID, body: DecisionBody) -> WithdrawalShape:
    """Give suspended editions back, with the same bytes at the same addresses."""
    return await _answer(work, await commands.lift_suspension(work, withdrawal_id, body.reason))


def _withdrawn(
    row: WithdrawnEdition, withdrawal: Withdrawal, edition: Edition, dataset: Dataset, organisation: Organisation
) -> WithdrawnShape:
    decided = withdrawal.state == "withdrawn"
    return WithdrawnShape(
        publisher=organisation.slug,
        dataset=dataset.kind,
        period=edition.period,
        edition=edition.number,
        state="withdrawn" if decided else "suspended",
        reason_class=withdrawal.reason_class if decided else None,
        at=withdrawal.decided_at if decided and withdrawal.decided_at else withdrawal.started_at,
        replaced_by=None,
    )


async def _answer(work: Work, withdrawal: Withdrawal) -> WithdrawalShape:
    """What was done, without anybody's words: answers to a POST are kept for its repetition."""
    organisation = await publishers.organisation(work.session, withdrawal.organisation_id)
    assert organisation is not None
    work.etag(withdrawal.version)
    return WithdrawalShape(
        **withdrawal.model_dump(exclude={"organisation_id", "version", "reason", "decision_reason"}),
        publisher=organisation.slug,
        editions=await editions.editions_of_withdrawal(work.session, withdrawal.withdrawal_id),
    )
