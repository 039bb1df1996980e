"""What decisions and withheld names do to an edition that is being made: texts replaced, rows left out (T-18, T-63).

It is worked out when the edition's lines are decided, and kept beside them as names of fields, so that the files built
later show just that. It runs after every line has its reason, and touches only the lines that something is withheld of.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg

from services.transparency.redactions import rules
from services.transparency.redactions.names import WithheldNames
from services.transparency.redactions.reasons import reasons

Connection = psycopg.AsyncConnection[Any]

CHUNK = 5_000
TOGETHER = 200
TEXTS = ("beneficiary", "purpose", "category", "unit", "contract_ref", "decision_ref")
"""Texts of a row in which a name may stand."""
LOOKED_AT_BY_PERSONS = ("purpose", "category", "unit")
"""Texts in which a surname alone is a finding. Of payees it is none: suppliers are named, and many share a surname."""

EFFECTIVE = f"""
SELECT redaction_id, effect, payee, target, fields, reason_code FROM redactions
WHERE organisation_id = %(organisation)s AND target_kind = 'row'
    AND state IN ({", ".join(f"'{state}'" for state in rules.IN_FORCE)})
ORDER BY decided_at, redaction_id
"""

# Every spelling of the payee that the ledger has, of lines since superseded too.
NAMES = """
SELECT DISTINCT party_name FROM spend_lines
WHERE organisation_id = %(organisation)s AND party_name IS NOT NULL AND NOT source_redacted
    AND (row_id = ANY(%(rows)s) OR party_key = ANY(%(keys)s))
"""

# All texts of a line as one, and whether a decision is about it: what is gone through for every line of an edition is
# no more than this. Looking for fifty names here, by LIKE or by one pattern, takes three times as long as reading the
# words in Python.
WORDS = """
SELECT decision.entry_id::text, (decision.row_id = ANY(%(rows)s) OR line.party_key = ANY(%(keys)s)) IS TRUE,
    concat_ws(' ', line.party_name, line.purpose, line.category, line.unit, line.contract_ref, line.decision_ref)
FROM row_decisions decision JOIN spend_lines line USING (entry_id)
WHERE decision.edition_id = %(edition)s AND decision.inclusion IS NOT NULL
"""
DECIDED = f"{WORDS} AND (decision.row_id = ANY(%(rows)s) OR line.party_key = ANY(%(keys)s))"

TEXTS_OF = """
SELECT decision.entry_id, decision.row_id, line.party_key, line.party_kind, line.source_redacted,
    line.party_name, line.purpose, line.category, line.unit, line.contract_ref, line.decision_ref
FROM row_decisions decision JOIN spend_lines line USING (entry_id)
WHERE decision.edition_id = %(edition)s AND decision.entry_id = ANY(%(entries)s::uuid[])
    AND line.entry_id = ANY(%(entries)s::uuid[])
"""
"""A few lines among many: each side is told which, because an edition's statements join whole tables otherwise."""

# Lines whose texts the ledger's owner kept back, because they name a person who was paid (T-63).
HELD_BACK = """
SELECT entry_id, withheld_texts FROM spend_lines
WHERE organisation_id = %(organisation)s AND withheld_texts IS NOT NULL
"""

KEEP = """
INSERT INTO row_redactions (edition_id, entry_id, row_id, reason_code, cell_text, fields, named)
SELECT %(edition)s, decision.entry_id, decision.row_id, given.reason_code, given.cell_text,
    string_to_array(given.fields, ' '), string_to_array(given.named, ' ')
FROM unnest(%(entries)s::uuid[], %(reasons)s::text[], %(cells)s::text[], %(fields)s::text[], %(named)s::text[])
    AS given (entry_id, reason_code, cell_text, fields, named)
JOIN row_decisions decision ON decision.edition_id = %(edition)s AND decision.entry_id = given.entry_id
WHERE decision.entry_id = ANY(%(entries)s::uuid[]) AND decision.inclusion IS NOT NULL
"""

# The digest of what a row shows tells changed rows of two editions apart; it must tell a withheld text from a shown
# one, and one reason from another (T-49).
MARK = """
UPDATE row_decisions decision
SET content = md5(concat_ws('|', decision.content, held.reason_code, held.cell_text, held.fields, held.named))
FROM row_redactions held
WHERE held.edition_id = %(edition)s AND decision.edition_id = %(edition)s AND decision.entry_id = held.entry_id
    AND decision.entry_id = ANY(%(entries)s::uuid[])
"""

EXCLUDE = """
UPDATE row_decisions SET inclusion = NULL, exclusion = given.code, late_addition = false
FROM unnest(%(entries)s::uuid[], %(codes)s::text[]) AS given (entry_id, code)
WHERE edition_id = %(edition)s AND row_decisions.entry_id = given.entry_id AND inclusion IS NOT NULL
    AND row_decisions.entry_id = ANY(%(entries)s::uuid[])
"""

# A small credit is shown because it names a published invoice; it must not tell of one that is left out (T-7).
UNLINK = """
UPDATE row_decisions decision SET inclusion = NULL, exclusion = 'BELOW_THRESHOLD', late_addition = false
FROM spend_lines credit
WHERE decision.edition_id = %(edition)s AND decision.inclusion = 'LINKED_CREDIT' AND credit.entry_id = decision.entry_id
    AND EXISTS (
        SELECT FROM spend_lines named
        WHERE named.organisation_id = credit.organisation_id AND named.source = credit.source
            AND named.item_id = credit.credit_of AND (named.row_id = ANY(%(rows)s) OR named.party_key = ANY(%(keys)s)))
"""


@dataclass(frozen=True)
class Part:
    """A text that holds the surname of a withheld person and not the whole name: for a person to look at (T-24)."""

    entry_id: UUID
    row_id: str
    field: str
    words: str


@dataclass
class Held:
    """What is withheld of one line."""

    reason_code: str = rules.NAME_IN_TEXT
    cell_text: str = ""
    fields: tuple[str, ...] = ()
    named: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Decisions:
    """Redactions of a publisher's rows that are in force: by row and by payee, the one first decided foremost."""

    rows: Mapping[str, Sequence[tuple[rules.Reason, Sequence[str]]]]
    payees: Mapping[str, Sequence[tuple[rules.Reason, Sequence[str]]]]

    def of(self, row_id: str, party_key: str | None) -> list[tuple[rules.Reason, Sequence[str]]]:
        return [*self.rows.get(row_id, ()), *self.payees.get(party_key or "", ())]

    def targets(self, *, naming: bool = False, effect: str | None = None) -> dict[str, list[str]]:
        """Rows and payees that decisions are about; those alone whose payee's name is held back, or of one effect."""

        def chosen(found: Mapping[str, Sequence[tuple[rules.Reason, Sequence[str]]]], payee: bool) -> list[str]:
            return [
                target
                for target, decided in found.items()
                if any(
                    (effect is None or reason.effect == effect) and (not naming or _holds_name(reason, fields, payee))
                    for reason, fields in decided
                )
            ]

        return {"rows": chosen(self.rows, False), "keys": chosen(self.payees, True)}


async def apply(connection: Connection, edition_id: UUID, organisation_id: UUID) -> list[Part]:
    """Withhold what is decided and what names a withheld person, of an edition whose lines are decided.

    Returns the texts that a person must look at, because only a part of a withheld name stands in them.
    """
    values = {"edition": edition_id, "organisation": organisation_id}
    await connection.execute("DELETE FROM row_redactions WHERE edition_id = %(edition)s", values)
    decisions = await _effective(connection, values)
    held: dict[UUID, Held] = {}
    parts: list[Part] = []
    if decisions.rows or decisions.payees:
        await _exclude(connection, values, decisions)
        held, parts = await _search(connection, values, decisions)
    cursor = await connection.execute(HELD_BACK, values)
    async for entry_id, texts in cursor:
        held.setdefault(entry_id, Held()).named.update(texts)
    if held:
        await _keep(connection, edition_id, held)
        await connection.execute(MARK, {**values, "entries": list(held)})
    return parts


async def _effective(connection: Connection, values: Mapping[str, Any]) -> Decisions:
    known = reasons()
    rows: dict[str, list[tuple[rules.Reason, Sequence[str]]]] = {}
    payees: dict[str, list[tuple[rules.Reason, Sequence[str]]]] = {}
    cursor = await connection.execute(EFFECTIVE, values)
    async for _, _, payee, target, fields, code in cursor:
        (payees if payee else rows).setdefault(target, []).append((known[code], fields))
    return Decisions(rows, payees)


async def _exclude(connection: Connection, values: Mapping[str, Any], decisions: Decisions) -> None:
    """Rows that leave the file, with the reason that the reconciliation counts them under (T-10, T-14)."""
    left_out = decisions.targets(effect="exclude")
    if not any(left_out.values()):
        return
    entries = await _lines(connection, DECIDED, {**values, **left_out}, WithheldNames(()))
    cursor = await connection.execute(TEXTS_OF, {**values, "entries": entries})
    codes: dict[UUID, str] = {}
    for entry_id, row_id, party_key, *_ in await cursor.fetchall():
        for reason, _fields in decisions.of(row_id, party_key):
            if reason.effect == "exclude":
                codes.setdefault(entry_id, reason.code)
    await connection.execute(EXCLUDE, {**values, "entries": list(codes), "codes": list(codes.values())})
    await connection.execute(UNLINK, {**values, **left_out})


async def _search(
    connection: Connection, values: Mapping[str, Any], decisions: Decisions
) -> tuple[dict[UUID, Held], list[Part]]:
    """What is withheld line by line; the edition's texts are gone through once, whatever the number of names."""
    naming = decisions.targets(naming=True)
    names = WithheldNames(())
    if any(naming.values()):
        cursor = await connection.execute(NAMES, {**values, **naming})
        names = WithheldNames(name for (name,) in await cursor.fetchall())
    texts = decisions.targets(effect="redact")
    held: dict[UUID, Held] = {}
    parts: dict[tuple[str, str], Part] = {}
    if not names and not any(texts.values()):
        return held, []
    entries = await _lines(connection, WORDS if names else DECIDED, {**values, **texts}, names)
    for start in range(0, len(entries), CHUNK):
        cursor = await connection.execute(TEXTS_OF, {**values, "entries": entries[start : start + CHUNK]})
        await asyncio.to_thread(_look, await cursor.fetchall(), decisions, names, held, parts)
    return held, list(parts.values())


async def _lines(connection: Connection, statement: str, values: Mapping[str, Any], names: WithheldNames) -> list[str]:
    """Lines that a decision is about, or in whose texts a word of a withheld name stands."""
    found: list[str] = []
    async with connection.cursor("words_of_an_edition") as stream:
        await stream.execute(statement, values)
        while lines := await stream.fetchmany(CHUNK):
            found += await asyncio.to_thread(_worth_a_look, lines, names)
    return found


def _worth_a_look(lines: Sequence[tuple[str, bool, str]], names: WithheldNames) -> list[str]:
    """Most lines hold no word of any name, so that many of them are looked at as one text first."""
    found = []
    for start in range(0, len(lines), TOGETHER):
        some = lines[start : start + TOGETHER]
        named = bool(names) and names.may_stand_in("\n".join([words for _, _, words in some]))
        if named:
            found += [entry for entry, decided, words in some if decided or names.may_stand_in(words)]
        else:
            found += [entry for entry, decided, _ in some if decided]
    return found


def _look(
    lines: Iterable[tuple[Any, ...]],
    decisions: Decisions,
    names: WithheldNames,
    held: dict[UUID, Held],
    parts: dict[tuple[str, str], Part],
) -> None:
    for entry_id, row_id, party_key, party_kind, source_redacted, *texts in lines:
        by_rule = party_kind not in rules.NAMED_KINDS
        found = _decided(decisions.of(row_id, party_key))
        # What the row does not show anyway is not searched.
        hidden = set(found.fields) if found else set()
        if by_rule or source_redacted:
            hidden |= {"beneficiary", "contract_ref"}
        if by_rule and not source_redacted:
            hidden.add("purpose")
        for name, text in zip(TEXTS, texts, strict=True):
            if name in hidden or (found and name in found.named):
                continue
            match names.find(text):
                case "whole":
                    found = found or Held()
                    found.named.update(rules.withheld_fields([name]))
                case "part" if name in LOOKED_AT_BY_PERSONS:
                    kept = parts.get((name, text))
                    if kept is None or (row_id, str(entry_id)) < (kept.row_id, str(kept.entry_id)):
                        parts[name, text] = Part(entry_id, row_id, name, text)
        if found:
            held[entry_id] = found


def _decided(decided: Sequence[tuple[rules.Reason, Sequence[str]]]) -> Held | None:
    """Several decisions on one line withhold what any of them does; that about the payee gives reason and cell text."""
    texts = [(reason, fields) for reason, fields in decided if reason.effect == "redact"]
    if not texts:
        return None
    reason, _ = next((each for each in texts if "beneficiary" in each[1]), texts[0])
    fields = {name for _, each in texts for name in each}
    return Held(reason.code, reason.cell_text, rules.withheld_fields(fields))


def _holds_name(reason: rules.Reason, fields: Sequence[str], payee: bool) -> bool:
    """Whether the payee's name is held back everywhere: a person's always, a firm's where all its rows are withheld."""
    return reason.effect == "exclude" or ("beneficiary" in fields and (reason.personal or payee))


async def _keep(connection: Connection, edition_id: UUID, held: Mapping[UUID, Held]) -> None:
    personal = reasons()[rules.NAME_IN_TEXT].cell_text
    lines = list(held.values())
    await connection.execute(
        KEEP,
        {
            "edition": edition_id,
            "entries": list(held),
            "reasons": [line.reason_code for line in lines],
            "cells": [line.cell_text or personal for line in lines],
            "fields": [" ".join(line.fields) for line in lines],
            "named": [" ".join(sorted(line.named)) for line in lines],
        },
    )
