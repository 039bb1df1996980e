"""Refusals of redactions, one class a problem code."""

from __future__ import annotations

from shared.errors import Conflict, Invalid, NotAllowed


class WithholdingIncomplete(Invalid):
    code = "withholding_incomplete"
    title = "What withholding needs has not been stated"


class ReasonUnknown(Invalid):
    code = "reason_unknown"
    title = "There is no such reason for withholding"


class ReasonAutomatic(Invalid):
    code = "reason_automatic"
    title = "This reason is applied by rule"


class ReasonElsewhere(Invalid):
    code = "reason_not_for_target"
    title = "This reason is not for what is to be withheld"


class EffectDiffers(Invalid):
    code = "effect_differs"
    title = "Reason and effect do not go together"


class FieldsDiffer(Invalid):
    code = "field_not_withheld"
    title = "This text is not withheld"


class ExemptionDiffers(Invalid):
    code = "exemption_differs"
    title = "The reason rests on another exemption"


class TargetUnknown(Invalid):
    code = "target_unknown"
    title = "The publisher has nothing of this id"


class PayeeUnknown(Invalid):
    code = "payee_unknown"
    title = "The payee's other rows are not known"


class SupplierNamed(Conflict):
    code = "supplier_named"
    title = "Suppliers and sole traders are named"


class HiddenByRule(Conflict):
    code = "hidden_by_rule"
    title = "The payee is hidden already"


class RedactionThere(Conflict):
    code = "redaction_exists"
    title = "The same is proposed or in force already"


class RedactionDecided(Conflict):
    code = "redaction_decided"
    title = "The proposal has been decided"


class RedactionNotInForce(Conflict):
    code = "redaction_not_in_force"
    title = "The redaction is not in force"


class ReviewNotDue(Conflict):
    code = "review_not_due"
    title = "The review is not due yet"


class OtherRoleDecides(NotAllowed):
    code = "other_role_decides"
    title = "Another role decides this reason"


FAULTS: dict[str, type[Invalid]] = {
    refusal.code: refusal
    for refusal in (
        WithholdingIncomplete,
        ReasonUnknown,
        ReasonAutomatic,
        ReasonElsewhere,
        EffectDiffers,
        FieldsDiffer,
        ExemptionDiffers,
        TargetUnknown,
        PayeeUnknown,
    )
}
"""What may be wrong with a proposal, the gravest first; several are told at once."""
