"""Who is asking: bearer tokens (RFC 9068) checked against the issuer's keys, and what an actor may do."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from shared.errors import Conflict, ErrorItem, NotAllowed, NotSignedIn, Unavailable
from shared.settings import LOCAL_ISSUER, CommonSettings

ALGORITHMS = ["ES256", "RS256", "PS256"]
KEY_CACHE_SECONDS = 600
UNKNOWN_KEY_PAUSE_SECONDS = 30
VERIFIED_AT_MOST = 2048


@dataclass(frozen=True)
class Actor:
    """The acting person or client, as its token says.

    `organisations` holds slugs and limits what may be written for; None is no limit. `client_only` is a token without
    a person behind it, which may not approve anything.
    """

    sub: str
    name: str
    scopes: frozenset[str]
    organisations: frozenset[str] | None = None
    client_only: bool = False

    def may(self, *scopes: str) -> bool:
        return not self.scopes.isdisjoint(scopes)


NOBODY = Actor(sub="anonymous", name="Public", scopes=frozenset())


def system_actor(service: str) -> Actor:
    """Who acts when a service moves time or works off a queue."""
    return Actor(sub=f"system:{service}", name=f"{service} service", scopes=frozenset(), client_only=True)


class SamePerson(Conflict):
    code = "same_person"
    title = "Another person must approve"


def four_eyes(actor: Actor, maker_sub: str, *, code: str = "same_person", detail: str | None = None) -> None:
    """Refuse an approval by its own maker, or by a token that is only a client."""
    if actor.client_only:
        raise NotAllowed("A token that stands for no person may not approve; sign in as a person.")
    if actor.sub == maker_sub:
        text = detail or "The person who made this may not approve it; another person must."
        raise SamePerson(text, errors=[ErrorItem(code=code, detail=text)])


class Keys:
    """The issuer's public keys, fetched once and again when a token names an unknown one."""

    def __init__(self, settings: CommonSettings) -> None:
        self._url = settings.auth_jwks_url
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = 0.0
        self.verified: dict[str, tuple[Actor, float]] = {}
        """Tokens whose signature was checked with the present keys, and until when they hold."""
        self._lock = asyncio.Lock()

    @property
    def are_fresh(self) -> bool:
        return time.monotonic() - self._fetched_at <= KEY_CACHE_SECONDS

    async def find(self, key_id: str) -> jwt.PyJWK:
        age = time.monotonic() - self._fetched_at
        if age > KEY_CACHE_SECONDS or (key_id not in self._keys and age > UNKNOWN_KEY_PAUSE_SECONDS):
            async with self._lock:
                if time.monotonic() - self._fetched_at >= age:
                    await self._fetch()
        if key_id not in self._keys:
            raise NotSignedIn("The token is signed with a key that its issuer does not publish.", headers=CHALLENGE)
        return self._keys[key_id]

    async def _fetch(self) -> None:
        if not self._url:
            raise Unavailable("AUTH_JWKS_URL is not set; tokens cannot be checked.")
        try:
            if self._url.startswith("file:"):
                text = await asyncio.to_thread(Path(self._url.removeprefix("file:")).read_text)
            else:
                async with httpx.AsyncClient(timeout=5) as client:
                    text = (await client.get(self._url)).raise_for_status().text
            keys = {key.key_id: key for key in jwt.PyJWKSet.from_json(text).keys if key.key_id}
        except (OSError, httpx.HTTPError, jwt.PyJWTError, ValueError) as error:
            # Old keys stay good while the issuer is away, so that a short absence signs nobody out.
            if self._keys:
                self._fetched_at = time.monotonic()
                return
            raise Unavailable("The token issuer's keys cannot be read; try again.") from error
        self._keys, self._fetched_at = keys, time.monotonic()
        self.verified.clear()


CHALLENGE = {"WWW-Authenticate": "Bearer"}


async def actor_of_token(token: str, keys: Keys, settings: CommonSettings) -> Actor:
    """The actor behind a bearer token; refuses 401 anything that is not a valid access token for this system."""
    known = keys.verified.get(token)
    if known is not None and known[1] > time.time() and keys.are_fresh:
        return known[0]
    try:
        header = jwt.get_unverified_header(token)
        key = await keys.find(str(header.get("kid", "")))
        if str(header.get("typ", "")).lower() not in ("at+jwt", "application/at+jwt"):
            raise NotSignedIn("The token is not an access token (typ at+jwt).", headers=CHALLENGE)
        claims = jwt.decode(
            token,
            key,
            algorithms=ALGORITHMS,
            issuer=settings.auth_issuer,
            audience=settings.auth_audience,
            leeway=10,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
    except jwt.ExpiredSignatureError as error:
        raise NotSignedIn("The token has expired; sign in again.", headers=CHALLENGE) from error
    except jwt.PyJWTError as error:
        raise NotSignedIn("The token is not valid here; sign in again.", headers=CHALLENGE) from error
    organisations = claims.get("organisations")
    sub = str(claims["sub"])
    actor = Actor(
        sub=sub,
        name=str(claims.get("name", sub)),
        scopes=frozenset(str(claims.get("scope", "")).split()),
        organisations=None if organisations is None else frozenset(map(str, organisations)),
        client_only=claims.get("client_id") == sub,
    )
    if len(keys.verified) >= VERIFIED_AT_MOST:
        keys.verified.clear()
    keys.verified[token] = (actor, float(claims["exp"]))
    return actor


class LocalIssuer:
    """Signs tokens for the embedded mode and for tests, with a key kept in its folder. Never in production."""

    def __init__(self, folder: Path) -> None:
        self._key_file = folder / "issuer-key.pem"
        self.jwks_file = folder / "jwks.json"
        if not self._key_file.exists():
            folder.mkdir(parents=True, exist_ok=True)
            key = ec.generate_private_key(ec.SECP256R1())
            pem = key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            temporary = self._key_file.with_suffix(".tmp")
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(pem)
            temporary.replace(self._key_file)
        loaded = serialization.load_pem_private_key(self._key_file.read_bytes(), None)
        assert isinstance(loaded, ec.EllipticCurvePrivateKey)
        self._key = loaded
        jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self._key.public_key()))
        jwk |= {"kid": "local", "use": "sig", "alg": "ES256"}
        self.jwks_file.write_text(json.dumps({"keys": [jwk]}))

    @property
    def jwks_url(self) -> str:
        return f"file:{self.jwks_file}"

    def token(
        self,
        sub: str,
        scopes: Iterable[str],
        *,
        name: str | None = None,
        organisations: Iterable[str] | None = None,
        client_only: bool = False,
        audience: str = "outturn",
        valid_for: timedelta = timedelta(hours=12),
        now: datetime | None = None,
    ) -> str:
        issued = now or datetime.now(UTC)
        claims: dict[str, Any] = {
            "iss": LOCAL_ISSUER,
            "aud": audience,
            "sub": sub,
            "client_id": sub if client_only else "outturn-cli",
            "name": name or sub,
            "scope": " ".join(sorted(scopes)),
            "iat": issued,
            "exp": issued + valid_for,
            "jti": f"{sub}-{issued.timestamp()}",
        }
        if organisations is not None:
            claims["organisations"] = sorted(organisations)
        return jwt.encode(claims, self._key, algorithm="ES256", headers={"kid": "local", "typ": "at+jwt"})


Clock = Callable[[], datetime]
NewId = Callable[[], UUID]


def utc_now() -> datetime:
    return datetime.now(UTC)
