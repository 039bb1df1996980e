"""What makes up an edition: its rows decided, its totals noted, its files built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlmodel import col, delete

from services.transparency import queries as publishers
from services.transparency.editions import files, ledger, queries, rules, selection
from services.transparency.editions.cells import Frame, figures_query
from services.transparency.editions.tables import Dataset, Edition, EditionFile
from services.transparency.tables import Methodology, Organisation
from shared.database import raw_connection
from shared.periods import Quarter
from shared.work import Work

CSV_FILE, JSON_FILE, SCHEMA_FILE, METADATA_FILE = "spend.csv", "spend.json", "schema.json", "edition.json"


@dataclass(frozen=True)
class Subject:
    """The publisher, dataset and quarter that a command is about, the dataset's row locked."""

    organisation: Organisation
    dataset: Dataset
    quarter: Quarter


async def methodology_of(work: Work, subject: Subject) -> Methodology:
    """The newest of the publisher's methodologies that is in force when the quarter begins."""
    versions = await publishers.methodologies(work.session, subject.organisation.organisation_id)
    in_force = [
        version
        for version in versions
        if version.effective_from is None or version.effective_from <= subject.quarter.start
    ]
    if not in_force:
        raise rules.NoMethodology(f"{subject.organisation.name} publishes no methodology; register it as a publisher.")
    return in_force[-1]


async def decide_rows(
    work: Work,
    subject: Subject,
    edition: Edition,
    methodology: Methodology,
    editions: list[Edition],
    unheard: rules.Unheard,
) -> None:
    """Decide every line of the quarter, and note what came of it on the edition."""
    connection = await raw_connection(work.session)
    await selection.prefer_sets(connection)
    organisation_id = subject.organisation.organisation_id
    public = [other for other in editions if other.state in ("published", "superseded")]
    # The mark is taken before the selection: a line that arrives in between makes the two differ, never agree.
    edition.ledger_mark = await ledger.ledger_mark(connection, organisation_id, subject.quarter)
    months = await ledger.stated_months(connection, organisation_id, subject.quarter)
    claimed = rules.coverage([month for month, _ in months])
    if edition.nil_stated or claimed.silent or claimed.word == "complete":
        # Before any row is selected: a file of many lines is not gone through for a refusal.
        rules.refuse_unheard(subject.quarter, unheard)
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
    outstanding = await ledger.outstanding(connection, organisation_id, subject.quarter)
    reconciliation = await reconciliation_of(work, subject, edition)
    covered = rules.coverage([month for month, _ in months], arrived=reconciliation.arrived)
    edition.coverage, edition.missing_months = covered.word, covered.missing
    edition.reconciliation = {
        **_reconciled(reconciliation),
        "months": [_month(*each) for each in months],
        "files_on_their_way": outstanding.files_on_their_way,
        "files_waiting": outstanding.files_waiting,
        "unsettled_lines": outstanding.unsettled_lines,
    }
    edition.line_count = reconciliation.published.lines
    figures = await _figures(work, subject, edition)
    says_nil = edition.nil_stated or covered.silent or (covered.word == "complete" and not edition.row_count)
    if says_nil:
        rules.refuse_on_its_way(subject.quarter, outstanding)
        rules.refuse_unsettled(subject.quarter, outstanding)
    rules.refuse_silence(subject.quarter, covered, nil_return=edition.nil_stated, published=edition.row_count)
    if edition.nil_stated:
        rules.refuse_unaccounted(reconciliation)
        # A person states that there was nothing to report, which covers the months nobody spoke for too.
        edition.coverage, edition.missing_months = "complete", []
    edition.nil_return = rules.is_nil_return(rows=edition.row_count, coverage=edition.coverage)
    edition.warnings = {name: count for name, count in figures.items() if count}
    await _compare(work, edition, public[-1] if public else None)


async def reconciliation_of(work: Work, subject: Subject, edition: Edition) -> rules.Reconciliation:
    """The quarter's ledger at this moment against what this edition decided."""
    return await ledger.reconcile(
        await raw_connection(work.session), edition.edition_id, subject.organisation.organisation_id, subject.quarter
    )


async def build_files(work: Work, subject: Subject, edition: Edition) -> None:
    """Build CSV, JSON, Table Schema and metadata once; the CSV's hash is the edition's."""
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
    methodology = await methodology_of(work, subject)
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
    says_more = (edition.coverage, edition.missing_months) != (predecessor.coverage, predecessor.missing_months)
    if changes.total == 0 and not changes.methodology and not says_more:
        raise rules.NothingChanged(f"Every row is as in edition {predecessor.number}; there is nothing to publish.")
    edition.change_kind = rules.change_kind(changes)
    edition.changes = {"added": changes.added, "removed": changes.removed, "changed": changes.changed}


def _month(month: rules.Month, pence: int) -> dict[str, Any]:
    return {
        "month": month.month,
        "lines": month.lines,
        "pence": pence,
        "coverage": month.coverage,
        "waits": bool(month.files_waiting),
        "unsettled_lines": month.unsettled_lines,
    }


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
