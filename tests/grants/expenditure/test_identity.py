"""What makes a line the same line: keys, counted content, corrections, and files sent again."""

from __future__ import annotations

import asyncio

from tests.grants.expenditure.conftest import Ledger, accounted, counted_profile, csv_file, simple_profile

ALPHA = ("A-1", "2017-04-03", "Alpha Ltd", "100.00")
BETA = ("B-1", "2017-04-04", "Beta Ltd", "250.50")


async def test_a_file_sent_again_is_all_duplicates_and_makes_no_event(ledger: Ledger) -> None:
    """§6: an identical re-send is harmless."""
    await ledger.defined(simple_profile())
    first = await ledger.sent(csv_file(ALPHA, BETA))
    assert first["outcomes"]["accepted"] == {"lines": 2, "pence": 35050}
    events = await ledger.grants.emitted()
    again = await ledger.sent(csv_file(ALPHA, BETA))
    accounted(again)
    assert again["outcomes"]["duplicate"] == {"lines": 2, "pence": 35050}
    assert again["id"] != first["id"]
    assert await ledger.grants.emitted() == events
    assert len(await ledger.everything("/v1/expenditure-lines")) == 2


async def test_the_same_key_with_other_content_is_a_conflict_and_overwrites_nothing(ledger: Ledger) -> None:
    """§6: differing fields are named."""
    await ledger.defined(simple_profile())
    await ledger.sent(csv_file(ALPHA))
    changed = await ledger.sent(csv_file(("A-1", "2017-04-05", "Alpha Ltd", "120.00"), BETA))
    accounted(changed)
    assert await ledger.outcomes(changed) == ["conflict", "accepted"]
    [error] = await ledger.everything(f"/v1/expenditure-batches/{changed['id']}/errors")
    [reason] = error["reasons"]
    assert reason["code"] == "content_differs"
    assert reason["fields"] == ["net_pence", "payment_date"]
    [stored] = [line for line in await ledger.everything("/v1/expenditure-lines") if line["line_key"] == "A-1"]
    assert (stored["net_pence"], stored["payment_date"]) == (10000, "2017-04-03")
    assert error["entry_id"] == stored["entry_id"]


async def test_a_key_twice_in_one_file_is_a_duplicate_or_a_conflict(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    batch = await ledger.sent(csv_file(ALPHA, ALPHA, ("A-1", "2017-04-03", "Alpha Ltd", "100.01")))
    accounted(batch)
    assert await ledger.outcomes(batch) == ["accepted", "duplicate", "conflict"]


async def test_another_way_of_writing_the_same_amount_is_the_same_line(ledger: Ledger) -> None:
    await ledger.defined(simple_profile(amounts={"thousands": ","}))
    await ledger.sent(csv_file(("A-1", "2017-04-03", "Alpha Ltd", "1,000.00")))
    again = await ledger.sent(csv_file(("A-1", "2017-04-03", "Alpha Ltd ", "1000")))
    assert await ledger.outcomes(again) == ["duplicate"]


async def test_a_new_layout_of_the_same_source_does_not_turn_known_lines_into_conflicts(ledger: Ledger) -> None:
    """§6: fields that only the layout reads otherwise are not the line's own content."""
    await ledger.defined(simple_profile())
    await ledger.sent(csv_file(ALPHA))
    fields = {**simple_profile()["fields"], "purpose": {"column": "Purpose", "optional": True}}
    await ledger.defined(simple_profile(fields=fields, parties={"default_kind": "sole_trader"}))
    batch = await ledger.sent(csv_file(ALPHA))
    assert (batch["profile_version"], await ledger.outcomes(batch)) == (2, ["duplicate"])


async def test_keys_are_unique_within_organisation_and_source_only(ledger: Ledger) -> None:
    """§6."""
    await ledger.register("leeds")
    await ledger.defined(simple_profile())
    await ledger.defined(simple_profile(name="other"))
    await ledger.sent(csv_file(ALPHA))
    assert await ledger.outcomes(await ledger.sent(csv_file(ALPHA), organisation="leeds")) == ["accepted"]
    # The very same bytes would be held: they came in under another name before.
    assert await ledger.outcomes(await ledger.sent(csv_file(ALPHA, BETA), "other")) == ["accepted", "accepted"]


async def test_key_columns_cannot_run_into_each_other(ledger: Ledger) -> None:
    identity = {"kind": "keyed", "columns": ["Reference", "Supplier"]}
    await ledger.defined(simple_profile(identity=identity))
    batch = await ledger.sent(csv_file(("A|B", "2017-04-03", "C", "1.00"), ("A", "2017-04-03", "B|C", "1.00")))
    assert await ledger.outcomes(batch) == ["accepted", "accepted"]


async def test_a_line_without_its_key_is_rejected(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    batch = await ledger.sent(csv_file(("", "2017-04-03", "Alpha Ltd", "1.00")))
    [error] = await ledger.everything(f"/v1/expenditure-batches/{batch['id']}/errors")
    assert [(reason["code"], reason["column"]) for reason in error["reasons"]] == [("key_missing", "Reference")]


async def test_identical_lines_of_one_file_all_count(ledger: Ledger) -> None:
    """§6, counted identity: occurrences of identical content count inside one file."""
    await ledger.defined(counted_profile())
    batch = await ledger.sent(csv_file(ALPHA, ALPHA, BETA, ALPHA), "counted")
    accounted(batch)
    assert batch["outcomes"]["accepted"] == {"lines": 4, "pence": 55050}
    again = await ledger.sent(csv_file(BETA, ALPHA, ALPHA, ALPHA), "counted")
    assert await ledger.outcomes(again) == ["duplicate"] * 4


async def test_more_of_a_known_content_is_held_as_a_possible_duplicate(ledger: Ledger) -> None:
    """§6, counted identity: up to the stored number duplicate; beyond it held, where an earlier batch holds it."""
    await ledger.defined(counted_profile())
    await ledger.sent(csv_file(ALPHA), "counted")
    more = await ledger.sent(csv_file(ALPHA, ALPHA, BETA), "counted")
    accounted(more)
    assert await ledger.outcomes(more) == ["duplicate", "held", "accepted"]
    [held] = await ledger.everything("/v1/held-lines")
    assert [reason["code"] for reason in held["reasons"]] == ["possible_duplicate"]
    assert (held["amount_pence"], held["entry"]["net_pence"], held["batch_id"]) == (10000, 10000, more["id"])
    again = await ledger.sent(csv_file(ALPHA, ALPHA, BETA), "counted")
    assert await ledger.outcomes(again) == ["duplicate"] * 3
    assert len(await ledger.everything("/v1/held-lines")) == 1


async def test_a_file_that_mends_rejected_lines_brings_new_occurrences(ledger: Ledger) -> None:
    """§6: `corrects` says that equal content is new; the mended file sent twice still counts once."""
    await ledger.defined(counted_profile())
    broken = ("A-1", "2017-04-31", "Alpha Ltd", "100.00")
    first = await ledger.sent(csv_file(ALPHA, broken, broken), "counted")
    assert await ledger.outcomes(first) == ["accepted", "rejected", "rejected"]
    mended = await ledger.sent(csv_file(ALPHA, ALPHA), "counted", corrects=first["id"])
    accounted(mended)
    assert await ledger.outcomes(mended) == ["accepted", "accepted"]
    again = await ledger.sent(csv_file(ALPHA, ALPHA), "counted", corrects=first["id"])
    assert await ledger.outcomes(again) == ["duplicate", "duplicate"]
    whole = await ledger.sent(csv_file(ALPHA, ALPHA, ALPHA), "counted")
    assert await ledger.outcomes(whole) == ["duplicate"] * 3


async def test_a_whole_file_sent_as_its_own_correction_doubles_nothing(ledger: Ledger) -> None:
    """§6: as many equal lines are new as were rejected; what the ledger holds beyond that waits for a person."""
    await ledger.defined(counted_profile())
    broken = ("B-1", "2017-04-31", "Beta Ltd", "50.00")
    good = ("B-1", "2017-04-30", "Beta Ltd", "50.00")
    first = await ledger.sent(csv_file(ALPHA, broken, ALPHA), "counted")
    assert await ledger.outcomes(first) == ["accepted", "rejected", "accepted"]
    whole = await ledger.sent(csv_file(ALPHA, good, ALPHA), "counted", corrects=first["id"])
    accounted(whole)
    assert await ledger.outcomes(whole) == ["held", "accepted", "held"]
    assert {line["reasons"][0]["code"] for line in await ledger.everything("/v1/held-lines")} == {"possible_duplicate"}
    later = await ledger.sent(csv_file(ALPHA), "counted", corrects=first["id"])
    assert await ledger.outcomes(later) == ["duplicate"]


async def test_a_correction_names_a_finished_batch_of_the_same_ledger_and_source(ledger: Ledger) -> None:
    await ledger.register("leeds")
    await ledger.defined(counted_profile())
    await ledger.defined(simple_profile())
    first = await ledger.sent(csv_file(ALPHA), "counted")
    other = await ledger.send(csv_file(ALPHA), "counted", organisation="leeds", corrects=first["id"])
    assert other.status_code == 404
    source = await ledger.send(csv_file(ALPHA), "simple", corrects=first["id"])
    assert (source.status_code, source.json()["errors"][0]["code"]) == (409, "not_correctable")


async def test_lines_of_one_invoice_are_numbered_across_files(ledger: Ledger) -> None:
    """T-12: a line's number within its item is unique and stable."""
    await ledger.defined(counted_profile())
    await ledger.sent(csv_file(ALPHA, ("A-1", "2017-04-03", "Alpha Ltd", "7.00")), "counted")
    await ledger.sent(csv_file(("A-1", "2017-05-03", "Alpha Ltd", "9.00"), BETA), "counted")
    lines = await ledger.everything("/v1/expenditure-lines")
    numbers = {(line["item_id"], line["line_no"]) for line in lines}
    assert sorted(line["line_no"] for line in lines) == [1, 1, 2, 3]
    assert len(numbers) == 4
    assert not any("A-1" in line["item_id"] for line in lines)


async def test_the_same_lines_sent_by_several_clients_at_once_count_once(ledger: Ledger) -> None:
    """§6: merges of one organisation and source run one at a time."""
    for name, profile in (("simple", simple_profile()), ("counted", counted_profile())):
        await ledger.defined(profile)
        rows = [(f"{name}-{number}", "2017-04-03", "Alpha Ltd", "1.00") for number in range(1000)]
        # The same lines in another order: the very same bytes would already wait for one another as a stored file.
        files = [csv_file(*rows[start:], *rows[:start]) for start in range(6)]
        answers = await asyncio.gather(*(ledger.send(file, name) for file in files))
        assert [answer.status_code for answer in answers] == [201] * 6, [answer.text for answer in answers]
        batches = [answer.json()["outcomes"] for answer in answers]
        assert sorted(batch["accepted"]["lines"] for batch in batches) == [0, 0, 0, 0, 0, 1000]
        assert sum(batch["duplicate"]["lines"] for batch in batches) == 5000


async def test_the_header_is_found_whatever_its_case_and_spaces(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    header = ("\ufeff REFERENCE", "date ", "Supplier", "AMOUNT")
    assert await ledger.outcomes(await ledger.sent(csv_file(ALPHA, header=header))) == ["accepted"]


async def test_occurrences_are_counted_across_the_slices_of_a_long_file(ledger: Ledger) -> None:
    """§6: a long file is merged slice by slice, and counts as one."""
    await ledger.defined(counted_profile())
    rows = [(f"A-{number % 40}", "2017-04-03", "Alpha Ltd", "1.00") for number in range(22_000)]
    first = await ledger.sent(csv_file(*rows), "counted")
    accounted(first)
    assert first["outcomes"]["accepted"]["lines"] == 22_000
    again = await ledger.sent(csv_file(*rows, rows[0], rows[0], BETA), "counted")
    accounted(again)
    assert again["outcomes"]["duplicate"]["lines"] == 22_000
    assert (again["outcomes"]["held"]["lines"], again["outcomes"]["accepted"]["lines"]) == (2, 1)
    mended = await ledger.sent(csv_file(*rows), "counted", corrects=first["id"])
    accounted(mended)
    assert mended["outcomes"]["held"]["lines"] == 22_000
    mended = await ledger.sent(csv_file(*rows), "counted", corrects=first["id"])
    assert mended["outcomes"]["duplicate"]["lines"] == 22_000


async def test_a_key_that_comes_again_in_a_later_slice_is_known(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    rows = [(f"A-{number}", "2017-04-03", "Alpha Ltd", "1.00") for number in range(11_000)]
    changed = ("A-1", "2017-04-03", "Alpha Ltd", "2.00")
    batch = await ledger.sent(csv_file(*rows, rows[0], changed))
    accounted(batch)
    outcomes = batch["outcomes"]
    assert [outcomes[name]["lines"] for name in ("accepted", "duplicate", "conflict")] == [11_000, 1, 1]


async def test_one_bad_line_far_behind_still_keeps_a_whole_batch_out(ledger: Ledger) -> None:
    """§6: on_error=reject_batch."""
    await ledger.defined(simple_profile())
    rows = [(f"A-{number}", "2017-04-03", "Alpha Ltd", "1.00") for number in range(11_000)]
    batch = await ledger.sent(csv_file(*rows, ("A", "x", "Alpha", "1.00")), on_error="reject_batch")
    accounted(batch)
    assert (batch["state"], batch["outcomes"]["rejected"]["lines"]) == ("failed", 11_001)
    assert await ledger.everything("/v1/expenditure-lines") == []


async def test_a_file_saved_again_with_other_line_breaks_in_its_cells_doubles_nothing(ledger: Ledger) -> None:
    """§6: runs of white space count as one in the content that is compared."""
    await ledger.defined(counted_profile())
    for number, name in enumerate(('"a\r\nb"', '"a\nb"', "a b", "a  b", '"a\rb"')):
        content = f"Reference,Date,Supplier,Amount\nA-1,2017-04-03,{name},1.00\n"
        batch = await ledger.sent(content.encode(), "counted")
        assert await ledger.outcomes(batch) == ["duplicate" if number else "accepted"], name
