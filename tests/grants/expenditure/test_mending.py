"""The whole way of a rejected line: errors as a file, mended as a spreadsheet would, sent again."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.grants.expenditure.conftest import Ledger, accounted, counted_profile, csv_file, simple_profile
from tests.grants.expenditure.layouts import profile
from tests.grants.steps import done

MARKS = ["outcome", "reasons", "record", "line"]


@dataclass(frozen=True)
class Case:
    """A file with one bad line, where its fault stands in the file of errors, and what mends it."""

    name: str
    profile: dict[str, Any]
    content: bytes
    column: str
    mended: str
    pence: int
    received_pence: int
    media_type: str = "text/csv"
    parameters: tuple[tuple[str, str], ...] = ()


FIELDS = {
    "payment_date": {"column": "Paid"},
    "amount": {"column": "Amount"},
    "party_name": {"column": "Payee"},
}
CASES = (
    Case(
        "plain with a guard",
        simple_profile(name="layout", amounts={"currency": ["£"]}),
        "Reference,Date,Supplier,Amount\nA-1,2017-04-03,Alpha,1.00\n=A-2,2017-13-03,@Home,-£2.00\n".encode(),
        "Date",
        "2017-04-04",
        -200,
        -100,
    ),
    Case(
        "preamble, total, semicolons, another encoding",
        profile(
            "layout",
            FIELDS,
            encodings=["cp1252"],
            delimiter=";",
            header={"search": 5},
            dates=["dd/mm/yyyy"],
            amounts={"decimal": ",", "thousands": "."},
            total_rows=[{"column": "Payee", "equals": "Total"}],
        ),
        "Café spend;;\n\nPaid;Payee;Amount\n03/04/2017;Café;1.000,50\n03/04/2017;Bêta;zwei\n;Total;1.000,50\n".encode(
            "cp1252"
        ),
        "Amount",
        "2,00",
        200,
        100050,
    ),
    Case(
        "two headers, doubled names, filled down",
        profile(
            "layout",
            {
                "payment_date": {"column": "When Paid"},
                "amount": {"column": "Sum"},
                "party_name": {"column": "Payee"},
                "unit": {"column": "Unit"},
            },
            header={
                "row": 1,
                "rows": 2,
                "named": [{"column": "Sum £", "occurrence": 2, "name": "Sum"}, {"position": 1, "name": "Unit"}],
            },
            dates=["yyyymmdd"],
            fill_down=["Unit", "Payee"],
        ),
        b",When,,Sum,Sum\n,Paid,Payee,\xc2\xa3,\xc2\xa3\nAdults,20170403,Alpha,9,1.00\n,20170404,,9,1.0.0\n",
        "Sum",
        "3.00",
        300,
        100,
    ),
    Case(
        "no header",
        profile(
            "layout",
            {"payment_date": {"column": "day"}, "amount": {"column": "sum"}, "party_name": {"column": "who"}},
            header={"columns": ["day", "who", "sum"]},
            delimiter="|",
            quote="",
        ),
        b'2017-04-03|12" pipes|1.00\n2017-04-03|"quoted", and more|\n',
        "sum",
        "4.00",
        400,
        100,
    ),
    Case(
        "the day said above",
        profile(
            "layout",
            {
                "payment_date": {"preamble": {"row": 1, "column": 2}},
                "amount": {"column": "Amount"},
                "party_name": {"column": "Payee"},
            },
            header={"row": 2},
            dates=["d mmmm yyyy"],
        ),
        b"Paid on,3 April 2017\nPayee,Amount\nAlpha,1.00\nAlpha,1.00.00\n",
        "Amount",
        "5.00",
        500,
        100,
    ),
    Case(
        "the period by parameter",
        profile(
            "layout",
            {
                "payment_date": {"parameter": "period"},
                "amount": {"column": "Amount"},
                "party_name": {"column": "Payee"},
            },
        ),
        b"Payee,Amount\nAlpha,1.00\nAlpha,x\n",
        "Amount",
        "6.00",
        600,
        100,
        parameters=(("period", "2017-04"),),
    ),
    Case(
        "json",
        simple_profile(name="layout"),
        json.dumps(
            {
                "lines": [
                    {"Reference": "A-1", "Date": "2017-04-03", "Supplier": "Alpha", "Amount": 1},
                    {"Reference": "A-2", "Date": "2017-04-03", "Supplier": "Bêta", "Amount": "x", "More": True},
                ]
            }
        ).encode(),
        "Amount",
        "7.00",
        700,
        100,
        media_type="application/json",
    ),
)


def as_sent(data: bytes, delimiter: str) -> bytes:
    return data


def as_saved_by_a_spreadsheet(data: bytes, delimiter: str) -> bytes:
    """Opened, guards left as they are, saved in the machine's own code page with every cell quoted."""
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter))
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode("cp1252")


def as_unicode_text(data: bytes, delimiter: str) -> bytes:
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter))
    out = io.StringIO(newline="")
    csv.writer(out, delimiter="\t").writerows(rows)
    return out.getvalue().encode("utf-16")


def without_the_reasons(data: bytes, delimiter: str) -> bytes:
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter))
    out = io.StringIO(newline="")
    csv.writer(out).writerows([row[: -len(MARKS)] for row in rows])
    return out.getvalue().encode()


@pytest.mark.parametrize("saved", [as_sent, as_saved_by_a_spreadsheet, as_unicode_text, without_the_reasons])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_rejected_lines_come_as_a_file_and_go_back_mended(
    ledger: Ledger, case: Case, saved: Callable[[bytes, str], bytes]
) -> None:
    """§6: the original's columns and the reasons, to fix in a spreadsheet and send again with `corrects`."""
    await ledger.defined(case.profile)
    batch = await ledger.sent(case.content, "layout", media_type=case.media_type, **dict(case.parameters))
    accounted(batch)
    assert (batch["outcomes"]["accepted"]["lines"], batch["outcomes"]["rejected"]["lines"]) == (1, 1)
    assert batch["outcomes"]["received"]["pence"] == case.received_pence
    answer = await ledger.system.get(f"/v1/expenditure-batches/{batch['id']}/errors.csv")
    assert answer.status_code == 200
    delimiter = case.profile.get("delimiter", ",")
    delimiter = delimiter if delimiter in (",", ";", "\t") else ","
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""), delimiter=delimiter))
    assert rows[0][-4:] == MARKS
    assert len(rows) == 2
    rows[1][rows[0].index(case.column)] = case.mended
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(rows)
    data = saved(out.getvalue().encode("utf-8-sig"), delimiter)
    again = await ledger.sent(data, "layout", corrects=batch["id"])
    accounted(again)
    assert again["outcomes"]["accepted"] == {"lines": 1, "pence": case.pence}, again
    shown = (await ledger.system.get(f"/v1/expenditure-batches/{batch['id']}")).json()
    assert (batch["unsettled"]["lines"], shown["unsettled"]["lines"]) == (1, 0)
    entries = await ledger.everything("/v1/expenditure-lines", batch=again["id"])
    first = await ledger.everything("/v1/expenditure-lines", batch=batch["id"])
    assert entries[0]["party"]["name"][0] not in "'\ufffd"
    if case.name.startswith("two"):
        assert (entries[0]["unit"], entries[0]["party"]["name"]) == (first[0]["unit"], first[0]["party"]["name"])
    twice = await ledger.sent(data, "layout", corrects=batch["id"])
    assert twice["outcomes"]["duplicate"]["lines"] == 1


async def test_a_mended_file_may_be_mended_again(ledger: Ledger) -> None:
    """A correction's own errors come back in the same way; days as a spreadsheet writes them are read."""
    await ledger.defined(simple_profile(header={"row": 2}))
    content = b"Title\nReference,Date,Supplier,Amount\nA-1,x,Alpha,1.00\nA-2,x,Beta,2.00\n"
    batch = await ledger.sent(content)
    errors = (await ledger.system.get(f"/v1/expenditure-batches/{batch['id']}/errors.csv")).text
    half = errors.replace("A-1,x", "A-1,03/04/2017")
    second = await ledger.sent(half.encode(), corrects=batch["id"])
    assert (second["outcomes"]["accepted"]["lines"], second["outcomes"]["rejected"]["lines"]) == (1, 1)
    rest = (await ledger.system.get(f"/v1/expenditure-batches/{second['id']}/errors.csv")).text
    assert rest.splitlines()[0] == "Reference,Date,Supplier,Amount,outcome,reasons,record,line"
    third = await ledger.sent(rest.replace("A-2,x", "A-2,2017-04-03").encode(), corrects=second["id"])
    assert third["outcomes"]["accepted"] == {"lines": 1, "pence": 200}
    assert [line["payment_date"] for line in await ledger.everything("/v1/expenditure-lines")] == ["2017-04-03"] * 2


async def test_surplus_and_short_records_come_whole_and_can_be_mended(ledger: Ledger) -> None:
    await ledger.defined(simple_profile())
    content = (
        b'Reference,Date,Supplier,Amount\nA-1,2017-04-03,Alpha,Sons,1.00\nA-2,2017-04-03,Beta\nA-3,"un"closed,B,3\n'
    )
    batch = await ledger.sent(content)
    assert batch["outcomes"]["rejected"]["lines"] == 3
    answer = await ledger.system.get(f"/v1/expenditure-batches/{batch['id']}/errors.csv")
    rows = list(csv.reader(io.StringIO(answer.text, newline="")))
    assert rows[1][:5] == ["A-1", "2017-04-03", "Alpha", "Sons", "1.00"]
    rows[1][2:5] = ["Alpha, Sons", "1.00", ""]
    rows[2][3] = "2.00"
    rows[3][:4] = ["A-3", "2017-04-03", "B", "3"]
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    again = await ledger.sent(out.getvalue().encode(), corrects=batch["id"])
    assert again["outcomes"]["accepted"] == {"lines": 3, "pence": 600}, again["outcomes"]


@pytest.mark.parametrize("parameters", [{"on_error": "reject_batch"}, {"expected_lines": "5"}], ids=str)
async def test_of_a_file_refused_as_a_whole_every_line_comes_back(ledger: Ledger, parameters: dict[str, str]) -> None:
    """§6: what is mended and sent again is the whole of it, also the lines that had no fault of their own."""
    await ledger.defined(simple_profile())
    content = b"Reference,Date,Supplier,Amount\nA-1,2017-04-03,Alpha,1.00\nA-2,2017-04-31,Beta,2.00\n"
    answer = await ledger.send(content, **parameters)
    assert answer.status_code == 409, answer.text
    code = "lines_rejected" if "on_error" in parameters else "control_total_mismatch"
    assert (answer.json()["errors"][0]["code"], answer.json()["errors"][0]["parameter"]) == (
        code,
        next(iter(parameters)),
    )
    batch = await ledger.sent(content, **parameters)
    assert batch["state"] == "failed"
    assert await ledger.everything("/v1/expenditure-lines") == []
    errors = (await ledger.system.get(f"/v1/expenditure-batches/{batch['id']}/errors.csv")).text
    assert len(errors.splitlines()) == 3
    again = await ledger.sent(errors.replace("04-31", "04-30").encode(), corrects=batch["id"])
    assert again["outcomes"]["accepted"] == {"lines": 2, "pence": 300}


async def test_numbers_that_a_spreadsheet_would_rewrite_come_back_as_they_were(ledger: Ledger) -> None:
    """A key that lost its zeros would be another line, and stand twice."""
    await ledger.defined(simple_profile())
    content = b"Reference,Date,Supplier,Amount\n0001,x,Alpha,1.00\n123456789012345678,x,Beta,2.00\n"
    batch = await ledger.sent(content)
    errors = (await ledger.system.get(f"/v1/expenditure-batches/{batch['id']}/errors.csv")).text
    rows = list(csv.reader(io.StringIO(errors, newline="")))
    assert [row[0] for row in rows[1:]] == ['="0001"', '="123456789012345678"']
    out = io.StringIO(newline="")
    # A spreadsheet saves what such a formula shows.
    csv.writer(out).writerows([row[0].strip('="'), "2017-04-03", *row[2:]] if row[1] == "x" else row for row in rows)
    assert "\r\n0001," in out.getvalue()
    for data in (
        out.getvalue(),
        errors.replace(",x,", ",2017-04-03,"),
        content.decode().replace(",x,", ",2017-04-03,"),
    ):
        await ledger.sent(data.encode(), corrects=batch["id"])
    lines = await ledger.everything("/v1/expenditure-lines")
    assert sorted(line["line_key"] for line in lines) == ["0001", "123456789012345678"]


@pytest.mark.parametrize("parameters", [{"on_error": "reject_batch"}, {"expected_lines": "4"}], ids=str)
async def test_what_mends_a_refused_file_doubles_no_line_that_stood_in_the_ledger_before(
    ledger: Ledger, parameters: dict[str, str]
) -> None:
    """§6: nothing of a failed batch is in the ledger, so its lines are compared like any first sending."""
    await ledger.defined(counted_profile())
    twice = ("A-1", "2017-04-03", "Alpha", "1.00")
    await ledger.sent(csv_file(twice, twice), "counted")
    failed = await ledger.sent(csv_file(twice, twice, ("A-2", "2017-04-31", "Beta", "2.00")), "counted", **parameters)
    assert failed["state"] == "failed"
    errors = (await ledger.system.get(f"/v1/expenditure-batches/{failed['id']}/errors.csv")).text
    mended = errors.replace("04-31", "04-30").encode()
    again = await ledger.sent(mended, "counted", corrects=failed["id"])
    assert await ledger.outcomes(again) == ["duplicate", "duplicate", "accepted"]
    assert await ledger.outcomes(await ledger.sent(mended, "counted", corrects=failed["id"])) == ["duplicate"] * 3
    assert len(await ledger.everything("/v1/expenditure-lines")) == 3


async def test_lines_mended_in_several_rounds_never_double(ledger: Ledger) -> None:
    """§6: what an earlier round brought in counts as sent before, whichever of the batches a file says it corrects."""
    await ledger.defined(counted_profile())
    rows = (("A-1", "2017-06-31", "X", "1.00"), ("A-2", "2017-06-32", "Y", "2.00"))
    first = await ledger.sent(csv_file(*rows), "counted")
    errors = (await ledger.system.get(f"/v1/expenditure-batches/{first['id']}/errors.csv")).text
    half = errors.replace("06-31", "06-30")
    second = await ledger.sent(half.encode(), "counted", corrects=first["id"])
    rest = (await ledger.system.get(f"/v1/expenditure-batches/{second['id']}/errors.csv")).text
    third = await ledger.sent(rest.replace("06-32", "06-30").encode(), "counted", corrects=second["id"])
    assert third["outcomes"]["accepted"]["lines"] == 1
    whole = half.replace("06-32", "06-30").encode()
    assert await ledger.outcomes(await ledger.sent(whole, "counted", corrects=first["id"])) == ["duplicate"] * 2
    again = await ledger.sent(whole, "counted", corrects=second["id"])
    assert again["outcomes"]["accepted"]["lines"] == 0
    assert len(await ledger.everything("/v1/expenditure-lines")) == 2


@pytest.mark.parametrize("taken", ["line", "Record", " LINE ", "outcome", "file_line"])
async def test_columns_behind_never_bear_the_name_of_a_column_of_the_source(ledger: Ledger, taken: str) -> None:
    """Design section 6: programs that keep one cell for each name would else send the lines under another key."""
    await ledger.defined(simple_profile(identity={"kind": "keyed", "columns": ["Reference", taken]}))
    content = f"Reference,{taken},Date,Supplier,Amount\nA-1,1,x,Alpha,1.00\nA-1,2,2017-04-03,Beta,2.00\n"
    batch = await ledger.sent(content.encode(), covers_from="2017-04-01", covers_to="2017-04-30")
    errors = (await ledger.system.get(f"/v1/expenditure-batches/{batch['id']}/errors.csv")).text
    rows = csv.DictReader(io.StringIO(errors, newline=""))
    names = [name.strip().lower() for name in rows.fieldnames or ()]
    behind = names[5:]
    assert len(behind) == len(set(behind) - set(names[:5])) == 4
    mended = [{**row, "Date": "2017-04-03"} for row in rows]
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(mended[0]))
    writer.writeheader()
    writer.writerows(mended)
    second = await ledger.sent(out.getvalue().encode(), corrects=batch["id"])
    assert second["outcomes"]["accepted"]["lines"] == 1
    keys = [line["line_key"] for line in await ledger.everything("/v1/expenditure-lines")]
    assert sorted(keys) == ["A-1|1", "A-1|2"]
    assert done(await ledger.system.get(f"/v1/expenditure-batches/{batch['id']}"), 200)["unsettled"]["lines"] == 0


async def test_a_file_of_errors_made_when_names_could_meet_still_comes_back(ledger: Ledger) -> None:
    """What people saved before the columns behind kept apart is known by the old names."""
    await ledger.defined(simple_profile(identity={"kind": "keyed", "columns": ["Reference", "line"]}))
    batch = await ledger.sent(b"Reference,line,Date,Supplier,Amount\nA-1,1,x,Alpha,1.00\n")
    old = (
        "Reference,line,Date,Supplier,Amount,outcome,reasons,record,line\n"
        "A-1,1,2017-04-03,Alpha,1.00,rejected,date_unreadable: Date: no day,1,2\n"
    )
    second = await ledger.sent(old.encode(), corrects=batch["id"])
    assert second["outcomes"]["accepted"]["lines"] == 1
    assert [line["line_key"] for line in await ledger.everything("/v1/expenditure-lines")] == ["A-1|1"]
    assert done(await ledger.system.get(f"/v1/expenditure-batches/{batch['id']}"), 200)["unsettled"]["lines"] == 0
