"""Lists of the grants service as CSV over HTTP: by extension or by Accept, pounds for pence, unknown left empty."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from tests.grants.steps import budgeted, done, figures
from tests.grants.test_accounts import forecast
from tests.grants.test_outturns import PROVISIONAL
from tests.grants.test_variations import CUT, propose
from tests.grants.test_virements import JUDGED, post
from tests.grants.year_end import YEAR, recorder
from tests.harness import Running


def table(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "Accept" in answer.headers["vary"].split(", ")
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


async def filled(grants: Running) -> None:
    """A year with a row in every list."""
    await budgeted(grants)
    done(await propose(grants, CUT, reason="=1+1"))
    done(await post(grants, {"IL5": -20_000_000, "IL1": 20_000_000}, significance=JUDGED))
    done(await recorder(grants).post(f"{YEAR}/outturns", json=PROVISIONAL))
    lines = [{**line, "year_to_date_pence": line["quarter_pence"]} for line in figures()]
    path = f"{YEAR}/accounting-periods/2017-18-q1/statement"
    done(await recorder(grants).post(path, json={"lines": lines}))
    await forecast(grants, 4, "2017-09-30T12:00:00Z", 9_000_000)


@pytest.mark.parametrize(
    ("path", "first"),
    [
        ("/v1/agreements", {"Year": "2017/18", "Grant": "21000000.00", "Change": "", "OutturnState": "provisional"}),
        (f"{YEAR}/outturns", {"Number": "1", "Spend": "20986000.00", "UnderspendShare": "0.067", "Auditor": ""}),
        (f"{YEAR}/variations", {"Number": "1", "Net": "-500000.00", "GrantAfter": "20500000.00", "Reason": "'=1+1"}),
        (f"{YEAR}/virements", {"Number": "2", "IsVirement": "true", "Net": "0.00", "GrantAfter": "", "DecidedOn": ""}),
        (f"{YEAR}/forecasts", {"Quarter": "2017-18-q4", "Number": "1", "HappenedAt": "2017-09-30T12:00:00Z"}),
        (
            f"{YEAR}/accounting-periods/2017-18-q1/statement",
            {"Code": "OG1", "Quarter": "1.00", "YearToDate": "1.00", "Ledger": "0.00", "Reason": ""},
        ),
    ],
)
async def test_a_list_reads_as_csv_too(grants: Running, path: str, first: dict[str, str]) -> None:
    """Question 3, 6, 9 and 10 of the domain: every tabular read, G-1, G-35."""
    await filled(grants)
    reader = grants.as_("grants:read")
    by_extension = await reader.get(f"{path}.csv")
    by_accept = await reader.get(path, headers={"Accept": "text/csv"})
    assert by_extension.content == by_accept.content
    row = table(by_extension)[0]
    assert {name: row[name] for name in first} == first
    assert (await reader.get(path)).headers["content-type"] == "application/json"


async def test_a_page_of_a_list_as_csv_names_the_next_one(grants: Running) -> None:
    """Lists are paged: a table has no place for the address of its next page, so the header has it."""
    await filled(grants)
    reader = grants.as_("grants:read")
    page = await reader.get(f"{YEAR}/variations.csv", params={"limit": 1})
    assert [row["Number"] for row in table(page)] == ["1"]
    following = page.links["next"]["url"]
    assert [row["Number"] for row in table(await reader.get(following.partition("/grants")[2]))] == ["2"]
