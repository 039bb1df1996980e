"""Transparency: what a body that receives a grant must show, the files themselves, and whether they were out in time.

Owns       methodologies, datasets with their editions, the decision on every ledger line, findings, the publication
           calendar with its judgements, documents
Commands   draft_edition, check_edition, approve_edition, discard_edition, resolve_finding · publish_document ·
           propose_exemption, approve_exemption · tick (obligations due soon and missed)
Publishes  DatasetPublished, DatasetCorrected, ObligationMet, ObligationMissed
Reacts to  OrganisationRegistered, AgreementSigned, AgreementVaried, BudgetSet, PassThroughAwarded,
           ExpenditureBatchReceived, ExpenditureRecorded, ExpenditureBatchCompleted, QuarterSpendStated,
           OutturnRecorded (of grants) · PerformanceReportSubmitted, PerformanceReportReopened,
           PerformanceReportPublished (of deliverables) · MeetingScheduled, PapersPublished, MinutesPublished,
           MinutesApproved (of governance)
Tables     tables.py here and in each folder; READ_MODELS hold other services' facts and nothing of our own
Folders    spending: the ledgers as they arrive · editions: selection, files, four eyes · obligations: the calendar ·
           search: published rows, their totals, and the files over all periods
Files      /open/{publisher}/spend/{quarter}/v{n}/spend.csv, spend.json, schema.json, edition.json; latest.csv ·
           /open/{publisher}/spend/all.csv.gz, all.parquet
"""
