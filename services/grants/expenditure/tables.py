"""Tables of source profiles, batches and their lines, the ledger, and lines that wait for a person."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from services.grants.base import Grants
from shared.database import instant, json_field, pence

LINE_KEY = Text(collation="C")
"""Keys are compared byte by byte, which is quicker and lets one content's occurrences be found as a range."""


class SourceProfile(Grants, table=True):
    """One version of a source's layout; the name is the source, for ever."""

    __tablename__ = "source_profiles"

    name: str = Field(primary_key=True, max_length=80)
    version: int = Field(primary_key=True, ge=1)
    layout: dict[str, Any] = json_field()
    created_at: datetime = instant()
    created_by: str


BY_HAND = "by_hand"
"""Source of entries that no file brought; no profile can be called so."""


class ExpenditureBatch(Grants, table=True):
    """One uploaded file, or one act by hand, and the account of every line in it.

    The account is a constraint: what was received is what became of it, in lines and in pence, in every state. An act
    by hand has no file and no profile, and its source is that of the entries it belongs to.
    """

    __tablename__ = "expenditure_batches"
    __table_args__ = (
        ForeignKeyConstraint(["source", "profile_version"], ["source_profiles.name", "source_profiles.version"]),
        CheckConstraint("state IN ('received', 'processing', 'completed', 'failed')", name="state"),
        CheckConstraint("kind IN ('file', 'entry', 'reversal', 'correction', 'decision')", name="kind"),
        CheckConstraint(
            "(kind = 'file') = (file_sha256 IS NOT NULL) AND (kind = 'file') = (profile_version IS NOT NULL)"
            " AND (kind = 'file') = (encoding IS NOT NULL)",
            name="file_has_profile",
        ),
        CheckConstraint("on_error IN ('quarantine', 'reject_batch')", name="on_error"),
        CheckConstraint("(state = 'failed') = (failure IS NOT NULL)", name="failure_says_why"),
        CheckConstraint(
            "received_lines = accepted_lines + duplicate_lines + conflict_lines + rejected_lines + held_lines",
            name="every_line_accounted_for",
        ),
        CheckConstraint(
            "received_pence = accepted_pence + duplicate_pence + conflict_pence + rejected_pence + held_pence",
            name="every_penny_accounted_for",
        ),
        CheckConstraint("amount_unreadable_lines <= rejected_lines", name="unreadable_is_rejected"),
        CheckConstraint("NOT (dry_run AND event_count > 0)", name="dry_run_tells_nobody"),
        CheckConstraint(
            "(covers_from IS NULL) = (covers_to IS NULL) AND covers_from <= covers_to", name="days_covered"
        ),
        CheckConstraint("(waits_from IS NULL) = (waits_to IS NULL) AND waits_from <= waits_to", name="days_waiting"),
        CheckConstraint(
            "unsettled_lines BETWEEN 0 AND rejected_lines + conflict_lines + held_lines + duplicate_lines",
            name="unsettled_is_not_in_the_ledger",
        ),
        CheckConstraint(
            "unsettled_lines = 0 OR (kind = 'file' AND NOT dry_run AND state IN ('completed', 'failed'))",
            name="only_files_are_unsettled",
        ),
        CheckConstraint("completed_version > event_count", name="completed_after_its_lines"),
        CheckConstraint(
            "(stated_unsettled = 0 AND NOT covers_stated) OR completed_version IS NOT NULL", name="stated_by_an_event"
        ),
        CheckConstraint("NOT (covers_stated AND stated_unsettled > 0)", name="covers_once_settled"),
        Index(
            "ix_expenditure_batches_waiting", "created_at", postgresql_where=text("state IN ('received', 'processing')")
        ),
        Index("ix_expenditure_batches_organisation_id", "organisation_id", "id"),
        Index("ix_expenditure_batches_corrects", "corrects", postgresql_where=text("corrects IS NOT NULL")),
        Index("ix_expenditure_batches_content", "content_sha256", postgresql_where=text("content_sha256 IS NOT NULL")),
        Index("ix_expenditure_batches_not_identified", "id", postgresql_where=text("NOT identified")),
        Index("ix_expenditure_batches_unsettled", "id", postgresql_where=text("unsettled_lines > 0")),
    )

    id: UUID = Field(primary_key=True)
    version: int = 1
    organisation_id: UUID = Field(foreign_key="organisations.id")
    source: str = Field(max_length=80)
    kind: str = Field(default="file", max_length=10)
    profile_version: int | None = None
    state: str = Field(max_length=10)
    on_error: str = Field(max_length=12)
    corrects: UUID | None = Field(default=None, foreign_key="expenditure_batches.id")
    covers_from: date | None = Field(default=None, description="First day of payment that the file speaks for.")
    covers_to: date | None = None
    waits_from: date | None = Field(
        default=None, description="First day that waits for its lines, where those of other files are among them."
    )
    waits_to: date | None = None
    dry_run: bool = Field(default=False, description="An account alone: nothing of it entered the ledger.")
    expected_lines: int | None = None
    expected_total_pence: int | None = pence(nullable=True)
    period: str | None = Field(default=None, max_length=10, description="What the file is for, where it holds no day.")
    said: dict[str, str] = json_field(default=dict)
    file_sha256: str | None = Field(
        default=None, max_length=64, description="The original, by the hash of its bytes as sent."
    )
    content_sha256: str | None = Field(
        default=None, max_length=64, description="The same of its unpacked bytes: what tells that it was sent before."
    )
    identified: bool = Field(
        default=True,
        description="Its lines carry the identity of this version of the service; those of an earlier version are read "
        "again from the original before anything is compared with them.",
    )
    size_bytes: int | None = Field(default=None, sa_type=BigInteger)
    media_type: str | None = Field(default=None, max_length=200)
    gzipped: bool = False
    encoding: str | None = Field(default=None, max_length=20)
    header: list[str] = json_field(default=list)
    lines_read: int = 0
    attempts: int = 0
    received_lines: int = 0
    received_pence: int = pence(default=0)
    accepted_lines: int = 0
    accepted_pence: int = pence(default=0)
    duplicate_lines: int = 0
    duplicate_pence: int = pence(default=0)
    conflict_lines: int = 0
    conflict_pence: int = pence(default=0)
    rejected_lines: int = 0
    rejected_pence: int = pence(default=0)
    held_lines: int = 0
    held_pence: int = pence(default=0)
    held_decided: dict[str, int] = json_field(default=dict)
    unsettled_lines: int = Field(default=0, description="Lines neither in the ledger nor corrected, decided, given up.")
    unsettled_pence: int = pence(default=0)
    amount_unreadable_lines: int = 0
    not_lines: dict[str, int] = json_field(default=dict)
    eligible_pence: int = pence(default=0)
    flags: dict[str, int] = json_field(default=dict)
    findings: list[dict[str, Any]] = json_field(default=list)
    event_count: int = 0
    completed_version: int | None = Field(default=None, description="Version of its last ExpenditureBatchCompleted.")
    stated_unsettled: int = Field(default=0, description="How many unsettled lines that event states.")
    covers_stated: bool = Field(default=False, description="That event says that the days are covered.")
    failure: dict[str, Any] | None = json_field(nullable=True)
    created_at: datetime = instant()
    created_by: str
    created_by_name: str = ""
    started_at: datetime | None = instant(nullable=True)
    completed_at: datetime | None = instant(nullable=True)


class BatchLine(Grants, table=True):
    """A line that did not enter the ledger, and why. Accepted lines stand in the ledger itself, with their record."""

    __tablename__ = "expenditure_batch_lines"
    __table_args__ = (
        CheckConstraint("outcome IN ('duplicate', 'conflict', 'rejected', 'held')", name="outcome"),
        CheckConstraint("outcome = 'duplicate' OR reasons IS NOT NULL", name="reasons_given"),
        CheckConstraint("outcome = 'rejected' OR amount_pence IS NOT NULL", name="amount_known"),
        # Lines that repeat a held one are found when that one is decided.
        Index(
            "ix_expenditure_batch_lines_held_before",
            "line_key",
            postgresql_where=text("outcome = 'duplicate' AND reasons IS NOT NULL"),
        ),
    )

    batch_id: UUID = Field(foreign_key="expenditure_batches.id", primary_key=True)
    record: int = Field(primary_key=True)
    line: int | None = None
    outcome: str = Field(sa_type=Text)
    amount_pence: int | None = pence(nullable=True)
    line_key: str | None = Field(default=None, sa_type=LINE_KEY)
    entry_id: UUID | None = Field(default=None, description="The stored entry it equals or contradicts.")
    reasons: list[dict[str, Any]] | None = json_field(nullable=True)


class LineSettlement(Grants, table=True):
    """What settled a rejected or conflicting line: a line that corrects it, or a person who gave it up. Never changed.

    A line that corrects it and is rejected again has taken its place: it waits with the file that brought it.
    """

    __tablename__ = "line_settlements"
    __table_args__ = (
        ForeignKeyConstraint(
            ["batch_id", "record"], ["expenditure_batch_lines.batch_id", "expenditure_batch_lines.record"]
        ),
        UniqueConstraint("by_batch", "by_record", name="uq_line_settlements_by_line"),
        CheckConstraint("how IN ('corrected', 'given_up')", name="how"),
        CheckConstraint(
            "(how = 'corrected') = (by_batch IS NOT NULL) AND (by_batch IS NULL) = (by_record IS NULL)",
            name="corrected_by_a_line",
        ),
        CheckConstraint("(how = 'given_up') = (reason IS NOT NULL)", name="given_up_says_why"),
    )

    batch_id: UUID = Field(primary_key=True)
    record: int = Field(primary_key=True)
    how: str = Field(sa_type=Text)
    by_batch: UUID | None = Field(default=None, foreign_key="expenditure_batches.id")
    by_record: int | None = None
    reason: str | None = Field(default=None, sa_type=Text)
    settled_at: datetime = instant()
    settled_by: str
    settled_by_name: str = ""


class LedgerEntry(Grants, table=True):
    """One line of an organisation's ledger. Never changed, never removed (G-28).

    Texts carry no length here: every way in checks it before.
    """

    __tablename__ = "ledger_entries"
    __table_args__ = (
        # The column that tells lines apart comes first, so that no planner without statistics can take another way.
        UniqueConstraint("line_key", "organisation_id", "source", name="uq_ledger_entries_line_key"),
        UniqueConstraint("item_id", "line_no", "organisation_id", "source", name="uq_ledger_entries_item"),
        # An entry is reversed exactly once. The few that reverse or replace are all that these indexes hold.
        Index("uq_ledger_entries_reverses", "reverses", unique=True, postgresql_where=text("reverses IS NOT NULL")),
        # Names of persons, by which every other text of their organisation is searched (T-63); few of all entries.
        Index(
            "ix_ledger_entries_persons",
            "organisation_id",
            "party_name",
            postgresql_where=text("party_kind IN ('individual', 'staff') AND NOT source_redacted"),
        ),
        Index("ix_ledger_entries_replaces", "replaces", postgresql_where=text("replaces IS NOT NULL")),
        CheckConstraint("amount_basis IN ('net', 'gross')", name="amount_basis"),
        CheckConstraint("(agreement_id IS NULL) = (line_code IS NULL)", name="line_of_agreement"),
        CheckConstraint("(agreement_id IS NULL) = (accounting_quarter IS NULL)", name="quarter_of_agreement"),
        CheckConstraint("reverses IS NULL OR replaces IS NULL", name="reverses_or_replaces"),
        CheckConstraint("(reverses IS NULL AND replaces IS NULL) OR reason IS NOT NULL", name="chain_has_reason"),
        CheckConstraint(
            "eligible_pence - net_pence = coalesce(irrecoverable_vat_pence, 0)",
            name="eligible_is_cost",
        ),
        Index("ix_ledger_entries_batch_id_record", "batch_id", "record"),
        # Only of lines with numbers that a spreadsheet would write otherwise.
        Index(
            "ix_ledger_entries_loose_key",
            "organisation_id",
            "source",
            "loose_key",
            postgresql_where=text("loose_key IS NOT NULL"),
        ),
        Index("ix_ledger_entries_payment_date", "organisation_id", "payment_date", "entry_id"),
        Index(
            "ix_ledger_entries_agreement_id",
            "agreement_id",
            "accounting_quarter",
            "line_code",
            postgresql_where=text("agreement_id IS NOT NULL"),
        ),
    )

    entry_id: UUID = Field(primary_key=True)
    organisation_id: UUID
    source: str = Field(sa_type=Text)
    batch_id: UUID = Field(foreign_key="expenditure_batches.id")
    record: int
    line: int | None = None
    line_key: str = Field(sa_type=LINE_KEY)
    loose_key: str | None = Field(
        default=None,
        sa_type=LINE_KEY,
        description="The key, or the content that is counted, as a spreadsheet leaves its numbers: without leading "
        "zeros, with fifteen digits. NULL where that is no different.",
    )
    fingerprint: UUID
    item_id: str = Field(sa_type=LINE_KEY)
    line_no: int
    kind: str = Field(sa_type=Text)
    ledger_class: str | None = Field(default=None, sa_type=Text)
    party_key: str | None = Field(default=None, sa_type=Text)
    party_kind: str = Field(sa_type=Text)
    party_name: str | None = Field(default=None, sa_type=Text)
    company_number: str | None = Field(default=None, sa_type=Text)
    charity_number: str | None = Field(default=None, sa_type=Text)
    vcse: bool | None = None
    unit: str | None = Field(default=None, sa_type=Text)
    category: str | None = Field(default=None, sa_type=Text)
    purpose: str | None = Field(default=None, sa_type=Text)
    card: str = Field(sa_type=Text)
    contract_ref: str | None = Field(default=None, sa_type=Text)
    service_date: date | None = None
    invoice_date: date | None = None
    payment_date: date
    date_basis: str = Field(sa_type=Text)
    net_pence: int = pence()
    vat_pence: int | None = pence(nullable=True)
    recoverable_vat_pence: int | None = pence(nullable=True)
    irrecoverable_vat_pence: int | None = pence(nullable=True)
    amount_basis: str = Field(sa_type=Text)
    eligible_pence: int = pence()
    agreement_id: UUID | None = None
    line_code: str | None = Field(default=None, sa_type=Text)
    accounting_quarter: str | None = Field(default=None, sa_type=Text)
    late_for: str | None = Field(default=None, sa_type=Text)
    reverses: UUID | None = None
    replaces: UUID | None = None
    reason: str | None = Field(default=None, sa_type=Text)
    decision_ref: str | None = Field(default=None, sa_type=Text)
    use_codes: list[str] | None = Field(default=None, sa_type=ARRAY(Text), description="NULL: not declared (G-19).")
    use_exception: str | None = Field(default=None, sa_type=Text)
    beneficiary_gss: str | None = Field(default=None, sa_type=Text)
    credit_of: str | None = Field(default=None, sa_type=LINE_KEY, description="Item that a credit note names.")
    source_redacted: bool
    flags: list[str] = Field(sa_type=ARRAY(Text))
    recorded_at: datetime = instant()


class HeldLine(Grants, table=True):
    """A line that waits for a person: it is known, identified and counted, and not in the ledger."""

    __tablename__ = "held_lines"
    __table_args__ = (
        UniqueConstraint("line_key", "organisation_id", "source", name="uq_held_lines_line_key"),
        Index("ix_held_lines_batch_id_record", "batch_id", "record"),
        Index(
            "ix_held_lines_loose_key",
            "organisation_id",
            "source",
            "loose_key",
            postgresql_where=text("loose_key IS NOT NULL"),
        ),
    )

    id: UUID = Field(primary_key=True)
    organisation_id: UUID = Field(foreign_key="organisations.id")
    source: str = Field(sa_type=Text)
    batch_id: UUID = Field(foreign_key="expenditure_batches.id")
    record: int
    line: int | None = None
    line_key: str = Field(sa_type=LINE_KEY)
    loose_key: str | None = Field(default=None, sa_type=LINE_KEY, description="As in `ledger_entries`.")
    fingerprint: UUID
    amount_pence: int = pence()
    reasons: list[dict[str, Any]] = json_field()
    entry: dict[str, Any] = json_field()
    held_at: datetime = instant()


class UnidentifiedLine(Grants, table=True):
    """A stored line whose identity an upgrade could not tell from its original; it keeps the identity it had.

    Sent again it may count as a new line, so a person compares before such a file is sent again.
    """

    __tablename__ = "unidentified_lines"
    __table_args__ = (CheckConstraint("why IN ('original_unreadable', 'line_unreadable', 'same_key')", name="why"),)

    batch_id: UUID = Field(foreign_key="expenditure_batches.id", primary_key=True)
    record: int = Field(primary_key=True)
    line: int | None = None
    why: str = Field(sa_type=Text)
    detail: str = Field(sa_type=Text, description="What is wrong and what to do.")
    found_at: datetime = instant()
