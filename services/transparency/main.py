"""Wiring of the transparency service."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from services.transparency import api
from services.transparency.base import Transparency
from services.transparency.contracts import api as contracts
from services.transparency.contracts import files_api as contract_files
from services.transparency.editions import api as editions
from services.transparency.editions import files_api as edition_files
from services.transparency.methodologies import api as methodologies
from services.transparency.obligations import api as obligations
from services.transparency.obligations import documents_api as documents
from services.transparency.obligations import punctuality_api as punctuality
from services.transparency.obligations.commands import tick as judge_by_time
from services.transparency.open_data import api as open_data
from services.transparency.open_data import contract_pages, dictionary_api, pages, quality_api
from services.transparency.pay import api as pay
from services.transparency.payments.authority import api as authority
from services.transparency.payments.invoices import api as invoices
from services.transparency.payments.performance import api as performance
from services.transparency.payments.threshold import api as threshold
from services.transparency.people import api as people
from services.transparency.people import lists_api as staff_lists
from services.transparency.reactions import REACTIONS
from services.transparency.redactions import api as redactions
from services.transparency.redactions.commands import tick as review_redactions
from services.transparency.requests import api as requests
from services.transparency.requests import log_api as disclosure_log
from services.transparency.requests.answers import close_unreviewed
from services.transparency.search import api as search
from services.transparency.search.upkeep import fill_search
from services.transparency.settings import TransparencySettings
from services.transparency.tables import READ_MODELS
from services.transparency.withdrawals import api as withdrawals
from shared.service import Service
from shared.work import Work


async def tick(work: Work, now: datetime) -> None:
    """What time does by itself: duties fall due or are missed, answered requests are closed, redactions are reviewed.

    Last the search of a database that was filled before there was one.
    """
    await judge_by_time(work, now)
    await close_unreviewed(work, now)
    await review_redactions(work, now)
    await fill_search(work)


SERVICE = Service(
    name="transparency",
    title="Transparency",
    description="What a publicly funded body must show: spend over £500, outturn, and whether it was shown in time.",
    settings=TransparencySettings,
    # The pages come first: their addresses are those of JSON answers with `.html` behind.
    routers=(
        pages.router,
        contract_pages.router,
        api.router,
        methodologies.router,
        editions.router,
        edition_files.public_files,
        punctuality.router,
        obligations.router,
        documents.router,
        requests.router,
        disclosure_log.router,
        withdrawals.router,
        redactions.router,
        contract_files.router,
        contract_files.public_files,
        contracts.router,
        staff_lists.router,
        people.router,
        pay.router,
        open_data.router,
        dictionary_api.router,
        quality_api.router,
        authority.router,
        threshold.router,
        invoices.router,
        performance.router,
        search.router,
        search.public_files,
    ),
    metadata=Transparency.metadata,
    reactions=REACTIONS,
    read_models=READ_MODELS,
    tick=tick,
    migrations=Path(__file__).parent / "migrations",
)
