"""A unit of work: one transaction, one moment, one acting person; committed once, at the edge."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic_core import to_jsonable_python
from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlmodel.ext.asyncio.session import AsyncSession

from shared import audit, etags, outbox
from shared.auth import Actor, NewId, SamePerson, four_eyes
from shared.errors import Invalid, NotAllowed, PreconditionRequired, StaleVersion
from shared.events.base import Event
from shared.files import FileStore, StoredFile

if TYPE_CHECKING:
    from shared.service import Runtime

__all__ = ["Actor", "SamePerson", "Work", "four_eyes"]

CLOCK_SKEW = timedelta(seconds=5)
"""How far a stated time may run ahead of our clock before it counts as the future."""


class Work:
    """What a command needs: the session, the moment, the person, and ways to record what it did."""

    def __init__(
        self,
        runtime: Runtime,
        session: AsyncSession,
        actor: Actor,
        *,
        now: datetime,
        request_id: str,
        traceparent: str | None = None,
        if_match: str | None = None,
        default_action: str | None = None,
        default_subject: str = "",
    ) -> None:
        self._runtime = runtime
        self.session = session
        self.actor = actor
        self.now = now
        self.request_id = request_id
        self.headers: dict[str, str] = {}
        self._traceparent = traceparent
        self._if_match = if_match
        self._default_action = default_action
        self._default_subject = default_subject
        self._audit: list[audit.AuditEntry] = []
        self._forgotten: list[str] = []

    @property
    def settings(self) -> Any:
        return self._runtime.settings

    @property
    def runtime(self) -> Runtime:
        return self._runtime

    @property
    def files(self) -> FileStore:
        return self._runtime.files

    @property
    def new_id(self) -> NewId:
        return self._runtime.new_id

    @property
    def base_url(self) -> str:
        """Public address of this service, without a slash at the end."""
        return self._runtime.base_url

    def happened_at(self, stated: datetime | None, field: str = "happened_at") -> datetime:
        """When a fact of the world happened: now, or a stated earlier time with the scope `<service>:history`.

        Never in the future. A stated time is kept beside the recorded one and shown as stated. `field` is the field of
        the request that said so: a refusal names what was sent.
        """
        if stated is None:
            return self.now
        pointer = f"/{field}"
        if stated.tzinfo is None:
            raise Invalid(f"{field} needs a time zone, such as Z.", pointer=pointer)
        stated = stated.astimezone(UTC)
        if stated > self.now + CLOCK_SKEW:
            raise Invalid(f"{field} lies in the future; leave it out for now.", pointer=pointer)
        scope = f"{self._runtime.service.name}:history"
        if stated < self.now - CLOCK_SKEW and not self.actor.may(scope):
            raise NotAllowed(
                f"Stating an earlier {field} needs the scope {scope}; leave it out for now.", pointer=pointer
            )
        return min(stated, self.now)

    def may_write_for(self, slug: str) -> None:
        """Refuse a token whose `organisations` claim does not hold this organisation."""
        if self.actor.organisations is not None and slug not in self.actor.organisations:
            raise NotAllowed(f"The token may not write for {slug}.")

    def may_write_for_all(self) -> None:
        """Refuse a token limited to some organisations where the thing written is shared by all."""
        if self.actor.organisations is not None:
            raise NotAllowed("The token is limited to some organisations; this is shared by all of them.")

    async def record(self, *events: Event) -> None:
        """Write facts to the outbox, in this transaction. Lock the aggregate's row first."""
        await outbox.record(
            self.session,
            events,
            service=self._runtime.service.name,
            now=self.now,
            new_id=self.new_id,
            actor_sub=self.actor.sub,
            correlation_id=self.request_id,
            traceparent=self._traceparent,
        )

    def audit(
        self,
        action: str,
        subject: str | UUID,
        *,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
        reason: str | None = None,
    ) -> None:
        """Note a business action with what changed; written as the last thing before commit."""
        self._audit.append(
            audit.AuditEntry(
                action=action,
                subject=str(subject),
                before=to_jsonable_python(before),
                after=to_jsonable_python(after),
                reason=reason,
            )
        )

    def etag(self, version: int | str, content: str | None = None) -> None:
        """Name the version of the single resource that is answered.

        `content` is a fingerprint of what the answer shows beside the versioned record itself, such as live figures: it
        decides about 304, while If-Match compares the version alone.
        """
        self.headers["ETag"] = f'"{version}"' if content is None else f'"{version}.{content}"'

    def if_match(self, version: int | str, href: str) -> None:
        """Refuse a change to a version that is not the current one: 428 without If-Match, 412 `stale_version`."""
        current = f'"{version}"'
        if self._if_match is None:
            raise PreconditionRequired(
                "Send If-Match with the ETag you read, so that nobody's change is overwritten.",
                headers={"ETag": current},
            )
        tags = etags.read_tags(self._if_match)
        if not etags.names_version(tags, version):
            raise StaleVersion(
                f"The current version is {current}, and If-Match names {etags.shown(tags)}; read it again, then "
                "change it.",
                extra={"current": href},
                headers={"ETag": current, "Link": f'<{href}>; rel="self"'},
            )

    async def lock(self, *parts: str) -> None:
        """Wait for a lock of this name; it ends with the transaction."""
        await (await self.session.connection()).execute(
            text("SELECT pg_advisory_xact_lock(:key)"), {"key": lock_key(*parts)}
        )

    async def store_file(self, data: bytes, media_type: str) -> StoredFile:
        """Keep bytes by their hash, named by a row of this transaction."""
        stored = await self.files.put(data, media_type)
        await self.name_file(stored)
        return stored

    async def name_file(self, stored: StoredFile) -> None:
        """Name an already written file in this transaction, which keeps it from being swept."""
        table = self._runtime.tables.files
        statement = pg_insert(table).values(
            sha256=stored.sha256, size=stored.size, media_type=stored.media_type, created_at=self.now
        )
        await (await self.session.connection()).execute(statement.on_conflict_do_nothing())

    async def forget_file(self, sha256: str) -> None:
        """Give up a file that no record names any more: its bytes go as soon as this transaction has committed.

        Should the process end in between, the sweep removes them, because no row names them.
        """
        table = self._runtime.tables.files
        await (await self.session.connection()).execute(delete(table).where(table.c.sha256 == sha256))
        self._forgotten.append(sha256)

    async def commit(self) -> None:
        """Write the audit rows, then commit. For the edge and for background work; commands never call it."""
        if not self._audit and self._default_action:
            self.audit(self._default_action, self._default_subject)
        if self._audit:
            await self.session.flush()
            await audit.append(
                await self.session.connection(),
                self._runtime.tables.audit,
                self._audit,
                now=self.now,
                actor_sub=self.actor.sub,
                actor_name=self.actor.name,
                request_id=self.request_id,
            )
            self._audit = []
        await self.session.commit()
        for sha256 in self._forgotten:
            await asyncio.to_thread(self.files.path(sha256).unlink, missing_ok=True)
        self._forgotten = []


def lock_key(*parts: str) -> int:
    """A 64-bit key for a PostgreSQL advisory lock, the same in every process."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
