"""Every refusal that the domain lists has a place in the service and a test that asserts it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from shared.errors import Refusal
from tests.harness import service_named

ROOT = Path(__file__).parents[2]
SOURCES = [file for file in (ROOT / "services" / "grants").rglob("*.py") if "migrations" not in file.parts]
TESTS = [file for file in (ROOT / "tests" / "grants").rglob("test_*.py") if file != Path(__file__)]

LISTED = (
    *("heading_mismatch", "budget_over_grant", "budget_under_grant", "virement_unbalanced", "decision_required"),
    *("not_agreed", "use_refused", "flow_down_missing", "vat_inconsistent", "period_locked"),
    *("correction_without_origin", "spend_missing", "outturn_not_final", "treatment_undecided", "over_grant"),
    *("wrong_territory", "bad_year_label", "future_actual", "past_forecast"),
)
"""Section 6 of the domain's specification."""


def files_with(code: str, files: Iterable[Path]) -> list[Path]:
    """Files that hold the code as a string of its own."""
    quoted = re.compile(rf"""["']{re.escape(code)}["']""")
    return [file for file in files if quoted.search(file.read_text(encoding="utf-8"))]


def classes() -> dict[str, list[type[Refusal]]]:
    """Code → the refusals of the service that carry it."""
    service_named("grants")
    found: dict[str, list[type[Refusal]]] = {}
    waiting = [Refusal]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            waiting.append(kind)
            if kind.__module__.startswith("services.grants") and "code" in vars(kind):
                found.setdefault(kind.code, []).append(kind)
    return found


@pytest.mark.parametrize("code", LISTED)
def test_a_listed_refusal_is_raised_somewhere_and_asserted_in_a_test(code: str) -> None:
    """Section 6: each code is raised, and some test names it; place and text stand in that test."""
    assert files_with(code, SOURCES), f"nothing in services/grants says {code}"
    assert files_with(code, TESTS), f"no test in tests/grants asserts {code}"


def test_every_refusal_that_has_a_class_is_raised_and_asserted() -> None:
    """A class nobody raises, or a code that no test asserts, is a refusal nobody has seen."""
    text = "\n".join(file.read_text(encoding="utf-8") for file in SOURCES)
    idle = [
        kind.__name__
        for kinds in classes().values()
        for kind in kinds
        if not kind.__subclasses__() and not re.search(rf"(?<!class )\b{kind.__name__}\b[(,)\]]", text)
    ]
    unseen = [code for code in classes() if not files_with(code, TESTS)]
    assert (idle, unseen) == ([], [])


def test_a_missing_refusal_would_be_found() -> None:
    assert files_with("no_such_refusal", SOURCES) == []
    assert files_with("over_grant", SOURCES)
