"""What a person can do with payments: plan, request, approve an excess, note what moved, note a refusal."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date

from pydantic_core import to_jsonable_python

from services.grants.awards.commands import award_standing
from services.grants.awards.queries import load_award
from services.grants.commands import load_agreement_to_change
from services.grants.faults import not_after, quarter_in_body, year_of
from services.grants.forecasts.queries import forecast_of_quarter
from services.grants.payments import rules
from services.grants.payments.queries import load_payment, parts_of, payments_of, receivable, received_pence
from services.grants.payments.tables import Payment, PaymentPart
from services.grants.periods.queries import ledger_cells
from services.grants.rules import AgreementNotSigned
from services.grants.tables import Agreement
from shared.errors import Invalid, NotFound
from shared.periods import FinancialYear, Quarter, end_of_day, london_date
from shared.work import Work, four_eyes


async def plan_payment(
    work: Work,
    agreement_key: str,
    *,
    direction: str,
    basis: rules.Basis,
    requested_pence: int,
    due_on: date | None,
    award_key: str | None,
) -> Payment:
    """Plan a payment in, or out to an award (G-23, G-24)."""
    agreement = await load_agreement_to_change(work, agreement_key)
    award = None
    if award_key is not None and direction == "out":
        try:
            award = await load_award(work.session, agreement.id, award_key)
        except NotFound as missing:
            raise rules.UnknownAward("Name an award of this agreement.", pointer="/award") from missing
    planned = 0
    if award is not None:
        of_award = await payments_of(work.session, agreement.id, award_id=award.id)
        planned = sum(payment.requested_pence for payment in of_award if payment.state != "withdrawn")
    standing = await award_standing(work, award) if award is not None else None
    if award_key is not None and direction == "in":
        raise rules.AwardNamedWrongly("Leave the award out of a payment in.", pointer="/award")
    rules.plan_payment(direction, standing, planned, requested_pence)
    if award is None:
        rules.plan_receipt(requested_pence, await receivable(work.session, agreement))
    payment = Payment(
        id=work.new_id(),
        agreement_id=agreement.id,
        direction=direction,
        award_id=award.id if award is not None else None,
        basis=basis,
        state="planned",
        requested_pence=requested_pence,
        due_on=due_on,
        created_at=work.now,
        modified_at=work.now,
        created_by=work.actor.sub,
    )
    work.session.add(payment)
    work.audit("plan_payment", payment.id, after={"direction": direction, "requested_pence": requested_pence})
    return payment


async def change_payment(
    work: Work, agreement_key: str, payment_key: str, *, basis: rules.Basis | None, due_on: date | None
) -> Payment:
    """Name the basis once it is known, or move the day a payment is due; its amount stays (G-24)."""
    agreement = await load_agreement_to_change(work, agreement_key)
    payment = await load_payment(work.session, agreement.id, payment_key)
    work.if_match(payment.version, f"{work.base_url}/v1/agreements/{agreement.id}/payments/{payment.id}")
    before = {"basis": payment.basis, "due_on": payment.due_on}
    payment.basis = basis or payment.basis
    payment.due_on = due_on or payment.due_on
    _touch(work, payment)
    work.audit("change_payment", payment.id, before=before, after={"basis": payment.basis, "due_on": payment.due_on})
    return payment


async def request_payment(
    work: Work, agreement_key: str, payment_key: str, *, requested_on: date | None, forecast_quarter: str | None
) -> Payment:
    """Ask the department for a planned payment, with the need test as it stands on that day (G-24, G-25)."""
    agreement = await load_agreement_to_change(work, agreement_key)
    payment = await load_payment(work.session, agreement.id, payment_key)
    today = london_date(work.now)
    day = requested_on or today
    not_after(day, today, "/requested_on")
    if agreement.state == "draft":
        raise AgreementNotSigned("Both parties sign before grant is asked for; note the signatures first.")
    rules.request_payment(
        payment.state, payment.direction, payment.requested_pence, await receivable(work.session, agreement)
    )
    terms = await _need(work, agreement, payment.requested_pence, day, forecast_quarter)
    payment.state = "requested"
    payment.requested_on = day
    payment.requested_by = work.actor.sub
    payment.need_check = to_jsonable_python(asdict(terms))
    _touch(work, payment)
    work.audit("request_payment", payment.id, after={"need_check": payment.need_check})
    return payment


async def approve_excess(work: Work, agreement_key: str, payment_key: str, reason: str) -> Payment:
    """The chief finance officer's reason for money that the need test does not bear out (G-25)."""
    agreement = await load_agreement_to_change(work, agreement_key)
    payment = await load_payment(work.session, agreement.id, payment_key)
    result = payment.need_check["result"] if payment.need_check else None
    rules.approve_excess(payment.state, result, payment.excess_reason is not None)
    four_eyes(work.actor, payment.requested_by or "")
    payment.excess_reason = reason
    payment.excess_approved_by = work.actor.sub
    payment.excess_approved_at = work.now
    _touch(work, payment)
    work.audit("approve_excess", payment.id, after={"result": result}, reason=reason)
    return payment


async def note_part(
    work: Work, agreement_key: str, payment_key: str, part: rules.Part, reference: str | None
) -> Payment:
    """Note money that moved on a day: in from the department, or out to the body of an award (G-22 to G-25)."""
    agreement = await load_agreement_to_change(work, agreement_key)
    payment = await load_payment(work.session, agreement.id, payment_key)
    moved = (await parts_of(work.session, [payment.id])).get(payment.id, [])
    check = payment.need_check or {}
    position = rules.PartPosition(
        state=payment.state,
        requested_pence=payment.requested_pence,
        moved_pence=sum(each.paid_pence for each in moved),
        result=check.get("result"),
        excess_pence=check.get("excess_pence"),
        excess_approved=payment.excess_reason is not None,
    )
    today = london_date(work.now)
    before = payment.state
    if payment.award_id is None:
        payment.state = rules.receive_part(position, part, await receivable(work.session, agreement), today=today)
    else:
        award = await load_award(work.session, agreement.id, str(payment.award_id))
        standing = await award_standing(work, award)
        payment.state = rules.pay_part(position, part, standing, awarded_on=award.awarded_on, today=today)
    work.session.add(
        PaymentPart(
            payment_id=payment.id,
            number=len(moved) + 1,
            paid_on=part.paid_on,
            paid_pence=part.paid_pence,
            reference=reference,
            reason=part.reason,
            recorded_at=work.now,
            created_by=work.actor.sub,
        )
    )
    _touch(work, payment)
    work.audit(
        "note_payment_part",
        payment.id,
        before={"state": before},
        after={"state": payment.state, "paid_on": part.paid_on, "paid_pence": part.paid_pence},
        reason=part.reason,
    )
    return payment


async def refuse_payment(
    work: Work, agreement_key: str, payment_key: str, *, reason: str, refused_by: str, reference: str, refused_on: date
) -> Payment:
    """Note that the department refused a request: who, when, under which reference and why."""
    agreement = await load_agreement_to_change(work, agreement_key)
    payment = await load_payment(work.session, agreement.id, payment_key)
    moved = (await parts_of(work.session, [payment.id])).get(payment.id, [])
    moved_pence = sum(part.paid_pence for part in moved)
    rules.refuse_payment(payment.state, moved_pence, refused_on, today=london_date(work.now))
    payment.state = "refused"
    payment.refusal_reason = reason
    payment.refusal_reference = reference
    payment.refused_by_name = refused_by
    payment.refused_on = refused_on
    _touch(work, payment)
    work.audit("refuse_payment", payment.id, after={"reference": reference}, reason=reason)
    return payment


async def withdraw_payment(work: Work, agreement_key: str, payment_key: str, reason: str) -> Payment:
    """Take back a payment that was planned or requested, before anything of it has moved."""
    agreement = await load_agreement_to_change(work, agreement_key)
    payment = await load_payment(work.session, agreement.id, payment_key)
    moved = (await parts_of(work.session, [payment.id])).get(payment.id, [])
    rules.withdraw_payment(payment.state, sum(part.paid_pence for part in moved))
    before, payment.state = payment.state, "withdrawn"
    payment.withdrawal_reason = reason
    _touch(work, payment)
    work.audit("withdraw_payment", payment.id, before={"state": before}, after={"state": "withdrawn"}, reason=reason)
    return payment


async def _need(
    work: Work, agreement: Agreement, asked_pence: int, day: date, forecast_quarter: str | None
) -> rules.NeedTerms:
    """The need test on a day, with the forecast that stood then: of the quarter after it, unless one is named."""
    year = year_of(agreement.year)
    quarter = _quarter_within(year, day)
    if forecast_quarter is not None:
        coming: Quarter | None = quarter_in_body(forecast_quarter, year, "/forecast_quarter")
    elif day < year.start:
        coming = year.quarters[0]
    elif quarter.number < 4:
        coming = year.quarters[quarter.number]
    else:
        coming = None
    if coming is not None and coming < quarter:
        raise Invalid("Name the quarter that the money is for, not one that is over.", pointer="/forecast_quarter")
    stood = end_of_day(day)
    forecast = None
    if coming is not None:
        forecast = await forecast_of_quarter(work.session, agreement.id, coming, as_at=stood)
    spent = await ledger_cells(work.session, agreement.id, until=day)
    return rules.need_test(
        requested_on=day,
        forecast_quarter=coming.slug if coming is not None else year.next().quarters[0].slug,
        received_pence=await received_pence(work.session, agreement.id, as_at=day),
        accrued_pence=sum(cell.pence for cell in spent if cell.own),
        forecast_pence=None if forecast is None else sum(forecast.values()),
        asked_pence=asked_pence,
    )


def _quarter_within(year: FinancialYear, day: date) -> Quarter:
    """The quarter of a day; the year's first or last for days before and after it."""
    return Quarter.of(min(max(day, year.start), year.end))


def _touch(work: Work, payment: Payment) -> None:
    payment.version += 1
    payment.modified_at = work.now
