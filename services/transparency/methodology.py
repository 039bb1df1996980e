"""A publisher's choices and their defaults: every choice the rules leave open is a parameter of its methodology."""

from __future__ import annotations

from typing import Any

PARAMETERS: dict[str, Any] = {
    "scope": "programme",
    "threshold_pence": 50_000,
    "item_basis": "invoice",
    "selection_basis": "net_of_recoverable",
    "date_basis": "payment",
    "linked_credits": "include",
    "spend_cadence": "quarterly",
    "named_from_salary_pence": 15_000_000,
    "month_reading": "corresponding",
    "papers": "clear_working",
}
"""Defaults of version 1. Parameters of datasets that are not published yet come with them, in a later version."""
