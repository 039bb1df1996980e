"""Accounting periods: the quarters of an agreement, what was stated for them, their locks, management accounts."""
