"""Boards, their dated rule sets, groups, authorities and closed days."""
