"""Wiring of the transparency service."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from services.transparency import api
from services.transparency.base import Transparency
from services.transparency.editions import api as editions
from services.transparency.obligations import api as obligations
from services.transparency.obligations import commands as calendar
from services.transparency.reactions import REACTIONS
from services.transparency.redactions import api as redactions
from services.transparency.redactions import commands as reviews
from services.transparency.settings import TransparencySettings
from services.transparency.tables import READ_MODELS
from shared.service import Service
from shared.work import Work


async def tick(work: Work, now: datetime) -> None:
    """What time does: duties fall due, and reviews of redactions."""
    await calendar.tick(work, now)
    await reviews.tick(work, now)


SERVICE = Service(
    name="transparency",
    title="Transparency",
    description="What a publicly funded body must show: spend over £500, outturn, and whether it was shown in time.",
    settings=TransparencySettings,
    routers=(api.router, editions.router, editions.public_files, obligations.router, redactions.router),
    metadata=Transparency.metadata,
    reactions=REACTIONS,
    read_models=READ_MODELS,
    tick=tick,
    migrations=Path(__file__).parent / "migrations",
)
