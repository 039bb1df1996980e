"""Programs of the journeys as they are really run: processes with a folder, a port and an environment of their own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from deploy.demo.steps.spend import spend_folder

ROOT = Path(__file__).parents[2]
NOWHERE = "/nonexistent-spend-folder"
REAL = spend_folder()
"""The folder of real finance exports, or None where it is not here."""


@dataclass
class Finished:
    """What a program printed, and how it ended."""

    code: int
    text: str


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def environment(home: Path, **more: str) -> dict[str, str]:
    """An environment that names nothing of this machine's but what a program needs to run."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "OUTTURN_HOME": str(home), "OUTTURN_SPEND_DIR": NOWHERE, **more}


def outturn(home: Path, *words: str, timeout_seconds: float = 300, **more: str) -> Finished:
    """Run an `outturn` command to its end."""
    command = [sys.executable, "-m", "deploy.cli", *words]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment(home, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )
    return Finished(done.returncode, done.stdout)


def digest(home: Path) -> str:
    """The fingerprint of what a folder's databases hold."""
    done = outturn(home, "digest", "--details")
    assert done.code == 0, done.text
    return done.text


@contextmanager
def started(
    home: Path, *words: str, module: str = "deploy.cli", quiet: bool = False, **more: str
) -> Iterator[subprocess.Popen[str]]:
    """A program with a process group of its own; whatever is left of the group at the end is killed.

    A `quiet` one writes into a file of the folder: nobody reads along, and a full pipe would stop it.
    """
    output = (home / f"{words[-1]}.out").open("a") if quiet else subprocess.PIPE
    process = subprocess.Popen(
        [sys.executable, "-m", module, *words],
        cwd=ROOT,
        env=environment(home, PYTHONUNBUFFERED="1", **more),
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        kill_group(process)
        for file in (process.stdout, output):
            if not isinstance(file, int) and file is not None:
                file.close()


def kill_group(process: subprocess.Popen[str]) -> None:
    """kill -9 of everything the program started in its group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)


def read_until(process: subprocess.Popen[str], pattern: str, seconds: float = 120) -> str:
    """The program's output up to a line that matches. Fails where it ends without one."""
    assert process.stdout is not None
    lines: list[str] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        line = process.stdout.readline()
        if not line:
            break
        lines.append(line)
        if re.search(pattern, line):
            return "".join(lines)
    raise AssertionError(f"{pattern!r} was not printed:\n{''.join(lines)}")


def wait_for(answers: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not answers():
        assert time.monotonic() < until, "it did not come about in time"
        time.sleep(0.05)


def is_ready(address: str, service: str) -> bool:
    try:
        return httpx.get(f"{address}/{service}/readyz", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def servers_in(home: Path) -> list[psutil.Process]:
    """Database processes that work in a folder's data."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.name() == "postgres" and Path(process.cwd()) == home.resolve() / "pgdata":
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def kill_servers(home: Path) -> None:
    """kill -9 of every database process of a folder; one that ends by itself once another is dead is dead too."""
    for process in servers_in(home):
        with suppress(psutil.NoSuchProcess):
            process.kill()


class Served:
    """`outturn up` on a folder, answering."""

    def __init__(self, home: Path) -> None:
        self.port = free_port()
        self._program = started(home, "up", OUTTURN_PORT=str(self.port))

    def __enter__(self) -> str:
        self.process = self._program.__enter__()
        read_until(self.process, "Outturn serves")
        return f"http://127.0.0.1:{self.port}"

    def __exit__(self, *error: Any) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self._program.__exit__(*error)
