"""The statement of grant usage over HTTP: JSON, CSV and a page."""

from __future__ import annotations

import csv

from tests.grants.ledger import spend
from tests.grants.steps import FUNDER, RECIPIENT, annex_b, budgeted, done, drafted, problem, register
from tests.grants.test_outturns import FINAL, PROVISIONAL
from tests.grants.year_end import YEAR, audited, certified, recorder, spent, treated
from tests.harness import Running

PATH = f"{YEAR}/usage-statement"


async def test_the_statement_shows_the_year_on_one_page(grants: Running) -> None:
    """G-39; question 10: agreement, parties, period, spend, VAT, use, outturn, underspend, signature."""
    await audited(grants)
    await treated(grants)
    certificate = await certified(grants)
    shown = done(await grants.as_("grants:read").get(PATH), 200)
    assert [(party["role"], party["organisation"]) for party in shown["parties"]] == [
        ("funder", FUNDER),
        ("recipient", RECIPIENT),
    ]
    assert (shown["agreement"]["in_force_from"], shown["agreement"]["in_force_to"]) == ("2017-04-01", "2018-03-31")
    lines = {line["code"]: line for line in shown["lines"]}
    assert (lines["IL1"]["budget_pence"], lines["TOTAL"]["budget_pence"]) == (661_300_000, 2_100_000_000)
    assert (lines["IL1"]["ledger_pence"], lines["IL1"]["outturn_pence"]) == (1_500_000, None)
    assert lines["IL"]["ledger_pence"] == 1_500_000
    assert lines["IL1"]["in_thousands"]["ledger"] == "15"
    assert shown["vat"]["gross_used"] is False
    assert shown["use"]["declared"] == [
        {"codes": [], "exception": None, "outcome": "allowed", "entries": 3, "spend_pence": 19_500_000}
    ]
    assert (shown["use"]["undeclared"], shown["use"]["awaiting_decision"]) == ([], 0)
    assert (shown["outturn"]["state"], shown["outturn"]["underspend_percent"]) == ("final", "0.067")
    assert shown["outturn_in_thousands"] == {
        "grant": "21,000",
        "spend": "20,986",
        "own_funds": "0",
        "underspend": "14",
    }
    assert (shown["underspend"]["undecided_pence"], shown["underspend"]["treatments"][0]["treatment"]) == (0, "retain")
    signature = shown["certificate"]
    assert (signature["figures_sha256"], signature["figures_match"]) == (certificate["figures_sha256"], True)
    assert (signature["signatory_name"], shown["as_of"]) == ("Sam Green", "2018-06-01")


async def test_before_anything_is_recorded_the_statement_says_what_is_not_known(grants: Running) -> None:
    """G-39: unknown is null, never zero."""
    await drafted(grants)
    shown = done(await grants.as_("grants:read").get(PATH), 200)
    assert (shown["lines"], shown["outturn"], shown["certificate"]) == ([], None, None)
    assert shown["underspend"] == {"underspend_pence": None, "undecided_pence": None, "treatments": []}
    page = await grants.as_("grants:read").get(f"{PATH}.html")
    assert "No outturn of the year is recorded." in page.text
    problem(await grants.anonymous.get(PATH), 401)


async def test_spend_by_line_comes_from_the_outturn_where_it_gives_lines(grants: Running) -> None:
    """G-39, G-40: by line and heading, in pence and in £000."""
    await budgeted(grants)
    codes = [line["code"] for line in annex_b() if "amount_pence" in line]
    lines = [{"code": code, "spend_pence": 1_040_000} for code in codes]
    body = {**PROVISIONAL, "spend_pence": 1_040_000 * len(codes), "lines": lines}
    done(await recorder(grants).post(f"{YEAR}/outturns", json=body))
    shown = done(await grants.as_("grants:read").get(PATH), 200)
    by_code = {line["code"]: line for line in shown["lines"]}
    total = next(line for line in shown["lines"] if line["kind"] == "total")
    assert by_code["IL1"]["in_thousands"]["outturn"] == "10"
    assert total["outturn_pence"] == body["spend_pence"]
    assert shown["note"] == "figures may not sum because of rounding"


async def test_an_outturn_without_lines_is_set_beside_the_ledger_on_one_basis(grants: Running) -> None:
    """G-39, G-40: the variances add up to their total, what differs is said, and rounding is not blamed for it."""
    agreement = await budgeted(grants)
    await spend(grants, agreement["id"], ("IL1", "2017-18-q4", 2_098_600_000), use_codes=[])
    done(await recorder(grants).post(f"{YEAR}/outturns", json={**FINAL, "spend_pence": 2_098_125_000}))
    shown = done(await grants.as_("grants:read").get(PATH), 200)
    total = next(line for line in shown["lines"] if line["kind"] == "total")
    tops = [line for line in shown["lines"] if line["parent_code"] == total["code"]]
    assert total["variance_pence"] == sum(line["variance_pence"] for line in tops) == 1_400_000
    assert (total["outturn_pence"], shown["underspend"]["underspend_pence"]) == (2_098_125_000, 1_875_000)
    assert (shown["outturn_less_ledger_pence"], shown["note"]) == (-475_000, None)
    certificate = done(await recorder(grants).post(f"{YEAR}/certificates"))
    for page in (PATH, f"{YEAR}/certificates/{certificate['id']}"):
        text = (await grants.as_("grants:read").get(f"{page}.html")).text
        assert "The spend of the outturn is £4,750.00 less than the ledger of the year holds." in text
        assert "because of rounding" not in text


async def test_a_party_is_named_as_on_the_statements_day(grants: Running) -> None:
    """G-5, G-39."""
    await budgeted(grants)
    path = f"/v1/organisations/{FUNDER}/names"
    done(await grants.as_("grants:manager").post(path, json={"name": "The New Department", "since": "2018-01-08"}))
    shown = done(await grants.as_("grants:read").get(PATH), 200)
    assert shown["parties"][0]["name"] == "The New Department"


async def test_what_is_undeclared_or_gross_is_shown(grants: Running) -> None:
    """G-19, G-27 on the statement."""
    agreement = await spent(grants)
    await spend(grants, agreement["id"], ("IL1", "2017-18-q2", 70), amount_basis="gross")
    shown = done(await grants.as_("grants:read").get(PATH), 200)
    (undeclared,) = shown["use"]["undeclared"]
    assert (undeclared["organisation"], undeclared["quarter"], undeclared["entries"]) == (RECIPIENT, "2017-18-q2", 1)
    assert (shown["vat"]["gross_used"], shown["vat"]["gross_pence"]) == (True, 70)
    page = await grants.as_("grants:read").get(f"{PATH}.html")
    assert "Entries that declare nothing yet" in page.text
    assert "include VAT that could not be separated" in page.text


async def test_pass_through_is_shown_by_body(grants: Running) -> None:
    """G-22, G-39."""
    await spent(grants)
    await register(grants, "centre", name="Centre for Scrutiny")
    for pence in (10_000_000, 2_000_000):
        award = {
            "line_code": "CF",
            "organisation": "centre",
            "amount_pence": pence,
            "awarded_on": "2017-05-10",
            "title": "T",
            "description": "D",
        }
        answer = await grants.as_("grants:manager").post(f"{YEAR}/pass-through-awards", json=award)
        assert answer.status_code in (200, 201), answer.text
    (body,) = done(await grants.as_("grants:read").get(PATH), 200)["pass_through"]
    assert (body["organisation"], body["name"], body["awards"]) == ("centre", "Centre for Scrutiny", 2)
    assert (body["awarded_pence"], body["paid_pence"], body["line_codes"]) == (12_000_000, 0, ["CF"])


async def test_the_lines_read_as_csv_in_pounds_and_unknown_cells_stay_empty(grants: Running) -> None:
    """G-39."""
    await audited(grants)
    sheet = await grants.as_("grants:read").get(f"{PATH}.csv")
    lines = {line[0]: line for line in csv.reader(sheet.text.splitlines())}
    assert lines["IL1"][5:7] == ["", "15000.00"]
    again = await grants.as_("grants:read").get(PATH, headers={"Accept": "text/csv"})
    assert again.content == sheet.content


async def test_the_page_needs_nothing_else_and_escapes_what_people_wrote(grants: Running) -> None:
    """G-39: one page to print; text is text."""
    await spent(grants)
    done(
        await recorder(grants).post(
            f"{YEAR}/outturns", json={**FINAL, "auditor": "<script>alert(1)</script>", "spend_pence": 2_098_600_000}
        )
    )
    page = await grants.as_("grants:read").get(f"{PATH}.html")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text
    assert not any(word in page.text for word in ("http://", "https://", "<link", "<img"))
    assert "£21,000,000.00" in page.text
    first = page.headers["etag"]
    assert (await grants.as_("grants:read").get(f"{PATH}.html", headers={"If-None-Match": first})).status_code == 304
