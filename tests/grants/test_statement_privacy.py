"""What the statement of grant usage and a certificate keep from who does not see the names of private payees."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.grants.expenditure.conftest import Ledger, simple_profile
from tests.grants.steps import budgeted, done
from tests.grants.test_held_lines import ASSIGNED, decide, held, row, send
from tests.grants.test_outturns import FINAL
from tests.grants.year_end import YEAR, recorder
from tests.harness import Running

PATH = f"{YEAR}/usage-statement"
REASON = "Mr Secret's dinner was no lobbying"
PEOPLE = {"parties": {"default_kind": "organisation", "patterns": [{"prefix": "Mr ", "kind": "individual"}]}}


async def decided(grants: Running) -> None:
    """Two held lines accepted with the same reason, one paid to a person."""
    grants.clock.set(datetime(2026, 6, 1, 12, tzinfo=UTC))
    await budgeted(grants)
    ledger = Ledger(grants)
    await ledger.defined(simple_profile(**ASSIGNED, **PEOPLE))
    lobby = {"Purpose": "Parliamentary affairs"}
    await send(ledger, row("E-1", Supplier="Mr John Secret", **lobby), row("E-2", **lobby))
    for line in await held(ledger):
        done(await decide(ledger, line["id"], "accept", cfo=True, reason=REASON))


async def test_the_reason_of_a_decision_on_a_person_is_shown_to_finance_only_and_each_decision_once(
    grants: Running,
) -> None:
    """G-39, G-19: a reason may name the person; what was held and then entered is one decision."""
    await decided(grants)
    shown = {
        scope: done(await grants.as_(scope).get(PATH), 200)["use"]["decisions"]
        for scope in ("grants:read", "grants:finance")
    }
    assert [item["subject_kind"] for item in shown["grants:finance"]] == ["entry", "entry"]
    assert [item["reason"] for item in shown["grants:finance"]] == [REASON, REASON]
    assert sorted(item["reason"] or "" for item in shown["grants:read"]) == ["", REASON]
    assert sorted(item["decided_by"] or "" for item in shown["grants:read"])[0] == ""
    page = await grants.as_("grants:read").get(f"{PATH}.html")
    assert page.text.count("dinner was no lobbying") == 1


async def test_a_certificate_freezes_no_reason_and_no_name_of_a_decision(grants: Running) -> None:
    """G-37: figures are certified, and anyone who reads them can take their fingerprint."""
    await decided(grants)
    done(await recorder(grants).post(f"{YEAR}/outturns", json=FINAL))
    draft: dict[str, Any] = done(await recorder(grants).post(f"{YEAR}/certificates"))
    (first, second) = draft["figures"]["use"]["decisions"]
    assert {"reason", "decided_by"}.isdisjoint(first | second)
    page = await grants.as_("grants:read").get(f"{YEAR}/certificates/{draft['id']}.html")
    assert page.status_code == 200
    assert "Secret" not in page.text
    assert "Secret" not in str(draft)
