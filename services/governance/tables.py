"""Every table of governance in one place, so that migrations see them all; READ_MODELS, what a replay may rebuild."""

from __future__ import annotations

from services.governance.actions.tables import Action, ActionProgress, Decision
from services.governance.agendas.tables import AgendaItem, AgendaVersion, Restriction, UrgencyAgreement
from services.governance.attendance.tables import AttendanceEntry
from services.governance.base import Governance
from services.governance.boards.tables import (
    Authority,
    Board,
    ClosedDay,
    GroupSize,
    Organisation,
    PoliticalGroup,
    RuleSet,
)
from services.governance.closed.tables import (
    ClosedAgendaSnapshot,
    ClosedDeclaration,
    ClosedItem,
    ClosedMinuteItem,
    ClosedReport,
)
from services.governance.declarations.tables import Declaration
from services.governance.findings.tables import ImportFinding
from services.governance.meetings.tables import Meeting, Publication
from services.governance.minutes.tables import Approval, MinuteItem, Minutes, NoteAttendance
from services.governance.offers.tables import PaperOffer
from services.governance.packs.tables import Pack
from services.governance.people.tables import Alias, Membership, Person
from services.governance.registers.tables import RegisterCell, RegisterImport
from services.governance.reports.tables import Report, SignOff

METADATA = Governance.metadata

READ_MODELS = (Organisation,)
"""Copies made from other services' events alone. Paper offers are not: clerks decide on them."""

__all__ = [
    "METADATA",
    "READ_MODELS",
    "Action",
    "ActionProgress",
    "AgendaItem",
    "AgendaVersion",
    "Alias",
    "Approval",
    "AttendanceEntry",
    "Authority",
    "Board",
    "ClosedAgendaSnapshot",
    "ClosedDay",
    "ClosedDeclaration",
    "ClosedItem",
    "ClosedMinuteItem",
    "ClosedReport",
    "Decision",
    "Declaration",
    "GroupSize",
    "ImportFinding",
    "Meeting",
    "Membership",
    "MinuteItem",
    "Minutes",
    "NoteAttendance",
    "Organisation",
    "Pack",
    "PaperOffer",
    "Person",
    "PoliticalGroup",
    "Publication",
    "RegisterCell",
    "RegisterImport",
    "Report",
    "Restriction",
    "RuleSet",
    "SignOff",
    "UrgencyAgreement",
]
