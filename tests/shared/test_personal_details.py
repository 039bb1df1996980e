"""Personal details in texts: one set of patterns, which Python and the database read alike (T-24)."""

from __future__ import annotations

import pytest

from shared.personal_details import PATTERNS, WORDS, find
from tests.transparency.test_lint import HARMLESS, PHONES, SIBLINGS, TEXTS


def test_every_kind_has_words_for_a_message() -> None:
    """T-24."""
    assert PATTERNS.keys() == WORDS.keys() == SIBLINGS.keys() == TEXTS.keys()


@pytest.mark.parametrize(("code", "text"), [(code, text) for code, texts in SIBLINGS.items() for text in texts])
def test_a_detail_is_known_in_every_spelling(code: str, text: str) -> None:
    """T-24."""
    assert find(f"Ask: {text}, or not") == (code,)


@pytest.mark.parametrize("text", [*PHONES, *TEXTS.values()])
def test_the_plain_spellings_are_known(text: str) -> None:
    """T-24."""
    assert len(find(text)) == 1


@pytest.mark.parametrize("text", HARMLESS)
def test_days_amounts_and_orders_are_no_personal_details(text: str) -> None:
    """T-24."""
    assert find(text) == ()
