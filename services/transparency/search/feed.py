"""The newest matches of a search as an Atom feed, to be followed (RFC 4287)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

from starlette.requests import Request
from starlette.responses import Response

from services.transparency.search.filters import Searched
from shared.money import sterling
from shared.pagination import Links, PageRequest
from shared.work import Work

ATOM = "http://www.w3.org/2005/Atom"
ATOM_TYPE = "application/atom+xml"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def wants_atom(request: Request) -> bool:
    return request.url.path.endswith(".atom") or ATOM_TYPE in request.headers.get("accept", "")


def answer(
    work: Work, rows: Sequence[Mapping[str, Any]], scope: Sequence[Searched], paging: PageRequest, links: Links
) -> Response:
    """One entry a row. An entry's id is the row's own permanent address, so that a correction updates the entry."""
    address = f"{work.base_url}/v1/search.atom"
    query = urlencode(paging.filters)
    feed = ElementTree.Element("feed", xmlns=ATOM)
    _text(feed, "id", f"{address}?{query}" if query else address)
    _text(feed, "title", "Published spend: the newest rows that match")
    newest = [row["published_at"] for row in rows] or [edition.published_at for edition in scope] or [work.now]
    _text(feed, "updated", _instant(max(newest)))
    ElementTree.SubElement(feed, "link", rel="self", type=ATOM_TYPE, href=f"{address}?{query}" if query else address)
    page = f"{work.base_url}/v1/search.html"
    ElementTree.SubElement(feed, "link", rel="alternate", type="text/html", href=f"{page}?{query}" if query else page)
    if links.next is not None:
        ElementTree.SubElement(feed, "link", rel="next", type=ATOM_TYPE, href=links.next)
    seen: set[str] = set()
    for row in rows:
        if row["row_id"] not in seen:
            seen.add(row["row_id"])
            _entry(feed, row)
    data = ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True)
    return Response(data, media_type=f"{ATOM_TYPE}; charset=utf-8", headers={"Vary": "Accept"})


def _entry(feed: ElementTree.Element, row: Mapping[str, Any]) -> None:
    entry = ElementTree.SubElement(feed, "entry")
    _text(entry, "id", row["url"])
    _text(entry, "title", f"{row['beneficiary']}, {sterling(row['amount_pence'])}")
    _text(entry, "updated", _instant(row["published_at"]))
    author = ElementTree.SubElement(entry, "author")
    _text(author, "name", row["publisher_name"])
    ElementTree.SubElement(entry, "link", rel="alternate", href=row["url"])
    _text(
        entry,
        "summary",
        f"Paid on {row['payment_date']:%d/%m/%Y} by {row['unit']}: {row['purpose']} ({row['category']}). "
        f"Edition {row['edition']} of {row['period']}.",
    )


def _text(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = _NOT_XML.sub("", text)


def _instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
