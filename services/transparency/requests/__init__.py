"""Requests for information: their clock, their answer and review, the disclosure log, and who asked, held apart."""
