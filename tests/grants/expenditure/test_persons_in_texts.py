"""The name of a person who is withheld as payee stands in no text of any other row of that publisher (T-63)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from services.grants.expenditure.persons import PersonNames
from services.grants.expenditure.tables import LedgerEntry
from shared.events.grants import ExpenditureRecorded, LedgerLine
from tests.grants.expenditure.conftest import Ledger, accounted, csv_file, simple_profile

HEAD = ("Reference", "Date", "Supplier", "Amount", "Kind", "Purpose", "Category", "Unit")
FIELDS = {
    **simple_profile()["fields"], "party_kind": {"column": "Kind"}, "purpose": {"column": "Purpose"},
    "category": {"column": "Category"}, "unit": {"column": "Unit"},
}  # fmt: skip
PERSON = ("P-1", "2017-04-03", "Mrs Mary Example", "612.50", "individual", "", "Fares", "")
SPELLINGS = (
    "Taxi for Mary Example", "MARY EXAMPLE, fares", "Example, Mary: fares", "Mary\u00a0Example", "Mary  Example",
    "Ma\u00adry Example", "Mary\u200bExample", "\u200eMary Example\u200e", "Mary Example's chair",
    "Mary Example\u2019s chair", "\uff2dary Example", "Mary\tExample", "mary.example, twice", "Mrs. Mary  Example",
)  # fmt: skip
OTHERS = ("Mary Road works", "Example of work", "Marys Examples", "Mary and John Example", "Fares")


def firm(reference: str, purpose: str, category: str = "", unit: str = "") -> tuple[str, ...]:
    return (reference, "2017-04-03", "Alder Ltd", "812.50", "organisation", purpose, category, unit)


async def lines(ledger: Ledger) -> dict[str, LedgerLine]:
    sent = [line for event in await ledger.grants.emitted(ExpenditureRecorded) for line in event.lines]
    return {line.line_key: line for line in sent}


@pytest.fixture
async def told(ledger: Ledger) -> Ledger:
    await ledger.defined(simple_profile(fields=FIELDS))
    return ledger


@pytest.mark.parametrize("order", ["before", "behind", "earlier file"])
async def test_a_name_is_withheld_in_every_text_and_spelling_whatever_the_order(told: Ledger, order: str) -> None:
    """T-63: in the same file before the person's own line or behind it, and in a later file."""
    rows = [firm(f"S-{number}", text) for number, text in enumerate(SPELLINGS)]
    rows += [firm("C", "", "For Mary Example"), firm("U", "", "", "Office of Mary Example")]
    rows += [firm(f"O-{number}", text) for number, text in enumerate(OTHERS)]
    if order == "earlier file":
        await told.sent(csv_file(PERSON, header=HEAD))
        batch = await told.sent(csv_file(*rows, header=HEAD))
    else:
        batch = await told.sent(csv_file(*([PERSON, *rows] if order == "before" else [*rows, PERSON]), header=HEAD))
    accounted(batch)
    assert [one for one in batch["findings"] if one["code"] == "name_published_before"] == []
    found = await lines(told)
    for number, text in enumerate(SPELLINGS):
        line = found[f"S-{number}"]
        assert (line.purpose, "name_in_purpose" in line.flags) == (None, True), text
        assert line.party.name == "Alder Ltd"
    assert (found["C"].category, found["U"].unit) == (None, None)
    for number, text in enumerate(OTHERS):
        assert found[f"O-{number}"].purpose == text


async def test_a_long_file_is_read_again_where_a_name_comes_behind_rows_that_hold_it(told: Ledger) -> None:
    """T-63: the rows above were on their way already."""
    rows = [
        firm(f"S-{number}", "Fares" if number % 500 else f"Taxi {number} for Mary Example") for number in range(1500)
    ]
    batch = await told.sent(csv_file(*rows, PERSON, header=HEAD))
    assert (batch["state"], batch["outcomes"]["accepted"]["lines"]) == ("completed", 1501)
    accounted(batch)
    assert batch["findings"] == []
    assert batch["flags"]["name_in_purpose"] == 3
    events = await told.grants.emitted(ExpenditureRecorded)
    assert "Mary" not in "".join(event.canonical().decode() for event in events)
    assert sum(len(event.lines) for event in events) == 1501


async def test_rows_that_left_before_are_a_finding_until_a_person_corrects_them(told: Ledger) -> None:
    """T-63: entries are named, the name is not; what is corrected no longer waits."""
    await told.sent(csv_file(firm("S-1", "Taxi for Mary Example"), firm("S-2", "Fares"), header=HEAD))
    batch = await told.sent(csv_file(PERSON, header=HEAD))
    [finding] = batch["findings"]
    left = (await lines(told))["S-1"]
    assert (finding["code"], finding["lines"], finding["entries"]) == ("name_published_before", 1, [str(left.entry_id)])
    assert "Mary" not in str(batch["findings"])
    waiting = await awaiting(told)
    assert [(item["count"], item["href"].endswith(batch["id"])) for item in waiting] == [(1, True)]
    body = {"reason": "names a person", "unit": "Fleet"}
    answer = await told.finance.post(f"/v1/expenditure-lines/{left.entry_id}/corrections", json=body)
    assert answer.status_code == 201, answer.text
    assert await awaiting(told) == []
    corrected = [line for line in (await lines(told)).values() if line.replaces is not None]
    assert [(line.purpose, line.unit) for line in corrected] == [(None, "Fleet")]


async def awaiting(ledger: Ledger) -> list[dict[str, Any]]:
    answer = await ledger.finance.get("/v1/awaiting", params={"what": "name_published_before"})
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_a_manual_entry_is_held_to_the_same(told: Ledger) -> None:
    """T-63: a public payee's line does not name the person, and a person's line finds the rows that left."""
    await told.sent(csv_file(firm("S-1", "Taxi for John Sample"), PERSON, header=HEAD))
    entry = {
        "organisation": "salford", "payment_date": "2017-05-02", "net_pence": 100_000,
        "party": {"kind": "organisation", "name": "Beech Ltd"}, "purpose": "Chair for Mary Example",
    }  # fmt: skip
    assert (await told.finance.post("/v1/expenditure-lines", json=entry)).status_code == 201
    person = {**entry, "party": {"kind": "individual", "name": "Sample, John"}, "purpose": "Care"}
    assert (await told.finance.post("/v1/expenditure-lines", json=person)).status_code == 201
    found = (await lines(told)).values()
    assert [line.purpose for line in found if line.party.name == "Beech Ltd"] == [None]
    assert [item["count"] for item in await awaiting(told)] == [1]


async def test_names_of_others_are_no_names(told: Ledger) -> None:
    """T-63: one word is too little, a redacted name is none, another organisation's persons are theirs, and a payee of
    unknown kind is mostly a firm."""
    await told.register("other")
    await told.sent(csv_file(PERSON, header=HEAD), organisation="other")
    rows = [
        ("K-1", "2017-04-03", "Example", "1.00", "individual", "", "", ""),
        ("K-2", "2017-04-03", "Royal Mail", "1.00", "unknown", "", "", ""),
        ("K-3", "2017-04-03", "A Be", "1.00", "staff", "", "", ""),
        firm("S-1", "Taxi for Mary Example, by Royal Mail; a be"),
    ]
    batch = await told.sent(csv_file(*rows, header=HEAD))
    assert batch["findings"] == []
    assert (await lines(told))["S-1"].purpose == rows[-1][5]


async def test_the_ledger_keeps_the_text_for_those_who_see_names(told: Ledger) -> None:
    """Section 7: nothing is lost; who may not see names does not see the text."""
    await told.sent(csv_file(PERSON, firm("S-1", "Taxi for Mary Example"), header=HEAD))
    async with told.grants.session() as session:
        kept = (await session.exec(select(LedgerEntry).where(LedgerEntry.line_key == "S-1"))).one()
    assert kept.purpose == "Taxi for Mary Example"
    path = f"/v1/expenditure-lines/{kept.entry_id}"
    assert (await told.finance.get(path)).json()["purpose"] == "Taxi for Mary Example"
    assert (await told.grants.as_("grants:read").get(path)).json()["purpose"] is None


@pytest.mark.parametrize(
    ("name", "text", "stands"),
    [
        ("Dr Ann-Marie O'Neill", "for Ann Marie ONeill", True),
        ("Jos\u00e9 Mu\u00f1oz", "JOSE MUNOZ fares", True),
        ("Example, Mary Jane", "Mary Jane Example", True),
        ("J Example", "J. Example, fares", True),
        ("Mary Example", "Mary J Example", False),
        ("Mr Example", "Mr Example", False),
        ("Mary Example", "Mary, Example", True),
        ("12 34", "12 34", False),
    ],
)
def test_a_whole_name_is_looked_for(name: str, text: str, stands: bool) -> None:
    """T-63."""
    assert PersonNames([name]).stand_in(text) is stands
