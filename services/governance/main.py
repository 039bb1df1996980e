"""The wiring of governance."""

from __future__ import annotations

from pathlib import Path

from services.governance.actions.api import router as actions
from services.governance.agendas.api import router as agendas
from services.governance.attendance.api import router as attendance
from services.governance.boards.api import router as boards
from services.governance.closed.api import router as closed
from services.governance.declarations.api import router as declarations
from services.governance.findings.api import router as findings
from services.governance.meetings.api import router as meetings
from services.governance.minutes.api import router as minutes
from services.governance.offers.api import router as offers
from services.governance.packs.api import router as packs
from services.governance.people.api import router as people
from services.governance.reactions import REACTIONS
from services.governance.registers.api import router as registers
from services.governance.reports.api import router as reports
from services.governance.settings import GovernanceSettings
from services.governance.tables import METADATA, READ_MODELS
from shared.service import Service

SERVICE = Service(
    name="governance",
    title="Governance",
    description="Boards, meetings, papers, attendance, minutes, decisions and actions, and when each became public.",
    settings=GovernanceSettings,
    routers=(
        *(boards, people, meetings, agendas, reports, packs, registers, attendance),
        *(minutes, declarations, actions, offers, findings, closed),
    ),
    metadata=METADATA,
    reactions=REACTIONS,
    read_models=READ_MODELS,
    migrations=Path(__file__).parent / "migrations",
)
