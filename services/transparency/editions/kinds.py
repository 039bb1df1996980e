"""The datasets this service publishes: title, period, the room that makes the rows, the duties an edition meets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from services.transparency.contracts.publication import draft as contracts
from services.transparency.drafts import MakeDraft, Period
from services.transparency.editions.rules import UnknownDataset
from services.transparency.obligations.drafts import draft_documents, draft_record
from services.transparency.pay.publication import draft_multiple
from services.transparency.payments.performance.draft import draft_performance
from services.transparency.payments.threshold.draft import draft_payments
from services.transparency.people.publication import draft_counts, draft_senior, draft_structure
from services.transparency.requests.draft import draft as requests
from shared.errors import NotFound
from shared.periods import FinancialYear, HalfYear, Quarter


@dataclass(frozen=True)
class Kind:
    """One kind of dataset."""

    name: str
    """As addresses and events name it; also the name of its column profile."""
    title: str
    """With `{name}` for the publisher."""
    cadence: Literal["quarter", "half", "year"]
    duties: tuple[str, ...]
    """Codes of the duties of the same period that an edition of it meets."""
    make: MakeDraft | None
    """None for spend, whose rows are the owner's ledger."""
    year_before: bool = False
    """Its duties fall due in the July of their year, when only the year before has ended: an edition of that year meets
    them too (Annex C items G and H)."""

    @property
    def csv_file(self) -> str:
        return f"{self.name}.csv"

    @property
    def json_file(self) -> str:
        return f"{self.name}.json"

    def period(self, text: str) -> Period:
        """The period of this slug. NotFound where the dataset has no such period."""
        parse, form = FORMS[self.cadence]
        try:
            return parse(text)
        except ValueError as error:
            raise NotFound(
                f"{text[:64]} is no period of {self.name}: {error}. Name {form}.", parameter="period"
            ) from error


FORMS: dict[str, tuple[Callable[[str], Period], str]] = {
    "quarter": (Quarter.parse, "a quarter, such as 2017-18-q1"),
    "half": (HalfYear.parse, "a half-year, such as 2017-18-h1"),
    "year": (FinancialYear.parse, "a year, such as 2017-18"),
}

SPEND = Kind("spend", "Spend over £500 of {name}", "quarter", ("SPEND", "CARDS"), None)

CONTRACTS = Kind("contracts", "New contracts of {name}", "quarter", ("CONTRACTS",), contracts)

REQUESTS = Kind("requests", "Requests for information to {name}", "year", (), requests)
DOCUMENTS = Kind("documents", "Documents of {name}", "year", (), draft_documents)
PUBLICATION_RECORD = Kind("publication_record", "Duties of {name} and when they were met", "year", (), draft_record)

STRUCTURE = Kind("organisation_structure", "Organisation chart of {name}", "year", ("ORGCHART",), draft_structure, True)
SENIOR = Kind("senior_employees", "Senior employees of {name}", "year", ("SENIORPAY",), draft_senior)
COUNTS = Kind("senior_salary_count", "Staff of {name} by pay bracket", "year", (), draft_counts)
MULTIPLE = Kind("pay_multiple", "Pay multiple of {name}", "year", ("PAYMULTIPLE",), draft_multiple, True)

PAYMENTS = Kind(
    "payments_over_threshold",
    "Payments over £30,000 under contracts of {name}",
    "quarter",
    ("PAYMENTS30K",),
    draft_payments,
)
PERFORMANCE = Kind(
    "payment_performance", "Payment performance of {name}", "half", ("PAYMENTPERFORMANCE",), draft_performance
)

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        SPEND,
        CONTRACTS,
        PAYMENTS,
        PERFORMANCE,
        STRUCTURE,
        SENIOR,
        COUNTS,
        MULTIPLE,
        REQUESTS,
        DOCUMENTS,
        PUBLICATION_RECORD,
    )
}


def kind_of(name: str) -> Kind:
    """UnknownDataset where nothing of this name is published."""
    if name not in KINDS:
        raise UnknownDataset(
            f"There is no dataset {name[:64]}; the datasets are {', '.join(sorted(KINDS))}.", parameter="dataset"
        )
    return KINDS[name]
