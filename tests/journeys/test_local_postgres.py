"""The embedded database server: made once, taken over after a kill, never trusted on a file's word."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg
import pytest

from deploy.databases import SERVICES, make_databases
from deploy.local import Refused, locked
from deploy.postgres import LocalPostgres, running_postgres
from tests.journeys.running import kill_servers, servers_in

START_AND_DIE = """
import os, pathlib, sys
from deploy.postgres import LocalPostgres
postgres = LocalPostgres(pathlib.Path(sys.argv[1]))
postgres.start()
os.kill(os.getpid(), 9)
"""


def die_with_a_running_server(folder: Path) -> None:
    code = subprocess.run([sys.executable, "-c", START_AND_DIE, str(folder)], capture_output=True).returncode
    assert code == -signal.SIGKILL


def test_a_server_left_behind_by_a_killed_process_is_taken_over_and_stopped(tmp_path: Path) -> None:
    die_with_a_running_server(tmp_path)
    assert servers_in(tmp_path)
    with running_postgres(tmp_path) as postgres, psycopg.connect(postgres.url()) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    assert servers_in(tmp_path) == []


def test_a_server_killed_together_with_its_process_recovers_with_its_data(tmp_path: Path) -> None:
    with running_postgres(tmp_path) as postgres, psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("create table kept (n int)")
        connection.execute("insert into kept values (7)")
        kill_servers(tmp_path)
    with running_postgres(tmp_path) as postgres, psycopg.connect(postgres.url()) as connection:
        assert connection.execute("select n from kept").fetchone() == (7,)


def test_a_pid_file_whose_number_now_belongs_to_a_stranger_does_not_stop_the_start(tmp_path: Path) -> None:
    with running_postgres(tmp_path):
        text = (tmp_path / "pgdata/postmaster.pid").read_text()
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        (tmp_path / "pgdata/postmaster.pid").write_text("\n".join([str(stranger.pid), *text.splitlines()[1:]]) + "\n")
        with running_postgres(tmp_path) as postgres, psycopg.connect(postgres.url()) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_half_made_data_folder_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "pgdata.new").mkdir()
    (tmp_path / "pgdata.new/PG_VERSION").write_text("18\n")
    with running_postgres(tmp_path) as postgres, psycopg.connect(postgres.url()) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_a_folder_too_deep_for_a_socket_gets_one_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 60) / ("y" * 60)
    deep.mkdir(parents=True)
    with running_postgres(deep) as postgres, psycopg.connect(postgres.url()) as connection:
        row = connection.execute("show unix_socket_directories").fetchone()
        assert row is not None
        socket_folder = Path(row[0])
        assert socket_folder != deep / "pgdata"
        assert socket_folder.stat().st_mode & 0o077 == 0
    assert not socket_folder.exists()


def test_each_role_reaches_its_own_database_and_no_other(tmp_path: Path) -> None:
    with running_postgres(tmp_path) as postgres:
        urls = make_databases(postgres)
        assert make_databases(postgres) == urls
        for name in SERVICES:
            with psycopg.connect(urls[name].app) as connection:
                assert connection.execute("select current_user, current_database()").fetchone() == (f"{name}_app", name)
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute("create table own (n int)")
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(postgres.url("transparency", "grants_app"))


def test_two_processes_cannot_work_in_one_folder(tmp_path: Path) -> None:
    with locked(tmp_path, "http://127.0.0.1:8000"):
        with pytest.raises(Refused, match=f"process {os.getpid()} at http://127.0.0.1:8000"), locked(tmp_path):
            pass
    with locked(tmp_path):
        pass


def test_only_the_socket_listens(tmp_path: Path) -> None:
    postgres = LocalPostgres(tmp_path)
    try:
        postgres.start()
        time.sleep(0.1)
        assert not any(
            connection.status == psutil.CONN_LISTEN
            for server in servers_in(tmp_path)
            for connection in server.net_connections("tcp")
        )
    finally:
        postgres.stop()
