"""Requests for information as tests want them."""

from __future__ import annotations

from typing import Any

import httpx

from tests.harness import Running
from tests.transparency.facts import PARTNER, at, registered

NAME, CONTACT = "Quillona Varnham", "q.varnham@example.org"
PATH = "/v1/information-requests"
ONE = f"{PATH}/IR-2017-0001"


async def known(transparency: Running, now: str = "2017-07-10T09:00") -> None:
    transparency.clock.set(at(now))
    await transparency.receive(registered(), registered(PARTNER, "partner", name="Partner Body"))


def officer(transparency: Running, sub: str = "person:ines") -> httpx.AsyncClient:
    return transparency.as_("transparency:information", sub=sub)


def body(received_on: str = "2017-07-10", **more: Any) -> dict[str, Any]:
    return {
        "publisher": "body",
        "subject": f"Cost of reviews, for {NAME}",
        "text": f"What did each review cost? Yours, {NAME}",
        "received_on": received_on,
        "channel": "email",
        "requester": {"name": NAME, "contact": CONTACT},
        **more,
    }


async def received(transparency: Running, received_on: str = "2017-07-10", **more: Any) -> dict[str, Any]:
    return await done(officer(transparency), PATH, body(received_on, **more))


async def done(client: httpx.AsyncClient, path: str, sent: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = await client.post(path, json=sent)
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def refused(client: httpx.AsyncClient, path: str, sent: dict[str, Any] | None = None) -> tuple[int, Any]:
    """Status, and of each error its code and place."""
    answer = await client.post(path, json=sent)
    assert answer.status_code >= 400, answer.text
    return answer.status_code, [(error["code"], error.get("pointer")) for error in answer.json()["errors"]]
