"""Parts of a release: parties, tender, award, contract, periods and values, each from what is public."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from services.transparency.contracts.rules import ENDED, has_company_number_form
from services.transparency.contracts.showing import Public
from shared.periods import LONDON
from shared.texts import folded

METHODS = {"Published invitation to tender": "open", "Invitation to quote": "selective"}
REGISTERS = (("SC", "GB-SC"), ("NIC", "GB-NIC"))
"""Beginning of a charity number → the register outside England and Wales that gives such numbers."""


@dataclass(frozen=True)
class Body:
    """The publisher: the buyer in every release."""

    slug: str
    name: str
    uri: str
    org_id: str | None
    """`GB-COH-03675577` where it is in a register."""


@dataclass(frozen=True)
class Payment:
    """A payment to an organisation under a contract."""

    reference: str
    row_id: str
    paid_on: date
    pence: int
    payee: str
    company_number: str | None
    charity_number: str | None
    seen_at: datetime


def tender_of(version: Public, procuring: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": version.reference,
        "title": version.title,
        "status": "complete",
        "procuringEntity": procuring,
        "procurementMethodDetails": version.process,
    }
    if version.description:
        found["description"] = version.description
    if version.process in METHODS:
        found["procurementMethod"] = METHODS[version.process]
    if version.tender_document_url:
        found["documents"] = [_document("tender", "biddingDocuments", "Tender documents", version.tender_document_url)]
    return found


def award_of(versions: Sequence[Public], place: int, supplier: dict[str, Any]) -> dict[str, Any]:
    """What was awarded: the first version, with the corrections made before the contract was first changed."""
    first = versions[0]
    for version in versions[1 : place + 1]:
        if version.kind != "correction":
            break
        first = version
    return {
        "id": award_id_of(first.reference),
        "title": first.title,
        "status": "active",
        "date": instant_of(versions[0].signed_at),
        "value": value_of(first.value_pence),
        "suppliers": [supplier],
        "contractPeriod": _period(first),
    }


def contract_of(versions: Sequence[Public], place: int, ocid: str) -> dict[str, Any]:
    version = versions[place]
    found: dict[str, Any] = {
        "id": version.reference,
        "awardID": award_id_of(version.reference),
        "title": version.title,
        # A contract that has run out is over for OCDS, which has no word of its own for that.
        "status": "terminated" if version.status in ("expired", "terminated") else version.status,
        "period": _period(version),
        "value": value_of(version.value_pence),
        "dateSigned": instant_of(versions[0].signed_at),
        "valueBasis": version.value_basis,
        "contractType": version.contract_type,
        "registerStatus": version.status,
    }
    if version.description:
        found["description"] = version.description
    if version.fixed_cost is not None:
        found["fixedCost"] = version.fixed_cost
    if version.irrecoverable_vat_pence is not None:
        found["irrecoverableVAT"] = value_of(version.irrecoverable_vat_pence)
    for name, value in (
        ("frameworkReference", version.framework_ref),
        ("grantReference", version.grant_ref),
        ("decisionReference", version.decision_ref),
    ):
        if value:
            found[name] = value
    if version.supplier_hidden:
        found["paymentsNote"] = "Payments are left out, because the supplier is withheld."
    if version.cpv_code:
        classified = {"scheme": "CPV", "id": version.cpv_code, "description": version.cpv_label}
        found["items"] = [{"id": "1", "description": version.category, "classification": classified}]
    if version.review_date:
        over = version.status in ENDED
        milestone = {"id": "review", "title": "Review of the contract", "type": "assessment"}
        found["milestones"] = [milestone | {"dueDate": start_of(version.review_date)}]
        if not over:
            found["milestones"][0]["status"] = "scheduled"
    documents = []
    if version.contract_document_url:
        documents.append(_document("contract", "contractSigned", "Contract", version.contract_document_url))
    if version.performance_url:
        documents.append(
            _document("performance", "physicalProgressReport", "Performance information", version.performance_url)
        )
    if documents:
        found["documents"] = documents
    if version.kind in ("extension", "variation"):
        found["amendments"] = [
            {
                "id": f"{version.version}",
                "date": instant_of(version.signed_at),
                "description": f"{version.kind.capitalize()} of the contract",
                "rationale": version.rationale or "The register gives no reason for this change.",
                "amendsReleaseID": f"{ocid}-v{version.version - 1}",
                "releaseID": f"{ocid}-v{version.version}",
            }
        ]
    elif version.rationale:
        found["changeReason"] = version.rationale
    return found


def _document(name: str, kind: str, title: str, url: str) -> dict[str, Any]:
    return {"id": name, "documentType": kind, "title": title, "url": url}


def buyer_of(body: Body) -> dict[str, Any]:
    found: dict[str, Any] = {"id": body.org_id or f"{body.slug}", "name": body.name, "roles": ["buyer"]}
    if body.org_id:
        scheme, _, number = body.org_id.rpartition("-")
        found["identifier"] = {"scheme": scheme, "id": number, "legalName": body.name, "uri": body.uri}
    return found


def unit_of(body: Body, unit: str | None) -> dict[str, Any] | None:
    if not unit:
        return None
    mark = hashlib.sha256(folded(unit).encode()).hexdigest()[:12]
    return {"id": f"{body.slug}-unit-{mark}", "name": f"{body.name}, {unit}", "roles": ["procuringEntity"]}


def supplier_of(body: Body, version: Public) -> dict[str, Any]:
    party = _party(body, version.supplier_name, version.company_number, version.charity_number, "supplier")
    if "identifier" not in party and version.other_supplier_id:
        party["id"] = f"{body.slug}-supplier-{version.other_supplier_id}"
    details: dict[str, Any] = {"vcse": version.vcse}
    if version.vcse_type:
        details["vcseType"] = version.vcse_type
    if version.sme is not None:
        details["sme"] = version.sme
    return party | {"details": details}


def payee_of(body: Body, payment: Payment, supplier: Mapping[str, Any]) -> dict[str, Any]:
    """The supplier itself where number or name say so, else a party of its own."""
    payee = _party(body, payment.payee, payment.company_number, payment.charity_number, "payee")
    if payee["id"] == supplier["id"] or folded(payment.payee) == folded(supplier["name"]):
        return {**supplier, "roles": ["supplier", "payee"]}
    return payee


def _party(body: Body, name: str, company: str | None, charity: str | None, role: str) -> dict[str, Any]:
    identifiers = []
    if company is not None and has_company_number_form(company):
        identifiers.append({"scheme": "GB-COH", "id": company, "legalName": name})
    if charity:
        scheme = next((scheme for start, scheme in REGISTERS if charity.upper().startswith(start)), "GB-CHC")
        identifiers.append({"scheme": scheme, "id": charity, "legalName": name})
    if not identifiers:
        mark = hashlib.sha256(folded(name).encode()).hexdigest()[:12]
        return {"id": f"{body.slug}-party-{mark}", "name": name, "roles": [role]}
    first, *others = identifiers
    party: dict[str, Any] = {
        "id": f"{first['scheme']}-{first['id']}",
        "name": name,
        "identifier": first,
        "roles": [role],
    }
    return party | ({"additionalIdentifiers": others} if others else {})


def reference_of(party: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": party["id"], "name": party["name"]}


def award_id_of(reference: str) -> str:
    return f"{reference}-award"


def _period(version: Public) -> dict[str, Any]:
    found = {"startDate": start_of(version.start_date)}
    if version.end_date:
        found["endDate"] = _end(version.end_date)
    if version.last_extension_date:
        found["maxExtentDate"] = _end(version.last_extension_date)
    return found


def value_of(pence: int) -> dict[str, Any]:
    return {"amount": Decimal(pence).scaleb(-2), "currency": "GBP"}


def start_of(day: date) -> str:
    return datetime.combine(day, time.min, LONDON).isoformat()


def _end(day: date) -> str:
    return datetime.combine(day, time(23, 59, 59), LONDON).isoformat()


def instant_of(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
