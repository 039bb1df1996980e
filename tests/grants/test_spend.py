"""Spend by line, quarter and view over HTTP; worked example 14 by a file and by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.grants.expenditure.conftest import Ledger, csv_file, real_profile, simple_profile
from tests.grants.ledger import spend
from tests.grants.steps import RECIPIENT, budgeted, done, problem, register
from tests.harness import Running

SPEND = "/v1/agreements/2017-18/spend"
LINE = {
    "transaction_number": "T-1",
    "line": "1",
    "kind": "invoice",
    "supplier": "Alpha Ltd",
    "supplier_type": "organisation",
    "company_number": "",
    "workstream": "IL5",
    "unit": "",
    "category": "",
    "description": "",
    "ledger_class": "",
    "card": "none",
    "service_date": "2018-03-20",
    "invoice_date": "2018-04-05",
    "payment_date": "2018-05-02",
    "net": "1000.00",
    "vat": "200.00",
    "recoverable_vat": "200.00",
}


async def read(grants: Running, **params: str) -> dict[str, Any]:
    return done(await grants.as_("grants:read").get(SPEND, params=params), 200)


def row(spend: dict[str, Any], quarter: str, code: str) -> dict[str, Any]:
    return next(each for each in spend["rows"] if (each["quarter"], each["code"]) == (quarter, code))


@pytest.fixture
async def recipient(grants: Running) -> Ledger:
    """The recipient's finance system, with the agreement of 2017/18 and its budget."""
    await budgeted(grants)
    return Ledger(grants)


async def example_14(grants: Running, accrued_pence: int, *, gross_used: bool) -> None:
    """Service 20 March 2018, invoice 5 April, paid 2 May."""
    accruals = await read(grants)
    assert row(accruals, "2017-18-q4", "IL5")["three_months_pence"] == accrued_pence
    assert row(accruals, "2017-18-q4", "IL5")["gross_used"] is gross_used
    assert accruals["gross_used"] is gross_used
    assert {each["quarter"] for each in accruals["rows"]} == {f"2017-18-q{number}" for number in (1, 2, 3, 4)}
    cash = await read(grants, view="cash")
    assert row(cash, "2017-18-q4", "IL5")["three_months_pence"] == 0
    after = row(cash, "2018-19-q1", "IL5")
    assert (after["three_months_pence"], after["year_to_date_pence"], after["to_date_pence"]) == (120_000,) * 3
    assert (after["budget_pence"], after["variance_pence"]) == (257_200_000, 257_200_000 - 120_000)
    assert row(await read(grants, view="cash", quarter="2018-19-q1"), "2018-19-q1", "TOTAL") == row(
        cash, "2018-19-q1", "TOTAL"
    )


async def test_a_service_of_march_paid_in_may_is_accrued_in_one_year_and_paid_in_the_next(recipient: Ledger) -> None:
    """Worked example 14, by a file; G-26, G-27: recoverable VAT never counts as cost and is paid all the same."""
    await recipient.defined(real_profile("mou-ledger"))
    batch = await recipient.sent(csv_file(list(LINE.values()), header=list(LINE)), "mou-ledger", organisation=RECIPIENT)
    assert batch["outcomes"]["accepted"] == {"lines": 1, "pence": 100_000}
    await example_14(recipient.grants, 100_000, gross_used=False)


async def test_where_the_vat_cannot_be_separated_the_gross_amount_is_used_and_said(recipient: Ledger) -> None:
    """Worked example 14, its second half; G-27."""
    rule = {"column": "Supplier", "prefix": "Alpha", "agreement": "2017-18", "line_code": "IL5"}
    base = simple_profile()
    await recipient.defined(
        simple_profile(
            fields={**base["fields"], "service_date": {"column": "Service"}},
            vat={"treatment": "not_separable"},
            assignment={"rules": [rule]},
        )
    )
    header = ("Reference", "Date", "Supplier", "Amount", "Service")
    content = csv_file(("A-1", "2018-05-02", "Alpha Ltd", "1200.00", "2018-03-20"), header=header)
    await recipient.sent(content, organisation=RECIPIENT)
    await example_14(recipient.grants, 120_000, gross_used=True)


@pytest.mark.parametrize("separable", [True, False])
async def test_the_same_by_hand(grants: Running, separable: bool) -> None:
    """Worked example 14, as a manual entry."""
    await budgeted(grants)
    body = {
        "organisation": RECIPIENT,
        "service_date": "2018-03-20",
        "invoice_date": "2018-04-05",
        "payment_date": "2018-05-02",
        "party": {"kind": "organisation", "name": "Alpha Ltd"},
        "purpose": "Leadership course",
        "agreement": "2017-18",
        "line_code": "IL5",
        "use_codes": [],
        **(
            {"net_pence": 100_000, "vat_pence": 20_000, "recoverable_vat_pence": 20_000}
            if separable
            else {"net_pence": 120_000, "gross_used": True}
        ),
    }
    done(await grants.as_("grants:finance").post("/v1/expenditure-lines", json=body))
    await example_14(grants, 100_000 if separable else 120_000, gross_used=not separable)


async def test_spend_shows_three_months_and_year_to_date_by_line_and_heading(grants: Running) -> None:
    """§5, question 4; G-1, G-30, G-35."""
    agreement = await budgeted(grants)
    await spend(grants, agreement["id"], ("OG1", "2017-18-q1", 30_000_000), ("OG1", "2017-18-q2", 9_000_001))
    await spend(grants, agreement["id"], ("OG2", "2017-18-q2", 5))
    shown = await read(grants, quarter="2017-18-q2")
    fields = ("three_months_pence", "year_to_date_pence", "to_date_pence", "budget_pence", "variance_pence")
    assert [row(shown, "2017-18-q2", "OG1")[field] for field in fields] == [
        9_000_001,
        39_000_001,
        39_000_001,
        38_400_000,
        -600_001,
    ]
    over = row(shown, "2017-18-q2", "OG1")
    assert (over["variance_percent"], over["over_budget"]) == ("-1.563", True)
    assert row(shown, "2017-18-q2", "OG")["three_months_pence"] == 9_000_006
    assert row(shown, "2017-18-q2", "TOTAL")["to_date_pence"] == 39_000_006
    one = await read(grants, line="OG1")
    assert [(each["quarter"], each["code"], each["three_months_pence"]) for each in one["rows"]] == [
        ("2017-18-q1", "OG1", 30_000_000),
        ("2017-18-q2", "OG1", 9_000_001),
        ("2017-18-q3", "OG1", 0),
        ("2017-18-q4", "OG1", 0),
    ]
    sheet = await grants.as_("grants:read").get(SPEND, params={"line": "OG1"}, headers={"Accept": "text/csv"})
    assert sheet.text.split("\r\n")[:3] == [
        "Quarter,Code,Name,ParentCode,Kind,ThreeMonths,YearToDate,AllToDate,Budget,Variance,VarianceShare,OverBudget,"
        "GrossUsed",
        "2017-18-q1,OG1,Councillor Services,OG,leaf,300000.00,300000.00,300000.00,384000.00,84000.00,21.875,no,no",
        "2017-18-q2,OG1,Councillor Services,OG,leaf,90000.01,390000.01,390000.01,384000.00,-6000.01,-1.563,yes,no",
    ]
    assert (await grants.as_("grants:read").get(f"{SPEND}.csv", params={"line": "OG1"})).text == sheet.text


async def test_a_negative_quarter_is_shown_with_what_made_it_so(grants: Running) -> None:
    """G-28."""
    await budgeted(grants)
    finance = grants.as_("grants:finance")
    body = {
        "organisation": RECIPIENT,
        "payment_date": "2017-05-02",
        "party": {"kind": "individual", "name": "Jo Bloggs"},
        "net_pence": 5_000,
        "vat_pence": 0,
        "recoverable_vat_pence": 0,
        "agreement": "2017-18",
        "line_code": "IL5",
        "use_codes": [],
    }
    entry = done(await finance.post("/v1/expenditure-lines", json=body))
    credit = {**body, "net_pence": -2_000, "payment_date": "2017-08-02", "origin": entry["entry_id"]}
    done(await finance.post("/v1/expenditure-lines", json={**credit, "reason": "Jo Bloggs sent it back."}))
    public = row(await read(grants), "2017-18-q2", "IL5")
    assert public["three_months_pence"] == -2_000
    # The reason may name a private payee; who sees names sees it.
    assert public["negative_because"] == [{"kind": "credit_note", "entries": 1, "pence": -2_000, "reasons": []}]
    named = row(done(await finance.get(SPEND), 200), "2017-18-q2", "IL5")
    assert named["negative_because"][0]["reasons"] == ["Jo Bloggs sent it back."]
    cash = row(await read(grants, view="cash"), "2017-18-q2", "IL5")
    assert [each["pence"] for each in cash["negative_because"]] == [-2_000]


async def test_what_the_views_cannot_know_is_said(grants: Running) -> None:
    """G-26: a source may leave recoverable VAT out of what was paid; a missing service date is counted."""
    agreement = await budgeted(grants)
    await register(grants, "scrutiny")
    await spend(grants, agreement["id"], ("OG1", "2017-18-q1", 70), ("XX", "2017-18-q1", 3), paid=date(2018, 4, 9))
    await spend(grants, agreement["id"], ("CF", "2017-18-q1", 11), organisation="scrutiny")
    accruals = await read(grants)
    assert (accruals["recoverable_vat_unknown"], accruals["day_assumed_entries"]) == (False, 2)
    assert accruals["without_line"] == [{"code": "XX", "actual_pence": 0, "year_to_date_pence": 3}]
    assert accruals["other_bodies_pence"] == 11
    cash = await read(grants, view="cash")
    assert (cash["recoverable_vat_unknown"], cash["day_assumed_entries"]) == (True, 0)
    assert row(cash, "2018-19-q1", "OG1")["three_months_pence"] == 70


async def test_a_day_selects_what_had_come_and_the_budget_of_then(grants: Running) -> None:
    """G-12, G-32; two times: `as_at` is what stood, `known_by` what was recorded."""
    agreement = await budgeted(grants)
    await spend(grants, agreement["id"], ("OG1", "2017-18-q1", 70), paid=date(2017, 5, 9))
    await spend(grants, agreement["id"], ("OG1", "2017-18-q1", 30), paid=date(2017, 6, 9))
    then = await read(grants, as_at="2017-05-31")
    assert (then["as_at"], {each["quarter"] for each in then["rows"]}) == ("2017-05-31", {"2017-18-q1"})
    assert row(then, "2017-18-q1", "OG1")["three_months_pence"] == 70
    client = grants.as_("grants:read")
    assert problem(await client.get(SPEND, params={"as_at": "2018-06-02"}), 409) == {"as_at": "future_actual"}
    ahead = {"view": "cash", "quarter": "2018-19-q2"}
    assert problem(await client.get(SPEND, params=ahead), 409) == {"quarter": "future_actual"}
    problem(await client.get(SPEND, params={"known_by": "2018-05-31"}), 404)
    grants.clock.set(datetime(2018, 7, 1, tzinfo=UTC))
    assert row(await read(grants, **ahead), "2018-19-q2", "OG1")["to_date_pence"] == 100


@pytest.mark.parametrize(
    ("params", "status", "errors"),
    [
        ({"view": "gross"}, 422, {"view": "literal_error"}),
        ({"quarter": "2018-19-q1"}, 404, {"": "not_found"}),
        ({"quarter": "q1"}, 422, {"quarter": "bad_year_label"}),
        ({"quarter": "q1", "view": "cash"}, 422, {"quarter": "bad_year_label"}),
        ({"line": "ZZ9"}, 422, {"line": "unknown_line"}),
        ({"line": "zz9"}, 422, {"line": "string_pattern_mismatch"}),
        ({"lines": "OG1"}, 400, {"lines": "unknown_parameter"}),
        ({"as_at": "1.5.2018"}, 422, {"as_at": "not_as_written"}),
    ],
)
async def test_bad_questions_are_located(
    grants: Running, params: dict[str, str], status: int, errors: dict[str, str]
) -> None:
    await budgeted(grants)
    assert problem(await grants.as_("grants:read").get(SPEND, params=params), status) == errors
    problem(await grants.anonymous.get(SPEND), 401)
