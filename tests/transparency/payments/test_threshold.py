"""The dataset of payments over £30,000 over HTTP: the same lines as the spend edition, to the penny."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from services.transparency.editions.files import table_schema
from shared.events.grants import LedgerLine
from tests.harness import Running
from tests.transparency.contracts.steps import contract
from tests.transparency.facts import batch, correction, line, registered, signed
from tests.transparency.payments.steps import draft, problem, schema_errors, set_authority, table
from tests.transparency.redactions.deeds import PREJUDICE, withhold
from tests.transparency.redactions.deeds import publish as withheld_since
from tests.transparency.test_editions import publish

SPEND = "/v1/datasets/body/spend/2017-18-q1"
PAYMENTS = "/v1/datasets/body/payments_over_threshold/2017-18-q1"
FILES = "/open/body/payments_over_threshold/2017-18-q1"
VAT: dict[str, Any] = {"vat_pence": 500_000}


def paid(net_pence: int, contract: str | None = "C-1", **more: Any) -> LedgerLine:
    """A line under a contract; its VAT is recoverable, so that the spend edition shows the net."""
    return line(net_pence, contract_ref=contract, **more)


async def begin(transparency: Running, *lines: LedgerLine) -> None:
    await transparency.receive(registered(), signed())
    await transparency.receive(*batch(*lines, covers=("2017-04-01", "2017-06-30")))
    await enter_contracts(transparency)
    await set_authority(transparency)


async def enter_contracts(transparency: Running) -> None:
    for reference in ("C-1", "C-2"):
        entered = contract(reference=reference, signed_at="2017-04-03T09:30:00Z")
        answer = await transparency.as_("transparency:preparer").post("/v1/contracts", json=entered)
        assert answer.status_code == 201, answer.text


async def test_payments_over_30000_with_vat_under_one_contract_are_shown_and_every_other_line_has_its_reason(
    transparency: Running, tmp_path: Path
) -> None:
    """T-61, T-14: 30,000.00 and 30,000.01, an item in parts, two contracts, hidden payees, corrections."""
    wrong = paid(2_600_000, **VAT)
    person: dict[str, Any] = {"party_kind": "individual", "party_key": "x", "name": None}
    staff: dict[str, Any] = {"party_kind": "staff", "party_key": "p", "name": None, "kind": "staff_expense"}
    lines = [
        paid(2_500_000, **VAT),
        paid(2_500_001, item="over", **VAT),
        paid(3_000_000, gross=True),
        paid(3_000_001, item="gross", gross=True, company_number="01234567"),
        paid(9_000_000, contract=None),
        paid(9_000_000, contract=" "),
        paid(2_000_000, item="parts", paid="2017-04-10"),
        paid(2_000_000, item="parts", line_no=2, paid="2017-06-10"),
        paid(2_000_000, item="two contracts"),
        paid(2_000_000, "C-2", item="two contracts", line_no=2),
        paid(2_900_000, item="across", paid="2017-06-30"),
        paid(2_000_000, item="held"),
        paid(2_000_000, item="held", line_no=2, name="Redacted", source_redacted=True),
        paid(-3_500_000),
        paid(3_100_000, item="person", **person),
        paid(60_000, **staff),
        paid(9_000_000, ledger_class="salary"),
        paid(9_000_000, ledger_class="grant", vcse=True),
        paid(40_000),
        wrong,
    ]
    await begin(transparency, *lines)
    await transparency.receive(*batch(paid(200_000, item="across", line_no=2, paid="2017-07-03")))
    reversal, again = correction(wrong, 2_700_000, contract_ref="C-1", vat_pence=540_000)
    await transparency.receive(*batch(reversal, again, by_hand=True))
    early = await draft(transparency, PAYMENTS)
    assert problem(early) == (409, "spend_not_published")
    assert early.json()["detail"].endswith("Publish /v1/datasets/body/spend/2017-18-q1 first.")
    await publish(transparency, SPEND)
    edition = await publish(transparency, PAYMENTS)
    found = await table(transparency, f"{FILES}/v1/payments_over_threshold.csv")
    shown = [(row["PaymentDate"], row["Amount"], row["WholePayment"], row["ContractRef"]) for row in found]
    assert sorted(shown) == [
        ("10/04/2017", "20000.00", "40000.00", "C-1"),
        ("10/05/2017", "30000.01", "30000.01", "C-1"),
        ("10/05/2017", "30000.01", "30000.01", "C-1"),
        ("10/05/2017", "31000.00", "31000.00", ""),
        ("10/05/2017", "32400.00", "32400.00", "C-1"),
        ("10/05/2017", "40000.00", "40000.00", ""),
        ("10/06/2017", "20000.00", "40000.00", "C-1"),
        ("30/06/2017", "29000.00", "31000.00", "C-1"),
    ]
    (hidden,) = [row for row in found if row["Amount"] == "31000.00"]
    assert (hidden["BeneficiaryName"], hidden["BeneficiaryOtherID"], hidden["RedactionReason"]) == (
        "REDACTED PERSONAL DATA",
        "",
        "INDIVIDUAL_BENEFICIARY",
    )
    # Of a payment with a redacted line nothing is shown that the redacted line hides.
    (held,) = [row for row in found if row["Amount"] == "40000.00"]
    assert (held["BeneficiaryName"], held["BeneficiaryOtherID"], held["RedactionReason"]) == (
        "Redacted",
        "",
        "SOURCE_REDACTED",
    )
    (gross,) = [row for row in found if row["VATBasis"] == "gross"]
    assert (gross["CompaniesHouseRegistrationNumber"], gross["BeneficiaryName"]) == ("01234567", "Acme Training Ltd")
    spend = {row["RowID"]: row for row in await table(transparency, "/open/body/spend/2017-18-q1/v1/spend.csv")}
    assert all(spend[row["SpendRowID"]]["TransactionNumber"] == row["TransactionNumber"] for row in found)
    assert len({row["RowID"] for row in found}) == len(found) == edition["rows"]
    assert await schema_errors(transparency, f"{FILES}/v1", "payments_over_threshold", tmp_path) == []
    await _reconciles(transparency, set(spend), edition)
    await _is_found(transparency)


async def _reconciles(transparency: Running, spend: set[str], edition: dict[str, Any]) -> None:
    statement = await table(transparency, f"{FILES}/v1/reconciliation.csv")
    counts: dict[str, int] = {}
    for row in statement:
        counts[row["Decision"]] = counts.get(row["Decision"], 0) + int(row["Lines"])
    assert counts == {
        "PAYMENT_OVER_30000": 9,
        "NOT_OVER_30000": 4,
        "NO_CONTRACT": 2,
        "CREDIT_NOT_PAYMENT": 1,
        "NOT_A_CONTRACT_PAYMENT": 2,
        "SALARY": 1,
        "BELOW_THRESHOLD": 1,
        "SUPERSEDED_LINE": 2,
    }
    # Whatever stands one by one is public in the spend edition; a single salary or claim is not.
    assert {row["RowID"] for row in statement if row["RowID"]} < spend
    assert {row["Decision"] for row in statement if not row["RowID"]} == {
        "SALARY",
        "BELOW_THRESHOLD",
        "SUPERSEDED_LINE",
        "NOT_A_CONTRACT_PAYMENT",
    }
    account = edition["details"]["reconciliation"]
    assert account["difference"] == {"lines": 0, "pence": 0}
    assert account["ledger"]["lines"] == sum(counts.values()) == 22
    in_file = sum(int(row["Amount"].replace(".", "")) for row in statement)
    assert account["ledger"]["pence"] == in_file
    assert account["published"]["including_vat_pence"] == edition["total_pence"]
    assert edition["details"]["left_out"]["SALARY"] == 1
    metadata = (await transparency.anonymous.get(f"{FILES}/v1/edition.json")).json()
    assert metadata["reconciliation"]["difference"] == {"lines": 0, "pence": 0}
    assert metadata["spend_edition"]["edition"] == 1
    assert metadata["notes"][0] == "The columns are our own until the statutory template is at hand."


async def _is_found(transparency: Running) -> None:
    reader = transparency.anonymous
    asked = "/v1/payments-over-threshold?publisher=body&period=2017-18-q1"
    found = await reader.get(asked)
    assert (found.status_code, found.headers["location"].rsplit("/", 2)[1:]) == (
        307,
        ["v1", "payments_over_threshold.json"],
    )
    as_csv = await reader.get(asked, headers={"Accept": "text/csv"})
    assert as_csv.headers["location"].endswith("/v1/payments_over_threshold.csv")
    absent = await reader.get(asked.replace("q1", "q2"))
    assert (absent.status_code, "2017-18-q2" in str(absent.request.url)) == (404, True)
    assert problem(await reader.get(asked.replace("2017-18-q1", "summer"))) == (422, "invalid")
    duty = (await reader.get("/v1/obligations?publisher=body&code=PAYMENTS30K")).json()["items"]
    assert [item["met_at"] is not None for item in duty] == [True, False, False, False]


async def test_a_quarter_without_such_a_payment_is_a_nil_return(transparency: Running) -> None:
    """T-51, T-61: stated by a person; the file has its header alone and meets the duty."""
    await begin(transparency, paid(60_000), paid(2_000_000))
    await publish(transparency, SPEND)
    assert problem(await draft(transparency, PAYMENTS)) == (409, "nil_not_stated")
    edition = await publish(transparency, PAYMENTS, nil_return=True)
    assert (edition["nil_return"], edition["rows"], edition["meets_duty"]) == (True, 0, True)
    answer = await transparency.anonymous.get(f"{FILES}/v1/payments_over_threshold.csv")
    assert answer.text.startswith("OrganisationLabel,OrganisationURI,ContractRef,")
    assert answer.text.count("\r\n") == 1


async def test_lines_that_came_after_the_spend_edition_need_its_next_edition_first(transparency: Running) -> None:
    """T-61, T-14: the same ledger lines as the spend edition, so never more than it has decided."""
    wrong = paid(3_100_000)
    await begin(transparency, wrong)
    await publish(transparency, SPEND)
    await publish(transparency, PAYMENTS)
    reversal, again = correction(wrong, 3_200_000, contract_ref="C-1")
    await transparency.receive(*batch(reversal, again, by_hand=True))
    assert (await transparency.as_("transparency:preparer").get(PAYMENTS)).json()["ledger_changed_since"] is True
    assert (await transparency.anonymous.get(PAYMENTS)).json()["ledger_changed_since"] is None
    refused = await draft(transparency, PAYMENTS, change_note="An amount was wrong.")
    assert problem(refused) == (409, "spend_out_of_date")
    assert refused.json()["detail"] == (
        "3 ledger lines of Q1 2017/18 came or changed after edition 1 of spend was made. Publish its next edition "
        "first; then draft this one."
    )
    await publish(transparency, SPEND, change_note="An amount was wrong.")
    await publish(transparency, PAYMENTS, change_note="An amount was wrong.")
    before = await table(transparency, f"{FILES}/v1/payments_over_threshold.csv")
    after = await table(transparency, f"{FILES}/v2/payments_over_threshold.csv")
    assert [row["Amount"] for row in before + after] == ["31000.00", "32000.00"]
    assert before[0]["RowID"] == after[0]["RowID"]


async def test_months_that_nobody_has_stated_cannot_be_called_whole(transparency: Running) -> None:
    """T-59: no edition while a month of the quarter is missing from the ledger."""
    await transparency.receive(registered(), signed())
    await transparency.receive(*batch(paid(3_100_000), covers=("2017-04-01", "2017-05-31")))
    await enter_contracts(transparency)
    await set_authority(transparency)
    await publish(transparency, SPEND)
    refused = await draft(transparency, PAYMENTS)
    assert problem(refused) == (409, "ledger_months_missing")
    assert "holds no line of 2017-06" in refused.json()["detail"]


def test_the_data_dictionary_says_that_the_columns_are_ours() -> None:
    """T-61, section 5."""
    assert b"Own column until the statutory template is at hand" in table_schema("payments_over_threshold")
    assert b"Own column until the statutory template is at hand" in table_schema("payment_performance")


async def test_the_statement_does_not_tell_which_withheld_row_names_a_contract(transparency: Running) -> None:
    """T-19, T-61: rows without payee, or whose contract is withheld, stand together and without their numbers."""
    person: dict[str, Any] = {"party_kind": "individual", "name": None}
    lines = [
        paid(240_000, party_key="x", **person),
        paid(240_100, None, party_key="y", **person),
        paid(240_200, name="Redacted", source_redacted=True),
        paid(240_300, name="Acme Ltd", party_key="a"),
        paid(240_400, None, name="Acme Ltd", party_key="a"),
        paid(90_000),
        paid(3_500_000),
    ]
    await begin(transparency, *lines)
    await publish(transparency, SPEND)
    rows = {
        row["Amount"]: row["RowID"] for row in await table(transparency, "/open/body/spend/2017-18-q1/v1/spend.csv")
    }
    await withhold(transparency, rows["2403.00"], "approver", **PREJUDICE, payee=True)
    await withheld_since(transparency, SPEND, change_note="A name is withheld.")
    edition = await publish(transparency, PAYMENTS)
    statement = await table(transparency, f"{FILES}/v1/reconciliation.csv")
    told = sorted((row["Decision"], row["Lines"], row["Amount"], bool(row["RowID"])) for row in statement)
    assert told == [
        ("CONTRACT_WITHHELD", "5", "12010.00", False),
        ("NOT_OVER_30000", "1", "900.00", True),
        ("PAYMENT_OVER_30000", "1", "35000.00", True),
    ]
    assert not {rows[f"240{number}.00"] for number in range(5)} & {row["RowID"] for row in statement}
    codes = {item["code"]: item["lines"] for item in edition["details"]["reconciliation"]["excluded"]}
    assert codes == {"CONTRACT_WITHHELD": 5, "NOT_OVER_30000": 1}
