"""The changes as an Atom feed (RFC 4287), its older pages linked (RFC 5005)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from services.transparency.editions.files import LICENCE
from services.transparency.open_data.changes import Change

ATOM = "http://www.w3.org/2005/Atom"
ATOM_TYPE = "application/atom+xml; charset=utf-8"
BEGINNING = datetime(2017, 4, 1, tzinfo=UTC)
"""When a feed without entries was last changed: before anything could be in it."""

UNFIT = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
"""Signs that XML cannot hold."""

ET.register_namespace("", ATOM)


def feed(
    changes: Sequence[Change],
    *,
    identity: str,
    title: str,
    address: str,
    first: str,
    following: str | None,
    page: str,
) -> bytes:
    """The feed as bytes. Its own time is that of its newest entry, so that the same feed has the same bytes."""
    root = ET.Element(f"{{{ATOM}}}feed", {"{http://www.w3.org/XML/1998/namespace}lang": "en-GB"})
    _text(root, "id", identity)
    _text(root, "title", title)
    _text(root, "updated", _instant(max((change.at for change in changes), default=BEGINNING)))
    author = ET.SubElement(root, f"{{{ATOM}}}author")
    _text(author, "name", "Outturn, transparency service")
    _text(root, "rights", f"Open Government Licence v3.0, {LICENCE}")
    _link(root, "self", address, "application/atom+xml")
    _link(root, "alternate", page, "text/html")
    _link(root, "license", LICENCE)
    _link(root, "first", first, "application/atom+xml")
    if following is not None:
        _link(root, "next", following, "application/atom+xml")
    for change in changes:
        _entry(root, change)
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return content


def _entry(root: ET.Element, change: Change) -> None:
    entry = ET.SubElement(root, f"{{{ATOM}}}entry")
    _text(entry, "id", f"urn:uuid:{change.change_id}")
    _text(entry, "title", change.title)
    _text(entry, "updated", _instant(change.at))
    _text(entry, "published", _instant(change.at))
    author = ET.SubElement(entry, f"{{{ATOM}}}author")
    _text(author, "name", change.publisher_name)
    _link(entry, "alternate", change.url, "application/json" if change.kind == "missed" else "text/html")
    ET.SubElement(entry, f"{{{ATOM}}}category", {"term": change.kind})
    if change.dataset is not None:
        ET.SubElement(entry, f"{{{ATOM}}}category", {"term": change.dataset, "label": "dataset"})
    _text(entry, "summary", change.summary)


def _text(parent: ET.Element, name: str, content: str) -> None:
    ET.SubElement(parent, f"{{{ATOM}}}{name}").text = UNFIT.sub("", content)


def _link(parent: ET.Element, relation: str, address: str, media_type: str | None = None) -> None:
    attributes = {"rel": relation, "href": address} | ({"type": media_type} if media_type else {})
    ET.SubElement(parent, f"{{{ATOM}}}link", attributes)


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
