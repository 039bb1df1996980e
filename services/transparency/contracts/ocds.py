"""Contracts as an Open Contracting (OCDS 1.1) release package: a release a version, and one of its payments."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from services.transparency.contracts import ocds_parts as parts
from services.transparency.contracts.ocds_parts import Body, Payment
from services.transparency.contracts.refusals import AwardUnresolved
from services.transparency.contracts.showing import Public

LICENCE = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
TAGS = {
    "new": ["award", "contract"],
    "correction": ["contractUpdate"],
    "extension": ["contractAmendment"],
    "variation": ["contractAmendment"],
    "termination": ["contractTermination"],
}


def package(
    releases: Sequence[Mapping[str, Any]], *, body: Body, uri: str, published_at: datetime, extension: str
) -> bytes:
    """The package as JSON text. AwardUnresolved where a contract names an award that the package does not hold."""
    found: dict[str, Any] = {
        "uri": uri,
        "version": "1.1",
        "extensions": [extension],
        "publishedDate": parts.instant_of(published_at),
        "publisher": {"name": body.name, "uri": body.uri},
        "license": LICENCE,
        "releases": list(releases),
    }
    if body.org_id:
        scheme, _, number = body.org_id.rpartition("-")
        found["publisher"] |= {"scheme": scheme, "uid": number}
    missing = unresolved_awards(found)
    if missing:
        raise AwardUnresolved(
            f"No award of the export is the one that these contracts name: {', '.join(missing)}. Nothing was exported; "
            "report this to the operator of the service.",
            extra={"contracts": missing},
        )
    return exact_json(found).encode() + b"\n"


def unresolved_awards(found: Mapping[str, Any]) -> list[str]:
    """Contracts whose `awardID` is no award of the same process. General checkers do not look."""
    awards: dict[str, set[str]] = {}
    for release in found["releases"]:
        awards.setdefault(release["ocid"], set()).update(award["id"] for award in release.get("awards", ()))
    return sorted(
        {
            f"{release['ocid']} {contract['id']}"
            for release in found["releases"]
            for contract in release.get("contracts", ())
            if contract.get("awardID") not in awards[release["ocid"]]
        }
    )


def releases_of(
    versions: Sequence[Public],
    shown: Iterable[int],
    payments: Sequence[Payment],
    *,
    body: Body,
    prefix: str,
    frameworks: Collection[str],
    rows_at: str,
) -> list[dict[str, Any]]:
    """The releases of one contract: of each version that is asked for, and of the payments under it.

    `versions` are all, oldest first, because an award keeps what its contract first said. `frameworks` are the
    references of those in the register; `rows_at` is the address below which each published row explains itself.
    """
    wanted = set(shown)
    found = [
        _release(versions, place, body, prefix, frameworks)
        for place, version in enumerate(versions)
        if version.version in wanted
    ]
    # Payees of payments would say who a withheld supplier is (T-19); the contract says that they are left out.
    if payments and found and not any(version.supplier_hidden for version in versions):
        found.append(_payments(versions, payments, body, prefix, rows_at))
    return found


def _release(
    versions: Sequence[Public], place: int, body: Body, prefix: str, frameworks: Collection[str]
) -> dict[str, Any]:
    version = versions[place]
    ocid = f"{prefix}-{version.reference}"
    buyer = parts.buyer_of(body)
    unit = parts.unit_of(body, version.unit)
    supplier = parts.supplier_of(body, version)
    release: dict[str, Any] = {
        "ocid": ocid,
        "id": f"{ocid}-v{version.version}",
        "date": parts.instant_of(version.signed_at),
        "language": "en",
        "tag": TAGS[version.kind],
        "initiationType": "tender",
        "parties": [buyer if unit else buyer | {"roles": [*buyer["roles"], "procuringEntity"]}, supplier],
        "buyer": parts.reference_of(buyer),
    }
    if unit:
        release["parties"].insert(1, unit)
    if version.kind in ("new", "correction"):
        release["tender"] = parts.tender_of(version, parts.reference_of(unit or buyer))
    release["awards"] = [parts.award_of(versions, place, parts.reference_of(supplier))]
    release["contracts"] = [parts.contract_of(versions, place, ocid)]
    if version.framework_ref in frameworks:
        release["relatedProcesses"] = [
            {
                "id": version.framework_ref,
                "relationship": ["framework"],
                "scheme": "ocid",
                "identifier": f"{prefix}-{version.framework_ref}",
            }
        ]
    return release


def _payments(
    versions: Sequence[Public], payments: Sequence[Payment], body: Body, prefix: str, rows_at: str
) -> dict[str, Any]:
    """Payments come in a release of their own: a release, once out, never gets more."""
    last = versions[-1]
    ocid = f"{prefix}-{last.reference}"
    mark = hashlib.sha256(
        "|".join(f"{payment.row_id}:{payment.pence}:{payment.paid_on}" for payment in payments).encode()
    ).hexdigest()[:12]
    buyer = parts.buyer_of(body) | {"roles": ["buyer", "payer"]}
    supplier = parts.supplier_of(body, last)
    parties = {buyer["id"]: buyer, supplier["id"]: supplier}
    transactions = []
    for payment in payments:
        payee = parts.payee_of(body, payment, supplier)
        parties[payee["id"]] = payee
        transactions.append(
            {
                "id": payment.row_id,
                "date": parts.start_of(payment.paid_on),
                "value": parts.value_of(payment.pence),
                "payer": parts.reference_of(buyer),
                "payee": parts.reference_of(payee),
                "uri": f"{rows_at}{payment.row_id}",
            }
        )
    seen = max(payment.seen_at for payment in payments)
    return {
        "ocid": ocid,
        "id": f"{ocid}-spend-{mark}",
        "date": parts.instant_of(max(seen, last.signed_at + timedelta(seconds=1))),
        "language": "en",
        "tag": ["implementation"],
        "initiationType": "tender",
        "parties": list(parties.values()),
        "buyer": parts.reference_of(buyer),
        "contracts": [
            {
                "id": last.reference,
                "awardID": parts.award_id_of(last.reference),
                "implementation": {"transactions": transactions},
            }
        ],
    }


def exact_json(value: Any) -> str:
    """JSON whose amounts are written from the exact value; a binary fraction is refused, not rounded (T-57).

    The encoder in C knows no decimals, so they pass it as marked texts and become numbers behind it; the mark is new
    each time, so that no text can pretend to be one.
    """
    _refuse_fractions(value)
    mark = secrets.token_hex(8)

    def marked(amount: Any) -> str:
        if not isinstance(amount, Decimal):
            raise TypeError(f"{type(amount).__name__} has no form in JSON")
        return f"{mark} {amount:f}"

    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=marked)
    return re.sub(f'"{mark} (-?[0-9.]+)"', r"\1", text)


def _refuse_fractions(value: Any) -> None:
    if isinstance(value, float):
        raise TypeError("an amount must not be a binary fraction")
    if isinstance(value, dict):
        for item in value.values():
            _refuse_fractions(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_fractions(item)
