"""When a new version of a publisher's choices may be published. Pure: what stands and what is asked, in; values out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from shared.errors import Conflict, Invalid
from shared.periods import Quarter


class NothingChosen(Conflict):
    code = "methodology_unchanged"
    title = "The new version would say the same as the one before"


class BadFirstDay(Invalid):
    code = "bad_first_day"
    title = "The first day of a methodology is wrong"


def next_parameters(
    current: Mapping[str, Any], current_from: date | None, chosen: Mapping[str, Any], effective_from: date
) -> dict[str, Any]:
    """The parameters of the next version: the current ones with those chosen.

    It begins with a quarter, so that no period is published under two, and after the version before it.
    """
    if effective_from != Quarter.of(effective_from).start:
        raise BadFirstDay(
            f"effective_from is {effective_from.isoformat()}, in the middle of a quarter; send the first day of a "
            f"quarter, such as {Quarter.of(effective_from).start.isoformat()}.",
            pointer="/effective_from",
        )
    if current_from is not None and effective_from <= current_from:
        raise BadFirstDay(
            f"effective_from is {effective_from.isoformat()}, and the version before is in force from "
            f"{current_from.isoformat()}; send a later quarter.",
            pointer="/effective_from",
        )
    parameters = {**current, **chosen}
    if parameters == dict(current):
        raise NothingChosen("Every parameter is as in the version in force; send those that change.")
    return parameters
