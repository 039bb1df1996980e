"""A grant that is varied after the outturn of its year, over HTTP: every answer says that the outturn is of another."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from services.grants.budget.lines import Line
from services.grants.variations.content.rules import Content, VariationPosition, check_variation
from services.grants.variations.virements.rules import Move
from shared.periods import FinancialYear
from tests.grants.steps import done, problem
from tests.grants.test_outturns import FINAL, PROVISIONAL
from tests.grants.test_variations import CUT, VARIATIONS, agree, decide, propose
from tests.grants.year_end import YEAR, recorder, spent
from tests.harness import Running


async def kinds(grants: Running, what: str) -> list[str]:
    items = done(await grants.as_("grants:read").get("/v1/awaiting", params={"what": what}), 200)["items"]
    return [item["detail"] for item in items]


async def standing(grants: Running) -> list[str]:
    return [one["code"] for one in done(await grants.as_("grants:read").get(f"{YEAR}/closure"), 200)["open"]]


async def of_the_year(grants: Running) -> dict[str, Any]:
    items = done(await grants.anonymous.get("/v1/grant-history"), 200)["items"]
    return next(item for item in items if item["year"] == "2017/18")


async def test_an_outturn_of_another_grant_is_to_be_recorded_anew(grants: Running) -> None:
    """G-34, G-36, G-38: told where it is agreed, in what awaits whom, at closing and at certifying."""
    await spent(grants)
    done(await recorder(grants).post(f"{YEAR}/outturns", json=FINAL))
    assert (await of_the_year(grants))["underspend_pence"] == 1_400_000
    variation = done(await propose(grants, CUT))
    assert variation["to_do"][0].startswith("Once it is agreed: 2017/18 has an outturn")
    agreed = await agree(grants, variation)
    assert agreed["to_do"] == [
        "2017/18 has an outturn that was recorded on a grant of £21,000,000.00; record it anew, and treat what that "
        "leaves."
    ]
    assert await kinds(grants, "outturn") == [
        "The grant was changed since the outturn was recorded; record it anew (G-34, G-36)."
    ]
    assert await kinds(grants, "certificate") == []
    assert "outturn_outdated" in await standing(grants)
    refused = await recorder(grants).post(f"{YEAR}/certificates")
    assert problem(refused, 409) == {"": "outturn_outdated"}
    assert "on a grant of £21,000,000.00, which is £20,500,000.00 now" in refused.json()["detail"]
    now = await of_the_year(grants)
    assert (now["grant_pence"], now["spend_pence"]) == (2_050_000_000, FINAL["spend_pence"])
    assert (now["underspend_pence"], now["underspend_percent"]) == (None, None)

    own = {**FINAL, "own_funds_pence": FINAL["spend_pence"] - 2_050_000_000, "reason": "the grant was lowered"}
    done(await recorder(grants).post(f"{YEAR}/outturns", json=own))
    assert "outturn_outdated" not in await standing(grants)
    assert await kinds(grants, "outturn") == []
    assert (await of_the_year(grants))["underspend_pence"] == 0
    path = f"{VARIATIONS}/{variation['id']}"
    assert done(await grants.as_("grants:read").get(path), 200)["to_do"] == []


async def test_a_variation_reads_anew_once_something_else_changed_what_it_would_do(grants: Running) -> None:
    """The ETag of a variation speaks for all that is shown of it."""
    await spent(grants)
    reader = grants.as_("grants:read")
    path = f"{VARIATIONS}/{done(await propose(grants, CUT))['id']}"
    first = (await reader.get(path)).headers["etag"]
    assert (await reader.get(path, headers={"If-None-Match": first})).status_code == 304
    done(await recorder(grants).post(f"{YEAR}/outturns", json=PROVISIONAL))
    again = await reader.get(path, headers={"If-None-Match": first})
    assert len(done(again, 200)["to_do"]) == 1
    withdrawn = done(await decide(grants, done(again, 200), "withdraw"))
    assert withdrawn["to_do"] == []


def test_a_line_that_is_over_awarded_already_stops_no_change_of_other_lines() -> None:
    """G-23: only what lowers the line further is refused."""
    lines = (
        Line("A", "A", "leaf", None, 500),
        Line("B", "B", "leaf", None, 500),
        Line("P", "P", "pass_through", None, 9),
    )
    year = FinancialYear(2017)
    position = VariationPosition(
        agreement_id=UUID(int=1),
        year=year,
        signed=True,
        grant_pence=1009,
        in_force_from=year.start,
        in_force_to=year.end,
        review_by=None,
        lines=lines,
        awarded={"P": 50},
    )
    made = check_variation(position, Content("allocation", year.start, moves=(Move("A", -1), Move("B", 1))))
    assert made is not None
    assert [line.amount_pence for line in made] == [499, 501, 9]
