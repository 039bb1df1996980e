"""Where the two boards' records lie, and how they are sent."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[2] / "deploy" / "demo" / "data" / "governance"
REGISTER_1718 = DATA / "attendance_2017_18.csv"
REGISTER_1011 = DATA / "attendance_2010_11.csv"


def day(text: str) -> date:
    return date.fromisoformat(text)


def read(name: str) -> Any:
    return json.loads((DATA / name).read_text(encoding="utf-8"))
