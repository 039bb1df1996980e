"""The search over HTTP: what finds a row, in which editions, page by page, and what is refused."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from services.transparency.search import folding
from shared.database import raw_connection
from shared.texts import folded
from tests.harness import NOON, Running
from tests.transparency.facts import PARTNER, line
from tests.transparency.search.published import SEARCH, corrected, found, payees, published


async def many(transparency: Running) -> None:
    await published(
        transparency,
        line(60_000, name="Müller & Söhne GmbH", party_key="m", purpose="Roofing of the annexe", category="Building"),
        line(70_000, name="O'Brien Roofs Ltd", party_key="o", purpose="Peer challenge", paid="2017-05-11", unit="IT"),
        line(80_000, name="Łódź Care", party_key="l", purpose="Challenge by a peer", paid="2017-05-12", card="gpc"),
        line(-90_000, name="Acme Ltd", party_key="a", purpose="Refund", paid="2017-06-12", contract_ref=None),
        line(50_100, name="=HYPERLINK(1)", party_key="h", purpose="Fees", paid="2017-04-02"),
    )


async def test_rows_are_found_by_words_beginnings_and_phrases_without_case_and_accents(transparency: Running) -> None:
    """T-60: `Muller` finds `Müller`, and `lodz` finds `Łódź`."""
    await many(transparency)
    assert await payees(transparency, q="Muller") == await payees(transparency, q="MÜLLER") == ["Müller & Söhne GmbH"]
    assert await payees(transparency, q="lodz") == ["Łódź Care"]
    assert (
        await payees(transparency, q="obrien") == await payees(transparency, q="o'brien roofs") == ["O'Brien Roofs Ltd"]
    )
    assert await payees(transparency, q="roof*") == ["O'Brien Roofs Ltd", "Müller & Söhne GmbH"]
    assert await payees(transparency, q='"peer challenge"') == ["O'Brien Roofs Ltd"]
    assert await payees(transparency, q="peer challenge") == ["Łódź Care", "O'Brien Roofs Ltd"]
    # No phrase reaches from the payee into the purpose behind it.
    assert await payees(transparency, q='"ltd peer"') == []
    assert await payees(transparency, q="roof") == []


async def test_filters_narrow_what_is_found_and_orders_sort_it(transparency: Running) -> None:
    """T-60."""
    await many(transparency)
    everything = ["Acme Ltd", "Łódź Care", "O'Brien Roofs Ltd", "Müller & Söhne GmbH", "=HYPERLINK(1)"]
    assert await payees(transparency) == everything
    assert await payees(transparency, order="amount") == [everything[place] for place in (1, 2, 3, 4, 0)]
    cases: list[tuple[dict[str, Any], list[int]]] = [
        ({"payee": "muller sohne gmbh"}, [3]),
        ({"payee": "o'br*"}, [2]),
        ({"payee": "Nobody Ltd"}, []),
        ({"unit": "it"}, [2]),
        ({"category": "BUILDING"}, [3]),
        ({"category": "trai*"}, [0, 1, 2, 4]),
        ({"contract": "C-9"}, []),
        ({"has_contract": "true"}, []),
        ({"has_contract": "false"}, [0, 1, 2, 3, 4]),
        ({"has_number": "true", "dataset": "spend"}, []),
        ({"card": "gpc"}, [1]),
        ({"card": "None"}, [0, 2, 3, 4]),
        ({"min_pence": 60_000, "max_pence": 70_000}, [2, 3]),
        ({"max_pence": -1}, [0]),
        ({"paid_from": "2017-05-11", "paid_to": "2017-05-12"}, [1, 2]),
        ({"period": "2017-18-q1"}, [0, 1, 2, 3, 4]),
        ({"year": "2018-19"}, []),
        ({"publisher": "body", "year": "2017-18", "q": "fees"}, [4]),
        ({"inclusion": "CREDIT_OVER_THRESHOLD"}, [0]),
        ({"late": "false", "redaction": "false"}, [0, 1, 2, 3, 4]),
        ({"q": "", "payee": "", "min_pence": "", "late": "", "as_at": ""}, [0, 1, 2, 3, 4]),
    ]
    for filters, places in cases:
        assert await payees(transparency, **filters) == [everything[place] for place in places], filters
    [row] = await found(transparency, q="fees")
    assert await payees(transparency, payee=row["beneficiary_id"]) == ["=HYPERLINK(1)"]
    assert row["amount_pence"] == 50_100
    assert row["url"] == f"http://test/transparency/v1/rows/{row['row_id']}"
    counted = (await transparency.anonymous.get(SEARCH, params={"counts": "true"})).json()
    assert (counted["rows"], counted["total_pence"]) == (5, 170_100)
    counted = (await transparency.anonymous.get(SEARCH, params={"counts": "true", "q": "roof*"})).json()
    assert (counted["rows"], counted["total_pence"]) == (2, 130_000)


async def test_pages_follow_one_another_and_the_cursor_is_bound_to_the_filters(transparency: Running) -> None:
    """T-60: pages by keyset, with equal days and amounts among the rows."""
    same = [line(60_000, party_key=str(number), name=f"Payee {number}", paid="2017-05-10") for number in range(7)]
    await published(transparency, *same)
    for order in ("newest", "amount"):
        for q in ("", "payee"):
            seen: list[str] = []
            address: str | None = f"{SEARCH}?limit=3&order={order}&q={q}"
            while address:
                answer = await transparency.anonymous.get(address)
                assert answer.status_code == 200, answer.text
                seen += [row["row_id"] for row in answer.json()["items"]]
                address = answer.json()["links"]["next"]
                if address:
                    assert answer.headers["link"] == f'<{address}>; rel="next"'
            assert len(seen) == len(set(seen)) == 7, (order, q)
    cursor = (await transparency.anonymous.get(f"{SEARCH}?limit=3")).json()["links"]["next"]
    other = await transparency.anonymous.get(cursor + "&q=payee")
    assert (other.status_code, other.json()["errors"][0]["parameter"]) == (400, "cursor")


async def test_the_second_page_of_rare_matches_comes_by_the_index(transparency: Running) -> None:
    """T-60: what the first rows of the order do not fill is looked for by the filters."""
    lines = [line(60_000, party_key=str(n), name=f"{'Rare' if n % 5 == 0 else 'Common'} {n}") for n in range(20)]
    await published(transparency, *lines)
    from services.transparency.search import queries

    looked, queries.LOOK_FIRST = queries.LOOK_FIRST, 2
    try:
        first = (await transparency.anonymous.get(f"{SEARCH}?q=rare&limit=3")).json()
        assert len(first["items"]) == 3
        second = (await transparency.anonymous.get(first["links"]["next"])).json()
        assert len(second["items"]) == 1
        assert second["links"]["next"] is None
    finally:
        queries.LOOK_FIRST = looked
    whole = await found(transparency, q="rare")
    assert [row["row_id"] for row in first["items"] + second["items"]] == [row["row_id"] for row in whole]


async def test_the_editions_in_force_are_searched_now_and_as_at_an_instant(transparency: Running) -> None:
    """T-60, T-49, worked example 14: between two editions the first is in force."""
    await published(transparency, line(1_234_000, name="First Ltd", party_key="f"))
    between = NOON + timedelta(days=1)
    transparency.clock.set(NOON + timedelta(days=2))
    await corrected(transparency, line(60_000, name="Second Ltd", party_key="s"))
    assert sorted(await payees(transparency)) == ["First Ltd", "Second Ltd"]
    assert await payees(transparency, as_at=f"{between:%Y-%m-%dT%H:%M:%SZ}") == ["First Ltd"]
    given = {"publisher": "body", "period": "2017-18-q1"}
    assert await payees(transparency, edition=1, **given) == ["First Ltd"]
    assert len(await payees(transparency, edition=2, **given)) == 2
    assert [row["edition"] for row in await found(transparency, late="true")] == [2]
    before = await transparency.anonymous.get(SEARCH, params={"as_at": "2018-01-01T00:00:00Z"})
    assert (before.status_code, before.json()["errors"][0]) == (
        404,
        {
            "code": "nothing_published_then",
            "detail": "No edition of this kind was published by 2018-01-01T00:00:00Z; take a later instant.",
            "parameter": "as_at",
        },
    )
    unknown = await transparency.anonymous.get(SEARCH, params={"edition": 9, **given})
    assert unknown.status_code == 404
    assert "no edition 9" in unknown.json()["detail"]


async def test_what_was_in_force_then_and_is_not_public_any_more_is_replaced_by_nothing_older(
    transparency: Running,
) -> None:
    """T-52, T-60: an edition that is out of sight leaves a gap for its own time, and only for that."""
    await published(transparency, line(1_234_000, name="First Ltd", party_key="f"))
    transparency.clock.set(NOON + timedelta(days=2))
    await corrected(transparency, line(60_000, name="Second Ltd", party_key="s"))
    async with transparency.runtime.work() as work:
        connection = await work.session.connection()
        await connection.execute(text("UPDATE editions SET state = 'draft' WHERE number = 2"))
    for days, expected in ((1, ["First Ltd"]), (3, [])):
        moment = NOON + timedelta(days=days)
        assert await payees(transparency, as_at=f"{moment:%Y-%m-%dT%H:%M:%SZ}") == expected
    assert await payees(transparency) == []


async def test_several_publishers_are_searched_together_or_each_alone(transparency: Running) -> None:
    """T-60."""
    await published(transparency, line(60_000, name="Both Ltd"))
    await published(transparency, line(70_000, name="Both Ltd"), slug="council", organisation_id=PARTNER)
    assert [row["publisher"] for row in await found(transparency, q="both", order="amount")] == ["council", "body"]
    assert [row["publisher"] for row in await found(transparency, publisher="council")] == ["council"]
    unknown = await transparency.anonymous.get(SEARCH, params={"publisher": "nobody"})
    assert (unknown.status_code, unknown.json()["type"]) == (404, "urn:outturn:problem:publisher_not_found")


async def test_what_cannot_be_asked_is_refused_with_its_place(transparency: Running) -> None:
    """T-60: unknown parameters, values of another form, contradictions."""
    anonymous = transparency.anonymous
    unknown = await anonymous.get(f"{SEARCH}?paye=x")
    assert (unknown.status_code, unknown.json()["errors"][0]["detail"]) == (
        400,
        "Unknown parameter; did you mean payee?",
    )
    shape = await anonymous.get(f"{SEARCH}?min_pence=1.5&card=visa&paid_from=1/5/2017&inclusion=x&limit=0&edition=0")
    assert shape.status_code == 422
    assert {item["parameter"] for item in shape.json()["errors"]} == {
        "min_pence",
        "card",
        "paid_from",
        "inclusion",
        "limit",
        "edition",
    }
    against = await anonymous.get(f"{SEARCH}?min_pence=2&max_pence=1&redaction=x")
    assert (against.status_code, against.json()["type"]) == (422, "urn:outturn:problem:search_invalid")
    assert [item["parameter"] for item in against.json()["errors"]] == ["max_pence", "redaction"]
    no_word = await anonymous.get(f"{SEARCH}?q=%26%26")
    assert (no_word.status_code, no_word.json()["detail"]) == (
        422,
        "The text holds no letter or figure; search for a word.",
    )
    for bad in ("' & !", "a:*|b", "\\", "<->", "%", "_", "((", "x" * 200, "\u200b", "０"):
        answer = await anonymous.get(SEARCH, params={"q": bad, "payee": bad, "unit": bad})
        assert answer.status_code in (200, 422), (bad, answer.text)


async def test_the_same_rows_come_as_csv_with_pounds_and_nothing_that_runs(transparency: Running) -> None:
    """T-55, T-56, T-60."""
    await many(transparency)
    answers = [
        await transparency.anonymous.get("/v1/search.csv?order=amount"),
        await transparency.anonymous.get("/v1/search?order=amount", headers={"Accept": "text/csv"}),
    ]
    assert answers[0].content == answers[1].content
    assert answers[0].headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answers[0].content.decode())))
    assert [(row["amount"], row["beneficiary"]) for row in rows[-2:]] == [
        ("501.00", "'=HYPERLINK(1)"),
        ("-900.00", "Acme Ltd"),
    ]
    assert (rows[0]["vcse_grant"], rows[0]["published_at"], rows[0]["edition"]) == (
        "false",
        "2018-06-01T12:00:00Z",
        "1",
    )
    assert [row["beneficiary"] for row in await found(transparency, q="hyperlink")] == ["=HYPERLINK(1)"]


async def test_rows_and_questions_are_divided_into_words_in_the_same_way(transparency: Running) -> None:
    """T-60: whatever sign stands in a text, the text finds itself."""
    signs = [chr(code) for code in range(33, 127) if not chr(code).isalnum()]
    texts = [f"ab{sign}cd{sign}12{sign}3" for sign in (*signs, "–", "’", "\u00a0", "\u200b", "é", "ß", "ø", "İ")]
    texts += ["www.example.org/path?a=b", "jo@example.org", "-5", "+5", "1.5e3", "2017/18", "A&amp;B", "<b>bold</b>"]
    async with transparency.session() as session:
        connection = await raw_connection(session)
        asked = await folding.phrases(connection, texts)
        for sent, phrase in zip(texts, asked, strict=True):
            made = await connection.execute(
                f"SELECT {folding.sql_document('sent')} @@ %s::tsquery FROM (SELECT %s::text AS sent) AS given",
                [phrase, sent],
            )
            assert await made.fetchone() == (True,), (sent, phrase)
        words = await folding.words(connection, ["Müller", "MULLER", "Straße", "Ærø", "ﬁne", "a\u200bb", "I.T."])
        assert words == ["muller", "muller", "strasse", "aero", "fine", "ab", "i t"]
        assert folded("Müller") == "müller"


async def test_as_at_needs_a_time_zone(transparency: Running) -> None:
    """T-60."""
    answer = await transparency.anonymous.get(SEARCH, params={"as_at": "2018-01-01T00:00:00"})
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "as_at")
    assert datetime(2018, 1, 1, tzinfo=UTC) < NOON
