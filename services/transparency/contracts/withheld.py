"""What of a publisher's contracts is withheld: by decision on a contract, or because a text names a person (T-63)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import exists, true
from sqlmodel import col, select, tuple_
from sqlmodel.ext.asyncio.session import AsyncSession

from services.transparency.contracts.tables import Contract, ContractVersion
from services.transparency.redactions import effects
from services.transparency.redactions import queries as redactions
from services.transparency.redactions.names import WithheldNames
from services.transparency.redactions.rules import IN_FORCE, Reason
from services.transparency.redactions.tables import Redaction
from shared.database import raw_connection
from shared.personal_details import REDACTED

NO_NAMES = WithheldNames(())


@dataclass(frozen=True)
class Withheld:
    """What a redaction in force takes out of a contract: a field, what stands in its place, and why (T-18)."""

    field: str
    cell_text: str
    reason_code: str


@dataclass(frozen=True)
class Withholding:
    """Everything that is withheld of one publisher's register."""

    contracts: dict[str, tuple[Withheld, ...]]
    """By reference."""
    names: WithheldNames
    """Payees of this publisher whose names are held back wherever they stand."""


async def withholding(session: AsyncSession, organisation_id: UUID) -> Withholding:
    """What a request needs to know once, however many contracts it shows."""
    contracts: dict[str, tuple[Withheld, ...]] = {}
    for redaction, reason in await redactions.effective(session, organisation_id, "contract"):
        taken = tuple(Withheld(field, reason.cell_text or REDACTED, reason.code) for field in redaction.fields)
        contracts[redaction.target] = contracts.get(redaction.target, ()) + taken
    return Withholding(contracts, await names_of(session, organisation_id))


async def names_of(session: AsyncSession, organisation_id: UUID) -> WithheldNames:
    """The names that editions of spend look for; the ledger is asked only where a decision holds a name back."""
    rows: dict[str, list[tuple[Reason, Sequence[str]]]] = {}
    payees: dict[str, list[tuple[Reason, Sequence[str]]]] = {}
    for redaction, reason in await redactions.effective(session, organisation_id, "row"):
        (payees if redaction.payee else rows).setdefault(redaction.target, []).append((reason, redaction.fields))
    naming = effects.Decisions(rows, payees).targets(naming=True)
    if not any(naming.values()):
        return NO_NAMES
    connection = await raw_connection(session)
    cursor = await connection.execute(effects.NAMES, {"organisation": organisation_id, **naming})
    return WithheldNames([name for (name,) in await cursor.fetchall()])


def supplier_shown() -> Any:
    """Whether no decision withholds a contract's supplier."""
    return ~exists().where(
        col(Redaction.organisation_id) == col(Contract.organisation_id),
        col(Redaction.target_kind) == "contract",
        col(Redaction.target) == col(Contract.reference),
        col(Redaction.state).in_(IN_FORCE),
        col(Redaction.fields).contains(["supplier"]),
    )


async def found_by(session: AsyncSession, text: Any, wanted: Any) -> Any:
    """Current versions that `wanted` finds by their `text`, without those that hold it back (T-60, T-63)."""
    current = (col(ContractVersion.contract_id) == col(Contract.contract_id)) & (
        col(ContractVersion.version) == col(Contract.version)
    )
    statement: Any = (
        select(Contract.organisation_id, text).join(ContractVersion, current).where(wanted, text.is_not(None))
    )
    names: dict[UUID, WithheldNames] = {}
    hidden = []
    for organisation_id, words in (await session.exec(statement.distinct())).all():
        if organisation_id not in names:
            names[organisation_id] = await names_of(session, organisation_id)
        if names[organisation_id].find(words) == "whole":
            hidden.append((organisation_id, words))
    return wanted & (tuple_(col(Contract.organisation_id), text).not_in(hidden) if hidden else true())
