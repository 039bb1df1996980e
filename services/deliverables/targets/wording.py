"""Reads the printed wording of a target into operator and numbers; two readings stay unresolved (D-13)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from services.deliverables.targets.rules import Operator
from shared.texts import folded

PHRASES = (
    (Operator.GE, ("at least", "a minimum of", "minimum of", "no fewer than", "no less than", "not less than")),
    (Operator.GT, ("over", "more than", "above")),
    (Operator.LE, ("up to", "no more than", "at most", "a maximum of")),
)
SCALES = {"k": 10**3, "thousand": 10**3, "m": 10**6, "million": 10**6, "bn": 10**9, "billion": 10**9}
UNITS = {
    "council": "council",
    "councils": "council",
    "group": "council_group",
    "groups": "council_group",
    "groups of councils": "council_group",
    "local authority": "local_authority",
    "local authorities": "local_authority",
    "councillors": "councillor",
    "officers": "officer",
    "projects": "project",
    "peer challenges": "peer_challenge",
    "combined authorities": "combined_authority",
    "events": "event",
    "meetings": "meeting",
    "graduates": "graduate",
    "homes": "home",
    "new homes": "home",
    "jobs": "job",
    "new jobs": "job",
}

_PHRASE = "|".join(re.escape(phrase) for _, phrases in PHRASES for phrase in phrases)
_NUMBER = r"(?P<pound{n}>£)?(?P<number{n}>[0-9]{{1,3}}(?:,[0-9]{{3}})+(?:\.[0-9]+)?|[0-9]{{1,15}}(?:\.[0-9]+)?)" + (
    r"\s?(?P<scale{n}>k|m|bn|thousand|million|billion)?\b"
)
_BASIS = r"(?:pa|p\.a\.|per annum|a year|each year|per year|annually)"
_ONE = re.compile(
    rf"(?:(?P<phrase>{_PHRASE})\s+)?{_NUMBER.format(n=1)}"
    rf"(?:(?P<separator>/|-| to ){_NUMBER.format(n=2)})?"
    rf"(?P<percent>\s?%| per cent| percent)?(?P<or_more> or more)?"
    rf"(?:\s+(?P<unit>[a-z' -]+?))??(?:\s+(?P<basis>{_BASIS}))?"
)


@dataclass(frozen=True)
class Wording:
    """What a printed target says. Money is in pounds, unit `gbp`; `basis` is `annual` or nothing."""

    operator: Operator
    low: Decimal | None = None
    high: Decimal | None = None
    unit: str | None = None
    basis: str | None = None


def in_words(operator: str, low: Decimal | None, high: Decimal | None, unit: str | None, basis: str | None) -> str:
    """A target as people read it: `at least £10,000,000 (annual)`, `3 to 4 councils`."""
    if operator == Operator.NARRATIVE:
        return "no number; assessed"
    if operator == Operator.AS_REQUIRED:
        return "as required"
    if operator == Operator.ALL:
        return f"all: {(unit or 'bodies').replace('_', ' ')}"
    if operator == Operator.UNRESOLVED:
        return "unresolved: no single reading"
    before = {Operator.GE: "at least ", Operator.GT: "over ", Operator.LE: "up to "}.get(Operator(operator), "")
    numbers = amount_in_words(low, unit if operator != Operator.RANGE or unit == "gbp" else None)
    if operator == Operator.RANGE:
        numbers = f"{numbers} to {amount_in_words(high, unit)}"
    shown_basis = "basis unstated" if basis == "unstated" else basis
    return f"{before}{numbers}{f' ({shown_basis})' if shown_basis else ''}"


def amount_in_words(value: Decimal | None, unit: str | None, bound: str = "exact") -> str:
    """A value with its unit and how exactly it is known: `nearly £40,000,000`, `over 20 (council)`."""
    if value is None:
        return "not stated"
    text = f"{value.normalize():,f}"
    before = {"gt": "over ", "ge": "at least ", "lt": "nearly ", "approx": "about "}.get(bound, "")
    if unit == "gbp":
        return f"{before}£{text}"
    if unit == "percent":
        return f"{before}{text} %"
    return f"{before}{text} ({unit.replace('_', ' ')})" if unit else f"{before}{text}"


def parse_wording(text: str) -> Wording:
    """`3/4 councils` → range 3 to 4; `at least £10m pa` → ge 10,000,000 annual; `up to at least 6` → unresolved (D-13).

    Nothing is guessed: two phrases, a fraction the wrong way round, or words between numbers give `unresolved`. Wording
    without any figure is `narrative` and waits for a person's assessment.
    """
    # A raised figure is a footnote and ½ is no whole number: the normal form would make plain digits of both.
    if any(sign.isnumeric() and not sign.isdecimal() for sign in text):
        return Wording(Operator.UNRESOLVED)
    plain = folded(text).rstrip(".")
    if not any(character.isnumeric() for character in plain):
        return _without_number(plain)
    match = _ONE.fullmatch(plain)
    if match is None:
        return Wording(Operator.UNRESOLVED)
    low, high = _amount(match, 1, scale_from=2), None
    if match["separator"]:
        high = _amount(match, 2)
        # A phrase before a range would say two things at once, and 4/3 is a fraction or a slip.
        if match["phrase"] or match["or_more"] or low >= high:
            return Wording(Operator.UNRESOLVED)
    operator = Operator.RANGE if high is not None else _operator(match["phrase"])
    if match["or_more"]:
        if match["phrase"]:
            return Wording(Operator.UNRESOLVED)
        operator = Operator.GE
    return Wording(operator, low, high, _unit(match), "annual" if match["basis"] else None)


def _without_number(plain: str) -> Wording:
    if plain in {"as required", "on request", "as needed"}:
        return Wording(Operator.AS_REQUIRED)
    match = re.fullmatch(r"(?:all|every) ([a-z -]+)", plain)
    if match and (match[1] in UNITS):
        return Wording(Operator.ALL, unit=UNITS[match[1]])
    return Wording(Operator.NARRATIVE)


def _amount(match: re.Match[str], n: int, *, scale_from: int | None = None) -> Decimal:
    """The n-th number; a scale letter at the end of a range counts for its start too, where that has none."""
    scale = match[f"scale{n}"] or (match[f"scale{scale_from}"] if scale_from else None)
    return Decimal(match[f"number{n}"].replace(",", "")) * SCALES.get(scale or "", 1)


def _operator(phrase: str | None) -> Operator:
    return next((operator for operator, phrases in PHRASES if phrase in phrases), Operator.EQ)


def _unit(match: re.Match[str]) -> str | None:
    if match["pound1"] or match["pound2"]:
        return "gbp"
    if match["percent"]:
        return "percent"
    return UNITS.get((match["unit"] or "").strip())
