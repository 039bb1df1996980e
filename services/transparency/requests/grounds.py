"""Grounds to withhold information, and what an answer must say of each. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.transparency.requests import refusals as no
from shared.errors import Refusal


@dataclass(frozen=True)
class Exemption:
    """A ground on which information may be withheld, as the reference table has it."""

    code: str
    section: str
    title: str
    needs_prejudice: bool
    needs_public_interest: bool
    claimable: bool = True


@dataclass(frozen=True)
class Claimed:
    """A ground that an answer claims, with its reasons."""

    code: str
    prejudice: str | None = None
    public_interest: str | None = None


def refuse_grounds(
    outcome: str,
    claimed: Sequence[Claimed],
    known: Mapping[str, Exemption],
    *,
    disclosure_url: str | None = None,
    at: str = "",
) -> None:
    """What is withheld needs a ground, and each ground its reasons; every error at once.

    `at` is the place in the body.
    """
    faults: list[Refusal] = []
    withholds = outcome in ("part", "refused")
    if withholds and not claimed:
        faults.append(
            no.ExemptionMissing(
                f"The outcome is {outcome} and no ground is given; name each ground on which something is withheld.",
                pointer=f"{at}/exemptions",
            )
        )
    if claimed and not withholds:
        faults.append(
            no.ExemptionNotNeeded(
                f"The outcome is {outcome}, which withholds nothing; leave exemptions out, or give part or refused.",
                pointer=f"{at}/exemptions",
            )
        )
    if disclosure_url is not None and outcome not in ("full", "part"):
        faults.append(
            no.NothingDisclosed(
                f"The outcome is {outcome}, so there is no disclosed document; leave disclosure_url out.",
                pointer=f"{at}/disclosure_url",
            )
        )
    for index, ground in enumerate(claimed):
        place = f"{at}/exemptions/{index}"
        exemption = known.get(ground.code)
        if exemption is None:
            faults.append(unknown(f"{place}/code"))
        elif any(ground.code == before.code for before in claimed[:index]):
            faults.append(
                no.ExemptionRepeated(f"{ground.code} is given above already; give it once.", pointer=f"{place}/code")
            )
        else:
            faults += _incomplete(ground, exemption, place)
    no.raise_together(faults)


def _incomplete(ground: Claimed, exemption: Exemption, place: str) -> list[Refusal]:
    if not exemption.claimable:
        return [
            no.WithholdingIncomplete(
                f"{ground.code}: confidentiality alone withholds nothing; name a ground, its prejudice and the public "
                "interest.",
                pointer=f"{place}/code",
            )
        ]
    needed = {"prejudice": exemption.needs_prejudice, "public_interest": exemption.needs_public_interest}
    return [
        no.WithholdingIncomplete(
            f"{ground.code} ({exemption.section}) needs {field}; say it in this field.", pointer=f"{place}/{field}"
        )
        for field, is_needed in needed.items()
        if is_needed and not (getattr(ground, field) or "").strip()
    ]


def unknown(pointer: str) -> Refusal:
    return no.ExemptionUnknown(
        "No ground has this code; the grounds are listed at /v1/information-requests/exemptions.", pointer=pointer
    )
