"""What other services show of an agreed variation: the programme's copy and the public page of the publisher."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.grants.steps import RECIPIENT, budgeted, done, register
from tests.grants.test_variations import CUT, TARGET, agree, propose
from tests.harness import World


async def test_an_agreed_variation_is_shown_by_programme_and_publisher_from_its_day_on(world: World) -> None:
    """G-16, D-11, D-12: what changed, by reference; the grant changes on the day that the variation names."""
    grants = world.grants
    world.clock.set(datetime(2017, 7, 3, 12, tzinfo=UTC))
    await register(grants, RECIPIENT, is_publisher=True, methodology_scope="programme")
    await budgeted(grants)
    await agree(grants, done(await propose(grants, CUT)))
    await agree(grants, done(await propose(grants, TARGET, effective_from="2017-08-01")), reference="Letter 10")
    await world.settle()

    programme = done(await world.deliverables.anonymous.get("/v1/programmes/2017-18"), 200)
    assert [(each["kind"], each["effective_from"], each["reference"]) for each in programme["variations"]] == [
        ("target", "2017-08-01", "Letter 10"),
        ("allocation", "2017-10-01", "Letter 9"),
    ]
    assert programme["variations"][0]["changes"] == [
        {"deliverable": "E10", "what": "part 1", "before": "12 councils", "after": "10 councils"}
    ]

    async def public_grant() -> int:
        shown = done(await world.transparency.anonymous.get(f"/v1/publishers/{RECIPIENT}"), 200)
        (agreement,) = shown["agreements"]
        assert [(each["kind"], each["grant_pence"]) for each in agreement["variations"]] == [
            ("target", 2_100_000_000),
            ("allocation", 2_050_000_000),
        ]
        return int(agreement["grant_pence"])

    assert await public_grant() == 2_100_000_000
    world.clock.set(datetime(2017, 9, 30, 23, 0, tzinfo=UTC))
    assert await public_grant() == 2_050_000_000
