"""What numbers of public registers look like, and what is said to somebody who gives one that cannot be right.

Nothing is ever padded or guessed: a number that lost a digit is looked up by a person (T-29).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from shared.texts import seen

COMPANY = re.compile(r"[0-9]{8}|[A-Z][A-Z0-9]{7}")
SURELY_COMPANY = re.compile(r"0[0-9]{7}|(OC|NI|SO|NC|LP)[0-9]{6}")
LEAST_DIGITS = 3
CHARITY = re.compile(r"[0-9]{6,7}(-[0-9]{1,2})?")
SCOTTISH_CHARITY = re.compile(r"SC[0-9]{6}")
NORTHERN_CHARITY = re.compile(r"(NIC)?1[0-9]{5}")
GSS = re.compile(r"[EWSNKJ][0-9]{8}")
SHORTENED = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?E[+-]?[0-9]+")
PLACEHOLDERS = frozenset({"NA", "NONE", "NULL", "NIL", "UNKNOWN", "TBC", "NOTKNOWN", "NOTAPPLICABLE", "NK"})
SEVEN = re.compile(r"[0-9]{7}")
REGISTER = re.compile(r"[A-Z]{2}-[A-Z0-9]+")
"""A list of org-id.guide, such as `GB-COH`; a GSS code names a place and is none."""
ANY = re.compile(r"(?=.*[A-Za-z0-9])[A-Za-z0-9][A-Za-z0-9._:/+-]*")
"""An identifier of a register whose form is not known here: one word of letters, digits and a few signs."""


@dataclass(frozen=True)
class Form:
    """What a register's identifiers look like, in words and as a pattern."""

    pattern: re.Pattern[str]
    words: str


FORMS = {
    "GB-COH": Form(COMPANY, "8 letters or digits as Companies House writes them, such as 01234567 or SC123456"),
    "GB-CHC": Form(CHARITY, "6 or 7 digits, with a suffix such as -1 for a linked charity"),
    "GB-SC": Form(SCOTTISH_CHARITY, "SC and 6 digits, such as SC012345"),
    "GB-NIC": Form(NORTHERN_CHARITY, "6 digits that begin with 1, such as 100012"),
    "GB-LAE": Form(re.compile(r"[A-Z]{3}"), "3 letters, such as BIR"),
    "GB-LAS": Form(re.compile(r"[A-Z]{3}"), "3 letters, such as ABE"),
    "GB-LANI": Form(re.compile(r"[A-Z]{3}"), "3 letters, such as BFS"),
    "GB-PLA": Form(re.compile(r"[A-Z]{3}"), "3 letters, such as CRF"),
    "GB-GOR": Form(re.compile(r"[A-Z]{1,4}[0-9]{1,5}"), "letters and digits, such as D10 or EA72"),
    "GB-EDU": Form(re.compile(r"[0-9]{6}"), "6 digits"),
    "GB-UKPRN": Form(re.compile(r"1[0-9]{7}"), "8 digits that begin with 1"),
    "GB-NHS": Form(re.compile(r"[A-Z0-9]{3,10}"), "3 to 10 letters or digits"),
    "GB-MPR": Form(re.compile(r"(IP|SP|NP|RS)?[0-9]{1,6}R?S?"), "the number of the Mutuals Public Register"),
    "GSS": Form(GSS, "a letter for the nation and 8 digits, such as E08000035"),
}  # fmt: skip


def plain_identifier(text: str, scheme: str = "GB-COH") -> str:
    """An identifier as a reader sees it: without hidden signs and outer spaces, in capitals where its register has."""
    plain = seen(text)
    return plain.upper() if scheme in FORMS else plain


def identifier_fault(scheme: str, text: str) -> str | None:
    """What is wrong with an identifier and what to do; None for one that can be right. Give it `plain_identifier`."""
    form = FORMS.get(scheme)
    if form is not None and form.pattern.fullmatch(text) and _is_a_number(scheme, text):
        return None
    said = f"{text[:40] or 'An empty text'} is no identifier of {scheme}"
    text = text.upper()
    if text.replace(" ", "").strip("/.-").replace("/", "").replace(".", "") in PLACEHOLDERS or text.strip("-. ") == "":
        return f"{said}: it says that there is none; leave the identifier out."
    if text.startswith("#"):
        return f"{said}: it is an error value of a spreadsheet; look the number up in the register."
    if SHORTENED.fullmatch(text.replace(" ", "")):
        return (
            f"{said}: a spreadsheet has shortened it to scientific notation, and its digits are lost; look the number"
            " up in the register."
        )
    other = next(
        (name for name in ("GB-SC", "GB-CHC", "GB-COH") if name != scheme and _belongs(name, scheme, text)), None
    )
    if form is None:
        if not ANY.fullmatch(text):
            return f"{said}: an identifier is one word of letters and digits; look it up in the register."
        return None
    expected = f"{said}: expected {form.words}"
    if other is not None:
        return f"{expected}. It has the form of {other}; if that is what it is, give it under {other}."
    if text.startswith(f"{scheme}-"):
        return f"{expected}. Leave the name of the register out of the identifier."
    if scheme == "GB-COH" and SEVEN.fullmatch(text):
        return (
            f"{expected}. It has seven digits: a leading zero was probably lost. Look the number up at Companies House"
            " and give all eight."
        )
    return f"{expected}. Look it up in the register and give it as it is written there."


def company_number(text: str) -> str | None:
    """A company's number in the form of Companies House, capitals, without spaces; None where it has not that form."""
    plain = plain_identifier(text).replace(" ", "")
    return plain if COMPANY.fullmatch(plain) and _is_a_number("GB-COH", plain) else None


def charity_number(text: str) -> str | None:
    """A charity's number in the form of one of the three registers; None where it has none of them.

    The letters say which register it is of: `SC012345` is of Scotland.
    """
    plain = plain_identifier(text).replace(" ", "")
    known = (CHARITY, SCOTTISH_CHARITY, NORTHERN_CHARITY)
    return plain if any(form.fullmatch(plain) for form in known) and plain.strip("0-") else None


def _is_a_number(scheme: str, text: str) -> bool:
    """Not a word of eight letters, and not zeros alone."""
    if not text.strip("0-"):
        return False
    return scheme != "GB-COH" or sum(sign.isdigit() for sign in text) >= LEAST_DIGITS


def _belongs(name: str, scheme: str, text: str) -> bool:
    """Whether the form is surely that of another register: letters say so, or the number of digits."""
    if name == "GB-SC":
        return scheme in ("GB-CHC", "GB-NIC") and SCOTTISH_CHARITY.fullmatch(text) is not None
    if name == "GB-CHC":
        return scheme == "GB-SC" and CHARITY.fullmatch(text) is not None
    return scheme in ("GB-CHC", "GB-NIC", "GB-LAE") and SURELY_COMPANY.fullmatch(text) is not None
