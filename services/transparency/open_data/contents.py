"""What a page shows of an edition: first rows, largest payees, its metadata, and what the codes in it mean."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from services.transparency.editions import row_lines
from services.transparency.editions.cells import profile
from services.transparency.open_data.rules import Payee, largest_payees

DATA = Path(__file__).parent.parent / "data"

SAMPLE_ROWS = 50
SHORT_NAME = 30
BAR_HEIGHT, BAR_GAP, NAME_HEIGHT = 16, 12, 20

NUMBERS = ("money", "decimal", "integer")


@dataclass(frozen=True)
class Sample:
    """The first rows of an edition's CSV file, as they stand there."""

    header: Sequence[str]
    numeric: Sequence[bool]
    rows: Sequence[Sequence[str]]
    """Columns that are empty in all of these rows are left out."""
    empty: Sequence[str]
    """Heads of those columns."""


@dataclass(frozen=True)
class Bar:
    """A payee's bar: where it stands in the drawing, and how long it is."""

    payee: Payee
    short_name: str
    text_y: int
    bar_y: int
    width_percent: str


def sample(path: Path, dataset: str) -> Sample:
    """The first rows. Blocking; only as much is read as is shown."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        header = next(reader, [])
        rows = list(islice(reader, SAMPLE_ROWS))
    types = {column["header"]: column["type"] for column in profile(dataset)}
    shown = [place for place in range(len(header)) if not rows or any(row[place] for row in rows)]
    return Sample(
        header=[header[place] for place in shown],
        numeric=[types.get(header[place]) in NUMBERS for place in shown],
        rows=[[row[place] for place in shown] for row in rows],
        empty=[name for place, name in enumerate(header) if place not in shown],
    )


@lru_cache(maxsize=256)
def payees(path: Path) -> tuple[Payee, ...]:
    """The largest payees of an edition of spend, from its JSON file, whose bytes never change. Blocking."""
    return tuple(largest_payees(_payees(path)))


def bars(payees: Sequence[Payee]) -> tuple[list[Bar], int]:
    """A bar for each payee with a total above nothing, the longest as wide as the drawing; and the drawing's height."""
    paid = [payee for payee in payees if payee.pence > 0]
    found = []
    step = NAME_HEIGHT + BAR_HEIGHT + BAR_GAP
    for place, payee in enumerate(paid):
        # Thousandths in whole numbers: no float on the way from pence to the drawing.
        thousandths = payee.pence * 1000 // paid[0].pence
        found.append(
            Bar(
                payee=payee,
                short_name=payee.name if len(payee.name) <= SHORT_NAME else f"{payee.name[: SHORT_NAME - 1]}…",
                text_y=place * step + NAME_HEIGHT - 5,
                bar_y=place * step + NAME_HEIGHT,
                width_percent=f"{max(thousandths, 2) // 10}.{max(thousandths, 2) % 10}",
            )
        )
    return found, step * len(paid)


def metadata(path: Path) -> dict[str, Any]:
    """The edition's account of itself, `edition.json`. Blocking."""
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


@cache
def exclusion_reasons() -> dict[str, str]:
    """Code → why something is left out."""
    with (DATA / "exclusion_reasons.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["meaning"] for row in csv.DictReader(file)}


@cache
def redaction_reasons() -> dict[str, str]:
    """Code → when text is withheld, and under which exemption."""
    with (DATA / "redaction_reasons.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: f"{row['when']}; {row['exemption']}" for row in csv.DictReader(file)}


def _payees(path: Path) -> Iterator[Payee]:
    for _, line in row_lines.read(path):
        row = json.loads(line)
        withheld = row["redaction_reason"] is not None and row["beneficiary_id"] is None
        yield Payee(row["beneficiary"], row["amount_pence"], 1, withheld=withheld)
