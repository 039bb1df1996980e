"""Text that looks personal: found wherever it is published, and settled by a named person who then does not approve."""

from __future__ import annotations

from typing import Any

import pytest

from shared.events.grants import LedgerLine
from tests.harness import Running
from tests.transparency.facts import batch, line
from tests.transparency.test_editions import Q1, approve, check, ledger, publish

TEXTS = {
    "email_in_text": "Ask jo.doe@example.org",
    "phone_in_text": "Call 020 7946 0958",
    "ni_number_in_text": "AB 12 34 56 C",
    "bank_account_in_text": "To 12-34-56 account 12345678",
}


def found(checked: dict[str, Any]) -> list[tuple[str, str]]:
    return sorted((finding["field"], finding["code"]) for finding in checked["findings"])


PHONES = ("01632 960123", "(020) 7946 0958", "07700 900123", "0113 496 0123", "+44 (0)20 7946 0958", "+447700900123")


async def resolve(transparency: Running, checked: dict[str, Any], sub: str) -> None:
    preparer = transparency.as_("transparency:preparer", sub=sub)
    for finding in checked["findings"]:
        path = f"{Q1}/editions/{checked['edition']}/findings/{finding['finding_id']}/resolutions"
        answer = await preparer.post(path, json={"reason": "A service's, not a person's."})
        assert answer.status_code == 201


@pytest.mark.parametrize("field", ["purpose", "category", "unit"])
async def test_each_published_text_is_looked_at(transparency: Running, field: str) -> None:
    """T-24: e-mail, phone, NI and bank numbers stop publication in purpose, category and unit alike."""
    await ledger(transparency, *(line(60_000, **{field: words}) for words in TEXTS.values()))
    checked = await check(transparency)
    assert found(checked) == sorted((field, code) for code in TEXTS)
    answer = await approve(transparency, checked)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "findings_open")


async def test_a_phone_number_is_known_however_it_is_spaced_and_a_date_is_none(transparency: Running) -> None:
    """T-24."""
    numbers = [line(60_000, category=words) for words in PHONES]
    await ledger(transparency, *numbers, line(60_000, purpose="01-04-2017 to 30-06-2017, order 4500123456"))
    assert found(await check(transparency)) == [("category", "phone_in_text")] * len(PHONES)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (
            line(60_000, party_kind="individual", name=None, purpose="a@b.org", category="c@d.org", unit="e@f.org"),
            [("category", "email_in_text"), ("unit", "email_in_text")],
        ),
        (
            line(60_000, party_kind="individual", name=None, purpose="a@b.org", source_redacted=True),
            [("purpose", "email_in_text")],
        ),
        (
            line(60_000, party_kind="staff", name=None, kind="staff_expense", purpose="a@b.org", unit="e@f.org"),
            [("unit", "email_in_text")],
        ),
        (line(40_000, purpose="a@b.org", category="c@d.org"), []),
    ],
)
async def test_what_a_row_shows_is_looked_at_and_what_it_hides_is_not(
    transparency: Running, entry: LedgerLine, expected: list[tuple[str, str]]
) -> None:
    """T-24, T-22: a hidden payee's row still shows unit and category, and what the source chose to leave."""
    await ledger(transparency, entry)
    assert found(await check(transparency)) == expected


async def test_what_was_said_of_one_text_is_not_said_of_the_next(transparency: Running) -> None:
    """T-24: a resolution holds for the text that the person saw, in this edition and in later ones."""
    original = line(60_000, item="i", purpose="Ask desk@example.org", category="Ask desk@example.org")
    await ledger(transparency, original)
    checked = await check(transparency)
    assert found(checked) == [("category", "email_in_text"), ("purpose", "email_in_text")]
    await resolve(transparency, checked, "person:pia")
    assert (await approve(transparency, checked)).status_code == 201
    reversal = line(-60_000, item="i", kind="reversal", reverses=original.entry_id)
    changed = {"purpose": "Ask jo.doe@example.org", "category": "Ask desk@example.org"}
    correction = line(60_000, item="i", kind="correction", replaces=original.entry_id, **changed)
    await transparency.receive(*batch(reversal, correction))
    again = await check(transparency, change_note="Purpose corrected.")
    assert {finding["field"]: finding["resolved_by"] for finding in again["findings"]} == {
        "category": "person:pia",
        "purpose": None,
    }


async def test_who_resolved_a_finding_does_not_approve_the_edition(transparency: Running) -> None:
    """Section 3, T-24: nobody approves an edition they drafted or changed; Abe settled a finding of it."""
    await ledger(transparency, line(60_000, purpose="Ask desk@example.org"))
    checked = await check(transparency)
    await resolve(transparency, checked, "person:abe")
    answer = await approve(transparency, checked)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "four_eyes")
    other = transparency.as_("transparency:approver", sub="person:eve")
    approved = await other.post(f"{Q1}/editions/1/approvals", json={"sha256": checked["sha256"]})
    assert (approved.status_code, approved.json()["changed_by"]) == (201, ["person:pia", "person:abe"])


async def test_who_made_an_earlier_check_does_not_approve_the_edition(transparency: Running) -> None:
    """Section 3: the check froze content, so its maker changed the edition, also where another person checked again."""
    await ledger(transparency, line(60_000))
    await check(transparency)
    for sub in ("person:abe", "person:pia"):
        checked = await transparency.as_("transparency:preparer", sub=sub).post(f"{Q1}/editions/1/checks")
        assert checked.status_code == 201
    answer = await approve(transparency, checked.json())
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "four_eyes")


async def test_who_resolved_a_finding_of_an_earlier_edition_may_approve_the_next(transparency: Running) -> None:
    """T-24: a resolution that is carried over is no change to the later edition by the person who made it."""
    await ledger(transparency, line(60_000, purpose="Ask desk@example.org"))
    checked = await check(transparency)
    await resolve(transparency, checked, "person:abe")
    other = transparency.as_("transparency:approver", sub="person:eve")
    await other.post(f"{Q1}/editions/1/approvals", json={"sha256": checked["sha256"]})
    await transparency.receive(*batch(line(90_000)))
    assert (await publish(transparency, change_note="A late invoice."))["approved_by"] == "person:abe"


SIBLINGS = {
    "email_in_text": (
        "jo\u200b.doe@example.org", "Jo.Doe@Example.ORG", "jo\uff20example.org", "jos\u00e9@example.org",
        "jo @ example.org", "jo [at] example.org", "jo\u00addoe@exam\u00adple.org", "jo.doe@\u2060example.org",
    ),
    "phone_in_text": (
        "07700\u00a0900123", "07700.900.123", "07700-900-123", "07700\u2013900\u2013123", "07700900123",
        "+44 7700 900123", "+44 (0)7700 900123", "0044 7700 900 123", "447700900123", "(07700) 900123",
        "\uff10\uff17\uff17\uff10\uff10 \uff19\uff10\uff10\uff11\uff12\uff13", "07700\u200b900123",
        "\u200e07700 900123\u200e", "07700\u202f900\u202f123", "0113\u20114960123", "0117  496  0123",
    ),
    "ni_number_in_text": (
        "AB123456C", "ab 12 34 56 c", "AB\u00a012\u00a034\u00a056\u00a0C", "AB-12-34-56-C", "A\u00adB123456C",
        "\uff21\uff22123456\uff23",
    ),
    "bank_account_in_text": (
        "12-34-56 12345678", "12 34 56, account 12345678", "sort code 123456 account 12345678",
        "12\u201134\u201156 a/c 1234 5678", "12\u00a034\u00a056 12345678", "account 12345678 sort code 12-34-56",
        "GB29 NWBK 6016 1331 9268 19", "GB29NWBK60161331926819", "IBAN DE89\u00a03704 0044 0532 0130 00",
    ),
}  # fmt: skip
HARMLESS = (
    "01/04/2017 30/06/2017", "01.04.2017-30.06.2017", "12 desks @ 3.50", "Company 01234567", "SC012345", "PO 12345678",
    "2017/18 grant 45001234567", "09/2017 10/2017 11/2017", "0.123456789", "01 April 2017 12345678", "RM1557.8",
    "Caf\u00e9 \u2013 04/2017, 12 seats", "ISBN 9780140328721",
)  # fmt: skip


@pytest.mark.parametrize("code", SIBLINGS)
async def test_a_detail_is_known_in_every_spelling_and_whatever_hidden_signs_stand_in_it(
    transparency: Running, code: str
) -> None:
    """T-24."""
    await ledger(transparency, *(line(60_000, purpose=words) for words in SIBLINGS[code]))
    assert found(await check(transparency)) == [("purpose", code)] * len(SIBLINGS[code])


async def test_days_amounts_and_orders_are_no_personal_details(transparency: Running) -> None:
    """T-24."""
    await ledger(transparency, *(line(60_000, purpose=words) for words in HARMLESS))
    assert found(await check(transparency)) == []
