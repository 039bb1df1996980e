"""The search as a feed and as a page."""

from __future__ import annotations

import re
from datetime import datetime
from html.parser import HTMLParser
from urllib.parse import urlparse
from xml.etree import ElementTree

import feedparser

from tests.harness import Running
from tests.transparency.facts import line
from tests.transparency.search.published import published

NS = {"a": "http://www.w3.org/2005/Atom"}


def valid_feed(data: bytes) -> ElementTree.Element:
    """Refuse what RFC 4287 does not allow, as far as this feed could offend."""
    feed = ElementTree.fromstring(data)
    parsed = feedparser.parse(data)
    assert (parsed.bozo, parsed.version, len(parsed.entries)) == (False, "atom10", len(feed.findall("a:entry", NS)))
    assert feed.tag == "{http://www.w3.org/2005/Atom}feed"
    for element in (feed, *feed.findall("a:entry", NS)):
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"a:{name}", NS)) == 1, name
        identity = element.findtext("a:id", "", NS)
        assert urlparse(identity).scheme, identity
        stamp = element.findtext("a:updated", "", NS)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp)
        datetime.fromisoformat(stamp)
        links = [(link.get("rel"), link.get("type"), link.get("hreflang")) for link in element.findall("a:link", NS)]
        assert len(links) == len(set(links))
        assert all(link.get("href") for link in element.findall("a:link", NS))
    entries = feed.findall("a:entry", NS)
    assert all(entry.findtext("a:author/a:name", "", NS) for entry in entries) or not entries
    assert all(entry.find("a:link[@rel='alternate']", NS) is not None for entry in entries)
    ids = [entry.findtext("a:id", "", NS) for entry in entries]
    assert len(ids) == len(set(ids))
    assert feed.find("a:link[@rel='self']", NS) is not None
    return feed


async def test_a_search_can_be_followed_as_a_feed(transparency: Running) -> None:
    """T-60: stable ids, updated when the edition was published, the newest first."""
    await published(
        transparency,
        line(60_000, name="Marks & <Sons> Ltd", purpose="Old\x0bthings"),
        line(70_000, name="New Ltd", party_key="n", paid="2017-06-10"),
    )
    client = transparency.anonymous
    answer = await client.get("/v1/search.atom?q=ltd")
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    feed = valid_feed(answer.content)
    entries = feed.findall("a:entry", NS)
    assert [entry.findtext("a:title", "", NS) for entry in entries] == [
        "New Ltd, £700.00",
        "Marks & <Sons> Ltd, £600.00",
    ]
    assert {entry.findtext("a:updated", "", NS) for entry in entries} == {"2018-06-01T12:00:00Z"}
    assert feed.findtext("a:id", "", NS) == "http://test/transparency/v1/search.atom?q=ltd"
    row = (await client.get("/v1/search?q=new")).json()["items"][0]
    assert entries[0].findtext("a:id", "", NS) == row["url"]
    again = await client.get("/v1/search", params={"q": "ltd"}, headers={"Accept": "application/atom+xml"})
    assert valid_feed(again.content).findtext("a:entry/a:id", "", NS) == row["url"]
    first = valid_feed((await client.get("/v1/search.atom?limit=1")).content)
    following = first.find("a:link[@rel='next']", NS)
    assert following is not None
    second = valid_feed((await client.get(following.get("href", ""))).content)
    assert second.findtext("a:entry/a:title", "", NS) == "Marks & <Sons> Ltd, £600.00"
    assert valid_feed((await client.get("/v1/search.atom?q=nothing")).content).findall("a:entry", NS) == []
    by_amount = await client.get("/v1/search.atom?order=amount")
    assert (by_amount.status_code, by_amount.json()["errors"][0]["parameter"]) == (422, "order")


class _Seen(HTMLParser):
    """What a reader and a keyboard meet on the page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


async def test_the_page_has_a_form_the_rows_their_totals_and_a_chart_with_its_table(transparency: Running) -> None:
    """T-60."""
    lines = [line(60_000 + n, name=f"Payee {n} & <b>", party_key=str(n), purpose="Hire") for n in range(12)]
    await published(transparency, *lines, line(-99_900, name="Credit Ltd", party_key="c"))
    client = transparency.anonymous
    answer = await client.get("/v1/search.html?q=payee&publisher=body&limit=5")
    assert answer.headers["content-type"].startswith("text/html")
    same = await client.get("/v1/search?q=payee&publisher=body&limit=5", headers={"Accept": "text/html,*/*"})
    assert len(same.text) == len(answer.text)
    page = _Seen(answer.text)
    assert not page.all("script")
    labels = {attributes["for"] for attributes in page.all("label")}
    fields = [field for field in (*page.all("input"), *page.all("select")) if field.get("type") != "hidden"]
    assert {field["id"] for field in fields} == labels
    assert next(field for field in fields if field["name"] == "q")["value"] == "payee"
    assert ("hidden", "5") in [(field.get("type"), field.get("value")) for field in page.all("input")]
    assert len(page.all("caption")) == len(page.all("table"))
    bars = page.all("rect")
    assert len(bars) == 10
    assert bars[0]["width"] == "640"
    assert "<b>" not in page.texts
    assert "Payee 11 & <b>" in page.texts
    assert "£600.11" in page.texts
    assert any("12 rows, £7,200.66" in text for text in page.texts)
    [following] = [link["href"] for link in page.all("a") if link.get("rel") == "next"]
    second = await client.get(f"/v1/{following}")
    assert second.status_code == 200
    assert "continued" in second.text
    for href in [link["href"] or "" for link in page.all("a") if not (link["href"] or "").startswith("#")]:
        assert (await client.get(f"/v1/{href}")).status_code == 200, href


async def test_a_form_that_cannot_be_used_comes_back_with_what_is_wrong(transparency: Running) -> None:
    """T-60."""
    await published(transparency, line(-60_000, name="Only Credits Ltd"))
    wrong = await transparency.anonymous.get("/v1/search.html?min_pence=2&max_pence=1&q=&payee=")
    assert wrong.status_code == 422
    assert "exchange the two" in wrong.text
    none = await transparency.anonymous.get("/v1/search.html?q=nothing")
    assert "No published row matches" in none.text
    credits = await transparency.anonymous.get("/v1/search.html?q=only&payee=&year=&paid_from=&min_pence=")
    assert _Seen(credits.text).all("rect")[0]["width"] == "0"
    early = await transparency.anonymous.get("/v1/search.html?as_at=2001-01-01T00:00:00Z")
    assert early.status_code == 404
    assert "take a later instant" in early.text
