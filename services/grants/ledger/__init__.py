"""The ledger beyond files: entries by hand, reversals, corrections with their chains, and the search."""
