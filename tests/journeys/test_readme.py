"""The README's example of pushing a finance file, run as it stands against the embedded mode."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def serving() -> Iterator[tuple[Path, int]]:
    """`outturn up` on a folder of its own; not one of pytest's, which the database's user could not enter."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="outturn-readme-", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        environment = os.environ | {"OUTTURN_HOME": str(place / ".outturn"), "OUTTURN_PORT": str(port)}
        process = subprocess.Popen([sys.executable, "-m", "deploy.cli", "up"], cwd=ROOT, env=environment)
        try:
            for _ in range(600):
                assert process.poll() is None, "outturn up ended early"
                try:
                    if httpx.get(f"http://127.0.0.1:{port}/grants/readyz").status_code == 200:
                        break
                except httpx.TransportError:
                    time.sleep(0.1)
            yield place, port
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def example() -> str:
    section = (ROOT / "README.md").read_text().split("## Push a finance file")[1]
    block = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert block
    return block[1]


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_example_of_the_readme_runs_as_it_stands(serving: tuple[Path, int]) -> None:
    """Design 6: one line accepted, one rejected with its reason; fixed and sent again it is accepted too."""
    place, port = serving
    (place / ".venv").mkdir()
    (place / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    script = "set -eu\n" + example().replace(":8000/", f":{port}/")
    environment = os.environ | {"OUTTURN_HOME": str(place / ".outturn")}
    done = subprocess.run(
        ["bash", "-c", script], cwd=place, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rejected" in done.stdout
    assert "31/04/2017" in done.stdout
    answers = [json.loads(text) for text in re.findall(r'^\{"id".*?\}(?=\{|$|Document)', done.stdout, re.MULTILINE)]
    outcomes = [answer["outcomes"] for answer in answers if "outcomes" in answer]
    assert [(o["received"]["lines"], o["accepted"]["lines"], o["rejected"]["lines"]) for o in outcomes][-1] == (1, 1, 0)
