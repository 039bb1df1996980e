"""Files as finance systems lay them out, generated with their profiles and with what an independent sum says."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

SUPPLIERS = (
    "Alpha & Sons Ltd",
    "Bêta Consulting LLP",
    "Gamma, Delta plc",
    'The "Old" Bakery',
    "O'Neill Works",
    "Zeta – UK",
)
UNITS = ("Adults", "Children", "Highways")
PENNY = Decimal("0.01")


@dataclass(frozen=True)
class Spend:
    """A line of a ledger before any system has written it."""

    number: str
    day: date
    supplier: str
    unit: str
    net: Decimal
    vat: Decimal


@dataclass(frozen=True)
class Export:
    """A file, its profile, and what must come of it."""

    name: str
    profile: dict[str, Any]
    content: bytes
    lines: int
    total: Decimal
    not_lines: dict[str, int] = field(default_factory=dict)
    eligible: Decimal | None = None
    media_type: str = "text/csv"
    parameters: dict[str, str] = field(default_factory=dict)
    findings: int = 0


def ledger_of(lines: int, seed: int, *, negative: bool = True) -> list[Spend]:
    chance = random.Random(seed)
    made = []
    for number in range(1, lines + 1):
        net = Decimal(chance.choice((chance.randint(1, 99), chance.randint(100, 99_999_999)))) / 100
        if negative and number % 7 == 0:
            net = -net
        made.append(
            Spend(
                number=f"{seed:02d}{number:05d}",
                day=date(2017, 4, 1) + timedelta(days=chance.randrange(365)),
                supplier=chance.choice(SUPPLIERS),
                unit=chance.choice(UNITS),
                net=net,
                vat=(net * Decimal("0.2")).quantize(PENNY, ROUND_HALF_UP),
            )
        )
    return made


def table(
    rows: Sequence[Sequence[object]],
    *,
    encoding: str = "utf-8",
    delimiter: str = ",",
    ends: str = "\r\n",
    quoting: int = csv.QUOTE_MINIMAL,
    quote: str = '"',
) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(
        out,
        delimiter=delimiter,
        lineterminator=ends,
        quoting=quoting,
        quotechar=quote,  # type: ignore[arg-type]
    )
    writer.writerows(rows)
    return out.getvalue().encode(encoding)


def profile(name: str, fields: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "fields": fields,
        "identity": {"kind": "counted"},
        "vat": {"treatment": "net_of_recoverable"},
        "parties": {"default_kind": "organisation"},
        **changes,
    }


def net_of(lines: Sequence[Spend]) -> Decimal:
    return sum((line.net for line in lines), Decimal(0))


def gross_of(lines: Sequence[Spend]) -> Decimal:
    return sum((line.net + line.vat for line in lines), Decimal(0))


def grouped(amount: Decimal, mark: str = ",") -> str:
    return f"{amount:,.2f}".replace(",", mark)


def department_25k() -> Export:
    """A department's monthly file: title rows, £ and thousands marks, brackets, a total and a note at the end."""
    lines = ledger_of(40, 1)
    rows: list[list[str]] = [["Spend over £25,000", "", "", "", "", ""], [], ["Published: May 2017"]]
    rows.append(["Department Family", "Entity", "Date", "Expense Type", "Supplier", " Amount\u00a0(£) "])
    for line in lines:
        text = f"£{grouped(abs(line.net))}"
        rows.append(
            ["DfX", "Core", f"{line.day:%d/%m/%Y}", line.unit, line.supplier, f"({text})" if line.net < 0 else text]
        )
    rows += [
        ["", "", "", "", "Total", f"£{grouped(net_of(lines))}"],
        [],
        ["Notes: figures include credit notes"],
        ["1. x"],
    ]
    return Export(
        "department-25k",
        profile(
            "department-25k",
            {
                "payment_date": {"column": "Date"},
                "amount": {"column": "Amount (£)"},
                "party_name": {"column": "Supplier"},
                "category": {"column": "Expense Type"},
                "unit": {"join": ["Department Family", "Entity"], "separator": " / "},
            },
            header={"search": 10},
            dates=["dd/mm/yyyy"],
            encodings=["utf-8", "cp1252"],
            missing_cells="ignore",
            amounts={"thousands": ",", "currency": ["£"], "brackets": True},
            total_rows=[{"column": "Supplier", "equals": "Total"}],
            end_rows=[{"prefix": "Notes"}],
        ),
        table(rows, encoding="cp1252"),
        len(lines),
        net_of(lines),
        {"before_header": 3, "total_row": 1, "blank": 1, "after_end": 2},
    )


def sap_list() -> Export:
    """SAP's list print: bars with empty cells outside, rules of dashes, page headings repeated, minus behind."""
    lines = ledger_of(60, 2)
    head = ["", " Doc. No. ", " Pstng Date", "Vendor ", "  Amount in LC", "Tx", ""]
    out = ["Vendor line items", "-" * 40, "|".join(head), "-" * 40]
    for place, line in enumerate(lines):
        if place and place % 25 == 0:
            out += ["-" * 40, f"Page {place // 25}", "|".join(head), "-" * 40]
        amount = grouped(abs(line.net), ".").replace(".", "~", grouped(abs(line.net), ".").count(".") - 1)
        whole, _, pence = amount.rpartition(".")
        shown = f"{whole.replace('~', '.')},{pence}{'-' if line.net < 0 else ' '}"
        out.append("|".join(["", line.number, f"{line.day:%d.%m.%Y}", line.supplier, f"{shown:>16}", "V1", ""]))
    out.append("-" * 40)
    return Export(
        "sap-list",
        profile(
            "sap-list",
            {
                "payment_date": {"column": "Pstng Date"},
                "amount": {"column": "Amount in LC"},
                "party_name": {"column": "Vendor"},
            },
            delimiter="|",
            quote="",
            header={"search": 10},
            dates=["dd.mm.yyyy"],
            amounts={"decimal": ",", "thousands": ".", "trailing_minus": True},
            other_rows=[{"prefix": "----", "counted_as": "rule"}, {"prefix": "Page ", "counted_as": "page_line"}],
            identity={"kind": "keyed", "columns": ["Doc. No."]},
        ),
        ("\n".join(out) + "\n").encode(),
        len(lines),
        net_of(lines),
        {"before_header": 2, "rule": 6, "page_line": 2, "repeated_header": 2},
    )


def oracle_columns() -> Export:
    """Oracle's payables register: month names in two-digit years, invoice and credit note told by a type column."""
    lines = ledger_of(50, 3)
    rows: list[list[str]] = [
        ["INVOICE_NUM", "INVOICE_TYPE", "PAYMENT_DATE", "VENDOR_NAME", "VENDOR_NAME", "NET", "TAX_CODE"]
    ]
    for line in lines:
        kind = "CREDIT" if line.net < 0 else "STANDARD"
        rows.append(
            [line.number, kind, f"{line.day:%d-%b-%y}".upper(), "site", line.supplier, str(abs(line.net)), "STD20"]
        )
    return Export(
        "oracle-columns",
        profile(
            "oracle-columns",
            {
                "payment_date": {"column": "PAYMENT_DATE"},
                "amount": {"column": "NET"},
                "vat_rate": {"column": "TAX_CODE", "values": {"STD20": "20", "ZERO": "0"}},
                "party_name": {"column": "Vendor"},
                "kind": {"column": "INVOICE_TYPE", "values": {"STANDARD": "invoice", "CREDIT": "credit_note"}},
            },
            header={"row": 1, "named": [{"column": "VENDOR_NAME", "occurrence": 2, "name": "Vendor"}]},
            dates=["dd-mmm-yy"],
            amounts={"negative_when": [{"column": "INVOICE_TYPE", "equals": ["CREDIT", "DEBIT MEMO"]}]},
            identity={"kind": "keyed", "columns": ["INVOICE_NUM"]},
            vat={"treatment": "split", "recoverable_percent": "100"},
        ),
        table(rows, quoting=csv.QUOTE_ALL),
        len(lines),
        net_of(lines),
        eligible=net_of(lines),
    )


def agresso_groups() -> Export:
    """Agresso's browser report: supplier only in the first line of a group, subtotals, times behind days."""
    lines = sorted(ledger_of(45, 4), key=lambda line: (line.supplier, line.number))
    rows: list[list[str]] = [["Supplier", "TransNo", "Period", "Amount"]]
    before, since = "", Decimal(0)
    subtotals = 0
    for line in lines:
        if before and line.supplier != before:
            rows.append([f"Sum {before}", "", "", str(since)])
            subtotals, since = subtotals + 1, Decimal(0)
        shown = line.supplier if line.supplier != before else ""
        rows.append([shown, line.number, f"{line.day:%Y-%m-%d} 00:00:00", str(line.net)])
        before, since = line.supplier, since + line.net
    rows += [[f"Sum {before}", "", "", str(since)], ["Sum total", "", "", str(net_of(lines))]]
    return Export(
        "agresso-groups",
        profile(
            "agresso-groups",
            {
                "payment_date": {"column": "Period"},
                "amount": {"column": "Amount"},
                "party_name": {"column": "Supplier"},
            },
            dates=["yyyy-mm-dd[time]"],
            fill_down=["Supplier"],
            total_rows=[{"column": "Supplier", "prefix": "Sum "}],
            identity={"kind": "keyed", "columns": ["TransNo"]},
        ),
        table(rows, encoding="utf-8-sig", ends="\n"),
        len(lines),
        net_of(lines),
        {"total_row": subtotals + 2},
    )


def civica_two_headers() -> Export:
    """Civica's sheet: a header over two records with merged cells, gross and VAT alone, CR behind credits."""
    lines = ledger_of(40, 5)
    rows: list[list[str]] = [
        ["Creditor", "", "Payment", "Value", ""],
        ["No", "Name", "Date", "Gross", "VAT"],
        ["", "", "", "£", "£"],
    ]

    def credit(amount: Decimal) -> str:
        return f"{abs(amount):.2f}CR" if amount < 0 else f"{amount:.2f}"

    for line in lines:
        rows.append(
            [line.number, f"{line.supplier} ({line.number})", f"{line.day.day}/{line.day.month}/{line.day:%y}",
             credit(line.net + line.vat), credit(line.vat)]
        )  # fmt: skip
    return Export(
        "civica-two-headers",
        profile(
            "civica-two-headers",
            {
                "payment_date": {"column": "Payment Date"},
                "amount": {"column": "Value Gross"},
                "vat": {"column": "Value VAT"},
                "party_name": {"column": "Creditor Name", "part": {"form": "{value} ({other})", "split_at": "last"}},
                "party_key": {"column": "Creditor Name", "part": {"form": "{other} ({value})", "split_at": "last"}},
            },
            header={"row": 1, "rows": 2, "spread": True, "skip": 1},
            dates=["d/m/yy"],
            amounts={"credit_marks": ["CR"], "debit_marks": ["DR"]},
            identity={"kind": "keyed", "columns": ["Creditor No"]},
            vat={"treatment": "split", "amount_is": "gross", "recoverable_percent": "50"},
        ),
        table(rows, delimiter=";", ends="\r").replace(b"Creditor;;Payment", b"sep=;\rCreditor;;Payment"),
        len(lines),
        gross_of(lines),
        {"before_header": 2},
        eligible=sum((line.net + line.vat - _half(line.vat) for line in lines), Decimal(0)),
    )


def _half(amount: Decimal) -> Decimal:
    return (amount / 2).quantize(PENNY, ROUND_HALF_UP)


def sage_debits() -> Export:
    """Sage's audit trail: debit and credit in two columns, dashes for nothing, journals of other accounts between."""
    lines = ledger_of(50, 6)
    rows: list[list[str]] = [["No", "Type", "A/C", "Date", "Details", "Debit", "Credit"]]
    for line in lines:
        debit, credit = (grouped(line.net), "-") if line.net > 0 else ("", grouped(-line.net))
        rows.append([line.number, "PI", "5000", f"{line.day:%d/%m/%Y}", line.supplier, debit, credit])
        rows.append([line.number, "PI", "2200", f"{line.day:%d/%m/%Y}", "VAT", grouped(abs(line.vat)), ""])
    return Export(
        "sage-debits",
        profile(
            "sage-debits",
            {
                "payment_date": {"column": "Date"},
                "debit": {"column": "Debit"},
                "credit": {"column": "Credit"},
                "party_name": {"column": "Details"},
            },
            delimiter="\t",
            dates=["dd/mm/yyyy"],
            amounts={"thousands": ",", "dash_is_zero": True},
            only_rows=[{"column": "A/C", "equals": "5000"}],
            identity={"kind": "keyed", "columns": ["No"]},
        ),
        table(rows, delimiter="\t"),
        len(lines),
        net_of(lines),
        {"not_selected": len(lines)},
    )


def xero_months() -> Export:
    """Xero's payable report saved as Unicode text: month names, a heading for each contact, totals of each."""
    lines = sorted(ledger_of(30, 7), key=lambda line: (line.supplier, line.number))
    rows: list[list[str]] = [["Demo Body"], ["Payable Invoice Detail"], ["", "", "", "Source", "Month", "Net"]]
    before, headings = "", 0
    for line in lines:
        if line.supplier != before:
            rows.append([line.supplier, "", "", "", "", ""])
            headings += 1
        before = line.supplier
        rows.append(["", "", line.number, line.unit, f"{line.day:%b-%y}", f"{line.net:.2f}"])
    rows.append(["Total", "", "", "", "", f"{net_of(lines) + 1:.2f}"])
    return Export(
        "xero-months",
        profile(
            "xero-months",
            {
                "payment_date": {"column": "Month"},
                "amount": {"column": "Net"},
                "party_name": {"column": "Contact"},
                "unit": {"column": "Source"},
            },
            encodings=["utf-16", "utf-8"],
            delimiter="\t",
            header={
                "row": 3,
                "named": [{"position": 1, "name": "Contact"}, {"position": 3, "name": "Number"}],
            },
            dates=["mmm-yy"],
            total_rows=[{"column": "Contact", "equals": "Total"}],
            other_rows=[{"column": "Month", "blank": True, "counted_as": "heading", "fills_down": True}],
            fill_down=["Contact"],
            identity={"kind": "keyed", "columns": ["Number"]},
        ),
        table(rows, encoding="utf-16", delimiter="\t"),
        len(lines),
        net_of(lines),
        {"before_header": 2, "heading": headings, "total_row": 1},
        findings=1,
    )


def integra_pence() -> Export:
    """Integra's interface file: no header, whole pence, days without marks, apostrophes as quotes."""
    lines = ledger_of(40, 8)
    rows = [
        ["D", line.number, f"{line.day:%Y%m%d}", line.supplier.replace("'", ""), str(int(line.net * 100))]
        for line in lines
    ]
    control = [["T", str(len(lines)), "", "", str(int(net_of(lines) * 100))]]
    return Export(
        "integra-pence",
        profile(
            "integra-pence",
            {"payment_date": {"column": "day"}, "amount": {"column": "pence"}, "party_name": {"column": "payee"}},
            header={"columns": ["type", "number", "day", "payee", "pence"]},
            dates=["yyyymmdd"],
            quote="'",
            delimiter="~",
            amounts={"unit": "pence"},
            total_rows=[{"column": "type", "equals": "T"}],
            identity={"kind": "keyed", "columns": ["number"]},
        ),
        table(rows + control, delimiter="~", quote="'", quoting=csv.QUOTE_ALL, ends="\n"),
        len(lines),
        net_of(lines),
        {"total_row": 1},
    )


def nhs_thousands() -> Export:
    """A trust's report in thousands of pounds to the penny, first filled date of two, reversed signs."""
    lines = ledger_of(30, 9)
    rows: list[list[str]] = [["Ref", "Cleared", "Posted", "Payee", "£000"]]
    for place, line in enumerate(lines):
        days = [f"{line.day:%-d %B %Y}", ""] if place % 2 else ["", f"{line.day:%-d %B %Y}"]
        rows.append([line.number, *days, line.supplier, f"{-line.net / 1000:.5f}"])
    return Export(
        "nhs-thousands",
        profile(
            "nhs-thousands",
            {
                "payment_date": {"first_of": ["Cleared", "Posted"]},
                "amount": {"column": "£000"},
                "party_name": {"column": "Payee"},
            },
            dates=["d mmmm yyyy"],
            amounts={"unit": "thousands", "reversed": True},
            identity={"kind": "keyed", "columns": ["Ref"]},
        ),
        table(rows),
        len(lines),
        net_of(lines),
    )


def spreadsheet_serials() -> Export:
    """A sheet saved without formats: day numbers, float noise, blank columns, names broken over lines."""
    lines = ledger_of(40, 10)
    rows: list[list[object]] = [["Trans\nNo", "", "Date\r\nPaid", "Supplier", "", "Amount", "", ""]]
    for line in lines:
        serial = (line.day - date(1899, 12, 30)).days
        amount = f"{line.net}0000000001"
        rows += [[line.number, "", f"{serial}.5", line.supplier, "", amount, "", ""], ["", "", "", "", "", "", "", ""]]
    return Export(
        "spreadsheet-serials",
        profile(
            "spreadsheet-serials",
            {
                "payment_date": {"column": "Date Paid"},
                "amount": {"column": "Amount"},
                "party_name": {"column": "Supplier"},
            },
            dates=["excel-serial"],
            identity={"kind": "keyed", "columns": ["Trans No"]},
        ),
        table(rows, ends="\n"),
        len(lines),
        net_of(lines),
        {"blank": len(lines)},
    )


def month_said_above() -> Export:
    """A council's file without days: the month stands in the title above the header."""
    lines = ledger_of(30, 11)
    rows: list[list[str]] = [["Payments over £500 - June 2017", ""], ["Supplier", "Service", "Net £"]]
    rows += [[line.supplier, line.unit, grouped(line.net)] for line in lines]
    return Export(
        "month-said-above",
        profile(
            "month-said-above",
            {
                "payment_date": {
                    "preamble": {"row": 1, "column": 1},
                    "part": {"form": "{other} - {value}", "split_at": "last"},
                },
                "amount": {"column": "Net £"},
                "party_name": {"column": "Supplier"},
                "unit": {"column": "Service"},
            },
            encodings=["utf-8", "cp1252"],
            header={"row": 2},
            dates=["mmmm yyyy"],
            amounts={"thousands": ","},
        ),
        table(rows, encoding="cp1252"),
        len(lines),
        net_of(lines),
        {"before_header": 1},
    )


def quarter_by_parameter() -> Export:
    """A file of a quarter that says nothing of days: the sender does, when sending."""
    lines = ledger_of(30, 12)
    rows: list[list[str]] = [["id", "payee", "net"], *([line.number, line.supplier, str(line.net)] for line in lines)]
    return Export(
        "quarter-by-parameter",
        profile(
            "quarter-by-parameter",
            {
                "payment_date": {"parameter": "period"},
                "amount": {"column": "net"},
                "party_name": {"column": "payee"},
            },
            dates=["dd/mm/yyyy"],
            identity={"kind": "keyed", "columns": ["id"]},
        ),
        table(rows),
        len(lines),
        net_of(lines),
        parameters={"period": "2017-18-q1"},
    )


def card_statement() -> Export:
    """A card provider's statement: net, VAT and gross, VAT often blank, CR before credits, other currencies refused."""
    lines = ledger_of(40, 13)
    rows: list[list[str]] = [["Cardholder", "Txn Date", "Merchant", "Currency", "Net", "VAT", "Total", "MCC"]]
    for line in lines:
        vat = "" if int(line.number) % 3 == 0 else f"{line.vat:+.2f}"
        gross = line.net + (Decimal(0) if not vat else line.vat)
        rows.append(
            ["X", f"{line.day:%a %d/%m/%Y}", line.supplier, "GBP", f"{line.net:+.2f}", vat, f"{gross:+.2f}", "5411"]
        )
    return Export(
        "card-statement",
        profile(
            "card-statement",
            {
                "payment_date": {"column": "Txn Date"},
                "amount": {"column": "Net"},
                "vat": {"column": "VAT", "when_blank": "0"},
                "gross": {"column": "Total"},
                "currency": {"column": "Currency"},
                "party_name": {"column": "Merchant"},
                "category": {"column": "MCC"},
                "kind": {"constant": "card"},
                "card": {"constant": "gpc"},
            },
            dates=["ddd dd/mm/yyyy"],
            amounts={"plus_sign": True},
            vat={"treatment": "split", "recoverable_percent": "100"},
        ),
        table(rows),
        len(lines),
        net_of(lines),
        eligible=net_of(lines),
    )


def stray_quotes() -> Export:
    """An export that quotes without doubling, by tabs, in an old code page, with spaces between thousands."""
    lines = ledger_of(40, 14)
    out = ['"ref"\t"paid"\t"payee"\t"amount"']
    for line in lines:
        supplier = line.supplier.replace("–", "-")
        out.append(f'"{line.number}"\t"{line.day:%d/%m/%Y}"\t"{supplier}"\t"{grouped(line.net, chr(160))}"')
    return Export(
        "stray-quotes",
        profile(
            "stray-quotes",
            {"payment_date": {"column": "paid"}, "amount": {"column": "amount"}, "party_name": {"column": "payee"}},
            encodings=["utf-8", "latin-1"],
            delimiter="\t",
            stray_quotes="keep",
            dates=["dd/mm/yyyy"],
            amounts={"thousands": " "},
            identity={"kind": "keyed", "columns": ["ref"]},
        ),
        "\r\n".join(out).encode("latin-1"),
        len(lines),
        net_of(lines),
    )


def json_lines() -> Export:
    """An interface that pushes one object a line, numbers as numbers, compressed."""
    lines = ledger_of(40, 15)
    out = []
    for place, line in enumerate(lines):
        item = {"doc": line.number, "paid": line.day.isoformat(), "payee": {"x": 1}, "unit": line.unit}
        text = json.dumps({**item, "payee": line.supplier})
        amount = f"{int(line.net * 100)}e-2" if place % 2 else str(line.net)
        out.append(f'{text[:-1]}, "net": {amount}}}')
    return Export(
        "json-lines",
        profile(
            "json-lines",
            {"payment_date": {"column": "paid"}, "amount": {"column": "net"}, "party_name": {"column": "payee"}},
            amounts={"decimal": ",", "thousands": "."},
            identity={"kind": "keyed", "columns": ["doc"]},
        ),
        gzip.compress("\n".join(out).encode()),
        len(lines),
        net_of(lines),
        media_type="application/gzip",
    )


def gross_alone() -> Export:
    """A partner's sheet with the gross alone, the sign behind the currency, days of two styles, escaped quotes."""
    lines = ledger_of(40, 16)
    out = ["when,who,what,how much"]
    for place, line in enumerate(lines):
        day = f"{line.day:%d/%m/%Y}" if place % 2 else f"{line.day:%Y-%m-%d}T10:00:00"
        name = line.supplier.replace('"', '\\"')
        gross = line.net + line.vat
        amount = f"£-{abs(gross)}" if gross < 0 else f"GBP {gross}"
        out.append(f'{day},"{name}","{line.unit}",{amount}')
    return Export(
        "gross-alone",
        profile(
            "gross-alone",
            {
                "payment_date": {"column": "when"},
                "amount": {"column": "how much"},
                "party_name": {"column": "who"},
                "purpose": {"column": "what", "values": {"Adults": "Care of adults"}, "otherwise": "Other"},
            },
            escape="\\",
            dates=["dd/mm/yyyy", "yyyy-mm-dd[time]"],
            amounts={"currency": ["£", "GBP"]},
            vat={"treatment": "not_separable"},
        ),
        "\n".join(out).encode(),
        len(lines),
        gross_of(lines),
        eligible=gross_of(lines),
    )


def partly_recovered() -> Export:
    """Net beside gross, the VAT not written, the share that is recovered by a code of the line."""
    lines = ledger_of(40, 17)
    codes = ("FULL", "HALF", "NONE")
    share = {"FULL": Decimal(0), "HALF": Decimal("0.5"), "NONE": Decimal(1)}
    rows: list[list[str]] = [["Inv", "Tax Point", "Supplier", "Ex VAT", "Inc VAT", "Recovery"]]
    eligible = Decimal(0)
    for place, line in enumerate(lines):
        code = codes[place % 3]
        rows.append([line.number, f"{line.day:%Y/%m/%d}", line.supplier, str(line.net), str(line.net + line.vat), code])
        kept = line.vat if code == "NONE" else line.vat - _half(line.vat) if code == "HALF" else Decimal(0)
        assert share[code] in (0, 1) or kept <= abs(line.vat)
        eligible += line.net + kept
    return Export(
        "partly-recovered",
        profile(
            "partly-recovered",
            {
                "invoice_date": {"column": "Tax Point"},
                "amount": {"column": "Ex VAT"},
                "gross": {"column": "Inc VAT"},
                "recoverable_rate": {"column": "Recovery", "values": {"FULL": "100", "HALF": "50%", "NONE": "0"}},
                "party_name": {"column": "Supplier"},
            },
            dates=["yyyy/mm/dd"],
            identity={"kind": "keyed", "columns": ["Inv"]},
            vat={"treatment": "split"},
        ),
        table(rows),
        len(lines),
        net_of(lines),
        eligible=eligible,
    )


def mixed_ends() -> Export:
    """Line ends of three systems in one file, cells that run over lines, surplus cells of a second analysis."""
    lines = ledger_of(45, 18)
    out = ["No,Paid,Payee,Purpose,Amount\n"]
    for place, line in enumerate(lines):
        end = ("\n", "\r\n", "\r")[place % 3]
        name = line.supplier.replace('"', '""')
        out.append(f'{line.number},{line.day:%d/%m/%Y},"{name}","two\r\nlines",{line.net},internal{end}')
    return Export(
        "mixed-ends",
        profile(
            "mixed-ends",
            {
                "payment_date": {"column": "paid"},
                "amount": {"column": "AMOUNT"},
                "party_name": {"column": "payee"},
                "purpose": {"column": "Purpose"},
            },
            dates=["dd/mm/yyyy"],
            surplus_cells="ignore",
            identity={"kind": "keyed", "columns": ["no"]},
        ),
        "".join(out).encode(),
        len(lines),
        net_of(lines),
    )


def mainframe_widths() -> Export:
    """An old print file: columns of fixed width, a form feed and a heading on every page, CR behind credits."""
    lines = ledger_of(40, 19)
    head = f"{'REF':<10}{'PAID':<12}{'PAYEE':<30}{'AMOUNT':>18}"
    out = []
    for place, line in enumerate(lines):
        if place % 20 == 0:
            out += [f"\fPAYMENTS REGISTER      PAGE {place // 20 + 1}", head, "=" * 70]
        amount = f"{abs(line.net):,.2f}{'CR' if line.net < 0 else '  '}"
        out.append(f"{line.number:<10}{line.day:%d%b%Y}   {line.supplier:<30}{amount:>18}".upper())
    return Export(
        "mainframe-widths",
        profile(
            "mainframe-widths",
            {
                "payment_date": {"column": "Paid"},
                "amount": {"column": "Amount"},
                "party_name": {"column": "Payee"},
            },
            widths=[10, 12, 30, 18],
            header={"row": 2},
            dates=["ddmmmyyyy"],
            amounts={"thousands": ",", "credit_marks": ["CR"]},
            other_rows=[{"prefix": "PAYMENTS", "counted_as": "page_line"}, {"prefix": "===", "counted_as": "rule"}],
            identity={"kind": "keyed", "columns": ["Ref"]},
        ),
        "\r\n".join(out).encode(),
        len(lines),
        net_of(lines),
        {"before_header": 1, "page_line": 1, "rule": 2, "repeated_header": 1},
    )


def spreadsheet_texts() -> Export:
    """Numbers guarded as formulas of a text, and amounts under a header that names its month."""
    lines = ledger_of(40, 20)
    out = ["Voucher,Paid on,Supplier,Paid in June 2017 £,Paid in total £"]
    for line in lines:
        name = line.supplier.replace('"', '""')
        out.append(f'="{line.number}",{line.day:%d/%m/%Y},"{name}",{line.net},\'0')
    return Export(
        "spreadsheet-texts",
        profile(
            "spreadsheet-texts",
            {
                "payment_date": {"column": "Paid on"},
                "amount": {"column": ["Paid in June *", "Paid in July *"]},
                "party_name": {"column": "Supplier"},
            },
            spreadsheet_text=True,
            dates=["dd/mm/yyyy"],
            identity={"kind": "keyed", "columns": ["Voucher"]},
        ),
        "\n".join(out).encode(),
        len(lines),
        net_of(lines),
    )


EXPORTS: tuple[Callable[[], Export], ...] = (
    department_25k, sap_list, oracle_columns, agresso_groups, civica_two_headers, sage_debits, xero_months,
    integra_pence, nhs_thousands, spreadsheet_serials, month_said_above, quarter_by_parameter, card_statement,
    stray_quotes, json_lines, gross_alone, partly_recovered, mixed_ends, mainframe_widths, spreadsheet_texts,
)  # fmt: skip
