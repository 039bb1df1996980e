"""The register as it is published: the contracts of a quarter as an edition, and the whole register as OCDS."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from services.transparency import queries as publishers
from services.transparency.contracts import ocds, queries, rules, showing, spend
from services.transparency.contracts.ocds_parts import Body, Payment
from services.transparency.contracts.queries import Registered
from services.transparency.contracts.refusals import ByQuarter, NoPrefix, NothingToExport
from services.transparency.contracts.withheld import NO_NAMES
from services.transparency.drafts import Asked, Draft, DraftFile, DraftFinding, DraftRow
from services.transparency.redactions.names import WithheldNames
from services.transparency.tables import Organisation
from shared.periods import Quarter, london_date
from shared.work import Work

OCDS_FILE = "ocds.json"
JSON_TYPE = "application/json"
HEADER = {
    "title": "ContractTitle",
    "description": "Description",
    "unit": "OrganisationalUnit",
    "category": "ProcurementCategory",
    "rationale": "Rationale",
}
"""Where a text stands in the row; the reason for a change stands in JSON alone."""
NOT_PROGRAMME = "CONTRACT_NOT_PROGRAMME"
BELOW_THRESHOLD = "CONTRACT_BELOW_THRESHOLD"


async def draft(work: Work, asked: Asked) -> Draft:
    """The contracts whose first or a later version was signed in the quarter: one row each, as it then was (T-26).

    The quarter of a version is that of its London signing date, and the row shows the latest version signed in it.
    """
    if not isinstance(asked.period, Quarter):
        raise ByQuarter("Contracts are published by quarter; ask for a period such as 2017-18-q1.")
    until = asked.period.end
    register = await queries.versions(work.session, asked.organisation_id)
    signed = {
        reference: of_quarter
        for reference, versions in register.items()
        if (of_quarter := [found for found in versions if Quarter.of(_signed_on(found)) == asked.period])
    }
    kept, left_out = _selected(signed, asked.parameters)
    prefix = await queries.prefix_of(work.session, asked.organisation_id)
    totals = await spend.spend_totals(work.session, asked.organisation_id, list(kept), _names(register), until)
    rows = [_row(versions[-1], asked, prefix, totals) for versions in kept.values()]
    files = []
    releases: list[dict[str, Any]] = []
    if prefix and kept:
        body = Body(
            asked.publisher,
            asked.organisation_name,
            asked.organisation_uri,
            publishers.org_id([*map(dict, asked.identifiers)]),
        )
        releases = await _releases(work, asked.organisation_id, register, kept, body, prefix, until)
        data = await asyncio.to_thread(
            ocds.package,
            releases,
            body=body,
            uri=f"{asked.address}{OCDS_FILE}",
            published_at=asked.built_at,
            extension=extension_address(work.base_url),
        )
        files.append(DraftFile(OCDS_FILE, JSON_TYPE, data))
    suspects = sum(rules.number_suspect(versions[-1].said.company_number) is not None for versions in kept.values())
    return Draft(
        rows=rows,
        mark=_mark(rows, releases, left_out, prefix),
        left_out=left_out,
        makers=sorted({versions[-1].version.recorded_by for versions in kept.values()}),
        notes=_notes(asked, until, prefix, suspects, _suppliers_hidden(register, kept)),
        findings=[
            DraftFinding(kind, found.contract.row_id, HEADER[name], digest)
            for found in (versions[-1] for versions in kept.values())
            for kind, name, digest in showing.lint(found)
        ],
        files=files,
        details={"warnings": {"company_number_suspect": suspects}},
    )


async def register_package(work: Work, organisation: Organisation) -> bytes:
    """The publisher's whole register, every version, as a release package."""
    prefix = await queries.prefix_of(work.session, organisation.organisation_id)
    if prefix is None:
        raise NoPrefix(
            f"{organisation.slug} has no Open Contracting prefix, and without one no process has an id; an approver "
            f"sets it at /v1/publishers/{organisation.slug}/open-contracting-prefix."
        )
    register = await queries.versions(work.session, organisation.organisation_id)
    if not register:
        raise NothingToExport(f"{organisation.slug} has no contract in its register, so there is nothing to export.")
    uri = publishers.public_uri(organisation.identifiers, f"{work.base_url}/v1/publishers/{organisation.slug}")
    body = Body(organisation.slug, organisation.name, uri, publishers.org_id(organisation.identifiers))
    releases = await _releases(work, organisation.organisation_id, register, register, body, prefix, None)
    return await asyncio.to_thread(
        ocds.package,
        releases,
        body=body,
        uri=f"{work.base_url}/v1/contracts/{OCDS_FILE}?publisher={organisation.slug}",
        published_at=max(found.contract.modified_at for versions in register.values() for found in versions),
        extension=extension_address(work.base_url),
    )


def extension_address(base_url: str) -> str:
    """Where the declaration of our additional fields is."""
    return f"{base_url}/open/ocds-extension/extension.json"


async def _releases(
    work: Work,
    organisation_id: UUID,
    register: Mapping[str, Sequence[Registered]],
    kept: Mapping[str, Sequence[Registered]],
    body: Body,
    prefix: str,
    until: date | None,
) -> list[dict[str, Any]]:
    """Releases of the kept versions; in an edition (`until`) the row's own version shows what its findings allow."""
    payments: dict[str, list[Payment]] = {}
    for payment in await spend.supplier_payments(work.session, organisation_id, list(kept), _names(register), until):
        payments.setdefault(payment.reference, []).append(payment)
    frameworks = {
        reference
        for reference, versions in register.items()
        if versions[-1].said.contract_type == "Framework agreement"
    }
    releases = []
    for reference, versions in kept.items():
        last = versions[-1].version.version
        releases += ocds.releases_of(
            [
                showing.public(found, texts_checked=until is not None and found.version.version == last)
                for found in _to_last(register[reference], versions)
            ],
            [found.version.version for found in versions],
            payments.get(reference, []),
            body=body,
            prefix=prefix,
            frameworks=frameworks,
            rows_at=f"{work.base_url}/v1/rows/",
        )
    return releases


def _selected(
    signed: Mapping[str, Sequence[Registered]], parameters: Mapping[str, Any]
) -> tuple[dict[str, Sequence[Registered]], dict[str, int]]:
    """The contracts that are published, in order of signing, and how many each reason keeps out (T-26)."""
    kept: dict[str, Sequence[Registered]] = {}
    left_out: dict[str, int] = {}
    for reference, versions in sorted(signed.items(), key=lambda item: (item[1][-1].said.signed_at, item[0])):
        said = versions[-1].said
        if parameters["scope"] == "programme" and not said.supports_programme:
            reason = NOT_PROGRAMME
        elif not rules.is_over(said, parameters["contract_threshold_pence"]):
            reason = BELOW_THRESHOLD
        else:
            kept[reference] = versions
            continue
        left_out[reason] = left_out.get(reason, 0) + 1
    return kept, left_out


def _row(found: Registered, asked: Asked, prefix: str | None, totals: Mapping[str, int]) -> DraftRow:
    shown = showing.public(found, texts_checked=True)
    ocid = showing.ocid_of(prefix, shown.reference)
    spend_pence = totals.get(shown.reference)
    frame = {
        "OrganisationLabel": asked.organisation_name,
        "OrganisationURI": asked.organisation_uri,
        "EffectiveDate": f"{asked.period.end:%d/%m/%Y}",
    }
    return DraftRow(
        row_id=shown.row_id,
        cells=frame | showing.cells(shown, ocid=ocid, spend_pence=spend_pence),
        record=showing.record(shown, ocid=ocid, spend_pence=spend_pence),
        amount_pence=shown.value_pence,
        redaction_reason=shown.redaction_reason,
    )


def _suppliers_hidden(register: Mapping[str, Sequence[Registered]], kept: Mapping[str, Sequence[Registered]]) -> int:
    return sum(
        any(showing.public(found).supplier_hidden for found in _to_last(register[reference], versions))
        for reference, versions in kept.items()
    )


def _to_last(all_versions: Sequence[Registered], kept: Sequence[Registered]) -> list[Registered]:
    """Every version up to the last that is shown."""
    return [found for found in all_versions if found.version.version <= kept[-1].version.version]


def _names(register: Mapping[str, Sequence[Registered]]) -> WithheldNames:
    """The names withheld of this publisher, which came with its contracts."""
    return next((versions[0].names for versions in register.values()), NO_NAMES)


def _notes(asked: Asked, until: date, prefix: str | None, suspects: int, hidden: int) -> list[str]:
    day = f"{until.day} {until:%B %Y}"
    notes = [
        "A contract is in the quarter in which it, or a change of it, was signed; the row shows the latest version "
        "signed in the quarter. The value includes irrecoverable VAT.",
        f"Cumulative spend counts the payments up to {day} that name the contract, of the quarters whose spend is "
        "published; it is empty where none does.",
    ]
    if asked.parameters["contract_threshold_pence"] is not None:
        threshold = asked.parameters["contract_threshold_pence"]
        notes.append(f"Contracts whose value does not exceed £{threshold // 100:,}.{threshold % 100:02d} are left out.")
    if suspects:
        are = "company number is" if suspects == 1 else "company numbers are"
        notes.append(
            f"{suspects} {are} not eight capital letters or digits as recorded; the cell is empty until the number is "
            "found."
        )
    if prefix is not None and hidden:
        of = "one contract whose supplier is" if hidden == 1 else f"{hidden} contracts whose suppliers are"
        notes.append(f"The Open Contracting file leaves out the payments under {of} withheld.")
    if prefix is None:
        notes.append("There is no Open Contracting file, because the publisher has no registered prefix.")
    return notes


def _mark(
    rows: Iterable[DraftRow], releases: Sequence[Mapping[str, Any]], left_out: Mapping[str, int], prefix: str | None
) -> str:
    made_of = [[{**row.cells}, {**row.record}] for row in rows]
    text = ocds.exact_json([made_of, list(releases), dict(left_out), prefix])
    return hashlib.sha256(text.encode()).hexdigest()


def _signed_on(found: Registered) -> date:
    return london_date(found.said.signed_at)
