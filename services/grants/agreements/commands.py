"""One function per thing a person can do with an agreement: load, decide, store, record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_jsonable_python
from sqlmodel import select

from services.grants.agreements.rules import AgreementOfYearExists, Role, Signatory, Signed, SigningPosition, Terms
from services.grants.agreements.rules import change_agreement as decide_change
from services.grants.agreements.rules import draft_agreement as decide_draft
from services.grants.agreements.rules import name_signatory as decide_signatory
from services.grants.agreements.rules import sign_agreement as decide_signing
from services.grants.agreements.tables import AgreementVersion
from services.grants.budget.queries import effective_budget
from services.grants.commands import load_agreement_to_change, touch
from services.grants.faults import raise_together, year_of
from services.grants.organisations.queries import UnknownOrganisation, referenced_organisation
from services.grants.organisations.tables import Organisation
from services.grants.periods.tables import AccountingPeriod
from services.grants.queries import agreement_of_year, load_signature, names_on, parties, signatures
from services.grants.tables import Agreement, Party, Signature
from shared.events.grants import AgreementParty
from shared.periods import london_date, start_of_day
from shared.work import Work


async def draft_agreement(
    work: Work,
    *,
    terms: Terms,
    grant_pence: int,
    named_parties: Sequence[tuple[Role, str]],
    senior_responsible_name: str,
    ggis_reference: str | None,
    guidance_edition: str | None,
) -> Agreement:
    """Draft the agreement of a year, its parties by slug, and open its four accounting periods."""
    if await agreement_of_year(work.session, terms.year.label) is not None:
        raise AgreementOfYearExists(f"{terms.year.label} has an agreement; change that one.", pointer="/year")
    decide_draft(terms, named_parties)
    bodies = await _named_bodies(work, named_parties)
    work.may_write_for(bodies["recipient"].slug)
    agreement = Agreement(
        id=work.new_id(),
        year=terms.year.label,
        funding_basis=terms.funding_basis,
        grant_pence=grant_pence,
        territory=terms.territory,
        in_force_from=terms.in_force_from,
        in_force_to=terms.in_force_to,
        review_by=terms.review_by,
        ggis_reference=ggis_reference,
        guidance_edition=guidance_edition,
        senior_responsible_name=senior_responsible_name,
        state="draft",
        created_at=work.now,
        modified_at=work.now,
        created_by=work.actor.sub,
    )
    work.session.add(agreement)
    await work.session.flush()
    for role, body in bodies.items():
        work.session.add(Party(agreement_id=agreement.id, role=role, organisation_id=body.id))
    for quarter in terms.year.quarters:
        work.session.add(
            AccountingPeriod(
                agreement_id=agreement.id,
                quarter=quarter.slug,
                created_at=work.now,
                modified_at=work.now,
                created_by=work.actor.sub,
            )
        )
    drafted = {name: getattr(agreement, name) for name in TERMS}
    named = {"parties": [{"role": role, "organisation_id": body.id} for role, body in bodies.items()]}
    keep_version(work, agreement, "draft_agreement", {**drafted, **named, "state": "draft"})
    work.audit("draft_agreement", agreement.id, after={"year": terms.year.label, "grant_pence": grant_pence})
    return agreement


async def _named_bodies(work: Work, named_parties: Sequence[tuple[Role, str]]) -> dict[Role, Organisation]:
    bodies, faults = {}, []
    for index, (role, slug) in enumerate(named_parties):
        try:
            bodies[role] = await referenced_organisation(work.session, slug, f"/parties/{index}/organisation")
        except UnknownOrganisation as fault:
            faults.append(fault)
    raise_together(faults)
    return bodies


async def change_agreement(
    work: Work, agreement_key: str, changes: dict[str, Any], effective_from: date | None
) -> Agreement:
    """Change names and references, from a day on or as if it had always been so (G-42); of a draft also its terms."""
    agreement = await load_agreement_to_change(work, agreement_key)
    work.if_match(agreement.version, f"{work.base_url}/v1/agreements/{agreement.id}")
    decide_change(
        Terms(
            year=year_of(agreement.year),
            funding_basis=agreement.funding_basis,
            territory=agreement.territory,
            in_force_from=changes.get("in_force_from", agreement.in_force_from),
            in_force_to=changes.get("in_force_to", agreement.in_force_to),
            review_by=changes.get("review_by", agreement.review_by),
        ),
        signed=agreement.state != "draft",
        has_budget=await effective_budget(work.session, agreement.id) is not None,
        given=[name for name in ("grant_pence", "in_force_from", "in_force_to", "review_by") if name in changes],
        effective_from=effective_from,
    )
    before = {name: getattr(agreement, name) for name in changes}
    for name, value in changes.items():
        setattr(agreement, name, value)
    touch(work, agreement)
    keep_version(work, agreement, "change_agreement", changes, before=before, effective_from=effective_from)
    work.audit("change_agreement", agreement.id, before=before, after=changes)
    return agreement


async def sign_agreement(work: Work, agreement_key: str, signature: Signed) -> Signature:
    """Put a dated signature under an agreement (G-4). At the second, records AgreementSigned."""
    agreement = await load_agreement_to_change(work, agreement_key)
    standing = await signatures(work.session, agreement.id)
    touch(work, agreement)
    position = await _signing_position(work, agreement, standing, signature.signed_on)
    fact = decide_signing(position, signature, today=london_date(work.now))
    if signature.signed_on < london_date(work.now):
        work.happened_at(start_of_day(signature.signed_on), "signed_on")
    row = Signature(
        id=work.new_id(),
        agreement_id=agreement.id,
        number=len(standing) + 1,
        party=signature.party,
        signed_on=signature.signed_on,
        created_at=work.now,
        modified_at=work.now,
        created_by=work.actor.sub,
    )
    work.session.add(row)
    if fact is not None:
        agreement.state = "in_force" if agreement.in_force_from <= london_date(work.now) else "agreed"
        await work.record(fact)
    keep_version(
        work,
        agreement,
        "sign_agreement",
        {"signed_on": signature.signed_on, "state": agreement.state},
        effective_from=signature.signed_on,
    )
    work.audit("sign_agreement", agreement.id, after={"signed_on": signature.signed_on, "party": signature.party})
    return row


async def name_signatory(work: Work, agreement_key: str, signature_id: str, party: Signatory) -> Signature:
    """Fill in whose signature a blank one is (G-4)."""
    agreement = await load_agreement_to_change(work, agreement_key)
    row = await load_signature(work.session, agreement.id, signature_id)
    work.if_match(row.version, f"{work.base_url}/v1/agreements/{agreement.id}/signatures/{row.id}")
    others = [signed(other) for other in await signatures(work.session, agreement.id) if other.id != row.id]
    decide_signatory(signed(row), others, party)
    row.party = party
    row.version += 1
    row.modified_at = work.now
    touch(work, agreement)
    keep_version(work, agreement, "name_signatory", {f"signatory_{row.number}": party})
    work.audit("name_signatory", agreement.id, before={"party": None}, after={"party": party, "signature": str(row.id)})
    return row


async def bring_into_force(work: Work, now: datetime) -> None:
    """Move agreed agreements whose first day has come; for the tick, safe to repeat."""
    today = london_date(now)
    statement = (
        select(Agreement)
        .where(Agreement.state == "agreed", Agreement.in_force_from <= today)
        .with_for_update(skip_locked=True)
    )
    for agreement in (await work.session.exec(statement)).all():
        agreement.state = "in_force"
        touch(work, agreement)
        keep_version(work, agreement, "bring_into_force", {"state": "in_force"}, effective_from=agreement.in_force_from)
        work.audit("bring_into_force", agreement.id, after={"state": "in_force"})


TERMS = (
    "grant_pence",
    "territory",
    "in_force_from",
    "in_force_to",
    "review_by",
    "ggis_reference",
    "guidance_edition",
    "senior_responsible_name",
)
"""Terms of an agreement that may change in its life, and are read as at any day."""


def keep_version(
    work: Work,
    agreement: Agreement,
    action: str,
    after: Mapping[str, Any],
    *,
    before: Mapping[str, Any] | None = None,
    in_words: Sequence[tuple[str, str | None, str | None]] = (),
    effective_from: date | None = None,
    variation_id: UUID | None = None,
) -> None:
    """Keep what a change made of an agreement, under the version it made; call it after `touch`.

    `after` and `before` are terms by name. `in_words` are clauses as they were and will be: no terms, whatever the
    clause is called.
    """
    work.session.add(
        AgreementVersion(
            agreement_id=agreement.id,
            number=agreement.version,
            action=action,
            effective_from=effective_from,
            changes=to_jsonable_python(
                [
                    *(
                        {"what": what, "before": was, "after": becomes, "in_words": True}
                        for what, was, becomes in in_words
                    ),
                    *(
                        {"what": name, "before": (before or {}).get(name), "after": value}
                        for name, value in after.items()
                    ),
                ]
            ),
            variation_id=variation_id,
            recorded_at=work.now,
            recorded_by=work.actor.sub,
        )
    )


def signed(row: Signature) -> Signed:
    party: Signatory | None = None
    if row.party is not None:
        party = "funder" if row.party == "funder" else "recipient"
    return Signed(row.signed_on, party)


async def event_parties(work: Work, agreement: Agreement, day: date) -> tuple[AgreementParty, ...]:
    """Who stands in which role, by the names in force on the day of a document (G-5)."""
    rows = await parties(work.session, agreement.id)
    names = await names_on(work.session, [organisation.id for _, organisation in rows], day)
    return tuple(_event_party(party, organisation, names[organisation.id].name) for party, organisation in rows)


async def _signing_position(
    work: Work, agreement: Agreement, standing: Sequence[Signature], signed_on: date
) -> SigningPosition:
    # A document shows the names of its own date (G-5): the day on which its last signature is given.
    day = max([signed_on, *(row.signed_on for row in standing)])
    return SigningPosition(
        agreement_id=agreement.id,
        version=agreement.version,
        year=year_of(agreement.year),
        grant_pence=agreement.grant_pence,
        in_force_from=agreement.in_force_from,
        in_force_to=agreement.in_force_to,
        review_by=agreement.review_by,
        parties=await event_parties(work, agreement, day),
        signatures=tuple(signed(row) for row in standing),
    )


def _event_party(party: Party, organisation: Organisation, name: str) -> AgreementParty:
    return AgreementParty.model_validate({"role": party.role, "organisation_id": organisation.id, "name": name})
