"""A dataset that another room makes is in the catalogue, the feed, the cards and the pages without further code."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest

from services.transparency.drafts import Asked, Draft, DraftRow
from services.transparency.editions.kinds import KINDS, Kind
from shared.work import Work
from tests.harness import Running
from tests.transparency.facts import at, registered, signed
from tests.transparency.open_data.test_catalogue import lacking
from tests.transparency.open_data.test_pages import page, plain
from tests.transparency.test_editions import publish

PAY = "/v1/datasets/body/pay_multiple"


async def made(_: Work, asked: Asked) -> Draft:
    """Two rows of a pay multiple, what was left out, and a card that says how it was made."""
    rows = [
        DraftRow(
            row_id=f"{number:020x}",
            cells={"OrganisationLabel": asked.organisation_name, "RemunerationValue": value, "Ratio": ratio},
            record={"remuneration": value, "ratio": ratio},
        )
        for number, (value, ratio) in enumerate([("163700", "1.00"), ("36250.00", "4.52")])
    ]
    card = {"basis": "fte_annualised", "medians": ["36,250.00"], "agency": False}
    return Draft(
        rows=rows, mark="1", left_out={"AGENCY": 2}, notes=["Two posts were vacant."], details={"method": card}
    )


@pytest.fixture
def pay_multiple() -> Iterator[None]:
    """A further kind of dataset, as its room would register it."""
    before = dict(KINDS)
    KINDS["pay_multiple"] = Kind("pay_multiple", "Pay multiple of {name}", "year", ("PAYMULTIPLE",), made)
    yield
    KINDS.clear()
    KINDS.update(before)


async def test_a_dataset_of_another_room_is_served_everywhere(transparency: Running, pay_multiple: None) -> None:
    """T-25, T-51, T-58; domain section 9, item 8."""
    transparency.clock.set(at("2017-05-10T10:00"))
    await transparency.receive(registered(), signed())
    transparency.clock.set(at("2018-06-05T10:00"))
    await publish(transparency, f"{PAY}/2017-18")
    reader = transparency.anonymous
    content = (await reader.get("/data.json")).json()
    (found,) = [node for node in content["dataset"] if node["@id"].endswith(PAY)]
    assert lacking(content) == []
    assert (found["title"], found["accrualPeriodicity"]["@id"].rsplit("/", 1)[-1]) == (
        "Pay multiple of Improvement Body",
        "ANNUAL",
    )
    feed = ET.fromstring((await reader.get("/feed.atom")).content)
    assert "Published: Pay multiple of Improvement Body, 2017/18" in [entry.text for entry in feed.iter() if entry.text]
    (card,) = (await reader.get("/v1/quality")).json()["items"]
    figures = {figure["name"]: figure["value"] for figure in card["figures"]}
    assert (figures["redacted_rows"], figures["contract_linked_value"], figures["reconciled_difference"]) == (
        "0.0",
        None,
        None,
    )
    words = plain(await page(transparency, f"{PAY}/2017-18.html"))
    assert "Agency worker, not an employee; switch in the methodology (AGENCY) 2" in words
    assert "Two posts were vacant." in words
    assert "basis fte_annualised agency no medians 36,250.00" in words
    assert "Largest payees" not in words
    assert "163700 1.00" in words
    assert "2017/18 published 1 2" in plain(await page(transparency, f"{PAY}.html"))
    assert "Pay multiple of Improvement Body 2017/18, edition 1" in plain(
        await page(transparency, "/v1/publishers/body.html")
    )
