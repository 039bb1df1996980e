"""What makes one item, and one key: expenses beside card purchases, items paid in more than one quarter."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from tests.harness import Running
from tests.transparency.facts import batch, line
from tests.transparency.test_editions import Q1, approve, check, ledger, publish, rows

STAFF: dict[str, Any] = {"party_kind": "staff", "party_key": "p1", "name": None, "kind": "staff_expense"}


async def test_what_a_person_buys_by_card_is_no_part_of_their_month_of_expenses(transparency: Running) -> None:
    """T-8, T-9, T-12: 560.00 of claims and 12.99 by card are two items with two numbers; each tells its own total."""
    claims = [line(amount, paid="2017-05-04", **STAFF) for amount in (32_000, 24_000)]
    await ledger(transparency, *claims, line(1_299, paid="2017-05-04", card="gpc", **STAFF))
    await publish(transparency)
    found = {row["InclusionReason"]: row for row in await rows(transparency)}
    assert {reason: row["Amount"] for reason, row in found.items()} == {"EXPENSE_MONTH": "560.00", "CARD": "12.99"}
    assert len({row["TransactionNumber"] for row in found.values()}) == 2
    for reason, total in (("EXPENSE_MONTH", 56_000), ("CARD", 1_299)):
        explained = (await transparency.anonymous.get(f"/v1/rows/{found[reason]['RowID']}")).json()
        assert explained["editions"][0]["item_total_pence"] == total


async def test_a_card_purchase_does_not_lift_a_month_of_expenses_over_the_threshold(transparency: Running) -> None:
    """T-8: 490.00 of claims stay below, whatever else the person bought by card."""
    card = line(2_000, paid="2017-05-09", card="gpc", **STAFF)
    await ledger(transparency, line(49_000, paid="2017-05-04", **STAFF), card)
    await publish(transparency)
    assert [row["Amount"] for row in await rows(transparency)] == ["20.00"]


async def test_a_grant_shown_at_any_value_is_no_part_of_a_month_of_expenses_either(transparency: Running) -> None:
    """T-8, T-12, T-17."""
    grant = line(5_000, paid="2017-05-09", **STAFF, ledger_class="grant", vcse=True)
    await ledger(transparency, line(56_000, paid="2017-05-04", **STAFF), grant)
    await publish(transparency)
    found = await rows(transparency)
    assert sorted(row["InclusionReason"] for row in found) == ["EXPENSE_MONTH", "VCSE_GRANT"]
    assert len({(row["TransactionNumber"], row["LineNumber"]) for row in found}) == 2


@pytest.mark.parametrize("which", ["inclusion = 'PART_OF_ITEM'", "inclusion IS NOT NULL"])
async def test_a_file_in_which_two_rows_carry_one_key_is_not_built(transparency: Running, which: str) -> None:
    """T-12: whatever made them clash, among lines of one item or with a month of expenses."""
    lines = [line(45_000, item="one", line_no=number) for number in (1, 2)]
    claims = [line(amount, paid="2017-05-04", **STAFF) for amount in (32_000, 24_000)]
    await ledger(transparency, *lines, *claims)
    preparer = transparency.as_("transparency:preparer", sub="person:pia")
    assert (await preparer.post(f"{Q1}/editions", json={})).status_code == 201
    async with transparency.session() as session:
        connection = await session.connection()
        statement = "UPDATE row_decisions SET transaction_number = 'TR-1', line_number = 1 WHERE "
        await connection.execute(text(statement + which))
        await session.commit()
    answer = await preparer.post(f"{Q1}/editions/1/checks")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "key_not_unique")
    assert answer.json()["keys"] == ["TR-1 line 1"]


async def test_a_second_payment_in_the_next_quarter_brings_the_first_into_its_own_quarter(
    transparency: Running,
) -> None:
    """T-2, T-50: 450.00 in May is below; 450.00 more in July makes the invoice 900.00, and May's line qualifies."""
    first, other = line(45_000, item="invoice"), line(60_000)
    await ledger(transparency, first, other)
    await publish(transparency)
    assert [row["Amount"] for row in await rows(transparency)] == ["600.00"]
    await transparency.receive(*batch(line(80_000, item="another", paid="2017-07-11")))
    assert (await transparency.anonymous.get(Q1)).json()["ledger_changed_since"] is False
    await transparency.receive(*batch(line(45_000, item="invoice", line_no=2, paid="2017-07-12")))
    assert (await transparency.anonymous.get(Q1)).json()["ledger_changed_since"] is True
    second = await publish(transparency, change_note="The invoice's second half was paid in July.")
    assert second["changes"] == {"added": 1, "removed": 0, "changed": 0}
    assert sorted(row["Amount"] for row in await rows(transparency, 2)) == ["450.00", "600.00"]
    assert (await transparency.anonymous.get(Q1)).json()["ledger_changed_since"] is False


async def test_a_payment_in_another_quarter_between_check_and_approval_asks_for_another_check(
    transparency: Running,
) -> None:
    """T-2; section 7, `changed_since_check`: whichever of the two payments arrives first."""
    await ledger(transparency, line(60_000))
    await transparency.receive(*batch(line(45_000, item="invoice", paid="2017-07-12")))
    await transparency.receive(*batch(line(45_000, item="invoice", paid="2017-05-12", line_no=2)))
    checked = await check(transparency)
    assert checked["rows"] == 2
    await transparency.receive(*batch(line(-80_000, item="invoice", paid="2017-10-12", line_no=3, kind="invoice")))
    answer = await approve(transparency, checked)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "changed_since_check")


async def test_a_persons_claims_in_two_quarters_do_not_touch_each_other(transparency: Running) -> None:
    """T-8: the item is the calendar month, so a claim form that runs on into July leaves June's edition alone."""
    await ledger(transparency, line(56_000, item="form", paid="2017-06-08", **STAFF))
    await publish(transparency)
    await transparency.receive(*batch(line(9_000, item="form", line_no=2, paid="2017-07-08", **STAFF)))
    assert (await transparency.anonymous.get(Q1)).json()["ledger_changed_since"] is False
