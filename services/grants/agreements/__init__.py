"""Agreements: the terms of a year, its parties and their two signatures."""
