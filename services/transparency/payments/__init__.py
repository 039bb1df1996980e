"""Procurement duties: payments over £30,000 under a contract, and how soon invoices are paid (T-44, T-61, T-62)."""
