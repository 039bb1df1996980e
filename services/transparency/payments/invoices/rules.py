"""Which items of a ledger are invoices, and what may be stated of one. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from shared.errors import ErrorItem, Invalid

REFERENCE = re.compile(r"TR-[0-9A-F]{16}")
ROW = re.compile(r"[0-9a-f]{32}")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
FIRST_DAY = date(1990, 1, 1)
YES_NO = {"yes": True, "true": True, "no": False, "false": False, "": False}
COLUMNS = ("transaction_number", "row_id", "received_on", "disputed", "incomplete", "reason")
MAX_REASON = 1000

Outcome = Literal["stated", "changed", "unchanged"]


class InvoicesRefused(Invalid):
    code = "invoices_refused"
    title = "Some rows about invoices cannot be taken in"


@dataclass(frozen=True)
class Item:
    """An item of the ledger, by its live lines: what decides whether it is an invoice."""

    kind: str
    """Kind of its lines; of a corrected line, that of its root."""
    total_pence: int
    in_scope: bool = True
    """False where the publisher shows its programme's spend alone, and no line of the item belongs to it."""
    excluded_class: str | None = None
    """Class of `exclusion_reasons.csv` that keeps it out of the spend edition, such as `SALARY`."""
    grant: bool = False
    card: bool = False
    person: bool = False
    """The payee is a member of staff or another individual, not a supplier."""


def not_an_invoice(item: Item) -> str | None:
    """The reason why an item is no supplier's invoice; None where it is one (T-62)."""
    if not item.in_scope:
        return "NOT_PROGRAMME"
    if item.excluded_class is not None:
        return item.excluded_class
    if item.grant:
        return "GRANT"
    if item.kind == "staff_expense":
        return "STAFF_EXPENSE"
    if item.card or item.kind == "card":
        return "PAID_BY_CARD"
    if item.kind == "journal":
        return "JOURNAL"
    if item.kind == "credit_note" or item.total_pence <= 0:
        return "CREDIT_OR_REFUND"
    if item.person:
        return "NOT_A_SUPPLIER"
    return None


@dataclass(frozen=True)
class Sent:
    """A row as it was sent: its texts by column, and where it stands."""

    cells: Mapping[str, str]
    record: int | None = None
    line: int | None = None
    """Of a file."""
    pointer: str | None = None
    """Of a JSON body."""

    def error(self, code: str, column: str | None, detail: str) -> ErrorItem:
        if self.pointer is not None:
            return ErrorItem(code=code, detail=detail, pointer=f"{self.pointer}/{column}" if column else self.pointer)
        return ErrorItem(code=code, detail=detail, record=self.record, line=self.line, column=column)


@dataclass(frozen=True)
class Said:
    """What is stated of one invoice."""

    received_on: date | None
    disputed: bool
    incomplete: bool
    reason: str | None = None


@dataclass(frozen=True)
class Row:
    """A row that could be read."""

    sent: Sent
    reference: str
    """TransactionNumber or RowID."""
    said: Said

    @property
    def column(self) -> str:
        return "transaction_number" if REFERENCE.fullmatch(self.reference) else "row_id"


@dataclass
class Reading:
    """Rows read, and every error found on the way."""

    rows: list[Row] = field(default_factory=list)
    errors: list[ErrorItem] = field(default_factory=list)


def read(rows: Iterable[Sent], today: date) -> Reading:
    """Read each row; one with errors is left out of `rows`, and all its errors are told."""
    reading = Reading()
    for sent in rows:
        before = len(reading.errors)
        reference = _reference(sent, reading.errors)
        received_on = _day(sent, today, reading.errors)
        disputed = _yes(sent, "disputed", reading.errors)
        incomplete = _yes(sent, "incomplete", reading.errors)
        reason = sent.cells.get("reason", "") or None
        if reason is not None and not 3 <= len(reason) <= MAX_REASON:
            detail = f"The reason has {len(reason)} characters; write 3 to {MAX_REASON}."
            reading.errors.append(sent.error("bad_reason", "reason", detail))
        elif reason is None and (disputed or incomplete):
            word = "disputed" if disputed else "incomplete"
            detail = f"The row says that the invoice is {word} and gives no reason; say why it is left out."
            reading.errors.append(sent.error("reason_missing", "reason", detail))
        if len(reading.errors) == before:
            reading.rows.append(Row(sent, reference, Said(received_on, disputed, incomplete, reason)))
    return reading


def _reference(sent: Sent, errors: list[ErrorItem]) -> str:
    number, row_id = sent.cells.get("transaction_number", ""), sent.cells.get("row_id", "")
    if bool(number) == bool(row_id):
        what = "names both a transaction_number and a row_id" if number else "names no invoice"
        detail = f"The row {what}; give one of the two, as the spend edition publishes it."
        errors.append(sent.error("invoice_not_named", None, detail))
    elif number and not REFERENCE.fullmatch(number):
        detail = f"{number[:64]} is no TransactionNumber; copy it from the spend edition, such as TR-0123456789ABCDEF."
        errors.append(sent.error("bad_transaction_number", "transaction_number", detail))
    elif row_id and not ROW.fullmatch(row_id):
        detail = f"{row_id[:64]} is no RowID; copy the 32 letters and digits from the spend edition."
        errors.append(sent.error("bad_row_id", "row_id", detail))
    return number or row_id


def _day(sent: Sent, today: date, errors: list[ErrorItem]) -> date | None:
    words = sent.cells.get("received_on", "")
    if not words:
        return None
    try:
        if not DAY.fullmatch(words):
            raise ValueError(words)
        day = date.fromisoformat(words)
    except ValueError:
        detail = f"{words[:64]} is no day; write it as 2018-03-31."
        errors.append(sent.error("bad_date", "received_on", detail))
        return None
    if day > today:
        detail = f"{words} is after today; give the day on which the invoice was received."
        errors.append(sent.error("received_in_future", "received_on", detail))
    elif day < FIRST_DAY:
        detail = f"{words} is before {FIRST_DAY.isoformat()}; give the day on which the invoice was received."
        errors.append(sent.error("received_too_early", "received_on", detail))
    return day


def _yes(sent: Sent, column: str, errors: list[ErrorItem]) -> bool:
    words = sent.cells.get(column, "")
    if words.lower() not in YES_NO:
        detail = f"{words[:64]} is neither yes nor no; write yes, no, or leave it empty for no."
        errors.append(sent.error("bad_yes_no", column, detail))
        return False
    return YES_NO[words.lower()]


WHY_NOT = {
    "NOT_PROGRAMME": "is not part of the grant-funded programme",
    "GRANT": "is a grant",
    "STAFF_EXPENSE": "is a claim of staff expenses",
    "PAID_BY_CARD": "was bought with a card",
    "JOURNAL": "is a journal entry",
    "CREDIT_OR_REFUND": "is a credit note or refund",
    "NOT_A_SUPPLIER": "was paid to a person who is no supplier",
}


def refuse_other_items(row: Row, code: str | None) -> ErrorItem | None:
    """Nothing is stated of what is no invoice."""
    if code is None:
        return None
    why = WHY_NOT.get(code, f"is left out as {code}")
    detail = f"{row.reference} {why}, so no days count for it; remove the row."
    return row.sent.error("not_an_invoice", row.column, detail)


def unknown(row: Row) -> ErrorItem:
    detail = f"{row.reference} is in no ledger line of this publisher; copy it from its spend edition."
    return row.sent.error("unknown_invoice", row.column, detail)


def named_twice(row: Row) -> ErrorItem:
    detail = f"{row.reference} is an invoice that an earlier row of this file names; keep one of the rows."
    return row.sent.error("invoice_named_twice", row.column, detail)


def decide(row: Row, current: Said | None) -> Outcome | ErrorItem:
    """What becomes of a row: new, a change of what was said before (which needs a reason), or no change (T-54)."""
    said = row.said
    if current is None:
        if (said.received_on, said.disputed, said.incomplete) == (None, False, False):
            detail = "The row says nothing of the invoice; give received_on, disputed or incomplete, or remove the row."
            return row.sent.error("says_nothing", "received_on", detail)
        return "stated"
    same = (said.received_on, said.disputed, said.incomplete) == (
        current.received_on,
        current.disputed,
        current.incomplete,
    )
    if same and said.reason in (None, current.reason):
        return "unchanged"
    if said.reason is None:
        detail = f"The row changes what was stated of {row.reference} before and gives no reason; say why."
        return row.sent.error("reason_missing", "reason", detail)
    return "changed"


def refuse_errors(errors: Sequence[ErrorItem], received: int) -> None:
    """A file with any error is refused whole, with every one of them, in the order of its rows."""
    if errors:
        wrong = len({_row_of(item) for item in errors})
        raise InvoicesRefused(
            f"{wrong} of {received} rows cannot be taken in, so none was; see errors, correct the rows and send the "
            "whole file again.",
            errors=sorted(errors, key=_row_of),
        )


def _row_of(item: ErrorItem) -> int:
    return item.record or 0 if item.pointer is None else int(item.pointer.split("/")[2])
