"""Payments: grant that comes in from the department, and grant that goes out to the bodies of awards."""
