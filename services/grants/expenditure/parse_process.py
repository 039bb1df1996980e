"""A process that parses one file and writes rows for COPY to its standard output; it ends when its reader is gone.

Parsing is the part of a load that needs a processor of its own: here it runs beside the database's work, and the
service's event loop stays free. Frames: one letter, the length in four bytes, the content. `B` a block of rows, `T`
the tally so far, `E` the end with the whole tally, `F` a fault of the file.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from struct import pack
from typing import Any

from services.grants.expenditure.columns import ColumnsMissing
from services.grants.expenditure.reader import FileReader, FileToRead
from services.grants.expenditure.reading import FileFault

TALLY_EVERY = 10
"""Blocks between two tallies."""


def main() -> None:
    file = FileToRead(**json.load(sys.stdin))
    try:
        reader = FileReader(file)
        for number, block in enumerate(reader.blocks(), start=1):
            _write(b"B", block.encode())
            if number % TALLY_EVERY == 0:
                _write(b"T", _json(asdict(reader.tally)))
        _write(b"E", _json(asdict(reader.tally)))
    except FileFault as fault:
        _write(b"F", _json({"code": fault.code, "detail": fault.detail, "line": fault.line}))
    except ColumnsMissing as fault:
        _write(b"F", _json({"code": "columns_missing", "detail": str(fault), "line": None}))
    except BrokenPipeError:
        # The service went away; so does this process, and the batch is taken up again later.
        sys.exit(1)


def _write(kind: bytes, content: bytes) -> None:
    out = sys.stdout.buffer
    out.write(kind + pack(">I", len(content)))
    out.write(content)
    out.flush()


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


if __name__ == "__main__":
    main()
