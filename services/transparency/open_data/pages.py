"""Pages for people: what a publisher publishes, a dataset's periods, an edition, withdrawals, methodologies."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Query
from sqlmodel import col, select
from starlette.responses import HTMLResponse

from services.transparency import queries as publishers
from services.transparency.api import PublisherSlug
from services.transparency.editions import queries as editions
from services.transparency.editions import rules as edition_rules
from services.transparency.editions.addresses import DatasetName, Period
from services.transparency.editions.building import METADATA_FILE
from services.transparency.editions.kinds import KINDS, Kind, kind_of
from services.transparency.editions.tables import Edition, EditionFile, Withdrawal, WithdrawnEdition
from services.transparency.methodology import completed
from services.transparency.open_data import cards, contents, queries, rules
from services.transparency.open_data.periods import DatasetLine, periods_of
from services.transparency.open_data.queries import Published
from services.transparency.open_data.rendering import page
from services.transparency.open_data.rules import Duty
from services.transparency.tables import Methodology, Organisation
from shared.errors import NotFound
from shared.http import PublicWork, Routes
from shared.pagination import Paging, paginate
from shared.periods import london_date
from shared.work import Work

router = Routes(tags=["pages"], include_in_schema=False)


@dataclass(frozen=True)
class PublisherLine:
    """A publisher in the list of all."""

    organisation: Organisation
    kinds: Sequence[str]
    editions: int
    duties: Sequence[Duty]

    def count(self, state: str) -> int:
        """Duties in this state, but for those whose lateness nobody knows."""
        return sum(duty.state == state and duty.lateness_known for duty in self.duties)


@router.get("/v1/publishers.html", name="list_publishers_page")
async def list_publishers_page(work: PublicWork) -> HTMLResponse:
    """Who publishes here, what, and whether on time."""
    organisations = await queries.organisations(work.session)
    found = await queries.published(work.session)
    duties = await queries.duties(work.session, [each.organisation_id for each in organisations])
    lines = []
    for organisation in organisations:
        own = [each for each in found if each.organisation.slug == organisation.slug]
        in_force = [each for each in own if each.edition.state == "published"]
        owed = duties[organisation.organisation_id]
        if own or owed or organisation.is_publisher:
            kinds = sorted({each.dataset.kind for each in own})
            lines.append(PublisherLine(organisation, kinds, len(in_force), owed))
    return page(work, "publishers.html", lines=lines)


@router.get("/v1/publishers/{publisher}.html", name="read_publisher_page")
async def read_publisher_page(work: PublicWork, publisher: PublisherSlug) -> HTMLResponse:
    """What a publisher publishes, what was late, and where everything is."""
    organisation = await publishers.publisher(work.session, publisher)
    found = await queries.published(work.session, publisher=publisher, states=editions.KNOWN_STATES)
    duties = (await queries.duties(work.session, [organisation.organisation_id]))[organisation.organisation_id]
    today = london_date(work.now)
    lines = []
    for kind in KINDS.values():
        of_kind = [each for each in found if each.dataset.kind == kind.name]
        periods = periods_of(kind, of_kind, duties, today)
        if periods:
            lines.append(DatasetLine(kind, kind.title.format(name=organisation.name), periods))
    late = [duty for duty in duties if duty.lateness_known and duty.state in ("missed", "met_late")]
    return page(
        work,
        "publisher.html",
        organisation=organisation,
        roles=await publishers.roles(work.session, organisation.organisation_id),
        org_id=publishers.org_id(organisation.identifiers),
        datasets=lines,
        duties=duties,
        late=[(duty, rules.timeliness([duty], today).days_late) for duty in late],
        years=await cards.year_cards(work.session, base_url=work.base_url, today=today, publisher=publisher),
    )


@router.get("/v1/datasets/{publisher}/{dataset}.html", name="read_dataset_page")
async def read_dataset_page(work: PublicWork, publisher: PublisherSlug, dataset: DatasetName) -> HTMLResponse:
    """Every period of a dataset: its edition, or why there is none (T-51)."""
    kind = kind_of(dataset)
    organisation = await publishers.publisher(work.session, publisher)
    found = await queries.published(work.session, publisher=publisher, kind=dataset, states=editions.KNOWN_STATES)
    duties = (await queries.duties(work.session, [organisation.organisation_id]))[organisation.organisation_id]
    lines = periods_of(kind, found, duties, london_date(work.now))
    if not lines:
        raise NotFound(f"{organisation.name} has not published any {dataset} and has no duty to.")
    return page(
        work,
        "dataset.html",
        organisation=organisation,
        kind=kind,
        title=kind.title.format(name=organisation.name),
        lines=list(reversed(lines)),
    )


@router.get("/v1/datasets/{publisher}/{dataset}/{period}.html", name="read_edition_page")
async def read_edition_page(
    work: PublicWork,
    publisher: PublisherSlug,
    dataset: DatasetName,
    period: Period,
    number: Annotated[
        int | None, Query(alias="edition", ge=1, le=100_000, description="An earlier edition; the newest without it.")
    ] = None,
) -> HTMLResponse:
    """An edition: files, quality, reconciliation, what was left out or withheld, earlier editions, first rows.

    Of one that was withdrawn the tombstone is shown with 410, of a suspended one that it is examined with 403.
    """
    kind = kind_of(dataset)
    subject = kind.period(period)
    organisation = await publishers.publisher(work.session, publisher)
    known = await queries.published(
        work.session, publisher=publisher, kind=dataset, year=subject.slug, states=editions.KNOWN_STATES
    )
    known = [each for each in known if each.edition.period == subject.slug]
    chosen = next((each for each in reversed(known) if number is None or each.edition.number == number), None)
    if chosen is None:
        raise NotFound(
            f"{organisation.name} has published no edition {number or ''} of {dataset} for {subject.label}.".replace(
                "  ", " "
            )
        )
    stones = await editions.tombstones(work.session, [each.edition.edition_id for each in known])
    common: dict[str, Any] = {
        "organisation": organisation,
        "kind": kind,
        "title": kind.title.format(name=organisation.name),
        "period": subject,
        "edition": chosen.edition,
        "known": list(reversed(known)),
        "stones": stones,
        "comparisons": _comparisons(known),
    }
    try:
        await editions.refuse_unreadable(work.session, chosen.edition)
    except (edition_rules.EditionWithdrawn, edition_rules.EditionSuspended) as refusal:
        return page(work, "unreadable.html", status=refusal.status, reason=refusal.detail, **common)
    return page(work, "edition.html", **common, **await _content(work, chosen, kind))


@router.get("/v1/withdrawals.html", name="list_withdrawals_page")
async def list_withdrawals_page(work: PublicWork, paging: Paging) -> HTMLResponse:
    """What was withdrawn, on what ground, and what takes its place."""
    listed = await paginate(
        work,
        queries.editions_statement(states=("suspended", "withdrawn"))
        .add_columns(Withdrawal)
        .join(WithdrawnEdition, col(WithdrawnEdition.edition_id) == col(Edition.edition_id))
        .join(Withdrawal, col(Withdrawal.withdrawal_id) == col(WithdrawnEdition.withdrawal_id))
        .where(col(Withdrawal.state) == col(Edition.state)),
        order=(Withdrawal.started_at, Edition.edition_id),
        paging=paging,
        shape=lambda row: (Published(*row[:3]), row[3]),
        descending=True,
    )
    stones = await editions.tombstones(work.session, [each.edition.edition_id for each, _ in listed.items])
    return page(work, "withdrawals.html", items=listed.items, stones=stones, kinds=KINDS, following=listed.links.next)


@router.get("/v1/methodologies.html", name="list_methodologies_page")
async def list_methodologies_page(
    work: PublicWork,
    publisher: Annotated[str | None, Query(max_length=80, description="Slug of a publisher; all without it.")] = None,
) -> HTMLResponse:
    """The choices behind the editions, every version of every publisher, and what changed from one to the next."""
    statement: Any = (
        select(Methodology, Organisation)
        .join(Organisation, col(Organisation.organisation_id) == col(Methodology.organisation_id))
        .order_by(col(Organisation.slug), col(Methodology.number))
    )
    if publisher is not None:
        organisation = await publishers.publisher(work.session, publisher)
        statement = statement.where(col(Methodology.organisation_id) == organisation.organisation_id)
    versions = [
        (methodology, organisation, completed(methodology.parameters))
        for methodology, organisation in (await work.session.exec(statement)).all()
    ]
    return page(work, "methodologies.html", versions=versions)


def _comparisons(known: Sequence[Published]) -> dict[int, int]:
    """Number of an edition → the one before it with which it can be compared, where both can be read."""
    readable = [each.edition for each in known if each.edition.state in editions.PUBLIC_STATES]
    numbers = {edition.number for edition in readable}
    return {
        edition.number: edition.predecessor
        for edition in readable
        if edition.predecessor is not None and edition.predecessor in numbers
    }


async def _content(work: Work, chosen: Published, kind: Kind) -> dict[str, Any]:
    """What an edition's page shows of its files and of its card."""
    edition = chosen.edition
    files = await editions.files_of(work.session, edition.edition_id)
    paths = {file.name: work.files.path(file.sha256) for file in files}
    account = await asyncio.to_thread(contents.metadata, paths[METADATA_FILE])
    sample = await asyncio.to_thread(contents.sample, paths[kind.csv_file], kind.name)
    payees = await asyncio.to_thread(contents.payees, paths[kind.json_file]) if kind.make is None else ()
    bars, height = contents.bars(payees)
    card = await cards.card(work.session, chosen, base_url=work.base_url, today=london_date(work.now))
    address = editions.address(work.base_url, chosen.organisation.slug, kind.name, edition)
    return {
        "address": address,
        "files": [(file, file_words(file, kind)) for file in files],
        "account": account,
        "card": card,
        "sample": sample,
        "payees": payees,
        "bars": bars,
        "height": height,
        "exclusions": contents.exclusion_reasons(),
        "redaction_reasons": contents.redaction_reasons(),
        "details": {
            name: value for name, value in edition.details.items() if name not in ("left_out", "notes") and value
        },
    }


def file_words(file: EditionFile, kind: Kind) -> str:
    """What a file of an edition is for."""
    return {
        kind.csv_file: "The rows, for spreadsheets and programs",
        kind.json_file: "The same rows as JSON, amounts in pence",
        f"{kind.csv_file}-metadata.json": "The columns as CSV on the Web",
        "schema.json": "The columns as Table Schema",
        METADATA_FILE: "How the edition was made: method, counts, hashes",
        "changes.csv": "What differs from the edition before",
        "rows.sha256": "Salted digests of the rows, to prove later that none was changed",
        "ocds.json": "The contracts as Open Contracting data (OCDS 1.1)",
        "chart.svg": "The chart as a picture",
        "chart.json": "The chart as a tree",
        "method.json": "The method card",
        "reconciliation.csv": "Every line of the period, here or left out, with the reason",
    }.get(file.name, "Further file of this edition")
