"""Refusals of the taking in of expenditure."""

from __future__ import annotations

from shared.errors import Conflict, Invalid


class UnreadableFile(Invalid):
    """The file as a whole cannot be read; no batch is made of it."""

    code = "unreadable_file"
    title = "The file cannot be read"


class IdentityFixed(Conflict):
    code = "identity_fixed"
    title = "The identity of this source's lines is fixed"


class NotCorrectable(Conflict):
    code = "not_correctable"
    title = "That batch cannot be corrected by this one"


class DaysNotCovered(Invalid):
    """Days that a file cannot speak for (T-51)."""

    code = "days_not_covered"
    title = "The file cannot cover these days"


class ControlTotalMismatch(Conflict):
    """The file is not the one that was meant: its lines or its sum differ from what the sender counted."""

    code = "control_total_mismatch"
    title = "The control totals do not agree"


class LinesRejected(Conflict):
    """Some lines cannot be taken, and the sender wanted all of them or none."""

    code = "lines_rejected"
    title = "Nothing was taken in, as some lines cannot be"


class PeriodNeeded(Invalid):
    """A file without days says what it is for; one with days does not."""

    code = "period_unclear"
    title = "The period of the file is not clear"
