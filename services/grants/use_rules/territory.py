"""Where a grant may be used: a pure test of a GSS code against an agreement's territory (G-6)."""

from __future__ import annotations

import re

GSS = re.compile(r"[A-Z][0-9]{8}")
"""Nine signs: the nation's letter and eight digits, such as `E08000033`."""

NATIONS = {"england": "E", "wales": "W", "scotland": "S", "northern ireland": "N"}


def outside_territory(territory: str, gss: str) -> str | None:
    """The sentence of the refusal where a GSS code lies outside the territory; None where it does not.

    A territory names one or more nations, such as `England` or `England and Wales`. One that names none of them is no
    ground for a refusal, nor is a code that is no GSS code: its shape is tested where it is read.
    """
    named = territory.casefold()
    letters = {letter for nation, letter in NATIONS.items() if nation in named}
    if not letters or not GSS.fullmatch(gss) or gss[0] in letters:
        return None
    expected = " or ".join(f"{letter}\u2026" for letter in sorted(letters))
    return f"The agreement covers {territory}: GSS codes {expected}. Fund it from elsewhere, or correct the code."
