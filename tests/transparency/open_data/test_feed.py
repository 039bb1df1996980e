"""The feed and the list of changes: what is told, in which order, and what is never told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import feedparser
import pytest

from services.transparency.open_data.changes import Change
from tests.harness import Running
from tests.transparency.open_data.stage import MARIGOLD, correction, first_quarter, whole_record
from tests.transparency.withdrawals.test_withdrawals import suspend

ATOM = "{http://www.w3.org/2005/Atom}"
OFFICERS = ("person:pia", "person:abe", "person:dora")


def faults(feed: ET.Element) -> list[str]:
    """What RFC 4287 demands and this feed lacks."""
    found = []
    for each in [feed, *feed.iter(f"{ATOM}entry")]:
        for name in ("id", "title", "updated"):
            if len(each.findall(f"{ATOM}{name}")) != 1 or not each.findtext(f"{ATOM}{name}"):
                found.append(f"{each.tag} needs one {name}")
        if not each.findtext(f"{ATOM}author/{ATOM}name"):
            found.append(f"{each.tag} needs an author")
        for name in ("updated", "published"):
            for instant in each.findall(f"{ATOM}{name}"):
                text = instant.text or ""
                if not text.endswith("Z") or datetime.fromisoformat(text).tzinfo is None:
                    found.append(f"{text} is no RFC 3339 instant")
        links = [link for link in each.findall(f"{ATOM}link") if not link.get("href")]
        found += ["a link without address"] * len(links)
    entries = feed.findall(f"{ATOM}entry")
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    if len(set(ids)) != len(ids):
        found.append("two entries with one id")
    times = [entry.findtext(f"{ATOM}updated") or "" for entry in entries]
    if times != sorted(times, reverse=True):
        found.append("not the newest first")
    return found


def link(feed: ET.Element, relation: str) -> str | None:
    found = [each.get("href") for each in feed.findall(f"{ATOM}link") if each.get("rel") == relation]
    return found[0] if found else None


def kinds(feed: ET.Element) -> list[str]:
    return [(entry.find(f"{ATOM}category")).get("term", "") for entry in feed.iter(f"{ATOM}entry")]  # type: ignore[union-attr]


async def test_the_feed_tells_of_every_publication_correction_withdrawal_and_missed_duty(transparency: Running) -> None:
    """T-49, T-48, T-52, worked example 17: feed and event tell re-users; no withheld text and no officer's name."""
    await whole_record(transparency)
    answer = await transparency.anonymous.get("/feed.atom?limit=500")
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    feed = ET.fromstring(answer.content)
    assert faults(feed) == []
    parsed = feedparser.parse(answer.content)
    assert (parsed.bozo, parsed.version, len(parsed.entries)) == (False, "atom10", len(kinds(feed)))
    assert all(entry.id and entry.link and entry.updated_parsed for entry in parsed.entries)
    told = kinds(feed)
    assert (told[0], told[1], told[-2:]) == ("withdrawn", "published", ["corrected", "published"])
    assert set(told) == {"withdrawn", "published", "corrected", "missed"}
    text = answer.text
    assert "Ground: personal data. Delete any copy of its files." in text
    assert "Kind of change: late addition. One late invoice of June." in text
    assert "Not published on time: SPEND Q2 2017/18, Improvement Body" in text
    assert "It was due by 30/10/2017 and was not published when that day ended." in text
    assert not [word for word in (MARIGOLD, *OFFICERS) if word in text]
    again = await transparency.anonymous.get("/feed.atom?limit=500", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


async def test_the_pages_of_the_feed_hold_each_entry_once(transparency: Running) -> None:
    """Domain section 5; RFC 5005: older pages by rel=next; the same ids whichever way they are read."""
    await whole_record(transparency)
    whole = ET.fromstring((await transparency.anonymous.get("/feed.atom?publisher=body&limit=500")).content)
    expected = [entry.findtext(f"{ATOM}id") for entry in whole.iter(f"{ATOM}entry")]
    assert expected
    found: list[Any] = []
    address: str | None = "/feed.atom?publisher=body&limit=4"
    while address is not None:
        page = ET.fromstring(
            (await transparency.anonymous.get(address.removeprefix("http://test/transparency"))).content
        )
        assert faults(page) == []
        assert link(page, "first") == "http://test/transparency/feed.atom?publisher=body&limit=4"
        found += [entry.findtext(f"{ATOM}id") for entry in page.iter(f"{ATOM}entry")]
        address = link(page, "next")
    assert found == expected
    forward = (await transparency.anonymous.get("/v1/changes?publisher=body&limit=500")).json()
    assert [f"urn:uuid:{item['change_id']}" for item in reversed(forward["items"])] == expected


async def test_whoever_keeps_the_position_gets_only_what_is_new(transparency: Running) -> None:
    """Domain section 9, item 14: a change feed with a cursor."""
    reader = transparency.anonymous
    empty = (await reader.get("/v1/changes")).json()
    assert empty == {"items": [], "after": None, "links": {"next": None}}
    await first_quarter(transparency)
    first = (await reader.get("/v1/changes?limit=1")).json()
    assert ([item["kind"] for item in first["items"]], first["links"]["next"]) == (["published"], None)
    nothing = (await reader.get("/v1/changes", params={"after": first["after"]})).json()
    assert (nothing["items"], nothing["after"]) == ([], first["after"])
    await correction(transparency)
    new = await reader.get("/v1/changes", params={"after": first["after"]})
    assert [(item["kind"], item["edition"]) for item in new.json()["items"]] == [("corrected", 2)]
    table = await reader.get("/v1/changes.csv")
    assert table.text.splitlines()[0].startswith("change_id,kind,at,publisher")
    assert len(table.text.splitlines()) == 3


async def test_what_just_happened_is_held_back_until_nothing_earlier_can_come(transparency: Running) -> None:
    """T-54's other side: a reader who goes on from a position misses nothing, though transactions end out of order."""
    await first_quarter(transparency)
    transparency.clock.set(datetime.now(UTC))
    async with transparency.session() as session:
        connection = await session.connection()
        recent = {"at": datetime.now(UTC) - timedelta(seconds=3)}
        await connection.exec_driver_sql("UPDATE editions SET published_at = %(at)s", recent)
        await session.commit()
    reader = transparency.anonymous
    assert (await reader.get("/v1/changes")).json()["items"] == []
    feed = ET.fromstring((await reader.get("/feed.atom")).content)
    assert kinds(feed) == ["published"]


async def test_what_a_suspended_edition_says_is_quoted_nowhere(transparency: Running) -> None:
    """T-19, T-52: the note goes with the edition, the entry stays."""
    await first_quarter(transparency)
    await correction(transparency)
    await suspend(transparency, {"dataset": "spend", "period": "2017-18-q1", "edition": 2})
    answer = await transparency.anonymous.get("/feed.atom")
    assert "One late invoice" not in answer.text
    assert "This edition is suspended while it is examined." in answer.text


@pytest.mark.parametrize("position", ["x", "W10", "WyJhIiwiYiIsImMiXQ", "bnVsbA", "é"])
async def test_a_position_that_nobody_gave_is_refused(transparency: Running, position: str) -> None:
    """Design section 5: 400 with the parameter, and what to do."""
    answer = await transparency.anonymous.get("/v1/changes", params={"after": position})
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["code"], error["parameter"]) == (400, "unreadable_position", "after")
    assert "after is no position that this list gave" in error["detail"]
    older = await transparency.anonymous.get("/feed.atom", params={"before": position})
    assert older.json()["errors"][0]["parameter"] == "before"


async def test_a_publisher_whom_nobody_knows_has_no_feed(transparency: Running) -> None:
    for path in ("/feed.atom", "/v1/changes", "/v1/quality"):
        answer = await transparency.anonymous.get(path, params={"publisher": "nobody"})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "publisher_not_found"), path


def test_a_change_has_no_field_for_a_person() -> None:
    """The brief of T-19: names of officers are in no answer, because nothing could hold them."""
    assert not {name for name in Change.__dataclass_fields__ if name.endswith("_by")}


def test_a_feed_that_breaks_the_rules_would_be_found() -> None:
    broken = ET.fromstring(
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>a</id><updated>2017</updated></entry></feed>'
    )
    assert len(faults(broken)) >= 5
