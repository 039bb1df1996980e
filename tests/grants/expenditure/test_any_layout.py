"""Random ledgers in random layouts, written by this test and read back through a profile to the penny."""

from __future__ import annotations

import csv
import io
import tempfile
from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.grants.expenditure.line import PLACE
from services.grants.expenditure.profile import SourceProfile
from services.grants.expenditure.reader import FileReader, FileToRead, encoding_of
from services.grants.expenditure.repairs import put_right
from shared.texts import without_hidden

DATE_STYLES = {
    "dd/mm/yyyy": "%d/%m/%Y", "yyyy-mm-dd": "%Y-%m-%d", "d-mmm-yy": "%-d-%b-%y", "dd.mm.yyyy": "%d.%m.%Y",
    "yyyymmdd": "%Y%m%d", "d mmmm yyyy": "%-d %B %Y", "mm/dd/yyyy": "%m/%d/%Y", "yyyy-mm-dd[time]": "%Y-%m-%dT09:30:00",
}  # fmt: skip
NAMES = (
    st.text(st.characters(codec="cp1252", exclude_categories=("C",)), min_size=1, max_size=30)
    .map(lambda text: "n" + text.strip())
    .filter(lambda text: put_right(text)[1] is None)
)
"""Names as they are; those that look like text that was decoded wrongly are put right, and tested elsewhere."""
LINES = st.lists(
    st.tuples(
        st.integers(-(10**13), 10**13),
        st.dates(date(2000, 1, 1), date(2025, 12, 31)),
        NAMES,
    ),
    max_size=25,
)
AMOUNTS = st.fixed_dictionaries(
    {
        "marks": st.sampled_from([(".", ""), (".", ","), (",", "."), (",", " "), (".", "'"), (",", "")]),
        "negative": st.sampled_from(["minus", "brackets", "trailing", "credit", "sign_inside", "columns", "type"]),
        "currency": st.sampled_from(["", "£", "GBP "]),
        "unit": st.sampled_from(["pounds", "pence", "thousands"]),
        "reversed": st.booleans(),
    }
)
SHAPE = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from([",", ";", "\t", "|"]),
        "encoding": st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"]),
        "ends": st.sampled_from(["\n", "\r\n", "\r"]),
        "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
        "above": st.integers(0, 3),
        "search": st.booleans(),
        "blanks": st.booleans(),
        "repeat": st.booleans(),
        "total": st.booleans(),
        "style": st.sampled_from(sorted(DATE_STYLES)),
        "grouped": st.booleans(),
    }
)


def written(pence: int, how: dict[str, Any]) -> str:
    """The figure without its sign."""
    decimal, thousands = how["marks"]
    if how["unit"] == "pence":
        whole, fraction = str(pence), ""
    else:
        places = 2 if how["unit"] == "pounds" else 5
        digits = str(pence).rjust(places + 1, "0")
        whole, fraction = digits[:-places], digits[-places:]
    if thousands:
        whole = f"{int(whole):,}".replace(",", thousands)
    return how["currency"] + whole + (decimal + fraction if fraction else "")


def signed(pence: int, how: dict[str, Any]) -> list[str]:
    """The cells of type, amount, debit and credit."""
    pence = -pence if how["reversed"] else pence
    text, negative = written(abs(pence), how), pence < 0
    if how["negative"] == "columns":
        return ["", "", "" if negative else text, text if negative else ""]
    if how["negative"] == "type":
        # What the type says stands, whatever the source's own sign.
        return ["CRN" if (pence < 0) != how["reversed"] else "INV", text if not how["reversed"] else f"-{text}", "", ""]
    shown = {
        "minus": f"-{text}", "brackets": f"({text})", "trailing": f"{text}-", "credit": f"{text} CR",
        "sign_inside": f"{how['currency']}-{text[len(how['currency']) :]}",
    }[how["negative"]] if negative else text  # fmt: skip
    return ["", shown, "", ""]


@given(lines=LINES, how=AMOUNTS, shape=SHAPE)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_ledger_in_any_layout_is_read_back_to_the_penny(
    lines: list[tuple[int, date, str]], how: dict[str, Any], shape: dict[str, Any]
) -> None:
    """§6, G-1: what a system writes in a style that the profile names comes back as it was, every record counted."""
    columns = how["negative"] == "columns"
    header = ["Ref", "Payee", "Type", "Amount", "Debit", "Credit", "Day"]
    rows: list[list[str]] = [["A title"], [], ["more"]][: shape["above"]]
    above = len(rows)
    rows.append(header)
    blanks = repeats = 0
    for number, (pence, day, name) in enumerate(lines):
        if shape["blanks"] and number % 3 == 1:
            rows.append(["", "  "])
            blanks += 1
        if shape["repeat"] and number % 5 == 4:
            rows.append(header)
            repeats += 1
        payee = "" if shape["grouped"] and number and lines[number - 1][2] == name else name
        rows.append([f"R{number}", payee, *signed(pence, how), f"{day:{DATE_STYLES[shape['style']]}}"])
    if shape["total"]:
        rows.append(["Total", "", *signed(sum(pence for pence, _, _ in lines), {**how, "negative": "minus"}), ""])
    out = io.StringIO(newline="")
    writer = csv.writer(
        out, delimiter=shape["delimiter"], lineterminator=shape["ends"], quoting=shape["quoting"], escapechar=None
    )
    writer.writerows(rows)
    amount = (
        {"debit": {"column": "Debit"}, "credit": {"column": "Credit"}} if columns else {"amount": {"column": "Amount"}}
    )
    encoding = shape["encoding"].removesuffix("-sig")
    profile = SourceProfile.model_validate(
        {
            "name": "any",
            "encodings": [encoding],
            "delimiter": shape["delimiter"],
            "header": {"search": 6} if shape["search"] else {"row": above + 1},
            "dates": [shape["style"]],
            "fields": {**amount, "payment_date": {"column": "Day"}, "party_name": {"column": "payee "}},
            "fill_down": ["Payee"] if shape["grouped"] else [],
            "total_rows": [{"column": "Ref", "equals": "total"}],
            "amounts": {
                "decimal": how["marks"][0],
                "thousands": how["marks"][1],
                "currency": ["£", "GBP"],
                "brackets": True,
                "trailing_minus": True,
                "credit_marks": ["CR"],
                "unit": how["unit"],
                "reversed": how["reversed"],
                "negative_when": [{"column": "Type", "equals": "CRN"}],
            },
            "identity": {"kind": "keyed", "columns": ["Ref"]},
            "vat": {"treatment": "net_of_recoverable"},
        }
    )
    with tempfile.NamedTemporaryFile() as file:
        file.write(out.getvalue().encode(shape["encoding"]))
        file.flush()
        reading = FileToRead(
            path=file.name,
            media_type="text/csv",
            gzipped=False,
            encoding="",
            layout=profile.model_dump(mode="json"),
            source="any",
            today="2026-01-01",
        )
        reader = FileReader(replace(reading, encoding=encoding_of(reading)))
        found = [row.split("\t") for block in reader.blocks() for row in block.splitlines()]
    assert [row[PLACE["reasons"]] for row in found] == ["\\N"] * len(lines)
    assert [int(row[PLACE["amount_pence"]]) for row in found] == [pence for pence, _, _ in lines]
    assert [row[PLACE["payment_date"]] for row in found] == [day.isoformat() for _, day, _ in lines]
    # A space that does not break is kept as a plain one.
    names = [without_hidden(name) for _, _, name in lines]
    assert [row[PLACE["party_name"]].replace("\\\\", "\\") for row in found] == names
    assert reader.tally.received_pence == sum(pence for pence, _, _ in lines)
    counted = {"before_header": above, "blank": blanks, "repeated_header": repeats, "total_row": int(shape["total"])}
    assert reader.tally.not_lines == {name: records for name, records in counted.items() if records}
