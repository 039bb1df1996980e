"""Who acts in the demonstration: eleven people, and finance systems that may only push their own body's lines."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """An actor and the scopes of the token made for them."""

    sub: str
    name: str
    scopes: tuple[str, ...]
    organisations: tuple[str, ...] | None = None
    client_only: bool = False


MANAGER = Person("person:grant-manager", "Grant Manager (demo)", ("grants:manager", "grants:read", "grants:history"))
FINANCE = Person(
    "person:finance-officer",
    "Finance Officer (demo)",
    ("grants:finance", "grants:read", "grants:history", "expenditure:submit"),
)
CFO = Person(
    "person:cfo", "Chief Finance Officer (demo)", ("grants:cfo", "grants:approver", "grants:read", "grants:history")
)
OFFICER = Person(
    "person:performance-officer",
    "Performance Officer (demo)",
    ("deliverables:officer", "deliverables:lead", "deliverables:read", "deliverables:history"),
)
DIRECTOR = Person(
    "person:director",
    "Director (demo)",
    ("deliverables:director", "deliverables:approver", "deliverables:read", "deliverables:history"),
)
PREPARER = Person("person:preparer", "Publication Preparer (demo)", ("transparency:preparer", "transparency:history"))
PUBLISHER = Person(
    "person:publisher",
    "Publication Approver (demo)",
    ("transparency:approver", "transparency:information", "transparency:finance", "transparency:history"),
)
DEPUTY = Person("person:deputy-publisher", "Deputy Publication Approver (demo)", ("transparency:approver",))
FINANCE_LEAD = Person("person:finance-lead", "Finance Lead (demo)", ("transparency:finance",))
PROTECTOR = Person("person:data-protection-lead", "Data Protection Lead (demo)", ("transparency:dpl",))
CLERK = Person(
    "person:board-clerk",
    "Board Clerk (demo)",
    ("governance:clerk", "governance:admin", "governance:history", "governance:author"),
)
CHAIR = Person("person:chair", "Board Chair (demo)", ("governance:chair", "governance:approver", "governance:history"))
OPERATOR = Person(
    "client:operations",
    "Operations (demo)",
    ("grants:ops", "deliverables:ops", "transparency:ops", "governance:ops", "grants:read"),
    client_only=True,
)


def finance_system(slug: str) -> Person:
    """The finance system of one body: a client without a person, limited to its own lines."""
    return Person(
        f"client:finance-{slug}",
        f"Finance system of {slug}",
        ("expenditure:submit", "grants:read"),
        organisations=(slug,),
        client_only=True,
    )
