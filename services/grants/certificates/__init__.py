"""Certificates: the chief finance officer's signature under the figures of a year (G-37)."""
