"""Printed names: known, near to a known one, or new."""

from __future__ import annotations

from uuid import UUID

from services.governance.people.rules import KnownPerson, duplicates, match_name, part_name

CONNETT, MCCORD, HOUGHTON, HODGSON = (UUID(int=n) for n in range(1, 5))
PEOPLE = [
    KnownPerson(CONNETT, "Alan Connett"),
    KnownPerson(MCCORD, "Ian McCord"),
    KnownPerson(HOUGHTON, "Stephen Houghton"),
    KnownPerson(HODGSON, "Dave Hodgson"),
    KnownPerson(UUID(int=9), "Helen Holland"),
]


def test_titles_and_honours_are_parted_from_the_name():
    """B-43."""
    parts = part_name("Cllr Sir David Williams CBE")
    assert (parts.titles, parts.name, parts.honours) == (("Cllr", "Sir"), "David Williams", ("CBE",))


def test_differences_are_proposed_and_never_taken_for_granted():
    """B-43, worked example 17."""
    printed = {
        "Cllr Alan Connet": (CONNETT, "name_variant"),
        "Clir Ian McCord": (MCCORD, "scan_fault"),
        "Sir Stephen Houghton CBE": (HOUGHTON, "title_variant"),
        "Mayor Dave Hodgson MBE": (HODGSON, "title_variant"),
    }
    for text, (person, kind) in printed.items():
        match = match_name(text, PEOPLE)
        assert match.person_id is None
        assert [(p.person_id, p.kind) for p in match.proposals] == [(person, kind)]


def test_a_name_with_the_titles_and_honours_on_record_is_known():
    """B-43."""
    known = [KnownPerson(HOUGHTON, "Stephen Houghton", title="Sir", honours=("CBE",), aliases=("S. Houghton",))]
    for text in ("Stephen Houghton", "Stephen Houghton CBE", "Sir Stephen Houghton CBE", "S. Houghton"):
        assert match_name(text, known).person_id == HOUGHTON
    assert match_name("Lord Stephen Houghton", known).person_id is None


def test_two_persons_of_one_name_are_both_proposed():
    """B-43: a name is never a key."""
    twins = [KnownPerson(UUID(int=1), "Joy Allen"), KnownPerson(UUID(int=2), "Joy Allen")]
    match = match_name("Joy Allen", twins)
    assert match.person_id is None
    assert len(match.proposals) == 2


def test_an_unlike_name_is_new():
    """B-43."""
    match = match_name("Helen Platts", PEOPLE)
    assert match.person_id is None
    assert match.proposals == ()


def test_a_name_printed_twice_is_told_once():
    """B-44."""
    assert duplicates(["Cllr Joy Allen", "Cllr Liz Green", "Cllr Joy Allen", "cllr joy allen"]) == ("Cllr Joy Allen",)
