"""What a certificate says, by version; a signed one keeps the words of its day."""

from __future__ import annotations

from collections.abc import Mapping

WORDINGS: Mapping[str, str] = {
    "1": (
        "I have examined the figures of this statement and the records behind them. To the best of my knowledge the "
        "spend shown was incurred on the purposes of the agreement within its period, no part of it was put to a use "
        "that the agreement does not permit, and no cost is shown twice or met from another source."
    ),
}

CURRENT = "1"
