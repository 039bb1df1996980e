"""Refusals and how they look on the wire: RFC 9457 problem details, each error located and saying the fix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field


class ErrorItem(BaseModel):
    """One fault, where it is and what to do about it."""

    model_config = ConfigDict(frozen=True)

    code: str = Field(description="Stable snake_case code.")
    detail: str = Field(description="What is wrong and what to do.")
    pointer: str | None = Field(default=None, description="JSON pointer into the request body.")
    parameter: str | None = Field(default=None, description="Name of the query, path or header parameter.")
    record: int | None = Field(default=None, description="Data record in a file, counted from 1.")
    line: int | None = Field(default=None, description="Physical line in a file, counted from 1.")
    column: str | None = Field(default=None, description="Column of a file, as its header names it.")


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str = Field(description="URI reference that names the kind of problem.")
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[ErrorItem] = Field(default_factory=list)


class Refusal(Exception):
    """A request that is understood and refused. Subclass it: one class, one code, one status, one title.

    `detail` is a sentence that says what is wrong and the fix. `errors` lists every fault found, not only
    the first; left empty, it becomes one item made of the refusal's own code and detail. `extra` holds further
    members of the problem document (computed sums, the current state); `headers` go onto the answer.
    """

    status: ClassVar[int] = 409
    code: ClassVar[str] = "refused"
    title: ClassVar[str] = "The request breaks a rule"

    def __init__(
        self,
        detail: str,
        *,
        errors: Sequence[ErrorItem] = (),
        pointer: str | None = None,
        parameter: str | None = None,
        extra: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors: tuple[ErrorItem, ...] = tuple(errors) or (
            ErrorItem(code=self.code, detail=detail, pointer=pointer, parameter=parameter),
        )
        self.extra = extra or {}
        self.headers = headers or {}


class Contradiction(ValueError):
    """For validators of a request's model: fields that do not go together, told at the one to change.

    `pointer` begins at the model that raises it.
    """

    code = "contradiction"

    def __init__(self, detail: str, pointer: str) -> None:
        super().__init__(f"{detail[:1].upper()}{detail[1:].removesuffix('.')}.")
        self.pointer = pointer


class Malformed(Refusal):
    """Syntax that cannot be read, or a parameter that is not known: 400."""

    status = 400
    code = "malformed"
    title = "The request cannot be read"


class NotSignedIn(Refusal):
    status = 401
    code = "not_signed_in"
    title = "A valid bearer token is needed"


class NotAllowed(Refusal):
    status = 403
    code = "not_allowed"
    title = "The token does not allow this"


class NotFound(Refusal):
    status = 404
    code = "not_found"
    title = "There is nothing here"


class Conflict(Refusal):
    """A rule or the present state stands against it: 409."""


class Gone(Refusal):
    status = 410
    code = "gone"
    title = "It was here and has been withdrawn"


class StaleVersion(Refusal):
    status = 412
    code = "stale_version"
    title = "Somebody changed it in the meantime"


class TooLarge(Refusal):
    status = 413
    code = "too_large"
    title = "The request is too large"


class UnsupportedMediaType(Refusal):
    status = 415
    code = "unsupported_media_type"
    title = "This content type is not taken here"


class Invalid(Refusal):
    """A field has the wrong shape or value: 422."""

    status = 422
    code = "invalid"
    title = "A field is not valid"


class PreconditionRequired(Refusal):
    status = 428
    code = "if_match_required"
    title = "If-Match is needed"


class Unavailable(Refusal):
    status = 503
    code = "unavailable"
    title = "Not available at the moment"
