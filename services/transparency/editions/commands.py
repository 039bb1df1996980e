"""What people do with an edition of spend: draft, check, resolve findings, approve, discard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, delete, select

from services.transparency import queries as publishers
from services.transparency.editions import files, queries, rules, selection
from services.transparency.editions.cells import Frame, figures_query
from services.transparency.editions.tables import Dataset, Edition, EditionFile, Finding, RowDecision
from services.transparency.obligations.calendar import Made, make_public
from services.transparency.tables import Methodology, Organisation
from shared.database import raw_connection
from shared.errors import NotFound
from shared.events.transparency import DatasetCorrected, DatasetPublished
from shared.periods import Quarter
from shared.work import Work, four_eyes

KIND = "spend"
DATASETS = UUID("9f1e7c86-45b2-5c7e-8b0d-6a0f5e6f2b03")
CSV_FILE, JSON_FILE, SCHEMA_FILE, METADATA_FILE = "spend.csv", "spend.json", "schema.json", "edition.json"


@dataclass(frozen=True)
class Subject:
    """The publisher, dataset and quarter that a command is about, the dataset's row locked."""

    organisation: Organisation
    dataset: Dataset
    quarter: Quarter


async def draft_edition(
    work: Work, publisher: str, quarter: Quarter, *, nil_return: bool, change_note: str | None
) -> Edition:
    """Select the quarter's rows, decide every other line, reconcile; nothing is public yet."""
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
    methodology = await _methodology(work, subject)
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
        drafted_by=work.actor.sub,
        drafted_at=work.now,
        created_by=work.actor.sub,
        created_at=work.now,
        modified_at=work.now,
    )
    await _select(work, subject, edition, methodology, editions)
    work.session.add(edition)
    await work.session.flush()
    work.audit("draft_edition", edition.edition_id, after=_audited(edition), reason=change_note)
    return edition


async def check_edition(work: Work, publisher: str, quarter: Quarter, number: int) -> Edition:
    """Freeze the content: select again where the ledger moved, build the files, and give their hash."""
    subject = await _lock(work, publisher, quarter)
    edition = await _edition(work, subject, number)
    if edition.state not in ("draft", "checked"):
        raise rules.EditionImmutable("This edition is published; a change needs the next edition (T-49).")
    connection = await raw_connection(work.session)
    mark = await selection.ledger_mark(connection, subject.organisation.organisation_id, quarter)
    reconciliation = await _reconciliation(work, subject, edition)
    if mark != edition.ledger_mark or not reconciliation.accounts_for_all:
        editions = await queries.editions_of(work.session, subject.dataset.dataset_id, quarter.slug)
        await _select(work, subject, edition, await _methodology(work, subject), editions)
    rules.refuse_unaccounted(await _reconciliation(work, subject, edition))
    await _build_files(work, subject, edition)
    edition.state = "checked"
    edition.checked_by, edition.checked_at = work.actor.sub, work.now
    edition.version += 1
    edition.modified_at = work.now
    work.audit("check_edition", edition.edition_id, after=_audited(edition))
    return edition


async def approve_edition(work: Work, publisher: str, quarter: Quarter, number: int, sha256: str) -> Edition:
    """Publish what was checked, by another person; the edition in force is superseded in the same transaction."""
    subject = await _lock(work, publisher, quarter)
    edition = await _edition(work, subject, number)
    connection = await raw_connection(work.session)
    rules.approve_edition(
        state=edition.state,
        checked_sha256=edition.sha256,
        approved_sha256=sha256,
        checked_mark=edition.ledger_mark,
        mark=await selection.ledger_mark(connection, subject.organisation.organisation_id, quarter),
        open_findings=await queries.open_findings(work.session, edition.edition_id),
    )
    for maker in (edition.drafted_by, edition.checked_by):
        four_eyes(work.actor, maker or "", code="four_eyes")
    rules.refuse_unaccounted(await _reconciliation(work, subject, edition))
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
    work.audit("resolve_finding", finding_id, after={"code": finding.code}, reason=reason)
    return finding


async def _lock(work: Work, publisher: str, quarter: Quarter) -> Subject:
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
    return Subject(organisation, dataset.one(), quarter)


async def _edition(work: Work, subject: Subject, number: int) -> Edition:
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


async def _methodology(work: Work, subject: Subject) -> Methodology:
    versions = await publishers.methodologies(work.session, subject.organisation.organisation_id)
    in_force = [
        version
        for version in versions
        if version.effective_from is None or version.effective_from <= subject.quarter.start
    ]
    if not in_force:
        raise rules.NoMethodology(f"{subject.organisation.name} publishes no methodology; register it as a publisher.")
    return in_force[-1]


def _frame(work: Work, subject: Subject, edition: Edition) -> Frame:
    organisation = subject.organisation
    return Frame(
        edition_id=edition.edition_id,
        organisation_name=organisation.name,
        organisation_uri=publishers.public_uri(
            organisation.identifiers, f"{work.base_url}/v1/publishers/{organisation.slug}"
        ),
        effective_date=f"{subject.quarter.end:%d/%m/%Y}",
        reference_key=work.settings.reference_key,
    )


async def _select(
    work: Work, subject: Subject, edition: Edition, methodology: Methodology, editions: list[Edition]
) -> None:
    """Decide every line of the quarter, and note what came of it on the edition."""
    connection = await raw_connection(work.session)
    await selection.prefer_sets(connection)
    organisation_id = subject.organisation.organisation_id
    public = [other for other in editions if other.state in ("published", "superseded")]
    # The mark is taken before the selection: a line that arrives in between makes the two differ, never agree.
    edition.ledger_mark = await selection.ledger_mark(connection, organisation_id, subject.quarter)
    await selection.select_rows(
        connection,
        selection.Selection(
            edition_id=edition.edition_id,
            organisation_id=organisation_id,
            quarter=subject.quarter,
            parameters=methodology.parameters,
            reference_key=work.settings.reference_key,
            first_edition_id=public[0].edition_id if public else None,
        ),
    )
    edition.methodology = methodology.number
    months = await selection.stated_months(connection, organisation_id, subject.quarter)
    edition.coverage, edition.missing_months = rules.coverage(
        subject.quarter, [month["month"] for month in months if month["lines"]]
    )
    reconciliation = await _reconciliation(work, subject, edition)
    edition.reconciliation = {**_reconciled(reconciliation), "months": months}
    edition.line_count = reconciliation.published.lines
    figures = await _figures(work, subject, edition)
    rules.refuse_silence(
        subject.quarter, edition.missing_months, nil_return=edition.nil_stated, published=edition.row_count
    )
    edition.nil_return = edition.row_count == 0
    if edition.nil_stated and len(edition.missing_months) == len(months):
        # A person states that there was nothing, which covers the quarter whole.
        edition.coverage, edition.missing_months = "complete", []
    edition.warnings = {name: count for name, count in figures.items() if count}
    await _compare(work, edition, public[-1] if public else None)


async def _figures(work: Work, subject: Subject, edition: Edition) -> dict[str, int]:
    connection = await raw_connection(work.session)
    cursor = await connection.execute(figures_query(_frame(work, subject, edition)))
    row = await cursor.fetchone()
    assert row is not None
    assert cursor.description is not None
    figures = dict(zip((column.name for column in cursor.description), row, strict=True))
    edition.row_count = figures.pop("rows")
    edition.total_pence = figures.pop("total_pence")
    edition.gross_rows = figures.pop("gross_rows")
    edition.guarded_cells = figures.pop("guarded_cells")
    return figures


async def _compare(work: Work, edition: Edition, predecessor: Edition | None) -> None:
    if predecessor is None:
        edition.change_kind, edition.changes = "first", {}
        return
    connection = await raw_connection(work.session)
    changes = await selection.changes_since(connection, edition.edition_id, predecessor.edition_id)
    changes = rules.Changes(
        changes.added, changes.removed, changes.changed, methodology=edition.methodology != predecessor.methodology
    )
    covers_more = edition.missing_months != predecessor.missing_months
    if changes.total == 0 and not changes.methodology and not covers_more:
        raise rules.NothingChanged(f"Every row is as in edition {predecessor.number}; there is nothing to publish.")
    edition.change_kind = rules.change_kind(changes)
    edition.changes = {"added": changes.added, "removed": changes.removed, "changed": changes.changed}


async def _reconciliation(work: Work, subject: Subject, edition: Edition) -> rules.Reconciliation:
    return await selection.reconcile(
        await raw_connection(work.session), edition.edition_id, subject.organisation.organisation_id, subject.quarter
    )


def _reconciled(reconciliation: rules.Reconciliation) -> dict[str, Any]:
    def amount(value: rules.Amount) -> dict[str, int]:
        return {"lines": value.lines, "pence": value.pence}

    return {
        "ledger": amount(reconciliation.stated),
        "received": amount(reconciliation.received),
        "published": amount(reconciliation.published),
        "excluded": [{"code": code, **amount(value)} for code, value in reconciliation.excluded.items()],
        "removed_for_privacy": amount(rules.Amount()),
        "difference": amount(reconciliation.difference),
        "incomplete_batches": reconciliation.incomplete_batches,
    }


async def _build_files(work: Work, subject: Subject, edition: Edition) -> None:
    connection = await raw_connection(work.session)
    await selection.prefer_sets(connection)
    frame = _frame(work, subject, edition)
    about = queries.about(edition, subject.organisation, work.base_url)
    csv_file = await files.build_csv(connection, work.files, frame)
    json_file = await files.build_json(connection, work.files, frame, about)
    await work.name_file(csv_file)
    await work.name_file(json_file)
    schema = await work.store_file(files.table_schema(), files.SCHEMA_TYPE)
    built = {CSV_FILE: csv_file, JSON_FILE: json_file, SCHEMA_FILE: schema}
    edition.sha256 = csv_file.sha256
    redactions = await queries.redactions(connection, edition.edition_id, edition.total_pence)
    methodology = await _methodology(work, subject)
    metadata = queries.edition_metadata(
        edition, about, parameters=methodology.parameters, redactions=redactions, files=built, built_at=work.now
    )
    built[METADATA_FILE] = await work.store_file(metadata, files.JSON_TYPE)
    await work.session.exec(delete(EditionFile).where(col(EditionFile.edition_id) == edition.edition_id))
    for name, stored in built.items():
        work.session.add(
            EditionFile(
                edition_id=edition.edition_id,
                name=name,
                media_type=stored.media_type,
                sha256=stored.sha256,
                size=stored.size,
            )
        )


async def _record(work: Work, subject: Subject, edition: Edition) -> None:
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
        "url": queries.file_url(work.base_url, subject.organisation.slug, edition, CSV_FILE),
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
            )
        )


async def _meet_duties(work: Work, subject: Subject, edition: Edition) -> None:
    """The file holds the quarter's spend and cards; grants to voluntary bodies are out once all four quarters are."""
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
                url=queries.file_url(work.base_url, subject.organisation.slug, edition, CSV_FILE),
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
