"""What is withheld of payments and payees shows nowhere beside a contract: register, edition, Open Contracting data."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.events.grants import LedgerLine
from tests.harness import Running
from tests.transparency.contracts.steps import contract, drafted, set_prefix
from tests.transparency.facts import batch, line
from tests.transparency.redactions.deeds import NAME, PERSONAL, PREJUDICE, approve, propose, publish, row_ids, withhold
from tests.transparency.test_editions import approve as approve_edition
from tests.transparency.test_editions import check, ledger
from tests.transparency.withdrawals.test_withdrawals import decide, suspend

REGISTER, EXPORT = "/v1/contracts", "/v1/contracts/ocds.json?publisher=body"
ONE = "/v1/contracts/body/C-9"
CONTRACTS = "/v1/datasets/body/contracts/2017-18-q1"
FILES = "/open/body/contracts/2017-18-q1/v1"
QUARTER: dict[str, Any] = {"covers": ("2017-04-01", "2017-06-30")}


def jane(pence: int, **more: Any) -> LedgerLine:
    return line(pence, **{"name": NAME, "party_key": "jp", **more})


async def enter(transparency: Running, **more: Any) -> dict[str, Any]:
    said = contract(**{"reference": "C-9", "signed_at": "2017-04-03T09:30:00Z", **more})
    answer = await transparency.as_("transparency:preparer", sub="person:pia").post(REGISTER, json=said)
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def payees(transparency: Running) -> list[str]:
    """Names in the payments of the register's export."""
    package = json.loads((await transparency.anonymous.get(EXPORT)).text)
    return [
        transaction["payee"]["name"]
        for release in package["releases"]
        for paid_under in release["contracts"]
        for transaction in paid_under.get("implementation", {}).get("transactions", ())
    ]


async def spent(transparency: Running) -> tuple[int, int]:
    found = (await transparency.anonymous.get(ONE)).json()["spend"]
    return found["lines"], found["pence"]


async def jane_is_withheld(transparency: Running, *lines: LedgerLine) -> None:
    """An edition that named her is followed by one that does not."""
    await ledger(transparency, jane(240_000), *lines)
    await publish(transparency)
    await withhold(transparency, (await row_ids(transparency))["2400.00"])
    await publish(transparency, change_note="A payee is withheld.")


async def test_payments_are_told_while_an_edition_shows_them_and_not_before_or_after(transparency: Running) -> None:
    """T-19, T-52: neither payees nor sums of what nobody has published, or of what is suspended or withdrawn."""
    await ledger(transparency, line(240_000, contract_ref="C-9", decision_ref="B-7"), line(90_000))
    await enter(transparency)
    await set_prefix(transparency, "body")
    told = [(await payees(transparency), await spent(transparency))]
    await publish(transparency)
    told.append((await payees(transparency), await spent(transparency)))
    assert (await transparency.anonymous.get(ONE)).json()["spend"]["decisions"] == ["B-7"]
    suspended = await suspend(transparency)
    told.append((await payees(transparency), await spent(transparency)))
    assert (await transparency.anonymous.get(ONE)).json()["spend"]["decisions"] == []
    assert (await decide(transparency, suspended, "confirmations")).status_code == 201
    told.append((await payees(transparency), await spent(transparency)))
    assert told == [([], (0, 0)), (["Acme Training Ltd"], (1, 240_000)), ([], (0, 0)), ([], (0, 0))]


async def test_a_file_of_contracts_holds_payments_that_are_published_by_then(transparency: Running) -> None:
    """T-19: an edition of contracts that comes before that of spend names no payee."""
    await ledger(transparency, jane(240_000, contract_ref="C-9"), line(90_000))
    await enter(transparency)
    await set_prefix(transparency, "body")
    assert NAME not in str(await drafted(transparency, publisher="body"))
    await publish(transparency)
    made = await drafted(transparency, publisher="body")
    assert NAME.encode() in made.files[0].data
    await withhold(transparency, (await row_ids(transparency))["2400.00"])
    assert NAME not in str(await drafted(transparency, publisher="body"))


async def test_a_further_payment_to_a_withheld_payee_is_neither_told_nor_counted(transparency: Running) -> None:
    """T-28, T-63: one row was named in the decision, and the name holds for rows that came later. A line that the
    edition in force no longer shows is no payment either."""
    wrong = line(60_000, contract_ref="C-9", name="Wrong Payee Ltd", party_key="wrong")
    await ledger(transparency, jane(240_000), line(70_000, contract_ref="C-9"), wrong)
    await enter(transparency)
    await set_prefix(transparency, "body")
    await publish(transparency)
    more = jane(250_000, contract_ref="C-9", paid="2017-06-12", party_key="another key")
    undone = line(-60_000, contract_ref="C-9", kind="reversal", reverses=wrong.entry_id)
    assert await spent(transparency) == (2, 130_000)
    await transparency.receive(*batch(more, undone, **QUARTER))
    assert await spent(transparency) == (2, 130_000)
    await publish(transparency, change_note="A further invoice.")
    assert (await payees(transparency), await spent(transparency)) == (["Acme Training Ltd", NAME], (2, 320_000))
    await withhold(transparency, (await row_ids(transparency, 2))["2400.00"])
    assert (await payees(transparency), await spent(transparency)) == (["Acme Training Ltd"], (1, 70_000))
    await withhold(transparency, (await row_ids(transparency, 2))["700.00"], "approver", **PREJUDICE)
    assert (await payees(transparency), await spent(transparency)) == ([], (0, 0))


async def test_the_payments_of_a_withheld_supplier_are_left_out_and_a_note_says_so(transparency: Running) -> None:
    """T-19: they would name the supplier in the file that withholds it."""
    supplier = {"name": "Quixote Ventures Ltd", "company_number": "01234567"}
    await ledger(transparency, line(240_000, party_key="q", contract_ref="C-9", **supplier))
    await enter(transparency, supplier_name=supplier["name"], company_number=supplier["company_number"])
    await set_prefix(transparency, "body")
    await publish(transparency)
    assert await payees(transparency) == ["Quixote Ventures Ltd"]
    proposed = await propose(transparency, "C-9", **{**PREJUDICE, "target_kind": "contract", "fields": ["supplier"]})
    decided = await approve(transparency, proposed.json()["redaction_id"], "approver", "person:cy")
    assert decided.status_code == 201, decided.text
    export = (await transparency.anonymous.get(EXPORT)).text
    made = await drafted(transparency, publisher="body")
    for shown in (export, made.files[0].data.decode(), str(made.rows)):
        assert ("Quixote" in shown, "01234567" in shown, "transactions" in shown) == (False, False, False)
    (release,) = json.loads(export)["releases"]
    assert release["contracts"][0]["paymentsNote"] == "Payments are left out, because the supplier is withheld."
    assert made.notes[-1] == (
        "The Open Contracting file leaves out the payments under one contract whose supplier is withheld."
    )


async def test_a_decision_that_an_edition_withholds_is_not_told_beside_the_contract(transparency: Running) -> None:
    """T-63: a reference to a board decision may name a person as well."""
    named = line(90_000, contract_ref="C-9", decision_ref=f"{NAME} 3/17")
    await ledger(transparency, jane(240_000), named, line(80_000, contract_ref="C-9", decision_ref="B-7"))
    await enter(transparency)
    await publish(transparency)
    assert len((await transparency.anonymous.get(ONE)).json()["spend"]["decisions"]) == 2
    await withhold(transparency, (await row_ids(transparency))["2400.00"])
    assert (await transparency.anonymous.get(ONE)).json()["spend"]["decisions"] == ["B-7"]
    await publish(transparency, change_note="A payee is withheld.")
    found = await transparency.anonymous.get(ONE)
    assert (found.json()["spend"]["decisions"], NAME in found.text) == (["B-7"], False)
    assert found.json()["spend"]["lines"] == 2


async def test_the_name_of_a_withheld_payee_is_held_back_in_every_text_of_a_contract(transparency: Running) -> None:
    """T-63: register, CSV, edition and Open Contracting data, in any spelling and in the versions behind; clearing a
    text of personal details does not clear a name."""
    await jane_is_withheld(transparency)
    await set_prefix(transparency, "body")
    await enter(
        transparency,
        title="Flat of Jane PENHALIGON",
        description="For Penhaligon, Jane",
        unit="Team Jane Penhaligon",
        grant_ref="2017-18/Jane Penhaligon",
        decision_ref="Jane Penhaligon 3/17",
        contact={"name": "Desk of Jane Penhaligon", "email": "jane.penhaligon@example.org", "is_role": True},
        tender_document_url="https://example.org/jane-penhaligon.pdf",
        areas=[{"label": "Home of Jane Penhaligon"}, {"label": "Leeds"}],
        texts_cleared="Nothing in it is personal.",
    )
    change = {"kind": "correction", "signed_at": "2017-05-02T09:00:00Z", "title": "A flat", "unit": None}
    preparer = transparency.as_("transparency:preparer", sub="person:pia")
    later = await preparer.post(f"{ONE}/versions", json=change | {"rationale": f"Asked by {NAME}"})
    assert later.status_code == 201, later.text
    await enter(transparency, reference="C-10", supplier_name=f"{NAME} trading as JP Homes", description="By JP Homes")
    assert await publish(transparency, CONTRACTS)
    for path in (REGISTER, "/v1/contracts.csv", ONE, f"{REGISTER}/body/C-10", EXPORT, f"{FILES}/contracts.csv"):
        shown = (await transparency.anonymous.get(path)).text.lower()
        assert ("penhaligon" in shown, "jp homes" in shown, "redacted personal data" in shown) == (
            False,
            False,
            True,
        ), path
    for name in ("contracts.json", "ocds.json"):
        assert "penhaligon" not in (await transparency.anonymous.get(f"{FILES}/{name}")).text.lower()
    noted = json.loads((await transparency.anonymous.get(EXPORT)).text)["releases"]
    assert {release["ocid"][-4:] for release in noted if "paymentsNote" in release["contracts"][0]} == {"C-10"}
    found = (await transparency.anonymous.get(ONE)).json()
    first, second = found["versions"]
    assert (first["title"], first["unit"], second["title"]) == (PERSONAL, PERSONAL, "A flat")
    assert (second["description"], second["rationale"]) == (PERSONAL, PERSONAL)
    assert (found["decision_ref"], found["contact_name"], found["tender_document_url"]) == (None, None, None)
    assert [area["label"] for area in found["areas"]] == ["Leeds"]
    other = (await transparency.anonymous.get(f"{REGISTER}/body/C-10")).json()
    assert (other["supplier_name"], other["company_number"], other["description"]) == (PERSONAL, None, PERSONAL)
    rows = (await transparency.anonymous.get(f"{FILES}/contracts.json")).json()["rows"]
    assert {row["redaction_reason"] for row in rows} == {"NAME_IN_TEXT"}
    for query in ({"supplier": "penhaligon"}, {"supplier": "99900001"}, {"decision_ref": "Jane Penhaligon 3/17"}):
        listed = (await transparency.anonymous.get(REGISTER, params=query)).json()["items"]
        assert [item["reference"] for item in listed] == (["C-9"] if query == {"supplier": "99900001"} else []), query


async def test_the_surname_of_a_withheld_payee_is_for_a_person_to_look_at(transparency: Running) -> None:
    """T-24, T-63: one finding for each text of the row; a supplier of that surname is named (T-22)."""
    await jane_is_withheld(transparency)
    await enter(transparency, title="Penhaligon House", description="Rooms", supplier_name="Penhaligon Books Ltd")
    checked = await check(transparency, CONTRACTS)
    refused = await approve_edition(transparency, checked, CONTRACTS)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "findings_open")
    (finding,) = (await drafted(transparency, publisher="body")).findings
    assert (finding.code, finding.field) == ("withheld_name_in_text", "ContractTitle")
    found = (await transparency.anonymous.get(ONE)).json()
    assert (found["title"], found["supplier_name"]) == ("Penhaligon House", "Penhaligon Books Ltd")


@pytest.mark.parametrize("where", ["versions", "register"])
async def test_the_audit_log_tells_which_fields_changed_and_none_of_their_texts(
    transparency: Running, where: str
) -> None:
    """T-24: what the register hides is not told by the log."""
    await ledger(transparency)
    said = "Asked by Jo Specimen, jo.specimen@example.org"
    await enter(transparency, description=said if where == "register" else "Rooms")
    if where == "versions":
        change = {"kind": "correction", "signed_at": "2017-05-03T09:30:00Z", "title": said, "rationale": said}
        preparer = transparency.as_("transparency:preparer", sub="person:pia")
        assert (await preparer.post(f"{ONE}/versions", json=change)).status_code == 201
    entries = await transparency.as_("transparency:auditor").get("/v1/audit-entries")
    assert "jo.specimen" not in entries.text
    if where == "versions":
        (changed,) = [item for item in entries.json()["items"] if item["action"] == "change_contract"]
        assert {"title", "rationale"} <= set(changed["after"]["changed"])
