"""What an event is: a frozen class with an owner, a version and a key; its canonical JSON; the register of all."""

from __future__ import annotations

import json
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Event(BaseModel):
    """A fact. Subclass it in the owner's file: `class OutturnRecorded(Event, owner="grants", key="agreement_id")`.

    The docstring is the description, `Field(description=…)` gives each field's meaning and unit. Money is integer
    pence in fields named `…_pence`. No instructions to consumers, no personal data. A changed meaning is a new version,
    `class OutturnRecordedV2(Event, owner=…, key=…, name="OutturnRecorded", version=2)`, with `upcast` in the same file.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    OWNER: ClassVar[str]
    NAME: ClassVar[str]
    VERSION: ClassVar[int]
    KEY: ClassVar[str]

    def __init_subclass__(
        cls, *, owner: str, key: str, name: str | None = None, version: int = 1, **kwargs: Any
    ) -> None:
        super().__init_subclass__(**kwargs)
        cls.OWNER, cls.NAME, cls.VERSION, cls.KEY = owner, name or cls.__name__, version, key
        if cls.type() in REGISTER:
            raise TypeError(f"{cls.type()} is declared twice")
        REGISTER[cls.type()] = cls

    @classmethod
    def type(cls) -> str:
        """`grants.OutturnRecorded.v1`."""
        return f"{cls.OWNER}.{cls.NAME}.v{cls.VERSION}"

    @property
    def key(self) -> UUID:
        """The aggregate's id: events of one key keep their order."""
        value = getattr(self, self.KEY)
        assert isinstance(value, UUID), f"{self.type()} needs a UUID in its key field {self.KEY}"
        return value

    def canonical(self) -> bytes:
        """Canonical JSON: keys sorted, no spaces, UTF-8."""
        return canonical_json(self.model_dump(mode="json"))


REGISTER: dict[str, type[Event]] = {}
"""Type name → class, filled when the owners' files are imported (`shared.events.all`)."""


def canonical_json(value: Any) -> bytes:
    """Keys sorted, no spaces, UTF-8: the same value always gives the same bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
