"""Underspend: what becomes of the money that a year leaves (G-36)."""
