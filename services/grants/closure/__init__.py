"""Closing a year: what stands open, and the chief finance officer's act that makes it read-only (G-38)."""
