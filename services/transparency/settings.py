"""What only the transparency service needs to know from its environment."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class TransparencySettings(ServiceSettings):
    """Read from variables that begin with `TRANSPARENCY_`."""

    model_config = SettingsConfigDict(env_prefix="TRANSPARENCY_", frozen=True, extra="ignore")

    reference_key: str = Field(
        default="",
        max_length=200,
        description="Secret mixed into public transaction numbers and supplier ids, so that nobody can find a ledger "
        "number by trying; set it before the first edition and never change it.",
    )
