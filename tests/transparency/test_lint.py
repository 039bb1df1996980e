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
