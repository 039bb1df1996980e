"""Documents and judgements of a database from before documents had versions by duty."""

from __future__ import annotations

import json
from uuid import UUID, uuid5

import psycopg
from alembic import command
from sqlalchemy import create_engine

from shared.database import driver_url
from shared.migrations import config_for, migrate
from tests.harness import Postgres, service_named
from tests.transparency.facts import BODY

Rows = psycopg.Connection[tuple[object, ...]]
AT = "2017-05-01T12:00:00Z"
READING = json.dumps([{"name": "named_day", "due_on": "2017-04-30", "arithmetic": "", "alarms": True}])


def identity(words: str) -> UUID:
    return uuid5(BODY, words)


def document(rows: Rows, code: str, kind: str, version: int, made: str | None) -> None:
    """A document of 2017-18 as it was kept; `made` is who recorded it, or None for one that an event brought."""
    minute = f"2017-05-01T12:0{version}:00Z"
    rows.execute(
        "INSERT INTO documents (document_id, organisation_id, kind, title, period, meeting_id, version, state,"
        " withheld_count, happened_at, stated, recorded_at, created_by)"
        " VALUES (%s, %s, %s, %s, '2017-18', %s, %s, 'published', 0, %s, false, %s, %s)",
        (identity(f"{code}{version}"), BODY, kind, f"{code} of 2017-18", None if made else identity("meeting"), version,
         minute, minute, made),
    )  # fmt: skip
    if made:
        rows.execute(
            "INSERT INTO publications (publication_id, organisation_id, code, subject, happened_at, recorded_at,"
            " stated) VALUES (%s, %s, %s, '2017-18', %s, %s, false)",
            (identity(f"p{code}{version}"), BODY, code, minute, minute),
        )


def duty(rows: Rows, code: str, state: str, *, day: str | None, reason: str | None = None) -> None:
    met = AT if state == "met" else None
    rows.execute(
        "INSERT INTO obligations (obligation_id, version, organisation_id, code, subject, period, year, what, kind,"
        " source, readings, alarm_on, state, state_reason, met_at, stated, source_version, proposed_by, created_at,"
        " modified_at) VALUES (%s, 1, %s, %s, '2017-18', '2017/18', '2017-18', '', 'publish', '', %s, %s, %s, %s, %s,"
        " false, 1, %s, %s, %s)",
        (identity(f"o{code}"), BODY, code, READING, day, state, reason, met, "person:pia" if reason else None, AT, AT),
    )


def test_documents_get_their_duty_and_judgements_their_reason_and_nothing_judged_changes(postgres: Postgres) -> None:
    """T-48, T-59: letters of a year are numbered apart; a judgement once recorded stays and says what it was."""
    service = service_named("transparency")
    url = postgres.create_database("before_versions")
    engine = create_engine(driver_url(url))
    with engine.connect() as connection:
        command.upgrade(config_for(service, connection), "0003")
        connection.commit()
    engine.dispose()
    with psycopg.connect(url) as rows:
        document(rows, "LETTER-APR", "letter", 1, "person:pia")
        document(rows, "LETTER-NOV", "letter", 2, "person:pia")
        document(rows, "ACCOUNTS", "accounts", 1, "person:pia")
        document(rows, "ACCOUNTS", "accounts", 2, "person:pia")
        document(rows, "Papers", "board_papers", 1, None)
        document(rows, "Supplement 1", "board_papers", 3, None)
        duty(rows, "LETTER-APR", "not_judged", day="2017-04-30", reason="There was none.")
        duty(rows, "MGMT-ACCOUNTS", "upcoming", day=None)
        duty(rows, "REPORT-SPEND", "met", day="2017-10-30")
        rows.execute(
            "INSERT INTO publications (publication_id, organisation_id, code, subject, happened_at, recorded_at,"
            " stated) SELECT gen_random_uuid(), %s, 'REPORT-SPEND', subject, now(), now(), false"
            " FROM unnest(ARRAY['2017-18', '2018-19-q2']) AS subject",
            (BODY,),
        )
    migrate(service, url)
    with psycopg.connect(url) as rows:
        series = rows.execute("SELECT series, version, change_note FROM documents ORDER BY series, version").fetchall()
        states = {
            code: (state, reason, proposed)
            for code, state, reason, proposed in rows.execute(
                "SELECT code, state, state_reason, exemption_reason FROM obligations"
            ).fetchall()
        }
        left = rows.execute("SELECT subject FROM publications WHERE code = 'REPORT-SPEND'").fetchall()
    meeting = identity("meeting")
    assert series == [
        ("ACCOUNTS 2017-18", 1, None),
        ("ACCOUNTS 2017-18", 2, "Recorded before changes were noted."),
        ("LETTER-APR 2017-18", 1, None),
        ("LETTER-NOV 2017-18", 1, None),
        (f"PAPERS {meeting}", 1, None),
        (f"PAPERS {meeting}/1", 3, None),
    ]
    assert states["LETTER-APR"] == (
        "not_judged",
        "It was entered here on 1 May 2017, after its day, 30 April 2017; nobody here could watch for it.",
        "There was none.",
    )
    assert states["MGMT-ACCOUNTS"][0] == "not_judged"
    assert states["REPORT-SPEND"][0] == "met"
    assert "a judgement once recorded stays" in str(states["REPORT-SPEND"][1])
    assert left == [("2017-18",)]
