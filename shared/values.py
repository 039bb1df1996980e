"""Meanings that services agree on because events carry them: kinds, states and constrained field types."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, Strict

Pence = Annotated[int, Strict(), Field(ge=-(2**63), le=2**63 - 1, description="Integer pence, GBP.")]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
YearLabel = Annotated[str, Field(pattern=r"^[0-9]{4}/[0-9]{2}$", description="Financial year, `2017/18`.")]
QuarterSlug = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-q[1-4]$", description="Quarter, `2017-18-q1`.")]
Month = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}$", description="Calendar month, `2017-04`.")]


class PartyKind(StrEnum):
    """Who was paid. Names of individuals, staff and payees of unknown kind never leave the grants service."""

    ORGANISATION = "organisation"
    SOLE_TRADER = "sole_trader"
    INDIVIDUAL = "individual"
    STAFF = "staff"
    UNKNOWN = "unknown"


PUBLIC_PARTY_KINDS = frozenset({PartyKind.ORGANISATION, PartyKind.SOLE_TRADER})
"""Payees whose names events may carry."""


class LineKind(StrEnum):
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    JOURNAL = "journal"
    REVERSAL = "reversal"
    CORRECTION = "correction"
    CARD = "card"
    STAFF_EXPENSE = "staff_expense"


class Card(StrEnum):
    NONE = "none"
    GPC = "gpc"
    CCC = "ccc"


class DateBasis(StrEnum):
    """Which of a ledger's dates stands in `payment_date` (T-11)."""

    PAYMENT = "payment"
    INPUT = "input"
    INVOICE = "invoice"


class AmountBasis(StrEnum):
    NET = "net"
    GROSS = "gross"


class MethodologyScope(StrEnum):
    """What a publisher publishes: lines of the agreement only, or every line of its ledger (T-1)."""

    PROGRAMME = "programme"
    WHOLE_BODY = "whole_body"


class OutturnState(StrEnum):
    FORECAST = "forecast"
    PROVISIONAL = "provisional"
    FINAL = "final"


class MeetingState(StrEnum):
    PLANNED = "planned"
    SCHEDULED = "scheduled"
    POSTPONED = "postponed"
    HELD = "held"
    CANCELLED = "cancelled"


class PapersScope(StrEnum):
    """Each has a clock of its own (B-6, T-45)."""

    MAIN_PACK = "main_pack"
    SUPPLEMENT = "supplement"
