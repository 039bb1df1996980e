"""Answers about profiles, batches and lines."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from services.grants.expenditure.names import NAME_IN_KEY
from services.grants.expenditure.profile import Layout
from services.grants.expenditure.tables import ExpenditureBatch, UnidentifiedLine
from shared.http import Shape


class ProfileShape(Shape):
    """One version of a source's layout."""

    name: str
    version: int
    layout: Layout
    created_at: datetime
    created_by: str


class Count(Shape):
    lines: int = Field(description="How many lines.")
    pence: int = Field(description="Sum of the amounts as the source gave them, where they can be read.")


class Outcomes(Shape):
    """received = accepted + duplicate + conflict + rejected + held, in lines and in pence."""

    received: Count
    accepted: Count
    duplicate: Count
    conflict: Count
    rejected: Count
    held: Count
    amount_unreadable: int = Field(description="Rejected lines whose amount cannot be read: in the lines, in no sum.")
    not_lines: dict[str, int] = Field(description="Records that are no lines: blank, repeated_header, total_row, …")


class Reason(Shape):
    code: str
    detail: str = Field(description="What is wrong and what to do.")
    column: str | None = None
    fields: list[str] | None = Field(default=None, description="Fields that differ from what is stored.")
    held_line: UUID | None = Field(default=None, description="The held line that the line was before.")
    rule: str | None = Field(default=None, description="Rule of use that the line raises (G-18).")
    paragraph: str | None = Field(default=None, description="Where the rule stands.")


class BatchShape(Shape):
    """A file that was sent, or an act by hand, and what became of every line in it."""

    id: UUID
    organisation: str = Field(description="Slug of the publisher whose ledger it is.")
    kind: str = Field(description="`file`, or the act by hand: `entry`, `reversal`, `correction`, `decision`.")
    profile: str = Field(description="Source profile; `by_hand` for entries that came through none.")
    profile_version: int | None
    state: str = Field(description="received → processing → completed | failed")
    on_error: str
    corrects: UUID | None
    covers_from: date | None = Field(
        description="First day of payment the file is meant to cover; that of the batch it corrects where it says none."
    )
    covers_to: date | None = Field(description="Last day of payment the file is meant to cover.")
    dry_run: bool = Field(
        description="A trial: the account is whole, and no line entered the ledger. The lines that would not have been"
        " accepted stand in `lines`."
    )
    expected_lines: int | None = Field(description="Lines that the sender counted.")
    expected_total_pence: int | None = Field(description="Sum of the amounts that the sender counted.")
    period: str | None = Field(description="What the file is for, where it holds no day.")
    sha256: str | None = Field(description="Hash of the original's bytes as sent; null for an act by hand.")
    size_bytes: int | None
    media_type: str | None
    encoding: str | None
    lines_read: int = Field(description="Progress: data records read so far.")
    outcomes: Outcomes
    held_decided: dict[str, int] = Field(description="How many of its held lines are decided: what → lines.")
    unsettled: Count = Field(
        description="Lines that are not in the ledger and wait: rejected or in conflict, and neither corrected one for"
        " one nor given up; held, or repeating a held line, and not decided. The days of the file are covered once none"
        " is left. Of a file refused whole: nought, until another file corrects it."
    )
    eligible_pence: int = Field(description="Sum of eligible_pence of the accepted lines (G-27).")
    flags: dict[str, int] = Field(description="Findings that stopped no line: code → accepted lines that carry it.")
    findings: list[dict[str, Any]] = Field(
        description="`over_budget`: budget lines whose entries exceed their budget (G-30). `no_part_in_agreement`:"
        " lines of an organisation that is neither recipient nor has an award; they stand in no account."
        " `total_differs`: a total in the file is not the sum of its lines. `lines_outside_days_covered`: how many days"
        " of payment lie in the days that were stated with the file, and how many outside, with the first lines."
        " `days_in_two_orders`: some days of a column can only be read with day and month exchanged, and are rejected;"
        " others can be read either way, and are read as the profile says."
        " `header_in_another_order`: from this line"
        " on the columns stand as its header says. `header_differs`: a header that does not fit, and nothing behind it"
        " is read. `mixed_encodings`: lines in another encoding than the rest. `text_decoded_twice`: text that was"
        " decoded wrongly before it was sent; `repaired_lines` of them are put right. `text_lost`: text with U+FFFD."
        " `encoding_not_named`: the file is UTF-8, which the profile does not name."
        " `sent_before`: the same bytes came in through another profile. `name_published_before`: rows that have left"
        " name a private payee of this file."
    )
    event_count: int
    failure: Reason | None
    created_at: datetime
    created_by: str
    started_at: datetime | None
    completed_at: datetime | None
    links: dict[str, str]


class SettlementShape(Shape):
    """What settled a line that did not enter the ledger."""

    how: Literal["corrected", "given_up", "decided"] = Field(
        description="`corrected` by a line of a later file; `given_up` by a person; `decided`, of held lines."
    )
    by_batch: UUID | None = Field(description="The file that corrected it.")
    by_record: int | None = Field(
        description="The line of that file. Where that one was rejected too, it waits in place of this one."
    )
    reason: str | None = Field(
        description="Why a person gave it up or decided so; left out for readers who may not see payees' names."
    )
    settled_at: datetime
    settled_by: str


class LineShape(Shape):
    """A line of a batch and its outcome."""

    record: int = Field(description="Data record, counted from 1.")
    line: int | None = Field(description="Physical line on which the record begins; null in JSON.")
    outcome: str
    amount_pence: int | None
    line_key: str | None
    entry_id: UUID | None = Field(description="Its entry, or the stored one it equals or contradicts.")
    reasons: list[Reason]
    flags: list[str]
    settled: bool = Field(description="In the ledger, corrected, decided or given up; nothing is left to do about it.")
    settlement: SettlementShape | None = Field(description="What settled it, where it did not enter the ledger itself.")


class UnidentifiedShape(Shape):
    """A stored line that kept the identity of an earlier version of the service."""

    organisation: str
    profile: str
    batch: UUID = Field(description="The file it came in.")
    record: int
    line: int | None
    why: Literal["original_unreadable", "line_unreadable", "same_key"] = Field(
        description="`same_key`: another stored line has its key, so that one payment may stand in the ledger twice."
    )
    detail: str = Field(description="What is wrong and what to do.")
    found_at: datetime
    links: dict[str, str]


def unidentified_shape(line: UnidentifiedLine, source: str, organisation: str, base_url: str) -> UnidentifiedShape:
    return UnidentifiedShape(
        organisation=organisation,
        profile=source,
        batch=line.batch_id,
        record=line.record,
        line=line.line,
        why=line.why,
        detail=line.detail,
        found_at=line.found_at,
        links={"batch": f"{base_url}/v1/expenditure-batches/{line.batch_id}"},
    )


def batch_shape(batch: ExpenditureBatch, organisation: str, base_url: str) -> BatchShape:
    here = f"{base_url}/v1/expenditure-batches/{batch.id}"
    counts = {
        outcome: Count(lines=getattr(batch, f"{outcome}_lines"), pence=getattr(batch, f"{outcome}_pence"))
        for outcome in ("received", "accepted", "duplicate", "conflict", "rejected", "held")
    }
    return BatchShape(
        **{
            name: getattr(batch, name)
            for name in BatchShape.model_fields
            if hasattr(batch, name) and name not in ("failure",)
        },
        organisation=organisation,
        profile=batch.source,
        sha256=batch.file_sha256,
        outcomes=Outcomes(**counts, amount_unreadable=batch.amount_unreadable_lines, not_lines=batch.not_lines),
        unsettled=Count(lines=batch.unsettled_lines, pence=batch.unsettled_pence),
        failure=Reason(code=batch.failure["code"], detail=batch.failure["detail"]) if batch.failure else None,
        links={
            "self": here,
            "lines": f"{here}/lines",
            "errors": f"{here}/errors",
            "errors_csv": f"{here}/errors.csv",
            "original": f"{here}/original",
            "settlements": f"{here}/settlements",
        },
    )


COUNTED_KEY = re.compile("[0-9a-f]{32}[#~][0-9]+")


def line_shape(row: Any, *, names: bool) -> LineShape:
    """Without `names`, a key that may hold a payee's name is the entry's id, and empty where no entry was made."""
    key = row.line_key
    if not names and key is not None:
        if row.outcome == "accepted":
            key = str(row.entry_id) if NAME_IN_KEY in row.flags else key
        elif not COUNTED_KEY.fullmatch(key):
            key = None
    return LineShape(
        record=row.record,
        line=row.line,
        outcome=row.outcome,
        amount_pence=row.amount_pence,
        line_key=key,
        entry_id=row.entry_id,
        reasons=[Reason(**reason) for reason in row.reasons or []],
        flags=row.flags or [],
        settled=row.settled,
        settlement=_settlement(row, names=names) if row.how is not None else None,
    )


def _settlement(row: Any, *, names: bool) -> SettlementShape:
    return SettlementShape(
        how=row.how,
        by_batch=row.by_batch,
        by_record=row.by_record,
        reason=row.reason if names else None,
        settled_at=row.settled_at,
        settled_by=row.settled_by,
    )
