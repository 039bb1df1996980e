"""The catalogue `/data.json`: what is published here, in DCAT 3 as JSON-LD."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.transparency.editions import queries as editions
from services.transparency.editions.building import METADATA_FILE, SCHEMA_FILE
from services.transparency.editions.files import LICENCE
from services.transparency.editions.kinds import KINDS, Kind
from services.transparency.editions.tables import EditionFile
from services.transparency.open_data import cards, live, nodes, queries
from services.transparency.open_data import vocabulary as words
from services.transparency.open_data.nodes import Node
from services.transparency.open_data.queries import Published
from services.transparency.search import files as all_periods
from services.transparency.tables import Organisation
from shared.periods import london_date
from shared.work import Work


@dataclass(frozen=True)
class AllPeriods:
    """A file of a dataset over all its periods, rebuilt at each publication (T-60)."""

    url: str
    media_type: str
    sha256: str | None
    size: int | None
    modified: datetime
    compressed: str | None = None
    """Media type of the compression, `application/gzip`."""


FilesOfAllPeriods = Callable[[Work, Organisation, str], Awaitable[Sequence[AllPeriods]]]


async def _spend_files(work: Work, organisation: Organisation, kind: str) -> list[AllPeriods]:
    if kind != "spend":
        return []
    return [
        AllPeriods(
            f"{work.base_url}/open/{organisation.slug}/spend/{file.name}",
            "text/csv" if file.name.endswith(".gz") else file.media_type,
            file.sha256,
            file.size,
            file.built_at,
            compressed="application/gzip" if file.name.endswith(".gz") else None,
        )
        for file in await all_periods.kept(work, organisation)
    ]


ALL_PERIODS: list[FilesOfAllPeriods] = [_spend_files]
"""Who keeps such files adds a function that names those of a publisher's dataset."""


async def catalogue(work: Work) -> Node:
    """Every readable edition with its files, under a dataset for each subject and publisher."""
    base, session = work.base_url, work.session
    found = await queries.published(session)
    files = await queries.files_of(session, [each.edition.edition_id for each in found])
    found_cards = await cards.edition_cards(session, found, base_url=base, today=london_date(work.now))
    measured = {
        each.edition.edition_id: _measurements(card, base) for each, card in zip(found, found_cards, strict=True)
    }
    groups: dict[tuple[str, str], list[Published]] = {}
    for each in found:
        groups.setdefault((each.organisation.slug, each.dataset.kind), []).append(each)
    datasets = []
    media_types = {plain(file.media_type) for each in files.values() for file in each} | set(words.FORMATS)
    for group in groups.values():
        further: list[AllPeriods] = []
        for files_of in ALL_PERIODS:
            further += await files_of(work, group[0].organisation, group[0].dataset.kind)
        media_types |= {file.media_type for file in further} | {file.compressed for file in further if file.compressed}
        datasets.append(_dataset(group, files, measured, further, base))
    grants = f"{work.settings.common.public_base_url.rstrip('/')}/grants"
    newest = max((_published_at(each) for each in found), default=None)
    known = {each.organisation.slug: each.organisation for each in found}
    return {
        "@context": words.CONTEXT,
        "@id": f"{base}/data.json",
        "@type": "dcat:Catalog",
        "title": "Transparency data of grant-funded improvement bodies",
        "description": "Spend, contracts, posts, pay and performance of bodies that receive grant for improving local "
        "government, as they publish it under their memorandum of understanding. Every edition stays at its address "
        "with the same bytes.",
        "conformsTo": [nodes.standard(words.DCAT_AP)],
        "publisher": nodes.this_service(base),
        "homepage": nodes.document(f"{base}/v1/publishers.html"),
        "language": [nodes.typed(words.ENGLISH, "dct:LinguisticSystem")],
        "license": nodes.licence(),
        "spatial": [nodes.typed(words.UNITED_KINGDOM, "dct:Location")],
        "themeTaxonomy": [nodes.concepts(words.THEMES, "Themes of data portals in Europe")],
        **({"modified": nodes.instant(newest)} if newest else {}),
        "dataset": [
            *datasets,
            *live.publication_records(known.values(), base),
            live.data_dictionary(base),
            live.onward_awards(grants, base),
        ],
        "service": [live.search([node["@id"] for node in datasets], base)],
        "@included": nodes.kinds_of_files(media_types),
    }


def _dataset(
    group: Sequence[Published],
    files: Mapping[UUID, Sequence[EditionFile]],
    measured: Mapping[UUID, list[Node]],
    further: Sequence[AllPeriods],
    base: str,
) -> Node:
    """One subject of one publisher: the files in force as its distributions, every readable edition as a version."""
    organisation, dataset = group[0].organisation, group[0].dataset
    kind = KINDS[dataset.kind]
    identity = f"{base}/v1/datasets/{organisation.slug}/{kind.name}"
    in_force = [each for each in group if each.edition.state == "published"]
    periods = [kind.period(each.edition.period) for each in group]
    return {
        "@id": identity,
        "@type": "dcat:Dataset",
        "identifier": identity,
        "title": dataset.title,
        "description": f"{dataset.title}, by period. A later edition of a period replaces an earlier one, which stays "
        "at its address. Each edition says which rows are in it, what was left out and why, and what was withheld.",
        "keyword": ["transparency", "local government", kind.name.replace("_", " ")],
        "theme": [nodes.concept(words.GOVERNMENT, "Government and public sector")],
        "publisher": nodes.publisher_of(organisation, base),
        "contactPoint": nodes.contact_of(organisation, base),
        "license": LICENCE,
        "accessLevel": "public",
        "accessRights": nodes.typed(words.PUBLIC, "dct:RightsStatement"),
        "accrualPeriodicity": nodes.typed(words.FREQUENCIES[kind.cadence], "dct:Frequency"),
        "language": [nodes.typed(words.ENGLISH, "dct:LinguisticSystem")],
        "spatial": [nodes.typed(nodes.place_of(organisation), "dct:Location")],
        "temporal": [nodes.period_of_time(min(each.start for each in periods), max(each.end for each in periods))],
        "issued": nodes.instant(min(_published_at(each) for each in group)),
        "modified": nodes.instant(max(_published_at(each) for each in group)),
        "landingPage": nodes.document(f"{identity}.html"),
        "describedBy": f"{base}/v1/data-dictionary/{kind.name}",
        "distribution": [
            *(node for each in in_force for node in _distributions(each, files[each.edition.edition_id], kind, base)),
            *(_all_periods(file, organisation, kind) for file in further),
        ],
        "hasVersion": [_version(each, files[each.edition.edition_id], measured, kind, base) for each in group],
    }


def _version(
    each: Published,
    files: Sequence[EditionFile],
    measured: Mapping[UUID, list[Node]],
    kind: Kind,
    base: str,
) -> Node:
    """An edition. One in force names the distributions of its dataset; an earlier one has its own."""
    edition, slug = each.edition, each.organisation.slug
    dataset = f"{base}/v1/datasets/{slug}/{kind.name}"
    period = kind.period(edition.period)
    own = _distributions(each, files, kind, base)
    return {
        "@id": _edition_address(each, base),
        "@type": "dcat:Dataset",
        "identifier": _edition_address(each, base),
        "title": f"{each.dataset.title}, {period.label}, edition {edition.number}",
        "description": _account(each),
        "version": f"{edition.period}/v{edition.number}",
        **({"versionNotes": edition.change_note} if edition.change_note else {}),
        "isVersionOf": dataset,
        **({"replaces": before, "previousVersion": before} if (before := _before(each, base)) else {}),
        "publisher": {"@id": nodes.publisher_address(each.organisation, base)},
        "license": LICENCE,
        "issued": nodes.instant(_published_at(each)),
        "temporal": [nodes.period_of_time(period.start, period.end)],
        "landingPage": nodes.document(f"{dataset}/{edition.period}.html?edition={edition.number}"),
        "distribution": [{"@id": node["@id"]} for node in own] if edition.state == "published" else own,
        "hasQualityMeasurement": measured[edition.edition_id],
    }


def _before(each: Published, base: str) -> str | None:
    """The edition before it, readable or not: its address answers for ever, with a tombstone once withdrawn."""
    edition = each.edition
    if edition.predecessor is None:
        return None
    dataset = f"{base}/v1/datasets/{each.organisation.slug}/{each.dataset.kind}"
    return f"{dataset}/{edition.period}/editions/{edition.predecessor}"


def _account(each: Published) -> str:
    edition = each.edition
    if edition.nil_return:
        return "Nil return: there was nothing to report for the period."
    said = {
        "complete": "The period is whole.",
        "partial": f"Months missing: {', '.join(edition.missing_months)}.",
        "not_stated": "Its source does not say that every month of the period is whole.",
    }[edition.coverage]
    return f"Rows: {edition.row_count}. {said}"


def _distributions(each: Published, files: Sequence[EditionFile], kind: Kind, base: str) -> list[Node]:
    """A distribution for each file of an edition; the CSV names its Table Schema and its CSVW metadata."""
    edition, slug = each.edition, each.organisation.slug
    period = kind.period(edition.period)
    address = editions.address(base, slug, kind.name, edition)
    found = []
    for file in files:
        media_type = plain(file.media_type)
        node: Node = {
            "@id": f"{address}{file.name}",
            "@type": "dcat:Distribution",
            "title": f"{each.dataset.title}, {period.label}: {file.name}",
            "accessURL": f"{base}/v1/datasets/{slug}/{kind.name}/{edition.period}.html?edition={edition.number}",
            "downloadURL": f"{address}{file.name}",
            "mediaType": media_type,
            **({"format": words.FORMATS[media_type]} if media_type in words.FORMATS else {}),
            "license": LICENCE,
            "byteSize": str(file.size),
            "checksum": nodes.checksum(file.sha256),
            "issued": nodes.instant(_published_at(each)),
            "modified": nodes.instant(_published_at(each)),
            "temporal": [nodes.period_of_time(period.start, period.end)],
        }
        if file.name == kind.csv_file:
            node["describedBy"] = f"{address}{METADATA_FILE}"
            node["conformsTo"] = [
                nodes.standard(f"{address}{SCHEMA_FILE}"),
                nodes.standard(f"{address}{kind.csv_file}-metadata.json"),
            ]
        elif file.name == SCHEMA_FILE:
            node["conformsTo"] = [nodes.standard(words.TABLE_SCHEMA)]
        elif file.name == f"{kind.csv_file}-metadata.json":
            node["conformsTo"] = [nodes.standard(words.CSVW)]
        found.append(node)
    return found


def plain(media_type: str) -> str:
    """A media type without its parameters."""
    return media_type.split(";")[0].strip()


def _all_periods(file: AllPeriods, organisation: Organisation, kind: Kind) -> Node:
    return {
        "@id": file.url,
        "@type": "dcat:Distribution",
        "title": f"{kind.title.format(name=organisation.name)}, all periods: {file.url.rsplit('/', 1)[-1]}",
        "accessURL": file.url,
        "downloadURL": file.url,
        "mediaType": file.media_type,
        **({"compressFormat": file.compressed} if file.compressed else {}),
        "license": LICENCE,
        **({"byteSize": str(file.size)} if file.size is not None else {}),
        **({"checksum": nodes.checksum(file.sha256)} if file.sha256 else {}),
        "modified": nodes.instant(file.modified),
    }


def _measurements(card: cards.Card, base: str) -> list[Node]:
    """The figures of the edition's quality card that are known (T-58)."""
    return [
        {
            "@type": "dqv:QualityMeasurement",
            "isMeasurementOf": {
                "@id": f"{base}/v1/quality#{figure.name}",
                "@type": "dqv:Metric",
                "skos:prefLabel": {"@value": figure.label, "@language": "en"},
            },
            "value": _measured(figure),
        }
        for figure in card.figures
        if figure.value is not None
    ]


def _measured(figure: cards.Figure) -> Any:
    """Shares as exact decimals and never as floats (T-57)."""
    if figure.unit == "percent" or (figure.unit == "days" and isinstance(figure.value, str)):
        return {"@type": "xsd:decimal", "@value": figure.value}
    return figure.value


def _edition_address(each: Published, base: str) -> str:
    edition = each.edition
    return f"{base}/v1/datasets/{each.organisation.slug}/{each.dataset.kind}/{edition.period}/editions/{edition.number}"


def _published_at(each: Published) -> datetime:
    assert each.edition.published_at is not None
    return each.edition.published_at
