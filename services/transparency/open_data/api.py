"""Routes that machines read: the catalogue, and what changed, as a feed and as a list."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query, Request
from pydantic import Field
from starlette.responses import Response

from services.transparency import queries as publishers
from services.transparency.open_data import atom, catalogue, changes
from services.transparency.open_data.answers import as_csv, tagged
from shared.http import PublicWork, Routes, Shape
from shared.tabular import wants_csv

router = Routes(tags=["open data"])

JSON_LD = "application/ld+json"

Publisher = Annotated[str | None, Query(max_length=80, description="Slug of a publisher; all without it.")]
Limit = Annotated[int, Query(ge=1, le=500, description="Most changes in an answer.")]


class ChangeShape(Shape):
    change_id: UUID = Field(description="Stays the same for ever; ignore one that you have.")
    kind: Literal["published", "corrected", "withdrawn", "missed"]
    at: datetime
    publisher: str | None = Field(description="Slug; null until the organisation's registration has arrived.")
    publisher_name: str
    dataset: str | None = Field(description="Null where a duty was missed.")
    period: str
    edition: int | None
    obligation: str | None = Field(description="Code of the missed duty, such as `SPEND`.")
    title: str
    summary: str
    url: str


class ChangesLinks(Shape):
    next: str | None = Field(description="Where to go on; null where nothing more is known now.")


class ChangesShape(Shape):
    items: list[ChangeShape]
    after: str | None = Field(description="Keep it, and send it as `after` next time to get only what is new.")
    links: ChangesLinks


@router.get("/data.json", responses={200: {"content": {JSON_LD: {}}}})
async def read_catalogue(work: PublicWork, request: Request) -> Response:
    """The catalogue of everything that can be read here: DCAT 3 as JSON-LD, with DCAT-AP's mandatory properties.

    Members carry the names of Project Open Data where both have them. Withdrawn and suspended editions are not in it.
    """
    content = json.dumps(await catalogue.catalogue(work), ensure_ascii=False, separators=(",", ":")).encode()
    media_type = JSON_LD if JSON_LD in request.headers.get("accept", "") else "application/json"
    return tagged(content, media_type)


@router.get("/feed.atom", responses={200: {"content": {"application/atom+xml": {}}}})
async def read_feed(
    work: PublicWork,
    publisher: Publisher = None,
    before: Annotated[str | None, Query(max_length=400, description="From the link to the next page.")] = None,
    limit: Limit = 50,
) -> Response:
    """Everything that was published, corrected, withdrawn or missed, the newest first, as an Atom feed.

    Older pages are linked with `rel="next"`. To keep up with changes, read `/v1/changes`.
    """
    name = (await publishers.publisher(work.session, publisher)).name if publisher is not None else None
    found = await changes.read(
        work.session, work.base_url, publisher=publisher, before=before, limit=limit, newest_first=True
    )
    address = f"{work.base_url}/feed.atom"
    asked = {"publisher": publisher} if publisher else {}
    sized = asked | ({"limit": str(limit)} if limit != 50 else {})
    following = {**sized, "before": found.changes[-1].position} if found.more else None
    content = atom.feed(
        found.changes,
        identity=_with(address, asked),
        title=f"Transparency of {name}" if name else "Transparency of grant-funded improvement bodies",
        address=_with(address, sized | ({"before": before} if before else {})),
        first=_with(address, sized),
        following=_with(address, following) if following else None,
        page=f"{work.base_url}/v1/publishers/{publisher}.html" if publisher else f"{work.base_url}/v1/publishers.html",
    )
    return tagged(content, atom.ATOM_TYPE)


@router.get("/v1/changes", responses={200: {"content": {"text/csv": {}}}}, response_model=ChangesShape)
@router.get("/v1/changes.csv", include_in_schema=False, name="list_changes_csv")
async def list_changes(
    work: PublicWork,
    request: Request,
    publisher: Publisher = None,
    after: Annotated[
        str | None, Query(max_length=400, description="`after` of your last answer; from the beginning without it.")
    ] = None,
    limit: Limit = 100,
) -> Any:
    """Everything that was published, corrected, withdrawn or missed, in the order in which it happened.

    Keep `after` and send it next time: nothing is passed by. For that, what happened in the last seconds is held back
    until nothing earlier can come any more.
    """
    if publisher is not None:
        await publishers.publisher(work.session, publisher)
    found = await changes.read(work.session, work.base_url, publisher=publisher, after=after, limit=limit)
    position = found.changes[-1].position if found.changes else after
    if found.more and position is not None:
        query = {"publisher": publisher} if publisher else {}
        following = _with(f"{work.base_url}/v1/changes", {**query, "limit": str(limit), "after": position})
        work.headers["Link"] = f'<{following}>; rel="next"'
    else:
        following = None
    shapes = [ChangeShape.model_validate(change) for change in found.changes]
    if wants_csv(request):
        return as_csv(shapes, ChangeShape, f"changes-{publisher or 'all'}.csv")
    return ChangesShape(items=shapes, after=position, links=ChangesLinks(next=following))


def _with(address: str, query: dict[str, str]) -> str:
    return f"{address}?{urlencode(query)}" if query else address
