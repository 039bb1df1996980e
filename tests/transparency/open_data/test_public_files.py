"""The public files: ranges, tags, licence in all metadata, and what two outside engines say of each fault."""

from __future__ import annotations

import json
from pathlib import Path

import csvw
import pytest

from services.transparency.editions.files import LICENCE
from tests.harness import Running
from tests.transparency.test_editions import OPEN
from tests.transparency.test_files import errors, published


async def test_public_files_answer_head_ranges_and_conditional_reads(transparency: Running) -> None:
    """Domain section 5, HTTP: what a download tool asks for."""
    data = await published(transparency)
    reader = transparency.anonymous
    address = f"{OPEN}/v1/spend.csv"
    head = await reader.head(address)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(data)))
    assert head.headers["accept-ranges"] == "bytes"
    part = await reader.get(address, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, data[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(data)}"
    last = await reader.get(address, headers={"Range": "bytes=-5"})
    assert last.content == data[-5:]
    tag = head.headers["etag"]
    resumed = await reader.get(address, headers={"Range": "bytes=10-", "If-Range": tag})
    assert (resumed.status_code, resumed.content) == (206, data[10:])
    other = await reader.get(address, headers={"Range": "bytes=10-", "If-Range": '"another"'})
    assert (other.status_code, other.content) == (200, data)
    beyond = await reader.get(address, headers={"Range": f"bytes={len(data)}-"})
    assert beyond.status_code == 416
    same = await reader.get(address, headers={"If-None-Match": tag})
    assert (same.status_code, same.content) == (304, b"")


async def test_every_metadata_file_names_the_licence_and_schemas_stand_beside_the_csv(transparency: Running) -> None:
    """T-25; domain section 5: licence OGL v3 in every metadata file; Table Schema and CSVW beside each CSV."""
    await published(transparency)
    reader = transparency.anonymous
    for name in ("edition.json", "spend.json", "spend.csv-metadata.json"):
        assert LICENCE in (await reader.get(f"{OPEN}/v1/{name}")).text, name
    metadata = (await reader.get(f"{OPEN}/v1/spend.csv-metadata.json")).json()
    schema = (await reader.get(f"{OPEN}/v1/schema.json")).json()
    assert metadata["url"] == "spend.csv"
    assert [column["titles"] for column in metadata["tableSchema"]["columns"]] == [
        field["name"] for field in schema["fields"]
    ]


MUTANTS = [
    (b",01/04/2017,", b",1/4/2017,"),
    (b",25123.00,", b",25123.00,,"),
    (b"Caf\xc3\xa9", b"Caf\xe9"),
    (b",25123.00,", b',"25,123.00",'),
    (b"PaymentDate,", b""),
]
"""Worked example 9: a single-digit date, an extra cell, cp1252 bytes, a thousands mark, a missing column."""


def csvw_finds(data: bytes, metadata: bytes, folder: Path) -> bool:
    """Whether the engine of CSV on the Web finds a fault in these bytes."""
    (folder / "spend.csv").write_bytes(data)
    (folder / "spend.csv-metadata.json").write_bytes(metadata)
    try:
        found = csvw.CSVW(str(folder / "spend.csv"), md_url=str(folder / "spend.csv-metadata.json"), validate=True)
        return not found.is_valid
    except (ValueError, UnicodeDecodeError):
        return True


# The engine notes its findings as warnings.
@pytest.mark.filterwarnings("always::UserWarning:csvw")
async def test_two_engines_pass_the_file_and_each_mutant_fails_in_at_least_one(
    transparency: Running, tmp_path: Path
) -> None:
    """Worked example 9: frictionless sees ragged rows, csvw sees single-digit dates; both forced to UTF-8."""
    data = await published(transparency)
    metadata = (await transparency.anonymous.get(f"{OPEN}/v1/spend.csv-metadata.json")).content
    schema = json.loads((await transparency.anonymous.get(f"{OPEN}/v1/schema.json")).content)
    assert (errors(data, schema, tmp_path), csvw_finds(data, metadata, tmp_path)) == ([], False)
    for found, broken in MUTANTS:
        assert found in data
        mutant = data.replace(found, broken, 1)
        finders = (bool(errors(mutant, schema, tmp_path)), csvw_finds(mutant, metadata, tmp_path))
        assert any(finders), broken
    single_digit = data.replace(*MUTANTS[0], 1)
    assert csvw_finds(single_digit, metadata, tmp_path), "what the second engine is there for"
