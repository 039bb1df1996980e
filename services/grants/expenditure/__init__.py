"""Expenditure: finance exports in, through source profiles; every line accounted for; the ledger that results."""
