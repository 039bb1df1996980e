"""Keep the days that files cover, what a credit note names and what a variation changes."""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("agreement_variations", sa.Column("grant_pence", sa.BigInteger(), nullable=True))
    op.add_column(
        "agreement_variations",
        sa.Column("changes", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    )
    op.add_column("ledger_batches", sa.Column("covers_from", sa.Date(), nullable=True))
    op.add_column("ledger_batches", sa.Column("covers_to", sa.Date(), nullable=True))
    op.add_column("ledger_batches", sa.Column("by_hand", sa.Boolean(), nullable=True))
    op.execute("UPDATE ledger_batches SET by_hand = false")
    op.alter_column("ledger_batches", "by_hand", existing_type=sa.Boolean(), nullable=False)
    op.add_column("spend_lines", sa.Column("credit_of", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.create_check_constraint(
        op.f("ck_editions_coverage"), "editions", "coverage IN ('complete', 'partial', 'not_stated')"
    )
    op.create_check_constraint(
        op.f("ck_editions_nil_is_complete"), "editions", "NOT nil_return OR (row_count = 0 AND coverage = 'complete')"
    )
    op.create_check_constraint(
        op.f("ck_editions_partial_lacks_months"),
        "editions",
        "(coverage = 'partial') = (jsonb_array_length(missing_months) > 0)",
    )
    op.create_check_constraint(
        op.f("ck_ledger_batches_days_covered"),
        "ledger_batches",
        "(covers_from IS NULL) = (covers_to IS NULL) AND covers_from <= covers_to",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_ledger_batches_days_covered"), "ledger_batches", type_="check")
    op.drop_constraint(op.f("ck_editions_partial_lacks_months"), "editions", type_="check")
    op.drop_constraint(op.f("ck_editions_nil_is_complete"), "editions", type_="check")
    op.drop_constraint(op.f("ck_editions_coverage"), "editions", type_="check")
    op.drop_column("spend_lines", "credit_of")
    op.drop_column("ledger_batches", "by_hand")
    op.drop_column("ledger_batches", "covers_to")
    op.drop_column("ledger_batches", "covers_from")
    op.drop_column("agreement_variations", "changes")
    op.drop_column("agreement_variations", "grant_pence")
