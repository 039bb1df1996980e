"""Texts that decide are compared as they are seen: no sign that nobody sees changes who, what or how much."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from services.grants.expenditure.cells import is_shortened, is_spreadsheet_error
from services.grants.expenditure.tables import LedgerEntry
from shared.events.grants import ExpenditureRecorded, LedgerLine
from tests.grants.expenditure.conftest import Ledger, accounted, csv_file, simple_profile

WAYS = {
    "no-break space": lambda text: text.replace(" ", "\u00a0"),
    "two spaces": lambda text: text.replace(" ", "  "),
    "tab": lambda text: text.replace(" ", "\t"),
    "vertical tab": lambda text: text.replace(" ", "\v"),
    "narrow no-break space": lambda text: text.replace(" ", "\u202f"),
    "figure space": lambda text: text.replace(" ", "\u2007"),
    "zero-width space for the space": lambda text: text.replace(" ", "\u200b"),
    "zero-width space beside it": lambda text: text.replace(" ", "\u200b "),
    "zero-width joiner inside": lambda text: f"{text[0]}\u200d{text[1:]}",
    "soft hyphen inside": lambda text: f"{text[0]}\u00ad{text[1:]}",
    "direction marks around": lambda text: f"\u200e{text}\u200f",
    "isolates around": lambda text: f"\u2068{text}\u2069",
    "byte order mark before": lambda text: f"\ufeff{text}",
    "word joiner inside": lambda text: f"{text[:2]}\u2060{text[2:]}",
    "variation selector": lambda text: f"{text[0]}\ufe0f{text[1:]}",
    "full width": lambda text: "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text),
    "soft hyphen and zero-width space": lambda text: f"{text[0]}\u00ad{text[1:]}".replace(" ", "\u200b"),
    "capitals": str.upper,
}
PATTERNS = [
    {"prefix": "mrs ", "kind": "individual"},
    {"contains": " o'neill", "kind": "individual"},
    {"equals": "jos\u00e9 example", "kind": "individual"},
    {"contains": "redacted personal", "kind": "individual", "source_redacted": True},
]


def profile(**changes: Any) -> dict[str, Any]:
    fields = {**simple_profile()["fields"], "purpose": {"column": "Purpose"}, **changes.pop("fields", {})}
    parties = {"default_kind": "organisation", "patterns": PATTERNS}
    return simple_profile(**{"fields": fields, "parties": parties, **changes})


HEAD = ("Reference", "Date", "Supplier", "Amount", "Purpose", "Type")


def rows(*texts: str, amount: str = "612.50", kinds: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """A line a payee."""
    return [
        (f"A-{number}", "2017-04-03", name, amount, "Care", kinds[number] if kinds else "")
        for number, name in enumerate(texts)
    ]


async def stored(ledger: Ledger) -> list[LedgerEntry]:
    async with ledger.grants.session() as session:
        return list((await session.exec(select(LedgerEntry).order_by(LedgerEntry.record))).all())  # type: ignore[arg-type]


async def sent_lines(ledger: Ledger) -> list[LedgerLine]:
    return [line for event in await ledger.grants.emitted(ExpenditureRecorded) for line in event.lines]


@pytest.mark.parametrize(
    "names",
    [
        [way("Mrs K Example") for way in WAYS.values()],
        [way("Ann O'Neill") for way in WAYS.values()] + ["Ann O\u2019Neill", "Ann O\u02bcNeill", "Ann O\u00b4Neill"],
        ["Jos\u00e9 Example", "Jose\u0301 Example", "JOSE\u0301\u00a0EXAMPLE", "\u200eJos\u00e9\u200b Example"],
    ],
)
async def test_a_private_person_s_name_leaves_in_no_spelling(ledger: Ledger, names: list[str]) -> None:
    """T-22, section 7: names of individuals never leave grants (case G01)."""
    await ledger.defined(profile())
    batch = await ledger.sent(csv_file(*rows("Alder Ltd", *names), header=HEAD))
    assert batch["outcomes"]["accepted"]["lines"] == 1 + len(names)
    kinds = [(line.party.kind, line.party.name) for line in await sent_lines(ledger)]
    assert kinds == [("organisation", "Alder Ltd"), *[("individual", None)] * len(names)]


async def test_a_pattern_may_hold_such_signs_too(ledger: Ledger) -> None:
    """T-22: somebody may copy the pattern out of the file."""
    patterns = [{"prefix": "Mrs\u00a0", "kind": "individual"}, {"equals": "Miss\u200b Example", "kind": "individual"}]
    await ledger.defined(profile(parties={"default_kind": "organisation", "patterns": patterns}))
    await ledger.sent(csv_file(*rows("Mrs K Example", "miss example", "Mrstik Ltd"), header=HEAD))
    kinds = [line.party.kind for line in await sent_lines(ledger)]
    assert kinds == ["individual", "individual", "organisation"]


async def test_a_name_that_came_redacted_links_no_two_rows_however_it_is_spelt(ledger: Ledger) -> None:
    """T-19, T-23."""
    await ledger.defined(profile())
    names = [way("REDACTED PERSONAL DATA") for way in WAYS.values()]
    await ledger.sent(csv_file(*rows(*names), header=HEAD))
    assert {(line.source_redacted, line.party.key) for line in await sent_lines(ledger)} == {(True, None)}


async def test_one_supplier_has_one_id_and_a_name_that_can_be_searched(ledger: Ledger) -> None:
    """T-12, T-13: the ledger holds what a reader sees, and says that there was more; the file keeps it."""
    await ledger.defined(profile())
    # What replaces the space by nothing that is seen makes another name to a reader.
    names = [way("Alder Wood Ltd") for name, way in WAYS.items() if "zero-width space" not in name or "beside" in name]
    content = csv_file(*rows(*names), header=HEAD)
    batch = await ledger.sent(content)
    entries = await stored(ledger)
    assert len({entry.party_key for entry in entries}) == 1
    hidden = "\u200b\u200d\u00ad\u200e\u2068\ufeff\u2060\ufe0f"
    assert not {sign for entry in entries for sign in entry.party_name or ""} & {*hidden, "\u00a0", "\u202f", "\u2007"}
    # A mark at the very beginning of a cell has always been taken off without a word.
    flagged = [name for name in names if set(name) & set(hidden) and not name.startswith("\ufeff")]
    assert batch["flags"]["hidden_signs"] == len(flagged)
    kept = await ledger.finance.get(f"/v1/expenditure-batches/{batch['id']}/original")
    assert kept.content == content


async def test_a_credit_is_no_payment_however_its_type_is_spelt(ledger: Ledger) -> None:
    """G-28."""
    negative = [{"column": "Type", "equals": ["Credit note"]}]
    await ledger.defined(profile(amounts={"negative_when": negative}))
    types = tuple(way("Credit note") for way in WAYS.values())
    batch = await ledger.sent(csv_file(*rows(*["Alder Ltd"] * len(types), kinds=types), header=HEAD))
    assert batch["outcomes"]["accepted"]["pence"] == -61_250 * len(types)
    accounted(batch)


@pytest.mark.parametrize("how", ["equals", "prefix", "contains"])
async def test_a_total_row_becomes_no_line_however_it_is_spelt(ledger: Ledger, how: str) -> None:
    """Design section 6."""
    await ledger.defined(profile(total_rows=[{"column": "Supplier", how: "Grand total"}]))
    totals = [way("Grand total") for way in WAYS.values()]
    batch = await ledger.sent(csv_file(*rows("Alder Ltd", *totals), header=HEAD))
    assert (batch["outcomes"]["received"]["lines"], batch["outcomes"]["not_lines"]["total_row"]) == (1, len(totals))


async def test_other_tests_of_rows_and_rules_see_the_same(ledger: Ledger) -> None:
    """Design section 6: only_rows, other_rows, end_rows and blank."""
    await ledger.defined(
        profile(
            only_rows=[{"column": "Type", "equals": "Accounts payable"}],
            other_rows=[{"column": "Supplier", "prefix": "Page no", "counted_as": "page_line"}],
            end_rows=[{"column": "Supplier", "equals": "End notes"}],
        )
    )
    types = [way("Accounts payable") for way in WAYS.values()]
    lines = [(f"A-{place}", "2017-04-03", "Alder Ltd", "1.00", "", kind) for place, kind in enumerate(types)]
    pages = [("x", "", way("Page no"), "", "", "Accounts payable") for way in WAYS.values()]
    end = [("x", "", "End\u200bnotes", "", "", ""), ("y", "2017-04-03", "Beech Ltd", "1.00", "", "Accounts payable")]
    batch = await ledger.sent(csv_file(*lines, *pages, *end, header=HEAD))
    assert batch["outcomes"]["accepted"]["lines"] == len(WAYS)
    assert batch["outcomes"]["not_lines"] == {"page_line": len(WAYS), "after_end": 2}


async def test_codes_and_meanings_are_read_however_they_are_spelt(ledger: Ledger) -> None:
    """T-10, T-22: salary does not become supplies, a person's kind is kept, an answer is an answer."""
    fields = {
        "ledger_class": {"column": "Class", "values": {"Staff pay": "salary"}, "otherwise": "supplies"},
        "party_kind": {"column": "Kind"},
        "vcse": {"column": "Vcse"},
        "currency": {"column": "Currency"},
        "use_codes": {"column": "Use"},
        "beneficiary_gss": {"column": "Place"},
        "card": {"column": "Card"},
    }
    await ledger.defined(profile(fields=fields))
    head = (*HEAD, "Class", "Kind", "Vcse", "Currency", "Use", "Place", "Card")
    coded = ("individual", "yes", "GBP", "PU1", "E08000035", "gpc")
    sent = [
        (*row, way("Staff pay"), *(way(text) for text in coded))
        for row, way in zip(rows(*["K Example"] * len(WAYS)), WAYS.values(), strict=True)
    ]
    batch = await ledger.sent(csv_file(*sent, header=head))
    assert batch["outcomes"]["accepted"]["lines"] == len(WAYS), batch
    for entry in await stored(ledger):
        assert (entry.ledger_class, entry.party_kind, entry.vcse) == ("salary", "individual", True)
        assert (entry.use_codes, entry.beneficiary_gss, entry.card) == (["PU1"], "E08000035", "gpc")


async def test_a_class_that_is_not_translated_is_kept_as_it_is_seen(ledger: Ledger) -> None:
    """T-10: it decides in another service whether the line is published."""
    await ledger.defined(profile(fields={"ledger_class": {"column": "Type"}}))
    kinds = tuple(way("salary") for way in WAYS.values())
    await ledger.sent(csv_file(*rows(*["Alder Ltd"] * len(kinds), kinds=kinds), header=HEAD))
    assert {str(line.ledger_class).lower() for line in await sent_lines(ledger)} == {"salary"}


async def test_a_part_is_taken_whatever_space_divides_it(ledger: Ledger) -> None:
    """Design section 6: `Alder Ltd (10234)`."""
    form = {"column": "Supplier", "part": {"form": "{value} ({other})", "split_at": "last"}}
    number = {"column": "Supplier", "part": {"form": "{other} ({value})", "split_at": "last"}}
    await ledger.defined(profile(fields={"party_name": form, "party_key": number}))
    ways = (
        " (10234)",
        "\u00a0(10234)",
        " \u200b(10234)",
        "\u202f(10234\u200b)",
        "\u3000(10234)",
        " (\u20601023\u00ad4)",
    )
    await ledger.sent(csv_file(*rows(*(f"Alder Ltd{way}" for way in ways)), header=HEAD))
    entries = await stored(ledger)
    assert {entry.party_name for entry in entries} == {"Alder Ltd"}
    assert len({entry.party_key for entry in entries}) == 1


ERRORS = (
    "#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!", "#####", "#NV", "#BEZUG!",
    "#WERT!", "#VALEUR!", "#\u00a1REF!", "#GETTING_DATA", "Err:502", " #n/a ", "\u200b#N/A", "#\u00a0REF!", "'#N/A",
)  # fmt: skip


@pytest.mark.parametrize("field", ["party_name", "joined"])
async def test_an_error_of_a_spreadsheet_is_no_payee(ledger: Ledger, field: str) -> None:
    """Issue 8, 2.10: the line is rejected, and the reason names the value and what to do."""
    joined = {"party_name": {"join": ["Supplier", "Type"]}}
    await ledger.defined(profile(fields=joined if field == "joined" else {}))
    kinds = ("Ltd",) * (len(ERRORS) + 1)
    batch = await ledger.sent(csv_file(*rows("Alder", *ERRORS, kinds=kinds), header=HEAD))
    assert (batch["outcomes"]["accepted"]["lines"], batch["outcomes"]["rejected"]["lines"]) == (1, len(ERRORS))
    accounted(batch)
    lines = await ledger.everything(f"/v1/expenditure-batches/{batch['id']}/lines", outcome="rejected")
    for line, error in zip(lines, ERRORS, strict=True):
        [reason] = line["reasons"]
        assert reason["code"] == "spreadsheet_error"
        assert error.strip(" \u200b'")[:3] in reason["detail"]


async def test_an_error_of_a_spreadsheet_in_another_text_is_left_out_and_flagged(ledger: Ledger) -> None:
    """Issue 8, 2.10: and one in what decides about the line is refused."""
    texts = ("purpose", "unit", "category", "contract_ref", "decision_ref", "company_number", "charity_number")
    fields = {name: {"column": f"its {name}"} for name in texts} | {"ledger_class": {"column": "Type"}}
    await ledger.defined(profile(fields=fields))
    plain = rows(*["Alder Ltd"] * len(ERRORS))
    sent = [(*row, *[error] * len(texts)) for row, error in zip(plain, ERRORS, strict=True)]
    classed = [("Z-1", "2017-04-03", "Alder Ltd", "1.00", "", "#N/A", *[""] * len(texts))]
    batch = await ledger.sent(csv_file(*sent, *classed, header=(*HEAD, *(f"its {name}" for name in texts))))
    assert batch["outcomes"]["accepted"]["lines"] == len(ERRORS) == batch["flags"]["spreadsheet_error"]
    assert batch["outcomes"]["rejected"]["lines"] == 1
    for entry in await stored(ledger):
        assert {getattr(entry, name) for name in texts} == {None}
    assert "#" not in "".join(line.model_dump_json() for line in await sent_lines(ledger))


SHORTENED = ("1.00E+05", "1.00e+05", "3.68E+06", "2,01704E+11", "1E+05", "1.00E+05\u200b", "\uff11.00E+05", "1.2E5")


async def test_a_shortened_number_makes_no_two_suppliers_one(ledger: Ledger) -> None:
    """Issue 8, 2.10: the name stands in for it where it is public; the line says so."""
    fields = {"party_key": {"column": "Type"}}
    await ledger.defined(profile(fields=fields))
    nothing = ("N/A", "-", "0", "000", "none", "#N/A", "NULL", "n/a\u00a0")
    numbers = (*SHORTENED, *nothing)
    names = [f"Supplier {number} Ltd" for number in range(len(numbers))]
    both = csv_file(*rows(*names, "Mrs K Example", kinds=(*numbers, "1.00E+05")), header=HEAD)
    batch = await ledger.sent(both)
    assert batch["flags"]["number_shortened"] == len(SHORTENED) + 1
    keys = [entry.party_key for entry in await stored(ledger)]
    assert len(set(keys[:-1])) == len(names)
    assert keys[-1] is None
    # The same supplier under its true number is linked as ever.
    true = {"Alder": "10234", "Alder Ltd": "10234\u200b "}
    more = [(f"B-{name}", "2017-04-03", name, "1.00", "", number) for name, number in true.items()]
    await ledger.sent(csv_file(*more, header=HEAD))
    assert len({line.party.key for line in (await sent_lines(ledger))[-2:]}) == 1


async def test_numbers_of_registers_are_left_out_unless_they_can_be_right(ledger: Ledger) -> None:
    """T-29: seven digits and scientific notation are flagged, never padded; words that say nothing are blank."""
    columns = {"company_number": "Company", "charity_number": "Charity", "contract_ref": "Contract"}
    await ledger.defined(profile(fields={name: {"column": column} for name, column in columns.items()}))
    right = {
        "01234567": "01234567", "sc123456": "SC123456", "IP000CUS": "IP000CUS", "0123\u00a04567": "01234567",
        "\u200e01234567": "01234567",
    }  # fmt: skip
    wrong = ("3675577", "3.68E+06", "123456789", "UNKNOWN1", "GB-COH-01234567")
    blank = ("N/A", "n/a", "NULL", "None", "-", "00000000", "")
    companies = [*right, *wrong, *blank]
    charities = {
        "1234567": "1234567", "123456-1": "123456-1", "SC012345": "SC012345", "12345": None, "1.02E+06": None,
        "none": None, "0": None, "Reg 1234567": None,
    }  # fmt: skip
    plain = rows(*["Alder Ltd"] * len(companies))
    sent = [
        (*row, company, "", company if company in blank else "C-1")
        for row, company in zip(plain, companies, strict=True)
    ]
    sent += [(f"B-{place}", *plain[0][1:], "", number, "") for place, number in enumerate(charities)]
    batch = await ledger.sent(csv_file(*sent, header=(*HEAD, "Company", "Charity", "Contract")))
    assert batch["outcomes"]["accepted"]["lines"] == len(sent)
    assert (batch["flags"]["company_number_unusable"], batch["flags"]["charity_number_unusable"]) == (len(wrong), 3)
    entries = await stored(ledger)
    of_companies, known = entries[: len(companies)], len(right) + len(wrong)
    assert [entry.company_number for entry in of_companies[: len(right)]] == list(right.values())
    assert {entry.company_number for entry in of_companies[len(right) :]} == {None}
    assert [entry.charity_number for entry in entries[len(companies) :]] == list(charities.values())
    assert [entry.contract_ref for entry in of_companies] == ["C-1"] * known + [None] * len(blank)


LIKE = ("#1 Cleaning Ltd", "Alder #3", "Number # 5", "#hashtag", "3E Group", "E+L Ltd", "12E3", "1E5")


@pytest.mark.parametrize("text", LIKE)
def test_what_only_looks_a_little_like_it_is_a_text(text: str) -> None:
    """Issue 8, 2.10."""
    assert not is_spreadsheet_error(text)
    assert not is_shortened(text)
