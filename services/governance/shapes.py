"""Field types that several routes share."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from pydantic import Field

BoardRef = Annotated[str, Path(max_length=80, description="Slug or id of the board.")]
Text = Annotated[str, Field(min_length=1, max_length=500)]
LongText = Annotated[str, Field(min_length=1, max_length=20_000)]
