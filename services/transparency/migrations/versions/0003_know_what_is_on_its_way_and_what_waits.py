"""Know what is on its way and what waits."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("ledger_batches", sa.Column("waits_from", sa.Date(), nullable=True))
    op.add_column("ledger_batches", sa.Column("waits_to", sa.Date(), nullable=True))
    op.add_column("ledger_batches", sa.Column("unsettled_lines", sa.Integer(), nullable=True))
    op.execute("UPDATE ledger_batches SET unsettled_lines = 0")
    op.alter_column("ledger_batches", "unsettled_lines", existing_type=sa.Integer(), nullable=False)
    op.alter_column("ledger_batches", "completed_at", existing_type=postgresql.TIMESTAMP(timezone=True), nullable=True)
    op.create_check_constraint(
        op.f("ck_ledger_batches_days_waiting"),
        "ledger_batches",
        "(waits_from IS NULL) = (waits_to IS NULL) AND waits_from <= waits_to",
    )
    op.create_check_constraint(
        op.f("ck_ledger_batches_on_its_way"),
        "ledger_batches",
        "completed_at IS NOT NULL OR (version = 0 AND lines = 0 AND covers_from IS NULL)",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_ledger_batches_on_its_way"), "ledger_batches", type_="check")
    op.drop_constraint(op.f("ck_ledger_batches_days_waiting"), "ledger_batches", type_="check")
    op.execute("DELETE FROM ledger_batches WHERE completed_at IS NULL")
    op.alter_column("ledger_batches", "completed_at", existing_type=postgresql.TIMESTAMP(timezone=True), nullable=False)
    op.drop_column("ledger_batches", "unsettled_lines")
    op.drop_column("ledger_batches", "waits_to")
    op.drop_column("ledger_batches", "waits_from")
