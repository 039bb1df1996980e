"""Steps that tests of the procurement duties share."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import httpx

from tests.harness import Running
from tests.transparency.test_files import errors

AUTHORITY = "/v1/publishers/body/contracting-authority"


async def set_authority(
    transparency: Running, day: str | None = "2017-04-01", *, version: int = 0, sub: str = "person:fay"
) -> httpx.Response:
    lead = transparency.as_("transparency:finance", sub=sub)
    return await lead.put(
        AUTHORITY,
        json={"contracting_authority_from": day, "reason": "It buys under the Act."},
        headers={"If-Match": f'"{version}"'},
    )


async def table(transparency: Running, path: str) -> list[dict[str, str]]:
    answer = await transparency.anonymous.get(path)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


async def schema_errors(transparency: Running, files: str, name: str, folder: Path) -> list[Any]:
    """What a Table Schema engine finds wrong with an edition's CSV (section 5)."""
    data = (await transparency.anonymous.get(f"{files}/{name}.csv")).content
    return errors(data, (await transparency.anonymous.get(f"{files}/schema.json")).json(), folder)


async def draft(transparency: Running, path: str, **body: Any) -> httpx.Response:
    return await transparency.as_("transparency:preparer", sub="person:pia").post(f"{path}/editions", json=body)


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["code"]
