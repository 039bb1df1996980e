"""What the tests of expenditure share: an organisation, profiles, and files to send."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.grants.expenditure.worker import take_in_waiting
from tests.harness import Running, TestClock

ROOT = Path(__file__).parents[3]
PROFILES = ROOT / "deploy" / "demo" / "profiles"
SPEND = Path(os.environ.get("OUTTURN_SPEND_DIR", ROOT.parent / "shared" / "data" / "spend"))
HEADER = ("Reference", "Date", "Supplier", "Amount")


def simple_profile(**changes: Any) -> dict[str, Any]:
    """A small profile with a key; `changes` replaces its members."""
    return {
        "name": "simple",
        "fields": {
            "payment_date": {"column": "Date"},
            "amount": {"column": "Amount"},
            "party_name": {"column": "Supplier"},
        },
        "identity": {"kind": "keyed", "columns": ["Reference"]},
        "vat": {"treatment": "net_of_recoverable"},
        "parties": {"default_kind": "organisation"},
        **changes,
    }


def counted_profile(**changes: Any) -> dict[str, Any]:
    return simple_profile(name="counted", identity={"kind": "counted"}, item_columns=["Reference"], **changes)


def csv_file(*rows: Sequence[object], header: Sequence[str] = HEADER) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode()


class Ledger:
    """A publisher's finance system, as it talks to the service."""

    def __init__(self, grants: Running) -> None:
        self.grants = grants
        self.finance = grants.as_("grants:finance", "grants:manager", "grants:cfo", sub="person:finance")
        self.system = grants.as_("expenditure:submit", sub="client:ledger", client_only=True)

    async def register(self, slug: str = "salford") -> None:
        answer = await self.finance.post("/v1/organisations", json={"slug": slug, "name": slug.title()})
        assert answer.status_code == 201, answer.text

    async def define(self, profile: dict[str, Any]) -> httpx.Response:
        return await self.finance.post("/v1/source-profiles", json=profile)

    async def defined(self, profile: dict[str, Any]) -> None:
        answer = await self.define(profile)
        assert answer.status_code == 201, answer.text

    async def send(
        self,
        content: bytes,
        profile: str = "simple",
        organisation: str = "salford",
        media_type: str = "text/csv",
        headers: dict[str, str] | None = None,
        **parameters: str,
    ) -> httpx.Response:
        return await self.system.post(
            "/v1/expenditure-batches",
            params={"organisation": organisation, "profile": profile, **parameters},
            content=content,
            headers={"Content-Type": media_type, **(headers or {})},
        )

    async def sent(self, content: bytes, profile: str = "simple", **kwargs: Any) -> dict[str, Any]:
        """The batch once it is taken in or refused as a whole, however long the file."""
        answer = await self.send(content, profile, **kwargs)
        if answer.status_code == 409 and "batch" in answer.json():
            answer = await self.system.get("/v1/" + answer.json()["batch"].split("/v1/", 1)[1])
            return dict(answer.json())
        assert answer.status_code in (201, 202), answer.text
        batch: dict[str, Any] = answer.json()
        if answer.status_code == 202:
            await take_in_waiting(self.grants.runtime)
            batch = (await self.system.get(f"/v1/expenditure-batches/{batch['id']}")).json()
        return batch

    async def everything(self, path: str, **parameters: str) -> list[dict[str, Any]]:
        """Every item of a list, page after page."""
        items: list[dict[str, Any]] = []
        answer = await self.finance.get(path, params={"limit": "500", **parameters})
        while True:
            assert answer.status_code == 200, answer.text
            items += answer.json()["items"]
            following = answer.json()["links"]["next"]
            if following is None:
                return items
            answer = await self.finance.get("/v1/" + following.split("/v1/", 1)[1])

    async def outcomes(self, batch: dict[str, Any]) -> list[str]:
        lines = await self.everything(f"/v1/expenditure-batches/{batch['id']}/lines")
        return [line["outcome"] for line in lines]


def accounted(batch: dict[str, Any]) -> None:
    """Every line and every penny of a batch has one outcome."""
    outcomes = batch["outcomes"]
    for unit in ("lines", "pence"):
        parts = [outcomes[name][unit] for name in ("accepted", "duplicate", "conflict", "rejected", "held")]
        assert outcomes["received"][unit] == sum(parts), (unit, outcomes)


@pytest.fixture
async def ledger(grants: Running, clock: TestClock) -> Ledger:
    """The organisation `salford`, and a clock after every date in the files."""
    clock.set(datetime(2026, 6, 1, 12, 0, tzinfo=UTC))
    made = Ledger(grants)
    await made.register()
    return made


def real_profile(name: str) -> dict[str, Any]:
    profile: dict[str, Any] = json.loads((PROFILES / f"{name}.json").read_text())
    return profile
