"""Virements: budget moved between the lines of one agreement, and the thresholds that make one significant."""
