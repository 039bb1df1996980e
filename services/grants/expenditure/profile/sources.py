"""Where each field of a ledger entry comes from: a column, several, a constant, or something said once a file."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, model_validator

from services.grants.expenditure.line import CODED
from shared.errors import Contradiction
from shared.http import Body

ColumnName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
AnyColumnName = ColumnName | Annotated[tuple[ColumnName, ...], Field(min_length=1, max_length=50)]
"""A column outside the fields: its header, or alternatives for a header that changes between files."""
Text = Annotated[str, Field(max_length=200)]


class Cell(Body):
    """A cell above the header, such as the one that names the month of the whole report."""

    row: int = Field(ge=1, le=100, description="Record of the file, counted from 1.")
    column: int = Field(ge=1, le=500, description="Cell of that record, counted from 1.")


class Part(Body):
    """The part of a text that is meant, where a cell holds more: `Alpha Ltd (10234)`, `C100 - Consultants`."""

    form: Text = Field(
        description="How the text is built: `{value}` is the part that is taken, `{other}` a part that is left.",
        examples=["{value} ({other})", "{other} - {value}"],
    )
    split_at: Literal["first", "last"] = Field(
        default="first",
        description="Where a divider stands more than once, the first or the last one divides: `last` reads"
        " `Smith (UK) Ltd (10234)` rightly.",
    )
    otherwise: Literal["keep", "empty", "reject"] = Field(
        default="keep", description="What a text of another form means: itself, nothing, or a rejected line."
    )

    @model_validator(mode="after")
    def can_be_divided(self) -> Part:
        pieces = re.split(r"(\{value\}|\{other\})", self.form)
        marks, dividers = pieces[1::2], pieces[0::2]
        if marks.count("{value}") != 1 or "{" in "".join(dividers) or len(marks) > 5:
            raise Contradiction("a form holds {value} once, and {other} at most four times", "")
        if any(not divider for divider in dividers[1:-1]):
            raise Contradiction("between two parts of a form stands a text that divides them", "")
        if marks == ["{value}"] and not (dividers[0] or dividers[-1]):
            raise Contradiction("a form that is {value} alone takes nothing away", "")
        return self


class Source(Body):
    """Where a field comes from: exactly one of `column`, `join`, `first_of`, `constant`, `preamble` and `parameter`.

    A column is found by its header whatever the case and however many spaces surround or divide its words.
    """

    column: ColumnName | tuple[ColumnName, ...] | None = Field(
        default=None,
        description="Header of the column, or alternatives for a header that changes between files; exactly one of"
        " them may stand in a file. A name that ends in `*` is the beginning of a header that names its month.",
        examples=["Net Amount", ["Amount", "Net Amount"], "Paid in *"],
    )
    join: tuple[ColumnName, ...] | None = Field(
        default=None,
        min_length=2,
        max_length=10,
        description="Columns whose filled cells are put together, divided by `separator`.",
        examples=[["Forename", "Surname"]],
    )
    separator: Annotated[str, Field(max_length=10)] = Field(default=" ", description="Stands between joined cells.")
    first_of: tuple[ColumnName, ...] | None = Field(
        default=None,
        min_length=2,
        max_length=10,
        description="Columns of which the first filled cell counts.",
        examples=[["Clearing Date", "Posting Date"]],
    )
    constant: Text | None = Field(default=None, description="The same value for every line.")
    preamble: Cell | None = Field(
        default=None, description="A cell above the header that counts for every line of the file."
    )
    parameter: Literal["period"] | None = Field(
        default=None,
        description="`period`: the parameter of that name, given when the file is sent: a day, a month `2017-04`, a"
        " quarter `2017-18-q1` or a year `2017-18`, of which the last day counts.",
    )
    choose: Literal["only", "first"] = Field(
        default="only",
        description="Where several of the alternatives stand in one file: refuse it, or take the one named first.",
    )
    part: Part | None = Field(default=None, description="Which part of the text is meant, where it holds more.")
    values: dict[Text, Text] | None = Field(
        default=None,
        description="What the cell's texts mean, compared without case and outer spaces; a text not named is refused,"
        " unless `otherwise` says what it means. Empty stays empty.",
        examples=[{"INV": "invoice", "CRN": "credit_note"}],
    )
    otherwise: Text | None = Field(
        default=None,
        description="What a text means that `values` does not name; `{value}` is the text itself, where `values` only"
        " says that `Nil` means 0.",
    )
    when_blank: Text | None = Field(
        default=None, description="What an empty cell means, such as `0` for a VAT that is not written out."
    )
    optional: bool = Field(
        default=False, description="A file without this column is taken all the same, the field left empty."
    )

    @model_validator(mode="after")
    def one_origin(self) -> Source:
        origins = (self.column, self.join, self.first_of, self.constant, self.preamble, self.parameter)
        if sum(origin is not None for origin in origins) != 1:
            raise Contradiction(
                "a field has either a column or a constant, or one of join, first_of, preamble and parameter", ""
            )
        if self.column == ():
            raise Contradiction("name at least one column", "/column")
        if self.constant is not None and (self.values is not None or self.part or self.when_blank is not None):
            raise Contradiction("a constant needs no values, part or when_blank", "/constant")
        if self.choose == "first" and not isinstance(self.column, tuple):
            raise Contradiction("choose goes with alternatives of a column", "/choose")
        if self.otherwise is not None and self.values is None:
            raise Contradiction("otherwise goes with values", "/otherwise")
        if self.separator != " " and self.join is None:
            raise Contradiction("separator goes with join", "/separator")
        return self


ITSELF = "{value}"
AMOUNTS = ("amount", "debit", "credit", "vat", "recoverable_vat", "irrecoverable_vat", "gross")
DATES = ("payment_date", "input_date", "invoice_date", "service_date")


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
    amount: Source | None = Field(
        default=None, description="The amount of the line; the VAT treatment says what it holds. Or debit and credit."
    )
    vat: Source | None = Field(default=None, description="VAT of the line (`split`).")
    recoverable_vat: Source | None = Field(default=None, description="Part of the VAT that is recovered (`split`).")
    irrecoverable_vat: Source | None = Field(
        default=None,
        description="Irrecoverable VAT: inside the amount (`net_of_recoverable`), or part of the VAT (`split`).",
    )
    gross: Source | None = Field(
        default=None,
        description="Gross (`split`): compared with net and VAT where all three are given, else the VAT follows.",
    )
    kind: Source | None = Field(default=None, description="Kind of entry; `invoice` unless said.")
    ledger_class: Source | None = Field(default=None, description="Class that decides exclusion, such as `salary`.")
    party_key: Source | None = Field(default=None, description="The source's own number of the payee; never published.")
    party_kind: Source | None = Field(default=None, description="Kind of payee, where the source says it.")
    party_name: Source | None = Field(default=None, description="Name of the payee.")
    company_number: Source | None = Field(default=None, description="Number at Companies House; text, so that 0 stays.")
    charity_number: Source | None = Field(default=None, description="Number of the charity; text.")
    vcse: Source | None = Field(default=None, description="`yes` or `no`.")
    unit: Source | None = Field(default=None, description="Department or directorate that spent the money.")
    category: Source | None = Field(default=None, description="Type of expenditure, such as the account's name.")
    purpose: Source | None = Field(default=None, description="What was bought, in words.")
    card: Source | None = Field(default=None, description="`none`, `gpc` or `ccc`; `none` unless said.")
    contract_ref: Source | None = Field(default=None, description="Reference of the contract.")
    decision_ref: Source | None = Field(default=None, description="Reference of the decision to spend.")
    debit: Source | None = Field(default=None, description="Debit, with `credit` in place of `amount`: positive.")
    credit: Source | None = Field(default=None, description="Credit, with `debit` in place of `amount`: taken off.")
    vat_rate: Source | None = Field(
        default=None,
        description="VAT rate in per cent, from which the VAT follows (`split`), rounded half up to the penny; tax"
        " codes are translated by `values`.",
        examples=[{"column": "Tax code", "values": {"S": "20", "R": "5", "Z": "0", "E": "0"}}],
    )
    recoverable_rate: Source | None = Field(
        default=None, description="Share of the line's VAT that is recovered, in per cent (`split`)."
    )
    currency: Source | None = Field(
        default=None, description="Currency of the line; anything but `GBP`, `£` or blank is rejected."
    )
    use_codes: Source | None = Field(
        default=None,
        description="Codes of permitted use that the line raises, divided by spaces or commas; `none` for none. Empty"
        " means that nothing is declared (G-19).",
    )
    use_exception: Source | None = Field(default=None, description="Named exception of permitted use (G-20).")
    beneficiary_gss: Source | None = Field(
        default=None, description="GSS code of the authority that benefits; outside the territory it is rejected (G-6)."
    )
    credit_of: Source | None = Field(
        default=None,
        description="What a credit note corrects: the invoice's number, as the last of `item_columns` holds it.",
    )

    @model_validator(mode="after")
    def has_a_date(self) -> Fields:
        if not (self.payment_date or self.input_date or self.invoice_date):
            raise Contradiction("payment_date, input_date or invoice_date needs a column", "/payment_date")
        for name in (*DATES, *AMOUNTS, "vat_rate"):
            source: Source | None = getattr(self, name)
            if source is not None and source.constant is not None:
                raise Contradiction(f"{name} comes from a column, not from a constant", f"/{name}/constant")
        for name in AMOUNTS:
            source = getattr(self, name)
            if source is not None and (source.join or source.preamble or source.parameter or source.part):
                raise Contradiction(f"{name} is a whole cell of each line: use column or first_of", f"/{name}")
        basis = next(name for name in DATES if getattr(self, name) is not None)
        needed = (basis, "amount", "debit", "credit", "vat", "recoverable_vat", "vat_rate")
        optional = [name for name in needed if (source := getattr(self, name)) is not None and source.optional]
        if optional:
            raise Contradiction(
                "the amount, its VAT and the date that counts are in every file, so not optional",
                f"/{optional[0]}/optional",
            )
        return self

    @model_validator(mode="after")
    def has_an_amount(self) -> Fields:
        if (self.debit is None) != (self.credit is None):
            raise Contradiction("debit and credit go together", "/credit" if self.debit else "/debit")
        if (self.amount is None) == (self.debit is None):
            raise Contradiction("give either amount, or debit and credit", "/amount")
        if any(
            source is not None and source.when_blank is not None for source in (self.amount, self.debit, self.credit)
        ):
            raise Contradiction(
                "a blank amount is refused, never made up: no when_blank",
                "/amount/when_blank" if self.amount else "/debit/when_blank",
            )
        return self

    @model_validator(mode="after")
    def meanings_are_known(self) -> Fields:
        for name, known in CODED.items():
            source: Source | None = getattr(self, name)
            if source is not None:
                given = [source.constant, source.otherwise, source.when_blank, *(source.values or {}).values()]
                unknown = [value for value in given if value and value not in known and value != ITSELF]
                if unknown:
                    raise Contradiction(
                        f"{name} knows {', '.join(known)}; not {', '.join(unknown)[:64]}", f"/{name}/values"
                    )
        return self
