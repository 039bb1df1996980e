"""Names, groups and marks with signs that nobody sees, and registers as spreadsheets make them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.governance.conftest import Desk
from tests.governance.test_attendance import HEADER, MARCH, send

ROW = "full_member,Labour,2018-03-22,Yes\r\n"


async def persons(desk: Desk) -> list[str]:
    return [person["name"] for person in (await desk.ok(desk.clerk, "GET", "/v1/persons"))["items"]]


@pytest.mark.parametrize(
    "again",
    [
        HEADER + "Ada\u00a0Known," + ROW,
        HEADER + "Ada\u200b Known,full_member ,\u00a0Labour,2018-03-22,YES\u00a0\r\n",
        HEADER + "ADA  KNOWN,Full_Member,labour,2018\u201103\u201122,\u200byes\r\n",
        'Status,Meeting Date,GROUP,"Capacity",Person\r\nYes,2018-03-22,Labour,full_member,Ada Known\r\n',
        HEADER + 'status,person,capacity,group,meeting_date\r\nYes, "Ada Known",full_member,Labour,2018-03-22\r\n',
        HEADER + '\ufeff"person","capacity","group","meeting_date","status"\r\n"\u2060Ada Known"' + "," + ROW,
        HEADER + "Ada Known,full_member,Labour,2018-03-22,Yes,,\r\n,,\r\n",
    ],
)  # fmt: skip
async def test_the_same_register_written_otherwise_adds_nothing(desk: Desk, again: str) -> None:
    """B-43, B-44: one person, one group, one cell; nothing is found to differ."""
    await desk.meeting(MARCH, held=True)
    first = (await send(desk, HEADER + "Ada Known," + ROW)).json()
    assert (first["rows"], first["cells_added"], first["entries_added"]) == (1, 1, 1)
    found = len(await desk.findings())
    second = await send(desk, again)
    assert second.status_code == 200, second.text
    assert (second.json()["cells_added"], second.json()["unchanged"]) == (0, 1)
    assert await persons(desk) == ["Ada Known"]
    assert len(await desk.findings()) == found


async def test_a_row_cut_short_has_a_blank_mark_and_is_unknown(desk: Desk) -> None:
    """B-23: a blank is unknown, not absent; a spreadsheet leaves it out at the end."""
    await desk.meeting(MARCH, held=True)
    answer = await send(desk, HEADER + "Ada Known,full_member,Labour,2018-03-22\r\nBea Known," + ROW)
    assert (answer.json()["rows"], answer.json()["entries_added"]) == (2, 2), answer.text


@pytest.mark.parametrize(
    ("rows", "code", "words"),
    [
        ("JosÃ© Known," + ROW, "decoded_twice", "`José Known`"),
        ("Ada Known,full_member,Labour,2018-03-22,Yes,x\r\n", "cell_count", "quote commas"),
        ("Ada Known,full_member\r\n", "invalid_date", "yyyy-mm-dd"),
        ("Zo\xeb Known,".encode("cp1252") + ROW.encode(), "not_utf8", "Line 2 is not UTF-8 (byte EB)"),
    ],
)
async def test_a_register_that_cannot_be_read_as_one_thing_is_refused(
    desk: Desk, rows: str | bytes, code: str, words: str
) -> None:
    """B-44: nothing is taken, and the words name the text or the line."""
    data = rows if isinstance(rows, bytes) else rows.encode()
    answer = await send(desk, HEADER.encode() + data)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == code
    assert words in answer.text
    assert await persons(desk) == []


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PK\x03\x04" + bytes(40), "workbook"),
        (HEADER.replace("status", "person").encode(), "The header lacks status"),
        (HEADER.replace("status", "status,Status").encode(), "status twice"),
        ((HEADER + "Ada Known," + ROW).encode("utf-16")[:-1], "UTF-16"),
    ],
)
async def test_a_file_that_is_no_register_is_refused_in_words(desk: Desk, data: bytes, words: str) -> None:
    """B-44; Design section 6."""
    answer = await send(desk, data)
    assert answer.status_code == 422
    assert words in answer.text


def roster(*people: dict[str, Any]) -> dict[str, Any]:
    return {"source": "Report of July 2017", "valid_from": "2017-09-01", "groups": [], "people": list(people)}


def member(**fields: Any) -> dict[str, Any]:
    usual = {"name": "Ada Known", "name_printed": "Cllr Ada Known", "title": "Cllr", "group": "Labour"}
    seat = {"authority": "Leeds City Council", "capacity": "full_member", "voting": True}
    return {**usual, **seat, **fields}


@pytest.mark.parametrize(
    ("field", "written"),
    [
        ("name", "Ada\u00a0Known"),
        ("name", "Ada Known\u200b"),
        ("name", "Ada\u2003 Known"),
        ("name", "\u200eAda Known"),
        ("name_printed", "Cllr\u00a0Ada Known"),
        ("title", "Cllr\u00a0"),
        ("group", "Labour\u00a0"),
        ("group", "LABOUR\u200b"),
        ("authority", "Leeds\u00a0City Council"),
        ("authority", "leeds city council"),
    ],
)
async def test_a_membership_page_with_signs_nobody_sees_is_the_same_page(desk: Desk, field: str, written: str) -> None:
    """B-22, B-43: no second person, group or authority."""
    url = f"/v1/boards/{desk.board}/membership-imports"
    await desk.ok(desk.clerk, "POST", url, json=roster(member()))
    printed = {"name_printed": None} if field == "name" else {}
    again = await desk.ok(desk.clerk, "POST", url, json=roster(member(**{**printed, field: written})))
    assert (again["persons_added"], again["memberships_added"], again["unchanged"]) == (0, 0, 1)
    assert again["findings"] == []
    other = member(name="Bea Other", name_printed="Cllr Bea Other", **{field: written} if "name" not in field else {})
    await desk.ok(desk.clerk, "POST", url, json=roster(other))
    listed = (await desk.ok(desk.clerk, "GET", f"/v1/boards/{desk.board}/memberships"))["items"]
    assert {row["group"] for row in listed} == {"Labour"}
    assert {row["authority"] for row in listed} == {"Leeds City Council"}
    found = await desk.ok(desk.clerk, "GET", "/v1/persons", params={"name": "ada\u00a0known"})
    assert [person["name"] for person in found["items"]] == ["Ada Known"]
