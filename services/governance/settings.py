"""What governance alone reads from the environment."""

from __future__ import annotations

from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class GovernanceSettings(ServiceSettings):
    """Settings of the governance service, prefixed `GOVERNANCE_`."""

    model_config = SettingsConfigDict(env_prefix="GOVERNANCE_", frozen=True, extra="ignore")
