"""Which records of a file are lines: header, preamble, totals, headings, footers and what is filled down."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from services.grants.expenditure.profile.sources import ColumnName, Text
from shared.errors import Contradiction
from shared.http import Body

Reason = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
OWN_REASONS = ("blank", "repeated_header", "before_header", "total_row", "after_end", "not_selected", "lines")
OUTCOMES = ("received", "accepted", "duplicate", "conflict", "rejected", "held")


class Test(Body):
    """A test of one cell, without case and outer spaces."""

    equals: Text | tuple[Text, ...] | None = Field(default=None, description="The text, or one of several.")
    prefix: Text | None = Field(default=None, description="What the text begins with.")
    contains: Text | None = Field(default=None, description="What the text holds somewhere.")
    blank: bool | None = Field(default=None, description="`true`: nothing stands there; `false`: something does.")

    @model_validator(mode="after")
    def one_test(self) -> Test:
        given = [test for test in (self.equals, self.prefix, self.contains) if test]
        if len(given) + (self.blank is not None) != 1 or (isinstance(self.equals, tuple) and not all(self.equals)):
            raise Contradiction("give either equals or prefix, or one of contains and blank, and not an empty one", "")
        return self


class Match(Test):
    """A test of the cell in one column."""

    column: ColumnName


class RowMatch(Test):
    """A test of a record: of the cell in one column, or, without a column, of any of its cells."""

    column: ColumnName | None = Field(default=None, description="Left out, any cell of the record may pass.")

    @model_validator(mode="after")
    def blank_names_a_column(self) -> RowMatch:
        if self.blank is not None and self.column is None:
            raise Contradiction("blank needs a column", "/column")
        return self


class OtherRow(RowMatch):
    """Records that are no lines, counted under a name of their own."""

    counted_as: Reason = Field(default="other_row", description="Name under which they are counted in `not_lines`.")
    fills_down: bool = Field(
        default=False,
        description="A heading over a group: its filled cells count for the lines below, where `fill_down` names them.",
    )

    @model_validator(mode="after")
    def name_is_free(self) -> OtherRow:
        if self.counted_as in (*OWN_REASONS, *OUTCOMES):
            raise Contradiction(f"{self.counted_as} is counted by itself; choose another name", "/counted_as")
        return self


class NamedColumn(Body):
    """A name of its own for a column whose header is blank or stands more than once."""

    name: ColumnName = Field(description="The name under which the profile speaks of the column.")
    position: int | None = Field(default=None, ge=1, le=2000, description="Its place, counted from 1.")
    column: ColumnName | None = Field(default=None, description="Its header, with `occurrence`.")
    occurrence: int | None = Field(default=None, ge=1, le=100, description="Which of the columns of that header.")
    optional: bool = Field(default=False, description="A file without this column is taken all the same.")

    @model_validator(mode="after")
    def one_way(self) -> NamedColumn:
        if (self.position is None) == (self.column is None) or (self.column is None) != (self.occurrence is None):
            raise Contradiction("give either position, or column and occurrence", "")
        return self


class Header(Body):
    """Where the header stands: in a given record, in the first of some records that holds all columns, or nowhere."""

    row: int | None = Field(default=None, ge=1, le=100, description="Record that is the header, counted from 1.")
    search: int | None = Field(
        default=None,
        ge=1,
        le=100,
        description="Look for it in so many records: for a title above the header that is longer or shorter.",
    )
    columns: tuple[Text, ...] | None = Field(
        default=None, min_length=1, max_length=500, description="The file has no header; these are its columns."
    )
    rows: int = Field(
        default=1, ge=1, le=3, description="A header of so many records; the names above each other are joined."
    )
    spread: bool = Field(
        default=False,
        description="In a header of several records a blank cell of the upper ones repeats the one to its left, as"
        " merged cells of a spreadsheet do: `Amount` over `Net` and `VAT` gives `Amount Net` and `Amount VAT`.",
    )
    skip: int = Field(default=0, ge=0, le=20, description="Records between header and lines, such as units or rules.")
    named: tuple[NamedColumn, ...] = Field(
        default=(), max_length=100, description="Columns whose header is blank or stands more than once."
    )

    @model_validator(mode="after")
    def one_way(self) -> Header:
        if sum(way is not None for way in (self.row, self.search, self.columns)) != 1:
            raise Contradiction("give one of row, search and columns", "")
        if self.columns is not None and (self.rows > 1 or self.skip or self.named):
            raise Contradiction("a file without a header has no rows, skip or named columns", "/columns")
        if self.spread and self.rows == 1:
            raise Contradiction("spread goes with a header of several rows", "/spread")
        return self
