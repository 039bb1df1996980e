"""What may be asked of the search: words, prefixes and phrases, and filters that go together (T-60)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from shared.errors import ErrorItem, Invalid, NotFound
from shared.periods import FinancialYear, Quarter

MOST_TERMS = 12
SHORTEST_PREFIX = 2

_TERM = re.compile(r'"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+)|(?P<open>")')


class SearchInvalid(Invalid):
    code = "search_invalid"
    title = "The search cannot be made as it is asked for"


class NoSuchFile(NotFound):
    code = "file_not_found"
    title = "There is no file of this name"


class NothingPublished(NotFound):
    code = "nothing_published_then"
    title = "Nothing was published by then"


@dataclass(frozen=True)
class Term:
    """A word, the beginning of a word, or several words that follow one another."""

    text: str
    prefix: bool = False


@dataclass(frozen=True)
class Asked:
    """What a reader filters by, as it was sent. Texts are compared without case and accents."""

    q: str | None = None
    payee: str | None = None
    unit: str | None = None
    category: str | None = None
    contract: str | None = None
    publisher: str | None = None
    period: str | None = None
    year: str | None = None
    min_pence: int | None = None
    max_pence: int | None = None
    paid_from: date | None = None
    paid_to: date | None = None
    card: str | None = None
    redaction: str | None = None
    late: bool | None = None
    has_contract: bool | None = None
    has_number: bool | None = None
    inclusion: str | None = None
    as_at: datetime | None = None
    edition: int | None = None

    @property
    def terms(self) -> tuple[Term, ...]:
        return terms(self.q or "")

    @property
    def is_whole(self) -> bool:
        """Whether nothing but publisher, period, year and edition is asked for, so that kept totals answer."""
        texts = (self.q, self.payee, self.unit, self.category, self.contract, self.card, self.redaction, self.inclusion)
        others = (
            self.late,
            self.has_contract,
            self.has_number,
            self.min_pence,
            self.max_pence,
            self.paid_from,
            self.paid_to,
        )
        return all(value is None for value in (*texts, *others))


def terms(q: str) -> tuple[Term, ...]:
    """The parts of a search text: `roof*` is the beginning of a word, `"peer challenge"` a phrase."""
    found = []
    for match in _TERM.finditer(q):
        if match["word"]:
            found.append(Term(match["word"].rstrip("*"), prefix=match["word"].endswith("*")))
        elif match["phrase"]:
            found.append(Term(match["phrase"]))
    return tuple(found)


def refuse_contradictions(asked: Asked, redaction_codes: Iterable[str]) -> None:
    """Refuse, all at once, what can match nothing or is not one question."""
    errors = [*_errors_of_text(asked), *_errors_of_periods(asked)]
    if asked.min_pence is not None and asked.max_pence is not None and asked.min_pence > asked.max_pence:
        errors.append(
            _error(
                "max_pence",
                f"The largest amount, {asked.max_pence}, is below the smallest, {asked.min_pence}; exchange the two.",
            )
        )
    if asked.paid_from is not None and asked.paid_to is not None and asked.paid_from > asked.paid_to:
        errors.append(
            _error(
                "paid_to", f"The last day, {asked.paid_to}, is before the first, {asked.paid_from}; exchange the two."
            )
        )
    codes = sorted(redaction_codes)
    if asked.redaction is not None and asked.redaction not in ("true", "false", *codes):
        errors.append(
            _error(
                "redaction", f"There is no such reason for a redaction; give true, false or one of {', '.join(codes)}."
            )
        )
    if errors:
        raise SearchInvalid("The filters cannot be used as they are; see errors.", errors=errors)


def refuse_order_of_feed(order: str) -> None:
    """A feed shows what is newest; in another order it could not be followed."""
    if order != "newest":
        raise SearchInvalid(
            f"A feed is in order of the day of payment, never by {order}; leave the order out.", parameter="order"
        )


def _errors_of_text(asked: Asked) -> list[ErrorItem]:
    q, found = asked.q or "", []
    if any(match["open"] for match in _TERM.finditer(q)):
        found.append(
            _error("q", "A quotation mark has no other one behind it; close the phrase or leave the mark out.")
        )
    if len(asked.terms) > MOST_TERMS:
        found.append(
            _error("q", f"The text has {len(asked.terms)} words and phrases; search for at most {MOST_TERMS} at once.")
        )
    for term in asked.terms:
        if term.prefix and len(term.text) < SHORTEST_PREFIX:
            found.append(
                _error(
                    "q", f"{term.text}* begins too many words; write at least {SHORTEST_PREFIX} letters before the *."
                )
            )
    for name in ("payee", "unit", "category", "contract"):
        text = getattr(asked, name)
        if text is not None and text.endswith("*") and len(text.rstrip("*").strip()) < SHORTEST_PREFIX:
            found.append(
                _error(name, f"{text} begins too many names; write at least {SHORTEST_PREFIX} letters before the *.")
            )
    return found


def _errors_of_periods(asked: Asked) -> list[ErrorItem]:
    found = []
    quarter = year = None
    if asked.period is not None:
        try:
            quarter = Quarter.parse(asked.period)
        except ValueError as error:
            found.append(_error("period", f"There is no such quarter: {error}."))
    if asked.year is not None:
        try:
            year = FinancialYear.parse(asked.year)
        except ValueError as error:
            found.append(_error("year", f"There is no such year: {error}."))
    if quarter is not None and year is not None and quarter.year != year:
        found.append(
            _error("year", f"The quarter {quarter.slug} is not in the year {year.slug}; leave one of the two out.")
        )
    if asked.edition is not None:
        found += [
            _error(name, "An edition's number needs the publisher and the period it belongs to; give both.")
            for name in ("publisher", "period")
            if getattr(asked, name) is None
        ]
        if asked.as_at is not None:
            found.append(
                _error("as_at", "A given edition is the same at any time; leave out the instant or the edition.")
            )
    return found


def _error(parameter: str, detail: str) -> ErrorItem:
    return ErrorItem(code=SearchInvalid.code, detail=detail, parameter=parameter)
