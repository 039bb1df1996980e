"""What proxies, browsers and spreadsheets make of a request on its way: taken as meant, or refused in words."""

from __future__ import annotations

import hashlib
import json
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from shared.places import FORMS
from tests.harness import SERVICES, Running

NEW = {"title": "one", "amount_pence": 5}


async def made(notes: Running) -> str:
    return f"/v1/notes/{(await notes.as_('toy:writer', 'toy:reader').post('/v1/notes', json=NEW)).json()['id']}"


@pytest.mark.parametrize(
    "sent",
    [
        'W/"1"',
        'w/"1"',
        '"1-gzip"',
        '"1--gzip"',
        '"1;br"',
        '"1-br"',
        '"1-df"',
        '"1:zstd"',
        'W/"1.570a7dfb8669abca8973-gzip"',
        '"1.570a7dfb8669abca8973"',
        '"1.abc;br"',
        '"1"-gzip',
        "1",
        "1.570a7dfb8669abca8973",
        "W/1",
        ' "1" ',
        '"7", W/"1"',
        '"7",, "1"',
        "*",
        r"\"1\"",
    ],
)
async def test_a_tag_as_proxies_and_clients_send_it_back_names_its_version(notes: Running, sent: str) -> None:
    """Design section 5: If-Match; a tag here names a version, so that a weak one names it too."""
    answer = await notes.as_("toy:writer").put(await made(notes), json=NEW, headers={"If-Match": sent})
    assert (answer.status_code, answer.headers.get("etag")) == (200, '"2"'), answer.text


@pytest.mark.parametrize("sent", ['W/"1"', '"1-gzip"', "1", '"1", "3"', '"12"', '"21"', '"2x"', '"gzip"'])
async def test_a_tag_of_another_version_is_stale_and_is_answered_with_the_current_one(
    notes: Running, sent: str
) -> None:
    """Design section 5: 412 with the current ETag and link."""
    path = await made(notes)
    client = notes.as_("toy:writer")
    assert (await client.put(path, json=NEW, headers={"If-Match": '"1"'})).status_code == 200
    stale = await client.put(path, json=NEW, headers={"If-Match": sent})
    assert (stale.status_code, stale.json()["errors"][0]["code"]) == (412, "stale_version")
    assert stale.headers["etag"] == '"2"'
    assert stale.headers["link"] == f'<http://test/toy{path}>; rel="self"'
    assert 'The current version is "2"' in stale.json()["detail"]


@pytest.mark.parametrize("sent", ['"1', '1"', '"1" "2"', "", " , ", '"*"', '*, "1"', 'W/ "1"', '"1"x', '""'])
async def test_if_match_of_another_form_is_refused_for_its_form(notes: Running, sent: str) -> None:
    """Design section 5: nobody changed it, so that no word says so."""
    answer = await notes.as_("toy:writer").put(await made(notes), json=NEW, headers={"If-Match": sent})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "unreadable_tag"), answer.text
    assert answer.json()["errors"][0]["parameter"] == "If-Match"
    assert 'If-Match: "3"' in answer.json()["detail"]
    assert "somebody" not in answer.text.lower()


async def test_if_match_in_two_lines_is_one_list(notes: Running) -> None:
    """RFC 9110, 5.3: lines of one header are one list."""
    headers = [("If-Match", '"9"'), ("If-Match", 'W/"1"')]
    assert (await notes.as_("toy:writer").put(await made(notes), json=NEW, headers=headers)).status_code == 200


@pytest.mark.parametrize("sent", ['W/"1"', '"1-gzip"', '"1;br"', "1", '"0", W/"1--gzip"', "*", ' "1" '])
async def test_a_known_version_is_answered_with_304_however_its_tag_came_back(notes: Running, sent: str) -> None:
    """Design section 5: If-None-Match."""
    answer = await notes.as_("toy:reader").get(await made(notes), headers={"If-None-Match": sent})
    assert (answer.status_code, answer.headers["etag"], answer.content) == (304, '"1"', b"")


@pytest.mark.parametrize("sent", ['W/"2"', '"1', '"1x"', '"1.other"', '"*"'])
async def test_another_version_or_an_unreadable_tag_is_answered_whole(notes: Running, sent: str) -> None:
    """Design section 5: If-None-Match that names nothing known asks for everything."""
    assert (await notes.as_("toy:reader").get(await made(notes), headers={"If-None-Match": sent})).status_code == 200


@pytest.mark.parametrize(
    "since",
    [
        "2018-06-01T12:00:00+00:00",
        "2018-06-01T13:00:00+01:00",
        "2018-06-01T13:00:00+0100",
        "2018-06-01T12:00+00:00",
        "2018-06-01T12:00:00.000+00:00",
        "2018-06-01 12:00:00+00:00",
        "2018-06-01+12:00:00+00:00",
        "2018-06-01%2012:00:00Z",
        "2018-06-01T13:00:00%2B01:00",
        "2018-06-01T11:00:00-01:00",
    ],
)
async def test_a_plus_in_an_address_is_read_as_it_was_meant(notes: Running, since: str) -> None:
    """Design section 5: instants; `+` stands for a space in an address."""
    await made(notes)
    found = await notes.anonymous.get(f"/v1/notes?limit=1&updated_since={since}")
    assert (found.status_code, len(found.json()["items"])) == (200, 1), found.text
    later = await notes.anonymous.get(f"/v1/notes?updated_since={since.replace('2018', '2019')}")
    assert (later.status_code, later.json()["items"]) == (200, [])


@pytest.mark.parametrize("since", ["2018-06-01T12:00:00 x", "2018-06-01 12", "1 June 2018", "2018-06-01T12:00:00 +1 "])
async def test_a_space_that_no_plus_explains_is_refused_with_how_a_plus_is_written(notes: Running, since: str) -> None:
    """Design section 5: the refusal names Z and %2B."""
    answer = await notes.anonymous.get(f"/v1/notes?updated_since={since}")
    assert answer.status_code == 422
    assert "Z." in answer.json()["errors"][0]["detail"]
    assert "%2B" in answer.json()["errors"][0]["detail"]


async def test_a_space_in_another_parameter_stays_a_space(notes: Running) -> None:
    """Design section 5: only instants are read so."""
    title = "2018-06-01T12:00:00 00:00"
    await notes.as_("toy:writer").post("/v1/notes", json=NEW | {"title": title})
    found = await notes.anonymous.get("/v1/notes", params={"title": title, "updated_since": "2018-01-01T00:00:00Z"})
    assert [item["title"] for item in found.json()["items"]] == [title]
    with_plus = await notes.anonymous.get(f"/v1/notes?title={title.replace(' ', '+')}&updated_since={title}")
    assert [item["title"] for item in with_plus.json()["items"]] == [title]


async def test_pages_of_a_list_asked_for_with_a_plus_go_on(notes: Running) -> None:
    """Design section 5: the cursor is bound to its filters, however they were written."""
    for number in range(3):
        await notes.as_("toy:writer").post("/v1/notes", json={"title": f"t{number}", "amount_pence": number})
    first = await notes.anonymous.get("/v1/notes?limit=2&updated_since=2018-01-01T00:00:00+00:00")
    second = await notes.anonymous.get(first.json()["links"]["next"])
    assert [item["title"] for item in second.json()["items"]] == ["t2"]


CSV = b"ref,part\nE1,1\n"
XLS = "application/vnd.ms-excel"


def form(*parts: tuple[str, bytes], boundary: str = "b-1", end: bool = True) -> dict[str, object]:
    """A form as it goes over the wire: each part with its headers as written."""
    body = b"".join(
        b"--%s\r\n%s\r\n\r\n%s\r\n" % (boundary.encode(), head.encode(), content) for head, content in parts
    )
    body += b"--%s--\r\n" % boundary.encode() if end else b""
    return {"content": body, "headers": {"Content-Type": f"multipart/form-data; boundary={boundary}"}}


def file(name: str = "a.csv", kind: str = "text/csv", field: str = "file") -> str:
    return f'Content-Disposition: form-data; name="{field}"; filename="{name}"\r\nContent-Type: {kind}'


def plain(field: str) -> str:
    return f'Content-Disposition: form-data; name="{field}"'


async def upload(notes: Running, sent: dict[str, object], query: str = "") -> tuple[int, dict[str, object]]:
    answer = await notes.as_("toy:writer").post(f"/v1/uploads{query}", **sent)
    return answer.status_code, answer.json()


def taken(content: bytes, media_type: str) -> tuple[int, dict[str, object]]:
    return 201, {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "media_type": media_type}


@pytest.mark.parametrize(
    ("name", "kind", "content", "media_type"),
    [
        ("a.csv", "text/csv", CSV, "text/csv"),
        ("a.csv", "text/csv; charset=utf-8", CSV, "text/csv"),
        ("a.csv", XLS, CSV, "text/csv"),
        ("A.CSV", "application/octet-stream", CSV, "text/csv"),
        ("a.csv", "application/x-csv", CSV, "text/csv"),
        ("a.csv", "text/plain", CSV, "text/csv"),
        ("C:\\exports\\a.csv", XLS, CSV, "text/csv"),
        ("über maß.csv", XLS, CSV, "text/csv"),
        ("a.csv", XLS, b"\xef\xbb\xbf" + CSV, "text/csv"),
        ("a.csv", XLS, "ref,part\n".encode("utf-16"), "text/csv"),
        ("a.xls", XLS, b"\xd0\xcf\x11\xe0" + bytes(600), XLS),
        ("a.csv", XLS, b"PK\x03\x04" + bytes(600), XLS),
        ("a.csv.gz", "application/octet-stream", b"\x1f\x8b\x08" + bytes(20), "application/gzip"),
        ("a.jsonl", "application/octet-stream", b'{"a": 1}\n', "application/x-ndjson"),
        ("a.json", "application/json", b"{}", "application/json"),
        ("a", "application/octet-stream", CSV, "application/octet-stream"),
        ("a.csv", "text/csv", b"", "text/csv"),
        ("a.csv", "text/csv", b"\r\n--b-2\r\n--b\r\n-\r", "text/csv"),
        ("a.csv", "text/csv", CSV * 20_000, "text/csv"),
    ],
)
async def test_the_file_of_a_form_is_what_is_kept(
    notes: Running, name: str, kind: str, content: bytes, media_type: str
) -> None:
    """Design section 6: the original byte for byte; what kind it is says its own content type, or its name."""
    assert await upload(notes, form((file(name, kind), content))) == taken(content, media_type)
    assert notes.runtime.files.path(hashlib.sha256(content).hexdigest()).read_bytes() == content


@pytest.mark.parametrize(
    "parts",
    [
        ((plain("csrf_token"), b"abc"), (file(), CSV)),
        ((file(field="upload[]"), CSV), (plain("submit"), b"Send")),
        ((file(field=""), CSV),),
        ((file("", "application/octet-stream", "second"), b""), (file(), CSV)),
        (('content-disposition: form-data; name="f"; filename="a.csv"', CSV),),
        (('Content-Disposition: form-data; name="f"\r\nContent-Type: text/csv', CSV),),
        (("Content-Disposition: form-data; name=f; filename=a.csv", CSV),),
    ],
)
async def test_a_form_is_taken_under_any_field_name_and_with_fields_that_say_nothing(
    notes: Running, parts: tuple[tuple[str, bytes], ...]
) -> None:
    """Design section 6: uploads."""
    assert await upload(notes, form(*parts)) == taken(CSV, "text/csv")


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (form(), 422, "one_file_needed"),
        (form((plain("note"), b"x")), 422, "one_file_needed"),
        (form((file("", "application/octet-stream"), b"")), 422, "one_file_needed"),
        (form((file(), CSV), (file("b.csv"), CSV)), 422, "one_file_needed"),
        (form((file(), CSV), end=False), 400, "unreadable_form"),
        (form((plain("fail"), b"true"), (file(), CSV)), 422, "parameter_in_form"),
        (form((file(), CSV), (plain("fails"), b"true")), 422, "parameter_in_form"),
        (form((plain("note"), b"x" * 70_000), (file(), CSV)), 400, "unreadable_form"),
        (form(*((plain("n"), b"x") for _ in range(101)), (file(), CSV)), 400, "unreadable_form"),
        ({"content": CSV, "headers": {"Content-Type": "multipart/form-data; boundary=b"}}, 400, "unreadable_form"),
        ({"content": CSV, "headers": {"Content-Type": "multipart/form-data"}}, 400, "unreadable_form"),
        (
            {"content": CSV, "headers": {"Content-Type": f"multipart/form-data; boundary={'b' * 300}"}},
            400,
            "unreadable_form",
        ),
        (form((file() + "\r\nContent-Transfer-Encoding: base64", CSV)), 415, "unsupported_media_type"),
        (form((file() + "\r\nX: " + "y" * 9000, CSV)), 400, "unreadable_form"),
    ],
)
async def test_a_form_without_one_whole_file_is_refused_and_leaves_no_file(
    notes: Running, sent: dict[str, object], status: int, code: str
) -> None:
    """Design section 6: nothing is guessed, nothing half kept."""
    got, problem = await upload(notes, sent)
    assert (got, problem["errors"][0]["code"]) == (status, code), problem  # type: ignore[index]
    incoming = notes.runtime.files.path("ab").parent.parent / "incoming"
    assert list(incoming.iterdir()) == []


async def test_a_form_and_its_file_as_the_body_are_the_same_request(notes: Running) -> None:
    """Design section 5: an upload's fingerprint is the SHA-256 of the file."""
    client, headers = notes.as_("toy:writer"), {"Idempotency-Key": "k"}
    sent = form((file(), CSV))
    first = await client.post("/v1/uploads", content=sent["content"], headers=sent["headers"] | headers)  # type: ignore[operator]
    again = await client.post("/v1/uploads", content=CSV, headers=headers | {"Content-Type": "text/csv"})
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    other = form((file(), CSV + b"E2,1\n"))
    refused = await client.post("/v1/uploads", content=other["content"], headers=other["headers"] | headers)  # type: ignore[operator]
    assert refused.status_code == 422


@pytest.mark.parametrize(
    ("headers", "content", "media_type"),
    [
        ({"Content-Type": XLS}, CSV, "text/csv"),
        ({"Content-Type": "text/plain", "Content-Disposition": 'attachment; filename="a.csv"'}, CSV, "text/csv"),
        ({"Content-Disposition": "attachment; filename=a.csv"}, CSV, "text/csv"),
        ({"Content-Type": "application/csv"}, CSV, "text/csv"),
        ({"Content-Type": XLS}, b"\xd0\xcf\x11\xe0" + bytes(9), XLS),
        ({"Content-Type": "application/octet-stream"}, CSV, "application/octet-stream"),
    ],
)  # fmt: skip
async def test_a_file_as_the_body_is_named_in_the_same_way(
    notes: Running, headers: dict[str, str], content: bytes, media_type: str
) -> None:
    """Design section 6: what Windows calls a CSV file is one where its bytes are text."""
    assert await upload(notes, {"content": content, "headers": headers}) == taken(content, media_type)


async def test_a_large_form_is_streamed(notes: Running) -> None:
    """Design section 6: memory flat in file size; here 32 MiB pass through with less than 4 MiB held."""
    block = b"x,1\r\n" * 13_107

    async def chunks() -> AsyncIterator[bytes]:
        yield b"--b\r\n" + file().encode() + b"\r\n\r\n"
        for _ in range(512):
            yield block
        yield b"\r\n--b--\r\n"

    tracemalloc.start()
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = await notes.as_("toy:writer").post("/v1/uploads", content=chunks(), headers=headers)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (answer.status_code, answer.json()["size"]) == (201, 512 * len(block))
    assert peak < 4 * 1024 * 1024


async def test_the_description_says_that_forms_are_taken(notes: Running) -> None:
    """Design section 5: OpenAPI."""
    document = (await notes.anonymous.get("/v1/openapi.json")).json()
    content = document["paths"]["/v1/uploads"]["post"]["requestBody"]["content"]
    assert set(content) == {"text/csv", "multipart/form-data"}
    assert content["multipart/form-data"]["schema"]["required"] == ["file"]


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        (
            {"column": 5},
            [("string_type", "/column", "Write it as text, in quotes. Or: Give a list, even for one.")],
        ),
        ({"column": ""}, [("string_too_short", "/column", "Write at least 1 characters.")]),
        ({"column": ["a", ""]}, [("string_too_short", "/column/1", "Write at least 1 characters.")]),
        ({"column": ["a", 5, 6]}, [("string_type", "/column/1", None), ("string_type", "/column/2", None)]),
        ({"column": {"a": 1}}, [("string_type", "/column", None)]),
        ({"parts": [{"words": ["a"], "case": "x"}]}, [("bool_parsing", "/parts/0/case", None)]),
        ({"parts": [{"words": [1]}]}, [("string_type", "/parts/0/words/0", None)]),
        ({"parts": [{"numbers": ["x"]}]}, [("int_parsing", "/parts/0/numbers/0", None)]),
        ({"parts": [{"numbers": [1], "colour": 1}]}, [("extra_forbidden", "/parts/0/colour", None)]),
        ({"parts": [7]}, [("model_attributes_type", "/parts/0", None)]),
        ({"code": "abc"}, [("string_pattern_mismatch", "/code", "Three capitals, such as `ABC`")]),
        ({"tags": ["a", 1], "column": 2}, [("string_type", "/tags/1", None), ("string_type", "/column", None)]),
    ],
)
async def test_a_pointer_leads_through_what_was_sent_and_each_place_is_refused_once(
    notes: Running, fields: dict[str, object], errors: list[tuple[str, str, str | None]]
) -> None:
    """Design section 5: errors; no step and no repetition comes from the parser."""
    answer = await notes.as_("toy:writer").post("/v1/notes", json=NEW | fields)
    assert answer.status_code == 422
    found = answer.json()["errors"]
    assert [(item["code"], item["pointer"]) for item in found] == [(code, pointer) for code, pointer, _ in errors]
    for item, (_, _, detail) in zip(found, errors, strict=True):
        assert detail is None or detail in item["detail"]


async def test_a_refused_token_is_pointed_only_to_what_was_sent(notes: Running) -> None:
    """Design section 5: 403; the field that states the time, where it was sent."""
    stated = await notes.as_("toy:writer").post("/v1/notes", json=NEW | {"happened_at": "2018-05-01T10:00:00Z"})
    assert (stated.status_code, stated.json()["errors"][0]["pointer"]) == (403, "/happened_at")
    elsewhere = await notes.as_("toy:writer", organisations=["there"]).post("/v1/notes", json=NEW)
    assert elsewhere.status_code == 403
    assert "pointer" not in elsewhere.json()["errors"][0]


def patterns(node: object, described: bool = False) -> Iterator[tuple[str, bool]]:
    """Every pattern of an OpenAPI document, and whether its place says in words what is meant."""
    if isinstance(node, dict):
        described = (described and "properties" not in node) or bool(node.get("description") or node.get("examples"))
        if isinstance(node.get("pattern"), str):
            yield node["pattern"], described
        for name, part in node.items():
            yield from patterns(part, described and name in ("anyOf", "schema", "items"))
    elif isinstance(node, list):
        for part in node:
            yield from patterns(part, described)


@pytest.mark.parametrize("service", SERVICES)
def test_every_pattern_that_a_request_meets_is_said_in_words(service: str) -> None:
    """Design section 5: a refusal says how to write it, and not only by a regular expression."""
    document = json.loads((Path(__file__).parents[2] / "deploy" / "openapi" / f"{service}.json").read_text())
    wordless = {pattern for pattern, described in patterns(document) if not described and pattern not in FORMS}
    assert wordless == set()
