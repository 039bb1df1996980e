"""Layouts of contract files: which column is which field, how days and amounts are written. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from services.transparency.contracts.rules import CONTRACT_TYPES, KINDS, PROCESSES, STATUSES, VCSE_TYPES
from shared.errors import ErrorItem
from shared.money import pence_of_pounds
from shared.periods import start_of_day
from shared.texts import column_name, folded, seen

ADDRESS = re.compile(r"https?://[^\s]{3,1990}")
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 12, 31)

DAYS = {
    "yyyy-mm-dd": re.compile(r"(?P<y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})"),
    "dd/mm/yyyy": re.compile(r"(?P<d>[0-9]{2})/(?P<m>[0-9]{2})/(?P<y>[0-9]{4})"),
    "dd.mm.yyyy": re.compile(r"(?P<d>[0-9]{2})\.(?P<m>[0-9]{2})\.(?P<y>[0-9]{4})"),
    "dd-mm-yyyy": re.compile(r"(?P<d>[0-9]{2})-(?P<m>[0-9]{2})-(?P<y>[0-9]{4})"),
}
INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})")
MARKED = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]{1,2})?")
WORDS = {"yes": True, "y": True, "true": True, "no": False, "n": False, "false": False}
ALSO_CALLED = {"invitation to tender": "Published invitation to tender"}
"""Guidance has this name for what the sector's schema calls otherwise."""

TEXTS = {
    "publisher": 80,
    "title": 300,
    "description": 4000,
    "unit": 200,
    "category": 200,
    "cpv_code": 20,
    "cpv_label": 200,
    "supplier_name": 300,
    "company_number": 40,
    "charity_number": 40,
    "other_supplier_id": 60,
    "framework_ref": 64,
    "grant_ref": 80,
    "decision_ref": 80,
    "rationale": 2000,
    "contact_name": 200,
    "contact_email": 254,
}
"""Text field → most characters."""
CHOICES = {
    "kind": KINDS,
    "status": STATUSES,
    "contract_type": CONTRACT_TYPES,
    "process": PROCESSES,
    "vcse_type": VCSE_TYPES,
    "amount_basis": ("net", "gross"),
    "value_basis": ("total", "annual"),
}
DATES = ("start_date", "end_date", "review_date", "last_extension_date")
AMOUNTS = ("value", "vat", "recoverable_vat", "irrecoverable_vat")
FLAGS = ("vcse", "sme", "fixed_cost", "supports_programme", "contact_is_role")
ADDRESSES = ("contact_url", "tender_document_url", "contract_document_url", "performance_url")
NUMBERS = ("version", "supplier_staff")
FIELDS = ("reference", "signed_at", *TEXTS, *CHOICES, *DATES, *AMOUNTS, *FLAGS, *ADDRESSES, *NUMBERS)
"""Everything that a column can be."""
NEEDED = (
    *("reference", "kind", "status", "signed_at", "title", "contract_type", "process"),
    *("supplier_name", "vcse", "value", "value_basis", "start_date"),
)
"""Fields that every record must state, in a column or as a constant of the layout."""


@dataclass(frozen=True)
class Layout:
    """How the files of one source are written."""

    name: str
    version: int
    columns: Mapping[str, str]
    """Head of a column → field."""
    ignored: tuple[str, ...] = ()
    constants: Mapping[str, str] = field(default_factory=dict)
    """Field → what every record says, written as a cell would."""
    date_format: str = "yyyy-mm-dd"
    signed_as: str = "instant"
    thousands_mark: bool = False
    """Amounts may be written 1,234.50."""
    pound_sign: bool = False
    value_includes_vat: bool = False
    """Whether the column of the value already holds the irrecoverable VAT."""
    contacts_are_roles: bool = False
    """The contacts of these files are desks and roles, never persons."""
    publisher_names: tuple[str, ...] = ()
    """What the files call the publisher, beside its slug."""
    on_error: str = "row_by_row"


_OTHER_NAMES = {
    "contract_reference": "reference",
    "version_kind": "kind",
    "framework_reference": "framework_ref",
    "grant_reference": "grant_ref",
    "decision_reference": "decision_ref",
}
STANDARD = Layout(
    name="standard",
    version=1,
    columns=_OTHER_NAMES | {name: name for name in FIELDS if name not in _OTHER_NAMES.values()},
    ignored=("confidentiality_clause", "remark"),
)
"""The layout without a profile. A confidentiality clause is no reason to withhold a contract (T-21), so nobody reads
the column; remarks are for those who keep the file."""


def faults_of(layout: Layout) -> list[ErrorItem]:
    """Everything that keeps a layout from reading contracts, at its place in the request."""
    found = []

    def fault(code: str, pointer: str, detail: str) -> None:
        found.append(ErrorItem(code=code, detail=detail, pointer=pointer))

    heads: dict[str, str] = {}
    for head, name in layout.columns.items():
        place = f"/columns/{head[:64].replace('~', '~0').replace('/', '~1')}"
        if name not in FIELDS:
            fault("unknown_field", place, f"There is no field {name[:64]}; the fields are {', '.join(FIELDS)}.")
        if other := heads.get(column_name(head)):
            fault("repeated_column", place, f"This is the same head as {other}; a column is named once.")
        heads[column_name(head)] = head[:64]
    for name in sorted({name for name in layout.columns.values() if list(layout.columns.values()).count(name) > 1}):
        fault("repeated_field", "/columns", f"More than one column is {name}; a field comes from one column.")
    for head in layout.ignored:
        if column_name(head) in heads:
            fault("repeated_column", "/ignored", f"The column {head[:64]} is both read and ignored; choose one.")
    for name, text in layout.constants.items():
        if name not in FIELDS or name in layout.columns.values():
            fault("bad_constant", f"/constants/{name[:64]}", f"{name[:64]} is no field, or a column gives it.")
            continue
        if why := read_cell(layout, name, text)[1]:
            fault("bad_constant", f"/constants/{name}", why)
    for name in NEEDED:
        if name not in layout.columns.values() and name not in layout.constants:
            fault("field_missing", "/columns", f"Every contract says its {name}; name its column or a constant.")
    return found


Read = tuple[Any, str | None]
"""A value, or what is wrong with the text and what to do."""


def read_cell(layout: Layout, name: str, text: str) -> Read:
    """What a cell says, or why it cannot be read. An empty cell says nothing."""
    if not text:
        return None, None
    return _reader(name)(layout, name, text)


def _reader(name: str) -> Callable[[Layout, str, str], Read]:
    for names, reader in (
        (CHOICES, _choice),
        (DATES, _day_of),
        (AMOUNTS, _amount),
        (FLAGS, _flag),
        (ADDRESSES, _address),
        (NUMBERS, _number),
        (("signed_at",), _signed),
        (("reference",), _reference),
    ):
        if name in names:
            return reader
    return _text


def _text(layout: Layout, name: str, text: str) -> Read:
    most = TEXTS[name]
    if len(text) > most:
        return None, f"It has {len(text)} characters, and at most {most} fit; shorten it."
    return text, None


def _reference(layout: Layout, name: str, text: str) -> Read:
    if re.fullmatch("[A-Za-z0-9][A-Za-z0-9._/-]{0,63}", text):
        return text, None
    return None, (
        f"The reference {text[:64]} holds more than letters, digits, points, hyphens, underscores and slashes, or is "
        "longer than 64 characters; it is part of web addresses."
    )


def _choice(layout: Layout, name: str, text: str) -> Read:
    plain = folded(text)
    plain = folded(ALSO_CALLED.get(plain, plain))
    for value in CHOICES[name]:
        if folded(value) == plain:
            return value, None
    return None, f"{text[:64]} is none of {', '.join(CHOICES[name])}; use one of them."


def _flag(layout: Layout, name: str, text: str) -> Read:
    value = WORDS.get(folded(text))
    return (value, None) if value is not None else (None, f"{text[:64]} is neither Yes nor No; write one of them.")


def _number(layout: Layout, name: str, text: str) -> Read:
    if re.fullmatch("[0-9]{1,7}", text):
        return int(text), None
    return None, f"{text[:64]} is no whole number of at most seven digits; write it in plain digits."


def _address(layout: Layout, name: str, text: str) -> Read:
    if ADDRESS.fullmatch(text):
        return text, None
    return None, "It is no web address; write one that begins with https:// or http:// and holds no blanks."


def _day_of(layout: Layout, name: str, text: str) -> Read:
    day = _day(layout, seen(text))
    if day is None:
        return (
            None,
            f"{text[:64]} is no day written as {layout.date_format}; write it as {_sample(layout)}.",
        )
    return day, None


def _day(layout: Layout, text: str) -> date | None:
    match = DAYS[layout.date_format].fullmatch(text)
    try:
        day = date(int(match["y"]), int(match["m"]), int(match["d"])) if match else None
    except ValueError:
        return None
    return day if day is not None and FIRST_DAY <= day <= LAST_DAY else None


def _signed(layout: Layout, name: str, text: str) -> Read:
    if layout.signed_as == "day":
        day, why = _day_of(layout, name, text)
        return (start_of_day(day) if day else None), why
    plain = seen(text)
    try:
        if INSTANT.fullmatch(plain):
            moment = datetime.fromisoformat(plain).astimezone(UTC)
            if FIRST_DAY <= moment.date() <= LAST_DAY:
                return moment, None
    except (ValueError, OverflowError):
        pass
    return None, f"{text[:64]} is no instant with a time zone; write it as 2017-06-30T23:30:00Z."


def _amount(layout: Layout, name: str, text: str) -> Read:
    plain = text.replace("£", "", 1) if layout.pound_sign else text
    if layout.thousands_mark and MARKED.fullmatch(plain):
        plain = plain.replace(",", "")
    try:
        return pence_of_pounds(plain), None
    except ValueError as error:
        return None, f"{text[:64]} is {error}; write it as {'1,234.50' if layout.thousands_mark else '1234.50'}."


def _sample(layout: Layout) -> str:
    return layout.date_format.replace("yyyy", "2018").replace("mm", "03").replace("dd", "31")
