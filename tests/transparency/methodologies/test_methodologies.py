"""A publisher's choices as published versions: who may change them, from when, and what the change does."""

from __future__ import annotations

from typing import Any

from services.transparency.methodology import PARAMETERS
from tests.harness import Running
from tests.transparency.facts import PARTNER, at, batch, line, registered
from tests.transparency.test_editions import Q1, ledger, publish, rows

WHY = "Recoverable VAT is no longer told apart."


async def change(transparency: Running, **more: Any) -> Any:
    body = {
        "publisher": "body",
        "effective_from": "2017-07-01",
        "parameters": {"selection_basis": "gross"},
        "why_changed": WHY,
    }
    return await transparency.as_("transparency:finance").post("/v1/methodologies", json=body | more)


async def test_a_list_says_whose_each_version_is(transparency: Running) -> None:
    """Design section 10; domain section 2: a methodology belongs to one publisher, and a list shows which."""
    await transparency.receive(registered(), registered(PARTNER, "partner", whole_body=True))
    found = (await transparency.anonymous.get("/v1/methodologies")).json()["items"]
    assert {(item["publisher"], item["number"], item["parameters"]["scope"]) for item in found} == {
        ("body", 1, "programme"),
        ("partner", 1, "whole_body"),
    }
    assert set(found[0]["parameters"]) == set(PARAMETERS)
    one = await transparency.anonymous.get("/v1/methodologies/partner/1")
    assert (one.json()["publisher"], one.headers["etag"]) == ("partner", '"1"')
    assert (await transparency.anonymous.get("/v1/methodologies/partner/2")).status_code == 404


async def test_a_new_version_counts_from_its_quarter_and_the_quarters_before_cite_the_old_one(
    transparency: Running,
) -> None:
    """Domain section 2: published before first use, each edition cites one. T-6: under gross a line stays in."""
    await ledger(transparency, line(48_000, vat_pence=9_600))
    await transparency.receive(
        *batch(line(48_000, vat_pence=9_600, paid="2017-08-01"), covers=("2017-07-01", "2017-09-30"))
    )
    answer = await change(transparency)
    assert (answer.status_code, answer.json()["number"], answer.json()["why_changed"]) == (201, 2, WHY)
    assert answer.headers["location"].endswith("/v1/methodologies/body/2")
    second = await publish(transparency, Q1.replace("q1", "q2"))
    assert (second["methodology"], second["rows"]) == (2, 1)
    (row,) = await rows(transparency, path="/open/body/spend/2017-18-q2")
    assert row["Amount"] == "480.00"
    first = await publish(transparency, nil_return=True)
    assert (first["methodology"], first["rows"]) == (1, 0)


async def test_a_version_that_reaches_back_makes_the_next_edition_a_change_of_method(transparency: Running) -> None:
    """T-49: change_kind methodology; the first edition stays as it was."""
    await ledger(transparency, line(48_000, vat_pence=9_600), line(60_000))
    first = await publish(transparency)
    transparency.clock.set(at("2018-06-02T09:00"))
    assert (await change(transparency, effective_from="2017-04-01")).status_code == 201
    second = await publish(transparency, change_note="VAT counts from now on.")
    assert (first["methodology"], second["methodology"], second["change_kind"]) == (1, 2, "methodology")
    assert (first["rows"], second["rows"]) == (1, 2)


async def test_a_version_is_refused_with_words_where_it_cannot_be_one(transparency: Running) -> None:
    """Design section 5: code, place and text of each refusal; nothing is written."""
    await transparency.receive(registered())
    for more, status, code, pointer, words in (
        ({"effective_from": "2017-07-02"}, 422, "bad_first_day", "/effective_from", "send the first day of a quarter"),
        ({"parameters": {"scope": "programme"}}, 409, "methodology_unchanged", None, "send those that change"),
        ({"parameters": {}}, 422, None, "/parameters", "name the choices that change"),
        ({"parameters": {"treshold_pence": 1}}, 422, None, "/parameters/treshold_pence", ""),
        ({"parameters": {"threshold_pence": -1}}, 422, None, "/parameters/threshold_pence", ""),
        ({"parameters": {"selection_basis": "net"}}, 422, None, "/parameters/selection_basis", ""),
        ({"publisher": "nobody"}, 404, "publisher_not_found", None, "/v1/publishers lists them"),
    ):
        answer = await change(transparency, **more)
        error = answer.json()["errors"][0]
        assert (answer.status_code, error.get("pointer")) == (status, pointer), answer.text
        assert words in error["detail"], answer.text
        if code is not None:
            assert error["code"] == code
    assert (await change(transparency)).status_code == 201
    earlier = await change(transparency, effective_from="2017-07-01", parameters={"small_unit": 4})
    assert "in force from 2017-07-01; send a later quarter" in earlier.json()["detail"]
    assert (await transparency.as_("transparency:preparer").post("/v1/methodologies", json={})).status_code == 403
    elsewhere = transparency.as_("transparency:finance", organisations=["partner"])
    body = {"publisher": "body", "effective_from": "2018-04-01", "parameters": {"small_unit": 3}, "why_changed": WHY}
    assert (await elsewhere.post("/v1/methodologies", json=body)).status_code == 403
    assert len((await transparency.anonymous.get("/v1/methodologies")).json()["items"]) == 2


async def test_a_publisher_may_choose_from_which_amount_on_card_purchases_are_shown(transparency: Running) -> None:
    """T-9: every purchase at any value, unless its methodology says otherwise; then each at or below is counted."""
    purchase: dict[str, Any] = {"card": "gpc", "kind": "card"}
    await ledger(transparency, line(1_299, **purchase), line(5_000, **purchase), line(5_001, **purchase))
    assert (await publish(transparency))["rows"] == 3
    transparency.clock.set(at("2018-06-02T09:00"))
    chosen = {"card_threshold_pence": 5_000}
    assert (await change(transparency, effective_from="2017-04-01", parameters=chosen)).status_code == 201
    second = await publish(transparency, change_note="Small card purchases are left out from now on.")
    assert (second["rows"], second["total_pence"]) == (1, 5_001)
    excluded = {part["code"]: part["lines"] for part in second["reconciliation"]["excluded"]}
    assert excluded["BELOW_THRESHOLD"] == 5
    assert (await change(transparency, parameters={"card_threshold_pence": None})).status_code == 201
