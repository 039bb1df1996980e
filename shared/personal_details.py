"""Signs of personal details in a text that is about to be public: how to reach, pay or identify a person (T-24).

Patterns are written once, in what Python and PostgreSQL both read, for texts in the form of `texts.folded`: `find`
looks at a text, and `sql_folded` makes the same form of a column, so that a statement can look at many.
"""

from __future__ import annotations

import re
from functools import cache

from shared.texts import folded_ways, seen, without_hidden

_START, _END = "(?<![0-9a-z])", "(?![0-9a-z])"
_GAP = "[ ./()-]{0,3}"
_AT = "(?: ?@ ?| ?[(\\[{] ?at ?[)\\]}] ?)"
_DOT = "(?:[.]| ?[(\\[{] ?dot ?[)\\]}] ?)"
# The first group behind the leading zero has two digits or more, so that days such as 01-04-2017 are none.
_TO_DIAL = (
    f"(?:(?:{_START}|(?<=tel)|(?<=mob)|(?<=phone)|(?<=call))"
    f"(?:[(]?(?:[+]|00) ?44[)]?{_GAP}(?:[(]?0[)]?)?{_GAP}|[(]?0[)]? ?|44 ?(?=7))"
    f"(?=[1-37](?:{_GAP}[0-9]){{8,9}}{_END})[1-37][0-9]"
    f"|[+][1-9](?:{_GAP}[0-9]){{9,13}}{_END})"
)
_SORT_CODE = f"{_START}[0-9]{{2}}(?:-[0-9]{{2}}-|[.][0-9]{{2}}[.]| [0-9]{{2}} )[0-9]{{2}}{_END}"
_ANY_SORT_CODE = f"{_START}[0-9]{{2}}[ .-]?[0-9]{{2}}[ .-]?[0-9]{{2}}{_END}"
_ACCOUNT = f"{_START}[0-9]{{4}}[ -]?[0-9]{{4}}{_END}"
_COUNTRIES = "(?:ad|at|be|bg|ch|cy|cz|de|dk|ee|es|fi|fr|gb|gr|hr|hu|ie|is|it|li|lt|lu|lv|mt|nl|no|pl|pt|ro|se|si|sk)"
REDACTED = "REDACTED PERSONAL DATA"
"""What stands in place of a text (T-18)."""
PATTERNS = {
    "email_in_text": f'[^ @<>(),;:"\\[\\]{{}}]+{_AT}[a-z0-9-]+(?:{_DOT}[a-z0-9-]+)*{_DOT}[a-z]{{2,}}',
    "ni_number_in_text": (f"{_START}[a-ceghj-pr-tw-z][a-ceghj-npr-tw-z](?:[ ./-]?[0-9]{{2}}){{3}}[ ./-]?[a-d]{_END}"),
    "phone_in_text": _TO_DIAL,
    "bank_account_in_text": (
        f"{_SORT_CODE}[^0-9].{{0,30}}{_ACCOUNT}|{_SORT_CODE} {_ACCOUNT}|{_ACCOUNT}.{{0,30}}{_SORT_CODE}"
        f"|(?:sort ?code|s/c)[^0-9]{{0,12}}{_ANY_SORT_CODE}"
        f"|{_START}{_COUNTRIES}[0-9]{{2}} ?[a-z0-9]{{4}}(?: ?[0-9]{{4}}){{2,6}}(?: ?[0-9a-z]{{1,4}})?{_END}"
    ),
}
"""Kind of a personal detail → how it is known."""
WORDS = {
    "email_in_text": "an e-mail address",
    "ni_number_in_text": "a National Insurance number",
    "phone_in_text": "a phone number",
    "bank_account_in_text": "bank details",
}
"""The kinds as a message names them."""
SUSPICIOUS = "[0-9@]|[(\\[{] ?at ?[)\\]}]"
"""What every text holds in which one of the patterns can be found; cheap to look for."""

_COMPILED = {code: re.compile(pattern) for code, pattern in PATTERNS.items()}
_SUSPICIOUS = re.compile(SUSPICIOUS)


def find(text: str) -> tuple[str, ...]:
    """The kinds of personal details that a text seems to hold, whatever signs nobody sees stand in it."""
    ways = [way for way in folded_ways(text) if _SUSPICIOUS.search(way)]
    return tuple(code for code, pattern in _COMPILED.items() if any(pattern.search(way) for way in ways))


def sql_folded(expression: str) -> str:
    """The form that the patterns are written for, of a text in SQL. Plain texts pay for none of it."""
    hidden, spaces, dashes = _classes()
    unfolded = f"normalize({expression}, NFKC)"
    for found, into in ((hidden, ""), (spaces, " "), (dashes, "-")):
        unfolded = f"regexp_replace({unfolded}, '{found}', '{into}', 'g')"
    return (
        f"lower(regexp_replace(CASE WHEN octet_length({expression}) <> length({expression}) THEN {unfolded}"
        f" ELSE {expression} END, '\\s+', ' ', 'g'))"
    )


@cache
def _classes() -> tuple[str, str, str]:
    """Classes of signs that show nothing, a space, or a dash, for a pattern of PostgreSQL."""
    hidden: list[int] = []
    spaces: list[int] = [9, 10, 11, 12, 13]
    dashes: list[int] = []
    for code in (*range(0x80, 0x3100), *range(0xFE00, 0x10000), *range(0xE0000, 0xE0200)):
        shown = without_hidden(chr(code))
        if shown == "":
            hidden.append(code)
        elif shown == " ":
            spaces.append(code)
        elif seen(shown) == "-":
            dashes.append(code)
    return _class(hidden), _class(spaces), _class(dashes)


def _class(codes: list[int]) -> str:
    runs: list[list[int]] = []
    for code in codes:
        if runs and runs[-1][1] == code - 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return "[" + "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in runs) + "]"
