"""What makes up an edition of spend: its rows decided from the ledger, its totals noted, its files built."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from sqlmodel import col, update

from services.transparency import queries as publishers
from services.transparency.contracts import queries as contracts
from services.transparency.editions import building, differences, files, ledger, quality, queries, rules, selection
from services.transparency.editions.cells import Frame, figures_query
from services.transparency.editions.row_lines import Digests
from services.transparency.editions.subject import Subject, methodology_of
from services.transparency.editions.tables import Edition, RowDecision
from services.transparency.methodology import completed
from services.transparency.redactions import queries as redactions
from services.transparency.redactions.reasons import privacy_exclusions
from shared import inbox
from shared.bus import topic_of
from shared.database import raw_connection
from shared.events.grants import ExpenditureRecorded
from shared.work import Work

WITHHELD = " withheld "
"""Stands in a mark between what the ledger holds and what is withheld of it."""
PATIENCE_SECONDS = 1.0
"""How long a request waits for what the ledger's owner has recorded, before it is refused for not having heard it."""


async def hear(work: Work) -> rules.Unheard:
    """What the ledger's owner has recorded and this service has not heard. Asked first, so that what is read next may
    hold more than what is counted here, and never less."""
    connection = await work.session.connection()
    topic = topic_of(ExpenditureRecorded.OWNER)
    found = await inbox.unheard(connection, work.runtime.bus, topic, patience_seconds=PATIENCE_SECONDS)
    return rules.Unheard(on_their_way=found.on_their_way, parked=found.parked)


async def check(
    work: Work, subject: Subject, edition: Edition, editions: list[Edition], unheard: rules.Unheard
) -> None:
    """Select again where the ledger moved, refuse what may not be published, and build the files."""
    connection = await raw_connection(work.session)
    reconciliation = await reconciliation_of(work, subject, edition)
    was_on_its_way = edition.reconciliation.get("files_on_their_way")
    if (
        await mark(work, subject, edition) != edition.ledger_mark
        or was_on_its_way
        or not reconciliation.accounts_for_all
    ):
        await decide(work, subject, edition, editions, unheard)
    await refuse_unfinished(work, subject, edition, unheard)
    rules.refuse_unaccounted(await reconciliation_of(work, subject, edition))
    rules.refuse_clashes(await selection.clashing_keys(connection, edition.edition_id))
    rules.refuse_unknown_contracts(await _unknown_contracts(work, subject, edition))
    await build_files(work, subject, edition, editions)


async def refuse_approval(work: Work, subject: Subject, edition: Edition, unheard: rules.Unheard) -> None:
    """Refuse to publish while lines are on their way: that says more than that something has changed."""
    await refuse_unfinished(work, subject, edition, unheard)


async def refuse_last(work: Work, subject: Subject, edition: Edition) -> None:
    """Refuse at the very end what does not reconcile."""
    rules.refuse_unaccounted(await reconciliation_of(work, subject, edition))


async def mark(work: Work, subject: Subject, edition: Edition) -> str:
    """A fingerprint of what the period's rows would be made from now."""
    connection = await raw_connection(work.session)
    organisation_id = subject.organisation.organisation_id
    lines = await ledger.ledger_mark(connection, organisation_id, subject.quarter)
    withheld = await redactions.redactions_mark(connection, organisation_id)
    return f"{lines}{WITHHELD}{withheld}" if withheld else lines


async def erase(work: Work, edition: Edition) -> None:
    """Forget what a withdrawn edition showed; which lines it counted and why stays for its reconciliation (T-52)."""
    await work.session.exec(
        update(RowDecision).where(col(RowDecision.edition_id) == edition.edition_id).values(content="")
    )


async def refuse_unfinished(work: Work, subject: Subject, edition: Edition, unheard: rules.Unheard) -> None:
    """No edition while a file of the quarter is on its way; none that says complete, or nil, while more is unheard."""
    connection = await raw_connection(work.session)
    left = await ledger.outstanding(connection, subject.organisation.organisation_id, subject.quarter)
    rules.refuse_on_its_way(subject.quarter, left)
    if edition.coverage == "complete":
        rules.refuse_unheard(subject.quarter, unheard)
    if edition.nil_return:
        rules.refuse_unsettled(subject.quarter, left)


async def decide(
    work: Work,
    subject: Subject,
    edition: Edition,
    editions: list[Edition],
    unheard: rules.Unheard,
) -> None:
    """Decide every line of the quarter, and note what came of it on the edition."""
    connection = await raw_connection(work.session)
    await selection.prefer_sets(connection)
    methodology = await methodology_of(work, subject)
    organisation_id = subject.organisation.organisation_id
    known = [other for other in editions if other.state in queries.KNOWN_STATES]
    # The mark is taken before the selection: a line that arrives in between makes the two differ, never agree.
    edition.ledger_mark = await mark(work, subject, edition)
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
            parameters=completed(methodology.parameters),
            reference_key=work.settings.reference_key,
            first_edition_id=known[0].edition_id if known else None,
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
    await _compare(work, edition, known[-1] if known else None)


async def reconciliation_of(work: Work, subject: Subject, edition: Edition) -> rules.Reconciliation:
    """The quarter's ledger at this moment against what this edition decided."""
    return await ledger.reconcile(
        await raw_connection(work.session), edition.edition_id, subject.organisation.organisation_id, subject.quarter
    )


async def build_files(work: Work, subject: Subject, edition: Edition, editions: list[Edition]) -> None:
    """Build CSV, JSON and the digests of the rows once; the CSV's hash is the edition's."""
    connection = await raw_connection(work.session)
    await selection.prefer_sets(connection)
    frame = frame_of(work, subject, edition)
    about = queries.about(edition, subject.organisation, subject.kind, work.base_url)
    csv_file = await files.build_csv(connection, work.files, frame)
    edition.salt = building.new_salt()
    digests = Digests(work.files, edition.salt)
    try:
        json_file = await files.build_json(connection, work.files, frame, about, digests)
        digests_file = await asyncio.to_thread(digests.finish)
    except BaseException:
        digests.discard()
        raise
    for built in (csv_file, json_file, digests_file):
        await work.name_file(built)
    edition.quality = await quality.spend_figures(connection, frame)
    comparisons = []
    for earlier in reversed([other for other in editions if other.state in queries.KEPT_STATES]):
        rows = await differences.rows_decided_otherwise(connection, earlier.edition_id, edition.edition_id)
        comparison = await building.compare(work, subject, earlier, json_file, rows)
        if comparison is not None:
            gone = await _left_out_for_privacy(work, edition, [row for row, kind in rows.items() if kind == "removed"])
            comparisons.append((earlier, replace(comparison, newly_withheld=comparison.newly_withheld + gone)))
    await building.keep_files(
        work,
        subject,
        edition,
        {subject.kind.csv_file: csv_file, subject.kind.json_file: json_file, building.DIGESTS_FILE: digests_file},
        redactions=await queries.redactions(connection, edition.edition_id, edition.total_pence),
        comparisons=comparisons,
    )


async def _left_out_for_privacy(work: Work, edition: Edition, row_ids: list[str]) -> int:
    """How many of these rows this edition leaves out to protect a person (T-10)."""
    connection = await raw_connection(work.session)
    cursor = await connection.execute(
        """
        SELECT count(DISTINCT row_id) FROM row_decisions
        WHERE edition_id = %s AND row_id = ANY(%s) AND exclusion = ANY(%s)
        """,
        [edition.edition_id, row_ids, list(privacy_exclusions())],
    )
    found = await cursor.fetchone()
    return int(found[0]) if found else 0


async def _unknown_contracts(work: Work, subject: Subject, edition: Edition) -> dict[str, list[str]]:
    """Contract references that rows show and the publisher's register does not hold, with those rows (T-16)."""
    connection = await raw_connection(work.session)
    cursor = await connection.execute(
        """
        SELECT btrim(line.contract_ref), array_agg(DISTINCT decision.row_id ORDER BY decision.row_id)
        FROM row_decisions decision JOIN spend_lines line USING (entry_id)
        WHERE decision.edition_id = %(edition)s AND decision.inclusion IS NOT NULL
            AND decision.inclusion <> 'EXPENSE_MONTH' AND btrim(line.contract_ref) <> ''
            AND line.party_kind NOT IN ('individual', 'staff') AND NOT line.source_redacted
            AND NOT EXISTS (
                SELECT FROM row_redactions withheld
                WHERE withheld.edition_id = decision.edition_id AND withheld.entry_id = decision.entry_id
                    AND 'contract_ref' = ANY(withheld.fields || withheld.named))
        GROUP BY 1
        """,
        {"edition": edition.edition_id},
    )
    named = dict(await cursor.fetchall())
    unknown = await contracts.unknown_refs(work.session, subject.organisation.organisation_id, set(named))
    return {reference: rows for reference, rows in named.items() if reference in unknown}


def frame_of(work: Work, subject: Subject, edition: Edition) -> Frame:
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
    cursor = await connection.execute(figures_query(frame_of(work, subject, edition)))
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
    if predecessor.state == "withdrawn":
        # What it showed is erased, so nothing can be compared; this edition takes its place.
        edition.change_kind, edition.changes = "redaction", {}
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

    private = {code: part for code, part in reconciliation.excluded.items() if code in privacy_exclusions()}
    removed = rules.Amount(sum(part.lines for part in private.values()), sum(part.pence for part in private.values()))
    return {
        "ledger": amount(reconciliation.stated),
        "received": amount(reconciliation.received),
        "published": amount(reconciliation.published),
        "excluded": [
            {"code": code, **amount(value)} for code, value in reconciliation.excluded.items() if code not in private
        ],
        "removed_for_privacy": amount(removed),
        "difference": amount(reconciliation.difference),
        "incomplete_batches": reconciliation.incomplete_batches,
    }
