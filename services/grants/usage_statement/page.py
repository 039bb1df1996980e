"""Turns a statement or a certificate into one accessible page: captions and scopes, no outside assets, fit to print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.grants.certificates.tables import Certificate
from services.grants.certificates.wording import WORDINGS
from services.grants.usage_statement.comparing import outturn_less_ledger
from services.grants.usage_statement.rounding import rounding_note
from services.grants.usage_statement.shapes import StatedParty, UsageStatement
from shared.money import sterling, thousands
from shared.periods import LONDON

HTML_TYPE = "text/html; charset=utf-8"

PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render_statement(statement: UsageStatement) -> bytes:
    """The statement's page; the same statement gives the same bytes."""
    return PAGES.get_template("statement.html").render(of=statement.model_dump()).encode()


def render_certificate(
    certificate: Certificate,
    *,
    parties: Sequence[StatedParty],
    names: Mapping[str, str],
    hash_holds: bool,
    figures_match: bool,
) -> bytes:
    """The certificate's page, of the figures it froze; names, by slug, are not among them."""
    bodies = [{**body, "name": names.get(body["organisation"], "")} for body in certificate.figures["pass_through"]]
    return (
        PAGES.get_template("certificate.html")
        .render(
            of={
                **certificate.figures,
                "pass_through": bodies,
                "note": rounding_note(certificate.figures["lines"]),
                "outturn_less_ledger_pence": outturn_less_ledger(
                    certificate.figures["outturn"]["spend_pence"],
                    certificate.figures["lines"],
                    certificate.figures["without_line_pence"],
                ),
            },
            parties=parties,
            certificate=certificate,
            wording=WORDINGS[certificate.wording_version],
            hash_holds=hash_holds,
            figures_match=figures_match,
        )
        .encode()
    )


def _pounds(pence: int | None) -> str:
    return "not known" if pence is None else sterling(pence)


def _day(value: date | str) -> str:
    day = date.fromisoformat(value) if isinstance(value, str) else value
    return f"{day.day} {day:%B %Y}"


def _moment(value: datetime | str) -> str:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    local = moment.astimezone(LONDON)
    return f"{_day(local.date())}, {local:%H:%M}"


def _quarter(slug: str) -> str:
    """`2017-18-q1` → `Q1 2017/18`."""
    return f"{slug[8:].upper()} {slug[:7].replace('-', '/')}"


PAGES.filters.update(
    pounds=_pounds,
    thousands=lambda pence: "not known" if pence is None else thousands(pence),
    day=_day,
    moment=_moment,
    quarter=_quarter,
    words=lambda text: str(text).replace("_", " "),
)
