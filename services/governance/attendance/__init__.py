"""Attendance: registers as printed, entries once names and dates are settled, rates and quorum."""
