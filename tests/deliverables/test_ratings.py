"""Ratings over HTTP: claims beside numbers, second persons, and the summary of the real year."""

from __future__ import annotations

import asyncio
import csv
import io
from typing import Any

from shared.events.deliverables import RatingRecorded
from tests.deliverables.steps import (
    approve,
    done,
    imported,
    one,
    problem,
    rate,
    send,
    sent,
    summary,
    year_with_results,
)
from tests.harness import Running

MISSING = ("E4", "EP11a", "EP11b", "EP12", "EP13")


def colours(count: dict[str, Any]) -> tuple[int, ...]:
    """Green, amber, red, missing."""
    return (*(count["colours"][colour] for colour in ("green", "amber", "red")), count["missing"])


async def test_the_printed_ratings_count_as_in_the_source(deliverables: Running) -> None:
    """D-2, D-3, D-29, worked example 6."""
    await year_with_results(deliverables)
    printed = await summary(deliverables, counting="printed")
    assert (printed["period"], printed["rows"]["total"], printed["agreed"]["total"]) == ("2017-18-q4", 61, 60)
    assert colours(printed["rows"]) == (52, 4, 0, 5)
    assert printed["rows"]["missing_refs"] == list(MISSING)
    assert printed["agreed"]["missing_refs"] == ["E4", "EP11", "EP12", "EP13"]
    assert {theme["code"]: colours(theme["rows"]) for theme in printed["themes"]} == {
        "E": (11, 1, 0, 1),
        "EP": (12, 1, 0, 4),
        "LC": (18, 2, 0, 0),
        "SC": (11, 0, 0, 0),
    }
    reasons = {ref: (await one(deliverables, ref))["missing_reason"] for ref in MISSING}
    assert reasons == {"E4": "empty_cell", **dict.fromkeys(MISSING[1:], "column_lost")}


async def test_a_printed_claim_that_nobody_explained_is_counted_apart(deliverables: Running) -> None:
    """D-28: only matching ratings, approved overrides and those without a complete derived colour count."""
    await year_with_results(deliverables)
    explained = await summary(deliverables)
    assert colours(explained["rows"]) == (51, 4, 0, 5)
    assert explained["rows"]["overrides_unexplained_refs"] == ["EP4"]
    assert sum(colours(explained["rows"])) + explained["rows"]["overrides_unexplained"] == 61
    assert explained["over_commitments"] == ["EP16/2", "EP16/5", "SC1/7"]


async def test_rating_the_missing_ones_completes_the_year(deliverables: Running) -> None:
    """Worked example 7: 60 / 56 / 4 / 0, and with EP11a amber EP11 is amber too: 55 / 5 / 0."""
    await year_with_results(deliverables)
    for ref in MISSING:
        assert done(await rate(deliverables, ref, "green"))["state"] == "asserted"
    done(await approve(deliverables, done(await rate(deliverables, "EP4", "green", reason="As the source prints it."))))
    complete = await summary(deliverables)
    assert (complete["agreed"]["total"], *colours(complete["agreed"])) == (60, 56, 4, 0, 0)
    assert (complete["agreed"]["override_refs"], complete["agreed"]["overrides_unexplained"]) == (["EP4"], 0)
    done(await rate(deliverables, "EP11a", "amber"))
    assert (await one(deliverables, "EP11a"))["rating"] == "amber"
    assert colours((await summary(deliverables))["agreed"]) == (55, 5, 0, 0)


async def test_an_override_needs_a_reason_and_another_person(deliverables: Running) -> None:
    """D-28, worked example 19: EP4 with £9.3m of £10m asserted green."""
    await imported(deliverables)
    await sent(deliverables, "ref,part,value,bound,unit\nEP4,1,9300000,approx,gbp\n", as_at="2018-03-31")
    ep4 = await one(deliverables, "EP4")
    assert ep4["derived"] == {"colour": "amber", "complete": True, "headline_percent": "93.0"}
    assert problem(await rate(deliverables, "EP4", "green"), 409) == {"/reason": "override_reason_missing"}
    waiting = done(await rate(deliverables, "EP4", "green", sub="person:lead", reason="Counted late."))
    assert (waiting["state"], waiting["overridden"], waiting["derived"]) == ("awaiting_approval", False, "amber")
    read = await deliverables.as_("deliverables:read").get("/v1/programmes/2017-18/summary")
    assert done(read, 200)["awaiting_approval"] == ["EP4"]
    assert (await summary(deliverables))["awaiting_approval"] == []
    assert (await one(deliverables, "EP4"))["awaiting_approval"] is None
    assert (await one(deliverables, "EP4"))["rating"] is None
    assert await deliverables.emitted(RatingRecorded) == []
    assert "override_same_person" in problem(await approve(deliverables, waiting, sub="person:lead"), 409).values()
    approved = done(await approve(deliverables, waiting))
    assert (approved["state"], approved["overridden"], approved["approver"]) == ("approved", True, "person:approver")
    shown = await one(deliverables, "EP4")
    assert (shown["derived"]["colour"], shown["rating"], shown["override_reason"]) == (
        "amber",
        "green",
        "Counted late.",
    )
    assert (await summary(deliverables))["agreed"]["overrides"] == 1
    (fact,) = await deliverables.emitted(RatingRecorded)
    assert (fact.deliverable, fact.derived, fact.asserted, fact.overridden) == ("EP4", "amber", "green", True)
    assert "nothing_to_approve" in problem(await approve(deliverables, waiting), 409).values()


async def test_an_override_falls_back_when_the_numbers_change(deliverables: Running) -> None:
    """D-28: what a second person approved was a difference to other numbers."""
    await imported(deliverables)
    await sent(deliverables, "ref,part,value,unit\nEP4,1,9300000,gbp\n", as_at="2018-03-31")
    waiting = done(await rate(deliverables, "EP4", "green", reason="Counted late."))
    revision = "ref,part,value,unit,reason\nEP4,1,{},gbp,Counted again.\n"
    await sent(deliverables, revision.format(1_000_000), as_at="2018-03-31")
    assert "nothing_to_approve" in problem(await approve(deliverables, waiting), 409).values()
    again = done(await rate(deliverables, "EP4", "green", reason="Counted late."))
    done(await approve(deliverables, again))
    assert (await summary(deliverables))["rows"]["override_refs"] == ["EP4"]
    await sent(deliverables, revision.format(6_000_000), as_at="2018-03-31")
    assert (await summary(deliverables))["rows"]["overrides_unexplained_refs"] == ["EP4"]


async def test_a_client_without_a_person_may_not_approve(deliverables: Running) -> None:
    """Design section 7: a token that is only a client approves nothing."""
    await imported(deliverables)
    await sent(deliverables, "ref,part,value,unit\nEP4,1,9300000,gbp\n", as_at="2018-03-31")
    waiting = done(await rate(deliverables, "EP4", "green", reason="Counted late."))
    robot = deliverables.as_("deliverables:approver", sub="client:robot", client_only=True)
    path = f"/v1/deliverables/{waiting['deliverable_id']}/ratings/{waiting['id']}/approvals"
    problem(await robot.post(path), 403)


async def test_split_parents_references_and_introductions_take_no_rating(deliverables: Running) -> None:
    """D-3, D-4."""
    await imported(deliverables)
    assert "split_parent_not_rated" in problem(await rate(deliverables, "EP11", "green"), 409).values()
    assert "reference_not_editable" in problem(await rate(deliverables, "LC2", "green"), 409).values()
    assert "not_a_deliverable" in problem(await rate(deliverables, "LC7", "green"), 409).values()
    assert problem(await rate(deliverables, "E3", "Blue"), 422) == {"/colour": "unknown_colour"}
    assert problem(await rate(deliverables, "E3", "Grn"), 422) == {"/colour": "unknown_colour"}
    assert done(await rate(deliverables, "E3", " GREEN "))["colour"] == "green"


async def test_an_import_does_not_undo_what_a_person_rated(deliverables: Running) -> None:
    """A printed colour that comes after a person's rating is named and not taken; a changed one needs a reason."""
    await imported(deliverables)
    done(await rate(deliverables, "E5", "amber"))
    green = "ref,part,value,unit,rag_as_printed\nE5,1,14,council,Green\n"
    row = (await sent(deliverables, green, as_at="2018-03-31"))["rows"][0]
    assert [reason["code"] for reason in row["reasons"]] == ["rated_by_a_person"]
    assert (await one(deliverables, "E5"))["rating"] == "amber"
    await sent(deliverables, "ref,part,rag_as_printed\nLC6,1,Green\n", as_at="2018-03-31")
    row = (await sent(deliverables, "ref,part,rag_as_printed\nLC6,1,Amber\n", as_at="2018-03-31"))["rows"][0]
    assert "conflict" in [reason["code"] for reason in row["reasons"]]
    assert (await one(deliverables, "LC6"))["rating"] == "green"


async def test_green_without_evidence_is_a_warning(deliverables: Running) -> None:
    """D-32: SC8 in the source has a colour and nothing to support it."""
    await imported(deliverables)
    rows = "ref,part,rag_as_printed,evidence,note\nSC8,1,Green,empty,Cell empty.\nSC7,1,Green,given,Conference held.\n"
    await sent(deliverables, rows, as_at="2018-03-31")
    assert (await summary(deliverables))["evidence_empty"] == ["SC8"]


async def test_summary_and_list_come_as_csv_too(deliverables: Running) -> None:
    """Design section 5: CSV by extension or Accept on every tabular read."""
    await year_with_results(deliverables)
    text = (await deliverables.anonymous.get("/v1/programmes/2017-18/summary.csv?counting=printed")).text
    total = next(r for r in csv.DictReader(io.StringIO(text)) if (r["theme"], r["counted"]) == ("all", "rows"))
    assert (total["green"], total["amber"], total["red"], total["missing"]) == ("52", "4", "0", "5")
    response = await deliverables.anonymous.get("/v1/programmes/2017-18/deliverables", headers={"Accept": "text/csv"})
    rows = {row["ref"]: row for row in csv.DictReader(io.StringIO(response.text))}
    assert len(rows) == 63
    assert (rows["E1"]["derived"], rows["E1"]["headline_percent"], rows["E1"]["rating"]) == ("amber", "91.4", "amber")
    assert rows["EP4"]["override_unexplained"] == "yes"
    missing = done(await deliverables.anonymous.get("/v1/programmes/2017-18/deliverables?rating=missing&theme=EP"), 200)
    assert [item["ref"] for item in missing["items"]] == ["EP11", *MISSING[1:]]


async def test_lists_page_by_keyset_and_refuse_unknown_parameters(deliverables: Running) -> None:
    """Design section 5: cursor bound to the filters, nearest name for a misspelt parameter."""
    await imported(deliverables)
    seen, path = [], "/v1/programmes/2017-18/deliverables?limit=25"
    while path:
        page = done(await deliverables.anonymous.get(path), 200)
        seen += [item["ref"] for item in page["items"]]
        path = (page["links"]["next"] or "").removeprefix("http://test/deliverables")
    assert len(seen) == len(set(seen)) == 63
    assert problem(await deliverables.anonymous.get("/v1/programmes/2017-18/deliverables?perid=x"), 400) == {
        "perid": "unknown_parameter"
    }
    assert problem(await deliverables.anonymous.get("/v1/programmes/2017-18/summary?period=2018-19-q1"), 422) == {
        "period": "invalid"
    }
    problem(await deliverables.anonymous.get("/v1/programmes/2017-19"), 404)


async def test_one_deliverable_is_read_with_a_token_and_its_history(deliverables: Running) -> None:
    """Question 3: a deliverable through the quarters, with every rating that was ever claimed."""
    await year_with_results(deliverables)
    e4 = await one(deliverables, "E4")
    problem(await deliverables.anonymous.get(f"/v1/deliverables/{e4['id']}"), 401)
    reader = deliverables.as_("deliverables:read")
    assert done(await reader.get(f"/v1/deliverables/{e4['id']}"), 200) == e4
    done(await rate(deliverables, "E4", "green"))
    history = done(await reader.get(f"/v1/deliverables/{e4['id']}/ratings"), 200)["items"]
    assert [(r["colour"], r["state"], r["origin"]) for r in history] == [
        ("green", "asserted", "person"),
        (None, "superseded", "as_printed"),
    ]
    problem(await reader.get("/v1/deliverables/00000000-0000-0000-0000-000000000001"), 404)


async def test_two_rows_of_one_claim_at_once_leave_one_standing(deliverables: Running) -> None:
    """D-45: concurrent requests; the database holds one standing rating for a deliverable and quarter."""
    await imported(deliverables)
    answers = await asyncio.gather(*(rate(deliverables, "E3", colour) for colour in ("green", "amber", "red")))
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    e3 = (await one(deliverables, "E3"))["id"]
    history = done(await deliverables.as_("deliverables:read").get(f"/v1/deliverables/{e3}/ratings"), 200)["items"]
    assert sorted(rating["state"] for rating in history) == ["asserted", "superseded", "superseded"]
    facts = await deliverables.emitted(RatingRecorded)
    assert [fact.version for fact in facts] == [1, 2, 3]
    assert (await send(deliverables, "ref,part\nE3,1\n", as_at="2018-03-31")).status_code == 201
