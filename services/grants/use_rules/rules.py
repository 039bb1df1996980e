"""Whether grant may pay for a cost: pure judgement of what was declared against a rule book (G-18 to G-20)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Literal

from services.grants.use_rules.words import WordFinder
from shared.texts import folded

Outcome = Literal["allowed", "refused", "decision_required"]

NONE_DECLARED = "none"
"""In place of a rule's code: declared to raise none."""
UNDECLARED = "undeclared"
"""In place of a rule's code: nobody has declared anything yet, and no word speaks against it."""
ONE_MORE = "Fund it from elsewhere, or name the exception"


@dataclass(frozen=True)
class CarveOut:
    """What a denial leaves out, on one line of the budget only; known by its name or by words of its own."""

    name: str
    line_code: str
    text: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Denial:
    """What grant may not pay for. `always_decide`: no declaration settles it, a person does (PU6)."""

    code: str
    paragraph: str
    text: str
    always_decide: bool = False
    carve_outs: tuple[CarveOut, ...] = ()


@dataclass(frozen=True)
class Allowance:
    """What is allowed by name, and which denials it wins over (G-20)."""

    name: str
    paragraph: str
    text: str
    wins_over: tuple[str, ...]


@dataclass(frozen=True)
class Word:
    """A word that asks for a decision where nobody declared the code it stands for (G-19)."""

    text: str
    code: str


@dataclass(frozen=True)
class RuleBook:
    """One version of the rules; 0 is the one that stands before anybody stored another.

    `agreement_words` holds the words of an agreement, by its id, that has its own; the others use `words`.
    """

    version: int
    denials: tuple[Denial, ...]
    allowances: tuple[Allowance, ...]
    words: tuple[Word, ...]
    agreement_words: tuple[tuple[str, tuple[Word, ...]], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As plain dictionaries, lists and texts, which JSON can hold."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> RuleBook:
        """From what `to_json` made of it. KeyError or TypeError where it is something else."""
        return cls(
            version=kept["version"],
            denials=tuple(
                Denial(
                    **{
                        **denial,
                        "carve_outs": tuple(
                            CarveOut(**{**carve_out, "words": tuple(carve_out["words"])})
                            for carve_out in denial["carve_outs"]
                        ),
                    }
                )
                for denial in kept["denials"]
            ),
            allowances=tuple(
                Allowance(**{**allowance, "wins_over": tuple(allowance["wins_over"])})
                for allowance in kept["allowances"]
            ),
            words=_words(kept["words"]),
            agreement_words=tuple((agreement, _words(words)) for agreement, words in kept["agreement_words"]),
        )

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """Every code that a declaration may raise; letters' case does not matter."""
        return tuple(denial.code for denial in self.denials)

    @cached_property
    def denial_of(self) -> dict[str, Denial]:
        return {folded(denial.code): denial for denial in self.denials}

    @cached_property
    def allowance_of(self) -> dict[str, Allowance]:
        return {allowance.name: allowance for allowance in self.allowances}

    @cached_property
    def carve_out_names(self) -> frozenset[str]:
        return frozenset(carve_out.name for denial in self.denials for carve_out in denial.carve_outs)

    @cached_property
    def exceptions(self) -> tuple[str, ...]:
        """Every name that a declaration may give as its exception."""
        return (*self.allowance_of, *sorted(self.carve_out_names))

    @cached_property
    def _finders(self) -> dict[str | None, WordFinder]:
        finders: dict[str | None, WordFinder] = {None: WordFinder((word.text, word.code) for word in self.words)}
        for agreement, words in self.agreement_words:
            finders[agreement] = WordFinder((word.text, word.code) for word in words)
        return finders

    def finder(self, agreement_id: str | None) -> WordFinder:
        finders = self._finders
        return finders.get(agreement_id) or finders[None]

    @cached_property
    def carve_out_finders(self) -> dict[tuple[str, str], WordFinder]:
        return {
            (denial.code, carve_out.name): WordFinder((word, carve_out.name) for word in carve_out.words)
            for denial in self.denials
            for carve_out in denial.carve_outs
        }


@dataclass(frozen=True)
class UseFacts:
    """What is known of a cost: codes None = not declared, empty = none declared; the texts that describe it."""

    codes: frozenset[str] | None
    exception: str | None
    texts: tuple[str, ...]
    line_code: str | None
    line_kind: str | None
    agreement_id: str | None = None


@dataclass(frozen=True)
class Judgement:
    """The outcome, with the rule's code and the paragraph it stands in, and a sentence that says the fix.

    The sentence holds nothing of the texts but the configured word that was found in them.
    """

    outcome: Outcome
    code: str
    paragraph: str
    detail: str


def after_refusal(judgement: Judgement, *, refused: bool) -> Judgement:
    """A use that a person refused is not allowed by declaring it otherwise; a person lifts that too (G-19)."""
    if not refused or judgement.outcome != "allowed":
        return judgement
    detail = "The chief finance officer refused this use; what is declared now waits for that officer's decision."
    return replace(judgement, outcome="decision_required", detail=detail)


def judge_use(book: RuleBook, facts: UseFacts) -> Judgement:
    """Judge a cost (G-18 to G-20).

    A code that is raised refuses the cost, unless a named exception wins over it or its carve-out covers the line. PU6
    always needs a decision. A text with a configured word asks for a decision where the word's code was not raised and
    no exception covers it. Of several codes the first that refuses is named, and all of them stand in the sentence.
    """
    allowance = book.allowance_of.get(facts.exception) if facts.exception else None
    undecided: list[Judgement] = []
    refused: list[Denial] = []
    settled: Judgement | None = None
    raised: set[str] = set()
    if facts.exception and allowance is None and facts.exception not in book.carve_out_names:
        undecided.append(_unknown(book, f"No exception has the name given; the names are {', '.join(book.exceptions)}"))
    for code in sorted(facts.codes or ()):
        denial = book.denial_of.get(folded(code))
        if denial is None:
            undecided.append(_unknown(book, f"No rule has a code given; the codes are {', '.join(book.codes)}"))
            continue
        raised.add(denial.code)
        if denial.always_decide:
            undecided.append(
                Judgement(
                    "decision_required",
                    denial.code,
                    denial.paragraph,
                    f"{_named(denial)} always needs a decision by the chief finance officer, with the reason.",
                )
            )
        elif allowance is not None and denial.code in allowance.wins_over:
            settled = settled or Judgement(
                "allowed",
                denial.code,
                denial.paragraph,
                f"{allowance.text} ({allowance.paragraph}) is allowed by name and wins over {_named(denial)}.",
            )
        else:
            carved = _carved(book, denial, facts)
            if carved is None:
                refused.append(denial)
            elif carved.outcome == "allowed":
                settled = settled or carved
            else:
                undecided.append(carved)
    if refused:
        first = min(refused, key=lambda denial: list(book.denials).index(denial))
        return Judgement("refused", first.code, first.paragraph, _refusal(refused, facts))
    for word, code in book.finder(facts.agreement_id).find_all(facts.texts):
        covered = code in raised or (allowance is not None and code in allowance.wins_over)
        if not covered and not _carved_out(book, code, facts):
            undecided.append(_worded(book, word, code))
            break
    if undecided:
        return undecided[0]
    if settled is not None:
        return settled
    paragraph = book.denials[0].paragraph if book.denials else "G-18"
    if allowance is not None:
        return Judgement("allowed", NONE_DECLARED, allowance.paragraph, f"{allowance.text} is allowed by name.")
    if facts.codes is None:
        return Judgement(
            "allowed", UNDECLARED, paragraph, "Nothing is declared yet; declare the codes raised, or none."
        )
    return Judgement("allowed", NONE_DECLARED, paragraph, "Declared to raise none of the rules.")


def _carved(book: RuleBook, denial: Denial, facts: UseFacts) -> Judgement | None:
    """What the carve-outs of a denial say of this line: allowed, undecided, or None for nothing."""
    for carve_out in denial.carve_outs:
        if carve_out.line_code != facts.line_code:
            continue
        named = facts.exception == carve_out.name
        if named or book.carve_out_finders[denial.code, carve_out.name].find(facts.texts):
            return Judgement(
                "allowed",
                denial.code,
                denial.paragraph,
                f"{carve_out.text} is carved out of {_named(denial)} on {carve_out.line_code}.",
            )
        return Judgement(
            "decision_required",
            denial.code,
            denial.paragraph,
            f"{_named(denial)}: on {carve_out.line_code} only {carve_out.text.lower()} is carved out; "
            f"name the exception {carve_out.name} where it is that, or ask for a decision.",
        )
    return None


def _carved_out(book: RuleBook, code: str, facts: UseFacts) -> bool:
    """Whether what a word speaks of is carved out of its denial on this line."""
    denial = book.denial_of.get(folded(code))
    carved = _carved(book, denial, facts) if denial is not None else None
    return carved is not None and carved.outcome == "allowed"


def _refusal(refused: Sequence[Denial], facts: UseFacts) -> str:
    what = "; ".join(f"{_named(denial)} ({denial.paragraph})" for denial in refused)
    places = [
        f"{carve_out.text} is carved out on {carve_out.line_code} only"
        for denial in refused
        for carve_out in denial.carve_outs
    ]
    body = "A body that receives pass-through carries the same rules" if facts.line_kind == "pass_through" else None
    return ". ".join(part for part in (what, *places, body, f"{ONE_MORE}.") if part)


def _worded(book: RuleBook, word: str, code: str) -> Judgement:
    denial = book.denial_of.get(folded(code))
    shown = _named(denial) if denial else code
    return Judgement(
        "decision_required",
        denial.code if denial else code,
        denial.paragraph if denial else "G-19",
        f"The description holds \u201c{word}\u201d, which speaks of {shown}; declare {code}, name the exception, "
        "or ask the chief finance officer for a decision with its reason.",
    )


def _unknown(book: RuleBook, sentence: str) -> Judgement:
    paragraph = book.denials[0].paragraph if book.denials else "G-19"
    return Judgement("decision_required", "unknown_code", paragraph, f"{sentence}.")


def _named(denial: Denial) -> str:
    return f"{denial.code} {denial.text}"


def _words(kept: Iterable[Mapping[str, str]]) -> tuple[Word, ...]:
    return tuple(Word(**word) for word in kept)
