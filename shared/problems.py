"""One handler answers: every refusal, bad request and database complaint as problem details, and OpenAPI says so."""

from __future__ import annotations

import re
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import Response

from shared.errors import (
    Conflict,
    Contradiction,
    ErrorItem,
    Invalid,
    Malformed,
    NotFound,
    Problem,
    Refusal,
    TooLarge,
    Unavailable,
)
from shared.events.base import canonical_json

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
    return answer(request, error)


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    items, syntax = [], False
    for fault in error.errors():
        place, *rest = fault["loc"]
        if fault["type"] == "json_invalid":
            syntax = True
            items.append(
                ErrorItem(code="json_invalid", detail=f"The body is not JSON at character {rest[0] if rest else 0}.")
            )
            continue
        item = {"code": _code(fault["type"]), "detail": _detail(fault)}
        told = fault.get("ctx", {}).get("error")
        within = ""
        if isinstance(told, Contradiction):
            item["code"], within = told.code, told.pointer
        if place == "body":
            items.append(ErrorItem(**item, pointer="".join(f"/{_escape(part)}" for part in rest) + within))
        else:
            items.append(ErrorItem(**item, parameter=str(rest[0])[:64] if rest else str(place)))
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
        return answer(request, MethodNotAllowed(f"Use {headers.get('Allow', 'another method')}.", headers=headers))
    if error.status_code == 413:
        return answer(request, TooLarge("The body is larger than this address takes.", headers=headers))
    if error.status_code == 400:
        return answer(request, Malformed("The body cannot be read: it must be UTF-8 JSON.", headers=headers))
    refusal = Refusal(str(error.detail), headers=headers)
    refusal.status = error.status_code  # type: ignore[misc]
    return answer(request, refusal)


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
        return _PLAINER[fault["type"]]
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
}
"""What the parser says in its own words, said as the fix."""


def _escape(part: Any) -> str:
    """A step of a pointer; names that the sender made up are echoed up to 64 characters."""
    return str(part)[:64].replace("~", "~0").replace("/", "~1")


ERRORS = {
    400: "Syntax that cannot be read, or an unknown parameter.",
    401: "No valid bearer token.",
    403: "The token does not allow this.",
    404: "Absent, or not yours to see.",
    409: "A rule or the present state stands against it.",
    412: "`stale_version`: somebody changed it in the meantime.",
    413: "The body is too large.",
    415: "The content type is not taken here.",
    422: "A field is not valid.",
    428: "If-Match is needed.",
    503: "Not available at the moment.",
}


def describe_problems(app: FastAPI) -> None:
    """Declare on every operation who may call it and every error it may answer."""
    from shared.http import HouseRoute

    original = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema:
            return app.openapi_schema
        schema = original()
        components = schema.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        schemas.pop("HTTPValidationError", None)
        schemas.pop("ValidationError", None)
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(problem.pop("$defs"))
        schemas["Problem"] = problem
        components["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT (RFC 9068)"}
        }
        for route in app.routes:
            if not isinstance(route, HouseRoute):
                continue
            for method in route.methods or ():
                operation = schema["paths"].get(route.path, {}).get(method.lower())
                if operation is None or route.access is None:
                    continue
                _describe(operation, route, method)
        return schema

    app.openapi = openapi  # type: ignore[method-assign]


def _describe(operation: dict[str, Any], route: Any, method: str) -> None:
    access = route.access
    operation["security"] = [{"bearer": [scope]} for scope in access.scopes] if not access.public else []
    operation["x-access"] = "public" if access.public else list(access.scopes)
    statuses = {400, 404, 503}
    if not access.public:
        statuses |= {401, 403}
    else:
        statuses.add(401)
    if method != "GET":
        statuses |= {409, 413, 422}
        if route.body_field is not None:
            statuses.add(415)
    if operation.get("parameters"):
        statuses.add(422)
    if method in ("PUT", "PATCH", "DELETE"):
        statuses |= {412, 428}
    for status in sorted(statuses):
        operation["responses"][str(status)] = {
            "description": ERRORS[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    parameters = operation.setdefault("parameters", [])
    if method == "POST" and route.needs_key:
        parameters.append(_header("Idempotency-Key", "A fresh key for each new request; repeating it is harmless."))
    if method in ("PUT", "PATCH", "DELETE"):
        parameters.append(_header("If-Match", "ETag of the version that is changed.", required=False))
    if not parameters:
        del operation["parameters"]


def _header(name: str, description: str, *, required: bool = True) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": required,
        "description": description,
        "schema": {"type": "string"},
    }
