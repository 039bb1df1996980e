"""Content-addressed files of one service: written aside, synced, renamed before the row that names them commits."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from sqlalchemy import BigInteger, Column, DateTime, MetaData, String, Table, select
from sqlalchemy.ext.asyncio import AsyncSession

ORPHAN_AGE_SECONDS = 3600


@dataclass(frozen=True)
class StoredFile:
    sha256: str
    size: int
    media_type: str


def file_tables(metadata: MetaData) -> Table:
    """The table that names every file worth keeping."""
    return Table(
        "stored_files",
        metadata,
        Column("sha256", String(64), primary_key=True),
        Column("size", BigInteger, nullable=False),
        Column("media_type", String(200), nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False),
    )


class FileStore:
    """A folder whose files are named by the SHA-256 of their bytes; several instances may share one volume."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)

    def path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256

    async def put(self, data: bytes, media_type: str) -> StoredFile:
        """Keep bytes. The caller names them in a row of the same unit of work, else they are swept as an orphan."""

        def write() -> StoredFile:
            with self.writer(media_type) as file:
                file.write(data)
            return file.stored

        return await asyncio.to_thread(write)

    async def put_stream(self, chunks: AsyncIterator[bytes], media_type: str) -> StoredFile:
        """Keep a stream without holding it in memory; writing happens off the event loop."""
        writer = self.writer(media_type)
        try:
            async for chunk in chunks:
                if chunk:
                    await asyncio.to_thread(writer.write, chunk)
        except BaseException:
            writer.discard()
            raise
        return await asyncio.to_thread(writer.finish)

    def writer(self, media_type: str) -> FileWriter:
        """A blocking writer, for code that builds a large file in a thread."""
        return FileWriter(self._incoming / uuid4().hex, media_type, self.path)

    async def sweep(self, session: AsyncSession, table: Table, now: float | None = None) -> int:
        """Remove files that no row names and half-written ones, older than an hour. Returns how many."""
        now = time.time() if now is None else now
        old = await asyncio.to_thread(self._files_before, now - ORPHAN_AGE_SECONDS)
        names = [path.name for path in old]
        connection = await session.connection()
        kept = set((await connection.execute(select(table.c.sha256).where(table.c.sha256.in_(names)))).scalars())
        orphans = [path for path in old if path.name not in kept]
        for path in orphans:
            await asyncio.to_thread(path.unlink, missing_ok=True)
        return len(orphans)

    def _files_before(self, moment: float) -> list[Path]:
        found = []
        for path in self._folder.rglob("*"):
            try:
                if path.is_file() and path.stat().st_mtime < moment:
                    found.append(path)
            except FileNotFoundError:
                # Another instance swept or renamed it between the two looks.
                continue
        return found


class FileWriter:
    """Writes one file aside and moves it to its address when finished."""

    stored: StoredFile

    def __init__(self, temporary: Path, media_type: str, address: Callable[[str], Path]) -> None:
        self._temporary = temporary
        self._address = address
        self._media_type = media_type
        self._digest = hashlib.sha256()
        self._size = 0
        self._file = open(temporary, "wb")  # noqa: SIM115 - closed by finish or discard

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)
        self._size += len(data)

    def finish(self) -> StoredFile:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        sha256 = self._digest.hexdigest()
        target = self._address(sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        self._temporary.replace(target)
        # A kept file that is stored again is young again, so that a sweep under way leaves it.
        os.utime(target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self.stored = StoredFile(sha256=sha256, size=self._size, media_type=self._media_type)
        return self.stored

    def discard(self) -> None:
        self._file.close()
        self._temporary.unlink(missing_ok=True)

    def __enter__(self) -> FileWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.finish()
        else:
            self.discard()
