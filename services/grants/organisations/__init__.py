"""Organisations: who the parties, publishers and receivers of grant are, under which names and since when."""
