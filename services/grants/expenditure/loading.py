"""One batch from staged rows to ledger, account, events and audit, in one transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from typing import Any
from uuid import UUID

from services.grants import queries as grants
from services.grants.expenditure.bulk_events import LineEvents
from services.grants.expenditure.findings import over_budgets, without_part
from services.grants.expenditure.identities import identify_again
from services.grants.expenditure.merge import Account, Merge, MergeInput, RuleFault, Slot
from services.grants.expenditure.name_findings import look_back
from services.grants.expenditure.profile import complete
from services.grants.expenditure.queries import months_of, profile_versions, sent_elsewhere, sent_here
from services.grants.expenditure.reading import FileFault
from services.grants.expenditure.row_kinds import Tally
from services.grants.expenditure.rules import (
    Controls,
    comparable_fields,
    control_mismatch,
    place_quarters,
)
from services.grants.expenditure.settlement import settle_batch
from services.grants.expenditure.staging import begin_trial, copy_slice, open_staging, undo_trial
from services.grants.expenditure.tables import ExpenditureBatch
from services.grants.use_rules.queries import rule_book
from shared.database import raw_connection
from shared.money import MAX_PENCE
from shared.periods import FinancialYear, london_date
from shared.work import Work

SLICE_BLOCKS = 5
"""Blocks of parsed lines that are merged at a time: enough to work by sets, and few enough to overlap with parsing."""


async def load(
    work: Work,
    batch: ExpenditureBatch,
    layout: dict[str, Any],
    blocks: AsyncIterator[bytes],
    tally_of: Callable[[], Tally],
    *,
    persons: Collection[str] | None = None,
) -> None:
    """Take in a batch whose row exists. Raises FileFault where the file turns out unusable as a whole.

    `persons`: the names that its reader knew, where it can be read again; then NamesLater says that it must be.
    """
    await work.session.flush()
    await identify_again(work, batch.source, batch.organisation_id)
    connection = await raw_connection(work.session)
    await open_staging(connection)
    # Whether any line is rejected must be known before the first enters, where that keeps all of them out; so must the
    # totals that somebody stated.
    controlled = batch.expected_lines is not None or batch.expected_total_pence is not None
    slice_blocks = None if batch.on_error == "reject_batch" or controlled else SLICE_BLOCKS
    more = await copy_slice(connection, blocks, slice_blocks)
    await connection.execute("ANALYZE incoming")
    # Lines of one organisation and source are compared with what is stored, so merges of them go one at a time.
    await work.lock("expenditure", str(batch.organisation_id), batch.source)
    # Nor are the same bytes taken in under two names at once.
    await work.lock("expenditure-bytes", str(batch.organisation_id), batch.content_sha256 or "")
    elsewhere = await sent_elsewhere(work.session, batch)
    slots, faults = await _assignments(work, layout)
    mismatch = control_mismatch(_controls(batch), tally_of()) if controlled else None
    if batch.dry_run:
        await begin_trial(connection)
    merge = Merge(
        connection,
        MergeInput(
            batch_id=batch.id,
            organisation_id=batch.organisation_id,
            source=batch.source,
            keyed=layout["identity"]["kind"] == "keyed",
            corrects=await _mended(work, batch),
            compared={
                version: comparable_fields(layout, complete(earlier.layout))
                for version, earlier in (await profile_versions(work.session, batch.source)).items()
            },
            version=batch.profile_version or 0,
            now=work.now,
            reject_all=batch.on_error == "reject_batch",
            slots=slots,
            rule_faults=faults,
            refused=mismatch["detail"] if mismatch else None,
            same_bytes=await sent_here(work.session, batch),
            sent_before=_sent_before(elsewhere) if elsewhere else None,
        ),
    )
    await merge.open()
    events = await LineEvents.of(work, batch)
    while more:
        if await merge.take():
            await events.record_slice()
        more = await copy_slice(connection, blocks, slice_blocks)
    account, tally = merge.account, tally_of()
    if abs(tally.received_pence) > MAX_PENCE:
        raise FileFault("total_too_large", "The amounts add up to more than can be kept; check the decimal points.")
    months = await months_of(work.session, batch.id)
    findings: list[dict[str, Any]] = []
    if account.lines["accepted"]:
        touched = {slot.agreement_id for slot in slots}
        findings = [*await over_budgets(work, touched), *await without_part(work, batch, touched)]
        findings += await look_back(work, batch.id, batch.organisation_id, known=persons)
    if batch.dry_run:
        await undo_trial(connection, batch.id)
    _settle(work, batch, tally, account, 0 if batch.dry_run else events.count)
    if mismatch is not None:
        batch.state, batch.failure = "failed", mismatch
    batch.eligible_pence = sum(pence for _, _, pence in months)
    if elsewhere is not None and tally.received_lines:
        findings.append({"code": "sent_before", "batch": str(elsewhere.id), "profile": elsewhere.source})
    batch.findings = [*findings, *tally.findings]
    work.session.add(batch)
    await work.session.flush()
    if batch.dry_run:
        work.audit("try_expenditure", batch.id, after={"lines": account.lines, "pence": account.pence})
        return
    settled = await settle_batch(work, batch, months)
    work.audit(
        "take_in_expenditure",
        batch.id,
        after={"state": batch.state, "lines": account.lines, "pence": account.pence, "settled": settled},
    )


def _sent_before(earlier: ExpenditureBatch) -> str:
    return (
        f"This very file was taken in through the profile {earlier.source} on {earlier.created_at:%d/%m/%Y} (batch "
        f"{earlier.id}). Refuse the line where it is that one; accept it where it is another payment."
    )


async def _mended(work: Work, batch: ExpenditureBatch) -> UUID | None:
    """The batch whose rejected lines come as new occurrences.

    Of one that failed nothing is in the ledger: what mends it is compared like any first sending, for its lines hold
    also those that were stored before.
    """
    if batch.corrects is None:
        return None
    target = await work.session.get_one(ExpenditureBatch, batch.corrects)
    return None if target.state == "failed" else target.id


def _controls(batch: ExpenditureBatch) -> Controls:
    return Controls(batch.expected_lines, batch.expected_total_pence)


def _settle(work: Work, batch: ExpenditureBatch, tally: Tally, account: Account, event_count: int) -> None:
    """Both sides of the account onto the batch: the parser's count of what came, the merge's of what became of it.

    They are counted apart, and a constraint of the table holds them together.
    """
    batch.received_lines, batch.received_pence = tally.received_lines, tally.received_pence
    batch.amount_unreadable_lines, batch.not_lines = tally.amount_unreadable_lines, tally.not_lines
    batch.lines_read = tally.received_lines
    for outcome, lines in account.lines.items():
        setattr(batch, f"{outcome}_lines", lines)
        setattr(batch, f"{outcome}_pence", account.pence[outcome])
    batch.flags = account.flags
    batch.event_count = event_count
    batch.version += 1
    batch.completed_at = work.now
    batch.state = "completed"
    if batch.on_error == "reject_batch" and account.lines["rejected"]:
        batch.state = "failed"
        batch.failure = {
            "code": "lines_rejected",
            "detail": "Some lines cannot be taken and on_error is reject_batch, so none was; mend them and send again.",
        }


async def _assignments(work: Work, layout: dict[str, Any]) -> tuple[list[Slot], list[RuleFault]]:
    """Where each assignment rule's lines go. Holds a share of the quarters, so that none is locked meanwhile (G-29)."""
    slots: list[Slot] = []
    faults: list[RuleFault] = []
    known: dict[str, tuple[UUID, dict[str, int], Any, bool] | None] = {}
    for number, rule in enumerate(layout["assignment"]["rules"]):
        label = rule["agreement"]
        if label not in known:
            known[label] = await _agreement(work, label)
        found = known[label]
        if found is None:
            faults.append(RuleFault(number, "agreement_unknown", f"There is no agreement for {label}; enter it first."))
            continue
        agreement_id, budget, placements, closed = found
        if rule["line_code"] not in budget:
            code = rule["line_code"][:20]
            detail = f"The budget of {label} has no carrying line {code}; set the budget, or mend the rule."
            faults.append(RuleFault(number, "workstream_unknown", detail))
            continue
        slots += [
            Slot(
                number,
                agreement_id,
                rule["line_code"],
                place.from_day,
                place.to_day,
                place.post_to,
                place.late_for,
                closed,
            )
            for place in placements
        ]
    return slots, faults


async def _agreement(work: Work, label: str) -> tuple[UUID, dict[str, int], Any, bool] | None:
    agreement = await grants.agreement_of_year(work.session, label)
    if agreement is None:
        return None
    locked = await grants.locked_quarters(work.session, agreement.id)
    # A budget may be set before its year begins, and lines of that year may arrive as early.
    day = max(london_date(work.now), agreement.in_force_from)
    lines = await grants.carrying_lines(work.session, agreement.id, day)
    budget = {line.code: line.amount_pence or 0 for line in lines}
    placements = place_quarters(FinancialYear.parse(label), locked)
    return agreement.id, budget, placements, agreement.closed_at is not None


async def uses_of(work: Work, layout: dict[str, Any]) -> dict[str, Any] | None:
    """What a file's lines are judged by, as JSON: the rule book, and each agreement's id, territory and kinds of lines.

    None where no rule of the profile places a line: then nothing is judged.
    """
    labels = list(dict.fromkeys(rule["agreement"] for rule in layout["assignment"]["rules"]))
    if not labels:
        return None
    agreements: dict[str, Any] = {}
    for label in labels:
        agreement = await grants.agreement_of_year(work.session, label)
        if agreement is None:
            continue
        day = max(london_date(work.now), agreement.in_force_from)
        lines = await grants.carrying_lines(work.session, agreement.id, day)
        agreements[label] = {
            "id": str(agreement.id),
            "territory": agreement.territory,
            "kinds": {line.code: line.kind for line in lines},
        }
    return {"book": (await rule_book(work.session)).to_json(), "agreements": agreements}
