"""Refusals of what is posted by hand."""

from __future__ import annotations

from shared.errors import Conflict, Invalid


class VatInconsistent(Conflict):
    """Net, VAT and gross contradict each other (G-27)."""

    code = "vat_inconsistent"
    title = "Net and VAT do not make gross"


class CorrectionWithoutOrigin(Conflict):
    """A negative amount entered by hand names what it corrects (G-28)."""

    code = "correction_without_origin"
    title = "The entry that it corrects is not named"


class FutureDay(Conflict):
    """No actual lies in the future (G-32)."""

    code = "future_actual"
    title = "The day lies in the future"


class NoPartInAgreement(Conflict):
    """An agreement is spent by its recipient, and by the bodies that grant is passed to (G-22, G-28a)."""

    code = "no_part_in_agreement"
    title = "The organisation has no part in the agreement"


class PayeeUnnamed(Invalid):
    code = "party_name_missing"
    title = "A payee of this kind has a name"


class NegativeKind(Conflict):
    code = "negative_kind"
    title = "An entry of this kind is not negative"


class OutsideAgreementYear(Conflict):
    """An agreement covers one year (G-4)."""

    code = "outside_agreement_year"
    title = "The cost lies outside the agreement's year"


class QuarterDiffers(Conflict):
    """The period follows the service date (G-26)."""

    code = "quarter_differs"
    title = "The quarter does not follow from the date"


class NotReversible(Conflict):
    code = "not_reversible"
    title = "A reversal is not reversed"


class AlreadyReversed(Conflict):
    """An entry is reversed exactly once (G-28)."""

    code = "already_reversed"
    title = "The entry was reversed before"


class Superseded(Conflict):
    code = "superseded"
    title = "Another entry of the chain stands"


class NothingChanges(Conflict):
    code = "nothing_changes"
    title = "The correction changes nothing"
