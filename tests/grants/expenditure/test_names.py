"""Names of private payees in the free texts, keys and files of a ledger: they stay with those who may see them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from services.grants.expenditure.tables import LedgerEntry
from shared.events.grants import ExpenditureRecorded, LedgerLine
from tests.grants.expenditure.conftest import Ledger, csv_file, simple_profile
from tests.grants.expenditure.test_events import payloads

FIELDS = {
    **simple_profile()["fields"],
    "party_kind": {"column": "Kind"},
    "purpose": {"column": "Purpose"},
    "category": {"column": "Category"},
    "unit": {"column": "Unit"},
    "contract_ref": {"column": "Contract"},
    "decision_ref": {"column": "Decision"},
    "ledger_class": {"column": "Class"},
}
COLUMNS = (
    "Reference", "Date", "Supplier", "Amount", "Kind", "Purpose", "Category", "Unit", "Contract", "Decision", "Class",
)  # fmt: skip
TEXTS = ("purpose", "category", "unit", "contract_ref", "decision_ref", "ledger_class")
PRIVATE = (("Mary Unknownton", "unknown"), ("Jane Secretname", "individual"), ("Travel Staffer", "staff"))
PLANTED = ("unknownton", "secretname", "staffer")
WITHOUT_NAMES = ("grants:read", "grants:manager", "grants:approver")


def told(profile: str = "simple", **changes: Any) -> dict[str, Any]:
    return simple_profile(name=profile, fields=FIELDS, **changes)


def line(reference: str, name: str, kind: str, *texts: str, amount: str = "1.00") -> tuple[str, ...]:
    """A row; texts that are not given stand empty."""
    return (reference, "2017-04-03", name, amount, kind, *texts, *[""] * (len(TEXTS) - len(texts)))


def planted() -> list[tuple[str, ...]]:
    """Each name once in every text, and in its line's own reference."""
    rows = []
    for number, (name, kind) in enumerate(PRIVATE):
        for place in range(len(TEXTS)):
            texts = [f"Ref {number}{place}"] * len(TEXTS)
            texts[place] = f"Fare of {name.upper()}, March"
            rows.append(line(f"A-{number}{place}", name, kind, *texts))
        rows.append(line(f"B-{name}", name, kind, "", "Fares"))
    return rows


def holds_planted(text: str) -> list[str]:
    return [name for name in PLANTED if name in text.casefold()]


async def sent_lines(ledger: Ledger) -> list[LedgerLine]:
    return [line for event in await ledger.grants.emitted(ExpenditureRecorded) for line in event.lines]


async def test_a_planted_name_leaves_in_no_event_whatever_text_holds_it(ledger: Ledger) -> None:
    """Names of individuals, staff and payees of unknown kind never leave the service, in free text neither."""
    await ledger.defined(told())
    batch = await ledger.sent(csv_file(*planted(), header=COLUMNS))
    assert batch["outcomes"]["accepted"]["lines"] == len(planted())
    assert (batch["flags"]["name_in_text"], batch["flags"]["name_in_key"]) == (18, 3)
    for kind, _, payload in await payloads(ledger):
        assert holds_planted(payload) == []
        if kind == ExpenditureRecorded.type():
            # Still the declared event's canonical JSON, byte for byte.
            assert ExpenditureRecorded.model_validate_json(payload).canonical().decode() == payload
    for sent, number in zip(await sent_lines(ledger), range(len(planted())), strict=True):
        kind, place = PRIVATE[number // 7][1], number % 7
        assert sent.party.kind == kind
        if place == 6:
            assert (sent.line_key, sent.category, sent.flags) == (str(sent.entry_id), "Fares", ("name_in_key",))
            continue
        assert {"name_in_text", f"name_in_{TEXTS[place]}"} <= set(sent.flags)
        assert sent.line_key == f"A-{number // 7}{place}"
        kept_back = {TEXTS[place]} | ({"purpose"} if kind != "unknown" else set())
        assert {field for field in TEXTS if getattr(sent, field) is None} == kept_back, sent


async def test_the_ledger_itself_keeps_the_texts_as_they_were_sent(ledger: Ledger) -> None:
    await ledger.defined(told())
    await ledger.sent(csv_file(*planted(), header=COLUMNS))
    async with ledger.grants.session() as session:
        entries = (await session.exec(select(LedgerEntry).order_by(LedgerEntry.record))).all()  # type: ignore[arg-type]
    for entry, row in zip(entries, planted(), strict=True):
        assert (entry.line_key, *(getattr(entry, field) or "" for field in TEXTS)) == (row[0], *row[5:])


async def every_answer(ledger: Ledger, scope: str, batch: dict[str, Any]) -> dict[str, str]:
    """Path → body of everything that this scope may read of the ledger."""
    reader = ledger.grants.as_(scope, sub=f"person:{scope}")
    here = f"/v1/expenditure-batches/{batch['id']}"
    entries = [item["entry_id"] for item in (await ledger.everything("/v1/expenditure-lines"))]
    paths = [
        "/v1/expenditure-batches", here, f"{here}/lines", f"{here}/lines.csv", "/v1/held-lines",
        "/v1/expenditure-lines", "/v1/expenditure-lines.csv", *(f"/v1/expenditure-lines/{entry}" for entry in entries),
    ]  # fmt: skip
    answers = {path: await reader.get(path) for path in paths}
    assert {answer.status_code for answer in answers.values()} == {200}
    return {path: answer.text for path, answer in answers.items()}


async def test_a_planted_name_is_in_no_answer_to_those_who_see_no_names(ledger: Ledger) -> None:
    """Lines of every outcome, the ledger and its CSV, held lines."""
    await ledger.defined(told())
    await ledger.sent(csv_file(*planted(), header=COLUMNS))
    changed = [(*row[:3], "2.00", *row[4:]) for row in planted()[:7]]
    again = await ledger.sent(csv_file(*planted()[7:], *changed, header=COLUMNS))
    assert {outcome: again["outcomes"][outcome]["lines"] for outcome in ("duplicate", "conflict")} == {
        "duplicate": 14,
        "conflict": 7,
    }
    # The same content once and then twice is held for a person to decide on.
    await ledger.defined(told("counted", identity={"kind": "counted"}))
    await ledger.sent(csv_file(*planted(), header=COLUMNS), "counted")
    doubtful = await ledger.sent(csv_file(*planted(), *planted(), header=COLUMNS), "counted")
    assert doubtful["outcomes"]["held"]["lines"] == len(planted())
    for scope in WITHOUT_NAMES:
        for batch in (again, doubtful):
            for path, body in (await every_answer(ledger, scope, batch)).items():
                assert holds_planted(body) == [], (scope, path)
    for scope in ("grants:finance", "grants:cfo"):
        answers = await every_answer(ledger, scope, again)
        for path in ("/v1/expenditure-lines", "/v1/held-lines"):
            assert holds_planted(answers[path]) == list(PLANTED), (scope, path)
    counted = ledger.grants.as_("grants:read")
    shown = (await counted.get(f"/v1/expenditure-batches/{doubtful['id']}/lines")).json()["items"]
    assert all(item["line_key"] for item in shown), "a counted key holds no text of the file and stays"


async def test_numbers_of_private_payees_are_left_out_of_held_lines_too(ledger: Ledger) -> None:
    fields = {**FIELDS, "company_number": {"column": "Contract"}, "contract_ref": None}
    await ledger.defined(simple_profile(name="counted", fields=fields, identity={"kind": "counted"}))
    row = line("A-1", "Jane Secretname", "individual", "", "", "", "01234567")
    await ledger.sent(csv_file(row, header=COLUMNS), "counted")
    await ledger.sent(csv_file(row, row, header=COLUMNS), "counted")
    for scope, number in (("grants:read", None), ("grants:finance", "01234567")):
        [held] = (await ledger.grants.as_(scope).get("/v1/held-lines")).json()["items"]
        assert held["entry"]["company_number"] == number


TEXTS_AND_NAMES = (
    # kind, name, category, whether it may leave
    ("organisation", "Transport for Town", "Transport for Town", True),
    ("sole_trader", "Joan Tradeswoman", "Joan Tradeswoman", True),
    # A person who is withheld elsewhere is not named in the text of another row (T-63).
    ("sole_trader", "Fares Ltd", "Jane Secretname", False),
    # One who is named as payee of the row itself is.
    ("sole_trader", "Jane Secretname", "Jane Secretname", True),
    ("individual", "Jane Secretname", "Fares", True),
    ("individual", "Jane Secretname", "Secretnames of the town", True),
    ("individual", "Jane Secretname", "SECRETNAME/J", False),
    ("individual", "Jane Secretname", "taxi for jane\u2019s visit", False),
    ("individual", "Mrs J. Secretname", "Mrs and Miss", True),
    ("individual", "Mary O'Brien", "OBRIEN m", False),
    ("individual", "Mary OBrien", "Fares, O\u2019Brien", False),
    ("individual", "Zoë Müller", "Fares of MULLER", False),
    ("individual", "Li Wu", "Wu, Li", False),
    ("individual", "Li Wu", "Wuhan travel", True),
    ("individual", "Jane Secretname", "inv_JaneSecretname17", False),
    ("individual", "Ann\\Lee", "back\\lee", False),
    ("staff", "Travel Staffer", "Travel", False),
    ("unknown", "Mary Unknownton", "Fares of Unknownton", True),
    ("unknown", "Mary Unknownton", "Unknownton, Mary", False),
    ("unknown", "Mrs Mary Unknownton", "mary  UNKNOWNTON", False),
    ("unknown", "IT", "Digital services", True),
    ("unknown", "Fares", "Bus fares", False),
    ("individual", "Redacted Personal Data", "Personal care", True),
    ("individual", "Redacted - Jane Secretname", "Secretname, redacted", False),
    ("individual", "", "Fares", True),
)


async def test_only_a_text_that_names_the_private_payee_is_left_out(ledger: Ledger) -> None:
    """A part of three letters names an individual or staff, the whole name a payee of unknown kind; whole words only.

    A category of a public payee is never dropped, and the words of a redaction are no name.
    """
    patterns = [
        {"equals": "Redacted personal data", "kind": "individual", "source_redacted": True},
        {"prefix": "redacted", "kind": "individual", "source_redacted": True},
    ]
    await ledger.defined(told(parties={"default_kind": "organisation", "patterns": patterns}))
    rows = [line(f"A-{n}", name, kind, "", text) for n, (kind, name, text, _) in enumerate(TEXTS_AND_NAMES)]
    await ledger.sent(csv_file(*rows, header=COLUMNS))
    for sent, (kind, name, text, leaves) in zip(await sent_lines(ledger), TEXTS_AND_NAMES, strict=True):
        assert (sent.category == text, "name_in_text" in sent.flags) == (leaves, not leaves), (kind, name, text)


async def test_the_purpose_of_a_payment_to_a_person_is_told_to_nobody_else(ledger: Ledger) -> None:
    """Individuals and staff: without a name in it too."""
    await ledger.defined(told())
    kinds = ("organisation", "sole_trader", "individual", "staff", "unknown")
    await ledger.sent(csv_file(*(line(kind, "Green", kind, "Care at home", "Care") for kind in kinds), header=COLUMNS))
    expected = ["Care at home", "Care at home", None, None, "Care at home"]
    assert [sent.purpose for sent in await sent_lines(ledger)] == expected
    assert [sent.category for sent in await sent_lines(ledger)] == ["Care"] * 5
    shown = (await ledger.grants.as_("grants:read").get("/v1/expenditure-lines")).json()["items"]
    assert [item["purpose"] for item in shown] == expected


async def test_no_payee_called_salary_takes_away_the_class_that_keeps_a_line_unpublished(ledger: Ledger) -> None:
    await ledger.defined(told())
    rows = [line(kind, "Salary", kind, "", "", "", "", "", "salary") for kind in ("individual", "staff", "unknown")]
    await ledger.sent(csv_file(*rows, header=COLUMNS))
    assert [sent.ledger_class for sent in await sent_lines(ledger)] == ["salary"] * 3


@pytest.mark.parametrize("column", ["Supplier", "Vendor"])
async def test_a_key_made_of_the_payees_name_or_number_stays_inside_and_still_identifies(
    ledger: Ledger, column: str
) -> None:
    """The key outside is the entry's id; inside it is what it was, so that a second sending is a duplicate."""
    fields = {**FIELDS, "party_key": {"column": "Vendor"}}
    await ledger.defined(
        simple_profile(fields=fields, identity={"kind": "keyed", "columns": ["Reference", column]}),
    )
    header = (*COLUMNS, "Vendor")
    rows = [
        (*line("A-1", "J. S.", "individual"), "V-77"),
        (*line("A-2", "Alpha Ltd", "organisation"), "V-78"),
    ]
    first = await ledger.sent(csv_file(*rows, header=header))
    person, firm = await sent_lines(ledger)
    assert (person.line_key, person.flags) == (str(person.entry_id), ("name_in_key",))
    assert firm.line_key == ("A-2|Alpha Ltd" if column == "Supplier" else "A-2|V-78")
    second = await ledger.sent(csv_file(*rows, header=header))
    assert second["outcomes"]["duplicate"]["lines"] == 2
    reader = ledger.grants.as_("grants:read")
    for batch, keys in ((first, [person.line_key, firm.line_key]), (second, [None, None])):
        items = (await reader.get(f"/v1/expenditure-batches/{batch['id']}/lines")).json()["items"]
        assert [item["line_key"] for item in items] == keys
        items = (await ledger.system.get(f"/v1/expenditure-batches/{batch['id']}/lines")).json()["items"]
        assert items[0]["line_key"] == ("A-1|J. S." if column == "Supplier" else "A-1|V-77")


async def test_what_was_sent_goes_to_its_senders_and_to_those_who_see_names(ledger: Ledger) -> None:
    """The original, and the lines to mend with their cells."""
    await ledger.register("leeds")
    await ledger.defined(told())
    bad = line("A-1", "Jane Secretname", "individual", amount="x")
    batch = await ledger.sent(csv_file(bad, header=COLUMNS))
    allowed = [ledger.grants.as_(scope) for scope in ("grants:finance", "grants:cfo", "expenditure:submit")]
    allowed.append(ledger.grants.as_("expenditure:submit", organisations=["salford"]))
    elsewhere = ledger.grants.as_("expenditure:submit", organisations=["leeds"])
    elsewhere_finance = ledger.grants.as_("grants:finance", organisations=["leeds"])
    for path in ("original", "errors", "errors.csv"):
        address = f"/v1/expenditure-batches/{batch['id']}/{path}"
        for scope in WITHOUT_NAMES:
            refused = await ledger.grants.as_(scope).get(address)
            assert (refused.status_code, holds_planted(refused.text)) == (403, []), (scope, path)
        for client in allowed:
            answer = await client.get(address)
            assert answer.status_code == 200
            assert (holds_planted(answer.text) == ["secretname"]) == (path != "errors")
        for client in (elsewhere, elsewhere_finance):
            assert (await client.get(address)).status_code == 404
