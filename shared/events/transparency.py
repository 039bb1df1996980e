"""Facts of the transparency service: what was published, which duties were met or missed. Nothing personal."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.events.base import Event
from shared.values import Pence


class DatasetPublished(Event, owner="transparency", key="dataset_id"):
    """An edition of a dataset went live at its permanent address (T-49)."""

    dataset_id: UUID
    version: int = Field(ge=1, description="Number of this event within the dataset.")
    organisation_id: UUID
    publisher: str = Field(description="Slug of the publisher.")
    dataset: str = Field(description="Kind, such as `spend`.")
    period: str
    edition: int = Field(ge=1)
    rows: int = Field(ge=0)
    total_pence: Pence
    sha256: str
    url: str
    nil_return: bool
    coverage: Literal["complete", "partial"]
    methodology: int = Field(ge=1, description="Version of the publisher's methodology.")
    published_at: datetime


class DatasetCorrected(Event, owner="transparency", key="dataset_id"):
    """A later edition of a period replaced the one before, which stays at its address (T-49, T-50)."""

    dataset_id: UUID
    version: int = Field(ge=1)
    organisation_id: UUID
    publisher: str
    dataset: str
    period: str
    edition: int = Field(ge=2)
    previous_edition: int = Field(ge=1)
    change_kind: Literal["correction", "late_addition", "redaction", "methodology"]
    changes: int = Field(ge=0, description="Rows added, removed or changed.")
    note: str
    rows: int = Field(ge=0)
    total_pence: Pence
    sha256: str
    url: str
    published_at: datetime


class DatasetWithdrawn(Event, owner="transparency", key="dataset_id"):
    """An edition's bytes were withdrawn; a tombstone stays (T-52)."""

    dataset_id: UUID
    version: int = Field(ge=1)
    publisher: str
    dataset: str
    period: str
    edition: int = Field(ge=1)
    reason_class: Literal["personal_data", "court_order", "unlawful"]
    replaced_by: int | None = None


class DueReading(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    due_on: date
    met: bool | None = None


class ObligationMet(Event, owner="transparency", key="obligation_id"):
    """A publication duty was met, in time or late (T-48)."""

    obligation_id: UUID
    version: int = Field(ge=1)
    organisation_id: UUID
    code: str
    period: str
    met_at: datetime
    readings: tuple[DueReading, ...]
    days_late: int = Field(ge=0)
    url: str | None = None


class ObligationMissed(Event, owner="transparency", key="obligation_id"):
    """The alarm day of a publication duty passed without it being met."""

    obligation_id: UUID
    version: int = Field(ge=1)
    organisation_id: UUID
    code: str
    period: str
    readings: tuple[DueReading, ...]
    alarm_reading: str
    missed_on: date
