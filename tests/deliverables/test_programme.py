"""Opening and importing a programme year over HTTP, on the real 2017/18 tables."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tests.deliverables.steps import (
    AGREEMENT,
    BODY,
    done,
    imported,
    one,
    opened,
    problem,
    registered,
    sent,
    signed,
    summary,
    the_year,
)
from tests.harness import Running

ONE_COUNCIL = "ref,part,value,unit\nE3,1,41,council\n"


async def put(deliverables: Running, body: dict[str, Any], etag: str | None = None, year: str = "2017-18") -> Any:
    headers = {"If-Match": etag} if etag else {}
    return await deliverables.as_("deliverables:officer").put(f"/v1/programmes/{year}", json=body, headers=headers)


async def test_a_signed_agreement_opens_an_empty_year(deliverables: Running) -> None:
    """Design section 1: AgreementSigned opens an empty programme; the recipient runs it."""
    assert (await deliverables.anonymous.get("/v1/programmes/2017-18")).status_code == 404
    await opened(deliverables)
    answer = done(await deliverables.anonymous.get("/v1/programmes/2017-18"), 200)
    assert (answer["state"], answer["agreed"], answer["agreement_id"]) == ("open", 0, str(AGREEMENT))
    assert answer["organisation"] == {"id": str(BODY), "slug": "agency", "name": "Improvement Agency"}
    assert answer["scheme"]["question"] == "Has the target been achieved?"


async def test_opening_twice_or_late_changes_nothing(deliverables: Running) -> None:
    """A reaction is safe to repeat and ignores an older version, and another agreement of the year."""
    await imported(deliverables)
    before = done(await deliverables.anonymous.get("/v1/programmes/2017-18"), 200)
    await deliverables.receive(signed(), signed(agreement_id=UUID(int=99)), registered())
    assert done(await deliverables.anonymous.get("/v1/programmes/2017-18"), 200) == before
    await deliverables.receive(registered(3, "Agency 3"), registered(2, "Agency 2"))
    after = done(await deliverables.anonymous.get("/v1/programmes/2017-18"), 200)
    assert after["organisation"]["name"] == "Agency 3"


async def test_the_year_holds_60_agreed_deliverables_in_61_rows(deliverables: Running) -> None:
    """D-1 to D-3: four themes; a split parent counts once, a lead-in not at all; rows of the source tables fit."""
    answer = await imported(deliverables)
    by_theme = (await summary(deliverables))["themes"]
    assert [theme["code"] for theme in by_theme] == ["E", "EP", "LC", "SC"]
    assert (answer["state"], answer["agreed"], answer["reporting_rows"]) == ("imported", 60, 61)
    assert answer["target_parts"] == len(the_year()["targets"])
    assert answer["unresolved"] == ["SC1/2"]
    assert (await one(deliverables, "SC2"))["printed_ref"] == "C2"
    parent, lead_in = await one(deliverables, "EP11"), await one(deliverables, "LC7")
    assert (parent["agreed"], parent["reporting_row"]) == (True, False)
    assert (lead_in["agreed"], lead_in["reporting_row"]) == (False, False)
    assert (await one(deliverables, "LC2"))["follows"] == "E6"
    listed = done(await deliverables.anonymous.get("/v1/programmes/2017-18/deliverables"), 200)
    assert [item["ref"] for item in listed["items"]] == [row["ref"] for row in the_year()["deliverables"]]


async def test_the_same_body_again_changes_nothing(deliverables: Running) -> None:
    """The first import needs no If-Match, later ones do; an equal one keeps version and ids."""
    before = await imported(deliverables)
    problem(await put(deliverables, the_year()), 428)
    problem(await put(deliverables, the_year(), '"1"'), 412)
    response = await put(deliverables, the_year(), f'"{before["version"]}"')
    assert done(response, 200) == before
    problem(await put(deliverables, the_year(), '"1.anything"'), 412)
    done(await put(deliverables, the_year(), response.headers["etag"]), 200)


async def test_what_arrives_from_outside_changes_the_tag(deliverables: Running) -> None:
    """If-None-Match answers 304 only while nothing that is shown has changed."""
    await imported(deliverables)
    tag = (await deliverables.anonymous.get("/v1/programmes/2017-18")).headers["etag"]
    same = await deliverables.anonymous.get("/v1/programmes/2017-18", headers={"If-None-Match": tag})
    assert same.status_code == 304
    await deliverables.receive(registered(2, "Renamed Agency"))
    other = await deliverables.anonymous.get("/v1/programmes/2017-18", headers={"If-None-Match": tag})
    assert done(other, 200)["organisation"]["name"] == "Renamed Agency"


async def test_a_changed_title_keeps_the_ids(deliverables: Running) -> None:
    """A later import of other content is one new version of the same things."""
    before, e1 = await imported(deliverables), await one(deliverables, "E1")
    body = the_year()
    body["deliverables"][0]["title"] = "Peer challenges"
    after = done(await put(deliverables, body, f'"{before["version"]}"'), 200)
    assert after["version"] == before["version"] + 1
    now = await one(deliverables, "E1")
    assert (now["id"], now["title"]) == (e1["id"], "Peer challenges")


async def test_every_fault_of_a_body_is_named_at_once(deliverables: Running) -> None:
    """D-3, D-4, D-8: unknown references, cycles and parts without a whole, each by pointer."""
    await opened(deliverables)
    body = {
        "themes": [{"code": "E", "title": "Effective"}],
        "deliverables": [
            {"ref": "E6", "theme": "E", "title": "Teams", "refers_to": "LC2"},
            {"ref": "LC2", "theme": "L", "title": "Teams again", "refers_to": "E6"},
            {"ref": "E7", "theme": "E", "title": "Half", "row_kind": "split_row", "split_of": "E8"},
        ],
        "targets": [
            {"ref": "E6", "part": 1, "operator": "ge", "low": "10", "unit": "council", "accumulation": "distinct_set"},
            {"ref": "E9", "part": 1, "join": "of_which", "operator": "range", "low": 5, "high": 3, "unit": "council"},
        ],
    }
    assert problem(await put(deliverables, body), 422) == {
        "/deliverables/0/refers_to": "reference_cycle",
        "/deliverables/1/refers_to": "reference_cycle",
        "/deliverables/1/theme": "unknown_theme",
        "/deliverables/2/split_of": "unknown_split_parent",
        "/deliverables/2/counts_in_summary": "counted_twice",
        "/targets/0/ref": "reference_not_editable",
        "/targets/1/ref": "unknown_ref",
        "/targets/1/join": "join_without_whole",
        "/targets/1/high": "range_reversed",
        "/targets/1/accumulation": "accumulation_missing",
    }
    assert done(await deliverables.anonymous.get("/v1/programmes/2017-18"), 200)["state"] == "open"


async def test_numbers_that_are_no_plain_numbers_are_refused(deliverables: Running) -> None:
    """Never 500 on bad input: marks, underscores, other scripts, exponents, days as seconds."""
    await opened(deliverables)
    base = {"ref": "E1", "part": 1, "operator": "ge", "unit": "council", "accumulation": "increment"}
    for bad in ("1_000", "1,000", "١٢", "1e3", "NaN", "9" * 30, -1, True):
        body = {"deliverables": [{"ref": "E1", "theme": "E", "title": "One"}], "targets": [{**base, "low": bad}]}
        assert "/targets/0/low" in problem(await put(deliverables, body), 422), bad
    for name, bad in (("due", 0), ("part", "1_0"), ("part", 1.5), ("operator", "about")):
        body = {
            "deliverables": [{"ref": "E1", "theme": "E", "title": "One"}],
            "targets": [{**base, "low": 1, name: bad}],
        }
        assert f"/targets/0/{name}" in problem(await put(deliverables, body), 422), name


async def test_printed_wording_is_read_where_no_operator_is_given(deliverables: Running) -> None:
    """D-13: wording becomes operator and numbers, and what has two readings stays unresolved."""
    await opened(deliverables)
    body = {
        "deliverables": [{"ref": "SC3", "theme": "SC", "title": "Bids"}],
        "targets": [
            {"ref": "SC3", "part": 1, "printed": "3/4 councils", "accumulation": "distinct_set"},
            {"ref": "SC3", "part": 2, "printed": "up to at least 6", "accumulation": "increment"},
        ],
    }
    assert done(await put(deliverables, body), 200)["unresolved"] == ["SC3/2"]
    first = (await one(deliverables, "SC3"))["parts"][0]["target"]
    assert (first["operator"], first["low"], first["high"], first["unit"]) == ("range", 3, 4, "council")


async def test_what_results_were_judged_on_stays(deliverables: Running) -> None:
    """D-11, D-15: with values, the mode is fixed and the target changes by a variation only."""
    etag = f'"{(await imported(deliverables))["version"]}"'
    await sent(deliverables, ONE_COUNCIL, as_at="2017-09-30")
    mode, lower, gone = the_year(), the_year(), the_year()
    row = next(i for i, part in enumerate(mode["targets"]) if part["ref"] == "E3")
    mode["targets"][row]["accumulation"] = "increment"
    lower["targets"][row]["low"] = "40"
    del gone["targets"][row]
    assert problem(await put(deliverables, mode, etag), 409) == {"/targets": "mode_fixed"}
    assert problem(await put(deliverables, lower, etag), 409) == {"/targets": "target_fixed"}
    assert problem(await put(deliverables, gone, etag), 409) == {"/targets": "target_fixed"}
    assert (await one(deliverables, "E3"))["parts"][0]["target"]["low"] == 75


async def test_writing_needs_the_scope_and_the_organisation(deliverables: Running) -> None:
    """Design section 7: scopes on routes, the organisations claim on writes."""
    await opened(deliverables)
    problem(await deliverables.anonymous.put("/v1/programmes/2017-18", json=the_year()), 401)
    problem(await deliverables.as_("deliverables:lead").put("/v1/programmes/2017-18", json=the_year()), 403)
    other = deliverables.as_("deliverables:officer", organisations=["someone-else"])
    problem(await other.put("/v1/programmes/2017-18", json=the_year()), 403)
    mine = deliverables.as_("deliverables:officer", organisations=["agency"])
    done(await mine.put("/v1/programmes/2017-18", json=the_year()), 200)
