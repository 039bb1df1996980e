"""What each OpenAPI description says beside its routes: how to call the service, who may, which errors it answers."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from shared.errors import Problem
from shared.forms import FORM_TYPE
from shared.http import HouseRoute
from shared.problems import MEDIA_TYPE

ERRORS = {
    400: "Syntax that cannot be read, or an unknown parameter.",
    401: "No valid bearer token.",
    403: "The token does not allow this.",
    404: "Absent, or not yours to see.",
    409: "A rule or the present state stands against it.",
    412: "`stale_version`: somebody changed it in the meantime; `ETag` and `Link` name the current version.",
    413: "The body is too large.",
    415: "The content type is not taken here.",
    422: "A field is not valid.",
    428: "If-Match is needed.",
    503: "Not available at the moment.",
}


HOW_TO_CALL = """\
**Token.** Reads marked public need none. Everything else takes `Authorization: Bearer …`, a JWT of the issuer that this
installation trusts, with the scopes listed at each route; any one of them suffices. The embedded mode issues its own:
`outturn token --sub person:anne --scope "grants:finance"`. An `organisations` claim limits whom the token writes for.

**Idempotency-Key.** Every POST that creates or moves something needs one: 1 to 200 visible characters of your own,
fresh for each new request. Repeating a request with its key is harmless: within 30 days the first answer comes back
byte for byte, marked `Idempotent-Replayed: true`. A key belongs to one address with its parameters; there, the same
key with another body is refused. A refusal leaves the key free.

**Changes.** PUT, PATCH and DELETE name the version they change in `If-Match`, as its `ETag` was read. A tag that a
proxy made weak or marked with its coding (`W/"3"`, `"3-gzip"`) names the same version.

**Instants in an address** end in `Z`, or in an offset whose + is written `%2B`; a bare + is read as it was meant.

**Files** are sent as the body, or as the one file of a form (`multipart/form-data`) under any field name. Parameters
stay in the address.

**Lists** come in pages of at most 500; follow `links.next`. **Money** is integer pence in fields named `…_pence`; CSV
shows pounds. **Errors** are problem details: each of `errors` has a stable `code`, the place (`pointer` in the body,
`parameter`, or `record`, `line` and `column` in a file) and in `detail` what to do.

**Sizes.** A JSON body holds at most 8 MiB, an uploaded file 2 GiB; more answers 413.
"""


def describe_problems(app: FastAPI) -> None:
    """Declare on every operation who may call it and every error it may answer."""
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
        if route.body_field is not None or route.is_upload:
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
    if route.is_upload:
        _describe_form(operation)
    parameters = operation.setdefault("parameters", [])
    if method == "POST" and route.needs_key:
        parameters.append(_header("Idempotency-Key", "A key of your own, fresh for each new request; see above."))
    if method in ("PUT", "PATCH", "DELETE"):
        parameters.append(_header("If-Match", "ETag of the version that is changed.", required=False))
    if not parameters:
        del operation["parameters"]


def _describe_form(operation: dict[str, Any]) -> None:
    """A file may come as the body or as the one file of a form; where a route says no more, the file is CSV."""
    body = operation.setdefault(
        "requestBody",
        {"required": True, "content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}}},
    )
    body["content"][FORM_TYPE] = {
        "schema": {
            "type": "object",
            "required": ["file"],
            "properties": {
                "file": {
                    "type": "string",
                    "format": "binary",
                    "description": "The file, under any name; its content type or the ending of its name decides.",
                }
            },
        }
    }


def _header(name: str, description: str, *, required: bool = True) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": required,
        "description": description,
        "schema": {"type": "string"},
    }
