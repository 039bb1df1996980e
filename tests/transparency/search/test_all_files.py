"""The files over all periods of one publisher."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import text
from sqlmodel import col, select

from services.transparency.editions.cells import profile
from services.transparency.search import files, parquet
from services.transparency.tables import Organisation
from tests.harness import Running
from tests.transparency.facts import batch, line
from tests.transparency.search.published import corrected, published, searchable
from tests.transparency.test_editions import publish

GZ, PARQUET = "/open/body/spend/all.csv.gz", "/open/body/spend/all.parquet"


async def packed(transparency: Running) -> list[dict[str, str]]:
    answer = await transparency.anonymous.get(GZ)
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    return list(csv.DictReader(io.StringIO(gzip.decompress(answer.content).decode(), newline="")))


async def typed(transparency: Running, folder: Path) -> tuple[list[dict[str, Any]], dict[str, str]]:
    answer = await transparency.anonymous.get(PARQUET)
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    path = folder / "all.parquet"
    path.write_bytes(answer.content)
    with duckdb.connect() as connection:
        read = connection.execute(f"SELECT * FROM read_parquet('{path}')")
        names = [column[0] for column in read.description or ()]
        types = {column[0]: str(column[1]) for column in read.description or ()}
        return [dict(zip(names, row, strict=True)) for row in read.fetchall()], types


async def rebuild(transparency: Running) -> None:
    async with transparency.runtime.work() as work:
        organisation = (await work.session.exec(select(Organisation).where(col(Organisation.slug) == "body"))).one()
        await files.rebuild_all(work, organisation)


async def test_all_rows_in_force_stand_in_one_file_with_edition_and_period(
    transparency: Running, tmp_path: Path
) -> None:
    """T-60, T-56, T-57: the same rows as the files of the quarters, typed in Parquet, text as it is stored there."""
    await published(
        transparency,
        line(123_456, name="=SUM(A1)", purpose="-dash", contract_ref=None),
        line(-99_900, name='Crédit, "Ltd"', party_key="c", paid="2017-06-30", gross=True),
        line(88_800, party_kind="individual", name=None, party_key="p", purpose="For Jo Doe"),
    )
    second = [
        line(70_000, name="Later Ltd", paid="2017-07-01"),
        line(1_299, card="gpc", kind="card", paid="2017-08-01"),
    ]
    await transparency.receive(*batch(*second, line(100, paid="2017-09-01"), covers=("2017-07-01", "2017-09-30")))
    await publish(transparency, "/v1/datasets/body/spend/2017-18-q2")
    await searchable(transparency)
    rows = await packed(transparency)
    assert [(row["Period"], row["Edition"]) for row in rows] == [("2017-18-q1", "1")] * 3 + [("2017-18-q2", "1")] * 2
    quarters = []
    for period in ("2017-18-q1", "2017-18-q2"):
        answer = await transparency.anonymous.get(f"/open/body/spend/{period}/v1/spend.csv")
        quarters += list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))
    assert [{name: row[name] for name in quarters[0]} for row in rows] == quarters
    assert rows[0]["RowID"]
    kept, types = await typed(transparency, tmp_path)
    assert list(kept[0]) == list(rows[0]) == files.columns()
    assert (types["Amount"], types["PaymentDate"], types["LateAddition"]) == ("DECIMAL(18,2)", "DATE", "BOOLEAN")
    assert not [name for name, kind in types.items() if kind in ("DOUBLE", "FLOAT")]
    assert [row["Amount"] for row in kept] == [Decimal(row["Amount"]) for row in rows]
    assert [row["RowID"] for row in kept] == [row["RowID"] for row in rows]
    assert (rows[0]["BeneficiaryName"], rows[0]["Purpose"]) in (
        ("'=SUM(A1)", "'-dash"),
        ("REDACTED PERSONAL DATA",) * 2,
    )
    [formula] = [row for row in kept if row["Amount"] == Decimal("1234.56")]
    assert (formula["BeneficiaryName"], formula["Purpose"]) == ("=SUM(A1)", "-dash")
    [credit] = [row for row in kept if row["Amount"] == Decimal("-999.00")]
    assert (credit["BeneficiaryName"], credit["IrrecoverableVATAmount"]) == ('Crédit, "Ltd"', None)
    assert (credit["PaymentDate"], credit["CardTransaction"]) == (date(2017, 6, 30), "None")


async def test_the_files_follow_each_publication_and_hold_nothing_that_is_withdrawn(transparency: Running) -> None:
    """T-60, T-52: the edition in force alone; the earlier bytes are named by nothing."""
    edition = await published(transparency, line(60_000, name="First Ltd", party_key="f"))
    first = await transparency.anonymous.get(GZ)
    await corrected(transparency, line(70_000, name="Second Ltd", party_key="s"))
    assert [row["Edition"] for row in await packed(transparency)] == ["2", "2"]
    old = first.headers["etag"].strip('"')
    async with transparency.session() as session:
        connection = await session.connection()
        named = await connection.execute(text("SELECT count(*) FROM stored_files WHERE sha256 = :old"), {"old": old})
        assert named.scalar_one() == 0
        assert (await connection.execute(text("SELECT count(*) FROM spend_files"))).scalar_one() == 2
    same = await transparency.anonymous.get(GZ)
    assert (await transparency.anonymous.get(GZ, headers={"If-None-Match": same.headers["etag"]})).status_code == 304
    await rebuild(transparency)
    assert (await transparency.anonymous.get(GZ)).content == same.content
    # The head of a gzip file has room for a time; whatever is there would make other bytes of the same rows.
    assert same.content[4:8] == bytes(4)
    # As withdrawing leaves the database: no edition of the quarter is in force.
    async with transparency.runtime.work() as work:
        connection = await work.session.connection()
        await connection.execute(text("UPDATE editions SET state = 'superseded' WHERE number = 2"))
    await rebuild(transparency)
    for address in (GZ, PARQUET):
        gone = await transparency.anonymous.get(address)
        assert (gone.status_code, gone.json()["type"]) == (404, "urn:outturn:problem:file_not_found")
        assert "no all." in gone.json()["detail"]
    assert edition["edition"] == 1


def test_a_file_of_other_columns_is_put_in_order_and_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    """T-60: an edition that was published before a column was added has it empty."""
    source = tmp_path / "old.csv"
    source.write_bytes(
        b'RowID,Amount,BeneficiaryName,PaymentDate\r\nr1,5.00,"a, ""b""",30/06/2017\r\nr2,-0.10,c,01/04/2017\r\n'
    )
    edition = files.InForce("2016-17-q1", 3, 2, 0, source)
    lines = b"".join(files._blocks(edition)).decode()
    rows = list(csv.DictReader(io.StringIO(lines), files.columns()))
    assert [(row["RowID"], row["BeneficiaryName"], row["Unit" if "Unit" in row else "Purpose"]) for row in rows] == [
        ("r1", 'a, "b"', ""),
        ("r2", "c", ""),
    ]
    assert [(row["Edition"], row["Period"]) for row in rows] == [("3", "2016-17-q1")] * 2
    made = []
    for name in ("one", "two"):
        target = tmp_path / name
        sources = [parquet.Source(source, edition.header, False, (3, "2016-17-q1"))] * 3
        parquet.write(target, profile("spend"), files.OWN_COLUMNS, sources)
        made.append(target.read_bytes())
    assert made[0] == made[1]
    with duckdb.connect() as connection:
        read = connection.execute(f"SELECT RowID, Amount, Purpose FROM read_parquet('{tmp_path / 'one'}')").fetchall()
    assert read == [("r1", Decimal("5.00"), None), ("r2", Decimal("-0.10"), None)] * 3
