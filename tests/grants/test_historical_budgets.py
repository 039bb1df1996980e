"""Budgets of 2011/12 taken in as printed over HTTP: the printed error is found, and nothing else."""

from __future__ import annotations

import csv
import io
from typing import Any

import httpx
import pytest

from tests.grants.steps import DATA, done, problem
from tests.harness import Running

YEAR = "/v1/historical-budgets/2011-12"
CSV = {"Content-Type": "text/csv"}


def printed(name: str) -> bytes:
    return (DATA / f"budget_2011_12_{name}.csv").read_bytes()


async def put(grants: Running, table: str, data: bytes, **headers: str) -> httpx.Response:
    client = grants.as_("grants:manager")
    return await client.put(f"{YEAR}/{table}.csv", content=data, headers={**CSV, **headers})


def cell(table: dict[str, Any], line: str, column: str, row_kind: str | None = None) -> dict[str, Any]:
    rows = [row for row in table["rows"] if row["line"] == line and row_kind in (None, row["row_kind"])]
    assert len(rows) == 1, line
    found: dict[str, Any] = next(each for each in rows[0]["cells"] if each["column"] == column)
    return found


async def test_the_group_table_is_kept_as_printed_and_its_one_error_is_one_finding(grants: Running) -> None:
    """G-11: non-pay expenditure is printed as 31.00, its rows come to 30.70; nothing is corrected."""
    table = done(await put(grants, "group", printed("group")), 200)
    assert [{key: value for key, value in each.items() if key != "detail"} for each in table["findings"]] == [
        {
            "row": 25,
            "line": "Total expenditure",
            "column": "non_pay",
            "stated_pence": 3_100_000_000,
            "computed_pence": 3_070_000_000,
            "difference_pence": -30_000_000,
        }
    ]
    assert "stated £31,000,000.00, computed £30,700,000.00, difference -£300,000.00" in table["findings"][0]["detail"]
    total = cell(table, "Total expenditure", "total")
    assert (total["stated_pence"], total["computed_pence"], total["difference_pence"]) == (
        4_830_000_000,
        4_830_000_000,
        0,
    )
    assert len(table["rows"]) == 26
    assert done(await grants.anonymous.get(f"{YEAR}/group"), 200) == table


async def test_the_table_by_organisation_adds_up_everywhere(grants: Running) -> None:
    """G-11: negative balances, blank cells, sub-rows in some columns only; no finding."""
    table = done(await put(grants, "by-organisation", printed("by_organisation")), 200)
    assert table["findings"] == []
    assert table["columns"] == ["lga", "lgid", "lge", "lgr", "lgl", "total"]
    balance = {each["column"]: each["stated_pence"] for each in table["rows"][-1]["cells"]}
    assert balance == {
        "lga": 30_000_000,
        "lgid": 10_000_000,
        "lge": -15_000_000,
        "lgr": -10_000_000,
        "lgl": 0,
        "total": 15_000_000,
    }
    computed = {each["column"]: each["computed_pence"] for each in table["rows"][-1]["cells"]}
    assert computed == balance


async def test_blank_dash_and_zero_are_kept_apart(grants: Running) -> None:
    """G-11."""
    table = done(await put(grants, "group", printed("group")), 200)
    dash = cell(table, "Business Support Team", "non_pay")
    assert (dash["printed"], dash["text"], dash["stated_pence"]) == ("dash", "-", 0)
    blank = cell(table, "Workforce", "non_pay")
    assert (blank["printed"], blank["text"], blank["stated_pence"]) == ("blank", "", None)
    own = {"columns": ["a"], "unit": "gbpm", "rows": [{"line": "L", "row_kind": "overhead", "cells": {"a": "0.00"}}]}
    zero = done(await grants.as_("grants:manager").put(f"{YEAR}/own", json=own), 200)["rows"][0]["cells"][0]
    assert (zero["printed"], zero["text"], zero["stated_pence"]) == ("figure", "0.00", 0)


async def test_a_row_with_only_a_total_and_children_with_some_columns_are_taken(grants: Running) -> None:
    """G-11: income has totals only; the programme rows carry pay, their parent adds its own non-pay."""
    table = done(await put(grants, "group", printed("group")), 200)
    assert cell(table, "Total income", "total")["computed_pence"] == 4_845_000_000
    assert cell(table, "Total income", "pay")["computed_pence"] is None
    assert cell(table, "Policy and Delivery", "pay")["computed_pence"] == 1_090_000_000
    assert cell(table, "Policy and Delivery", "non_pay")["computed_pence"] is None
    assert cell(table, "Policy and Delivery", "total")["computed_pence"] == 1_670_000_000
    assert cell(table, "RSG England", "total")["computed_pence"] is None
    assert cell(table, "Programme teams", "total")["stated_pence"] is None


async def test_brackets_mean_negative_and_figures_are_read_to_the_penny(grants: Running) -> None:
    """G-11: the same table sent as JSON, in the text that the document prints."""
    rows: list[dict[str, Any]] = [
        {"line": "Subscriptions", "row_kind": "income", "cells": {"total": "4.15"}},
        {"line": "Total income", "row_kind": "total_income", "cells": {"total": "4.15"}},
        {"line": "Costs", "row_kind": "overhead", "cells": {"total": "4.30"}},
        {"line": "Total expenditure", "row_kind": "total_expenditure", "cells": {"total": "4.30"}},
        {"line": "Balance", "row_kind": "balance", "cells": {"total": "(0.15)"}},
    ]
    body = {"unit": "gbpm", "columns": ["total"], "total_column": "total", "rows": rows}
    table = done(await grants.as_("grants:manager").put(f"{YEAR}/json", json=body), 200)
    assert table["findings"] == []
    assert cell(table, "Balance", "total")["stated_pence"] == -15_000_000
    rows[-1]["cells"]["total"] = "0.15"
    changed = await grants.as_("grants:manager").put(f"{YEAR}/json", json=body, headers={"If-Match": '"1"'})
    assert [(each["line"], each["difference_pence"]) for each in done(changed, 200)["findings"]] == [
        ("Balance", -30_000_000)
    ]


async def test_sums_are_computed_from_what_carries_money_and_never_from_printed_sums(grants: Running) -> None:
    """G-8, G-11: a wrong sub-total is a finding of its own and makes none of the total above it."""
    rows = [
        {"line": "Teams", "row_kind": "sub_row", "parent": "Policy", "cells": {"pay": "4.90"}},
        {"line": "Workforce", "row_kind": "sub_row", "parent": "Policy", "cells": {"pay": "6.00"}},
        {"line": "Policy", "row_kind": "operational", "cells": {"pay": "11.00", "non_pay": "5.80", "total": "16.70"}},
        {
            "line": "Total operational",
            "row_kind": "total_operational",
            "cells": {"pay": "10.90", "non_pay": "5.80", "total": "16.70"},
        },
    ]
    body = {"unit": "gbpm", "columns": ["pay", "non_pay", "total"], "total_column": "total", "rows": rows}
    table = done(await grants.as_("grants:manager").put(f"{YEAR}/sums", json=body), 200)
    assert [(each["line"], each["column"], each["difference_pence"]) for each in table["findings"]] == [
        ("Policy", "pay", -10_000_000)
    ]


async def test_a_table_that_stands_is_replaced_with_if_match_only(grants: Running) -> None:
    first = await put(grants, "group", printed("group"))
    assert first.headers["etag"] == '"1"'
    assert (await put(grants, "group", printed("group"))).status_code == 428
    assert (await put(grants, "group", printed("group"), **{"If-Match": '"7"'})).status_code == 412
    again = done(await put(grants, "group", printed("group"), **{"If-Match": '"1"'}), 200)
    assert (again["version"], len(again["rows"])) == (2, 26)
    items = done(await grants.anonymous.get("/v1/historical-budgets", params={"year": "2011/12"}), 200)["items"]
    assert [(item["table"], item["version"]) for item in items] == [("group", 2)]
    by_extension = await grants.anonymous.get("/v1/historical-budgets.csv", params={"year": "2011/12"})
    assert by_extension.text.splitlines()[0] == "Year,Table,Title,Source,Unit,Version"
    assert by_extension.text.splitlines()[1].startswith("2011/12,group,")


async def test_the_table_reads_as_csv_with_stated_and_computed_side_by_side(grants: Running) -> None:
    done(await put(grants, "group", printed("group")), 200)
    by_extension = await grants.anonymous.get(f"{YEAR}/group.csv")
    by_accept = await grants.anonymous.get(f"{YEAR}/group", headers={"Accept": "text/csv"})
    assert by_extension.content == by_accept.content
    rows = list(csv.DictReader(io.StringIO(by_extension.text)))
    assert len(rows) == 26 * 3
    wrong = [row for row in rows if row["Difference"] not in ("", "0.00")]
    assert [(row["Line"], row["Column"], row["Stated"], row["Computed"], row["Difference"]) for row in wrong] == [
        ("Total expenditure", "non_pay", "31000000.00", "30700000.00", "-300000.00")
    ]


HEADER = "line,row_kind,parent,pay_gbpm,total_gbpm,dash_in\n"


@pytest.mark.parametrize(
    ("lines", "errors"),
    [
        ("A,overhead,,1.2.3,1,\n", {(1, 2, "pay_gbpm"): "bad_figure"}),
        ("A,overhead,,\uff11.00,1,\n", {(1, 2, "pay_gbpm"): "bad_figure"}),
        ("A,overhead,,NaN,1e5,\n", {(1, 2, "pay_gbpm"): "bad_figure", (1, 2, "total_gbpm"): "bad_figure"}),
        ("A,overhead,,0.000000001,1,\n", {(1, 2, "pay_gbpm"): "bad_figure"}),
        ('A,overhead,,"0' + ",000" * 20 + '",1,\n', {(1, 2, "pay_gbpm"): "bad_figure"}),
        ("A,overhead,,999999999999999,1,\n", {(1, 2, "pay_gbpm"): "bad_figure"}),
        ("A,surprise,,1,1,\n,overhead,,1,1,\n", {(1, 2, "row_kind"): "unknown_row_kind", (2, 3, "line"): "bad_line"}),
        ("A" * 200_000 + ",overhead,,1,1,\n", {(1, 2, "line"): "bad_line"}),
        ("A,sub_row,,1,1,\n", {(1, 2, "parent"): "parent_missing"}),
        ("A,sub_row,Z,1,1,\n", {(1, 2, "parent"): "unknown_parent"}),
        ("A,overhead,Z,1,1,\n", {(1, 2, "parent"): "not_a_sub_row"}),
        (
            "A,overhead,,1,1,\nA,income,,1,1,\nB,sub_row,A,1,1,\n",
            {(3, 4, "parent"): "ambiguous_parent"},
        ),
        ("A,total_income,,1,1,\nB,total_income,,1,1,\n", {(2, 3, "row_kind"): "repeated_total"}),
        ("A,overhead,,,,\n", {(1, 2, "line"): "empty_row"}),
        ("A,overhead,,1.00,1,pay\n", {(1, 2, "pay_gbpm"): "bad_figure"}),
        ("A,overhead,,1.00,1,bonus\n", {(1, 2, "dash_in"): "unknown_column"}),
        ("A,overhead,,1,1,,9\n", {(1, 2, ""): "surplus_cells"}),
    ],
)
async def test_a_faulty_file_is_refused_with_record_line_and_column_and_nothing_is_kept(
    grants: Running, lines: str, errors: dict[tuple[int, int, str], str]
) -> None:
    """Section 6: every fault at once, located, with the fix."""
    refused = await put(grants, "faulty", (HEADER + lines).encode())
    problem(refused, 422)
    found = {
        (error["record"], error["line"], error.get("column") or ""): error["code"] for error in refused.json()["errors"]
    }
    assert found == errors
    assert all(error["detail"] for error in refused.json()["errors"])
    problem(await grants.anonymous.get(f"{YEAR}/faulty"), 404)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"line,row_kind\nA,overhead\n",
        b"line,row_kind,pay_gbpm\n" + b"A,overhead,1\n" * 501,
        b"line,row_kind,pay_gbpm,bonus_gbp\nA,overhead,1,1\n",
        b"line,row_kind,pay_gbpm,pay_gbpm\nA,overhead,1,1\n",
        b"line,row_kind,surprise,pay_gbpm\nA,overhead,1,1\n",
        b"\xff\xfeline",
        b'line,row_kind,pay_gbpm\n"A,overhead,1\n',
        b"line,row_kind,pay_gbpm\n\x00,overhead,1\n",
    ],
)
async def test_a_file_that_is_no_table_is_refused(grants: Running, data: bytes) -> None:
    refused = await put(grants, "faulty", data)
    assert set(problem(refused, 422).values()) == {"unreadable_table"}
    problem(await grants.anonymous.get(f"{YEAR}/faulty"), 404)


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        ({"columns": ["a", "a"]}, {"/columns": "repeated_column"}),
        ({"total_column": "z"}, {"/total_column": "unknown_column"}),
        ({"unit": "eur"}, {"/unit": "literal_error"}),
        (
            {"rows": [{"line": "L", "row_kind": "overhead", "cells": {"a": "x", "z": "1"}}]},
            {"/rows/0/cells/a": "bad_figure", "/rows/0/cells/z": "unknown_column"},
        ),
        ({"rows": [{"line": "L", "row_kind": "sub_row", "cells": {"a": "1"}}]}, {"/rows/0/parent": "parent_missing"}),
        ({"rows": []}, {"/rows": "too_short"}),
    ],
)
async def test_faulty_rows_are_refused_with_their_pointers(
    grants: Running, change: dict[str, Any], errors: dict[str, str]
) -> None:
    body = {"unit": "gbpm", "columns": ["a"], "rows": [{"line": "L", "row_kind": "overhead", "cells": {"a": "1"}}]}
    refused = await grants.as_("grants:manager").put(f"{YEAR}/faulty", json={**body, **change})
    assert problem(refused, 422) == errors
    problem(await grants.anonymous.get(f"{YEAR}/faulty"), 404)


async def test_years_are_labelled_as_everywhere_and_only_csv_is_taken(grants: Running) -> None:
    """G-2."""
    client = grants.as_("grants:manager")
    wrong = await client.put("/v1/historical-budgets/2011-13/group.csv", content=printed("group"), headers=CSV)
    assert problem(wrong, 422) == {"year": "bad_year_label"}
    problem(await client.put(f"{YEAR}/group.csv", json={}), 415)
    packed = await client.put(f"{YEAR}/group.csv", content=b"x", headers={**CSV, "Content-Encoding": "gzip"})
    problem(packed, 415)
    problem(await grants.as_("grants:finance").put(f"{YEAR}/group.csv", content=printed("group"), headers=CSV), 403)
    problem(await grants.anonymous.get("/v1/historical-budgets/2012-13/group"), 404)


ONE = "line,row_kind,parent,pay_gbpm,total_gbpm\nA,overhead,,-0.50,1.00\nB,sub_row,A,0.25,\n"


@pytest.mark.parametrize(
    "text",
    [
        ONE.replace("0.25,\n", "0.25\n"),
        ONE.replace("-0.50", "\u22120.50"),
        ONE.replace("-0.50", "\u00a0(0.50)\u200b"),
        ONE.replace("sub_row,A", "Sub_Row\u00a0,A\u200b"),
        ONE.replace("line,row_kind,parent,pay_gbpm", '\ufeff"Line","Row Kind","PARENT","Pay GBPm"'),
        ONE.replace("A,overhead", 'A, "overhead"'),
        ONE.replace("B,", "line,row_kind,parent,pay_gbpm,total_gbpm\nB,"),
        "line,row_kind,parent,pay_gbpm,total_gbpm\nA,overhead,,-0.50,1.00\n"
        "pay_gbpm,total_gbpm,row_kind,line,parent\n0.25,,sub_row,B,A\n",
        ONE.replace("1.00", "1.00,,"),
    ],
)
async def test_a_printed_table_is_read_as_its_reader_would(grants: Running, text: str) -> None:
    """G-11; Design section 6: short rows, headers again, real minus signs, hidden signs, other spellings of names."""
    table = done(await put(grants, "as-sent", text.encode()), 200)
    found = [(row["line"], row["row_kind"], [cell["stated_pence"] for cell in row["cells"]]) for row in table["rows"]]
    assert found == [("A", "overhead", [-50_000_000, 100_000_000]), ("B", "sub_row", [25_000_000, None])]


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (ONE.replace("-0.50", "0.5\u200b0"), "bad_figure", "U+200B ZERO WIDTH SPACE"),
        (ONE.replace("-0.50", "\u20130.50"), "bad_figure", "U+2013 EN DASH"),
        (ONE.replace("A,over", "CafÃ©,over"), "decoded_twice", "`Café`"),
        (ONE.replace("B,", "line,row_kind,parent,fees_gbpm\nB,"), "unreadable_table", "Line 3 holds another header"),
        (ONE.replace("1.00", "1.00,9"), "surplus_cells", "quote cells"),
    ],
)
async def test_a_printed_table_that_cannot_be_read_as_one_thing_is_refused(
    grants: Running, text: str, code: str, words: str
) -> None:
    """G-11; Design section 6: the words name the sign, the text or the line."""
    refused = await put(grants, "as-sent", text.encode())
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["code"] == code
    assert words in refused.text
