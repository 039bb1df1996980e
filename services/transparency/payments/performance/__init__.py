"""How soon invoices were paid in a half-year: the figures, their approval, their dataset (T-62)."""
