"""Calling the services as other systems do: over HTTP, with a token, finding what exists before creating it."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from deploy.demo.people import Person
from shared.auth import LocalIssuer

TRIES = 40
PAUSE_SECONDS = 0.25


class DemoFailed(Exception):
    """An answer that the demonstration did not expect, in words."""


class Client:
    """All calls of the demonstration; counts what was made and what was found."""

    def __init__(self, http: httpx.AsyncClient, addresses: Mapping[str, str], issuer: LocalIssuer) -> None:
        self._http = http
        self._addresses = addresses
        self._issuer = issuer
        self._tokens: dict[Person, str] = {}
        self.made: Counter[str] = Counter()
        self.found: Counter[str] = Counter()

    async def get(self, path: str, who: Person | None = None, **parameters: Any) -> Any:
        """The JSON of an address that must exist."""
        return (await self.call("GET", path, who, params=parameters)).json()

    async def find(self, path: str, who: Person | None = None, **parameters: Any) -> Any | None:
        """The JSON of an address, or None where there is nothing."""
        answer = await self.call("GET", path, who, params=parameters, allowed=(200, 404))
        return answer.json() if answer.status_code == 200 else None

    async def every(self, path: str, who: Person | None = None, **parameters: Any) -> list[Any]:
        """All items of a list, page after page."""
        items: list[Any] = []
        answer = await self.get(path, who, **{"limit": 500, **parameters})
        while True:
            items += answer["items"]
            following = (answer.get("links") or {}).get("next")
            if not following:
                return items
            answer = (await self.call("GET", following, who)).json()

    async def post(self, path: str, who: Person, body: Any = None, **options: Any) -> Any:
        """Create or move something, and return the answer."""
        answer = await self.call("POST", path, who, json=body, **options)
        return answer.json() if answer.content else None

    async def replace(self, method: str, path: str, who: Person, body: Any, *, version_of: str | None = None) -> Any:
        """PUT or PATCH; `version_of` is the address whose ETag says what is being changed."""
        headers = {}
        if version_of is not None:
            headers["If-Match"] = (await self.call("GET", version_of, who)).headers["ETag"]
        return (await self.call(method, path, who, json=body, headers=headers)).json()

    async def once(
        self, kind: str, find: Callable[[], Awaitable[Any | None]], make: Callable[[], Awaitable[Any]]
    ) -> Any:
        """What exists by its natural key; made where it does not."""
        existing = await find()
        if existing is not None:
            self.found[kind] += 1
            return existing
        made = await make()
        self.made[kind] += 1
        return made

    def count(self, kind: str, *, made: int, of: int) -> None:
        """Count several at once: some made now, the others found."""
        self.made[kind] += made
        self.found[kind] += of - made

    def noted(self, kind: str, answer: httpx.Response) -> None:
        """Count an upload: found where the service gave the kept answer of the same one again."""
        (self.found if is_replay(answer) else self.made)[kind] += 1

    async def arrives(self, what: str, look: Callable[[], Awaitable[Any | None]], seconds: float = 60) -> Any:
        """Wait for what another service announces; returns what `look` finds."""
        until = asyncio.get_running_loop().time() + seconds
        while True:
            found = await look()
            if found:
                return found
            if asyncio.get_running_loop().time() > until:
                raise DemoFailed(f"{what} did not arrive within {seconds:.0f} seconds; look at /health/events.")
            await asyncio.sleep(0.1)

    async def call(
        self,
        method: str,
        path: str,
        who: Person | None = None,
        *,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        allowed: tuple[int, ...] = (),
        tries: int = TRIES,
    ) -> httpx.Response:
        """One answered call. Waits where the services say to; anything else unexpected ends the demonstration."""
        sent = dict(headers or {})
        if who is not None:
            sent["Authorization"] = f"Bearer {self._token(who)}"
        if method == "POST":
            # The same request of a second run has the same key, so that it could not be carried out twice.
            sent.setdefault("Idempotency-Key", _key(path, params, json, content))
        for turn in range(tries):
            answer = await self._http.request(
                method,
                self._url(path),
                json=json,
                content=content,
                headers=sent,
                params=_texts(params),
                follow_redirects=True,
            )
            if answer.status_code < 300 or answer.status_code in allowed:
                return answer
            if not _passing(answer) or turn == tries - 1:
                raise DemoFailed(f"{method} {path} as {who.name if who else 'the public'}: {in_words(answer)}")
            await asyncio.sleep(PAUSE_SECONDS)
        raise AssertionError("not reached")

    def _url(self, path: str) -> str:
        """Where a path is served. Links carry the public address, which need not be the one we reach."""
        if "://" in path:
            path = httpx.URL(path).raw_path.decode()
        service = path.split("/", 2)[1]
        return f"{self._addresses.get(service, self._addresses[''])}{path}"

    def _token(self, who: Person) -> str:
        if who not in self._tokens:
            self._tokens[who] = self._issuer.token(
                who.sub, who.scopes, name=who.name, organisations=who.organisations, client_only=who.client_only
            )
        return self._tokens[who]


@asynccontextmanager
async def connected(address: str, folder: Path) -> AsyncIterator[Client]:
    """A client of a running instance; its tokens come from the issuer in the instance's folder.

    `address` is one for all, or `grants=http://…,deliverables=http://…` where there is no gateway.
    """
    limits = httpx.Limits(max_connections=20, max_keepalive_connections=20)
    async with httpx.AsyncClient(timeout=120, limits=limits) as http:
        yield Client(http, addresses_of(address), LocalIssuer(folder))


def addresses_of(text: str) -> dict[str, str]:
    """Service → address; the empty name stands for all others."""
    named = dict(part.split("=", 1) for part in text.split(",")) if "=" in text else {"": text}
    return {"": next(iter(named.values())), **named}


def is_replay(answer: httpx.Response) -> bool:
    """Whether the service gave the kept answer of the same request again."""
    return bool(answer.headers.get("Idempotent-Replayed") == "true")


def problem_codes(answer: httpx.Response) -> set[str]:
    """The codes of a refusal."""
    try:
        problem = answer.json()
    except ValueError:
        return set()
    codes = {str(error.get("code")) for error in problem.get("errors") or []}
    return codes | {str(problem.get("type", "")).rsplit("/", 1)[-1].rsplit(":", 1)[-1]}


def in_words(answer: httpx.Response) -> str:
    """Status and problem details on a few lines."""
    try:
        problem = answer.json()
    except ValueError:
        return f"{answer.status_code} {answer.text[:300]}"
    lines = [f"{answer.status_code} {problem.get('title', '')}: {problem.get('detail', '')}"]
    for error in (problem.get("errors") or [])[:8]:
        place = error.get("pointer") or error.get("parameter") or error.get("line") or ""
        lines.append(f"  {error.get('code')} {place}: {error.get('detail')}")
    return "\n".join(lines)


def _passing(answer: httpx.Response) -> bool:
    """Whether waiting helps: too many requests, a starting database, or the same request still under way."""
    if answer.status_code in (429, 503):
        return True
    return answer.status_code == 409 and bool(
        problem_codes(answer) & {"organisation_unknown", "idempotency_key_in_use"}
    )


def _texts(params: Mapping[str, Any] | None) -> dict[str, str] | None:
    if params is None:
        return None
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in params.items()
        if value is not None
    }


def _key(path: str, params: Mapping[str, Any] | None, body: Any, content: bytes | None) -> str:
    payload = content if content is not None else json.dumps(body, sort_keys=True).encode()
    mixed = hashlib.sha256(f"{path}?{sorted((params or {}).items())}".encode() + payload)
    return f"demo-{mixed.hexdigest()[:32]}"
