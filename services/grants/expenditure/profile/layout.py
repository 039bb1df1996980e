"""A source's whole layout, and what its parts must be to each other."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from services.grants.expenditure.columns import Columns, ColumnsMissing
from services.grants.expenditure.dates import EXCEL_SERIAL, date_pattern
from services.grants.expenditure.profile.rows import Header, OtherRow, RowMatch
from services.grants.expenditure.profile.sources import AnyColumnName, ColumnName, Fields
from services.grants.expenditure.profile.values import AmountFormat, Assignment, Identity, Parties, Vat
from shared.errors import Contradiction
from shared.http import Body

DAY_FIRST = re.compile(r"d{1,2}[/.-]m{1,2}[/.-]", re.IGNORECASE)
MONTH_FIRST = re.compile(r"m{1,2}[/.-]d{1,2}[/.-]", re.IGNORECASE)
Encoding = Literal["utf-8", "cp1252", "latin-1", "iso8859-15", "utf-16", "utf-16-le", "utf-16-be", "mac-roman", "cp850"]


class Layout(Body):
    """A source's layout: everything needed to read its files, as data."""

    notes: str | None = Field(
        default=None, max_length=2000, description="For people: what the source is, what was assumed."
    )
    encodings: tuple[Encoding, ...] = Field(
        default=("utf-8",),
        min_length=1,
        description="What the file may be in, in this order. A byte order mark counts whatever stands here, and so does"
        " text that can be nothing but UTF-8. Where some lines are UTF-8 and some are not, each is read by itself and"
        " the others, in the first of these that reads them, are flagged `mixed_encodings`.",
        examples=[["utf-8", "cp1252"]],
    )
    delimiter: Literal[",", ";", "\t", "|", "^", "~"] = Field(
        default=",", description="Between cells; a first line such as `sep=;` overrules it."
    )
    quote: Literal['"', "'", ""] = Field(
        default='"',
        description="Around cells, also with blanks before or behind; empty where a quote means itself. Other marks"
        " around a whole cell, such as “ and ”, are left out and the line is flagged `quotes_removed`.",
    )
    escape: Literal["", "\\"] = Field(
        default="", description="Stands before a quote or delimiter that is meant; else a quote is doubled."
    )
    stray_quotes: Literal["reject", "keep"] = Field(
        default="reject",
        description="A quote inside a quoted cell that is not doubled: reject the record, or take a quote for the end"
        " of its cell only where a delimiter or the line's end follows.",
    )
    widths: tuple[Annotated[int, Field(ge=1, le=4000)], ...] | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Columns of fixed width, in characters, in place of a delimiter; what is left of a line is the last"
        " column's.",
        examples=[[10, 8, 40, 14]],
    )
    spreadsheet_text: bool = Field(
        default=False,
        description='Cells written `="00123"` or `\'00123`, so that a spreadsheet keeps their zeros, are their text.',
    )
    header: Header = Field(default=Header(row=1), description="Where the names of the columns stand.")
    total_rows: tuple[RowMatch, ...] = Field(
        default=(),
        max_length=20,
        description="Records that are totals, not lines. Their amount is compared with the sum of all lines so far and"
        " of those since the last total; where it is neither, the batch carries a finding `total_differs`.",
        examples=[[{"column": "Supplier", "prefix": "Total"}]],
    )
    other_rows: tuple[OtherRow, ...] = Field(
        default=(),
        max_length=50,
        description="Further records that are no lines: headings of groups, page numbers, rules.",
        examples=[[{"prefix": "Page ", "counted_as": "page_line"}]],
    )
    only_rows: tuple[RowMatch, ...] = Field(
        default=(),
        max_length=20,
        description="Only records that pass all these tests are lines; others are counted as `not_selected`.",
        examples=[[{"column": "Ledger", "equals": ["AP", "PC"]}]],
    )
    end_rows: tuple[RowMatch, ...] = Field(
        default=(),
        max_length=20,
        description="The first record that passes ends the table; it and all behind it are counted as `after_end`.",
        examples=[[{"prefix": "Notes"}]],
    )
    fill_down: tuple[ColumnName, ...] = Field(
        default=(),
        max_length=20,
        description="Columns that are filled in the first line of a group only; a blank cell takes the one above.",
    )
    surplus_cells: Literal["reject", "ignore"] = Field(
        default="reject", description="Records with filled cells beyond the header; empty ones never matter."
    )
    missing_cells: Literal["reject", "ignore"] = Field(
        default="ignore",
        description="Records with fewer cells than the header, as spreadsheets cut empty cells off at the end of a row:"
        " ignored, what is missing is blank and the line flagged `missing_cells`; a missing amount, day or key is its"
        " own reason.",
    )
    amounts: AmountFormat = Field(default=AmountFormat(), description="How amounts are written.")
    dates: tuple[Annotated[str, Field(max_length=40)], ...] = Field(
        default=("yyyy-mm-dd",),
        min_length=1,
        max_length=10,
        description="Formats tried in order. Parts: `yyyy`, `yy` (of this century), `mmmm` or `mmm` (names), `mm`, `m`,"
        " `dd`, `d`, `do` (1st), `ddd` (Mon), `[time]` (a time of day that may follow). Without a day, the month's last"
        " day is meant and the line flagged `month_only`. `excel-serial` is a spreadsheet's day number.",
        examples=[["dd/mm/yyyy", "d-mmm-yy"], ["yyyy-mm-dd[time]"], ["mmm-yy"]],
    )
    fields: Fields = Field(description="What stands where.")
    item_columns: tuple[AnyColumnName, ...] = Field(
        default=(),
        max_length=10,
        description="Columns that together name an invoice; without any, each line is one. Each is a header, or a list"
        " of alternatives for a header that changes between files.",
        examples=[["Document"], [["Trans No", "Transaction number"]]],
    )
    identity: Identity = Field(description="What makes a line the same line when it is sent again.")
    assignment: Assignment = Field(default=Assignment(), description="Which agreement and budget line a line is for.")
    vat: Vat = Field(description="What the amount holds, and what becomes of the VAT.")
    parties: Parties = Field(default=Parties(), description="Who payees are where the source does not say.")

    @field_validator("dates")
    @classmethod
    def dates_can_be_read(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for style in value:
            if style != EXCEL_SERIAL:
                date_pattern(style)
        if any(DAY_FIRST.match(style) for style in value) and any(MONTH_FIRST.match(style) for style in value):
            raise Contradiction(
                "day first and month first cannot both be meant: until the 12th each day would be a guess", ""
            )
        return value

    @model_validator(mode="after")
    def vat_has_its_columns(self) -> Layout:
        fields, vat = self.fields, self.vat
        if vat.treatment == "split":
            self._vat_is_known()
            shares = [
                fields.recoverable_vat,
                fields.irrecoverable_vat,
                fields.recoverable_rate,
                vat.recoverable_percent,
            ]
            if sum(share is not None for share in shares) != 1:
                raise Contradiction(
                    "vat split needs either the field recoverable_vat or recoverable_percent, or one of the fields"
                    " irrecoverable_vat and recoverable_rate",
                    "/vat",
                )
        else:
            useless = ("vat", "recoverable_vat", "gross", "vat_rate", "recoverable_rate") + (
                ("irrecoverable_vat",) if vat.treatment == "not_separable" else ()
            )
            given = [name for name in useless if getattr(fields, name) is not None]
            if given or vat.recoverable_percent is not None:
                raise Contradiction(
                    f"vat {vat.treatment} has no use for {', '.join(given) or 'recoverable_percent'}",
                    f"/fields/{given[0]}" if given else "/vat/recoverable_percent",
                )
            if vat.amount_is == "gross":
                raise Contradiction(
                    "amount_is goes with vat split; a gross amount whose VAT is unknown is not_separable",
                    "/vat/amount_is",
                )
        return self

    def _vat_is_known(self) -> None:
        fields = self.fields
        if fields.vat is not None and fields.vat_rate is not None:
            raise Contradiction("give the field vat or the field vat_rate, not both", "/fields/vat_rate")
        if fields.vat is None and fields.vat_rate is None and (fields.gross is None or self.vat.amount_is == "gross"):
            raise Contradiction(
                "vat split needs the field vat or vat_rate, or the field gross beside a net amount", "/fields/vat"
            )
        if self.vat.amount_is == "gross" and fields.gross is not None:
            raise Contradiction("the amount is the gross already; leave the field gross out", "/fields/gross")

    @model_validator(mode="after")
    def parts_fit_together(self) -> Layout:
        if self.fields.credit_of is not None and not self.item_columns:
            raise Contradiction(
                "credit_of names an invoice, so item_columns say which columns name one", "/item_columns"
            )
        if self.quote == "" and (self.stray_quotes == "keep" or self.escape):
            raise Contradiction("stray_quotes and escape go with a quote", "/quote")
        if any(row.fills_down for row in self.other_rows) and not self.fill_down:
            raise Contradiction("other_rows that fill down need the columns of fill_down", "/fill_down")
        self._preamble_is_above()
        self._columns_are_named()
        return self

    def _preamble_is_above(self) -> None:
        for name, source in self.fields:
            if source is None or source.preamble is None:
                continue
            if self.header.columns is not None:
                raise Contradiction("a file without a header has no preamble", f"/fields/{name}/preamble")
            if self.header.row is not None and source.preamble.row >= self.header.row:
                raise Contradiction("the cell stands above the header", f"/fields/{name}/preamble/row")

    def _columns_are_named(self) -> None:
        """Where the profile itself gives the columns, whether they are all there and unlike each other is known now."""
        if self.header.columns is None:
            return
        try:
            Columns(self.header.columns, self.model_dump(mode="json"))
        except ColumnsMissing as fault:
            raise Contradiction(str(fault).removesuffix("."), "/header/columns") from None


class SourceProfile(Layout):
    """A layout with the name of its source. A new version takes the place of the one before."""

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80, description="Name of the source, for ever.")


def complete(layout: dict[str, Any]) -> dict[str, Any]:
    """A stored layout with every option spelled out, whatever options were known when it was stored."""
    return Layout.model_validate(layout).model_dump(mode="json")
