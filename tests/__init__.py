"""All tests. The database wheel keeps its lock where XDG says, else in one place for all users: give it our own."""

import os
import tempfile
from pathlib import Path

if "XDG_RUNTIME_DIR" not in os.environ:
    os.environ["XDG_RUNTIME_DIR"] = str(Path(tempfile.gettempdir()) / f"outturn-tests-{os.getuid()}")
    (Path(os.environ["XDG_RUNTIME_DIR"]) / "python_PostgresServer").mkdir(mode=0o700, parents=True, exist_ok=True)
