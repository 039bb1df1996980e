"""Settings of the grants service, read from `GRANTS_…`."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class GrantsSettings(ServiceSettings):
    """What this service alone needs beside what every service reads."""

    model_config = SettingsConfigDict(env_prefix="GRANTS_", frozen=True, extra="ignore")

    threesixtygiving_prefix: str | None = Field(
        default=None,
        pattern=r"^360G-[A-Za-z0-9]+$",
        description="Registered prefix of grant ids in the 360Giving export; default the funder's id.",
    )
