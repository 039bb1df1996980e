"""Read-only selects about contracts: the register, the spend that names a contract, what it stands on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, and_, cast, exists, or_
from sqlalchemy.orm import aliased
from sqlmodel import col, func, select, tuple_
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
from services.transparency.redactions import queries as redactions
from services.transparency.redactions.rules import IN_FORCE
from services.transparency.redactions.tables import Redaction, RowRedaction
from services.transparency.spending.tables import SpendLine
from services.transparency.tables import Agreement, Organisation
from shared.personal_details import REDACTED


@dataclass(frozen=True)
class Registered:
    """One version of a contract as it is in the register."""

    contract: Contract
    version: ContractVersion
    said: Statement
    withheld: tuple[Withheld, ...] = ()


@dataclass(frozen=True)
class Withheld:
    """What a redaction in force takes out of a contract: a field, what stands in its place, and why (T-18)."""

    field: str
    cell_text: str
    reason_code: str


@dataclass(frozen=True)
class MonthSpend:
    month: str
    lines: int
    pence: int


@dataclass(frozen=True)
class Spend:
    """What payments name a contract. Only lines that still count: neither reversed nor reversing."""

    lines: int = 0
    pence: int = 0
    months: tuple[MonthSpend, ...] = ()
    decisions: tuple[str, ...] = ()
    """Board decisions that these lines name."""
    budget_lines: tuple[str, ...] = ()
    """Agreement's year and line that these lines are charged to, `2017-18/IL1`."""


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
    withheld = await withheld_of(session, organisation_id)
    for row, version, contact in (await session.exec(statement)).all():
        held = withheld.get(row.reference, ())
        found[row.reference].append(Registered(row, version, said_by(version, contact), held))
    return dict(found)


def supplier_shown() -> Any:
    """Whether a contract's supplier is public: what is withheld is not found by looking for it either (T-60)."""
    return ~exists().where(
        col(Redaction.organisation_id) == col(Contract.organisation_id),
        col(Redaction.target_kind) == "contract",
        col(Redaction.target) == col(Contract.reference),
        col(Redaction.state).in_(IN_FORCE),
        col(Redaction.fields).contains(["supplier"]),
    )


async def withheld_of(session: AsyncSession, organisation_id: UUID) -> dict[str, tuple[Withheld, ...]]:
    """Reference → what redactions in force take out of that contract (T-18)."""
    found: dict[str, tuple[Withheld, ...]] = {}
    for redaction, reason in await redactions.effective(session, organisation_id, "contract"):
        taken = tuple(Withheld(field, reason.cell_text or REDACTED, reason.code) for field in redaction.fields)
        found[redaction.target] = found.get(redaction.target, ()) + taken
    return found


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


async def spend_of(session: AsyncSession, organisation_id: UUID, reference: str, until: date | None = None) -> Spend:
    """The payments that name a contract, by month of payment, up to and including a day."""
    month = func.to_char(col(SpendLine.payment_date), "YYYY-MM")
    statement = (
        select(month, func.count(), func.sum(col(SpendLine.eligible_pence)))
        .where(*_live(organisation_id, until), col(SpendLine.contract_ref) == reference)
        .group_by(month)
        .order_by(month)
    )
    months = tuple(MonthSpend(name, lines, int(pence)) for name, lines, pence in (await session.exec(statement)).all())
    named: Any = (
        select(SpendLine.decision_ref, Agreement.year, SpendLine.line_code)
        .outerjoin(Agreement, col(Agreement.agreement_id) == col(SpendLine.agreement_id))
        .where(*_live(organisation_id, until), col(SpendLine.contract_ref) == reference)
        .distinct()
    )
    rows = (await session.exec(named)).all()
    return Spend(
        lines=sum(row.lines for row in months),
        pence=sum(row.pence for row in months),
        months=months,
        decisions=tuple(sorted({decision for decision, _, _ in rows if decision})),
        budget_lines=tuple(
            sorted({f"{year.replace('/', '-')}/{code}" for _, year, code in rows if year is not None and code})
        ),
    )


async def spend_totals(
    session: AsyncSession, wanted: Iterable[tuple[UUID, str]], until: date | None = None
) -> dict[tuple[UUID, str], tuple[int, int]]:
    """(publisher, reference) → lines and pence of the payments that name it; a contract nobody paid for is absent."""
    by_publisher: dict[UUID, set[str]] = defaultdict(set)
    for organisation_id, reference in wanted:
        by_publisher[organisation_id].add(reference)
    found: dict[tuple[UUID, str], tuple[int, int]] = {}
    for organisation_id, references in by_publisher.items():
        statement = (
            select(SpendLine.contract_ref, func.count(), func.sum(col(SpendLine.eligible_pence)))
            .where(*_live(organisation_id, until), col(SpendLine.contract_ref).in_(list(references)))
            .group_by(col(SpendLine.contract_ref))
        )
        for named, lines, pence in (await session.exec(statement)).all():
            if named is not None:
                found[organisation_id, named] = (lines, int(pence))
    return found


async def supplier_payments(
    session: AsyncSession, organisation_id: UUID, references: Collection[str], until: date | None = None
) -> list[SpendLine]:
    """Payments to organisations that name one of these contracts, in order of the day."""
    statement = (
        select(SpendLine)
        .where(
            *_live(organisation_id, until),
            col(SpendLine.contract_ref).in_(list(references)),
            col(SpendLine.party_kind) == "organisation",
            col(SpendLine.party_name).is_not(None),
        )
        .order_by(col(SpendLine.payment_date), col(SpendLine.row_id))
    )
    return list((await session.exec(statement)).all())


def _live(organisation_id: UUID, until: date | None) -> list[Any]:
    """Lines that count, of payees who are not hidden: a hidden payee's row shows no contract either (T-19).

    Nor do lines count here whose payee or contract a redaction in force, or an edition, withholds.
    """
    reversal = aliased(SpendLine)
    decided = exists().where(
        col(Redaction.organisation_id) == organisation_id,
        col(Redaction.target_kind) == "row",
        col(Redaction.state).in_(IN_FORCE),
        or_(
            and_(~col(Redaction.payee), col(Redaction.target) == col(SpendLine.row_id)),
            and_(col(Redaction.payee), col(Redaction.target) == col(SpendLine.party_key)),
        ),
    )
    hidden = col(RowRedaction.fields).op("||")(col(RowRedaction.named))
    shown_without = exists().where(
        col(RowRedaction.entry_id) == col(SpendLine.entry_id),
        hidden.op("&&")(cast(["beneficiary", "contract_ref"], ARRAY(Text))),
    )
    conditions = [
        col(SpendLine.organisation_id) == organisation_id,
        col(SpendLine.reverses).is_(None),
        ~exists().where(col(reversal.reverses) == col(SpendLine.entry_id)),
        col(SpendLine.party_kind).not_in(("individual", "staff")),
        ~col(SpendLine.source_redacted),
        ~decided,
        ~shown_without,
    ]
    if until is not None:
        conditions.append(col(SpendLine.payment_date) <= until)
    return conditions


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
