"""Certificates over HTTP: what keeps a year from being certified, who signs, and whether figures still hold."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlmodel import select

from services.grants.certificates.tables import Certificate
from services.grants.expenditure.tables import LedgerEntry
from services.grants.use_rules.commands import keep_declaration
from services.grants.use_rules.rules import Judgement
from shared.auth import Actor
from tests.grants.ledger import spend
from tests.grants.steps import budgeted, done, problem
from tests.grants.test_outturns import AUDIT, FINAL, PROVISIONAL
from tests.grants.year_end import SIGNATURE, YEAR, audited, certified, recorder, signatory, spent
from tests.harness import Running

PATH = f"{YEAR}/certificates"


async def drafted(grants: Running) -> dict[str, Any]:
    return done(await recorder(grants).post(PATH))


async def certificates(grants: Running) -> int:
    async with grants.session() as session:
        return len((await session.exec(select(Certificate))).all())


async def test_a_provisional_outturn_is_not_certified(grants: Running) -> None:
    """G-37; worked example 10; the refusal outturn_not_final of section 6."""
    await spent(grants)
    none = await recorder(grants).post(PATH)
    assert problem(none, 409) == {"": "outturn_not_final"}
    assert none.json()["detail"].startswith("Cannot certify a year without an outturn.")
    done(await recorder(grants).post(f"{YEAR}/outturns", json=PROVISIONAL))
    refused = await recorder(grants).post(PATH)
    assert problem(refused, 409) == {"": "outturn_not_final"}
    assert refused.json()["errors"][0]["detail"].startswith("Cannot certify a provisional outturn.")
    assert await certificates(grants) == 0


async def test_every_entry_declares_its_use_and_those_that_do_not_are_counted_by_source_and_quarter(
    grants: Running,
) -> None:
    """G-37, G-19: all faults come at once."""
    agreement = await spent(grants)
    await spend(grants, agreement["id"], ("IL1", "2017-18-q2", 5), ("IL2", "2017-18-q2", 6), ("IL2", "2017-18-q3", 7))
    done(await recorder(grants).post(f"{YEAR}/outturns", json=PROVISIONAL))
    refused = await recorder(grants).post(PATH)
    assert refused.status_code == 409
    errors = refused.json()["errors"]
    assert [error["code"] for error in errors] == ["outturn_not_final", "use_undeclared", "use_undeclared"]
    assert errors[1]["detail"].startswith("2 entries of source-")
    assert "(agency) in 2017-18-q2" in errors[1]["detail"]
    assert "(agency) in 2017-18-q3" in errors[2]["detail"]
    assert await certificates(grants) == 0


async def test_the_draft_freezes_the_figures_and_another_cfo_signs_them(grants: Running) -> None:
    """G-37: the signatory did not record the outturn; name, role, wording, day and fingerprint are kept."""
    await audited(grants)
    draft = await drafted(grants)
    assert (draft["state"], draft["figures_match"], draft["hash_holds"]) == ("draft", True, True)
    assert len(draft["figures_sha256"]) == 64
    path = f"{PATH}/{draft['id']}/signatures"
    refused = await recorder(grants).post(path, json=SIGNATURE)
    assert problem(refused, 409) == {"": "same_person"}
    assert "recorded an outturn of the year" in refused.json()["detail"]
    problem(await grants.as_("grants:finance", sub="person:finn").post(path, json=SIGNATURE), 403)
    machine = grants.as_("grants:cfo", sub="client:robot", client_only=True)
    problem(await machine.post(path, json=SIGNATURE), 403)
    signed = done(await signatory(grants).post(path, json=SIGNATURE))
    assert {name: signed[name] for name in SIGNATURE} == SIGNATURE
    assert (signed["state"], signed["signed_on"], signed["wording_version"]) == ("signed", "2018-06-01", "1")
    assert signed["figures"]["outturn"]["spend_pence"] == PROVISIONAL["spend_pence"]
    assert problem(await signatory(grants).post(path, json=SIGNATURE), 409) == {"": "certificate_not_draft"}
    assert problem(await recorder(grants).post(PATH), 409) == {"": "certificate_stands"}


async def test_who_drafted_a_certificate_does_not_sign_it(grants: Running) -> None:
    """G-37, section 3: an approver is never the author of what is approved."""
    await audited(grants)
    draft = done(await grants.as_("grants:finance", sub="person:fin").post(PATH))
    path = f"{PATH}/{draft['id']}/signatures"
    refused = await grants.as_("grants:cfo", sub="person:fin").post(path, json=SIGNATURE)
    assert problem(refused, 409) == {"": "same_person"}
    assert refused.json()["detail"].startswith("The person who drafted the certificate may not sign")
    assert done(await grants.as_("grants:read").get(f"{PATH}/{draft['id']}"), 200)["state"] == "draft"
    assert done(await signatory(grants).post(path, json=SIGNATURE))["state"] == "signed"


async def test_who_recorded_an_earlier_outturn_of_the_year_does_not_sign(grants: Running) -> None:
    """G-37: what is certified rests on each outturn of the year, superseded ones too."""
    await spent(grants)
    earlier = grants.as_("grants:finance", sub="person:fin")
    done(await earlier.post(f"{YEAR}/outturns", json=PROVISIONAL))
    done(await recorder(grants).post(f"{YEAR}/outturns", json=FINAL))
    draft = await drafted(grants)
    path = f"{PATH}/{draft['id']}/signatures"
    refused = await grants.as_("grants:cfo", sub="person:fin").post(path, json=SIGNATURE)
    assert problem(refused, 409) == {"": "same_person"}
    assert "recorded an outturn of the year" in refused.json()["detail"]
    assert done(await grants.as_("grants:read").get(f"{PATH}/{draft['id']}"), 200)["state"] == "draft"
    assert done(await signatory(grants).post(path, json=SIGNATURE))["state"] == "signed"


async def test_a_signature_does_not_lie_before_the_outturn_or_its_audit(grants: Running) -> None:
    """G-37: figures are signed once they stand."""
    await audited(grants, audited_on="2018-05-20", happened_at="2018-05-24T10:00:00Z")
    draft = await drafted(grants)
    path = f"{PATH}/{draft['id']}/signatures"
    client = grants.as_("grants:cfo", "grants:history", sub="person:sam")
    for day in ("2010-01-01", "2018-05-23"):
        refused = await client.post(path, json={**SIGNATURE, "signed_on": day})
        assert problem(refused, 409) == {"/signed_on": "before_outturn"}
        assert "2018-05-24" in refused.json()["detail"]
    assert done(await grants.as_("grants:read").get(f"{PATH}/{draft['id']}"), 200)["state"] == "draft"
    assert done(await client.post(path, json={**SIGNATURE, "signed_on": "2018-05-24"}))["signed_on"] == "2018-05-24"


async def test_figures_that_changed_since_the_draft_are_not_signed(grants: Running) -> None:
    """G-37: a signature stands under the figures that its person read; drafting anew gives the earlier draft up."""
    agreement = await audited(grants)
    draft = await drafted(grants)
    await spend(grants, agreement["id"], ("IL1", "2017-18-q4", 9), use_codes=[])
    shown = done(await grants.as_("grants:read").get(f"{PATH}/{draft['id']}"), 200)
    assert (shown["figures_match"], shown["hash_holds"]) == (False, True)
    refused = await signatory(grants).post(f"{PATH}/{draft['id']}/signatures", json=SIGNATURE)
    assert problem(refused, 409) == {"": "figures_changed"}
    again = await drafted(grants)
    assert again["number"] == 2
    listed = done(await grants.as_("grants:read").get(PATH), 200)["items"]
    assert [(item["number"], item["state"]) for item in listed] == [(2, "draft"), (1, "superseded")]


async def test_a_new_outturn_supersedes_the_certificate(grants: Running) -> None:
    """G-37: later changes need a new outturn and a new certificate; the earlier one stays readable."""
    await audited(grants)
    first = await certified(grants)
    changed = {**FINAL, "spend_pence": 2_098_125_000, "reason": "the auditor moved an accrual"}
    done(await recorder(grants).post(f"{YEAR}/outturns", json=changed))
    gone = done(await grants.as_("grants:read").get(f"{PATH}/{first['id']}"), 200)
    assert (gone["state"], gone["figures_match"], gone["signatory_name"]) == ("superseded", False, "Sam Green")
    assert gone["superseded_reason"] == "outturn 2 was recorded"
    second = await certified(grants)
    assert (second["number"], second["figures"]["outturn"]["underspend_pence"]) == (2, 1_875_000)


async def test_the_figures_of_a_certificate_give_its_fingerprint_to_anyone(grants: Running) -> None:
    """G-37: the SHA-256 of the canonical JSON, keys sorted, no spaces."""
    await audited(grants)
    draft = await drafted(grants)
    canonical = json.dumps(draft["figures"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert hashlib.sha256(canonical).hexdigest() == draft["figures_sha256"]


async def test_a_signature_of_an_earlier_day_needs_the_history_scope_and_a_future_one_is_refused(
    grants: Running,
) -> None:
    """Two times; G-37."""
    await audited(grants, audited_on="2018-05-20", happened_at="2018-05-24T10:00:00Z")
    draft = await drafted(grants)
    path = f"{PATH}/{draft['id']}/signatures"
    earlier = {**SIGNATURE, "signed_on": "2018-05-31"}
    problem(await signatory(grants).post(path, json=earlier), 403)
    future = {**SIGNATURE, "signed_on": "2018-06-02"}
    assert problem(await signatory(grants).post(path, json=future), 422) == {"/signed_on": "future_date"}
    assert problem(await signatory(grants).post(path, json={"signatory_name": "Sam Green"}), 422) == {
        "/signatory_role": "missing"
    }
    assert done(await grants.as_("grants:read").get(f"{PATH}/{draft['id']}"), 200)["state"] == "draft"
    client = grants.as_("grants:cfo", "grants:history", sub="person:sam")
    assert done(await client.post(path, json=earlier))["signed_on"] == "2018-05-31"


async def test_a_decision_that_is_awaited_and_a_refused_use_keep_the_year_from_being_certified(
    grants: Running,
) -> None:
    """G-37, G-18: what the chief finance officer has not decided, and what may not be paid, block it by number."""
    agreement = await budgeted(grants)
    await spend(grants, agreement["id"], ("CM1", "2017-18-q2", 5), ("CM1", "2017-18-q3", 6))
    done(await recorder(grants).post(f"{YEAR}/outturns", json={**FINAL, **AUDIT}))
    async with grants.session() as session:
        entries = (await session.exec(select(LedgerEntry).order_by(LedgerEntry.record))).all()  # type: ignore[arg-type]
    for entry, outcome in zip(entries, ("decision_required", "refused"), strict=True):
        async with grants.runtime.work(actor=Actor(sub="person:ruth", name="Ruth", scopes=frozenset())) as work:
            await keep_declaration(
                work,
                subject_kind="entry",
                subject_id=entry.entry_id,
                agreement_id=entry.agreement_id,
                codes=["PU5"],
                exception=None,
                judgement=Judgement(outcome=outcome, code="PU5", paragraph="22", detail="a union's work"),  # type: ignore[arg-type]
                rules_version=0,
            )
    refused = await recorder(grants).post(PATH)
    assert refused.status_code == 409
    errors = refused.json()["errors"]
    assert [(error["code"], error["detail"][:2]) for error in errors] == [
        ("use_decision_awaited", "1 "),
        ("use_refused", "1 "),
    ]


async def test_the_certificates_page_shows_its_figures_and_its_fingerprint(grants: Running) -> None:
    """G-39: the page shows the figures that were signed, and says whether they still hold."""
    agreement = await audited(grants)
    certificate = await certified(grants)
    page = await grants.as_("grants:read").get(f"{PATH}/{certificate['id']}.html")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert certificate["figures_sha256"] in page.text
    assert "Sam Green, Chief finance officer" in page.text
    assert "£20,986,000.00" in page.text
    assert "<dt>Funder</dt><dd>Department</dd>" in page.text
    assert "1 April 2017 to 31 March 2018" in page.text
    assert "still the figures of the year" in page.text
    await spend(grants, agreement["id"], ("IL1", "2017-18-q4", 9), use_codes=[])
    later = await grants.as_("grants:read").get(f"{PATH}/{certificate['id']}.html")
    assert "have changed since" in later.text
    problem(await grants.anonymous.get(f"{PATH}/{certificate['id']}.html"), 401)
    problem(await grants.as_("grants:read").get(f"{PATH}/none"), 404)
