"""The HTTP conventions, on a real database: commits, problems, idempotency, ETags, lists, uploads."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import socket
from datetime import timedelta

import httpx
import pytest
import uvicorn
from sqlalchemy import func, select, text

from shared.observability import configure_logs
from tests.harness import NOON, Client, Running
from tests.shared.toy import Note

NEW = {"title": "one", "amount_pence": 3_000_000_000}


async def count(running: Running) -> int:
    async with running.session() as session:
        return (await (await session.connection()).execute(select(func.count()).select_from(Note))).scalar_one()


async def test_a_created_thing_is_committed_before_the_answer(notes: Running) -> None:
    answer = await notes.as_("toy:writer").post("/v1/notes", json=NEW)
    assert answer.status_code == 201
    assert answer.headers["location"] == f"http://test/toy/v1/notes/{answer.json()['id']}"
    assert await count(notes) == 1


async def test_a_failing_commit_never_answers_success(notes: Running) -> None:
    answer = await notes.anonymous.post("/v1/breakages")
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["code"] == "already_exists"


async def test_a_refusal_is_a_problem_that_locates_the_fault_and_stores_nothing(notes: Running) -> None:
    answer = await notes.as_("toy:writer").post("/v1/notes", json=NEW | {"title": "taken"})
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (problem["status"], problem["type"]) == (409, "urn:outturn:problem:title_taken")
    assert problem["errors"] == [
        {"code": "title_taken", "detail": "This title is taken; choose another.", "pointer": "/title"}
    ]
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert await count(notes) == 0


@pytest.mark.parametrize(
    ("content", "status", "code", "pointer"),
    [
        (b'{"title": "x", "amount_pence": NaN}', 422, "int_type", "/amount_pence"),
        (b'{"title": "x", "amount_pence": 1.5}', 422, "int_type", "/amount_pence"),
        (b'{"title": "x", "amount_pence": "1_000"}', 422, "int_type", "/amount_pence"),
        (b'{"title": "x", "amount_pence": true}', 422, "int_type", "/amount_pence"),
        (b'{"title": "x", "amount_pence": 999999999999999999999999999999}', 422, "less_than_equal", "/amount_pence"),
        (b'{"title": "a\\u0000b", "amount_pence": 1}', 422, "bad_text", "/title"),
        (b'{"title": "x", "tags": ["ok", "\\ud800"], "amount_pence": 1}', 422, "bad_text", "/tags/1"),
        (b'{"title": "x", "amount_pence": 1, "colour": 2}', 422, "extra_forbidden", "/colour"),
        (b'{"amount_pence": 1}', 422, "missing", "/title"),
        (b'{"title": "x", ', 400, "json_invalid", None),
        (b"\xff\xfe", 400, "json_invalid", None),
        (b"[]", 422, "model_attributes_type", ""),
    ],
)
async def test_bad_bodies_are_refused_with_code_and_place(
    notes: Running, content: bytes, status: int, code: str, pointer: str | None
) -> None:
    answer = await notes.as_("toy:writer").post(
        "/v1/notes", content=content, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == status
    first = answer.json()["errors"][0]
    assert first["code"] == code
    assert first.get("pointer") == pointer
    assert await count(notes) == 0


async def test_a_field_of_another_type_is_told_how_to_write_it_and_not_in_the_parsers_words(notes: Running) -> None:
    answer = await notes.as_("toy:writer").post("/v1/notes", json={"title": 7, "amount_pence": "x", "tags": "one"})
    told = {error["pointer"]: error["detail"] for error in answer.json()["errors"]}
    assert told == {
        "/title": "Write it as text, in quotes.",
        "/amount_pence": "Write a whole number, without quotes and without decimals.",
        "/tags": "Give a list, even for one.",
    }


async def test_what_a_parser_would_say_is_said_as_the_fix(notes: Running) -> None:
    client = notes.as_("toy:writer")
    answers = [
        await client.post("/v1/notes", json=NEW | {"amount_pence": 10**30}),
        await client.get("/v1/notes?updated_since=2018-02-30T00:00:00Z"),
        await client.get("/v1/notes?limit=501"),
    ]
    told = [answer.json()["errors"][0]["detail"] for answer in answers]
    assert told[0].startswith("Give at most 9")
    assert told[1:] == [
        "There is no such instant; check it against the calendar and the clock.",
        "Give at most 500.",
    ]


async def test_a_method_that_an_address_does_not_take_is_told_all_that_it_takes(notes: Running) -> None:
    answer = await notes.anonymous.delete("/v1/notes")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")
    assert answer.json()["detail"] == "Use GET, HEAD, POST."


async def test_names_the_sender_made_up_are_echoed_up_to_64_characters(notes: Running) -> None:
    client = notes.as_("toy:writer")
    answers = [
        await client.post("/v1/notes", json=NEW | {"x" * 5000: 1}),
        await client.get("/v1/notes?" + "y" * 5000 + "=1"),
    ]
    assert [len(answer.json()["errors"][0].get("pointer", "/" + "y" * 64)) for answer in answers] == [65, 65]
    assert all(len(answer.content) < 1000 for answer in answers)


async def test_a_number_too_long_to_parse_is_a_bad_request(notes: Running) -> None:
    content = b'{"title": "x", "amount_pence": ' + b"9" * 5000 + b"}"
    answer = await notes.as_("toy:writer").post(
        "/v1/notes", content=content, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 400


async def test_other_content_types_are_refused(notes: Running) -> None:
    answer = await notes.as_("toy:writer").post("/v1/notes", content=b"a=1", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415


async def test_a_body_over_the_limit_is_refused(notes: Running) -> None:
    content = b'{"title": "' + b"x" * (9 * 1024 * 1024) + b'"}'
    answer = await notes.as_("toy:writer").post(
        "/v1/notes", content=content, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 413
    assert answer.json()["errors"][0]["code"] == "too_large"


async def test_unknown_addresses_and_methods_are_problems_too(notes: Running) -> None:
    missing = await notes.anonymous.get("/v1/nothing")
    assert (missing.status_code, missing.json()["errors"][0]["code"]) == (404, "not_found")
    wrong = await notes.anonymous.delete("/v1/notes")
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (405, "method_not_allowed")
    bad_id = await notes.as_("toy:reader").get("/v1/notes/not-an-id")
    assert bad_id.status_code == 404


async def test_an_unknown_parameter_is_refused_with_the_nearest_name(notes: Running) -> None:
    answer = await notes.anonymous.get("/v1/notes", params={"titel": "x"})
    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {"code": "unknown_parameter", "detail": "Unknown parameter; did you mean title?", "parameter": "titel"}
    ]
    nul = await notes.anonymous.get("/v1/notes?title=a%00b")
    assert (nul.status_code, nul.json()["errors"][0]["code"]) == (400, "bad_text")


async def test_who_may_call_is_checked(notes: Running) -> None:
    nobody = await notes.anonymous.post("/v1/notes", json=NEW)
    assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, "Bearer")
    reader = await notes.as_("toy:reader").post("/v1/notes", json=NEW)
    assert reader.status_code == 403
    elsewhere = await notes.as_("toy:writer", organisations=["there"]).post("/v1/notes", json=NEW)
    assert elsewhere.status_code == 403
    here = await notes.as_("toy:writer", organisations=["here"]).post("/v1/notes", json=NEW)
    assert here.status_code == 201


async def test_tokens_that_are_expired_foreign_or_of_another_type_are_refused(notes: Running) -> None:
    import jwt

    issuer = notes.issuer
    expired = issuer.token("a", ["toy:writer"], valid_for=timedelta(hours=-1))
    other_audience = issuer.token("a", ["toy:writer"], audience="elsewhere")
    unsigned = jwt.encode({"sub": "a", "scope": "toy:writer"}, "k" * 32, algorithm="HS256", headers={"kid": "local"})
    for token in (expired, other_audience, unsigned, "not.a.token", ""):
        answer = await notes.anonymous.get("/v1/notes", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401, token


async def test_four_eyes_refuses_the_maker_and_a_token_without_person(notes: Running) -> None:
    made = (await notes.as_("toy:chief", sub="person:bo").post("/v1/notes", json=NEW)).json()
    path = f"/v1/notes/{made['id']}/approvals"
    same = await notes.as_("toy:chief", sub="person:bo").post(path)
    assert (same.status_code, same.json()["errors"][0]["code"]) == (409, "same_person")
    machine = await notes.as_("toy:chief", sub="client:x", client_only=True).post(path)
    assert machine.status_code == 403
    assert (await notes.as_("toy:chief", sub="person:cy").post(path)).status_code == 204


async def test_a_repeated_request_is_answered_byte_for_byte_and_done_once(notes: Running) -> None:
    client, headers = notes.as_("toy:writer"), {"Idempotency-Key": "k1"}
    first = await client.post("/v1/notes", json=NEW, headers=headers)
    again = await client.post("/v1/notes", json=NEW, headers=headers)
    assert again.content == first.content
    assert again.status_code == 201
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["etag"] == first.headers["etag"]
    assert await count(notes) == 1


async def test_a_key_with_another_body_is_refused(notes: Running) -> None:
    client, headers = notes.as_("toy:writer"), {"Idempotency-Key": "k1"}
    await client.post("/v1/notes", json=NEW, headers=headers)
    other = await client.post("/v1/notes", json=NEW | {"amount_pence": 2}, headers=headers)
    assert (other.status_code, other.json()["errors"][0]["code"]) == (422, "idempotency_key_reused")


async def test_a_refusal_leaves_the_key_free(notes: Running) -> None:
    client, headers = notes.as_("toy:writer"), {"Idempotency-Key": "k1"}
    refused = await client.post("/v1/notes", json=NEW | {"title": "taken"}, headers=headers)
    assert refused.status_code == 409
    assert (await client.post("/v1/notes", json=NEW, headers=headers)).status_code == 201


async def test_a_key_is_needed_and_belongs_to_its_client(notes: Running) -> None:
    missing = await notes.as_("toy:writer").post("/v1/notes", json=NEW, headers={"Idempotency-Key": ""})
    assert (missing.status_code, missing.json()["errors"][0]["parameter"]) == (400, "Idempotency-Key")
    headers = {"Idempotency-Key": "shared"}
    await notes.as_("toy:writer", sub="a").post("/v1/notes", json=NEW, headers=headers)
    other = await notes.as_("toy:writer", sub="b").post("/v1/notes", json=NEW | {"title": "two"}, headers=headers)
    assert other.status_code == 201


async def test_of_two_equal_requests_at_once_one_takes_effect(notes: Running) -> None:
    client, headers = notes.as_("toy:writer"), {"Idempotency-Key": "k1"}
    answers = await asyncio.gather(*(client.post("/v1/notes", json=NEW, headers=headers) for _ in range(5)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert all(
        answer.json()["errors"][0]["code"] == "idempotency_key_in_use"
        for answer in answers
        if answer.status_code == 409
    )
    assert await count(notes) == 1


async def test_kept_answers_are_purged_after_thirty_days(notes: Running) -> None:
    client, headers = notes.as_("toy:writer"), {"Idempotency-Key": "k1"}
    await client.post("/v1/notes", json=NEW, headers=headers)
    await notes.tick(NOON + timedelta(days=31))
    again = await client.post("/v1/notes", json=NEW, headers=headers)
    assert again.status_code == 409  # no longer replayed: the title's own constraint answers
    assert "uq_notes_title" in again.json()["detail"]


async def test_a_change_needs_the_current_version(notes: Running) -> None:
    client = notes.as_("toy:writer", "toy:reader")
    made = (await client.post("/v1/notes", json=NEW)).json()
    path = f"/v1/notes/{made['id']}"
    without = await client.put(path, json=NEW)
    assert (without.status_code, without.headers["etag"]) == (428, '"1"')
    changed = await client.put(path, json=NEW | {"title": "two"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    stale = await client.put(path, json=NEW, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["errors"][0]["code"]) == (412, "stale_version")
    assert stale.headers["etag"] == '"2"'
    assert stale.json()["current"] == f"http://test/toy{path}"


async def test_a_known_version_is_answered_with_304_and_head_without_body(notes: Running) -> None:
    client = notes.as_("toy:writer", "toy:reader")
    path = f"/v1/notes/{(await client.post('/v1/notes', json=NEW)).json()['id']}"
    tag = (await client.get(path)).headers["etag"]
    same = await client.get(path, headers={"If-None-Match": tag})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    head = await client.head(path)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", tag)


async def test_a_list_is_paged_by_keyset_and_shows_each_row_once(notes: Running) -> None:
    client = notes.as_("toy:writer")
    for number in range(7):
        await client.post("/v1/notes", json={"title": f"t{number}", "amount_pence": number // 3})
    seen, answer = [], await notes.anonymous.get("/v1/notes", params={"limit": 3})
    while True:
        seen += [item["title"] for item in answer.json()["items"]]
        following = answer.json()["links"]["next"]
        if following is None:
            break
        assert answer.headers["link"] == f'<{following}>; rel="next"'
        answer = await notes.anonymous.get(following)
    assert seen == [f"t{number}" for number in range(7)]


async def test_a_cursor_is_bound_to_its_filters(notes: Running) -> None:
    client = notes.as_("toy:writer")
    for number in range(3):
        await client.post("/v1/notes", json={"title": f"t{number}", "amount_pence": number})
    following = (await notes.anonymous.get("/v1/notes", params={"limit": 1})).json()["links"]["next"]
    moved = await notes.anonymous.get(following + "&title=t1")
    assert (moved.status_code, moved.json()["errors"][0]["parameter"]) == (400, "cursor")
    broken = await notes.anonymous.get("/v1/notes", params={"cursor": "W10"})
    assert broken.status_code == 400
    content = json.loads(base64.urlsafe_b64decode(following.rsplit("cursor=", 1)[1] + "=="))
    for changed in (content[:1], content[:-1], [*content, "1"], [*content[:-1], 1]):
        sealed = base64.urlsafe_b64encode(json.dumps(changed).encode()).decode()
        cut = await notes.anonymous.get("/v1/notes", params={"cursor": sealed})
        assert (cut.status_code, cut.json()["errors"][0]["parameter"]) == (400, "cursor")
    too_many = await notes.anonymous.get("/v1/notes", params={"limit": 501})
    assert (too_many.status_code, too_many.json()["errors"][0]["parameter"]) == (422, "limit")


async def test_a_list_can_be_narrowed_to_what_changed_since(notes: Running) -> None:
    client = notes.as_("toy:writer")
    await client.post("/v1/notes", json={"title": "old", "amount_pence": 2})
    notes.clock.set(NOON + timedelta(hours=1))
    await client.post("/v1/notes", json={"title": "new", "amount_pence": 1})
    changed = await notes.anonymous.get("/v1/notes", params={"updated_since": "2018-06-01T14:00:00+01:00"})
    assert [note["title"] for note in changed.json()["items"]] == ["new"]
    zoneless = await notes.anonymous.get("/v1/notes", params={"updated_since": "2018-06-01T14:00:00"})
    assert (zoneless.status_code, zoneless.json()["errors"][0]["parameter"]) == (422, "updated_since")


@pytest.mark.parametrize("query", ["updated_since=0", "limit=1_0", "limit=%EF%BC%91", "limit=1.0", "limit=0", "limit="])
async def test_numbers_and_times_are_read_only_as_they_are_written(notes: Running, query: str) -> None:
    answer = await notes.anonymous.get(f"/v1/notes?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, query.split("=")[0])


async def test_a_table_is_csv_by_extension_or_accept_and_no_cell_runs_in_a_spreadsheet(notes: Running) -> None:
    await notes.as_("toy:writer").post("/v1/notes", json={"title": "=1+1", "amount_pence": -5})
    by_extension = await notes.anonymous.get("/v1/notes.csv")
    by_accept = await notes.anonymous.get("/v1/notes", headers={"Accept": "text/csv"})
    assert by_extension.content == by_accept.content == b"Title,Amount\r\n'=1+1,-5\r\n"


async def test_an_upload_is_kept_byte_for_byte_under_its_hash(notes: Running) -> None:
    content = bytes(range(256)) * 1000
    answer = await notes.as_("toy:writer").post("/v1/uploads", content=content)
    sha256 = hashlib.sha256(content).hexdigest()
    assert answer.json() == {"sha256": sha256, "size": 256_000, "media_type": "application/octet-stream"}
    assert notes.runtime.files.path(sha256).read_bytes() == content


async def test_orphaned_files_are_swept_and_named_ones_stay(notes: Running) -> None:
    client = notes.as_("toy:writer")
    await client.post("/v1/uploads", content=b"kept")
    assert (await client.post("/v1/uploads?fail=true", content=b"orphan")).status_code == 409
    files, table = notes.runtime.files, notes.runtime.tables.files
    later = NOON.timestamp() * 10
    async with notes.session() as session:
        assert await files.sweep(session, table, now=later) == 1
    assert files.path(hashlib.sha256(b"kept").hexdigest()).exists()
    assert not files.path(hashlib.sha256(b"orphan").hexdigest()).exists()


async def test_stated_times_need_a_scope_and_never_lie_in_the_future(notes: Running) -> None:
    earlier, later = "2018-05-01T10:00:00+01:00", "2018-06-02T00:00:00Z"
    plain = notes.as_("toy:writer")
    assert (await plain.post("/v1/notes", json=NEW | {"happened_at": earlier})).status_code == 403
    historian = notes.as_("toy:writer", "toy:history")
    future = await historian.post("/v1/notes", json=NEW | {"happened_at": later})
    assert (future.status_code, future.json()["errors"][0]["pointer"]) == (422, "/happened_at")
    stated = await historian.post("/v1/notes", json=NEW | {"happened_at": earlier})
    assert stated.json()["happened_at"] == "2018-05-01T09:00:00Z"


async def test_every_action_leaves_an_audit_entry_and_a_changed_row_is_named(notes: Running, postgres: object) -> None:
    client = notes.as_("toy:writer", "toy:reader", "toy:ops")
    made = (await client.post("/v1/notes", json=NEW)).json()
    await client.put(f"/v1/notes/{made['id']}", json=NEW | {"title": "two"}, headers={"If-Match": '"1"'})
    entries = (await client.get("/v1/audit-entries")).json()["items"]
    assert [entry["action"] for entry in entries] == ["create_note", "note.renamed"]
    assert entries[1]["before"] == {"title": "one"}
    assert entries[1]["after"] == {"title": "two"}
    assert entries[1]["previous_hash"] == entries[0]["hash"]
    assert (await client.get("/v1/audit-entries/proof")).json() == {"intact": True, "first_broken": None}
    # The application's own role may not change the log; only the owner of the table could, and that shows.
    async with notes.session() as session:
        with pytest.raises(Exception, match="permission denied"):
            await (await session.connection()).execute(text("UPDATE audit_entries SET reason = 'x'"))
    name = notes.settings_database_name
    import psycopg

    from tests.harness import Postgres

    assert isinstance(postgres, Postgres)
    with psycopg.connect(postgres.url(name), autocommit=True) as owner:
        owner.execute('UPDATE audit_entries SET after = \'{"title": "three"}\' WHERE seq = 2')
    assert (await client.get("/v1/audit-entries/proof")).json() == {"intact": False, "first_broken": 2}


async def test_the_application_role_may_only_mark_an_outbox_row(notes: Running) -> None:
    async with notes.session() as session:
        connection = await session.connection()
        await connection.execute(text("UPDATE outbox SET published_at = now() WHERE seq = 0"))
        with pytest.raises(Exception, match="permission denied"):
            await connection.execute(text("UPDATE outbox SET payload = '{}' WHERE seq = 0"))


async def test_health_ready_and_metrics_answer(notes: Running) -> None:
    assert (await notes.anonymous.get("/livez")).json() == {"status": "alive"}
    assert (await notes.anonymous.get("/readyz")).json()["status"] == "ready"
    await notes.anonymous.get("/v1/notes")
    metrics = (await notes.anonymous.get("/metrics")).text
    assert 'outturn_http_requests_total{method="GET",route="/v1/notes",service="toy",status="200"} 1.0' in metrics


async def test_openapi_declares_access_and_errors_of_every_operation(notes: Running) -> None:
    document = (await notes.anonymous.get("/v1/openapi.json")).json()
    create = document["paths"]["/v1/notes"]["post"]
    assert create["security"] == [{"bearer": ["toy:writer"]}, {"bearer": ["toy:chief"]}]
    assert {"400", "401", "403", "409", "413", "415", "422"} <= set(create["responses"])
    assert [parameter["name"] for parameter in create["parameters"]] == ["Idempotency-Key"]
    assert document["paths"]["/v1/notes"]["get"]["security"] == []
    listed = {
        parameter["name"]: parameter["schema"] for parameter in document["paths"]["/v1/notes"]["get"]["parameters"]
    }
    assert (listed["limit"]["minimum"], listed["limit"]["maximum"]) == (1, 500)
    page = await notes.anonymous.get("/docs")
    assert page.status_code == 200
    assert "toy:writer or toy:chief" in page.text
    assert "http" not in page.text.replace("http-", "").split("<main", 1)[0].split("<style>")[0]


async def test_an_unexpected_error_is_a_problem_and_its_log_holds_neither_token_nor_body(
    notes: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs("error")
    token = notes.issuer.token("person:anne", ["toy:writer"])
    client = Client(transport=httpx.ASGITransport(notes.outer, raise_app_exceptions=False), base_url="http://test/toy")
    answer = await client.post(
        "/v1/accidents", json=NEW | {"title": "very private"}, headers={"Authorization": f"Bearer {token}"}
    )
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (500, "internal_error")
    assert answer.json()["request_id"]
    logged = capsys.readouterr().err
    assert "ZeroDivisionError" in logged
    assert token not in logged
    assert "very private" not in logged


async def test_a_head_request_leaves_a_real_connection_usable(
    notes: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a real server: the next request of the same connection is answered, and nothing is logged as broken."""
    configure_logs("error")
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(notes.outer, log_config=None, access_log=False, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        while not server.started:  # noqa: ASYNC110 - the server offers nothing to wait for
            await asyncio.sleep(0.01)
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/toy/v1/notes"
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1)
        async with httpx.AsyncClient(limits=limits) as client:
            for _ in range(3):
                head = await client.head(address)
                body = await client.get(address)
                assert (head.status_code, head.content) == (200, b"")
                assert head.headers["content-length"] == str(len(body.content))
                assert "connection" not in head.headers
        assert "unexpected error" not in capsys.readouterr().err
    finally:
        server.should_exit = True
        await serving
        listening.close()
