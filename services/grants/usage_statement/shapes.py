"""What the statement of grant usage shows, and which of it a certificate covers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from services.grants.budget.lines import Kind
from shared.http import Shape


class StatedAgreement(Shape):
    id: UUID
    year: str
    funding_basis: str
    grant_pence: int
    territory: str
    in_force_from: date
    in_force_to: date
    guidance_edition: str | None
    ggis_reference: str | None
    senior_responsible_name: str
    state: str


class StatedParty(Shape):
    role: str
    organisation: str = Field(description="Slug.")
    name: str = Field(description="Its name on the statement's day (G-5).")


class LineInThousands(Shape):
    """Each rounded from its own pence, half away from zero, negatives in brackets (G-40); null where not known."""

    budget: str | None
    outturn: str | None
    ledger: str
    variance: str | None


class StatedLine(Shape):
    code: str
    name: str
    parent_code: str | None
    kind: Kind
    budget_pence: int | None = Field(description="Of the budget in effect at the year's end.")
    outturn_pence: int | None = Field(description="By the latest outturn; null where it gives no lines, never zero.")
    ledger_pence: int = Field(description="Eligible cost of the year in the ledger, accruals (G-26).")
    variance_pence: int | None = Field(
        description="Budget less outturn; where the outturn has no lines, budget less ledger throughout."
    )
    in_thousands: LineInThousands


class VatBasis(Shape):
    """How amounts treat VAT: eligible cost is net and irrecoverable VAT; recoverable VAT never counts (G-27)."""

    gross_used: bool = Field(description="Some amounts hold VAT that could not be separated.")
    text: str
    net_entries: int
    gross_entries: int
    gross_pence: int
    recoverable_vat_pence: int
    irrecoverable_vat_pence: int


class StatedUse(Shape):
    codes: list[str] = Field(description="Codes of denied uses that entries declare; empty: none declared.")
    exception: str | None
    outcome: str
    entries: int
    spend_pence: int


class StatedUndeclared(Shape):
    organisation: str
    source: str
    quarter: str
    entries: int
    spend_pence: int


class StatedDecision(Shape):
    subject_kind: str
    subject_id: UUID
    codes: list[str] | None
    exception: str | None
    rule_code: str
    paragraph: str
    outcome: str
    reason: str | None = Field(description="Left out for private payees unless the token is of finance.")
    decided_by: str | None = Field(description="As the reason.")
    decided_at: datetime


class StatedUses(Shape):
    declared: list[StatedUse]
    undeclared: list[StatedUndeclared]
    decisions: list[StatedDecision]
    awaiting_decision: int = Field(description="Held lines, entries and awards whose use awaits a decision.")


class StatedBody(Shape):
    """A body that received pass-through, with all its awards of the year."""

    organisation: str
    name: str
    line_codes: list[str]
    awards: int
    awarded_pence: int
    paid_pence: int
    spent_pence: int = Field(description="What the body's own ledger holds for the agreement.")


class StatedOutturn(Shape):
    id: UUID
    number: int
    state: str
    as_at: date
    grant_pence: int
    spend_pence: int
    own_funds_pence: int
    underspend_pence: int
    underspend_percent: str | None
    auditor: str | None
    accounts_reference: str | None
    audited_on: date | None


class OutturnInThousands(Shape):
    """Each rounded from its own pence (G-40)."""

    grant: str
    spend: str
    own_funds: str
    underspend: str


class StatedTreatment(Shape):
    treatment: str
    amount_pence: int
    state: str
    following_year: str | None
    approved_by: str | None
    approval_reference: str | None
    decided_on: date


class StatedUnderspend(Shape):
    underspend_pence: int | None
    undecided_pence: int | None
    treatments: list[StatedTreatment] = Field(description="Those that stand; withdrawn ones are left out.")


class StatedPublicMoney(Shape):
    """The year's declaration that use followed the principles for public money (G-21)."""

    edition: str
    principles: list[str]
    statement: str
    signatory_name: str
    signatory_role: str
    declared_on: date


class StatedSignature(Shape):
    """The certificate that stands for the year, as far as it got."""

    certificate_id: UUID
    number: int
    state: str
    wording_version: str
    wording: str
    figures_sha256: str
    figures_match: bool = Field(description="Whether today's figures are still those of the certificate.")
    signatory_name: str | None
    signatory_role: str | None
    signed_on: date | None


class Certified(Shape):
    """The figures that a certificate covers: their canonical JSON is what its fingerprint is taken of (G-37)."""

    agreement: StatedAgreement
    budget_version: int | None
    lines: list[StatedLine]
    without_line_pence: int = Field(description="Ledger on codes that the budget does not have.")
    vat: VatBasis
    use: StatedUses
    pass_through: list[StatedBody]
    outturn: StatedOutturn | None

    def figures(self) -> dict[str, Any]:
        """As kept and compared: no names or reasons, not the state that moves on, nothing that follows from pence."""
        return self.model_dump(
            mode="json",
            include=set(Certified.model_fields),
            exclude={
                "agreement": {"state", "senior_responsible_name", "ggis_reference"},
                "lines": {"__all__": {"in_thousands"}},
                "use": {"decisions": {"__all__": {"reason", "decided_by"}}},
                "pass_through": {"__all__": {"name"}},
            },
        )


class UsageStatement(Certified):
    as_of: date = Field(description="Day of the signature; before that, today.")
    parties: list[StatedParty]
    outturn_in_thousands: OutturnInThousands | None
    outturn_less_ledger_pence: int | None = Field(
        description="Spend of the outturn less the whole ledger of the year; null without an outturn."
    )
    underspend: StatedUnderspend
    public_money: StatedPublicMoney | None
    certificate: StatedSignature | None
    note: str | None = Field(description="Said where figures in thousands do not add up; none is adjusted (G-40).")
