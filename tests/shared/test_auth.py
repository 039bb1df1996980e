"""Keys of the issuer, settings that production refuses."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.auth import Keys, LocalIssuer, actor_of_token
from shared.errors import NotSignedIn, Unavailable
from shared.settings import LOCAL_ISSUER, CommonSettings


class Directory(BaseHTTPRequestHandler):
    """An issuer's key directory that can be broken and counts how often it is asked."""

    body = b""
    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        self.send_response(200 if self.body else 500)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def directory() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Directory)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    Directory.asked = 0
    yield f"http://127.0.0.1:{server.server_port}/jwks"
    server.shutdown()
    thread.join()
    server.server_close()


def settings(url: str | None) -> CommonSettings:
    return CommonSettings(environment="development", auth_jwks_url=url)


async def test_keys_are_fetched_once_and_survive_the_issuers_absence(directory: str, tmp_path: Path) -> None:
    issuer = LocalIssuer(tmp_path)
    Directory.body = issuer.jwks_file.read_bytes()
    common = settings(directory)
    keys = Keys(common)
    token = issuer.token("person:anne", ["a:b"], organisations=["here"], name="Anne")
    actor = await actor_of_token(token, keys, common)
    assert (actor.sub, actor.name, actor.organisations, actor.client_only) == (
        "person:anne",
        "Anne",
        frozenset({"here"}),
        False,
    )
    await actor_of_token(token, keys, common)
    assert Directory.asked == 1
    Directory.body = b""
    keys._fetched_at -= 10_000
    await actor_of_token(token, keys, common)
    assert Directory.asked == 2


async def test_a_token_of_an_unknown_key_is_refused_without_asking_each_time(directory: str, tmp_path: Path) -> None:
    known, other = LocalIssuer(tmp_path / "a"), LocalIssuer(tmp_path / "b")
    document = json.loads(known.jwks_file.read_text())
    document["keys"][0]["kid"] = "another"
    Directory.body = json.dumps(document).encode()
    common = settings(directory)
    keys = Keys(common)
    for _ in range(3):
        with pytest.raises(NotSignedIn):
            await actor_of_token(other.token("x", []), keys, common)
    assert Directory.asked == 1


async def test_without_any_keys_the_answer_is_try_again(directory: str, tmp_path: Path) -> None:
    Directory.body = b""
    common = settings(directory)
    with pytest.raises(Unavailable):
        await actor_of_token(LocalIssuer(tmp_path).token("x", []), Keys(common), common)


def test_the_private_key_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    LocalIssuer(tmp_path)
    assert (tmp_path / "issuer-key.pem").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("issuer", "url"),
    [(LOCAL_ISSUER, "https://issuer.example/jwks"), ("https://issuer.example", "file:keys.json"), ("https://x", None)],
)
def test_production_refuses_the_local_issuer_and_keys_that_are_not_https(issuer: str, url: str | None) -> None:
    with pytest.raises(ValidationError):
        CommonSettings(environment="production", auth_issuer=issuer, auth_jwks_url=url)


def test_production_is_the_default() -> None:
    with pytest.raises(ValidationError, match="AUTH_ISSUER"):
        CommonSettings()
