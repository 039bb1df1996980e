"""Keep what was cleared of awards' texts, and find the names of persons among payees."""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "award_text_clearances",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("codes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("texts_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cleared_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("cleared_by_name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.CheckConstraint("cardinality(codes) > 0", name=op.f("ck_award_text_clearances_says_what")),
        sa.ForeignKeyConstraint(
            ["award_id"], ["pass_through_awards.id"], name=op.f("fk_award_text_clearances_award_id_pass_through_awards")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award_text_clearances")),
    )
    op.create_index(op.f("ix_award_text_clearances_award_id"), "award_text_clearances", ["award_id"])
    op.create_index(
        "ix_ledger_entries_persons",
        "ledger_entries",
        ["organisation_id", "party_name"],
        postgresql_where=sa.text("party_kind IN ('individual', 'staff') AND NOT source_redacted"),
    )


def downgrade() -> None:
    op.drop_index("ix_ledger_entries_persons", table_name="ledger_entries")
    op.drop_table("award_text_clearances")
