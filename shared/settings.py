"""Settings read from the environment only: those all services share, and the base of each service's own."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

LOCAL_ISSUER = "outturn-local"
"""Issuer of the tokens that the embedded mode signs itself; refused in production."""


class CommonSettings(BaseSettings):
    """What every process needs to know, whichever service it runs."""

    model_config = SettingsConfigDict(env_prefix="", frozen=True, extra="ignore")

    environment: Literal["production", "development"] = Field(
        default="production", description="`development` allows the local token issuer; only the embedded mode sets it."
    )
    public_base_url: str = Field(
        default="http://127.0.0.1:8000", description="Address under which people reach the services; makes links."
    )
    kafka_bootstrap_servers: str | None = Field(
        default=None, description="Brokers, `host:port`, comma separated; without it a service process will not start."
    )
    auth_issuer: str = Field(default=LOCAL_ISSUER, description="Issuer that tokens must name.")
    auth_audience: str = Field(default="outturn", description="Audience that tokens must name.")
    auth_jwks_url: str | None = Field(
        default=None, description="Where the issuer's keys are: `https://…`, or `file:…` in development."
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @model_validator(mode="after")
    def production_has_a_real_issuer(self) -> CommonSettings:
        if self.environment == "production":
            if self.auth_issuer == LOCAL_ISSUER:
                raise ValueError("AUTH_ISSUER names the local issuer, which is refused in production: name your own")
            if not self.auth_jwks_url or not self.auth_jwks_url.startswith("https://"):
                raise ValueError("AUTH_JWKS_URL must be an https address in production")
        return self


class ServiceSettings(BaseSettings):
    """What each service reads under its own prefix, such as `GRANTS_DATABASE_URL`."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    common: CommonSettings = Field(default_factory=CommonSettings, exclude=True)
    database_url: str = Field(description="PostgreSQL address of the least-privilege role: `postgresql://…`.")
    migration_database_url: str | None = Field(
        default=None, description="Address of the role that owns the tables; needed by `outturn migrate` only."
    )
    files_dir: Path = Field(description="Folder of uploads and published files; instances of one service share it.")
    pool_size: int = Field(default=10, ge=1, le=200, description="Database connections one process may hold.")
    run_relay: bool = Field(default=True, description="Whether this process may lead the relay of its outbox.")
    run_consumer: bool = Field(default=True, description="Whether this process applies other services' events.")
    run_tick: bool = Field(default=True, description="Whether this process may lead the minute tick.")
    run_workers: bool = Field(default=True, description="Whether this process works off queued uploads.")
