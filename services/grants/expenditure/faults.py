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


class DaysInAnotherOrder(Invalid):
    """The days of a file fit another order of day and month better than the profile's, and some fit both."""

    code = "days_in_another_order"
    title = "The days of the file are in another order than the profile's"


class DaysNotInFile(Invalid):
    """A file whose lines do not lie in the days that it was said to cover (T-51)."""

    code = "days_not_in_file"
    title = "The file does not hold the days it was said to cover"


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
