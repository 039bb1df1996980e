"""Quarterly reports over HTTP: draft, texts, due days, submission, publication, reopening, spend from grants."""

from __future__ import annotations

import asyncio
import hashlib
import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import httpx

from shared.events.deliverables import (
    PerformanceReportPublished,
    PerformanceReportReopened,
    PerformanceReportSubmitted,
)
from shared.events.grants import (
    AgreedChange,
    AgreementVaried,
    BudgetLine,
    BudgetSet,
    LineSpend,
    OutturnLine,
    OutturnRecorded,
    QuarterSpendStated,
)
from shared.values import OutturnState
from tests.deliverables.steps import AGREEMENT, BODY, done, imported, one, problem, rate, sent, year_with_results
from tests.harness import Running

EARLY = ("support", "outcomes", "commentary", "problems", "changes")
LATE = (*EARLY, "spend", "summative", "full_year_spend", "areas_not_engaged")


def spend(quarter: str = "2017-18-q4", version: int = 1, pence: int = 100_00) -> QuarterSpendStated:
    lines = (
        LineSpend(code="IL1", name="Peer <support>", quarter_pence=pence, year_to_date_pence=4 * pence),
        LineSpend(code="CF", name="CfPS", quarter_pence=0, year_to_date_pence=0),
    )
    return QuarterSpendStated(
        agreement_id=AGREEMENT,
        version=version,
        year="2017/18",
        quarter=quarter,
        lines=lines,
        happened_at=datetime(2018, 4, 20, tzinfo=UTC),
    )


def outturn(version: int = 1, spend_pence: int = 2_098_600_000) -> OutturnRecorded:
    return OutturnRecorded(
        agreement_id=AGREEMENT,
        version=version,
        outturn_id=UUID(int=version),
        year="2017/18",
        state=OutturnState.PROVISIONAL,
        as_at=date(2018, 5, 24),
        grant_pence=2_100_000_000,
        spend_pence=spend_pence,
        underspend_pence=2_100_000_000 - spend_pence,
        lines=(OutturnLine(code="IL1", name="Peer support", spend_pence=spend_pence),),
        happened_at=datetime(2018, 5, 24, tzinfo=UTC),
    )


async def draft(deliverables: Running, quarter: str, keys: tuple[str, ...] = (), text: str = "All went well.") -> Any:
    officer = deliverables.as_("deliverables:officer", sub="person:officer")
    report = done(await officer.post("/v1/reports", json={"quarter": quarter}))
    if keys:
        report = done(await write(deliverables, report, {key: {"text": text} for key in keys}), 200)
    return report


async def write(deliverables: Running, report: dict[str, Any], sections: dict[str, Any]) -> httpx.Response:
    officer = deliverables.as_("deliverables:officer", sub="person:officer")
    headers = {"If-Match": f'"{report["version"]}"'}
    return await officer.put(f"/v1/reports/{report['id']}/sections", json={"sections": sections}, headers=headers)


async def submit(
    deliverables: Running, report: dict[str, Any], when: str | None = None, sub: str = "person:dee"
) -> Any:
    director = deliverables.as_("deliverables:director", "deliverables:history", sub=sub)
    body = {"happened_at": when} if when else {}
    return await director.post(f"/v1/reports/{report['id']}/submissions", json=body)


async def publish(deliverables: Running, report: dict[str, Any], when: str | None = None, **more: Any) -> Any:
    officer = deliverables.as_("deliverables:officer", "deliverables:history", sub="person:officer")
    body = {**more, **({"happened_at": when} if when else {})}
    return await officer.post(f"/v1/reports/{report['id']}/publications", json=body)


async def test_reports_are_due_a_month_after_the_quarter_and_weekends_warn(deliverables: Running) -> None:
    """D-39, worked examples 1 and 2: an override moves its own quarter, and says who agreed."""
    await imported(deliverables)
    reports = [await draft(deliverables, f"2017-18-q{n}") for n in (1, 2, 3, 4)]
    assert [r["due"]["on"] for r in reports] == ["2017-07-30", "2017-10-30", "2018-01-31", "2018-04-30"]
    assert [r["due"]["warning"] for r in reports] == ["The due day, 2017-07-30, is a Sunday.", None, None, None]
    officer, path = deliverables.as_("deliverables:officer"), f"/v1/reports/{reports[0]['id']}/due-date"
    override = {"due_on": "2017-07-31", "agreed_by": "The department, by letter of 20 July 2017"}
    problem(await officer.put(path, json=override), 428)
    moved = done(await officer.put(path, json=override, headers={"If-Match": '"1"'}), 200)
    assert (moved["due"]["on"], moved["due"]["agreed_by"]) == ("2017-07-31", override["agreed_by"])
    listed = done(await officer.get("/v1/reports?year=2017-18"), 200)["items"]
    assert [r["due"]["on"] for r in listed] == ["2017-07-31", "2017-10-30", "2018-01-31", "2018-04-30"]
    bad = {**override, "due_on": "2017-06-30"}
    assert problem(await officer.put(path, json=bad, headers={"If-Match": '"2"'}), 409) == {"/due_on": "due_date_fixed"}


async def test_a_quarter_has_one_report(deliverables: Running) -> None:
    """D-45: the second draft is refused and told where the first one is."""
    await imported(deliverables)
    report = await draft(deliverables, "2017-18-q1")
    refused = await deliverables.as_("deliverables:officer").post("/v1/reports", json={"quarter": "2017-18-q1"})
    assert refused.json()["report"].endswith(report["id"])
    assert problem(refused, 409) == {"": "report_exists"}
    problem(await deliverables.as_("deliverables:officer").post("/v1/reports", json={"quarter": "2019-20-q1"}), 404)


async def test_drafts_are_not_public(deliverables: Running) -> None:
    """Drafts need a token of the service; the public finds nothing, not even that there is one."""
    await imported(deliverables)
    report = await draft(deliverables, "2017-18-q1", EARLY, "Not yet said in public.")
    for path in (f"/v1/reports/{report['id']}", f"/v1/reports/{report['id']}.html"):
        problem(await deliverables.anonymous.get(path), 404)
        problem(await deliverables.as_("grants:read").get(path), 404)
        assert (await deliverables.as_("deliverables:read").get(path)).status_code == 200
    assert done(await deliverables.anonymous.get("/v1/reports"), 200)["items"] == []
    preview = await deliverables.as_("deliverables:read").get(f"/v1/reports/{report['id']}.html")
    assert "not yet: this is a draft" in preview.text


async def test_texts_replace_each_other_by_version(deliverables: Running) -> None:
    """D-41, worked example 23: the second of two editors gets 412; a section of another quarter is refused."""
    await imported(deliverables)
    report = await draft(deliverables, "2017-18-q1", ("commentary",))
    assert report["version"] == 2
    stale = await write(deliverables, {**report, "version": 1}, {"problems": {"text": "Mine."}})
    problem(stale, 412)
    assert stale.headers["etag"] == '"2"'
    assert problem(await write(deliverables, report, {"spend": {"text": "None."}}), 422) == {
        "/sections/spend": "unknown_section"
    }
    problem(await write(deliverables, report, {"problems": {"text": "a", "empty_reason": "b"}}), 422)
    same = done(await write(deliverables, report, {"commentary": {"text": "All went well."}}), 200)
    assert same["version"] == 2


async def test_blanks_are_no_text_and_no_reason(deliverables: Running) -> None:
    """D-45: a section cannot be filled with spaces; times and days far out are refused, never a 500."""
    await imported(deliverables)
    report = await draft(deliverables, "2017-18-q1")
    assert problem(await write(deliverables, report, {"commentary": {"text": " \n "}}), 422) == {
        "/sections/commentary/text": "string_too_short"
    }
    for bad in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", 5, "yesterday"):
        director = deliverables.as_("deliverables:director", "deliverables:history", sub="person:dee")
        response = await director.post(f"/v1/reports/{report['id']}/submissions", json={"happened_at": bad})
        assert "/happened_at" in problem(response, 422), bad


async def test_an_empty_section_says_why_before_submission(deliverables: Running) -> None:
    """D-45: all empty ones are named at once."""
    await imported(deliverables)
    report = await draft(deliverables, "2017-18-q1", ("support", "outcomes", "commentary"))
    assert problem(await submit(deliverables, report), 409) == {
        "/sections/problems": "section_empty",
        "/sections/changes": "section_empty",
    }
    sections = {key: {"text": "Text."} for key in ("support", "outcomes", "commentary")}
    why = {"problems": {"empty_reason": "None arose."}, "changes": {"empty_reason": "None proposed."}}
    done(await write(deliverables, report, {**sections, **why}), 200)
    done(await submit(deliverables, report))


async def test_a_submission_is_on_time_until_midnight_in_london(deliverables: Running) -> None:
    """D-40, worked example 3; the stated time is kept beside the recorded one, and needs the scope."""
    await imported(deliverables)
    report = await draft(deliverables, "2017-18-q1", EARLY)
    when = "2017-07-30T22:30:00Z"
    director = deliverables.as_("deliverables:director", sub="person:dee")
    problem(await director.post(f"/v1/reports/{report['id']}/submissions", json={"happened_at": when}), 403)
    early = await submit(deliverables, report, "2017-06-30T22:00:00Z")
    assert "quarter_not_over" in problem(early, 409).values()
    problem(await submit(deliverables, report, "2030-01-01T00:00:00Z"), 422)
    problem(await submit(deliverables, report, "2017-07-30T22:30:00"), 422)
    submitted = done(await submit(deliverables, report, when))
    assert (submitted["submission"]["days_late"], submitted["submission"]["stated"]) == (0, True)
    assert submitted["submission"]["recorded_at"] == "2018-06-01T12:00:00Z"
    (fact,) = await deliverables.emitted(PerformanceReportSubmitted)
    assert (fact.days_late, fact.due_on, fact.organisation_id) == (0, date(2017, 7, 30), BODY)
    assert fact.sha256 == submitted["submission"]["sha256"]
    other = await draft(deliverables, "2017-18-q2", (*EARLY, "spend"))
    late = done(await submit(deliverables, other, "2017-10-31T00:30:00Z"))
    assert late["submission"]["days_late"] == 1
    assert "already_submitted" in problem(await submit(deliverables, report), 409).values()


async def test_one_report_is_submitted_once(deliverables: Running) -> None:
    """D-45: two submissions at the same moment, one fact."""
    await imported(deliverables)
    report = await draft(deliverables, "2017-18-q1", EARLY)
    answers = await asyncio.gather(submit(deliverables, report), submit(deliverables, report, sub="person:dan"))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert len(await deliverables.emitted(PerformanceReportSubmitted)) == 1


async def test_nobody_who_wrote_in_a_report_certifies_it(deliverables: Running) -> None:
    """No one approves his own entry (domain section 3), D-43: also where another wrote after, and after a reopening."""
    await imported(deliverables)
    report = await draft(deliverables, "2017-18-q1")
    both = ("deliverables:officer", "deliverables:director", "deliverables:history")

    async def write_as(sub: str, version: int, text: str) -> None:
        sections = {"sections": {key: {"text": text} for key in EARLY}}
        headers = {"If-Match": f'"{version}"'}
        path = f"/v1/reports/{report['id']}/sections"
        done(await deliverables.as_(*both, sub=sub).put(path, json=sections, headers=headers), 200)

    await write_as("person:dee", 1, "Mine.")
    await write_as("person:ed", 2, "All of it mine.")
    await write_as("person:officer", 3, "Ours.")
    for sub in ("person:officer", "person:dee", "person:ed"):
        assert "same_person" in problem(await submit(deliverables, report, sub=sub), 409).values(), sub
    done(await submit(deliverables, report, sub="person:dora"))
    reopened = done(
        await deliverables.as_(*both, sub="person:dora").post(
            f"/v1/reports/{report['id']}/reopenings", json={"reason": "A figure was wrong."}
        )
    )
    await write_as("person:dora", reopened["version"], "Mended.")
    for sub in ("person:dora", "person:dee"):
        assert "same_person" in problem(await submit(deliverables, report, sub=sub), 409).values(), sub
    done(await submit(deliverables, report, sub="person:dan"))


async def test_the_drafter_does_not_certify(deliverables: Running) -> None:
    """No one approves his own entry (domain section 3)."""
    await imported(deliverables)
    report = await draft(deliverables, "2017-18-q1", EARLY)
    assert "same_person" in problem(await submit(deliverables, report, sub="person:officer"), 409).values()


async def test_a_report_shows_the_budget_of_its_own_quarter(deliverables: Running) -> None:
    """G-16, worked example 4: a budget revised from October leaves the report of July to September as it was."""
    await imported(deliverables)
    await deliverables.receive(spend("2017-18-q2"), spend("2017-18-q3"))
    for version, start, pence in ((1, date(2017, 4, 1), 6_613_000_00), (2, date(2017, 10, 1), 6_813_000_00)):
        line = BudgetLine(code="IL1", name="Peer support", kind="leaf", amount_pence=pence)
        told = BudgetSet(agreement_id=AGREEMENT, version=version, year="2017/18", effective_from=start, lines=(line,))
        await deliverables.receive(told, told)
    for quarter, pence in (("2017-18-q2", 6_613_000_00), ("2017-18-q3", 6_813_000_00)):
        report = await draft(deliverables, quarter, EARLY)
        assert report["figures"]["spend"]["lines"][0]["budget_pence"] == pence


async def test_the_first_report_has_no_spend_and_the_others_show_what_grants_stated(deliverables: Running) -> None:
    """D-41, MoU para 25: spend only from QuarterSpendStated, an older version ignored."""
    await imported(deliverables)
    await deliverables.receive(spend("2017-18-q1"), spend("2017-18-q2", 2, 500_00), spend("2017-18-q2", 1, 9_00))
    line = BudgetLine(code="IL1", name="Peer support", kind="leaf", amount_pence=6_613_000_00)
    start = date(2017, 4, 1)
    await deliverables.receive(
        BudgetSet(agreement_id=AGREEMENT, version=1, year="2017/18", effective_from=start, lines=(line,))
    )
    first = await draft(deliverables, "2017-18-q1", EARLY)
    assert first["figures"]["spend"] is None
    second = await draft(deliverables, "2017-18-q2", EARLY)
    assert second["figures"]["spend"]["quarter_pence"] == 500_00
    assert second["figures"]["spend"]["year_to_date_pence"] == 2_000_00
    lines = second["figures"]["spend"]["lines"]
    assert [(line["quarter_pence"], line["budget_pence"]) for line in lines] == [(500_00, 6_613_000_00), (0, None)]
    done(await submit(deliverables, second))
    third = await draft(deliverables, "2017-18-q3", EARLY)
    assert problem(await submit(deliverables, third), 409) == {"/sections/spend": "section_empty"}


async def test_publication_needs_a_submission_and_shows_what_is_missing(deliverables: Running) -> None:
    """D-29, D-40, D-42: refused while four deliverables have no rating, then published with them shown."""
    await year_with_results(deliverables)
    await deliverables.receive(spend(), outturn(1, 1), outturn(2), outturn(1, 1))
    report = await draft(deliverables, "2017-18-q4", tuple(k for k in LATE if k not in ("spend", "full_year_spend")))
    assert report["report_type"] == "quarterly_summative"
    assert "not_submitted" in problem(await publish(deliverables, report), 409).values()
    done(await submit(deliverables, report, "2018-04-30T10:00:00Z"))
    refused = await publish(deliverables, report)
    assert "4 deliverables have no rating: E4, EP11, EP12, EP13" in refused.json()["detail"]
    problem(refused, 409)
    early = await publish(deliverables, report, "2018-04-29T10:00:00Z", publish_with_unknowns=True)
    assert "published_before_submission" in problem(early, 409).values()
    published = done(await publish(deliverables, report, "2018-05-02T10:00:00Z", publish_with_unknowns=True))
    assert (published["state"], published["publication"]["unknowns"]) == ("published", 4)
    assert (published["submission"]["days_late"], published["publication"]["days_late"]) == (0, 2)
    (fact,) = await deliverables.emitted(PerformanceReportPublished)
    assert (fact.published_with_unknowns, fact.days_late, fact.url) == (4, 2, published["publication"]["url"])
    page = await deliverables.anonymous.get(fact.url.removeprefix("http://test/deliverables"))
    assert hashlib.sha256(page.content).hexdigest() == fact.sha256 == published["publication"]["html_sha256"]
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert (await deliverables.anonymous.get(f"/v1/reports/{report['id']}.html")).content == page.content
    text = page.text
    assert "4 deliverables have no rating and count neither as achieved nor as failed: E4, EP11, EP12, EP13" in text
    assert "Rated otherwise than the numbers say, with no reason on record: EP4" in text
    assert "£20,986,000.00" in text
    assert "Peer &lt;support&gt;" in text
    public = done(await deliverables.anonymous.get(f"/v1/reports/{report['id']}"), 200)
    assert public["figures"]["outturn"]["underspend_pence"] == 1_400_000
    assert public["figures"]["summary_as_printed"]["rows"]["colours"] == {"green": 52, "amber": 4, "red": 0}
    assert "EP14/2" in public["figures"]["carried_forward"]
    assert [item["id"] for item in done(await deliverables.anonymous.get("/v1/reports"), 200)["items"]] == [
        report["id"]
    ]


async def test_the_frozen_figures_stay_when_the_year_changes(deliverables: Running) -> None:
    """D-43, D-44, worked example 15: what was submitted stays; a locked quarter takes revisions with a reason only."""
    await imported(deliverables)
    await sent(deliverables, "ref,part,value,unit\nE3,1,41,council\n", as_at="2017-09-30")
    report = await draft(deliverables, "2017-18-q2", (*EARLY, "spend"))
    frozen = done(await submit(deliverables, report))["figures"]
    refused = await sent(deliverables, "ref,part,value,unit\nE5,1,3,council\n", as_at="2017-09-30")
    (reason,) = refused["rows"][0]["reasons"]
    assert (refused["rows"][0]["outcome"], reason["code"]) == ("rejected", "period_locked")
    assert "its report was submitted, submitted on 2018-06-01" in reason["detail"]
    revision = "ref,part,value,unit,reason\nE3,1,38,council,Three councils were counted twice.\n"
    assert (await sent(deliverables, revision, as_at="2017-09-30"))["outcomes"]["revised"] == 1
    assert (await one(deliverables, "E3", "2017-18-q2"))["parts"][0]["year_to_date"]["value"] == 38
    now = done(await deliverables.as_("deliverables:read").get(f"/v1/reports/{report['id']}"), 200)
    assert now["figures"] == frozen
    e3 = next(d for d in frozen["deliverables"] if d["ref"] == "E3")
    assert e3["parts"][0]["year_to_date"]["value"] == 41


async def test_a_report_knows_nothing_of_later_quarters(deliverables: Running) -> None:
    """D-43: a past year entered whole gives each report only what its quarter holds."""
    await year_with_results(deliverables)
    report = await draft(deliverables, "2017-18-q3")
    e3 = next(d for d in report["figures"]["deliverables"] if d["ref"] == "E3")
    assert e3["parts"][0]["year_to_date"]["value"] == 41
    assert e3["parts"][0]["quarters"] == []
    assert report["figures"]["summary"] is None


async def test_a_reopened_report_keeps_what_was_published(deliverables: Running) -> None:
    """D-43: a reason, a second submission and publication beside the first, which stays byte for byte."""
    await imported(deliverables)
    report = await draft(deliverables, "2017-18-q1", EARLY, "The first text.")
    done(await submit(deliverables, report, "2017-07-28T10:00:00Z"))
    first = done(await publish(deliverables, report, "2017-07-29T10:00:00Z"))
    director, path = deliverables.as_("deliverables:director", sub="person:dee"), f"/v1/reports/{report['id']}"
    problem(await director.post(f"{path}/reopenings", json={}), 422)
    reopened = done(await director.post(f"{path}/reopenings", json={"reason": "A figure was wrong."}))
    assert reopened["state"] == "reopened"
    (fact,) = await deliverables.emitted(PerformanceReportReopened)
    assert (fact.reason, fact.quarter) == ("A figure was wrong.", "2017-18-q1")
    reopened = done(await write(deliverables, reopened, {key: {"text": "The second text."} for key in EARLY}), 200)
    public = done(await deliverables.anonymous.get(path), 200)
    assert (public["state"], public["sections"][0]["text"]) == ("published", "The first text.")
    done(await submit(deliverables, report))
    second = done(await publish(deliverables, report))
    assert (first["publication"]["number"], second["publication"]["number"]) == (1, 2)
    pages = [(await deliverables.anonymous.get(f"{path}/publications/{number}.html")).text for number in (1, 2)]
    assert ["The first text." in page for page in pages] == [True, False]
    assert "The second text." in (await deliverables.anonymous.get(f"{path}.html")).text
    problem(await deliverables.anonymous.get(f"{path}/publications/3.html"), 404)
    versions = [event.version for event in await deliverables.emitted() if hasattr(event, "report_id")]
    assert versions == sorted(set(versions))


async def test_a_late_report_does_not_become_one_on_time_by_being_reopened(deliverables: Running) -> None:
    """D-40, D-43: what follows a step cannot have happened before it."""
    await imported(deliverables)
    report = await draft(deliverables, "2017-18-q1", EARLY)
    done(await submit(deliverables, report, "2017-08-03T10:00:00Z"))
    director = deliverables.as_("deliverables:director", "deliverables:history", sub="person:dee")
    path, reason = f"/v1/reports/{report['id']}/reopenings", "A figure was wrong."
    early = await director.post(path, json={"reason": reason, "happened_at": "2017-08-02T10:00:00Z"})
    assert problem(early, 409) == {"/happened_at": "earlier_than_forerunner"}
    done(await director.post(path, json={"reason": reason, "happened_at": "2017-08-04T10:00:00Z"}))
    again = await submit(deliverables, report, "2017-07-27T10:00:00Z")
    assert problem(again, 409) == {"/happened_at": "earlier_than_forerunner"}
    late = done(await submit(deliverables, report, "2017-08-05T10:00:00Z"))
    assert late["submission"]["days_late"] == 6


class Outline(HTMLParser):
    """Headings, and whether tables, cells and assets are as an accessible page needs them."""

    def __init__(self) -> None:
        super().__init__()
        self.headings: list[str] = []
        self.faults: list[str] = []
        self.tables = self.captions = 0
        self.lang: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "html":
            self.lang = values.get("lang")
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(tag)
        self.tables += tag == "table"
        self.captions += tag == "caption"
        if tag == "th" and values.get("scope") not in ("col", "row"):
            self.faults.append(f"th without scope: {attrs}")
        if tag in ("script", "link", "img", "iframe") or "src" in values:
            self.faults.append(f"outside asset: {tag}")


async def test_the_page_is_accessible_and_stands_alone(deliverables: Running) -> None:
    """Semantic headings, captions and scopes, words beside colours, nothing loaded from elsewhere."""
    await year_with_results(deliverables)
    await deliverables.receive(spend(), outturn())
    variation = AgreementVaried(
        agreement_id=AGREEMENT,
        version=2,
        variation_id=UUID(int=5),
        kind="target",
        effective_from=date(2017, 10, 1),
        reference="Letter 7",
        changes=(AgreedChange(what="part 1", deliverable="E10", before="12 councils", after="10 councils"),),
    )
    await deliverables.receive(variation, variation)
    report = await draft(deliverables, "2017-18-q4", LATE, "<b>Bold</b> & plain.\n\nSecond paragraph.")
    page = (await deliverables.as_("deliverables:read").get(f"/v1/reports/{report['id']}.html")).text
    outline = Outline()
    outline.feed(page)
    assert (outline.lang, outline.faults) == ("en-GB", [])
    assert outline.headings == ["h1", "h2", *["h2"] * 9]
    assert outline.tables == outline.captions >= 8
    assert "<p>&lt;b&gt;Bold&lt;/b&gt; &amp; plain.</p>" in page
    assert "Letter 7" in page
    assert "E10 part 1: 12 councils becomes 10 councils" in page
    assert "at least 110 (peer challenge)" in page
    assert "nearly £40,000,000" in page
    assert "38 (peer challenge): of the 64 corporate or finance challenges" in page
    assert "3 (local authority)" in page


async def test_a_year_that_is_rated_whole_is_published_without_unknowns(deliverables: Running) -> None:
    """Worked example 7: nothing is missing, nothing has to be shown as unknown."""
    await year_with_results(deliverables)
    await deliverables.receive(spend(), outturn())
    for ref in ("E4", "EP11a", "EP11b", "EP12", "EP13"):
        done(await rate(deliverables, ref, "green"))
    report = await draft(deliverables, "2017-18-q4", LATE)
    done(await submit(deliverables, report))
    assert done(await publish(deliverables, report))["publication"]["unknowns"] == 0
