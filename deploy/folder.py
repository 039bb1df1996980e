"""The data folder of the embedded mode: which one is meant, whether data can be kept there, and who holds it."""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from deploy.mistakes import Refused

DATA = "pgdata"
ISSUER_KEY = "issuer-key.pem"

LONGEST_NAME = 255
LONGEST_PATH = 900
"""PostgreSQL keeps its paths in 1,024 bytes, and the files it makes have names of their own."""
SPACE_FOR_NEW_BYTES = 300_000_000
"""Four empty databases with their first log segments take some 150 MB."""
SPACE_TO_GO_ON_BYTES = 40_000_000

ANOTHER = "or set OUTTURN_HOME to another folder"


class InUse(Refused):
    """Another process holds the folder."""


def folder_named(home: str | None = None) -> Path:
    """The folder of `--home`, else of `OUTTURN_HOME`, else `.outturn` in the current one."""
    source = "OUTTURN_HOME" if home is None else "--home"
    text = os.environ.get("OUTTURN_HOME", ".outturn") if home is None else home
    if not text.strip():
        raise Refused(
            f"{source} is set and empty. Give it a folder for the data, or leave it out to use .outturn here."
        )
    whole = os.path.expandvars(os.path.expanduser(text))
    if text.startswith(("~", "$")):
        meant = f" {whole}" if whole != text else ""
        raise Refused(
            f"{source} is {text!r}, as it stands: no shell has replaced the {text[0]}. Write the whole path{meant}."
        )
    try:
        return Path(text).absolute()
    except FileNotFoundError:
        raise Refused("The current folder has been deleted. Change to one that exists, then run this again.") from None


def refuse_unusable(folder: Path) -> None:
    """Refuse, before anything is made, a folder in which data cannot be kept: its path, what is wrong, what to do."""
    nearest, where = _nearest_that_exists(folder)
    if not os.access(nearest, os.R_OK | os.W_OK | os.X_OK):
        raise Refused(f"{where} {_why_not_writable(nearest)} Make it writable, {ANOTHER}.")
    needed = SPACE_TO_GO_ON_BYTES if os.path.exists(folder / DATA) else SPACE_FOR_NEW_BYTES
    free = shutil.disk_usage(nearest).free
    if free < needed:
        raise Refused(
            f"The disk of {folder} has {free // 1_000_000} MB left and {needed // 1_000_000} MB are needed. "
            f"Make room, {ANOTHER}."
        )


def refuse_without_data(folder: Path, needed: str = "") -> None:
    """Refuse a folder in which no instance has ever run, or whose `needed` file this user may not read."""
    _nearest_that_exists(folder)
    try:
        os.stat(folder / DATA)
        if needed:
            (folder / needed).open("rb").close()
    except (FileNotFoundError, NotADirectoryError):
        raise Refused(
            f"There are no data in {folder}. Run `outturn up` first, or set OUTTURN_HOME to the folder that holds them."
        ) from None
    except OSError as error:
        raise Refused(
            f"{error.filename} cannot be read ({error.strerror}). Run this as the user who runs "
            f"`outturn up`, {ANOTHER}."
        ) from None


@contextmanager
def locked(folder: Path, note: str = "") -> Iterator[Path]:
    """Hold the folder for this process alone; the lock goes with the process, however it ends.

    A folder made here in which no database came to be is removed when something stops the work.
    """
    refuse_unusable(folder)
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        with _lock_file(folder) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                who = file.read().strip() or "another process"
                raise InUse(f"The data in {folder} are in use by {who}. Stop it first, or set OUTTURN_HOME.") from None
            file.truncate(0)
            file.write(f"process {os.getpid()}{' at ' + note if note else ''}\n")
            file.flush()
            yield folder
    except BaseException:
        _take_back(folder, made)
        raise


def _lock_file(folder: Path) -> TextIO:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return (folder / "lock").open("a+")
    except OSError as error:
        where = error.filename or folder
        raise Refused(f"{where} cannot be made or written ({error.strerror}). Correct that, {ANOTHER}.") from None


def owner_of(path: Path) -> str:
    """The name of the account that a path belongs to, or its number where it has none."""
    return account_name(path.stat().st_uid)


def account_name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"


def _nearest_that_exists(folder: Path) -> tuple[Path, str]:
    """The folder or the nearest above it that exists, and how a refusal about it begins."""
    size = len(os.fsencode(folder))
    if size > LONGEST_PATH or max(len(os.fsencode(part)) for part in folder.parts) > LONGEST_NAME:
        raise Refused(
            f"The path {_short(folder)} is too long for a folder of data ({size} bytes). "
            f"Set OUTTURN_HOME to a path of at most {LONGEST_PATH} bytes, each name in it of at most {LONGEST_NAME}."
        )
    nearest = folder
    while not os.path.lexists(nearest):
        nearest = nearest.parent
    where = f"{folder}" if nearest == folder else f"{folder} cannot be made, because {nearest}"
    if not os.path.exists(nearest):
        raise Refused(f"{where} is a link to {os.readlink(nearest)}, which leads nowhere. Correct the link, {ANOTHER}.")
    if not os.path.isdir(nearest):
        raise Refused(f"{where} is a file and not a folder. Move it away, {ANOTHER}.")
    return nearest, where


def _why_not_writable(folder: Path) -> str:
    with suppress(OSError):
        if os.statvfs(folder).f_flag & os.ST_RDONLY:
            return "is on a file system that can only be read."
    return f"belongs to {owner_of(folder)} and may not be written by {account_name(os.geteuid())}."


def _take_back(folder: Path, made: Sequence[Path]) -> None:
    if not made or (folder / DATA).exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    for each in made[1:]:
        with suppress(OSError):
            each.rmdir()


def _short(path: Path) -> str:
    text = str(path)
    return text if len(text) <= 300 else f"{text[:140]}…{text[-140:]}"
