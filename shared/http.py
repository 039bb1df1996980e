"""Routes that keep the house rules by themselves: access, one unit of work, idempotency, ETags, strict parameters."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import AsyncIterator, Callable, Collection, Coroutine
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import ParamTypes
from fastapi.routing import APIRoute
from pydantic import AwareDatetime, BaseModel, ConfigDict
from starlette.datastructures import QueryParams
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from shared import idempotency
from shared.auth import CHALLENGE, NOBODY, Actor, actor_of_token
from shared.errors import ErrorItem, Invalid, Malformed, NotAllowed, NotSignedIn, TooLarge, UnsupportedMediaType
from shared.etags import not_modified
from shared.files import StoredFile
from shared.forms import FORM_TYPE, OPENING_BYTES, FormFile, file_name, media_type_of
from shared.service import Runtime
from shared.work import Work

JSON_LIMIT_BYTES = 8 * 1024 * 1024
UPLOAD_LIMIT_BYTES = 2 * 1024 * 1024 * 1024

NOT_IDEMPOTENT: dict[str, Any] = {"x-idempotency-key": False}
"""`openapi_extra` of a POST that only computes."""

UPLOAD: dict[str, Any] = {"x-upload": True}
"""`openapi_extra` of a POST whose body is a file, stored before the command runs."""


class Body(BaseModel):
    """A request body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_max_length=20_000)


class Shape(BaseModel):
    """An answer."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


@dataclass(frozen=True)
class Access:
    """Who may call a route: anyone, or a token with one of these scopes."""

    scopes: tuple[str, ...]
    public: bool = False

    async def __call__(self, request: Request) -> Work:
        work: Work = request.state.work
        return work

    def check(self, actor: Actor | None) -> Actor:
        if self.public:
            return actor or NOBODY
        if actor is None:
            raise NotSignedIn(
                f"Send a bearer token with one of these scopes: {', '.join(self.scopes)}.", headers=CHALLENGE
            )
        if not actor.may(*self.scopes):
            raise NotAllowed(f"This needs one of these scopes: {', '.join(self.scopes)}.")
        return actor


def Writes(*scopes: str) -> Any:  # noqa: N802 - reads as a declaration in a signature
    """`work: Annotated[Work, Writes("grants:manager")]`: a token with one of these scopes."""
    return Depends(Access(scopes))


def Reads(*scopes: str) -> Any:  # noqa: N802
    """As `Writes`, for routes that only read."""
    return Depends(Access(scopes))


PublicWork = Annotated[Work, Depends(Access((), public=True))]
"""Anyone may call the route; a token, where sent, is still checked."""


@dataclass(frozen=True)
class Upload:
    """A received file, already kept byte for byte."""

    sha256: str
    size: int
    path: Path
    media_type: str
    content_encoding: str | None


async def _received(request: Request) -> Upload:
    upload: Upload = request.state.upload
    return upload


ReceivedFile = Annotated[Upload, Depends(_received)]


class HouseRoute(APIRoute):
    """A route that opens the unit of work, and commits it before the answer goes out."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **kwargs: Any) -> None:
        extra = kwargs.get("openapi_extra") or {}
        self.is_upload = bool(extra.get("x-upload"))
        if kwargs.get("max_body_size") is None:
            kwargs["max_body_size"] = UPLOAD_LIMIT_BYTES if self.is_upload else JSON_LIMIT_BYTES
        super().__init__(path, endpoint, **kwargs)
        self.app = _refuse_declared_excess(self.app, kwargs["max_body_size"])
        self.needs_key = "POST" in (self.methods or ()) and extra.get("x-idempotency-key", True)
        self.access = next(
            (dependency.call for dependency in self.dependant.dependencies if isinstance(dependency.call, Access)), None
        )
        if self.access is None:
            raise TypeError(f"{self.name} does not declare who may call it: take Writes, Reads or PublicWork")
        asked = [field for field in get_flat_params(self.dependant) if _place(field) == ParamTypes.query]
        self.parameters = {field.alias for field in asked}
        self.instants = {field.alias for field in asked if _holds_instant(field.field_info.annotation)}

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        endpoint = super().get_route_handler()

        async def handle(request: Request) -> Response:
            _read_plus_in_instants(request, self.instants)
            self._refuse_unknown_parameters(request)
            assert self.access is not None
            runtime: Runtime = request.app.state.runtime
            actor = self.access.check(await _actor(request, runtime))
            # Who logs the request wants to know on whose behalf it ran.
            request.state.actor_sub = actor.sub
            fingerprint = await self._receive_body(request, runtime)
            changes = request.method not in ("GET", "HEAD")
            async with runtime.database.session() as session:
                work = Work(
                    runtime,
                    session,
                    actor,
                    now=runtime.clock(),
                    request_id=request.state.request_id,
                    traceparent=request.headers.get("traceparent"),
                    if_match=_joined(request, "if-match"),
                    default_action=self.name if changes else None,
                    default_subject=request.url.path,
                )
                request.state.work = work
                if self.is_upload:
                    await work.name_file(request.state.stored_file)
                if not (changes and self.needs_key):
                    response = await endpoint(request)
                    if changes:
                        await work.commit()
                    return _finish(request, response, work)
                same = idempotency.Request(
                    client=actor.sub,
                    method=request.method,
                    path=f"{request.url.path}?{request.url.query}",
                    key=idempotency.check_key(request.headers.get("idempotency-key")),
                    fingerprint=fingerprint,
                )
                table = runtime.tables.idempotency
                kept = await idempotency.find(await session.connection(), table, same)
                if kept is not None:
                    return kept
                response = _finish(request, await endpoint(request), work)
                await session.flush()
                await idempotency.keep(await session.connection(), table, same, response, work.now)
                await work.commit()
                return response

        return handle

    def _refuse_unknown_parameters(self, request: Request) -> None:
        unknown = []
        for name, value in request.query_params.multi_items():
            if name not in self.parameters:
                near = difflib.get_close_matches(name, self.parameters, 1)
                hint = f"did you mean {near[0]}?" if near else "leave it out."
                unknown.append(
                    ErrorItem(code="unknown_parameter", detail=f"Unknown parameter; {hint}", parameter=name[:64])
                )
            elif "\x00" in value or _has_surrogate(value):
                unknown.append(
                    ErrorItem(code="bad_text", detail="Holds a character that no text may hold.", parameter=name)
                )
        if any("\x00" in str(value) for value in request.path_params.values()):
            unknown.append(ErrorItem(code="bad_text", detail="The path holds a NUL character."))
        if unknown:
            raise Malformed("The query cannot be used as it stands; see errors.", errors=unknown)

    async def _receive_body(self, request: Request, runtime: Runtime) -> str:
        """Take the body in and return its fingerprint: the SHA-256 of its bytes."""
        content_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
        if self.is_upload:
            upload = await self._receive_file(request, runtime, content_type)
            request.state.upload = upload
            request.state.stored_file = StoredFile(upload.sha256, upload.size, upload.media_type)
            return upload.sha256
        body = await request.body()
        if body and self.body_field is not None:
            if content_type != "application/json" and not content_type.endswith("+json"):
                raise UnsupportedMediaType("Send the body as application/json.")
            _refuse_bad_text(body)
            request.state.sent_body = body
        return hashlib.sha256(body).hexdigest()

    async def _receive_file(self, request: Request, runtime: Runtime, content_type: str) -> Upload:
        """Keep the uploaded file byte for byte: the body, or the one file of a form as browsers send it."""
        encoding, opening = request.headers.get("content-encoding"), bytearray()
        form = None
        chunks: AsyncIterator[bytes] = request.stream()
        if content_type == FORM_TYPE:
            if (encoding or "identity").lower() != "identity":
                raise UnsupportedMediaType("Send the form without Content-Encoding; the file in it may be compressed.")
            form = FormFile(request.headers["content-type"], self.parameters)
            chunks = form.chunks(chunks)
        stored = await runtime.files.put_stream(_noting(chunks, opening), content_type)
        if form is None:
            declared, name = content_type, file_name(request.headers.get("content-disposition", ""))
        else:
            declared, name, encoding = form.declared, form.name, form.content_encoding
        return Upload(
            sha256=stored.sha256,
            size=stored.size,
            path=runtime.files.path(stored.sha256),
            media_type=media_type_of(declared, name, bytes(opening))[:200],
            content_encoding=encoding,
        )


class Routes(APIRouter):
    """A router of house routes; the operation id is the function's name."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("route_class", HouseRoute)
        kwargs.setdefault("generate_unique_id_function", lambda route: route.name)
        super().__init__(**kwargs)


async def _actor(request: Request, runtime: Runtime) -> Actor | None:
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotSignedIn("Authorization is not a bearer token.", headers=CHALLENGE)
    return await actor_of_token(token.strip(), runtime.keys, runtime.settings.common)


def _finish(request: Request, response: Response, work: Work) -> Response:
    for name, value in work.headers.items():
        response.headers[name] = value
    tag = response.headers.get("etag")
    asked = _joined(request, "if-none-match")
    if request.method in ("GET", "HEAD") and response.status_code == 200 and tag and asked and not_modified(asked, tag):
        kept = {name: response.headers[name] for name in ("etag", "cache-control", "vary") if name in response.headers}
        return Response(status_code=304, headers=kept)
    return response


def _joined(request: Request, header: str) -> str | None:
    """A header of tags, which may also come in several lines."""
    lines = request.headers.getlist(header)
    return ", ".join(lines) if lines else None


def _refuse_declared_excess(app: ASGIApp, limit: int) -> ASGIApp:
    """The framework answers a too large Content-Length in plain text; this makes it a problem like the others."""

    async def limited(scope: Scope, receive: Receive, send: Send) -> None:
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared[:20]) > limit:
            raise TooLarge(f"The body is larger than {limit:,} bytes, the most that this address takes.")
        await app(scope, receive, send)

    return limited


async def _noting(chunks: AsyncIterator[bytes], opening: bytearray) -> AsyncIterator[bytes]:
    """The same chunks, the first bytes noted."""
    async for chunk in chunks:
        if len(opening) < OPENING_BYTES:
            opening += chunk[: OPENING_BYTES - len(opening)]
        yield chunk


INSTANT_WITH_SPACES = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[T ](?P<time>[0-9]{2}:[0-9]{2}[0-9:.]*)"
    r"(?P<zone>Z| [0-9]{2}(:?[0-9]{2})?|[+-][0-9:]+)?"
)


def _read_plus_in_instants(request: Request, names: Collection[str]) -> None:
    """In an address a + stands for a space, so `…T00:00:00+01:00` arrives with a space: read it as it was meant.

    Only for parameters that are instants, in which a space means nothing else.
    """
    pairs = QueryParams(request.scope["query_string"]).multi_items()
    read = [(name, _with_plus(value) if name in names else value) for name, value in pairs]
    if read != pairs:
        request.scope["query_string"] = urlencode(read, errors="replace").encode()


def _with_plus(value: str) -> str:
    match = INSTANT_WITH_SPACES.fullmatch(value.strip())
    if match is None or " " not in value.strip():
        return value
    return f"{match['day']}T{match['time']}{(match['zone'] or '').replace(' ', '+')}"


def _holds_instant(annotation: Any) -> bool:
    """Whether a parameter's type is an instant, be it optional or annotated."""
    if isinstance(annotation, type):
        return annotation is AwareDatetime or issubclass(annotation, datetime)
    return any(_holds_instant(part) for part in get_args(annotation))


def _place(field: Any) -> ParamTypes | None:
    return getattr(field.field_info, "in_", None)


BAD_TEXT = re.compile(rb"\\u0000|\\u[dD][89a-fA-F]|\x00")


def _refuse_bad_text(body: bytes) -> None:
    """NUL and lone surrogates cannot be stored: refuse them by pointer. The quick search spares a second parse."""
    if not BAD_TEXT.search(body):
        return
    try:
        content = json.loads(body)
    except ValueError:
        return
    errors = [
        ErrorItem(code="bad_text", detail="Holds NUL or half of a surrogate pair; remove it.", pointer=pointer)
        for pointer in _bad_places(content, "")
    ]
    if errors:
        raise Invalid("Some text cannot be stored; see errors.", errors=errors)


def _bad_places(value: Any, pointer: str) -> list[str]:
    if isinstance(value, str):
        return [pointer] if "\x00" in value or _has_surrogate(value) else []
    if isinstance(value, dict):
        found = []
        for key, item in value.items():
            if "\x00" in key or _has_surrogate(key):
                found.append(pointer)
            else:
                found += _bad_places(item, f"{pointer}/{key[:64].replace('~', '~0').replace('/', '~1')}")
        return found
    if isinstance(value, list):
        return [place for index, item in enumerate(value) for place in _bad_places(item, f"{pointer}/{index}")]
    return []


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
