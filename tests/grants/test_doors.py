"""The doors of this service as proxies, browsers and finance systems use them; the rules are of `shared`."""

from __future__ import annotations

import pytest

from tests.grants.expenditure.conftest import csv_file, simple_profile
from tests.grants.steps import done, drafted, problem, register
from tests.harness import Running


async def test_a_tag_that_a_proxy_made_weak_changes_an_organisation(grants: Running) -> None:
    """Design section 5: the tag of the answer, live figures included, weak and with its coding."""
    await register(grants, "salford")
    client = grants.as_("grants:manager")
    tag = (await client.get("/v1/organisations/salford")).headers["etag"].strip('"')
    assert tag.startswith("1.")
    changed = await client.patch(
        "/v1/organisations/salford", json={"is_publisher": True}, headers={"If-Match": f'W/"{tag}-gzip"'}
    )
    assert changed.status_code == 200, changed.text
    stale = await client.patch(
        "/v1/organisations/salford", json={"is_publisher": False}, headers={"If-Match": f'W/"{tag}"'}
    )
    assert (stale.status_code, stale.headers["etag"]) == (412, '"2"')


@pytest.mark.parametrize("value", ["2018-01-01T00:00:00+00:00", "2018-01-01+00:00:00+0100", "2018-01-01"])
async def test_instants_of_reads_take_a_bare_plus(grants: Running, value: str) -> None:
    """Design section 5: `known_by`, `as_at` and `updated_since`."""
    agreement = await drafted(grants)
    reader = grants.as_("grants:manager")
    path = f"/v1/agreements/{agreement['id']}"
    assert (await reader.get(f"{path}/versions?known_by={value}")).status_code in (200, 404)
    assert (await reader.get(f"{path}/payments/summary?known_by={value}")).status_code == 200
    if "T" in value:
        assert (await reader.get(f"/v1/agreements?updated_since={value}")).json()["items"] != []


async def test_a_signature_of_an_earlier_day_is_refused_by_the_field_that_was_sent(grants: Running) -> None:
    """Design section 4, two times: the refusal names `signed_on`, which was sent, and not `happened_at`."""
    agreement = await drafted(grants)
    refused = await grants.as_("grants:manager").post(
        f"/v1/agreements/{agreement['id']}/signatures", json={"signed_on": "2017-05-04"}
    )
    assert problem(refused, 403) == {"/signed_on": "not_allowed"}
    assert "happened_at" not in refused.text


@pytest.mark.parametrize(
    ("amount", "errors"),
    [
        ({"column": 5}, {"/fields/amount/column": "string_type"}),
        ({"column": ["Net", 5]}, {"/fields/amount/column/1": "string_type"}),
        ({"column": {"name": "Net"}}, {"/fields/amount/column": "string_type"}),
        ({"column": ""}, {"/fields/amount/column": "string_too_short"}),
        ({"column": None, "colour": 1}, {"/fields/amount/colour": "extra_forbidden"}),
        (7, {"/fields/amount": "model_attributes_type"}),
    ],
)
async def test_a_layout_is_refused_at_places_that_it_holds(
    grants: Running, amount: object, errors: dict[str, str]
) -> None:
    """Design section 5: no pointer says `constrained-str` or `tuple[…]`, and each place is said once."""
    profile = simple_profile()
    answer = await grants.as_("grants:finance").post(
        "/v1/source-profiles", json={**profile, "fields": {**profile["fields"], "amount": amount}}
    )
    assert problem(answer, 422) == errors
    assert len(answer.json()["errors"]) == len(errors)


@pytest.mark.parametrize("kind", ["text/csv", "application/vnd.ms-excel", "application/octet-stream"])
async def test_a_finance_file_comes_by_a_browsers_form(grants: Running, kind: str) -> None:
    """Design section 6: taken under any field name; kept byte for byte; parameters stay in the address."""
    await register(grants, "salford")
    done(await grants.as_("grants:finance").post("/v1/source-profiles", json=simple_profile()))
    system = grants.as_("expenditure:submit", sub="client:ledger", client_only=True)
    address = "/v1/expenditure-batches?organisation=salford&profile=simple"
    content = csv_file(("R1", "2018-04-03", "Alder Ltd", "812.50"))
    first = done(await system.post(address, files={"upload": ("April.csv", content, kind)}))
    assert first["outcomes"]["accepted"] == {"lines": 1, "pence": 81_250}
    original = await system.get(f"/v1/expenditure-batches/{first['id']}/original")
    assert (original.content, original.headers["content-type"].split(";")[0]) == (content, "text/csv")
    misplaced = await system.post(
        "/v1/expenditure-batches?organisation=salford&profile=simple",
        data={"dry_run": "true"},
        files={"upload": ("April.csv", content, kind)},
    )
    assert problem(misplaced, 422) == {"dry_run": "parameter_in_form"}
