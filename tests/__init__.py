"""All tests. The database wheel keeps its lock where XDG says, else in one place for all users: give it our own."""

import os
import tempfile
from pathlib import Path

if "XDG_RUNTIME_DIR" not in os.environ:
    _runtime = Path(tempfile.gettempdir()) / f"outturn-tests-{os.getuid()}"
    # Others may not look in, or the folder is not taken.
    _runtime.mkdir(mode=0o700, exist_ok=True)
    (_runtime / "python_PostgresServer").mkdir(exist_ok=True)
    os.environ["XDG_RUNTIME_DIR"] = str(_runtime)
