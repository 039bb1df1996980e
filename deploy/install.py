"""Makes `.venv` again, or brings it up to date: run by `install.sh` with a Python that can. Standard library alone.

`.venv/installed` is written last and says for what it was made: this folder, this Python, these two files. Where it is
missing or says something else, or a package of the lock is not there, the work is done again; nobody has to know why.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "installed"
OWN = VENV / "bin" / "python"
FILES = ("requirements.lock", "pyproject.toml")
MINOR = f"{sys.version_info[0]}.{sys.version_info[1]}"
PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")


class NotInstalled(Exception):
    """Why the packages could not be installed, in a sentence."""


def main(words: list[str]) -> int:
    """`--check` ends with 0 where `.venv` is whole and made for this; it is run by the Python of `.venv` itself."""
    if words == ["--check"]:
        return 0 if is_whole() and STAMP.read_text() == made_for() else 1
    try:
        # Two `make` at once: the second waits, and finds it done.
        folder = os.open(ROOT, os.O_RDONLY)
        fcntl.flock(folder, fcntl.LOCK_EX)
        install()
    except NotInstalled as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def install() -> None:
    """Nothing where it is whole; else up to date in place where only the lock changed; else from the start."""
    state = standing()
    if state == "whole":
        return
    if state == "older":
        STAMP.unlink()
        if fill() == 0:
            finish()
            return
    if not os.access(ROOT, os.W_OK | os.X_OK):
        raise NotInstalled(
            f"{ROOT} may not be written, and .venv must be made there. Copy the project to a folder of yours, or make "
            "that one writable."
        )
    if os.path.lexists(VENV):
        print("Making .venv again: it was half-made, moved, or made with another Python.")
    make()


def standing() -> str:
    """`whole`, `older` (finished once, here and with this Python, for another lock), or `broken`."""
    if not STAMP.is_file() or not OWN.exists():
        return "broken"
    environment = clean_environment()
    check = [str(OWN), "-I", str(Path(__file__).resolve())]
    if subprocess.run([*check, "--check"], env=environment, capture_output=True).returncode == 0:
        return "whole" if minor_of(OWN) == MINOR else "broken"
    return "older" if minor_of(OWN) == MINOR and scripts_are_here() else "broken"


def is_whole() -> bool:
    """Whether every package of the lock is there, and the command starts from here."""
    if not STAMP.is_file() or Path(sys.prefix).resolve() != VENV or not scripts_are_here():
        return False
    (packages,) = VENV.glob("lib/python*/site-packages")
    there = {
        normal(path.name.partition("-")[0])
        for path in packages.iterdir()
        if path.suffix == ".dist-info" and (path / "RECORD").is_file()
    }
    wanted = re.findall(
        r"^([A-Za-z0-9._-]+)(?:\[[^]]*])?==(?!.*;)", (ROOT / "requirements.lock").read_text(), re.MULTILINE
    )
    return {normal(name) for name in wanted} | {"outturn"} <= there


def scripts_are_here() -> bool:
    """Whether the commands name the Python of this folder: in a copied or moved one they name that of the old place."""
    try:
        with (VENV / "bin" / "outturn").open("rb") as file:
            return os.fsencode(f"{VENV}/bin/") in file.read(4096)
    except OSError:
        return False


def make() -> None:
    """From the start; what was begun and not finished is taken away."""
    try:
        remove()
        # Of a Python that itself runs in a virtual environment, perhaps in this one, the one beneath.
        beneath = getattr(sys, "_base_executable", None) or sys.executable
        made = subprocess.run(
            [beneath, "-m", "venv", str(VENV)], env=clean_environment(), capture_output=True, text=True
        )
        if made.returncode:
            said = (made.stderr or made.stdout).strip().splitlines() or ["no reason given"]
            raise NotInstalled(
                f"{beneath} could not make {VENV} ({said[-1].strip()}). Correct that, then run this again."
            )
        if fill():
            raise NotInstalled(
                "The packages could not be installed; the lines above say why (often there is no way to the package "
                "index, or no room on the disk). Nothing was left behind; correct that, then run this again."
            )
        finish()
    except OSError as error:
        remove()
        raise NotInstalled(
            f"{error.filename or VENV} could not be made ({error.strerror}). Correct that, then run this again."
        ) from None
    except BaseException:
        remove()
        raise


def fill() -> int:
    """Install what the lock names, then the project itself in place."""
    for what in (
        ("--require-hashes", "-r", "requirements.lock"),
        ("--no-deps", "--no-build-isolation", "--editable", "."),
    ):
        code = subprocess.run([str(OWN), *PIP, *what], cwd=ROOT, env=clean_environment()).returncode
        if code:
            return code
    return 0


def finish() -> None:
    draft = STAMP.with_suffix(".tmp")
    draft.write_text(made_for())
    draft.replace(STAMP)


def made_for() -> str:
    """What decides whether an installation is the one that is wanted."""
    files = {name: hashlib.sha256((ROOT / name).read_bytes()).hexdigest() for name in FILES}
    return json.dumps({"folder": str(ROOT), "python": MINOR, **files}, indent=1) + "\n"


def minor_of(python: Path) -> str:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.run(
        [str(python), "-c", code], env=clean_environment(), capture_output=True, text=True
    ).stdout.strip()


def clean_environment() -> dict[str, str]:
    """Without what would lead pip or Python to another place than `.venv`."""
    astray = {"PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "__PYVENV_LAUNCHER__"}
    return {name: value for name, value in os.environ.items() if name not in astray} | {"PIP_USER": "0"}


def remove() -> None:
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    else:
        shutil.rmtree(VENV, ignore_errors=True)


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
