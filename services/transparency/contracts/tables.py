"""Tables of contracts, their versions and contacts, layouts of files, files taken in, and registered prefixes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlmodel import Field

from services.transparency.base import Transparency
from services.transparency.contracts.rules import (
    CONTRACT_TYPES,
    KINDS,
    PROCESSES,
    REFERENCE,
    STATUSES,
    VCSE_TYPES,
)
from shared.database import instant, json_field, pence


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class Contract(Transparency, table=True):
    """A contract of one publisher, known by its reference. What it says is in its versions."""

    __tablename__ = "contracts"
    __table_args__ = (
        UniqueConstraint("organisation_id", "reference"),
        CheckConstraint(f"reference ~ '{REFERENCE}'", name="reference"),
    )

    contract_id: UUID = Field(primary_key=True)
    organisation_id: UUID
    reference: str
    row_id: str = Field(unique=True, description="Public id of its row, the same in every edition (T-12).")
    version: int = Field(description="Number of its current version.")
    created_by: str
    created_at: datetime = instant()
    modified_at: datetime = instant(index=True)


class ContractVersion(Transparency, table=True):
    """What a contract says from one signing on. A version never changes; a change is the next version (T-28)."""

    __tablename__ = "contract_versions"
    __table_args__ = (
        CheckConstraint("version >= 1 AND (kind = 'new') = (version = 1)", name="new_is_first"),
        CheckConstraint(_one_of("kind", KINDS), name="kind"),
        CheckConstraint(_one_of("status", STATUSES), name="status"),
        CheckConstraint("kind <> 'termination' OR status IN ('expired', 'terminated', 'cancelled')", name="ended"),
        CheckConstraint(_one_of("contract_type", CONTRACT_TYPES), name="contract_type"),
        CheckConstraint(_one_of("process", PROCESSES), name="process"),
        CheckConstraint(_one_of("vcse_type", VCSE_TYPES), name="vcse_type"),
        CheckConstraint("vcse = (vcse_type IS NOT NULL)", name="vcse_has_type"),
        CheckConstraint("value_basis IN ('total', 'annual')", name="value_basis"),
        CheckConstraint(
            "amount_basis IN ('net', 'gross') AND (amount_basis = 'gross') = (irrecoverable_vat_pence IS NULL)",
            name="vat_known",
        ),
        CheckConstraint("value_pence >= 0", name="value"),
        CheckConstraint("irrecoverable_vat_pence BETWEEN 0 AND value_pence", name="vat_is_part_of_value"),
        CheckConstraint("end_date >= start_date", name="ends_after_start"),
        CheckConstraint("review_date >= start_date", name="review_after_start"),
        CheckConstraint("last_extension_date >= COALESCE(end_date, start_date)", name="extension_after_end"),
    )

    contract_id: UUID = Field(primary_key=True, foreign_key="contracts.contract_id")
    version: int = Field(primary_key=True)
    kind: str
    status: str
    signed_at: datetime = instant()
    title: str
    description: str | None = None
    contract_type: str
    unit: str | None = None
    category: str | None = None
    cpv_code: str | None = None
    cpv_label: str | None = None
    process: str
    supplier_name: str = Field(description="As on the supplier's record, whoever it is (T-13, T-22).")
    company_number: str | None = Field(default=None, description="As sent; published only where it has the form.")
    charity_number: str | None = None
    other_supplier_id: str | None = None
    supplier_staff: int | None = Field(default=None, description="Never published; the size follows from it.")
    sme: bool | None = None
    vcse: bool
    vcse_type: str | None = None
    value_pence: int = pence()
    """Includes irrecoverable VAT (T-27)."""
    irrecoverable_vat_pence: int | None = pence(nullable=True)
    amount_basis: str
    value_basis: str
    fixed_cost: bool | None = None
    start_date: date
    end_date: date | None = None
    review_date: date | None = None
    last_extension_date: date | None = None
    framework_ref: str | None = None
    grant_ref: str | None = None
    decision_ref: str | None = None
    contact_url: str | None = None
    tender_document_url: str | None = None
    contract_document_url: str | None = None
    performance_url: str | None = None
    areas: list[dict[str, Any]] = json_field()
    supports_programme: bool
    rationale: str | None = None
    texts_cleared: str | None = Field(default=None, description="Why texts that look personal may be shown (T-24).")
    import_id: UUID | None = None
    recorded_by: str
    recorded_at: datetime = instant()


class ContractContact(Transparency, table=True):
    """Whom to ask about a contract. It may be a person, so it is held apart; public where it names a role."""

    __tablename__ = "contract_contacts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["contract_id", "version"], ["contract_versions.contract_id", "contract_versions.version"]
        ),
        CheckConstraint("name IS NOT NULL OR email IS NOT NULL", name="not_empty"),
    )

    contract_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    name: str | None = None
    email: str | None = None
    is_role: bool


class ContractProfile(Transparency, table=True):
    """A version of a publisher's layout of contract files. A change is the next version."""

    __tablename__ = "contract_profiles"
    __table_args__ = (CheckConstraint("version >= 1", name="version"),)

    organisation_id: UUID = Field(primary_key=True)
    name: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    layout: dict[str, Any] = json_field()
    created_by: str
    created_at: datetime = instant()


class ContractImport(Transparency, table=True):
    """A file of contracts that was taken in, and what became of each of its records."""

    __tablename__ = "contract_imports"
    __table_args__ = (
        CheckConstraint("on_error IN ('row_by_row', 'refuse_whole')", name="on_error"),
        CheckConstraint("received = accepted + duplicates + conflicts + rejected", name="adds_up"),
        CheckConstraint("on_error = 'row_by_row' OR conflicts + rejected = 0", name="whole"),
    )

    import_id: UUID = Field(primary_key=True)
    organisation_id: UUID = Field(index=True)
    profile: str
    profile_version: int
    on_error: str
    sha256: str
    received: int
    accepted: int
    duplicates: int
    conflicts: int
    rejected: int
    outcomes: list[dict[str, Any]] = json_field()
    created_by: str
    created_at: datetime = instant()


class OpenContractingPrefix(Transparency, table=True):
    """The prefix that Open Contracting registered for a publisher: set once, because every ocid begins with it."""

    __tablename__ = "open_contracting_prefixes"
    __table_args__ = (CheckConstraint("prefix ~ '^ocds-[a-z0-9]{6}$'", name="prefix"),)

    organisation_id: UUID = Field(primary_key=True)
    prefix: str = Field(unique=True)
    set_by: str
    set_at: datetime = instant()
