"""What is withheld in the files is found, suggested, added up by and linked by nothing of the search."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.transparency.search import index
from services.transparency.search.upkeep import build_missing_files
from shared.database import raw_connection
from tests.harness import Running
from tests.transparency.facts import line
from tests.transparency.search.published import SEARCH, found, payees, published, searchable

PERSON: dict[str, Any] = {"party_kind": "individual", "name": None}
STAFF: dict[str, Any] = {"party_kind": "staff", "name": None, "kind": "staff_expense"}


async def withheld(transparency: Running) -> None:
    """Two payments to one person, one to another, a month of staff expenses, two rows redacted at source, one named."""
    await published(
        transparency,
        line(60_000, party_key="secret-1", purpose="Settlement with Jo Doe", contract_ref="C-1", **PERSON),
        line(70_000, party_key="secret-1", purpose="Settlement with Jo Doe", **PERSON),
        line(80_000, party_key="secret-2", purpose="Care for Kim Roe", **PERSON),
        line(90_000, party_key="secret-3", purpose="Travel of Ann Poe", **STAFF),
        line(
            50_200, name="Redacted (Jo Doe's firm)", source_redacted=True, purpose="Supplies", company_number="01234567"
        ),
        line(50_300, name="Redacted Data", source_redacted=True, purpose="Supplies"),
        line(50_400, party_kind="unknown", name=None, party_key=None, purpose="Unknown"),
        line(120_000, name="Named Ltd", party_key="n", company_number="03675577"),
    )


async def totals(transparency: Running, **filters: Any) -> dict[str, Any]:
    answer = await transparency.anonymous.get(f"{SEARCH}/totals", params=filters)
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def test_no_text_of_a_hidden_payee_finds_a_row(transparency: Running) -> None:
    """T-19, T-60, T-63."""
    await withheld(transparency)
    for q in ("Doe", "Jo", "kim", "roe", "Poe", "settlement", "travel", "secret*"):
        expected = ["Redacted (Jo Doe's firm)"] if q in ("Jo",) else []
        assert await payees(transparency, q=q) == expected, q
    assert await payees(transparency, contract="C-1") == []
    assert len(await payees(transparency, q="redacted")) == 6


async def test_hidden_rows_have_nothing_in_common_that_a_filter_takes(transparency: Running) -> None:
    """T-19, T-60: neither the text in place of a name nor any key puts two hidden rows together."""
    await withheld(transparency)
    for payee in ("REDACTED PERSONAL DATA", "redact*", "Redacted Data", "Not stated", "Redacted at source"):
        assert await payees(transparency, payee=payee) == [], payee
    rows = await found(transparency, redaction="true")
    assert len(rows) == 6
    assert {row["beneficiary_id"] for row in rows} == {row["contract_ref"] for row in rows} == {None}
    assert {row["company_number"] for row in rows} == {None}
    by_reason = {
        reason: len(await found(transparency, redaction=reason)) for reason in ("STAFF_EXPENSE", "SOURCE_REDACTED")
    }
    assert by_reason == {"STAFF_EXPENSE": 1, "SOURCE_REDACTED": 2}
    async with transparency.session() as session:
        connection = await raw_connection(session)
        keys = await connection.execute("SELECT count(*), count(payee_key) FROM spend_rows")
        assert await keys.fetchone() == (8, 1)
        stored = await connection.execute("SELECT spend_rows::text FROM spend_rows")
        everything = "".join(row[0] for row in await stored.fetchall()).lower()
        for secret in ("secret", "settlement", "kim", "roe", "poe"):
            assert secret not in everything


async def test_totals_show_one_line_for_all_hidden_payees_of_a_text(transparency: Running) -> None:
    """T-18, T-20, T-60: hidden payees are never told apart, and totals are as if nothing were hidden."""
    await withheld(transparency)
    for filters in ({}, {"min_pence": 1}):  # kept for each edition, and added up from the rows
        shown = await totals(transparency, **filters)
        assert (shown["rows"], shown["total_pence"]) == (8, 570_900)
        assert shown["by_payee"] == [
            {"name": "REDACTED PERSONAL DATA", "payee": None, "rows": 4, "total_pence": 300_000},
            {"name": "Named Ltd", "payee": shown["by_payee"][1]["payee"], "rows": 1, "total_pence": 120_000},
            {"name": "Redacted at source", "payee": None, "rows": 2, "total_pence": 100_500},
            {"name": "Not stated", "payee": None, "rows": 1, "total_pence": 50_400},
        ]
        assert shown["groups"]["payee"] == 4
        assert shown["by_contract"] == []
    answer = await transparency.anonymous.get("/v1/search/totals.csv?min_pence=1")
    assert answer.text.splitlines()[:3] == [
        "by,name,payee,rows,total",
        "all,,,8,5709.00",
        "payee,REDACTED PERSONAL DATA,,4,3000.00",
    ]


async def test_suggestions_are_published_names_only(transparency: Running) -> None:
    """T-60."""
    await withheld(transparency)
    client = transparency.anonymous
    named = (await client.get(f"{SEARCH}/suggestions?q=NAM")).json()["items"]
    assert [(item["name"], item["rows"], item["total_pence"]) for item in named] == [("Named Ltd", 1, 120_000)]
    assert await payees(transparency, payee=named[0]["payee"]) == ["Named Ltd"]
    for q in ("red", "not", "jo", "ki", "se", "%%", "__"):
        assert (await client.get(f"{SEARCH}/suggestions", params={"q": q})).json()["items"] == [], q
    short = await client.get(f"{SEARCH}/suggestions?q=n")
    assert (short.status_code, short.json()["errors"][0]["parameter"]) == (422, "q")


async def test_an_edition_that_is_withdrawn_leaves_nothing_behind(transparency: Running) -> None:
    """T-52, T-60."""
    edition = await published(transparency, line(60_000, name="Gone Ltd", party_key="g"))
    async with transparency.runtime.work() as work:
        await index.remove_edition(await raw_connection(work.session), edition["edition_id"])
    assert await payees(transparency) == []
    assert (await totals(transparency))["rows"] == 0
    assert (await transparency.anonymous.get(f"{SEARCH}/suggestions?q=gone")).json()["items"] == []
    await searchable(transparency)
    assert await payees(transparency) == ["Gone Ltd"]


async def test_a_hidden_payee_with_a_key_is_refused_by_the_database(transparency: Running) -> None:
    """T-19: the second guard."""
    await withheld(transparency)
    statement = text("UPDATE spend_rows SET payee_key = 'N-1' WHERE redaction_reason IS NOT NULL")
    async with transparency.session() as session:
        connection = await session.connection()
        with pytest.raises(IntegrityError, match="hidden_payee_has_no_key"):
            await connection.execute(statement)


async def test_the_search_is_filled_step_by_step_where_editions_are_older_than_it(transparency: Running) -> None:
    """T-60, T-54: each tick brings some editions in, and a further one changes nothing."""
    await withheld(transparency)
    before = await found(transparency)
    async with transparency.runtime.work() as work:
        connection = await raw_connection(work.session)
        await connection.execute("DELETE FROM spend_rows")
        await connection.execute("DELETE FROM spend_totals")
        await connection.execute("DELETE FROM spend_files")
    assert (await transparency.anonymous.get("/open/body/spend/all.parquet")).status_code == 404
    assert await found(transparency) == []
    await transparency.tick(transparency.clock())
    assert await found(transparency) == before
    async with transparency.runtime.work() as work:
        assert await index.backfill(work) == 0
        assert await build_missing_files(work) == 0
    assert (await transparency.anonymous.get("/open/body/spend/all.parquet")).status_code == 200


async def test_what_goes_wrong_in_filling_the_search_holds_up_no_tick(transparency: Running) -> None:
    """T-60: a file that is missing stops neither the tick nor the rows."""
    await withheld(transparency)
    async with transparency.runtime.work() as work:
        connection = await raw_connection(work.session)
        await connection.execute("DELETE FROM spend_rows")
        await connection.execute("DELETE FROM spend_totals")
        await connection.execute("DELETE FROM spend_files")
        await connection.execute("UPDATE edition_files SET sha256 = repeat('0', 64)")
    await transparency.tick(transparency.clock())
    assert len(await found(transparency)) == 8
    assert (await transparency.anonymous.get("/open/body/spend/all.csv.gz")).status_code == 404
