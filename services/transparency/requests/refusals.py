"""Refusals about requests, one class a problem code."""

from __future__ import annotations

from collections.abc import Sequence

from services.transparency.obligations.document_rules import WithholdingIncomplete
from services.transparency.obligations.rules import PersonalDetails
from shared.errors import Conflict, Gone, Invalid, Refusal

__all__ = ["PersonalDetails", "WithholdingIncomplete"]


class RequestNotOpen(Conflict):
    code = "request_not_open"
    title = "The request is not waiting for an answer"


class NothingWasAsked(Conflict):
    code = "nothing_was_asked"
    title = "No question about the request is open"


class AlreadyExtended(Conflict):
    code = "already_extended"
    title = "The time for the answer has been extended before"


class ClockRunOut(Conflict):
    code = "clock_run_out"
    title = "The day for the answer is over"


class NotForBalancing(Invalid):
    code = "not_for_balancing"
    title = "Only weighing the public interest extends the time"


class ExtensionTooLong(Invalid):
    code = "extension_too_long"
    title = "The extension is too long"


class RequestNotAnswered(Conflict):
    code = "request_not_answered"
    title = "The request has not been answered"


class ReviewAlreadyAsked(Conflict):
    code = "review_already_asked"
    title = "A review has been asked for before"


class ReviewAskedTooLate(Conflict):
    code = "review_asked_too_late"
    title = "The time to ask for a review is over"


class NoReviewAsked(Conflict):
    code = "no_review_asked"
    title = "Nobody has asked for a review"


class ReviewWithoutResult(Invalid):
    code = "review_without_result"
    title = "The result of the review is not whole"


class OutOfOrder(Invalid):
    code = "step_out_of_order"
    title = "It is earlier than the step before"


class ReceivedInFuture(Invalid):
    code = "received_in_future"
    title = "The day of receipt is in the future"


class ExemptionMissing(Invalid):
    code = "exemption_missing"
    title = "Information is withheld without a ground"


class ExemptionNotNeeded(Invalid):
    code = "exemption_not_needed"
    title = "Nothing is withheld, so no ground is needed"


class ExemptionUnknown(Invalid):
    code = "exemption_unknown"
    title = "There is no such ground to withhold"


class ExemptionRepeated(Invalid):
    code = "exemption_repeated"
    title = "A ground is given twice"


class NothingDisclosed(Invalid):
    code = "nothing_disclosed"
    title = "Nothing is disclosed under this outcome"


class SubjectNeedsClearing(Conflict):
    code = "subject_needs_clearing"
    title = "The subject seems to hold a personal detail"


class NamesRequester(Invalid):
    code = "names_requester"
    title = "A text names the person who asked"


class RequestOpen(Conflict):
    code = "request_open"
    title = "The request is still being answered"


class RequesterErased(Gone):
    code = "requester_erased"
    title = "Who asked has been erased"


class TextNamesRequester(Conflict):
    code = "text_names_requester"
    title = "The letters name the person who asked"


class ReferenceAmbiguous(Conflict):
    code = "reference_ambiguous"
    title = "More than one publisher has a request of this reference"


class NeverWorked(Conflict):
    code = "never_worked"
    title = "Nobody works on this day in any case"


class DayAsDecided(Conflict):
    code = "day_as_decided"
    title = "The list says so already"


def raise_together(refusals: Sequence[Refusal]) -> None:
    """Raise the first with the errors of all, so that they come at once; 422 goes before 409."""
    if not refusals:
        return
    shown = [refusal for refusal in refusals if refusal.status == 422] or list(refusals)
    errors = [error for refusal in shown for error in refusal.errors]
    first = shown[0]
    detail = first.detail if len(errors) == 1 else f"{len(errors)} errors; the first: {first.detail}"
    raise type(first)(detail, errors=errors)
