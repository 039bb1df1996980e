"""Attendance registers as printed: cell by cell, settled into entries once names and dates are confirmed."""
