"""What may be said of an organisation: pure functions that refuse or return the fact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.grants.faults import raise_together
from services.grants.organisations.identifiers import identifier_fault
from shared.errors import Conflict, Invalid, Refusal
from shared.events.grants import OrganisationIdentifier, OrganisationRegistered
from shared.values import MethodologyScope


class SlugTaken(Conflict):
    code = "slug_taken"
    title = "The slug names another organisation"


class NameDayTaken(Conflict):
    code = "name_day_taken"
    title = "A name stands from this day already"


class RepeatedScheme(Invalid):
    code = "repeated_scheme"
    title = "A register stands more than once"


class IdentifierTaken(Conflict):
    code = "identifier_taken"
    title = "The identifier belongs to another organisation"


class IdentifierUnusable(Invalid):
    """An identifier that its register cannot have given; it would be published as it stands (G-23, T-29)."""

    code = "identifier_unusable"
    title = "The identifier is not one of its register"


@dataclass(frozen=True)
class DatedName:
    """A name and the day it is in force from; no day means from the beginning."""

    name: str
    since: date | None


@dataclass(frozen=True)
class Described:
    """An organisation as it stands after the change asked for."""

    organisation_id: UUID
    version: int
    slug: str
    names: tuple[DatedName, ...]
    identifiers: tuple[tuple[str, str], ...]
    is_publisher: bool
    methodology_scope: MethodologyScope
    identifiers_given: bool = True
    """Whether somebody gives the identifiers now; those that stand already are not assessed again."""


@dataclass(frozen=True)
class Taken:
    """What other organisations already hold."""

    slug: bool = False
    identifiers: frozenset[tuple[str, str]] = frozenset()


def register_organisation(described: Described, taken: Taken) -> OrganisationRegistered:
    """Register or describe anew. The fact carries the latest name and its day (G-5)."""
    faults: list[Refusal] = []
    if taken.slug:
        faults.append(SlugTaken("Choose another slug; this one never moves to another body.", pointer="/slug"))
    schemes = [scheme for scheme, _ in described.identifiers]
    for index, identifier in enumerate(described.identifiers):
        if identifier[0] in schemes[:index]:
            faults.append(RepeatedScheme("Give each register once.", pointer=f"/identifiers/{index}/scheme"))
        elif identifier in taken.identifiers:
            faults.append(
                IdentifierTaken("Another organisation carries this identifier.", pointer=f"/identifiers/{index}/id")
            )
        elif described.identifiers_given and (fault := identifier_fault(*identifier)) is not None:
            faults.append(IdentifierUnusable(fault, pointer=f"/identifiers/{index}/id"))
    raise_together(faults)
    latest = max(described.names, key=lambda name: name.since or date.min)
    return OrganisationRegistered(
        organisation_id=described.organisation_id,
        version=described.version,
        slug=described.slug,
        name=latest.name,
        name_since=latest.since,
        identifiers=tuple(OrganisationIdentifier(scheme=scheme, id=text) for scheme, text in described.identifiers),
        is_publisher=described.is_publisher,
        methodology_scope=described.methodology_scope,
    )


def rename_organisation(names: Sequence[DatedName], new: DatedName) -> tuple[DatedName, ...]:
    """Add a name from a day on; earlier names keep their time (G-5)."""
    if any(name.since == new.since for name in names):
        raise NameDayTaken("Another name stands from this day; give the day of the change.", pointer="/since")
    return (*names, new)
