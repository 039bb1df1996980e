"""Paper offers: what other services produced that belongs before a board."""
