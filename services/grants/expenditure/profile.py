"""What a source profile is: the layout of one source's exports as data, checked when it is handed in."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from services.grants.expenditure.dates import date_pattern
from services.grants.expenditure.line import CODED
from shared.http import Body
from shared.periods import FinancialYear
from shared.values import PartyKind

ColumnName = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(max_length=200)]


class Source(Body):
    """Where a field comes from: a column, or a constant.

    A column is found by its header whatever the case and however many spaces surround or divide its words. Several
    names are alternatives for a header that changes between files; exactly one of them may stand in a file.
    """

    column: ColumnName | tuple[ColumnName, ...] | None = Field(
        default=None, description="Header of the column, or alternatives for a header that changes."
    )
    constant: Text | None = Field(default=None, description="The same value for every line.")
    values: dict[Text, Text] | None = Field(
        default=None,
        description="What the cell's texts mean, compared without case and outer spaces; a text not named is refused,"
        " unless `otherwise` says what it means. Empty stays empty.",
    )
    otherwise: Text | None = Field(default=None, description="What a text means that `values` does not name.")
    optional: bool = Field(
        default=False, description="A file without this column is taken all the same, the field left empty."
    )

    @model_validator(mode="after")
    def one_origin(self) -> Source:
        if (self.column is None) == (self.constant is None):
            raise ValueError("a field has either a column or a constant")
        if self.column == ():
            raise ValueError("name at least one column")
        if self.constant is not None and self.values is not None:
            raise ValueError("a constant needs no values")
        if self.otherwise is not None and self.values is None:
            raise ValueError("otherwise goes with values")
        return self


class Fields(Body):
    """The fields of a ledger entry, each with its source; one that is left out stays empty."""

    payment_date: Source | None = Field(default=None, description="Day of payment in the ledger.")
    input_date: Source | None = Field(
        default=None, description="Day of entry; stands in where there is no payment date."
    )
    invoice_date: Source | None = Field(default=None, description="Day of the invoice; stands in as the last (T-11).")
    service_date: Source | None = Field(
        default=None, description="Day of receipt of goods or services; without it the payment date counts (G-26)."
    )
    amount: Source = Field(description="The amount of the line; the VAT treatment says what it holds.")
    vat: Source | None = Field(default=None, description="VAT of the line; needed by `split`.")
    recoverable_vat: Source | None = Field(default=None, description="Part of the VAT that is recovered (`split`).")
    irrecoverable_vat: Source | None = Field(
        default=None, description="Part of the amount that is irrecoverable VAT (`net_of_recoverable`)."
    )
    gross: Source | None = Field(
        default=None, description="Gross, compared with net and VAT where all three are given."
    )
    kind: Source | None = Field(default=None, description="Kind of entry; `invoice` unless said.")
    ledger_class: Source | None = Field(default=None, description="Class that decides exclusion, such as `salary`.")
    party_key: Source | None = Field(default=None, description="The source's own number of the payee; never published.")
    party_kind: Source | None = Field(default=None, description="Kind of payee, where the source says it.")
    party_name: Source | None = None
    company_number: Source | None = None
    charity_number: Source | None = None
    vcse: Source | None = Field(default=None, description="`yes` or `no`.")
    unit: Source | None = None
    category: Source | None = None
    purpose: Source | None = None
    card: Source | None = Field(default=None, description="`none`, `gpc` or `ccc`; `none` unless said.")
    contract_ref: Source | None = None
    decision_ref: Source | None = None

    @model_validator(mode="after")
    def has_a_date(self) -> Fields:
        if not (self.payment_date or self.input_date or self.invoice_date):
            raise ValueError("payment_date, input_date or invoice_date needs a column")
        for name in ("payment_date", "input_date", "invoice_date", "service_date", "amount", "vat", "gross"):
            source = getattr(self, name)
            if source is not None and source.constant is not None:
                raise ValueError(f"{name} comes from a column, not from a constant")
        needed = [
            self.payment_date or self.input_date or self.invoice_date,
            self.amount,
            self.vat,
            self.recoverable_vat,
        ]
        if any(source is not None and source.optional for source in needed):
            raise ValueError("the amount, its VAT and the date that counts are in every file, so not optional")
        return self

    @model_validator(mode="after")
    def meanings_are_known(self) -> Fields:
        for name, known in CODED.items():
            source: Source | None = getattr(self, name)
            if source is not None:
                given = [source.constant, source.otherwise, *(source.values or {}).values()]
                unknown = [value for value in given if value is not None and value not in known]
                if unknown:
                    raise ValueError(f"{name} knows {', '.join(known)}; not {', '.join(unknown)[:64]}")
        return self


class Match(Body):
    """A test of one cell, without case and outer spaces."""

    column: ColumnName
    equals: Text | None = None
    prefix: Text | None = None

    @model_validator(mode="after")
    def one_test(self) -> Match:
        if (self.equals is None) == (self.prefix is None) or not (self.equals or self.prefix):
            raise ValueError("give either equals or prefix, and not an empty one")
        return self


class AssignmentRule(Match):
    """Lines that pass the test belong to this line of the agreement of this year."""

    agreement: str = Field(description="Financial year of the agreement, `2017/18`.")
    line_code: str = Field(min_length=1, max_length=20, description="Code of the carrying budget line.")

    @field_validator("agreement")
    @classmethod
    def is_a_year(cls, value: str) -> str:
        return FinancialYear.parse(value).label


class Assignment(Body):
    """Which agreement and line an entry belongs to; the first rule that fits decides (G-28a)."""

    rules: tuple[AssignmentRule, ...] = Field(default=(), max_length=500)
    otherwise: Literal["outside", "reject"] = Field(
        default="outside",
        description="A line that fits no rule stands outside any agreement, or is rejected as `not_assigned`.",
    )


class PartyPattern(Body):
    """What a payee's name says about the payee; compared without case. The first that fits decides."""

    equals: Text | None = None
    prefix: Text | None = None
    contains: Text | None = None
    kind: PartyKind
    source_redacted: bool = Field(default=False, description="The source had already taken the name out (T-23).")

    @model_validator(mode="after")
    def one_test(self) -> PartyPattern:
        given = [test for test in (self.equals, self.prefix, self.contains) if test]
        if len(given) != 1:
            raise ValueError("give one of equals, prefix and contains, and not an empty one")
        return self


class Parties(Body):
    """Who payees are where the source does not say; names of individuals, staff and unknown payees stay inside."""

    default_kind: PartyKind = PartyKind.UNKNOWN
    patterns: tuple[PartyPattern, ...] = Field(default=(), max_length=500)


class Identity(Body):
    """What makes a line the same line when it is sent again. Fixed once lines exist.

    `keyed`: the columns together name a line. `counted`: nothing names it; equal content in these columns (every
    column that the profile uses, unless some are named) is counted and compared with what is stored.
    """

    kind: Literal["keyed", "counted"]
    columns: tuple[ColumnName, ...] = Field(default=(), max_length=50)

    @model_validator(mode="after")
    def keyed_names_columns(self) -> Identity:
        if self.kind == "keyed" and not self.columns:
            raise ValueError("a keyed identity names its columns")
        return self


class Vat(Body):
    """What the amount holds, and what becomes of the VAT (G-27, T-3 to T-5)."""

    treatment: Literal["net_of_recoverable", "split", "not_separable"] = Field(
        description="`net_of_recoverable`: the amount is the cost, any irrecoverable VAT inside it. `split`: the amount"
        " is net and the VAT stands beside it. `not_separable`: the amount is gross."
    )
    recoverable_percent: str | None = Field(
        default=None,
        pattern=r"^(100(\.0+)?|[0-9]{1,2}(\.[0-9]{1,4})?)$",
        description="Share of the VAT that is recovered, rounded once, half up (T-4); `split` without its column.",
    )


class AmountFormat(Body):
    """How amounts are written. What is not allowed here is refused, never guessed."""

    decimal: Literal[".", ","] = "."
    thousands: Literal["", ",", ".", " ", "'"] = ""
    currency: tuple[Annotated[str, Field(min_length=1, max_length=5)], ...] = Field(
        default=(), description="Signs that may stand before or behind, such as `£`."
    )
    brackets: bool = Field(default=False, description="`(12.00)` is negative.")
    trailing_minus: bool = Field(default=False, description="`12.00-` is negative.")
    dash_is_zero: bool = Field(default=False, description="A lone `-` means 0.00.")

    @model_validator(mode="after")
    def marks_differ(self) -> AmountFormat:
        if self.decimal == self.thousands:
            raise ValueError("decimal and thousands marks differ")
        return self


class Header(Body):
    """Where the header stands: in a given record, in the first of some records that holds all columns, or nowhere."""

    row: int | None = Field(default=None, ge=1, le=100, description="Record that is the header, counted from 1.")
    search: int | None = Field(default=None, ge=1, le=100, description="Look for it in so many records.")
    columns: tuple[Text, ...] | None = Field(
        default=None, min_length=1, max_length=500, description="The file has no header; these are its columns."
    )

    @model_validator(mode="after")
    def one_way(self) -> Header:
        if sum(way is not None for way in (self.row, self.search, self.columns)) != 1:
            raise ValueError("give one of row, search and columns")
        return self


class Layout(Body):
    """A source's layout: everything needed to read its files, as data."""

    notes: str | None = Field(
        default=None, max_length=2000, description="For people: what the source is, what was assumed."
    )
    encodings: tuple[Literal["utf-8", "cp1252", "latin-1", "utf-16"], ...] = Field(
        default=("utf-8",), min_length=1, description="Tried in this order; the first that reads the whole file counts."
    )
    delimiter: Literal[",", ";", "\t", "|"] = ","
    header: Header = Header(row=1)
    total_rows: tuple[Match, ...] = Field(default=(), max_length=20, description="Records that are totals, not lines.")
    surplus_cells: Literal["reject", "ignore"] = Field(
        default="reject", description="Records with filled cells beyond the header; empty ones never matter."
    )
    missing_cells: Literal["reject", "ignore"] = Field(
        default="reject", description="Records with fewer cells than the header; ignored, the missing ones are empty."
    )
    amounts: AmountFormat = AmountFormat()
    dates: tuple[Annotated[str, Field(max_length=40)], ...] = Field(
        default=("yyyy-mm-dd",),
        min_length=1,
        max_length=10,
        description="Formats tried in order, such as `dd/mm/yyyy`.",
    )
    fields: Fields
    item_columns: tuple[ColumnName, ...] = Field(
        default=(), max_length=10, description="Columns that together name an invoice; without any, each line is one."
    )
    identity: Identity
    assignment: Assignment = Assignment()
    vat: Vat
    parties: Parties = Parties()

    @field_validator("dates")
    @classmethod
    def dates_can_be_read(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for style in value:
            date_pattern(style)
        return value

    @model_validator(mode="after")
    def vat_has_its_columns(self) -> Layout:
        fields, vat = self.fields, self.vat
        if vat.treatment == "split":
            if fields.vat is None:
                raise ValueError("vat split needs the field vat")
            if (fields.recoverable_vat is None) == (vat.recoverable_percent is None):
                raise ValueError("vat split needs either the field recoverable_vat or recoverable_percent")
            if fields.irrecoverable_vat is not None:
                raise ValueError("with vat split the irrecoverable part follows from the recoverable one")
        else:
            given = [name for name in ("vat", "recoverable_vat", "gross") if getattr(fields, name) is not None] + (
                ["irrecoverable_vat"] if fields.irrecoverable_vat and vat.treatment == "not_separable" else []
            )
            if given or vat.recoverable_percent is not None:
                raise ValueError(f"vat {vat.treatment} has no use for {', '.join(given) or 'recoverable_percent'}")
        return self


class SourceProfile(Layout):
    """A layout with the name of its source. A new version takes the place of the one before."""

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80, description="Name of the source, for ever.")
