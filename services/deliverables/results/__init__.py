"""What was reported: observations, how they add up, and the outcome of every row taken in."""
