"""Transparency: what a body that receives a grant must show, the files themselves, and whether they were out in time.

Owns       methodologies, datasets with their editions, the decision on every ledger line, findings, the publication
           calendar with its judgements, documents, redactions with their grounds and reviews
Commands   draft_edition, check_edition, approve_edition, discard_edition, resolve_finding · publish_document ·
           propose_exemption, approve_exemption · propose_redaction, approve_redaction, refuse_redaction,
           review_redaction · tick (obligations due soon and missed, redactions due for review)
Publishes  DatasetPublished, DatasetCorrected, ObligationMet, ObligationMissed
Reacts to  OrganisationRegistered, AgreementSigned, AgreementVaried, BudgetSet, PassThroughAwarded,
           ExpenditureBatchReceived, ExpenditureRecorded, ExpenditureBatchCompleted, QuarterSpendStated,
           OutturnRecorded (of grants) · PerformanceReportSubmitted, PerformanceReportReopened,
           PerformanceReportPublished (of deliverables) · MeetingScheduled, PapersPublished, MinutesPublished,
           MinutesApproved (of governance)
Tables     tables.py here and in each folder; READ_MODELS hold other services' facts and nothing of our own
Folders    spending: the ledgers as they arrive · editions: selection, files, four eyes · obligations: the calendar ·
           redactions: what is withheld, why, who decided, what it does to an edition
Files      /open/{publisher}/spend/{quarter}/v{n}/spend.csv, spend.json, schema.json, edition.json; latest.csv
"""
