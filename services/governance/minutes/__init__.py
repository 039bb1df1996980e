"""Minutes: the record of a meeting, its decisions, actions and commitments, its approval by a later meeting."""
