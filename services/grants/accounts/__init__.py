"""Accounts of a year: management accounts as JSON, CSV and a page, and spend by line, quarter and view."""
