"""Grants: what was agreed, how the money is divided, what was spent, and what the year came out at.

Owns       organisations; agreements, budgets, variations; permitted use, pass-through awards, payments;
           source profiles, expenditure batches, the ledger; forecasts, accounting periods, accounts; outturns,
           treatments, certificates; the history of the grant
Commands   organisations: register_organisation, rename_organisation, describe_organisation
           agreements:    draft_agreement, change_agreement, sign_agreement, name_signatory, record_review
           budget:        set_budget, approve_budget, withdraw_budget · import_historical_budget
           variations:    propose, decide, approve_virement, set_thresholds
           awards:        award_pass_through, declare_award_use, acknowledge_duties, move_award
           payments:      plan_payment, change_payment, request_payment, approve_excess, note_part, refuse_payment,
                          withdraw_payment
           use_rules:     change_rules, declare_entries, decide_use, keep_edition, declare_public_money
           expenditure:   define_profile, submit_batch
           ledger:        enter_line, reverse_entry, correct_entry, reassign_entries · decide, decide_batch (held lines)
                          · settle_lines (giving up)
           periods:       state_quarter, lock_quarter, reopen_quarter · make_forecast
           the year end:  record_outturn · treat_underspend, settle_treatment, withdraw_treatment · draft_certificate,
                          sign_certificate · close_year
           history:       import_grant_history, record_claim, withdraw_claim
Publishes  OrganisationRegistered, AgreementSigned, AgreementVaried, BudgetSet, PassThroughAwarded,
           ExpenditureBatchReceived, ExpenditureRecorded, ExpenditureBatchCompleted, QuarterSpendStated, OutturnRecorded
Reacts to  PerformanceReportSubmitted, PerformanceReportReopened, PerformanceReportPublished (of deliverables)
Tables     tables.py here and in each folder; READ_MODELS: reported_quarters
"""
