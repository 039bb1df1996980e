"""Red, amber, green: what the numbers say beside what a person claims, and the count of both."""
