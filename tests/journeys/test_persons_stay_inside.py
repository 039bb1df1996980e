"""A person's name and a class that excludes, however they are spelt, from a finance file to the public files."""

from __future__ import annotations

from tests.grants.expenditure.conftest import csv_file, simple_profile
from tests.grants.expenditure.test_hidden_signs import HEAD, PATTERNS, WAYS
from tests.grants.steps import done
from tests.harness import World

FIELDS = {
    **simple_profile()["fields"], "purpose": {"column": "Purpose"}, "ledger_class": {"column": "Type"},
}  # fmt: skip


async def test_no_spelling_brings_a_person_or_a_salary_into_the_public_file(world: World) -> None:
    """T-10, T-22, T-24, T-63: cases G01 and its kind; one supplier, one id; a name in another row's purpose."""
    manager = world.grants.as_("grants:manager", "grants:finance")
    body = {"slug": "salford", "name": "Salford", "is_publisher": True, "methodology_scope": "whole_body"}
    done(await manager.post("/v1/organisations", json=body))
    parties = {"default_kind": "organisation", "patterns": PATTERNS}
    done(await manager.post("/v1/source-profiles", json=simple_profile(fields=FIELDS, parties=parties)))
    rows = []
    for number, way in enumerate(WAYS.values()):
        rows.append((f"P-{number}", "2017-04-03", way("Mrs Kay Example"), "712.50", "", ""))
        rows.append((f"S-{number}", "2017-04-03", "Alder Ltd", "812.50", "", way("salary")))
        rows.append((f"T-{number}", "2017-04-03", "Alder Ltd", "912.50", way("Kay Example"), ""))
    rows.append(("D-1", "2017-04-03", "Alder Ltd", "1012.50", "Desk: +44 7700\u200b900123", ""))
    sent = await world.grants.as_("expenditure:submit", client_only=True).post(
        "/v1/expenditure-batches",
        params={"organisation": "salford", "profile": "simple"},
        content=csv_file(*rows, header=HEAD),
        headers={"Content-Type": "text/csv"},
    )
    assert done(sent)["outcomes"]["accepted"]["lines"] == len(rows)
    await world.settle()
    preparer = world.transparency.as_("transparency:preparer", sub="person:pia")
    path = "/v1/datasets/salford/spend/2017-18-q1/editions"
    number = done(await preparer.post(path, json={}))["edition"]
    checked = done(await preparer.post(f"{path}/{number}/checks"))
    [finding] = checked["findings"]
    assert (finding["field"], finding["code"]) == ("purpose", "phone_in_text")
    resolved = await preparer.post(
        f"{path}/{number}/findings/{finding['finding_id']}/resolutions", json={"reason": "A desk, no person."}
    )
    assert resolved.status_code == 201
    approver = world.transparency.as_("transparency:approver", sub="person:abe")
    edition = done(await approver.post(f"{path}/{number}/approvals", json={"sha256": checked["sha256"]}))
    assert edition["rows"] == 2 * len(WAYS) + 1
    for name in ("spend.csv", "spend.json"):
        answer = await world.transparency.anonymous.get(f"/open/salford/spend/2017-18-q1/v1/{name}")
        assert answer.status_code == 200
        told = answer.text.casefold()
        assert "812.5" not in told
        assert [
            word for word in ("example", "kay", "\uff4b\uff41\uff59", "\u00ad", "\u200b\u200e") if word in told
        ] == []
