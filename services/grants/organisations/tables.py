"""Tables of organisations, their dated names and their identifiers."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from services.grants.base import Grants, Kept


class Organisation(Kept, table=True):
    """A body: party to an agreement, publisher of spend, or receiver of grant. Its slug never changes."""

    __tablename__ = "organisations"
    __table_args__ = (
        UniqueConstraint("slug", name="uq_organisations_slug"),
        CheckConstraint("methodology_scope IN ('programme', 'whole_body')", name="methodology_scope"),
    )

    id: UUID = Field(primary_key=True)
    slug: str = Field(max_length=80)
    is_publisher: bool
    methodology_scope: str = Field(max_length=20)


class OrganisationName(Grants, table=True):
    """A name and the day from which it is in force; without a day it is the name from the beginning (G-5)."""

    __tablename__ = "organisation_names"
    __table_args__ = (
        UniqueConstraint(
            "organisation_id", "since", name="uq_organisation_names_since", postgresql_nulls_not_distinct=True
        ),
    )

    id: UUID = Field(primary_key=True)
    organisation_id: UUID = Field(foreign_key="organisations.id")
    name: str = Field(max_length=300)
    since: date | None = None


class Identifier(Grants, table=True):
    """The body's identifier in a register; text, so that leading zeros stay (G-23). A register names one body once."""

    __tablename__ = "organisation_identifiers"
    __table_args__ = (UniqueConstraint("scheme", "identifier", name="uq_organisation_identifiers_scheme"),)

    organisation_id: UUID = Field(foreign_key="organisations.id", primary_key=True)
    scheme: str = Field(primary_key=True, max_length=40)
    identifier: str = Field(max_length=80)
