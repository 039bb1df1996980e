"""Routes of the rules of permitted use and their versions."""

from __future__ import annotations

from services.grants.use_rules.queries import rule_book
from shared.http import PublicWork, Routes, Shape

router = Routes(tags=["permitted use"])


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


class RuleBookShape(Shape):
    version: int
    denials: tuple[DenialShape, ...]
    allowances: tuple[AllowanceShape, ...]
    words: tuple[WordShape, ...]


@router.get("/v1/use-rules")
async def read_use_rules(work: PublicWork) -> RuleBookShape:
    """What grant may not pay for, and what is allowed by name (G-18, G-20)."""
    book = await rule_book(work.session)
    work.etag(book.version)
    return RuleBookShape.model_validate(book)
