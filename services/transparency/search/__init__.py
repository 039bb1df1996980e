"""Search over published spend rows, totals of what was found, and the files over all periods."""
