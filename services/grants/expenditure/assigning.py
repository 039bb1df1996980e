"""Which budget line a line is for, whether its place lies in the territory, and whether grant may pay for it."""

from __future__ import annotations

import json
from typing import Any

from services.grants.expenditure.columns import Columns
from services.grants.expenditure.line import NULL, PLACE, Reasons
from services.grants.expenditure.matching import cell_test
from services.grants.expenditure.parties import PUBLIC_KINDS
from services.grants.use_rules.rules import RuleBook, UseFacts, judge_use
from services.grants.use_rules.territory import outside_territory

CACHE_SIZE = 20_000
RULE, SERVICE, PAYMENT = PLACE["rule"], PLACE["service_date"], PLACE["payment_date"]
CODES, EXCEPTION, GSS, REASONS = (
    PLACE["use_codes"], PLACE["use_exception"], PLACE["beneficiary_gss"], PLACE["use_reasons"],
)  # fmt: skip
NAME, KIND = PLACE["party_name"], PLACE["party_kind"]
TEXTS = (PLACE["purpose"], PLACE["category"], PLACE["unit"])
OUTCOMES = {"refused": "use_refused", "decision_required": "use_decision_required"}


class Assigner:
    """Fills a line's rule, and judges what a rule placed. Holds caches: one thread uses it."""

    def __init__(self, assignment: dict[str, Any], columns: Columns, uses: dict[str, Any] | None) -> None:
        """`uses`: the rule book as JSON, and of each year's agreement its id, territory and the kinds of its lines."""
        rules = assignment["rules"]
        self._rules = [
            (
                [(columns.place(test["column"]), cell_test(test)) for test in (rule, *rule.get("also", ()))],
                rule.get("effective_from"),
                rule.get("effective_to"),
            )
            for rule in rules
        ]
        self._must_assign = assignment["otherwise"] == "reject"
        self.active = bool(self._rules) or self._must_assign
        self._places = sorted({place for tests, *_ in self._rules for place, _ in tests if place is not None})
        self._by_day = any(first or last for _, first, last in self._rules)
        self._rule_of: dict[tuple[str, ...], str] = {}
        self._book = RuleBook.from_json(uses["book"]) if uses and uses.get("book") else None
        agreements = uses["agreements"] if uses else {}
        self._for = [(rule["line_code"], agreements.get(rule["agreement"])) for rule in rules]
        self._gss_place = columns.of_field.get("beneficiary_gss")
        self._judged: dict[tuple[str, ...], str] = {}

    def assign(self, row: list[str], cells: list[str], reasons: Reasons) -> None:
        """The line's days and its beneficiary have been filled before."""
        key = tuple([cells[place] for place in self._places])
        day = ""
        if self._by_day:
            day = row[PAYMENT] if row[SERVICE] == NULL else row[SERVICE]
            key = (*key, day)
        found = self._rule_of.get(key)
        if found is None:
            if len(self._rule_of) > CACHE_SIZE:
                self._rule_of.clear()
            found = self._rule_of[key] = self._first_rule(cells, day)
        row[RULE] = found
        if found == NULL:
            if self._must_assign:
                place = self._places[0] if self._places else None
                detail = "No rule of the profile says which budget line this is; correct the code, or add a rule."
                reasons.append(("not_assigned", detail, place))
        elif row[GSS] != NULL:
            agreement = self._for[int(found)][1]
            outside = outside_territory(agreement["territory"], row[GSS]) if agreement else None
            if outside is not None:
                reasons.append(("wrong_territory", outside, self._gss_place))

    def judge(self, row: list[str]) -> None:
        """Whether grant may pay for a line that a rule placed (G-19); `use_reasons` stays empty where it may."""
        if self._book is None or row[RULE] == NULL:
            return
        texts = [row[place] for place in TEXTS]
        if row[KIND] in PUBLIC_KINDS:
            # The name of a consultancy may say what it does; that of a person says nothing.
            texts.append(row[NAME])
        key = (row[RULE], row[CODES], row[EXCEPTION], *texts)
        found = self._judged.get(key)
        if found is None:
            if len(self._judged) > CACHE_SIZE:
                self._judged.clear()
            found = self._judged[key] = self._judgement(row, texts)
        row[REASONS] = found

    def _judgement(self, row: list[str], texts: list[str]) -> str:
        assert self._book is not None, "asked for without a book"
        line_code, agreement = self._for[int(row[RULE])]
        codes = row[CODES]
        judgement = judge_use(
            self._book,
            UseFacts(
                codes=None if codes == NULL else frozenset(code for code in codes.strip("{}").split(",") if code),
                exception=None if row[EXCEPTION] == NULL else row[EXCEPTION],
                texts=tuple(text for text in texts if text != NULL),
                line_code=line_code,
                line_kind=agreement["kinds"].get(line_code) if agreement else None,
                agreement_id=agreement["id"] if agreement else None,
            ),
        )
        if judgement.outcome == "allowed":
            return NULL
        reason = {
            "code": OUTCOMES[judgement.outcome],
            "detail": judgement.detail,
            "column": None,
            "rule": judgement.code,
            "paragraph": judgement.paragraph,
        }
        return json.dumps([reason]).replace("\\", "\\\\")

    def _first_rule(self, cells: list[str], day: str) -> str:
        for number, (tests, first, last) in enumerate(self._rules):
            if (first and day < first) or (last and day > last):
                continue
            if all(place is not None and test(cells[place]) for place, test in tests):
                return str(number)
        return NULL
