"""Taking in results over HTTP: every row an outcome, nothing half-written, the real tables of 2017/18."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

from shared.events.deliverables import RatingRecorded
from tests.deliverables.steps import DATA, done, imported, one, problem, rate, send, sent, table, year_with_results
from tests.harness import Running

H1, Q4 = "results_2017_18_h1.csv", "results_2017_18_q4.csv"
OFFICER = "deliverables:officer"


def outcome(answer: dict[str, object], ref: str, part: int = 1) -> list[tuple[str, list[str]]]:
    rows = answer["rows"]
    assert isinstance(rows, list)
    return [
        (row["outcome"], [reason["code"] for reason in row["reasons"]])
        for row in rows
        if (row["ref"], row["part"]) == (ref, part)
    ]


async def test_every_row_of_the_real_tables_has_an_outcome(deliverables: Running) -> None:
    """D-9, D-18, D-30: nothing is lost, nothing refused, what does not rate says why."""
    await imported(deliverables)
    half = await sent(deliverables, (DATA / H1).read_bytes())
    year = await sent(deliverables, (DATA / Q4).read_bytes(), as_at="2018-03-31")
    for answer, name in ((half, H1), (year, Q4)):
        assert answer["received"] == len(table(name)) == sum(answer["outcomes"].values()) == len(answer["rows"])
        assert answer["outcomes"]["rejected"] == answer["outcomes"]["conflict"] == 0
    assert outcome(half, "E1") == [("stored", []), ("stored", []), ("stored", [])]
    assert outcome(half, "E3") == [("unit_mismatch", ["unit_mismatch"])]
    assert outcome(half, "EP16", 5)[0] == ("stored", ["over_commitment"])
    assert outcome(year, "E2") == [("narrative", ["unassessed"])]
    assert outcome(year, "E9") == [("no_value", ["no_value"])]
    assert outcome(year, "E11") == [("unit_mismatch", ["unit_mismatch"])]
    assert outcome(year, "EP16", 9) == [("unit_mismatch", ["unit_mismatch"])]
    assert outcome(year, "LC2") == [("follows", ["follows"])]
    assert outcome(year, "SC1", 2) == [("stored", ["target_unresolved"])]
    assert outcome(year, "EP4") == [("stored", ["override_unexplained"])]
    assert [row["ref"] for row in year["rows"] if any(r["code"] == "override_unexplained" for r in row["reasons"])] == [
        "EP4"
    ]
    assert len(await deliverables.emitted(RatingRecorded)) == 55  # 56 coloured rows, of which LC2 follows E6


async def test_the_same_table_again_changes_nothing(deliverables: Running) -> None:
    """A repeated upload stores nothing and records nothing."""
    await year_with_results(deliverables)
    before = await deliverables.emitted()
    again = await sent(deliverables, (DATA / Q4).read_bytes(), as_at="2018-03-31")
    assert again["outcomes"]["unchanged"] + again["outcomes"]["follows"] == again["received"]
    assert await deliverables.emitted() == before


async def test_the_quarter_between_printed_totals_is_implied(deliverables: Running) -> None:
    """D-18, worked example 14, from the real tables; the half year counted local authorities, and says so."""
    await year_with_results(deliverables)
    part = (await one(deliverables, "E3"))["parts"][0]
    found = {q["quarter"]: (q["value"], q["implied"]) for q in part["quarters"]}
    assert found == {"2017-18-q3": (21, True), "2017-18-q4": (15, False)}
    assert part["quarters"][0]["units_differ"]
    assert [q["unit"] for q in part["quarters"]] == ["council", "council"]
    assert part["year_to_date"] == {"value": 77, "bound": "exact", "unit": "council"}


async def test_the_half_year_position_shows_committed_and_possible(deliverables: Running) -> None:
    """D-31, worked example 5, from the real table: on track if the pipeline holds, and no colour."""
    await imported(deliverables)
    await sent(deliverables, (DATA / H1).read_bytes())
    e1 = await one(deliverables, "E1", "2017-18-q2")
    position = e1["parts"][0]["position"]
    assert position["position"] == "on_track_if_pipeline_holds"
    assert (position["committed"]["value"], position["committed_percent"]) == (89, "80.9")
    assert (position["possible"]["value"], position["possible_percent"]) == (112, "101.8")
    assert (e1["derived"]["colour"], e1["rating"], e1["rating_state"]) == (None, None, "missing")


async def test_a_fallen_total_is_refused_and_accepted_as_a_revision(deliverables: Running) -> None:
    """D-17, D-18, worked example 15: 38 at Q3 after 41."""
    await imported(deliverables)
    await sent(deliverables, "ref,part,value,unit,as_at\nE3,1,41,council,2017-09-30\n")
    fallen = "ref,part,value,unit,as_at{}\nE3,1,38,council,2017-12-31{}\n"
    refused = await sent(deliverables, fallen.format("", ""))
    assert outcome(refused, "E3") == [("rejected", ["running_total_fell"])]
    assert refused["rows"][0]["reasons"][0]["detail"].startswith("38 at Q3 2017/18 after 41 at Q2 2017/18")
    taken = await sent(deliverables, fallen.format(",reason", ",Three councils were counted twice."))
    assert outcome(taken, "E3") == [("stored", [])]
    totals = [(await one(deliverables, "E3", f"2017-18-q{n}"))["parts"][0]["year_to_date"]["value"] for n in (2, 3)]
    assert totals == [41, 38]


async def test_a_quarter_without_named_councils_never_lowers_what_is_known(deliverables: Running) -> None:
    """D-14, D-18, D-21: 41 councils at Q2 and 12 active in Q3 are at least 41, whichever the 12 are."""
    await imported(deliverables)
    await sent(deliverables, "ref,part,value,unit,as_at\nE3,1,41,council,2017-09-30\n")
    e3 = await one(deliverables, "E3")
    body = {"part": 1, "period": "2017-18-q3", "value": 12, "unit": "council"}
    done(await deliverables.as_(OFFICER).post(f"/v1/deliverables/{e3['id']}/observations", json=body))
    part = (await one(deliverables, "E3", "2017-18-q3"))["parts"][0]
    assert part["year_to_date"] == {"value": 41, "bound": "ge", "unit": "council"}
    assert (part["percent"], part["colour"], part["inexact"]) == ("54.7", "amber", True)
    assert {q["quarter"]: q["value"] for q in part["quarters"]}["2017-18-q3"] == 12


async def test_what_was_counted_as_something_else_does_not_turn_red(deliverables: Running) -> None:
    """D-9, D-21: from the real half year, 41 local authorities and then 12 councils; no total in councils is known."""
    await imported(deliverables)
    await sent(deliverables, (DATA / H1).read_bytes())
    e3 = await one(deliverables, "E3")
    body = {"part": 1, "period": "2017-18-q3", "value": 12, "unit": "council"}
    done(await deliverables.as_(OFFICER).post(f"/v1/deliverables/{e3['id']}/observations", json=body))
    part = (await one(deliverables, "E3", "2017-18-q3"))["parts"][0]
    assert part["year_to_date"] == {"value": 41, "bound": "ge", "unit": "local_authority"}
    assert (part["colour"], part["why_not_rated"]) == (None, "unit_mismatch")


async def test_what_is_agreed_shrinks_as_it_is_done(deliverables: Running) -> None:
    """D-31: of 40 councils agreed, 25 were then supported; the 15 that remain stand beside them, not the 40."""
    await imported(deliverables)
    rows = [
        "E3,1,40,council,confirmed,2017-06-30",
        "E3,1,25,council,delivered,2017-09-30",
        "E3,1,15,council,confirmed,2017-09-30",
    ]
    table = "\n".join(["ref,part,value,unit,kind,as_at", *rows])
    await sent(deliverables, table, statement="in_period")
    position = (await one(deliverables, "E3", "2017-18-q2"))["parts"][0]["position"]
    assert position["committed"] == {"value": 40, "bound": "exact", "unit": "council"}


async def test_another_value_for_what_is_known_conflicts_and_overwrites_nothing(deliverables: Running) -> None:
    """D-16, D-25: a person has to say why; the earlier value stays readable."""
    await imported(deliverables)
    await sent(deliverables, "ref,part,value,unit\nE6,1,16,council\n", as_at="2018-03-31")
    other = "ref,part,value,unit{}\nE6,1,9,council{}\n"
    conflict = await sent(deliverables, other.format("", ""), as_at="2018-03-31")
    assert outcome(conflict, "E6") == [("conflict", ["conflict"])]
    assert (await one(deliverables, "E6"))["parts"][0]["year_to_date"]["value"] == 16
    revised = await sent(deliverables, other.format(",reason", ",Counted again."), as_at="2018-03-31")
    assert outcome(revised, "E6") == [("revised", [])]
    e6 = await one(deliverables, "E6")
    assert e6["parts"][0]["year_to_date"]["value"] == 9
    known = done(await deliverables.as_(OFFICER).get(f"/v1/deliverables/{e6['id']}/observations"), 200)["items"]
    assert [(o["value"], o["state"], o["reason"]) for o in known] == [
        (16, "revised", None),
        (9, "accepted", "Counted again."),
    ]
    back = await sent(deliverables, "ref,part,value,unit\nE6,1,16,council\n", as_at="2018-03-31")
    assert outcome(back, "E6") == [("unchanged", [])]


async def test_a_reference_follows_its_target_and_takes_nothing(deliverables: Running) -> None:
    """D-4, worked example 9: E6 = 16 against 10, revised to 9; LC2 shows both and refuses input."""
    await imported(deliverables)
    await sent(deliverables, "ref,part,value,unit,rag_as_printed\nE6,1,16,council,Green\n", as_at="2018-03-31")
    lc2 = await one(deliverables, "LC2")
    assert (lc2["derived"]["colour"], lc2["rating"], lc2["follows"]) == ("green", "green", "E6")
    refused = await sent(deliverables, "ref,part,value,unit\nLC2,1,16,council\n", as_at="2018-03-31")
    assert outcome(refused, "LC2") == [("rejected", ["reference_not_editable"])]
    await sent(deliverables, "ref,part,value,unit,reason\nE6,1,9,council,Counted again.\n", as_at="2018-03-31")
    for ref in ("E6", "LC2"):
        found = await one(deliverables, ref)
        assert (found["derived"]["colour"], found["derived"]["headline_percent"]) == ("amber", "90.0")
    differs = "ref,part,rag_as_printed\nE6,1,Green\nLC2,1,Red\n"
    assert outcome(await sent(deliverables, differs, as_at="2018-03-31"), "LC2")[0][1] == [
        "follows",
        "reference_differs",
    ]


async def test_a_part_above_its_whole_is_refused(deliverables: Running) -> None:
    """D-8, worked example 4: 120 corporate reviews of 115."""
    await imported(deliverables)
    rows = "ref,part,value,unit\nE1,1,115,peer_challenge\nE1,2,120,peer_challenge\n"
    answer = await sent(deliverables, rows, as_at="2018-03-31")
    assert outcome(answer, "E1", 1) == [("stored", [])]
    assert outcome(answer, "E1", 2) == [("rejected", ["part_exceeds_whole"])]
    assert "120 is more than 115 in total" in answer["rows"][1]["reasons"][0]["detail"]
    whole = await one(deliverables, "E1")
    assert [part["year_to_date"] is None for part in whole["parts"]] == [False, True]


async def test_a_stated_conversion_lets_another_unit_rate(deliverables: Running) -> None:
    """D-9: 14 local authorities are 14 councils only where somebody says so."""
    await imported(deliverables)
    rows = "ref,part,value,unit,converted_value,conversion_note\nE11,1,14,local_authority,14,All are councils.\n"
    assert outcome(await sent(deliverables, rows, as_at="2018-03-31"), "E11") == [("stored", [])]
    assert (await one(deliverables, "E11"))["derived"] == {
        "colour": "green",
        "complete": True,
        "headline_percent": "140.0",
    }


async def test_narrative_parts_rate_by_assessment(deliverables: Running) -> None:
    """D-27: done, partly and not done are green, amber and red."""
    await imported(deliverables)
    rows = "ref,part,assessment,note\nE10,1,done,Held.\nE10,2,partly,One of two.\n"
    answer = await sent(deliverables, rows, as_at="2018-03-31")
    assert outcome(answer, "E10", 2) == [("narrative", [])]
    assert (await one(deliverables, "E10"))["derived"] == {
        "colour": "amber",
        "complete": True,
        "headline_percent": None,
    }
    wrong = await sent(deliverables, "ref,part,assessment\nE3,1,done\n", as_at="2018-03-31")
    assert outcome(wrong, "E3") == [("rejected", ["assessment_not_taken"])]


async def test_a_result_after_the_quarter_needs_a_note_that_says_why(deliverables: Running) -> None:
    """D-20: it counts in the quarter it happened in; the pay agreement of early April is noted where it is reported."""
    await imported(deliverables)
    row = "ref,part,value,bound,unit,occurred_on,note\nE5,1,14,exact,council,2018-04-03,{}\n"
    without = await sent(deliverables, row.format(""), as_at="2018-03-31")
    assert without["outcomes"]["rejected"] == 1
    assert without["rows"][0]["reasons"][0]["code"] == "occurred_after_period"
    noted = await sent(deliverables, row.format("settled days after the year end"), as_at="2018-03-31")
    assert noted["outcomes"]["stored"] == 1


async def test_bad_rows_are_located_and_do_not_stop_the_good_ones(deliverables: Running) -> None:
    """D-30, worked example 8: each fault by record, line and column, with the fix."""
    await imported(deliverables)
    header = "ref,part,value,bound,unit,rag_as_printed,as_at,occurred_on,note\n"
    rows = (
        "E5,1,14,exact,council, green ,2018-03-31,,\n"
        'E6,1,"1,600",about,Peer Challenge,Grn,2018-03-31,,"two\nlines"\n'
        "\n"
        "ZZ,1,1,exact,council,Green,2018-03-31,,\n"
        "E7,9,1,exact,council,Blue,2018-03-31,,\n"
        "EP11,1,1,exact,council,,2018-03-31,,\n"
        "LC7,1,1,exact,council,,2018-03-31,,\n"
        "E1,1,1,exact,peer_challenge,,2019-01-31,,\n"
        "E1,1,1,exact,peer_challenge,,31/03/2018,,\n"
        "LC1,1,57,exact,person,,2018-03-31,2018-04-05,\n"
        "LC8,1,23,exact,council,,2018-03-31,,,9\n"
        "LC18,0,NaN,exact,council,,,,\n"
    )
    answer = await sent(deliverables, header + rows)
    assert answer["outcomes"]["stored"] == 1
    assert answer["outcomes"]["rejected"] == 10
    faults = {
        (row["record"], row["line"], reason.get("column")): reason["code"]
        for row in answer["rows"]
        for reason in row["reasons"]
    }
    assert faults == {
        (2, 3, "value"): "bad_number",
        (2, 3, "bound"): "unknown_bound",
        (2, 3, "unit"): "bad_unit",
        (2, 3, "rag_as_printed"): "unknown_colour",
        (3, 6, "ref"): "unknown_ref",
        (4, 7, "rag_as_printed"): "unknown_colour",
        (5, 8, "part"): "unknown_part",
        (6, 9, "part"): "unknown_part",
        (7, 10, "as_at"): "outside_year",
        (8, 11, "as_at"): "bad_date",
        (9, 12, "occurred_on"): "occurred_after_period",
        (10, 13, None): "wrong_cell_count",
        (11, 14, "part"): "bad_part",
        (11, 14, "value"): "bad_number",
        (11, 14, "as_at"): "as_at_missing",
    }
    assert (await one(deliverables, "E5"))["rating"] == "green"


async def test_nothing_is_delivered_or_rated_before_its_quarter(deliverables: Running) -> None:
    """Facts are never in the future; what is agreed for a later quarter is confirmed, not delivered."""
    await imported(deliverables)
    deliverables.clock.set(datetime(2017, 12, 31, 23, 59, tzinfo=UTC))
    rows = "ref,part,value,unit,kind\nE3,1,77,council,delivered\nE5,1,14,council,confirmed\n"
    answer = await sent(deliverables, rows, as_at="2018-03-31")
    assert outcome(answer, "E3") == [("rejected", ["in_the_future"])]
    assert outcome(answer, "E5") == [("stored", [])]
    assert problem(await rate(deliverables, "E3", "green"), 422) == {"/period": "invalid"}
    deliverables.clock.set(datetime(2018, 1, 1, tzinfo=UTC))
    assert outcome(await sent(deliverables, rows, as_at="2018-03-31"), "E3") == [("stored", [])]


async def test_each_instance_has_a_value_of_its_own(deliverables: Running) -> None:
    """D-8: £8m at one consortium does not serve for two; an instance belongs to targets that apply to each."""
    await imported(deliverables)
    rows = (
        "ref,part,value,unit,instance\n"
        "SC4,1,2,consortium,\nSC4,2,8000000,gbp,first\nSC4,2,3000000,gbp,second\nE3,1,77,council,first\n"
    )
    answer = await sent(deliverables, rows, as_at="2018-03-31")
    assert outcome(answer, "E3") == [("rejected", ["instance_not_taken"])]
    savings = (await one(deliverables, "SC4"))["parts"][1]
    assert (savings["colour"], savings["percent"], savings["year_to_date"]) == ("amber", "75.0", None)
    assert [(i["instance"], i["year_to_date"]["value"]) for i in savings["instances"]] == [
        ("first", 8_000_000),
        ("second", 3_000_000),
    ]


async def test_a_reference_has_one_printed_rating(deliverables: Running) -> None:
    """The rating belongs to the reference and is repeated on its parts, so they must agree."""
    await imported(deliverables)
    rows = "ref,part,value,unit,rag_as_printed\nE1,1,115,peer_challenge,Amber\nE1,2,64,peer_challenge,Green\n"
    answer = await sent(deliverables, rows, as_at="2018-03-31")
    assert outcome(answer, "E1", 2) == [("rejected", ["rating_contradicts"])]
    assert (await one(deliverables, "E1"))["rating"] == "amber"


async def test_a_file_that_is_no_table_of_results_is_refused_whole(deliverables: Running) -> None:
    """Never 500 on bad input: other types, encodings, NUL, unknown and missing columns, open quotes."""
    await imported(deliverables)
    assert problem(await send(deliverables, "reff,part,value\n"), 422) == {
        "reff": "unknown_column",
        "ref": "column_missing",
    }
    for bad, code in (
        (b"ref,part\n\xff,1\n", "not_utf8"),
        (b"ref,part\nE1,\x001\n", "bad_text"),
        (b'ref,part\nE1,"1\n', "unreadable_table"),
        (b"ref,part\n", "unreadable_table"),
        (b"", "column_missing"),
    ):
        assert code in problem(await send(deliverables, bad, as_at="2018-03-31"), 422).values(), bad
    json_body = deliverables.as_(OFFICER).post("/v1/programmes/2017-18/results", json={})
    assert (await json_body).status_code == 415
    both = await send(deliverables, "ref,part\nE1,1\n", as_at="2018-03-31", period="2017-18-q4")
    assert problem(both, 422) == {"period": "invalid"}


async def test_outcomes_come_as_csv_too(deliverables: Running) -> None:
    """The answer by Accept, and the same again at its address."""
    await imported(deliverables)
    response = await deliverables.as_(OFFICER).post(
        "/v1/programmes/2017-18/results?as_at=2018-03-31",
        content=b"ref,part,value,unit\nE3,1,77,council\nE99,1,1,council\n",
        headers={"Content-Type": "text/csv", "Accept": "text/csv"},
    )
    assert (response.status_code, response.headers["content-type"]) == (201, "text/csv; charset=utf-8")
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert [(row["record"], row["ref"], row["outcome"], row["code"], row["column"]) for row in rows] == [
        ("1", "E3", "stored", "", ""),
        ("2", "E99", "rejected", "unknown_ref", "ref"),
    ]
    address = response.headers["location"].removeprefix("http://test/deliverables")
    again = await deliverables.as_("deliverables:read").get(f"{address}/outcomes.csv")
    assert again.content == response.content
    assert done(await deliverables.as_("deliverables:read").get(address), 200)["outcomes"]["rejected"] == 1


async def test_one_result_is_taken_in_by_the_same_rules(deliverables: Running) -> None:
    """D-14, D-16: an increment of a quarter, a correction with a reason, and what stands against them by pointer."""
    await imported(deliverables)
    lc8 = (await one(deliverables, "LC8"))["id"]
    client, path = deliverables.as_(OFFICER), f"/v1/deliverables/{lc8}/observations"
    first = {"period": "2017-18-q1", "value": 5, "unit": "chief_executive"}
    assert done(await client.post(path, json=first))["outcome"] == "stored"
    done(await client.post(path, json={**first, "period": "2017-18-q2", "value": "7"}))
    assert (await one(deliverables, "LC8"))["parts"][0]["year_to_date"]["value"] == 12
    assert problem(await client.post(path, json={**first, "value": 6}), 409) == {"/value": "conflict"}
    assert done(await client.post(path, json={**first, "value": 6, "reason": "One came late."}))["outcome"] == "revised"
    assert (await one(deliverables, "LC8"))["parts"][0]["year_to_date"]["value"] == 13
    problem(await client.post(path, json={"period": "2017-18-q1"}), 422)
    problem(await client.post(path, json={**first, "period": "2018-19-q1"}), 422)
