"""What people do with the register: enter a contract, enter its next version, set the publisher's prefix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid5

from sqlmodel import col, select

from services.transparency import queries as publishers
from services.transparency.contracts import layouts, queries, rules
from services.transparency.contracts.queries import Registered
from services.transparency.contracts.refusals import (
    BadLayout,
    ContractExists,
    ContractInvalid,
    ContractMovedOn,
    PrefixFixed,
    PrefixTaken,
    VersionRefused,
)
from services.transparency.contracts.rules import CONTACT, STATED, Fault, Statement
from services.transparency.contracts.tables import (
    Contract,
    ContractContact,
    ContractProfile,
    ContractVersion,
    OpenContractingPrefix,
)
from services.transparency.tables import Organisation
from shared.errors import ErrorItem
from shared.work import Work

CONTRACTS = UUID("1b0b6a0e-5b36-5f0e-9c52-4a6f8b8f7d21")
"""Namespace of public row ids of contracts."""


@dataclass(frozen=True)
class Added:
    """A version about to be stored, with its contact."""

    found: Registered
    contact: ContractContact | None


async def register_contract(
    work: Work, publisher: str, reference: str, said: Statement, *, texts_cleared: str | None
) -> Registered:
    """Enter a new contract in the publisher's register (T-26)."""
    organisation = await lock_register(work, publisher)
    if reference in await queries.versions(work.session, organisation.organisation_id, [reference]):
        raise ContractExists(
            f"The register holds {reference} already; enter a change as its next version, or choose another reference.",
            pointer="/reference",
        )
    _refuse(rules.contradictions(said, work.now))
    added = next_version(work, organisation, reference, None, said, texts_cleared=texts_cleared)
    await store(work, [added])
    found = added.found
    work.audit("register_contract", found.contract.contract_id, after=audited(found))
    return found


async def change_contract(
    work: Work,
    publisher: str,
    reference: str,
    changes: Mapping[str, Any],
    *,
    after_version: int | None,
    texts_cleared: str | None,
) -> Registered:
    """Enter the next version of a contract: what `changes` leaves out stays as the version before says (T-28)."""
    organisation = await lock_register(work, publisher)
    await queries.contract(work.session, organisation.organisation_id, reference, lock=True)
    standing = (await queries.versions(work.session, organisation.organisation_id, [reference]))[reference]
    last = standing[-1]
    if after_version is not None and after_version != last.version.version:
        raise ContractMovedOn(
            f"The current version is {last.version.version}, and after_version says {after_version}; read the contract "
            "again, then enter the change.",
            pointer="/after_version",
        )
    said = replace(last.said, **{"rationale": None, **changes})
    _refuse(rules.contradictions(said, work.now))
    faults = rules.following(said, [version.said for version in standing])
    if faults:
        raise VersionRefused(_sentence(faults), errors=_pointed(faults))
    if texts_cleared is None and (said.title, said.description) == (last.said.title, last.said.description):
        texts_cleared = last.version.texts_cleared
    added = next_version(work, organisation, reference, last.contract, said, texts_cleared=texts_cleared)
    await store(work, [added])
    found = added.found
    work.audit(
        "change_contract",
        found.contract.contract_id,
        before=audited(last),
        after={**audited(found), "changed": rules.differing(said, last.said)},
    )
    return found


async def set_prefix(work: Work, publisher: str, prefix: str) -> OpenContractingPrefix:
    """Set the publisher's Open Contracting prefix; once set it stays, because every published ocid begins with it."""
    organisation = await lock_register(work, publisher)
    standing = await work.session.get(OpenContractingPrefix, organisation.organisation_id)
    if standing is not None:
        work.if_match(1, f"{work.base_url}/v1/publishers/{publisher}/open-contracting-prefix")
        if standing.prefix != prefix:
            raise PrefixFixed(
                f"The prefix of this publisher is {standing.prefix}; its published contracts carry it, so {prefix} "
                "cannot take its place.",
                pointer="/prefix",
            )
        return standing
    await work.lock("open contracting prefix", prefix)
    taken = await work.session.exec(select(OpenContractingPrefix).where(col(OpenContractingPrefix.prefix) == prefix))
    if taken.first() is not None:
        raise PrefixTaken(
            f"Another publisher has the prefix {prefix}, and an ocid names one process in the world; send the prefix "
            "that was registered for this publisher.",
            pointer="/prefix",
        )
    row = OpenContractingPrefix(
        organisation_id=organisation.organisation_id, prefix=prefix, set_by=work.actor.sub, set_at=work.now
    )
    work.session.add(row)
    await work.session.flush()
    work.audit("set_open_contracting_prefix", organisation.organisation_id, after={"prefix": prefix})
    return row


async def create_profile(work: Work, publisher: str, name: str, layout: dict[str, Any]) -> ContractProfile:
    """Keep a layout of contract files; a name that exists gets its next version."""
    organisation = await lock_register(work, publisher)
    if name == layouts.STANDARD.name:
        raise BadLayout(f"The name {name} is that of the built-in layout; choose another.", pointer="/name")
    errors = layouts.faults_of(layouts.Layout(name=name, version=1, **layout))
    if errors:
        raise BadLayout("The layout cannot read contracts; see errors.", errors=errors)
    newest = await work.session.exec(
        select(ContractProfile.version)
        .where(col(ContractProfile.organisation_id) == organisation.organisation_id, col(ContractProfile.name) == name)
        .order_by(col(ContractProfile.version).desc())
        .limit(1)
    )
    row = ContractProfile(
        organisation_id=organisation.organisation_id,
        name=name,
        version=(newest.first() or 0) + 1,
        layout=layout,
        created_by=work.actor.sub,
        created_at=work.now,
    )
    work.session.add(row)
    await work.session.flush()
    work.audit("create_contract_profile", f"{publisher}/{name}", after={"version": row.version})
    return row


async def lock_register(work: Work, publisher: str) -> Organisation:
    """The publisher, with nobody else changing its register until the transaction ends."""
    work.may_write_for(publisher)
    organisation = await publishers.publisher(work.session, publisher)
    await work.lock("contracts", str(organisation.organisation_id))
    return organisation


def next_version(
    work: Work,
    organisation: Organisation,
    reference: str,
    contract: Contract | None,
    said: Statement,
    *,
    texts_cleared: str | None = None,
    import_id: UUID | None = None,
) -> Added:
    """The next version, not yet stored; the contract itself comes with its first."""
    if contract is None:
        contract = Contract(
            contract_id=work.new_id(),
            organisation_id=organisation.organisation_id,
            reference=reference,
            row_id=row_id(organisation.organisation_id, reference),
            version=0,
            created_by=work.actor.sub,
            created_at=work.now,
            modified_at=work.now,
        )
    contract.version += 1
    contract.modified_at = work.now
    values = {name: getattr(said, name) for name in STATED if name not in (*CONTACT, "areas")}
    version = ContractVersion(
        contract_id=contract.contract_id,
        version=contract.version,
        **values,
        areas=[{"label": label, "uri": uri} for label, uri in said.areas],
        texts_cleared=texts_cleared,
        import_id=import_id,
        recorded_by=work.actor.sub,
        recorded_at=work.now,
    )
    contact = None
    if said.contact_name or said.contact_email:
        contact = ContractContact(
            contract_id=contract.contract_id,
            version=contract.version,
            name=said.contact_name,
            email=said.contact_email,
            is_role=said.contact_is_role,
        )
    return Added(Registered(contract, version, said), contact)


async def store(work: Work, added: Sequence[Added]) -> None:
    """Store versions, each table at once: contracts before their versions, versions before their contacts."""
    for rows in (
        [each.found.contract for each in added],
        [each.found.version for each in added],
        [each.contact for each in added if each.contact is not None],
    ):
        work.session.add_all(rows)
        await work.session.flush()


def row_id(organisation_id: UUID, reference: str) -> str:
    """The public id of a contract's row: from publisher and reference, so that it is the same wherever it is made."""
    return uuid5(CONTRACTS, f"{organisation_id} {reference}").hex


def audited(found: Registered) -> dict[str, Any]:
    """What the audit log says of a version: no text that people write freely, because it may be personal."""
    said = found.said
    return {
        "reference": found.contract.reference,
        "version": found.version.version,
        "kind": said.kind,
        "status": said.status,
        "signed_at": said.signed_at,
        "value_pence": said.value_pence,
    }


def _refuse(faults: Sequence[Fault]) -> None:
    if faults:
        raise ContractInvalid(_sentence(faults), errors=_pointed(faults))


def _sentence(faults: Sequence[Fault]) -> str:
    return faults[0].detail if len(faults) == 1 else f"{len(faults)} things do not go together; see errors."


def _pointed(faults: Sequence[Fault]) -> list[ErrorItem]:
    return [ErrorItem(code=fault.code, detail=fault.detail, pointer=f"/{fault.field}") for fault in faults]
