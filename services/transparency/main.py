"""Wiring of the transparency service."""

from __future__ import annotations

from pathlib import Path

from services.transparency import api
from services.transparency.base import Transparency
from services.transparency.editions import api as editions
from services.transparency.obligations import api as obligations
from services.transparency.obligations.commands import tick
from services.transparency.payments.authority import api as authority
from services.transparency.payments.invoices import api as invoices
from services.transparency.payments.performance import api as performance
from services.transparency.payments.threshold import api as threshold
from services.transparency.reactions import REACTIONS
from services.transparency.settings import TransparencySettings
from services.transparency.tables import READ_MODELS
from services.transparency.withdrawals import api as withdrawals
from shared.service import Service

SERVICE = Service(
    name="transparency",
    title="Transparency",
    description="What a publicly funded body must show: spend over £500, outturn, and whether it was shown in time.",
    settings=TransparencySettings,
    routers=(
        api.router,
        editions.router,
        editions.public_files,
        obligations.router,
        withdrawals.router,
        authority.router,
        threshold.router,
        invoices.router,
        performance.router,
    ),
    metadata=Transparency.metadata,
    reactions=REACTIONS,
    read_models=READ_MODELS,
    tick=tick,
    migrations=Path(__file__).parent / "migrations",
)
