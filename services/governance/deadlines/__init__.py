"""When papers and minutes are due, in every reading, and how a publication is judged."""
