"""Who may suspend, confirm and lift, and what happens to an edition. Pure: states in, refusals or states out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.errors import Conflict


class NotPublic(Conflict):
    code = "edition_not_public"
    title = "Only an edition that can be read can be suspended"


class AlreadyDecided(Conflict):
    code = "withdrawal_decided"
    title = "This withdrawal has been decided"


READABLE = ("published", "superseded")


def suspend(name: str, state: str, position: int) -> str:
    """The state of an edition that is suspended. Refused unless anyone can read it now."""
    if state not in READABLE:
        why = {
            "suspended": "is suspended already",
            "withdrawn": "is withdrawn already",
        }.get(state, "is not published, so nobody outside has seen it; delete the draft instead")
        raise NotPublic(f"{name} {why}.", pointer=f"/editions/{position}")
    return "suspended"


def refuse_second_decision(state: str) -> None:
    """A suspension is confirmed or lifted once."""
    if state != "suspended":
        raise AlreadyDecided(
            f"It was {state} already. To withdraw what is public again, suspend it again with POST /v1/withdrawals."
        )


class StillWithheld(Conflict):
    code = "still_withheld"
    title = "A later edition withholds what this one shows"


def refuse_to_show_again(number: int, newly_withheld: Mapping[int, Mapping[str, int]]) -> None:
    """What a later public edition withholds is not shown again by giving an earlier one back (T-52)."""
    by = sorted(later for later, earlier in newly_withheld.items() if str(number) in earlier)
    if by:
        raise StillWithheld(
            f"Edition {number} shows in full what edition {by[0]} withholds, so it cannot be given back; withdraw it "
            "(POST …/confirmations).",
            extra={"editions": by},
        )


def lifted(state_before: str, *, later_numbers: Sequence[int], number: int) -> str:
    """The state an edition comes back to: its own, or superseded where a later one was published meanwhile."""
    return "superseded" if any(later > number for later in later_numbers) else state_before
