"""Puts the statement of a year together from what the service's parts know; nothing is decided here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.grants.awards.queries import awards_of, paid_by_award, spent_by_bodies
from services.grants.budget.lines import Line, roll_up
from services.grants.budget.queries import as_typed
from services.grants.certificates.standing import standing_certificate
from services.grants.certificates.tables import Certificate
from services.grants.certificates.wording import WORDINGS
from services.grants.faults import year_of
from services.grants.organisations.queries import slugs_of
from services.grants.periods.queries import ledger_sums
from services.grants.queries import budget_as_at, budget_lines, latest_outturn, names_on, outturn_lines, parties
from services.grants.rules import underspend
from services.grants.tables import Agreement, Outturn
from services.grants.underspend.queries import following_years, treatments
from services.grants.usage_statement import shapes
from services.grants.usage_statement.comparing import outturn_less_ledger
from services.grants.usage_statement.queries import (
    declared_uses,
    held_undecided,
    use_awaiting,
    use_decisions,
    vat_treatment,
)
from services.grants.usage_statement.rounding import rounding_note
from services.grants.use_rules.queries import private_subjects, public_money_declarations
from shared.events.base import canonical_json
from shared.money import percent, thousands

NET_TEXT = "Costs are net of recoverable VAT; VAT that cannot be recovered is part of them."
GROSS_TEXT = "Some costs include VAT that could not be separated; the others are net of recoverable VAT."


async def usage_statement(
    session: AsyncSession, agreement: Agreement, today: date, *, sees_names: bool
) -> shapes.UsageStatement:
    """The statement of a year as it stands now, with the certificate that covers it (G-39).

    Who does not see names of private payees does not see why their payments were decided on either.
    """
    certificate = await standing_certificate(session, agreement.id)
    as_of = certificate.signed_on if certificate is not None and certificate.signed_on is not None else today
    certified = await certified_figures(session, agreement, as_of)
    outturn = certified.outturn
    dumped = [line.model_dump() for line in certified.lines]
    treated = [row for row in await treatments(session, agreement.id) if row.state != "withdrawn"]
    years = await following_years(session, agreement.id)
    left_pence = outturn.underspend_pence if outturn is not None else None
    declared = await public_money_declarations(session, agreement.id)
    return shapes.UsageStatement(
        **{name: getattr(certified, name) for name in shapes.Certified.model_fields if name != "use"},
        use=certified.use if sees_names else await _without_private_reasons(session, certified.use),
        as_of=as_of,
        parties=await parties_on(session, agreement.id, as_of),
        outturn_in_thousands=None
        if outturn is None
        else shapes.OutturnInThousands(
            grant=thousands(outturn.grant_pence),
            spend=thousands(outturn.spend_pence),
            own_funds=thousands(outturn.own_funds_pence),
            underspend=thousands(outturn.underspend_pence),
        ),
        outturn_less_ledger_pence=outturn_less_ledger(
            None if outturn is None else outturn.spend_pence, dumped, certified.without_line_pence
        ),
        underspend=shapes.StatedUnderspend(
            underspend_pence=left_pence,
            undecided_pence=None if left_pence is None else left_pence - sum(row.amount_pence for row in treated),
            treatments=[
                shapes.StatedTreatment(
                    **row.model_dump(include=set(shapes.StatedTreatment.model_fields)),
                    following_year=years.get(row.id),
                )
                for row in treated
            ],
        ),
        public_money=shapes.StatedPublicMoney.model_validate(declared[-1]) if declared else None,
        certificate=None if certificate is None else _signature(certificate, certified),
        note=rounding_note(dumped),
    )


async def _without_private_reasons(session: AsyncSession, use: shapes.StatedUses) -> shapes.StatedUses:
    """A person may be named in the reason that another gave for a decision on a payment to them."""
    private = await private_subjects(session, [one.subject_id for one in use.decisions])
    withheld = {"reason": None, "decided_by": None}
    decisions = [one.model_copy(update=withheld) if one.subject_id in private else one for one in use.decisions]
    return use.model_copy(update={"decisions": decisions})


async def parties_on(session: AsyncSession, agreement_id: UUID, day: date) -> list[shapes.StatedParty]:
    """The agreement's parties under their names of a day (G-5)."""
    rows = await parties(session, agreement_id)
    names = await names_on(session, [organisation.id for _, organisation in rows], day)
    return [
        shapes.StatedParty(role=party.role, organisation=body.slug, name=names[body.id].name) for party, body in rows
    ]


def fingerprint(figures: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON of a certificate's figures (G-37)."""
    return hashlib.sha256(canonical_json(figures)).hexdigest()


async def certified_figures(session: AsyncSession, agreement: Agreement, as_of: date) -> shapes.Certified:
    """What a certificate of the year would cover now; names are those of `as_of` and are not certified."""
    outturn = await latest_outturn(session, agreement.id)
    version, lines, without_line_pence = await _lines(session, agreement, outturn)
    vat = await vat_treatment(session, agreement.id)
    declared, undeclared = await declared_uses(session, agreement.id)
    return shapes.Certified(
        agreement=shapes.StatedAgreement.model_validate(agreement),
        budget_version=version,
        lines=lines,
        without_line_pence=without_line_pence,
        vat=shapes.VatBasis(
            gross_used=vat.gross_entries > 0,
            text=GROSS_TEXT if vat.gross_entries else NET_TEXT,
            net_entries=vat.net_entries,
            gross_entries=vat.gross_entries,
            gross_pence=vat.gross_pence,
            recoverable_vat_pence=vat.recoverable_vat_pence,
            irrecoverable_vat_pence=vat.irrecoverable_vat_pence,
        ),
        use=shapes.StatedUses(
            declared=[shapes.StatedUse.model_validate(one) for one in declared],
            undeclared=[shapes.StatedUndeclared.model_validate(one) for one in undeclared],
            decisions=[shapes.StatedDecision.model_validate(one) for one in await use_decisions(session, agreement.id)],
            awaiting_decision=await use_awaiting(session, agreement.id, await held_undecided(session, agreement.id)),
        ),
        pass_through=await _bodies(session, agreement.id, as_of),
        outturn=None if outturn is None else _outturn(outturn),
    )


async def _lines(
    session: AsyncSession, agreement: Agreement, outturn: Outturn | None
) -> tuple[int | None, list[shapes.StatedLine], int]:
    """(Budget version at the year's end, its lines with budget and spend, ledger on codes it does not have)."""
    year = year_of(agreement.year)
    ledger = (await ledger_sums(session, agreement.id, year.quarters[3])).year_to_date_pence
    version = await budget_as_at(session, agreement.id, year.end)
    if version is None:
        return None, [], sum(ledger.values())
    lines = as_typed(await budget_lines(session, version.id))
    budget = roll_up(lines, {line.code: line.amount_pence or 0 for line in lines})
    spent = roll_up(lines, ledger)
    stated = {row.code: row.spend_pence for row in await outturn_lines(session, outturn.id)} if outturn else {}
    reported = roll_up(lines, stated) if stated else _total_alone(lines, outturn)
    return (
        version.number,
        # One basis for the whole column: budget less outturn on some lines and less ledger on others would not add up.
        [
            _line(line, budget[line.code], reported.get(line.code), spent[line.code], by_outturn=bool(stated))
            for line in lines
        ],
        sum(pence for code, pence in ledger.items() if code not in budget),
    )


def _total_alone(lines: Sequence[Line], outturn: Outturn | None) -> dict[str, int]:
    """The outturn of the total, where it is known of the whole year only."""
    return {line.code: outturn.spend_pence for line in lines if outturn is not None and line.kind == "total"}


def _line(
    line: Line, budget_pence: int, outturn_pence: int | None, ledger_pence: int, *, by_outturn: bool
) -> shapes.StatedLine:
    variance_pence = budget_pence - (outturn_pence if by_outturn and outturn_pence is not None else ledger_pence)
    return shapes.StatedLine(
        code=line.code,
        name=line.name,
        parent_code=line.parent_code,
        kind=line.kind,
        budget_pence=budget_pence,
        outturn_pence=outturn_pence,
        ledger_pence=ledger_pence,
        variance_pence=variance_pence,
        in_thousands=shapes.LineInThousands(
            budget=thousands(budget_pence),
            outturn=None if outturn_pence is None else thousands(outturn_pence),
            ledger=thousands(ledger_pence),
            variance=thousands(variance_pence),
        ),
    )


async def _bodies(session: AsyncSession, agreement_id: UUID, as_of: date) -> list[shapes.StatedBody]:
    awards = await awards_of(session, agreement_id)
    paid = await paid_by_award(session, [award.id for award in awards])
    spent = await spent_by_bodies(session, agreement_id)
    ids = sorted({award.organisation_id for award in awards}, key=str)
    names = await names_on(session, ids, as_of)
    slugs = await slugs_of(session, ids)
    bodies = []
    for body in ids:
        theirs = [award for award in awards if award.organisation_id == body]
        bodies.append(
            shapes.StatedBody(
                organisation=slugs[body],
                name=names[body].name,
                line_codes=sorted({award.line_code for award in theirs}),
                awards=len(theirs),
                awarded_pence=sum(award.amount_pence for award in theirs),
                paid_pence=sum(paid.get(award.id, 0) for award in theirs),
                spent_pence=sum(pence for (organisation, _), pence in spent.items() if organisation == body),
            )
        )
    return sorted(bodies, key=lambda body: body.organisation)


def _outturn(outturn: Outturn) -> shapes.StatedOutturn:
    left_pence = underspend(outturn.grant_pence, outturn.spend_pence)
    return shapes.StatedOutturn(
        **outturn.model_dump(include=set(shapes.StatedOutturn.model_fields)),
        underspend_pence=left_pence,
        underspend_percent=percent(left_pence, outturn.grant_pence),
    )


def _signature(certificate: Certificate, certified: shapes.Certified) -> shapes.StatedSignature:
    return shapes.StatedSignature(
        certificate_id=certificate.id,
        figures_match=fingerprint(certified.figures()) == certificate.figures_sha256,
        wording=WORDINGS[certificate.wording_version],
        **certificate.model_dump(
            include={
                *("number", "state", "wording_version", "figures_sha256"),
                *("signatory_name", "signatory_role", "signed_on"),
            }
        ),
    )
