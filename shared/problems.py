"""One handler answers: every refusal, bad request and database complaint as problem details."""

from __future__ import annotations

import json
import re
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from shared.errors import (
    Conflict,
    Contradiction,
    ErrorItem,
    Invalid,
    Malformed,
    NotAllowed,
    NotFound,
    Refusal,
    TooLarge,
    Unavailable,
)
from shared.events.base import canonical_json
from shared.places import Located, locate, one_for_each_place, readable_form, resolves

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:outturn:problem:"


class AlreadyThere(Conflict):
    code = "already_exists"
    title = "It exists already"


class MethodNotAllowed(Refusal):
    status = 405
    code = "method_not_allowed"
    title = "This address does not take this method"


class Broken(Refusal):
    status = 500
    code = "internal_error"
    title = "The service failed"


def add_problem_handlers(app: FastAPI) -> None:
    app.add_exception_handler(Refusal, _refusal)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    for kind in (IntegrityError, DataError, OperationalError, InterfaceError, PoolTimeout):
        app.add_exception_handler(kind, _database)
    app.add_exception_handler(Exception, _unexpected)


def answer(request: Request, refusal: Refusal) -> Response:
    """The problem document of a refusal."""
    request_id = getattr(request.state, "request_id", "")
    content: dict[str, Any] = {
        "type": TYPE_PREFIX + refusal.code,
        "title": refusal.title,
        "status": refusal.status,
        "detail": refusal.detail,
        "instance": request.url.path,
        "request_id": request_id,
        "errors": [item.model_dump(exclude_none=True) for item in refusal.errors],
        **refusal.extra,
    }
    return Response(
        _utf8(content),
        status_code=refusal.status,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **refusal.headers},
    )


def _utf8(content: dict[str, Any]) -> bytes:
    try:
        return canonical_json(content)
    except UnicodeEncodeError:
        # A path may hold half of a surrogate pair; nothing else in a problem comes from outside.
        return canonical_json({**content, "instance": content["instance"].encode("ascii", "replace").decode()})


async def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    if error.status == NotAllowed.status:
        error.errors = tuple(_placed_in_what_was_sent(request, item) for item in error.errors)
    return answer(request, error)


def _placed_in_what_was_sent(request: Request, item: ErrorItem) -> ErrorItem:
    """Whom a token does not allow something is pointed only to what they sent: nothing can be left out twice."""
    body = getattr(request.state, "sent_body", b"")
    if item.pointer is None or resolves(item.pointer, json.loads(body) if body else None):
        return item
    return item.model_copy(update={"pointer": None})


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    items, syntax = [], False
    faults: list[Located] = []
    for fault in error.errors():
        place, *rest = fault["loc"]
        if fault["type"] == "json_invalid":
            syntax = True
            items.append(
                ErrorItem(code="json_invalid", detail=f"The body is not JSON at character {rest[0] if rest else 0}.")
            )
            continue
        code, detail, within = _code(fault["type"]), _detail(fault), ""
        if fault["type"] == "string_pattern_mismatch":
            detail = readable_form(request, place, rest, fault["ctx"]["pattern"])
        told = fault.get("ctx", {}).get("error")
        if isinstance(told, Contradiction):
            code, within = told.code, told.pointer
        if place == "body":
            faults.append(locate(rest, error.body, code, detail, within))
        else:
            if place == "query" and " " in str(fault.get("input", "")) and code == "not_as_written":
                detail = f"{detail} In an address a + is written %2B."
            name = str(rest[0])[:64] if rest else str(place)
            choices = tuple((1, step) for step in rest[1:] if isinstance(step, str))
            faults.append(Located((name,), choices, code, detail, parameter=True))
    items += [located.item() for located in one_for_each_place(faults)]
    parameters_only = all(fault["loc"][0] in ("query", "header") for fault in error.errors())
    if syntax:
        return answer(request, Malformed("The body is not valid JSON.", errors=items))
    if all(fault["loc"][0] == "path" for fault in error.errors()):
        return answer(request, NotFound("There is nothing at this address.", errors=items))
    kind: type[Refusal] = Invalid
    detail = "Parameters are not valid; see errors." if parameters_only else "Fields are not valid; see errors."
    return answer(request, kind(detail, errors=items))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == 404:
        return answer(request, NotFound("There is nothing at this address.", headers=headers))
    if error.status_code == 405:
        headers["Allow"] = _methods_taken(request) or headers.get("Allow", "")
        return answer(request, MethodNotAllowed(f"Use {headers['Allow']}.", headers=headers))
    if error.status_code == 413:
        return answer(request, TooLarge("The body is larger than this address takes.", headers=headers))
    if error.status_code == 400:
        return answer(request, Malformed("The body cannot be read: it must be UTF-8 JSON.", headers=headers))
    refusal = Refusal(str(error.detail), headers=headers)
    refusal.status = error.status_code  # type: ignore[misc]
    return answer(request, refusal)


def _methods_taken(request: Request) -> str:
    """Methods of every route at this address: the first route that fits knows only its own."""
    taken: set[str] = set()
    for route in request.app.routes:
        match, _ = route.matches(request.scope)
        if match is not Match.NONE:
            taken |= getattr(route, "methods", None) or set()
    if "GET" in taken:
        taken.add("HEAD")
    return ", ".join(sorted(taken))


async def _database(request: Request, error: Exception) -> Response:
    """Constraints are the second guard behind the rules: requests that arrive together meet them here."""
    log = structlog.get_logger(request_id=getattr(request.state, "request_id", ""))
    if isinstance(error, IntegrityError):
        constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or "constraint"
        log.info("constraint refused", constraint=constraint)
        return answer(
            request,
            AlreadyThere(
                f"The database refused this ({constraint}): another request was first, or it exists already. "
                "Read the current state, then decide again."
            ),
        )
    if isinstance(error, DataError):
        log.warning("database refused a value", error=str(error.orig)[:200])
        return answer(request, Invalid("A value does not fit its field; shorten or correct it."))
    state = getattr(error.orig, "sqlstate", None) if isinstance(error, OperationalError) else None
    log.warning("database unavailable", error=type(error).__name__, sqlstate=state)
    return answer(
        request, Unavailable("The database does not answer; try again shortly.", headers={"Retry-After": "2"})
    )


async def _unexpected(request: Request, error: Exception) -> Response:
    structlog.get_logger(request_id=getattr(request.state, "request_id", "")).error(
        "unexpected error", error=type(error).__name__, exc_info=error
    )
    return answer(request, Broken("Something failed on our side; nothing was changed. Quote the request id."))


def _code(kind: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", kind.lower())


def _detail(fault: Any) -> str:
    """Pydantic's sentence without the value that was sent: input is echoed only from public fields."""
    if fault["type"] == "extra_forbidden":
        return "This field is not known here; remove it."
    if fault["type"] == "missing":
        return "This field is required."
    if fault["type"] == "value_error":
        return str(fault.get("ctx", {}).get("error", "Not valid."))
    if fault["type"] in _PLAINER:
        return _PLAINER[fault["type"]].format_map(fault.get("ctx", {}))
    return str(fault["msg"])


_PLAINER = {
    "uuid_parsing": "Give the id as the answer that named it has it: 32 hexadecimal digits in five groups.",
    "uuid_type": "Give the id as it stands in the answer that named it, as text.",
    "bool_parsing": "Write true or false.",
    "bool_type": "Write true or false, without quotes.",
    "int_type": "Write a whole number, without quotes and without decimals.",
    "string_type": "Write it as text, in quotes.",
    "list_type": "Give a list, even for one.",
    "tuple_type": "Give a list, even for one.",
    "model_attributes_type": "Give an object with the fields of this place.",
    "dict_type": "Give an object.",
    "int_parsing": "Write a whole number in plain digits.",
    "date_from_datetime_parsing": "There is no such day; check it against the calendar.",
    "date_parsing": "There is no such day; check it against the calendar.",
    "date_from_datetime_inexact": "Write a day, 2018-03-31, without a time.",
    "datetime_from_date_parsing": "There is no such instant; check it against the calendar and the clock.",
    "datetime_parsing": "There is no such instant; check it against the calendar and the clock.",
    "timezone_aware": "Say the time zone: 2018-03-31T12:00:00Z.",
    "greater_than": "Give more than {gt}.",
    "greater_than_equal": "Give at least {ge}.",
    "less_than": "Give less than {lt}.",
    "less_than_equal": "Give at most {le}.",
    "string_too_short": "Write at least {min_length} characters.",
    "string_too_long": "Write at most {max_length} characters.",
    "too_short": "Give at least {min_length}.",
    "too_long": "Give at most {max_length}.",
    "literal_error": "Give one of {expected}.",
    "enum": "Give one of {expected}.",
}
"""What the parser says in its own words, said as the fix."""
