"""Spend editions over HTTP: what is selected, what the file says, who may publish, what never changes."""

from __future__ import annotations

import asyncio
import csv
import io
from decimal import Decimal
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from shared.events.grants import LedgerLine
from shared.events.transparency import DatasetCorrected, DatasetPublished
from tests.harness import Running
from tests.transparency.facts import PARTNER, awarded, batch, line, registered, signed

Q1 = "/v1/datasets/body/spend/2017-18-q1"
OPEN = "/open/body/spend/2017-18-q1"


async def ledger(transparency: Running, *lines: LedgerLine) -> None:
    """A publisher of an agreement whose ledger holds these lines and three small ones, and the first quarter whole."""
    await transparency.receive(registered(), signed())
    months = [line(100, paid=paid) for paid in ("2017-04-03", "2017-05-03", "2017-06-03")]
    await transparency.receive(*batch(*lines, *months, covers=("2017-04-01", "2017-06-30")))


async def check(transparency: Running, path: str = Q1, **body: Any) -> dict[str, Any]:
    """Draft and check as the preparer; the answer of the check."""
    preparer = transparency.as_("transparency:preparer", sub="person:pia")
    drafted = await preparer.post(f"{path}/editions", json=body)
    assert drafted.status_code == 201, drafted.text
    checked = await preparer.post(f"{path}/editions/{drafted.json()['edition']}/checks")
    assert checked.status_code == 201, checked.text
    return checked.json()  # type: ignore[no-any-return]


async def approve(transparency: Running, checked: dict[str, Any], path: str = Q1) -> httpx.Response:
    approver = transparency.as_("transparency:approver", sub="person:abe")
    return await approver.post(f"{path}/editions/{checked['edition']}/approvals", json={"sha256": checked["sha256"]})


async def publish(transparency: Running, path: str = Q1, **body: Any) -> dict[str, Any]:
    answer = await approve(transparency, await check(transparency, path, **body), path)
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def rows(transparency: Running, edition: int = 1, path: str = OPEN) -> list[dict[str, str]]:
    answer = await transparency.anonymous.get(f"{path}/v{edition}/spend.csv")
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


async def test_only_what_exceeds_five_hundred_pounds_is_published(transparency: Running) -> None:
    """T-1, worked example 1: nets 500.00, 500.01, 499.99, VAT recoverable: one row, text 500.01."""
    await ledger(transparency, line(50_000), line(50_001), line(49_999))
    edition = await publish(transparency)
    assert [row["Amount"] for row in await rows(transparency)] == ["500.01"]
    assert (edition["rows"], edition["total_pence"], edition["coverage"]) == (1, 50_001, "complete")
    assert edition["reconciliation"]["difference"] == {"lines": 0, "pence": 0}
    assert edition["reconciliation"]["excluded"] == [{"code": "BELOW_THRESHOLD", "lines": 5, "pence": 100_299}]


async def test_irrecoverable_vat_is_part_of_the_amount_that_is_tested_and_shown(transparency: Running) -> None:
    """T-3, worked example 2: net 480.00 and VAT 96.00 is out where recoverable and in where not."""
    recoverable = line(48_000, vat_pence=9_600, irrecoverable_vat_pence=0)
    irrecoverable = line(48_000, vat_pence=9_600, irrecoverable_vat_pence=9_600)
    await ledger(transparency, recoverable, irrecoverable)
    await publish(transparency)
    (row,) = await rows(transparency)
    assert (row["Amount"], row["IrrecoverableVATAmount"], row["AmountBasis"]) == ("576.00", "96.00", "net")


async def test_vat_that_cannot_be_separated_leaves_an_empty_cell_and_a_note(transparency: Running) -> None:
    """T-5, worked example 3: 540.00, VAT unknown."""
    await ledger(transparency, line(54_000, gross=True))
    edition = await publish(transparency)
    (row,) = await rows(transparency)
    assert (row["Amount"], row["IrrecoverableVATAmount"], row["AmountBasis"]) == ("540.00", "", "gross")
    metadata = (await transparency.anonymous.get(f"{OPEN}/v1/edition.json")).json()
    assert edition["gross_rows"] == metadata["gross_rows"] == 1
    assert metadata["notes"]


async def test_the_whole_item_is_tested_and_all_its_lines_are_shown(transparency: Running) -> None:
    """T-2, T-12, worked example 4: 450.00 and 450.00 of one invoice are two rows; two invoices of 300.00 are none."""
    split = [line(45_000, item="invoice-1", line_no=number) for number in (1, 2)]
    await ledger(transparency, *split, line(30_000), line(30_000))
    await publish(transparency)
    found = await rows(transparency)
    assert [(row["LineNumber"], row["InclusionReason"]) for row in found] == [
        ("1", "PART_OF_ITEM"),
        ("2", "PART_OF_ITEM"),
    ]
    assert len({row["TransactionNumber"] for row in found}) == 1
    assert "invoice-1" not in found[0]["TransactionNumber"]


async def test_a_month_of_staff_expenses_is_one_row_without_a_name(transparency: Running) -> None:
    """T-8, T-18, T-22, worked example 5: 320.00 and 240.00 in May are one row of 560.00; 480.00 in June is none."""
    staff = {"party_kind": "staff", "party_key": "p1", "name": None, "kind": "staff_expense"}
    claims = [line(amount, paid=paid, **staff) for amount, paid in ((32_000, "2017-05-04"), (24_000, "2017-05-25"))]
    await ledger(transparency, *claims, line(48_000, paid="2017-06-08", **staff))
    edition = await publish(transparency)
    (row,) = await rows(transparency)
    assert (row["Amount"], row["BeneficiaryName"], row["InclusionReason"]) == (
        "560.00",
        "REDACTED PERSONAL DATA",
        "EXPENSE_MONTH",
    )
    assert row["PaymentDate"] == "25/05/2017"
    assert (row["BeneficiaryOtherID"], row["ContractRef"], row["RedactionReason"]) == ("", "", "STAFF_EXPENSE")
    assert (edition["rows"], edition["lines"]) == (1, 2)
    explained = (await transparency.anonymous.get(f"/v1/rows/{row['RowID']}")).json()
    assert (explained["editions"][0]["amount_pence"], explained["editions"][0]["rule"]) == (56_000, "T-8")


async def test_card_purchases_are_shown_at_any_value_and_other_rows_say_none(transparency: Running) -> None:
    """T-9, worked example 6: None is a text and stays one."""
    await ledger(transparency, line(1_299, card="gpc", kind="card"), line(60_000))
    await publish(transparency)
    found = await rows(transparency)
    assert sorted((row["Amount"], row["CardTransaction"]) for row in found) == [("12.99", "GPC"), ("600.00", "None")]


async def test_a_sole_trader_is_named_and_a_person_is_not(transparency: Running) -> None:
    """T-22, worked example 7: J Smith trading as Smith Training is named."""
    trader = line(240_000, party_kind="sole_trader", party_key="js", name="J Smith trading as Smith Training")
    person = line(90_000, party_kind="individual", party_key="x", name=None, purpose="Settlement with Jo Doe")
    unknown = line(70_000, party_kind="unknown", party_key=None, name=None)
    await ledger(transparency, trader, person, unknown)
    edition = await publish(transparency)
    found = {row["Amount"]: row for row in await rows(transparency)}
    assert found["2400.00"]["BeneficiaryName"] == "J Smith trading as Smith Training"
    hidden = found["900.00"]
    assert (hidden["BeneficiaryName"], hidden["Purpose"]) == ("REDACTED PERSONAL DATA", "REDACTED PERSONAL DATA")
    assert found["700.00"]["BeneficiaryName"] == "Not stated"
    assert edition["warnings"]["beneficiary_not_stated"] == 1
    text = (await transparency.anonymous.get(f"{OPEN}/v1/spend.json")).text
    assert "Jo Doe" not in text


async def test_text_redacted_at_source_is_kept_and_counted(transparency: Running) -> None:
    """T-20, T-23."""
    person = line(50_100, party_kind="individual", name=None, source_redacted=True, purpose="Sheltered accommodation")
    await ledger(transparency, line(75_000, name="Redacted Data", source_redacted=True), line(124_900), person)
    await publish(transparency)
    found = {row["BeneficiaryName"]: row for row in await rows(transparency)}
    assert found["Redacted Data"]["RedactionReason"] == "SOURCE_REDACTED"
    assert found["Redacted Data"]["BeneficiaryOtherID"] == ""
    hidden = found["REDACTED PERSONAL DATA"]
    assert (hidden["RedactionReason"], hidden["Purpose"]) == ("SOURCE_REDACTED", "Sheltered accommodation")
    metadata = (await transparency.anonymous.get(f"{OPEN}/v1/edition.json")).json()
    assert metadata["redactions"] == [
        {"reason": "SOURCE_REDACTED", "rows": 2, "pence": 125_100, "share_percent": "50.0"}
    ]


async def test_a_credit_over_the_threshold_is_shown_with_a_minus(transparency: Running) -> None:
    """T-7, worked example 9: -26123.45."""
    await ledger(transparency, line(-2_612_345), line(-40_000))
    await publish(transparency)
    (row,) = await rows(transparency)
    assert (row["Amount"], row["InclusionReason"], row["ItemKind"]) == (
        "-26123.45",
        "CREDIT_OVER_THRESHOLD",
        "credit_note",
    )


async def test_a_smaller_credit_is_shown_where_it_names_a_published_invoice(transparency: Running) -> None:
    """T-7: linked credits, so that supplier totals are right; a credit of what is not published stays out."""
    cancelled = line(90_000, item="i-3")
    await ledger(
        transparency,
        line(120_000, item="i-1"),
        line(-2_000, item="c-1", credit_of="i-1"),
        line(50_000, item="i-2"),
        line(-3_000, item="c-2", credit_of="i-2"),
        cancelled,
        line(-90_000, item="i-3", kind="reversal", reverses=cancelled.entry_id),
        line(-4_000, item="c-3", credit_of="i-3"),
        line(700_000, item="i-4", ledger_class="salary"),
        line(-5_000, item="c-4", credit_of="i-4"),
        line(-60_000, item="c-5", credit_of="i-1"),
        line(-6_000, item="c-6"),
    )
    await publish(transparency)
    shown = [(row["Amount"], row["InclusionReason"], row["ItemKind"]) for row in await rows(transparency)]
    assert sorted(shown) == [
        ("-20.00", "LINKED_CREDIT", "credit_note"),
        ("-600.00", "CREDIT_OVER_THRESHOLD", "credit_note"),
        ("1200.00", "OVER_THRESHOLD", "invoice"),
    ]
    [credit] = [row for row in await rows(transparency) if row["Amount"] == "-20.00"]
    explained = (await transparency.anonymous.get(f"/v1/rows/{credit['RowID']}")).json()
    assert explained["editions"][0]["rule"] == "T-7"
    assert "names a published invoice" in explained["because"]


async def test_every_line_left_out_has_one_reason_and_is_counted(transparency: Running) -> None:
    """T-10, T-14, T-15, T-17: outside the agreement, pay, and below the threshold; VCSE grants show at any value."""
    await ledger(
        transparency,
        line(90_000, agreement_id=None),
        line(300_000, ledger_class="salary"),
        line(80_000),
        line(5_000, ledger_class="grant", vcse=True),
    )
    edition = await publish(transparency)
    excluded = {part["code"]: part["pence"] for part in edition["reconciliation"]["excluded"]}
    assert excluded == {"NOT_PROGRAMME": 90_000, "SALARY": 300_000, "BELOW_THRESHOLD": 300}
    assert sorted(row["InclusionReason"] for row in await rows(transparency)) == ["OVER_THRESHOLD", "VCSE_GRANT"]
    stated = edition["reconciliation"]["ledger"]["pence"]
    assert stated == edition["total_pence"] + sum(excluded.values())


async def test_a_council_publishes_lines_outside_any_agreement(transparency: Running) -> None:
    """T-1: under whole_body the programme does not count."""
    await transparency.receive(registered(slug="body", whole_body=True))
    await transparency.receive(*batch(line(90_000, agreement_id=None)))
    edition = await publish(transparency)
    assert (edition["rows"], edition["coverage"], edition["missing_months"]) == (1, "partial", ["2017-04", "2017-06"])


async def test_a_payment_belongs_to_the_quarter_of_its_london_day(transparency: Running) -> None:
    """T-11, worked example 15: 1 July is the second quarter."""
    await ledger(transparency, line(60_000, paid="2017-06-30"), line(70_000, paid="2017-07-01"))
    await publish(transparency)
    assert [row["PaymentDate"] for row in await rows(transparency)] == ["30/06/2017"]


async def test_a_difference_of_one_penny_refuses_publication(transparency: Running) -> None:
    """T-14, worked example 15: what arrived is a penny short of what the owner states."""
    await transparency.receive(registered(), signed())
    recorded, completed = batch(line(60_000))
    month = completed.months[0].model_copy(update={"pence": 60_001})
    await transparency.receive(recorded, completed.model_copy(update={"months": (month,), "pence": 60_001}))
    preparer = transparency.as_("transparency:preparer")
    assert (await preparer.post(f"{Q1}/editions", json={})).status_code == 201
    answer = await preparer.post(f"{Q1}/editions/1/checks")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "ledger_incomplete")


async def test_a_line_that_nobody_decided_refuses_publication(transparency: Running) -> None:
    """T-14: published and excluded lines must make the owner's ledger, to the penny."""
    await ledger(transparency, line(60_000))
    checked = await check(transparency)
    async with transparency.session() as session:
        connection = await session.connection()
        await connection.execute(
            text("UPDATE row_decisions SET amount_pence = amount_pence - 1 WHERE inclusion IS NOT NULL")
        )
        await session.commit()
    answer = await approve(transparency, checked)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "does_not_reconcile")
    assert answer.json()["difference_pence"] == 1


async def test_a_batch_whose_lines_have_not_all_come_refuses_publication_until_they_have(transparency: Running) -> None:
    """T-14, T-54: the owner's statement may come before the lines."""
    await transparency.receive(registered(), signed())
    recorded, completed = batch(line(60_000))
    await transparency.receive(completed)
    preparer = transparency.as_("transparency:preparer")
    await preparer.post(f"{Q1}/editions", json={})
    assert (await preparer.post(f"{Q1}/editions/1/checks")).status_code == 409
    await transparency.receive(recorded)
    checked = await preparer.post(f"{Q1}/editions/1/checks")
    assert (checked.status_code, checked.json()["rows"]) == (201, 1)


async def test_nobody_publishes_what_they_drafted_and_no_client_publishes_at_all(transparency: Running) -> None:
    """Section 3: four eyes."""
    await ledger(transparency, line(60_000))
    checked = await check(transparency)
    body = {"sha256": checked["sha256"]}
    same = transparency.as_("transparency:approver", sub="person:pia")
    answer = await same.post(f"{Q1}/editions/1/approvals", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "four_eyes")
    client = transparency.as_("transparency:approver", sub="client:finance", client_only=True)
    assert (await client.post(f"{Q1}/editions/1/approvals", json=body)).status_code == 403
    assert (await transparency.anonymous.get(f"{OPEN}/v1/spend.csv")).status_code == 404


async def test_content_that_changed_since_the_check_is_not_published(transparency: Running) -> None:
    """Section 7: another hash, and a ledger that moved, are `changed_since_check`."""
    await ledger(transparency, line(60_000))
    checked = await check(transparency)
    answer = await approve(transparency, {**checked, "sha256": "0" * 64})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "changed_since_check")
    await transparency.receive(*batch(line(90_000)))
    answer = await approve(transparency, checked)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "changed_since_check")
    preparer = transparency.as_("transparency:preparer", sub="person:pia")
    again = (await preparer.post(f"{Q1}/editions/1/checks")).json()
    assert again["rows"] == 2
    assert (await approve(transparency, again)).status_code == 201


async def test_an_unchecked_draft_is_not_published(transparency: Running) -> None:
    await ledger(transparency, line(60_000))
    await transparency.as_("transparency:preparer", sub="person:pia").post(f"{Q1}/editions", json={})
    answer = await approve(transparency, {"edition": 1, "sha256": "0" * 64})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "not_checked")


async def test_text_that_looks_personal_waits_for_a_named_person(transparency: Running) -> None:
    """T-24."""
    await ledger(transparency, line(60_000, purpose="Coaching, ask jo.doe@example.org"))
    checked = await check(transparency)
    answer = await approve(transparency, checked)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "findings_open")
    finding = checked["findings"][0]["finding_id"]
    preparer = transparency.as_("transparency:preparer", sub="person:pia")
    resolved = await preparer.post(
        f"{Q1}/editions/1/findings/{finding}/resolutions", json={"reason": "Address of a service, not of a person."}
    )
    assert resolved.status_code == 201
    assert (await approve(transparency, checked)).status_code == 201


async def test_a_late_item_makes_a_new_edition_of_its_own_quarter_and_the_first_stays_as_it_was(
    transparency: Running,
) -> None:
    """T-49, T-50, worked example 15: Q1 v2, LateAddition Yes; v1's bytes and hash are unchanged."""
    await ledger(transparency, line(60_000))
    await publish(transparency)
    before = await transparency.anonymous.get(f"{OPEN}/v1/spend.csv")
    await transparency.receive(*batch(line(90_000, paid="2017-06-30")))
    moved = (await transparency.anonymous.get(Q1)).json()
    assert moved["ledger_changed_since"] is True
    preparer = transparency.as_("transparency:preparer", sub="person:pia")
    silent = await preparer.post(f"{Q1}/editions", json={})
    assert silent.json()["errors"][0]["code"] == "change_note_needed"
    second = await publish(transparency, change_note="An invoice that arrived late.")
    assert (second["edition"], second["change_kind"], second["changes"]) == (
        2,
        "late_addition",
        {"added": 1, "removed": 0, "changed": 0},
    )
    late = {row["Amount"]: row["LateAddition"] for row in await rows(transparency, 2)}
    assert late == {"600.00": "No", "900.00": "Yes"}
    after = await transparency.anonymous.get(f"{OPEN}/v1/spend.csv")
    assert (after.content, after.headers["etag"]) == (before.content, before.headers["etag"])
    states = [edition["state"] for edition in (await transparency.anonymous.get(f"{Q1}/editions")).json()["items"]]
    assert states == ["superseded", "published"]
    assert len(await transparency.emitted(DatasetPublished)) == 1
    (corrected,) = await transparency.emitted(DatasetCorrected)
    assert (corrected.edition, corrected.previous_edition, corrected.changes) == (2, 1, 1)


async def test_a_corrected_row_keeps_its_id_and_the_original_cancels_out(transparency: Running) -> None:
    """T-49, worked example 14: a row goes 1,200.00 to 1,020.00; as_at between gives the first edition."""
    original = line(120_000, item="i-1")
    await ledger(transparency, original, line(1_114_000))
    first = await publish(transparency)
    assert first["total_pence"] == 1_234_000
    between = transparency.clock().isoformat()
    reversal = line(-120_000, item="i-1", kind="reversal", reverses=original.entry_id)
    correct = line(102_000, item="i-1", kind="correction", replaces=original.entry_id)
    transparency.clock.set(transparency.clock().replace(hour=18))
    await transparency.receive(*batch(reversal, correct))
    second = await publish(transparency, change_note="Amount corrected.")
    assert (second["total_pence"], second["change_kind"], second["changes"]) == (
        1_216_000,
        "correction",
        {"added": 0, "removed": 0, "changed": 1},
    )
    excluded = {part["code"]: part for part in second["reconciliation"]["excluded"]}
    assert excluded["SUPERSEDED_LINE"] == {"code": "SUPERSEDED_LINE", "lines": 2, "pence": 0}
    old, new = [{row["Amount"]: row for row in await rows(transparency, number)} for number in (1, 2)]
    assert old["1200.00"]["RowID"] == new["1020.00"]["RowID"]
    assert old["1200.00"]["TransactionNumber"] == new["1020.00"]["TransactionNumber"]
    assert new["1020.00"]["LateAddition"] == "No"
    then = (await transparency.anonymous.get(Q1, params={"as_at": between})).json()
    assert (then["edition"], then["total_pence"]) == (1, 1_234_000)


async def test_publishing_the_same_again_is_refused(transparency: Running) -> None:
    """T-54."""
    await ledger(transparency, line(60_000))
    await publish(transparency)
    preparer = transparency.as_("transparency:preparer", sub="person:pia")
    answer = await preparer.post(f"{Q1}/editions", json={"change_note": "Nothing really."})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "nothing_changed")


async def test_an_empty_ledger_is_a_nil_return_only_when_a_person_says_so(transparency: Running) -> None:
    """T-51, worked example 15: header-only CSV, nil_return true."""
    await transparency.receive(registered(), signed())
    preparer = transparency.as_("transparency:preparer", sub="person:pia")
    silent = await preparer.post(f"{Q1}/editions", json={})
    assert (silent.status_code, silent.json()["errors"][0]["code"]) == (409, "ledger_incomplete")
    edition = await publish(transparency, nil_return=True)
    assert (edition["nil_return"], edition["rows"], edition["coverage"]) == (True, 0, "complete")
    text = (await transparency.anonymous.get(f"{OPEN}/v1/spend.csv")).text
    assert text.count("\r\n") == 1
    assert text.startswith("OrganisationLabel,OrganisationURI,")


async def test_nil_return_is_refused_where_rows_qualify(transparency: Running) -> None:
    """T-51."""
    await ledger(transparency, line(60_000))
    answer = await transparency.as_("transparency:preparer").post(f"{Q1}/editions", json={"nil_return": True})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "not_nil")


async def test_a_quarter_that_is_not_over_is_not_drafted(transparency: Running) -> None:
    await transparency.receive(registered(), signed())
    preparer = transparency.as_("transparency:preparer")
    answer = await preparer.post("/v1/datasets/body/spend/2018-19-q1/editions", json={"nil_return": True})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "period_not_over")


async def test_only_one_edition_is_prepared_at_a_time_and_it_can_be_discarded(transparency: Running) -> None:
    """T-53: what is in preparation can go, what is published stays for ever."""
    await ledger(transparency, line(60_000))
    preparer = transparency.as_("transparency:preparer")
    drafted = await preparer.post(f"{Q1}/editions", json={})
    second = await preparer.post(f"{Q1}/editions", json={})
    assert (second.status_code, second.json()["errors"][0]["code"]) == (409, "edition_open")
    assert (await preparer.delete(f"{Q1}/editions/1")).status_code == 428
    gone = await preparer.delete(f"{Q1}/editions/1", headers={"If-Match": drafted.headers["etag"]})
    assert gone.status_code == 204
    await publish(transparency)
    answer = await preparer.delete(f"{Q1}/editions/1", headers={"If-Match": '"3"'})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "edition_immutable")


async def test_a_published_row_explains_why_it_is_there(transparency: Running) -> None:
    """T-15: inclusion reason, rule, tested total, threshold and basis."""
    await ledger(transparency, line(60_000))
    await publish(transparency)
    (row,) = await rows(transparency)
    explained = (await transparency.anonymous.get(f"/v1/rows/{row['RowID']}")).json()
    assert explained["because"] == "The item's total of £600.00 exceeds £500.00."
    assert explained["editions"][0]["rule"] == "T-1"
    assert (await transparency.anonymous.get("/v1/rows/0123456789abcdef")).status_code == 404


async def test_a_token_for_another_body_may_not_draft(transparency: Running) -> None:
    """Design section 7: the organisations claim limits what a client writes for."""
    await ledger(transparency, line(60_000))
    other = transparency.as_("transparency:preparer", organisations=["other"])
    assert (await other.post(f"{Q1}/editions", json={})).status_code == 403
    assert (await transparency.anonymous.post(f"{Q1}/editions", json={})).status_code == 401


async def test_of_two_drafts_made_at_the_same_moment_one_is_refused(transparency: Running) -> None:
    """Each invariant stands twice: the dataset's row lock makes the second see the first."""
    await ledger(transparency, line(60_000))
    preparer = transparency.as_("transparency:preparer")
    answers = await asyncio.gather(*(preparer.post(f"{Q1}/editions", json={}) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        (
            "UPDATE editions SET state = 'published', approved_by = drafted_by, changed_by = '[]'",
            "ck_editions_two_people",
        ),
        (
            "UPDATE editions SET state = 'published', approved_by = 'person:cy', changed_by = '[\"person:cy\"]'",
            "ck_editions_approver_changed_nothing",
        ),
        ("UPDATE row_decisions SET exclusion = 'SALARY'", "ck_row_decisions_one_reason"),
        (
            "INSERT INTO editions SELECT (jsonb_populate_record(e, jsonb_build_object("
            "'edition_id', gen_random_uuid(), 'number', 2))).* FROM editions e",
            "uq_editions_one_open",
        ),
    ],
)
async def test_the_database_itself_refuses_what_the_rules_refuse(
    transparency: Running, statement: str, constraint: str
) -> None:
    """Two people, one reason a line, one edition in preparation: constraints, for whatever comes past the rules."""
    await ledger(transparency, line(60_000))
    await transparency.as_("transparency:preparer").post(f"{Q1}/editions", json={})
    async with transparency.session() as session:
        connection = await session.connection()
        with pytest.raises(IntegrityError, match=constraint):
            await connection.execute(text(statement))


async def test_an_organisation_that_is_no_publisher_has_no_methodology_until_grant_is_passed_to_it(
    transparency: Running,
) -> None:
    """T-48; section 7: an edition cites a published methodology."""
    await transparency.receive(registered(PARTNER, "partner").model_copy(update={"is_publisher": False}))
    preparer = transparency.as_("transparency:preparer")
    path = "/v1/datasets/partner/spend/2017-18-q1/editions"
    refused = await preparer.post(path, json={"nil_return": True})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "methodology_unpublished")
    await transparency.receive(awarded())
    assert (await preparer.post(path, json={"nil_return": True})).status_code == 201


async def test_another_scope_is_another_version_of_the_methodology(transparency: Running) -> None:
    """T-1: published before use, the earlier version stays; an older registration changes nothing."""
    await transparency.receive(registered(), registered(version=3, whole_body=True), registered(version=2))
    chosen = (await transparency.anonymous.get("/v1/publishers/body")).json()["methodologies"]
    assert [(version["number"], version["parameters"]["scope"]) for version in chosen] == [
        (1, "programme"),
        (2, "whole_body"),
    ]


async def test_pence_add_up_exactly(transparency: Running) -> None:
    """T-57, worked example 9: 7956.42 three times and 0.10 and 0.20 make 23869.56."""
    parts = (795_642, 795_642, 795_642, 10, 20)
    lines = [line(pence, item="one", line_no=number) for number, pence in enumerate(parts, start=1)]
    await ledger(transparency, *lines)
    assert (await publish(transparency))["total_pence"] == 2_386_956
    assert sum(Decimal(row["Amount"]) for row in await rows(transparency)) == Decimal("23869.56")
