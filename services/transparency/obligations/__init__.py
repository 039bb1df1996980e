"""The calendar of what must be published by when, and what happened."""
