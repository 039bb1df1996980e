"""The content of a variation: what its kind may change, and from which day."""
