"""Whatever is sent again, in whatever parts, order and version of the profile, the ledger stays what it is."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.grants.expenditure.conftest import Ledger, accounted, csv_file, simple_profile

HEADER = ("Trans No", "Date", "Supplier", "Amount", "VAT Code", "Desc", "Second date")
DAYS = ("03/04/2017", "2017-04-03", "04/04/2017", "5-Apr-17")
SUPPLIERS = ("Alpha Ltd (10234)", "Alpha Ltd (99999)", "Alpha\u00a0Ltd (10234)", "Beta", "", "Mrs  K")
AMOUNTS = ("100.00", "1,000.00", "1000", "-5.00", "(5.00)", "0.1")
NUMBERS = ("A-1", "A-2", "0012", "12", "2.01704E+11", "A-1\u200b", "")
NAMES = ({"column": "Supplier"}, {"column": "Supplier", "part": {"form": "{value} ({other})", "split_at": "last"}},
         {"join": ["Supplier", "Desc"]}, {"first_of": ["Desc", "Supplier"]},
         {"column": "Supplier", "when_blank": "Nobody"},
         {"column": "Supplier", "values": {"Beta": "Gamma"}, "otherwise": "{value}"})  # fmt: skip
DATES = ({"column": "Date"}, {"first_of": ["Date", "Second date"]})


def random_rows(chance: random.Random) -> list[list[str]]:
    """Few different cells, so that many lines are nearly alike and some are the same; all but keys can be read."""
    kinds = (NUMBERS, DAYS, SUPPLIERS, AMOUNTS, ("S", "Z", ""), ("Hire", "hire", ""), ("", "06/04/2017"))
    return [[chance.choice(cells) for cells in kinds] for _ in range(chance.randint(5, 30))]


def random_profile(chance: random.Random, identity: dict[str, Any]) -> dict[str, Any]:
    fields = {
        "payment_date": chance.choice(DATES),
        "amount": {"column": "Amount"},
        "party_name": chance.choice(NAMES),
        **({"purpose": {"column": "Desc"}} if chance.random() < 0.5 else {}),
        **({"category": {"column": "VAT Code", "values": {"S": "Standard"}, "otherwise": "{value}"}}
           if chance.random() < 0.5 else {}),
    }  # fmt: skip
    return simple_profile(
        dates=["dd/mm/yyyy", "yyyy-mm-dd", "d-mmm-yy"],
        amounts={"thousands": ",", "brackets": True, **({"currency": ["£"]} if chance.random() < 0.3 else {})},
        fields=fields,
        identity=identity,
        item_columns=["trans_no"] if chance.random() < 0.5 else [],
    )


def parts(chance: random.Random, rows: list[list[str]]) -> list[list[list[str]]]:
    """The same records in another order and in several files."""
    mixed = chance.sample(rows, len(rows))
    cuts = sorted(chance.sample(range(1, len(rows)), chance.randint(0, 2)))
    return [mixed[start:end] for start, end in zip([0, *cuts], [*cuts, len(rows)], strict=True)]


@pytest.mark.parametrize("seed", range(12))
async def test_sending_again_never_changes_the_ledger(ledger: Ledger, seed: int) -> None:
    """Design section 6: every line and penny has one outcome, and what is sent again changes nothing."""
    chance = random.Random(seed)
    identity: dict[str, Any] = chance.choice(
        [
            {"kind": "keyed", "columns": ["Trans No", "Date"]},
            {"kind": "keyed", "columns": ["Trans No", "Supplier", "Amount"]},
            {"kind": "counted", "columns": ["Date", "Supplier", "Amount", "Desc"]},
            {"kind": "counted"},
        ]
    )
    await ledger.defined(random_profile(chance, identity))
    rows = random_rows(chance)
    first = await ledger.sent(csv_file(*rows, header=HEADER))
    accounted(first)
    assert first["outcomes"]["received"]["lines"] == len(rows)
    before = await entries(ledger)
    assert sum(pence for _, pence in before) == first["outcomes"]["accepted"]["pence"]
    for _ in range(4):
        answer = await ledger.define(random_profile(chance, identity))
        assert answer.status_code in (201, 409), answer.text
        for part in parts(chance, rows):
            again = await ledger.sent(csv_file(*part, header=HEADER))
            accounted(again)
            assert again["outcomes"]["accepted"]["lines"] == 0, (answer.status_code, again["outcomes"])
        assert await entries(ledger) == before


async def entries(ledger: Ledger) -> list[tuple[str, int]]:
    return [(line["entry_id"], line["net_pence"]) for line in await ledger.everything("/v1/expenditure-lines")]
