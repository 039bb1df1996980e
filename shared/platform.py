"""The tables every service has beside its own: outbox, inbox, audit, kept answers, files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import MetaData, Table

from shared.audit import AuditTables, audit_tables
from shared.files import file_tables
from shared.idempotency import idempotency_table
from shared.inbox import inbox_tables
from shared.outbox import outbox_tables


@dataclass(frozen=True)
class PlatformTables:
    outbox: Any
    inbox: Any
    audit: AuditTables
    idempotency: Table
    files: Table


def platform_tables(metadata: MetaData) -> PlatformTables:
    """Add them to a service's own metadata, once."""
    known = metadata.info.get("platform_tables")
    if isinstance(known, PlatformTables):
        return known
    tables = PlatformTables(
        outbox=outbox_tables(metadata),
        inbox=inbox_tables(metadata),
        audit=audit_tables(metadata),
        idempotency=idempotency_table(metadata),
        files=file_tables(metadata),
    )
    metadata.info["platform_tables"] = tables
    return tables
