"""Since when a publisher is a contracting authority, which decides about both datasets and their duties (T-44)."""
