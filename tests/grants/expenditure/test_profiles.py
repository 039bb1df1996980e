"""Source profiles as data: what is taken, what is refused, and what stays fixed once lines exist."""

from __future__ import annotations

from typing import Any

import pytest

from services.grants.expenditure.line import INCOMING, PLACE
from services.grants.expenditure.parties import PARTY_KEY, PARTY_KIND, PARTY_NAME, SOURCE_REDACTED
from services.grants.expenditure.profile import SourceProfile
from tests.grants.expenditure.conftest import PROFILES, Ledger, counted_profile, csv_file, real_profile, simple_profile

FIELDS = simple_profile()["fields"]


@pytest.mark.parametrize("path", sorted(PROFILES.glob("*.json")), ids=lambda path: path.stem)
def test_the_profiles_that_come_along_are_valid(path: Any) -> None:
    assert SourceProfile.model_validate(real_profile(path.stem)).name == path.stem


def test_the_places_of_the_payee_are_those_of_the_parsed_line() -> None:
    named = (PLACE["party_key"], PLACE["party_kind"], PLACE["party_name"], PLACE["source_redacted"])
    assert named == (PARTY_KEY, PARTY_KIND, PARTY_NAME, SOURCE_REDACTED)
    assert len(set(INCOMING)) == len(INCOMING)


async def test_a_profile_gets_a_new_version_and_old_batches_keep_theirs(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    first = await ledger.sent(csv_file(("A-1", "2017-04-03", "Alpha", "1.00")))
    second = await ledger.define(simple_profile(dates=["dd/mm/yyyy"]))
    assert (second.json()["version"], second.headers["etag"]) == (2, '"2"')
    batch = await ledger.sent(csv_file(("A-2", "04/04/2017", "Alpha", "1.00")))
    assert (first["profile_version"], batch["profile_version"]) == (1, 2)
    latest = (await ledger.finance.get("/v1/source-profiles/simple")).json()
    assert (latest["version"], latest["layout"]["dates"]) == (2, ["dd/mm/yyyy"])
    old = (await ledger.finance.get("/v1/source-profiles/simple", params={"version": "1"})).json()
    assert old["layout"]["dates"] == ["yyyy-mm-dd"]
    assert (await ledger.finance.get("/v1/source-profiles/nothing")).status_code == 404
    assert len(await ledger.everything("/v1/source-profiles", name="simple")) == 2


async def test_the_identity_is_fixed_once_lines_exist(ledger: Ledger) -> None:
    """§6."""
    await ledger.defined(simple_profile())
    other = simple_profile(identity={"kind": "keyed", "columns": ["Reference", "Date"]})
    assert (await ledger.define(other)).status_code == 201
    await ledger.defined(simple_profile())
    await ledger.sent(csv_file(("A-1", "2017-04-03", "Alpha", "1.00")))
    for identity in (other["identity"], {"kind": "counted", "columns": ["Reference"]}):
        answer = await ledger.define(simple_profile(identity=identity))
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "identity_fixed")
        assert answer.json()["errors"][0]["pointer"] == "/identity"
    assert (
        await ledger.define(simple_profile(identity={"kind": "keyed", "columns": ["reference "]}))
    ).status_code == 201


async def test_a_counted_identity_keeps_its_columns_when_the_layout_learns_another(ledger: Ledger) -> None:
    """§6: a later column changes nothing about lines that are stored."""
    await ledger.defined(counted_profile())
    first = (await ledger.finance.get("/v1/source-profiles/counted")).json()
    assert first["layout"]["identity"]["columns"] == ["Date", "Amount", "Supplier", "Reference"]
    row = ("A-1", "2017-04-03", "Alpha", "1.00")
    await ledger.sent(csv_file(row), "counted")
    await ledger.defined(counted_profile(fields={**FIELDS, "purpose": {"column": "Purpose", "optional": True}}))
    header = ("Reference", "Date", "Supplier", "Amount", "Purpose")
    again = await ledger.sent(csv_file((*row, "new"), header=header), "counted")
    assert await ledger.outcomes(again) == ["duplicate"]


@pytest.mark.parametrize(
    "change",
    [
        {"fields": {**FIELDS, "amount": {"constant": "1.00"}}},
        {"fields": {**FIELDS, "amount": {}}},
        {"fields": {**FIELDS, "amount": {"column": "A", "constant": "1"}}},
        {"fields": {"amount": {"column": "Amount"}}},
        {"fields": {**FIELDS, "amount": {"column": "Amount", "optional": True}}},
        {"fields": {**FIELDS, "payment_date": {"column": "Date", "optional": True}}},
        {"fields": {**FIELDS, "card": {"constant": "visa"}}},
        {"fields": {**FIELDS, "kind": {"column": "K", "values": {"X": "reversal"}}}},
        {"fields": {**FIELDS, "colour": {"column": "C"}}},
        {"fields": {**FIELDS, "vat": {"column": "VAT"}}},
        {"vat": {"treatment": "split"}},
        {"vat": {"treatment": "split", "recoverable_percent": "100.5"}},
        {"identity": {"kind": "keyed"}},
        {"identity": {"kind": "guessed"}},
        {"dates": ["dd/yy"]},
        {"dates": []},
        {"encodings": ["ebcdic"]},
        {"amounts": {"decimal": ",", "thousands": ","}},
        {"header": {"row": 1, "search": 2}},
        {"header": {"row": 0}},
        {"assignment": {"rules": [{"column": "A", "equals": "B", "agreement": "2017/19", "line_code": "X"}]}},
        {"assignment": {"rules": [{"column": "A", "agreement": "2017/18", "line_code": "X"}]}},
        {"parties": {"patterns": [{"kind": "staff"}]}},
        {"parties": {"patterns": [{"kind": "staff", "prefix": "a", "equals": "b"}]}},
        {"name": "Not A Slug"},
    ],
    ids=str,
)
def test_a_profile_that_contradicts_itself_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"SourceProfile"):
        SourceProfile.model_validate(simple_profile(**change))


async def test_a_bad_profile_is_told_by_pointer(ledger: Ledger) -> None:
    answer = await ledger.define(simple_profile(dates=["dd/yy"], surplus="x"))
    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/dates", "/surplus"}
    client = ledger.grants.as_("expenditure:submit")
    assert (await client.post("/v1/source-profiles", json=simple_profile())).status_code == 403


async def test_a_layout_never_seen_before_needs_no_code(ledger: Ledger) -> None:
    """§6: semicolons, decimal commas, German dates, the header somewhere below a title, a totals row, two languages."""
    await ledger.defined(
        simple_profile(
            name="elsewhere",
            encodings=["utf-8", "latin-1"],
            delimiter=";",
            header={"search": 5},
            amounts={"decimal": ",", "thousands": ".", "trailing_minus": True, "currency": ["EUR"]},
            dates=["d.m.yyyy"],
            total_rows=[{"column": "Beleg", "equals": "Summe"}],
            fields={
                "payment_date": {"column": ["Gezahlt am", "Paid on"]},
                "amount": {"column": "Betrag"},
                "party_name": {"column": "Empfänger"},
                "card": {"column": "Art", "values": {"K": "gpc"}, "otherwise": "none"},
                "ledger_class": {"constant": "grants"},
            },
            identity={"kind": "keyed", "columns": ["Beleg"]},
        )
    )
    content = (
        "Ausgaben 2017;;;;\n\nBeleg;Gezahlt am;Empfänger;Art;Betrag\n"
        'R1;3.4.2017;"Müller; Söhne";K;1.234,50\nR2;30.11.2017;Meier;;EUR 7,00-\nSumme;;;;1.227,50\n'
    )
    batch = await ledger.sent(content.encode("latin-1"), "elsewhere")
    assert batch["outcomes"]["accepted"] == {"lines": 2, "pence": 122750}
    assert batch["outcomes"]["not_lines"] == {"before_header": 2, "total_row": 1}
    first, second = await ledger.everything("/v1/expenditure-lines")
    assert (first["party"]["name"], first["card"], first["ledger_class"]) == ("Müller; Söhne", "gpc", "grants")
    assert (second["payment_date"], second["net_pence"], second["kind"]) == ("2017-11-30", -700, "credit_note")


async def test_a_file_without_header_is_read_by_the_columns_the_profile_names(ledger: Ledger) -> None:
    columns = ["Reference", "Date", "Supplier", "Amount"]
    await ledger.defined(simple_profile(header={"columns": columns}))
    batch = await ledger.sent(b"A-1,2017-04-03,Alpha,1.00\nA-2,2017-04-03,Beta,2.00\n")
    assert batch["outcomes"]["accepted"] == {"lines": 2, "pence": 300}
