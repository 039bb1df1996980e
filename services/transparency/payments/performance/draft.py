"""Drafts the dataset of payment performance: one row a half-year, from approved figures (T-62)."""

from __future__ import annotations

import hashlib

from services.transparency.drafts import Asked, Draft, DraftFinding, DraftRow
from services.transparency.payments.authority.duties import authority_of
from services.transparency.payments.authority.rules import refuse_outside
from services.transparency.payments.ledger import refuse_unfinished
from services.transparency.payments.performance import queries, rules
from services.transparency.payments.performance.commands import WHAT
from shared.periods import HalfYear
from shared.work import Work

DATASET = "payment_performance"


async def draft_performance(work: Work, asked: Asked) -> Draft:
    """The half-year's row, its method and what is left out; refused before the figures are approved as they stand."""
    assert isinstance(asked.period, HalfYear)
    half = asked.period
    authority = await authority_of(work.session, asked.organisation_id)
    refuse_outside(asked.publisher, WHAT, half, authority.contracting_authority_from if authority else None)
    programme = asked.parameters["scope"] == "programme"
    standing = await queries.standing(work.session, asked.organisation_id, half, programme=programme)
    found = standing.figures
    quarters = half.year.quarters[2 * half.number - 2 : 2 * half.number]
    unfinished = await refuse_unfinished(work, asked.organisation_id, quarters, half.label, empty=not found.days)
    approved = await queries.approvals(work.session, asked.organisation_id, half)
    current = queries.approval_of(approved, found.fingerprint)
    rules.refuse_unapproved(asked.publisher, half, approved=current is not None, lapsed=bool(approved))
    return Draft(
        rows=[_row(asked, half, found)] if found.days else [],
        mark=hashlib.sha256("\n".join([found.fingerprint, *unfinished]).encode()).hexdigest(),
        left_out=found.as_record()["left_out"],
        notes=["The columns are our own until the statutory template is at hand.", *unfinished],
        findings=[
            DraftFinding(
                code="PAID_BEFORE_RECEIVED",
                row_id=item.row_id,
                field="AverageDays",
                digest=hashlib.sha256(f"{item.received_on} {item.last_paid}".encode()).hexdigest(),
            )
            for item in rules.paid_before_receipt(standing.paid, half)
        ],
        details={"figures": found.as_record(), "method": rules.method(programme=programme)},
    )


def _row(asked: Asked, half: HalfYear, found: rules.Figures) -> DraftRow:
    record = found.as_record()
    left_out = record.pop("left_out")
    row_id = hashlib.sha256(f"{DATASET} {asked.organisation_id} {half.slug}".encode()).hexdigest()[:32]
    within, later, over = (record[name] for name in ("within_30_days", "in_31_to_60_days", "over_60_days"))
    disputed, incomplete = left_out.get("DISPUTED", 0), left_out.get("INCOMPLETE_INVOICE", 0)
    no_date, no_day = left_out.get("NO_DATE", 0), left_out.get("PAYMENT_DAY_NOT_STATED", 0)
    cells = {
        "OrganisationLabel": asked.organisation_name,
        "OrganisationURI": asked.organisation_uri,
        "Period": half.slug,
        "PeriodStart": f"{half.start:%d/%m/%Y}",
        "PeriodEnd": f"{half.end:%d/%m/%Y}",
        "InvoicesPaid": record["invoices"],
        "AverageDays": record["average_days"],
        "PercentWithin30Days": within["percent"],
        "PercentIn31To60Days": later["percent"],
        "PercentOver60Days": over["percent"],
        "InvoicesWithin30Days": within["invoices"],
        "InvoicesIn31To60Days": later["invoices"],
        "InvoicesOver60Days": over["invoices"],
        "CountedFromReceipt": record["counted_from_receipt"],
        "CountedFromInvoiceDate": record["counted_from_invoice_date"],
        "DisputedLeftOut": disputed,
        "IncompleteLeftOut": incomplete,
        "NoDateLeftOut": no_date,
        "NoPaymentDayLeftOut": no_day,
        "RowID": row_id,
    }
    shown = {
        "period": half.slug,
        "period_start": half.start.isoformat(),
        "period_end": half.end.isoformat(),
        **record,
        "disputed_left_out": disputed,
        "incomplete_left_out": incomplete,
        "no_date_left_out": no_date,
        "no_payment_day_left_out": no_day,
    }
    return DraftRow(row_id, {name: str(cell) for name, cell in cells.items()}, shown)
