"""Facts of the grants service: who the parties are, what was agreed, what was spent."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.events.base import Event
from shared.values import (
    AmountBasis,
    Card,
    DateBasis,
    LineKind,
    MethodologyScope,
    Month,
    OutturnState,
    PartyKind,
    Pence,
    QuarterSlug,
    Slug,
    YearLabel,
)

MAX_LINES_PER_EVENT = 500
MAX_BYTES_PER_EVENT = 256 * 1024


class Part(BaseModel):
    """A piece of an event's payload."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class OrganisationIdentifier(Part):
    scheme: str = Field(description="Register, such as `GB-COH` or `GSS`.", max_length=40)
    id: str = Field(description="Identifier in that register, text with leading zeros kept.", max_length=80)


class OrganisationRegistered(Event, owner="grants", key="organisation_id"):
    """An organisation was registered, or its name, identifiers or publishing duty changed."""

    organisation_id: UUID = Field(description="The organisation, as `OrganisationRegistered` names it.")
    version: int = Field(ge=1, description="Version of the organisation; readers ignore an older one.")
    slug: Slug = Field(description="Stable name in addresses.")
    name: str = Field(description="Name in force from `name_since`.")
    name_since: date | None = Field(default=None, description="Day from which the name is in force (G-5).")
    identifiers: tuple[OrganisationIdentifier, ...] = Field(
        default=(), description="Its identifiers in public registers."
    )
    is_publisher: bool = Field(description="Publishes spend and other datasets under its own slug.")
    methodology_scope: MethodologyScope = Field(description="Which of its lines it publishes (T-1).")


class AgreementParty(Part):
    role: Literal["funder", "recipient", "lead_parent"] = Field(description="Role in the agreement.")
    organisation_id: UUID = Field(description="The organisation.")
    name: str = Field(description="Name on the date of the agreement (G-5).")


class AgreementSigned(Event, owner="grants", key="agreement_id"):
    """The second signature stands under an agreement for one financial year."""

    agreement_id: UUID = Field(description="The agreement.")
    version: int = Field(ge=1, description="Version of the agreement.")
    year: YearLabel
    parties: tuple[AgreementParty, ...] = Field(description="Who stands in which role.")
    grant_pence: Pence = Field(description="Grant for the year.")
    in_force_from: date = Field(description="First day in force.")
    in_force_to: date = Field(description="Last day in force.")
    review_by: date | None = Field(
        default=None, description="Day by which allocation and activities are reviewed (G-17)."
    )
    signed_on: tuple[date, ...] = Field(description="Days of both signatures, in order.")


class AgreedChange(Part):
    what: str | None = Field(default=None, description="Clause or term that changes, such as `grant_pence`.")
    deliverable: str | None = Field(default=None, description="Reference of the deliverable, where it is one.")
    before: str | None = Field(default=None, description="As it was; money in pence, days as ISO dates.")
    after: str | None = Field(default=None, description="As it is from effective_from on; null where it is dropped.")


class AgreementVaried(Event, owner="grants", key="agreement_id"):
    """A variation of an agreement was agreed by both parties and takes effect on a stated day (G-16)."""

    agreement_id: UUID = Field(description="The agreement.")
    version: int = Field(ge=1, description="Version of the aggregate; readers ignore an older one.")
    variation_id: UUID = Field(description="The variation.")
    kind: Literal["allocation", "target", "scope", "deadline", "drop"] = Field(
        description="What the variation changes."
    )
    effective_from: date = Field(description="First day it takes effect.")
    reference: str = Field(description="The department's reference for its agreement.")
    year: YearLabel | None = Field(default=None, description="Financial year of the agreement.")
    parties: tuple[AgreementParty, ...] = Field(
        default=(), description="Who stands in which role, by the names of the day it was agreed (G-5)."
    )
    grant_pence: Pence | None = Field(default=None, description="Grant for the year from effective_from on.")
    in_force_from: date | None = Field(default=None, description="First day in force.")
    in_force_to: date | None = Field(default=None, description="Last day in force, with the variation.")
    review_by: date | None = Field(default=None, description="Day of the review, with the variation (G-17).")
    changes: tuple[AgreedChange, ...] = Field(
        default=(), description="What changed apart from the budget, of which BudgetSet tells."
    )


class BudgetLine(Part):
    code: str = Field(description="Code of the line within the agreement.")
    name: str = Field(description="Name as printed in the annex.")
    parent_code: str | None = Field(default=None, description="Heading it belongs to; explicit, never inferred (G-7).")
    kind: Literal["leaf", "pass_through", "unallocated"] = Field(
        description="A leaf is spent by the recipient, a pass-through by another body."
    )
    amount_pence: Pence = Field(description="Indicative amount for the year.")


class BudgetSet(Event, owner="grants", key="agreement_id"):
    """A version of the indicative budget took effect; only lines that carry money are listed (G-8)."""

    agreement_id: UUID = Field(description="The agreement.")
    version: int = Field(ge=1, description="Number of the budget version.")
    year: YearLabel
    effective_from: date = Field(description="First day it takes effect.")
    lines: tuple[BudgetLine, ...] = Field(description="The lines that carry money.")


class PassThroughAwarded(Event, owner="grants", key="award_id"):
    """Part of the grant was awarded to another body, which then carries the same duties (G-22)."""

    award_id: UUID = Field(description="The award.")
    version: int = Field(ge=1, description="Version of the award.")
    agreement_id: UUID = Field(description="The agreement.")
    year: YearLabel
    organisation_id: UUID = Field(description="The body that receives it.")
    line_code: str = Field(description="Code of the carrying budget line.")
    amount_pence: Pence
    awarded_on: date = Field(description="Day of the award.")


class LedgerParty(Part):
    """Payee of a line. The name is left out unless it is public anyway."""

    key: str | None = Field(default=None, description="Opaque key of the payee within the organisation.")
    kind: PartyKind = Field(description="What the payee is.")
    name: str | None = Field(default=None, description="Name, only of a payee that is public anyway.")
    company_number: str | None = Field(default=None, description="Companies House number.")
    charity_number: str | None = Field(default=None, description="Charity Commission number.")
    vcse: bool | None = Field(
        default=None, description="A voluntary, community or social enterprise; null where not known."
    )


class LedgerLine(Part):
    """One ledger entry as it crosses; `domain/grants.md`, ledger_entry."""

    entry_id: UUID = Field(description="The ledger entry.")
    line_key: str = Field(description="Identity of the line within organisation and source.")
    item_id: str = Field(
        description="Invoice or credit note it belongs to, opaque, stable within organisation and source."
    )
    line_no: int = Field(ge=1, description="Position within the item.")
    kind: LineKind = Field(description="What the line is, such as an invoice or a reversal.")
    ledger_class: str | None = Field(
        default=None, description="Class that decides exclusion, such as `salary` or `income`."
    )
    party: LedgerParty = Field(description="Payee.")
    unit: str | None = Field(default=None, description="Part of the organisation that spent.")
    category: str | None = Field(default=None, description="What was bought, in the source's own words.")
    purpose: str | None = Field(default=None, description="What for, where the source says so.")
    card: Card = Field(default=Card.NONE, description="Kind of payment card, if any.")
    contract_ref: str | None = Field(default=None, description="Contract it was paid under.")
    service_date: date | None = Field(default=None, description="Day of the service; decides the year.")
    invoice_date: date | None = Field(default=None, description="Date of the invoice.")
    payment_date: date = Field(description="Day of payment.")
    date_basis: DateBasis = Field(description="Which of the ledger's dates stands in `payment_date`.")
    net_pence: Pence = Field(description="Amount without VAT, or the gross where it cannot be separated.")
    vat_pence: Pence | None = Field(default=None, description="VAT; null where not known.")
    recoverable_vat_pence: Pence | None = Field(
        default=None, description="VAT that is reclaimed; null where not known."
    )
    irrecoverable_vat_pence: Pence | None = Field(default=None, description="Unknown is null, none is 0.")
    amount_basis: AmountBasis = Field(
        description="`gross` where the VAT cannot be separated; net_pence then holds the gross."
    )
    eligible_pence: Pence = Field(description="Net and irrecoverable VAT, or the gross (G-27).")
    agreement_id: UUID | None = Field(default=None, description="Agreement it is charged to, where it is.")
    line_code: str | None = Field(default=None, description="Carrying budget line, where assigned.")
    accounting_quarter: QuarterSlug | None = Field(default=None, description="Quarter it is accounted in.")
    late_for: QuarterSlug | None = Field(default=None, description="Locked quarter it belongs to by its date.")
    reverses: UUID | None = Field(default=None, description="Entry that this one cancels exactly.")
    replaces: UUID | None = Field(default=None, description="Root of the chain of corrections.")
    reason: str | None = Field(
        default=None, description="Why it was corrected or reversed; left out for payees whose names are."
    )
    decision_ref: str | None = Field(default=None, description="Decision that let a held line in.")
    credit_of: str | None = Field(
        default=None, description="Item that a credit note names, as in `item_id`; within the same source (T-7)."
    )
    source_redacted: bool = Field(default=False, description="The name arrived already redacted (T-23).")
    flags: tuple[str, ...] = Field(default=(), description="Findings that did not stop the line.")


class ExpenditureRecorded(Event, owner="grants", key="batch_id"):
    """Lines were accepted into an organisation's ledger; at most 500 and 256 KiB an event."""

    batch_id: UUID = Field(description="The batch of expenditure lines.")
    version: int = Field(ge=1, description="Number of this event within the batch, counted from 1.")
    organisation_id: UUID = Field(description="The organisation, as `OrganisationRegistered` names it.")
    source: str = Field(description="Source profile the lines came through.")
    lines: tuple[LedgerLine, ...] = Field(
        max_length=MAX_LINES_PER_EVENT, description="Ledger entries, in the order they were entered."
    )


class ExpenditureBatchReceived(Event, owner="grants", key="batch_id"):
    """A file was handed in and its lines are on their way; `ExpenditureBatchCompleted` says that they are all there.

    Completed without lines where the file turned out not to be usable.
    """

    batch_id: UUID = Field(description="The batch of expenditure lines.")
    version: int = Field(default=0, ge=0, description="0: it stands before the batch's lines.")
    organisation_id: UUID = Field(description="The organisation, as `OrganisationRegistered` names it.")
    source: str = Field(description="Source profile the lines come through.")
    covers_from: date | None = Field(
        default=None, description="First day of payment that the file is meant to cover, where its sender stated days."
    )
    covers_to: date | None = Field(default=None, description="Last day of payment that it is meant to cover.")


class MonthTotal(Part):
    month: Month = Field(description="Month of payment.")
    lines: int = Field(ge=0, description="Number of accepted lines.")
    pence: Pence = Field(description="Sum of eligible_pence.")


class ExpenditureBatchCompleted(Event, owner="grants", key="batch_id"):
    """A batch is in the ledger whole: what its readers must have received, by payment month (T-14)."""

    batch_id: UUID = Field(description="The batch of expenditure lines.")
    version: int = Field(
        ge=1,
        description="event_count + 1 at first, so that it stands behind the batch's lines; one more each time it is "
        "stated again, when lines of the file are settled.",
    )
    organisation_id: UUID = Field(description="The organisation, as `OrganisationRegistered` names it.")
    source: str = Field(description="Source profile the lines came through.")
    event_count: int = Field(ge=0, description="How many ExpenditureRecorded events the batch has.")
    lines: int = Field(ge=0, description="Number of accepted lines.")
    pence: Pence = Field(description="Sum of eligible_pence of the accepted lines.")
    months: tuple[MonthTotal, ...] = Field(description="Totals by month of payment.")
    covers_from: date | None = Field(
        default=None,
        description="First day of payment that the file speaks for: with this batch the ledger holds every line paid "
        "from here to `covers_to`. Null where nobody stated it, or where faulty lines of the file wait to be mended.",
    )
    covers_to: date | None = Field(default=None, description="Last day of payment that the file speaks for.")
    waits_from: date | None = Field(
        default=None,
        description="First day of payment that the file is meant to cover while some of its lines are not settled: "
        "rejected, in conflict or held, and neither corrected, decided nor given up. From here to `waits_to` no month "
        "is complete, whatever other files cover. A later version of this event says when the file is settled.",
    )
    waits_to: date | None = Field(default=None, description="Last day of payment of such a file.")
    unsettled_lines: int = Field(default=0, ge=0, description="Lines of the file that are not settled.")
    by_hand: bool = Field(
        default=False,
        description="A person entered, corrected, reversed or let in these lines; no file says what else was paid.",
    )


class LineSpend(Part):
    code: str = Field(description="Code of the carrying line.")
    name: str = Field(description="Name of the line.")
    quarter_pence: Pence = Field(description="Spend of the quarter.")
    year_to_date_pence: Pence = Field(description="Spend from 1 April to the end of the quarter.")


class QuarterSpendStated(Event, owner="grants", key="agreement_id"):
    """Spend of a quarter was stated for every carrying line, zeros explicit (G-31)."""

    agreement_id: UUID = Field(description="The agreement.")
    version: int = Field(ge=1, description="Number of the statement within the agreement and quarter.")
    year: YearLabel
    quarter: QuarterSlug
    lines: tuple[LineSpend, ...] = Field(description="Every carrying line, zeros included.")
    gross_used: bool = Field(default=False, description="Some figures hold VAT that cannot be separated (G-27).")
    happened_at: datetime = Field(description="When it happened, as stated by the person who recorded it.")


class OutturnLine(Part):
    code: str = Field(description="Code of the carrying line.")
    name: str = Field(description="Name of the line.")
    spend_pence: Pence = Field(description="Spend of the year.")


class OutturnRecorded(Event, owner="grants", key="agreement_id"):
    """The spend of a year was recorded as forecast, provisional or final outturn; it supersedes, never edits (G-34)."""

    agreement_id: UUID = Field(description="The agreement.")
    version: int = Field(ge=1, description="Number of the outturn within the agreement.")
    outturn_id: UUID = Field(description="This statement of the outturn.")
    year: YearLabel
    state: OutturnState = Field(description="Forecast, provisional or final.")
    as_at: date = Field(description="Day the figures stand for.")
    grant_pence: Pence
    spend_pence: Pence
    underspend_pence: Pence = Field(description="Grant less spend.")
    own_funds_pence: Pence = Field(default=0, description="Spend above the grant that the body bears itself (G-30).")
    lines: tuple[OutturnLine, ...] = Field(default=(), description="Spend by carrying line.")
    supersedes: UUID | None = Field(
        default=None, description="The statement of the outturn this one replaces; null for the first."
    )
    happened_at: datetime = Field(description="When it happened, as stated by the person who recorded it.")
