"""The cells of a spend edition: one SQL text that gives each published row, and its two dresses, CSV and JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg import sql

PROFILES = Path(__file__).parent.parent / "data" / "column_profiles.json"

NOT_STATED = "Not stated"


@dataclass(frozen=True)
class Frame:
    """What every row of an edition has in common."""

    edition_id: UUID
    organisation_name: str
    organisation_uri: str
    effective_date: str
    """Last day of the period, dd/mm/yyyy."""
    reference_key: str


@cache
def profile(dataset: str) -> list[dict[str, Any]]:
    """The columns of a dataset in published order: type, constraint, deviation from the sector's schema."""
    columns: list[dict[str, Any]] = json.loads(PROFILES.read_text(encoding="utf-8"))[dataset]
    return columns


def _clean(expression: str) -> str:
    """Text in one line, null where empty: a cell of type string holds no line break (T-55)."""
    return f"NULLIF(btrim(translate({expression}, E'\\r\\n', '  ')), '')"


def _stated(expression: str) -> str:
    return f"COALESCE({_clean(expression)}, '{NOT_STATED}')"


# A payee is hidden where grants sent no name because it is a person's; then nothing stays that could link two hidden
# rows (T-18, T-19, T-22). A name that came already redacted is kept as it came and counted (T-23). A payee of unknown
# kind is not declared personal: the name was withheld by the ledger's owner, so the cell says that it is not stated.
HIDDEN = "line.party_kind IN ('individual', 'staff')"

REDACTED_HERE = f"({HIDDEN} AND NOT line.source_redacted)"
"""Hidden by us, not by the ledger system; what the source chose to show beside its own redaction stays."""

REASON = """CASE WHEN line.source_redacted THEN 'SOURCE_REDACTED'
        WHEN line.party_kind = 'staff' THEN 'STAFF_EXPENSE'
        WHEN line.party_kind = 'individual' THEN 'INDIVIDUAL_BENEFICIARY'
        ELSE withheld.reason_code END"""

REDACTED = "'REDACTED PERSONAL DATA'"

# What people decided to withhold, and what names a withheld person, is known line by line (`redactions/effects.py`).
# Most lines have nothing of the kind, and no condition on them costs more than a comparison with null.
WITHHELD = """LEFT JOIN row_redactions withheld
    ON withheld.edition_id = decision.edition_id AND withheld.entry_id = decision.entry_id"""

PAYEE_WITHHELD = "('beneficiary' = ANY(withheld.fields) OR 'beneficiary' = ANY(withheld.named)) IS TRUE"

PAYEE_HIDDEN = f"({HIDDEN} OR line.source_redacted OR {PAYEE_WITHHELD})"
"""Whoever hides the payee: then nothing stays in the row that tells or links it (T-19)."""


def _shown(field: str, expression: str) -> str:
    """A text, or what stands in its place where it is withheld (T-18, T-63)."""
    return f"""CASE WHEN withheld.entry_id IS NULL THEN {expression}
        WHEN '{field}' = ANY(withheld.fields) THEN withheld.cell_text
        WHEN '{field}' = ANY(withheld.named) THEN {REDACTED}
        ELSE {expression} END"""


def _blanked(field: str, expression: str) -> str:
    """A text, or nothing where it is withheld."""
    return f"""CASE WHEN withheld.entry_id IS NULL THEN {expression}
        WHEN '{field}' = ANY(withheld.fields) OR '{field}' = ANY(withheld.named) THEN NULL
        ELSE {expression} END"""


ROWS = f"""
SELECT
    {_shown("unit", _stated("line.unit"))} AS unit,
    CASE WHEN {HIDDEN} THEN {REDACTED}
        WHEN line.source_redacted THEN COALESCE({_clean("line.party_name")}, {REDACTED})
        ELSE {_shown("beneficiary", _stated("line.party_name"))} END AS beneficiary,
    CASE WHEN {PAYEE_HIDDEN} OR line.party_kind = 'unknown' OR line.party_key IS NULL THEN NULL
        ELSE 'S-' || upper(substr(encode(sha256(convert_to(
            concat_ws('|', {{key}}, 'supplier', line.organisation_id, line.party_key), 'UTF8')), 'hex'), 1, 12))
        END AS beneficiary_id,
    CASE WHEN {PAYEE_HIDDEN} THEN NULL
        ELSE substring(line.company_number FROM '^[A-Z0-9]{{{{8}}}}$') END AS company_number,
    CASE WHEN {PAYEE_HIDDEN} THEN NULL ELSE {_clean("line.charity_number")} END AS charity_number,
    line.ledger_class = 'grant' AND COALESCE(line.vcse, false) AS vcse_grant,
    line.payment_date,
    decision.transaction_number,
    line.eligible_pence AS amount_pence,
    CASE WHEN line.amount_basis = 'net' THEN line.irrecoverable_vat_pence END AS vat_pence,
    CASE WHEN {REDACTED_HERE} THEN {REDACTED} ELSE {_shown("purpose", _stated("line.purpose"))} END AS purpose,
    {_shown("category", _stated("line.category"))} AS category,
    CASE line.card WHEN 'none' THEN 'None' ELSE upper(line.card) END AS card,
    CASE WHEN {PAYEE_HIDDEN} THEN NULL ELSE {_blanked("contract_ref", _clean("line.contract_ref"))} END AS contract_ref,
    decision.line_number,
    line.amount_basis,
    line.date_basis,
    CASE
        WHEN line.ledger_class = 'grant' THEN 'grant'
        WHEN line.card <> 'none' THEN 'card'
        WHEN line.kind IN ('invoice', 'credit_note', 'staff_expense', 'card') THEN line.kind
        WHEN line.kind = 'correction' THEN CASE WHEN line.eligible_pence < 0 THEN 'credit_note' ELSE 'invoice' END
        ELSE 'other' END AS item_kind,
    decision.inclusion,
    decision.late_addition,
    {REASON} AS redaction_reason,
    COALESCE(replace(agreement.year, '/', '-') || '/' || line.line_code, line.line_code) AS grant_ref,
    {_blanked("decision_ref", _clean("line.decision_ref"))} AS decision_ref,
    decision.row_id,
    line.company_number ~ '^[A-Z0-9]{{{{8}}}}$' IS FALSE AS company_number_suspect
FROM row_decisions decision
JOIN spend_lines line USING (entry_id)
{WITHHELD}
LEFT JOIN agreements agreement ON agreement.agreement_id = line.agreement_id
WHERE decision.edition_id = {{edition}} AND decision.inclusion IS NOT NULL AND decision.inclusion <> 'EXPENSE_MONTH'
UNION ALL
SELECT
    {_stated(f"min({_shown('unit', 'line.unit')})")}, {REDACTED}, NULL, NULL, NULL, false, max(line.payment_date),
    decision.transaction_number,
    sum(line.eligible_pence)::bigint,
    CASE WHEN bool_and(line.amount_basis = 'net') THEN sum(line.irrecoverable_vat_pence)::bigint END,
    'Staff expenses of the month', {_stated(f"min({_shown('category', 'line.category')})")}, 'None', NULL, 1,
    CASE WHEN bool_and(line.amount_basis = 'net') THEN 'net' ELSE 'gross' END, min(line.date_basis), 'staff_expense',
    'EXPENSE_MONTH', bool_or(decision.late_addition), 'STAFF_EXPENSE',
    COALESCE(replace(min(agreement.year), '/', '-') || '/' || min(line.line_code), min(line.line_code)), NULL,
    decision.row_id, false
FROM row_decisions decision
JOIN spend_lines line USING (entry_id)
{WITHHELD}
LEFT JOIN agreements agreement ON agreement.agreement_id = line.agreement_id
WHERE decision.edition_id = {{edition}} AND decision.inclusion = 'EXPENSE_MONTH'
GROUP BY decision.row_id, decision.transaction_number
"""

ORDER = "ORDER BY payment_date, transaction_number, line_number, row_id"

FREE_TEXT = (
    "unit",
    "beneficiary",
    "charity_number",
    "purpose",
    "category",
    "contract_ref",
    "grant_ref",
    "decision_ref",
)
"""Columns whose text comes from a ledger, so that a spreadsheet might run it (T-56)."""


def runs(column: str) -> str:
    """Whether a spreadsheet would run this text; a negative number is none (T-56)."""
    return (
        f"(left({column}, 1) IN ('=', '+', '@', E'\\t')"
        f" OR (left({column}, 1) = '-' AND {column} !~ '^-[0-9]+([.][0-9]+)?$'))"
    )


def _guarded(column: str) -> str:
    return f"CASE WHEN {runs(column)} THEN '''' || {column} ELSE {column} END"


def _pounds(column: str) -> str:
    """Numeric with two decimals, exactly: never -0.00, no thousands mark (T-55, T-57)."""
    return f"({column} * 0.01)::text"


CSV_CELLS: dict[str, str] = {
    "OrganisationLabel": "{name}",
    "OrganisationURI": "{uri}",
    "OrganisationalUnit": _guarded("unit"),
    "ServiceCategoryLabel": "NULL",
    "ServiceCategoryURI": "NULL",
    "BeneficiaryName": _guarded("beneficiary"),
    "BeneficiaryOtherID": "beneficiary_id",
    "CompaniesHouseRegistrationNumber": "company_number",
    "CharityCommissionNumber": _guarded("charity_number"),
    "VCSEGrant": "CASE WHEN vcse_grant THEN 'Yes' ELSE 'No' END",
    "PaymentDate": "to_char(payment_date, 'DD/MM/YYYY')",
    "TransactionNumber": "transaction_number",
    "Amount": _pounds("amount_pence"),
    "IrrecoverableVATAmount": _pounds("vat_pence"),
    "Purpose": _guarded("purpose"),
    "CategoryInternalName": _guarded("category"),
    "CPVLabel": "NULL",
    "CPVCode": "NULL",
    "ProclassLabel": "NULL",
    "ProclassCode": "NULL",
    "CardTransaction": "card",
    "ContractRef": _guarded("contract_ref"),
    "EffectiveDate": "{effective_date}",
    "LineNumber": "line_number",
    "AmountBasis": "amount_basis",
    "DateBasis": "date_basis",
    "ItemKind": "item_kind",
    "InclusionReason": "inclusion",
    "LateAddition": "CASE WHEN late_addition THEN 'Yes' ELSE 'No' END",
    "RedactionReason": "redaction_reason",
    "GrantRef": _guarded("grant_ref"),
    "DecisionRef": _guarded("decision_ref"),
    "RowID": "row_id",
}

JSON_MEMBERS = (
    "row_id",
    "transaction_number",
    "line_number",
    "payment_date",
    "date_basis",
    "item_kind",
    "unit",
    "beneficiary",
    "beneficiary_id",
    "company_number",
    "charity_number",
    "vcse_grant",
    "amount_pence",
    "irrecoverable_vat_pence",
    "amount_basis",
    "purpose",
    "category",
    "card",
    "contract_ref",
    "grant_ref",
    "decision_ref",
    "inclusion",
    "late_addition",
    "redaction_reason",
)


def csv_copy(frame: Frame) -> sql.Composed:
    """COPY that gives the data rows of the CSV file; the header and CRLF are the writer's."""
    cells = ", ".join(CSV_CELLS[column["header"]] for column in profile("spend"))
    return _compose(f"COPY (SELECT {cells} FROM ({ROWS}) AS published {ORDER}) TO STDOUT (FORMAT csv)", frame)


def json_copy(frame: Frame) -> sql.Composed:
    """COPY that gives one JSON object a line; text is as stored, without the apostrophe of the CSV (T-56)."""
    members = ", ".join(
        f"'{name}', {'vat_pence' if name == 'irrecoverable_vat_pence' else name}" for name in JSON_MEMBERS
    )
    query = f"COPY (SELECT json_build_object({members}) FROM ({ROWS}) AS published {ORDER}) TO STDOUT (FORMAT text)"
    return _compose(query, frame)


def figures_query(frame: Frame) -> sql.Composed:
    """Counts and totals of the published rows, for the edition's metadata."""
    guarded = " + ".join(f"COALESCE({runs(column)}, false)::int" for column in FREE_TEXT)
    not_stated = ", ".join(
        f"count(*) FILTER (WHERE {column} = '{NOT_STATED}') AS {column}_not_stated"
        for column in ("unit", "beneficiary", "purpose", "category")
    )
    return _compose(
        f"""
        SELECT count(*) AS rows, COALESCE(sum(amount_pence), 0)::bigint AS total_pence,
            count(*) FILTER (WHERE amount_basis = 'gross') AS gross_rows,
            count(*) FILTER (WHERE amount_basis = 'net' AND vat_pence IS NULL) AS vat_not_known,
            count(*) FILTER (WHERE late_addition) AS late_additions,
            count(*) FILTER (WHERE company_number_suspect) AS company_number_suspect,
            COALESCE(sum({guarded}), 0)::bigint AS guarded_cells, {not_stated}
        FROM ({ROWS}) AS published
        """,
        frame,
    )


def _compose(query: str, frame: Frame) -> sql.Composed:
    return sql.SQL(query).format(
        edition=sql.Literal(frame.edition_id),
        key=sql.Literal(frame.reference_key),
        name=sql.Literal(frame.organisation_name),
        uri=sql.Literal(frame.organisation_uri),
        effective_date=sql.Literal(frame.effective_date),
    )
