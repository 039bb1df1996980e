"""Names of withheld payees in other texts: which spellings are the name, and which are for a person to look at."""

from __future__ import annotations

import pytest

from services.transparency.redactions.names import WithheldNames

NAMES = WithheldNames(
    [
        "Jane Penhaligon",
        "O'Brien, Siobh\u00e1n",
        "J Smith trading as Smith Training",
        "Li Xu",
        "Nemo",
        "Loxley Care Ltd",
    ]
)
WHOLE = (
    "Refund to jane PENHALIGON", "Penhaligon, Jane", "Penhaligon Jane", "Mrs. Jane  Penhaligon's flat",
    "JanePenhaligon", "Jane\u200b Penhaligon", "Ja\u00adne Penhaligon", "Jane\u200bPenhaligon",
    "\uff2aane \uff30enhaligon", "Jane-Penhaligon/2017", "Ja\u0301ne Penhaligon", "Jane\u00a0Penhaligon",
    "Siobhan OBrien", "SIOBH\u00c1N O\u2019BRIEN", "O Brien Siobhan",
    "J. Smith", "Course by Smith Training", "Xu Li", "for li-xu", "LOXLEY CARE LTD", "Loxley Care, Ltd.",
)  # fmt: skip
PART = ("Ms Penhaligon", "Jane Mary Penhaligon", "Penhaligon & Sons", "Finding Nemo", "Smith Street", "flat of O'Brien")
NEITHER = ("Janet Penhaligons", "Jane Pen", "Training", "Loxley", "Loxley House", "Xu", "Limited company", "", "Lixu")


@pytest.mark.parametrize("text", WHOLE)
def test_a_name_is_known_in_every_spelling_of_its_normal_form(text: str) -> None:
    """T-63."""
    assert NAMES.find(text) == "whole"
    assert NAMES.may_stand_in(text)


@pytest.mark.parametrize("text", PART)
def test_a_surname_alone_is_for_a_person_to_look_at(text: str) -> None:
    """T-24, T-63."""
    assert NAMES.find(text) == "part"
    assert NAMES.may_stand_in(text)


@pytest.mark.parametrize("text", NEITHER)
def test_other_words_are_left_alone(text: str) -> None:
    """T-22, T-63: words that only begin alike, a first name, a word of a firm's name."""
    assert NAMES.find(text) is None


def test_without_names_nothing_is_found() -> None:
    assert not WithheldNames(())
    assert WithheldNames(["", "Mr", "A B"]).find("A B, Mr") is None
