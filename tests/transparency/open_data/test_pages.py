"""Pages for people: that gaps are named, nothing withheld is shown, and anybody can read them."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from services.transparency.open_data import rendering
from tests.harness import Running
from tests.transparency.facts import at, covering
from tests.transparency.open_data.stage import MARIGOLD, correction, figures, first_quarter, whole_record
from tests.transparency.test_editions import publish
from tests.transparency.withdrawals.test_withdrawals import suspend

VOID = {"meta", "link", "br", "rect"}
SPEND = "/v1/datasets/body/spend"


class Reader(HTMLParser):
    """What of a page would keep somebody from reading it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.open: list[str] = []
        self.ids: set[str] = set()
        self.targets: list[str] = []
        self.count: dict[str, int] = {}
        self.feed(text)
        self.close()
        self.faults += [f"{tag} is not closed" for tag in self.open]
        self.faults += [f"#{target} leads nowhere" for target in self.targets if target not in self.ids]
        if (self.count.get("h1"), self.count.get("main")) != (1, 1):
            self.faults.append("not one heading and one main part")
        if self.count.get("table", 0) != self.count.get("caption", 0):
            self.faults.append("a table without caption")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.count[tag] = self.count.get(tag, 0) + 1
        if tag == "th" and found.get("scope") not in ("col", "row"):
            self.faults.append("th without scope")
        if tag in ("script", "iframe", "img", "object") or any(name.startswith("on") for name in found):
            self.faults.append(f"{tag} would be run or loaded")
        if "style" in found or (tag == "link" and found.get("rel") == "stylesheet"):
            self.faults.append(f"{tag} brings a style of its own")
        if tag == "html" and found.get("lang") != "en-GB":
            self.faults.append("no language")
        if tag == "a" and not found.get("href"):
            self.faults.append("a link without address")
        if tag == "div" and found.get("class") == "scroll" and found.get("tabindex") != "0":
            self.faults.append("a frame that no keyboard can scroll")
        if (href := found.get("href") or "").startswith("#"):
            self.targets.append(href[1:])
        for name in (found.get("aria-labelledby") or "").split():
            self.targets.append(name)
        if identity := found.get("id"):
            if identity in self.ids:
                self.faults.append(f"{identity} stands twice")
            self.ids.add(identity)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None: ...

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"{tag} closes what is not open")


def plain(text: str) -> str:
    """The words of a page."""
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", text, flags=re.S).split())


async def page(transparency: Running, path: str, status: int = 200) -> str:
    answer = await transparency.anonymous.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == rendering.POLICY
    assert Reader(answer.text).faults == [], path
    assert MARIGOLD not in answer.text
    assert "person:" not in answer.text
    return answer.text


async def test_a_dataset_names_each_gap_and_an_edition_shows_all_that_is_known_of_it(transparency: Running) -> None:
    """T-51, T-14, T-20, T-49, T-58: periods, files, quality, reconciliation, withheld text, editions, first rows."""
    await whole_record(transparency)
    await figures(transparency)
    transparency.clock.set(at("2018-02-05T10:00"))
    await transparency.tick(at("2018-02-05T09:00"))
    periods = await page(transparency, f"{SPEND}.html")
    lines = [plain(row) for row in re.findall(r"<tr><th scope=\"row\".*?</tr>", periods, re.S)]
    assert [line.split(" ")[0] + " " + line.split(" ")[1] for line in lines] == [
        f"Q{number} 2017/18" for number in (4, 3, 2, 1)
    ]
    assert "not yet due" in lines[0]
    assert "overdue" in lines[1]
    assert "withdrawn" in lines[2]
    assert "published 2 5 £5,000.00 on time CSV Q1 2017/18" in lines[3]
    text = await page(transparency, f"{SPEND}/2017-18-q1.html")
    words = plain(text)
    assert "Edition 2, in force" in words
    assert "Left out: Item total does not exceed the threshold (BELOW_THRESHOLD) 1 £1.00" in words
    assert "Difference 0 £0.00" in words
    assert (
        "Expense claim of staff with salary below 150,000 pounds; personal data (FOI Act s.40) (STAFF_EXPENSE)" in words
    )
    assert "Share of value linked to a contract 20.0 % £1,000.00 £5,000.00" in words
    assert "Acme Training Ltd 3 £2,600.00" in words
    assert "Withheld names, all together 1 £1,000.00" in words
    assert "Böll &amp; Söhne &lt;b&gt;" in text
    assert text.count("<rect ") == 3
    assert "/diff?from=1&amp;to=2" in text
    assert "All rows. Columns that are empty here are left out" in words
    earlier = await page(transparency, f"{SPEND}/2017-18-q1.html?edition=1")
    assert "This is edition 1. A later one is in force" in plain(earlier)
    owner = plain(await page(transparency, "/v1/publishers/body.html"))
    assert "Spend over £500 of Improvement Body Q1 2017/18, edition 2 1 1 1 1" in owner
    assert "SPEND Q2 2017/18 30/10/2017 met late 3" in owner
    assert "Quality in 2017-18" in owner
    everybody = plain(await page(transparency, "/v1/publishers.html"))
    assert "Improvement Body spend 1 2 2 " in everybody
    for path in ("/v1/methodologies.html?publisher=body", "/v1/quality.html", "/v1/data-dictionary/spend.html"):
        await page(transparency, path)


async def test_a_withdrawn_edition_leaves_a_page_with_its_tombstone(transparency: Running) -> None:
    """T-52: 410, ground and day; a suspended one 403; both in the list."""
    await whole_record(transparency)
    gone = plain(await page(transparency, f"{SPEND}/2017-18-q2.html", 410))
    assert "was withdrawn on 2017-11-03 (personal data); its files are gone for good." in gone
    assert "Rows as in the CSV file" not in gone
    await suspend(transparency, {"dataset": "spend", "period": "2017-18-q1", "edition": 2})
    suspended = plain(await page(transparency, f"{SPEND}/2017-18-q1.html", 403))
    assert "is suspended while it is examined" in suspended
    assert "One late invoice" not in suspended
    listed = plain(await page(transparency, "/v1/withdrawals.html"))
    assert "edition 1 withdrawn 03/11/2017 personal data none yet" in listed
    assert "edition 2 suspended 03/11/2017 not decided yet" in listed


async def test_pages_of_what_is_not_there_are_problems_like_everywhere(transparency: Running) -> None:
    await first_quarter(transparency)
    for path, code in (
        ("/v1/publishers/nobody.html", "publisher_not_found"),
        (f"{SPEND}s.html", "dataset_not_found"),
        (f"{SPEND}/2017-18-q3.html", "not_found"),
        (f"{SPEND}/2017-18-q1.html?edition=2", "not_found"),
    ):
        answer = await transparency.anonymous.get(path)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, code), path


async def test_a_nil_return_and_a_first_correction_are_said_in_words(transparency: Running) -> None:
    """T-51."""
    await first_quarter(transparency)
    await correction(transparency)
    transparency.clock.set(at("2017-10-05T10:00"))
    await transparency.receive(covering("2017-07-01", "2017-09-30"))
    await publish(transparency, f"{SPEND}/2017-18-q2")
    assert "nil return: nothing to report" in plain(await page(transparency, f"{SPEND}.html"))
    text = plain(await page(transparency, f"{SPEND}/2017-18-q2.html"))
    assert "Nil return: there was nothing to report for this period." in text
    assert "This edition has no rows." in text


@pytest.mark.parametrize(
    "broken",
    [
        "<th>x</th>",
        "<img src='x'>",
        "<a>x</a>",
        "<table></table>",
        "<p style='color:red'>x</p>",
        "<a href='#nowhere'>x</a>",
        "<div class='scroll'></div>",
        "<b>",
    ],
)
def test_a_page_that_somebody_cannot_read_would_be_found(broken: str) -> None:
    whole = '<html lang="en-GB"><main><h1>x</h1>{}</main></html>'
    assert Reader(whole.format("")).faults == []
    assert Reader(whole.format(broken)).faults


def test_the_style_works_on_paper_in_the_dark_and_for_the_keyboard() -> None:
    for needed in ("prefers-color-scheme: dark", "@media print", ":focus-visible", "tabular-nums", "overflow-x: auto"):
        assert needed in rendering.STYLE
    assert "url(" not in rendering.STYLE
    assert "@import" not in rendering.STYLE


async def test_a_contract_and_the_register_have_pages_with_the_payments_that_anybody_can_read(
    transparency: Running,
) -> None:
    """T-28: cumulative spend beside value; each figure opens to its rows."""
    await first_quarter(transparency)
    register = await page(transparency, "/v1/contracts.html?publisher=body")
    assert "C-1 Venue for residentials Specimen Venues Limited 12/04/2017" in plain(register)
    assert 'href="http://test/transparency/v1/contracts/body/C-1.html"' in register
    contract = plain(await page(transparency, "/v1/contracts/body/C-1.html"))
    assert "Value £12,340.00, irrecoverable VAT included" in contract
    assert "Paid so far £1,000.00" in contract
    assert "2017-05 1 £1,000.00" in contract
    for path, status in (("/v1/contracts/body/C-404.html", 404), ("/v1/contracts.html?publisher=nobody", 404)):
        assert (await transparency.anonymous.get(path)).status_code == status
