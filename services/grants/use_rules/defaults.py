"""The rule book that stands until another is stored: what the memorandum of 2017/18 says, in our own words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.grants.use_rules.rules import Allowance, CarveOut, Denial, RuleBook, Word

MOU = "MoU para 22"
TERMS = "G-20"
"""The memorandum says no more than its paragraph; these come from the general terms of grants."""


@dataclass(frozen=True)
class Edition:
    """An edition of the guidance on public money, and the principles it lists (G-21)."""

    name: str
    published_on: date | None
    principles: tuple[str, ...]


DEFAULT_EDITION = Edition(
    "Managing Public Money, January 2015",
    None,
    (
        *("honesty", "impartiality", "openness", "accountability", "accuracy"),
        *("fairness", "integrity", "transparency", "objectivity", "reliability"),
    ),
)
"""The edition that the memorandum of 2017/18 cites; its day is not known, only its month."""

DEFAULT_BOOK = RuleBook(
    version=0,
    denials=(
        Denial("PU1", MOU, "lobbying or influencing Parliament, government, parties, contracts, grants or law"),
        Denial("PU2", MOU, "subsidy of work outside the agreed programme"),
        Denial("PU3", MOU, "developing or improving property"),
        Denial("PU4", MOU, "commercial services at uncompetitive cost or standard"),
        Denial(
            "PU5",
            MOU,
            "negotiating, lobbying and representation that subscriptions pay for",
            carve_outs=(
                CarveOut(
                    "national_pay_negotiations",
                    "WF1",
                    "National pay negotiation",
                    ("pay negotiat", "negotiating pay", "national pay", "pay bargaining", "pay talks", "pay claim"),
                ),
            ),
        ),
        Denial("PU6", MOU, "unconnected and excessive management overheads", always_decide=True),
        Denial("petitioning", TERMS, "petitioning for more funding"),
        Denial("entertaining", TERMS, "entertaining in order to influence"),
        Denial("gifts", TERMS, "gifts"),
        Denial("fines", TERMS, "fines"),
        Denial("recoverable_vat", TERMS, "VAT that can be recovered"),
        Denial("party_or_religious", TERMS, "party political or exclusively religious activity"),
        Denial("in_kind", TERMS, "contributions in kind"),
        Denial("lease_interest", TERMS, "interest on finance leases"),
        Denial("depreciation", TERMS, "depreciation"),
        Denial("statutory_duty", TERMS, "duties laid down by statute"),
        Denial("funded_elsewhere", TERMS, "what is funded elsewhere already"),
        Denial("earlier_liability", TERMS, "liabilities from before the agreement"),
    ),
    allowances=(
        Allowance("audit_certificate", TERMS, "An audit certificate of the grant", ("PU1",)),
        Allowance("select_committee_evidence", TERMS, "Evidence to a select committee", ("PU1",)),
        Allowance("progress_meeting", TERMS, "A meeting with officials on the grant's progress", ("PU1",)),
        Allowance("consultation_answer", TERMS, "Answering a consultation on the topic", ("PU1",)),
        Allowance("independent_advice", TERMS, "Independent advice that rests on evidence", ("PU1",)),
    ),
    words=(
        *(Word("lobby", "PU1"), Word("parliamentary", "PU1"), Word("public affairs", "PU1")),
        # Allowed on the line they are carved out for; elsewhere subscriptions pay for it.
        *(Word("pay negotiat", "PU5"), Word("negotiating pay", "PU5"), Word("pay bargaining", "PU5")),
    ),
)
