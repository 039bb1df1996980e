"""Transparency: what a body that receives a grant must show, the files themselves, and whether they were out in time.

Owns       methodologies, datasets with their editions, the decision on every ledger line, findings, the publication
           calendar with its judgements, documents, since when publishers are contracting authorities, statements about
           invoices, approved payment performance figures
Commands   draft_edition, check_edition, approve_edition, discard_edition, resolve_finding · publish_document ·
           propose_exemption, approve_exemption · tick (obligations due soon and missed) · set_contracting_authority ·
           state_invoices · approve_figures
Publishes  DatasetPublished, DatasetCorrected, ObligationMet, ObligationMissed
Reacts to  OrganisationRegistered, AgreementSigned, AgreementVaried, BudgetSet, PassThroughAwarded,
           ExpenditureBatchReceived, ExpenditureRecorded, ExpenditureBatchCompleted, QuarterSpendStated,
           OutturnRecorded (of grants) · PerformanceReportSubmitted, PerformanceReportReopened,
           PerformanceReportPublished (of deliverables) · MeetingScheduled, PapersPublished, MinutesPublished,
           MinutesApproved (of governance)
Tables     tables.py here and in each folder; READ_MODELS hold other services' facts and nothing of our own
Folders    spending: the ledgers as they arrive · editions: selection, files, four eyes · obligations: the calendar ·
           payments: payments over £30,000 and payment performance
Files      /open/{publisher}/spend/{quarter}/v{n}/spend.csv, spend.json, schema.json, edition.json; latest.csv
"""
