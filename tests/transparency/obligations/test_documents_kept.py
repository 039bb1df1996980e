"""Documents in all their versions, the parts withheld from them, and their dataset."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from services.transparency.drafts import Asked, Draft, MakeDraft
from services.transparency.methodology import PARAMETERS
from services.transparency.obligations import drafts
from services.transparency.obligations.tables import Document
from shared.events.deliverables import PerformanceReportReopened
from shared.periods import FinancialYear
from tests.harness import Running
from tests.transparency.facts import BODY, at, meeting, minutes, papers, report_published
from tests.transparency.test_obligations import in_2017, one

PROFILES = Path(drafts.__file__).parent.parent / "data" / "column_profiles.json"
ACCOUNTS: dict[str, Any] = {
    "publisher": "body",
    "code": "ACCOUNTS",
    "period": "2017-18",
    "title": "Accounts 2016/17",
    "url": "https://example.org/accounts.pdf",
    "sha256": "d" * 64,
}


async def test_a_second_document_is_the_next_version_says_what_changed_and_leaves_the_earlier_readable(
    transparency: Running,
) -> None:
    """T-49 for documents: kept in versions; the duty stays judged by the first."""
    await in_2017(transparency)
    transparency.clock.set(at("2017-07-20T12:00"))
    preparer = transparency.as_("transparency:preparer", sub="person:pia")
    first = (await preparer.post("/v1/documents", json=ACCOUNTS)).json()
    assert (first["version"], first["versions"], first["is_latest"]) == (1, [1], True)
    transparency.clock.set(at("2017-09-20T12:00"))
    later = {**ACCOUNTS, "url": "https://example.org/accounts-2.pdf", "period": "2017/18"}
    silent = await preparer.post("/v1/documents", json=later)
    assert (silent.status_code, silent.json()["errors"][0]["code"], silent.json()["errors"][0]["pointer"]) == (
        422,
        "change_note_missing",
        "/change_note",
    )
    second = await preparer.post("/v1/documents", json={**later, "change_note": "Note 4 corrected."})
    assert second.status_code == 201, second.text
    address = second.headers["location"].removeprefix("http://test/transparency")
    latest = (await transparency.anonymous.get(address)).json()
    assert (latest["version"], latest["versions"], latest["change_note"]) == (2, [1, 2], "Note 4 corrected.")
    earlier = (await transparency.anonymous.get(address, params={"version": 1})).json()
    assert (earlier["document_id"], earlier["url"], earlier["is_latest"]) == (
        first["document_id"],
        ACCOUNTS["url"],
        False,
    )
    unknown = await transparency.anonymous.get(address, params={"version": 3})
    assert (unknown.status_code, unknown.json()["errors"][0]["code"]) == (404, "document_version_not_found")
    judged = await one(transparency, "ACCOUNTS")
    assert (judged["state"], judged["url"]) == ("met", ACCOUNTS["url"])
    listed = await transparency.anonymous.get("/v1/documents", params={"code": "ACCOUNTS", "period": "2017-18"})
    assert [item["version"] for item in listed.json()["items"]] == [1, 2]


async def test_two_letters_of_a_year_are_two_documents(transparency: Running) -> None:
    """T-48: versions are counted by duty and period, not by kind."""
    await in_2017(transparency)
    preparer = transparency.as_("transparency:preparer")
    for code in ("LETTER-APR", "LETTER-NOV"):
        body = {"publisher": "association", "code": code, "period": "2017-18", "title": "Letter to leaders"}
        posted = await preparer.post("/v1/documents", json=body)
        assert (posted.status_code, posted.json()["version"], posted.json()["code"]) == (201, 1, code)
    found = await transparency.anonymous.get("/v1/documents", params={"code": "LETTER-NOV"})
    assert len(found.json()["items"]) == 1


async def test_withheld_parts_are_listed_and_counted_with_their_reason_and_none_is_withheld_barely(
    transparency: Running,
) -> None:
    """Section 7, T-21: `withholding_incomplete` names the missing fields; every error at once."""
    await in_2017(transparency)
    preparer = transparency.as_("transparency:preparer")
    bad = [
        {"what": "Page 3", "reason_code": "LEGAL_PRIVILEGE"},
        {"what": "Page 4", "reason_code": "BARE_CONFIDENTIALITY"},
        {"what": "Page 5", "reason_code": "TRADE_SECRET"},
    ]
    refused = await preparer.post("/v1/documents", json={**ACCOUNTS, "withheld": bad})
    assert refused.status_code == 422
    assert [(error["code"], error["pointer"]) for error in refused.json()["errors"]] == [
        ("withholding_incomplete", "/withheld/0/public_interest"),
        ("withholding_incomplete", "/withheld/1/reason_code"),
        ("withheld_reason_unknown", "/withheld/2/reason_code"),
    ]
    assert refused.json()["errors"][2]["detail"].endswith("NAME_IN_TEXT, LEGAL_PRIVILEGE, PROHIBITED.")
    named = [{"what": "Letter of joe@example.org", "reason_code": "PROHIBITED"}]
    personal = await preparer.post("/v1/documents", json={**ACCOUNTS, "withheld": named})
    assert [(error["code"], error["pointer"]) for error in personal.json()["errors"]] == [
        ("personal_details_in_text", "/withheld/0/what")
    ]
    good = [
        {"what": "Pages 3 to 4", "reason_code": "LEGAL_PRIVILEGE", "public_interest": "Advice in a running case."},
        {"what": "A name on page 9", "reason_code": "NAME_IN_TEXT"},
    ]
    posted = (await preparer.post("/v1/documents", json={**ACCOUNTS, "withheld": good})).json()
    answer = await transparency.anonymous.get(f"/v1/documents/{posted['document_id']}")
    assert answer.json()["withheld_count"] == 2
    assert [(part["what"], part["exemption"]) for part in answer.json()["withheld"]] == [
        ("Pages 3 to 4", "legal privilege (FOI Act s.42)"),
        ("A name on page 9", "personal data (FOI Act s.40)"),
    ]
    assert "running case" not in answer.text


async def test_a_report_published_again_keeps_the_one_published_before(transparency: Running) -> None:
    """T-49 for reports: opened again and published, the earlier address and hash stay readable."""
    await in_2017(transparency)
    first = report_published()
    reopened = PerformanceReportReopened(
        report_id=first.report_id,
        version=4,
        agreement_id=first.agreement_id,
        organisation_id=BODY,
        year="2017/18",
        quarter="2017-18-q1",
        reopened_at=at("2017-08-10T10:00"),
        reason="A figure is wrong.",
    )
    again = first.model_copy(
        update={
            "version": 6,
            "published_at": at("2017-08-20T10:00"),
            "url": "https://example.org/r2",
            "sha256": "e" * 64,
        }
    )
    for event in (first, reopened, again, again):
        await transparency.receive(event)
    path = f"/v1/documents/{first.report_id}"
    latest = (await transparency.anonymous.get(path)).json()
    assert (latest["version"], latest["versions"], latest["url"]) == (6, [3, 6], "https://example.org/r2")
    earlier = (await transparency.anonymous.get(path, params={"version": 3})).json()
    assert (earlier["state"], earlier["sha256"]) == ("superseded", "c" * 64)
    assert (await one(transparency, "REPORT", "2017-18-q1"))["met_at"] == "2017-07-28T10:00:00Z"


async def test_papers_published_again_are_the_next_version_and_a_supplement_is_another_document(
    transparency: Running,
) -> None:
    """T-45."""
    transparency.clock.set(at("2026-12-01T12:00"))
    await in_2017(transparency)
    await transparency.receive(meeting(), papers(happened="2026-12-29T10:00", met=True), papers())
    await transparency.receive(papers(supplement=1))
    items = (await transparency.anonymous.get("/v1/documents", params={"code": "PAPERS"})).json()["items"]
    titles = sorted((item["title"].split(" of ")[0], item["version"]) for item in items)
    assert titles == [("Papers", 1), ("Papers", 2), ("Supplement 1", 1)]


async def test_the_database_keeps_versions_apart_too(transparency: Running) -> None:
    """T-49: requests that arrive together meet the constraint."""
    await in_2017(transparency)
    await transparency.as_("transparency:preparer").post("/v1/documents", json=ACCOUNTS)
    async with transparency.session() as session:
        found = (await session.exec(select(Document))).one()
        session.add(Document(**found.model_dump() | {"document_id": BODY}))
        with pytest.raises(IntegrityError, match="uq_documents_version"):
            await session.flush()


def asked(year: int) -> Asked:
    return Asked(
        organisation_id=BODY,
        publisher="body",
        organisation_name="Improvement Body",
        organisation_uri="https://example.org/body",
        identifiers=(),
        period=FinancialYear(year),
        edition=1,
        parameters=PARAMETERS,
        address="https://example.org/open/body/documents/2017-18/v1/",
        built_at=at("2018-04-10T12:00"),
    )


async def drafted(transparency: Running, make: MakeDraft, year: int = 2017) -> Draft:
    async with transparency.runtime.work() as work:
        return await make(work, asked(year))


def fits_profile(found: Draft, dataset: str) -> None:
    """Headers, required cells, patterns and lists of the profile."""
    profile = json.loads(PROFILES.read_text())[dataset]
    assert found.rows
    assert len({row.row_id for row in found.rows}) == len(found.rows)
    for row in found.rows:
        assert set(row.cells) <= {column["header"] for column in profile}
        assert re.fullmatch("[a-z0-9]{16,40}", row.row_id)
        for column in profile:
            cell, rule = row.cells.get(column["header"], ""), column["constraint"] or {}
            assert cell or not column["required"], (column["header"], row.cells)
            assert not cell or re.fullmatch(rule.get("pattern", ".*"), cell), cell
            assert not cell or cell in rule.get("enum", [cell]), cell


async def test_a_years_documents_are_a_dataset_and_what_has_no_address_is_counted_out(transparency: Running) -> None:
    """Section 5, T-55: the `documents` profile; the mark follows the content."""
    await in_2017(transparency)
    preparer = transparency.as_("transparency:preparer")
    await preparer.post(
        "/v1/documents", json={**ACCOUNTS, "withheld": [{"what": "A name", "reason_code": "NAME_IN_TEXT"}]}
    )
    await preparer.post("/v1/documents", json={**ACCOUNTS, "code": "MEMORANDUM", "url": None})
    await preparer.post("/v1/documents", json={**ACCOUNTS, "code": "BUSINESS-PLAN"})
    await transparency.receive(report_published(), meeting(), papers(), minutes())
    first = await drafted(transparency, drafts.draft_documents)
    fits_profile(first, "documents")
    assert [row.cells["Kind"] for row in first.rows] == ["accounts", "performance_report"]
    assert (first.rows[0].cells["WithheldParts"], first.rows[0].cells["WithheldReason"]) == ("1", "NAME_IN_TEXT")
    assert first.notes == [
        "1 of 3 documents are left out: no address, or no fingerprint of the file, is recorded for them."
    ]
    of_2026 = await drafted(transparency, drafts.draft_documents, 2026)
    fits_profile(of_2026, "documents")
    assert [row.cells["Kind"] for row in of_2026.rows] == ["board_papers", "minutes"]
    assert (await drafted(transparency, drafts.draft_documents)).mark == first.mark
    await preparer.post("/v1/documents", json={**ACCOUNTS, "change_note": "Note 4 corrected."})
    assert (await drafted(transparency, drafts.draft_documents)).mark != first.mark


async def test_the_publication_record_is_a_dataset_with_a_row_for_each_reading(transparency: Running) -> None:
    """Section 9: the calendar shows its arithmetic; T-48."""
    await in_2017(transparency)
    await transparency.receive(report_published())
    found = await drafted(transparency, drafts.draft_record)
    fits_profile(found, "publication_record")
    report = [row for row in found.rows if row.cells["Obligation"] == "REPORT" and "Q1" in row.cells["PeriodOrMeeting"]]
    assert [row.cells["Reading"] for row in report] == ["corresponding_date", "month_end", "item_j"]
    assert report[0].cells["State"] == "met"
    assert report[0].cells["PublishedOn"] == "28/07/2017"
    assert found.notes == ["2 duties are left out because no day is stated for them."]
