"""Drafts the dataset of payments over £30,000 from the spend edition in force (T-61).

What a row shows of payee and contract is copied from the rows that the spend edition published, so that whatever is
withheld there is withheld here too.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
from sqlmodel import col, select

from services.transparency.drafts import Asked, Draft, DraftFile, DraftRow
from services.transparency.editions import ledger, row_lines, selection
from services.transparency.editions import rules as edition_rules
from services.transparency.editions.cells import PAYEE_HIDDEN, WITHHELD
from services.transparency.editions.tables import Dataset, Edition, EditionFile
from services.transparency.payments.authority.duties import authority_of
from services.transparency.payments.authority.rules import refuse_outside
from services.transparency.payments.ledger import class_of, contract_of, live, refuse_unfinished, with_vat
from services.transparency.payments.threshold import rules
from shared.database import raw_connection
from shared.money import pounds
from shared.periods import Quarter
from shared.tabular import CSV_TYPE, csv_bytes
from shared.work import Work

DATASET = "payments_over_threshold"
WHAT = "payments over £30,000"
RECONCILIATION_FILE = "reconciliation.csv"
RECONCILIATION_COLUMNS = (
    "RowID", "TransactionNumber", "LineNumber", "PaymentDate", "Lines", "Amount", "AmountIncludingVAT", "Decision",
    "SpendDecision",
)  # fmt: skip

CONTRACT_WITHHELD = "('contract_ref' = ANY(withheld.fields) OR 'contract_ref' = ANY(withheld.named)) IS TRUE"

# What an item comes to under a contract takes in lines of other quarters too: the whole item is tested (T-2).
LINES = f"""
WITH whole AS (
    SELECT part.source, part.item_id, {contract_of("part")} AS contract, sum({with_vat("part")})::bigint AS pence
    FROM spend_lines part
    WHERE part.organisation_id = %(organisation)s AND {contract_of("part")} IS NOT NULL AND {live("part")}
    GROUP BY 1, 2, 3
)
SELECT decision.row_id, decision.transaction_number, decision.line_number, line.payment_date, line.eligible_pence,
    {with_vat("line")}, COALESCE(decision.inclusion, decision.exclusion), decision.inclusion IS NOT NULL,
    COALESCE({class_of("line")} = 'grant', false), {contract_of("line")}, COALESCE(whole.pence, 0),
    line.source, line.item_id, line.amount_basis = 'gross', line.amount_basis = 'gross' OR line.vat_pence IS NOT NULL,
    line.date_basis, {PAYEE_HIDDEN} OR {CONTRACT_WITHHELD}
FROM row_decisions decision JOIN spend_lines line USING (entry_id)
{WITHHELD}
LEFT JOIN whole ON whole.source = line.source AND whole.item_id = line.item_id
    AND whole.contract = {contract_of("line")}
WHERE decision.edition_id = %(edition)s
ORDER BY line.payment_date, decision.transaction_number, decision.line_number, line.entry_id
"""

# A line that the edition has not decided, or that it shows although it was cancelled since.
OUT_OF_DATE = f"""
SELECT count(*) FROM spend_lines line
LEFT JOIN row_decisions decision ON decision.edition_id = %(edition)s AND decision.entry_id = line.entry_id
WHERE line.organisation_id = %(organisation)s AND line.payment_date BETWEEN %(start)s AND %(end)s
    AND (decision.entry_id IS NULL OR (decision.inclusion IS NOT NULL AND NOT {live("line")}))
"""


async def draft_payments(work: Work, asked: Asked) -> Draft:
    """The payments of a quarter, with a reason for every other line of its ledger; counted to the penny."""
    assert isinstance(asked.period, Quarter)
    quarter = asked.period
    authority = await authority_of(work.session, asked.organisation_id)
    since = authority.contracting_authority_from if authority else None
    refuse_outside(asked.publisher, WHAT, quarter, since)
    spend, published = await _spend_in_force(work, asked, quarter)
    connection = await raw_connection(work.session)
    await selection.prefer_sets(connection)
    values = {
        "edition": spend.edition_id,
        "organisation": asked.organisation_id,
        "start": quarter.start,
        "end": quarter.end,
    }
    rules.refuse_out_of_date(quarter.label, spend.number, await _out_of_date(connection, values))
    lines = await _lines(connection, values)
    # A ledger may be long: what needs no database is worked out off the event loop.
    sorted_out = await asyncio.to_thread(rules.sort_out, lines)
    payments, found = sorted_out.payments, sorted_out.counts
    reconciliation = await _reconciled(connection, asked, quarter, spend, found)
    unfinished = await refuse_unfinished(work, asked.organisation_id, [quarter], quarter.label, empty=not payments)
    wanted = {line.row_id for payment in payments for line in payment.lines}
    texts = await asyncio.to_thread(_texts, work.files.path(published.sha256), wanted)
    programme = asked.parameters["scope"] == "programme"
    statement = await asyncio.to_thread(_statement, sorted_out.entries)
    return Draft(
        rows=[_row(asked, payment, texts, work.settings.reference_key) for payment in payments],
        mark=_mark(spend, statement, unfinished),
        left_out={code: counted.lines for code, counted in found.items() if code != rules.IN},
        notes=[*rules.notes(payments, programme=programme), *unfinished],
        files=[DraftFile(RECONCILIATION_FILE, CSV_TYPE, statement)],
        details={
            "threshold_pence": rules.OVER_PENCE,
            "spend_edition": {
                "edition": spend.number,
                "sha256": spend.sha256,
                "url": f"{work.base_url}/open/{asked.publisher}/spend/{quarter.slug}/v{spend.number}/spend.csv",
            },
            "reconciliation": reconciliation,
        },
    )


async def _spend_in_force(work: Work, asked: Asked, quarter: Quarter) -> tuple[Edition, EditionFile]:
    found = await work.session.exec(
        select(Edition, EditionFile)
        .join(Dataset, col(Dataset.dataset_id) == col(Edition.dataset_id))
        .join(EditionFile, col(EditionFile.edition_id) == col(Edition.edition_id))
        .where(
            col(Dataset.organisation_id) == asked.organisation_id,
            col(Dataset.kind) == "spend",
            col(Edition.period) == quarter.slug,
            col(Edition.state) == "published",
            col(EditionFile.name) == "spend.json",
        )
    )
    row = found.first()
    rules.refuse_without_spend(asked.publisher, quarter.label, quarter.slug, row is not None)
    assert row is not None
    return row


async def _out_of_date(connection: psycopg.AsyncConnection[Any], values: Mapping[str, Any]) -> int:
    cursor = await connection.execute(OUT_OF_DATE, values)
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def _lines(connection: psycopg.AsyncConnection[Any], values: Mapping[str, Any]) -> list[rules.Line]:
    cursor = await connection.execute(LINES, values)
    return [
        rules.Line(
            row_id, number, line_number, day, amount, paid, spend, shown, grant, contract, whole, (source, item), gross,
            vat_known, date_basis, hidden,
        )
        async for (
            row_id, number, line_number, day, amount, paid, spend, shown, grant, contract, whole, source, item, gross,
            vat_known, date_basis, hidden,
        ) in cursor
    ]  # fmt: skip


async def _reconciled(
    connection: psycopg.AsyncConnection[Any],
    asked: Asked,
    quarter: Quarter,
    spend: Edition,
    found: Mapping[str, rules.Count],
) -> dict[str, Any]:
    """The ledger as its owner states it against what is here and what is left out; refused where they differ (T-14)."""
    held = await ledger.reconcile(connection, spend.edition_id, asked.organisation_id, quarter)
    shown = found.get(rules.IN, rules.Count())
    reconciliation = edition_rules.Reconciliation(
        stated=held.stated,
        received=held.received,
        published=edition_rules.Amount(shown.lines, shown.pence),
        excluded={
            code: edition_rules.Amount(counted.lines, counted.pence)
            for code, counted in found.items()
            if code != rules.IN
        },
        incomplete_batches=held.incomplete_batches,
    )
    edition_rules.refuse_unaccounted(reconciliation)
    difference = reconciliation.difference
    return {
        "ledger": {"lines": held.stated.lines, "pence": held.stated.pence},
        "published": {"lines": shown.lines, "pence": shown.pence, "including_vat_pence": shown.paid_pence},
        "excluded": [
            {"code": code, "lines": counted.lines, "pence": counted.pence, "including_vat_pence": counted.paid_pence}
            for code, counted in found.items()
            if code != rules.IN
        ],
        "difference": {"lines": difference.lines, "pence": difference.pence},
    }


def _texts(spend_json: Path, wanted: set[str]) -> dict[str, dict[str, Any]]:
    """The rows of the spend edition by their RowID, as they are public."""
    return {row_id: json.loads(line) for row_id, line in row_lines.read(spend_json, wanted)}


def _row(asked: Asked, payment: rules.Payment, texts: Mapping[str, Mapping[str, Any]], key: str) -> DraftRow:
    # Where any line of the payment is redacted, the row shows what that line shows.
    shown = [texts[line.row_id] for line in payment.lines]
    public = next((row for row in shown if row["redaction_reason"]), shown[0])
    first = payment.first
    record = {
        "contract_ref": public["contract_ref"],
        "beneficiary": public["beneficiary"],
        "beneficiary_id": public["beneficiary_id"],
        "company_number": public["company_number"],
        "charity_number": public["charity_number"],
        "payment_date": first.payment_date.isoformat(),
        "date_basis": first.date_basis,
        "amount_pence": payment.paid_pence,
        "vat_basis": payment.vat_basis,
        "whole_payment_pence": first.whole_pence,
        "transaction_number": first.transaction_number,
        "spend_row_id": first.row_id,
        "redaction_reason": public["redaction_reason"],
    }
    row_id = _row_id(asked, first, key)
    cells = {
        "OrganisationLabel": asked.organisation_name,
        "OrganisationURI": asked.organisation_uri,
        "ContractRef": record["contract_ref"] or "",
        "BeneficiaryName": record["beneficiary"] or "",
        "BeneficiaryOtherID": record["beneficiary_id"] or "",
        "CompaniesHouseRegistrationNumber": record["company_number"] or "",
        "CharityCommissionNumber": record["charity_number"] or "",
        "PaymentDate": f"{first.payment_date:%d/%m/%Y}",
        "DateBasis": first.date_basis,
        "Amount": pounds(payment.paid_pence),
        "VATBasis": payment.vat_basis,
        "WholePayment": pounds(first.whole_pence),
        "TransactionNumber": first.transaction_number,
        "SpendRowID": first.row_id,
        "RedactionReason": record["redaction_reason"] or "",
        "RowID": row_id,
    }
    return DraftRow(row_id, cells, record, payment.paid_pence, record["redaction_reason"])


def _row_id(asked: Asked, line: rules.Line, key: str) -> str:
    """The same for the same item, contract and day; made with the secret, so that no reference is found by trying."""
    parts = (key, "payment", str(asked.organisation_id), *line.item, line.contract or "", line.payment_date.isoformat())
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def _statement(entries: Sequence[rules.Entry]) -> bytes:
    rows = []
    for entry in entries:
        line, counted = entry.line, entry.counted
        named: tuple[Any, ...] = (None,) * 4
        if line:
            named = (line.row_id, line.transaction_number, line.line_number, f"{line.payment_date:%d/%m/%Y}")
        amounts = (counted.lines, pounds(counted.pence), pounds(counted.paid_pence))
        rows.append((*named, *amounts, entry.decision, entry.spend))
    return csv_bytes(RECONCILIATION_COLUMNS, rows)[0]


def _mark(spend: Edition, statement: bytes, unfinished: Sequence[str]) -> str:
    found = hashlib.sha256(statement)
    found.update(json.dumps([str(spend.edition_id), spend.sha256, *unfinished]).encode())
    return found.hexdigest()
