"""Onward awards in the shape of 360Giving 1.4: a public export, and what had to be left out of it."""
