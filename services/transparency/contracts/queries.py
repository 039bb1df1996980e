"""Read-only selects about contracts: the register, its contacts, what other rooms ask of it, layouts and prefix."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import col, select, tuple_
from sqlmodel.ext.asyncio.session import AsyncSession

from services.transparency.contracts.refusals import ContractNotFound, ProfileNotFound
from services.transparency.contracts.rules import STATED, Statement
from services.transparency.contracts.tables import (
    Contract,
    ContractContact,
    ContractProfile,
    ContractVersion,
    OpenContractingPrefix,
)
from services.transparency.contracts.withheld import NO_NAMES, Withheld, Withholding, withholding
from services.transparency.redactions.names import WithheldNames
from services.transparency.tables import Organisation


@dataclass(frozen=True)
class Registered:
    """One version of a contract as it is in the register."""

    contract: Contract
    version: ContractVersion
    said: Statement
    withheld: tuple[Withheld, ...] = ()
    names: WithheldNames = NO_NAMES
    """Payees of the publisher whose names are held back wherever they stand (T-63)."""


async def contract(session: AsyncSession, organisation_id: UUID, reference: str, *, lock: bool = False) -> Contract:
    """The contract of this reference in the publisher's register."""
    statement = select(Contract).where(
        col(Contract.organisation_id) == organisation_id, col(Contract.reference) == reference
    )
    found = (await session.exec(statement.with_for_update() if lock else statement)).one_or_none()
    if found is None:
        raise ContractNotFound(
            f"The register of this publisher holds no contract {reference[:64]}; /v1/contracts lists those it holds."
        )
    return found


def register() -> Any:
    """Every contract with its current version and its publisher."""
    return (
        select(Contract, ContractVersion, Organisation)
        .join(
            ContractVersion,
            (col(ContractVersion.contract_id) == col(Contract.contract_id))
            & (col(ContractVersion.version) == col(Contract.version)),
        )
        .join(Organisation, col(Organisation.organisation_id) == col(Contract.organisation_id))
    )


async def versions(
    session: AsyncSession, organisation_id: UUID, references: Collection[str] | None = None
) -> dict[str, list[Registered]]:
    """Reference → its versions, oldest first; of the whole register where no references are given."""
    statement = (
        select(Contract, ContractVersion, ContractContact)
        .join(ContractVersion, col(ContractVersion.contract_id) == col(Contract.contract_id))
        .outerjoin(
            ContractContact,
            (col(ContractContact.contract_id) == col(ContractVersion.contract_id))
            & (col(ContractContact.version) == col(ContractVersion.version)),
        )
        .where(col(Contract.organisation_id) == organisation_id)
        .order_by(col(Contract.reference), col(ContractVersion.version))
    )
    if references is not None:
        statement = statement.where(col(Contract.reference).in_(list(references)))
    found: dict[str, list[Registered]] = defaultdict(list)
    held = await withholding(session, organisation_id)
    for row, version, contact in (await session.exec(statement)).all():
        found[row.reference].append(registered(row, version, contact, held))
    return dict(found)


def registered(
    row: Contract, version: ContractVersion, contact: ContractContact | None, held: Withholding
) -> Registered:
    """A stored version with what is withheld of it."""
    taken = held.contracts.get(row.reference, ())
    return Registered(row, version, said_by(version, contact), taken, held.names)


def said_by(version: ContractVersion, contact: ContractContact | None) -> Statement:
    """What a stored version says, its contact included."""
    values = {name: getattr(version, name) for name in STATED if hasattr(version, name)}
    values["areas"] = tuple((area["label"], area.get("uri")) for area in version.areas)
    if contact is not None:
        values |= {"contact_name": contact.name, "contact_email": contact.email, "contact_is_role": contact.is_role}
    return Statement(**values)


async def role_contacts(
    session: AsyncSession, keys: Iterable[tuple[UUID, int]]
) -> dict[tuple[UUID, int], ContractContact]:
    """The contacts that may be public: desks and roles, never persons."""
    wanted = list(keys)
    if not wanted:
        return {}
    found = await session.exec(
        select(ContractContact).where(
            col(ContractContact.is_role),
            tuple_(col(ContractContact.contract_id), col(ContractContact.version)).in_(wanted),
        )
    )
    return {(contact.contract_id, contact.version): contact for contact in found.all()}


async def unknown_refs(session: AsyncSession, organisation_id: UUID, refs: Collection[str]) -> set[str]:
    """Of these references those that the publisher's register does not hold; an empty one is fine (T-16)."""
    wanted = {ref: ref.strip() for ref in refs if ref.strip()}
    found = await session.exec(
        select(Contract.reference).where(
            col(Contract.organisation_id) == organisation_id, col(Contract.reference).in_(list(wanted.values()))
        )
    )
    held = set(found.all())
    return {ref for ref, plain in wanted.items() if plain not in held}


async def prefix_of(session: AsyncSession, organisation_id: UUID) -> str | None:
    """The publisher's registered Open Contracting prefix; None without one."""
    found = await session.get(OpenContractingPrefix, organisation_id)
    return found.prefix if found else None


async def profile(session: AsyncSession, organisation_id: UUID, name: str) -> ContractProfile:
    """The newest version of a publisher's profile."""
    found = await session.exec(
        select(ContractProfile)
        .where(col(ContractProfile.organisation_id) == organisation_id, col(ContractProfile.name) == name)
        .order_by(col(ContractProfile.version).desc())
        .limit(1)
    )
    row = found.first()
    if row is None:
        raise ProfileNotFound(
            f"This publisher has no profile {name[:64]}; create it at /v1/contract-profiles, or leave profile out for "
            "the standard layout."
        )
    return row
