"""What awaits whom about money: payments, held lines, changes of the budget."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.grants.expenditure.conftest import Ledger, csv_file, real_profile
from tests.grants.expenditure.test_assignment import HEADER, row
from tests.grants.steps import budgeted, done, signed
from tests.grants.test_awaiting import awaiting
from tests.grants.year_end import YEAR, locked
from tests.harness import Running


async def test_a_payment_awaits_the_cfo_where_its_need_was_not_shown_and_is_overdue_after_its_day(
    grants: Running,
) -> None:
    """G-25, question 11: without a forecast the need is not shown; another person approves, with a reason."""
    await signed(grants)
    finance, path = grants.as_("grants:finance"), f"{YEAR}/payments"
    plan = {"direction": "in", "basis": "unknown", "requested_pence": 100, "due_on": "2018-06-05"}
    payment = done(await finance.post(path, json=plan))
    (due,) = await awaiting(grants, what="payment")
    assert (due["due_on"], due["overdue"], due["scopes"]) == ("2018-06-05", False, ["grants:finance"])
    done(await finance.post(f"{path}/{payment['id']}/requests", json={}))
    (excess,) = await awaiting(grants, what="payment_excess")
    assert (excess["scopes"], excess["href"].rsplit("/", 1)[1]) == (["grants:cfo"], payment["id"])
    assert "could not be tested" in excess["detail"]
    cfo = grants.as_("grants:cfo", sub="person:ben")
    done(await cfo.post(f"{path}/{payment['id']}/excess-approvals", json={"reason": "start of the year"}))
    assert await awaiting(grants, what="payment_excess") == []
    grants.clock.set(datetime(2018, 6, 6, 12, tzinfo=UTC))
    (overdue,) = [item for item in await awaiting(grants, overdue="true") if item["what"] == "payment"]
    assert overdue["due_on"] == "2018-06-05"
    part = {"paid_on": "2018-06-06", "paid_pence": 100, "reference": "BACS 1"}
    done(await finance.post(f"{path}/{payment['id']}/parts", json=part))
    assert await awaiting(grants, what="payment") == []


async def test_held_lines_are_counted_by_their_reason_until_they_are_decided_on(grants: Running) -> None:
    """Question 11; G-29: lines for which no quarter is open wait for a person."""
    await budgeted(grants)
    await locked(grants, 1, 2, 3, 4)
    ledger = Ledger(grants)
    await ledger.defined(real_profile("mou-ledger"))
    await ledger.sent(csv_file(row("T-1"), row("T-2"), header=HEADER), "mou-ledger", organisation="agency")
    (item,) = await awaiting(grants, what="held_lines")
    assert (item["count"], item["year"], item["since"]) == (2, "2017/18", "2018-06-01")
    assert item["href"] == "http://test/grants/v1/held-lines?reason=no_open_quarter"
    listed = await ledger.finance.get(item["href"].removeprefix("http://test/grants"))
    (held, _) = done(listed, 200)["items"]
    decision = {"decision": "refuse", "reason": "came too late"}
    zoe = grants.as_("grants:finance", "grants:cfo", sub="person:zoe")
    done(await zoe.post(f"/v1/held-lines/{held['id']}/decisions", json=decision))
    (item,) = await awaiting(grants, what="held_lines")
    assert item["count"] == 1


async def test_a_virement_awaits_a_second_person_and_a_variation_the_department(grants: Running) -> None:
    """Question 3, question 11; G-14: with its age, and who can act."""
    grants.clock.set(datetime(2017, 10, 2, 12, tzinfo=UTC))
    await budgeted(grants)
    significance: dict[str, Any] = {"significant": False, "reason": "within one heading"}
    virement = {
        "lines": [{"line_code": "IL5", "delta_pence": -20_000_000}, {"line_code": "IL1", "delta_pence": 20_000_000}],
        "reason": "more councils ask for peers",
        "effective_from": "2017-11-01",
        "significance": significance,
    }
    done(await grants.as_("grants:manager").post(f"{YEAR}/virements", json=virement))
    grants.clock.set(datetime(2017, 10, 9, 12, tzinfo=UTC))
    proposal = {
        "kind": "scope",
        "reason": "fewer events",
        "effective_from": "2017-11-01",
        "changes": [{"what": "events", "before": "12", "after": "10"}],
        "significance": {**significance, "significant": True},
    }
    done(await grants.as_("grants:manager").post(f"{YEAR}/variations", json=proposal))
    (first,) = await awaiting(grants, what="virement")
    (second,) = await awaiting(grants, what="variation")
    assert (first["since"], first["scopes"]) == ("2017-10-02", ["grants:approver"])
    assert (second["since"], second["scopes"]) == ("2017-10-09", ["grants:manager"])
    assert "scope, draft" in second["detail"]
    for item in (first, second):
        assert (await grants.as_("grants:read").get(item["href"].removeprefix("http://test/grants"))).status_code == 200
