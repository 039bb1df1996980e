"""Count the lines of a file that are settled, and keep what settled each.

Files taken in before count what their lines say: a rejected or conflicting line is unsettled, and so is a held one, or
one that repeats it, until it is decided. Which line of an earlier correction corrected which was never kept and cannot
be known now; so the old lines stay unsettled and stand in the list of what is to be corrected, until they are given up
with the reason that they were corrected then. The minute's tick states each such file to its readers once.
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "line_settlements",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("record", sa.Integer(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("by_batch", sa.Uuid(), nullable=True),
        sa.Column("by_record", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("settled_by_name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint(
            "(how = 'corrected') = (by_batch IS NOT NULL) AND (by_batch IS NULL) = (by_record IS NULL)",
            name=op.f("ck_line_settlements_corrected_by_a_line"),
        ),
        sa.CheckConstraint(
            "(how = 'given_up') = (reason IS NOT NULL)", name=op.f("ck_line_settlements_given_up_says_why")
        ),
        sa.CheckConstraint("how IN ('corrected', 'given_up')", name=op.f("ck_line_settlements_how")),
        sa.ForeignKeyConstraint(
            ["batch_id", "record"],
            ["expenditure_batch_lines.batch_id", "expenditure_batch_lines.record"],
            name=op.f("fk_line_settlements_batch_id_record_expenditure_batch_lines"),
        ),
        sa.ForeignKeyConstraint(
            ["by_batch"], ["expenditure_batches.id"], name=op.f("fk_line_settlements_by_batch_expenditure_batches")
        ),
        sa.PrimaryKeyConstraint("batch_id", "record", name=op.f("pk_line_settlements")),
        sa.UniqueConstraint("by_batch", "by_record", name="uq_line_settlements_by_line"),
    )
    op.add_column("expenditure_batches", sa.Column("waits_from", sa.Date(), nullable=True))
    op.add_column("expenditure_batches", sa.Column("waits_to", sa.Date(), nullable=True))
    op.add_column(
        "expenditure_batches", sa.Column("unsettled_lines", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.alter_column(
        "expenditure_batches",
        "unsettled_lines",
        existing_type=sa.Integer(),
        server_default=None,
        existing_nullable=False,
    )
    op.add_column(
        "expenditure_batches",
        sa.Column("unsettled_pence", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.alter_column(
        "expenditure_batches",
        "unsettled_pence",
        existing_type=sa.BigInteger(),
        server_default=None,
        existing_nullable=False,
    )
    op.execute("""
        UPDATE expenditure_batches b SET unsettled_lines = counted.lines, unsettled_pence = counted.pence
        FROM (
            SELECT l.batch_id, count(*) AS lines, coalesce(sum(l.amount_pence), 0) AS pence
            FROM expenditure_batch_lines l
            WHERE CASE
                WHEN l.outcome IN ('rejected', 'conflict') THEN true
                WHEN l.outcome = 'held' THEN NOT EXISTS (
                    SELECT FROM held_lines h JOIN held_decisions d ON d.held_line_id = h.id
                    WHERE h.batch_id = l.batch_id AND h.record = l.record)
                WHEN l.reasons -> 0 ->> 'code' = 'held_before' THEN NOT EXISTS (
                    SELECT FROM held_decisions d
                    WHERE d.held_line_id = (l.reasons -> 0 ->> 'held_line')::uuid)
                ELSE false END
            GROUP BY l.batch_id
        ) counted
        WHERE counted.batch_id = b.id AND b.kind = 'file' AND b.state = 'completed' AND NOT b.dry_run
    """)
    op.add_column("expenditure_batches", sa.Column("completed_version", sa.Integer(), nullable=True))
    # What was said of each file: nothing where no line was accepted and no day covered; a rejected line kept its days
    # back, and nothing else did.
    op.execute(
        "UPDATE expenditure_batches SET completed_version = CASE WHEN kind = 'file' AND state = 'completed' AND NOT"
        " dry_run AND (accepted_lines > 0 OR (covers_from IS NOT NULL AND rejected_lines = 0)) THEN event_count + 1"
        " END"
    )
    op.add_column(
        "expenditure_batches", sa.Column("stated_unsettled", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.alter_column(
        "expenditure_batches",
        "stated_unsettled",
        existing_type=sa.Integer(),
        server_default=None,
        existing_nullable=False,
    )
    op.add_column("expenditure_batches", sa.Column("covers_stated", sa.Boolean(), nullable=True))
    op.execute(
        "UPDATE expenditure_batches SET covers_stated = kind = 'file' AND state = 'completed' AND NOT dry_run AND "
        "covers_from IS NOT NULL AND rejected_lines = 0"
    )
    op.alter_column("expenditure_batches", "covers_stated", existing_type=sa.Boolean(), nullable=False)
    op.create_index(
        "ix_expenditure_batch_lines_held_before",
        "expenditure_batch_lines",
        ["line_key"],
        unique=False,
        postgresql_where=sa.text("outcome = 'duplicate' AND reasons IS NOT NULL"),
    )
    op.create_index(
        "ix_expenditure_batches_unsettled",
        "expenditure_batches",
        ["id"],
        unique=False,
        postgresql_where=sa.text("unsettled_lines > 0"),
    )
    op.create_check_constraint(
        op.f("ck_expenditure_batches_completed_after_its_lines"),
        "expenditure_batches",
        "completed_version > event_count",
    )
    op.create_check_constraint(
        op.f("ck_expenditure_batches_covers_once_settled"),
        "expenditure_batches",
        "NOT (covers_stated AND stated_unsettled > 0)",
    )
    op.create_check_constraint(
        op.f("ck_expenditure_batches_days_waiting"),
        "expenditure_batches",
        "(waits_from IS NULL) = (waits_to IS NULL) AND waits_from <= waits_to",
    )
    op.create_check_constraint(
        op.f("ck_expenditure_batches_only_files_are_unsettled"),
        "expenditure_batches",
        "unsettled_lines = 0 OR (kind = 'file' AND NOT dry_run AND state IN ('completed', 'failed'))",
    )
    op.create_check_constraint(
        op.f("ck_expenditure_batches_stated_by_an_event"),
        "expenditure_batches",
        "(stated_unsettled = 0 AND NOT covers_stated) OR completed_version IS NOT NULL",
    )
    op.create_check_constraint(
        op.f("ck_expenditure_batches_unsettled_is_not_in_the_ledger"),
        "expenditure_batches",
        "unsettled_lines BETWEEN 0 AND rejected_lines + conflict_lines + held_lines + duplicate_lines",
    )


def downgrade() -> None:
    op.drop_constraint(
        op.f("ck_expenditure_batches_unsettled_is_not_in_the_ledger"), "expenditure_batches", type_="check"
    )
    op.drop_constraint(op.f("ck_expenditure_batches_stated_by_an_event"), "expenditure_batches", type_="check")
    op.drop_constraint(op.f("ck_expenditure_batches_only_files_are_unsettled"), "expenditure_batches", type_="check")
    op.drop_constraint(op.f("ck_expenditure_batches_days_waiting"), "expenditure_batches", type_="check")
    op.drop_constraint(op.f("ck_expenditure_batches_covers_once_settled"), "expenditure_batches", type_="check")
    op.drop_constraint(op.f("ck_expenditure_batches_completed_after_its_lines"), "expenditure_batches", type_="check")
    op.drop_index(
        "ix_expenditure_batches_unsettled",
        table_name="expenditure_batches",
        postgresql_where=sa.text("unsettled_lines > 0"),
    )
    op.drop_index(
        "ix_expenditure_batch_lines_held_before",
        table_name="expenditure_batch_lines",
        postgresql_where=sa.text("outcome = 'duplicate' AND reasons IS NOT NULL"),
    )
    op.drop_column("expenditure_batches", "covers_stated")
    op.drop_column("expenditure_batches", "stated_unsettled")
    op.drop_column("expenditure_batches", "completed_version")
    op.drop_column("expenditure_batches", "unsettled_pence")
    op.drop_column("expenditure_batches", "unsettled_lines")
    op.drop_column("expenditure_batches", "waits_to")
    op.drop_column("expenditure_batches", "waits_from")
    op.drop_table("line_settlements")
