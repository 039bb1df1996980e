"""What is restricted is read for the organisations of the token alone; each such route stands in the table here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.transparency.main import SERVICE
from shared.http import HouseRoute
from tests.harness import Running
from tests.transparency.facts import PARTNER, line, registered
from tests.transparency.people import bench
from tests.transparency.people.bench import MANAGER, as_csv, post
from tests.transparency.redactions.deeds import propose
from tests.transparency.requests.steps import received
from tests.transparency.test_editions import ledger, publish
from tests.transparency.withdrawals.test_withdrawals import suspend

Made = dict[str, str]

PATHS: dict[str, Callable[[Made], str]] = {
    "read_draft": lambda made: "/v1/datasets/body/spend/2017-18-q1/drafts/1",
    "list_information_requests": lambda made: "/v1/information-requests",
    "read_information_request": lambda made: f"/v1/information-requests/{made['reference']}",
    "read_request_letters": lambda made: f"/v1/information-requests/{made['reference']}/letters",
    "read_requester": lambda made: f"/v1/information-requests/{made['reference']}/requester",
    "preview_chart": lambda made: "/v1/organisation-chart/body/2018-03-31/preview",
    "list_pay_runs": lambda made: "/v1/pay-runs?publisher=body",
    "read_pay_run": lambda made: f"/v1/pay-runs/{made['pay_run']}",
    "list_pay_entries": lambda made: f"/v1/pay-runs/{made['pay_run']}/entries",
    "list_invoice_statements": lambda made: "/v1/payment-performance/invoices?publisher=body",
    "list_staff_lists": lambda made: "/v1/posts/imports?publisher=body",
    "read_staff_list": lambda made: f"/v1/posts/imports/{made['staff_list']}",
    "list_staff_entries": lambda made: f"/v1/posts/imports/{made['staff_list']}/entries",
    "list_objections": lambda made: "/v1/posts/objections?publisher=body",
    "list_small_units": lambda made: "/v1/posts/small-units?publisher=body",
    "list_redaction_decisions": lambda made: "/v1/redactions/register",
    "read_redaction": lambda made: f"/v1/redactions/{made['redaction']}",
    "read_withdrawal": lambda made: f"/v1/withdrawals/{made['withdrawal']}",
}
"""Operation → an address of something that the publisher `body` keeps. A new restricted route must be added here."""

EXEMPT = {
    "read_contract_import": "It holds references of contracts, which are public, and why records were not taken.",
}
"""Operation → why it is read whatever the organisations of the token are."""


def restricted() -> dict[str, HouseRoute]:
    """Every route of the service that reads and is not public, by its operation."""
    found = [route for router in SERVICE.routers for route in router.routes if isinstance(route, HouseRoute)]
    return {
        route.name: route
        for route in found
        if "GET" in (route.methods or ()) and route.access is not None and not route.access.public
    }


def test_every_restricted_read_is_in_the_table() -> None:
    """Section 3: whoever adds one says what another organisation's token gets."""
    assert set(restricted()) == PATHS.keys() | EXEMPT.keys()
    assert not PATHS.keys() & EXEMPT.keys()


async def made_of_everything(transparency: Running) -> Made:
    """A publisher that keeps something of every kind that is restricted."""
    await ledger(transparency, line(90_000), line(240_000, name="Jane Penhaligon", party_key="jp"))
    await transparency.receive(registered(PARTNER, "partner", name="Partner Body"))
    request = await received(transparency, "2018-06-01")
    imported = (await bench.send(transparency, as_csv(MANAGER, post("A2"), post("A3")))).json()
    lee = transparency.as_("transparency:dpl", sub="person:lee")
    assert (await lee.post("/v1/posts/body/A2/objections", json={"reason": "Threatened."})).status_code == 201
    await bench.decide(transparency, "A2")
    unit = {"publisher": "body", "applicable_date": "2018-03-31", "unit": "Advice", "decision": "hide_unit"}
    settled = await lee.post("/v1/posts/small-units", json={**unit, "public_interest": "One post would be known."})
    assert settled.status_code == 201, settled.text
    finance = transparency.as_("transparency:finance", sub="person:fay")
    run = await finance.post("/v1/pay-runs", json={"publisher": "body", "pay_date": "2018-03-31"})
    assert run.status_code == 201, run.text
    await publish(transparency)
    rows = (await transparency.anonymous.get("/open/body/spend/2017-18-q1/v1/spend.json")).json()["rows"]
    stated = await finance.post(
        "/v1/payment-performance/invoices?publisher=body",
        content=f"row_id,received_on\r\n{rows[0]['row_id']},2017-05-01\r\n",
        headers={"Content-Type": "text/csv"},
    )
    assert stated.status_code == 201, stated.text
    proposed = await propose(transparency, rows[0]["row_id"])
    assert proposed.status_code == 201, proposed.text
    return {
        "reference": request["reference"],
        "staff_list": imported["list_id"],
        "pay_run": run.json()["pay_run_id"],
        "redaction": proposed.json()["redaction_id"],
        "withdrawal": (await suspend(transparency))["withdrawal_id"],
    }


async def test_no_restricted_route_lets_a_token_of_another_organisation_read(transparency: Running) -> None:
    """Section 3, design section 5: what it may not see is absent for it; its own organisation's it reads."""
    made = await made_of_everything(transparency)
    routes = restricted()
    for name, path in PATHS.items():
        access = routes[name].access
        assert access is not None
        for scope in access.scopes:
            own = await transparency.as_(scope, organisations=["body", "partner"]).get(path(made))
            assert (own.status_code, own.json().get("items", True) != []) == (200, True), (name, scope, own.text)
            other = await transparency.as_(scope, organisations=["partner"]).get(path(made))
            seen: Any = other.json().get("items") if other.status_code == 200 else []
            assert (other.status_code in (200, 404), seen) == (True, []), (name, scope, other.text)
    officer = transparency.as_("transparency:preparer", organisations=["partner"])
    assert (await officer.get("/v1/information-requests?publisher=body")).status_code == 404
    assert (await officer.get("/v1/information-requests?publisher=partner")).json()["items"] == []
    assert (await officer.get("/v1/redactions/register?publisher=body")).json()["items"] == []


async def test_figures_that_nobody_approved_are_shown_inside_the_organisation_only(transparency: Running) -> None:
    """T-62: the address is public, what stands there unapproved is not."""
    await ledger(transparency, line(90_000))
    path = "/v1/payment-performance/body/2017-18-h1"
    own = await transparency.as_("transparency:finance", organisations=["body"]).get(path)
    assert own.json()["standing"]["figures"]["left_out"]
    other = await transparency.as_("transparency:finance", organisations=["partner"]).get(path)
    anybody = await transparency.anonymous.get(path)
    assert other.status_code == anybody.status_code == 409
    assert "standing" not in other.text
