"""Reading the demonstration's own data files."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parents[1]
MOU, GOVERNANCE, PROFILES = HERE / "data/mou", HERE / "data/governance", HERE / "profiles"


def table(name: str) -> list[dict[str, str]]:
    """Rows of a CSV file of the memorandum, as texts."""
    with (MOU / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def record(name: str) -> Any:
    """A JSON file of the two boards."""
    return json.loads((GOVERNANCE / f"{name}.json").read_text(encoding="utf-8"))


def profile(name: str) -> Any:
    """A source profile, as its POST takes it."""
    return json.loads((PROFILES / f"{name}.json").read_text(encoding="utf-8"))


def pence(pounds: str) -> int:
    """Whole pounds of the tables in pence."""
    return int(pounds) * 100
