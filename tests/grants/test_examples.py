"""The examples in the API's description are requests that the service would read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from shared.http import HouseRoute
from tests.harness import service_named


def bodies() -> Iterator[type[BaseModel]]:
    """Each shape a route of this service takes as its JSON body."""
    for router in service_named("grants").routers:
        for route in router.routes:
            assert isinstance(route, HouseRoute)
            shape = route.body_field.field_info.annotation if route.body_field else None
            if isinstance(shape, type) and issubclass(shape, BaseModel) and "expenditure" not in shape.__module__:
                yield shape


@pytest.mark.parametrize("shape", list(bodies()), ids=lambda shape: shape.__name__)
def test_every_body_has_an_example_that_is_valid(shape: type[BaseModel]) -> None:
    (example,) = shape.model_json_schema()["examples"]
    shape.model_validate(example)


def test_the_bodies_are_found() -> None:
    assert len(list(bodies())) >= 13
