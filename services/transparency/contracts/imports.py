"""Taking in a file of contracts: each record gets an outcome; nothing is stored of a file that is refused whole."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from uuid import UUID

from services.transparency.contracts import layouts, queries
from services.transparency.contracts.commands import lock_register, next_version, store
from services.transparency.contracts.layouts import Layout
from services.transparency.contracts.reading import read_records
from services.transparency.contracts.refusals import ImportRefused
from services.transparency.contracts.tables import ContractImport
from services.transparency.contracts.taking_in import Answer, Outcome, take_in
from shared.errors import NotFound
from shared.work import Work


async def import_contracts(
    work: Work,
    publisher: str,
    path: Path,
    sha256: str,
    media_type: str,
    *,
    profile: str | None,
    on_error: str | None,
) -> ContractImport:
    """Take in a file: good records become versions, or, with `refuse_whole`, all of them or none.

    The same file again finds every record registered already, and changes nothing.
    """
    organisation = await lock_register(work, publisher)
    layout = await layout_of(work, organisation.organisation_id, profile)
    on_error = on_error or layout.on_error
    data = await asyncio.to_thread(path.read_bytes)
    records = await asyncio.to_thread(read_records, data, media_type, layout, publisher)
    references = {record.reference for record in records if record.said is not None}
    registered = await queries.versions(work.session, organisation.organisation_id, references)
    known = {reference: [version.said for version in versions] for reference, versions in registered.items()}
    answers = take_in(records, known, work.now)
    counts = Counter(answer.outcome for answer in answers)
    if on_error == "refuse_whole":
        _refuse(answers, counts)
    row = ContractImport(
        import_id=work.new_id(),
        organisation_id=organisation.organisation_id,
        profile=layout.name,
        profile_version=layout.version,
        on_error=on_error,
        sha256=sha256,
        received=len(answers),
        accepted=counts[Outcome.ACCEPTED],
        duplicates=counts[Outcome.DUPLICATE],
        conflicts=counts[Outcome.CONFLICT],
        rejected=counts[Outcome.REJECTED],
        outcomes=[answer.as_dict() for answer in answers],
        created_by=work.actor.sub,
        created_at=work.now,
    )
    work.session.add(row)
    contracts = {reference: versions[-1].contract for reference, versions in registered.items()}
    accepted = [answer for answer in answers if answer.outcome is Outcome.ACCEPTED]
    added = []
    for answer in sorted(accepted, key=lambda answer: answer.version or 0):
        reference, said = answer.record.reference, answer.record.said
        assert said is not None
        next_one = next_version(work, organisation, reference, contracts.get(reference), said, import_id=row.import_id)
        contracts[reference] = next_one.found.contract
        added.append(next_one)
    await store(work, added)
    work.audit(
        "import_contracts",
        organisation.organisation_id,
        after={"import_id": row.import_id, "file": sha256, "received": row.received, "outcomes": dict(counts)},
    )
    return row


async def layout_of(work: Work, organisation_id: UUID, profile: str | None) -> Layout:
    """The publisher's profile of this name in its newest version, or the standard layout."""
    if profile is None or profile == layouts.STANDARD.name:
        return layouts.STANDARD
    row = await queries.profile(work.session, organisation_id, profile)
    values = dict(row.layout)
    for name in ("ignored", "publisher_names"):
        values[name] = tuple(values[name])
    return Layout(name=row.name, version=row.version, **values)


async def find_import(work: Work, import_id: UUID) -> ContractImport:
    found = await work.session.get(ContractImport, import_id)
    if found is None:
        raise NotFound("There is no such import of contracts.")
    return found


def _refuse(answers: list[Answer], counts: Counter[Outcome]) -> None:
    stopping = [answer for answer in answers if answer.outcome in (Outcome.REJECTED, Outcome.CONFLICT)]
    if not stopping:
        return
    raise ImportRefused(
        f"Of {len(answers)} records {counts[Outcome.REJECTED]} cannot be taken in and {counts[Outcome.CONFLICT]} "
        "conflict with the register, so nothing of the file was stored. Correct them and send the file again, or send "
        "it with on_error=row_by_row.",
        errors=[reason for answer in stopping for reason in answer.reasons],
        extra={"received": len(answers), "outcomes": {str(outcome): counts[outcome] for outcome in Outcome}},
    )
