"""Make room for approved budgets, variations, permitted use, payments, forecasts, acts by hand and the year end."""

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
    op.drop_constraint(op.f("uq_grant_history_year"), "grant_history", type_="unique")
    op.drop_constraint(op.f("uq_ledger_entries_reverses"), "ledger_entries", type_="unique")
    op.drop_constraint(op.f("ck_agreements_state"), "agreements", type_="check")
    op.drop_constraint(op.f("ck_pass_through_awards_state"), "pass_through_awards", type_="check")
    op.create_table(
        "grant_claims",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("from_year", sqlmodel.sql.sqltypes.AutoString(length=7), nullable=False),
        sa.Column("to_year", sqlmodel.sql.sqltypes.AutoString(length=7), nullable=False),
        sa.Column("basis", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("claimed_by", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("statement", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=False),
        sa.Column("figure_as_printed", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("claimed_on", sa.Date(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawal_reason", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=True),
        sa.CheckConstraint("basis IN ('real_terms', 'cash', 'not_stated')", name=op.f("ck_grant_claims_basis")),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawal_reason IS NULL)", name=op.f("ck_grant_claims_withdrawn_says_why")
        ),
        sa.CheckConstraint("from_year < to_year", name=op.f("ck_grant_claims_years_ordered")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grant_claims")),
    )
    op.create_table(
        "guidance_editions",
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("principles", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_guidance_editions")),
    )
    op.create_table(
        "historical_budgets",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("year", sqlmodel.sql.sqltypes.AutoString(length=7), nullable=False),
        sa.Column("table_name", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("title", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("unit", sqlmodel.sql.sqltypes.AutoString(length=4), nullable=False),
        sa.Column("columns", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("total_column", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.CheckConstraint("unit IN ('gbpm', 'gbpk', 'gbp')", name=op.f("ck_historical_budgets_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_historical_budgets")),
        sa.UniqueConstraint("year", "table_name", name="uq_historical_budgets_table"),
    )
    op.create_table(
        "use_rule_books",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("book", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_use_rule_books")),
    )
    op.create_table(
        "forecasts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("quarter", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=True),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("happened_at <= recorded_at", name=op.f("ck_forecasts_not_in_future")),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreements.id"], name=op.f("fk_forecasts_agreement_id_agreements")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forecasts")),
        sa.UniqueConstraint("agreement_id", "quarter", "number", name="uq_forecasts_number"),
    )
    op.create_table(
        "historical_budget_rows",
        sa.Column("budget_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("line", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("row_kind", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("parent", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.CheckConstraint(
            "(row_kind = 'sub_row') = (parent IS NOT NULL)",
            name=op.f("ck_historical_budget_rows_only_sub_rows_have_parents"),
        ),
        sa.ForeignKeyConstraint(
            ["budget_id"],
            ["historical_budgets.id"],
            name=op.f("fk_historical_budget_rows_budget_id_historical_budgets"),
        ),
        sa.PrimaryKeyConstraint("budget_id", "position", name=op.f("pk_historical_budget_rows")),
    )
    op.create_table(
        "public_money_declarations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("edition", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("principles", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("signatory_name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("signatory_role", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("statement", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=False),
        sa.Column("declared_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreements.id"], name=op.f("fk_public_money_declarations_agreement_id_agreements")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_public_money_declarations")),
        sa.UniqueConstraint("agreement_id", "number", name="uq_public_money_declarations_number"),
    )
    op.create_table(
        "significance_thresholds",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("share_millipercent", sa.Integer(), nullable=True),
        sa.Column("absolute_pence", sa.BigInteger(), nullable=True),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("absolute_pence >= 0", name=op.f("ck_significance_thresholds_absolute_not_negative")),
        sa.CheckConstraint("share_millipercent BETWEEN 0 AND 100000", name=op.f("ck_significance_thresholds_share")),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreements.id"], name=op.f("fk_significance_thresholds_agreement_id_agreements")
        ),
        sa.PrimaryKeyConstraint("agreement_id", "number", name=op.f("pk_significance_thresholds")),
    )
    op.create_table(
        "use_declarations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject_kind", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=True),
        sa.Column("codes", sa.ARRAY(sa.Text()), nullable=True),
        sa.Column("exception", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("outcome", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("rule_code", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("paragraph", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("detail", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=False),
        sa.Column("rules_version", sa.Integer(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=True),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("declared_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.CheckConstraint(
            "decided_by IS NULL OR (reason IS NOT NULL AND outcome <> 'decision_required')",
            name=op.f("ck_use_declarations_decided"),
        ),
        sa.CheckConstraint(
            "outcome IN ('allowed', 'refused', 'decision_required')", name=op.f("ck_use_declarations_outcome")
        ),
        sa.CheckConstraint(
            "subject_kind IN ('entry', 'held_line', 'award')", name=op.f("ck_use_declarations_subject_kind")
        ),
        sa.CheckConstraint(
            "(decided_by IS NULL) = (decided_at IS NULL)", name=op.f("ck_use_declarations_decided_when")
        ),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreements.id"], name=op.f("fk_use_declarations_agreement_id_agreements")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_use_declarations")),
        sa.UniqueConstraint("subject_id", "subject_kind", "number", name="uq_use_declarations_number"),
    )
    op.create_table(
        "variations",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("is_virement", sa.Boolean(), nullable=False),
        sa.Column("procedure", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("why_department", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=False),
        sa.Column("proposed_on", sa.Date(), nullable=False),
        sa.Column("evidence", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=True),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("significant", sa.Boolean(), nullable=False),
        sa.Column("significance_basis", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("significance_reason", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=False),
        sa.Column("significance_by", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("grant_pence", sa.BigInteger(), nullable=True),
        sa.Column("in_force_to", sa.Date(), nullable=True),
        sa.Column("review_by", sa.Date(), nullable=True),
        sa.Column("changes", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("lines", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("budget_before", sa.Integer(), nullable=True),
        sa.Column("budget_after", sa.Integer(), nullable=True),
        sa.Column("decided_by", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(length=400), nullable=True),
        sa.CheckConstraint(
            "kind IN ('allocation', 'target', 'scope', 'deadline', 'drop')", name=op.f("ck_variations_kind")
        ),
        sa.CheckConstraint(
            "procedure = 'department' OR (is_virement AND NOT significant)", name=op.f("ck_variations_internal")
        ),
        sa.CheckConstraint("procedure IN ('department', 'internal')", name=op.f("ck_variations_procedure")),
        sa.CheckConstraint(
            "state IN ('agreed', 'refused', 'withdrawn') OR decided_on IS NULL", name=op.f("ck_variations_undecided")
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'board', 'submitted', 'agreed', 'refused', 'withdrawn')",
            name=op.f("ck_variations_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('agreed', 'refused') OR (decided_by IS NOT NULL AND decided_on IS NOT NULL AND "
            "(procedure = 'internal' OR reference IS NOT NULL))",
            name=op.f("ck_variations_decided_by_whom"),
        ),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreements.id"], name=op.f("fk_variations_agreement_id_agreements")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_variations")),
        sa.UniqueConstraint("agreement_id", "number", name="uq_variations_number"),
    )
    op.create_table(
        "yearly_reviews",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("reviewed_on", sa.Date(), nullable=False),
        sa.Column("decision", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("reconciliation_note", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=False),
        sa.Column("decided_by", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("decision IN ('continue', 'stop', 'amend')", name=op.f("ck_yearly_reviews_decision")),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreements.id"], name=op.f("fk_yearly_reviews_agreement_id_agreements")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_yearly_reviews")),
        sa.UniqueConstraint("agreement_id", "number", name="uq_yearly_reviews_number"),
    )
    op.create_table(
        "accounting_period_moves",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("quarter", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("moved_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("moved_by_name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'locked')", name=op.f("ck_accounting_period_moves_state")),
        sa.ForeignKeyConstraint(
            ["agreement_id", "quarter"],
            ["accounting_periods.agreement_id", "accounting_periods.quarter"],
            name=op.f("fk_accounting_period_moves_agreement_id_quarter_accounting_periods"),
        ),
        sa.PrimaryKeyConstraint("agreement_id", "quarter", "number", name=op.f("pk_accounting_period_moves")),
    )
    op.create_table(
        "agreement_versions",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("action", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=True),
        sa.Column("changes", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("variation_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreements.id"], name=op.f("fk_agreement_versions_agreement_id_agreements")
        ),
        sa.ForeignKeyConstraint(
            ["variation_id"], ["variations.id"], name=op.f("fk_agreement_versions_variation_id_variations")
        ),
        sa.PrimaryKeyConstraint("agreement_id", "number", name=op.f("pk_agreement_versions")),
    )
    op.create_table(
        "award_flow_downs",
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("duty", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("acknowledged_by", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("acknowledged_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["award_id"], ["pass_through_awards.id"], name=op.f("fk_award_flow_downs_award_id_pass_through_awards")
        ),
        sa.PrimaryKeyConstraint("award_id", "duty", name=op.f("pk_award_flow_downs")),
    )
    op.create_table(
        "certificates",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("outturn_id", sa.Uuid(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("figures", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("figures_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("wording_version", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("signatory_name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("signatory_role", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("signed_on", sa.Date(), nullable=True),
        sa.Column("signed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("superseded_reason", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.CheckConstraint(
            "(state = 'superseded') = (superseded_at IS NOT NULL)", name=op.f("ck_certificates_superseded_says_when")
        ),
        sa.CheckConstraint("state <> 'signed' OR signed_on IS NOT NULL", name=op.f("ck_certificates_signed_says_when")),
        sa.CheckConstraint("state IN ('draft', 'signed', 'superseded')", name=op.f("ck_certificates_state")),
        sa.CheckConstraint(
            "(signed_on IS NULL) = (signatory_name IS NULL)", name=op.f("ck_certificates_signed_says_who")
        ),
        sa.CheckConstraint(
            "(signed_on IS NULL) = (signatory_role IS NULL)", name=op.f("ck_certificates_signed_says_role")
        ),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreements.id"], name=op.f("fk_certificates_agreement_id_agreements")
        ),
        sa.ForeignKeyConstraint(["outturn_id"], ["outturns.id"], name=op.f("fk_certificates_outturn_id_outturns")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificates")),
        sa.UniqueConstraint("agreement_id", "number", name="uq_certificates_number"),
    )
    op.create_table(
        "forecast_lines",
        sa.Column("forecast_id", sa.Uuid(), nullable=False),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("amount_pence", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["forecast_id"], ["forecasts.id"], name=op.f("fk_forecast_lines_forecast_id_forecasts")
        ),
        sa.PrimaryKeyConstraint("forecast_id", "code", name=op.f("pk_forecast_lines")),
    )
    op.create_table(
        "historical_budget_cells",
        sa.Column("budget_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("column_name", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("printed", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column("text", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("pence", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("printed = 'figure' OR pence = 0", name=op.f("ck_historical_budget_cells_dash_is_nothing")),
        sa.CheckConstraint("printed IN ('dash', 'figure')", name=op.f("ck_historical_budget_cells_printed")),
        sa.ForeignKeyConstraint(
            ["budget_id", "position"],
            ["historical_budget_rows.budget_id", "historical_budget_rows.position"],
            name="fk_historical_budget_cells_row",
        ),
        sa.PrimaryKeyConstraint("budget_id", "position", "column_name", name=op.f("pk_historical_budget_cells")),
    )
    op.create_table(
        "payments",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("direction", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=True),
        sa.Column("basis", sqlmodel.sql.sqltypes.AutoString(length=30), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column("requested_pence", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("requested_on", sa.Date(), nullable=True),
        sa.Column("requested_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("need_check", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("excess_reason", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=True),
        sa.Column("excess_approved_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("excess_approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refusal_reason", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=True),
        sa.Column("refusal_reference", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("refused_by_name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("refused_on", sa.Date(), nullable=True),
        sa.Column("withdrawal_reason", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=True),
        sa.CheckConstraint("(direction = 'out') = (award_id IS NOT NULL)", name=op.f("ck_payments_out_to_an_award")),
        sa.CheckConstraint(
            "(state = 'refused') = (refusal_reason IS NOT NULL)", name=op.f("ck_payments_refusal_has_reason")
        ),
        sa.CheckConstraint(
            "(state = 'withdrawn') = (withdrawal_reason IS NOT NULL)", name=op.f("ck_payments_withdrawal_has_reason")
        ),
        sa.CheckConstraint(
            "(state IN ('requested', 'received')) <= (need_check IS NOT NULL)",
            name=op.f("ck_payments_requested_is_tested"),
        ),
        sa.CheckConstraint(
            "basis IN ('arrears', 'in_advance_of_need_approved', 'single_lump', 'unknown')",
            name=op.f("ck_payments_basis"),
        ),
        sa.CheckConstraint("direction IN ('in', 'out')", name=op.f("ck_payments_direction")),
        sa.CheckConstraint(
            "state IN ('planned', 'requested', 'received', 'refused', 'withdrawn') AND direction = 'in' OR state IN"
            " ('planned', 'part_paid', 'paid', 'withdrawn') AND direction = 'out'",
            name=op.f("ck_payments_state"),
        ),
        sa.CheckConstraint(
            "(excess_reason IS NULL) = (excess_approved_by IS NULL)", name=op.f("ck_payments_excess_has_reason")
        ),
        sa.CheckConstraint("excess_approved_by <> requested_by", name=op.f("ck_payments_excess_four_eyes")),
        sa.CheckConstraint("requested_pence > 0", name=op.f("ck_payments_amount_positive")),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreements.id"], name=op.f("fk_payments_agreement_id_agreements")),
        sa.ForeignKeyConstraint(
            ["award_id"], ["pass_through_awards.id"], name=op.f("fk_payments_award_id_pass_through_awards")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
    )
    op.create_table(
        "underspend_treatments",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("treatment", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("amount_pence", sa.BigInteger(), nullable=False),
        sa.Column("outturn_id", sa.Uuid(), nullable=False),
        sa.Column("following_agreement_id", sa.Uuid(), nullable=True),
        sa.Column("approved_by", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("approval_reference", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=True),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.Column("settlement_reference", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawal_reason", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=True),
        sa.CheckConstraint(
            "(treatment IN ('carry_forward', 'net_off')) = (following_agreement_id IS NOT NULL)",
            name=op.f("ck_underspend_treatments_names_following"),
        ),
        sa.CheckConstraint("state IN ('decided', 'settled', 'withdrawn')", name=op.f("ck_underspend_treatments_state")),
        sa.CheckConstraint(
            "treatment = 'retain' OR approval_reference IS NOT NULL", name=op.f("ck_underspend_treatments_approved")
        ),
        sa.CheckConstraint(
            "treatment IN ('retain', 'return', 'carry_forward', 'net_off')",
            name=op.f("ck_underspend_treatments_treatment"),
        ),
        sa.CheckConstraint("amount_pence > 0", name=op.f("ck_underspend_treatments_amount_positive")),
        sa.CheckConstraint("following_agreement_id <> agreement_id", name=op.f("ck_underspend_treatments_other_year")),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreements.id"], name=op.f("fk_underspend_treatments_agreement_id_agreements")
        ),
        sa.ForeignKeyConstraint(
            ["following_agreement_id"],
            ["agreements.id"],
            name=op.f("fk_underspend_treatments_following_agreement_id_agreements"),
        ),
        sa.ForeignKeyConstraint(
            ["outturn_id"], ["outturns.id"], name=op.f("fk_underspend_treatments_outturn_id_outturns")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_underspend_treatments")),
        sa.UniqueConstraint("agreement_id", "number", name="uq_underspend_treatments_number"),
    )
    op.create_table(
        "variation_decisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("variation_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("decision", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("by_name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(length=400), nullable=True),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint(
            "decision IN ('noted_by_board', 'submit', 'agree', 'refuse', 'withdraw', 'approve')",
            name=op.f("ck_variation_decisions_decision"),
        ),
        sa.ForeignKeyConstraint(
            ["variation_id"], ["variations.id"], name=op.f("fk_variation_decisions_variation_id_variations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_variation_decisions")),
        sa.UniqueConstraint("variation_id", "number", name="uq_variation_decisions_number"),
    )
    op.create_table(
        "virement_lines",
        sa.Column("variation_id", sa.Uuid(), nullable=False),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("delta_pence", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("delta_pence <> 0", name=op.f("ck_virement_lines_moves_something")),
        sa.ForeignKeyConstraint(
            ["variation_id"], ["variations.id"], name=op.f("fk_virement_lines_variation_id_variations")
        ),
        sa.PrimaryKeyConstraint("variation_id", "code", name=op.f("pk_virement_lines")),
    )
    op.create_table(
        "held_decisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("held_line_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("use_exception", sa.Text(), nullable=True),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.Column("entry_batch_id", sa.Uuid(), nullable=True),
        sa.Column("duplicate_of", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("decided_by_name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint(
            "(decision IN ('accepted', 'outside')) = (entry_id IS NOT NULL)",
            name=op.f("ck_held_decisions_acceptance_makes_entry"),
        ),
        sa.CheckConstraint(
            "decision IN ('accepted', 'outside', 'duplicate', 'refused')", name=op.f("ck_held_decisions_decision")
        ),
        sa.CheckConstraint(
            "(entry_id IS NULL) = (entry_batch_id IS NULL)", name=op.f("ck_held_decisions_entry_has_batch")
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["expenditure_batches.id"], name=op.f("fk_held_decisions_batch_id_expenditure_batches")
        ),
        sa.ForeignKeyConstraint(
            ["duplicate_of"], ["ledger_entries.entry_id"], name=op.f("fk_held_decisions_duplicate_of_ledger_entries")
        ),
        sa.ForeignKeyConstraint(
            ["entry_batch_id"],
            ["expenditure_batches.id"],
            name=op.f("fk_held_decisions_entry_batch_id_expenditure_batches"),
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["ledger_entries.entry_id"], name=op.f("fk_held_decisions_entry_id_ledger_entries")
        ),
        sa.ForeignKeyConstraint(
            ["held_line_id"], ["held_lines.id"], name=op.f("fk_held_decisions_held_line_id_held_lines")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held_decisions")),
        sa.UniqueConstraint("entry_id", name="uq_held_decisions_entry_id"),
        sa.UniqueConstraint("held_line_id", name="uq_held_decisions_held_line_id"),
    )
    op.create_table(
        "payment_parts",
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("paid_pence", sa.BigInteger(), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("paid_pence <> 0", name=op.f("ck_payment_parts_amount_not_zero")),
        sa.CheckConstraint(
            "paid_pence > 0 OR reason IS NOT NULL", name=op.f("ck_payment_parts_taken_back_with_reason")
        ),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_payment_parts_payment_id_payments")),
        sa.PrimaryKeyConstraint("payment_id", "number", name=op.f("pk_payment_parts")),
    )
    op.add_column("agreements", sa.Column("closing_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("agreements", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("agreements", sa.Column("closed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.add_column("budget_versions", sa.Column("grant_pence", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE budget_versions SET grant_pence = (SELECT grant_pence FROM agreements WHERE agreements.id = "
        "budget_versions.agreement_id)"
    )
    op.alter_column("budget_versions", "grant_pence", existing_type=sa.BigInteger(), nullable=False)
    op.add_column("budget_versions", sa.Column("state", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=True))
    op.execute(
        "UPDATE budget_versions SET state = CASE WHEN number = (SELECT max(number) FROM budget_versions AS later "
        "WHERE later.agreement_id = budget_versions.agreement_id) THEN 'effective' ELSE 'superseded' END"
    )
    op.alter_column(
        "budget_versions", "state", existing_type=sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False
    )
    op.add_column("budget_versions", sa.Column("variation_id", sa.Uuid(), nullable=True))
    op.add_column("budget_versions", sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE budget_versions SET approved_at = created_at")
    op.add_column("budget_versions", sa.Column("approved_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.add_column(
        "expenditure_batches",
        sa.Column(
            "kind", sqlmodel.sql.sqltypes.AutoString(length=10), server_default=sa.text("'file'"), nullable=False
        ),
    )
    op.alter_column(
        "expenditure_batches",
        "kind",
        existing_type=sqlmodel.sql.sqltypes.AutoString(length=10),
        server_default=None,
        existing_nullable=False,
    )
    op.add_column("expenditure_batches", sa.Column("covers_from", sa.Date(), nullable=True))
    op.add_column("expenditure_batches", sa.Column("covers_to", sa.Date(), nullable=True))
    op.add_column(
        "expenditure_batches", sa.Column("dry_run", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.alter_column(
        "expenditure_batches", "dry_run", existing_type=sa.Boolean(), server_default=None, existing_nullable=False
    )
    op.add_column("expenditure_batches", sa.Column("expected_lines", sa.Integer(), nullable=True))
    op.add_column("expenditure_batches", sa.Column("expected_total_pence", sa.BigInteger(), nullable=True))
    op.add_column(
        "expenditure_batches", sa.Column("period", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=True)
    )
    op.add_column(
        "expenditure_batches",
        sa.Column(
            "said",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
    )
    op.alter_column(
        "expenditure_batches",
        "said",
        existing_type=postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
        server_default=None,
        existing_nullable=False,
    )
    op.add_column(
        "expenditure_batches",
        sa.Column(
            "held_decided",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
    )
    op.alter_column(
        "expenditure_batches",
        "held_decided",
        existing_type=postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
        server_default=None,
        existing_nullable=False,
    )
    op.add_column("grant_history", sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("ledger_entries", sa.Column("use_codes", sa.ARRAY(sa.Text()), nullable=True))
    op.add_column("ledger_entries", sa.Column("use_exception", sa.Text(), nullable=True))
    op.add_column("ledger_entries", sa.Column("beneficiary_gss", sa.Text(), nullable=True))
    op.add_column("ledger_entries", sa.Column("credit_of", sa.Text(collation="C"), nullable=True))
    op.add_column("outturns", sa.Column("auditor", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True))
    op.execute("UPDATE outturns SET auditor = CASE WHEN state = 'final' THEN 'Not recorded' END")
    op.add_column(
        "outturns", sa.Column("accounts_reference", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True)
    )
    op.execute("UPDATE outturns SET accounts_reference = CASE WHEN state = 'final' THEN 'Not recorded' END")
    op.add_column("outturns", sa.Column("audited_on", sa.Date(), nullable=True))
    op.execute(
        "UPDATE outturns SET audited_on = CASE WHEN state = 'final' THEN (happened_at AT TIME ZONE "
        "'Europe/London')::date END"
    )
    op.add_column(
        "pass_through_awards", sa.Column("end_reason", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=True)
    )
    op.add_column(
        "pass_through_awards", sa.Column("use_outcome", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=True)
    )
    op.execute("UPDATE pass_through_awards SET use_outcome = 'undeclared'")
    op.alter_column(
        "pass_through_awards", "use_outcome", existing_type=sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False
    )
    op.add_column(
        "quarter_statement_lines", sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=True)
    )
    op.alter_column("expenditure_batches", "profile_version", existing_type=sa.INTEGER(), nullable=True)
    op.alter_column("expenditure_batches", "file_sha256", existing_type=sa.VARCHAR(length=64), nullable=True)
    op.alter_column("expenditure_batches", "size_bytes", existing_type=sa.BIGINT(), nullable=True)
    op.alter_column("expenditure_batches", "media_type", existing_type=sa.VARCHAR(length=200), nullable=True)
    op.alter_column("expenditure_batches", "encoding", existing_type=sa.VARCHAR(length=20), nullable=True)
    op.execute(
        "INSERT INTO agreement_versions (agreement_id, number, action, effective_from, changes, variation_id, "
        "recorded_at, recorded_by) SELECT id, 1, 'draft_agreement', NULL, (SELECT "
        "jsonb_agg(jsonb_build_object('what', term.key, 'before', NULL, 'after', term.value)) FROM "
        "jsonb_each(jsonb_build_object('grant_pence', grant_pence, 'territory', territory, 'in_force_from', "
        "in_force_from, 'in_force_to', in_force_to, 'review_by', review_by, 'ggis_reference', ggis_reference, "
        "'guidance_edition', guidance_edition, 'senior_responsible_name', senior_responsible_name, 'state', 'draft'))"
        " AS term), NULL, created_at, created_by FROM agreements"
    )
    # The day of the second signature is that from which the agreement stood.
    op.execute(
        "INSERT INTO agreement_versions (agreement_id, number, action, effective_from, changes, variation_id, "
        "recorded_at, recorded_by) SELECT agreement.id, greatest(agreement.version, 2), 'sign_agreement', "
        "CASE agreement.state WHEN 'in_force' THEN greatest(max(signature.signed_on), agreement.in_force_from) "
        "ELSE max(signature.signed_on) END, "
        "jsonb_build_array(jsonb_build_object('what', 'state', 'before', 'draft', 'after', agreement.state)), NULL, "
        "max(signature.created_at), max(signature.created_by) FROM agreements agreement "
        "JOIN signatures signature ON signature.agreement_id = agreement.id WHERE agreement.state <> 'draft' "
        "GROUP BY agreement.id"
    )
    op.execute(
        "INSERT INTO accounting_period_moves (agreement_id, quarter, number, state, reason, moved_at, moved_by, "
        "moved_by_name) SELECT agreement_id, quarter, 1, 'locked', lock_reason, locked_at, locked_by, locked_by "
        "FROM accounting_periods WHERE state = 'locked'"
    )
    op.create_index("ix_use_declarations_agreement_id", "use_declarations", ["agreement_id", "outcome"], unique=False)
    op.create_index("ix_variations_agreement_id", "variations", ["agreement_id", "created_at", "id"], unique=False)
    op.create_index(
        "uq_certificates_standing",
        "certificates",
        ["agreement_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'superseded'"),
    )
    op.create_index("ix_payments_agreement_id", "payments", ["agreement_id", "direction"], unique=False)
    op.create_index(op.f("ix_payments_award_id"), "payments", ["award_id"], unique=False)
    op.create_index(
        op.f("ix_underspend_treatments_following_agreement_id"),
        "underspend_treatments",
        ["following_agreement_id"],
        unique=False,
    )
    op.create_index(op.f("ix_held_decisions_batch_id"), "held_decisions", ["batch_id"], unique=False)
    op.create_index(
        "uq_budget_versions_balanced",
        "budget_versions",
        ["agreement_id"],
        unique=True,
        postgresql_where=sa.text("state = 'balanced'"),
    )
    op.create_index(
        "uq_budget_versions_effective",
        "budget_versions",
        ["agreement_id"],
        unique=True,
        postgresql_where=sa.text("state = 'effective'"),
    )
    op.create_foreign_key(
        op.f("fk_budget_versions_variation_id_variations"), "budget_versions", "variations", ["variation_id"], ["id"]
    )
    op.create_index(
        "uq_grant_history_year",
        "grant_history",
        ["year", "scope"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.create_index(
        "uq_ledger_entries_reverses",
        "ledger_entries",
        ["reverses"],
        unique=True,
        postgresql_where=sa.text("reverses IS NOT NULL"),
    )
    op.create_index(
        "ix_ledger_entries_replaces",
        "ledger_entries",
        ["replaces"],
        unique=False,
        postgresql_where=sa.text("replaces IS NOT NULL"),
    )
    op.create_check_constraint(
        op.f("ck_agreements_closed_says_when"), "agreements", "(state = 'closed') = (closed_at IS NOT NULL)"
    )
    op.create_check_constraint(
        op.f("ck_agreements_state"), "agreements", "state IN ('draft', 'agreed', 'in_force', 'closing', 'closed')"
    )
    op.create_check_constraint(
        op.f("ck_budget_versions_approved"),
        "budget_versions",
        "(state IN ('effective', 'superseded')) = (approved_at IS NOT NULL)",
    )
    op.create_check_constraint(op.f("ck_budget_versions_four_eyes"), "budget_versions", "approved_by <> created_by")
    op.create_check_constraint(
        op.f("ck_budget_versions_state"),
        "budget_versions",
        "state IN ('balanced', 'effective', 'superseded', 'withdrawn')",
    )
    op.create_check_constraint(
        op.f("ck_expenditure_batches_days_covered"),
        "expenditure_batches",
        "(covers_from IS NULL) = (covers_to IS NULL) AND covers_from <= covers_to",
    )
    op.create_check_constraint(
        op.f("ck_expenditure_batches_dry_run_tells_nobody"), "expenditure_batches", "NOT (dry_run AND event_count > 0)"
    )
    op.create_check_constraint(
        op.f("ck_expenditure_batches_file_has_profile"),
        "expenditure_batches",
        "(kind = 'file') = (file_sha256 IS NOT NULL) AND (kind = 'file') = (profile_version IS NOT NULL) AND (kind "
        "= 'file') = (encoding IS NOT NULL)",
    )
    op.create_check_constraint(
        op.f("ck_expenditure_batches_kind"),
        "expenditure_batches",
        "kind IN ('file', 'entry', 'reversal', 'correction', 'decision')",
    )
    op.create_check_constraint(
        op.f("ck_ledger_entries_chain_has_reason"),
        "ledger_entries",
        "(reverses IS NULL AND replaces IS NULL) OR reason IS NOT NULL",
    )
    op.create_check_constraint(
        op.f("ck_ledger_entries_reverses_or_replaces"), "ledger_entries", "reverses IS NULL OR replaces IS NULL"
    )
    op.create_check_constraint(
        op.f("ck_outturns_audit_by_auditor"), "outturns", "(audited_on IS NULL) = (auditor IS NULL)"
    )
    op.create_check_constraint(
        op.f("ck_outturns_audit_of_accounts"), "outturns", "(audited_on IS NULL) = (accounts_reference IS NULL)"
    )
    op.create_check_constraint(
        op.f("ck_outturns_final_is_audited"), "outturns", "(state = 'final') = (audited_on IS NOT NULL)"
    )
    op.create_check_constraint(
        op.f("ck_pass_through_awards_end_has_reason"),
        "pass_through_awards",
        "(state = 'ended') = (end_reason IS NOT NULL)",
    )
    op.create_check_constraint(
        op.f("ck_pass_through_awards_payable_is_allowed"),
        "pass_through_awards",
        "state NOT IN ('payable', 'completed') OR use_outcome = 'allowed'",
    )
    op.create_check_constraint(
        op.f("ck_pass_through_awards_state"),
        "pass_through_awards",
        "state IN ('offered', 'terms_acknowledged', 'payable', 'completed', 'ended')",
    )
    op.create_check_constraint(
        op.f("ck_pass_through_awards_use_outcome"),
        "pass_through_awards",
        "use_outcome IN ('undeclared', 'allowed', 'refused', 'decision_required')",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_pass_through_awards_use_outcome"), "pass_through_awards", type_="check")
    op.drop_constraint(op.f("ck_pass_through_awards_state"), "pass_through_awards", type_="check")
    op.drop_constraint(op.f("ck_pass_through_awards_payable_is_allowed"), "pass_through_awards", type_="check")
    op.drop_constraint(op.f("ck_pass_through_awards_end_has_reason"), "pass_through_awards", type_="check")
    op.drop_constraint(op.f("ck_outturns_final_is_audited"), "outturns", type_="check")
    op.drop_constraint(op.f("ck_outturns_audit_of_accounts"), "outturns", type_="check")
    op.drop_constraint(op.f("ck_outturns_audit_by_auditor"), "outturns", type_="check")
    op.drop_constraint(op.f("ck_ledger_entries_reverses_or_replaces"), "ledger_entries", type_="check")
    op.drop_constraint(op.f("ck_ledger_entries_chain_has_reason"), "ledger_entries", type_="check")
    op.drop_constraint(op.f("ck_expenditure_batches_kind"), "expenditure_batches", type_="check")
    op.drop_constraint(op.f("ck_expenditure_batches_file_has_profile"), "expenditure_batches", type_="check")
    op.drop_constraint(op.f("ck_expenditure_batches_dry_run_tells_nobody"), "expenditure_batches", type_="check")
    op.drop_constraint(op.f("ck_expenditure_batches_days_covered"), "expenditure_batches", type_="check")
    op.drop_constraint(op.f("ck_budget_versions_state"), "budget_versions", type_="check")
    op.drop_constraint(op.f("ck_budget_versions_four_eyes"), "budget_versions", type_="check")
    op.drop_constraint(op.f("ck_budget_versions_approved"), "budget_versions", type_="check")
    op.drop_constraint(op.f("ck_agreements_state"), "agreements", type_="check")
    op.drop_constraint(op.f("ck_agreements_closed_says_when"), "agreements", type_="check")
    op.drop_index(
        "ix_ledger_entries_replaces", table_name="ledger_entries", postgresql_where=sa.text("replaces IS NOT NULL")
    )
    op.drop_index(
        "uq_ledger_entries_reverses", table_name="ledger_entries", postgresql_where=sa.text("reverses IS NOT NULL")
    )
    op.drop_index(
        "uq_grant_history_year",
        table_name="grant_history",
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.drop_constraint(op.f("fk_budget_versions_variation_id_variations"), "budget_versions", type_="foreignkey")
    op.drop_index(
        "uq_budget_versions_effective", table_name="budget_versions", postgresql_where=sa.text("state = 'effective'")
    )
    op.drop_index(
        "uq_budget_versions_balanced", table_name="budget_versions", postgresql_where=sa.text("state = 'balanced'")
    )
    op.drop_index(op.f("ix_held_decisions_batch_id"), table_name="held_decisions")
    op.drop_index(op.f("ix_underspend_treatments_following_agreement_id"), table_name="underspend_treatments")
    op.drop_index(op.f("ix_payments_award_id"), table_name="payments")
    op.drop_index("ix_payments_agreement_id", table_name="payments")
    op.drop_index(
        "uq_certificates_standing", table_name="certificates", postgresql_where=sa.text("state <> 'superseded'")
    )
    op.drop_index("ix_variations_agreement_id", table_name="variations")
    op.drop_index("ix_use_declarations_agreement_id", table_name="use_declarations")
    op.alter_column("expenditure_batches", "encoding", existing_type=sa.VARCHAR(length=20), nullable=False)
    op.alter_column("expenditure_batches", "media_type", existing_type=sa.VARCHAR(length=200), nullable=False)
    op.alter_column("expenditure_batches", "size_bytes", existing_type=sa.BIGINT(), nullable=False)
    op.alter_column("expenditure_batches", "file_sha256", existing_type=sa.VARCHAR(length=64), nullable=False)
    op.alter_column("expenditure_batches", "profile_version", existing_type=sa.INTEGER(), nullable=False)
    op.create_check_constraint(
        op.f("ck_pass_through_awards_state"), "pass_through_awards", "(((state)::text = 'offered'::text))"
    )
    op.create_check_constraint(
        op.f("ck_agreements_state"),
        "agreements",
        "(((state)::text = ANY ((ARRAY['draft'::character varying, 'agreed'::character varying, "
        "'in_force'::character varying])::text[])))",
    )
    op.create_unique_constraint(
        op.f("uq_ledger_entries_reverses"), "ledger_entries", ["reverses"], postgresql_nulls_not_distinct=False
    )
    op.create_unique_constraint(
        op.f("uq_grant_history_year"), "grant_history", ["year", "scope"], postgresql_nulls_not_distinct=True
    )
    op.drop_column("quarter_statement_lines", "reason")
    op.drop_column("pass_through_awards", "use_outcome")
    op.drop_column("pass_through_awards", "end_reason")
    op.drop_column("outturns", "audited_on")
    op.drop_column("outturns", "accounts_reference")
    op.drop_column("outturns", "auditor")
    op.drop_column("ledger_entries", "credit_of")
    op.drop_column("ledger_entries", "beneficiary_gss")
    op.drop_column("ledger_entries", "use_exception")
    op.drop_column("ledger_entries", "use_codes")
    op.drop_column("grant_history", "superseded_at")
    op.drop_column("expenditure_batches", "held_decided")
    op.drop_column("expenditure_batches", "said")
    op.drop_column("expenditure_batches", "period")
    op.drop_column("expenditure_batches", "expected_total_pence")
    op.drop_column("expenditure_batches", "expected_lines")
    op.drop_column("expenditure_batches", "dry_run")
    op.drop_column("expenditure_batches", "covers_to")
    op.drop_column("expenditure_batches", "covers_from")
    op.drop_column("expenditure_batches", "kind")
    op.drop_column("budget_versions", "approved_by")
    op.drop_column("budget_versions", "approved_at")
    op.drop_column("budget_versions", "variation_id")
    op.drop_column("budget_versions", "state")
    op.drop_column("budget_versions", "grant_pence")
    op.drop_column("agreements", "closed_by")
    op.drop_column("agreements", "closed_at")
    op.drop_column("agreements", "closing_since")
    op.drop_table("payment_parts")
    op.drop_table("held_decisions")
    op.drop_table("virement_lines")
    op.drop_table("variation_decisions")
    op.drop_table("underspend_treatments")
    op.drop_table("payments")
    op.drop_table("historical_budget_cells")
    op.drop_table("forecast_lines")
    op.drop_table("certificates")
    op.drop_table("award_flow_downs")
    op.drop_table("agreement_versions")
    op.drop_table("accounting_period_moves")
    op.drop_table("yearly_reviews")
    op.drop_table("variations")
    op.drop_table("use_declarations")
    op.drop_table("significance_thresholds")
    op.drop_table("public_money_declarations")
    op.drop_table("historical_budget_rows")
    op.drop_table("forecasts")
    op.drop_table("use_rule_books")
    op.drop_table("historical_budgets")
    op.drop_table("guidance_editions")
    op.drop_table("grant_claims")
