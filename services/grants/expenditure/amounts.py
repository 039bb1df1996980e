"""Amounts as finance systems write them, read strictly and exactly: digits to pence, never through floating point."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from services.grants.expenditure.cells import SPACES, Unreadable

MAX_AMOUNT_PENCE = 10**13
"""£100 billion: more than any line of any public body, and small enough that a batch's sum fits a 64-bit integer."""

PLAIN = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,2})?")
NOISE_DIGITS = 6
"""From so many decimals on, digits that are a whole penny within this precision are a spreadsheet's float noise."""

MAX_AMOUNT_TEXT = 1000
SCIENTIFIC = re.compile(r"([-+]?[0-9]+(?:[.,][0-9]+)?)[eE]([-+]?[0-9]{1,2})")
FOREIGN = ("€", "$", "¥", "EUR", "USD", "CHF", "JPY")
MINUS_SIGNS = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u02d7\u207b\u2796\ufe58\ufe63\uff0d"
"""Signs that stand for a minus: hyphens and dashes of all lengths, and the minus itself."""
TURNS_ROUND = "\u00ad\u202e\u202b\u2067"
"""A hyphen that may show or not, and marks that show figures in another order: what is meant is not certain."""


def _plain_signs() -> dict[int, str]:
    """Signs of other widths and lengths → those that stand for them in every style. Figures stay as they are."""
    signs = dict.fromkeys(map(ord, MINUS_SIGNS), "-")
    signs |= {0xFF08: "(", 0xFF09: ")", 0xFF0B: "+", 0xFFE1: "£", 0xFF1C: "<", 0xFF1E: ">", 0xFE59: "(", 0xFE5A: ")"}
    for code in (*range(0x00A0, 0x0600), *range(0x1680, 0x1681), *range(0x2000, 0x2070), 0x3000, 0xFEFF):
        kind = unicodedata.category(chr(code))
        if kind == "Zs":
            signs[code] = " "
        elif kind == "Cf" and chr(code) not in TURNS_ROUND:
            signs[code] = ""
    return signs


PLAIN_SIGNS = _plain_signs()
APOSTROPHES = str.maketrans("\u2019\u02bc", "''")
BRACKETS = (("(", ")"), ("<", ">"))
SCALES = {"pounds": 2, "pence": 0, "thousands": 5}
"""What amounts are counted in, and how many places the decimal point moves to make pence."""


@dataclass(frozen=True)
class AmountStyle:
    """How a layout writes amounts. What is not allowed here is refused, never guessed."""

    decimal: str = "."
    thousands: str = ""
    currency: tuple[str, ...] = ()
    brackets: bool = False
    trailing_minus: bool = False
    dash_is_zero: bool = False
    plus_sign: bool = False
    credit_marks: tuple[str, ...] = ()
    debit_marks: tuple[str, ...] = ()
    scientific: bool = False
    unit: str = "pounds"
    bare_decimal: bool = False


def amount_reader(style: AmountStyle) -> Callable[[str], tuple[int, bool]]:
    """A function from a cell to (pence, whether float noise was taken off). Raises Unreadable (T-57, G-1)."""
    slow = _Styled(style).read
    if style.decimal != "." or style.unit != "pounds":
        return slow
    plain = PLAIN.fullmatch

    def read(cell: str) -> tuple[int, bool]:
        if plain(cell):
            # The shape nearly every cell has: two decimals, so the digits are the pence.
            if cell[-3:-2] == ".":
                pence = int(cell[:-3] + cell[-2:])
                return (pence, False) if -MAX_AMOUNT_PENCE <= pence <= MAX_AMOUNT_PENCE else _too_large()
            whole_part, _, fraction = cell.partition(".")
            pence = int(whole_part + (fraction + "00")[:2])
            return (pence, False) if -MAX_AMOUNT_PENCE <= pence <= MAX_AMOUNT_PENCE else _too_large()
        return slow(cell)

    return read


class _Styled:
    """Reads what is not plain digits."""

    def __init__(self, style: AmountStyle) -> None:
        self._style = style
        # A space between thousands may be any of the spaces that do not break a line.
        mark = f"[{re.escape(SPACES)}]" if style.thousands == " " else re.escape(style.thousands)
        whole = rf"[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+|[0-9]+" if mark else "[0-9]+"
        decimal = re.escape(style.decimal)
        fraction = rf"(?:{decimal}([0-9]*))?" if style.bare_decimal else rf"(?:{decimal}([0-9]+))?"
        self._number = re.compile(rf"({whole}){fraction}")
        self._places = SCALES[style.unit]
        self._cell = ""
        """The amount at hand as it stands in its cell, for a refusal that names its signs."""
        self._marks = [(mark.casefold(), True) for mark in style.credit_marks] + [
            (mark.casefold(), False) for mark in style.debit_marks
        ]
        self._marks.sort(key=lambda mark: -len(mark[0]))

    def read(self, cell: str) -> tuple[int, bool]:
        style = self._style
        text = cell.strip(SPACES + "\t\r\n")
        if not text:
            raise Unreadable("amount_missing", "The amount is blank; write it, 0.00 for none.")
        if not text.isascii():
            text = text.translate(PLAIN_SIGNS).strip()
            if not text:
                raise Unreadable("amount_missing", "The amount is blank; write it, 0.00 for none.")
        if len(text) > MAX_AMOUNT_TEXT:
            detail = f"The text is too long for an amount; write it such as {self._example()}."
            raise Unreadable("amount_unreadable", detail)
        if style.thousands == "'":
            text = text.translate(APOSTROPHES)
        self._cell = cell
        negative, rest = self._sign(text)
        if rest is None:
            return 0, False
        text = rest
        if style.scientific and (match := SCIENTIFIC.fullmatch(text)):
            digits, fraction = _written_out(match)
        else:
            match = self._number.fullmatch(text)
            if not match and style.bare_decimal and text[:1] == style.decimal and len(text) > 1:
                match = self._number.fullmatch("0" + text)
            if not match:
                self._refuse(text)
            assert match is not None
            digits, fraction = re.sub("[^0-9]", "", match[1]), match[2] or ""
        if len(digits.lstrip("0")) > 14:
            _too_large()
        pence, noise = _pence(digits, fraction, self._places)
        if pence > MAX_AMOUNT_PENCE:
            _too_large()
        return (-pence if negative else pence), noise

    def _sign(self, text: str) -> tuple[bool, str | None]:
        """Whether the amount is negative, and what is left of it; None for a dash that means nothing."""
        style = self._style
        negative: bool | None = None
        marked, text = self._mark(text)
        if marked is not None:
            negative = marked
        text, had_currency = self._currency(text)
        if text == "-" and style.dash_is_zero and negative is None:
            return False, None
        if style.brackets and (text[:1], text[-1:]) in BRACKETS:
            if negative is not None:
                self._refuse(text)
            negative, text = True, text[1:-1].strip(SPACES)
        elif style.trailing_minus and text.endswith("-") and not text.startswith("-"):
            if negative is not None:
                self._refuse(text)
            negative, text = True, text[:-1].rstrip(SPACES)
        elif style.trailing_minus and style.plus_sign and text.endswith("+"):
            text = text[:-1].rstrip(SPACES)
        if text.startswith("-") and negative is None:
            negative, text = True, text[1:].lstrip(SPACES)
        elif style.plus_sign and text.startswith("+") and negative is None:
            negative, text = False, text[1:].lstrip(SPACES)
        if not had_currency:
            text, _ = self._currency(text)
        return bool(negative), text

    def _mark(self, text: str) -> tuple[bool | None, str]:
        """A credit or debit mark before or behind the figure: whether it makes the amount negative."""
        folded = text.casefold()
        for mark, negative in self._marks:
            if folded.endswith(mark):
                return negative, text[: -len(mark)].rstrip(SPACES)
            if folded.startswith(mark):
                return negative, text[len(mark) :].lstrip(SPACES)
        return None, text

    def _currency(self, text: str) -> tuple[str, bool]:
        folded = text.casefold()
        for sign in self._style.currency:
            mark = sign.casefold()
            if folded.startswith(mark):
                return text[len(mark) :].lstrip(SPACES), True
            if folded.endswith(mark):
                return text[: -len(mark)].rstrip(SPACES), True
        return text, False

    def _example(self) -> str:
        """£1,234.50 as this style writes it."""
        decimal = self._style.decimal
        return {0: "123450", 2: f"1234{decimal}50", 5: f"1{decimal}23450"}[self._places]

    def _refuse(self, text: str) -> None:
        if SCIENTIFIC.fullmatch(text):
            detail = (
                "Scientific notation has lost digits of the amount; export the column as a number with two decimals."
            )
        elif any(sign in text.upper() for sign in FOREIGN):
            detail = "The amount names another currency than pounds; send pounds sterling."
        else:
            detail = (
                f"Not an amount in the style this profile names{self._strange(text)}; write it such as"
                f" {self._example()}."
            )
        raise Unreadable("amount_unreadable", detail)

    def _strange(self, text: str) -> str:
        """The signs in an amount that this style does not know, by name: `, as it holds U+2212 MINUS SIGN`."""
        style = self._style
        named = [
            f"U+{ord(sign):04X} {unicodedata.name(sign, 'unnamed')}"
            for sign in dict.fromkeys(self._cell.strip())
            if not sign.isascii() and not sign.isalpha() and sign not in style.currency
        ]
        options = []
        if "+" in text and not style.plus_sign:
            options.append("a plus sign, which amounts.plus_sign would allow")
        if text == "-" and not style.dash_is_zero:
            options.append("a lone dash, which amounts.dash_is_zero would take for 0.00")
        elif text.endswith("-") and not style.trailing_minus:
            options.append("a minus behind the figure, which amounts.trailing_minus would allow")
        if (text[:1], text[-1:]) in BRACKETS and not style.brackets:
            options.append("brackets, which amounts.brackets would take for a minus")
        if "£" in text and "£" not in style.currency:
            options.append("a pound sign, which amounts.currency would allow")
        told = [*named[:5], *options]
        return f", as it holds {' and '.join(told)}" if told else ""


def _written_out(match: re.Match[str]) -> tuple[str, str]:
    """Digits before and behind the decimal point of a figure with an exponent. The sign has been taken off before."""
    whole, _, fraction = match[1].replace(",", ".").partition(".")
    exponent = int(match[2])
    digits = whole.lstrip("+-") + fraction
    point = len(whole.lstrip("+-")) + exponent
    if point <= 0:
        return "0", "0" * -point + digits
    return digits[:point].ljust(point, "0"), digits[point:]


def _pence(digits: str, fraction: str, places: int) -> tuple[int, bool]:
    """`places` decimals make a penny: two of pounds, none of pence, five of thousands of pounds."""
    if len(fraction) <= places or not fraction[places:].strip("0"):
        return int(digits + (fraction + "0" * places)[:places]), False
    if len(fraction) > max(NOISE_DIGITS, places + 3):
        fraction = fraction[:40]
        scale = 10 ** (len(fraction) - places)
        scaled = int(digits + fraction)
        pence, rest = divmod(scaled, scale)
        tolerance = scale // 10 ** min(NOISE_DIGITS - 2, len(fraction) - places - 1)
        if rest <= tolerance:
            return pence, True
        if scale - rest <= tolerance:
            return pence + 1, True
    raise Unreadable("amount_unreadable", "The amount has parts of a penny; round it at its source to two decimals.")


def _too_large() -> tuple[int, bool]:
    raise Unreadable("amount_too_large", "The amount is larger than £100 billion; check for a slipped decimal point.")
