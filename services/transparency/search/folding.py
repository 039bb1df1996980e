"""One form of text for searching, in SQL, where both the rows and what is asked for are: no case, accents or signs."""

from __future__ import annotations

from typing import Any

import psycopg

from shared.personal_details import sql_folded

_MARKS = "[\\u0300-\\u036f\\u1ab0-\\u1aff\\u1dc0-\\u1dff\\u20d0-\\u20ff\\ufe20-\\ufe2f]"
"""Signs that stand over or under a letter once it is taken apart."""
_PLAIN = {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ŧ": "t"}
_TWO = {"æ": "ae", "œ": "oe", "þ": "th"}
"""Letters that do not come apart into a plain letter and a mark."""

_APOSTROPHES = "''’‘`´ʼ"
_SIGNS = "-+./@&<_~"
"""Signs of plain text at which the database's own reader of words would not divide; the fewer, the cheaper."""

BORDER = "zqxzq"
"""Stands between two texts while they are indexed, so that no phrase reaches from one into the next."""

DOCUMENT_LENGTH = 100_000
"""Characters of a row that are indexed. Far beyond any ledger's text, and within what the database can index."""


def sql_plain(expression: str) -> str:
    """Without case and accents: `Müller` and `MULLER` are `muller`. Plain texts pay for none of it."""
    other = f"casefold(normalize({sql_folded(expression)}, NFKD) COLLATE pg_unicode_fast)"
    other = f"regexp_replace({other}, E'{_MARKS}', '', 'g')"
    other = f"translate({other}, '{''.join(_PLAIN)}', '{''.join(_PLAIN.values())}')"
    for sign, letters in _TWO.items():
        other = f"replace({other}, '{sign}', '{letters}')"
    return f"CASE WHEN octet_length({expression}) = length({expression}) THEN lower({expression}) ELSE {other} END"


def sql_words(expression: str) -> str:
    """Its words, with one space between: an apostrophe joins (`O'Brien` is `obrien`), any other sign divides."""
    joined = f"translate({sql_plain(expression)}, '{_APOSTROPHES}', '')"
    return f"btrim(regexp_replace({joined}, '[^[:alnum:]]+', ' ', 'g'))"


def sql_texts(*expressions: str) -> str:
    """Several texts as one, to be indexed."""
    return f"left(concat_ws(' {BORDER} ', {', '.join(expressions)}), {DOCUMENT_LENGTH})"


def sql_document(texts: str) -> str:
    """The words of `sql_texts`, each at its place."""
    # In a plain text signs are exchanged one by one, which is much cheaper than a pattern and divides it the same way.
    signs = f"'{_SIGNS}''`', '{' ' * len(_SIGNS)}'"
    words = (
        f"CASE WHEN octet_length({texts}) = length({texts}) THEN translate(lower({texts}), {signs})"
        f" ELSE {sql_words(texts)} END"
    )
    return f"ts_delete(to_tsvector('simple', {words}), '{BORDER}')"


_WORDS = f"SELECT {sql_words('sent.text')} FROM unnest(%(texts)s::text[]) WITH ORDINALITY AS sent (text, n) ORDER BY n"
_PHRASES = (
    f"SELECT phraseto_tsquery('simple', {sql_words('sent.text')})::text"
    " FROM unnest(%(texts)s::text[]) WITH ORDINALITY AS sent (text, n) ORDER BY n"
)


async def words(connection: psycopg.AsyncConnection[Any], texts: list[str]) -> list[str]:
    """The words of each text, in the form in which labels are kept."""
    return [row[0] for row in await (await connection.execute(_WORDS, {"texts": texts})).fetchall()] if texts else []


async def phrases(connection: psycopg.AsyncConnection[Any], texts: list[str]) -> list[str]:
    """Each text as a part of a text search query; empty where it holds no word."""
    return [row[0] for row in await (await connection.execute(_PHRASES, {"texts": texts})).fetchall()] if texts else []
