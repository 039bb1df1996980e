"""Route of registers coming in."""

from __future__ import annotations

import asyncio
from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.governance.attendance.api import Year
from services.governance.registers import commands
from services.governance.registers.reading import LIMIT_BYTES
from services.governance.shapes import BoardRef
from shared.errors import TooLarge
from shared.http import UPLOAD, ReceivedFile, Routes, Shape, Writes
from shared.work import Work

router = Routes(tags=["attendance"])


class ImportOut(Shape):
    rows: int
    cells_added: int
    unchanged: int
    entries_added: int
    waiting: int = Field(description="New cells whose name or meeting a person must first confirm.")
    findings: list[UUID]


@router.post("/v1/boards/{board}/attendance-imports", openapi_extra=UPLOAD)
async def import_register(
    board: BoardRef, year: Year, upload: ReceivedFile, work: Annotated[Work, Writes("governance:clerk")]
) -> ImportOut:
    """Take in a register: CSV with the columns person, capacity, group, meeting_date, status, one row a cell.

    Cells attach where name and date are known; what is only near becomes a finding to confirm. The same file again
    adds nothing (B-43 to B-45).
    """
    if upload.size > LIMIT_BYTES:
        raise TooLarge(f"A register holds at most {LIMIT_BYTES // 1024 // 1024} MiB; send each year apart.")
    data = await asyncio.to_thread(upload.path.read_bytes)
    return ImportOut.model_validate(await commands.import_register(work, board, year, upload.sha256, data))
