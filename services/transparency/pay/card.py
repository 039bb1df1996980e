"""The method card: what a published pay multiple means, in words that let anyone work it out again. Pure (T-40)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.money import pounds

POPULATIONS = {
    "whole_workforce": "everyone employed by the body on the pay date",
    "programme_staff": "everyone employed by the body on the pay date who works on the grant-funded programme",
}
BASES = {
    "fte_annualised": "Basic pay and regular allowances as they would be full time and for a full year; bonuses and "
    "benefits in kind as paid.",
    "as_paid": "What was paid in the year, part time and part of a year as they were.",
}
REASONS = {
    "LEFT_BEFORE_DATE": "employment ended before the pay date",
    "STARTS_AFTER_DATE": "employment starts after the pay date",
    "AGENCY": "agency workers and contractors, who are not employees",
    "NOT_ENGAGED": "employees who do not work on the programme",
    "PAID_ELSEWHERE": "holders of shared posts whom the other body pays",
}


def method_card(
    *,
    population: str,
    basis: str,
    agency_in_population: bool,
    pay_date: str,
    figures: Mapping[str, Any],
    left_out: Mapping[str, int],
    methodology: int,
) -> dict[str, Any]:
    """What is in numerator and denominator, what is out and why, and the sum itself."""
    ranks = figures["median_ranks"]
    middle = (
        f"the value at place {ranks[0]} of {figures['employees']}"
        if len(ranks) == 1
        else f"the mean, to the penny, of the values at places {ranks[0]} and {ranks[1]} of {figures['employees']}"
    )
    agency = "included, as the methodology says" if agency_in_population else "left out"
    return {
        "numerator": "Highest taxable earnings of one employee: base salary, variable pay, bonuses, allowances and the "
        "cash value of benefits in kind.",
        "denominator": f"Median of the same earnings of {POPULATIONS[population]}, the highest earner included: "
        f"{middle}, counted from the lowest. Values are not put into bands first.",
        "basis": BASES[basis],
        "left_out_of_earnings": "Pension contributions, changes in pension value and compensation for loss of office, "
        "because the agreement compares earnings from work.",
        "left_out_of_population": [
            {"code": code, "reason": REASONS.get(code, code), "people": number} for code, number in left_out.items()
        ],
        "agency_staff": f"Agency staff are {agency}.",
        "leave": "Employees on leave on the pay date are counted, whether it is paid or not.",
        "rounding": "The ratio is rounded half up once, at the end, to two places.",
        "sum": f"{pounds(figures['highest_pence'])} / {pounds(figures['median_pence'])} = {figures['ratio']}",
        "pay_date": pay_date,
        "population": population,
        "pay_basis": basis,
        "agency_in_population": agency_in_population,
        "methodology": methodology,
    }
