"""The closed store: what was heard in Part 2. Only this folder reads or writes these tables (B-15)."""
