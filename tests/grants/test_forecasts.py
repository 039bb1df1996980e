"""Forecasts over HTTP: made, superseded, asked for as they stood, and set against what came."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.grants.forecasts.queries import forecast_of_quarter
from services.grants.forecasts.rules import QuarterFigures, rest_of_year
from shared.periods import FinancialYear, Quarter
from tests.grants.ledger import spend
from tests.grants.steps import annex_b, budgeted, done, figures, problem, signed
from tests.harness import Running

FORECASTS = "/v1/agreements/2017-18/forecasts"
COMPARISON = "/v1/agreements/2017-18/forecast-comparison"
LINES = 16
AUTUMN = datetime(2017, 10, 20, 9, tzinfo=UTC)


def expected(default_pence: int = 1_000, **amounts: int) -> list[dict[str, Any]]:
    codes = [line["code"] for line in annex_b() if "amount_pence" in line]
    return [{"code": code, "amount_pence": amounts.get(code, default_pence)} for code in codes]


async def forecast(grants: Running, quarter: int, lines: list[dict[str, Any]], **more: Any) -> httpx.Response:
    client = grants.as_("grants:finance", "grants:history")
    return await client.post(FORECASTS, json={"quarter": f"2017-18-q{quarter}", "lines": lines, **more})


async def test_a_forecast_names_every_line_and_an_earlier_one_stays_readable(grants: Running) -> None:
    """G-32."""
    agreement = await budgeted(grants)
    grants.clock.set(AUTUMN)
    first = done(await forecast(grants, 3, expected(1_000), note="From the work plan."))
    assert (first["number"], first["made_on"], first["stated"], first["total_pence"]) == (
        1,
        "2017-10-20",
        False,
        LINES * 1_000,
    )
    assert [line["code"] for line in first["lines"]] == [line["code"] for line in expected()]
    grants.clock.set(datetime(2017, 11, 20, 9, tzinfo=UTC))
    second = done(await forecast(grants, 3, expected(2_000, OG1=-50)))
    assert (second["number"], second["lines"][0]["amount_pence"]) == (2, -50)
    client = grants.as_("grants:read")
    listed = done(await client.get(FORECASTS), 200)["items"]
    assert [(item["quarter"], item["number"], item["note"]) for item in listed] == [
        ("2017-18-q3", 2, None),
        ("2017-18-q3", 1, "From the work plan."),
    ]
    earlier = done(await client.get(FORECASTS, params={"as_at": "2017-11-19"}), 200)["items"]
    assert [item["id"] for item in earlier] == [first["id"]]
    assert done(await client.get(FORECASTS, params={"quarter": "2017-18-q4"}), 200)["items"] == []
    assert done(await client.get(f"{FORECASTS}/{first['id']}"), 200) == first
    problem(await client.get(f"{FORECASTS}/nothing"), 404)
    async with grants.session() as session:
        agreement_id, quarter = UUID(agreement["id"]), Quarter(FinancialYear(2017), 3)
        newest = await forecast_of_quarter(session, agreement_id, quarter)
        known = await forecast_of_quarter(session, agreement_id, quarter, known_by=datetime(2017, 11, 1, tzinfo=UTC))
        assert newest is not None
        assert known is not None
        assert (newest["OG2"], known["OG2"]) == (2_000, 1_000)
        assert await forecast_of_quarter(session, agreement_id, Quarter(FinancialYear(2017), 4)) is None
        assert await forecast_of_quarter(session, agreement_id, quarter, known_by=AUTUMN) is None


async def test_a_quarter_that_is_over_or_stated_is_not_forecast(grants: Running) -> None:
    """G-32: no forecast lies in the past."""
    await budgeted(grants)
    refused = await forecast(grants, 4, expected())
    assert problem(refused, 409) == {"/quarter": "past_forecast"}
    assert refused.json()["detail"] == "Q4 2017/18 ended on 2018-03-31; state its spend, and forecast a later quarter."
    # A past year is entered whole, each fact at its time; the last day of a quarter is the last of its forecasts.
    done(await forecast(grants, 1, expected(), happened_at="2017-06-30T22:59:59Z"))
    late = await forecast(grants, 1, expected(), happened_at="2017-06-30T23:00:00Z")
    assert problem(late, 409) == {"/quarter": "past_forecast"}
    statement = {"lines": figures(5), "happened_at": "2017-06-30T12:00:00Z"}
    client = grants.as_("grants:finance", "grants:history")
    done(await client.post("/v1/agreements/2017-18/accounting-periods/2017-18-q1/statement", json=statement))
    stated = await forecast(grants, 1, expected(), happened_at="2017-06-30T22:59:59Z")
    assert problem(stated, 409) == {"/quarter": "past_forecast"}
    assert "is stated; forecast a later quarter" in stated.json()["detail"]
    listed = done(await client.get(FORECASTS), 200)["items"]
    assert [(item["quarter"], item["stated"]) for item in listed] == [("2017-18-q1", True)]


@pytest.mark.parametrize(
    ("change", "status", "errors"),
    [
        ({"quarter": "2018-19-q1"}, 422, {"/quarter": "bad_year_label"}),
        ({"quarter": "2017-18-q5"}, 422, {"/quarter": "bad_year_label"}),
        ({"quarter": 4}, 422, {"/quarter": "string_type"}),
        ({"lines": [{"code": "OG1", "amount_pence": "7"}]}, 422, {"/lines/0/amount_pence": "int_type"}),
        ({"lines": [*expected(), {"code": "OG", "amount_pence": 7}]}, 422, {"/lines/16/code": "unknown_line"}),
        ({"lines": [*expected(), {"code": "OG1", "amount_pence": 7}]}, 422, {"/lines/16/code": "repeated_line"}),
        ({"made_on": "2017-10-01"}, 422, {"/made_on": "extra_forbidden"}),
        ({"happened_at": "2017-10-21T09:00:00Z"}, 422, {"/happened_at": "invalid"}),
    ],
)
async def test_bad_forecasts_are_located_and_keep_nothing(
    grants: Running, change: dict[str, Any], status: int, errors: dict[str, str]
) -> None:
    await budgeted(grants)
    grants.clock.set(AUTUMN)
    client = grants.as_("grants:finance", "grants:history")
    body = {"quarter": "2017-18-q4", "lines": expected(), **change}
    assert problem(await client.post(FORECASTS, json=body), status) == errors
    assert done(await client.get(FORECASTS), 200)["items"] == []


async def test_every_missing_line_of_a_forecast_is_named(grants: Running) -> None:
    """G-31, G-32: absence is not zero."""
    await budgeted(grants)
    grants.clock.set(AUTUMN)
    refused = await forecast(grants, 4, [line for line in expected() if line["code"] not in ("OG1", "LP")])
    assert problem(refused, 409) == {"/lines": "spend_missing"}
    assert [error["detail"] for error in refused.json()["errors"]] == [
        "No Q4 forecast figure for OG1 Councillor Services; enter a value even if zero.",
        "No Q4 forecast figure for LP Local Partnerships; enter a value even if zero.",
    ]
    done(await forecast(grants, 4, expected()))
    earlier = await forecast(grants, 4, expected(), happened_at="2017-10-19T09:00:00Z")
    assert problem(earlier, 409) == {"/happened_at": "earlier_than_forerunner"}


async def test_who_may_forecast_and_for_which_year(grants: Running) -> None:
    await signed(grants)
    grants.clock.set(AUTUMN)
    body = {"quarter": "2017-18-q4", "lines": []}
    problem(await grants.anonymous.post(FORECASTS, json=body), 401)
    problem(await grants.anonymous.get(FORECASTS), 401)
    problem(await grants.as_("grants:manager").post(FORECASTS, json=body), 403)
    refused = await grants.as_("grants:finance").post(FORECASTS, json=body)
    assert problem(refused, 409) == {"/lines": "no_budget"}


async def test_forecast_against_actual_shows_both_and_the_year_as_expected_on_an_earlier_day(grants: Running) -> None:
    """G-32; full-year forecast = actual to date + forecast of later quarters."""
    agreement = await budgeted(grants)
    await spend(grants, agreement["id"], ("OG1", "2017-18-q1", 700), ("OG1", "2017-18-q2", 900))
    for quarter, pence, moment in ((3, 1_000, "2017-09-30T12:00:00Z"), (4, 2_000, "2017-09-30T13:00:00Z")):
        done(await forecast(grants, quarter, expected(pence), happened_at=moment))
    done(await forecast(grants, 4, expected(5_000), happened_at="2018-01-05T12:00:00Z"))
    await spend(
        grants, agreement["id"], ("OG1", "2017-18-q3", 1_250), ("OG1", "2017-18-q4", 1_500), amount_basis="gross"
    )
    client = grants.as_("grants:read")

    now = done(await client.get(COMPARISON), 200)
    assert now["gross_used"] is True
    assert [each["lines"][0]["gross_used"] for each in now["quarters"]] == [False, False, True, True]
    third, fourth = now["quarters"][2], now["quarters"][3]
    fields = ("forecast_pence", "actual_pence", "difference_pence", "difference_percent")
    assert [third["lines"][0][field] for field in fields] == [1_000, 1_250, 250, "25.000"]
    assert [fourth["lines"][0][field] for field in fields] == [5_000, 1_500, -3_500, "-70.000"]
    assert [now["quarters"][0][field] for field in ("forecast_pence", "actual_pence", "made_on")] == [None, 700, None]
    assert now["full_year"][0] == {
        "code": "OG1",
        "name": "Councillor Services",
        "actual_pence": 4_350,
        "forecast_pence": 4_350,
    }
    then = done(await client.get(COMPARISON, params={"as_at": "2017-09-30", "quarter": "2017-18-q4"}), 200)
    assert [(each["quarter"], each["forecast_pence"], each["made_on"]) for each in then["quarters"]] == [
        ("2017-18-q4", LINES * 2_000, "2017-09-30")
    ]
    assert (then["as_at"], then["not_possible"]) == ("2017-09-30", [])
    assert then["full_year"][0]["forecast_pence"] == 700 + 900 + 1_000 + 2_000
    before = done(await client.get(COMPARISON, params={"as_at": "2017-09-29"}), 200)
    assert before["not_possible"] == ["2017-18-q2", "2017-18-q3", "2017-18-q4"]
    assert {line["forecast_pence"] for line in before["full_year"]} == {None}

    sheet = (await client.get(f"{COMPARISON}.csv", params={"quarter": "2017-18-q3"})).text.split("\r\n")
    assert sheet[:2] == [
        "Quarter,Code,Name,ForecastMadeOn,Forecast,Actual,Difference,DifferenceShare,GrossUsed",
        "2017-18-q3,OG1,Councillor Services,2017-09-30,10.00,12.50,2.50,25.000,yes",
    ]
    assert len(sheet) == LINES + 2
    problem(await grants.anonymous.get(COMPARISON), 401)


async def test_a_quarter_that_has_not_begun_has_no_actual(grants: Running) -> None:
    """G-32: no actual lies in the future; unknown is null, never zero."""
    await budgeted(grants)
    grants.clock.set(AUTUMN)
    quarters = done(await grants.as_("grants:read").get(COMPARISON), 200)["quarters"]
    assert [each["actual_pence"] for each in quarters] == [0, 0, 0, None]
    assert [each["lines"][3]["actual_pence"] for each in quarters] == [0, 0, 0, None]


@pytest.mark.parametrize(
    ("quarters", "rest_pence"),
    [
        ([(True, 90, 100)], 0),
        ([(True, 90, None)], 0),
        ([(True, 90, None), (False, 0, 100)], 100),
        ([(False, 30, 100), (False, 0, 10)], 80),
        ([(False, 130, 100), (False, 0, 10)], 10),
        ([(False, 0, -40)], -40),
        ([(False, -60, -40)], 0),
        ([(False, 0, 100), (False, 0, None)], None),
    ],
)
def test_what_is_still_to_come_is_the_forecast_of_what_is_not_over(
    quarters: list[tuple[bool, int, int | None]], rest_pence: int | None
) -> None:
    """G-32: a quarter to come without forecast makes it unknown, never zero."""
    assert rest_of_year(QuarterFigures(*each) for each in quarters) == rest_pence
