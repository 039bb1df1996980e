"""Random histories of files, corrections, decisions and giving up: days are covered once every line is settled."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from shared.events.grants import ExpenditureBatchCompleted
from tests.grants.expenditure.conftest import Ledger, accounted, counted_profile, csv_file, simple_profile
from tests.grants.expenditure.test_settlements import as_file, errors

STEPS = 20
WRONG_DAYS = ("x", "2017-04-31", "")
WRONG_AMOUNTS = ("1.0.0", "abc", "")
STRETCHES = (
    ("2017-04-01", "2017-04-30"),
    ("2017-03-01", "2017-04-30"),
    ("2017-04-01", "2017-05-31"),
    ("2017-04-01", "2017-06-30"),
)
"""Days that a sender states; each holds the days of all lines."""

WAYS = (
    *("right", "half", "half", "wrong again", "wrong again", "wrong again"),
    *("nothing", "unrelated", "as sent", "whole"),
)
"""How a file may be corrected."""
WAYS_ON = ("half", "half", "nothing", "unrelated", "wrong again", "right", "whole")
"""The same of a file that was refused whole, of which every line waits."""

Row = tuple[str, str, str, str]


class History:
    """What a careless sender and two officers do, one thing after another."""

    def __init__(self, ledger: Ledger, kind: str, seed: int) -> None:
        self.ledger = ledger
        self.name = "simple" if kind == "keyed" else "counted"
        self.chance = random.Random(seed)
        self.batches: list[str] = []
        self.sent: dict[str, list[Row]] = {}
        self.refused: list[str] = []
        self.again = ""
        self.numbers = iter(range(1, 10_000))

    async def step(self) -> None:
        acts = [*[self.send] * 2, self.send_again, self.send_again, *[self.correct] * 6, self.decide, self.give_up]
        await self.chance.choice(acts if self.batches else [self.send])()

    # ------------------------------------------------------------------ what is done

    async def send(self) -> None:
        rows = [self.row() for _ in range(self.chance.randrange(5))]
        if rows and self.chance.random() < 0.3:
            # Two payments may be alike in everything, and wrong in the same way.
            rows.append(self.chance.choice(rows))
        first, last = self.chance.choice(STRETCHES)
        days = {"covers_from": first, "covers_to": last} if self.chance.random() < 0.8 else {}
        await self.hand_in(rows, **days, **self.refusing(0.5))

    async def send_again(self) -> None:
        """The same file, which says that it covers its days, with each line twice at times."""
        self.again = self.again if self.again and self.chance.random() < 0.8 else self.chance.choice(self.batches)
        rows = self.sent[self.again]
        first, last = self.chance.choice(STRETCHES)
        await self.hand_in(rows * self.chance.randrange(1, 3), covers_from=first, covers_to=last)

    async def correct(self) -> None:
        target, rows = await self.to_correct()
        lines, header = rows[1:], rows[0]
        way = self.chance.choice(WAYS_ON if target in self.refused else WAYS)
        options = {"corrects": target, **self.refusing(0.25)}
        if way == "nothing":
            await self.hand_in([], **options)
        elif way == "unrelated":
            await self.hand_in([self.row() for _ in range(2)], **options)
        elif way == "whole":
            own = [self.righted(row) for row in self.sent[target]]
            await self.hand_in(own, **options)
        else:
            if way == "half":
                lines = [line for line in lines if self.chance.random() < 0.5]
            if way in ("right", "half"):
                lines = [[*self.righted((line[0], line[1], line[2], line[3])), *line[4:]] for line in lines]
            if way == "wrong again":
                lines = [[line[0], "2017-13-01", *line[2:]] for line in lines]
            self.chance.shuffle(lines)
            if self.chance.random() < 0.4:
                # As the source itself would send it, which may say a line twice.
                header, lines = header[:4], [line[:4] for line in lines] * self.chance.randrange(1, 3)
            if self.chance.random() < 0.5:
                options |= dict(zip(("covers_from", "covers_to"), self.chance.choice(STRETCHES), strict=True))
            await self.hand_in(
                [(line[0], line[1], line[2], line[3]) for line in lines], as_file([header, *lines]), **options
            )
            if len(header) > 4 and "on_error" not in options:
                left = await self.ledger.everything(f"/v1/expenditure-batches/{target}/errors", unsettled="true")
                assert not {line["record"] for line in left} & {int(line[6]) for line in lines}, way

    async def to_correct(self) -> tuple[str, list[list[str]]]:
        """A file, often one with lines that wait, and its file of errors."""
        if self.refused and self.chance.random() < 0.5:
            # Of a file that was refused whole nothing waits before another comes in its place.
            target = self.chance.choice(self.refused)
            rows = await errors(self.ledger, {"id": target}, unsettled="true")
            if len(rows) > 1:
                return target, rows
            self.refused.remove(target)
        waiting = await self.ledger.everything("/v1/expenditure-batches", unsettled="true")
        target = self.chance.choice([batch["id"] for batch in waiting[-3:]] or self.batches)
        return target, await errors(self.ledger, {"id": target}, **self.some_of({"unsettled": "true"}))

    async def decide(self) -> None:
        held = await self.ledger.everything("/v1/held-lines")
        for line in held[: self.chance.randrange(3)]:
            decision = self.chance.choice(("outside", "refuse", "duplicate"))
            answer = await self.ledger.finance.post(
                f"/v1/held-lines/{line['id']}/decisions", json={"decision": decision, "reason": "looked at"}
            )
            assert answer.status_code in (201, 422), answer.text

    async def give_up(self) -> None:
        target = self.chance.choice(self.batches)
        waiting = await self.ledger.everything(f"/v1/expenditure-batches/{target}/errors", unsettled="true")
        records = [line["record"] for line in waiting if self.chance.random() < 0.4]
        body: dict[str, Any] = {"records": records} if records else {"all": True}
        answer = await self.ledger.finance.post(
            f"/v1/expenditure-batches/{target}/settlements", json={**body, "reason": "paid elsewhere"}
        )
        assert answer.status_code == (201 if waiting else 409), answer.text

    # ------------------------------------------------------------------ what is sent

    async def hand_in(self, rows: list[Row], content: bytes | None = None, **options: str) -> None:
        batch = await self.ledger.sent(content or csv_file(*rows), self.name, **options)
        accounted(batch)
        self.batches.append(batch["id"])
        self.sent[batch["id"]] = rows
        if batch["state"] == "failed":
            self.refused.append(batch["id"])

    def row(self) -> Row:
        """A payment of its own, faulty or right, or one like an earlier one."""
        earlier = [row for rows in self.sent.values() for row in rows if row[1].startswith("2017-04-0")]
        if earlier and self.chance.random() < 0.35:
            same = self.chance.choice(earlier)
            return (
                same if self.chance.random() < 0.5 else (same[0], same[1], same[2], f"{self.chance.randrange(99)}.00")
            )
        number = next(self.numbers)
        right = (f"P-{number}", f"2017-04-0{self.chance.randrange(1, 9)}", f"Payee {number % 3}", f"{number}.00")
        if self.chance.random() < 0.45:
            return (right[0], self.chance.choice(WRONG_DAYS), right[2], right[3])
        if self.chance.random() < 0.2:
            return (right[0], right[1], right[2], self.chance.choice(WRONG_AMOUNTS))
        return right

    def righted(self, row: Row) -> Row:
        day = "2017-04-09" if row[1] in (*WRONG_DAYS, "2017-13-01") else row[1]
        return (row[0], day, row[2], "5.00" if row[3] in WRONG_AMOUNTS else row[3])

    def refusing(self, chance: float) -> dict[str, str]:
        return {"on_error": "reject_batch"} if self.chance.random() < chance else {}

    def some_of(self, parameters: dict[str, str]) -> dict[str, str]:
        return parameters if self.chance.random() < 0.7 else {}


class Truth:
    """What stands in the tables, read without the code under test."""

    def __init__(self, rows: Iterable[Any], batches: Iterable[Any], events: list[ExpenditureBatchCompleted]) -> None:
        self.batches = {row.id: row for row in batches}
        self.lines: dict[UUID, dict[int, Any]] = {batch_id: {} for batch_id in self.batches}
        for row in rows:
            self.lines[row.batch_id][row.record] = row
        self.newest = {event.batch_id: event for event in events}

    @classmethod
    async def of(cls, ledger: Ledger) -> Truth:
        async with ledger.grants.session() as session:
            connection = await session.connection()
            lines = await connection.execute(
                text("""
                SELECT l.batch_id, l.record, l.outcome, l.reasons, s.how, s.by_batch, s.by_record,
                    coalesce(d.id, r.id) AS decided
                FROM expenditure_batch_lines l
                LEFT JOIN line_settlements s USING (batch_id, record)
                LEFT JOIN held_lines h USING (batch_id, record) LEFT JOIN held_decisions d ON d.held_line_id = h.id
                LEFT JOIN held_decisions r ON r.held_line_id::text = l.reasons -> 0 ->> 'held_line'
                """)
            )
            batches = await connection.execute(text("SELECT * FROM expenditure_batches WHERE kind = 'file'"))
            return cls(lines.all(), batches.all(), await ledger.grants.emitted(ExpenditureBatchCompleted))

    def waits(self, batch_id: UUID, record: int) -> bool:
        line = self.lines[batch_id].get(record)
        if line is None:
            return False
        if line.outcome in ("rejected", "conflict"):
            return line.how is None
        before = bool(line.reasons) and line.reasons[0]["code"] == "held_before"
        return (line.outcome == "held" or before) and line.decided is None

    def unsettled(self, batch_id: UUID) -> int:
        return sum(self.waits(batch_id, record) for record in self.lines[batch_id])

    def chain(self, batch_id: UUID) -> set[UUID]:
        found = {batch_id}
        while True:
            more = {
                other
                for other, row in self.batches.items()
                if other in found or row.corrects in found or any(self.batches[one].corrects == other for one in found)
            }
            if more <= found:
                return found
            found |= more

    def stands_for(self, batch_id: UUID) -> list[UUID]:
        """The batch, and the files refused whole in whose place it came."""
        found = [batch_id]
        while (before := self.batches[found[-1]].corrects) and self.batches[before].state == "failed":
            found.append(before)
        return found


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", ["keyed", "counted"])
async def test_the_days_of_a_file_are_covered_exactly_when_every_line_of_it_is_settled(
    ledger: Ledger, kind: str, seed: int
) -> None:
    """Design section 6: whatever is sent, corrected, decided and given up, in whatever order."""
    await ledger.defined(simple_profile() if kind == "keyed" else counted_profile())
    history = History(ledger, kind, seed)
    covered_before: set[UUID] = set()
    for _ in range(STEPS):
        await history.step()
        truth = await Truth.of(ledger)
        for batch_id, batch in truth.batches.items():
            check_statement(truth, batch_id, batch, covered_before)
            check_pairs(truth, history, batch_id)
        covered_before = {one for one, event in truth.newest.items() if event.covers_from}
    shown = {batch["id"]: batch for batch in await ledger.everything("/v1/expenditure-batches", kind="file")}
    for batch_id, batch in shown.items():
        if batch["state"] == "completed":
            assert batch["unsettled"]["lines"] == truth.unsettled(UUID(batch_id))
    assert len(truth.newest) > 1, "something happened"


def check_statement(truth: Truth, batch_id: UUID, batch: Any, covered_before: set[UUID]) -> None:
    event = truth.newest.get(batch_id)
    if batch.state == "failed":
        assert event is None
        return
    own = truth.unsettled(batch_id)
    answers_for = sum(truth.unsettled(one) for one in truth.stands_for(batch_id))
    settled = not answers_for
    if batch.corrects is not None and batch_id not in covered_before:
        engaged = [one for one in truth.chain(batch_id) if taken_up(truth, one)]
        settled = settled and not any(truth.unsettled(one) for one in engaged)
    stated = None if event is None else event.covers_from
    assert (stated is not None) == (settled and batch.covers_from is not None), (batch_id, own, answers_for)
    assert (event.unsettled_lines if event else 0) == answers_for
    if answers_for and batch.covers_from is not None:
        assert event is not None
        assert waits_for(event, batch)


def taken_up(truth: Truth, batch_id: UUID) -> bool:
    """Whether lines of a batch count: it was taken in, or another came in its place."""
    return truth.batches[batch_id].state == "completed" or any(
        row.state == "completed" and batch_id in truth.stands_for(other)[1:] for other, row in truth.batches.items()
    )


def check_pairs(truth: Truth, history: History, batch_id: UUID) -> None:
    """A line is corrected by a line of the same payment, and what takes its place waits for all of its days."""
    batch = truth.batches[batch_id]
    for record, line in truth.lines[batch_id].items():
        if line.how != "corrected":
            continue
        by = line.by_batch, line.by_record
        mine, other = history.sent[str(batch_id)][record - 1], history.sent[str(by[0])][by[1] - 1]
        assert mine[0] == other[0], (mine, other)
        if truth.batches[by[0]].state == "completed" and truth.waits(*by) and batch.covers_from is not None:
            assert waits_for(truth.newest[by[0]], batch)


def waits_for(event: ExpenditureBatchCompleted, batch: Any) -> bool:
    """Whether all days of a batch wait by this event."""
    if event.waits_from is None or event.waits_to is None:
        return False
    return bool(event.waits_from <= batch.covers_from and event.waits_to >= batch.covers_to)
