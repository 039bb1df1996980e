"""What people do with staff lists: import a version, raise and decide objections, settle small units."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from uuid import UUID

from sqlalchemy import insert
from sqlmodel import col, select

from services.transparency import queries as publishers
from services.transparency.people import queries, rules
from services.transparency.people.reader import StaffRows, read_staff
from services.transparency.people.staff import by_post
from services.transparency.people.structure import Choices, structure
from services.transparency.people.tables import PostObjection, SmallUnitDecision, StaffEntry, StaffList
from services.transparency.redactions.exposure import lock_datasets
from services.transparency.tables import Organisation
from shared.errors import NotFound
from shared.periods import FinancialYear, add_months, london_date
from shared.work import Work, four_eyes


@dataclass(frozen=True)
class Imported:
    """A list as it is now, and what became of the file."""

    staff_list: StaffList
    rows: StaffRows
    changed: bool
    objections: int
    """Objections that the file states and that now wait for a decision here."""


async def import_posts(
    work: Work,
    publisher: str,
    day: date,
    *,
    path: Path,
    media_type: str,
    sha256: str,
    rows_of: str | None,
    whole: bool,
) -> Imported:
    """Keep a staff list as the next version of its day, whole or row by row; the same list again changes nothing."""
    work.may_write_for(publisher)
    organisation = await publishers.publisher(work.session, publisher)
    data = await asyncio.to_thread(path.read_bytes)
    read = await asyncio.to_thread(read_staff, data, media_type, rows_of or publisher)
    if read.errors and (whole or not read.rows):
        raise rules.StaffListInvalid(
            f"{read.rejected} rows cannot be taken, so nothing was; errors names every reason. Correct them and send "
            "the list again" + (", or send it with on_error=row_by_row." if read.rows else "."),
            errors=read.errors,
        )
    await work.lock("staff list", str(organisation.organisation_id))
    newest = await queries.newest_list(work.session, organisation.organisation_id, day)
    if newest is not None and newest.content_sha256 == read.digest:
        # No file that names people is kept beside the rows taken from it.
        await work.forget_file(sha256)
        return Imported(newest, read, changed=False, objections=0)
    staff_list = StaffList(
        list_id=work.new_id(),
        organisation_id=organisation.organisation_id,
        applicable_date=day,
        version=newest.version + 1 if newest else 1,
        content_sha256=read.digest,
        file_sha256=sha256,
        row_count=len(read.rows),
        post_count=len(by_post(read.rows)),
        rejected_rows=read.rejected,
        imported_by=work.actor.sub,
        imported_at=work.now,
    )
    work.session.add(staff_list)
    await work.session.flush()
    entries = [
        {"list_id": staff_list.list_id, "number": number, **asdict(row)}
        for number, row in enumerate(read.rows, start=1)
    ]
    await work.session.exec(insert(StaffEntry), params=entries)
    raised = await _raise_stated(work, organisation, read)
    work.audit(
        "import_posts",
        staff_list.list_id,
        after={
            "publisher": publisher,
            "applicable_date": day,
            "version": staff_list.version,
            "rows": staff_list.row_count,
            "rejected_rows": read.rejected,
        },
    )
    await work.forget_file(sha256)
    return Imported(staff_list, read, changed=True, objections=raised)


async def raise_objection(work: Work, publisher: str, post_id: str, reason: str) -> PostObjection:
    """Note that a holder objects to publication; another person decides."""
    work.may_write_for(publisher)
    organisation = await publishers.publisher(work.session, publisher)
    await work.lock("staff list", str(organisation.organisation_id))
    known = await work.session.exec(
        select(StaffEntry)
        .join(StaffList, col(StaffList.list_id) == col(StaffEntry.list_id))
        .where(col(StaffList.organisation_id) == organisation.organisation_id, col(StaffEntry.post_id) == post_id)
        .limit(1)
    )
    if known.first() is None:
        raise rules.NoSuchPost(f"No staff list of {publisher} has a post {post_id[:40]}; check its number.")
    objection = await _raise(work, organisation, post_id, reason)
    await work.session.flush()
    work.audit("raise_objection", objection.objection_id, after={"publisher": publisher, "state": "raised"})
    return objection


async def decide_objection(
    work: Work, publisher: str, post_id: str, objection_id: UUID, decision: rules.Decision, reason: str
) -> PostObjection:
    """Uphold or refuse an objection, or lift an upheld one, as a second person (T-37).

    No edition is approved meanwhile: one that shows the post is public before, or is refused after.
    """
    work.may_write_for(publisher)
    organisation = await publishers.publisher(work.session, publisher)
    found = await work.session.exec(
        select(PostObjection)
        .where(
            col(PostObjection.objection_id) == objection_id,
            col(PostObjection.organisation_id) == organisation.organisation_id,
            col(PostObjection.post_id) == post_id,
        )
        .with_for_update()
    )
    objection = found.one_or_none()
    if objection is None:
        raise NotFound("There is no such objection.")
    await lock_datasets(work.session, organisation.organisation_id)
    before = objection.state
    after = rules.decide_objection(rules.Objection(before), decision)
    four_eyes(work.actor, objection.raised_by, code="four_eyes")
    parameters = await queries.parameters_of(
        work.session, organisation.organisation_id, FinancialYear.of(london_date(work.now))
    )
    objection.state = after.state
    objection.decided_by, objection.decided_at, objection.decision_reason = work.actor.sub, work.now, reason
    objection.review_on = (
        add_months(london_date(work.now), parameters["redaction_review_months"]) if after.state == "upheld" else None
    )
    objection.version += 1
    work.audit("decide_objection", objection_id, before={"state": before}, after={"state": after.state})
    return objection


async def settle_small_unit(
    work: Work, publisher: str, day: date, unit: str, decision: rules.UnitDecision, public_interest: str
) -> SmallUnitDecision:
    """Decide, as data protection lead, what a small unit with a withheld post may show (T-37)."""
    work.may_write_for(publisher)
    organisation = await publishers.publisher(work.session, publisher)
    organisation_id = organisation.organisation_id
    await work.lock("staff list", str(organisation_id))
    staff_list = await queries.newest_list(work.session, organisation_id, day)
    if staff_list is None:
        raise rules.NoStaffList(f"No staff list of {publisher} is as at {day.isoformat()}; import one first.")
    four_eyes(work.actor, staff_list.imported_by, code="four_eyes")
    parameters = await queries.parameters_of(work.session, organisation_id, FinancialYear.of(day))
    choices = Choices.of(parameters)
    upheld = await queries.objections(work.session, organisation_id, ["upheld"])
    chart = structure(
        await queries.staff_of(work.session, staff_list.list_id),
        day,
        choices,
        publisher=publisher,
        withheld={objection.post_id for objection in upheld},
    )
    rules.unit_to_settle(chart.small_units, unit, choices.small_unit)
    found = await work.session.exec(
        select(SmallUnitDecision).where(
            col(SmallUnitDecision.organisation_id) == organisation_id,
            col(SmallUnitDecision.applicable_date) == day,
            col(SmallUnitDecision.unit) == unit,
        )
    )
    settled = found.one_or_none()
    review_on = add_months(london_date(work.now), parameters["redaction_review_months"])
    if settled is None:
        settled = SmallUnitDecision(
            decision_id=work.new_id(),
            organisation_id=organisation_id,
            applicable_date=day,
            unit=unit,
            decision=decision,
            public_interest=public_interest,
            review_on=review_on,
            decided_by=work.actor.sub,
            decided_at=work.now,
        )
        work.session.add(settled)
    else:
        settled.decision, settled.public_interest, settled.review_on = decision, public_interest, review_on
        settled.decided_by, settled.decided_at = work.actor.sub, work.now
        settled.version += 1
    await work.session.flush()
    work.audit("settle_small_unit", settled.decision_id, after={"publisher": publisher, "decision": decision})
    return settled


async def _raise_stated(work: Work, organisation: Organisation, read: StaffRows) -> int:
    """Objections that the list states wait here for a decision: a file decides nothing."""
    raised = 0
    for post_id, rows in by_post(read.rows).items():
        if not any(row.objection in ("raised", "upheld") for row in rows):
            continue
        found = await work.session.exec(
            select(PostObjection)
            .where(
                col(PostObjection.organisation_id) == organisation.organisation_id,
                col(PostObjection.post_id) == post_id,
            )
            .limit(1)
        )
        if found.first() is None:
            await _raise(work, organisation, post_id, "Stated in the staff list.")
            raised += 1
    return raised


async def _raise(work: Work, organisation: Organisation, post_id: str, reason: str) -> PostObjection:
    earlier = await work.session.exec(
        select(PostObjection).where(
            col(PostObjection.organisation_id) == organisation.organisation_id, col(PostObjection.post_id) == post_id
        )
    )
    decided = rules.raise_objection([rules.Objection(objection.state) for objection in earlier.all()], post_id)
    objection = PostObjection(
        objection_id=work.new_id(),
        organisation_id=organisation.organisation_id,
        post_id=post_id,
        state=decided.state,
        reason=reason,
        raised_by=work.actor.sub,
        raised_at=work.now,
    )
    work.session.add(objection)
    return objection
