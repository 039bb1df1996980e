"""A file means what its reader would think: its headers, its characters, its quotation marks, its short rows (§6)."""

from __future__ import annotations

import base64
import gzip
import io
import json
import zipfile
from typing import Any

import pytest

from tests.grants.expenditure.conftest import Ledger, accounted, simple_profile

HEADER = "Document,Paid,Payee,Purpose,Net\n"


def layout(**changes: Any) -> dict[str, Any]:
    """The layout of the small files: a document's number, a day, a payee, a purpose and a net amount."""
    return {
        "name": "simple",
        "fields": {
            "payment_date": {"column": "Paid"},
            "amount": {"column": "Net"},
            "party_name": {"column": "Payee"},
            "purpose": {"column": "Purpose"},
        },
        "dates": ["dd/mm/yyyy"],
        "item_columns": ["Document"],
        "identity": {"kind": "keyed", "columns": ["Document"]},
        "vat": {"treatment": "net_of_recoverable"},
        "parties": {"default_kind": "organisation"},
        **changes,
    }


async def entries(ledger: Ledger, batch: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The lines of a batch that entered the ledger, by key."""
    found = await ledger.everything("/v1/expenditure-lines", batch=batch["id"])
    return {line["line_key"]: line for line in found}


async def reasons(ledger: Ledger, batch: dict[str, Any]) -> dict[int, list[dict[str, Any]]]:
    errors = await ledger.everything(f"/v1/expenditure-batches/{batch['id']}/errors")
    return {error["record"]: error["reasons"] for error in errors}


def finding(batch: dict[str, Any], code: str) -> dict[str, Any]:
    [found] = [item for item in batch["findings"] if item["code"] == code]
    return dict(found)


# ---------------------------------------------------------------------- headers among the lines

TURNED = (
    # The example: payee and purpose.
    (HEADER + "A-1,03/04/2017,Alder Print Ltd,Leaflets,812.50\n", "Document,Paid,Purpose,Payee,Net\n",
     "A-3,08/05/2017,Training day,Cedar College,1250.00\n"),
    # The amount has moved too, so that figures stand where none stood.
    (HEADER + "A-1,03/04/2017,Alder Print Ltd,Leaflets,812.50\n", "Net,Paid,Purpose,Payee,Document\n",
     "1250.00,08/05/2017,Training day,Cedar College,A-3\n"),
    # Written otherwise, with a mark and quotes before it.
    (HEADER + "A-1,03/04/2017,Alder Print Ltd,Leaflets,812.50\n",
     '\ufeff"PURPOSE","net "," Payee","document","PAID"\n',
     '"Training day","1250.00","Cedar College","A-3","08/05/2017"\n'),
    # One column more, in the middle.
    (HEADER + "A-1,03/04/2017,Alder Print Ltd,Leaflets,812.50\n", "Document,Paid,Order no. 2,Payee,Purpose,Net\n",
     "A-3,08/05/2017,77,Cedar College,Training day,1250.00\n"),
    # Many columns more, so that the known ones are the smaller part.
    (HEADER + "A-1,03/04/2017,Alder Print Ltd,Leaflets,812.50\n",
     "a,b,c,d,e,f,g,Purpose,Document,Paid,Payee,Net\n", ",,,,,,,Training day,A-3,08/05/2017,Cedar College,1250.00\n"),
    # Names that begin with a figure, where figures stand.
    (HEADER + "A-1,03/04/2017,Alder Print Ltd,Leaflets,812.50\n",
     "Document,Paid,Payee,Purpose,2nd signature,Net\n", "A-3,08/05/2017,Cedar College,Training day,x,1250.00\n"),
    # One column less that the layout does not need, and blank cells at the end.
    ("Document,Paid,Note,Payee,Purpose,Net\nA-1,03/04/2017,n,Alder Print Ltd,Leaflets,812.50\n",
     "Document,Paid,Purpose,Payee,Net,\n", "A-3,08/05/2017,Training day,Cedar College,1250.00,\n"),
)  # fmt: skip


@pytest.mark.parametrize(("first", "header", "line"), TURNED, ids=range(len(TURNED)))
async def test_lines_behind_a_header_in_another_order_are_read_by_it(
    ledger: Ledger, first: str, header: str, line: str
) -> None:
    """§6, G-28a: columns that move in the middle of a file are followed, and a finding names both orders."""
    await ledger.defined(layout())
    content = (first + header + line).encode()
    for dry_run in ("true", "false"):
        batch = await ledger.sent(content, dry_run=dry_run)
        accounted(batch)
        assert batch["outcomes"]["accepted"] == {"lines": 2, "pence": 206250}, await reasons(ledger, batch)
        assert batch["outcomes"]["not_lines"] == {"repeated_header": 1}
    lines = await entries(ledger, batch)
    assert (lines["A-3"]["party"]["name"], lines["A-3"]["purpose"]) == ("Cedar College", "Training day")
    assert lines["A-1"]["party"]["name"] == "Alder Print Ltd"
    found = finding(batch, "header_in_another_order")
    assert (found["line"], found["first_columns"][0]) == (3, "Document")
    tried = await ledger.finance.post(
        "/v1/source-profiles/trials", json={"profile": layout(), "sample": content.decode()}
    )
    assert [one["fields"]["party_name"] for one in tried.json()["lines"]] == ["Alder Print Ltd", "Cedar College"]


async def test_two_days_or_two_amounts_that_change_places_are_followed(ledger: Ledger) -> None:
    fields = {
        "payment_date": {"column": "Paid"},
        "invoice_date": {"column": "Invoiced"},
        "amount": {"column": ["Net", "Net amount"]},
        "irrecoverable_vat": {"column": "VAT"},
        "party_name": {"column": "Payee"},
    }
    await ledger.defined(layout(fields=fields))
    content = (
        "Document,Paid,Invoiced,Payee,Net,VAT\nA-1,03/04/2017,01/03/2017,Alder Ltd,120.00,20.00\n"
        "Document,Invoiced,Paid,Payee,VAT,Net amount\nA-2,01/03/2017,03/04/2017,Alder Ltd,20.00,120.00\n"
        "Document,Paid,Invoiced,Payee,Net,VAT\nA-3,03/04/2017,01/03/2017,Alder Ltd,120.00,20.00\n"
    )
    batch = await ledger.sent(content.encode())
    assert batch["outcomes"]["not_lines"] == {"repeated_header": 2}
    lines = (await entries(ledger, batch)).values()
    shown = {
        (one["payment_date"], one["invoice_date"], one["eligible_pence"], one["irrecoverable_vat_pence"])
        for one in lines
    }
    assert (len(lines), shown) == (3, {("2017-04-03", "2017-03-01", 12000, 2000)})


UNFIT = (
    "Document,Paid,Payee,Purpose\nA-2,04/04/2017,Beech Ltd,Hire\n",
    "Document,Paid,Purpose,Payee,Gross\nA-2,04/04/2017,Hire,Beech Ltd,90.00\n",
    "Document,Paid,Purpose,Payee,Net,Net\nA-2,04/04/2017,Hire,Beech Ltd,90.00,75.00\n",
    "Payee,Document,Purpose,Net\nBeech Ltd,A-2,04/04/2017,90.00\n",
    "Purpose,Payee,,,\nHire,Beech Ltd,A-2,04/04/2017,90.00\n",
    "Document,Paid,Purpose,Payee,Gro\x00ss\nA-2,04/04/2017,Hire,Beech Ltd,90.00\n",
)


@pytest.mark.parametrize("second", UNFIT, ids=range(len(UNFIT)))
async def test_lines_behind_a_header_that_does_not_fit_are_refused_until_one_does(ledger: Ledger, second: str) -> None:
    """§6: the reason names the line of the header and both orders; nothing is read by the old places."""
    await ledger.defined(layout())
    content = HEADER + "A-1,03/04/2017,Alder Ltd,Leaflets,1.00\n" + second + HEADER + "A-3,03/04/2017,C Ltd,x,3.00\n"
    batch = await ledger.sent(content.encode())
    accounted(batch)
    if second.startswith("Document,Paid,Payee,Purpose\n"):
        # The same columns in the same places, the last left out: only its own cell is missing.
        assert [reason["code"] for reason in (await reasons(ledger, batch))[2]] == ["amount_missing"]
        return
    assert await ledger.outcomes(batch) == ["accepted", "rejected", "accepted"]
    [reason] = (await reasons(ledger, batch))[2]
    assert reason["code"] == "header_differs"
    assert "In line 3" in reason["detail"]
    assert "Document | Paid | Payee | Purpose | Net" in reason["detail"]
    shown = second.split("\n", 1)[0].rstrip(",").replace(",", " | ").replace("\x00", "<U+0000>")
    assert shown in reason["detail"]
    assert finding(batch, "header_differs")["line"] == 3


async def test_errors_behind_a_header_in_another_order_come_back_under_the_first_one(ledger: Ledger) -> None:
    """§6: the original's columns and the reasons; corrected, the line is what it was meant to be."""
    await ledger.defined(layout())
    content = (
        HEADER + "A-1,03/04/2017,Alder Ltd,Leaflets,1.00\n"
        "Document,Paid,Purpose,Payee,Net\nA-2,x,Training day,Cedar College,2.00\nA-4,04/04/2017,T,C,4.00\n"
        "Document,Purpose,Payee\nA-3,Training day,Cedar College\n"
    )
    batch = await ledger.sent(content.encode())
    assert batch["outcomes"]["rejected"]["lines"] == 2
    errors = (await ledger.system.get(f"/v1/expenditure-batches/{batch['id']}/errors.csv")).text
    rows = errors.splitlines()
    assert rows[0].startswith("Document,Paid,Payee,Purpose,Net,outcome")
    assert rows[1].startswith("A-2,x,Cedar College,Training day,2.00,rejected")
    assert rows[2].startswith("A-3,,Cedar College,Training day,,rejected")
    corrected = (
        errors.replace("A-2,x", "A-2,03/04/2017").replace("A-3,,", "A-3,04/04/2017,").replace("day,,", "day,3.00,")
    )
    again = await ledger.sent(corrected.encode(), corrects=batch["id"])
    assert again["outcomes"]["accepted"] == {"lines": 2, "pence": 500}
    lines = await entries(ledger, again)
    assert {line["party"]["name"] for line in lines.values()} == {"Cedar College"}


JOINED = (
    # The example: a mark and quotes before the second header.
    b'\xef\xbb\xbfDocument,Paid,Payee,Purpose,Net\nA-1,03/04/2017,Alder Ltd,Leaflets,812.50\n'
    b'\xef\xbb\xbf"Document","Paid","Payee","Purpose","Net"\nA-2,04/05/2017,Beech Ltd,Hire,90.00\n',
    # Joined in UTF-16, each with its mark.
    (HEADER + "A-1,03/04/2017,Alder Ltd,Leaflets,812.50\n").encode("utf-16")
    + (HEADER + "A-2,04/05/2017,Beech Ltd,Hire,90.00\n").encode("utf-16"),
    # Line ends of another kind, blanks, and case.
    HEADER.encode() + b"A-1,03/04/2017,Alder Ltd,Leaflets,812.50\r\n"
    b"DOCUMENT, Paid ,payee,  Purpose,NET\r\nA-2,04/05/2017,Beech Ltd,Hire,90.00\r\n",
    # Signs nobody sees within and before the names.
    HEADER.encode() + b"A-1,03/04/2017,Alder Ltd,Leaflets,812.50\n"
    + '\u200b"Document",Pa\u00adid,\u200bPayee,"Purpose ",Net\u00a0\n'.encode()
    + b"A-2,04/05/2017,Beech Ltd,Hire,90.00\n",
    # Two marks, as a file joined before has one already; a blank before the quote.
    HEADER.encode() + b"A-1,03/04/2017,Alder Ltd,Leaflets,812.50\n"
    + '\ufeff\ufeff "Document", "Paid","Payee","Purpose","Net"\n'.encode() + b"A-2,04/05/2017,Beech Ltd,Hire,90.00\n",
    # A file in Windows text joined to one with a mark.
    HEADER.encode() + b"A-1,03/04/2017,Alder Ltd,Leaflets \xa3,812.50\n"
    + '\ufeff"Document","Paid","Payee","Purpose","Net"\n'.encode() + b"A-2,04/05/2017,Beech Ltd,Hire,90.00\n",
)  # fmt: skip


@pytest.mark.parametrize("content", JOINED, ids=range(len(JOINED)))
async def test_files_joined_with_their_marks_are_one_file(ledger: Ledger, content: bytes) -> None:
    """§6: the second header is known whatever stands before it, so that reject_batch takes the file."""
    await ledger.defined(layout(encodings=["utf-8", "cp1252"]))
    batch = await ledger.sent(content, on_error="reject_batch")
    accounted(batch)
    assert batch["outcomes"]["accepted"] == {"lines": 2, "pence": 90250}
    assert batch["outcomes"]["not_lines"] == {"repeated_header": 1}
    assert not [item for item in batch["findings"] if item["code"].startswith("header")]


async def test_a_joined_file_brings_title_and_units_and_a_separator_along(ledger: Ledger) -> None:
    part = "sep=;\nPayments over £500;;;;\nDocument;Paid;Payee;Purpose;Net\n;;;;£\n"
    content = part + "A-1;03/04/2017;Alder Ltd;x;1.00\n" + part + "A-2;03/04/2017;Alder Ltd;x;2.00\n"
    await ledger.defined(layout(header={"row": 2, "skip": 1}))
    batch = await ledger.sent(content.encode(), on_error="reject_batch")
    assert batch["outcomes"]["accepted"]["lines"] == 2
    assert batch["outcomes"]["not_lines"] == {"before_header": 6, "repeated_header": 1}


async def test_a_header_of_two_records_in_another_order_is_followed(ledger: Ledger) -> None:
    fields = {
        "payment_date": {"column": "When Paid"},
        "amount": {"column": "Amount Net"},
        "party_name": {"column": "Who Payee"},
        "purpose": {"column": "Who Purpose"},
    }
    await ledger.defined(
        layout(
            fields=fields, header={"row": 1, "rows": 2, "spread": True}, identity={"kind": "counted"}, item_columns=[]
        )
    )
    first, second = "When,Who,,Amount\nPaid,Payee,Purpose,Net\n", "When,Who,,Amount\nPaid,Purpose,Payee,Net\n"
    third = "Amount,When,Who,\nNet,Paid,Payee,Purpose\n"
    content = first + "03/04/2017,Alder,x,1.00\n" + second + "03/04/2017,x,Alder,2.00\n" + first
    content += "04/04/2017,Alder,x,3.00\n" + third + "4.00,03/04/2017,Alder,x\n"
    batch = await ledger.sent(content.encode())
    accounted(batch)
    assert batch["outcomes"]["accepted"] == {"lines": 4, "pence": 1000}, await reasons(ledger, batch)
    assert batch["outcomes"]["not_lines"] == {"repeated_header": 6}
    assert {line["party"]["name"] for line in (await entries(ledger, batch)).values()} == {"Alder"}
    broken = await ledger.sent(
        (first + "05/04/2017,A,x,1.00\nWhen,Who,,Amount\nPaid,Purpose,Payee\n05/04/2017,x,B,9\n").encode()
    )
    assert "header_differs" in str(await reasons(ledger, broken))


async def test_a_long_file_turns_in_the_worker_as_it_does_at_once(ledger: Ledger) -> None:
    await ledger.defined(layout())
    lines = "".join(f"A-{n},03/04/2017,Alder,Leaflets,1.00\n" for n in range(1500))
    turned = "".join(f"B-{n},03/04/2017,Training,Cedar,1.00\n" for n in range(1500)) + "B-X,x,Training,Cedar,1\n"
    batch = await ledger.sent((HEADER + lines + "Document,Paid,Purpose,Payee,Net\n" + turned).encode())
    accounted(batch)
    assert batch["outcomes"]["accepted"]["lines"] == 3000
    found = await entries(ledger, batch)
    assert {(line["party"]["name"], line["purpose"]) for line in found.values()} == {
        ("Alder", "Leaflets"),
        ("Cedar", "Training"),
    }
    assert finding(batch, "header_in_another_order")["line"] == 1502
    errors = (await ledger.system.get(f"/v1/expenditure-batches/{batch['id']}/errors.csv")).text
    assert errors.splitlines()[1].startswith("B-X,x,Cedar,Training,1,rejected")


async def test_totals_and_blanks_to_fill_follow_the_header(ledger: Ledger) -> None:
    await ledger.defined(layout(total_rows=[{"column": "Payee", "prefix": "total"}], fill_down=["Payee"]))
    content = (
        HEADER + "A-1,03/04/2017,Alder,x,1.00\nA-2,03/04/2017,,x,1.00\n,,Total,,2.00\n"
        "Document,Paid,Purpose,Payee,Net\nA-3,03/04/2017,total war,Cedar,1.00\nA-4,03/04/2017,x,,1.00\n,,,Total,2.00\n"
    )
    batch = await ledger.sent(content.encode())
    assert batch["outcomes"]["not_lines"] == {"total_row": 2, "repeated_header": 1}
    names = {key: line["party"]["name"] for key, line in (await entries(ledger, batch)).items()}
    assert names == {"A-1": "Alder", "A-2": "Alder", "A-3": "Cedar", "A-4": "Cedar"}


# ---------------------------------------------------------------------- encodings

MIXED_UTF8, MIXED_CP1252 = (
    "E-1,03/04/2017,Café Délice Ltd,Lunch,120.00\n",
    "E-2,04/04/2017,Brontë & Søn Ltd,Printing,80.00\n",
)
ODD_NAMES = ["Café Délice Ltd", "Brontë & Søn Ltd"]


@pytest.mark.parametrize(
    ("content", "encodings"),
    [
        (MIXED_UTF8.encode() + MIXED_CP1252.encode("cp1252"), ["utf-8", "cp1252"]),
        (MIXED_UTF8.encode("cp1252") + MIXED_CP1252.encode(), ["utf-8", "cp1252"]),
        (MIXED_UTF8.encode() + MIXED_CP1252.encode("cp1252"), ["cp1252", "utf-8"]),
        (MIXED_UTF8.encode() + MIXED_CP1252.encode("cp1252"), ["cp1252"]),
        (MIXED_UTF8.encode("latin-1") + MIXED_CP1252.encode(), ["utf-8", "latin-1"]),
        (MIXED_UTF8.encode() + MIXED_CP1252.encode("mac-roman"), ["utf-8", "mac-roman"]),
        (MIXED_UTF8.encode("cp850") + MIXED_CP1252.encode(), ["utf-8", "cp850"]),
        (MIXED_UTF8.encode() * 40 + MIXED_CP1252.encode("cp1252"), ["utf-8", "cp1252"]),
    ],
    ids=range(8),
)
async def test_a_file_in_two_encodings_is_read_line_by_line(
    ledger: Ledger, content: bytes, encodings: list[str]
) -> None:
    """§6: whichever encoding most lines are in, each is read as what it is, and flagged where it is another."""
    await ledger.defined(layout(encodings=encodings, identity={"kind": "counted"}))
    for mark in (b"\xef\xbb\xbf", b""):
        batch = await ledger.sent(mark + HEADER.encode() + content, dry_run="true" if mark else "false")
        accounted(batch)
        assert batch["outcomes"]["accepted"]["lines"] == content.count(b"\n")
        others = min(content.count(b"E-1"), content.count(b"E-2")) if content.count(b"\n") > 2 else 1
        assert batch["flags"]["mixed_encodings"] == finding(batch, "mixed_encodings")["lines"] == others
    names = {line["party"]["name"] for line in await ledger.everything("/v1/expenditure-lines")}
    assert sorted(names) == sorted(ODD_NAMES)
    sample = {
        "profile": layout(encodings=encodings),
        "sample_base64": base64.b64encode(HEADER.encode() + content).decode(),
    }
    tried = (await ledger.finance.post("/v1/source-profiles/trials", json=sample)).json()
    assert {line["fields"]["party_name"] for line in tried["lines"]} == set(ODD_NAMES)
    assert tried["flags"]["mixed_encodings"] == 1


async def test_one_line_may_hold_two_encodings(ledger: Ledger) -> None:
    await ledger.defined(layout(encodings=["utf-8", "cp1252"]))
    line = b"E-1,03/04/2017," + "Café".encode() + b"," + "Brontë".encode("cp1252") + b",1.00\n"
    batch = await ledger.sent(HEADER.encode() + line)
    [found] = (await entries(ledger, batch)).values()
    assert (found["party"]["name"], found["purpose"]) == ("Café", "Brontë")


async def test_text_of_utf8_is_not_read_as_windows_text_whatever_the_profile_names(ledger: Ledger) -> None:
    await ledger.defined(layout(encodings=["cp1252"]))
    batch = await ledger.sent((HEADER + MIXED_UTF8).encode())
    assert [line["party"]["name"] for line in (await entries(ledger, batch)).values()] == ["Café Délice Ltd"]
    assert finding(batch, "encoding_not_named") == {"code": "encoding_not_named", "encoding": "utf-8"}


async def test_windows_text_that_could_be_utf8_by_accident_stays_windows_text(ledger: Ledger) -> None:
    await ledger.defined(layout(encodings=["utf-8", "cp1252"]))
    content = HEADER + "E-1,03/04/2017,Søn,x,1.00\nE-2,03/04/2017,CAFÉ’S,“NESCAFÉ”,1.00\nE-3,03/04/2017,Ó’S,x,1.00\n"
    batch = await ledger.sent(content.encode("cp1252"))
    assert batch["encoding"] == "cp1252"
    names = sorted(line["party"]["name"] for line in (await entries(ledger, batch)).values())
    assert names == ["CAFÉ’S", "Søn", "Ó’S"]
    assert set(batch["flags"]) == {"quotes_removed"}


def twice(text: str, times: int = 1, codec: str = "cp1252") -> str:
    """Text written as UTF-8 and read as something else, so many times."""
    for _ in range(times):
        text = "".join(bytes([byte]).decode(codec, errors="ignore") or chr(byte) for byte in text.encode())
    return text


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("codec", ["cp1252", "latin-1"])
async def test_text_that_was_decoded_too_often_is_put_right_and_said(ledger: Ledger, times: int, codec: str) -> None:
    """§6: nothing mangled enters silently; the way back is unambiguous and the line flagged."""
    await ledger.defined(layout(encodings=["utf-8", "cp1252"]))
    names = ["Café Délice Ltd", "Children’s – Söhne", "São £5 Ñ", "Łódź œuvre"]
    text = "".join(f"E-{number},03/04/2017,{name},x,1.00\n" for number, name in enumerate(names))
    batch = await ledger.sent((HEADER + twice(text, times, codec)).encode())
    found = await entries(ledger, batch)
    assert [found[f"E-{number}"]["party"]["name"] for number in range(4)] == names
    assert batch["flags"]["text_repaired"] == 4
    assert finding(batch, "text_decoded_twice") == {
        "code": "text_decoded_twice", "line": 2, "lines": 4, "repaired_lines": 4,
    }  # fmt: skip
    # The same file as it was meant is the same lines.
    again = await ledger.sent((HEADER + text).encode())
    assert again["outcomes"]["duplicate"]["lines"] == 4


async def test_json_that_was_decoded_too_often_is_put_right_too(ledger: Ledger) -> None:
    await ledger.defined(layout())
    line = {"Document": "E-1", "Paid": "03/04/2017", "Payee": twice("Café"), "Purpose": "x", "Net": "1.00"}
    batch = await ledger.sent(json.dumps({"lines": [line]}).encode(), media_type="application/json")
    [found] = (await entries(ledger, batch)).values()
    assert (found["party"]["name"], batch["flags"]["text_repaired"]) == ("Café", 1)


REAL = (
    "SÃO PAULO LDA",
    "CONCEIÇÃO",
    "Â",
    "CAFÉ’S",
    "“NESCAFÉ®”",
    "Â. Costa",
    "MAÇÃ, LDA",
    "STRAUß",
    "Ångström – Ä",
    "Ü£",
)


async def test_real_text_is_never_put_right(ledger: Ledger) -> None:
    await ledger.defined(layout(encodings=["utf-8", "cp1252"]))
    text = HEADER + "".join(f'E-{number},03/04/2017,"{name}",x,1.00\n' for number, name in enumerate(REAL))
    for data in (text.encode(), text.encode("cp1252").replace(b"E-", b"F-")):
        batch = await ledger.sent(data)
        found = await entries(ledger, batch)
        shown = [line["party"]["name"] for _, line in sorted(found.items())]
        assert [name.strip("“”") for name in shown] == [name.strip("“”") for name in REAL]
        assert not {"text_repaired", "text_decoded_twice", "mixed_encodings"} & set(batch["flags"])


@pytest.mark.parametrize("name", ["IRMÃ’S", "MALMÃ– AB", "“Xâ€", "voilÃ!", "IRMÃ\u00a0LDA"])
async def test_text_that_may_be_mangled_or_real_stays_and_is_flagged(ledger: Ledger, name: str) -> None:
    await ledger.defined(layout())
    batch = await ledger.sent((HEADER + f"E-1,03/04/2017,{name},x,1.00\n").encode())
    [found] = (await entries(ledger, batch)).values()
    assert found["party"]["name"].strip("“”«»") == name.strip("“”«»").replace("\u00a0", " ")
    assert "text_decoded_twice" in found["flags"]
    assert finding(batch, "text_decoded_twice")["lines"] == 1


async def test_text_that_was_lost_before_it_was_sent_is_said(ledger: Ledger) -> None:
    await ledger.defined(layout())
    batch = await ledger.sent((HEADER + "E-1,03/04/2017,Caf\ufffd,x,1.00\nE-2,03/04/2017,B,x,1.00\n").encode())
    assert batch["flags"] == {"text_lost": 1}
    assert finding(batch, "text_lost") == {"code": "text_lost", "line": 2, "lines": 1}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
async def test_a_byte_order_mark_counts_whatever_the_profile_names(ledger: Ledger, encoding: str) -> None:
    await ledger.defined(layout(encodings=["cp1252"]))
    mark = "" if encoding in ("utf-16", "utf-32", "utf-8-sig") else "\ufeff"
    data = (mark + HEADER + MIXED_UTF8).encode(encoding)
    for content, headers in ((data, {}), (gzip.compress(data), {"Content-Encoding": "gzip"})):
        batch = await ledger.sent(content, headers=headers)
        assert sum(batch["outcomes"][name]["lines"] for name in ("accepted", "duplicate")) == 1
    [line] = await ledger.everything("/v1/expenditure-lines")
    assert line["party"]["name"] == "Café Délice Ltd"
    body = json.dumps({"lines": [dict(zip(HEADER.strip().split(","), MIXED_UTF8.strip().split(","), strict=True))]})
    batch = await ledger.sent((mark + body).encode(encoding), media_type="application/json")
    assert batch["outcomes"]["duplicate"]["lines"] == 1


async def test_text_of_two_bytes_without_its_mark_is_read_where_the_profile_names_it(ledger: Ledger) -> None:
    await ledger.defined(layout(encodings=["utf-8", "utf-16"]))
    batch = await ledger.sent((HEADER + MIXED_UTF8).encode("utf-16-be"))
    assert (batch["encoding"], batch["outcomes"]["accepted"]["lines"]) == ("utf-16-be", 1)
    await ledger.defined(layout(name="other", encodings=["utf-8", "utf-16-le"]))
    answer = await ledger.send((HEADER + MIXED_UTF8).encode("utf-16-be"), "other")
    assert "utf-16-be" in answer.json()["detail"]
    answer = await ledger.send((HEADER + MIXED_UTF8).encode("utf-16")[:-1], "other")
    assert "mark of UTF-16" in answer.json()["detail"]


def workbook(kind: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        if kind == "ods":
            archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
            archive.writestr("content.xml", "<x/>")
        else:
            archive.writestr("[Content_Types].xml", "<Types/>")
            archive.writestr("xl/workbook.xml", "<workbook/>")
    return out.getvalue()


WORKBOOKS = {
    "xlsx": workbook("xlsx"),
    "ods": workbook("ods"),
    "xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500),
    "html": b"<html><table><tr><td>Document</td></tr></table></html>",
    "xml": b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?><Workbook/>',
}


@pytest.mark.parametrize("kind", WORKBOOKS)
async def test_a_workbook_is_told_that_it_is_one_and_nothing_of_encodings(ledger: Ledger, kind: str) -> None:
    await ledger.defined(layout())
    data = WORKBOOKS[kind]
    answers = [
        await ledger.send(data),
        await ledger.send(gzip.compress(data), headers={"Content-Encoding": "gzip"}),
        await ledger.send(gzip.compress(data), media_type="application/gzip"),
        await ledger.send(data, media_type="application/vnd.ms-excel"),
        await ledger.send(data, media_type="application/json"),
    ]
    sample = {"sample_base64": base64.b64encode(data).decode()}
    for profile in (layout(), {"name": "x"}):
        answers.append(await ledger.finance.post("/v1/source-profiles/trials", json={"profile": profile, **sample}))
    for answer in answers:
        assert answer.status_code in (415, 422), answer.text
        assert "workbook" in answer.text
        assert "encoding" not in answer.text
    assert await ledger.everything("/v1/expenditure-batches") == []


# ---------------------------------------------------------------------- quotation marks

QUOTED = (
    'K-2, 04/04/2017, "Beech Hire Ltd", "Room hire", 90.00\n',
    'K-2,\t04/04/2017,\t"Beech Hire Ltd",\t"Room hire",\t90.00\n',
    'K-2,04/04/2017,\u00a0"Beech Hire Ltd",\u200b"Room hire",90.00\n',
    'K-2,"04/04/2017" ,"Beech Hire Ltd" ,"Room hire"\t,"90.00" \n',
    "K-2,04/04/2017,“Beech Hire Ltd”,‘Room hire’,90.00\n",
    "'K-2','04/04/2017','Beech Hire Ltd','Room hire','90.00'\n",
    "K-2,04/04/2017,„Beech Hire Ltd“,«Room hire»,90.00\n",
    'K-2,04/04/2017,"“Beech Hire Ltd”", ‘Room hire’ ,90.00\n',
)


@pytest.mark.parametrize("line", QUOTED, ids=range(len(QUOTED)))
@pytest.mark.parametrize("comma", [False, True])
async def test_quotation_marks_of_the_file_are_never_the_payees(ledger: Ledger, line: str, comma: bool) -> None:
    """§6: with blanks outside of them, or of another kind; a comma between them moves no column."""
    await ledger.defined(layout())
    text = line.replace("Beech Hire", "Beech, Hire") if comma else line
    batch = await ledger.sent((HEADER + text).encode())
    found = await entries(ledger, batch)
    assert batch["outcomes"]["accepted"] == {"lines": 1, "pence": 9000}, await reasons(ledger, batch)
    payee = "Beech, Hire Ltd" if comma else "Beech Hire Ltd"
    assert (found["K-2"]["party"]["name"], found["K-2"]["purpose"]) == (payee, "Room hire")


OWN = (
    ('"The ""Old"" Mill Ltd"', 'The "Old" Mill Ltd'),
    ('"""Quoted"" Theatre Co"', '"Quoted" Theatre Co'),
    ('"""Quoted"""', '"Quoted"'),
    (' "Quoted" Theatre Co', '"Quoted" Theatre Co'),
    ("“Quoted” Theatre Co", "“Quoted” Theatre Co"),
    ("“A” and “B”", "“A” and “B”"),
    ("'Allo 'Allo'", "'Allo 'Allo'"),
    ("O'Neill's", "O'Neill's"),
    ("'O'Neill Ltd'", "O'Neill Ltd"),
    ('12" Pipe Co', '12" Pipe Co'),
    (' "Multi\nline" ', "Multi line"),
)


@pytest.mark.parametrize(("cell", "name"), OWN, ids=range(len(OWN)))
async def test_quotation_marks_that_are_the_names_stay(ledger: Ledger, cell: str, name: str) -> None:
    await ledger.defined(layout())
    batch = await ledger.sent((HEADER + f"K-1,03/04/2017,{cell},x,1.00\n").encode())
    [found] = (await entries(ledger, batch)).values()
    assert found["party"]["name"] == name


async def test_a_quote_behind_a_blank_that_never_closes_costs_its_own_record_only(ledger: Ledger) -> None:
    await ledger.defined(layout())
    content = (
        HEADER + 'K-1,03/04/2017, "Beech Ltd,x,1.00\n' + "".join(f"K-{n},03/04/2017,B,x,1.00\n" for n in range(2, 300))
    )
    batch = await ledger.sent(content.encode())
    assert batch["outcomes"]["accepted"]["lines"] == 298
    assert (await reasons(ledger, batch))[1][0]["code"] == "record_malformed"


# ---------------------------------------------------------------------- short rows


async def test_a_row_that_a_spreadsheet_cut_short_is_blank_at_its_end(ledger: Ledger) -> None:
    """§6: always; what is needed and missing is named by its own reason."""
    header = "Document,Paid,Net,Payee,Purpose\n"
    await ledger.defined(layout())
    rows = (
        "S-1,03/04/2017,1.00,Alder Ltd,x", "S-2,03/04/2017,1.00,Alder Ltd", "S-3,03/04/2017,1.00", "S-4,03/04/2017",
        "S-5", "S-6,03/04/2017,1.00,Alder Ltd,x,",
    )  # fmt: skip
    batch = await ledger.sent((header + "\n".join(rows)).encode())
    accounted(batch)
    assert await ledger.outcomes(batch) == ["accepted", "accepted", "accepted", "rejected", "rejected", "accepted"]
    assert batch["flags"]["missing_cells"] == 2
    found = await reasons(ledger, batch)
    assert [(item["code"], item["column"]) for item in found[4]] == [("amount_missing", "Net")]
    assert {(item["code"], item["column"]) for item in found[5]} == {
        ("amount_missing", "Net"),
        ("date_missing", "Paid"),
    }
    lines = await entries(ledger, batch)
    assert (lines["S-2"]["purpose"], lines["S-2"]["party"]["name"]) == (None, "Alder Ltd")
    tail = "Paid,Net,Payee,Purpose,Document\n03/04/2017,1.00,Alder Ltd,x\n"
    batch = await ledger.sent(tail.encode())
    assert [(item["code"], item["column"]) for item in (await reasons(ledger, batch))[1]] == [
        ("key_missing", "Document")
    ]


async def test_a_profile_may_still_refuse_short_rows_and_the_long_way_agrees(ledger: Ledger) -> None:
    await ledger.defined(layout(name="strict", missing_cells="reject"))
    content = "Document,Paid,Net,Payee,Purpose\nS-1,03/04/2017,1.00,Alder Ltd\n"
    batch = await ledger.sent(content.encode(), "strict")
    assert (await reasons(ledger, batch))[1][0]["code"] == "missing_cells"
    await ledger.defined(layout())
    many = "Document,Paid,Net,Payee,Purpose\n" + "".join(f"S-{n},03/04/2017,1.00,A\n" for n in range(1500))
    batch = await ledger.sent(many.encode())
    assert (batch["outcomes"]["accepted"]["lines"], batch["flags"]["missing_cells"]) == (1500, 1500)


# ---------------------------------------------------------------------- refusals that help


@pytest.mark.parametrize("sign", ["\u2212", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\uff0d"])
async def test_a_minus_of_any_length_is_a_minus(ledger: Ledger, sign: str) -> None:
    """G-28: never the wrong sign."""
    await ledger.defined(layout(amounts={"trailing_minus": True, "currency": ["£"], "dash_is_zero": True}))
    cells = [f"{sign}812.50", f"{sign} £812.50", f"£{sign}812.50", f"812.50{sign}", f"\u200e{sign}812.50\u202c", sign]
    content = HEADER + "".join(f"V-{number},03/04/2017,Alder Ltd,Refund,{cell}\n" for number, cell in enumerate(cells))
    batch = await ledger.sent(content.encode())
    found = await entries(ledger, batch)
    assert [found[f"V-{number}"]["net_pence"] for number in range(6)] == [-81250] * 5 + [0]


REFUSED_AMOUNTS = (
    ("812.50\u2212", "U+2212 MINUS SIGN"),
    ("\u2212", "U+2212 MINUS SIGN"),
    ("\u00ad812.50", "U+00AD SOFT HYPHEN"),
    ("\u202e05.218", "U+202E RIGHT-TO-LEFT OVERRIDE"),
    ("\uff18\uff11\uff12", "U+FF18 FULLWIDTH DIGIT EIGHT"),
    ("\uff08812.50\uff09", "U+FF08 FULLWIDTH LEFT PARENTHESIS"),
    ("1\u202f812.50", "U+202F NARROW NO-BREAK SPACE"),
    ("\uffe1812.50", "U+FFE1 FULLWIDTH POUND SIGN"),
    ("+812.50", "plus sign"),
    ("12.3.4", '"12.3.4"'),
    ("twelve", '"twelve"'),
)


async def test_an_amount_that_is_refused_names_its_sign_and_quotes_the_text(ledger: Ledger) -> None:
    await ledger.defined(layout())
    content = HEADER + "".join(f"V-{n},03/04/2017,Alder,x,{cell}\n" for n, (cell, _) in enumerate(REFUSED_AMOUNTS))
    batch = await ledger.sent(content.encode())
    found = await reasons(ledger, batch)
    for record, (cell, told) in enumerate(REFUSED_AMOUNTS, start=1):
        [reason] = found[record]
        assert reason["code"] == "amount_unreadable", cell
        assert told in reason["detail"], reason
        assert "1234.50" in reason["detail"]


async def test_reasons_quote_days_and_codes_and_never_names(ledger: Ledger) -> None:
    fields = {**layout()["fields"], "beneficiary_gss": {"column": "GSS"}}
    await ledger.defined(layout(fields=fields))
    rows = (
        ("31/02/2017", "E08000035", "1.00", '"31/02/2017"'),
        ("3.4.17", "E08000035", "1.00", '"3.4.17"'),
        ("03/04/2017", "Leeds8", "1.00", '"Leeds8"'),
        ("01/01/2099", "E08000035", "1.00", '"01/01/2099"'),
        ("03/04/2017", "E08000035", "1" * 80, "1" * 64 + "…"),
    )
    text = (
        HEADER.strip()
        + ",GSS\n"
        + "".join(f"Q-{n},{day},A,x,{net},{gss}\n" for n, (day, gss, net, _) in enumerate(rows))
    )
    batch = await ledger.sent(text.encode())
    found = await reasons(ledger, batch)
    for record, row in enumerate(rows, start=1):
        assert row[3] in found[record][0]["detail"], found[record]
    shifted = await ledger.sent((HEADER.strip() + ",GSS\nQ-9,Mr John Smith,03/04/2017,x,Mr John Smith\n").encode())
    assert "Smith" not in json.dumps(await reasons(ledger, shifted))


async def test_a_header_that_does_not_fit_is_shown_with_the_record_that_would(ledger: Ledger) -> None:
    above = "Payments over 500,,,,\n\nPrinted on,1 May 2017\n"
    await ledger.defined(layout())
    problem = (await ledger.send((above + HEADER + "A-1,03/04/2017,B,x,1.00\n").encode())).json()
    assert problem["header"][0] == "Payments over 500"
    assert (problem["header_record"], problem["fitting_record"]) == (1, 4)
    assert "Record 4 would fit" in problem["detail"]
    await ledger.defined(layout(header={"search": 2}))
    problem = (await ledger.send((above + HEADER).encode())).json()
    assert problem["fitting_record"] == 4
    await ledger.defined(layout(header={"row": 3, "rows": 2}, fields={
        **layout()["fields"], "party_name": {"column": "Who Payee"}}))  # fmt: skip
    problem = (await ledger.send(b"x\ny\nz\n,,Who\nDocument,Paid,Payee,Purpose,Net\n")).json()
    assert problem["fitting_record"] == 4
    await ledger.defined(layout())
    problem = (await ledger.send(HEADER.replace(",", ";").encode())).json()
    assert "5 columns with a semicolon" in problem["detail"]
    problem = (await ledger.send(b"Document,Date,Payee,Purpose,Amount\n")).json()
    assert problem["header"] == ["Document", "Date", "Payee", "Purpose", "Amount"]
    assert "fitting_record" not in problem
    sample = {"profile": layout(), "sample": above + HEADER}
    problem = (await ledger.finance.post("/v1/source-profiles/trials", json=sample)).json()
    assert problem["fitting_record"] == 4


FAULTY: tuple[dict[str, Any], ...] = (
    {"name": "x"},
    {**layout(), "vat": {"treatment": "no"}},
    {**layout(), "fields": {}},
    {**layout(), "dates": ["hh"]},
    {**layout(), "quote": "", "escape": "\\"},
    {**layout(), "unknown": 1},
    {"name": "x", "delimiter": ";", "header": {"row": 2}, "encodings": ["cp1252"]},
)


@pytest.mark.parametrize("profile", FAULTY, ids=range(len(FAULTY)))
async def test_a_trial_of_a_faulty_profile_shows_the_header_beside_the_faults(
    ledger: Ledger, profile: dict[str, Any]
) -> None:
    own = profile.get("delimiter", ",")
    text = ("Title\n" if "header" in profile else "") + HEADER.replace(",", own) + "A-1,03/04/2017,Café,x,1.00\n"
    data = text.encode("cp1252" if "encodings" in profile else "utf-8")
    for sample in ({"sample": text}, {"sample_base64": base64.b64encode(data).decode()}):
        answer = await ledger.finance.post("/v1/source-profiles/trials", json={"profile": profile, **sample})
        assert answer.status_code == 422, answer.text
        errors = answer.json()["errors"]
        assert any((error.get("pointer") or "").startswith("/profile") for error in errors), errors
        [read] = [error for error in errors if error["code"] == "header_read"]
        assert "Document | Paid | Payee | Purpose | Net" in read["detail"]
        assert read["pointer"] == f"/{next(iter(sample))}"
    line = {"sample": '{"lines": [{"Document": "A", "Net": 1}]}', "media_type": "application/json"}
    answer = await ledger.finance.post("/v1/source-profiles/trials", json={"profile": profile, **line})
    assert "Document | Net" in answer.text


async def test_a_trial_names_the_keys_that_repeat(ledger: Ledger) -> None:
    rows = "".join(f"A-{number % 3},03/04/2017,B,x,1.00\n" for number in range(7))
    body = {"profile": layout(), "sample": HEADER + rows + "C-1,03/04/2017,B,x,1.00\n"}
    trial = (await ledger.finance.post("/v1/source-profiles/trials", json=body)).json()
    assert trial["repeated_keys"] == 4
    assert trial["repeated"] == [
        {"key": "A-0", "records": [1, 4, 7]},
        {"key": "A-1", "records": [2, 5]},
        {"key": "A-2", "records": [3, 6]},
    ]
    counted = {"profile": simple_profile(identity={"kind": "counted"}), "sample": "Reference,Date,Supplier,Amount\n"}
    assert (await ledger.finance.post("/v1/source-profiles/trials", json=counted)).json()["repeated"] == []
