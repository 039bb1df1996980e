"""Whether the outturn of a year and its ledger say the same: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def outturn_less_ledger(
    outturn_pence: int | None, lines: Sequence[Mapping[str, Any]], without_line_pence: int
) -> int | None:
    """The spend of the outturn less the whole ledger of the year, in pence; None without an outturn.

    The ledger is that of the total of the budget's lines, with what stands on codes that the budget does not have.
    """
    if outturn_pence is None:
        return None
    total = next((line["ledger_pence"] for line in lines if line["kind"] == "total"), 0)
    return int(outturn_pence - total - without_line_pence)
