"""Withholding over HTTP: two people decide, the next edition replaces the text and keeps row, amount and totals."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from shared.events.grants import LedgerLine
from tests.harness import Running
from tests.transparency.facts import PARTNER, batch, line, registered
from tests.transparency.redactions.deeds import (
    BENEFICIARY,
    NAME,
    PERSONAL,
    PREJUDICE,
    Q1,
    approve,
    check,
    enter_contracts,
    everything,
    metadata,
    propose,
    publish,
    row_ids,
    rows,
    withhold,
)
from tests.transparency.test_editions import ledger

OTHER_CELLS = ("PaymentDate", "Amount", "OrganisationalUnit", "CategoryInternalName", "TransactionNumber", "RowID")


def jane(pence: int, **more: Any) -> LedgerLine:
    return line(pence, **{"name": NAME, "party_key": "jp", **more})


async def test_commercial_confidentiality_alone_is_refused_and_the_row_is_published(transparency: Running) -> None:
    """T-21, worked example 7, section 7: 422 withholding_incomplete names the missing fields; the row publishes."""
    await ledger(transparency, line(240_000, name="Acme Ltd", party_key="a"))
    await publish(transparency)
    row_id = (await row_ids(transparency))["2400.00"]
    for code in ("BARE_CONFIDENTIALITY", "COMMERCIAL_PREJUDICE"):
        answer = await propose(transparency, row_id, reason_code=code, exemption=None)
        problem = answer.json()
        assert (answer.status_code, problem["type"]) == (422, "urn:outturn:problem:withholding_incomplete")
        pointers = [error["pointer"] for error in problem["errors"] if error["pointer"] != "/reason_code"]
        assert pointers == ["/exemption", "/prejudice", "/public_interest"]
        assert "published on schedule" in problem["detail"]
    await transparency.receive(*batch(line(90_000)))
    await publish(transparency, change_note="A late invoice.")
    assert {row["BeneficiaryName"] for row in await rows(transparency, 2)} == {"Acme Ltd", "Acme Training Ltd"}


async def test_with_all_that_is_asked_and_a_second_person_it_is_withheld_and_the_amount_stays(
    transparency: Running,
) -> None:
    """T-18 to T-21, worked example 7: until approved the row publishes on schedule; afterwards the amount is shown."""
    numbers: dict[str, Any] = {"company_number": "01234567", "charity_number": "1123456", "contract_ref": "C-9"}
    await ledger(transparency, line(240_000, name="Acme Ltd", party_key="a", **numbers), line(90_000))
    await enter_contracts(transparency, "C-9")
    first = await publish(transparency)
    row_id = (await row_ids(transparency))["2400.00"]
    proposed = (await propose(transparency, row_id, **PREJUDICE)).json()
    assert (proposed["state"], proposed["decided_by_role"], proposed["published_in"]) == ("proposed", "approver", [])
    preparer = transparency.as_("transparency:preparer", sub="person:pia")
    unchanged = await preparer.post(f"{Q1}/editions", json={"change_note": "Nothing is withheld yet."})
    assert unchanged.json()["errors"][0]["code"] == "nothing_changed"
    approved = (await approve(transparency, proposed["redaction_id"], "approver", "person:cy")).json()
    assert (approved["state"], approved["review_on"], approved["decided_by"]) == ("approved", "2019-06-01", "person:cy")
    assert approved["published_in"] == [
        {"dataset": "spend", "period": "2017-18-q1", "edition": 1, "state": "published"}
    ]
    before = await rows(transparency, 1)
    assert (await metadata(transparency, 1))["redactions"] == []
    second = await publish(transparency, change_note="A name is withheld until the tender is decided.")
    assert second["change_kind"] == "redaction"
    assert (second["rows"], second["total_pence"]) == (first["rows"], first["total_pence"])
    assert second["changes"] == {"added": 0, "removed": 0, "changed": 1}
    old, new = [{row["RowID"]: row for row in shown}[row_id] for shown in (before, await rows(transparency, 2))]
    assert {head: old[head] for head in OTHER_CELLS} == {head: new[head] for head in OTHER_CELLS}
    text_ = "REDACTED COMMERCIAL CONFIDENTIALITY"
    assert (new["BeneficiaryName"], new["Purpose"], new["RedactionReason"]) == (text_, text_, "COMMERCIAL_PREJUDICE")
    blank = ("BeneficiaryOtherID", "CompaniesHouseRegistrationNumber", "CharityCommissionNumber", "ContractRef")
    assert all(old[head] for head in blank)
    assert not any(new[head] for head in blank)
    (summary,) = (await metadata(transparency, 2))["redactions"]
    assert summary == {"reason": "COMMERCIAL_PREJUDICE", "rows": 1, "pence": 240_000, "share_percent": "72.7"}


async def test_the_withheld_name_stands_in_nothing_that_is_published_told_or_logged(transparency: Running) -> None:
    """T-19, T-20, T-22, T-63: files, row routes, diff, findings, events and audit hold no name."""
    await ledger(
        transparency,
        jane(240_000, purpose="Refund of deposit", company_number="X1"),
        line(90_000, purpose=f"Taxi for {NAME.upper()}", unit="Unit of Penhaligon, Jane"),
        line(91_000, category="Flat of jane\u200b penhaligon"),
        line(92_000, name="Jane Penhaligon Cleaning", party_key="c2", decision_ref="Jane Penhaligon 3/17"),
        line(93_000, contract_ref="J/Jane-Penhaligon", purpose="Peer review"),
        line(94_000, purpose="Contract with Janet Penhaligons"),
    )
    await enter_contracts(transparency, "J/Jane-Penhaligon")
    first = await publish(transparency)
    assert NAME.lower() in (await everything(transparency, 1)).lower()
    await withhold(transparency, (await row_ids(transparency))["2400.00"])
    second = await publish(transparency, change_note="Personal data withheld.")
    assert (second["rows"], second["total_pence"], second["changes"]["changed"]) == (
        first["rows"],
        first["total_pence"],
        5,
    )
    told = (await everything(transparency, 2)).lower().replace("\u200b", "")
    # The contract was entered by hand under a name: its own entry in the audit chain, read and stored, and no more.
    own = "j/jane-penhaligon"
    assert (told.count(own), told.replace(own, "").count("penhaligon")) == (2, told.count("janet penhaligons"))
    assert "janet penhaligons" in told
    assert BENEFICIARY["explanation"].lower() not in told
    found = {row["Amount"]: row for row in await rows(transparency, 2)}
    assert (found["900.00"]["Purpose"], found["900.00"]["OrganisationalUnit"]) == (PERSONAL, PERSONAL)
    assert found["900.00"]["BeneficiaryName"] == "Acme Training Ltd"
    assert (found["910.00"]["CategoryInternalName"], found["910.00"]["Purpose"]) == (PERSONAL, "Peer challenge")
    trader = found["920.00"]
    assert (trader["BeneficiaryName"], trader["BeneficiaryOtherID"], trader["Purpose"]) == (PERSONAL, "", PERSONAL)
    assert (trader["DecisionRef"], found["930.00"]["ContractRef"], found["930.00"]["Purpose"]) == (
        "",
        "",
        "Peer review",
    )
    reasons = {amount: row["RedactionReason"] for amount, row in found.items()}
    assert reasons.pop("2400.00") == "INDIVIDUAL_BENEFICIARY"
    assert reasons == {amount: "" if amount == "940.00" else "NAME_IN_TEXT" for amount in reasons}
    counted = {each["reason"]: each["rows"] for each in (await metadata(transparency, 2))["redactions"]}
    assert counted == {"INDIVIDUAL_BENEFICIARY": 1, "NAME_IN_TEXT": 4}


async def test_a_surname_alone_is_left_for_a_named_person(transparency: Running) -> None:
    """T-24, T-63: a finding stops publication until somebody says what the text is; each text is told once."""
    await ledger(
        transparency, jane(240_000), *(line(pence, purpose="Penhaligon Road works") for pence in (80_000, 81_000))
    )
    drafted = await check(transparency)
    assert drafted["findings"] == []
    officer = transparency.as_("transparency:preparer", sub="person:pia")
    etag = (await officer.get(f"{Q1}/drafts/1")).headers["etag"]
    assert (await officer.delete(f"{Q1}/editions/1", headers={"If-Match": etag})).status_code == 204
    async with transparency.session() as session:
        found = await (await session.connection()).execute(
            text("SELECT row_id FROM spend_lines WHERE party_key = 'jp'")
        )
        row_id = found.scalar_one()
    await withhold(transparency, row_id)
    again = await check(transparency)
    assert [(each["code"], each["field"]) for each in again["findings"]] == [("withheld_name_in_text", "purpose")]
    refused = await transparency.as_("transparency:approver", sub="person:abe").post(
        f"{Q1}/editions/1/approvals", json={"sha256": again["sha256"]}
    )
    assert refused.json()["errors"][0]["code"] == "findings_open"


async def test_one_decision_covers_every_row_of_a_payee_of_later_quarters_too(transparency: Running) -> None:
    """T-18: a person is withheld by the key of the ledger, whatever the spelling of the name on a row."""
    await ledger(transparency, jane(240_000), jane(70_000, name="J Penhaligon", purpose="Refund"), line(60_000))
    await publish(transparency)
    decided = await withhold(transparency, (await row_ids(transparency))["2400.00"], payee=True)
    assert decided["payee"] is True
    second = await publish(transparency, change_note="Personal data withheld.")
    shown = {row["Amount"]: row["BeneficiaryName"] for row in await rows(transparency, 2)}
    assert shown == {"2400.00": PERSONAL, "700.00": PERSONAL, "600.00": "Acme Training Ltd"}
    assert second["changes"]["changed"] == 2
    later = [jane(95_000, paid=f"2017-{month}-03", purpose="Refund again") for month in ("07", "08", "09")]
    await transparency.receive(*batch(*later, covers=("2017-07-01", "2017-09-30")))
    await publish(transparency, "/v1/datasets/body/spend/2017-18-q2")
    found = await rows(transparency, 1, "/open/body/spend/2017-18-q2")
    assert {row["BeneficiaryName"] for row in found} == {PERSONAL}
    assert len({row["TransactionNumber"] for row in found}) == len(found) == 3


async def test_a_text_alone_is_withheld_and_the_payee_stays_named(transparency: Running) -> None:
    """T-18, T-22: a person named in Purpose without need; the supplier is named."""
    await ledger(transparency, line(90_000, purpose="Coaching of Ruth Loxley", category="Coaching"))
    await publish(transparency)
    row_id = (await row_ids(transparency))["900.00"]
    await withhold(transparency, row_id, fields=["purpose"], reason_code="NAME_IN_TEXT")
    await publish(transparency, change_note="A name is withheld.")
    (row,) = await rows(transparency, 2)
    assert (row["Purpose"], row["RedactionReason"]) == (PERSONAL, "NAME_IN_TEXT")
    assert (row["BeneficiaryName"], row["CategoryInternalName"]) == ("Acme Training Ltd", "Coaching")
    assert row["BeneficiaryOtherID"]
    assert "Loxley" not in await everything(transparency, 2)


async def test_a_row_that_would_endanger_somebody_leaves_the_file_and_is_counted(transparency: Running) -> None:
    """T-10, T-14: an exclusion with a second approver; a credit that names the invoice goes with it, all reconciles."""
    await ledger(
        transparency,
        jane(240_000, item="i-1"),
        line(-2_000, item="c-1", credit_of="i-1"),
        line(90_000, purpose=f"Taxi for {NAME}"),
    )
    first = await publish(transparency)
    assert first["rows"] == 3
    row_id = (await row_ids(transparency))["2400.00"]
    stated: dict[str, Any] = {"effect": "exclude", "fields": [], "reason_code": "SOLE_BENEFICIARY_AT_RISK"}
    proposed = (await propose(transparency, row_id, **stated)).json()["redaction_id"]
    refused = await approve(transparency, proposed)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/reason")
    assert (await approve(transparency, proposed, reason="One person lives there.")).status_code == 201
    second = await publish(transparency, change_note="A row is left out.")
    assert (second["rows"], second["total_pence"]) == (1, 90_000)
    excluded = {part["code"]: (part["lines"], part["pence"]) for part in second["reconciliation"]["excluded"]}
    assert excluded == {"BELOW_THRESHOLD": (4, -1_700)}
    assert second["reconciliation"]["removed_for_privacy"] == {"lines": 1, "pence": 240_000}
    assert second["reconciliation"]["difference"] == {"lines": 0, "pence": 0}
    assert NAME not in await everything(transparency, 2)


async def test_nobody_decides_what_they_proposed_and_each_role_decides_its_own(transparency: Running) -> None:
    """Section 3, section 7: four_eyes; the data protection lead decides on personal data; a client decides nothing."""
    await ledger(transparency, jane(240_000))
    await publish(transparency)
    row_id = (await row_ids(transparency))["2400.00"]
    proposed = (await propose(transparency, row_id)).json()["redaction_id"]
    own = await approve(transparency, proposed, sub="person:pia")
    assert (own.status_code, own.json()["errors"][0]["code"]) == (409, "four_eyes")
    other = await approve(transparency, proposed, "approver")
    assert (other.status_code, other.json()["errors"][0]["code"]) == (403, "other_role_decides")
    client = transparency.as_("transparency:dpl", sub="client:x", client_only=True)
    assert (await client.post(f"/v1/redactions/{proposed}/approvals", json={})).status_code == 403
    elsewhere = transparency.as_("transparency:dpl", sub="person:dee", organisations=["other"])
    assert (await elsewhere.post(f"/v1/redactions/{proposed}/approvals", json={})).status_code == 403
    again = await propose(transparency, row_id)
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "redaction_exists")
    lead = transparency.as_("transparency:dpl", sub="person:dee")
    refused = await lead.post(f"/v1/redactions/{proposed}/refusals", json={"reason": "She is a supplier."})
    assert (refused.status_code, refused.json()["state"]) == (201, "refused")
    late = await approve(transparency, proposed)
    assert (late.status_code, late.json()["errors"][0]["code"]) == (409, "redaction_decided")
    await publish_again_is_refused(transparency)


async def publish_again_is_refused(transparency: Running) -> None:
    preparer = transparency.as_("transparency:preparer", sub="person:pia")
    answer = await preparer.post(f"{Q1}/editions", json={"change_note": "Nothing is withheld."})
    assert answer.json()["errors"][0]["code"] == "nothing_changed"


async def test_a_sole_trader_and_anothers_row_are_not_withheld(transparency: Running) -> None:
    """T-22, worked example 7, section 7: refused with words; an error echoes neither payee nor other people's rows."""
    trader = line(240_000, party_kind="sole_trader", party_key="js", name="J Smith trading as Smith Training")
    await ledger(transparency, trader)
    await transparency.receive(registered(PARTNER, "partner"))
    await publish(transparency)
    row_id = (await row_ids(transparency))["2400.00"]
    named = await propose(transparency, row_id)
    assert (named.status_code, named.json()["errors"][0]["code"]) == (409, "supplier_named")
    assert "sole traders are named (paragraph 15" in named.json()["detail"]
    assert "Smith" not in named.text
    elsewhere = await propose(transparency, row_id, publisher="partner")
    assert (elsewhere.status_code, elsewhere.json()["errors"]) == (
        422,
        [
            {
                "code": "target_unknown",
                "detail": "The publisher has no row of this id; take it from the publisher's file or draft.",
                "pointer": "/target_id",
            }
        ],
    )
    assert (await transparency.anonymous.post("/v1/redactions", json={})).status_code == 401
    prohibited: dict[str, Any] = {"reason_code": "PROHIBITED", "exemption": "s.44"}
    absent = await propose(transparency, "C-404", target_kind="contract", fields=["title"], **prohibited)
    assert absent.json()["errors"][0]["pointer"] == "/target_id"
    document = await propose(transparency, "0" * 32, target_kind="document", fields=["text"], **prohibited)
    assert (document.status_code, document.json()["errors"][0]["pointer"]) == (422, "/target_kind")


async def test_texts_that_the_ledgers_owner_keeps_back_are_shown_as_withheld(transparency: Running) -> None:
    """T-63, T-19: the owner withholds a purpose that names a person whom only it knows; it is counted, not unstated."""
    held = line(90_000, purpose=None, flags=("name_in_purpose", "name_in_text", "name_in_contract_ref"))
    empty = line(80_000, purpose=None)
    person = line(70_000, party_kind="individual", name=None, unit=None, flags=("name_in_unit",))
    await ledger(transparency, held, empty, person)
    await publish(transparency)
    found = {row["Amount"]: row for row in await rows(transparency)}
    assert (found["900.00"]["Purpose"], found["900.00"]["RedactionReason"]) == (PERSONAL, "NAME_IN_TEXT")
    assert found["900.00"]["BeneficiaryName"] == "Acme Training Ltd"
    assert (found["800.00"]["Purpose"], found["800.00"]["RedactionReason"]) == ("Not stated", "")
    assert (found["700.00"]["OrganisationalUnit"], found["700.00"]["RedactionReason"]) == (
        PERSONAL,
        "INDIVIDUAL_BENEFICIARY",
    )
    counted = {each["reason"]: each["rows"] for each in (await metadata(transparency, 1))["redactions"]}
    assert counted == {"INDIVIDUAL_BENEFICIARY": 1, "NAME_IN_TEXT": 1}


async def test_a_month_of_expenses_shows_no_name_in_its_other_texts(transparency: Running) -> None:
    """T-8, T-18, T-63, worked example 5: 320.00 and 240.00 in May are one row of 560.00, the person redacted."""
    staff: dict[str, Any] = {"party_kind": "staff", "party_key": "p1", "name": None, "kind": "staff_expense"}
    texts: dict[str, Any] = {"category": None, "unit": f"Desk of {NAME}", "flags": ("name_in_category",)}
    claims = [line(pence, paid="2017-05-25", **staff, **texts) for pence in (32_000, 24_000)]
    await ledger(transparency, jane(240_000), *claims)
    await publish(transparency)
    before = {row["Amount"]: row for row in await rows(transparency)}["560.00"]
    assert (before["BeneficiaryName"], before["CategoryInternalName"]) == (PERSONAL, PERSONAL)
    assert before["OrganisationalUnit"] == f"Desk of {NAME}"
    await withhold(transparency, (await row_ids(transparency))["2400.00"])
    await publish(transparency, change_note="Personal data withheld.")
    after = {row["Amount"]: row for row in await rows(transparency, 2)}["560.00"]
    assert (after["OrganisationalUnit"], after["RedactionReason"]) == (PERSONAL, "STAFF_EXPENSE")


async def test_nothing_but_what_is_made_from_the_database_is_published(transparency: Running) -> None:
    """T-25: an edition's files are built here; no source file is among them."""
    await ledger(transparency, line(90_000))
    edition = await publish(transparency)
    assert [file["name"] for file in edition["files"]] == [
        "edition.json",
        "rows.sha256",
        "schema.json",
        "spend.csv",
        "spend.csv-metadata.json",
        "spend.json",
    ]


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE redactions SET state = 'gone', decided_by = 'person:x'", "ck_redactions_state"),
        ("UPDATE redactions SET state = 'approved', review_on = now()", "ck_redactions_decided"),
        (
            "UPDATE redactions SET state = 'approved', review_on = now(), decided_by = proposed_by",
            "ck_redactions_two_people",
        ),
        ("UPDATE redactions SET state = 'approved', decided_by = 'person:x'", "ck_redactions_reviewed"),
        ("UPDATE redactions SET effect = 'exclude'", "ck_redactions_effect"),
        ("UPDATE redactions SET payee = true, target_kind = 'post'", "ck_redactions_payee_of_a_row"),
        ("UPDATE redactions SET reviewed_by = proposed_by", "ck_redactions_two_people_review"),
        (
            "INSERT INTO redactions SELECT (jsonb_populate_record(r, jsonb_build_object('redaction_id', "
            "gen_random_uuid()))).* FROM redactions r",
            "uq_redactions_one_live",
        ),
    ],
)
async def test_the_database_itself_refuses_what_the_rules_refuse(
    transparency: Running, statement: str, constraint: str
) -> None:
    """Section 3: two people, one live decision on a thing; constraints, for whatever comes past the rules."""
    await transparency.receive(registered())
    await transparency.receive(*batch(line(90_000, entry_id=PARTNER)))
    async with transparency.session() as session:
        connection = await session.connection()
        row_id = (await connection.execute(text("SELECT row_id FROM spend_lines"))).scalar_one()
    assert (await propose(transparency, row_id)).status_code == 201
    async with transparency.session() as session:
        connection = await session.connection()
        with pytest.raises(IntegrityError, match=constraint):
            await connection.execute(text(statement))
