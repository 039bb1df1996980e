"""Governance: two boards of different years, who sat on them, when they met, and who came."""

from __future__ import annotations

from typing import Any

from deploy.demo.client import Client, is_replay
from deploy.demo.people import CLERK
from deploy.demo.steps.agreement import RECIPIENT
from deploy.demo.steps.data import GOVERNANCE, record


class BoardYear:
    """What the demonstration knows about one board in one of its years."""

    def __init__(
        self,
        slug: str,
        key: str,
        year: str,
        *,
        under_grant_duty: bool,
        meetings: tuple[tuple[str, str | None, str | None, str], ...],
    ) -> None:
        self.slug, self.key, self.year = slug, key, year
        self.under_grant_duty = under_grant_duty
        self.meetings = meetings
        """Start, end, venue, and what became of it: `held`, or `scheduled` where the papers do not say."""

    @property
    def valid(self) -> tuple[str, str]:
        first, last = self.year.split("-")
        return f"{first}-09-01", f"{last}-08-31"


# Starts as the papers print them; of the meetings known from the register alone only the day is printed.
BOARDS = (
    BoardYear(
        "improvement-and-innovation-board",
        "iib-2017-18",
        "2017-2018",
        under_grant_duty=True,
        meetings=(
            ("2017-11-01T11:00:00+00:00", None, None, "held"),
            ("2018-01-30T11:00:00+00:00", None, None, "held"),
            ("2018-03-22T11:00:00+00:00", None, "Westminster Room, 8th Floor, 18 Smith Square, London", "held"),
            ("2018-05-24T11:00:00+01:00", None, "Smith Square 3&4, Ground Floor, 18 Smith Square, London", "scheduled"),
            ("2018-07-16T11:00:00+01:00", None, "Westminster Suite, 8th Floor, Smith Square, London", "scheduled"),
        ),
    ),
    BoardYear(
        "improvement-programme-board",
        "ipb-2010-11",
        "2010-2011",
        under_grant_duty=False,
        meetings=(
            ("2010-09-09T11:00:00+01:00", None, None, "held"),
            ("2010-11-17T11:00:00+00:00", None, None, "held"),
            ("2011-01-18T11:30:00+00:00", None, "County Hall, Preston", "held"),
            ("2011-03-21T12:00:00+00:00", "2011-03-21T13:30:00+00:00", "Hilton Leeds City Hotel", "scheduled"),
        ),
    ),
)


async def load_boards(client: Client) -> str:
    """Both boards with their members, observers and substitutes, as the membership pages print them (B-22)."""
    # A board belongs to an organisation that grants has announced.
    await client.arrives("the agency in governance", lambda: _organisation(client))
    known = {board["key"]: board for board in record("boards")["boards"]}
    people = 0
    for board in BOARDS:
        data = known[board.key]

        async def find(slug: str = board.slug) -> Any:
            return await client.find(f"/governance/v1/boards/{slug}")

        async def make(board: BoardYear = board, data: dict[str, Any] = data) -> Any:
            body = {
                "slug": board.slug,
                "organisation": RECIPIENT,
                "name": data["name"],
                "under_grant_duty": board.under_grant_duty,
            }
            return await client.post("/governance/v1/boards", CLERK, body)

        await client.once("boards", find, make)
        await _rules(client, board)
        outcome = await _members(client, board, data)
        people += outcome["memberships_added"] + outcome["unchanged"]
    return f"{len(BOARDS)} boards, {people} memberships"


async def hold_meetings(client: Client) -> str:
    """The meetings of both years; those that a register or note tells of are held, with their own time stated."""
    held = 0
    for board in BOARDS:
        for start, end, venue, outcome in board.meetings:
            meeting = await meeting_on(client, board.slug, start[:10])
            if meeting is None:
                body = {"start": start, "end": end, "venue_text": venue}
                meeting = await client.post(f"/governance/v1/boards/{board.slug}/meetings", CLERK, body)
                client.made["meetings"] += 1
            else:
                client.found["meetings"] += 1
            held += outcome == "held"
    return f"{sum(len(board.meetings) for board in BOARDS)} meetings, {held} to be held"


async def mark_held(client: Client) -> str:
    """Once agendas and papers stand, the meetings that took place become held, at the time they did."""
    marked = 0
    for board in BOARDS:
        for start, _, _, outcome in board.meetings:
            meeting = await meeting_on(client, board.slug, start[:10])
            assert meeting is not None, start
            if outcome == "held" and meeting["state"] != "held":
                move = {"to": "held", "happened_at": meeting["start"]}
                await client.post(f"/governance/v1/meetings/{meeting['id']}/transitions", CLERK, move)
                client.made["meetings held"] += 1
            marked += outcome == "held"
    return f"{marked} meetings held"


async def enter_attendance(client: Client) -> str:
    """Both registers, cell by cell; blank is unknown, and an odd date or name waits for a person (B-23, B-45)."""
    cells = waiting = 0
    for board in BOARDS:
        name = f"attendance_{board.year[:5].replace('-', '_')}{board.year[-2:]}.csv"
        content = (GOVERNANCE / name).read_bytes()
        answer = await client.call(
            "POST",
            f"/governance/v1/boards/{board.slug}/attendance-imports",
            CLERK,
            params={"year": board.year},
            content=content,
            headers={"Content-Type": "text/csv"},
        )
        outcome = answer.json()
        client.made["register cells"] += 0 if is_replay(answer) else outcome["cells_added"]
        cells += outcome["rows"]
        waiting += outcome["waiting"]
    return f"{cells} register cells, {waiting} waiting for a person"


async def meeting_on(client: Client, board: str, day: str) -> Any | None:
    """A board's meeting of a day, or None."""
    found = await client.get("/governance/v1/meetings", board=board, on=day)
    return found["items"][0] if found["items"] else None


async def _organisation(client: Client) -> bool:
    return bool((await client.get("/governance/v1/organisations", slug=RECIPIENT))["items"])


async def _rules(client: Client, board: BoardYear) -> None:
    """Three clear working days (B-3). A quorum is known only from 7 March 2018 on (B-27)."""
    path = f"/governance/v1/boards/{board.slug}/rule-sets"
    before = {
        "valid_from": board.valid[0],
        "source": "Memorandum 2017/18, Annex C item C",
        "named_attendance_public": True,
    }
    framework = {
        "source": "Governance framework of the association, in force from 7 March 2018",
        "valid_from": "2018-03-07",
        "quorum_numerator": 1,
        "quorum_denominator": 3,
        "quorum_min_groups": 2,
        "named_attendance_public": True,
    }
    wanted = [{**before, "valid_to": "2018-03-06"}, framework] if board.under_grant_duty else [before]
    standing = {rules["valid_from"] for rules in await client.every(path)}
    for rules in wanted:
        if rules["valid_from"] in standing:
            client.found["rule sets"] += 1
        else:
            await client.post(path, CLERK, rules)
            client.made["rule sets"] += 1


async def _members(client: Client, board: BoardYear, data: dict[str, Any]) -> Any:
    wanted = (
        "name",
        "name_printed",
        "title",
        "honours",
        "role",
        "role_printed",
        "group",
        "authority",
        "capacity",
        "voting",
    )
    people = [
        {key: person[key] for key in wanted if person.get(key) is not None}
        for part in ("members", "observers", "substitutes")
        for person in data[part]
    ]
    body = {
        "source": f"membership page of {data['membership_as_at']}",
        "valid_from": board.valid[0],
        "valid_to": board.valid[1],
        "groups": data["groups"],
        "people": people,
    }
    answer = await client.call("POST", f"/governance/v1/boards/{board.slug}/membership-imports", CLERK, json=body)
    outcome = answer.json()
    client.made["memberships"] += 0 if is_replay(answer) else outcome["memberships_added"]
    return outcome
