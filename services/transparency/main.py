"""Wiring of the transparency service."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from services.transparency import api
from services.transparency.base import Transparency
from services.transparency.editions import api as editions
from services.transparency.obligations import api as obligations
from services.transparency.obligations.commands import tick as move_obligations
from services.transparency.reactions import REACTIONS
from services.transparency.search import api as search
from services.transparency.search.upkeep import fill_search
from services.transparency.settings import TransparencySettings
from services.transparency.tables import READ_MODELS
from shared.service import Service
from shared.work import Work


async def tick(work: Work, now: datetime) -> None:
    """What time moves: obligations first, then the search of a database that was filled before there was one."""
    await move_obligations(work, now)
    await fill_search(work)


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
        search.router,
        search.public_files,
    ),
    metadata=Transparency.metadata,
    reactions=REACTIONS,
    read_models=READ_MODELS,
    tick=tick,
    migrations=Path(__file__).parent / "migrations",
)
