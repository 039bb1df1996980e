"""Bytes of a stored upload: compression and encoding, and what is shared by the ways to divide them into records."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

MAX_UNPACKED_BYTES = 4 * 1024 * 1024 * 1024
MAX_RATIO = 200
"""A packed file that grows more than this, beyond its first megabytes, is no ledger but a bomb."""
RATIO_FROM_BYTES = 64 * 1024 * 1024

CHUNK_BYTES = 1 << 20
NULS = 0
"""In place of a line: the text begins with NUL bytes."""
BOMS = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class FileFault(ValueError):
    """A file that cannot be read at all: a stable code, a sentence that says the fix, and the line if known."""

    def __init__(self, code: str, detail: str, line: int | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.line = line


class Record(NamedTuple):
    """A record of a file: its first physical line (None in JSON), and its cells or why it has none."""

    line: int | None
    cells: list[str]
    fault: str | None = None


@contextmanager
def open_bytes(path: Path, gzipped: bool) -> Iterator[IO[bytes]]:
    """The file's bytes, unpacked. FileFault where it is not a whole gzip file, whenever that shows."""
    try:
        with gzip.open(path, "rb") if gzipped else open(path, "rb") as file:
            yield file  # type: ignore[misc]
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _not_gzip(None) from error


def choose_encoding(path: Path, gzipped: bool, encodings: Sequence[str]) -> str:
    """The first of the encodings that reads the whole file. FileFault when none does, or the file is empty."""
    faults = []
    for encoding in encodings:
        fault = _decoding_fault(path, gzipped, encoding)
        if fault is None:
            return "utf-8-sig" if encoding == "utf-8" else encoding
        faults.append((encoding, fault))
    tried = "; ".join(f"{name}: {'NUL bytes' if line == NULS else f'line {line}'}" for name, line in faults)
    if any(line == NULS for _, line in faults):
        raise FileFault(
            "not_decodable",
            f"The file begins with NUL bytes, as UTF-16 without its mark does ({tried}); add utf-16-le or utf-16-be to"
            " the encodings of the profile, or save as UTF-8.",
            line=1,
        )
    raise FileFault(
        "not_decodable",
        f"The bytes are not text in the encodings of the profile ({tried}); save as UTF-8, or add the file's encoding.",
        line=faults[0][1],
    )


def first_text(path: Path, gzipped: bool, size: int = 65536) -> str:
    """The beginning of a file as UTF-8, or as what its byte order mark says; what cannot be read is replaced."""
    with open_bytes(path, gzipped) as file:
        data = file.read(size)
    encoding = next((name for mark, name in BOMS if data.startswith(mark)), "utf-8-sig")
    return data.decode(encoding, errors="replace")


def _decoding_fault(path: Path, gzipped: bool, encoding: str) -> int | None:
    """The line of the first byte that cannot be read in this encoding, or None."""
    packed = path.stat().st_size
    decoder = codecs.getincrementaldecoder(encoding)()
    line, size = 1, 0
    file: IO[bytes]
    try:
        with gzip.open(path, "rb") if gzipped else open(path, "rb") as file:  # type: ignore[assignment]
            while chunk := file.read(CHUNK_BYTES):
                size += len(chunk)
                check_unpacked(size, packed)
                if (
                    size == len(chunk)
                    and chunk[:200].count(0) * 4 > len(chunk[:200])
                    and not encoding.startswith("utf-16")
                ):
                    # Text of two bytes a sign reads as anything, with a NUL beside each letter.
                    return NULS
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError as error:
                    return line + error.object[: error.start].count(b"\n")
                line += chunk.count(b"\n")
        decoder.decode(b"", final=True)
    except UnicodeError:
        # Also UTF-16 without its mark: almost any bytes could be read as that.
        return line
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _not_gzip(line) from error
    if size == 0:
        raise FileFault("empty_file", "The file is empty; send the header and the lines.")
    return None


def check_unpacked(size: int, packed: int) -> None:
    """FileFault where a file unpacks to more than any ledger holds."""
    if size > MAX_UNPACKED_BYTES:
        raise FileFault("too_large", "The file unpacks to more than 4 GiB; send it in parts.")
    if size > RATIO_FROM_BYTES and size > MAX_RATIO * max(packed, 1):
        raise FileFault("too_large", f"The file unpacks to more than {MAX_RATIO} times its size; send it unpacked.")


def _not_gzip(line: int | None) -> FileFault:
    where = f" It breaks off or is damaged after line {line}." if line is not None and line > 1 else ""
    return FileFault("not_gzip", f"The body is not a whole gzip file; send it again, or plain.{where}", line=line)
