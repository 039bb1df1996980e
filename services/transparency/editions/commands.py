"""What people do with an edition of spend: draft, check, resolve findings, approve, discard."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, delete, select

from services.transparency import queries as publishers
from services.transparency.editions import content, ledger, queries, rules, selection
from services.transparency.editions.tables import Dataset, Edition, EditionFile, Finding, RowDecision
from services.transparency.obligations.calendar import Made, make_public
from shared import inbox
from shared.bus import topic_of
from shared.database import raw_connection
from shared.errors import NotFound
from shared.events.grants import ExpenditureRecorded
from shared.events.transparency import DatasetCorrected, DatasetPublished
from shared.periods import Quarter
from shared.work import Work, four_eyes

KIND = "spend"
PATIENCE_SECONDS = 1.0
"""How long a request waits for what the ledger's owner has recorded, before it is refused for not having heard it."""

DATASETS = UUID("9f1e7c86-45b2-5c7e-8b0d-6a0f5e6f2b03")


async def draft_edition(
    work: Work, publisher: str, quarter: Quarter, *, nil_return: bool, change_note: str | None
) -> Edition:
    """Select the quarter's rows, decide every other line, reconcile; nothing is public yet."""
    unheard = await _unheard(work)
    subject = await _lock(work, publisher, quarter)
    editions = await queries.editions_of(work.session, subject.dataset.dataset_id, quarter.slug)
    opened = next((edition.number for edition in editions if edition.state in ("draft", "checked")), None)
    predecessor = next((edition for edition in editions if edition.state == "published"), None)
    number = rules.draft_edition(
        quarter,
        work.now,
        open_edition=opened,
        predecessor=predecessor.number if predecessor else None,
        change_note=change_note,
    )
    methodology = await content.methodology_of(work, subject)
    edition = Edition(
        edition_id=work.new_id(),
        dataset_id=subject.dataset.dataset_id,
        period=quarter.slug,
        number=number,
        state="draft",
        methodology=methodology.number,
        change_kind="first",
        change_note=change_note,
        nil_stated=nil_return,
        nil_return=False,
        coverage="partial",
        missing_months=[],
        row_count=0,
        line_count=0,
        total_pence=0,
        ledger_mark="",
        reconciliation={},
        warnings={},
        changes={},
        gross_rows=0,
        predecessor=predecessor.number if predecessor else None,
        changed_by=[work.actor.sub],
        drafted_by=work.actor.sub,
        drafted_at=work.now,
        created_by=work.actor.sub,
        created_at=work.now,
        modified_at=work.now,
    )
    await content.decide_rows(work, subject, edition, methodology, editions, unheard)
    work.session.add(edition)
    await work.session.flush()
    work.audit("draft_edition", edition.edition_id, after=_audited(edition), reason=change_note)
    return edition


async def check_edition(work: Work, publisher: str, quarter: Quarter, number: int) -> Edition:
    """Freeze the content: select again where the ledger moved, build the files, and give their hash."""
    unheard = await _unheard(work)
    subject = await _lock(work, publisher, quarter)
    edition = await _edition(work, subject, number)
    if edition.state not in ("draft", "checked"):
        raise rules.EditionImmutable("This edition is published; a change needs the next edition (T-49).")
    connection = await raw_connection(work.session)
    mark = await ledger.ledger_mark(connection, subject.organisation.organisation_id, quarter)
    reconciliation = await content.reconciliation_of(work, subject, edition)
    was_on_its_way = edition.reconciliation.get("files_on_their_way")
    if mark != edition.ledger_mark or was_on_its_way or not reconciliation.accounts_for_all:
        editions = await queries.editions_of(work.session, subject.dataset.dataset_id, quarter.slug)
        methodology = await content.methodology_of(work, subject)
        await content.decide_rows(work, subject, edition, methodology, editions, unheard)
    await _refuse_unfinished(work, subject, edition, unheard)
    rules.refuse_unaccounted(await content.reconciliation_of(work, subject, edition))
    rules.refuse_clashes(await selection.clashing_keys(connection, edition.edition_id))
    await content.build_files(work, subject, edition)
    edition.state = "checked"
    edition.changed_by = rules.with_maker(edition.changed_by, work.actor.sub)
    edition.checked_by, edition.checked_at = work.actor.sub, work.now
    edition.version += 1
    edition.modified_at = work.now
    work.audit("check_edition", edition.edition_id, after=_audited(edition))
    return edition


async def approve_edition(work: Work, publisher: str, quarter: Quarter, number: int, sha256: str) -> Edition:
    """Publish what was checked, by a person who changed nothing of it.

    The edition in force is superseded in the same transaction.
    """
    unheard = await _unheard(work)
    subject = await _lock(work, publisher, quarter)
    edition = await _edition(work, subject, number)
    connection = await raw_connection(work.session)
    if edition.state == "checked":
        # Before the mark is compared: that lines are on their way says more than that something has changed.
        await _refuse_unfinished(work, subject, edition, unheard)
    rules.approve_edition(
        state=edition.state,
        checked_sha256=edition.sha256,
        approved_sha256=sha256,
        checked_mark=edition.ledger_mark,
        mark=await ledger.ledger_mark(connection, subject.organisation.organisation_id, quarter),
        open_findings=await queries.open_findings(work.session, edition.edition_id),
    )
    for maker in edition.changed_by:
        four_eyes(work.actor, maker, code="four_eyes")
    rules.refuse_unaccounted(await content.reconciliation_of(work, subject, edition))
    for earlier in await queries.editions_of(work.session, subject.dataset.dataset_id, quarter.slug):
        if earlier.state == "published":
            earlier.state = "superseded"
            earlier.version += 1
            earlier.modified_at = work.now
    await work.session.flush()
    edition.state = "published"
    edition.approved_by, edition.published_at = work.actor.sub, work.now
    edition.version += 1
    edition.modified_at = work.now
    subject.dataset.version += 1
    await work.session.flush()
    await _record(work, subject, edition)
    await _meet_duties(work, subject, edition)
    work.audit("approve_edition", edition.edition_id, after=_audited(edition))
    return edition


async def discard_edition(work: Work, publisher: str, quarter: Quarter, number: int, href: str) -> None:
    """Delete a draft; its number is free again, because nobody outside has seen it."""
    subject = await _lock(work, publisher, quarter)
    edition = await _edition(work, subject, number)
    if edition.state not in ("draft", "checked"):
        raise rules.EditionImmutable("This edition is published and stays; a change needs the next edition (T-49).")
    work.if_match(edition.version, href)
    work.audit("discard_edition", edition.edition_id, before=_audited(edition))
    for table in (Finding, RowDecision, EditionFile):
        await work.session.exec(delete(table).where(col(table.edition_id) == edition.edition_id))
    await work.session.delete(edition)


async def resolve_finding(
    work: Work, publisher: str, quarter: Quarter, number: int, finding_id: UUID, reason: str
) -> Finding:
    """Say, by name, why text that looks personal may be published as it stands (T-24)."""
    subject = await _lock(work, publisher, quarter)
    edition = await _edition(work, subject, number)
    finding = await work.session.get(Finding, (edition.edition_id, finding_id))
    if finding is None:
        raise NotFound("This edition has no such finding.")
    if edition.state not in ("draft", "checked"):
        raise rules.EditionImmutable("This edition is published; its findings are closed.")
    finding.resolved_by, finding.resolved_at, finding.reason = work.actor.sub, work.now, reason
    edition.changed_by = rules.with_maker(edition.changed_by, work.actor.sub)
    edition.version += 1
    edition.modified_at = work.now
    work.audit("resolve_finding", finding_id, after={"code": finding.code}, reason=reason)
    return finding


async def _unheard(work: Work) -> rules.Unheard:
    """What the ledger's owner has recorded and this service has not heard. Asked first, so that what is read next may
    hold more than what is counted here, and never less."""
    connection = await work.session.connection()
    topic = topic_of(ExpenditureRecorded.OWNER)
    found = await inbox.unheard(connection, work.runtime.bus, topic, patience_seconds=PATIENCE_SECONDS)
    return rules.Unheard(on_their_way=found.on_their_way, parked=found.parked)


async def _refuse_unfinished(work: Work, subject: content.Subject, edition: Edition, unheard: rules.Unheard) -> None:
    """No edition while a file of the quarter is on its way; none that says complete, or nil, while more is unheard."""
    connection = await raw_connection(work.session)
    left = await ledger.outstanding(connection, subject.organisation.organisation_id, subject.quarter)
    rules.refuse_on_its_way(subject.quarter, left)
    if edition.coverage == "complete":
        rules.refuse_unheard(subject.quarter, unheard)
    if edition.nil_return:
        rules.refuse_unsettled(subject.quarter, left)


async def _lock(work: Work, publisher: str, quarter: Quarter) -> content.Subject:
    work.may_write_for(publisher)
    organisation = await publishers.publisher(work.session, publisher)
    dataset_id = uuid5(DATASETS, f"{organisation.organisation_id} {KIND}")
    row = insert(Dataset).values(
        dataset_id=dataset_id,
        organisation_id=organisation.organisation_id,
        kind=KIND,
        title=f"Spend over £500 of {organisation.name}",
        version=0,
        created_at=work.now,
    )
    await work.session.exec(row.on_conflict_do_nothing())
    dataset = await work.session.exec(select(Dataset).where(col(Dataset.dataset_id) == dataset_id).with_for_update())
    return content.Subject(organisation, dataset.one(), quarter)


async def _edition(work: Work, subject: content.Subject, number: int) -> Edition:
    found = await work.session.exec(
        select(Edition).where(
            col(Edition.dataset_id) == subject.dataset.dataset_id,
            col(Edition.period) == subject.quarter.slug,
            col(Edition.number) == number,
        )
    )
    edition = found.one_or_none()
    if edition is None:
        raise NotFound(f"There is no edition {number} of {subject.quarter.label}.")
    return edition


async def _record(work: Work, subject: content.Subject, edition: Edition) -> None:
    assert edition.sha256 is not None
    common: dict[str, Any] = {
        "dataset_id": subject.dataset.dataset_id,
        "version": subject.dataset.version,
        "organisation_id": subject.organisation.organisation_id,
        "publisher": subject.organisation.slug,
        "dataset": KIND,
        "period": edition.period,
        "edition": edition.number,
        "rows": edition.row_count,
        "total_pence": edition.total_pence,
        "sha256": edition.sha256,
        "url": queries.file_url(work.base_url, subject.organisation.slug, edition, content.CSV_FILE),
        "published_at": work.now,
    }
    if edition.predecessor is None:
        await work.record(
            DatasetPublished(
                **common,
                nil_return=edition.nil_return,
                coverage=edition.coverage,
                methodology=edition.methodology,
            )
        )
    else:
        await work.record(
            DatasetCorrected(
                **common,
                previous_edition=edition.predecessor,
                change_kind=edition.change_kind,
                changes=sum(edition.changes.values()),
                note=edition.change_note or "",
                nil_return=edition.nil_return,
                coverage=edition.coverage,
            )
        )


async def _meet_duties(work: Work, subject: content.Subject, edition: Edition) -> None:
    """The file holds the quarter's spend and cards; grants to voluntary bodies are out once all four quarters are."""
    if not rules.meets_duty(rows=edition.row_count, nil_return=edition.nil_return):
        return
    year = subject.quarter.year
    duties = [("SPEND", edition.period), ("CARDS", edition.period)]
    if await queries.year_is_out(work.session, subject.dataset.dataset_id, year):
        duties.append(("VCSEGRANTS", year.slug))
    for code, about in duties:
        await make_public(
            work,
            Made(
                publication_id=uuid5(edition.edition_id, code),
                organisation_id=subject.organisation.organisation_id,
                code=code,
                subject=about,
                happened_at=work.now,
                recorded_at=work.now,
                url=queries.file_url(work.base_url, subject.organisation.slug, edition, content.CSV_FILE),
            ),
        )


def _audited(edition: Edition) -> dict[str, Any]:
    return {
        "period": edition.period,
        "number": edition.number,
        "state": edition.state,
        "rows": edition.row_count,
        "total_pence": edition.total_pence,
        "sha256": edition.sha256,
    }
