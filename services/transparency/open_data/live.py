"""Entries of the catalogue for what is made when it is read: records, dictionary, awards, and the search."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from services.transparency.editions.files import LICENCE
from services.transparency.open_data import nodes
from services.transparency.open_data import vocabulary as words
from services.transparency.open_data.nodes import Node
from services.transparency.tables import Organisation


def publication_records(known: Iterable[Organisation], base: str) -> list[Node]:
    """The publication record of each publisher, which is made from the calendar at the moment of reading."""
    found = []
    for organisation in known:
        address = f"{base}/v1/obligations/compliance"
        query = f"?publisher={organisation.slug}"
        found.append(
            _dataset(
                f"{address}{query}",
                title=f"Publication record of {organisation.name}",
                description="What had to be published by when, how each day was found, and what happened.",
                publisher=nodes.publisher_of(organisation, base),
                page=f"{address}.html{query}",
                downloads={"text/csv": f"{address}.csv{query}", "application/json": f"{address}{query}"},
                base=base,
            )
        )
    return found


def data_dictionary(base: str) -> Node:
    address = f"{base}/v1/data-dictionary"
    return _dataset(
        address,
        title="Data dictionary and deviations from the sector's schemas",
        description="Every column of every dataset with type and constraint, and each departure from the schema of the "
        "sector with the reason.",
        publisher=nodes.this_service(base),
        page=f"{address}.html",
        downloads={"text/csv": f"{address}.csv", "application/json": address},
        base=base,
    )


def onward_awards(grants: str, base: str) -> Node:
    """The 360Giving export of onward awards, which the grants service owns and serves."""
    address = f"{grants}/v1/onward-awards/360giving.json"
    node = _dataset(
        address,
        title="Onward awards of grant in 360Giving 1.4",
        description="Grant that was passed on to other bodies, in the 360Giving data standard.",
        publisher=nodes.this_service(base),
        page=f"{grants}/v1/onward-awards",
        downloads={"application/json": address},
        base=base,
    )
    node["distribution"][0]["conformsTo"] = [nodes.standard(words.GIVING)]
    return node


def search(datasets: Sequence[str], base: str) -> Node:
    return {
        "@id": f"{base}/v1/search",
        "@type": "dcat:DataService",
        "title": "Search in published rows",
        "description": "Finds published rows by payee, text, amount, date, contract and publisher; JSON, CSV and Atom.",
        "endpointURL": f"{base}/v1/search",
        "endpointDescription": f"{base}/v1/openapi.json",
        "license": LICENCE,
        "accessRights": nodes.typed(words.PUBLIC, "dct:RightsStatement"),
        "servesDataset": list(datasets),
    }


def _dataset(
    identity: str,
    *,
    title: str,
    description: str,
    publisher: Node,
    page: str,
    downloads: Mapping[str, str],
    base: str,
) -> Node:
    """A dataset that is made when it is read, so that it has no hash and no size."""
    return {
        "@id": identity,
        "@type": "dcat:Dataset",
        "identifier": identity,
        "title": title,
        "description": description,
        "keyword": ["transparency", "local government"],
        "theme": [nodes.concept(words.GOVERNMENT, "Government and public sector")],
        "publisher": publisher,
        "license": LICENCE,
        "accessLevel": "public",
        "accessRights": nodes.typed(words.PUBLIC, "dct:RightsStatement"),
        "language": [nodes.typed(words.ENGLISH, "dct:LinguisticSystem")],
        "landingPage": nodes.document(page),
        "distribution": [
            {
                "@id": f"{url}#{words.FORMATS[media_type].lower()}",
                "@type": "dcat:Distribution",
                "title": f"{title}, {words.FORMATS[media_type]}",
                "accessURL": url,
                "downloadURL": url,
                "mediaType": media_type,
                "format": words.FORMATS[media_type],
                "license": LICENCE,
            }
            for media_type, url in downloads.items()
        ],
    }
