"""Finance exports as public bodies published them, every row of every file."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest

from deploy.demo.steps.spend import export_files
from services.grants.expenditure.profile import complete
from services.grants.expenditure.reader import FileReader, FileToRead, encoding_of
from shared.events.grants import ExpenditureRecorded
from tests.grants.expenditure.conftest import SPEND, Ledger, accounted, real_profile

pytestmark = pytest.mark.skipif(
    not SPEND.is_dir(), reason=f"real finance exports are not at {SPEND}; set OUTTURN_SPEND_DIR"
)


@dataclass(frozen=True)
class Publisher:
    profile: str
    files: str
    amount: str
    encoding: str = "utf-8"
    organisation: str = "salford"


PUBLISHERS = (
    Publisher("salford", "salford/*.csv", "Net"),
    Publisher("gla", "gla/*.csv", "Amount"),
    Publisher("calderdale-invoices", "calderdale/[0-9][0-9][0-9][0-9]-[0-9][0-9].csv", "Amount"),
    Publisher("calderdale-cards", "calderdale/*-card.csv", "Net Amount"),
    Publisher("leeds-2010", "leeds/2010-12.csv", "Net amount"),
    Publisher("leeds-2011", "leeds/2011-03.csv", "Net amount"),
    Publisher("leeds-2020", "leeds/2020-06.csv", "Amount", "cp1252"),
)


def expected(data: bytes, publisher: Publisher) -> tuple[int, int, int]:
    """Lines, pence and blank records, worked out from the file alone."""
    rows = list(csv.reader(io.StringIO(data.decode(publisher.encoding), newline="")))
    place = rows[0].index(publisher.amount)
    lines = [row for row in rows[1:] if any(cell.strip() for cell in row)]
    total = Decimal(0)
    for row in lines:
        text = row[place].strip().replace(",", "")
        total += -Decimal(text[1:-1]) if text.startswith("(") else Decimal(text)
    return len(lines), int(total * 100), len(rows) - 1 - len(lines)


@pytest.mark.parametrize("publisher", PUBLISHERS, ids=lambda publisher: publisher.profile)
async def test_every_row_and_penny_of_a_real_export_is_accounted_for(ledger: Ledger, publisher: Publisher) -> None:
    """§6, G-28: each row has an outcome, the pence are the file's own, and a second sending changes nothing."""
    files = sorted(SPEND.glob(publisher.files))
    assert files
    await ledger.defined(real_profile(publisher.profile))
    for path in files:
        data = path.read_bytes()
        lines, pence, blank = expected(data, publisher)
        batch = await ledger.sent(data, publisher.profile)
        accounted(batch)
        outcomes = batch["outcomes"]
        assert batch["state"] == "completed"
        assert outcomes["received"] == {"lines": lines, "pence": pence}, path.name
        assert outcomes["accepted"] == {"lines": lines, "pence": pence}, path.name
        assert outcomes["not_lines"].get("blank", 0) == blank
    events = await lines_told(ledger)
    for path in files:
        batch = await ledger.sent(path.read_bytes(), publisher.profile)
        accounted(batch)
        assert batch["outcomes"]["duplicate"] == batch["outcomes"]["received"], path.name
    assert await lines_told(ledger) == events


async def lines_told(ledger: Ledger) -> list[Any]:
    """Every line that left; that a file is on its way is said of each file that the worker takes in."""
    return list(await ledger.grants.emitted(ExpenditureRecorded))


def test_no_real_export_is_refused_for_the_days_of_its_name() -> None:
    """T-51: what lies outside the month or period is a finding; two statements of cards hold nothing but that."""
    outside = {}
    for export in export_files(SPEND):
        layout = real_profile(export.layout)
        layout.pop("name")
        file = FileToRead(
            path=str(export.path),
            media_type="text/csv",
            gzipped=False,
            encoding="utf-8",
            layout=complete(layout),
            source=export.layout,
            today="2026-06-01",
            covers=[day.isoformat() for day in export.covers],
        )
        reader = FileReader(replace(file, encoding=encoding_of(file)))
        for _ in reader.blocks():
            pass
        outside[export.name] = sum(finding.get("outside", 0) for finding in reader.tally.findings)
        found = {finding["code"] for finding in reader.tally.findings}
        assert found <= {"lines_outside_days_covered", "text_decoded_twice"}, export.name
    assert len(outside) == 33
    assert (outside["calderdale/2017-05-card.csv"], outside["leeds/2020-06.csv"]) == (355, 3993)
    assert not any(lines for name, lines in outside.items() if name.startswith("salford/"))
