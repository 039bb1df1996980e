"""Methodologies: each publisher's choices as published, numbered versions; every edition cites one."""
