"""The statement of grant usage: one year on one page, what was agreed, spent, declared and left (G-39)."""
