"""Redactions: what is withheld from publication, on which ground, decided by two people and reviewed."""
