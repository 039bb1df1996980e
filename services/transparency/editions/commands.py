"""What people do with an edition: draft, check, resolve findings, approve, discard."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any, Protocol
from uuid import UUID, uuid5

from sqlmodel import col, delete

from services.transparency.drafts import Period
from services.transparency.editions import building, content, differences, queries, registers, rules
from services.transparency.editions.kinds import SPEND, Kind
from services.transparency.editions.row_lines import DIGESTS_FILE
from services.transparency.editions.subject import Subject, edition_of, lock, methodology_of
from services.transparency.editions.tables import Edition, EditionFile, Finding, RowDecision
from services.transparency.obligations.calendar import Made, make_public
from services.transparency.search import files as all_periods
from services.transparency.search import index
from shared.database import raw_connection
from shared.errors import NotFound, Refusal
from shared.events.transparency import DatasetCorrected, DatasetPublished
from shared.periods import FinancialYear
from shared.work import Work, four_eyes


class Content(Protocol):
    """What makes up an edition: the ledger's lines (`content.py`), or a register kept here (`registers.py`)."""

    async def hear(self, work: Work) -> rules.Unheard: ...

    async def decide(
        self, work: Work, subject: Subject, edition: Edition, editions: list[Edition], unheard: rules.Unheard
    ) -> None: ...

    async def check(
        self, work: Work, subject: Subject, edition: Edition, editions: list[Edition], unheard: rules.Unheard
    ) -> None: ...

    async def refuse_approval(self, work: Work, subject: Subject, edition: Edition, unheard: rules.Unheard) -> None: ...

    async def refuse_last(self, work: Work, subject: Subject, edition: Edition) -> None: ...

    async def mark(self, work: Work, subject: Subject, edition: Edition) -> str: ...

    async def erase(self, work: Work, edition: Edition) -> None: ...


def content_of(kind: Kind) -> Content:
    """Who makes the rows of this kind."""
    return content if kind.make is None else registers


async def draft_edition(
    work: Work,
    publisher: str,
    kind: Kind,
    period: Period,
    *,
    nil_return: bool,
    change_note: str | None,
    fault_found_on: date | None = None,
) -> Edition:
    """Select the period's rows, say why everything else is left out, reconcile; nothing is public yet."""
    makes = content_of(kind)
    unheard = await makes.hear(work)
    subject = await lock(work, publisher, kind, period)
    editions = await queries.editions_of(work.session, subject.dataset.dataset_id, period.slug)
    opened = next((edition.number for edition in editions if edition.state in ("draft", "checked")), None)
    predecessor = next((edition for edition in reversed(editions) if edition.state in queries.KNOWN_STATES), None)
    number = rules.draft_edition(
        period,
        work.now,
        open_edition=opened,
        predecessor=predecessor.number if predecessor else None,
        change_note=change_note,
        fault_found_on=fault_found_on,
    )
    methodology = await methodology_of(work, subject)
    edition = Edition(
        edition_id=work.new_id(),
        dataset_id=subject.dataset.dataset_id,
        period=period.slug,
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
        details={},
        quality={},
        newly_withheld={},
        fault_found_on=fault_found_on,
        gross_rows=0,
        predecessor=predecessor.number if predecessor else None,
        changed_by=[work.actor.sub],
        drafted_by=work.actor.sub,
        drafted_at=work.now,
        created_by=work.actor.sub,
        created_at=work.now,
        modified_at=work.now,
    )
    await makes.decide(work, subject, edition, editions, unheard)
    work.session.add(edition)
    await work.session.flush()
    work.audit("draft_edition", edition.edition_id, after=_audited(edition), reason=change_note)
    return edition


async def check_edition(work: Work, publisher: str, kind: Kind, period: Period, number: int) -> Edition:
    """Freeze the content: select again where its source moved, build the files, and give their hash."""
    makes = content_of(kind)
    unheard = await makes.hear(work)
    subject = await lock(work, publisher, kind, period)
    edition = await edition_of(work, subject, number)
    if edition.state not in ("draft", "checked"):
        raise rules.EditionImmutable("This edition is published; a change needs the next edition (T-49).")
    editions = await queries.editions_of(work.session, subject.dataset.dataset_id, period.slug)
    await makes.check(work, subject, edition, editions, unheard)
    edition.state = "checked"
    edition.changed_by = rules.with_maker(edition.changed_by, work.actor.sub)
    edition.checked_by, edition.checked_at = work.actor.sub, work.now
    edition.version += 1
    edition.modified_at = work.now
    work.audit("check_edition", edition.edition_id, after=_audited(edition))
    return edition


async def approve_edition(work: Work, publisher: str, kind: Kind, period: Period, number: int, sha256: str) -> Edition:
    """Publish what was checked, by a person who changed nothing of it.

    The edition in force is superseded in the same transaction.
    """
    makes = content_of(kind)
    unheard = await makes.hear(work)
    subject = await lock(work, publisher, kind, period)
    edition = await edition_of(work, subject, number)
    editions = await queries.editions_of(work.session, subject.dataset.dataset_id, period.slug)
    if edition.state == "checked":
        # Before the mark is compared: that lines are on their way says more than that something has changed.
        await makes.refuse_approval(work, subject, edition, unheard)
    rules.approve_edition(
        state=edition.state,
        checked_sha256=edition.sha256,
        approved_sha256=sha256,
        checked_mark=edition.ledger_mark,
        mark=await makes.mark(work, subject, edition) if edition.state == "checked" else edition.ledger_mark,
        open_findings=await queries.open_findings(work.session, edition.edition_id),
    )
    for maker in edition.changed_by:
        four_eyes(work.actor, maker, code="four_eyes")
    await makes.refuse_last(work, subject, edition)
    rules.refuse_still_shown(
        {other.number for other in editions if other.state in queries.PUBLIC_STATES},
        {int(earlier): rows for earlier, rows in edition.newly_withheld.items()},
    )
    for earlier in editions:
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
    await show(work, subject, edition)
    await _record(work, subject, edition)
    await _meet_duties(work, subject, edition)
    proof = await queries.file_of(work.session, edition.edition_id, DIGESTS_FILE)
    assert proof is not None
    work.audit("approve_edition", edition.edition_id, after=_audited(edition) | {"rows_sha256": proof.sha256})
    return edition


async def discard_edition(work: Work, publisher: str, kind: Kind, period: Period, number: int, href: str) -> None:
    """Delete a draft; its number is free again, because nobody outside has seen it."""
    subject = await lock(work, publisher, kind, period)
    edition = await edition_of(work, subject, number)
    if edition.state not in ("draft", "checked"):
        raise rules.EditionImmutable("This edition is published and stays; a change needs the next edition (T-49).")
    work.if_match(edition.version, href)
    work.audit("discard_edition", edition.edition_id, before=_audited(edition))
    await building.drop_files(work, col(EditionFile.edition_id) == edition.edition_id)
    for table in (Finding, RowDecision):
        await work.session.exec(delete(table).where(col(table.edition_id) == edition.edition_id))
    await work.session.delete(edition)


async def resolve_finding(
    work: Work, publisher: str, kind: Kind, period: Period, number: int, finding_id: UUID, reason: str
) -> Finding:
    """Say, by name, why text that looks personal may be published as it stands (T-24)."""
    subject = await lock(work, publisher, kind, period)
    edition = await edition_of(work, subject, number)
    finding = await work.session.get(Finding, (edition.edition_id, finding_id))
    if finding is None:
        raise NotFound("This edition has no such finding.")
    if edition.state not in ("draft", "checked"):
        raise rules.EditionImmutable("This edition is published; its findings are closed.")
    rules.refuse_settled_elsewhere(finding.code)
    finding.resolved_by, finding.resolved_at, finding.reason = work.actor.sub, work.now, reason
    edition.changed_by = rules.with_maker(edition.changed_by, work.actor.sub)
    edition.version += 1
    edition.modified_at = work.now
    work.audit("resolve_finding", finding_id, after={"code": finding.code}, reason=reason)
    return finding


async def show(work: Work, subject: Subject, edition: Edition) -> None:
    """Bring an edition into what is found beside its own address: search, files over all periods (T-60)."""
    if subject.kind != SPEND:
        return
    await index.add_edition(
        await raw_connection(work.session),
        content.frame_of(work, subject, edition),
        organisation_id=subject.organisation.organisation_id,
        period=edition.period,
    )
    await all_periods.rebuild_soon(work, subject.organisation)


async def hide(work: Work, subject: Subject, edition: Edition) -> None:
    """Take an edition out of what is found beside its own address, at once (T-52)."""
    if subject.kind != SPEND:
        return
    await index.remove_edition(await raw_connection(work.session), edition.edition_id)
    await all_periods.rebuild_all(work, subject.organisation)


async def source_moved(work: Work, subject: Subject, edition: Edition, *, inside: bool) -> bool:
    """Whether an edition made now would be made from something else than this one was (T-50).

    That texts are withheld since is told to those inside alone, until an edition says so.
    """
    try:
        now, then = await content_of(subject.kind).mark(work, subject, edition), edition.ledger_mark
        if not inside:
            now, then = (mark.partition(content.WITHHELD)[0] for mark in (now, then))
        return now != then
    except Refusal:
        # What the register holds now could not be published at all.
        return True


async def compare_editions(work: Work, subject: Subject, before: Edition, after: Edition) -> list[differences.Change]:
    """What differs between two public editions of one period."""
    old = await queries.file_of(work.session, before.edition_id, subject.kind.json_file)
    new = await queries.file_of(work.session, after.edition_id, subject.kind.json_file)
    if old is None or new is None:
        raise NotFound("One of the two editions has no file of rows.")
    paths = work.files.path(old.sha256), work.files.path(new.sha256)
    if subject.kind == SPEND:
        connection = await raw_connection(work.session)
        rows = await differences.rows_decided_otherwise(connection, before.edition_id, after.edition_id)
    else:
        rows = await asyncio.to_thread(differences.compare_all, *paths)
    return list((await asyncio.to_thread(differences.compare, *paths, rows)).changes)


async def _record(work: Work, subject: Subject, edition: Edition) -> None:
    assert edition.sha256 is not None
    common: dict[str, Any] = {
        "dataset_id": subject.dataset.dataset_id,
        "version": subject.dataset.version,
        "organisation_id": subject.organisation.organisation_id,
        "publisher": subject.organisation.slug,
        "dataset": subject.kind.name,
        "period": edition.period,
        "edition": edition.number,
        "rows": edition.row_count,
        "total_pence": edition.total_pence,
        "sha256": edition.sha256,
        "url": queries.file_url(work.base_url, subject.organisation.slug, subject.kind.name, edition),
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


async def _meet_duties(work: Work, subject: Subject, edition: Edition) -> None:
    """The duties of the period; spend holds cards too, and grants to voluntary bodies once all quarters are out.

    An edition that lacks months of its period does not meet its duty (T-59).
    """
    if not queries.meets_duty(edition):
        return
    duties = [(code, edition.period) for code in subject.kind.duties]
    if subject.kind.year_before and isinstance(subject.period, FinancialYear):
        duties += [(code, subject.period.next().slug) for code in subject.kind.duties]
    if subject.kind == SPEND:
        year = subject.quarter.year
        if await queries.year_is_out(work.session, subject.dataset.dataset_id, year):
            duties.append(("VCSEGRANTS", year.slug))
    for code, about in duties:
        await make_public(
            work,
            Made(
                publication_id=uuid5(edition.edition_id, f"{code} {about}"),
                organisation_id=subject.organisation.organisation_id,
                code=code,
                subject=about,
                happened_at=work.now,
                recorded_at=work.now,
                url=queries.file_url(work.base_url, subject.organisation.slug, subject.kind.name, edition),
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
