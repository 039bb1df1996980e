"""Yearly reviews of an agreement: to continue, stop or amend, with a note that reconciles it to the accounts."""
