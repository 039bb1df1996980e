"""The columns of a parsed line, and how their values are written for COPY."""

from __future__ import annotations

INCOMING = (
    "record", "line", "amount_pence", "reasons", "line_key", "fingerprint", "item_id", "kind", "ledger_class",
    "party_key", "party_kind", "party_name", "company_number", "charity_number", "vcse", "unit", "category", "purpose",
    "card", "contract_ref", "decision_ref", "service_date", "invoice_date", "payment_date", "date_basis", "net_pence",
    "vat_pence", "recoverable_vat_pence", "irrecoverable_vat_pence", "amount_basis", "eligible_pence", "rule",
    "source_redacted", "use_codes", "use_exception", "beneficiary_gss", "credit_of", "use_reasons", "loose_key",
    "flags",
)  # fmt: skip
"""Columns of a parsed line, in the order in which it is copied into the database."""

PLACE = {name: place for place, name in enumerate(INCOMING)}
NULL = "\\N"
Reasons = list[tuple[str, str, int | None]]
"""Why a line cannot be taken: code, sentence, and the place of the column."""

TEXT_FIELDS = {
    "ledger_class": 40, "company_number": 40, "charity_number": 40, "unit": 300, "category": 300, "purpose": 2000,
    "contract_ref": 200, "decision_ref": 200, "kind": 20, "card": 10, "vcse": 10, "party_kind": 20,
    "use_codes": 200, "use_exception": 80, "beneficiary_gss": 20,
}  # fmt: skip
"""Text fields and the most characters each may hold."""
CODED = {
    "kind": ("invoice", "credit_note", "journal", "card", "staff_expense"),
    "card": ("none", "gpc", "ccc"),
    "party_kind": ("organisation", "sole_trader", "individual", "staff", "unknown"),
    "vcse": ("yes", "no"),
}


def copied(text: str) -> str:
    """Cleaned text as COPY writes it: only the backslash still means something."""
    return text.replace("\\", "\\\\") if "\\" in text else text
