"""The days of whole files: the order of day and month that fits them, and the days they were said to cover."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.grants.expenditure import dates
from services.grants.expenditure.days import FileDays
from services.grants.expenditure.reading import FileFault
from shared.events.grants import ExpenditureBatchCompleted, ExpenditureRecorded
from tests.grants.expenditure.conftest import Ledger, accounted, csv_file, simple_profile
from tests.harness import TestClock

QUARTER: dict[str, str] = {"covers_from": "2017-04-01", "covers_to": "2017-06-30"}
APRIL: dict[str, str] = {"covers_from": "2017-04-01", "covers_to": "2017-04-30"}
ORDER, NOT_IN_FILE, OUTSIDE = "days_in_another_order", "days_not_in_file", "lines_outside_days_covered"
MONTH_FIRST_QUARTER = ("04/01/2017", "05/02/2017", "06/03/2017")


def paid(days: Sequence[str], start: int = 1) -> bytes:
    return csv_file(*((f"Q-{number}", day, "Alder Ltd", "10.00") for number, day in enumerate(days, start=start)))


async def nothing_kept(ledger: Ledger) -> None:
    assert await ledger.everything("/v1/expenditure-lines") == []
    # A file that was announced is said to have brought nothing; no line leaves.
    assert await ledger.grants.emitted(ExpenditureRecorded) == []
    assert [event.lines for event in await ledger.grants.emitted(ExpenditureBatchCompleted) if event.lines] == []


async def refused(ledger: Ledger, content: bytes, code: str, **parameters: Any) -> dict[str, Any]:
    """The refusal of a short file; no batch is made of it, and a dry run answers the same."""
    tried = await ledger.send(content, dry_run="true", **parameters)
    answer = await ledger.send(content, **parameters)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code), answer.text
    assert answer.json()["type"].endswith(code)
    assert (tried.status_code, tried.json()["errors"]) == (422, answer.json()["errors"])
    assert await ledger.everything("/v1/expenditure-batches") == []
    await nothing_kept(ledger)
    error: dict[str, Any] = answer.json()["errors"][0]
    return error


async def days_of(ledger: Ledger) -> list[str]:
    return sorted(line["payment_date"] for line in await ledger.everything("/v1/expenditure-lines"))


# ---------------------------------------------------------------------- single cells, over HTTP


@pytest.mark.parametrize(
    ("styles", "cell", "day"),
    [
        (["excel-serial"], "42825.99999999999", "2017-04-01"),
        (["excel-serial"], "42825.75", "2017-03-31"),
        (["m/d/yyyy[time]"], "3/31/2017 11:30:00 PM +00:00", "2017-04-01"),
        (["m/d/yyyy[time]"], "3/31/2017 11:30:00 PM", "2017-03-31"),
        (["yyyy-mm-dd[time]"], "2017-03-31T23:59:59.999", "2017-03-31"),
        (["dd/mm/yyyy"], "\u200e04/04/2017\u200e", "2017-04-04"),
        (["dd-mm-yyyy"], "04\u201104\u20112017", "2017-04-04"),
    ],
)
async def test_a_part_of_a_day_or_a_hidden_sign_does_not_move_a_payment(
    ledger: Ledger, styles: list[str], cell: str, day: str
) -> None:
    """G-3, Design section 6."""
    await ledger.defined(simple_profile(dates=styles))
    await ledger.sent(paid([cell]))
    assert await days_of(ledger) == [day]


async def test_json_numbers_are_day_numbers_with_the_mark_of_the_profile(ledger: Ledger) -> None:
    """Design section 6: 4.28259999999999999E4 of JSON is the same number."""
    await ledger.defined(simple_profile(dates=["excel-serial"], amounts={"decimal": ","}))
    lines = [
        '{"Reference": "A-1", "Date": 42825.99999999999, "Supplier": "A", "Amount": 1.10}',
        '{"Reference": "A-2", "Date": 4.28265E4, "Supplier": "A", "Amount": 1.10}',
    ]
    await ledger.sent("\n".join(lines).encode(), media_type="application/x-ndjson")
    assert await days_of(ledger) == ["2017-04-01", "2017-04-01"]


async def test_a_reason_quotes_the_day_and_a_blank_optional_day_may_hold_signs_nobody_sees(ledger: Ledger) -> None:
    """Design section 5: what is wrong with which value."""
    fields = {**simple_profile()["fields"], "invoice_date": {"column": "Invoiced"}}
    await ledger.defined(simple_profile(fields=fields, dates=["dd/mm/yyyy"]))
    header = ("Reference", "Date", "Supplier", "Amount", "Invoiced")
    rows = [
        ("A-1", "13/04/2017", "A", "1.00", "\u200e"),
        ("A-2", "04/13/2017", "A", "1.00", ""),
        ("A-3", "2017-04-13", "A", "1.00", "\u200bn/a"),
        ("A-4", "13/04/2077", "A", "1.00", ""),
    ]
    batch = await ledger.sent(csv_file(*rows, header=header))
    assert await ledger.outcomes(batch) == ["accepted", "rejected", "rejected", "rejected"]
    errors = await ledger.everything(f"/v1/expenditure-batches/{batch['id']}/errors")
    details = [reason["detail"] for error in errors for reason in error["reasons"]]
    for words in (
        '"04/13/2017" names no day as dd/mm/yyyy; it fits mm/dd/yyyy (2017-04-13)',
        '"2017-04-13" is not a date written as dd/mm/yyyy; it fits yyyy-mm-dd',
        "U+200B ZERO WIDTH SPACE",
        "The day 2077-04-13 lies in the future",
    ):
        assert any(words in detail for detail in details), (words, details)


# ---------------------------------------------------------------------- the order that fits


@pytest.mark.parametrize(
    ("style", "days", "words"),
    [
        (
            "dd/mm/yyyy",
            ("04/01/2017", "04/13/2017"),
            'The days in "Date" fit mm/dd/yyyy better than dd/mm/yyyy, the order of the profile: one can only be read'
            ' as mm/dd/yyyy (line 3: "04/13/2017" is 2017-04-13), none only as dd/mm/yyyy, and 1 either way (line 2:'
            ' "04/01/2017" is 2017-01-04 as dd/mm/yyyy and 2017-04-01 as mm/dd/yyyy)',
        ),
        ("mm/dd/yyyy", ("04/01/2017", "13/04/2017"), "fit dd/mm/yyyy better than mm/dd/yyyy"),
        ("dd/mm/yy", ("04/01/17", "04/13/17"), '"04/13/17" is 2017-04-13'),
        ("d.m.yyyy", ("4.1.2017", "4.13.2017"), "fit m.d.yyyy better than d.m.yyyy"),
        ("d-m-yy", ("4-1-17", "4-28-17"), "fit m-d-yy better"),
        ("ddmmyyyy", ("04012017", "04132017"), "fit mmddyyyy better"),
        ("dd mm yyyy", ("04 01 2017", "04 13 2017"), "fit mm dd yyyy better"),
        ("dd/mm/yyyy[time]", ("04/01/2017 10:00", "04/13/2017 11:00 PM"), "fit mm/dd/yyyy[time] better"),
        ("m/d/yyyy", ("4/1/2017", "28/4/2017", "\u200e29/4/2017"), "2 can only be read as d/m/yyyy"),
        ("yyyy-dd-mm", ("2017-04-01", "2017-04-13"), "fit yyyy-mm-dd better"),
        # The proof lies among days that are the same both ways, and more speaks for the other order than for this one.
        ("dd/mm/yyyy", ("04/04/2017", "05/04/2017", "04/13/2017"), "1 either way"),
        ("dd/mm/yyyy", ("04/01/2017", "04/13/2017", "04/14/2017", "13/04/2017"), "1 only as dd/mm/yyyy"),
        # A day to come is none either: it is June 2026.
        (
            "dd/mm/yyyy",
            ("04/01/2026", "05/12/2026"),
            '"05/12/2026" is 2026-05-12, and 2026-12-05 as dd/mm/yyyy, a day to come',
        ),
        ("mm/dd/yyyy", ("01/04/2026", "12/05/2026"), "fit dd/mm/yyyy better"),
    ],
)
async def test_a_file_in_the_other_order_is_refused_whole(
    ledger: Ledger, style: str, days: tuple[str, ...], words: str
) -> None:
    """Design section 6: the days that fit both would land in other months."""
    await ledger.defined(simple_profile(dates=[style]))
    error = await refused(ledger, paid(days), ORDER)
    assert words in error["detail"]
    assert error["line"] is not None
    assert "Nothing was taken in; correct the dates of the profile" in error["detail"]


@pytest.mark.parametrize(
    ("styles", "days", "taken"),
    [
        (["dd/mm/yyyy"], MONTH_FIRST_QUARTER, 3),  # Nothing can be known.
        (["dd/mm/yyyy"], ("04/04/2017", "04/13/2017"), 1),  # The same day both ways.
        (["dd/mm/yyyy"], ("04/13/2017", "04/14/2017"), 0),  # Nothing would land in another month.
        (["dd/mm/yyyy"], ("13/04/2017", "05/04/2017"), 2),
        (["dd/mm/yyyy"], ("08/05/2026", "05/04/2026"), 2),  # In August nothing was paid yet.
        (["mm/dd/yyyy"], ("04/13/2017", "05/04/2017"), 2),
        (["yyyy-mm-dd"], ("2017-04-01", "2017-13-04"), 1),
        (["dd-mmm-yyyy"], ("04-Jan-2017", "13-Apr-2017"), 2),
        (["dd/mm/yyyy", "yyyy-mm-dd"], ("04/01/2017", "2017-04-13"), 2),
    ],
)
async def test_days_that_prove_no_other_order_are_read_as_the_profile_says(
    ledger: Ledger, styles: list[str], days: tuple[str, ...], taken: int
) -> None:
    """Design section 6."""
    await ledger.defined(simple_profile(dates=styles))
    batch = await ledger.sent(paid(days))
    accounted(batch)
    assert (batch["state"], batch["outcomes"]["accepted"]["lines"], batch["findings"]) == ("completed", taken, [])


async def test_days_in_two_orders_are_a_finding_where_the_profiles_order_fits_as_well(ledger: Ledger) -> None:
    """Design section 6: what is only in the other order is rejected by line; a person looks at the rest."""
    await ledger.defined(simple_profile(dates=["dd/mm/yyyy"]))
    batch = await ledger.sent(paid(("13/04/2017", "05/04/2017", "04/14/2017")))
    assert await ledger.outcomes(batch) == ["accepted", "accepted", "rejected"]
    assert batch["findings"] == [
        {
            "code": "days_in_two_orders",
            "column": "Date",
            "only_in_profiles_order": 1,
            "only_in_other_order": 1,
            "in_either_order": 1,
        }
    ]


async def test_each_column_of_days_is_looked_at_and_so_are_all_together(ledger: Ledger) -> None:
    """Design section 6: a column in another order is refused although the next is in the profile's."""
    fields = {**simple_profile()["fields"], "invoice_date": {"column": "Invoiced"}}
    await ledger.defined(simple_profile(fields=fields, dates=["dd/mm/yyyy"]))
    header = ("Reference", "Date", "Supplier", "Amount", "Invoiced")
    own = [("A-1", "13/04/2017", "A", "1.00", "04/01/2017"), ("A-2", "14/04/2017", "A", "1.00", "03/13/2017")]
    error = await refused(ledger, csv_file(*own, header=header), ORDER)
    assert 'The days in "Invoiced" fit' in error["detail"]
    apart = [("A-1", "04/01/2017", "A", "1.00", "03/13/2017"), ("A-2", "04/02/2017", "A", "1.00", "03/14/2017")]
    error = await refused(ledger, csv_file(*apart, header=header), ORDER)
    assert 'in "Invoiced" and "Date" fit' in error["detail"]


async def test_a_line_of_json_is_named_by_its_record(ledger: Ledger) -> None:
    await ledger.defined(simple_profile(dates=["dd/mm/yyyy"]))
    lines = [
        {"Reference": f"A-{number}", "Date": day, "Supplier": "A", "Amount": "1.00"}
        for number, day in enumerate(("04/01/2017", "04/13/2017"))
    ]
    content = json.dumps({"lines": lines}).encode()
    error = await refused(ledger, content, ORDER, media_type="application/json")
    assert 'record 2: "04/13/2017"' in error["detail"]


async def test_a_long_file_in_the_other_order_fails_and_nothing_of_it_is_kept(ledger: Ledger) -> None:
    """Design section 6: the proof may stand in the last of its lines."""
    await ledger.defined(simple_profile(dates=["dd/mm/yyyy"]))
    for options in ({}, {"dry_run": "true"}):
        batch = await ledger.sent(paid([*["04/01/2017"] * 25_000, "04/13/2017"]), **options)
        assert (batch["state"], batch["failure"]["code"]) == ("failed", ORDER)
        assert 'line 25002: "04/13/2017"' in batch["failure"]["detail"]
        assert batch["outcomes"]["received"]["lines"] == 0
    await nothing_kept(ledger)


async def test_a_trial_says_what_a_file_would_be_told(ledger: Ledger) -> None:
    """Design section 6: also where the sample is longer than what is read of it."""
    profile = simple_profile(dates=["dd/mm/yyyy"])

    async def trial(days: Sequence[str]) -> httpx.Response:
        body = {"profile": profile, "sample": paid(days).decode()}
        return await ledger.system.post("/v1/source-profiles/trials", json=body)

    for days in (("04/01/2017", "04/13/2017"), ["04/01/2017", "04/13/2017"] * 5_100):
        answer = await trial(days)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, ORDER)
    answer = await trial(("04/01/2017", "05/02/2017"))
    assert (answer.status_code, answer.json()["days"]) == (
        200,
        {"lines": 2, "first": "2017-01-04", "last": "2017-02-05", "in_either_order": 2, "only_in_other_order": 0},
    )
    answer = await trial(())
    assert answer.json()["days"]["first"] is None


# ---------------------------------------------------------------------- the days that were said


@pytest.mark.parametrize(
    ("styles", "days", "covers", "words"),
    [
        (
            ["dd/mm/yyyy"],
            MONTH_FIRST_QUARTER,
            QUARTER,
            "The file was said to cover 2017-04-01 to 2017-06-30, and none of its 3 days of payment lie there: as read"
            " they run from 2017-01-04 to 2017-03-06. Read as mm/dd/yyyy, 3 of 3 would (line 2: \"04/01/2017\" is"
            " 2017-01-04 as dd/mm/yyyy and 2017-04-01 as mm/dd/yyyy). Nothing was taken in; correct the dates of the"
            " profile or of the file, or covers_from and covers_to, and send it again.",
        ),
        # Some lie inside by chance.
        (["dd/mm/yyyy"], ("04/01/2017", "04/05/2017", "05/06/2017", "06/02/2017"), QUARTER, "and 2 of its 4 days"),
        (["mm/dd/yyyy"], ("01/04/2017", "02/05/2017", "03/06/2017"), QUARTER, "Read as dd/mm/yyyy, 3 of 3 would"),
        (["d-m-yy"], ("4-1-17", "5-2-17"), QUARTER, "Read as m-d-yy, 2 of 2 would"),
        (["d.m.yyyy"], ("4.1.2017",), QUARTER, "as read it is 2017-01-04. Read as m.d.yyyy, 1 of 1 would"),
        # Serials of the 1904 system: 1 April, 2 May, 30 June 2017.
        (["excel-serial"], ("41364", "41395", "41454.5"), QUARTER, "the 1904 system of spreadsheets, 3 of 3 would"),
        (["excel-serial"], ("41364",), QUARTER, '(line 2: "41364" is 2013-03-31 as read and 2017-04-01 in that'),
        # A wrong year.
        (["yyyy-mm-dd"], ("2016-04-03", "2016-05-04"), QUARTER, "A year later, 2 of 2 would"),
        (["dd/mm/yyyy"], ("13/04/2018", "14/05/2018"), QUARTER, "A year earlier, 2 of 2 would"),
        (["dd-mmm-yy"], ("03-Apr-18",), QUARTER, '"03-Apr-18" is 2018-04-03 as read, and 2017-04-03 a year earlier'),
        (
            ["yyyy-mm-dd"],
            ("2015-05-03", "2015-09-04", "2016-03-31", "2016-04-01"),
            {"covers_from": "2016-04-01", "covers_to": "2018-03-31"},
            "A year later, 4 of 4 would",
        ),
        # A wrong month, or another century of days: nothing would put them right.
        (["yyyy-mm-dd"], ("2017-03-30", "2017-03-31"), APRIL, "run from 2017-03-30 to 2017-03-31 (line 2:"),
        (["yyyy-mm-dd"], ("2017-05-01",), APRIL, "as read it is 2017-05-01"),
        (["dd/mm/yyyy"], ("13/07/2017", "14/07/2017"), QUARTER, "correct covers_from and covers_to, or the dates of"),
        (["yyyy-mm-dd"], ("1990-04-01", "2009-04-01"), QUARTER, "none of its 2 days of payment lie there"),
        (["mmm-yy"], ("Mar-17",), APRIL, "none of its 1 days"),
        # Days to come are rejected by line, and are days all the same.
        (["dd/mm/yyyy"], ("04/12/2026",), {"covers_from": "2026-04-01", "covers_to": "2026-05-31"}, "as mm/dd/yyyy"),
        (["yyyy-mm-dd"], ("2017-04-03",), {"covers_from": "2017-04-04", "covers_to": "2017-04-04"}, "2017-04-04, and"),
    ],
)  # fmt: skip
async def test_a_file_whose_lines_do_not_lie_in_the_days_it_states_is_refused(
    ledger: Ledger, styles: list[str], days: tuple[str, ...], covers: dict[str, str], words: str
) -> None:
    """T-51: its own days would be published as a nil return, and its payments in other months."""
    await ledger.defined(simple_profile(dates=styles))
    error = await refused(ledger, paid(days), NOT_IN_FILE, **covers)
    assert words in error["detail"], error["detail"]
    assert (error["parameter"], error["line"]) == ("covers_from", 2)


async def test_a_long_file_that_holds_other_days_fails_and_a_dry_run_of_it_too(ledger: Ledger) -> None:
    """T-51: more than 1,000 lines go through the worker."""
    await ledger.defined(simple_profile(dates=["dd/mm/yyyy"]))
    content = paid([MONTH_FIRST_QUARTER[number % 3] for number in range(1_200)])
    for options in ({}, {"dry_run": "true"}):
        batch = await ledger.sent(content, **QUARTER, **options)
        assert (batch["state"], batch["failure"]["code"]) == ("failed", NOT_IN_FILE)
        assert "Read as mm/dd/yyyy, 1200 of 1200 would" in batch["failure"]["detail"]
    await nothing_kept(ledger)
    right = await ledger.sent(content)
    assert (right["state"], right["outcomes"]["accepted"]["lines"]) == ("completed", 1_200)


@pytest.mark.parametrize("lines", [1, 1_500])
async def test_lines_outside_are_a_finding_and_the_file_still_covers_its_days(ledger: Ledger, lines: int) -> None:
    """T-51: real files hold late payments; lines outside alone refuse no file."""
    await ledger.defined(simple_profile())
    days = [*["2017-04-03"] * lines, "2017-05-02", "2017-03-30", "2017-05-02"]
    for options in ({"dry_run": "true"}, {}):
        batch = await ledger.sent(paid(days), **APRIL, **options)
        accounted(batch)
        assert (batch["state"], batch["covers_to"]) == ("completed", "2017-04-30")
        [found] = batch["findings"]
        assert found == {
            "code": OUTSIDE,
            "inside": lines,
            "outside": 3,
            "first_outside": "2017-03-30",
            "last_outside": "2017-05-02",
            "examples": [
                {"record": lines + 1, "line": lines + 2, "day": "2017-05-02"},
                {"record": lines + 2, "line": lines + 3, "day": "2017-03-30"},
            ],
        }
    assert batch["outcomes"]["accepted"]["lines"] == lines + 3


@pytest.mark.parametrize(
    ("styles", "days"),
    [
        # One stray whose exchanged day would lie inside, among many.
        (["dd/mm/yyyy"], [*["03/04/2017", "04/05/2017", "05/06/2017"] * 10, "04/01/2017"]),
        (["dd/mm/yyyy"], [*["13/04/2017"] * 3, "04/01/2017"]),
        (["yyyy-mm-dd"], ["2017-04-03", "2016-04-03", "2016-04-04"]),
        (["excel-serial"], ["42826", "41364"]),
        (["mmm-yy", "yyyy-mm-dd"], ["Apr-17", "2017-03-03"]),
    ],
)
async def test_strays_that_another_reading_does_not_explain_refuse_nothing(
    ledger: Ledger, styles: list[str], days: list[str]
) -> None:
    """T-51."""
    await ledger.defined(simple_profile(dates=styles))
    batch = await ledger.sent(paid(days), **QUARTER)
    assert (batch["state"], [found["code"] for found in batch["findings"]]) == ("completed", [OUTSIDE])


@pytest.mark.parametrize(
    ("fields", "days", "state"),
    [
        ({"kind": {"constant": "card"}, "card": {"constant": "gpc"}}, ["2017-03-02", "2017-03-26"], "completed"),
        ({"payment_date": None, "invoice_date": {"column": "Date"}}, ["2017-01-12", "2017-02-15"], "completed"),
        ({"kind": {"constant": "card"}}, ["2017-01-02"], "refused"),
        ({"kind": {"constant": "card"}}, ["2017-05-02"], "refused"),
        ({"kind": {"constant": "card"}}, ["2016-04-02"], "refused"),
        ({}, ["2017-03-02", "2017-03-26"], "refused"),
    ],
)
async def test_the_days_of_a_card_statement_or_of_invoices_may_lie_shortly_before_those_covered(
    ledger: Ledger, fields: dict[str, Any], days: list[str], state: str
) -> None:
    """T-51: a real statement of April holds what was bought until March; that is a finding and no other month."""
    await ledger.defined(simple_profile(fields={**simple_profile()["fields"], **fields}))
    answer = await ledger.send(paid(days), **APRIL)
    if state == "refused":
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, NOT_IN_FILE)
    else:
        [found] = answer.json()["findings"]
        assert (found["code"], found["inside"], found["outside"]) == (OUTSIDE, 0, len(days))


async def test_files_without_readable_days_and_files_that_state_none_are_not_compared(ledger: Ledger) -> None:
    """T-51: a file without lines covers its days; rejected lines count against it in their own way."""
    await ledger.defined(simple_profile(dates=["dd/mm/yyyy"]))
    assert (await ledger.sent(csv_file(), **QUARTER))["findings"] == []
    batch = await ledger.sent(paid(("soon", "04/13/2017")), **QUARTER)
    assert (batch["state"], batch["outcomes"]["rejected"]["lines"]) == ("completed", 2)
    batch = await ledger.sent(paid(MONTH_FIRST_QUARTER))
    assert (batch["outcomes"]["accepted"]["lines"], batch["findings"]) == (3, [])


async def test_lines_that_are_rejected_for_something_else_are_compared_too(ledger: Ledger) -> None:
    """T-51: their day can be read, and says as much."""
    await ledger.defined(simple_profile(dates=["dd/mm/yyyy"]))
    rows = [("A-1", "04/01/2017", "Alder", "x"), ("A-2", "05/02/2017", "", "1.00")]
    await refused(ledger, csv_file(*rows), NOT_IN_FILE, **QUARTER)


@pytest.mark.parametrize("lines", [2, 1_100])
async def test_days_that_a_correction_inherits_are_not_compared_and_those_it_states_are(
    ledger: Ledger, lines: int
) -> None:
    """T-51: what is corrected of a file may well be its strays."""
    await ledger.defined(simple_profile())
    strays = [(f"S-{number}", "2017-03-30", "Alder", "x") for number in range(lines)]
    first = await ledger.sent(csv_file(("A-1", "2017-04-03", "Alder", "1.00"), *strays), **APRIL)
    corrected = csv_file(*((reference, day, name, "2.00") for reference, day, name, _ in strays))
    stated: dict[str, Any] = {"covers_from": "2017-04-01", "covers_to": "2017-04-29"}
    answer = await ledger.send(corrected, corrects=first["id"], **stated)
    if lines == 2:
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, NOT_IN_FILE)
    else:
        batch = await ledger.sent(corrected, corrects=first["id"], **stated)
        assert (batch["state"], batch["failure"]["code"]) == ("failed", NOT_IN_FILE)
    batch = await ledger.sent(corrected, corrects=first["id"])
    assert (batch["state"], batch["covers_to"], batch["findings"]) == ("completed", "2017-04-30", [])
    assert batch["outcomes"]["accepted"]["lines"] == lines


async def test_a_period_that_is_said_is_compared_with_the_days_that_are_said(ledger: Ledger) -> None:
    """T-51: a file without days lies on the last day of its period."""
    fields = {**simple_profile()["fields"], "payment_date": {"parameter": "period"}}
    await ledger.defined(simple_profile(fields=fields))
    batch = await ledger.sent(paid([""]), period="2017-18-q1", **QUARTER)
    assert (batch["state"], batch["findings"]) == ("completed", [])
    answer = await ledger.send(paid([""], start=2), period="2017-18-q2", **QUARTER)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, NOT_IN_FILE)


async def test_the_refusal_has_its_own_page(ledger: Ledger, clock: TestClock) -> None:
    """Design section 5: one code, one title, one status."""
    clock.set(datetime(2026, 6, 1, 12, 0, tzinfo=UTC))
    await ledger.defined(simple_profile(dates=["dd/mm/yyyy"]))
    answer = await ledger.send(paid(MONTH_FIRST_QUARTER), **QUARTER)
    assert answer.json()["title"] == "The file does not hold the days it was said to cover"


# ---------------------------------------------------------------------- counted while it is read


def read_all(days: Sequence[str], styles: Sequence[str], covers: Sequence[str] | None) -> FileDays:
    watched = FileDays(covers)
    read = watched.reader("Paid", styles, payment=True).read
    for number, day in enumerate(days, start=1):
        with suppress(dates.Unreadable):
            read(day)
        watched.stamp(number, number + 1)
    return watched


def test_nothing_is_lost_of_the_count_when_the_memory_of_cells_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Design section 6: memory is flat, and the account whole."""
    monkeypatch.setattr(dates, "CACHE_SIZE", 10)
    every = [(date(2017, 4, 1) + timedelta(days=number)).strftime("%d/%m/%Y") for number in range(91)] * 7
    watched = read_all([*every, "01/07/2017", "05/13/2017"], ["dd/mm/yyyy"], ("2017-04-01", "2017-06-30"))
    found = {finding["code"]: finding for finding in watched.findings()}
    assert (found[OUTSIDE]["inside"], found[OUTSIDE]["outside"]) == (637, 1)
    assert found["days_in_two_orders"]["only_in_other_order"] == 1
    assert found["days_in_two_orders"]["in_either_order"] == 7 * 33 + 1
    assert watched.shown()["lines"] == 638


def test_a_file_of_several_years_in_the_other_order_is_found_by_its_edges() -> None:
    """T-51: most days that fit both orders lie in the years all the same."""
    days = [
        f"{month:02d}/{day:02d}/{year}" for year in range(2013, 2018) for month in range(1, 13) for day in (1, 5, 9)
    ]
    days = [day for day in days if "2013-04" <= f"{day[6:]}-{day[:2]}" <= "2017-12"]
    days += [f"{month:02d}/{day:02d}/2018" for month in (1, 2, 3) for day in (1, 5, 9)]
    with pytest.raises(FileFault) as fault:
        read_all(days, ["dd/mm/yyyy"], ("2013-04-01", "2018-03-31")).findings()
    assert fault.value.code == NOT_IN_FILE
