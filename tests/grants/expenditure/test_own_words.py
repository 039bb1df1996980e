"""Identity is the source's own words: what a profile makes of a cell tells no lines apart, and makes none the same."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from tests.grants.expenditure.conftest import Ledger, accounted, csv_file, simple_profile

FIELDS = simple_profile()["fields"]
PART = {"form": "{value} ({other})", "split_at": "last"}


def counted(**changes: Any) -> dict[str, Any]:
    return simple_profile(name="counted", identity={"kind": "counted"}, **changes)


def with_field(**fields: Any) -> dict[str, Any]:
    return {**FIELDS, **fields}


TWO_ROWS = ("A-1", "2017-04-03", "Alpha Ltd (10234)", "100.00", "x", "y"), (
    "A-1", "2017-04-03", "Alpha Ltd (99999)", "100.00", "x", "y",
)  # fmt: skip
WIDE = ("Reference", "Date", "Supplier", "Amount", "First", "Second")


@pytest.mark.parametrize("named", [None, ["Date", "Amount", "Supplier"]], ids=["all used", "columns named"])
@pytest.mark.parametrize(
    ("fields", "second"),
    [
        (with_field(party_name={"column": "Supplier", "part": PART}), {2: "Alpha Ltd (99999)"}),
        (with_field(party_name={"join": ["Supplier", "First"]}), {4: "", 2: "Alpha Ltd (10234) x"}),
        (with_field(party_name={"first_of": ["Supplier", "Second"]}), {5: "another"}),
        (with_field(purpose={"column": "First", "values": {"x": "Hire", "z": "Hire"}}), {4: "z"}),
        (with_field(purpose={"column": "First", "when_blank": "x"}), {4: ""}),
        (with_field(payment_date={"first_of": ["Date", "Second"]}), {5: "2017-04-09"}),
        (with_field(amount={"first_of": ["Amount", "Second"]}), {5: "7.00"}),
    ],
    ids=["part", "join", "first_of", "values", "when_blank", "day first_of", "amount first_of"],
)
async def test_lines_that_differ_in_the_source_count_apart_whatever_is_derived(
    ledger: Ledger, fields: dict[str, Any], second: dict[int, str], named: list[str] | None
) -> None:
    """Design section 6: two suppliers on one day with one amount are two lines, in one file and in two."""
    columns = None if named is None else list(dict.fromkeys([*named, *(WIDE[place] for place in second)]))
    identity = {"kind": "counted", **({"columns": columns} if columns else {})}
    await ledger.defined(simple_profile(name="counted", fields=fields, identity=identity))
    first = ["A-1", "2017-04-03", "Alpha Ltd (10234)", "100.00", "x", "y"]
    if "2017" in second.get(5, ""):
        first[5] = "2017-04-04"
    other = [second.get(place, cell) for place, cell in enumerate(first)]
    assert await ledger.outcomes(await ledger.sent(csv_file(first, header=WIDE), "counted")) == ["accepted"]
    batch = await ledger.sent(csv_file(other, header=WIDE), "counted")
    accounted(batch)
    assert await ledger.outcomes(batch) == ["accepted"]
    again = await ledger.sent(csv_file(other, first, header=WIDE), "counted")
    assert await ledger.outcomes(again) == ["duplicate", "duplicate"]


async def test_a_file_sent_in_two_halves_enters_whole(ledger: Ledger) -> None:
    """Design section 6: the number in brackets is the only difference between many of its lines."""
    await ledger.defined(counted(fields=with_field(party_name={"column": "Supplier", "part": PART})))
    rows = [("A-1", "2017-04-03", f"Alpha Ltd ({number})", "100.00") for number in range(40)]
    for half in (rows[:20], rows[20:]):
        batch = await ledger.sent(csv_file(*half), "counted")
        assert batch["outcomes"]["accepted"]["lines"] == 20
    whole = await ledger.sent(csv_file(*reversed(rows)), "counted")
    assert whole["outcomes"]["duplicate"]["lines"] == 40


LATER = [
    {"fields": with_field(party_name={"column": "Supplier", "part": PART})},
    {"fields": with_field(party_name={"join": ["Supplier", "First"]})},
    {"fields": with_field(party_name={"first_of": ["Supplier", "First"]})},
    {"fields": with_field(party_name={"column": "Supplier", "when_blank": "Nobody"})},
    {"fields": with_field(party_name={"column": "Supplier", "values": {"a": "b"}, "otherwise": "{value}"})},
    {"fields": with_field(amount={"first_of": ["Amount", "Second"]})},
    {"fields": with_field(payment_date={"first_of": ["Date", "Second"]})},
    {"parties": {"default_kind": "individual"}},
    {"item_columns": ["First"]},
    {"dates": ["yyyy-mm-dd", "dd/mm/yyyy"]},
    {"amounts": {"thousands": ",", "currency": ["£"]}},
]


@pytest.mark.parametrize("kind", ["keyed", "counted"])
@pytest.mark.parametrize("change", LATER, ids=lambda change: str(change)[:60])
async def test_a_later_version_of_the_profile_doubles_nothing(
    ledger: Ledger, kind: str, change: dict[str, Any]
) -> None:
    """Design section 6: refused, naming a stored line, or every line sent again is known."""
    identity = {"kind": kind, **({"columns": ["Reference"]} if kind == "keyed" else {})}
    await ledger.defined(simple_profile(identity=identity))
    await ledger.sent(csv_file(*TWO_ROWS[:1], header=WIDE))
    answer = await ledger.define(simple_profile(identity=identity, **change))
    again = await ledger.sent(csv_file(*TWO_ROWS[:1], header=WIDE))
    assert await ledger.outcomes(again) == ["duplicate"], answer.text
    assert len(await ledger.everything("/v1/expenditure-lines")) == 1


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"amounts": {"reversed": True}}, "/amounts"),
        ({"amounts": {"unit": "pence"}}, "/amounts"),
        ({"amounts": {"negative_when": [{"column": "First", "equals": "x"}]}}, "/amounts"),
        ({"identity": {"kind": "counted", "columns": ["Date", "Amount"]}}, "/identity"),
        ({"identity": {"kind": "counted", "columns": ["Amount", "Date", "Supplier"]}}, "/identity"),
        ({"fields": with_field(payment_date={"column": "Second"})}, "/fields/payment_date"),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_a_version_that_would_take_a_stored_line_for_another_is_refused_and_names_it(
    ledger: Ledger, change: dict[str, Any], pointer: str
) -> None:
    """Design section 6: naming one such line."""
    columns = ["Date", "Amount", "Supplier"]
    await ledger.defined(simple_profile(identity={"kind": "counted", "columns": columns}))
    batch = await ledger.sent(csv_file(("A-1", "2017-04-03", "Alpha", "12", "x", "2017-05-01"), header=WIDE))
    answer = await ledger.define(simple_profile(**{"identity": {"kind": "counted", "columns": columns}, **change}))
    assert answer.status_code == 409, answer.text
    problem = answer.json()
    assert (problem["errors"][0]["code"], problem["errors"][0]["pointer"]) == ("identity_fixed", pointer)
    assert (problem["batch"], problem["record"], problem["line"]) == (batch["id"], 1, 2)
    assert "line 2 of the file sent on 2026-06-01" in problem["detail"]
    assert "another name" not in problem["detail"]


async def test_a_header_that_changes_is_met_by_alternatives_of_the_columns_of_identity(ledger: Ledger) -> None:
    """Design section 6: fifteen ways to spell a header are one source; items and identity take them as fields do."""
    identity = {"kind": "keyed", "columns": [["Trans No", "Transaction number"], "Line"]}
    items = [["Trans No", "Transaction number"]]
    await ledger.defined(simple_profile(identity={"kind": "keyed", "columns": ["Trans No", "Line"]}))
    row = ("T-1", "1", "2017-04-03", "Alpha", "1.00")
    for number, name in enumerate(("Trans No", "trans_no", "TRANS-NO.", "transno")):
        header = (name, "Line", "Date", "Supplier", "Amount")
        batch = await ledger.sent(csv_file(row, header=header))
        assert await ledger.outcomes(batch) == ["duplicate" if number else "accepted"], name
    answer = await ledger.define(simple_profile(identity=identity, item_columns=items))
    assert answer.status_code == 201, answer.text
    later = await ledger.sent(
        csv_file(row, ("T-2", *row[1:]), header=("Transaction Number", "Line", "Date", "Supplier", "Amount"))
    )
    assert await ledger.outcomes(later) == ["duplicate", "accepted"]


async def test_where_two_headers_differ_in_dividers_only_the_exact_one_is_meant(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    header = ("Reference", "Date", "Supplier", "Amount", "amo-unt", "sup_plier")
    batch = await ledger.sent(csv_file(("A-1", "2017-04-03", "Alpha", "1.00", "9.00", "Beta"), header=header))
    assert batch["outcomes"]["accepted"] == {"lines": 1, "pence": 100}


async def test_a_second_version_before_any_line_counts_by_its_own_columns(ledger: Ledger) -> None:
    """Design section 6: identity is fixed once lines exist, and not before."""
    await ledger.defined(counted(fields=with_field(purpose={"column": "Wrong name"})))
    await ledger.defined(counted(fields=with_field(purpose={"column": "First"})))
    latest = (await ledger.finance.get("/v1/source-profiles/counted")).json()
    assert latest["layout"]["identity"]["columns"] == ["Date", "Amount", "Supplier", "First"]
    batch = await ledger.sent(csv_file(TWO_ROWS[0], header=WIDE), "counted")
    assert await ledger.outcomes(batch) == ["accepted"]


@pytest.mark.parametrize(
    ("columns", "written", "otherwise", "options"),
    [
        (["Reference", "Date"], "03/04/2017", "2017-04-03", {"dates": ["dd/mm/yyyy", "yyyy-mm-dd"]}),
        (["Reference", "Date"], "03/04/2017", "3-Apr-17", {"dates": ["dd/mm/yyyy", "d-mmm-yy"]}),
        (["Reference", "Date"], "03/04/2017", "42828", {"dates": ["dd/mm/yyyy", "excel-serial"]}),
        (["Reference", "Amount"], "1,000.00", "1000", {"amounts": {"thousands": ","}}),
        (["Reference", "Amount"], "(5.00)", "-5.00", {"amounts": {"brackets": True}}),
        (["Reference", "Amount"], "£5.00", "5", {"amounts": {"currency": ["£"]}}),
        (["Reference", "Supplier"], "Alpha  Ltd", "Alpha\u00a0Ltd", {}),
        (["Reference", "Supplier"], "O'Brien", "O\u2019Brien", {}),
    ],
)
async def test_the_same_written_otherwise_in_a_key_is_the_same_line(
    ledger: Ledger, columns: list[str], written: str, otherwise: str, options: dict[str, Any]
) -> None:
    """Design section 6: a day and an amount count by their value, a text as a reader sees it."""
    await ledger.defined(
        simple_profile(**{"dates": ["dd/mm/yyyy"], "identity": {"kind": "keyed", "columns": columns}, **options})
    )
    row = {"Reference": "A-1", "Date": "03/04/2017", "Supplier": "Alpha Ltd", "Amount": "12.00"}
    for number, cell in enumerate((written, otherwise)):
        batch = await ledger.sent(csv_file(list({**row, columns[1]: cell}.values()), header=list(row)))
        assert await ledger.outcomes(batch) == ["duplicate" if number else "accepted"], cell


@pytest.mark.parametrize("kind", ["keyed", "counted"])
@pytest.mark.parametrize(
    "written",
    [
        "INV-77\u200b",
        "\u200eINV-77\u200f",
        "INV\u00ad-77",
        "\ufeffINV-77",
        "INV-77\u00a0",
        "INV\u201177",
        "\u2060INV-77",
    ],
    ids=ascii,
)
async def test_signs_that_nobody_sees_make_no_other_line(ledger: Ledger, kind: str, written: str) -> None:
    """Design section 6: a hidden sign in a key posts no payment twice."""
    columns = ["Reference"] if kind == "keyed" else ["Reference", "Date", "Amount"]
    await ledger.defined(simple_profile(identity={"kind": kind, "columns": columns}, item_columns=["Reference"]))
    await ledger.sent(csv_file(("INV-77", "2017-04-03", "Alpha", "812.50")))
    again = await ledger.sent(csv_file((written, "2017-04-03", "Alpha", "812.50")))
    assert await ledger.outcomes(again) == ["duplicate"]


SAME = csv_file(("A-1", "2017-04-03", "Alpha", "1.00"), ("A-2", "2017-04-03", "Beta", "2.00"))


async def test_bytes_that_came_in_under_another_profile_are_held_whole(ledger: Ledger) -> None:
    """Design section 6: until a person says that they are something else."""
    await ledger.defined(simple_profile())
    await ledger.defined(counted())
    first = await ledger.sent(SAME)
    second = await ledger.sent(SAME, "counted")
    accounted(second)
    assert await ledger.outcomes(second) == ["held", "held"]
    assert [finding for finding in second["findings"] if finding["code"] == "sent_before"] == [
        {"code": "sent_before", "batch": first["id"], "profile": "simple"}
    ]
    held = await ledger.everything("/v1/held-lines")
    assert {reason["code"] for line in held for reason in line["reasons"]} == {"sent_before"}
    assert first["id"] in held[0]["reasons"][0]["detail"]
    assert len(await ledger.everything("/v1/expenditure-lines")) == 2
    again = await ledger.sent(SAME, "counted")
    assert await ledger.outcomes(again) == ["duplicate", "duplicate"]
    decided = await ledger.finance.post(
        f"/v1/expenditure-batches/{second['id']}/held-decisions",
        json={"reason_code": "sent_before", "decision": "accept", "reason": "a ledger of its own"},
    )
    assert decided.status_code == 201, decided.text
    assert len(await ledger.everything("/v1/expenditure-lines")) == 4


@pytest.mark.parametrize("way", ["gzip then plain", "plain then gzip", "gzip twice", "dry run", "other body", "long"])
async def test_it_is_the_bytes_that_are_compared_however_they_are_packed(ledger: Ledger, way: str) -> None:
    """Design section 6."""
    await ledger.register("leeds")
    await ledger.defined(simple_profile())
    await ledger.defined(counted())
    rows = [(f"A-{number}", "2017-04-03", "Alpha", "1.00") for number in range(1_100 if way == "long" else 2)]
    content = csv_file(*rows)
    packed: dict[str, Any] = {"headers": {"Content-Encoding": "gzip"}}
    level = {"gzip twice": 1}.get(way, 9)
    if way == "plain then gzip":
        await ledger.sent(content)
        second = await ledger.sent(gzip.compress(content, 9), "counted", **packed)
    elif way in ("gzip then plain", "gzip twice"):
        await ledger.sent(gzip.compress(content, 9), **packed)
        again = gzip.compress(content, level) if way == "gzip twice" else content
        second = await ledger.sent(again, "counted", **(packed if way == "gzip twice" else {}))
    elif way == "other body":
        await ledger.sent(content, organisation="leeds")
        second = await ledger.sent(content, "counted")
        assert second["outcomes"]["accepted"]["lines"] == 2
        return
    elif way == "dry run":
        await ledger.sent(content, dry_run="true")
        second = await ledger.sent(content, "counted")
        assert second["outcomes"]["accepted"]["lines"] == 2
        return
    else:
        await ledger.sent(content)
        second = await ledger.sent(content, "counted")
    accounted(second)
    assert second["outcomes"]["held"]["lines"] == len(rows)
