"""Complete means settled: which lines count against the days of their file, what settles each, and who hears of it."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.grants.expenditure.worker import take_in_waiting
from shared.events.grants import ExpenditureBatchCompleted, ExpenditureBatchReceived
from tests.grants.expenditure.conftest import Ledger, accounted, counted_profile, csv_file, simple_profile
from tests.grants.expenditure.layouts import profile

APRIL: dict[str, Any] = {"covers_from": "2017-04-01", "covers_to": "2017-04-30"}
DAYS = (date(2017, 4, 1), date(2017, 4, 30))
GOOD = ("A-1", "2017-04-03", "Alpha", "1.00")
FAULTY = ("A-2", "2017-04-31", "Beta", "1100000.00")
RIGHT = ("A-2", "2017-04-30", "Beta", "1100000.00")
FAULTY_TOO = ("A-3", "2017-04-32", "Gamma", "3.00")
RIGHT_TOO = ("A-3", "2017-04-28", "Gamma", "3.00")


async def said(ledger: Ledger, batch: dict[str, Any]) -> tuple[str, int, int]:
    """What readers know of a batch: its days are covered, wait or are not stated; unsettled lines; version."""
    events = await ledger.grants.emitted(ExpenditureBatchCompleted)
    own = [event for event in events if event.batch_id == UUID(batch["id"])]
    assert [event.version for event in own] == sorted({event.version for event in own}), "each version once, in order"
    assert len({(event.lines, event.pence, event.months) for event in own}) <= 1
    if not own:
        return "nothing", 0, 0
    last = max(own, key=lambda event: event.version)
    assert last.covers_from is None or last.waits_from is None
    stated = "covered" if last.covers_from else "waits" if last.waits_from else "not stated"
    return stated, last.unsettled_lines, last.version


async def read(ledger: Ledger, batch: dict[str, Any]) -> dict[str, Any]:
    answer = await ledger.system.get(f"/v1/expenditure-batches/{batch['id']}")
    assert answer.status_code == 200
    return dict(answer.json())


async def open_lines(ledger: Ledger, batch: dict[str, Any]) -> int:
    """How many lines of a batch are unsettled; its own lists say the same."""
    lines: int = (await read(ledger, batch))["unsettled"]["lines"]
    listed = await ledger.everything(f"/v1/expenditure-batches/{batch['id']}/lines", unsettled="true")
    assert len(listed) == lines or (await read(ledger, batch))["state"] == "failed"
    return lines


async def errors(ledger: Ledger, batch: dict[str, Any], **parameters: str) -> list[list[str]]:
    answer = await ledger.system.get(f"/v1/expenditure-batches/{batch['id']}/errors.csv", params=parameters)
    assert answer.status_code == 200
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def as_file(rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


async def give_up(ledger: Ledger, batch: dict[str, Any], **body: Any) -> Any:
    body = {"reason": "The parent council's ledger holds it.", **body}
    return await ledger.finance.post(f"/v1/expenditure-batches/{batch['id']}/settlements", json=body)


@pytest.fixture
async def keyed(ledger: Ledger) -> Ledger:
    await ledger.defined(simple_profile())
    return ledger


@pytest.fixture
async def counted(ledger: Ledger) -> Ledger:
    await ledger.defined(counted_profile())
    return ledger


# ------------------------------------------------------------------ corrections


@pytest.mark.parametrize(
    ("rows", "left"),
    [
        ([], 2),
        ([RIGHT], 1),
        ([("Z-9", "2017-04-30", "Beta", "1100000.00")], 2),
        ([GOOD], 2),
        ([("A-1", "2017-04-03", "Alpha", "7.00")], 2),
        ([RIGHT, RIGHT], 1),
        ([RIGHT, RIGHT_TOO], 0),
    ],
    ids=["header only", "one of two", "unrelated", "sent before", "conflict", "one twice", "both"],
)
async def test_a_line_is_settled_by_the_line_that_corrects_it_and_by_no_other(
    keyed: Ledger, rows: list[Any], left: int
) -> None:
    """Design section 6: complete means settled, one for one."""
    batch = await keyed.sent(csv_file(GOOD, FAULTY, FAULTY_TOO), **APRIL)
    assert batch["unsettled"] == {"lines": 2, "pence": 110_000_300}
    assert await said(keyed, batch) == ("waits", 2, 2)
    correction = await keyed.sent(csv_file(*rows), corrects=batch["id"])
    accounted(correction)
    assert await open_lines(keyed, batch) == left
    expected = {0: ("covered", 0, 3), 1: ("waits", 1, 3), 2: ("waits", 2, 2)}
    assert await said(keyed, batch) == expected[left]
    if left:
        assert (await said(keyed, correction))[0] != "covered"
    else:
        assert (await said(keyed, correction))[0] == "covered"


@pytest.mark.parametrize("kind", ["counted", "keyed"])
async def test_what_the_last_correction_settles_is_said_of_every_file_of_the_chain(ledger: Ledger, kind: str) -> None:
    """Design section 6: a correction covers the days once nothing of the chain is unsettled."""
    await ledger.defined(simple_profile() if kind == "keyed" else counted_profile())
    name = "simple" if kind == "keyed" else "counted"
    batch = await ledger.sent(csv_file(GOOD, FAULTY, FAULTY_TOO), name, **APRIL)
    first = await ledger.sent(csv_file(RIGHT), name, corrects=batch["id"])
    assert await said(ledger, first) == ("not stated", 0, 2)
    second = await ledger.sent(csv_file(RIGHT_TOO), name, corrects=batch["id"])
    assert [await said(ledger, one) for one in (batch, first, second)] == [
        ("covered", 0, 4),
        ("covered", 0, 3),
        ("covered", 0, 2),
    ]


async def test_a_line_that_is_rejected_again_takes_the_place_of_the_first(keyed: Ledger) -> None:
    """Design section 6: and waits with the same days, until it is corrected itself."""
    batch = await keyed.sent(csv_file(GOOD, FAULTY), **APRIL)
    again = await keyed.sent(csv_file(("A-2", "2017-04-99", "Beta", "1100000.00")), corrects=batch["id"])
    assert (await open_lines(keyed, batch), await open_lines(keyed, again)) == (0, 1)
    assert (await said(keyed, again))[:2] == ("waits", 1)
    events = await keyed.grants.emitted(ExpenditureBatchCompleted)
    assert [str(event.batch_id) for event in events][-2:] == [again["id"], batch["id"]], "what waits is said first"
    last = await keyed.sent(csv_file(RIGHT), corrects=batch["id"])
    assert [await open_lines(keyed, one) for one in (batch, again, last)] == [0, 0, 0]
    assert [(await said(keyed, one))[0] for one in (batch, again, last)] == ["covered"] * 3


async def test_a_correction_of_fewer_days_lets_no_day_of_the_first_file_go(keyed: Ledger) -> None:
    """Design section 6: what takes the place of a line waits for all of the days that waited for it."""
    batch = await keyed.sent(csv_file(FAULTY), **APRIL)
    again = await keyed.sent(
        csv_file(("A-2", "x", "Beta", "1.00")),
        corrects=batch["id"],
        covers_from="2017-03-01",
        covers_to="2017-03-02",
    )
    [waiting] = [
        event for event in await keyed.grants.emitted(ExpenditureBatchCompleted) if str(event.batch_id) == again["id"]
    ]
    assert (waiting.waits_from, waiting.waits_to) == (date(2017, 3, 1), DAYS[1])
    last = await keyed.sent(csv_file(RIGHT), corrects=again["id"])
    assert [(await said(keyed, one))[0] for one in (batch, again, last)] == ["covered"] * 3
    covered = {
        str(event.batch_id): event.covers_from for event in await keyed.grants.emitted(ExpenditureBatchCompleted)
    }
    assert covered == {batch["id"]: DAYS[0], again["id"]: date(2017, 3, 1), last["id"]: date(2017, 3, 1)}


async def test_one_line_settles_one_of_two_that_are_alike(keyed: Ledger) -> None:
    """Design section 6: one for one, in however many ways the line could be known again."""
    batch = await keyed.sent(csv_file(FAULTY, FAULTY), **APRIL)
    await keyed.sent(csv_file(RIGHT), corrects=batch["id"])
    assert await open_lines(keyed, batch) == 1
    assert (await said(keyed, batch))[:2] == ("waits", 1)


async def test_a_line_that_was_in_the_ledger_settles_no_other_that_is_like_it(keyed: Ledger) -> None:
    """Design section 6: the payment without a number may be another; with a number of its own it is settled."""
    nameless = ("", *GOOD[1:])
    await keyed.sent(csv_file(GOOD))
    batch = await keyed.sent(csv_file(nameless), **APRIL)
    again = await keyed.sent(csv_file(GOOD), corrects=batch["id"])
    assert again["outcomes"]["duplicate"]["lines"] == 1
    assert await open_lines(keyed, batch) == 1
    await keyed.sent(csv_file(("A-7", *GOOD[1:])), corrects=batch["id"])
    assert await open_lines(keyed, batch) == 0


async def test_new_faults_of_a_correction_are_its_own(keyed: Ledger) -> None:
    batch = await keyed.sent(csv_file(FAULTY), **APRIL)
    correction = await keyed.sent(csv_file(RIGHT, ("B-1", "x", "New", "1.00")), corrects=batch["id"])
    assert (await open_lines(keyed, batch), await open_lines(keyed, correction)) == (0, 1)
    assert ((await said(keyed, batch))[0], (await said(keyed, correction))[0]) == ("covered", "waits")


async def test_a_trial_settles_nothing_and_waits_for_nothing(keyed: Ledger) -> None:
    batch = await keyed.sent(csv_file(FAULTY), **APRIL)
    tried = await keyed.sent(csv_file(RIGHT, FAULTY_TOO), corrects=batch["id"], dry_run="true")
    assert (await open_lines(keyed, batch), (await read(keyed, tried))["unsettled"]["lines"]) == (1, 0)
    assert await said(keyed, tried) == ("nothing", 0, 0)
    answer = await give_up(keyed, tried, all=True)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "nothing_to_settle")


async def test_a_file_without_days_says_how_many_lines_it_lacks(keyed: Ledger) -> None:
    batch = await keyed.sent(csv_file(FAULTY))
    assert await said(keyed, batch) == ("not stated", 1, 1)
    await keyed.sent(csv_file(RIGHT), corrects=batch["id"])
    assert await said(keyed, batch) == ("not stated", 0, 2)


# ------------------------------------------------------------------ how lines are known again


async def test_the_number_in_a_file_of_errors_says_which_line_is_meant(counted: Ledger) -> None:
    """Design section 6: also where the cells that had no fault are corrected with the others."""
    twins = [("A-1", "x", "Alpha", "1.00"), ("A-1", "y", "Alpha", "1.00"), ("A-2", "z", "Alpha", "1.00")]
    batch = await counted.sent(csv_file(*twins), "counted", **APRIL)
    rows = await errors(counted, batch)
    second = [*rows[2]]
    second[1:3] = ["2017-04-05", "Alpha Ltd"]
    await counted.sent(as_file([rows[0], second]), "counted", corrects=batch["id"])
    left = await counted.everything(f"/v1/expenditure-batches/{batch['id']}/errors", unsettled="true")
    assert [line["record"] for line in left] == [1, 3]
    [settled] = await counted.everything(f"/v1/expenditure-batches/{batch['id']}/settlements")
    assert (settled["record"], settled["how"], settled["by_record"]) == (2, "corrected", 1)


async def test_the_errors_of_another_file_settle_nothing(counted: Ledger) -> None:
    """Design section 6: their numbers are those of other lines."""
    january = await counted.sent(csv_file(("J-1", "x", "Alpha", "1.00")), "counted", **APRIL)
    february = await counted.sent(csv_file(("F-7", "x", "Beta", "9.00")), "counted")
    rows = await errors(counted, february)
    rows[1][1] = "2017-04-03"
    await counted.sent(as_file(rows), "counted", corrects=january["id"])
    assert (await open_lines(counted, january), await open_lines(counted, february)) == (1, 1)


async def test_a_conflict_counts_and_is_corrected_under_another_key(keyed: Ledger) -> None:
    """Design section 6: conflicting lines count against completeness."""
    batch = await keyed.sent(csv_file(GOOD, ("A-1", "2017-04-03", "Alpha", "9.00")), **APRIL)
    assert batch["outcomes"]["conflict"]["lines"] == 1
    assert await said(keyed, batch) == ("waits", 1, 2)
    rows = await errors(keyed, batch)
    rows[1][0] = "A-9"
    again = await keyed.sent(as_file(rows), corrects=batch["id"])
    assert again["outcomes"]["accepted"] == {"lines": 1, "pence": 900}
    assert await said(keyed, batch) == ("covered", 0, 3)


async def test_a_conflict_is_settled_where_the_line_is_sent_as_it_is_stored(keyed: Ledger) -> None:
    batch = await keyed.sent(csv_file(GOOD, ("A-1", "2017-04-03", "Alpha", "9.00")), **APRIL)
    again = await keyed.sent(csv_file(GOOD), corrects=batch["id"])
    assert again["outcomes"]["duplicate"]["lines"] == 1
    assert await said(keyed, batch) == ("covered", 0, 3)


@pytest.mark.parametrize(
    ("faulty", "right"),
    [
        (("", "2017-04-03", "Alpha", "1.00"), ("A-1", "2017-04-03", "Alpha", "1.00")),
        (("A-1", "2017-04-03", "Alpha", "£1.2.3"), ("A-1", "2017-04-03", "Alpha", "1.23")),
        (("A-1", "", "Alpha", "1.00"), ("A-1 ", "2017-04-03", "Alpha", "1.00")),
        (("A-1", "x", "Alpha\u00a0Ltd", "y"), ("A-1", "2017-04-03", "Alpha Ltd", "1.00")),
        (("A-1", "2017-04-03", "Alpha"), ("A-1", "2017-04-03", "Alpha", "1.00")),
        (("A-1", "2017-04-03", "Alpha", "Sons", "1.00"), ("A-1", "2017-04-03", "Alpha, Sons", "1.00")),
    ],
    ids=["key missing", "amount unreadable", "day missing", "several, hidden sign", "cell missing", "cell too many"],
)
async def test_a_line_is_known_again_by_its_key_or_by_the_cells_without_fault(
    keyed: Ledger, faulty: Any, right: Any
) -> None:
    """Design section 6: also in a file that the source wrote, without the columns of the file of errors."""
    batch = await keyed.sent(csv_file(faulty, ("A-7", "x", "Other", "7.00")), **APRIL)
    await keyed.sent(csv_file(right), corrects=batch["id"])
    left = await keyed.everything(f"/v1/expenditure-batches/{batch['id']}/errors", unsettled="true")
    assert [line["record"] for line in left] == [2]


async def test_a_payment_that_is_sent_again_does_not_stand_for_one_like_it(counted: Ledger) -> None:
    """Design section 6: the whole file in place of its errors brings each rejected line once."""
    same, faulty = ("A-1", "2017-04-03", "Alpha", "1.00"), ("A-1", "2017-04-31", "Alpha", "1.00")
    batch = await counted.sent(csv_file(same, faulty), "counted", **APRIL)
    right = ("A-1", "2017-04-30", "Alpha", "1.00")
    whole = await counted.sent(csv_file(same, right), "counted", corrects=batch["id"])
    assert await counted.outcomes(whole) == ["held", "accepted"]
    [settled] = await counted.everything(f"/v1/expenditure-batches/{batch['id']}/settlements")
    assert (settled["record"], settled["by_record"]) == (2, 2)


async def test_lines_of_json_are_known_again(keyed: Ledger) -> None:
    lines = [
        {"Reference": "A-1", "Date": "2017-04-03", "Supplier": "Alpha", "Amount": 1},
        {"Reference": "A-2", "Date": "x", "Supplier": "Beta", "Amount": 2},
    ]
    body = json.dumps({"lines": lines}).encode()
    batch = await keyed.sent(body, media_type="application/json", **APRIL)
    rows = await errors(keyed, batch)
    rows[1][rows[0].index("Date")] = "2017-04-04"
    await keyed.sent(as_file(rows), corrects=batch["id"])
    assert await said(keyed, batch) == ("covered", 0, 3)


# ------------------------------------------------------------------ held lines


async def held_one(ledger: Ledger) -> tuple[dict[str, Any], str]:
    """A file of April whose second line is held as a possible duplicate."""
    await ledger.defined(counted_profile())
    await ledger.sent(csv_file(GOOD), "counted")
    batch = await ledger.sent(csv_file(GOOD, GOOD), "counted", **APRIL)
    [line] = await ledger.everything("/v1/held-lines")
    return batch, line["id"]


@pytest.mark.parametrize("decision", ["outside", "duplicate", "refuse"])
async def test_a_held_line_counts_until_a_person_decides(ledger: Ledger, decision: str) -> None:
    """Design section 6: whatever is decided settles it."""
    batch, held = await held_one(ledger)
    assert await open_lines(ledger, batch) == 1
    assert await said(ledger, batch) == ("waits", 1, 1)
    answer = await ledger.finance.post(
        f"/v1/held-lines/{held}/decisions", json={"decision": decision, "reason": "looked at"}
    )
    assert answer.status_code == 201, answer.text
    assert await open_lines(ledger, batch) == 0
    assert await said(ledger, batch) == ("covered", 0, 2)
    lines = await ledger.everything(f"/v1/expenditure-batches/{batch['id']}/lines", outcome="held")
    assert [(line["settled"], line["settlement"]["how"]) for line in lines] == [(True, "decided")]


async def test_a_line_that_repeats_a_held_one_waits_for_the_same_decision(ledger: Ledger) -> None:
    """Design section 6: a duplicate of what is not in the ledger is not in the ledger."""
    first, held = await held_one(ledger)
    again = await ledger.sent(csv_file(GOOD, GOOD), "counted", **APRIL)
    assert again["outcomes"]["duplicate"]["lines"] == 2
    assert (await open_lines(ledger, again), await said(ledger, again)) == (1, ("waits", 1, 1))
    answer = await ledger.finance.post(f"/v1/held-lines/{held}/decisions", json={"decision": "outside", "reason": "x"})
    assert answer.status_code == 201, answer.text
    assert [await said(ledger, one) for one in (first, again)] == [("covered", 0, 2)] * 2


# ------------------------------------------------------------------ files refused whole


@pytest.mark.parametrize("parameters", [{"on_error": "reject_batch"}, {"expected_lines": "9"}], ids=str)
async def test_what_corrects_a_file_refused_whole_covers_its_days_with_every_line_of_it(
    keyed: Ledger, parameters: dict[str, str]
) -> None:
    """Design section 6: nothing of it was taken in, so nothing less stands for it."""
    failed = await keyed.sent(csv_file(GOOD, FAULTY), **APRIL, **parameters)
    assert (failed["state"], failed["unsettled"]["lines"]) == ("failed", 0)
    empty = await keyed.sent(csv_file(), corrects=failed["id"])
    assert empty["covers_from"] == "2017-04-01"
    assert (await said(keyed, empty))[:2] == ("waits", 2)
    half = await keyed.sent(csv_file(RIGHT), corrects=failed["id"])
    assert [(await said(keyed, one))[:2] for one in (empty, half)] == [("waits", 1)] * 2
    assert await open_lines(keyed, failed) == 1
    rest = await keyed.sent(csv_file(GOOD), corrects=failed["id"])
    assert [(await said(keyed, one))[0] for one in (empty, half, rest)] == ["covered"] * 3
    assert await said(keyed, failed) == ("nothing", 0, 0)


async def test_a_file_refused_whole_that_nobody_corrects_counts_against_nothing(keyed: Ledger) -> None:
    await keyed.sent(csv_file(GOOD, FAULTY), **APRIL, on_error="reject_batch")
    good = await keyed.sent(csv_file(GOOD, RIGHT), **APRIL)
    assert await said(keyed, good) == ("covered", 0, 2)
    assert await keyed.everything("/v1/expenditure-batches", unsettled="true") == []


async def test_a_refused_correction_stands_for_no_line(keyed: Ledger) -> None:
    """Design section 6: and what corrects that one is measured by the first file as well."""
    batch = await keyed.sent(csv_file(GOOD, FAULTY, FAULTY_TOO), **APRIL)
    refused = await keyed.sent(
        csv_file(("A-2", "2017-04-31", "Beta", "2.00")), corrects=batch["id"], on_error="reject_batch"
    )
    assert refused["state"] == "failed"
    assert await open_lines(keyed, batch) == 2
    last = await keyed.sent(csv_file(RIGHT), corrects=refused["id"])
    assert (await open_lines(keyed, batch), await open_lines(keyed, refused)) == (1, 0)
    assert ((await said(keyed, batch))[:2], (await said(keyed, last))[0]) == (("waits", 1), "not stated")
    await keyed.sent(csv_file(RIGHT_TOO), corrects=batch["id"])
    assert [(await said(keyed, one))[0] for one in (batch, last)] == ["covered"] * 2


async def test_a_file_refused_whole_without_lines_passes_on_no_days(keyed: Ledger) -> None:
    """Design section 6: the control total said that there were some."""
    failed = await keyed.sent(csv_file(), **APRIL, expected_lines="5")
    empty = await keyed.sent(csv_file(), corrects=failed["id"])
    assert (empty["covers_from"], await said(keyed, empty)) == (None, ("nothing", 0, 0))


# ------------------------------------------------------------------ giving up


async def test_a_person_gives_lines_up_with_a_reason(keyed: Ledger) -> None:
    """Design section 6: kept with who and why, and shown with the line."""
    batch = await keyed.sent(csv_file(GOOD, FAULTY, FAULTY_TOO), **APRIL)
    answer = await give_up(keyed, batch, records=[2])
    assert answer.status_code == 201, answer.text
    assert answer.json()["given_up"] == {"lines": 1, "pence": 110_000_000}
    assert answer.json()["unsettled"] == {"lines": 1, "pence": 300}
    assert await said(keyed, batch) == ("waits", 1, 3)
    answer = await give_up(keyed, batch, all=True, reason="second")
    assert answer.json()["unsettled"]["lines"] == 0
    assert await said(keyed, batch) == ("covered", 0, 4)
    lines = await keyed.everything(f"/v1/expenditure-batches/{batch['id']}/errors")
    assert [(line["settled"], line["settlement"]["how"]) for line in lines] == [(True, "given_up")] * 2
    assert {line["settlement"]["settled_by"] for line in lines} == {"person:finance"}
    listed = await keyed.everything(f"/v1/expenditure-batches/{batch['id']}/settlements")
    assert [(one["record"], one["reason"]) for one in listed] == [
        (2, "The parent council's ledger holds it."),
        (3, "second"),
    ]
    sheet = await keyed.finance.get(f"/v1/expenditure-batches/{batch['id']}/lines.csv")
    assert "settlement_how" in sheet.text.splitlines()[0]
    assert "given_up" in sheet.text
    audited = await keyed.grants.as_("grants:ops").get("/v1/audit-entries", params={"limit": "500"})
    given_up = [one for one in audited.json()["items"] if one["action"] == "give_up_lines"]
    assert [one["after"]["unsettled"] for one in given_up] == [1, 0], audited.text


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ({"records": [1]}, "nothing_to_settle", "Record 1 was accepted"),
        ({"records": [9]}, "nothing_to_settle", "The file has 4 records and no record 9"),
        ({"records": [3]}, "settled_before", "Record 3 is settled: given up"),
        ({"records": [4]}, "nothing_to_settle", "Record 4 was duplicate"),
        ({"records": [2, 2]}, "nothing_to_settle", "Record 2 is named twice"),
    ],
)
async def test_only_lines_that_wait_to_be_corrected_can_be_given_up(
    keyed: Ledger, body: dict[str, Any], code: str, words: str
) -> None:
    batch = await keyed.sent(csv_file(GOOD, FAULTY, FAULTY_TOO, GOOD), **APRIL)
    assert (await give_up(keyed, batch, records=[3])).status_code == 201
    answer = await give_up(keyed, batch, **body)
    assert answer.status_code == 409
    [error] = answer.json()["errors"]
    assert (error["code"], error["detail"][: len(words)]) == (code, words)
    assert await open_lines(keyed, batch) == 1


async def test_all_is_refused_where_nothing_waits(ledger: Ledger) -> None:
    batch, _ = await held_one(ledger)
    answer = await give_up(ledger, batch, all=True)
    assert answer.status_code == 409
    assert "1 lines are held" in answer.json()["detail"]
    answer = await give_up(ledger, batch, records=[2])
    assert "is held; decide on it" in answer.json()["detail"]


async def test_giving_up_is_for_another_person_of_finance(keyed: Ledger) -> None:
    """Four eyes: not for who sent the file, nor for a token that stands for no person."""
    batch = await keyed.sent(csv_file(FAULTY), **APRIL)
    path = f"/v1/expenditure-batches/{batch['id']}/settlements"
    body = {"all": True, "reason": "no"}
    for client, status in (
        (keyed.grants.as_("grants:finance", sub="client:ledger"), 409),
        (keyed.grants.as_("grants:finance", sub="client:other", client_only=True), 403),
        (keyed.grants.as_("grants:manager"), 403),
        (keyed.system, 403),
        (keyed.grants.as_("grants:finance", sub="person:away", organisations=["trafford"]), 404),
    ):
        assert (await client.post(path, json=body)).status_code == status
    for wrong in (
        {"all": True},
        {"reason": "x"},
        {"all": True, "records": [1], "reason": "x"},
        {**body, "reason": " "},
    ):
        assert (await keyed.finance.post(path, json=wrong)).status_code == 422, wrong
    assert await open_lines(keyed, batch) == 1
    assert (await keyed.grants.as_("grants:cfo", sub="person:cfo").post(path, json=body)).status_code == 201


async def test_given_up_lines_are_not_corrected_later(keyed: Ledger) -> None:
    batch = await keyed.sent(csv_file(FAULTY), **APRIL)
    await give_up(keyed, batch, all=True)
    again = await keyed.sent(csv_file(RIGHT), corrects=batch["id"])
    assert again["outcomes"]["accepted"]["lines"] == 1
    [settled] = await keyed.everything(f"/v1/expenditure-batches/{batch['id']}/settlements")
    assert settled["how"] == "given_up"


# ------------------------------------------------------------------ lists


async def test_what_is_still_to_correct_stands_in_the_lists(keyed: Ledger) -> None:
    """Design section 6: `unsettled=true`, and `awaiting` with what to do."""
    batch = await keyed.sent(csv_file(GOOD, FAULTY, FAULTY_TOO), **APRIL)
    await keyed.sent(csv_file(("C-1", "2017-04-03", "Alpha", "1.00")))
    assert [one["id"] for one in await keyed.everything("/v1/expenditure-batches", unsettled="true")] == [batch["id"]]
    assert len(await keyed.everything("/v1/expenditure-batches", unsettled="false")) == 1
    answer = (await keyed.finance.get("/v1/awaiting", params={"what": "unsettled_lines"})).json()
    [item] = answer["items"]
    assert (item["count"], item["mine"], item["scopes"]) == (2, True, ["grants:finance", "grants:cfo"])
    assert f"corrects={batch['id']}" in item["detail"]
    assert "£1,100,003.00" in item["detail"]
    linked = await keyed.finance.get("/v1/" + item["href"].split("/v1/", 1)[1])
    assert [line["record"] for line in linked.json()["items"]] == [2, 3]
    sheet = await keyed.finance.get("/v1/awaiting.csv")
    assert "unsettled_lines" in sheet.text
    elsewhere = keyed.grants.as_("grants:finance", organisations=["trafford"])
    assert (await elsewhere.get("/v1/awaiting", params={"what": "unsettled_lines"})).json()["items"] == []
    await keyed.sent(csv_file(RIGHT), corrects=batch["id"])
    assert [row[0] for row in (await errors(keyed, batch, unsettled="true"))[1:]] == ["A-3"]
    assert [row[0] for row in (await errors(keyed, batch))[1:]] == ["A-2", "A-3"]
    await give_up(keyed, batch, all=True)
    assert await keyed.everything("/v1/expenditure-batches", unsettled="true") == []
    assert (await keyed.finance.get("/v1/awaiting", params={"what": "unsettled_lines"})).json()["items"] == []


async def test_the_etag_of_a_file_moves_with_what_settles_its_lines(keyed: Ledger) -> None:
    batch = await keyed.sent(csv_file(FAULTY), **APRIL)
    path = f"/v1/expenditure-batches/{batch['id']}"
    before = (await keyed.system.get(path)).headers["etag"]
    await keyed.sent(csv_file(RIGHT), corrects=batch["id"])
    assert (await keyed.system.get(path)).headers["etag"] != before


# ------------------------------------------------------------------ files that go to the worker


def many(*rows: Any) -> bytes:
    return csv_file(*((f"L-{number}", "2017-04-03", "Alpha", "1.00") for number in range(1_001)), *rows)


async def test_a_file_on_its_way_is_announced_and_always_ends(keyed: Ledger) -> None:
    """Design section 4: what the owner announced against what arrived."""
    answer = await keyed.send(many(FAULTY), **APRIL)
    assert answer.status_code == 202
    [received] = await keyed.grants.emitted(ExpenditureBatchReceived)
    assert (str(received.batch_id), received.version) == (answer.json()["id"], 0)
    assert (received.covers_from, received.covers_to) == DAYS
    await take_in_waiting(keyed.grants.runtime)
    stated, unsettled, version = await said(keyed, answer.json())
    assert (stated, unsettled) == ("waits", 1)
    correction = await keyed.send(many(RIGHT), corrects=answer.json()["id"])
    assert correction.status_code == 202
    await take_in_waiting(keyed.grants.runtime)
    assert await said(keyed, answer.json()) == ("covered", 0, version + 1)
    assert (await said(keyed, correction.json()))[0] == "covered"
    assert len(await keyed.grants.emitted(ExpenditureBatchReceived)) == 2


async def test_lines_of_a_file_on_its_way_cannot_be_given_up_before_they_are_known(keyed: Ledger) -> None:
    """Design section 6: refused, with when to come again; once the file is taken in they can."""
    answer = await keyed.send(many(FAULTY), **APRIL)
    early = await give_up(keyed, answer.json(), all=True)
    assert (early.status_code, early.json()["errors"][0]["code"]) == (409, "not_taken_in")
    assert early.json()["detail"] == "That batch is received; wait until it is completed."
    await take_in_waiting(keyed.grants.runtime)
    assert (await give_up(keyed, answer.json(), all=True)).status_code == 201
    assert (await said(keyed, answer.json()))[:2] == ("covered", 0)


@pytest.mark.parametrize("parameters", [{"on_error": "reject_batch"}, {"expected_lines": "9"}, {}], ids=str)
async def test_a_file_on_its_way_that_fails_ends_without_lines_or_days(
    keyed: Ledger, parameters: dict[str, str]
) -> None:
    """Design section 4: refused by its sender's own conditions, or unusable as a whole."""
    content = many(FAULTY)
    if not parameters:
        content += csv_file(*(RIGHT for _ in range(1_001))) + b"x" * (8 * 1024 * 1024)
    batch = await keyed.sent(content, **APRIL, **parameters)
    assert batch["state"] == "failed"
    assert batch["failure"]["code"] in ("lines_rejected", "control_total_mismatch", "line_too_long")
    [event] = await keyed.grants.emitted(ExpenditureBatchCompleted)
    assert (event.version, event.lines, event.event_count, event.months) == (1, 0, 0, ())
    assert (event.covers_from, event.waits_from, event.unsettled_lines) == (None, None, 0)


async def test_a_trial_that_goes_to_the_worker_announces_nothing(keyed: Ledger) -> None:
    for parameters in ({}, {"on_error": "reject_batch"}):
        await keyed.sent(many(FAULTY), dry_run="true", **APRIL, **parameters)
    assert await keyed.grants.emitted() == [
        event for event in await keyed.grants.emitted() if event.NAME == "OrganisationRegistered"
    ]


# ------------------------------------------------------------------ second guards


async def test_two_corrections_at_once_settle_a_line_once(keyed: Ledger) -> None:
    """Two guards: the lock of organisation and source, and the key of the table."""
    batch = await keyed.sent(csv_file(FAULTY, FAULTY_TOO), **APRIL)
    both = csv_file(RIGHT, RIGHT_TOO)
    answers = await asyncio.gather(
        keyed.send(both, corrects=batch["id"]),
        keyed.send(both, corrects=batch["id"]),
        give_up(keyed, batch, all=True),
        give_up(keyed, batch, records=[1]),
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len(await keyed.everything(f"/v1/expenditure-batches/{batch['id']}/settlements")) == 2
    assert (await said(keyed, batch))[:2] == ("covered", 0)


async def test_files_taken_in_before_lines_were_counted_are_stated_by_the_tick(keyed: Ledger) -> None:
    """The migration counts; the next minute says so, once."""
    batch = await keyed.sent(csv_file(GOOD, FAULTY), **APRIL)
    async with keyed.grants.session() as session:
        await session.exec(  # type: ignore[call-overload]
            text("UPDATE expenditure_batches SET completed_version = event_count + 1, stated_unsettled = 0")
        )
        await session.commit()
    await keyed.grants.tick(keyed.grants.clock())
    await keyed.grants.tick(keyed.grants.clock())
    assert await said(keyed, batch) == ("waits", 1, 3)
    events = await keyed.grants.emitted(ExpenditureBatchCompleted)
    assert [(event.version, event.waits_from) for event in events] == [(2, DAYS[0]), (3, DAYS[0])]


async def test_lines_of_two_headers_and_filled_cells_are_known_again(ledger: Ledger) -> None:
    await ledger.defined(
        profile(
            "layout",
            {
                "payment_date": {"column": "Paid"},
                "amount": {"column": "Sum"},
                "party_name": {"column": "Payee"},
            },
            fill_down=["Payee"],
            delimiter=";",
        )
    )
    batch = await ledger.sent(b"Paid;Payee;Sum\n2017-04-03;Alpha;1.00\nx;;2.00\n", "layout", **APRIL)
    await ledger.sent(b"Sum;Payee;Paid\n2.00;Alpha;2017-04-04\n", "layout", corrects=batch["id"])
    assert (await said(ledger, batch))[0] == "covered"
