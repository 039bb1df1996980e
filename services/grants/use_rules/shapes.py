"""Field types of declarations of use, which several requests share."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from shared.texts import seen

UseCode = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=40),
    AfterValidator(seen),
    Field(description="Code of a use rule, such as `PU1`; `/v1/use-rules` lists them."),
]
UseException = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80),
    AfterValidator(seen),
    Field(description="Name of the allowed activity or carve-out it falls under, such as `select_committee_evidence`."),
]
