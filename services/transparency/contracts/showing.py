"""What of a contract is public: its texts, contact and numbers. Everything that is published comes through here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from services.transparency.contracts import rules
from services.transparency.contracts.queries import Registered
from services.transparency.contracts.rules import Noted
from services.transparency.editions.cells import NOT_STATED
from services.transparency.editions.lint import PART as NAME_PART
from services.transparency.redactions.rules import NAME_IN_TEXT
from shared import personal_details
from shared.money import pounds
from shared.periods import london_date
from shared.personal_details import REDACTED
from shared.texts import folded

TAKEN: dict[str, tuple[str, ...]] = {
    "title": ("title", "rationale"),
    "description": ("description", "rationale"),
    "supplier": (
        "supplier_name",
        "company_number",
        "charity_number",
        "other_supplier_id",
        "vcse_type",
        "description",
        "rationale",
    ),
    "contact": ("contact_name", "contact_email", "contact_url"),
}
"""Field of a redaction → what it takes away: with a supplier go whatever would name it (T-19)."""
REPLACED = ("title", "description", "supplier_name")
"""Texts that a reader must find something in; other fields are left empty."""
TEXTS = ("title", "description")
"""What people write freely, and so where a person's details may stand (T-24)."""
READ = (*REPLACED, "unit", "category", "rationale")
"""Texts in which a withheld name is replaced; in its other cells it leaves them empty (T-63)."""
SEARCHED = (
    *READ,
    *("cpv_label", "other_supplier_id", "framework_ref", "grant_ref", "decision_ref"),
    *("contact_name", "contact_email", "contact_url"),
    *("tender_document_url", "contract_document_url", "performance_url"),
)
"""Wherever the name of a withheld payee may stand; a supplier's goes with all that would name it (T-19)."""
LOOKED_AT_BY_PERSONS = ("title", "description", "unit", "category", "rationale")
"""Texts in which a surname alone is a finding. Of suppliers it is none: they are named, and many share a surname."""


@dataclass(frozen=True)
class Public:
    """One version of a contract as anybody may see it."""

    reference: str
    row_id: str
    version: int
    kind: str
    status: str
    signed_at: datetime
    recorded_at: datetime
    title: str
    description: str | None
    contract_type: str
    unit: str | None
    category: str | None
    cpv_code: str | None
    cpv_label: str | None
    process: str
    supplier_name: str
    company_number: str | None
    charity_number: str | None
    other_supplier_id: str | None
    sme: bool | None
    vcse: bool
    vcse_type: str | None
    value_pence: int
    irrecoverable_vat_pence: int | None
    amount_basis: str
    value_basis: str
    fixed_cost: bool | None
    start_date: date
    end_date: date | None
    review_date: date | None
    last_extension_date: date | None
    framework_ref: str | None
    grant_ref: str | None
    decision_ref: str | None
    contact_name: str | None
    contact_email: str | None
    contact_url: str | None
    tender_document_url: str | None
    contract_document_url: str | None
    performance_url: str | None
    areas: tuple[tuple[str, str | None], ...]
    supports_programme: bool
    rationale: str | None
    redaction_reason: str | None
    """Code of the first redaction in force, or of a withheld name that stands in a text."""
    findings: tuple[Noted, ...]
    supplier_hidden: bool
    """Then nothing is shown that would name the supplier, its payments neither (T-19)."""


def public(found: Registered, *, texts_checked: bool = False) -> Public:
    """The version as anybody may see it.

    A text that looks personal is held back until somebody has said why it may be shown. `texts_checked` is for an
    edition, whose findings a named person resolves before it is published (T-24).
    """
    said = found.said
    shown = {name: getattr(said, name) for name in Public.__dataclass_fields__ if hasattr(said, name)}
    findings = [suspect] if (suspect := rules.number_suspect(said.company_number)) else []
    if not rules.has_company_number_form(said.company_number):
        shown["company_number"] = None
    if not said.contact_is_role:
        shown["contact_name"] = shown["contact_email"] = None
    if found.version.texts_cleared is None:
        # An edition's findings are about the texts of its rows; nobody is asked there about the rationale.
        for name in ("rationale",) if texts_checked else (*TEXTS, "rationale"):
            kinds = personal_details.find(shown[name] or "")
            if kinds:
                shown[name] = REDACTED
                findings += [_held_back(kind, name) for kind in kinds]
    reasons = [held.reason_code for held in found.withheld]
    named = _naming(found)
    if named:
        reasons.append(NAME_IN_TEXT)
        shown |= {name: REDACTED if name in READ and shown[name] else None for name in named}
        shown["areas"] = tuple(area for area in said.areas if not _names(found, *area))
    for held in found.withheld:
        for name in TAKEN[held.field]:
            shown[name] = held.cell_text if name in REPLACED else None
    return Public(
        redaction_reason=reasons[0] if reasons else None,
        supplier_hidden="supplier_name" in named or any(held.field == "supplier" for held in found.withheld),
        reference=found.contract.reference,
        row_id=found.contract.row_id,
        version=found.version.version,
        recorded_at=found.version.recorded_at,
        findings=tuple(findings),
        **shown,
    )


def lint(found: Registered) -> list[tuple[str, str, str]]:
    """Kind, field and fingerprint of whatever looks personal in the texts that a row shows of a version (T-24).

    The surname of a withheld payee is for a person to look at; the whole name is held back already (T-63).
    """
    shown = public(found, texts_checked=True)
    marks = []
    for name in LOOKED_AT_BY_PERSONS:
        text = getattr(found.said, name) or ""
        if not text or getattr(shown, name) != text:
            continue
        digest = hashlib.sha256(folded(text).encode()).hexdigest()
        kinds = personal_details.find(text) if name in TEXTS else ()
        part = (NAME_PART,) if found.names.find(text) == "part" else ()
        marks += [(kind, name, digest) for kind in (*kinds, *part)]
    return marks


def _naming(found: Registered) -> set[str]:
    """Fields to hold back because they name a withheld payee; with the supplier's name go those that tell it."""
    if not found.names:
        return set()
    named = {name for name in SEARCHED if _names(found, getattr(found.said, name))}
    if "supplier_name" in named:
        named |= {*TAKEN["supplier"]}
    if any(_names(found, *area) for area in found.said.areas):
        named.add("areas")
    return named


def _names(found: Registered, *texts: str | None) -> bool:
    return any(found.names.find(text) == "whole" for text in texts)


def cells(shown: Public, *, ocid: str | None, spend_pence: int | None) -> dict[str, str]:
    """Header of the column profile → published text; what is empty is left out (T-55)."""
    found = {
        "ContractReference": shown.reference,
        "OpenContractingID": ocid,
        "ContractTitle": _line(shown.title),
        "ContractType": shown.contract_type,
        "OrganisationalUnit": _line(shown.unit) or NOT_STATED,
        "Description": (shown.description or "").strip() or NOT_STATED,
        "ProcurementCategory": _line(shown.category) or NOT_STATED,
        "CPVLabel": _line(shown.cpv_label),
        "CPVCode": _line(shown.cpv_code),
        "StartDate": _day(shown.start_date),
        "EndDate": _day(shown.end_date),
        "ReviewDate": _day(shown.review_date),
        "LastExtensionDate": _day(shown.last_extension_date),
        "ContractValue": pounds(shown.value_pence),
        "FixedCost": _yes(shown.fixed_cost),
        "IrrecoverableVAT": _money(shown.irrecoverable_vat_pence),
        "SupplierName": _line(shown.supplier_name),
        "CompaniesHouseRegistrationNumber": shown.company_number,
        "CharityCommissionNumber": _line(shown.charity_number),
        "OtherSupplierID": _line(shown.other_supplier_id),
        "SMESupplier": _yes(shown.sme),
        "VCSESupplier": _yes(shown.vcse),
        "VCSESupplierType": shown.vcse_type,
        "ContactName": _line(shown.contact_name),
        "ContactEmail": _line(shown.contact_email),
        "ContactURL": shown.contact_url,
        "ProcessType": shown.process,
        "TenderDocumentURL": shown.tender_document_url,
        "ContractDocumentURL": shown.contract_document_url,
        "PerformanceInformationURL": shown.performance_url,
        "AreaServedLabel": "|".join(_line(label) or "" for label, _ in shown.areas),
        "AreaServedURI": "|".join(uri or "" for _, uri in shown.areas) if any(uri for _, uri in shown.areas) else "",
        "SignedDate": _day(london_date(shown.signed_at)),
        "ContractVersion": str(shown.version),
        "VersionKind": shown.kind,
        "Status": shown.status,
        "ValueBasis": shown.value_basis,
        "CumulativeSpend": _money(spend_pence),
        "FrameworkRef": shown.framework_ref,
        "GrantRef": _line(shown.grant_ref),
        "RedactionReason": shown.redaction_reason,
        "RowID": shown.row_id,
    }
    return {header: text for header, text in found.items() if text}


def record(shown: Public, *, ocid: str | None, spend_pence: int | None) -> dict[str, Any]:
    """The same as JSON: pence as integers, days and instants in ISO form."""
    apart = ("row_id", "findings", "areas", "recorded_at", "supplier_hidden")
    names = [name for name in Public.__dataclass_fields__ if name not in apart]
    found = {name: _json(getattr(shown, name)) for name in names}
    return {
        **found,
        "signed_on": london_date(shown.signed_at).isoformat(),
        "open_contracting_id": ocid,
        "cumulative_spend_pence": spend_pence,
        "areas": [{"label": label, "uri": uri} for label, uri in shown.areas],
        "findings": [{"code": noted.code, "field": noted.field} for noted in shown.findings],
    }


def ocid_of(prefix: str | None, reference: str) -> str | None:
    """The registered prefix and the publisher's reference; without a prefix there is none."""
    return f"{prefix}-{reference}" if prefix else None


def _held_back(kind: str, name: str) -> Noted:
    return Noted(
        kind,
        name,
        f"The {name} seems to hold {personal_details.WORDS[kind]}, so it is held back here; enter a correction without "
        "it, or say in texts_cleared why it may be shown.",
    )


def _line(text: str | None) -> str:
    """One line: a cell of a string holds no line break."""
    return (text or "").replace("\r", " ").replace("\n", " ").strip()


def _day(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else ""


def _money(pence: int | None) -> str:
    return "" if pence is None else pounds(pence)


def _yes(value: bool | None) -> str:
    return "" if value is None else "Yes" if value else "No"


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return value.isoformat() if isinstance(value, date) else value
