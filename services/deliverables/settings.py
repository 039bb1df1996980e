"""What this service alone reads from the environment: nothing beyond the shared settings, under its own prefix."""

from __future__ import annotations

from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class DeliverablesSettings(ServiceSettings):
    """Read from `DELIVERABLES_…`."""

    model_config = SettingsConfigDict(env_prefix="DELIVERABLES_", frozen=True, extra="ignore")
