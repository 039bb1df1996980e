"""Refusals of permitted use, and what a declaration must name to be read at all."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from services.grants.use_rules.rules import Judgement, RuleBook
from shared.errors import Conflict, Invalid, Refusal
from shared.texts import folded

MEMORANDUM = ("PU1", "PU2", "PU3", "PU4", "PU5", "PU6")


class UseRefused(Conflict):
    """Grant may not pay for it (G-18)."""

    code = "use_refused"
    title = "Grant may not pay for this"


class DecisionRequired(Conflict):
    """Nobody has decided what the rules leave open (G-19)."""

    code = "decision_required"
    title = "A decision is needed first"


class UseUndeclared(Conflict):
    """Every award declares the codes it raises, or none (G-19)."""

    code = "use_undeclared"
    title = "Nothing is declared about its use"


class UnknownUseCode(Invalid):
    code = "unknown_use_code"
    title = "No rule has this code"


class UnknownException(Invalid):
    code = "unknown_exception"
    title = "No exception has this name"


class DecidedAlready(Conflict):
    code = "decided_already"
    title = "It does not wait for a decision"


class NothingToDeclare(Conflict):
    code = "nothing_to_declare"
    title = "Nothing of this kind is undeclared"


class UnknownEntry(Invalid):
    code = "unknown_entry"
    title = "No such entry"


class UnknownAgreement(Invalid):
    code = "unknown_agreement"
    title = "There is no such agreement"


class RulesContradict(Invalid):
    code = "rules_contradict"
    title = "The rules contradict themselves"


class RuleMissing(Conflict):
    """The memorandum's own prohibitions cannot be dropped (G-18)."""

    code = "rule_missing"
    title = "The memorandum's rules stay"


class EditionMissing(Conflict):
    code = "edition_missing"
    title = "The agreement cites no edition"


class UnknownEdition(Conflict):
    code = "unknown_edition"
    title = "The edition is not known"


class EditionStands(Conflict):
    """An edition says what it says; another one has another name (G-21)."""

    code = "edition_stands"
    title = "The edition is kept already"


def declaration_faults(book: RuleBook, codes: Sequence[str] | None, exception: str | None) -> list[Refusal]:
    """Codes and exceptions that the rules do not know, each where it stands."""
    faults: list[Refusal] = []
    for index, code in enumerate(codes or ()):
        if folded(code) not in book.denial_of:
            faults.append(UnknownUseCode(f"Use one of {', '.join(book.codes)}.", pointer=f"/use_codes/{index}"))
    if exception is not None and exception not in book.exceptions:
        faults.append(UnknownException(f"Use one of {', '.join(book.exceptions)}.", pointer="/use_exception"))
    return faults


def written(book: RuleBook, codes: Collection[str] | None) -> frozenset[str] | None:
    """Codes as the book writes them; None stays not declared."""
    return None if codes is None else frozenset(book.denial_of[folded(code)].code for code in codes)


def book_faults(book: RuleBook) -> list[Refusal]:
    """What keeps a version of the rules from being one: names that do not fit together, or a prohibition dropped."""
    faults: list[Refusal] = []
    codes = [folded(code) for code in book.codes]
    for index, code in enumerate(codes):
        if code in codes[:index]:
            faults.append(RulesContradict("The code stands above already.", pointer=f"/denials/{index}/code"))
    names = [allowance.name for allowance in book.allowances]
    carved = [carve_out.name for denial in book.denials for carve_out in denial.carve_outs]
    for index, allowance in enumerate(book.allowances):
        if allowance.name in names[:index] or allowance.name in carved:
            faults.append(RulesContradict("Another exception has this name.", pointer=f"/allowances/{index}/name"))
        for number, code in enumerate(allowance.wins_over):
            if code not in book.codes:
                pointer = f"/allowances/{index}/wins_over/{number}"
                faults.append(RulesContradict("Name the code of a denial.", pointer=pointer))
    of_agreements = [
        (f"/agreement_words/{number}/words", words) for number, (_, words) in enumerate(book.agreement_words)
    ]
    for place, words in (("/words", book.words), *of_agreements):
        for index, word in enumerate(words):
            if word.code not in book.codes:
                faults.append(RulesContradict("Name the code of a denial.", pointer=f"{place}/{index}/code"))
    missing = [code for code in MEMORANDUM if code not in book.codes]
    if missing:
        faults.append(RuleMissing(f"Keep {', '.join(missing)}: the memorandum forbids it.", pointer="/denials"))
    for index, denial in enumerate(book.denials):
        if denial.code == "PU6" and not denial.always_decide:
            where = f"/denials/{index}/always_decide"
            faults.append(RuleMissing("PU6 always needs a decision: its printed sentence ends early.", pointer=where))
    return faults


def refused_use(judgement: Judgement, pointer: str = "/use_codes") -> UseRefused:
    """The refusal that a judgement is, with the rule and its paragraph beside the sentence."""
    return UseRefused(
        judgement.detail, pointer=pointer, extra={"rule": judgement.code, "paragraph": judgement.paragraph}
    )
