"""Which lines of a spend edition are payments over £30,000 under one contract, and why the others are not. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from shared.errors import Conflict

OVER_PENCE = 3_000_000
"""30,000.00 pounds, VAT included; a payment must exceed it (Procurement Act 2023 section 70)."""

IN = "PAYMENT_OVER_30000"
"""Decision on a line that is part of a payment shown here; every other decision is the reason why it is not."""

WITHHELD = "CONTRACT_WITHHELD"
"""Decision on a line that is not here and whose payee or contract the spend edition withholds: the same whether it
names a contract or not, because the reason would tell (T-19)."""

GROUPED = "EXPENSE_MONTH"
"""Inclusion reason of lines that the spend edition shows as one row for a person's month, never one by one (T-8)."""


@dataclass(frozen=True)
class Line:
    """A ledger line as the spend edition decided it."""

    row_id: str
    transaction_number: str
    line_number: int
    payment_date: date
    amount_pence: int
    """As in the spend edition: VAT only where it is a cost."""
    paid_pence: int
    """VAT included."""
    spend: str
    """The spend edition's reason for showing it or leaving it out."""
    shown: bool
    """Whether the spend edition shows it."""
    grant: bool = False
    contract: str | None = None
    whole_pence: int = 0
    """What the whole item comes to under this contract, VAT included, paid on whatever day."""
    item: tuple[str, str] = ("", "")
    gross: bool = False
    vat_known: bool = True
    date_basis: str = "payment"
    hidden: bool = False
    """Whether the spend edition withholds its payee or its contract."""


@dataclass(frozen=True)
class Count:
    """Ledger lines: how many, what they come to in the ledger, and what was paid with VAT."""

    lines: int = 0
    pence: int = 0
    paid_pence: int = 0

    def plus(self, line: Line) -> Count:
        return Count(self.lines + 1, self.pence + line.amount_pence, self.paid_pence + line.paid_pence)


@dataclass
class Payment:
    """A payment of one day for one item under one contract: a row of the dataset."""

    lines: list[Line] = field(default_factory=list)

    @property
    def first(self) -> Line:
        return self.lines[0]

    @property
    def paid_pence(self) -> int:
        return sum(line.paid_pence for line in self.lines)

    @property
    def vat_basis(self) -> str:
        """How far VAT is known: `net_plus_vat`, `gross` where it cannot be separated, else the least sure of both."""
        if not all(line.vat_known for line in self.lines):
            return "vat_not_known"
        kinds = {"gross" if line.gross else "net_plus_vat" for line in self.lines}
        return kinds.pop() if len(kinds) == 1 else "mixed"


class SpendNotPublished(Conflict):
    code = "spend_not_published"
    title = "The spend edition of the quarter is not published"


class SpendOutOfDate(Conflict):
    code = "spend_out_of_date"
    title = "The ledger has changed since the spend edition"


def decide(line: Line) -> str:
    """IN, or the one reason why not (T-61). What the spend edition leaves out is left out here for the same reason."""
    if not line.shown:
        return line.spend
    if line.grant or line.spend in ("VCSE_GRANT", GROUPED):
        return "NOT_A_CONTRACT_PAYMENT"
    if line.contract is not None and line.whole_pence > OVER_PENCE:
        return IN
    if line.hidden:
        return WITHHELD
    if line.contract is None:
        return "NO_CONTRACT"
    return "CREDIT_NOT_PAYMENT" if line.whole_pence < 0 else "NOT_OVER_30000"


@dataclass(frozen=True)
class Entry:
    """A record of reconciliation.csv: one line that the spend edition shows, or all others of one reason together."""

    decision: str
    spend: str
    counted: Count
    line: Line | None = None


@dataclass(frozen=True)
class SortedOut:
    """A quarter's lines, each decided once."""

    payments: Sequence[Payment]
    """One for each item, contract and day, in the order of the lines."""
    counts: Mapping[str, Count]
    """Decision → the lines that had it; they add up to the quarter."""
    entries: Sequence[Entry]
    """Every line of the quarter, here or with the reason why not.

    Lines that the spend edition shows stand one by one. The others stand together by reason, because single ones would
    show what it keeps back, such as the pay of one person; so do lines that it shows without payee or contract.
    """


def sort_out(lines: Iterable[Line]) -> SortedOut:
    """Decide every line, and put together what is shown and what is counted (T-14, T-61)."""
    payments: dict[tuple[object, ...], Payment] = {}
    entries: list[Entry] = []
    together: dict[tuple[str, str], Count] = {}
    counts: dict[str, Count] = {}
    for line in lines:
        decision = decide(line)
        counts[decision] = counts.get(decision, Count()).plus(line)
        if decision == IN:
            payments.setdefault((line.item, line.contract, line.payment_date), Payment()).lines.append(line)
        if line.shown and line.spend != GROUPED and decision != WITHHELD:
            entries.append(Entry(decision, line.spend, Count(1, line.amount_pence, line.paid_pence), line))
        else:
            key = (decision, line.spend)
            together[key] = together.get(key, Count()).plus(line)
    entries += [Entry(*key, counted) for key, counted in sorted(together.items())]
    return SortedOut(list(payments.values()), dict(sorted(counts.items())), entries)


def refuse_without_spend(publisher: str, label: str, slug: str, published: bool) -> None:
    """The dataset holds the same ledger lines as the spend edition, so that edition comes first (T-61)."""
    if not published:
        raise SpendNotPublished(
            f"No spend edition of {label} is in force, and this dataset holds the same lines as it. Publish "
            f"/v1/datasets/{publisher}/spend/{slug} first."
        )


def refuse_out_of_date(label: str, number: int, lines: int) -> None:
    """Refuse while the ledger holds lines that the spend edition has not decided or decided otherwise (T-61)."""
    if lines:
        raise SpendOutOfDate(
            f"{lines} ledger line{'s' * (lines != 1)} of {label} came or changed after edition {number} of spend was "
            "made. Publish its next edition first; then draft this one.",
            extra={"lines": lines, "spend_edition": number},
        )


def notes(shown: Sequence[Payment], *, programme: bool) -> list[str]:
    """Sentences that readers of the edition must know."""
    said = [
        "The columns are our own until the statutory template is at hand.",
        "A payment is what was paid for one invoice under one contract. It stands here where it exceeds 30,000.00 "
        "pounds with VAT. An invoice paid in parts is tested as a whole; each day on which a part was paid is a row.",
        "The lines are those of the spend edition named in spend_edition. reconciliation.csv says of each line of the "
        "quarter whether it is here or why not. Lines that the spend edition does not show, or of which it withholds "
        "payee or contract, stand together by reason.",
    ]
    if programme:
        said.append("Only spend on the grant-funded programme is shown; other payments of the publisher are not in it.")
    unknown = sum(not line.vat_known for payment in shown for line in payment.lines)
    if unknown:
        said.append(f"Lines whose VAT is not known: {unknown}. Their net amount is shown.")
    undated = sum(line.date_basis != "payment" for payment in shown for line in payment.lines)
    if undated:
        said.append(
            f"Lines whose day of payment the ledger does not state: {undated}. DateBasis says which day is shown."
        )
    return said
