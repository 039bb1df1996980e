"""Management accounts over HTTP: as at a quarter and a day, with forecast, in pence, in thousands, as a page."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from typing import Any

from services.grants.accounts.page import draw
from tests.grants.ledger import spend
from tests.grants.steps import annex_b, approved, budgeted, done, figures, problem, register, signed
from tests.grants.test_virements import JUDGED, approve, post
from tests.harness import Running

ACCOUNTS = "/v1/agreements/2017-18/management-accounts"


async def read(grants: Running, **params: str) -> dict[str, Any]:
    return done(await grants.as_("grants:read").get(ACCOUNTS, params=params), 200)


def by_code(accounts: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {line["code"]: line for line in accounts["lines"]}


async def forecast(grants: Running, quarter: int, happened_at: str, default_pence: int = 1_000) -> None:
    lines = [{"code": line["code"], "amount_pence": default_pence} for line in annex_b() if "amount_pence" in line]
    body = {"quarter": f"2017-18-q{quarter}", "lines": lines, "happened_at": happened_at}
    client = grants.as_("grants:finance", "grants:history")
    done(await client.post("/v1/agreements/2017-18/forecasts", json=body))


async def test_management_accounts_roll_up_to_headings_and_flag_what_is_over_budget(grants: Running) -> None:
    """G-1, G-30, G-33, G-35."""
    agreement = await budgeted(grants)
    await spend(
        grants,
        agreement["id"],
        ("OG1", "2017-18-q1", 10_000_000),
        ("OG1", "2017-18-q2", 30_000_000),
        ("OG2", "2017-18-q2", 1_000),
        ("SI", "2017-18-q3", 5),
    )
    path = "/v1/agreements/2017-18/management-accounts"
    client = grants.as_("grants:read")
    accounts = done(await client.get(path, params={"quarter": "2017-18-q2"}), 200)
    shown = {line["code"]: line for line in accounts["lines"]}
    fields = ("budget_pence", "actual_pence", "year_to_date_pence", "variance_pence", "variance_percent", "over_budget")
    assert [shown["OG1"][field] for field in fields] == [
        38_400_000,
        30_000_000,
        40_000_000,
        -1_600_000,
        "-4.167",
        True,
    ]
    assert [shown["OG"][field] for field in fields[:4]] == [123_200_000, 30_001_000, 40_001_000, 83_199_000]
    assert [shown["TOTAL"][field] for field in fields[:3]] == [2_100_000_000, 30_001_000, 40_001_000]
    whole = done(await client.get(path), 200)
    assert whole["quarter"] == "2017-18-q4"
    assert next(line for line in whole["lines"] if line["code"] == "TOTAL")["year_to_date_pence"] == 40_001_005

    sheet = await client.get(f"{path}.csv", params={"quarter": "2017-18-q2"})
    rows = sheet.text.split("\r\n")
    assert rows[:2] == [
        "Code,Name,ParentCode,Kind,Budget,Actual,YearToDate,Variance,VarianceShare,Forecast,FullYear,FullYearVariance,"
        "FullYearVarianceShare,OverBudget,GrossUsed,Stated,StatedYearToDate",
        "OG1,Councillor Services,OG,leaf,384000.00,300000.00,400000.00,-16000.00,-4.167,,,,,yes,no,,",
    ]
    problem(await grants.anonymous.get(path), 401)
    problem(await client.get(path, params={"quarter": "2016-17-q1"}), 404)


async def test_figures_in_thousands_are_each_rounded_from_their_own_pence_and_never_adjusted(grants: Running) -> None:
    """Worked examples 12 and 13; G-40."""
    agreement = await budgeted(grants)
    path = "/v1/agreements/2017-18/management-accounts?quarter=2017-18-q1"
    client = grants.as_("grants:read")
    assert done(await client.get(path), 200)["note"] is None
    posted = [(code, "2017-18-q1", 1_040_000) for code in ("OG1", "OG2", "OG3")]
    await spend(grants, agreement["id"], *posted, ("SI", "2017-18-q1", -1_050_000), ("LP", "2017-18-q1", 1_050_000))
    accounts = done(await client.get(path), 200)
    shown = {line["code"]: line["in_thousands"]["actual"] for line in accounts["lines"]}
    assert [shown[code] for code in ("OG1", "OG2", "OG3", "OG")] == ["10", "10", "10", "31"]
    assert [shown[code] for code in ("LP", "SI", "CF")] == ["11", "(11)", "0"]
    assert accounts["note"] == "figures may not sum because of rounding"


async def test_the_full_year_is_actual_to_date_and_the_forecast_of_later_quarters(grants: Running) -> None:
    """G-32, G-33: by line and heading; as at a day with the forecasts that stood on it."""
    agreement = await budgeted(grants)
    await spend(grants, agreement["id"], ("OG1", "2017-18-q1", 700), ("OG1", "2017-18-q2", 900))
    await spend(grants, agreement["id"], ("OG1", "2017-18-q3", 5_000))
    await forecast(grants, 3, "2017-10-10T12:00:00Z", 1_000)
    await forecast(grants, 4, "2017-10-10T13:00:00Z", 2_000)
    await forecast(grants, 4, "2018-02-10T13:00:00Z", 7_000)
    newest = await read(grants, quarter="2017-18-q2")
    then = await read(grants, quarter="2017-18-q2", as_at="2017-10-31")
    fields = ("year_to_date_pence", "forecast_pence", "full_year_pence", "full_year_variance_pence")
    assert [by_code(newest)["OG1"][field] for field in fields] == [1_600, 8_000, 9_600, 38_400_000 - 9_600]
    assert [by_code(then)["OG1"][field] for field in fields] == [1_600, 3_000, 4_600, 38_400_000 - 4_600]
    assert [by_code(then)["TOTAL"][field] for field in fields[:3]] == [1_600, 48_000, 49_600]
    assert (then["forecast_state"], then["as_at"], then["not_forecast"]) == ("complete", "2017-10-31", [])
    whole = await read(grants, quarter="2017-18-q4")
    assert [by_code(whole)["OG1"][field] for field in fields[:3]] == [6_600, 0, 6_600]
    assert whole["forecast_state"] == "year_over"


async def test_without_a_forecast_the_full_year_is_unknown_and_never_zero(grants: Running) -> None:
    """G-32."""
    await budgeted(grants)
    await forecast(grants, 3, "2017-10-10T12:00:00Z")
    accounts = await read(grants, quarter="2017-18-q2")
    assert (accounts["forecast_state"], accounts["not_forecast"]) == ("not_possible", ["2017-18-q4"])
    fields = ("forecast_pence", "full_year_pence", "full_year_variance_pence", "forecast_over_budget")
    assert {line[field] for line in accounts["lines"] for field in fields} == {None}
    assert {line["in_thousands"]["full_year"] for line in accounts["lines"]} == {None}
    assert "The full year cannot be forecast: no forecast of Q4 2017/18." in accounts["notes"]
    early = await read(grants, quarter="2017-18-q2", as_at="2017-10-09")
    assert early["not_forecast"] == ["2017-18-q3", "2017-18-q4"]


async def test_a_running_quarter_counts_what_came_by_the_day_and_the_rest_of_its_forecast(grants: Running) -> None:
    """G-32: its forecast counts as far as it is not spent yet."""
    agreement = await budgeted(grants)
    grants.clock.set(datetime(2017, 11, 15, 9, tzinfo=UTC))
    await spend(grants, agreement["id"], ("OG1", "2017-18-q3", 400), paid=date(2017, 10, 20))
    await spend(grants, agreement["id"], ("OG1", "2017-18-q3", 900), paid=date(2017, 11, 10))
    await forecast(grants, 3, "2017-10-01T12:00:00Z", 1_000)
    await forecast(grants, 4, "2017-10-01T12:00:00Z", 2_000)
    fields = ("actual_pence", "forecast_pence", "full_year_pence")
    now = await read(grants)
    assert (now["quarter"], now["running"], now["as_at"]) == ("2017-18-q3", True, "2017-11-15")
    assert [by_code(now)["OG1"][field] for field in fields] == [1_300, 2_000, 3_300]
    earlier = await read(grants, as_at="2017-10-31")
    assert [by_code(earlier)["OG1"][field] for field in fields] == [400, 2_600, 3_000]
    assert [by_code(earlier)["OG2"][field] for field in fields] == [0, 3_000, 3_000]


async def test_accounts_of_a_day_or_quarter_that_lies_ahead_are_refused(grants: Running) -> None:
    """G-3, G-32: no actual in the future; the day is London's."""
    await budgeted(grants)
    grants.clock.set(datetime(2017, 6, 30, 22, 59, tzinfo=UTC))
    client = grants.as_("grants:read")
    for params, place in (
        ({"as_at": "2017-07-01"}, "as_at"),
        ({"quarter": "2017-18-q2"}, "quarter"),
        ({"quarter": "2017-18-q2", "as_at": "2017-06-30"}, "quarter"),
    ):
        assert problem(await client.get(ACCOUNTS, params=params), 409) == {place: "future_actual"}
    refused = await client.get(ACCOUNTS, params={"quarter": "2017-18-q2"})
    assert refused.json()["detail"] == (
        "Q2 2017/18 begins on 2017-07-01, after 2017-06-30; ask for a quarter that has begun."
    )
    grants.clock.set(datetime(2017, 6, 30, 23, 0, tzinfo=UTC))
    assert (await read(grants))["quarter"] == "2017-18-q2"
    assert problem(await client.get(ACCOUNTS, params={"view": "gross"}), 422) == {"view": "literal_error"}
    assert problem(await client.get(ACCOUNTS, params={"known_by": "yesterday"}), 422) == {"known_by": "not_as_written"}


async def test_what_was_known_by_a_day_leaves_out_what_was_recorded_later(grants: Running) -> None:
    """Two times: `known_by` reads what was recorded, `as_at` what stood."""
    grants.clock.set(datetime(2017, 10, 5, 9, tzinfo=UTC))
    agreement = await budgeted(grants)
    await spend(grants, agreement["id"], ("OG1", "2017-18-q2", 100))
    grants.clock.set(datetime(2017, 10, 20, 9, tzinfo=UTC))
    await spend(grants, agreement["id"], ("OG1", "2017-18-q2", 30))
    client = grants.as_("grants:finance")
    period = "/v1/agreements/2017-18/accounting-periods/2017-18-q2/statement"
    lines = [{**line, "year_to_date_pence": 131} for line in figures(131)]
    done(await client.post(period, json={"lines": lines}))
    shown = by_code(await read(grants, quarter="2017-18-q2"))["OG1"]
    assert [shown[field] for field in ("actual_pence", "stated_pence", "stated_difference_pence")] == [130, 131, 1]
    known = await read(grants, quarter="2017-18-q2", known_by="2017-10-19")
    assert (by_code(known)["OG1"]["actual_pence"], known["statement"]) == (100, None)
    assert by_code(known)["OG1"]["stated_pence"] is None
    problem(
        await grants.as_("grants:read").get(ACCOUNTS, params={"quarter": "2017-18-q2", "known_by": "2017-10-04"}), 404
    )


async def test_gross_amounts_late_entries_and_codes_outside_the_budget_are_said(grants: Running) -> None:
    """G-27, G-29; nothing that the ledger holds is left out in silence."""
    agreement = await budgeted(grants)
    await spend(grants, agreement["id"], ("OG1", "2017-18-q1", 100), amount_basis="gross")
    await spend(grants, agreement["id"], ("OG2", "2017-18-q2", 40), late_for="2017-18-q1")
    await spend(
        grants, agreement["id"], ("OLD1", "2017-18-q1", 7), ("OLD1", "2017-18-q2", 8), ("OG3", "2017-18-q2", -9)
    )
    accounts = await read(grants, quarter="2017-18-q2")
    shown = by_code(accounts)
    assert [code for code, line in shown.items() if line["gross_used"]] == ["OG1", "OG", "TOTAL"]
    assert accounts["gross_used"] is True
    assert accounts["late"] == [
        {
            "code": "OG2",
            "late_for": "2017-18-q1",
            "accounting_quarter": "2017-18-q2",
            "entries": 1,
            "pence": 40,
        }
    ]
    assert accounts["without_line"] == [{"code": "OLD1", "actual_pence": 8, "year_to_date_pence": 15}]
    assert (accounts["without_line_pence"], shown["TOTAL"]["year_to_date_pence"]) == (15, 131)
    assert shown["OG3"]["negative_because"] == [{"kind": "invoice", "entries": 1, "pence": -9, "reasons": []}]
    told = " ".join(accounts["notes"])
    for words in ("VAT that cannot be separated", "came after their quarter", "a code that this budget does not have"):
        assert words in told


async def test_spend_of_a_body_that_receives_pass_through_is_not_counted_twice(grants: Running) -> None:
    """G-22, G-33: what was paid to it is the agreement's spend; what it spends is shown at its award."""
    agreement = await budgeted(grants)
    await register(grants, "scrutiny")
    await spend(grants, agreement["id"], ("CF", "2017-18-q1", 500))
    await spend(grants, agreement["id"], ("CF", "2017-18-q1", 450), organisation="scrutiny")
    accounts = await read(grants, quarter="2017-18-q1")
    assert (by_code(accounts)["CF"]["actual_pence"], accounts["other_bodies_pence"]) == (500, 450)
    period = done(await grants.as_("grants:read").get("/v1/agreements/2017-18/accounting-periods/2017-18-q1"), 200)
    assert {line["code"]: line["ledger_pence"] for line in period["lines"]}["CF"] == 500


class Page(HTMLParser):
    """What a page is made of: its elements with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag in tags]


async def test_the_page_shows_the_accounts_with_a_chart_and_needs_nothing_else(grants: Running) -> None:
    """G-33, G-40: accessible, no script, no outside resource; what users typed is text."""
    agreement = await signed(grants)
    lines = annex_b()
    lines[0]["name"] = "<script>alert(1)</script> & Co"
    budget = await grants.as_("grants:manager").put("/v1/agreements/2017-18/budget", json={"lines": lines})
    await approved(grants, done(budget, 200))
    await spend(grants, agreement["id"], ("OG1", "2017-18-q1", 40_000_000), ("OG2", "2017-18-q2", -5_050_000))
    for quarter in (3, 4):
        await forecast(grants, quarter, "2017-09-30T12:00:00Z", 9_000_000)
    answer = await grants.as_("grants:read").get(f"{ACCOUNTS}.html", params={"quarter": "2017-18-q2"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    page = Page(answer.text)
    assert page.all("script", "link", "img", "iframe", "object", "use", "image") == []
    assert "<script>" not in answer.text
    assert "http://" not in answer.text.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "https://" not in answer.text
    assert not re.search(r"url\((?!#)|@import|\son\w+=", answer.text)
    assert page.all("html") == [{"lang": "en-GB"}]
    chart = next(each for each in page.all("svg") if each.get("role") == "img")
    assert chart["aria-labelledby"] == "chart-title chart-desc"
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    for _, attributes in page.elements:
        assert set((attributes.get("aria-labelledby") or "").split()) <= ids
    heads = page.all("th")
    assert heads
    assert all(head.get("scope") in ("row", "col") for head in heads)
    assert len(page.all("caption")) == len(page.all("table"))
    for words in ("Management accounts, Q2 2017/18", "Over budget", "(51)", "(4.167)", "OG3", "1 invoice, -£50,500.00"):
        assert words in page.text or words in answer.text, words
    assert "-4.167" not in answer.text
    problem(await grants.anonymous.get(f"{ACCOUNTS}.html"), 401)
    cash = await grants.as_("grants:read").get(f"{ACCOUNTS}.html", params={"quarter": "2017-18-q2", "view": "cash"})
    assert all(words in cash.text for words in ("by date of payment (cash)", "of those more was paid than is shown"))
    assert "of those more was paid than is shown" not in answer.text


def test_a_chart_without_figures_is_drawn_too() -> None:
    assert draw([]).rows == []


async def test_each_quarter_is_set_against_the_budget_of_its_day(grants: Running) -> None:
    """G-12, G-33: what a virement moves later leaves earlier accounts as they were."""
    await budgeted(grants)
    moved = {"IL5": -20_000_000, "IL1": 20_000_000}
    virement = done(await post(grants, moved, significance=JUDGED, effective_from="2017-11-01"))
    done(await approve(grants, virement))
    shown = {
        label: [by_code(accounts)[code]["budget_pence"] for code in ("IL1", "IL5", "IL")]
        for label, accounts in (
            ("q2", await read(grants, quarter="2017-18-q2")),
            ("q3", await read(grants, quarter="2017-18-q3")),
            ("q3 in October", await read(grants, quarter="2017-18-q3", as_at="2017-10-31")),
            ("q2 read in December", await read(grants, quarter="2017-18-q2", as_at="2017-12-01")),
        )
    }
    before, after = [661_300_000, 257_200_000, 1_338_100_000], [681_300_000, 237_200_000, 1_338_100_000]
    assert shown == {"q2": before, "q3": after, "q3 in October": before, "q2 read in December": after}
