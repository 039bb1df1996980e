"""Plumbing that all services use: it knows events, money and time, but no grant, deliverable or decision."""
