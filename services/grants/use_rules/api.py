"""Routes of the rules of permitted use and their versions."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field, StringConstraints
from sqlmodel import col, select

from services.grants.faults import BadYearLabel
from services.grants.public import shown
from services.grants.queries import load_agreement
from services.grants.shapes import Code, Prose, Yes
from services.grants.use_rules import commands
from services.grants.use_rules.defaults import DEFAULT_BOOK
from services.grants.use_rules.faults import UnknownAgreement
from services.grants.use_rules.queries import rule_book, rule_book_version
from services.grants.use_rules.rules import Allowance, CarveOut, Denial, RuleBook, Word
from services.grants.use_rules.shapes import UseCode
from services.grants.use_rules.tables import UseRuleBook
from shared.errors import NotFound
from shared.fields import PlainNumber, example
from shared.http import Body, PublicWork, Reads, Routes, Shape, Writes
from shared.pagination import Page, Paging, paginate
from shared.work import Work

router = Routes(tags=["permitted use"])

Cfo = Annotated[Work, Writes("grants:cfo")]
Officer = Annotated[Work, Reads("grants:manager", "grants:finance", "grants:cfo", "grants:approver", "grants:read")]
ExceptionName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,79}$")]
Sentence = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=300),
    Field(pattern="[A-Za-z]", description="What stands in a refusal to say what it is about; it holds letters."),
]
WordText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=2, max_length=80),
    Field(pattern=r"\w", description="Found at the start of a word, whatever its case."),
]


STANDING = json.loads(json.dumps(DEFAULT_BOOK.to_json()))
"""The rules that stand at first, as JSON has them."""


class CarveOutBody(Body):
    """What a denial leaves out, on one line of the budget only."""

    name: ExceptionName
    line_code: Code
    text: Sentence
    words: list[WordText] = Field(default_factory=list, max_length=50)


class DenialBody(Body):
    """What grant may not pay for."""

    code: UseCode
    paragraph: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
    text: Sentence
    always_decide: Yes = False
    carve_outs: list[CarveOutBody] = Field(default_factory=list, max_length=20)


class AllowanceBody(Body):
    """What is allowed by name, and the denials it wins over."""

    name: ExceptionName
    paragraph: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
    text: Sentence
    wins_over: list[UseCode] = Field(max_length=50)


class WordBody(Body):
    """A word that asks for a decision where its code was not declared (G-19)."""

    text: WordText
    code: UseCode


class AgreementWordsBody(Body):
    """The words of one agreement, in place of the general ones."""

    agreement: Annotated[str, Field(max_length=40, description="Id or year, `2017-18`.")]
    words: list[WordBody] = Field(max_length=200)


class NewRules(Body):
    """The next version of the rules, whole."""

    # Tried out, the example leaves every rule that stands at first as it is: a version takes the place of the whole.
    model_config = example(
        reason="The board added a word on 3 July.",
        denials=STANDING["denials"],
        allowances=STANDING["allowances"],
        words=[*STANDING["words"], {"text": "campaign", "code": "PU1"}],
    )

    reason: Prose
    denials: list[DenialBody] = Field(min_length=1, max_length=100)
    allowances: list[AllowanceBody] = Field(max_length=100)
    words: list[WordBody] = Field(max_length=200)
    agreement_words: list[AgreementWordsBody] = Field(default_factory=list, max_length=100)


class CarveOutShape(Shape):
    name: str
    line_code: str
    text: str
    words: tuple[str, ...]


class DenialShape(Shape):
    code: str
    paragraph: str
    text: str
    always_decide: bool
    carve_outs: tuple[CarveOutShape, ...]


class AllowanceShape(Shape):
    name: str
    paragraph: str
    text: str
    wins_over: tuple[str, ...]


class WordShape(Shape):
    text: str
    code: str


class AgreementWordsShape(Shape):
    agreement_id: UUID
    words: tuple[WordShape, ...]


class RuleBookShape(Shape):
    version: int = Field(description="0 is the one that stood before any was stored.")
    denials: tuple[DenialShape, ...]
    allowances: tuple[AllowanceShape, ...]
    words: tuple[WordShape, ...]
    agreement_words: tuple[AgreementWordsShape, ...]


class RulesVersionShape(Shape):
    version: int
    reason: str
    created_at: datetime


@router.get("/v1/use-rules")
async def read_use_rules(
    work: PublicWork, version: Annotated[PlainNumber | None, Query(description="Default the latest.")] = None
) -> RuleBookShape:
    """What grant may not pay for, what is allowed by name, and the words that ask for a decision."""
    book = await (rule_book(work.session) if version is None else rule_book_version(work.session, version))
    work.etag(book.version)
    return _book_shape(book)


@router.post("/v1/use-rules", status_code=201)
async def change_use_rules(work: Cfo, body: NewRules) -> RuleBookShape:
    """Store the next version of the rules, whole, with the reason. Later judgements go by it."""
    agreements = [
        await _agreement_id(work, item.agreement, f"/agreement_words/{index}/agreement")
        for index, item in enumerate(body.agreement_words)
    ]
    book = RuleBook(
        version=0,
        denials=tuple(
            Denial(
                code=denial.code,
                paragraph=denial.paragraph,
                text=denial.text,
                always_decide=denial.always_decide,
                carve_outs=tuple(
                    CarveOut(carve_out.name, carve_out.line_code, carve_out.text, tuple(carve_out.words))
                    for carve_out in denial.carve_outs
                ),
            )
            for denial in body.denials
        ),
        allowances=tuple(
            Allowance(item.name, item.paragraph, item.text, tuple(item.wins_over)) for item in body.allowances
        ),
        words=_words(body.words),
        agreement_words=tuple(
            (agreement, _words(item.words)) for agreement, item in zip(agreements, body.agreement_words, strict=True)
        ),
    )
    stored = await commands.change_rules(work, book, body.reason)
    work.etag(stored.version)
    work.headers["Location"] = f"{work.base_url}/v1/use-rules?version={stored.version}"
    return _book_shape(stored)


@router.get("/v1/use-rules/versions")
async def list_use_rule_versions(work: PublicWork, paging: Paging) -> Page[RulesVersionShape]:
    """Stored versions of the rules with the reason of each."""
    return await paginate(
        work,
        select(UseRuleBook),
        order=(col(UseRuleBook.number),),
        paging=paging,
        shape=lambda row: shown(
            work, RulesVersionShape(version=row.number, reason=row.reason, created_at=row.created_at), "reason"
        ),
    )


async def _agreement_id(work: Work, key: str, pointer: str) -> str:
    try:
        return str((await load_agreement(work.session, key)).id)
    except (NotFound, BadYearLabel) as missing:
        raise UnknownAgreement("Name an agreement by its id or its year, 2017-18.", pointer=pointer) from missing


def _words(words: list[WordBody]) -> tuple[Word, ...]:
    return tuple(Word(word.text, word.code) for word in words)


def _book_shape(book: RuleBook) -> RuleBookShape:
    kept = book.to_json()
    of_agreements = [{"agreement_id": agreement, "words": words} for agreement, words in kept["agreement_words"]]
    return RuleBookShape.model_validate({**kept, "agreement_words": of_agreements})
