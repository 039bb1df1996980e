"""Deliverables: what was promised for the grant, what was done, how it is rated, and the quarterly reports.

Owns      programme years with themes, deliverables and target parts; observations; ratings; reports
Commands  programme: import_programme
          results:   take_in_results, report_result
          ratings:   rate, approve_rating (and rate_as_printed, for ratings that a source prints)
          reports:   create_report, write_sections, move_due_date, submit_report, publish_report, reopen_report
Publishes RatingRecorded; PerformanceReportSubmitted, PerformanceReportReopened, PerformanceReportPublished
Reacts to OrganisationRegistered (name and slug), AgreementSigned (opens an empty year), AgreementVaried (kept),
          BudgetSet, QuarterSpendStated (the spend table's only source), OutturnRecorded (the fourth quarter's report)
Tables    own:    programmes, themes, deliverables, target_parts, rating_schemes, results_imports, observations,
                  ratings, reports, submissions, publications, reopenings
          copies: organisations, budget_lines, budget_versions, spend_statements, outturns, agreed_variations
                  (a replay rebuilds them)

One folder a noun: programme, targets (rules only), results, ratings, reports.
"""
