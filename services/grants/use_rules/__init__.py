"""Permitted use: what grant may pay for, who declared what of which cost, and the territory it is for."""
