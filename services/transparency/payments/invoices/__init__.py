"""Invoices as the ledger holds them, and what the finance team states of them beside it (T-62)."""
