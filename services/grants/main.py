"""Wiring of the grants service."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from services.grants import api
from services.grants.accounts import api as accounts
from services.grants.accounts import spend
from services.grants.agreements import api as agreements
from services.grants.agreements.commands import bring_into_force
from services.grants.agreements.reviews import api as reviews
from services.grants.awaiting import api as awaiting
from services.grants.awards import api as awards
from services.grants.base import Grants
from services.grants.budget import api as budget
from services.grants.budget import comparison
from services.grants.certificates import api as certificates
from services.grants.closure import api as closure
from services.grants.expenditure import api as expenditure
from services.grants.expenditure import profile_api as source_profiles
from services.grants.expenditure.identities import identify_stored_lines
from services.grants.expenditure.settlement import state_upgraded
from services.grants.expenditure.worker import take_in_batches
from services.grants.forecasts import api as forecasts
from services.grants.held_lines import api as held_lines
from services.grants.historical_budgets import api as historical_budgets
from services.grants.history import api as history
from services.grants.history import claims_api
from services.grants.ledger import api as ledger
from services.grants.onward_awards import api as onward_awards
from services.grants.organisations import api as organisations
from services.grants.payments import api as payments
from services.grants.periods import api as periods
from services.grants.reactions import REACTIONS
from services.grants.settings import GrantsSettings
from services.grants.settlements import api as settlements
from services.grants.tables import READ_MODELS
from services.grants.underspend import api as underspend
from services.grants.usage_statement import api as usage_statement
from services.grants.use_rules import api as use_rules
from services.grants.use_rules import declarations_api as use_declarations
from services.grants.use_rules import public_money_api as public_money
from services.grants.variations import api as variations
from services.grants.variations.virements import api as virements
from shared.service import Service
from shared.work import Work


async def tick(work: Work, now: datetime) -> None:
    """What time alone brings about."""
    await bring_into_force(work, now)
    await state_upgraded(work)


SERVICE = Service(
    name="grants",
    title="Grants",
    description="One grant a year under a memorandum of understanding: what was agreed, spent and left.",
    settings=GrantsSettings,
    routers=(
        organisations.router,
        agreements.router,
        reviews.router,
        budget.router,
        comparison.router,
        variations.router,
        virements.router,
        periods.router,
        forecasts.router,
        accounts.router,
        spend.router,
        awards.router,
        payments.router,
        onward_awards.router,
        use_rules.router,
        use_declarations.router,
        public_money.router,
        history.router,
        claims_api.router,
        historical_budgets.router,
        source_profiles.router,
        expenditure.router,
        ledger.router,
        held_lines.router,
        settlements.router,
        api.router,
        underspend.router,
        certificates.router,
        closure.router,
        awaiting.router,
        usage_statement.router,
    ),
    metadata=Grants.metadata,
    reactions=REACTIONS,
    read_models=READ_MODELS,
    tick=tick,
    workers=(take_in_batches, identify_stored_lines),
    migrations=Path(__file__).parent / "migrations",
)
