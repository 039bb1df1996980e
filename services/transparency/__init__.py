"""Transparency: what a body that receives a grant must show, the files themselves, and whether they were out in time.

Owns       methodologies, datasets with their editions, the decision on every ledger line, findings, withdrawals, the
           publication calendar with its judgements, documents, the register of contracts, requests for information with
           who asked held apart, staff lists and pay runs (restricted), since when publishers are
           contracting authorities, statements about invoices, approved payment performance figures,
           redactions with their grounds and reviews
Commands   draft_edition, check_edition, approve_edition, discard_edition, resolve_finding · suspend_editions,
           confirm_withdrawal, lift_suspension · publish_methodology · publish_document · propose_exemption,
           approve_exemption, add_evidence · register_contract, change_contract, import_contracts, create_profile,
           set_prefix · receive_request, ask_clarification, extend_request, respond_to_request, decide_review,
           clear_subject, erase_requester, decide_day · import_posts, raise_objection, decide_objection,
           settle_small_unit · make_pay_run, import_pay_list, approve_pay_run, rerun_pay_run ·
           set_contracting_authority, state_invoices, approve_figures · propose_redaction, approve_redaction,
           refuse_redaction, review_redaction ·
           tick (obligations due soon and missed, answered requests closed, redactions due for review)
Publishes  DatasetPublished, DatasetCorrected, DatasetWithdrawn, ObligationMet, ObligationMissed, RequestAnswered
Reacts to  OrganisationRegistered, AgreementSigned, AgreementVaried, BudgetSet, PassThroughAwarded,
           ExpenditureBatchReceived, ExpenditureRecorded, ExpenditureBatchCompleted, QuarterSpendStated,
           OutturnRecorded (of grants) · PerformanceReportSubmitted, PerformanceReportReopened,
           PerformanceReportPublished (of deliverables) · MeetingScheduled, PapersPublished, MinutesPublished,
           MinutesApproved (of governance)
Tables     tables.py here and in each folder; READ_MODELS hold other services' facts and nothing of our own
Folders    spending: the ledgers as they arrive · editions: selection, files, four eyes, differences · withdrawals ·
           methodologies · obligations: the calendar, documents, punctuality · contracts: the register, its files, its
           rows of a quarter and its Open Contracting export · requests: requests for information, their clock, the
           disclosure log · people: staff lists, posts, the chart, senior pay · pay: pay runs and the pay multiple ·
           open_data: catalogue, feed of changes, data dictionary, quality cards, pages for people ·
           payments: payments over £30,000 and payment performance · search: published rows, their totals, and the
           files over all periods · redactions: what is withheld, why, who decided, what it does to an edition
Files      /open/{publisher}/{dataset}/{period}/v{n}/{dataset}.csv, .json, schema.json, edition.json, changes.csv;
           latest.csv · /open/{publisher}/spend/all.csv.gz, all.parquet
"""
