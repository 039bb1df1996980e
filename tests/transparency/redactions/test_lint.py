"""Names and numbers of persons in texts about to be published: told to a named person before publication."""

from __future__ import annotations

from typing import Any

from tests.harness import Running
from tests.transparency.facts import line
from tests.transparency.redactions.deeds import NAME, check, enter_contracts, publish, row_ids, withhold
from tests.transparency.test_editions import ledger

NAMED = (
    "Mrs Jane Smith", "Taxi for MR. SMITH", "Dr A Patel, locum", "c/o J Smith", "C/O Jane Smith, flat 2", "Ms Jo Doe",
    "Rev\u00a0John Hale", "Prof Wei Lin", "payable to Miss\u200b O'Hara",
)  # fmt: skip
UNNAMED = (
    "MS Office licences", "Ms Teams", "Prof fees", "Prof. Services", "Rev costs", "12 Station Dr", "Mr", "Missing post",
    "c/o Acme Ltd", "c/o Leeds City Council", "Sirens and drums", "Drs", "prescribed mrsa tests", "care of",
)  # fmt: skip


def found(checked: dict[str, Any]) -> list[tuple[str, str]]:
    return sorted((finding["code"], finding["field"]) for finding in checked["findings"])


async def test_a_title_with_a_name_is_found_in_texts_and_left_alone_as_payee(transparency: Running) -> None:
    """T-24, T-22: Purpose, unit and category; a payee is a supplier and named. Words like titles are none."""
    named = [line(60_000, purpose=words) for words in NAMED]
    fields = [line(60_000, category="Mr Smith"), line(60_000, unit="c/o Jane Smith"), line(60_000, name="Dr A Patel")]
    await ledger(transparency, *named, *fields, *(line(60_000, purpose=words) for words in UNNAMED))
    assert found(await check(transparency)) == [
        ("person_name_in_text", "category"),
        *[("person_name_in_text", "purpose")] * len(NAMED),
        ("person_name_in_text", "unit"),
    ]


async def test_the_number_of_a_hidden_payee_in_a_text_beside_is_found(transparency: Running) -> None:
    """T-24, T-19: residual ids on redacted rows, whoever redacted them; a named payee's number may stand there."""
    numbers: dict[str, Any] = {"contract_ref": "c-2017/9"}
    await ledger(
        transparency,
        line(61_000, category="Refund under C-2017/9", **numbers),
        line(62_000, party_kind="individual", name=None, unit="Case C-2017/9", **numbers),
        line(63_000, name="Redacted", source_redacted=True, purpose="Order c-2017/9", **numbers),
        line(240_000, name=NAME, party_key="jp", category="Order C-2017/9", purpose="C-2017/9", **numbers),
    )
    await enter_contracts(transparency, "c-2017/9")
    checked = await check(transparency)
    assert found(checked) == [("residual_id", "purpose"), ("residual_id", "unit")]
    for finding in checked["findings"]:
        path = f"/v1/datasets/body/spend/2017-18-q1/editions/1/findings/{finding['finding_id']}/resolutions"
        preparer = transparency.as_("transparency:preparer", sub="person:pia")
        assert (await preparer.post(path, json={"reason": "A public case."})).status_code == 201
    approver = transparency.as_("transparency:approver", sub="person:abe")
    body = {"sha256": checked["sha256"]}
    assert (
        await approver.post("/v1/datasets/body/spend/2017-18-q1/editions/1/approvals", json=body)
    ).status_code == 201
    await withhold(transparency, (await row_ids(transparency))["2400.00"])
    again = await check(transparency, change_note="Personal data withheld.")
    assert found(again) == [("residual_id", "category"), ("residual_id", "purpose"), ("residual_id", "unit")]
    unresolved = [finding["field"] for finding in again["findings"] if not finding["resolved_by"]]
    assert unresolved == ["category"]


async def test_what_is_withheld_is_not_looked_at(transparency: Running) -> None:
    """T-24: a replaced text is no finding; the same text on another row is."""
    mail = "Ask jo.doe@example.org"
    await ledger(transparency, line(240_000, name=NAME, party_key="jp"), line(90_000))
    await publish(transparency)
    await withhold(transparency, (await row_ids(transparency))["2400.00"], payee=True)
    await ledger(transparency, line(70_000, name=NAME, party_key="jp", purpose=mail), line(71_000, purpose=mail))
    assert found(await check(transparency, change_note="Late.")) == [("email_in_text", "purpose")]
