"""Routes of published papers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from starlette.responses import HTMLResponse, Response

from services.governance.meetings.queries import find_meeting
from services.governance.packs import commands
from services.governance.packs.queries import find_pack, packs_of
from services.governance.packs.tables import Pack
from services.governance.pages import render
from services.governance.shapes import Instant, example
from shared.events.base import canonical_json
from shared.http import Body, PublicWork, Routes, Shape, Writes
from shared.work import Work

router = Routes(tags=["packs"])


class PackIn(Body):
    model_config = example(scope="main_pack")

    scope: Literal["main_pack", "supplement"]
    happened_at: Instant | None = None


class PackOut(Shape):
    id: UUID
    scope: str
    supplement_no: int | None
    published_at: datetime
    recorded_at: datetime
    page_map: list[dict[str, Any]]
    sha256: str
    url: str
    html: str


class PackList(Shape):
    items: list[PackOut]


@router.post("/v1/meetings/{meeting}/packs", status_code=201)
async def publish_pack(meeting: UUID, body: PackIn, work: Annotated[Work, Writes("governance:clerk")]) -> PackOut:
    """Publish the main pack, or what came late as the next supplement, judged by its own clock (B-3, B-6)."""
    pack = await commands.publish_pack(work, meeting, body.scope, body.happened_at)
    work.headers["Location"] = f"{work.base_url}/v1/packs/{pack.id}"
    return pack_out(pack, work.base_url)


@router.get("/v1/meetings/{meeting}/packs")
async def list_packs(meeting: UUID, work: PublicWork) -> PackList:
    """Main pack and supplements of a meeting (B-13)."""
    await find_meeting(work.session, meeting)
    return PackList(items=[pack_out(pack, work.base_url) for pack in await packs_of(work.session, meeting)])


@router.get("/v1/packs/{pack}", response_class=Response, responses={200: {"content": {"application/json": {}}}})
async def read_pack(pack: UUID, work: PublicWork) -> Response:
    """The public papers, byte for byte as their `sha256` says."""
    found = await find_pack(work.session, pack)
    work.etag(found.sha256)
    return Response(canonical_json(found.document), media_type="application/json")


@router.get("/v1/packs/{pack}/page.html", response_class=HTMLResponse)
async def read_pack_page(pack: UUID, work: PublicWork) -> HTMLResponse:
    """The public papers as a page."""
    found = await find_pack(work.session, pack)
    return render("pack.html", pack=found.document, published_at=found.published_at, sha256=found.sha256)


def pack_out(pack: Pack, base_url: str) -> PackOut:
    return PackOut(
        id=pack.id,
        scope=pack.scope,
        supplement_no=pack.supplement_no or None,
        published_at=pack.published_at,
        recorded_at=pack.recorded_at,
        page_map=pack.page_map,
        sha256=pack.sha256,
        url=f"{base_url}/v1/packs/{pack.id}",
        html=f"{base_url}/v1/packs/{pack.id}/page.html",
    )
