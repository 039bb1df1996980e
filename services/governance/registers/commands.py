"""What can be done with a register: import it, and settle its cells once a person confirmed names and dates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlmodel import col, select

from services.governance.attendance.rules import (
    check_year,
    meeting_year,
    nearest_meeting,
)
from services.governance.attendance.tables import AttendanceEntry
from services.governance.boards.commands import settle_group
from services.governance.boards.queries import find_board, get_board
from services.governance.boards.tables import Board
from services.governance.findings.noting import note_finding
from services.governance.meetings.queries import find_meeting, local_day, meetings_between
from services.governance.meetings.tables import Meeting
from services.governance.people.commands import person_as_printed
from services.governance.people.queries import known_people, memberships_on
from services.governance.people.rules import match_name
from services.governance.registers.reading import Cell, read_register
from services.governance.registers.tables import RegisterCell, RegisterImport
from shared.errors import Invalid
from shared.periods import add_months
from shared.texts import folded
from shared.work import Work


@dataclass
class ImportOutcome:
    """What an import of a register came to."""

    rows: int
    cells_added: int = 0
    unchanged: int = 0
    entries_added: int = 0
    waiting: int = 0
    findings: list[UUID] = field(default_factory=list)


async def import_register(work: Work, board_ref: str, year: str, sha256: str, data: bytes) -> ImportOutcome:
    """Take in a register of a board's meeting year. The same file again adds nothing (B-44)."""
    board = await find_board(work.session, board_ref, lock=True)
    work.may_write_for(board.organisation_slug)
    check_year(year)
    cells = read_register(data)
    strays = sorted({c.column for c in cells if meeting_year(c.column, *_start(board)) != year})
    if strays:
        raise Invalid(
            f"{strays[0].isoformat()} lies outside the board's meeting year {year}; send each year's register apart.",
            parameter="year",
        )
    await work.lock("persons")
    batch = RegisterImport(
        id=work.new_id(),
        board_id=board.id,
        year=year,
        sha256=sha256,
        rows=len(cells),
        received_at=work.now,
        received_by=work.actor.sub,
    )
    outcome = ImportOutcome(rows=len(cells))
    known = {
        (folded(c.person_printed), c.capacity, c.column_date): c
        for c in (
            await work.session.exec(
                select(RegisterCell).where(RegisterCell.board_id == board.id, RegisterCell.year == year)
            )
        ).all()
    }
    new: list[RegisterCell] = []
    for cell in cells:
        if cell.is_heading:
            await _note(work, outcome, board, batch, "heading_as_data", cell, f"{cell.person} {cell.status}")
            continue
        key = (folded(cell.person), cell.capacity, cell.column)
        before = known.get(key)
        if before is not None:
            outcome.unchanged += 1
            if folded(before.status_printed) != folded(cell.status):
                marks = f"{before.status_printed or 'blank'}; {cell.status or 'blank'}"
                text = f"{cell.person}, {cell.column.isoformat()}: {marks}"
                await _note(work, outcome, board, batch, "value_conflict", cell, text)
            continue
        if cell.read_status is None:
            await _note(work, outcome, board, batch, "status_unreadable", cell, cell.status)
        known[key] = row = _row(work, batch, cell)
        new.append(row)
    if new:
        work.session.add(batch)
        await work.session.flush()
        work.session.add_all(new)
        await work.session.flush()
    outcome.cells_added = len(new)
    # Meetings may have been entered since a cell came in, so every cell without one is looked at again.
    lost = sorted((c for c in known.values() if c.meeting_id is None), key=lambda c: (c.record, str(c.id)))
    await _attach_columns(work, outcome, board, batch, year, lost)
    await _attach_persons(work, outcome, board, batch, new)
    outcome.entries_added, found = await settle_cells(work, board)
    outcome.findings += found
    outcome.waiting = sum(1 for c in new if c.person_id is None or c.meeting_id is None)
    if new:
        work.audit("import_register", board.id, after={"year": year, "sha256": sha256, "cells": len(new)})
    return outcome


async def settle_cells(work: Work, board: Board) -> tuple[int, list[UUID]]:
    """Make entries of cells whose person and meeting are both settled. Returns how many, and findings made."""
    cells = (
        await work.session.exec(
            select(RegisterCell)
            .where(
                RegisterCell.board_id == board.id,
                col(RegisterCell.person_id).is_not(None),
                col(RegisterCell.meeting_id).is_not(None),
            )
            .order_by(col(RegisterCell.record), col(RegisterCell.id))
        )
    ).all()
    added, found, touched = 0, [], set()
    meetings = {m.id: m for m in (await work.session.exec(select(Meeting).where(Meeting.board_id == board.id))).all()}
    taken = {
        (e.meeting_id, e.person_id, e.capacity): e
        for e in (
            await work.session.exec(
                select(AttendanceEntry).where(col(AttendanceEntry.meeting_id).in_(list(meetings) or [board.id]))
            )
        ).all()
    }
    sitting: dict[UUID, dict[UUID, set[str]]] = {}
    for cell in cells:
        assert cell.meeting_id is not None
        assert cell.person_id is not None
        meeting = meetings[cell.meeting_id]
        if meeting.state == "cancelled" or (cell.meeting_id, cell.person_id, cell.capacity) in taken:
            continue
        if meeting.id not in sitting:
            sitting[meeting.id] = await _capacities_on(work, board, local_day(meeting))
        found += await _note_place(work, board, cell, sitting[meeting.id].get(cell.person_id, set()))
        group = (await settle_group(work.session, work, cell.group_printed)).id if cell.group_printed else None
        status = _read(cell)
        entry = AttendanceEntry(
            id=work.new_id(),
            meeting_id=meeting.id,
            person_id=cell.person_id,
            capacity=cell.capacity,
            group_id=group,
            expected=status != "unknown",
            status=status,
            source="register",
            source_value=cell.status_printed,
            created_at=work.now,
            modified_at=work.now,
            created_by=work.actor.sub,
        )
        taken[meeting.id, cell.person_id, cell.capacity] = entry
        work.session.add(entry)
        touched.add(meeting.id)
        added += 1
    for meeting_id in touched:
        # Attendance raises its meeting's stamp, and no other's (B-41).
        meetings[meeting_id].touch(work.now)
        work.session.add(meetings[meeting_id])
    await work.session.flush()
    return added, found


async def attach_column(work: Work, board_id: UUID, year: str, column: date, meeting_id: UUID) -> None:
    """A person confirmed which meeting a column of another date stands for (B-45)."""
    board = await get_board(work.session, board_id)
    meeting, _ = await find_meeting(work.session, meeting_id)
    if meeting.board_id != board.id:
        raise Invalid("That meeting is another board's; name one of this board.", pointer="/meeting_id")
    cells = (
        await work.session.exec(
            select(RegisterCell).where(
                RegisterCell.board_id == board_id,
                RegisterCell.year == year,
                RegisterCell.column_date == column,
                col(RegisterCell.meeting_id).is_(None),
            )
        )
    ).all()
    for cell in cells:
        cell.meeting_id = meeting_id
        work.session.add(cell)
    await work.session.flush()
    await settle_cells(work, board)


async def attach_person(work: Work, printed: str, person_id: UUID) -> None:
    """A person confirmed whom a printed name means; the cells that wait for it become entries (B-43)."""
    waiting = (await work.session.exec(select(RegisterCell).where(col(RegisterCell.person_id).is_(None)))).all()
    cells = [cell for cell in waiting if folded(cell.person_printed) == folded(printed)]
    for cell in cells:
        cell.person_id = person_id
        work.session.add(cell)
    await work.session.flush()
    for board_id in sorted({cell.board_id for cell in cells}):
        await settle_cells(work, await get_board(work.session, board_id))


async def _attach_columns(
    work: Work, outcome: ImportOutcome, board: Board, batch: RegisterImport, year: str, cells: Sequence[RegisterCell]
) -> None:
    """Columns whose date has a meeting attach; a near one is proposed, and nothing attaches until confirmed (B-45)."""
    if not cells:
        return
    columns = sorted({c.column_date for c in cells})
    meetings = [
        m
        for m in await meetings_between(work.session, board.id, add_months(columns[0], -1), add_months(columns[-1], 2))
        if m.state != "cancelled"
    ]
    days = {m.id: local_day(m) for m in meetings}
    for column in columns:
        same_day = [key for key, day in days.items() if day == column]
        own = [c for c in cells if c.column_date == column]
        if len(same_day) == 1:
            for cell in own:
                cell.meeting_id = same_day[0]
                work.session.add(cell)
            continue
        near = None if same_day else nearest_meeting(column, days)
        kind = "date_mismatch" if near else ("meeting_ambiguous" if same_day else "future_column")
        finding = await note_finding(
            work,
            batch=str(batch.id),
            place=f"register {year}, column heads",
            kind=kind,
            source_value=column.isoformat(),
            same=(str(board.id), year, column.isoformat()),
            board_id=board.id,
            meeting_id=near,
            proposal={
                "year": year,
                "column": column.isoformat(),
                "meetings": [
                    {"meeting_id": str(key), "day": days[key].isoformat()}
                    for key in (same_day or ([near] if near else []))
                ],
            },
        )
        if finding is not None:
            outcome.findings.append(finding.id)
    await work.session.flush()


async def _attach_persons(
    work: Work, outcome: ImportOutcome, board: Board, batch: RegisterImport, cells: Sequence[RegisterCell]
) -> None:
    """Known names attach; near ones are proposed; a name unlike any on record becomes a person, with a finding."""
    known = await known_people(work.session)
    by_name: dict[str, list[RegisterCell]] = defaultdict(list)
    for cell in cells:
        by_name[folded(cell.person_printed)].append(cell)
    for own in by_name.values():
        printed = own[0].person_printed
        match = match_name(printed, known)
        person_id = match.person_id
        if person_id is None and match.proposals:
            finding = await note_finding(
                work,
                batch=str(batch.id),
                place=f"register, record {own[0].record}",
                kind=match.proposals[0].kind,
                source_value=printed,
                same=("name", printed),
                board_id=board.id,
                proposal={"persons": [{"person_id": str(p.person_id), "name": p.name} for p in match.proposals]},
            )
            if finding is not None:
                outcome.findings.append(finding.id)
        elif person_id is None:
            person_id = (await person_as_printed(work, printed)).id
        for cell in own:
            cell.person_id = person_id
            work.session.add(cell)
    await work.session.flush()


async def _note_place(work: Work, board: Board, cell: RegisterCell, capacities: set[str]) -> list[UUID]:
    """A finding where the membership page does not show the person in that capacity (B-26, B-44)."""
    if cell.capacity in capacities or _read(cell) == "unknown":
        return []
    if capacities:
        kind = "capacity_mixed"
    else:
        kind = "substitute_not_listed" if cell.capacity == "substitute" else "not_on_membership_list"
    finding = await note_finding(
        work,
        batch=str(cell.import_id),
        place=f"register {cell.year}, record {cell.record}",
        kind=kind,
        source_value=f"{cell.person_printed} ({cell.capacity})",
        same=(str(board.id), cell.year, cell.person_printed, cell.capacity),
        board_id=board.id,
        meeting_id=cell.meeting_id,
    )
    return [finding.id] if finding else []


async def _capacities_on(work: Work, board: Board, day: date) -> dict[UUID, set[str]]:
    found: dict[UUID, set[str]] = {}
    for membership, _ in await memberships_on(work.session, board.id, day):
        found.setdefault(membership.person_id, set()).add(membership.capacity)
    return found


async def _note(
    work: Work, outcome: ImportOutcome, board: Board, batch: RegisterImport, kind: str, cell: Cell, value: str
) -> None:
    finding = await note_finding(
        work,
        batch=str(batch.id),
        place=f"register, record {cell.record}",
        kind=kind,
        source_value=value,
        same=(str(board.id), batch.year, cell.person, cell.capacity, value)
        if kind == "heading_as_data"
        else (str(board.id), batch.year, cell.person, cell.capacity, cell.column.isoformat(), value),
        board_id=board.id,
    )
    if finding is not None:
        outcome.findings.append(finding.id)


def _row(work: Work, batch: RegisterImport, cell: Cell) -> RegisterCell:
    return RegisterCell(
        id=work.new_id(),
        import_id=batch.id,
        board_id=batch.board_id,
        year=batch.year,
        record=cell.record,
        person_printed=cell.person,
        capacity=cell.capacity,
        group_printed=cell.group,
        column_date=cell.column,
        status_printed=cell.status,
    )


def _read(cell: RegisterCell) -> str:
    read = Cell(cell.record, "", "", None, cell.column_date, cell.status_printed).read_status
    return read or "unknown"


def _start(board: Board) -> tuple[int, int]:
    return board.meeting_year_month, board.meeting_year_day
