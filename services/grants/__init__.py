"""Grants: what was agreed, how the money is divided, what was spent, and what the year came out at.

Owns       organisations, agreements with signatures, budgets, accounting periods, outturns, pass-through awards, ledger
           entries, source profiles and expenditure batches, the history of the grant
Commands   register_organisation, rename_organisation, describe_organisation · draft_agreement, change_agreement,
           sign_agreement, name_signatory, record_review · set_budget, approve_budget,
           withdraw_budget ·
           propose, decide (variations), approve_virement, set_thresholds ·
           state_quarter, lock_quarter, reopen_quarter ·
           make_forecast ·
           award_pass_through, declare_award_use, acknowledge_duties, move_award · plan_payment, change_payment,
           request_payment, approve_excess, note_part, refuse_payment, withdraw_payment · change_rules, declare_entries,
           decide_use, keep_edition, declare_public_money · record_outturn · treat_underspend, settle_treatment,
           withdraw_treatment · draft_certificate, sign_certificate · close_year ·
           import_grant_history, record_claim, withdraw_claim, import_historical_budget ·
           enter_line, reverse_entry, correct_entry, reassign_entries · decide (held lines), decide_batch ·
           those of services/grants/expenditure
Publishes  OrganisationRegistered, AgreementSigned, AgreementVaried, BudgetSet, PassThroughAwarded, ExpenditureRecorded,
           ExpenditureBatchCompleted, QuarterSpendStated, OutturnRecorded
Reacts to  PerformanceReportSubmitted, PerformanceReportReopened, PerformanceReportPublished (of deliverables)
Tables     tables.py here and in each folder; READ_MODELS: reported_quarters
"""
