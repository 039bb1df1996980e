"""What people do after a breach: suspend editions at once, confirm the withdrawal, or lift it (T-52)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, delete, func, select

from services.transparency import queries as publishers
from services.transparency.editions import building
from services.transparency.editions import commands as editions
from services.transparency.editions import queries as edition_queries
from services.transparency.editions.differences import CHANGES_FILE
from services.transparency.editions.kinds import KINDS, kind_of
from services.transparency.editions.row_lines import DIGESTS_FILE
from services.transparency.editions.subject import Subject, edition_of, lock
from services.transparency.editions.tables import (
    Dataset,
    Edition,
    EditionFile,
    Finding,
    Withdrawal,
    WithdrawnEdition,
)
from services.transparency.redactions.exposure import lock_datasets
from services.transparency.tables import Organisation
from services.transparency.withdrawals import rules
from shared.errors import NotFound
from shared.events.transparency import DatasetWithdrawn
from shared.work import Work, four_eyes


@dataclass(frozen=True)
class Named:
    """An edition as a request names it."""

    dataset: str
    period: str
    edition: int


async def suspend_editions(
    work: Work, publisher: str, named: Sequence[Named], *, reason_class: str, reason: str
) -> Withdrawal:
    """Make editions unreadable at once; a second person decides what becomes of them."""
    organisation = await publishers.publisher(work.session, publisher)
    withdrawal = Withdrawal(
        withdrawal_id=work.new_id(),
        organisation_id=organisation.organisation_id,
        state="suspended",
        reason_class=reason_class,
        reason=reason,
        started_by=work.actor.sub,
        started_at=work.now,
    )
    work.session.add(withdrawal)
    await work.session.flush()
    await lock_datasets(work.session, organisation.organisation_id)
    for position, one in sorted(enumerate(named), key=lambda item: (item[1].dataset, item[1].period, item[1].edition)):
        kind = kind_of(one.dataset)
        subject = await lock(work, publisher, kind, kind.period(one.period))
        edition = await edition_of(work, subject, one.edition)
        name = f"Edition {one.edition} of {one.dataset} for {one.period}"
        before, edition.state = edition.state, rules.suspend(name, edition.state, position)
        _touch(edition, work)
        work.session.add(
            WithdrawnEdition(
                withdrawal_id=withdrawal.withdrawal_id,
                edition_id=edition.edition_id,
                state_before=before,
                sha256=edition.sha256,
            )
        )
        await work.session.flush()
        await editions.hide(work, subject, edition)
        await _reopen_drafts(work, subject)
    work.audit(
        "suspend_editions",
        withdrawal.withdrawal_id,
        after={"editions": [[one.dataset, one.period, one.edition] for one in named], "reason_class": reason_class},
    )
    return withdrawal


async def confirm_withdrawal(work: Work, withdrawal_id: UUID, decision_reason: str) -> Withdrawal:
    """Withdraw for good: the bytes of every file go, the tombstone and the digests stay (T-52)."""
    withdrawal, organisation = await _locked(work, withdrawal_id)
    rules.refuse_second_decision(withdrawal.state)
    four_eyes(work.actor, withdrawal.started_by, code="four_eyes")
    await lock_datasets(work.session, organisation.organisation_id)
    for edition, dataset, _ in await _editions(work, withdrawal_id):
        kind = KINDS[dataset.kind]
        subject = await lock(work, organisation.slug, kind, kind.period(edition.period))
        edition.state, edition.salt = "withdrawn", None
        edition.change_note = None
        edition.details, edition.warnings = {}, {}
        _touch(edition, work)
        await _drop_files(work, edition)
        await _reopen_drafts(work, subject)
        await work.session.exec(delete(Finding).where(col(Finding.edition_id) == edition.edition_id))
        await editions.content_of(kind).erase(work, edition)
        subject.dataset.version += 1
        await work.session.flush()
        stones = await _replacement(work, edition)
        await work.record(
            DatasetWithdrawn(
                dataset_id=dataset.dataset_id,
                version=subject.dataset.version,
                publisher=organisation.slug,
                dataset=dataset.kind,
                period=edition.period,
                edition=edition.number,
                reason_class=withdrawal.reason_class,
                replaced_by=stones,
            )
        )
    _decide(withdrawal, "withdrawn", work, decision_reason)
    await work.session.flush()
    work.audit("confirm_withdrawal", withdrawal_id, after={"state": withdrawal.state})
    return withdrawal


async def lift_suspension(work: Work, withdrawal_id: UUID, decision_reason: str) -> Withdrawal:
    """Give the editions back: they are readable again, with the same bytes at the same addresses."""
    withdrawal, organisation = await _locked(work, withdrawal_id)
    rules.refuse_second_decision(withdrawal.state)
    four_eyes(work.actor, withdrawal.started_by, code="four_eyes")
    await lock_datasets(work.session, organisation.organisation_id)
    for edition, dataset, suspended in await _editions(work, withdrawal_id):
        kind = KINDS[dataset.kind]
        subject = await lock(work, organisation.slug, kind, kind.period(edition.period))
        others = await edition_queries.editions_of(work.session, dataset.dataset_id, edition.period)
        rules.refuse_to_show_again(
            edition.number,
            {other.number: other.newly_withheld for other in others if other.state in edition_queries.PUBLIC_STATES},
        )
        later = [other.number for other in others if other.state in edition_queries.KNOWN_STATES]
        edition.state = rules.lifted(suspended.state_before, later_numbers=later, number=edition.number)
        _touch(edition, work)
        await work.session.flush()
        await editions.show(work, subject, edition)
    _decide(withdrawal, "lifted", work, decision_reason)
    await work.session.flush()
    work.audit("lift_suspension", withdrawal_id, after={"state": withdrawal.state})
    return withdrawal


def _decide(withdrawal: Withdrawal, state: str, work: Work, reason: str) -> None:
    withdrawal.state = state
    withdrawal.decided_by, withdrawal.decided_at, withdrawal.decision_reason = work.actor.sub, work.now, reason
    withdrawal.version += 1


def _touch(edition: Edition, work: Work) -> None:
    edition.version += 1
    edition.modified_at = work.now


async def _locked(work: Work, withdrawal_id: UUID) -> tuple[Withdrawal, Organisation]:
    found = await work.session.exec(
        select(Withdrawal, Organisation)
        .join(Organisation, col(Organisation.organisation_id) == col(Withdrawal.organisation_id))
        .where(col(Withdrawal.withdrawal_id) == withdrawal_id)
        .with_for_update(of=Withdrawal)
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound("There is no such withdrawal.")
    work.may_write_for(row[1].slug)
    return row


async def _editions(work: Work, withdrawal_id: UUID) -> list[tuple[Edition, Dataset, WithdrawnEdition]]:
    found = await work.session.exec(
        select(Edition, Dataset, WithdrawnEdition)
        .join(WithdrawnEdition, col(WithdrawnEdition.edition_id) == col(Edition.edition_id))
        .join(Dataset, col(Dataset.dataset_id) == col(Edition.dataset_id))
        .where(col(WithdrawnEdition.withdrawal_id) == withdrawal_id)
        .order_by(col(Dataset.kind), col(Edition.period), col(Edition.number))
    )
    return list(found.all())


async def _replacement(work: Work, edition: Edition) -> int | None:
    """The edition that takes its place, where one is published already."""
    found = await work.session.exec(
        select(func.max(Edition.number)).where(
            col(Edition.dataset_id) == edition.dataset_id,
            col(Edition.period) == edition.period,
            col(Edition.number) > edition.number,
            col(Edition.state).in_(edition_queries.PUBLIC_STATES),
        )
    )
    return found.one()


async def _drop_files(work: Work, edition: Edition) -> None:
    """Give up every file of the edition but the digests, and the lists of changes in which later ones quote it."""
    later = select(Edition.edition_id).where(
        col(Edition.dataset_id) == edition.dataset_id,
        col(Edition.period) == edition.period,
        col(Edition.predecessor) == edition.number,
    )
    doomed = (col(EditionFile.edition_id) == edition.edition_id) & (col(EditionFile.name) != DIGESTS_FILE) | (
        col(EditionFile.edition_id).in_(later) & (col(EditionFile.name) == CHANGES_FILE)
    )
    # A file that another edition has too, such as the schema, holds nothing of this one.
    await building.drop_files(work, doomed)


async def _reopen_drafts(work: Work, subject: Subject) -> None:
    """What is being prepared of the period is checked again: it may hold what is examined, or quote it."""
    for edition in await edition_queries.editions_of(work.session, subject.dataset.dataset_id, subject.period.slug):
        if edition.state == "checked":
            await building.reopen(work, edition)
