"""Every scope there is, declared once; a test holds them against the routes and the code."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from deploy.mistakes import Refused

ROLES = {
    "grants": ("manager", "finance", "cfo", "approver", "read", "history", "ops"),
    "expenditure": ("submit",),
    "deliverables": ("lead", "officer", "approver", "director", "read", "history", "ops"),
    "transparency": (
        "preparer", "approver", "dpl", "information", "finance", "auditor", "read", "history", "ops",
    ),
    "governance": ("clerk", "chair", "author", "approver", "member", "closed", "admin", "read", "history", "ops"),
}  # fmt: skip

SCOPES = tuple(f"{service}:{role}" for service, roles in ROLES.items() for role in roles)


def known_scopes(texts: Iterable[str]) -> list[str]:
    """The scopes in texts, separated by spaces or commas; refused where one is unknown or none is named."""
    scopes = [part for text in texts for part in text.replace(",", " ").split()]
    all_of_them = "; ".join(f"{service}: {', '.join(roles)}" for service, roles in ROLES.items())
    if not scopes:
        raise Refused(f"No scope is named, and a token without one may do nothing. The scopes are {all_of_them}.")
    unknown = [scope for scope in dict.fromkeys(scopes) if scope not in SCOPES]
    if unknown:
        named = " ".join(f"There is no scope {scope[:60]!a}.{_nearest(scope)}" for scope in unknown[:10])
        raise Refused(f"{named} The scopes are {all_of_them}.")
    return scopes


def _nearest(scope: str) -> str:
    """` Did you mean grants:manager?`: the same role where it stands, else the scope of like letters; else nothing."""
    text = scope.strip().casefold().replace(".", ":").replace("/", ":")
    service, _, role = text.rpartition(":")
    same_role = [each for each in SCOPES if each.split(":")[1] == role]
    if text in SCOPES:
        near = [text]
    elif service in ROLES:
        near = same_role or [f"{service}:{each}" for each in get_close_matches(role, ROLES[service], n=1)]
    elif service:
        near = get_close_matches(text, same_role or SCOPES, n=1, cutoff=0.0 if same_role else 0.7)
    else:
        near = same_role or (get_close_matches(text, SCOPES, n=1) if role not in ROLES else [])
    return f" Did you mean {' or '.join(near)}?" if near else ""
