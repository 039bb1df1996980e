"""The outturn dataset: what grants records, as it stands here."""

from __future__ import annotations

from uuid import UUID

from tests.harness import Running
from tests.transparency.facts import at, outturn, registered, signed


async def told(transparency: Running) -> None:
    await transparency.receive(registered(), signed())
    await transparency.receive(outturn(), occurred_at=at("2018-04-30T12:00"))


async def test_a_recorded_outturn_stands_in_the_dataset_with_its_underspend(transparency: Running) -> None:
    """G-34, G-35; worked example 10 of grants: £14,000 of £21m is 0.067 %."""
    await told(transparency)
    answer = await transparency.anonymous.get("/v1/datasets/body/outturn/2017-18")
    assert answer.status_code == 200
    current = answer.json()["current"]
    assert (current["spend_pence"], current["underspend_pence"], current["underspend_percent"]) == (
        2_098_600_000,
        1_400_000,
        "0.067",
    )
    assert current["state"] == "provisional"


async def test_the_same_outturn_twice_changes_nothing(transparency: Running) -> None:
    """T-54."""
    await told(transparency)
    await transparency.receive(outturn(), event_id=UUID(int=77))
    answer = await transparency.anonymous.get("/v1/datasets/body/outturn/2017-18")
    assert len(answer.json()["versions"]) == 1


async def test_a_later_outturn_leaves_the_earlier_one_readable_as_it_was_known(transparency: Running) -> None:
    """G-34, worked example 11 of grants: as known on 24 May 2018 the underspend is still £14,000."""
    await told(transparency)
    final = outturn(version=2, spend_pence=2_098_125_000, state="final", happened_at=at("2018-07-20T12:00"))
    await transparency.receive(final, occurred_at=at("2018-07-20T12:00"))
    client = transparency.anonymous
    now = (await client.get("/v1/datasets/body/outturn/2017-18")).json()
    assert (now["current"]["underspend_percent"], len(now["versions"])) == ("0.089", 2)
    may = "2018-05-24T12:00:00Z"
    for when in ("as_at", "known_by"):
        then = (await client.get("/v1/datasets/body/outturn/2017-18", params={when: may})).json()
        assert then["current"]["underspend_pence"] == 1_400_000
    early = await client.get("/v1/datasets/body/outturn/2017-18", params={"as_at": "2018-04-01T00:00:00Z"})
    assert early.status_code == 404


async def test_outturn_versions_arriving_in_the_wrong_order_are_listed_in_the_right_one(transparency: Running) -> None:
    """T-54: order of arrival does not matter, not even before the agreement is known."""
    await transparency.receive(outturn(version=2, spend_pence=2_098_125_000, state="final"), outturn())
    await transparency.receive(signed(), registered())
    body = (await transparency.anonymous.get("/v1/datasets/body/outturn/2017-18")).json()
    assert [version["version"] for version in body["versions"]] == [1, 2]
    assert body["current"]["state"] == "final"


async def test_the_outturn_is_there_as_csv_in_pounds(transparency: Running) -> None:
    """T-55."""
    await told(transparency)
    answer = await transparency.anonymous.get("/v1/datasets/body/outturn/2017-18.csv")
    header, row = answer.text.splitlines()
    assert header.startswith(
        "OrganisationLabel,OrganisationURI,FinancialYear,Version,State,AsAt,Grant,Spend,Underspend"
    )
    assert ",31/03/2018,21000000.00,20986000.00,14000.00,0.067,0.00," in row


async def test_a_year_that_is_none_is_not_found(transparency: Running) -> None:
    """G-2."""
    await told(transparency)
    assert (await transparency.anonymous.get("/v1/datasets/body/outturn/2017-19")).status_code == 404
