"""What was promised in numbers: operators, target parts, and what it takes to meet them."""
