"""Lines that wait for a person, and what was decided on them."""
