"""Persons under all their names, and who sits on which board in which capacity, by date."""
