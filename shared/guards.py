"""Text that a spreadsheet would run, kept from running. Light, so that a process that only parses starts at once."""

from __future__ import annotations

import re

NUMBER = re.compile(r"-[0-9]+(\.[0-9]+)?")


def guard(text: str) -> str:
    """A leading apostrophe before text that a spreadsheet would run; negative numbers stay as they are."""
    if text[:1] in ("=", "+", "@", "\t", "\r") or (text[:1] == "-" and not NUMBER.fullmatch(text)):
        return "'" + text
    return text
