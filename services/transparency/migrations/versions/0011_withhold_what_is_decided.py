"""Withhold what is decided."""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


# The reasons as they stood before anything could be withheld by decision.
TOTALS = """
INSERT INTO redaction_totals (edition_id, reason_code, row_count, value_pence)
SELECT decision.edition_id,
    CASE WHEN line.source_redacted THEN 'SOURCE_REDACTED'
        WHEN line.party_kind = 'staff' THEN 'STAFF_EXPENSE' ELSE 'INDIVIDUAL_BENEFICIARY' END,
    count(DISTINCT decision.row_id), sum(decision.amount_pence)::bigint
FROM row_decisions decision
JOIN editions edition ON edition.edition_id = decision.edition_id
JOIN spend_lines line ON line.entry_id = decision.entry_id
WHERE decision.inclusion IS NOT NULL AND (line.party_kind IN ('individual', 'staff') OR line.source_redacted)
GROUP BY 1, 2
"""


def upgrade() -> None:
    op.create_table(
        "redactions",
        sa.Column("redaction_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("effect", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("target_kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("target_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("payee", sa.Boolean(), nullable=False),
        sa.Column("target", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("fields", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("reason_code", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("proposed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("decided_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(effect = 'redact' AND jsonb_array_length(fields) > 0) OR (effect = 'exclude' AND fields = '[]'::jsonb)",
            name=op.f("ck_redactions_effect"),
        ),
        sa.CheckConstraint("(state = 'proposed') = (decided_by IS NULL)", name=op.f("ck_redactions_decided")),
        sa.CheckConstraint("NOT payee OR target_kind = 'row'", name=op.f("ck_redactions_payee_of_a_row")),
        sa.CheckConstraint(
            "state IN ('proposed', 'refused', 'approved', 'due_review', 'renewed', 'lifted')",
            name=op.f("ck_redactions_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('approved', 'due_review', 'renewed') OR review_on IS NOT NULL",
            name=op.f("ck_redactions_reviewed"),
        ),
        sa.CheckConstraint(
            "target_kind IN ('row', 'contract', 'post', 'document')", name=op.f("ck_redactions_target_kind")
        ),
        sa.CheckConstraint(
            "decided_by IS NULL OR NOT jsonb_exists(changed_by, decided_by)", name=op.f("ck_redactions_two_people")
        ),
        sa.CheckConstraint(
            "reviewed_by IS NULL OR NOT jsonb_exists(changed_by, reviewed_by)",
            name=op.f("ck_redactions_two_people_review"),
        ),
        sa.PrimaryKeyConstraint("redaction_id", name=op.f("pk_redactions")),
    )
    op.create_table(
        "redaction_grounds",
        sa.Column("redaction_id", sa.Uuid(), nullable=False),
        sa.Column("explanation", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("exemption", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("prejudice", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("public_interest", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("decision_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("review_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(
            ["redaction_id"], ["redactions.redaction_id"], name=op.f("fk_redaction_grounds_redaction_id_redactions")
        ),
        sa.PrimaryKeyConstraint("redaction_id", name=op.f("pk_redaction_grounds")),
    )
    op.create_table(
        "redaction_totals",
        sa.Column("edition_id", sa.Uuid(), nullable=False),
        sa.Column("reason_code", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("value_pence", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition_id"],
            ["editions.edition_id"],
            name=op.f("fk_redaction_totals_edition_id_editions"),
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("edition_id", "reason_code", name=op.f("pk_redaction_totals")),
    )
    op.create_table(
        "row_redactions",
        sa.Column("edition_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("row_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason_code", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("cell_text", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("fields", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("named", sa.ARRAY(sa.Text()), nullable=False),
        sa.CheckConstraint("cardinality(fields) + cardinality(named) > 0", name=op.f("ck_row_redactions_something")),
        sa.ForeignKeyConstraint(
            ["edition_id"],
            ["editions.edition_id"],
            name=op.f("fk_row_redactions_edition_id_editions"),
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("edition_id", "entry_id", name=op.f("pk_row_redactions")),
    )
    op.add_column("spend_lines", sa.Column("withheld_texts", sa.ARRAY(sa.Text()), nullable=True))
    op.create_index(op.f("ix_redactions_organisation_id"), "redactions", ["organisation_id"], unique=False)
    op.create_index("ix_redactions_review", "redactions", ["state", "review_on"], unique=False)
    op.create_index(
        "uq_redactions_one_live",
        "redactions",
        ["organisation_id", "target_kind", "target", "reason_code"],
        unique=True,
        postgresql_where=sa.text("state IN ('proposed', 'approved', 'due_review', 'renewed')"),
    )
    op.create_index(
        "ix_spend_lines_withheld_texts",
        "spend_lines",
        ["organisation_id"],
        unique=False,
        postgresql_where=sa.text("withheld_texts IS NOT NULL"),
    )
    # Editions that are out or being prepared keep the count of their rows with withheld text too.
    op.execute(TOTALS)
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")


def downgrade() -> None:
    op.drop_index(
        "ix_spend_lines_withheld_texts",
        table_name="spend_lines",
        postgresql_where=sa.text("withheld_texts IS NOT NULL"),
    )
    op.drop_index(
        "uq_redactions_one_live",
        table_name="redactions",
        postgresql_where=sa.text("state IN ('proposed', 'approved', 'due_review', 'renewed')"),
    )
    op.drop_index("ix_redactions_review", table_name="redactions")
    op.drop_index(op.f("ix_redactions_organisation_id"), table_name="redactions")
    op.drop_column("spend_lines", "withheld_texts")
    op.drop_table("row_redactions")
    op.drop_table("redaction_totals")
    op.drop_table("redaction_grounds")
    op.drop_table("redactions")
