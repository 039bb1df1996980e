"""Quarterly reports: due dates, texts, frozen figures, submission and publication."""
