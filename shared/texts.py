"""Texts as a reader sees them: one normal form for every text that decides, kept beside the text as it was sent.

Two texts that look the same on paper are the same here: signs nobody sees are left out, every space is a space, every
dash a hyphen, every apostrophe straight. What is stored and published stays as it was sent; only comparisons use this.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import chain

_SPACE, _NOTHING = " ", ""
_LOOKED_AT = (range(0x3100), range(0xFE00, 0x10000), range(0x13430, 0x13440), range(0x1BCA0, 0x1BCA4),
              range(0x1D173, 0x1D17B), range(0xE0000, 0xE0200))  # fmt: skip
"""Where Unicode keeps spaces, dashes and signs that show nothing. Looking at all of it takes a third of a second."""


def _table() -> dict[int, str]:
    """What becomes of each character that a reader does not see, or sees as another."""
    found: dict[int, str] = {}
    for code in chain(*_LOOKED_AT):
        category = unicodedata.category(chr(code))
        if category in ("Zs", "Zl", "Zp", "Cc"):
            found[code] = _SPACE
        elif category == "Cf":
            found[code] = _NOTHING
        elif category == "Pd":
            found[code] = "-"
    # Letters and marks that show nothing: joiners, variation selectors, fillers, the empty Braille cell.
    for first, last in ((0x034F, 0x034F), (0x17B4, 0x17B5), (0x180B, 0x180F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF)):
        found |= dict.fromkeys(range(first, last + 1), _NOTHING)
    found |= dict.fromkeys((0x115F, 0x1160, 0x2800, 0x3164, 0xFFA0), _SPACE)
    # Format characters that a reader does see: the signs that stand over or under Arabic and Kaithi figures.
    for code in (*range(0x0600, 0x0606), 0x06DD, 0x070F, 0x0890, 0x0891, 0x08E2, 0x110BD, 0x110CD):
        found.pop(code, None)
    found[0x2212] = "-"
    found |= dict.fromkeys((0x2018, 0x2019, 0x201B, 0x02BC, 0x02B9, 0x2032, 0x00B4, 0x0060), "'")
    found |= dict.fromkeys((0x201C, 0x201D, 0x201E, 0x201F, 0x2033), '"')
    found.pop(ord("-"))
    found.pop(ord(" "))
    return found


_SEEN = _table()
_HIDDEN = {code: into for code, into in _SEEN.items() if into == _NOTHING or (into == _SPACE and code > 0xA0)}
_HIDDEN[0xA0] = _SPACE
_APART = {code: (_SPACE if into == _NOTHING else into) for code, into in _SEEN.items()}


def seen(text: str) -> str:
    """The text as a reader sees it: what tells two lines apart is compared in this form.

    `INV-77` with a zero-width space behind it, or with a non-breaking hyphen, is `INV-77`. Case stays.
    """
    if text.isascii():
        if text.isprintable():
            return " ".join(text.split()) if "  " in text or text[:1] == " " or text[-1:] == " " else text
        return " ".join(text.translate(_SEEN).split())
    composed = unicodedata.normalize("NFKC", text.translate(_SEEN))
    return " ".join(composed.translate(_SEEN).split())


def folded(text: str) -> str:
    """As `seen`, and without case: patterns, tests, codes and column names are compared in this form."""
    plain = seen(text).casefold()
    return plain if plain.isascii() else unicodedata.normalize("NFKC", plain)


def folded_ways(text: str) -> tuple[str, ...]:
    """`folded`, and where signs nobody sees stand in the text also with each of them as a space between words.

    What decides whether somebody is a private person looks at both: `Mrs` and `K` with only a zero-width space between
    them may have been two words.
    """
    plain = folded(text)
    if text.isascii() or not any(_SEEN.get(ord(sign)) == _NOTHING for sign in text):
        return (plain,)
    return tuple(dict.fromkeys((plain, folded(text.translate(_APART)))))


def hidden_signs(text: str) -> tuple[str, ...]:
    """Names of the signs in a text that nobody sees, or that only look like a space: for a message about it."""
    if text.isascii():
        return ()
    return tuple(
        dict.fromkeys(f"U+{ord(sign):04X} {unicodedata.name(sign, 'unnamed')}" for sign in text if ord(sign) in _HIDDEN)
    )


def without_hidden(text: str) -> str:
    """The text without signs that nobody sees, its spaces plain ones: what is shown stays, letter for letter."""
    return text if text.isascii() else text.translate(_HIDDEN)


_DIVIDERS = re.compile(r"[\s_.\-]+")


def column_name(name: str) -> str:
    """A column's name as it is compared, without case and dividers (space, _, -, .): `Trans No` is `trans_no`."""
    plain = folded(name)
    return _DIVIDERS.sub("", plain) or plain
