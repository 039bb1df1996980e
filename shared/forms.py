"""A file as browsers and forms send it: the one file of multipart/form-data, streamed, and what kind of file it is."""

from __future__ import annotations

import difflib
from collections.abc import AsyncIterator, Collection
from pathlib import PurePosixPath

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from shared.errors import Invalid, Malformed, UnsupportedMediaType

FORM_TYPE = "multipart/form-data"
FIELD_LIMIT_BYTES, MAX_PARTS, OPENING_BYTES = 64 * 1024, 100, 4096
_PLAIN_CODINGS = ("", "7bit", "8bit", "binary")

CSV_TYPE = "text/csv"
_CSV_NAMES = frozenset(
    (
        *(CSV_TYPE, "application/csv", "text/x-csv", "application/x-csv", "text/comma-separated-values"),
        *("text/x-comma-separated-values", "application/comma-separated-values"),
    )
)
_EXCEL = frozenset(("application/vnd.ms-excel", "application/msexcel", "application/x-msexcel", "application/excel"))
"""What Windows calls a CSV file where a spreadsheet program is installed."""

_VAGUE = _EXCEL | {"", "application/octet-stream", "binary/octet-stream", "application/x-download", "text/plain"}
_BY_ENDING = {
    ".csv": CSV_TYPE,
    ".tsv": "text/tab-separated-values",
    ".tab": "text/tab-separated-values",
    ".txt": "text/plain",
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
    ".ndjson": "application/x-ndjson",
    ".gz": "application/gzip",
}
_GZIP_MARK = b"\x1f\x8b"
_OTHER_MARKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF")


class UnreadableForm(Malformed):
    code = "unreadable_form"
    title = "The form cannot be read"


class OneFileNeeded(Invalid):
    code = "one_file_needed"
    title = "The form must hold one file"


class ParameterInForm(Invalid):
    code = "parameter_in_form"
    title = "The form holds what belongs into the address"


def media_type_of(declared: str, name: str, opening: bytes) -> str:
    """What kind of file it is: as declared; where that says nothing, by the ending of its name and its first bytes."""
    if declared in _CSV_NAMES:
        return CSV_TYPE
    if declared not in _VAGUE:
        return declared
    by_ending = _BY_ENDING.get(PurePosixPath(name.lower()).suffix)
    packed, text = opening.startswith(_GZIP_MARK), not opening.startswith((_GZIP_MARK, *_OTHER_MARKS))
    if by_ending is not None and (packed if by_ending == "application/gzip" else text):
        return by_ending
    if declared in _EXCEL and text:
        return CSV_TYPE
    return declared or "application/octet-stream"


def file_name(disposition: str) -> str:
    """The name of a file as Content-Disposition has it; empty where it has none."""
    return parse_options_header(disposition)[1].get(b"filename", b"").decode("utf-8", "replace")


class FormFile:
    """The one file part of a form. `chunks` yields its bytes as they arrive; the rest is known when that has ended."""

    def __init__(self, content_type: str, parameters: Collection[str]) -> None:
        boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
        if not boundary:
            raise UnreadableForm(
                "Content-Type names no boundary; let the browser or the HTTP library write this header by itself."
            )
        self.name = self.declared = ""
        self.content_encoding: str | None = None
        self._parameters = parameters
        self._parts = self._files = self._field_bytes = 0
        self._ended = self._in_file = False
        self._headers: dict[str, str] = {}
        self._header_name = self._header_value = b""
        self._ready: list[bytes] = []
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": self._add_name,
                    "on_header_value": self._add_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._end_headers,
                    "on_part_data": self._add_data,
                    "on_end": self._end,
                },
            )
        except FormParserError as error:
            raise UnreadableForm("Content-Type names a boundary that is too long; shorten it.") from error

    async def chunks(self, stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The bytes of the file. Raises at the first fault, and where the form holds no file or breaks off."""
        async for chunk in stream:
            try:
                self._parser.write(chunk)
            except FormParserError as error:
                raise UnreadableForm(
                    "The body does not fit the boundary that Content-Type names; let the browser or the HTTP library "
                    "write both."
                ) from error
            for data in self._ready:
                yield data
            self._ready.clear()
        if not self._ended:
            raise UnreadableForm("The form breaks off before its closing boundary; send it again, whole.")
        if not self._files:
            raise OneFileNeeded("The form holds no file; choose one, or send the file itself as the body.")

    def _begin_part(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise UnreadableForm(f"The form has more than {MAX_PARTS} fields; send one file and no more than it needs.")
        self._headers, self._in_file, self._field_bytes = {}, False, 0

    def _add_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._header_name.decode("latin-1").lower()] = self._header_value.decode("latin-1").strip()
        self._header_name = self._header_value = b""

    def _end_headers(self) -> None:
        options = parse_options_header(self._headers.get("content-disposition"))[1]
        field = options.get(b"name", b"").decode("utf-8", "replace")
        declared = self._headers.get("content-type", "").split(";")[0].strip().lower()
        if b"filename" not in options and declared in ("", "text/plain"):
            self._refuse_parameter(field)
            return
        name = options.get(b"filename", b"").decode("utf-8", "replace")
        # A file field that was left empty is sent too, without a name.
        self._in_file = bool(name) or b"filename" not in options
        if not self._in_file:
            return
        self._files += 1
        if self._files > 1:
            raise OneFileNeeded("The form holds more than one file; send one file a request.")
        if self._headers.get("content-transfer-encoding", "").lower() not in _PLAIN_CODINGS:
            raise UnsupportedMediaType("The file of the form has a Content-Transfer-Encoding; send it as it is.")
        self.name, self.declared = name, declared
        self.content_encoding = self._headers.get("content-encoding")

    def _refuse_parameter(self, field: str) -> None:
        """Other fields of a form say nothing here; one that was meant as a parameter may not pass for that."""
        near = difflib.get_close_matches(field, self._parameters, 1, cutoff=0.8)
        if near:
            raise ParameterInForm(
                f"`{near[0]}` is a parameter of the address and is not read from the form: write it behind the ? of the"
                " address, and leave it out of the form.",
                parameter=near[0],
            )

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self._ready.append(data[start:end])
            return
        self._field_bytes += end - start
        if self._field_bytes > FIELD_LIMIT_BYTES:
            raise UnreadableForm(f"A field of the form, which is no file, is larger than {FIELD_LIMIT_BYTES:,} bytes.")

    def _end(self) -> None:
        self._ended = True
