"""A token limited to other organisations writes nothing here, whichever route it tries."""

from __future__ import annotations

from typing import Any

from shared.http import HouseRoute
from tests.deliverables.steps import done, imported, one, rate, sent, the_year
from tests.harness import Running

EVERYBODY = tuple(f"deliverables:{role}" for role in ("officer", "lead", "approver", "director", "history", "read"))
DELIVERABLE, REPORT = "/v1/deliverables/{deliverable_id}", "/v1/reports/{report_id}"

WRITES: dict[tuple[str, str], dict[str, Any]] = {
    ("PUT", "/v1/programmes/{year}"): {"json": the_year()},
    ("POST", "/v1/programmes/{year}/results"): {
        "content": b"ref,part,value,unit\nE6,1,16,council\n",
        "headers": {"Content-Type": "text/csv"},
        "params": {"as_at": "2018-03-31"},
    },
    ("POST", f"{DELIVERABLE}/observations"): {"json": {"period": "2017-18-q3", "value": 12, "unit": "council"}},
    ("POST", f"{DELIVERABLE}/ratings"): {"json": {"period": "2017-18-q4", "colour": "green"}},
    ("POST", f"{DELIVERABLE}/ratings/{{rating_id}}/approvals"): {},
    ("POST", "/v1/reports"): {"json": {"quarter": "2017-18-q2"}},
    ("PUT", f"{REPORT}/sections"): {"json": {"sections": {"commentary": {"text": "Mine."}}}},
    ("PUT", f"{REPORT}/due-date"): {"json": {"due_on": "2017-07-31", "agreed_by": "The department"}},
    ("POST", f"{REPORT}/submissions"): {"json": {}},
    ("POST", f"{REPORT}/publications"): {"json": {}},
    ("POST", f"{REPORT}/reopenings"): {"json": {"reason": "A figure was wrong."}},
}
"""Every write route with a request that a token for the organisation may send."""


def test_the_table_names_every_write_route(deliverables: Running) -> None:
    """Design section 7: a new route is not forgotten."""
    routes = [route for router in deliverables.service.routers for route in router.routes]
    written = {(m, r.path) for r in routes if isinstance(r, HouseRoute) for m in r.methods if m not in ("GET", "HEAD")}
    assert written == set(WRITES)


async def test_a_token_for_another_organisation_writes_nothing(deliverables: Running) -> None:
    """Design section 7: refused 403 by every route, before anything else is said of what is there."""
    await imported(deliverables)
    await sent(deliverables, "ref,part,value,unit\nEP4,1,9300000,gbp\n", as_at="2018-03-31")
    rating = done(await rate(deliverables, "EP4", "green", reason="The rest came in May."))
    report = done(await deliverables.as_("deliverables:officer").post("/v1/reports", json={"quarter": "2017-18-q1"}))
    ids = {
        "year": "2017-18",
        "deliverable_id": (await one(deliverables, "EP4"))["id"],
        "rating_id": rating["id"],
        "report_id": report["id"],
    }
    before = await deliverables.emitted()
    stranger = deliverables.as_(*EVERYBODY, sub="person:other", organisations=["salford"])
    answers = {
        key: (await stranger.request(key[0], key[1].format(**ids), **request)).status_code
        for key, request in WRITES.items()
    }
    assert answers == dict.fromkeys(WRITES, 403)
    assert await deliverables.emitted() == before
    own = deliverables.as_(*EVERYBODY, sub="person:own", organisations=["agency"])
    allowed = {
        key: (await own.request(key[0], key[1].format(**ids), **request)).status_code for key, request in WRITES.items()
    }
    assert 403 not in allowed.values(), allowed
