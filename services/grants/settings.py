"""Settings of the grants service, read from `GRANTS_…`."""

from __future__ import annotations

from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class GrantsSettings(ServiceSettings):
    """What this service alone needs: nothing beside what every service reads."""

    model_config = SettingsConfigDict(env_prefix="GRANTS_", frozen=True, extra="ignore")
