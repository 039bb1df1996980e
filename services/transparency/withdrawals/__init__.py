"""Withdrawal of published editions after a breach: suspended at once, decided by a second person (T-52)."""
