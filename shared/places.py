"""Where in a sent document a fault lies: the parser's own steps are left out, and one place is refused once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args, get_origin

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from shared.errors import ErrorItem

FORMS = {
    r"\S": "Write more than blanks.",
    r"\w": "Write text that holds a letter or a digit.",
    r"[A-Za-z]": "Write text that holds letters.",
    r"^[a-z0-9]+(-[a-z0-9]+)*$": "Write it in small letters and digits, parted by single hyphens: leeds-city-council.",
    r"^[0-9]{4}-[0-9]{2}-q[1-4]$": "Write the quarter as 2017-18-q1.",
    r"^[0-9]{4}-[0-9]{2}$": "Write the financial year as 2017-18.",
    r"^[0-9]{4}[-/][0-9q-]{1,7}$": "Write a day 2017-04-30, a month 2017-04, a quarter 2017-18-q1 or a year 2017/18.",
    r"^(19|20|21)[0-9]{2}-(19|20|21)[0-9]{2}$": "Write the meeting year as 2017-2018.",
    r"^[0-9]{2}-[0-9]{2}$": "Write month and day in two digits each: 05-01 is 1 May.",
    r"^[0-9a-f]{64}$": "Write the SHA-256 hash as 64 hexadecimal digits with small letters.",
    r"^https?://": "Write a web address that begins with https:// or http://.",
    r"^https?://[^\s]+$": "Write a web address that begins with https:// or http:// and holds no blanks.",
    r"^[A-Z][0-9]{8}$": "Write the GSS code as a capital letter and eight digits: E08000035.",
    r"^[A-Z][A-Z0-9]{0,19}$": "Write the code in capitals and digits, beginning with a letter: IL5.",
    r"^[A-Z][A-Z0-9-]{1,39}$": "Write it in capitals, digits and hyphens: GB-COH.",
    r"^[A-Za-z0-9][A-Za-z0-9.-]{0,19}$": "Write the reference in letters, digits, points and hyphens: EP11a.",
    r"^[a-z][a-z0-9_]{0,39}$": "Write it in small letters, digits and underscores: peer_challenge.",
    r"^[a-z][a-z0-9_]{0,34}$": "Write it in small letters, digits and underscores: non_pay.",
    r"^[a-z][a-z0-9_]{0,79}$": "Write it in small letters, digits and underscores: party_political.",
    r"^[a-z_]{1,40}$": "Write it in small letters and underscores: possible_duplicate.",
    r"^[a-z0-9]+([-_][a-z0-9]+)*$": "Write it in small letters and digits, parted by single hyphens or underscores.",
    r"^(100(\.0+)?|[0-9]{1,2}(\.[0-9]{1,4})?)$": "Write a percentage from 0 to 100 in plain digits: 97.5.",
    r"^[a-z]{1,20}$": "Write one word in small letters: green.",
    r"^[01]{7}$": "Write seven signs, Monday first, 1 for an office day and 0 for another: 1111100.",
    r"^[a-z0-9]{16,40}$": "Write the RowID as the file has it, in small letters and digits.",
}
"""Patterns in words, each with an example where one helps."""


@dataclass(frozen=True)
class Located:
    """A fault at its place. `steps` lead there in what was sent; `branches` are the choices the parser tried.

    Each branch is the number of steps before it and its name, such as (2, "constrained-str").
    """

    steps: tuple[str | int, ...]
    branches: tuple[tuple[int, str], ...]
    code: str
    detail: str
    within: str = ""
    parameter: bool = False

    def item(self) -> ErrorItem:
        if self.parameter:
            return ErrorItem(code=self.code, detail=self.detail, parameter=str(self.steps[0]))
        pointer = "".join(f"/{_escape(step)}" for step in self.steps) + self.within
        return ErrorItem(code=self.code, detail=self.detail, pointer=pointer)


def locate(steps: Sequence[str | int], document: Any, code: str, detail: str, within: str = "") -> Located:
    """Walk the sent document along the parser's steps. What it does not hold is the name of a choice, not a place.

    Only a field that is missing is pointed to although it was not sent: there it belongs.
    """
    value, walked, branches = document, [], []
    for position, step in enumerate(steps):
        if _holds(value, step):
            value = value[step]
            walked.append(step)
        elif code == "missing" and position == len(steps) - 1:
            walked.append(step)
        else:
            branches.append((len(walked), str(step)))
    return Located(tuple(walked), tuple(branches), code, detail, within)


def one_for_each_place(faults: Iterable[Located]) -> Iterator[Located]:
    """Where a value may be one thing or another, the parser faults it once a choice: one of them is said."""
    groups: dict[tuple[str | int, ...], list[Located]] = {}
    for fault in faults:
        place = fault.steps[: fault.branches[0][0]] if fault.branches else (*fault.steps, "", fault.code, fault.detail)
        groups.setdefault(place, []).append(fault)
    for group in groups.values():
        if not group[0].branches:
            yield group[0]
        else:
            yield from one_for_each_place(_most_helpful(group))


def resolves(pointer: str, document: Any) -> bool:
    """Whether a pointer leads to something in the document."""
    value = document
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        place = int(key) if isinstance(value, list) and key.isdecimal() else key
        if not _holds(value, place):
            return False
        value = value[place]
    return True


def readable_form(request: Request, place: str, steps: Sequence[str | int], pattern: str) -> str:
    """How a text is to be written, in words: those of its pattern, or what its field is described as."""
    if pattern in FORMS:
        return FORMS[pattern]
    route = request.scope.get("route")
    described = None
    if place == "body" and getattr(route, "body_field", None) is not None:
        described = _description(route.body_field.field_info.annotation, steps)  # type: ignore[union-attr]
    elif route is not None:
        for field in get_flat_params(route.dependant):
            if steps and field.alias == steps[0]:
                described = _said(field.field_info) or _description(field.field_info.annotation, steps[1:])
    if described:
        return f"Write it as its description says: {described.rstrip('.')}. Its form is {pattern}"
    return f"Write it in this form (a regular expression): {pattern}"


def _most_helpful(group: list[Located]) -> list[Located]:
    """Of several choices the one that was meant: whose kind fits and that has the fewest faults; else all in one."""
    depth = group[0].branches[0][0]
    choices: dict[str, list[Located]] = {}
    for fault in group:
        choices.setdefault(fault.branches[0][1], []).append(replace(fault, branches=fault.branches[1:]))
    fitting = [faults for faults in choices.values() if not any(_other_kind(fault, depth) for fault in faults)]
    left = fitting or list(choices.values())
    fewest = min(len(faults) for faults in left)
    left = [faults for faults in left if len(faults) == fewest]
    if len(left) == 1 or fewest > 1 or any(len(faults[0].steps) > depth for faults in left):
        return left[0]
    details = dict.fromkeys(faults[0].detail for faults in left)
    return [replace(left[0][0], branches=(), detail=" Or: ".join(details))]


def _other_kind(fault: Located, depth: int) -> bool:
    """Whether the value is not of the kind that this choice takes at all."""
    return len(fault.steps) == depth and not fault.branches and fault.code.endswith("_type")


def _holds(value: Any, step: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(step, int) and 0 <= step < len(value)
    return isinstance(value, dict) and step in value


def _description(annotation: Any, steps: Sequence[str | int]) -> str | None:
    """What the field at a place in a request is described as, or an example of it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, info in annotation.model_fields.items():
            if steps and steps[0] in (name, info.alias):
                return _description(info.annotation, steps[1:]) or _said(info)
        return None
    origin = get_origin(annotation)
    inner = steps[1:] if origin in (list, tuple, dict, set, frozenset, Sequence) else steps
    for part in get_args(annotation):
        said = _said(part) if isinstance(part, FieldInfo) else _description(part, inner)
        if said:
            return said
    return None


def _said(info: FieldInfo) -> str | None:
    return info.description or (f"such as {info.examples[0]}" if info.examples else None)


def _escape(part: Any) -> str:
    """A step of a pointer; names that the sender made up are echoed up to 64 characters."""
    return str(part)[:64].replace("~", "~0").replace("/", "~1")
