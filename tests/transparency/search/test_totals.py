"""Totals of what a search finds: the same whether kept for each edition or added up from the rows."""

from __future__ import annotations

from tests.harness import Running
from tests.transparency.facts import PARTNER, line
from tests.transparency.search.published import SEARCH, corrected, published
from tests.transparency.search.test_withheld import totals


async def test_kept_totals_and_counted_ones_agree(transparency: Running) -> None:
    """T-60: over two publishers, a correction, a payee of two names, and credits."""
    await published(
        transparency,
        line(60_000, name="Acme Ltd", paid="2017-04-10", contract_ref=None, unit="A"),
        line(70_000, name="ACME Limited", paid="2017-05-10", category="Works", unit="B"),
        line(-90_000, name="Bolt Ltd", party_key="b", paid="2017-06-10"),
    )
    await published(transparency, line(55_000, name="Acme Ltd"), slug="council", organisation_id=PARTNER)
    await corrected(transparency, line(80_000, name="Acme Ltd", paid="2017-05-20"))
    kept = await totals(transparency, publisher="body", year="2017-18")
    assert kept == await totals(transparency, publisher="body", year="2017-18", max_pence=10**12)
    assert (kept["rows"], kept["total_pence"]) == (4, 120_000)
    assert [(group["name"], group["rows"], group["total_pence"]) for group in kept["by_payee"]] == [
        ("Acme Ltd", 3, 210_000),
        ("Bolt Ltd", 1, -90_000),
    ]
    assert [(group["name"], group["total_pence"]) for group in kept["by_month"]] == [
        ("2017-04", 60_000),
        ("2017-05", 150_000),
        ("2017-06", -90_000),
    ]
    assert {group["name"]: group["total_pence"] for group in kept["by_category"]} == {
        "Training": 50_000,
        "Works": 70_000,
    }
    both = await totals(transparency)
    assert both == await totals(transparency, max_pence=10**12)
    assert (both["rows"], both["groups"]["payee"]) == (5, 3)
    one = await totals(transparency, top=1)
    assert [len(one[name]) for name in ("by_payee", "by_category", "by_unit", "by_month")] == [1, 1, 1, 3]
    assert one["groups"] == both["groups"]
    words = await totals(transparency, q="bolt")
    assert (words["rows"], words["total_pence"], words["by_contract"]) == (1, -90_000, [])


async def test_totals_of_nothing_are_nought_and_top_has_its_bounds(transparency: Running) -> None:
    """T-60."""
    empty = await totals(transparency)
    assert (empty["rows"], empty["total_pence"], empty["by_payee"]) == (0, 0, [])
    for top in ("0", "101", "x"):
        answer = await transparency.anonymous.get(f"{SEARCH}/totals?top={top}")
        assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "top")
