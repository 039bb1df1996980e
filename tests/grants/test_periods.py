"""Accounting periods over HTTP: what the ledger holds, what is stated, what is locked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from shared.events.grants import QuarterSpendStated
from tests.grants.ledger import spend
from tests.grants.steps import budgeted, done, figures, problem, signed
from tests.harness import Running

PERIODS = "/v1/agreements/2017-18/accounting-periods"


async def state(grants: Running, quarter: int, lines: list[dict[str, Any]], **more: Any) -> httpx.Response:
    client = grants.as_("grants:finance", "grants:history")
    return await client.post(f"{PERIODS}/2017-18-q{quarter}/statement", json={"lines": lines, **more})


async def lock(grants: Running, quarter: int, reason: str = "quarter stated") -> httpx.Response:
    return await grants.as_("grants:cfo").post(f"{PERIODS}/2017-18-q{quarter}/lock", json={"reason": reason})


async def test_the_period_shows_what_the_ledger_holds_so_that_it_can_be_stated(grants: Running) -> None:
    """G-26, G-31."""
    agreement = await budgeted(grants)
    await spend(
        grants,
        agreement["id"],
        ("OG1", "2017-18-q1", 300),
        ("OG1", "2017-18-q2", 1_000),
        ("OG1", "2017-18-q2", -200),
        ("LP", "2017-18-q2", 70),
        ("OG1", "2017-18-q3", 9_999),
    )
    period = done(await grants.as_("grants:read").get(f"{PERIODS}/2017-18-q2"), 200)
    shown = {line["code"]: line for line in period["lines"]}
    assert len(shown) == 16
    assert (shown["OG1"]["ledger_pence"], shown["OG1"]["ledger_year_to_date_pence"]) == (800, 1_100)
    assert (shown["LP"]["ledger_pence"], shown["OG2"]["ledger_pence"]) == (70, 0)
    assert (period["state"], period["starts_on"], period["ends_on"]) == ("open", "2017-07-01", "2017-09-30")


async def test_a_statement_gives_the_quarter_and_the_year_to_date_of_every_line(grants: Running) -> None:
    """G-31; the event is what other services have these figures from."""
    await budgeted(grants)
    done(await state(grants, 1, figures(100)))
    lines = figures(50, OG1=0, OG2=-20)
    lines[1]["reason"] = "A rebate of the first quarter."
    second = done(await state(grants, 2, lines))
    shown = {line["code"]: (line["quarter_pence"], line["year_to_date_pence"]) for line in second["lines"]}
    assert (shown["OG1"], shown["OG2"], shown["CF"]) == ((0, 100), (-20, 80), (50, 150))
    _, fact = await grants.emitted(QuarterSpendStated)
    assert (fact.quarter, fact.version, len(fact.lines), fact.year) == ("2017-18-q2", 1, 16, "2017/18")


async def test_the_first_year_to_date_includes_a_first_quarter_that_was_not_stated(grants: Running) -> None:
    """G-31: nothing need be stated for Q1."""
    agreement = await budgeted(grants)
    await spend(grants, agreement["id"], ("OG1", "2017-18-q1", 125), ("OG1", "2017-18-q2", 50))
    lines = figures(50)
    incomplete = await state(grants, 2, lines)
    refused = problem(incomplete, 409)
    assert set(refused.values()) == {"year_to_date_missing"}
    assert len(refused) == 16
    assert incomplete.json()["errors"][0]["detail"].endswith(
        "all of the year's quarters in it: the ledger holds £1.75."
    )
    answer = done(await state(grants, 2, [{**line, "year_to_date_pence": 175} for line in lines]))
    assert {line["year_to_date_pence"] for line in answer["lines"]} == {175}
    third = done(await state(grants, 3, figures(25)))
    assert {line["year_to_date_pence"] for line in third["lines"]} == {200}


async def test_missing_lines_are_each_named_and_a_zero_is_confirmed(grants: Running) -> None:
    """G-31: absence is not zero."""
    await budgeted(grants)
    lines = [line for line in figures(5, IL3=0) if line["code"] not in ("OG1", "LP")]
    place = next(index for index, line in enumerate(lines) if line["code"] == "IL3")
    lines[place]["zero_confirmed"] = False
    refused = await state(grants, 1, lines)
    assert refused.status_code == 409
    errors = refused.json()["errors"]
    assert [(error["pointer"], error["detail"]) for error in errors if error["code"] == "spend_missing"] == [
        ("/lines", "No Q1 figure for OG1 Councillor Services; enter a value even if zero."),
        ("/lines", "No Q1 figure for LP Local Partnerships; enter a value even if zero."),
    ]
    assert [error["pointer"] for error in errors if error["code"] == "zero_unconfirmed"] == [
        f"/lines/{place}/zero_confirmed"
    ]
    assert await grants.emitted(QuarterSpendStated) == []


async def test_a_year_to_date_that_does_not_follow_is_refused(grants: Running) -> None:
    await budgeted(grants)
    done(await state(grants, 1, figures(100)))
    lines = figures(50)
    lines[3]["year_to_date_pence"] = 151
    assert problem(await state(grants, 2, lines), 409) == {"/lines/3/year_to_date_pence": "year_to_date_differs"}


async def test_a_difference_to_the_ledger_is_shown_and_does_not_stop_the_statement(grants: Running) -> None:
    agreement = await budgeted(grants)
    await spend(grants, agreement["id"], ("OG1", "2017-18-q1", 90), ("OG2", "2017-18-q1", 100), amount_basis="gross")
    answer = done(await state(grants, 1, figures(0, OG1=100, OG2=100)))
    assert [(finding["line"], finding["difference_pence"]) for finding in answer["findings"]] == [("OG1", 10)]
    assert answer["gross_used"] is True


async def test_a_later_statement_stands_beside_the_earlier_one(grants: Running) -> None:
    await budgeted(grants)
    grants.clock.set(datetime(2018, 6, 2, 9, tzinfo=UTC))
    done(await state(grants, 1, figures(100), happened_at="2017-07-31T09:00:00Z"))
    grants.clock.set(datetime(2018, 6, 4, 9, tzinfo=UTC))
    assert problem(await state(grants, 1, figures(101)), 409) == {"/reason": "reason_missing"}
    second = done(await state(grants, 1, figures(101), reason="An invoice came late."))
    assert (second["number"], second["stated"], second["reason"]) == (2, False, "An invoice came late.")
    client = grants.as_("grants:read")
    path = f"{PERIODS}/2017-18-q1/statement"
    earlier = done(await client.get(path, params={"known_by": "2018-06-03"}), 200)
    assert (earlier["number"], earlier["stated"], earlier["happened_at"]) == (1, True, "2017-07-31T09:00:00Z")
    problem(await client.get(path, params={"known_by": "2018-06-01"}), 404)
    assert [fact.version for fact in await grants.emitted(QuarterSpendStated)] == [1, 2]


async def test_stating_an_earlier_quarter_anew_names_the_later_years_to_date_that_went_stale(
    grants: Running,
) -> None:
    """G-31: the year to date is that of the quarters stated; a stale one is named, with by how much, until mended."""
    await budgeted(grants)
    for quarter in (1, 2, 3):
        done(await state(grants, quarter, figures(100)))
    anew = done(await state(grants, 1, figures(100, OG1=5000), reason="An invoice came late."))
    assert anew["stale_quarters"] == ["2017-18-q2"]
    client = grants.as_("grants:read")
    second = done(await client.get(f"{PERIODS}/2017-18-q2/statement"), 200)
    stale = [finding for finding in second["findings"] if finding["code"] == "year_to_date_stale"]
    assert [(finding["line"], finding["difference_pence"]) for finding in stale] == [("OG1", -4900)]
    asked = {"what": "stale_quarter"}
    (item,) = done(await client.get("/v1/awaiting", params=asked), 200)["items"]
    assert (item["detail"][:26], item["scopes"]) == ("A quarter before Q2 2017/1", ["grants:finance", "grants:cfo"])
    assert item["href"].endswith("/accounting-periods/2017-18-q2")
    mended = done(await state(grants, 2, figures(100), reason="Q1 was stated anew."))
    assert mended["stale_quarters"] == ["2017-18-q3"]
    last = done(await state(grants, 3, figures(100), reason="Q1 was stated anew."))
    assert done(await client.get("/v1/awaiting", params=asked), 200)["items"] == []
    assert last["stale_quarters"] == []
    og1 = next(line for line in last["lines"] if line["code"] == "OG1")
    assert og1["year_to_date_pence"] == 5200


async def test_a_statement_cannot_have_been_made_before_the_one_it_follows(grants: Running) -> None:
    await budgeted(grants)
    done(await state(grants, 1, figures(100), happened_at="2017-07-31T09:00:00Z"))
    refused = await state(grants, 1, figures(101), happened_at="2017-07-30T09:00:00Z", reason="An invoice came late.")
    assert problem(refused, 409) == {"/happened_at": "earlier_than_forerunner"}


async def test_a_negative_figure_is_shown_with_its_reason_and_refused_without(grants: Running) -> None:
    """G-28: a line's quarter may come out negative."""
    agreement = await budgeted(grants)
    await spend(
        grants, agreement["id"], ("OG2", "2017-18-q1", -300), ("OG2", "2017-18-q1", 100), ("OG3", "2017-18-q1", 5)
    )
    lines = figures(50, OG1=-20, OG2=-200, OG3=-1)
    assert problem(await state(grants, 1, lines), 409) == {
        "/lines/0/reason": "negative_unexplained",
        "/lines/2/reason": "negative_unexplained",
    }
    assert await grants.emitted(QuarterSpendStated) == []
    lines[0]["reason"] = lines[2]["reason"] = "A rebate."
    stated = done(await state(grants, 1, lines))
    assert [line["reason"] for line in stated["lines"]][:4] == ["A rebate.", None, "A rebate.", None]
    period = done(await grants.as_("grants:read").get(f"{PERIODS}/2017-18-q1"), 200)
    assert [line["negative_because"] for line in period["lines"]][:3] == [
        [],
        [{"kind": "invoice", "entries": 1, "pence": -300, "reasons": []}],
        [],
    ]


async def test_spend_of_the_first_quarter_may_be_stated_and_need_not(grants: Running) -> None:
    """G-31: not required in Q1, required from Q2; the first year to date holds Q1 either way."""
    await budgeted(grants)
    done(await state(grants, 1, figures(100)))
    second = done(await state(grants, 2, figures(50)))
    assert {line["year_to_date_pence"] for line in second["lines"]} == {150}
    missing = (await state(grants, 3, [])).json()
    assert {error["code"] for error in missing["errors"]} == {"spend_missing"}
    assert len(missing["errors"]) == 16


async def test_nothing_is_stated_before_the_quarter_is_over(grants: Running) -> None:
    """G-32."""
    await budgeted(grants)
    stated = {"happened_at": "2018-03-30T10:00:00Z"}
    refused = await state(grants, 4, figures(), **stated)
    assert problem(refused, 409) == {"quarter": "future_actual"}
    assert refused.json()["detail"] == "Q4 2017/18 ends on 2018-03-31; state its spend then."
    assert await grants.emitted(QuarterSpendStated) == []
    stated = {"happened_at": "2018-03-31T10:00:00Z"}
    lines = [{**line, "year_to_date_pence": 1} for line in figures()]
    done(await state(grants, 4, lines, **stated))


@pytest.mark.parametrize(
    ("change", "status", "errors"),
    [
        ({"code": "OG"}, 422, {"/lines/0/code": "unknown_line"}),
        ({"code": "OG2"}, 422, {"/lines/1/code": "repeated_line"}),
        ({"quarter_pence": None}, 422, {"/lines/0/quarter_pence": "int_type"}),
        ({"quarter_pence": "100"}, 422, {"/lines/0/quarter_pence": "int_type"}),
        ({"quarter_pence": -(10**14)}, 422, {"/lines/0/quarter_pence": "greater_than_equal"}),
        ({"amount": 1}, 422, {"/lines/0/amount": "extra_forbidden"}),
    ],
)
async def test_bad_figures_are_located(
    grants: Running, change: dict[str, Any], status: int, errors: dict[str, str]
) -> None:
    await budgeted(grants)
    lines = figures()
    lines[0].update(change)
    assert problem(await state(grants, 1, lines), status) == errors
    assert await grants.emitted(QuarterSpendStated) == []


async def test_quarters_of_other_years_and_words_that_are_no_quarter_are_refused(grants: Running) -> None:
    """G-2."""
    await budgeted(grants)
    client = grants.as_("grants:read")
    problem(await client.get(f"{PERIODS}/2018-19-q1"), 404)
    assert problem(await client.get(f"{PERIODS}/2017-18-q5"), 422) == {"quarter": "bad_year_label"}
    problem(await grants.anonymous.get(f"{PERIODS}/2017-18-q1"), 401)
    listed = done(await client.get(PERIODS), 200)["items"]
    assert [item["quarter"] for item in listed] == [f"2017-18-q{number}" for number in (1, 2, 3, 4)]


async def test_a_quarter_without_a_budget_cannot_be_stated(grants: Running) -> None:
    await signed(grants)
    assert problem(await state(grants, 1, []), 409) == {"/lines": "no_budget"}
