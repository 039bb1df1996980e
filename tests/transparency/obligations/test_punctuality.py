"""The public record of punctuality: each publisher's year in figures that open."""

from __future__ import annotations

import csv
import io

from services.transparency.obligations.punctuality import Judged, add_up
from tests.harness import Running
from tests.transparency.facts import at
from tests.transparency.test_obligations import entered_whole, in_2017


def test_days_late_count_only_where_they_are_known_and_the_share_is_of_what_was_judged() -> None:
    """T-48, T-58: one decimal, half up; entered late says nothing about the body."""
    duties = [
        *[Judged("met", 0, True)] * 5,
        Judged("met_late", 3, True),
        Judged("met_late", 10, True),
        Judged("met_late", 3_000, False),
        Judged("missed", None, True),
        Judged("not_judged", None, True),
        Judged("upcoming", None, True),
        Judged("due_soon", None, True),
        Judged("not_applicable", None, True),
    ]
    sums = add_up(duties)
    assert (sums.duties, sums.on_time, sums.late, sums.late_unknown, sums.missed) == (13, 5, 2, 1, 1)
    assert (sums.not_judged, sums.waiting, sums.not_applicable) == (1, 2, 1)
    assert (sums.on_time_percent, sums.days_late_total, sums.days_late_longest) == ("62.5", 13, 10)
    assert add_up([Judged("upcoming", None, True)]).on_time_percent is None


async def test_each_publishers_year_is_a_line_whose_figures_open_to_its_duties(transparency: Running) -> None:
    """T-48, T-58: JSON, CSV, and one page per publisher."""
    await in_2017(transparency)
    preparer = transparency.as_("transparency:preparer")
    transparency.clock.set(at("2017-07-31T20:00"))
    body = {"publisher": "body", "code": "ACCOUNTS", "period": "2017-18", "title": "Accounts 2016/17"}
    await preparer.post("/v1/documents", json=body)
    transparency.clock.set(at("2017-12-02T09:00"))
    await transparency.tick(at("2017-12-02T09:00"))
    letter = {"publisher": "association", "code": "LETTER-NOV", "period": "2017-18", "title": "Letter of November"}
    await preparer.post("/v1/documents", json=letter)
    page = (await transparency.anonymous.get("/v1/obligations/punctuality", params={"limit": 1})).json()
    (association,) = page["items"]
    following = page["links"]["next"].removeprefix("http://test/transparency")
    (of_body,) = (await transparency.anonymous.get(following)).json()["items"]
    assert (association["publisher"], of_body["publisher"]) == ("association", "body")
    assert (association["late"], association["days_late_total"], of_body["on_time"]) == (1, 2, 1)
    late = [duty for duty in association["late_duties"] if duty["state"] == "met_late"]
    assert [(duty["code"], duty["days_late"]) for duty in late] == [("LETTER-NOV", 2)]
    total = sum(
        of_body[name]
        for name in ("on_time", "late", "late_unknown", "missed", "not_judged", "waiting", "not_applicable")
    )
    assert total == of_body["duties"]
    for state, figure in (("met", "on_time"), ("missed", "missed"), ("not_judged", "not_judged")):
        listed = await transparency.anonymous.get(of_body["links"][state].removeprefix("http://test/transparency"))
        assert len(listed.json()["items"]) == of_body[figure], state
    table = (await transparency.anonymous.get("/v1/obligations/punctuality.csv")).text
    rows = {row["publisher"]: row for row in csv.DictReader(io.StringIO(table))}
    assert (rows["association"]["late"], rows["body"]["missed"]) == ("1", str(of_body["missed"]))
    html = (await transparency.anonymous.get("/v1/obligations/punctuality.html", params={"publisher": "body"})).text
    for part in ('<html lang="en-GB">', "<caption>By year</caption>", 'scope="row"', "Skip to", "Missed"):
        assert part in html
    assert "Association" not in html


async def test_a_year_entered_in_one_run_counts_no_days_late(transparency: Running) -> None:
    """Two times; T-48."""
    await entered_whole(transparency)
    (line,) = (await transparency.anonymous.get("/v1/obligations/punctuality?publisher=body")).json()["items"]
    assert (line["late"], line["late_unknown"], line["days_late_total"], line["late_duties"]) == (0, 2, 0, [])
    assert (line["on_time"], line["on_time_percent"]) == (1, "100.0")
