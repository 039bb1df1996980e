"""Exports in layouts never seen before, each with nothing but a profile: every record and every penny."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.grants.expenditure.conftest import Ledger, accounted
from tests.grants.expenditure.layouts import EXPORTS, Export


@pytest.mark.parametrize("made", EXPORTS, ids=lambda made: made.__name__)
async def test_a_new_layout_needs_a_profile_alone_and_every_record_is_accounted_for(
    ledger: Ledger, made: Callable[[], Export]
) -> None:
    """§6, G-1: lines, pence and what is no line, against a sum that knows nothing of the reader; twice is harmless."""
    export = made()
    await ledger.defined(export.profile)
    tried = await ledger.sent(
        export.content, export.name, media_type=export.media_type, dry_run="true", **export.parameters
    )
    batch = await ledger.sent(
        export.content,
        export.name,
        media_type=export.media_type,
        expected_lines=str(export.lines),
        expected_total_pence=str(int(export.total * 100)),
        **export.parameters,
    )
    accounted(batch)
    outcomes = batch["outcomes"]
    errors = await ledger.everything(f"/v1/expenditure-batches/{batch['id']}/errors")
    assert errors == []
    assert outcomes["received"] == {"lines": export.lines, "pence": int(export.total * 100)}
    assert outcomes["accepted"] == outcomes["received"] == tried["outcomes"]["accepted"]
    assert outcomes["not_lines"] == export.not_lines
    assert len(batch["findings"]) == export.findings
    eligible = export.total if export.eligible is None else export.eligible
    assert batch["eligible_pence"] == tried["eligible_pence"] == int(eligible * 100)
    entries = await ledger.everything("/v1/expenditure-lines")
    assert len(entries) == export.lines
    assert all(entry["party"]["name"] for entry in entries)
    lines = await ledger.everything(f"/v1/expenditure-batches/{batch['id']}/lines")
    assert sum(line["amount_pence"] for line in lines) == int(export.total * 100)
    again = await ledger.sent(export.content, export.name, media_type=export.media_type, **export.parameters)
    assert again["outcomes"]["duplicate"] == outcomes["received"]
