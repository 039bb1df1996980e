"""Forecasts: what is expected of the quarters still to come, by carrying line; earlier ones stay readable (G-32)."""
