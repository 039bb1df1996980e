"""Why what a variation says may not take effect: the refusals."""

from __future__ import annotations

from shared.errors import Conflict, Invalid


class AgreementNotSigned(Conflict):
    code = "not_signed"
    title = "The agreement is not signed"


class OutsideYear(Conflict):
    code = "outside_year"
    title = "The day is not in the agreement's year"


class PeriodReported(Conflict):
    """Reports that were submitted keep the budget they were written on (G-16)."""

    code = "period_reported"
    title = "The period's report has been submitted"


class EarlierThanBudget(Conflict):
    code = "earlier_than_budget"
    title = "A later budget stands"


class EarlierThanTerm(Conflict):
    """What holds from a later day on would undo it there (G-16)."""

    code = "earlier_than_term"
    title = "A later change of it stands"


class LineBelowAwards(Conflict):
    """Awards stay within their line (G-23)."""

    code = "line_below_awards"
    title = "More is awarded than would be left"


class BudgetMovedOn(Conflict):
    """What was proposed says what all lines hold, or the grant: agreed now it would undo what was agreed since."""

    code = "budget_moved_on"
    title = "The budget has moved on since it was proposed"


class GrantBelowReceived(Conflict):
    """What is received never exceeds the grant less what is netted off (G-24, G-36)."""

    code = "grant_below_received"
    title = "More has been received than the grant would be"


class NotOfThisKind(Invalid):
    code = "not_of_this_kind"
    title = "A variation of this kind does not change that"


class ContentMissing(Invalid):
    code = "content_missing"
    title = "The variation does not say what it changes"


class NothingChanges(Invalid):
    code = "nothing_changes"
    title = "It stands so already"
