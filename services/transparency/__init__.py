"""The transparency service."""
