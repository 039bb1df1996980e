"""Trials and control totals: what a file would do, and whether it is the file that was meant."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from services.grants.expenditure.worker import take_in_waiting
from tests.grants.expenditure.conftest import Ledger, accounted, counted_profile, csv_file, simple_profile

ROWS = [(f"A-{n}", "2017-04-03", "Alpha Ltd", f"{n}.10") for n in range(1, 6)]
BAD = ("A-9", "2017-13-01", "Beta Ltd", "twelve")


async def nothing_kept(ledger: Ledger) -> None:
    assert await ledger.everything("/v1/expenditure-lines") == []
    assert await ledger.everything("/v1/held-lines") == []


async def test_a_trial_gives_the_whole_account_and_keeps_no_line_and_no_event(ledger: Ledger) -> None:
    """§6: dry_run; the reasons can be read, and the file can be sent in earnest afterwards with the same outcome."""
    await ledger.defined(counted_profile())
    await ledger.sent(csv_file(ROWS[0]), "counted")
    before = await ledger.grants.emitted()
    content = csv_file(*ROWS, ROWS[0], BAD)
    tried = await ledger.sent(content, "counted", dry_run="true")
    accounted(tried)
    assert (tried["state"], tried["dry_run"], tried["event_count"]) == ("completed", True, 0)
    assert {name: tried["outcomes"][name]["lines"] for name in ("accepted", "duplicate", "held", "rejected")} == {
        "accepted": 4,
        "duplicate": 1,
        "held": 1,
        "rejected": 1,
    }
    assert await ledger.grants.emitted() == before
    assert len(await ledger.everything("/v1/expenditure-lines")) == 1
    assert await ledger.everything("/v1/held-lines") == []
    kept = await ledger.everything(f"/v1/expenditure-batches/{tried['id']}/lines")
    assert sorted(line["outcome"] for line in kept) == ["duplicate", "held", "rejected"]
    errors = await ledger.system.get(f"/v1/expenditure-batches/{tried['id']}/errors.csv")
    assert "twelve" in errors.text
    real = await ledger.sent(content, "counted")
    assert real["outcomes"] == tried["outcomes"]
    assert real["eligible_pence"] == tried["eligible_pence"]


@pytest.mark.parametrize("profile", [simple_profile(), counted_profile()], ids=lambda profile: profile["name"])
async def test_a_trial_of_a_long_file_gives_the_same_account_as_the_load(
    ledger: Ledger, profile: dict[str, Any]
) -> None:
    await ledger.defined(profile)
    rows = [(f"A-{n % 11_000}", "2017-04-03", "Alpha Ltd", "1.00") for n in range(12_000)]
    content = csv_file(*rows, BAD)
    tried = await ledger.sent(content, profile["name"], dry_run="true")
    accounted(tried)
    await nothing_kept(ledger)
    assert "ExpenditureRecorded" not in {type(event).__name__ for event in await ledger.grants.emitted()}
    for line in await ledger.everything(f"/v1/expenditure-batches/{tried['id']}/lines", outcome="duplicate"):
        assert line["entry_id"] is None
    real = await ledger.sent(content, profile["name"])
    assert real["outcomes"] == tried["outcomes"]
    assert real["outcomes"]["rejected"]["lines"] == 1


async def test_a_trial_can_not_be_corrected_and_does_not_fix_the_identity(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    tried = await ledger.sent(csv_file(*ROWS, BAD), dry_run="true")
    answer = await ledger.send(csv_file(ROWS[0]), corrects=tried["id"])
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "not_correctable")
    await ledger.defined(simple_profile(identity={"kind": "counted"}))


MISMATCHES: tuple[tuple[dict[str, str], dict[str, int]], ...] = (
    ({"expected_lines": "7"}, {"expected_lines": 7, "received_lines": 6}),
    ({"expected_total_pence": "1"}, {"expected_total_pence": 1, "received_total_pence": 1550}),
    (
        {"expected_lines": "0", "expected_total_pence": "-5"},
        {
            "expected_lines": 0,
            "received_lines": 6,
            "expected_total_pence": -5,
            "received_total_pence": 1550,
        },
    ),
)


@pytest.mark.parametrize(("stated", "figures"), MISMATCHES, ids=str)
async def test_a_file_that_is_not_the_one_meant_is_refused_whole_and_kept_as_proof(
    ledger: Ledger, stated: dict[str, str], figures: dict[str, int]
) -> None:
    """§6: both figures and the difference are told, amounts that cannot be read are named; nothing is posted."""
    await ledger.defined(simple_profile())
    before = await ledger.grants.emitted()
    content = csv_file(*ROWS, BAD)
    answer = await ledger.send(content, **stated)
    assert answer.status_code == 409, answer.text
    problem = answer.json()
    assert problem["errors"][0]["code"] == "control_total_mismatch"
    assert problem["errors"][0]["parameter"] in stated
    assert {name: problem[name] for name in figures} == figures
    assert "1 amounts cannot be read, in records 6" in problem["detail"]
    assert "difference" in problem["detail"] or "came, " in problem["detail"]
    await nothing_kept(ledger)
    assert await ledger.grants.emitted() == before
    batch = (await ledger.system.get(f"/v1/expenditure-batches/{problem['batch'].rsplit('/', 1)[1]}")).json()
    accounted(batch)
    assert (batch["state"], batch["failure"]["code"]) == ("failed", "control_total_mismatch")
    assert batch["outcomes"]["rejected"]["lines"] == 6
    original = await ledger.system.get(f"/v1/expenditure-batches/{batch['id']}/original")
    assert original.content == content
    right = await ledger.sent(content, expected_lines="6", expected_total_pence="1550")
    assert right["outcomes"]["accepted"]["lines"] == 5


async def test_a_long_file_that_is_not_the_one_meant_fails_with_both_figures(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    content = csv_file(*[(f"A-{n}", "2017-04-03", "Alpha", "1.00") for n in range(3000)])
    batch = await ledger.sent(content, expected_lines="3001", expected_total_pence="300000")
    accounted(batch)
    assert (batch["state"], batch["failure"]["code"]) == ("failed", "control_total_mismatch")
    assert "3,001 lines were expected and 3,000 came, -1" in batch["failure"]["detail"]
    await nothing_kept(ledger)
    right = await ledger.sent(content, expected_lines="3000", expected_total_pence="300000")
    assert right["outcomes"]["accepted"] == {"lines": 3000, "pence": 300000}


async def test_a_total_inside_the_file_that_differs_is_a_finding_and_one_that_agrees_is_none(ledger: Ledger) -> None:
    """Subtotals since the last total and grand totals both agree; what is neither is told with its line."""
    await ledger.defined(simple_profile(total_rows=[{"column": "Reference", "prefix": "total"}]))
    rows = [
        ROWS[0],
        ROWS[1],
        ("Total", "", "", "3.20"),
        ROWS[2],
        ("Total", "", "", "3.10"),
        ("Total all", "", "", "6.30"),
        ("Total wrong", "", "", "6.31"),
        ("Total words", "", "", "see below"),
    ]
    batch = await ledger.sent(csv_file(*rows))
    assert batch["outcomes"]["not_lines"] == {"total_row": 5}
    assert batch["findings"] == [
        {
            "code": "total_differs",
            "line": 8,
            "stated_pence": 631,
            "sum_pence": 630,
            "since_last_total_pence": 0,
            "amount_unreadable_lines": 0,
        }
    ]


async def test_json_lines_are_taken_line_by_line_and_a_bad_one_is_located(ledger: Ledger) -> None:
    """T-57: numbers keep their digits; NaN, broken objects and doubled names are refused, each at its line."""
    await ledger.defined(simple_profile())
    good = {"Reference": "A-1", "Date": "2017-04-03", "Supplier": "Alpha", "Extra": [1]}
    body = "\n".join(
        [
            json.dumps({**good, "Extra": None})[:-1] + ', "Amount": 90071992547.93}',
            "",
            '{"Reference": "A-2", "Date": "2017-04-03", "Supplier": "B", "Amount": NaN}',
            '{"Reference": "A-3", "Date": "2017-04-03", "Supplier": "B", "Amount": 1.5e2}',
            '{"Reference": "A-4", "Date": "2017-04-03", "Supplier": "B", "Amount": 1, "Amount": 2}',
            '{"Reference": "A-5", "Date": "2017-04-03", "Supplier": "B", "Amount": "1.00"',
            json.dumps({**good, "Reference": "A-6"}),
            "[1]",
            '{"Reference": "A-7", "Date": "2017-04-03", "Supplier": "B", "Amount": 1e400}',
        ]
    )
    batch = await ledger.sent(body.encode(), media_type="application/x-ndjson")
    accounted(batch)
    assert batch["outcomes"]["accepted"] == {"lines": 2, "pence": 9007199254793 + 15000}
    errors = await ledger.everything(f"/v1/expenditure-batches/{batch['id']}/errors")
    assert [(error["line"], error["reasons"][0]["code"]) for error in errors] == [
        (3, "record_malformed"),
        (5, "record_malformed"),
        (6, "record_malformed"),
        (7, "record_malformed"),
        (8, "record_malformed"),
        (9, "amount_unreadable"),
    ]
    packed = gzip.compress(body.encode())
    again = await ledger.sent(packed, media_type="application/gzip")
    assert again["media_type"] == "application/x-ndjson"
    assert again["outcomes"]["duplicate"]["lines"] == 2
    original = await ledger.system.get(f"/v1/expenditure-batches/{again['id']}/original")
    assert original.content == packed
    assert original.headers["content-type"] == "application/gzip"


async def test_a_long_json_document_is_read_piece_by_piece(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    lines = [
        {"Reference": f"A-{n}", "Date": "2017-04-03", "Supplier": "Ä" * 200, "Amount": "1.00"} for n in range(4000)
    ]
    answer = await ledger.send(json.dumps({"lines": lines}).encode(), media_type="application/json")
    assert answer.status_code == 202
    await take_in_waiting(ledger.grants.runtime)
    batch = (await ledger.system.get(f"/v1/expenditure-batches/{answer.json()['id']}")).json()
    assert batch["outcomes"]["accepted"] == {"lines": 4000, "pence": 400000}
