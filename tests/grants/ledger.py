"""Ledger entries put straight into the tables, for tests of what is computed from them."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from services.grants.expenditure.tables import ExpenditureBatch, LedgerEntry, SourceProfile
from services.grants.queries import organisation_by_slug
from tests.grants.steps import RECIPIENT
from tests.harness import Running


async def spend(
    grants: Running,
    agreement_id: str,
    *entries: tuple[str, str, int],
    amount_basis: str = "net",
    use_codes: list[str] | None = None,
    organisation: str = RECIPIENT,
    paid: date = date(2017, 7, 1),
    late_for: str | None = None,
) -> None:
    """Post (line code, quarter, eligible pence) to an organisation's ledger; without use codes the use is undeclared.

    No entry has a service date; `paid` is its payment date, and `late_for` the locked quarter it came too late for.
    """
    now, new_id = grants.clock(), grants.runtime.new_id
    async with grants.session() as session:
        owner = await organisation_by_slug(session, organisation)
        assert owner is not None
        source = f"source-{new_id()}"
        session.add(SourceProfile(name=source, version=1, layout={}, created_at=now, created_by="test"))
        await session.flush()
        batch = ExpenditureBatch(
            id=new_id(),
            organisation_id=owner.id,
            source=source,
            profile_version=1,
            state="completed",
            on_error="quarantine",
            file_sha256="0" * 64,
            size_bytes=1,
            media_type="text/csv",
            encoding="utf-8",
            header=[],
            created_at=now,
            created_by="test",
        )
        session.add(batch)
        await session.flush()
        for number, (code, quarter, pence) in enumerate(entries, 1):
            session.add(
                LedgerEntry(
                    entry_id=new_id(),
                    organisation_id=owner.id,
                    source=source,
                    batch_id=batch.id,
                    record=number,
                    line_key=f"key-{number}",
                    fingerprint=new_id(),
                    item_id=f"item-{number}",
                    line_no=1,
                    kind="invoice",
                    party_kind="organisation",
                    card="none",
                    payment_date=paid,
                    date_basis="payment",
                    net_pence=pence,
                    amount_basis=amount_basis,
                    eligible_pence=pence,
                    agreement_id=UUID(agreement_id),
                    line_code=code,
                    accounting_quarter=quarter,
                    late_for=late_for,
                    use_codes=use_codes,
                    source_redacted=False,
                    flags=[],
                    recorded_at=now,
                )
            )
        await session.commit()
