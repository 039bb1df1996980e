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

    dataset_id: UUID = Field(description="The dataset of one publisher and kind.")
    version: int = Field(ge=1, description="Number of this event within the dataset.")
    organisation_id: UUID = Field(description="The organisation, as `OrganisationRegistered` names it.")
    publisher: str = Field(description="Slug of the publisher.")
    dataset: str = Field(description="Kind, such as `spend`.")
    period: str = Field(description="Period it covers, such as `2017-18-q1`.")
    edition: int = Field(ge=1, description="Number of the edition within the period.")
    rows: int = Field(ge=0, description="Data rows of the edition.")
    total_pence: Pence
    sha256: str = Field(description="SHA-256 of the bytes at the address, hexadecimal.")
    url: str = Field(description="Permanent address.")
    nil_return: bool = Field(description="It says that there was nothing to publish.")
    coverage: Literal["complete", "partial", "not_stated"] = Field(
        description="`partial` where months of the period are missing, else `not_stated` where the owner of the ledger "
        "does not say of a month with lines that it is whole."
    )
    methodology: int = Field(ge=1, description="Version of the publisher's methodology.")
    published_at: datetime = Field(description="When it was published.")


class DatasetCorrected(Event, owner="transparency", key="dataset_id"):
    """A later edition of a period replaced the one before, which stays at its address (T-49, T-50)."""

    dataset_id: UUID = Field(description="The dataset of one publisher and kind.")
    version: int = Field(ge=1, description="Version of the aggregate; readers ignore an older one.")
    organisation_id: UUID = Field(description="The organisation, as `OrganisationRegistered` names it.")
    publisher: str = Field(description="Slug of the publisher.")
    dataset: str = Field(description="Kind, such as `spend`.")
    period: str = Field(description="Period it covers, such as `2017-18-q1`.")
    edition: int = Field(ge=2, description="Number of the edition within the period.")
    previous_edition: int = Field(ge=1, description="The edition it replaces.")
    change_kind: Literal["correction", "late_addition", "redaction", "methodology"] = Field(
        description="Why there is another edition."
    )
    changes: int = Field(ge=0, description="Rows added, removed or changed.")
    note: str = Field(description="What changed, for the public.")
    nil_return: bool | None = Field(default=None, description="It says that there was nothing to publish.")
    coverage: Literal["complete", "partial", "not_stated"] | None = Field(
        default=None, description="As of an edition that is published first; it may be all that changed."
    )
    rows: int = Field(ge=0, description="Data rows of the edition.")
    total_pence: Pence
    sha256: str = Field(description="SHA-256 of the bytes at the address, hexadecimal.")
    url: str = Field(description="Permanent address.")
    published_at: datetime = Field(description="When it was published.")


class DatasetWithdrawn(Event, owner="transparency", key="dataset_id"):
    """An edition's bytes were withdrawn; a tombstone stays (T-52)."""

    dataset_id: UUID = Field(description="The dataset of one publisher and kind.")
    version: int = Field(ge=1, description="Version of the aggregate; readers ignore an older one.")
    publisher: str = Field(description="Slug of the publisher.")
    dataset: str = Field(description="Kind, such as `spend`.")
    period: str = Field(description="Period it covers, such as `2017-18-q1`.")
    edition: int = Field(ge=1, description="Number of the edition within the period.")
    reason_class: Literal["personal_data", "court_order", "unlawful"] = Field(description="Ground of the withdrawal.")
    replaced_by: int | None = Field(default=None, description="Edition that takes its place, where there is one.")


class DueReading(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str = Field(description="Name of the reading.")
    due_on: date = Field(description="Day by which it is due in this reading.")
    met: bool | None = Field(default=None, description="Whether it was met; null where open.")


class ObligationMet(Event, owner="transparency", key="obligation_id"):
    """A publication duty was met, in time or late (T-48)."""

    obligation_id: UUID = Field(description="The obligation.")
    version: int = Field(ge=1, description="Version of the aggregate; readers ignore an older one.")
    organisation_id: UUID = Field(description="The organisation, as `OrganisationRegistered` names it.")
    code: str = Field(description="Which duty, by its code.")
    period: str = Field(description="Period it covers, such as `2017-18-q1`.")
    met_at: datetime = Field(description="When it was met.")
    readings: tuple[DueReading, ...] = Field(description="Every reading of the deadline and whether it was met.")
    days_late: int = Field(ge=0, description="Whole London days after the due day; 0 in time.")
    lateness_known: bool = Field(
        default=True,
        description="False where the duty was entered after its day and no earlier time of publication is stated: "
        "`days_late` then counts up to the publication here.",
    )
    url: str | None = Field(default=None, description="Permanent address.")


class ObligationMissed(Event, owner="transparency", key="obligation_id"):
    """The alarm day of a publication duty passed without it being met."""

    obligation_id: UUID = Field(description="The obligation.")
    version: int = Field(ge=1, description="Version of the aggregate; readers ignore an older one.")
    organisation_id: UUID = Field(description="The organisation, as `OrganisationRegistered` names it.")
    code: str = Field(description="Which duty, by its code.")
    period: str = Field(description="Period it covers, such as `2017-18-q1`.")
    readings: tuple[DueReading, ...] = Field(description="Every reading of the deadline and whether it was met.")
    alarm_reading: str = Field(description="Name of the reading whose day has passed.")
    missed_on: date = Field(description="First London day on which it was late.")


class RequestAnswered(Event, owner="transparency", key="request_id"):
    """A request for information was answered, in time or late; nothing here says who asked, or in what words (T-47)."""

    request_id: UUID = Field(description="The request.")
    version: int = Field(ge=1, description="Version of the aggregate; readers ignore an older one.")
    organisation_id: UUID = Field(description="The organisation, as `OrganisationRegistered` names it.")
    publisher: str = Field(description="Slug of the publisher.")
    reference: str = Field(description="Reference within the publisher, such as `IR-2017-0001`.")
    outcome: Literal["full", "part", "refused", "not_held"] = Field(description="How it was answered.")
    received_on: date = Field(description="London day of receipt.")
    due_on: date = Field(description="Last day in time, as the clock stood at the answer.")
    answered_on: date = Field(description="London day of the answer.")
    working_days: int = Field(ge=0, description="Working days taken, counted as the due day is.")
    working_days_late: int = Field(ge=0, description="Working days after the due day; 0 in time.")
