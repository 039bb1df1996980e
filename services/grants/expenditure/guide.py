"""The text that tells finance people how to describe a layout; it stands in the interface's own description."""

HOW_TO_DESCRIBE = """\
Describe a source's layout, or its next version. A new layout needs no code: everything below is data.

**How to describe a layout.** Open the file in a text editor, not in a spreadsheet, and answer in this order. After
each step `POST /v1/source-profiles/trials` shows what the description makes of the file's first lines, and keeps
nothing.

1. *Bytes.* `encodings`, in order (a file from a Windows machine is mostly `cp1252`): a byte order mark counts whatever
   stands here, and a file in which some lines are UTF-8 and some are not is read line by line. `delimiter`; `quote`,
   `escape` and `stray_quotes` where quotes are used otherwise than CSV does; blanks outside of quotes are no matter.
   Nor are line ends, and a first line `sep=;` is understood. `widths` cuts lines of fixed columns; `spreadsheet_text`
   reads `="00123"` as its text. Text that was decoded wrongly before it was sent (`CafÃ©`) is put right where that is
   certain, flagged `text_repaired`, and flagged `text_decoded_twice` where it is not.
2. *Header.* `header.row` where it always stands in the same record; `header.search` where a title above it is longer
   or shorter; `header.columns` where there is none. `header.rows` joins names that stand above each other. Names are
   compared without case, spaces and line breaks. `header.named` gives a name to a column whose header is blank or
   stands twice.
3. *What is no line.* Blank records and repeated headers are known by themselves. Behind a header whose columns stand in
   another order lines are read by that order, with a finding `header_in_another_order`; behind one that does not fit
   they are rejected. Records that are shorter than the header are blank at their end (`missing_cells`).
   `total_rows` are totals and subtotals, compared with the lines above them; `other_rows` are headings, page numbers
   and rules; `end_rows` begin
   the notes at the end; `only_rows` choose the lines among records of several kinds. Each is counted under its name
   in `not_lines`, so that every record of a file is accounted for.
4. *What stands where.* `fields`: for each field one `column`, alternatives for a header that changes, a name that ends
   in `*` for a header that names its month, several columns (`join`, `first_of`), a `constant`, a cell above the header
   (`preamble`), or what is said when the file is sent (`parameter`). `part` takes the name out of
   `Alpha Ltd (10234)`; `values` says what codes mean; `when_blank` says what an empty cell means; `fill_down` repeats
   what stands in the first line of a group only. Elsewhere (identity, items, tests, rules) a column goes by any of the
   names that its field gives it.
5. *Amounts.* `amounts` says how they are written: decimal mark, thousands, currency signs, brackets, a minus behind,
   CR and DR, pence or thousands of pounds. A minus may be a dash of any length. Debit and
   credit in two columns are `fields.debit` and `fields.credit`. A
   type column that makes a line negative is `amounts.negative_when`. What is not said here is refused, never guessed:
   that is how a slipped decimal mark is found.
6. *VAT.* `net_of_recoverable` where the amount is the cost; `split` where net and VAT can be told apart (`vat`, a
   `vat_rate`, or `gross` beside the net; `vat.amount_is` is `gross` where the amount includes it), with the share that
   is recovered; `not_separable` where the amount is gross and the VAT unknown.
7. *Days.* `dates`, tried in order: `dd/mm/yyyy`, `d-mmm-yy`, `yyyy-mm-dd[time]`, `mmm-yy` (the month's last day),
   `excel-serial`.
8. *Who.* `parties`: the kind of payee by default, and by what the name says; names of individuals and staff stay
   inside.
9. *The same line again.* `identity`: `keyed` by the columns that name a line, where there are any (the trial counts
   repeated keys); else `counted`. It is fixed once lines exist. `item_columns` name an invoice.
10. *Agreement.* `assignment`: which lines belong to which budget line of which year; the others are published and
    stay outside the grant.

A trial of a profile that is not one yet, even of its name alone, shows the sample's header beside what is missing.

Then send a whole file with `dry_run=true` and compare `outcomes` with the system's own totals, or state them by
`expected_lines` and `expected_total_pence`. A faulty description is refused with a pointer to each fault.
"""
