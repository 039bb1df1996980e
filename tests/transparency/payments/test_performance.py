"""Payment performance over HTTP: figures from ledger and statements, approved by a second person, then published."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from shared.events.grants import LedgerLine
from tests.harness import Running
from tests.transparency.facts import BODY, batch, correction, line, registered, signed
from tests.transparency.payments.steps import draft, problem, schema_errors, set_authority, table
from tests.transparency.test_editions import approve, publish

PERFORMANCE = "/v1/payment-performance/body/2017-18-h1"
DATASET = "/v1/datasets/body/payment_performance/2017-18-h1"
FILES = "/open/body/payment_performance/2017-18-h1"
COVERS = ("2017-04-01", "2017-09-30")


async def begin(transparency: Running, *lines: LedgerLine) -> None:
    await transparency.receive(registered(), signed())
    await transparency.receive(*batch(*lines, covers=COVERS))
    await set_authority(transparency)


async def standing(transparency: Running) -> dict[str, Any]:
    answer = await transparency.as_("transparency:finance", sub="person:lea").get(PERFORMANCE)
    assert answer.status_code == 200, answer.text
    return answer.json()["standing"]  # type: ignore[no-any-return]


async def approve_figures(transparency: Running, fingerprint: str, sub: str = "person:lea") -> Any:
    lead = transparency.as_("transparency:finance", sub=sub)
    return await lead.post(f"{PERFORMANCE}/approvals", json={"fingerprint": fingerprint})


async def state(transparency: Running, *rows: dict[str, Any], sub: str = "person:fin") -> Any:
    finance = transparency.as_("transparency:finance", sub=sub)
    answer = await finance.post("/v1/payment-performance/invoices?publisher=body", json={"rows": list(rows)})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def row_ids(transparency: Running) -> dict[str, str]:
    """Item → RowID of its first line."""
    async with transparency.session() as session:
        rows = await session.exec(text("SELECT item_id, min(row_id) FROM spend_lines GROUP BY 1"))  # type: ignore[call-overload]
        return dict(rows.all())


async def test_figures_count_invoices_and_name_everything_else(transparency: Running) -> None:
    """T-62: invoices paid in the half-year, with parts, corrections, and what is no invoice counted by reason."""
    dated: dict[str, Any] = {"invoice_date": date(2017, 5, 1), "paid": "2017-05-31"}
    wrong, cancelled = line(50_000, item="corrected", **dated), line(50_000, item="cancelled", **dated)
    await begin(
        transparency,
        line(100, item="thirty", **dated),
        line(100, item="thirty-one", invoice_date=date(2017, 5, 1), paid="2017-06-01"),
        line(100, item="parts", invoice_date=date(2017, 5, 1), paid="2017-05-02"),
        line(100, item="parts", line_no=2, paid="2017-07-01"),
        line(100, item="later", invoice_date=date(2017, 9, 1), paid="2017-09-30"),
        line(100, item="undated", paid="2017-05-31"),
        line(100, item="by input", date_basis="input", **dated),
        line(-100, item="credit", **dated),
        line(100, item="pay", ledger_class="Salary", **dated),
        line(100, item="grant", ledger_class="grant", **dated),
        line(100, item="card", card="gpc", kind="card", **dated),
        line(100, item="claim", kind="staff_expense", party_kind="staff", name=None, **dated),
        line(100, item="person", party_kind="individual", name=None, **dated),
        line(100, item="elsewhere", agreement_id=None, **dated),
        wrong,
        cancelled,
        line(-50_000, item="cancelled", kind="reversal", reverses=cancelled.entry_id, **dated),
    )
    await transparency.receive(*batch(line(100, item="later", line_no=2, paid="2017-10-01")))
    await transparency.receive(*batch(*correction(wrong, 40_000, invoice_date=date(2017, 5, 30)), by_hand=True))
    found = await standing(transparency)
    assert found["approved"] is False
    figures = found["figures"]
    assert figures["left_out"] == {
        "CREDIT_OR_REFUND": 1,
        "GRANT": 1,
        "NOT_A_SUPPLIER": 1,
        "NOT_PROGRAMME": 1,
        "NO_DATE": 1,
        "PAID_BY_CARD": 1,
        "PAID_LATER_IN_PARTS": 1,
        "PAYMENT_DAY_NOT_STATED": 1,
        "SALARY": 1,
        "STAFF_EXPENSE": 1,
    }
    # 30, 31, 61 and, of the corrected one, 1 day.
    assert (figures["invoices"], figures["average_days"], figures["paid_in_parts"]) == (4, "30.8", 1)
    # An item whose every line was cancelled is nothing at all.
    assert figures["superseded_lines"] == 4
    assert figures["within_30_days"] == {"invoices": 2, "percent": "50.00"}
    assert figures["in_31_to_60_days"] == {"invoices": 1, "percent": "25.00"}
    assert figures["over_60_days"] == {"invoices": 1, "percent": "25.00"}
    assert (figures["counted_from_receipt"], figures["counted_from_invoice_date"]) == (0, 4)


async def test_figures_are_public_once_a_second_person_approved_them_and_the_approval_lapses(
    transparency: Running,
) -> None:
    """T-62: approved by a finance lead who stated nothing of it; what is not approved stays inside."""
    invoices = [line(60_000, item=name, invoice_date=date(2017, 5, 1), paid="2017-05-31") for name in ("a", "b", "c")]
    await begin(transparency, *invoices)
    rows = await row_ids(transparency)
    reader = transparency.anonymous
    assert problem(await reader.get(PERFORMANCE)) == (404, "figures_not_public")
    await state(
        transparency,
        {"row_id": rows["a"], "received_on": "2017-05-11"},
        {"row_id": rows["b"], "disputed": True, "reason": "Two chairs were missing."},
    )
    found = await standing(transparency)
    assert (found["figures"]["average_days"], found["figures"]["left_out"]) == ("25.0", {"DISPUTED": 1})
    refused = await draft(transparency, DATASET)
    assert problem(refused) == (409, "figures_not_approved")
    assert refused.json()["detail"].endswith("A second person approves them at " + PERFORMANCE + "/approvals.")
    assert problem(await approve_figures(transparency, found["fingerprint"], "person:fin")) == (409, "four_eyes")
    assert problem(await approve_figures(transparency, "0" * 64)) == (409, "figures_changed")
    approved = await approve_figures(transparency, found["fingerprint"])
    assert approved.status_code == 201, approved.text
    assert (await approve_figures(transparency, found["fingerprint"])).json() == approved.json()
    seen = (await reader.get(PERFORMANCE)).json()
    assert (seen["approved"]["figures"], seen["approved"]["current"]) == (found["figures"], True)
    assert seen["standing"] is None
    assert any("the date of the invoice stands in" in sentence for sentence in seen["method"])
    assert "person:" not in str(seen)
    assert "chairs" not in str(seen)
    # A change of what is known changes the figures: the old ones stay public as such, the new ones stay inside.
    await state(transparency, {"row_id": rows["c"], "received_on": "2017-05-31"})
    changed = await standing(transparency)
    answer = await reader.get(PERFORMANCE)
    assert (answer.json()["approved"]["current"], answer.json()["approved"]["figures"]) == (False, found["figures"])
    assert changed["fingerprint"][:16] not in answer.headers["etag"]
    lapsed = await draft(transparency, DATASET)
    assert (problem(lapsed), lapsed.json()["lapsed"]) == ((409, "figures_not_approved"), True)
    assert "have changed since they were approved" in lapsed.json()["detail"]
    assert (await approve_figures(transparency, changed["fingerprint"])).status_code == 201
    assert (await reader.get(PERFORMANCE)).json()["approved"]["figures"]["average_days"] == "10.0"


async def test_the_edition_has_one_row_with_the_approved_figures_and_meets_the_duty(
    transparency: Running, tmp_path: Path
) -> None:
    """T-62, T-24, T-48: an invoice paid before it was received is a finding that a named person resolves first."""
    early = line(60_000, item="early", invoice_date=date(2017, 5, 1), paid="2017-05-31")
    await begin(transparency, early, line(70_000, item="late", invoice_date=date(2017, 5, 1), paid="2017-07-01"))
    rows = await row_ids(transparency)
    await state(transparency, {"row_id": rows["early"], "received_on": "2017-06-05"})
    found = await standing(transparency)
    assert found["figures"]["paid_before_receipt"] == 1
    assert (await approve_figures(transparency, found["fingerprint"])).status_code == 201
    drafted = await draft(transparency, DATASET)
    (finding,) = drafted.json()["findings"]
    assert (finding["code"], finding["row_id"]) == ("PAID_BEFORE_RECEIVED", rows["early"])
    preparer = transparency.as_("transparency:preparer", sub="person:pia")
    checked = (await preparer.post(f"{DATASET}/editions/1/checks")).json()
    assert problem(await approve(transparency, checked, DATASET)) == (409, "findings_open")
    resolved = await preparer.post(
        f"{DATASET}/editions/1/findings/{finding['finding_id']}/resolutions", json={"reason": "Paid on order."}
    )
    assert resolved.status_code == 201, resolved.text
    checked = (await preparer.post(f"{DATASET}/editions/1/checks")).json()
    assert (await approve(transparency, checked, DATASET)).status_code == 201
    (row,) = await table(transparency, f"{FILES}/v1/payment_performance.csv")
    assert {name: row[name] for name in list(row)[2:-1]} == {
        "Period": "2017-18-h1",
        "PeriodStart": "01/04/2017",
        "PeriodEnd": "30/09/2017",
        "InvoicesPaid": "2",
        "AverageDays": "30.5",
        "PercentWithin30Days": "50.00",
        "PercentIn31To60Days": "0.00",
        "PercentOver60Days": "50.00",
        "InvoicesWithin30Days": "1",
        "InvoicesIn31To60Days": "0",
        "InvoicesOver60Days": "1",
        "CountedFromReceipt": "1",
        "CountedFromInvoiceDate": "1",
        "DisputedLeftOut": "0",
        "IncompleteLeftOut": "0",
        "NoDateLeftOut": "0",
        "NoPaymentDayLeftOut": "0",
    }
    assert await schema_errors(transparency, f"{FILES}/v1", "payment_performance", tmp_path) == []
    metadata = (await transparency.anonymous.get(f"{FILES}/v1/edition.json")).json()
    assert metadata["figures"] == found["figures"]
    assert metadata["method"]
    duties = (await transparency.anonymous.get("/v1/obligations?publisher=body&code=PAYMENTPERFORMANCE")).json()
    assert [item["met_at"] is not None for item in duties["items"]] == [True, False]


async def test_a_half_year_without_invoices_is_a_nil_return_once_approved(transparency: Running) -> None:
    """T-51, T-62: grants and salaries alone are no invoices; a whole half-year is needed (T-59)."""
    await begin(transparency, line(90_000, ledger_class="grant"), line(90_000, ledger_class="salary"))
    assert (await approve_figures(transparency, (await standing(transparency))["fingerprint"])).status_code == 201
    assert problem(await draft(transparency, DATASET)) == (409, "nil_not_stated")
    edition = await publish(transparency, DATASET, nil_return=True)
    assert (edition["nil_return"], edition["details"]["left_out"]) == (True, {"GRANT": 1, "SALARY": 1})


async def test_a_half_year_with_a_missing_month_is_not_drafted(transparency: Running) -> None:
    """T-59."""
    await transparency.receive(registered(), signed())
    invoice = line(90_000, invoice_date=date(2017, 5, 1))
    await transparency.receive(*batch(invoice, covers=("2017-04-01", "2017-08-31")))
    await set_authority(transparency)
    assert (await approve_figures(transparency, (await standing(transparency))["fingerprint"])).status_code == 201
    refused = await draft(transparency, DATASET)
    assert problem(refused) == (409, "ledger_months_missing")
    assert "2017-09" in refused.json()["detail"]


async def test_nobody_approves_what_he_stated_not_even_at_the_database(transparency: Running) -> None:
    """Section 3: four eyes stand in the rule and in a constraint."""
    columns = "approval_id, organisation_id, period, fingerprint, figures, makers, approved_by, approved_at"
    values = (
        f"gen_random_uuid(), '{BODY}', '2017-18-h1', repeat('a', 64), '{{}}', '[\"person:fin\"]', 'person:fin', now()"
    )
    insert = text(f"INSERT INTO payment_performance_approvals ({columns}) VALUES ({values})")
    with pytest.raises(IntegrityError, match="ck_payment_performance_approvals_two_people"):
        async with transparency.session() as session:
            await session.exec(insert)  # type: ignore[call-overload]
