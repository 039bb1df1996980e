"""What differs between two editions, as anyone can read it."""

from __future__ import annotations

import csv
import io
from typing import Any

from services.transparency.editions import differences
from shared.events.transparency import DatasetCorrected
from tests.harness import Running
from tests.transparency.facts import at, batch, correction, line
from tests.transparency.test_editions import OPEN, Q1, check, ledger, publish


async def test_a_correction_is_the_next_edition_with_one_entry_and_the_first_stays_as_it_was(
    transparency: Running,
) -> None:
    """T-49, worked example 14: 12,340.00, a row goes 1,200.00 to 1,020.00: 12,160.00, a diff of one entry."""
    wrong, other = line(120_000, vat_pence=0), line(1_114_000)
    await ledger(transparency, wrong, other)
    first = await publish(transparency)
    assert first["total_pence"] == 1_234_000
    reader = transparency.anonymous
    bytes_of_first = (await reader.get(f"{OPEN}/v1/spend.csv")).content
    transparency.clock.set(at("2018-06-02T09:00"))
    # The ledger numbers the correction behind the item's last line; the public key stays that of the root (T-12).
    await transparency.receive(*batch(*correction(wrong, 102_000, line_no=3), by_hand=True))
    second = await publish(transparency, change_note="The invoice was keyed wrongly.", fault_found_on="2018-05-30")
    assert (second["total_pence"], second["change_kind"]) == (1_216_000, "correction")
    answer = await reader.get(f"{Q1}/diff?from=1&to=2")
    assert answer.status_code == 200, answer.text
    (entry,) = answer.json()["items"]
    assert (entry["field"], entry["old"], entry["new"]) == ("amount_pence", 120_000, 102_000)
    assert (entry["change"], entry["reason"]) == ("changed", "The invoice was keyed wrongly.")
    assert entry["at"] == second["published_at"] == "2018-06-02T09:00:00Z"
    (row,) = csv.DictReader(io.StringIO((await reader.get(f"{OPEN}/v2/changes.csv")).text))
    assert (row["RowID"], row["Field"], row["OldValue"], row["NewValue"]) == (
        entry["row_id"],
        "amount_pence",
        "120000",
        "102000",
    )
    assert (await reader.get(f"{Q1}/diff.csv?from=1&to=2")).text == (await reader.get(f"{OPEN}/v2/changes.csv")).text
    assert (await reader.get(f"{OPEN}/v1/spend.csv")).content == bytes_of_first
    between = (await reader.get(Q1, params={"as_at": "2018-06-01T20:00:00Z"})).json()
    assert (between["edition"], between["sha256"]) == (1, first["sha256"])
    (old, new) = [(await reader.get(f"{OPEN}/v{number}/spend.csv")).text for number in (1, 2)]
    assert [row["LineNumber"] for row in csv.DictReader(io.StringIO(old))] == ["1", "1"]
    assert [row["LineNumber"] for row in csv.DictReader(io.StringIO(new))] == ["1", "1"]
    (event,) = await transparency.emitted(DatasetCorrected)
    assert (event.changes, event.change_kind) == (1, "correction")


async def test_rows_that_come_and_go_are_one_entry_each(transparency: Running) -> None:
    """T-49, T-50."""
    gone = line(90_000)
    await ledger(transparency, gone, line(80_000))
    await publish(transparency)
    await transparency.receive(*batch(*correction(gone, 40_000), by_hand=True))
    await transparency.receive(*batch(line(70_000), covers=("2017-04-01", "2017-06-30")))
    await publish(transparency, change_note="One too many, one too few.")
    found = (await transparency.anonymous.get(f"{Q1}/diff?from=1&to=2")).json()
    assert sorted((item["change"], item["field"]) for item in found["items"]) == [("added", None), ("removed", None)]
    assert found["entries"] == 2


async def test_who_approves_reads_the_draft_and_what_differs_before_and_nobody_else_does(transparency: Running) -> None:
    """Domain section 9, item 7: diff and privacy lint before publication."""
    wrong = line(120_000)
    await ledger(transparency, wrong, line(90_000))
    await publish(transparency)
    await transparency.receive(*batch(*correction(wrong, 102_000), by_hand=True))
    checked = await check(transparency, change_note="The invoice was keyed wrongly.")
    approver = transparency.as_("transparency:approver", sub="person:abe")
    draft = await approver.get(f"{OPEN}/v2/spend.csv")
    assert (draft.status_code, "1020.00" in draft.text, draft.headers["cache-control"]) == (
        200,
        True,
        "private, no-store",
    )
    (entry,) = (await approver.get(f"{Q1}/diff?from=1&to=2")).json()["items"]
    assert (entry["field"], entry["old"], entry["new"], entry["at"]) == ("amount_pence", 120_000, 102_000, None)
    elsewhere = transparency.as_("transparency:approver", sub="person:eve", organisations=["partner"])
    for reader in (transparency.anonymous, elsewhere):
        for path in (f"{OPEN}/v2/spend.csv", f"{Q1}/diff?from=1&to=2", f"{Q1}/editions/2"):
            assert (await reader.get(path)).status_code == 404, path
        assert [item["edition"] for item in (await reader.get(f"{Q1}/editions")).json()["items"]] == [1]
    assert (await elsewhere.get(f"{Q1}/drafts/2")).status_code == 404
    assert checked["files"]


async def test_a_dataset_lists_the_edition_in_force_of_each_period(transparency: Running) -> None:
    """Design section 10."""
    await ledger(transparency, line(90_000))
    await transparency.receive(*batch(line(70_000, paid="2017-08-01"), covers=("2017-07-01", "2017-09-30")))
    await publish(transparency)
    await publish(transparency, Q1.replace("q1", "q2"))
    found = (await transparency.anonymous.get("/v1/datasets/body/spend")).json()
    assert [(item["period"], item["edition"]) for item in found["items"]] == [("2017-18-q2", 1), ("2017-18-q1", 1)]
    assert (found["cadence"], found["links"]["page"].endswith("/v1/datasets/body/spend.html")) == ("quarter", True)
    assert (await transparency.anonymous.get("/v1/datasets/body/contracts")).status_code == 404


async def test_a_comparison_names_two_editions_in_order(transparency: Running) -> None:
    """Design section 5: an error says which value is wrong and what to do."""
    await ledger(transparency, line(90_000))
    await publish(transparency)
    reader = transparency.anonymous
    same = await reader.get(f"{Q1}/diff?from=1&to=1")
    assert (same.status_code, same.json()["errors"][0]["code"]) == (422, "wrong_order")
    assert "name the earlier edition in from" in same.json()["detail"]
    assert (await reader.get(f"{Q1}/diff?from=1&to=2")).status_code == 404


def test_of_a_row_that_is_withheld_now_no_old_value_is_repeated(tmp_path: Any) -> None:
    """T-19, T-52: and the earlier edition is known to show it."""
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    row = '{"row_id":"%s","beneficiary":%s,"redaction_reason":%s}'
    one, two = "a" * 32, "b" * 32
    before.write_text(
        '{"rows":[\n' + row % (one, '"Jane Doe"', "null") + ",\n" + row % (two, '"Acme"', "null") + "\n]}\n"
    )
    hidden = row % (one, '"REDACTED PERSONAL DATA"', '"INDIVIDUAL_BENEFICIARY"')
    after.write_text('{"rows":[\n' + hidden + ",\n" + row % (two, '"Acme Ltd"', "null") + "\n]}\n")
    rows = differences.compare_all(before, after)
    assert rows == {one: "changed", two: "changed"}
    found = differences.compare(before, after, rows)
    assert found.newly_withheld == 1
    assert "Jane Doe" not in str(found)
    assert {(change.row_id, change.field, change.old) for change in found.changes} == {
        (one, "beneficiary", None),
        (one, "redaction_reason", None),
        (two, "beneficiary", "Acme"),
    }


def test_a_field_taken_away_later_from_a_row_that_was_withheld_in_part_already_is_not_repeated(tmp_path: Any) -> None:
    """T-19, T-52: each field counts by itself."""
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    row = '{"row_id":"%s","beneficiary":%s,"purpose":"REDACTED PERSONAL DATA","redaction_reason":"NAME_IN_TEXT"}'
    one = "a" * 32
    before.write_text('{"rows":[\n' + row % (one, '"Jane Doe"') + "\n]}\n")
    after.write_text('{"rows":[\n' + row % (one, '"REDACTED PERSONAL DATA"') + "\n]}\n")
    found = differences.compare(before, after, {one: "changed"})
    assert (found.newly_withheld, "Jane" in str(found)) == (1, False)
    assert [(change.field, change.old) for change in found.changes] == [("beneficiary", None)]


HIDDEN = ('"REDACTED PERSONAL DATA"', '"SAFETY"')


def test_a_comparison_of_very_many_rows_names_the_rows_alone(tmp_path: Any, monkeypatch: Any) -> None:
    """Memory stays flat; that an earlier edition shows what is withheld now is found out all the same."""
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    row = '{"row_id":"%032d","amount_pence":%d,"beneficiary":%s,"redaction_reason":%s}'
    count = differences.MOST_ROWS + 1
    shown = ('"Acme"', "null")
    old = ",\n".join(row % (number, 1, *shown) for number in range(count))
    new = ",\n".join(row % (number, 2, *(HIDDEN if number < 3 else shown)) for number in range(count))
    before.write_text('{"rows":[\n' + old + "\n]}\n")
    after.write_text('{"rows":[\n' + new + "\n]}\n")
    found = differences.compare(before, after, differences.compare_all(before, after))
    assert (len(found.changes), found.newly_withheld) == (count, 3)
    assert {change.field for change in found.changes} == {None}
