"""What both datasets ask of the ledger of a period: which lines stand, whether all of it is here."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from services.transparency.editions import ledger, rules
from shared import inbox
from shared.bus import topic_of
from shared.database import raw_connection
from shared.errors import Conflict
from shared.events.grants import ExpenditureRecorded
from shared.periods import Quarter
from shared.personal_details import sql_folded
from shared.work import Work

PATIENCE_SECONDS = 0.3
"""How long a draft waits for what the ledger's owner has recorded; a public read asks for a draft too."""


class MonthsMissing(Conflict):
    code = "ledger_months_missing"
    title = "The ledger holds nothing of some months"


def live(line: str) -> str:
    """SQL: the line neither cancels another nor is cancelled."""
    return (
        f"({line}.reverses IS NULL AND NOT EXISTS ("
        f"SELECT FROM spend_lines reversal WHERE reversal.reverses = {line}.entry_id))"
    )


def class_of(line: str) -> str:
    """SQL: the line's class as it is compared, without case and signs that nobody sees."""
    name = f"{line}.ledger_class"
    return f"CASE WHEN octet_length({name}) = length({name}) THEN lower({name}) ELSE btrim({sql_folded(name)}) END"


def with_vat(line: str) -> str:
    """SQL: what the payee was paid: net and VAT, or the gross where they cannot be separated."""
    return f"({line}.net_pence + CASE WHEN {line}.amount_basis = 'net' THEN COALESCE({line}.vat_pence, 0) ELSE 0 END)"


def contract_of(line: str) -> str:
    """SQL: the contract it was paid under, in one line; null where none is named."""
    return f"NULLIF(btrim(translate({line}.contract_ref, E'\\r\\n', '  ')), '')"


async def refuse_unfinished(
    work: Work, organisation_id: UUID, quarters: Sequence[Quarter], label: str, *, empty: bool
) -> list[str]:
    """Refuse while lines are on their way or months are missing (T-59); say what else a reader must know."""
    connection = await raw_connection(work.session)
    notes = []
    silent = 0
    for quarter in quarters:
        left = await ledger.outstanding(connection, organisation_id, quarter)
        rules.refuse_on_its_way(quarter, left)
        months = [month for month, _ in await ledger.stated_months(connection, organisation_id, quarter)]
        covered = rules.coverage(months)
        silent += covered.silent
        if empty:
            rules.refuse_unsettled(quarter, left)
        elif covered.missing and not covered.silent:
            raise MonthsMissing(
                f"The ledger holds no line of {', '.join(covered.missing)} and its owner covers no day of it, so "
                f"nothing can be published of {label} as a whole. Hand in the files of these months, or a file that "
                "covers their days.",
                extra={"missing_months": covered.missing},
            )
        if left.files_waiting:
            lines = f"{left.unsettled_lines} line{'s' * (left.unsettled_lines != 1)}"
            notes.append(
                f"Of files that may hold lines of {quarter.label}, {lines} were rejected, conflict with others or are "
                "held, and are neither corrected, decided nor given up."
            )
        if covered.word == "not_stated":
            notes.append(f"The owner of the ledger does not say that every month of {quarter.label} is whole.")
    heard = await inbox.unheard(
        await work.session.connection(),
        work.runtime.bus,
        topic_of(ExpenditureRecorded.OWNER),
        patience_seconds=PATIENCE_SECONDS,
    )
    rules.refuse_unheard(quarters[-1], rules.Unheard(on_their_way=heard.on_their_way, parked=heard.parked))
    if not empty and silent:
        notes.append(f"The ledger holds nothing of {silent} of the {len(quarters)} quarters of {label}.")
    return notes
