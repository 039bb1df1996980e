"""Lines stored by an earlier version are given the identity of this one, from their originals."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from sqlalchemy import text

from services.grants.expenditure.identities import identify_stored_lines
from tests.grants.expenditure.conftest import Ledger, accounted, csv_file, simple_profile

PART = {"form": "{value} ({other})", "split_at": "last"}
COUNTED = simple_profile(
    name="counted",
    identity={"kind": "counted"},
    fields={**simple_profile()["fields"], "party_name": {"column": "Supplier", "part": PART}},
)
ALPHA = ("A-1", "2017-04-03", "Alpha Ltd (10234)", "100.00")
OTHER = ("A-1", "2017-04-03", "Alpha Ltd (99999)", "100.00")
BETA = ("B-1", "2017-04-04", "Beta Ltd (7)", "250.50")


async def run(ledger: Ledger, statement: str, **values: Any) -> list[Any]:
    async with ledger.grants.session() as session:
        answer = await (await session.connection()).execute(text(statement), values)
        rows = list(answer.all()) if answer.returns_rows else []
        await session.commit()
        return rows


async def as_stored_by_an_earlier_version(ledger: Ledger) -> None:
    """Counted keys as they were: hashes of derived texts, the same for lines that the source tells apart."""
    for table in ("ledger_entries", "held_lines"):
        await run(
            ledger,
            f"UPDATE {table} SET line_key = left(md5('old' || left(line_key, 32)), 32) || substr(line_key, 33),"
            " fingerprint = md5('old' || left(line_key, 32))::uuid, loose_key = NULL WHERE line_key ~ '#'",
        )
    await run(ledger, "UPDATE expenditure_batches SET identified = false WHERE kind = 'file' AND NOT dry_run")


async def keys(ledger: Ledger) -> list[str]:
    return sorted(key for (key,) in await run(ledger, "SELECT line_key FROM ledger_entries"))


@pytest.mark.parametrize("way", ["with the next file", "in the background"])
async def test_files_sent_before_an_upgrade_are_known_after_it(ledger: Ledger, way: str) -> None:
    """Design section 6: nothing that is stored enters a second time because identity is told in a new way."""
    await ledger.defined(COUNTED)
    await ledger.sent(csv_file(ALPHA, ALPHA, BETA), "counted")
    await ledger.sent(csv_file(OTHER, ALPHA, ALPHA, ALPHA), "counted")
    [held] = await ledger.everything("/v1/held-lines")
    answer = await ledger.finance.post(
        f"/v1/held-lines/{held['id']}/decisions", json={"decision": "accept", "reason": "it is a third one"}
    )
    assert answer.status_code == 201, answer.text
    before = await keys(ledger)
    await as_stored_by_an_earlier_version(ledger)
    assert await keys(ledger) != before
    if way == "in the background":
        await identify_stored_lines(ledger.grants.runtime)
        assert await keys(ledger) == before
    again = await ledger.sent(csv_file(BETA, ALPHA, OTHER, ALPHA, ALPHA), "counted")
    accounted(again)
    assert await ledger.outcomes(again) == ["duplicate"] * 5
    assert await keys(ledger) == before
    assert [row.identified for row in await run(ledger, "SELECT identified FROM expenditure_batches")] == [True] * 4
    assert await ledger.everything("/v1/unidentified-lines") == []


async def test_lines_that_an_earlier_version_numbered_as_one_content_are_told_apart(ledger: Ledger) -> None:
    """Two suppliers that were occurrences one and two of one content are each the first of their own."""
    await ledger.defined(COUNTED)
    await ledger.sent(csv_file(ALPHA, OTHER), "counted")
    before = await keys(ledger)
    await run(
        ledger,
        "UPDATE ledger_entries SET line_key = md5('one') || '#' || record, fingerprint = md5('one')::uuid",
    )
    await run(ledger, "UPDATE expenditure_batches SET identified = false")
    again = await ledger.sent(csv_file(OTHER, ALPHA), "counted")
    assert await ledger.outcomes(again) == ["duplicate", "duplicate"]
    assert await keys(ledger) == before


async def with_original(ledger: Ledger, batch: dict[str, Any], content: bytes | None) -> None:
    """As if the batch had brought other bytes; none where its original is gone."""
    digest = hashlib.sha256(content or b"gone").hexdigest()
    if content is not None:
        digest = (await ledger.grants.runtime.files.put(content, "text/csv")).sha256
    await run(
        ledger,
        "UPDATE expenditure_batches SET file_sha256 = :digest, identified = false WHERE id = CAST(:id AS uuid)",
        digest=digest,
        id=batch["id"],
    )


async def unidentified(ledger: Ledger) -> list[tuple[str, int, str]]:
    return [(line["batch"], line["record"], line["why"]) for line in await ledger.everything("/v1/unidentified-lines")]


async def test_lines_whose_original_is_gone_keep_their_identity_and_are_named(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    row = ("A-1", "2017-04-03", "Alpha", "1.00")
    batch = await ledger.sent(csv_file(row))
    await with_original(ledger, batch, None)
    again = await ledger.sent(csv_file(row, ("A-2", "2017-04-03", "Alpha", "1.00")))
    assert await ledger.outcomes(again) == ["duplicate", "accepted"]
    assert await unidentified(ledger) == [(batch["id"], 1, "original_unreadable")]


async def test_a_payment_that_a_hidden_sign_had_posted_twice_is_named(ledger: Ledger) -> None:
    """Two stored lines of one key: the second keeps its own, and a person compares them."""
    await ledger.defined(simple_profile())
    await ledger.sent(csv_file(("INV-77", "2017-04-03", "Alpha", "812.50")))
    second = await ledger.sent(csv_file(("INV-78", "2017-04-03", "Alpha", "812.50")))
    await run(ledger, "UPDATE expenditure_batches SET identified = false")
    await run(ledger, "UPDATE ledger_entries SET line_key = line_key || 'X' WHERE line_key = 'INV-78'")
    await with_original(ledger, second, csv_file(("INV-77\u200b", "2017-04-03", "Alpha", "812.50")))
    await identify_stored_lines(ledger.grants.runtime)
    assert await keys(ledger) == ["INV-77", "INV-78X"]
    [line] = await ledger.everything("/v1/unidentified-lines")
    assert (line["batch"], line["why"], line["organisation"]) == (second["id"], "same_key", "salford")
    assert "reverse one" in line["detail"]


async def test_a_line_that_identifies_nothing_any_more_is_named(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    batch = await ledger.sent(csv_file(("A-1", "2017-04-03", "Alpha", "1.00"), ("A-2", "2017-04-03", "Beta", "2.00")))
    changed = csv_file(("2.01704E+11", "2017-04-03", "Alpha", "1.00"), ("A-2", "2017-04-03", "Beta", "2.00"))
    await with_original(ledger, batch, changed)
    await identify_stored_lines(ledger.grants.runtime)
    assert await unidentified(ledger) == [(batch["id"], 1, "line_unreadable")]
    [line] = await ledger.everything("/v1/unidentified-lines", organisation="salford", profile="simple")
    assert "scientific notation" in line["detail"]
    assert await ledger.everything("/v1/unidentified-lines", profile="other") == []


async def test_keys_that_change_places_are_moved_whole(ledger: Ledger) -> None:
    """What one line's key becomes may be another's until that one has moved."""
    await ledger.defined(simple_profile())
    rows = [(f"K-{number}", "2017-04-03", "Alpha", f"{number}.00") for number in (1, 2, 3)]
    await ledger.sent(csv_file(*rows))
    await run(ledger, "UPDATE ledger_entries SET line_key = '#' || line_key")
    await run(ledger, "UPDATE ledger_entries SET line_key = 'K-' || (record % 3 + 1)")
    await run(ledger, "UPDATE expenditure_batches SET identified = false")
    assert await ledger.outcomes(await ledger.sent(csv_file(*reversed(rows)))) == ["duplicate"] * 3
    assert await unidentified(ledger) == []
