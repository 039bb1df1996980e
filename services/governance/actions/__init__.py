"""Decisions, actions and commitments: registers across meetings, their gaps visible."""
