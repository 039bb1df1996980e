"""The files over all periods of one publisher's spend: CSV in gzip, and Parquet, built from the files in force."""

from __future__ import annotations

import asyncio
import csv
import gzip
import io
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from sqlmodel import col, delete, select

from services.transparency.editions.cells import profile
from services.transparency.editions.tables import Dataset, Edition, EditionFile
from services.transparency.search import parquet
from services.transparency.search.tables import SpendFile
from services.transparency.tables import Organisation
from shared.files import FileStore, StoredFile
from shared.work import Work

CSV_NAME, PARQUET_NAME = "all.csv.gz", "all.parquet"
GZIP_TYPE, PARQUET_TYPE = "application/gzip", "application/vnd.apache.parquet"
OWN_COLUMNS = ("Edition", "Period")
SOURCE = "spend.csv"
LEVEL = 5
"""Of gzip. Higher levels take much longer and save little."""
BLOCK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class InForce:
    """The published CSV file of an edition in force."""

    period: str
    number: int
    rows: int
    guarded_cells: int
    path: Path

    @property
    def header(self) -> list[str]:
        """Its columns: a file keeps those it was published with."""
        with self.path.open(encoding="utf-8", newline="") as file:
            return next(csv.reader(file))


AT_ONCE_ROWS = 20_000
"""Up to so many rows the files are built by the request that publishes; larger ones within a minute, by the tick."""


async def rebuild_soon(work: Work, organisation: Organisation) -> None:
    """Build both files again after a publication: now where they are small, else the tick finds them out of date."""
    if sum(edition.rows for edition in await _in_force(work, organisation)) <= AT_ONCE_ROWS:
        await rebuild_all(work, organisation)


async def rebuild_all(work: Work, organisation: Organisation) -> list[SpendFile]:
    """Build both files again from the editions now in force, in the transaction that publishes or withdraws one.

    Where none is in force there is no file. The files as they were before are deleted. Call it with the dataset's row
    locked, so that no other publication comes in between.
    """
    before = (
        await work.session.exec(select(SpendFile).where(col(SpendFile.organisation_id) == organisation.organisation_id))
    ).all()
    editions = await _in_force(work, organisation)
    built: dict[str, StoredFile] = {}
    if editions:
        built[CSV_NAME] = await asyncio.to_thread(build_csv, work.files, editions)
        built[PARQUET_NAME] = await asyncio.to_thread(build_parquet, work.files, editions)
    await work.session.exec(delete(SpendFile).where(col(SpendFile.organisation_id) == organisation.organisation_id))
    await work.session.flush()
    made = []
    for name, stored in built.items():
        await work.name_file(stored)
        made.append(
            SpendFile(
                organisation_id=organisation.organisation_id,
                name=name,
                media_type=stored.media_type,
                sha256=stored.sha256,
                size=stored.size,
                rows=sum(edition.rows for edition in editions),
                built_at=work.now,
            )
        )
    work.session.add_all(made)
    await work.session.flush()
    await _forget(work, {file.sha256 for file in before} - {file.sha256 for file in made})
    return made


async def _in_force(work: Work, organisation: Organisation) -> list[InForce]:
    found = await work.session.exec(
        select(Edition, EditionFile)
        .join(Dataset, col(Dataset.dataset_id) == col(Edition.dataset_id))
        .join(EditionFile, col(EditionFile.edition_id) == col(Edition.edition_id))
        .where(
            col(Dataset.organisation_id) == organisation.organisation_id,
            col(Dataset.kind) == "spend",
            col(Edition.state) == "published",
            col(EditionFile.name) == SOURCE,
        )
        .order_by(col(Edition.period))
    )
    return [
        InForce(edition.period, edition.number, edition.row_count, edition.guarded_cells, work.files.path(file.sha256))
        for edition, file in found.all()
    ]


async def _forget(work: Work, hashes: set[str]) -> None:
    """Let go of earlier files: their bytes go with this transaction, for they may hold what is withdrawn (T-52)."""
    for table in (EditionFile, SpendFile):
        kept = await work.session.exec(select(col(table.sha256)).where(col(table.sha256).in_(hashes)))
        hashes -= set(kept.all())
    for sha256 in sorted(hashes):
        await work.forget_file(sha256)


def columns() -> list[str]:
    """Columns of both files: those of the spend file, then the edition and period that each row is of."""
    return [*(column["header"] for column in profile("spend")), *OWN_COLUMNS]


def build_csv(files: FileStore, editions: list[InForce]) -> StoredFile:
    with files.writer(GZIP_TYPE) as target:
        # No name and no time in the head of the file: the same rows give the same bytes.
        with gzip.GzipFile("", "wb", LEVEL, cast(BinaryIO, _Sink(target.write)), mtime=0) as packed:
            packed.write(",".join(columns()).encode() + b"\r\n")
            for edition in editions:
                for block in _blocks(edition):
                    packed.write(block)
    return target.stored


def _blocks(edition: InForce) -> Iterator[bytes]:
    """The published rows as they are, byte for byte, each with edition and period behind it."""
    behind = f",{edition.number},{edition.period}\r\n".encode()
    if edition.header != columns()[: -len(OWN_COLUMNS)]:
        yield from _rearranged(edition)
        return
    with edition.path.open("rb") as file:
        file.readline()
        # No cell holds a line break, so each one ends a row (T-55).
        while lines := file.readlines(BLOCK_BYTES):
            yield b"".join(line.removesuffix(b"\r\n") + behind for line in lines)


def _rearranged(edition: InForce) -> Iterator[bytes]:
    """Rows of a file that was published with other columns; what it has not is empty."""
    with edition.path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            line = io.StringIO()
            cells = [row.get(name) or "" for name in columns()[: -len(OWN_COLUMNS)]]
            csv.writer(line, lineterminator="\r\n").writerow([*cells, edition.number, edition.period])
            yield line.getvalue().encode()


def build_parquet(files: FileStore, editions: list[InForce]) -> StoredFile:
    with tempfile.TemporaryDirectory(prefix="outturn-") as folder:
        made = Path(folder) / PARQUET_NAME
        sources = [
            parquet.Source(edition.path, edition.header, edition.guarded_cells > 0, (edition.number, edition.period))
            for edition in editions
        ]
        parquet.write(made, profile("spend"), OWN_COLUMNS, sources)
        with files.writer(PARQUET_TYPE) as target, made.open("rb") as file:
            _copy(file, target.write)
    return target.stored


def _copy(file: BinaryIO, write: Callable[[bytes], None]) -> None:
    while block := file.read(BLOCK_BYTES):
        write(block)


class _Sink:
    """As much of a file as gzip needs to write to."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write

    def write(self, data: bytes) -> int:
        self._write(data)
        return len(data)

    def flush(self) -> None:
        """What is written stays with the store's writer."""


async def kept(work: Work, organisation: Organisation) -> list[SpendFile]:
    """The files over all periods that this publisher has now, by name."""
    found = await work.session.exec(
        select(SpendFile)
        .where(col(SpendFile.organisation_id) == organisation.organisation_id)
        .order_by(col(SpendFile.name))
    )
    return list(found.all())
