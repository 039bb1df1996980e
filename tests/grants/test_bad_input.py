"""Every request body of the service with each of its fields spoilt in turn: refused and located, never a failure."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from shared.http import HouseRoute
from tests.grants.steps import budgeted, register
from tests.harness import Running, service_named

SPOILT: tuple[Any, ...] = (
    None,
    "",
    "\x00",
    "1_000.00",
    "２０１７-18",
    "x" * 30_000,
    "9999-12-31",
    "0001-01-01T00:00:00-23:59",
    True,
    -1,
    1.5,
    10**30,
    [],
    {"a": 1},
)
PATHS = {
    "{agreement}": "2017-18",
    "{organisation}": "agency",
    "{quarter}": "2017-18-q1",
    "{year}": "2011-12",
    "{table}": "group",
}
EXTRA = {
    "NewOutturn": {
        "happened_at": "2018-05-24T09:00:00Z",
        "own_funds_pence": 0,
        "lines": [{"code": "OG1", "spend_pence": 1}],
    },
    "StatementBody": {"happened_at": "2018-05-24T09:00:00Z"},
    "BudgetBody": {"effective_from": "2017-04-01"},
    "NewAward": {"planned_from": "2017-05-01", "planned_to": "2017-06-01"},
    "NewOrganisation": {"name_since": "2010-01-01"},
    "NewVariation": {
        "evidence": "Letter 3",
        "proposed_on": "2018-06-01",
        "virement": [{"line_code": "IL1", "delta_pence": -1}],
        "grant_pence": 2_099_999_999,
        "in_force_to": "2018-03-30",
        "changes": [{"what": "x", "deliverable": "E1", "before": "a", "after": "b"}],
    },
    "NewVirement": {"evidence": "Letter 3", "proposed_on": "2018-06-01"},
    "AgreementChange": {"effective_from": "2017-11-01"},
    "NewAgreement": {"in_force_from": "2017-04-01", "in_force_to": "2018-03-31", "territory": "England"},
}


def routes() -> list[Any]:
    found = []
    for router in service_named("grants").routers:
        for route in router.routes:
            assert isinstance(route, HouseRoute)
            shape = route.body_field.field_info.annotation if route.body_field else None
            if shape is not None and "expenditure" not in shape.__module__ and "{signature}" not in route.path:
                found.append(pytest.param(route, shape, id=route.name))
    return found


def spoilt(value: Any, replacement: Any) -> Iterator[tuple[str, Any]]:
    """Pointer and a copy, once for each place of a body."""
    places: list[tuple[str, list[Any]]] = []

    def walk(part: Any, keys: list[Any]) -> None:
        for key in list(part) if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else ():
            places.append(("/" + "/".join(map(str, [*keys, key])), [*keys, key]))
            walk(part[key], [*keys, key])

    walk(value, [])
    for pointer, keys in places:
        broken = copy.deepcopy(value)
        target = broken
        for key in keys[:-1]:
            target = target[key]
        target[keys[-1]] = replacement
        yield pointer, broken


@pytest.mark.parametrize(("route", "shape"), routes())
async def test_a_spoilt_field_is_refused_as_a_problem_and_never_breaks_the_service(
    grants: Running, route: HouseRoute, shape: Any
) -> None:
    """Bad input: located, says the fix, never 500."""
    await budgeted(grants)
    await register(grants, "scrutiny-centre")
    path = route.path
    for placeholder, value in PATHS.items():
        path = path.replace(placeholder, value)
    (method,) = route.methods
    scopes = [f"grants:{name}" for name in ("manager", "finance", "cfo", "history")]
    client = grants.as_(*scopes)
    body = {**shape.model_json_schema()["examples"][0], **EXTRA.get(shape.__name__, {})}
    refused = 0
    for replacement in SPOILT:
        for pointer, broken in spoilt(body, replacement):
            answer = await client.request(method, path, json=broken, headers={"If-Match": "*"})
            assert answer.status_code < 500, (pointer, replacement, answer.text)
            if answer.status_code >= 400:
                refused += 1
                errors = answer.json()["errors"]
                assert errors, (pointer, replacement)
                assert all(error["code"] and error["detail"] for error in errors)
                assert "x" * 65 not in answer.text
    assert refused >= len(SPOILT) // 2


READS = (
    "/v1/agreements/{}",
    "/v1/agreements/{}/budget",
    "/v1/agreements/{}/outturns/latest",
    "/v1/agreements/2017-18/outturns/{}",
    "/v1/agreements/2017-18/accounting-periods/{}",
    "/v1/agreements/2017-18/pass-through-awards/{}",
    "/v1/agreements/2017-18/signatures/{}",
    "/v1/organisations/{}",
    "/v1/agreements?year={}",
    "/v1/agreements?in_force_on={}",
    "/v1/agreements/2017-18/budget?as_at={}",
    "/v1/agreements/2017-18/budget?version={}",
    "/v1/agreements/2017-18/outturns?known_by={}",
    "/v1/agreements/2017-18/management-accounts?quarter={}",
    "/v1/grant-history?known_by={}",
    "/v1/agreements?cursor={}",
    "/v1/organisations?limit={}",
)


WORDS = ("x", "2017-19", "2017-18-q9", "9999-12-31", "0" * 36, "-1", "0", "9" * 40, "%00", "%ff", "%ED%A0%80", "1,0")


@pytest.mark.parametrize("address", READS)
async def test_words_that_name_nothing_are_refused_as_a_problem(grants: Running, address: str) -> None:
    """G-2 and the forms of days, numbers, ids and cursors."""
    await budgeted(grants)
    client = grants.as_("grants:read")
    for word in WORDS:
        answer = await client.get(address.format(word))
        assert answer.status_code in (400, 404, 422), (word, answer.text)
        assert answer.json()["errors"]
