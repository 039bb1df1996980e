"""Outturns over HTTP: recorded, superseded, asked for as known on a day; worked examples 9 to 11."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.events.grants import OutturnRecorded
from tests.grants.steps import budgeted, done, drafted, figures, problem, signed
from tests.harness import Running

PROVISIONAL: dict[str, Any] = {"state": "provisional", "as_at": "2018-03-31", "spend_pence": 2_098_600_000}
AUDIT: dict[str, Any] = {
    "auditor": "Grant & Co",
    "accounts_reference": "Accounts 2017/18, note 12",
    "audited_on": "2018-06-01",
}
FINAL: dict[str, Any] = {**PROVISIONAL, "state": "final", **AUDIT}
AUDIT_TEXTS = ("/auditor", "/accounts_reference")


async def record(grants: Running, agreement: str = "2017-18", **body: Any) -> dict[str, Any]:
    client = grants.as_("grants:finance", "grants:cfo", "grants:history")
    return done(await client.post(f"/v1/agreements/{agreement}/outturns", json=body))


async def test_the_provisional_outturn_of_2017_18_leaves_fourteen_thousand_pounds(grants: Running) -> None:
    """Worked example 10; G-35."""
    await signed(grants)
    outturn = await record(grants, **PROVISIONAL)
    assert (outturn["underspend_pence"], outturn["underspend_percent"]) == (1_400_000, "0.067")
    assert (outturn["number"], outturn["stated"], outturn["supersedes"]) == (1, False, None)


async def test_the_outturn_of_2016_17_leaves_seven_thousand_pounds(grants: Running) -> None:
    """Worked example 9."""
    await signed(grants, "2016/17", 2_140_000_000)
    outturn = await record(grants, "2016-17", state="provisional", as_at="2017-03-31", spend_pence=2_139_300_000)
    assert (outturn["underspend_pence"], outturn["underspend_percent"]) == (700_000, "0.033")


async def test_a_later_final_outturn_supersedes_and_the_earlier_one_is_still_known_on_its_day(grants: Running) -> None:
    """Worked example 11; G-34."""
    grants.clock.set(datetime(2018, 5, 24, 10, tzinfo=UTC))
    await signed(grants)
    first = await record(grants, **PROVISIONAL)
    grants.clock.set(datetime(2018, 7, 30, 10, tzinfo=UTC))
    final = await record(grants, state="final", as_at="2018-07-30", spend_pence=2_098_125_000, **AUDIT)
    assert (final["underspend_pence"], final["underspend_percent"]) == (1_875_000, "0.089")
    assert final["supersedes"] == first["id"]

    outturns = "/v1/agreements/2017-18/outturns"
    known = done(await grants.anonymous.get(f"{outturns}/latest", params={"known_by": "2018-05-24"}), 200)
    assert (known["id"], known["underspend_pence"]) == (first["id"], 1_400_000)
    assert known["superseded_by"] == final["id"]
    assert done(await grants.anonymous.get(f"{outturns}/latest"), 200)["id"] == final["id"]
    listed = done(await grants.anonymous.get(outturns), 200)["items"]
    assert [item["number"] for item in listed] == [2, 1]
    listed = done(await grants.anonymous.get(outturns, params={"known_by": "2018-05-24"}), 200)["items"]
    assert [item["number"] for item in listed] == [1]
    problem(await grants.anonymous.get(f"{outturns}/latest", params={"known_by": "2018-05-23"}), 404)


async def test_the_fact_goes_to_the_outbox_with_the_figures_and_what_it_supersedes(grants: Running) -> None:
    agreement = await signed(grants)
    first = await record(grants, **PROVISIONAL)
    await record(grants, **{**PROVISIONAL, "spend_pence": 2_098_500_000, "reason": "a late invoice was withdrawn"})
    one, two = await grants.emitted(OutturnRecorded)
    assert (str(one.agreement_id), one.version, two.version) == (agreement["id"], 1, 2)
    assert (two.spend_pence, two.underspend_pence, str(two.supersedes)) == (2_098_500_000, 1_500_000, first["id"])


async def test_a_stated_time_needs_the_history_scope_and_is_kept_beside_the_recorded_one(grants: Running) -> None:
    """Two times: what happened, and when it was recorded."""
    await signed(grants)
    body = {**PROVISIONAL, "happened_at": "2018-05-24T09:00:00Z"}
    path = "/v1/agreements/2017-18/outturns"
    problem(await grants.as_("grants:finance").post(path, json=body), 403)
    outturn = done(await grants.as_("grants:finance", "grants:history").post(path, json=body))
    assert outturn["stated"] is True
    assert (outturn["happened_at"], outturn["recorded_at"]) == ("2018-05-24T09:00:00Z", "2018-06-01T12:00:00Z")
    latest = f"{path}/latest"
    assert done(await grants.anonymous.get(latest, params={"as_at": "2018-05-24"}), 200)["id"] == outturn["id"]
    problem(await grants.anonymous.get(latest, params={"as_at": "2018-05-23"}), 404)
    assert done(await grants.anonymous.get(path, params={"as_at": "2018-05-23"}), 200)["items"] == []
    problem(await grants.anonymous.get(latest, params={"known_by": "2018-05-24"}), 404)


async def test_spend_above_the_grant_is_refused_and_leaves_no_event(grants: Running) -> None:
    """G-30: the excess stands as own funds, to the penny, or nothing is recorded."""
    await signed(grants)
    client = grants.as_("grants:finance")
    path = "/v1/agreements/2017-18/outturns"
    over = {**PROVISIONAL, "spend_pence": 2_100_000_001}
    assert problem(await client.post(path, json=over), 409) == {"/own_funds_pence": "over_grant"}
    assert problem(await client.post(path, json={**over, "own_funds_pence": 2}), 409) == {
        "/own_funds_pence": "over_grant"
    }
    assert await grants.emitted(OutturnRecorded) == []
    outturn = done(await client.post(path, json={**over, "own_funds_pence": 1}))
    assert (outturn["underspend_pence"], outturn["own_funds_pence"]) == (0, 1)


async def test_a_final_outturn_is_the_chief_finance_officers(grants: Running) -> None:
    await signed(grants)
    body = {"state": "final", "as_at": "2018-06-01", "spend_pence": 1}
    refused = await grants.as_("grants:finance").post("/v1/agreements/2017-18/outturns", json=body)
    assert problem(refused, 403) == {"": "cfo_needed"}


async def test_a_state_never_goes_back_and_the_same_state_needs_a_reason(grants: Running) -> None:
    """G-34: forecast > provisional > final."""
    await signed(grants)
    await record(grants, **PROVISIONAL)
    client = grants.as_("grants:finance")
    path = "/v1/agreements/2017-18/outturns"
    forecast = {**PROVISIONAL, "state": "forecast"}
    assert problem(await client.post(path, json=forecast), 409) == {"/state": "outturn_out_of_order"}
    assert problem(await client.post(path, json=PROVISIONAL), 409) == {"/reason": "reason_missing"}


async def test_an_unsigned_agreement_has_no_outturn(grants: Running) -> None:
    await drafted(grants)
    refused = await grants.as_("grants:finance").post("/v1/agreements/2017-18/outturns", json=PROVISIONAL)
    assert problem(refused, 409) == {"": "not_signed"}


@pytest.mark.parametrize(
    ("change", "status", "errors"),
    [
        ({"as_at": "2018-06-02"}, 422, {"/as_at": "future_date"}),
        ({"as_at": "2018-05-25", "happened_at": "2018-05-24T09:00:00Z"}, 422, {"/as_at": "future_date"}),
        ({"as_at": "2018-03-30"}, 409, {"/as_at": "year_not_over"}),
        ({"as_at": "2017-03-31", "state": "forecast"}, 409, {"/as_at": "year_not_over"}),
        ({"spend_pence": -1}, 422, {"/spend_pence": "greater_than_equal"}),
        ({"spend_pence": "20986000"}, 422, {"/spend_pence": "int_type"}),
        ({"spend_pence": 2.5}, 422, {"/spend_pence": "int_type"}),
        ({"spend_pence": 10**30}, 422, {"/spend_pence": "less_than_equal"}),
        ({"state": "audited"}, 422, {"/state": "enum"}),
        ({"happened_at": "2018-05-24T09:00:00"}, 422, {"/happened_at": "timezone_aware"}),
        ({"happened_at": "2019-05-24T09:00:00Z"}, 422, {"/happened_at": "invalid"}),
        ({"spent": 1}, 422, {"/spent": "extra_forbidden"}),
        ({"audited_on": "2018-05-31"}, 409, {"/audited_on": "audited_but_not_final"}),
        ({"auditor": "A", "accounts_reference": "B"}, 409, dict.fromkeys(AUDIT_TEXTS, "audited_but_not_final")),
        ({"lines": [{"code": "OG1", "spend_pence": 1}]}, 409, {"/lines": "no_budget"}),
    ],
)
async def test_bad_input_is_located_and_records_nothing(
    grants: Running, change: dict[str, Any], status: int, errors: dict[str, str]
) -> None:
    """G-32 and the shapes of the fields."""
    await signed(grants)
    client = grants.as_("grants:finance", "grants:history")
    refused = await client.post("/v1/agreements/2017-18/outturns", json={**PROVISIONAL, **change})
    assert problem(refused, status) == errors
    assert await grants.emitted(OutturnRecorded) == []


async def test_a_year_that_is_no_year_and_a_year_without_agreement_are_told_apart(grants: Running) -> None:
    """G-2."""
    assert problem(await grants.anonymous.get("/v1/agreements/2017-19/outturns"), 422) == {
        "agreement": "bad_year_label"
    }
    problem(await grants.anonymous.get("/v1/agreements/2018-19/outturns"), 404)
    await signed(grants)
    problem(await grants.anonymous.get("/v1/agreements/2017-18/outturns/first"), 404)
    problem(await grants.anonymous.get("/v1/agreements/2017-18/outturns", params={"known_by": "9999-12-31"}), 422)


async def test_an_outturn_cannot_have_happened_before_the_one_it_supersedes(grants: Running) -> None:
    """G-34: asked for as at a day, the one recorded last must be the one that happened last."""
    await signed(grants)
    client = grants.as_("grants:finance", "grants:history")
    path = "/v1/agreements/2017-18/outturns"
    done(await client.post(path, json={**PROVISIONAL, "happened_at": "2018-05-10T09:00:00Z"}))
    earlier = {**PROVISIONAL, "reason": "An invoice was found.", "happened_at": "2018-05-09T09:00:00Z"}
    refused = await client.post(path, json=earlier)
    assert problem(refused, 409) == {"/happened_at": "earlier_than_forerunner"}
    done(await client.post(path, json={**earlier, "happened_at": "2018-05-10T09:00:01Z"}))


async def test_a_final_outturn_rests_on_audited_accounts_and_says_which(grants: Running) -> None:
    """G-34: without them it is refused, every missing part named at once, and nothing is recorded."""
    await signed(grants)
    client = grants.as_("grants:cfo")
    path = "/v1/agreements/2017-18/outturns"
    refused = await client.post(path, json={**PROVISIONAL, "state": "final"})
    assert problem(refused, 409) == dict.fromkeys((*AUDIT_TEXTS, "/audited_on"), "audited_accounts_missing")
    assert "provisional outturn" in refused.json()["errors"][0]["detail"]
    assert problem(await client.post(path, json={**FINAL, "audited_on": "2018-03-31"}), 409) == {
        "/audited_on": "year_not_over"
    }
    assert problem(await client.post(path, json={**FINAL, "audited_on": "2018-06-02"}), 422) == {
        "/audited_on": "future_date"
    }
    assert await grants.emitted(OutturnRecorded) == []
    final = done(await client.post(path, json=FINAL))
    assert {name: final[name] for name in AUDIT} == AUDIT


async def test_the_final_outturn_is_due_by_the_end_of_july_and_then_overdue(grants: Running) -> None:
    """G-34: the year says how it stands against the day on which audited accounts are due."""
    await signed(grants)
    await record(grants, **PROVISIONAL)
    latest = "/v1/agreements/2017-18/outturns/latest"
    for moment, standing in (
        (datetime(2018, 7, 31, 22, 59, tzinfo=UTC), "due"),
        (datetime(2018, 7, 31, 23, 0, tzinfo=UTC), "overdue"),
    ):
        grants.clock.set(moment)
        shown = done(await grants.anonymous.get(latest), 200)
        assert (shown["final_due_on"], shown["final_standing"]) == ("2018-07-31", standing)
    await record(grants, **FINAL)
    assert done(await grants.anonymous.get(latest), 200)["final_standing"] == "recorded"


async def test_an_outturn_is_asked_for_as_known_at_an_instant_as_well_as_on_a_day(grants: Running) -> None:
    """G-34: a day means its end in London, an instant means itself."""
    await signed(grants)
    grants.clock.set(datetime(2018, 6, 1, 12, 0, tzinfo=UTC))
    await record(grants, **PROVISIONAL)
    latest = "/v1/agreements/2017-18/outturns/latest"
    for known, status in (
        ("2018-06-01", 200),
        ("2018-06-01T12:00:00Z", 200),
        ("2018-06-01T13:00:00+01:00", 200),
        ("2018-06-01T11:59:59Z", 404),
        ("2018-05-31", 404),
    ):
        answer = await grants.anonymous.get(latest, params={"known_by": known})
        assert answer.status_code == status, known
        assert (await grants.anonymous.get(latest, params={"as_at": known})).status_code == status
    for wrong in ("2018-06-01T12:00:00", "yesterday", "2018-02-30", "20180601", "1", "1899-12-31", "2018-W22-5"):
        assert problem(await grants.anonymous.get(latest, params={"known_by": wrong}), 422) == {
            "known_by": "not_as_written"
        }


async def test_the_lines_of_an_outturn_name_every_carrying_line_once_and_sum_to_the_spend(grants: Running) -> None:
    """G-34, G-31: all faults of the lines come at once, and nothing is recorded."""
    await budgeted(grants)
    client = grants.as_("grants:finance")
    path = "/v1/agreements/2017-18/outturns"
    lines = [{"code": line["code"], "spend_pence": 100} for line in figures()]
    differs = {**PROVISIONAL, "spend_pence": 100 * len(lines) + 1, "lines": lines}
    refused = await client.post(path, json=differs)
    assert problem(refused, 409) == {"/spend_pence": "lines_differ"}
    assert "difference -£0.01" in refused.json()["detail"]
    assert problem(await client.post(path, json={**differs, "lines": lines[1:]}), 409) == {"/lines": "spend_missing"}
    twice = await client.post(path, json={**differs, "lines": [*lines, lines[0], {"code": "ZZ", "spend_pence": 1}]})
    assert problem(twice, 422) == {
        f"/lines/{len(lines)}/code": "repeated_line",
        f"/lines/{len(lines) + 1}/code": "unknown_line",
    }
    assert await grants.emitted(OutturnRecorded) == []
    outturn = done(await client.post(path, json={**differs, "spend_pence": 100 * len(lines)}))
    assert [line["code"] for line in outturn["lines"]] == [line["code"] for line in lines]


async def test_all_faults_of_an_outturn_come_at_once(grants: Running) -> None:
    """G-34, G-30: what its state, its day, its spend and its audit lack is told together."""
    await signed(grants)
    await record(grants, **PROVISIONAL)
    body = {**PROVISIONAL, "as_at": "2018-03-30", "spend_pence": 2_100_000_001, "auditor": "A"}
    refused = await grants.as_("grants:finance").post("/v1/agreements/2017-18/outturns", json=body)
    assert problem(refused, 409) == {
        "/reason": "reason_missing",
        "/as_at": "year_not_over",
        "/own_funds_pence": "over_grant",
        "/auditor": "audited_but_not_final",
    }
    assert "exceeds the grant by £0.01" in refused.text
    assert len(await grants.emitted(OutturnRecorded)) == 1
