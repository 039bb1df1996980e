"""Answer requests for information."""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "information_requests",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("clock_from", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("arithmetic", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("days_allowed", sa.Integer(), nullable=False),
        sa.Column("extra_days", sa.Integer(), nullable=False),
        sa.Column("extension_exemption", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("extension_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("last_step_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_on", sa.Date(), nullable=True),
        sa.Column("answered_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("outcome", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("exemptions", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("working_days", sa.Integer(), nullable=True),
        sa.Column("working_days_late", sa.Integer(), nullable=True),
        sa.Column("disclosure_url", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("review_by", sa.Date(), nullable=True),
        sa.Column("review_asked_on", sa.Date(), nullable=True),
        sa.Column("review_decided_on", sa.Date(), nullable=True),
        sa.Column("review_decided_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("review_result", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("review_outcome", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("review_exemptions", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("published_subject", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("subject_cleared_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("requester_erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(state = 'clarifying') = (due_on IS NULL)",
            name=op.f("ck_information_requests_clock_stopped_while_clarifying"),
        ),
        sa.CheckConstraint(
            "(state IN ('answered', 'review', 'closed')) = (answered_on IS NOT NULL)",
            name=op.f("ck_information_requests_answered_has_its_day"),
        ),
        sa.CheckConstraint(
            "outcome IN ('full', 'part', 'refused', 'not_held')", name=op.f("ck_information_requests_outcome")
        ),
        sa.CheckConstraint(
            "state IN ('received', 'open', 'clarifying', 'extended', 'answered', 'review', 'closed')",
            name=op.f("ck_information_requests_state"),
        ),
        sa.CheckConstraint(
            "(answered_on IS NULL) = (outcome IS NULL) AND (answered_on IS NULL) = (working_days IS NULL)",
            name=op.f("ck_information_requests_answer_whole"),
        ),
        sa.CheckConstraint(
            "(extra_days > 0) = (extension_reason IS NOT NULL)", name=op.f("ck_information_requests_extension_says_why")
        ),
        sa.CheckConstraint(
            "(published_subject IS NULL) = (subject_cleared_by IS NULL)",
            name=op.f("ck_information_requests_subject_cleared_by_name"),
        ),
        sa.CheckConstraint(
            "(review_result IS NULL) = (review_decided_on IS NULL)", name=op.f("ck_information_requests_review_whole")
        ),
        sa.CheckConstraint("review_decided_by <> answered_by", name=op.f("ck_information_requests_review_by_another")),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_information_requests")),
        sa.UniqueConstraint(
            "organisation_id", "reference", name=op.f("uq_information_requests_organisation_id_reference")
        ),
        sa.UniqueConstraint(
            "organisation_id", "year", "number", name=op.f("uq_information_requests_organisation_id_year_number")
        ),
    )
    op.create_table(
        "non_working_days",
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("nations", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("change", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("decided_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("change IN ('added', 'removed')", name=op.f("ck_non_working_days_change")),
        sa.CheckConstraint("jsonb_array_length(nations) > 0", name=op.f("ck_non_working_days_some_nation")),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_non_working_days")),
        sa.UniqueConstraint("number", name=op.f("uq_non_working_days_number")),
    )
    op.create_table(
        "request_letters",
        sa.Column("letter_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("text", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("written_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('request', 'clarification', 'reply', 'review', 'review_decision')",
            name=op.f("ck_request_letters_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["information_requests.request_id"],
            name=op.f("fk_request_letters_request_id_information_requests"),
        ),
        sa.PrimaryKeyConstraint("letter_id", name=op.f("pk_request_letters")),
    )
    op.create_table(
        "request_reasons",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("stage", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("prejudice", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("public_interest", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.CheckConstraint("stage IN ('answer', 'review')", name=op.f("ck_request_reasons_stage")),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["information_requests.request_id"],
            name=op.f("fk_request_reasons_request_id_information_requests"),
        ),
        sa.PrimaryKeyConstraint("request_id", "stage", "code", name=op.f("pk_request_reasons")),
    )
    op.create_table(
        "requesters",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("contact", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["information_requests.request_id"],
            name=op.f("fk_requesters_request_id_information_requests"),
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_requesters")),
    )
    op.create_index(op.f("ix_information_requests_received_on"), "information_requests", ["received_on"], unique=False)
    op.create_index("ix_information_requests_state", "information_requests", ["state", "review_by"], unique=False)
    op.create_index("ix_non_working_days_day", "non_working_days", ["day"], unique=False)
    op.create_index(op.f("ix_request_letters_request_id"), "request_letters", ["request_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_request_letters_request_id"), table_name="request_letters")
    op.drop_index("ix_non_working_days_day", table_name="non_working_days")
    op.drop_index("ix_information_requests_state", table_name="information_requests")
    op.drop_index(op.f("ix_information_requests_received_on"), table_name="information_requests")
    op.drop_table("requesters")
    op.drop_table("request_reasons")
    op.drop_table("request_letters")
    op.drop_table("non_working_days")
    op.drop_table("information_requests")
