"""The page at `/` when services are away: it stays whole and says so. The demonstration tests follow its links."""

from __future__ import annotations

import httpx
from starlette.applications import Starlette

from deploy.databases import SERVICES
from deploy.home import SECTIONS, home_routes
from tests.journeys.running import free_port


async def test_services_that_are_away_leave_the_page_whole_and_are_named() -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    app = Starlette(routes=home_routes(lambda: httpx.AsyncClient(base_url=nobody)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://home") as client:
        page = await client.get("/")
    assert page.status_code == 200
    for name in SERVICES:
        assert f"The {name} service does not answer at the moment." in page.text
    for anchor, title in SECTIONS:
        assert f'<h2 id="{anchor}">{title}</h2>' in page.text
        assert f'<a href="#{anchor}">{title}</a>' in page.text
    assert page.text.count("<h1>") == 1
    assert '<a class="skip" href="#main">' in page.text
