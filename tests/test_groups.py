"""Which tests one worker runs together: the table names what is there, and no test file with a broker is left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import TOGETHER, group_of

ROOT = Path(__file__).parent.parent
BROKER = re.compile(r"\b(kafka: Kafka|own_broker: |bed: Bed)\b")


def test_the_table_names_files_that_are_there() -> None:
    assert [name for name in TOGETHER if not (ROOT / name).is_file()] == []


def test_every_file_whose_tests_use_a_broker_is_in_its_group() -> None:
    files = [file for file in sorted((ROOT / "tests").rglob("test_*.py")) if file != Path(__file__)]
    using = [file.relative_to(ROOT).as_posix() for file in files if BROKER.search(file.read_text(encoding="utf-8"))]
    assert len(using) > 3
    assert [name for name in using if TOGETHER.get(name) != "kafka"] == []


@pytest.mark.parametrize("name", ["tests/journeys/test_demo.py", "tests/contracts/test_bus.py"])
def test_tests_of_a_group_go_together_and_others_alone(name: str) -> None:
    assert group_of(f"{name}::test_one[a]") == group_of(f"{name}::test_other")
    assert group_of("tests/test_groups.py::test_one") != group_of("tests/test_groups.py::test_other")
