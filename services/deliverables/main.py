"""Wiring of the deliverables service."""

from __future__ import annotations

from pathlib import Path

from services.deliverables.base import Deliverables
from services.deliverables.programme.api import router as programmes
from services.deliverables.ratings.api import router as deliverables
from services.deliverables.reactions import REACTIONS
from services.deliverables.reports.api import router as reports
from services.deliverables.results.api import router as results
from services.deliverables.settings import DeliverablesSettings
from services.deliverables.tables import READ_MODELS
from shared.service import Service

SERVICE = Service(
    name="deliverables",
    title="Deliverables",
    description="What a body promised for its grant, what it did, and its quarterly reports on both.",
    settings=DeliverablesSettings,
    routers=(programmes, deliverables, results, reports),
    metadata=Deliverables.metadata,
    reactions=REACTIONS,
    read_models=READ_MODELS,
    migrations=Path(__file__).parent / "migrations",
)
