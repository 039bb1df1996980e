"""A publisher's choices and their defaults: every choice the rules leave open is a parameter of its methodology."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PARAMETERS: dict[str, Any] = {
    "scope": "programme",
    "threshold_pence": 50_000,
    "item_basis": "invoice",
    "selection_basis": "net_of_recoverable",
    "date_basis": "payment",
    "linked_credits": "include",
    "card_threshold_pence": None,
    "spend_cadence": "quarterly",
    "contract_threshold_pence": None,
    "named_from_salary_pence": 15_000_000,
    "chart_over_pence": 5_000_000,
    "count_from_pence": 5_000_000,
    "contractors": "list_if_engaged",
    "pay_population": "whole_workforce",
    "pay_basis": "fte_annualised",
    "pay_date": "03-31",
    "agency_in_population": False,
    "month_reading": "corresponding",
    "papers": "clear_working",
    "request_days": 20,
    "redaction_review_months": 12,
    "small_unit": 5,
}
"""Defaults of version 1."""


def completed(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """A version's parameters; what it says nothing of, because it is older than that choice, is the default."""
    return PARAMETERS | dict(parameters)
