"""Routes of what the finance team states of invoices; none of it is public."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request
from pydantic import Field

from services.transparency import queries as publishers
from services.transparency.payments.invoices import commands, queries, reading
from services.transparency.payments.invoices.tables import InvoiceStatement
from shared.errors import TooLarge, UnsupportedMediaType
from shared.http import UPLOAD, Reads, ReceivedFile, Routes, Shape, Writes
from shared.pagination import Page, Paging, paginate
from shared.tabular import csv_bytes, csv_response, wants_csv
from shared.values import Slug
from shared.work import Work

router = Routes(tags=["payments"])

Publisher = Annotated[Slug, Query(description="Slug of the publisher that paid the invoices.")]
HISTORY_COLUMNS = (
    "transaction_number", "number", "current", "received_on", "disputed", "incomplete", "reason", "stated_by",
    "stated_at",
)  # fmt: skip
ROW_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "transaction_number": {"type": "string", "description": "TransactionNumber of the spend edition."},
        "row_id": {"type": "string", "description": "Instead of it: RowID of any of its lines."},
        "received_on": {"type": "string", "format": "date"},
        "disputed": {"type": "boolean"},
        "incomplete": {"type": "boolean"},
        "reason": {"type": "string", "description": "Needed for disputed, incomplete and changes. Never public."},
    },
}


class RowOut(Shape):
    record: int = Field(description="Row, counted from 1.")
    transaction_number: str
    outcome: Literal["stated", "changed", "unchanged"]


class StatedShape(Shape):
    """What became of each row. Where any row has an error, all are refused instead."""

    publisher: str
    received: int
    outcomes: dict[str, int]
    rows: list[RowOut]


class StatementShape(Shape):
    statement_id: UUID
    transaction_number: str
    number: int = Field(description="1 for the first statement about the invoice.")
    current: bool = Field(description="False where a later statement supersedes it.")
    received_on: date | None
    disputed: bool
    incomplete: bool
    reason: str | None
    stated_by: str
    stated_at: datetime


@router.post(
    "/v1/payment-performance/invoices",
    status_code=201,
    openapi_extra={
        **UPLOAD,
        "requestBody": {
            "required": True,
            "description": "CSV with the columns transaction_number or row_id, received_on, disputed, incomplete, "
            "reason; or the same as JSON.",
            "content": {
                "text/csv": {"schema": {"type": "string", "format": "binary"}},
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["rows"],
                        "properties": {"rows": {"type": "array", "items": ROW_SCHEMA}},
                    }
                },
            },
        },
    },
)
async def state_invoices(
    work: Annotated[Work, Writes("transparency:finance")], upload: ReceivedFile, publisher: Publisher
) -> StatedShape:
    """State on which day invoices were received, which were disputed and which were incomplete.

    A later statement of an invoice supersedes the earlier, which is kept. The same file again changes nothing.
    """
    if upload.media_type not in ("text/csv", "application/csv", "application/json"):
        raise UnsupportedMediaType("The rows are neither text/csv nor application/json; save a workbook as CSV first.")
    if (upload.content_encoding or "identity") != "identity":
        raise UnsupportedMediaType("The file is compressed; send it without Content-Encoding.")
    if upload.size > reading.MAX_BYTES:
        raise TooLarge(f"The file is larger than {reading.MAX_BYTES // 1024 // 1024} MiB; send it in several.")
    read = reading.read_json if upload.media_type == "application/json" else reading.read_csv
    sent = await asyncio.to_thread(lambda: read(upload.path.read_bytes()))
    taken = await commands.state_invoices(work, publisher, sent, upload.sha256)
    work.headers["Location"] = f"{work.base_url}/v1/payment-performance/invoices?publisher={publisher}"
    return StatedShape(
        publisher=publisher,
        received=len(sent),
        outcomes=commands.outcomes(taken),
        rows=[
            RowOut(record=place, transaction_number=row.transaction_number, outcome=row.outcome)
            for place, row in enumerate(taken, 1)
        ],
    )


@router.get(
    "/v1/payment-performance/invoices",
    response_model=Page[StatementShape],
    responses={200: {"content": {"text/csv": {}}}},
)
async def list_invoice_statements(
    work: Annotated[Work, Reads("transparency:finance", "transparency:auditor")],
    request: Request,
    paging: Paging,
    publisher: Publisher,
) -> Any:
    """Everything that was stated of invoices, superseded statements included. For the finance team and auditors."""
    organisation = await publishers.seen(work, publisher)
    organisation_id = organisation.organisation_id
    key = work.settings.reference_key
    page = await paginate(
        work,
        queries.statements(organisation_id),
        order=(InvoiceStatement.stated_at, InvoiceStatement.statement_id),
        paging=paging,
        shape=lambda row: StatementShape(
            **row[0].model_dump(exclude={"organisation_id", "source", "item_id", "file_sha256"}),
            transaction_number=queries.reference_of(organisation_id, (row[0].source, row[0].item_id), key),
            current=row[0].number == row[1],
        ),
    )
    work.headers["Vary"] = "Accept"
    if not wants_csv(request):
        return page
    rows = [[_cell(getattr(item, name)) for name in HISTORY_COLUMNS] for item in page.items]
    return csv_response(csv_bytes(HISTORY_COLUMNS, rows)[0], f"{publisher}-invoice-statements.csv")


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else value
