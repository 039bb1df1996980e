"""What a declaration may say in the open."""

from __future__ import annotations

from shared.errors import ErrorItem


def check_declaration(sensitive: bool, nature: str | None, at: str) -> list[ErrorItem]:
    """The nature of a sensitive interest is not entered in the open (B-30)."""
    if sensitive and nature is not None:
        return [
            ErrorItem(
                code="sensitive_nature",
                detail="Leave the nature out here and send it to /v1/closed/declarations/{declaration}.",
                pointer=f"{at}/nature",
            )
        ]
    return []
