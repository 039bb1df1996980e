"""How amounts are written, what they hold of the VAT, who payees are, and what makes a line the same line."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from services.grants.expenditure.profile.rows import Match
from services.grants.expenditure.profile.sources import AnyColumnName, Text
from shared.errors import Contradiction
from shared.http import Body
from shared.periods import FinancialYear
from shared.values import PartyKind

SIGNS_OF_FIGURES = frozenset("0123456789+-()<>,' \u00a0")


def _can_stand_beside_figures(mark: str) -> str:
    if SIGNS_OF_FIGURES & set(mark) or not any(sign.isalpha() or sign in CURRENCIES for sign in mark):
        raise Contradiction("a mark is a currency sign or letters, with nothing in it that a figure may hold", "")
    return mark


CURRENCIES = "£€$¥"
Mark = Annotated[str, Field(min_length=1, max_length=8), AfterValidator(_can_stand_beside_figures)]
"""A sign that can be mistaken for no part of a figure."""


class AmountFormat(Body):
    """How amounts are written. What is not allowed here is refused, never guessed.

    A minus may be any dash, a space any space, a bracket or £ of full width; signs that nobody sees are left out.
    """

    decimal: Literal[".", ","] = Field(default=".", description="Divides pounds and pence.")
    thousands: Literal["", ",", ".", " ", "'"] = Field(
        default="", description="Stands between thousands; a space is any space, breaking or not."
    )
    currency: tuple[Mark, ...] = Field(
        default=(), description="Signs that may stand before or behind.", examples=[["£", "GBP"]]
    )
    brackets: bool = Field(default=False, description="`(12.00)` and `<12.00>` are negative.")
    trailing_minus: bool = Field(default=False, description="`12.00-` is negative.")
    plus_sign: bool = Field(default=False, description="`+12.00` is positive, instead of unreadable.")
    credit_marks: tuple[Mark, ...] = Field(
        default=(), max_length=10, description="Before or behind, they make it negative.", examples=[["CR"]]
    )
    debit_marks: tuple[Mark, ...] = Field(
        default=(), max_length=10, description="Before or behind, they leave it positive.", examples=[["DR"]]
    )
    dash_is_zero: bool = Field(default=False, description="A lone `-` means 0.00.")
    bare_decimal: bool = Field(default=False, description="`.50` and `5.` are amounts too.")
    scientific: bool = Field(
        default=False,
        description="`1.5E+3` is 1500.00, read exactly; refused otherwise, as it often has lost digits. A JSON"
        " number is exact in any notation.",
    )
    unit: Literal["pounds", "pence", "thousands"] = Field(
        default="pounds", description="What amounts are counted in; `12.345` thousands are £12,345.00."
    )
    reversed: bool = Field(default=False, description="Costs are negative in this source, credits positive.")
    negative_when: tuple[Match, ...] = Field(
        default=(),
        max_length=20,
        description="Lines of which any test is true are negative, however their amount is written: a type column that"
        " says credit note.",
        examples=[[{"column": "Type", "equals": ["CRN", "Credit note"]}]],
    )

    @model_validator(mode="after")
    def marks_differ(self) -> AmountFormat:
        if self.decimal == self.thousands:
            raise Contradiction("decimal and thousands marks differ", "/thousands")
        if {mark.casefold() for mark in self.credit_marks} & {mark.casefold() for mark in self.debit_marks}:
            raise Contradiction("a mark means a credit or a debit, not both", "/debit_marks")
        return self


class Vat(Body):
    """What the amount holds, and what becomes of the VAT (G-27, T-3 to T-5)."""

    treatment: Literal["net_of_recoverable", "split", "not_separable"] = Field(
        description="`net_of_recoverable`: the amount is the cost, any irrecoverable VAT inside it. `split`: net and"
        " VAT can be told apart. `not_separable`: the amount is gross."
    )
    amount_is: Literal["net", "gross"] = Field(
        default="net", description="What the amount is under `split`; of a gross amount the net is computed."
    )
    recoverable_percent: str | None = Field(
        default=None,
        pattern=r"^(100(\.0+)?|[0-9]{1,2}(\.[0-9]{1,4})?)$",
        description="Share of the VAT that is recovered, rounded once, half up (T-4); `split` without its column.",
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
            raise Contradiction("give one of equals, prefix and contains, and not an empty one", "")
        return self


class Parties(Body):
    """Who payees are where the source does not say; names of individuals, staff and unknown payees stay inside."""

    default_kind: PartyKind = PartyKind.UNKNOWN
    patterns: tuple[PartyPattern, ...] = Field(default=(), max_length=500)


class Identity(Body):
    """What makes a line the same line when it is sent again. Fixed once lines exist.

    `keyed`: the columns together name a line. `counted`: nothing names it; equal content in these columns (every
    column that the profile uses, unless some are named) is counted and compared with what is stored. What counts are
    the cells as the source wrote them, never what a field makes of them by `part`, `join`, `first_of`, `values` or
    `when_blank`; a day or an amount counts by its value, so that `1,000.00` and `1000` are the same.
    """

    kind: Literal["keyed", "counted"]
    columns: tuple[AnyColumnName, ...] = Field(
        default=(),
        max_length=50,
        description="Each is a header, or a list of alternatives for a header that changes between files.",
        examples=[["Document", "Line"], [["Trans No", "Transaction number"]]],
    )
    all_used: bool = Field(
        default=False,
        description="Set by the service where a counted identity names no columns: it then counts by all that the"
        " profile used when its first lines came.",
    )

    @model_validator(mode="after")
    def keyed_names_columns(self) -> Identity:
        if self.kind == "keyed" and not self.columns:
            raise Contradiction("a keyed identity names its columns", "/columns")
        return self


class AssignmentRule(Match):
    """Lines that pass the test belong to this line of the agreement of this year."""

    agreement: str = Field(description="Financial year of the agreement, `2017/18`.")
    line_code: str = Field(min_length=1, max_length=20, description="Code of the carrying budget line.")
    also: tuple[Match, ...] = Field(default=(), max_length=10, description="Further tests that the line must pass too.")
    effective_from: date | None = Field(
        default=None, description="Only lines of this day (of service, else of payment) or later."
    )
    effective_to: date | None = Field(default=None, description="Only lines of this day or earlier.")

    @field_validator("agreement")
    @classmethod
    def is_a_year(cls, value: str) -> str:
        return FinancialYear.parse(value).label

    @model_validator(mode="after")
    def days_in_order(self) -> AssignmentRule:
        if self.effective_from and self.effective_to and self.effective_to < self.effective_from:
            raise Contradiction("effective_to lies before effective_from", "/effective_to")
        return self


class Assignment(Body):
    """Which agreement and line an entry belongs to; the first rule that fits decides (G-28a)."""

    rules: tuple[AssignmentRule, ...] = Field(default=(), max_length=500)
    otherwise: Literal["outside", "reject"] = Field(
        default="outside",
        description="A line that fits no rule stands outside any agreement, or is rejected as `not_assigned`.",
    )
