"""The examples in the API's description are requests that the service would read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from shared.http import HouseRoute
from tests.harness import Running, service_named


def bodies() -> Iterator[type[BaseModel]]:
    """Each shape a route of this service takes as its JSON body."""
    for router in service_named("deliverables").routers:
        for route in router.routes:
            assert isinstance(route, HouseRoute)
            shape = route.body_field.field_info.annotation if route.body_field else None
            if isinstance(shape, type) and issubclass(shape, BaseModel):
                yield shape


@pytest.mark.parametrize("shape", list(bodies()), ids=lambda shape: shape.__name__)
def test_every_body_has_an_example_that_is_valid(shape: type[BaseModel]) -> None:
    """Design section 5: examples in the API's description."""
    (example,) = shape.model_json_schema()["examples"]
    shape.model_validate(example)


def test_the_bodies_are_found() -> None:
    """The test above must not pass because it found nothing."""
    assert len(list(bodies())) == 9


async def test_the_description_can_be_read(deliverables: Running) -> None:
    """Design section 5: OpenAPI with a stable operation id on every route."""
    described = (await deliverables.anonymous.get("/v1/openapi.json")).json()
    ids = [operation["operationId"] for path in described["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids))
    assert {"put_programme", "import_results", "get_summary", "rate_deliverable", "publish"} <= set(ids)
