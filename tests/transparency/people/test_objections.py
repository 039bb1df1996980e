"""Objections to publication and small units: two people, reasons kept apart, a number in public."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.transparency.people.publication import draft_counts, draft_senior, draft_structure
from services.transparency.people.rules import ObjectionUndecided
from tests.harness import Running
from tests.transparency.people.bench import MANAGER, as_csv, cells, drafted, imported, post
from tests.transparency.test_editions import approve, check

BASE = "/v1/posts/body"


async def raised(transparency: Running, number: str = "A2", **more: Any) -> str:
    lead = transparency.as_("transparency:dpl", sub="person:lee")
    answer = await lead.post(f"{BASE}/{number}/objections", json={"reason": "Threatened in May."})
    assert (answer.status_code, answer.json()["state"]) == (201, "raised"), answer.text
    return f"{BASE}/{number}/objections/{answer.json()['objection_id']}/decisions"


async def test_an_objection_is_decided_by_a_second_person_and_then_leaves_only_a_number(transparency: Running) -> None:
    """T-37."""
    await imported(transparency, as_csv(MANAGER, post("A2"), post("A3", above="A2")))
    address = await raised(transparency)
    with pytest.raises(ObjectionUndecided, match="A2 are not decided"):
        await drafted(transparency, draft_structure)
    body = {"decision": "upheld", "reason": "The risk outweighs."}
    same = await transparency.as_("transparency:dpl", sub="person:lee").post(address, json=body)
    assert (same.status_code, same.json()["errors"][0]["code"]) == (409, "four_eyes")
    client = transparency.as_("transparency:dpl", sub="client:x", client_only=True)
    assert (await client.post(address, json=body)).status_code == 403
    other = transparency.as_("transparency:dpl", sub="person:dee")
    upheld = await other.post(address, json=body)
    assert (upheld.status_code, upheld.json()["state"], upheld.json()["review_on"]) == (201, "upheld", "2019-06-01")
    again = await other.post(address, json={**body, "decision": "refused"})
    assert (again.status_code, again.json()["errors"][0]["code"], again.json()["errors"][0]["pointer"]) == (
        409,
        "objection_decided",
        "/decision",
    )
    draft = await drafted(transparency, draft_structure)
    assert (cells(draft, "Job number"), cells(draft, "ReportsTo")) == (["A1", "A3"], ["", "A1"])
    assert (draft.left_out, draft.details["posts_withheld"]) == ({"OBJECTION_UPHELD": 1}, 1)
    assert "1 post is withheld" in draft.notes[1]
    lifted = await other.post(address, json={"decision": "lifted", "reason": "The holder agrees now."})
    assert (lifted.status_code, lifted.json()["review_on"]) == (201, None)
    assert cells(await drafted(transparency, draft_structure), "Job number") == ["A1", "A2", "A3"]


async def test_one_objection_of_a_post_is_open_at_a_time_and_only_of_a_known_post(transparency: Running) -> None:
    """T-37."""
    await imported(transparency, as_csv(MANAGER, post("A2")))
    await raised(transparency)
    lead = transparency.as_("transparency:dpl", sub="person:dee")
    twice = await lead.post(f"{BASE}/A2/objections", json={"reason": "Once more."})
    assert (twice.status_code, twice.json()["errors"][0]["code"]) == (409, "objection_open")
    unknown = await lead.post(f"{BASE}/Z9/objections", json={"reason": "Who is it?"})
    assert (unknown.status_code, unknown.json()["errors"][0]["code"]) == (404, "post_not_found")
    preparer = transparency.as_("transparency:preparer")
    assert (await preparer.post(f"{BASE}/A2/objections", json={"reason": "Not mine."})).status_code == 403
    async with transparency.session() as session:
        decided = "UPDATE post_objections SET state = 'upheld', decided_by = raised_by"
        with pytest.raises(IntegrityError, match="ck_post_objections_two_people"):
            await (await session.connection()).execute(text(decided))


async def test_the_lead_decides_what_a_small_unit_with_a_withheld_post_shows(transparency: Running) -> None:
    """T-37: until then a finding stops publication; afterwards figures of the unit are not shown."""
    await imported(transparency, as_csv(MANAGER, post("A2", objection="upheld"), post("A3"), post("B1", unit="Big")))
    address = (await raised_by_import(transparency))["address"]
    lead = transparency.as_("transparency:dpl", sub="person:dee")
    assert (await lead.post(address, json={"decision": "upheld", "reason": "Risk."})).status_code == 201
    before = await drafted(transparency, draft_structure)
    row = before.rows[1]
    assert [(item.code, item.row_id, item.field) for item in before.findings] == [
        ("small_unit", row.row_id, "OrganisationalUnit")
    ]
    assert (row.cells["SalaryBand"], row.redaction_reason) == ("60000-64999", "OFFICER_BELOW_LIMIT")
    settle = {
        "publisher": "body",
        "applicable_date": "2018-03-31",
        "unit": "Advice",
        "decision": "hide_figures",
        "public_interest": "Its figures would show the pay of the withheld post.",
    }
    wrong = await lead.post("/v1/posts/small-units", json={**settle, "unit": "Big"})
    assert (wrong.status_code, wrong.json()["errors"][0]["code"], wrong.json()["errors"][0]["pointer"]) == (
        404,
        "unit_not_found",
        "/unit",
    )
    importer = transparency.as_("transparency:dpl", sub="person:pia")
    same = await importer.post("/v1/posts/small-units", json=settle)
    assert (same.status_code, same.json()["errors"][0]["code"]) == (409, "four_eyes")
    assert (await lead.post("/v1/posts/small-units", json=settle)).status_code == 201
    after = await drafted(transparency, draft_structure)
    row = after.rows[1]
    assert (after.findings, after.mark == before.mark) == ([], False)
    assert [row.cells[name] for name in ("SalaryBand", "Budget", "EmployeeCount")] == ["", "", ""]
    assert row.redaction_reason == "SMALL_UNIT"
    assert any("small unit" in note for note in after.notes)
    shown = (await lead.get("/v1/posts/small-units", params={"publisher": "body"})).json()["items"]
    assert [(item["unit"], item["review_on"]) for item in shown] == [("Advice", "2019-06-01")]


async def raised_by_import(transparency: Running) -> dict[str, Any]:
    lead = transparency.as_("transparency:dpl", sub="person:dee")
    (found,) = (await lead.get("/v1/posts/objections", params={"publisher": "body"})).json()["items"]
    assert (found["raised_by"], found["reason"]) == ("person:pia", "Stated in the staff list.")
    return {**found, "address": f"{BASE}/{found['post_id']}/objections/{found['objection_id']}/decisions"}


async def test_a_row_left_out_for_an_objection_is_named_for_earlier_editions_that_show_it(
    transparency: Running,
) -> None:
    """T-37, T-52: under the holder of this list, and under an earlier one whom a public edition shows."""
    big = [post(f"B{number}", unit="Big") for number in range(7)]
    await imported(transparency, as_csv(MANAGER, post("A2", unit="Big"), *big))
    shown = {make: (await drafted(transparency, make)).rows[1] for make in (draft_structure, draft_senior)}
    before = await drafted(transparency, draft_structure)
    assert [row.record["post_id"] for row in shown.values()] == ["A2", "A2"]
    assert (before.left_out_rows, before.makers) == ((), ("person:pia",))
    assert (await drafted(transparency, draft_counts)).makers == ("person:pia",)
    await edition(transparency, "organisation_structure")
    await imported(transparency, as_csv(MANAGER, post("A2", unit="Big", person_id="p-new"), *big))
    later = {make: (await drafted(transparency, make)).rows[1].row_id for make in shown}
    decided = await transparency.as_("transparency:dpl", sub="person:dee").post(
        await raised(transparency), json={"decision": "upheld", "reason": "The risk outweighs."}
    )
    assert decided.status_code == 201, decided.text
    structure, senior = [await drafted(transparency, make) for make in shown]
    of_earlier = shown[draft_structure].row_id
    assert structure.left_out_rows == tuple(sorted([later[draft_structure], of_earlier]))
    assert senior.left_out_rows == (later[draft_senior],)
    assert not {row.row_id for row in structure.rows} & set(structure.left_out_rows)
    assert senior.makers == ("person:pia",)


async def test_a_small_unit_names_the_rows_whose_figures_a_public_edition_shows(transparency: Running) -> None:
    """T-37, T-52: until that edition is withdrawn, and not those that were published without figures."""
    await imported(transparency, as_csv(MANAGER, post("A2"), post("A3"), post("A4", above="")))
    published = await edition(transparency, "organisation_structure")
    lead = transparency.as_("transparency:dpl", sub="person:dee")
    upheld = {"decision": "upheld", "reason": "The risk outweighs."}
    assert (await lead.post(await raised(transparency), json=upheld)).status_code == 201
    unit = {"publisher": "body", "applicable_date": "2018-03-31", "unit": "Advice", "decision": "hide_figures"}
    settled = await lead.post("/v1/posts/small-units", json={**unit, "public_interest": "One post would be known."})
    assert settled.status_code == 201, settled.text
    rows = {row["post_id"]: row["row_id"] for row in published}
    draft = await drafted(transparency, draft_structure)
    assert {row.record["post_id"] for row in draft.rows} == {"A1", "A3", "A4"}
    assert draft.left_out_rows == tuple(sorted(rows[number] for number in ("A2", "A3", "A4")))
    officer = transparency.as_("transparency:preparer", sub="person:pia")
    first = {"dataset": "organisation_structure", "period": "2017-18", "edition": 1}
    body = {"publisher": "body", "editions": [first], "reason_class": "personal_data", "reason": "A post is shown."}
    assert (await officer.post("/v1/withdrawals", json=body)).status_code == 201
    assert (await drafted(transparency, draft_structure)).left_out_rows == (rows["A2"],)
    await edition(transparency, "organisation_structure", change_note="Figures are hidden.")
    assert (await drafted(transparency, draft_structure)).left_out_rows == (rows["A2"],)


async def edition(transparency: Running, dataset: str, **body: Any) -> list[dict[str, Any]]:
    """The rows of the next edition, published with every finding looked at."""
    path = f"/v1/datasets/body/{dataset}/2017-18"
    checked = await check(transparency, path, **body)
    preparer = transparency.as_("transparency:preparer", sub="person:pia")
    for finding in checked["findings"]:
        where = f"{path}/editions/{checked['edition']}/findings/{finding['finding_id']}/resolutions"
        assert (await preparer.post(where, json={"reason": "Looked at."})).status_code == 201
    answer = await approve(transparency, checked, path)
    assert answer.status_code == 201, answer.text
    address = f"/open/body/{dataset}/2017-18/v{checked['edition']}/{dataset}.json"
    return (await transparency.anonymous.get(address)).json()["rows"]  # type: ignore[no-any-return]
