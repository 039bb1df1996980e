"""What the register's routes take and answer."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from services.transparency.contracts.rules import REFERENCE
from shared.fields import Day, Moment, example
from shared.http import Body, Shape
from shared.values import Pence

Kind = Literal["new", "extension", "variation", "correction", "termination"]
Change = Literal["extension", "variation", "correction", "termination"]
Status = Literal["pending", "active", "expired", "terminated", "cancelled"]
ContractType = Literal[
    "Single award contract",
    "Multiple award contract",
    "Framework agreement",
    "Dynamic purchasing system",
    "Grant agreement",
    "Other",
]
Process = Literal["Invitation to quote", "Published invitation to tender", "Other"]
VcseType = Literal[
    "Companies House",
    "Charity or Charitable Incorporated Organisation",
    "Community Interest Company",
    "Industrial and Provident Society",
    "Housing Association",
    "Other",
    "Not known",
]
Reference = Annotated[
    str,
    Field(pattern=REFERENCE, description="Letters, digits and the signs . - _ and /, such as C-001."),
]
Value = Annotated[Pence, Field(ge=0, description="Pence, irrecoverable VAT included; a yearly sum where so said.")]
Title = Annotated[str, Field(min_length=1, max_length=300, pattern=r"\S")]
Words = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
Short = Annotated[str, Field(min_length=1, max_length=80, pattern=r"\S")]
Address = Annotated[str, Field(pattern=r"^https?://[^\s]+$", max_length=2000)]
LEFT_OUT: Any = Field(default_factory=lambda: None)
"""A field that may be left out, and may not be null."""


class ContactBody(Body):
    """Whom to ask. A person's name or address is kept and never shown; a desk's or role's is public."""

    name: Words | None = None
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)] | None = Field(
        default=None, description="An e-mail address."
    )
    is_role: bool = Field(default=False, strict=True, description="It names a desk or role, so that it may be public.")


class AreaBody(Body):
    label: Words
    uri: Address | None = None


class TermsBody(Body):
    """What may be left out, or be null."""

    description: Annotated[str, Field(min_length=1, max_length=4000, pattern=r"\S")] | None = None
    unit: Words | None = Field(default=None, description="Unit of the publisher that the contract belongs to.")
    category: Words | None = Field(default=None, description="What kind of thing is bought, in the publisher's words.")
    cpv_code: Annotated[str, Field(pattern=r"^[0-9]{8}(-[0-9])?$")] | None = Field(
        default=None, description="Code of the common procurement vocabulary: 55120000-7."
    )
    cpv_label: Words | None = None
    company_number: Annotated[str, Field(min_length=1, max_length=40)] | None = Field(
        default=None, description="Eight capital letters or digits. Any other text is kept as sent, and not published."
    )
    charity_number: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    other_supplier_id: Annotated[str, Field(min_length=1, max_length=60)] | None = Field(
        default=None, description="A public id of your own for the supplier, never a vendor number."
    )
    supplier_staff: Annotated[int, Field(ge=0, le=9_999_999, strict=True)] | None = Field(
        default=None, description="Number of staff; not published. Fewer than 250 make it small or medium."
    )
    sme: bool | None = Field(default=None, description="Small or medium; null where the size is not known.")
    vcse_type: VcseType | None = None
    irrecoverable_vat_pence: Annotated[Pence, Field(ge=0)] | None = Field(
        default=None, description="Part of the value; null where the value is gross, because its VAT is not known."
    )
    fixed_cost: bool | None = Field(default=None, description="Whether the value is fixed; else it is an estimate.")
    end_date: Day | None = Field(default=None, description="Null where the contract rolls on.")
    review_date: Day | None = None
    last_extension_date: Day | None = Field(default=None, description="Last day that extensions could reach.")
    framework_ref: Reference | None = Field(default=None, description="Framework that the contract is let under.")
    grant_ref: Short | None = Field(default=None, description="Agreement, or line of its budget: 2017-18/IL1.")
    decision_ref: Short | None = Field(default=None, description="Board decision behind it.")
    contact: ContactBody | None = None
    contact_url: Address | None = None
    tender_document_url: Address | None = None
    contract_document_url: Address | None = None
    performance_url: Address | None = None
    areas: Annotated[list[AreaBody], Field(max_length=50)] = Field(default=[], description="Areas served.")
    texts_cleared: Annotated[str, Field(min_length=3, max_length=2000)] | None = Field(
        default=None, description="Why a title or description that looks personal may be shown as it is."
    )


_EXAMPLE: dict[str, Any] = {
    "signed_at": "2017-04-12T09:30:00Z",
    "title": "Leadership residentials, venue",
    "description": "Hire of rooms and lodging for twelve residential events",
    "contract_type": "Single award contract",
    "process": "Published invitation to tender",
    "unit": "Leadership",
    "category": "Venue hire",
    "supplier_name": "Specimen Venues Limited",
    "company_number": "99900001",
    "vcse": False,
    "value_pence": 18_400_000,
    "irrecoverable_vat_pence": 0,
    "value_basis": "total",
    "start_date": "2017-05-01",
    "end_date": "2018-04-30",
}


class ContractBody(TermsBody):
    model_config = example(publisher="improvement-agency", reference="C-001", **_EXAMPLE)

    publisher: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
    reference: Reference
    status: Literal["pending", "active"] = "active"
    signed_at: Moment = Field(description="When it was signed; its London day decides the quarter.")
    title: Title
    contract_type: ContractType
    process: Process
    supplier_name: Title = Field(description="As on the supplier's record; sole traders are named too.")
    vcse: bool = Field(strict=True, description="The supplier is a voluntary, community or social enterprise.")
    value_pence: Value
    amount_basis: Literal["net", "gross"] = "net"
    value_basis: Literal["total", "annual"]
    start_date: Day
    supports_programme: bool = Field(default=True, strict=True)


class VersionBody(TermsBody):
    """A change of a contract: fields that are left out stay as the version before has them; null empties them."""

    model_config = example(
        kind="extension",
        signed_at="2018-03-20T11:00:00Z",
        rationale="The second year that the contract provides for.",
        end_date="2019-04-30",
        value_pence=37_100_000,
    )

    kind: Change
    signed_at: Moment = Field(description="When the change was signed, or the correction made.")
    rationale: Annotated[str, Field(min_length=3, max_length=2000, pattern=r"\S")] = Field(
        description="Why it changed; public."
    )
    after_version: Annotated[int, Field(ge=1, strict=True)] | None = Field(
        default=None, description="Version you read; refused where there is a newer one."
    )
    status: Status = LEFT_OUT
    title: Title = LEFT_OUT
    contract_type: ContractType = LEFT_OUT
    process: Process = LEFT_OUT
    supplier_name: Title = LEFT_OUT
    vcse: bool = LEFT_OUT
    value_pence: Value = LEFT_OUT
    amount_basis: Literal["net", "gross"] = LEFT_OUT
    value_basis: Literal["total", "annual"] = LEFT_OUT
    start_date: Day = LEFT_OUT
    supports_programme: bool = LEFT_OUT


class NotedShape(Shape):
    code: str
    field: str
    detail: str


class AreaShape(Shape):
    label: str
    uri: str | None


class VersionShape(Shape):
    """One version of a contract as anybody may see it."""

    version: int
    kind: str
    status: str
    signed_at: datetime
    signed_on: date = Field(description="London day of signing.")
    recorded_at: datetime
    title: str
    description: str | None
    contract_type: str
    unit: str | None
    category: str | None
    cpv_code: str | None
    cpv_label: str | None
    process: str
    supplier_name: str
    company_number: str | None = Field(description="Null where the recorded text has not the form of a number.")
    charity_number: str | None
    other_supplier_id: str | None
    sme: bool | None
    vcse: bool
    vcse_type: str | None
    value_pence: int
    irrecoverable_vat_pence: int | None
    amount_basis: str
    value_basis: str
    fixed_cost: bool | None
    start_date: date
    end_date: date | None
    review_date: date | None
    last_extension_date: date | None
    framework_ref: str | None
    grant_ref: str | None
    decision_ref: str | None
    contact_name: str | None
    contact_email: str | None
    contact_url: str | None
    tender_document_url: str | None
    contract_document_url: str | None
    performance_url: str | None
    areas: list[AreaShape]
    supports_programme: bool
    rationale: str | None
    findings: list[NotedShape] = Field(description="What a person should look at; none of it stops anything.")


class ContractShape(VersionShape):
    """A contract in its current version."""

    publisher: str
    reference: str
    open_contracting_id: str | None
    cumulative_spend_pence: int | None = Field(description="Payments that name it; null where none does.")
    row_id: str
    url: str
    modified_at: datetime


class MonthShape(Shape):
    month: str
    lines: int
    pence: int


class SpendShape(Shape):
    lines: int
    pence: int
    months: list[MonthShape] = Field(description="By month of payment.")
    decisions: list[str] = Field(description="Board decisions that these payments name.")
    budget_lines: list[str] = Field(description="Budget lines that they are charged to: 2017-18/IL1.")


class GroundShape(Shape):
    year: str
    agreement_id: UUID
    line_code: str | None
    line_name: str | None
    recipient: str | None


class ContractDetail(ContractShape):
    spend: SpendShape
    grant: GroundShape | None = Field(description="Agreement and budget line that `grant_ref` means, where known here.")
    call_offs: list[str] = Field(description="References of the contracts let under it.")
    versions: list[VersionShape] = Field(description="Every version, oldest first.")
    links: dict[str, str]
