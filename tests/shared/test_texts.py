"""The normal form of texts that decide: what looks the same is the same, and nothing else is."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from shared import texts

ALIKE = [
    ("INV-77\u200b", "INV-77"),
    ("\u200eINV-77\u200f", "INV-77"),
    ("INV\u00ad-77", "INV-77"),
    ("INV\u201177", "INV-77"),
    ("\ufeffINV-77 ", "INV-77"),
    ("Mrs\u00a0K  Example", "Mrs K Example"),
    ("Mrs\u2009K\u3000Example", "Mrs K Example"),
    ("O\u2019Brien", "O'Brien"),
    ("Cafe\u0301", "Caf\u00e9"),
    ("Mrs\ufe0f K", "Mrs K"),
    ("\uff21lpha", "Alpha"),
    ("a\r\nb", "a b"),
    ("\u2212812.50", "-812.50"),
]


@pytest.mark.parametrize(("sent", "plain"), ALIKE)
def test_texts_that_look_alike_are_compared_alike(sent: str, plain: str) -> None:
    """Design section 6: one normal form, whatever spaces, dashes and hidden signs stand in a text."""
    assert texts.seen(sent) == texts.seen(plain) == plain
    assert texts.folded(sent) == texts.folded(plain)


@pytest.mark.parametrize(
    ("one", "other"), [("INV-77", "INV-78"), ("A B", "AB"), ("a", "A"), ("01", "1"), ("e", "\u00e9")]
)
def test_texts_that_look_different_stay_apart(one: str, other: str) -> None:
    assert texts.seen(one) != texts.seen(other)


def test_a_hidden_sign_between_two_words_is_looked_at_both_ways() -> None:
    """A zero-width space may have stood for a space: what decides about a person's privacy asks both."""
    assert texts.folded_ways("Mrs\u200bK") == ("mrsk", "mrs k")
    assert texts.folded_ways("Mrs\u00a0K") == ("mrs k",)


def test_hidden_signs_are_named_and_taken_out_letter_for_letter() -> None:
    assert texts.hidden_signs("\u200eA\u00a0b") == ("U+200E LEFT-TO-RIGHT MARK", "U+00A0 NO-BREAK SPACE")
    assert texts.hidden_signs("Caf\u00e9 \u2013 b") == ()
    assert texts.without_hidden("\u200eO\u2019Brien\u00a0\u2013 b") == "O\u2019Brien \u2013 b"


def test_no_sign_that_shows_nothing_is_overlooked() -> None:
    """The table looks at some stretches of Unicode only; every format character and space stands in one of them."""
    kept = {0x0600, 0x0601, 0x0602, 0x0603, 0x0604, 0x0605, 0x06DD, 0x070F, 0x0890, 0x0891, 0x08E2, 0x110BD, 0x110CD}
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code)) in ("Cf", "Zs", "Zl", "Zp") and code not in kept:
            assert texts.seen(f"a{chr(code)}b") in ("ab", "a b"), hex(code)


@pytest.mark.parametrize("name", ["Trans No", "trans_no", "TRANS-NO", "Trans. No.", "TransNo", " trans\u00a0no\u200b"])
def test_column_names_are_compared_without_case_and_dividers(name: str) -> None:
    assert texts.column_name(name) == "transno"
