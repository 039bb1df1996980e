"""Meetings: when and where, moved, postponed, held or cancelled, with the deadlines each sets."""
