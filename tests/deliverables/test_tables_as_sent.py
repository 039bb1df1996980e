"""Tables as spreadsheets, joins and mail make them: read as their reader would, or refused with the place."""

from __future__ import annotations

import pytest

from tests.deliverables.steps import done, imported, one, opened, problem, send, sent, table
from tests.harness import Running

HEAD = "ref,part,value,unit,note,source\n"


def rows_of(answer: dict[str, object]) -> list[tuple[str, str]]:
    rows = answer["rows"]
    assert isinstance(rows, list)
    return [(row["ref"], row["outcome"]) for row in rows]


async def values(deliverables: Running) -> dict[str, object]:
    return {
        ref: total and (total["value"], total["unit"])
        for ref in ("E5", "E6")
        for total in [(await one(deliverables, ref))["parts"][0]["year_to_date"]]
    }


BOTH = [("E5", "stored"), ("E6", "stored")]
READ = {"E5": (14, "council"), "E6": (16, "council")}


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "E5,1,14,council,,Return\nE6,1,16,council\n",
        HEAD + "E5,1,14,council,,Return,,,\nE6,1,16,council,\n",
        HEAD + "E5,1,14,council,a,b\nref,part,value,unit,note,source\nE6,1,16,council,c,d\n",
        HEAD + "E5,1,14,council,a,b\nref,part,unit,value,source,note\nE6,1,council,16,c,d\n",
        HEAD + "E5,1,14,council,a,b\nunit,value,part,ref\ncouncil,16,1,E6\n",
        HEAD
        + 'E5,1,14,council,a,b\n\ufeff"ref","part","value","unit","note","source"\n"E6","1","16","council","",""\n',
        '\ufeff"Ref","Part ","VALUE","Unit","Note","Source"\nE5, 1, 14, council, "a, b", "c"\nE6, 1, 16, council\n',
        "Ref,Part,Value,Unit,As At\nE5,1,14,council,2018-03-31\nE6,1,16,council\n",
        HEAD + "E5\u200b,1\u00a0,14\u200e,council\u00a0,,\n\u00a0E6,1,\ufeff16,\u2060council,,\n",
        HEAD + 'E5,1,14,council,\u00a0"a, b",\nE6,1,16,Council, "he said ""x, y""",z\n',
        HEAD + "\u00a0,\u200b,,,,\n,,,\nE5,1,14,council,,\nE6,1,16,COUNCIL,,\n,,,,,\n",
        "ref,part,value,unit,,\nE5,1,14,council,,\nE6,1,16,council,,\n",
    ],
)
async def test_a_table_is_read_as_its_reader_would(deliverables: Running, text: str) -> None:
    """D-14; Design section 6: cut rows, headers again and in another order, marks, quotes, hidden signs, names."""
    await imported(deliverables)
    answer = await sent(deliverables, text, as_at="2018-03-31")
    assert rows_of(answer) == BOTH, answer
    assert await values(deliverables) == READ


async def test_a_table_in_utf_16_with_its_mark_and_one_from_a_form_are_read(deliverables: Running) -> None:
    """Design section 6: what a spreadsheet saves as Unicode text, and what a browser on Windows sends."""
    await imported(deliverables)
    text = HEAD + "E5,1,14,council,Café,\nE6,1,16,council\n"
    wide = await sent(deliverables, text.encode("utf-16"), as_at="2018-03-31")
    assert rows_of(wide) == BOTH
    again = await deliverables.as_("deliverables:officer").post(
        "/v1/programmes/2017-18/results",
        params={"as_at": "2018-03-31"},
        files={"results": ("Results.CSV", text.encode(), "application/vnd.ms-excel")},
    )
    assert [outcome for _, outcome in rows_of(done(again))] == ["unchanged", "unchanged"]
    hidden = text.replace("Café", "Cafe\u0301\u00a0").replace("council", "council\u200b")
    same = await sent(deliverables, hidden, as_at="2018-03-31")
    assert [outcome for _, outcome in rows_of(same)] == ["unchanged", "unchanged"]


async def test_words_of_a_row_count_in_their_normal_form(deliverables: Running) -> None:
    """D-26, D-30: colours, kinds and bounds; a no-break space or a hidden sign makes no other word."""
    await imported(deliverables)
    head = "ref,part,value,unit,bound,kind,statement,evidence,rag_as_printed,as_at\n"
    rows = (
        "E5,1,14,council,Exact\u00a0,delivered,stated_total,Given\u200b,\u00a0Gr\u00adeen,2018\u201103\u201131\n"
        "E6,1,16,council,\u200bGE,Delivered ,Stated_Total,given,AMBER\u200e,2018-03-31\u00a0\n"
    )
    answer = await sent(deliverables, head + rows)
    assert rows_of(answer) == BOTH, answer
    assert [(await one(deliverables, ref))["rating"] for ref in ("E5", "E6")] == ["green", "amber"]


@pytest.mark.parametrize(
    ("cells", "column", "code", "words"),
    [
        ("E5,1,\u221214,council", "value", "bad_number", "U+2212 MINUS SIGN"),
        ("E5,1,1\u00a0400,council", "value", "bad_number", "U+00A0 NO-BREAK SPACE"),
        ("E5,1,1\u200b4,council", "value", "bad_number", "U+200B ZERO WIDTH SPACE"),
        ("E5,1,\u201314,council", "value", "bad_number", "U+2013 EN DASH"),
        ("E5,1,\uff11\uff14,council", "value", "bad_number", "plain number"),
        ("E5,1,14,council,CafÃ© DÃ©lice", "note", "decoded_twice", "`Café Délice`"),
        ("E5,1,14,council,,Leedsâ€™ return", "source", "decoded_twice", "`Leeds’ return`"),
        ("E5,1,14,council,Â£5 of é", "note", "decoded_twice", "`£5 of é`"),
        ("E5,1,14,council,a,b,c", "", "wrong_cell_count", "quotes"),
    ],
)
async def test_a_row_that_cannot_be_read_as_one_thing_is_rejected_with_the_sign_or_the_text(
    deliverables: Running, cells: str, column: str, code: str, words: str
) -> None:
    """Design section 6: nothing is guessed, and the words name what is wrong."""
    await imported(deliverables)
    answer = await sent(deliverables, HEAD + cells + "\n", as_at="2018-03-31")
    assert answer["outcomes"]["rejected"] == 1
    reason = answer["rows"][0]["reasons"][0]
    assert (reason.get("column") or "", reason["code"]) == (column, code)
    assert words in reason["detail"]


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (HEAD.encode() + "E5,1,14,council,Café,\n".encode() + b"E6,1,16,council,Bront\xeb,\n", 3, "(byte EB)"),
        (HEAD.encode() + b"E5,1,14,council,\x93a\x94,\n", 2, "(byte 93)"),
        (HEAD.encode("utf-16")[:-1], None, "UTF-16"),
        (b"PK\x03\x04" + bytes(40), None, "workbook"),
        (HEAD.encode() + b"E5,1,14,council,a,b\nref,part,value,valeu\nE6,1,16,x\n", 3, "header"),
        (HEAD.encode() + b"E5,1,14,council,a,b\nref,part,value,value\nE6,1,16,16\n", 3, "header"),
        (HEAD.encode() + b'E5,1,14,council,"a" b,\n', 2, "quotation marks"),
    ],
)  # fmt: skip
async def test_a_file_that_is_not_one_table_is_refused_with_its_line(
    deliverables: Running, data: bytes, line: int | None, words: str
) -> None:
    """Design section 6: two encodings, a header that does not fit, open quotes; nothing is stored."""
    await opened(deliverables)
    answer = await send(deliverables, data, as_at="2018-03-31")
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0].get("line") == line
    assert words in answer.text


async def test_rows_of_a_programme_are_named_and_coded_as_columns_are(deliverables: Running) -> None:
    """D-1, D-13: the same year from rows with hidden signs, other cases and dividers is the same year."""
    await opened(deliverables)
    client = deliverables.as_("deliverables:officer")
    targets = [row for row in table("targets_2017_18.csv") if row["ref"] in ("E5", "E6")]
    promised = [row for row in table("deliverables_2017_18.csv") if row["ref"] in ("E5", "E6")]
    plain = {"deliverables": promised, "targets": targets}
    first = done(await client.put("/v1/programmes/2017-18", json=plain), 200)
    coded = ("ref", "theme", "row_kind", "counts_in_summary", "unit", "operator", "low", "due")
    odd = {
        "deliverables": [
            {f"\ufeff{k.replace('_', ' ').title()}": f"{v}\u00a0" if k in coded else v for k, v in row.items()}
            for row in promised
        ],
        "targets": [
            {k.upper().replace("_", "-"): f"\u200b{v}" if k in coded else v for k, v in row.items()} for row in targets
        ],
    }
    again = await client.put("/v1/programmes/2017-18", json=odd, headers={"If-Match": f'W/"{first["version"]}-gzip"'})
    assert done(again, 200)["version"] == first["version"], again.text
    minus = {**plain, "targets": [{**targets[0], "low": "\u22125"}, *targets[1:]]}
    refused = await client.put("/v1/programmes/2017-18", json=minus, headers={"If-Match": "*"})
    assert problem(refused, 422) == {"/targets/0/low": "value_error"}
    assert "U+2212 MINUS SIGN" in refused.text
    twice = {**plain, "targets": [{**targets[0], "Ref": "E6"}, *targets[1:]]}
    refused = await client.put("/v1/programmes/2017-18", json=twice, headers={"If-Match": "*"})
    assert problem(refused, 422) == {"/targets/0/Ref": "extra_forbidden"}
