"""What is overdue, and what awaits whose decision, across all years (question 11)."""
