"""Keep documents in versions and evidence of duties."""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "obligation_evidence",
        sa.Column("evidence_id", sa.Uuid(), nullable=False),
        sa.Column("obligation_id", sa.Uuid(), nullable=False),
        sa.Column("url", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("recorded_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["obligation_id"],
            ["obligations.obligation_id"],
            name=op.f("fk_obligation_evidence_obligation_id_obligations"),
        ),
        sa.PrimaryKeyConstraint("evidence_id", name=op.f("pk_obligation_evidence")),
    )
    op.create_table(
        "withheld_parts",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("what", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason_code", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("exemption", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("prejudice", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("public_interest", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.document_id"], name=op.f("fk_withheld_parts_document_id_documents")
        ),
        sa.PrimaryKeyConstraint("document_id", "number", name=op.f("pk_withheld_parts")),
    )
    op.add_column("documents", sa.Column("series", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    # A document's kind says which duty it is about; of the letters of a year only what was published at the same
    # instant does.
    op.execute(
        "UPDATE documents SET series = CASE kind WHEN 'performance_report' THEN 'REPORT ' || period "
        "WHEN 'minutes' THEN 'MINUTES ' || coalesce(meeting_id::text, period) "
        "WHEN 'board_papers' THEN 'PAPERS ' || coalesce(meeting_id::text, period) || "
        "CASE WHEN title LIKE 'Supplement %' THEN '/' || split_part(title, ' ', 2) ELSE '' END "
        "WHEN 'accounts' THEN 'ACCOUNTS ' || period WHEN 'memorandum' THEN 'MEMORANDUM ' || period "
        "WHEN 'management_accounts' THEN 'MGMT-ACCOUNTS ' || period "
        "WHEN 'business_plan' THEN 'BUSINESS-PLAN ' || period "
        "ELSE coalesce((SELECT min(p.code) FROM publications p "
        "WHERE p.organisation_id = documents.organisation_id AND p.subject = documents.period "
        "AND p.code LIKE 'LETTER-%' AND p.happened_at = documents.happened_at "
        "AND p.recorded_at = documents.recorded_at), upper(kind)) || ' ' || period END"
    )
    op.execute(
        "UPDATE documents SET version = numbered.version FROM ("
        "SELECT document_id, row_number() OVER (PARTITION BY organisation_id, series ORDER BY version) AS version "
        "FROM documents WHERE created_by IS NOT NULL) AS numbered "
        "WHERE documents.document_id = numbered.document_id"
    )
    op.alter_column("documents", "series", existing_type=sqlmodel.sql.sqltypes.AutoString(), nullable=False)
    op.add_column("documents", sa.Column("change_note", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.execute(
        "UPDATE documents SET change_note = 'Recorded before changes were noted.' "
        "WHERE created_by IS NOT NULL AND version > 1"
    )
    op.add_column("obligations", sa.Column("exemption_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.execute("UPDATE obligations SET exemption_reason = state_reason WHERE proposed_by IS NOT NULL")
    op.execute("UPDATE obligations SET state_reason = NULL WHERE state <> 'not_applicable'")
    op.execute(
        "UPDATE obligations SET state_reason = 'It was entered here on ' || "
        "to_char(created_at AT TIME ZONE 'Europe/London', 'FMDD FMMonth YYYY') || ', after its day, ' || "
        "to_char(alarm_on, 'FMDD FMMonth YYYY') || '; nobody here could watch for it.' "
        "WHERE state = 'not_judged' AND alarm_on IS NOT NULL"
    )
    op.execute(
        "UPDATE obligations SET state = 'not_judged', state_reason = "
        "'No day is stated for it, so it is neither in time nor late until something meets it.' "
        "WHERE state IN ('upcoming', 'not_judged') AND alarm_on IS NULL"
    )
    # What stands inside a report is met by the report alone. Judgements once recorded stay as they are and say so; a
    # statement of spend that has judged nothing yet judges nothing more.
    op.execute(
        "UPDATE obligations SET state_reason = 'Assessed by the statement of spend before the rule was that only the "
        "published report counts; a judgement once recorded stays.' "
        "WHERE code = 'REPORT-SPEND' AND state IN ('met', 'met_late') AND url IS NULL"
    )
    op.execute(
        "DELETE FROM publications p WHERE p.code = 'REPORT-SPEND' AND p.url IS NULL AND NOT EXISTS ("
        "SELECT 1 FROM obligations o WHERE o.organisation_id = p.organisation_id AND o.code = p.code "
        "AND o.subject = p.subject AND o.met_at IS NOT NULL)"
    )
    op.create_index(
        op.f("ix_obligation_evidence_obligation_id"), "obligation_evidence", ["obligation_id"], unique=False
    )
    op.create_index("ix_documents_series", "documents", ["organisation_id", "series", "version"], unique=False)
    op.create_index(
        "uq_documents_version",
        "documents",
        ["organisation_id", "series", "version"],
        unique=True,
        postgresql_where=sa.text("created_by IS NOT NULL"),
    )
    op.create_check_constraint(
        op.f("ck_documents_change_note"), "documents", "created_by IS NULL OR version = 1 OR change_note IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_documents_change_note"), "documents", type_="check")
    op.drop_index("uq_documents_version", table_name="documents", postgresql_where=sa.text("created_by IS NOT NULL"))
    op.drop_index("ix_documents_series", table_name="documents")
    op.drop_index(op.f("ix_obligation_evidence_obligation_id"), table_name="obligation_evidence")
    op.drop_column("obligations", "exemption_reason")
    op.drop_column("documents", "change_note")
    op.drop_column("documents", "series")
    op.drop_table("withheld_parts")
    op.drop_table("obligation_evidence")
