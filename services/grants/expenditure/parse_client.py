"""Starting the parsing process and reading what it says."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from struct import unpack

import services
from services.grants.expenditure.reader import FileToRead
from services.grants.expenditure.reading import FileFault
from services.grants.expenditure.row_kinds import Tally

BUFFER_BYTES = 4 * 1024 * 1024


class ParsingProcess:
    """Gives a file's rows block by block; the tally is whole once the blocks are read to the end."""

    def __init__(self, file: FileToRead, progress: Callable[[Tally], None]) -> None:
        self._file = file
        self._progress = progress
        self.tally: Tally | None = None

    def result(self) -> Tally:
        assert self.tally is not None, "the blocks have not been read to the end"
        return self.tally

    async def blocks(self) -> AsyncIterator[bytes]:
        """Raises FileFault where the file turns out unreadable, RuntimeError where the process died."""
        root = str(Path(services.__path__[0]).parent)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "services.grants.expenditure.parse_process",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=BUFFER_BYTES,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))},
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(self._file.as_json()).encode())
            await process.stdin.drain()
            process.stdin.close()
            while self.tally is None:
                try:
                    kind, length = unpack(">cI", await process.stdout.readexactly(5))
                    content = await process.stdout.readexactly(length)
                except asyncio.IncompleteReadError as error:
                    raise RuntimeError("the parsing process ended before the file did") from error
                if kind == b"B":
                    yield content
                elif kind == b"T":
                    self._progress(Tally(**json.loads(content)))
                elif kind == b"E":
                    self.tally = Tally(**json.loads(content))
                else:
                    raise FileFault(**json.loads(content))
        finally:
            # One that has said its last word ends by itself; a signal sent to it then would confuse who waits for it.
            if self.tally is None and process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
            await process.wait()
