"""The parts of which the catalogue is put together: agents, licences, periods, datasets made when they are read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from services.transparency import queries as publishers
from services.transparency.editions.files import LICENCE
from services.transparency.open_data import vocabulary as words
from services.transparency.tables import Organisation

Node = dict[str, Any]


def this_service(base: str) -> Node:
    return {"@id": f"{base}/data.json#publisher", "@type": "foaf:Agent", "name": "Outturn, transparency service"}


def publisher_of(organisation: Organisation, base: str) -> Node:
    identifier = publishers.org_id(organisation.identifiers)
    return {
        "@id": publisher_address(organisation, base),
        "@type": "foaf:Agent",
        "name": organisation.name,
        **({"identifier": identifier} if identifier else {}),
    }


def publisher_address(organisation: Organisation, base: str) -> str:
    return publishers.public_uri(organisation.identifiers, f"{base}/v1/publishers/{organisation.slug}")


def contact_of(organisation: Organisation, base: str) -> Node:
    return {
        "@type": ["vcard:Kind", "vcard:Organization"],
        "fn": organisation.name,
        "hasURL": publisher_address(organisation, base),
    }


def place_of(organisation: Organisation) -> str:
    """The area of an authority; of other bodies only the country is known."""
    uri = publishers.public_uri(organisation.identifiers, "")
    return uri if "/statistical-geography/" in uri else words.UNITED_KINGDOM


def instant(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def period_of_time(start: date, end: date) -> Node:
    return {"@type": "dct:PeriodOfTime", "startDate": start.isoformat(), "endDate": end.isoformat()}


def checksum(sha256: str) -> Node:
    algorithm = {"@id": words.SHA256, "@type": "spdx:ChecksumAlgorithm"}
    return {"@type": "spdx:Checksum", "algorithm": algorithm, "checksumValue": sha256}


def typed(identity: str, kind: str) -> Node:
    return {"@id": identity, "@type": kind}


def standard(address: str) -> Node:
    return typed(address, "dct:Standard")


def document(address: str) -> Node:
    return typed(address, "foaf:Document")


def licence() -> Node:
    return {"@id": LICENCE, "@type": "dct:LicenseDocument", "title": "Open Government Licence v3.0"}


def concept(identity: str, label: str) -> Node:
    return {"@id": identity, "@type": "skos:Concept", "skos:prefLabel": {"@value": label, "@language": "en"}}


def concepts(identity: str, label: str) -> Node:
    return {"@id": identity, "@type": "skos:ConceptScheme", "title": label}


def kinds_of_files(media_types: Iterable[str]) -> list[Node]:
    """What the addresses of media types and formats stand for, which a reader would have to look up elsewhere."""
    return [
        *(typed(words.IANA + media_type, "dct:MediaType") for media_type in sorted(media_types)),
        *(typed(f"{words.EU}/file-type/{name}", "dct:MediaTypeOrExtent") for name in sorted(words.FORMATS.values())),
    ]
