"""Editions of spend over £500: selection, files, reconciliation, publication."""
