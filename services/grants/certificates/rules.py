"""What may be certified, and by whom: pure functions that refuse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.grants.faults import not_after, raise_together
from shared.errors import Conflict, Refusal
from shared.money import sterling


class OutturnNotFinal(Conflict):
    """Only audited figures are certified (G-37), and only they close a year (G-38)."""

    code = "outturn_not_final"
    title = "The outturn is not final"


class OutturnOutdated(Conflict):
    """An outturn says what is left of the grant that stood when it was recorded (G-34, G-36)."""

    code = "outturn_outdated"
    title = "The grant was changed since the outturn"


class UseUndeclared(Conflict):
    """Every entry of the agreement declares its use, or that it raises nothing (G-19, G-37)."""

    code = "use_undeclared"
    title = "The use of some spend is not declared"


class UseDecisionAwaited(Conflict):
    code = "use_decision_awaited"
    title = "A decision about use is awaited"


class RefusedUseStands(Conflict):
    """Grant may not pay for it (G-18): the entry is reversed, or paid from elsewhere."""

    code = "use_refused"
    title = "Spend of a refused use stands in the ledger"


class CertificateStands(Conflict):
    """Later changes need a new outturn and a new certificate (G-37)."""

    code = "certificate_stands"
    title = "The outturn is certified already"


class CertificateNotDraft(Conflict):
    code = "certificate_not_draft"
    title = "The certificate is not a draft"


class FiguresChanged(Conflict):
    """A signature stands under the figures that its person read (G-37)."""

    code = "figures_changed"
    title = "The figures have changed since the draft"


class SignedBeforeOutturn(Conflict):
    """Nobody signed figures that did not stand yet (G-37)."""

    code = "before_outturn"
    title = "The day lies before the outturn"


@dataclass(frozen=True)
class UndeclaredEntries:
    """Entries of one source and quarter whose use nobody declared."""

    organisation: str
    source: str
    quarter: str
    entries: int


@dataclass(frozen=True)
class CertifyingPosition:
    """What drafting must know: the latest outturn's state, None without one, and what is not yet declared.

    `outturn_grant_pence` is the grant that the outturn was recorded on.
    """

    grant_pence: int
    outturn_state: str | None
    outturn_grant_pence: int | None
    certified: bool
    undeclared: Sequence[UndeclaredEntries]
    awaiting_decision: int
    refused: int = 0


def draft_certificate(position: CertifyingPosition) -> None:
    """Refuse to certify figures that are not final or not wholly declared (G-37), all faults at once."""
    if position.certified:
        raise CertificateStands(
            "A signed certificate of this outturn stands; what changed since needs a new outturn first."
        )
    faults = not_final(position.outturn_state)
    faults.extend(outdated(position.grant_pence, position.outturn_grant_pence))
    faults.extend(
        UseUndeclared(
            f"{one.entries} entries of {one.source} ({one.organisation}) in {one.quarter} do not declare their use; "
            "declare the codes they raise, or none."
        )
        for one in position.undeclared
    )
    if position.awaiting_decision:
        faults.append(
            UseDecisionAwaited(
                f"{position.awaiting_decision} lines, entries or awards await a decision about their use; the chief "
                "finance officer decides on each, with a reason."
            )
        )
    if position.refused:
        faults.append(
            RefusedUseStands(
                f"{position.refused} entries of a refused use stand in the ledger of the year; reverse them and fund "
                "them from elsewhere."
            )
        )
    raise_together(faults)


def outdated(grant_pence: int, outturn_grant_pence: int | None) -> list[Refusal]:
    """The fault of an outturn of another grant than the present one; none without an outturn."""
    if outturn_grant_pence is None or outturn_grant_pence == grant_pence:
        return []
    return [
        OutturnOutdated(
            f"The outturn was recorded on a grant of {sterling(outturn_grant_pence)}, which is {sterling(grant_pence)} "
            "now; record the outturn anew."
        )
    ]


def not_final(outturn_state: str | None) -> list[Refusal]:
    """The fault of an outturn that is not final; none where it is."""
    if outturn_state == "final":
        return []
    what = "a year without an outturn" if outturn_state is None else f"a {outturn_state} outturn"
    return [OutturnNotFinal(f"Cannot certify {what}. Record the final outturn, from audited accounts, first.")]


def sign_certificate(
    *, state: str, drafted_sha256: str, figures_sha256: str, signed_on: date, outturn_on: date, today: date
) -> None:
    """Refuse to sign what is no draft any more, or a draft whose figures are no longer those of today (G-37).

    `outturn_on` is the day from which the figures stand: that of the outturn, or of its audit where that is later.
    """
    if state != "draft":
        raise CertificateNotDraft(f"The certificate is {state}; draft a new one where figures have changed.")
    if drafted_sha256 != figures_sha256:
        raise FiguresChanged("The figures are no longer those of the draft; draft the certificate anew and read it.")
    not_after(signed_on, today, "/signed_on")
    if signed_on < outturn_on:
        raise SignedBeforeOutturn(
            f"The outturn stands from {outturn_on.isoformat()} on; give that day or a later one.", pointer="/signed_on"
        )
