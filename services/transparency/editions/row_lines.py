"""The rows of an edition as lines of its JSON file: their digests, and what differs between two editions."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from shared.files import FileStore, FileWriter, StoredFile

DIGESTS_FILE = "rows.sha256"
DIGESTS_TYPE = "text/plain; charset=utf-8"

ROW_ID = re.compile(rb'\{"row_id" ?: ?"([a-z0-9]+)"')


class Digests:
    """The salted digest of every row, written to a file of its own while the rows go by (T-52).

    A digest is the SHA-256 of the edition's salt and the row's line. The audit chain holds the hash of this file, so
    that the chain still verifies when the rows and the salt have been erased; nobody can guess a row from its digest.
    """

    def __init__(self, files: FileStore, salt: str) -> None:
        self._writer: FileWriter = files.writer(DIGESTS_TYPE)
        self._salt = salt.encode()

    def add(self, lines: bytes) -> None:
        self._writer.write(b"".join(_digest_line(self._salt, line) for line in lines.split(b"\n") if line))

    def finish(self) -> StoredFile:
        self._writer.finish()
        return self._writer.stored

    def discard(self) -> None:
        self._writer.discard()


def digests_hash(path: Path, salt: str) -> str:
    """The hash that the digests file has if the rows at this address are the ones it was made of."""
    found = hashlib.sha256()
    for _, line in read(path):
        found.update(_digest_line(salt.encode(), line))
    return found.hexdigest()


def _digest_line(salt: bytes, line: bytes) -> bytes:
    return row_id_of(line).encode() + b"  " + hashlib.sha256(salt + line).hexdigest().encode() + b"\n"


def row_line(row_id: str, record: Mapping[str, Any]) -> bytes:
    """A row as a line of the JSON file; the id comes first."""
    return json.dumps({"row_id": row_id, **record}, ensure_ascii=False, separators=(",", ":")).encode()


def row_id_of(line: bytes) -> str:
    match = ROW_ID.match(line)
    assert match is not None
    return match[1].decode()


def read(path: Path, wanted: Collection[str] | None = None) -> Iterator[tuple[str, bytes]]:
    """Row id and line of each row of an edition's JSON file; of some rows where they are named. Blocking."""
    with path.open("rb") as file:
        next(file, None)
        for raw in file:
            match = ROW_ID.match(raw)
            if match is not None and (wanted is None or match[1].decode() in wanted):
                yield match[1].decode(), raw.rstrip(b"\n").removesuffix(b",")


def fields_changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Each member that differs, with both values."""
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) != after.get(name):
            yield name, before.get(name), after.get(name)
