"""The data folder and the tokens of a newcomer: whatever is wrong is said in one sentence, and nothing is half-made."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy import folder as folders
from deploy.databases import SERVICES, service_named
from deploy.folder import folder_named, locked, refuse_unusable, refuse_without_data
from deploy.mistakes import Refused
from deploy.postgres import LocalPostgres, PostgresFailed
from deploy.scopes import SCOPES, known_scopes
from tests.journeys.running import ROOT, outturn

AS_ROOT = os.geteuid() == 0
COMMANDS = (
    ("up",),
    ("demo", "--exit"),
    ("token", "--scope", "grants:read"),
    ("digest",),
    ("audit", "verify"),
    ("events", "parked", "--service", "grants"),
)


def a_file(place: Path) -> tuple[str, str]:
    (place / "file").write_text("")
    return f"{place}/file", f"{place}/file is a file and not a folder"


def in_a_file(place: Path) -> tuple[str, str]:
    (place / "file").write_text("")
    return f"{place}/file/deep/data", f"{place}/file is a file and not a folder"


def a_broken_link(place: Path) -> tuple[str, str]:
    (place / "link").symlink_to(place / "gone")
    return f"{place}/link", f"{place}/link is a link to {place}/gone, which leads nowhere"


def below_a_broken_link(place: Path) -> tuple[str, str]:
    (place / "link").symlink_to(place / "gone")
    return f"{place}/link/data", f"{place}/link is a link to {place}/gone, which leads nowhere"


def a_loop(place: Path) -> tuple[str, str]:
    (place / "link").symlink_to(place / "link")
    return f"{place}/link", "which leads nowhere"


def a_name_too_long(place: Path) -> tuple[str, str]:
    return f"{place}/{'x' * 300}", "is too long for a folder of data"


def a_path_too_long(place: Path) -> tuple[str, str]:
    return f"{place}/{'/'.join(['long-name'] * 120)}", "is too long for a folder of data"


def nothing(_: Path) -> tuple[str, str]:
    return "", "OUTTURN_HOME is set and empty"


def blanks(_: Path) -> tuple[str, str]:
    return "  ", "OUTTURN_HOME is set and empty"


def a_tilde(_: Path) -> tuple[str, str]:
    return "~/data", f"Write the whole path {os.path.expanduser('~/data')}"


def a_variable(_: Path) -> tuple[str, str]:
    return "$HOME/data", "no shell has replaced the $"


WRONG = (
    a_file, in_a_file, a_broken_link, below_a_broken_link, a_loop, a_name_too_long, a_path_too_long, nothing, blanks,
    a_tilde, a_variable,
)  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_folder_is_refused_in_a_sentence(
    wrong: Callable[[Path], tuple[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, said = wrong(tmp_path)
    monkeypatch.setenv("OUTTURN_HOME", text)
    before = sorted(tmp_path.rglob("*"))
    for refuse in (refuse_unusable, refuse_without_data):
        with pytest.raises(Refused) as refused:
            refuse(folder_named())
        assert said in str(refused.value)
        assert "OUTTURN_HOME" in str(refused.value)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_every_command_says_so_and_ends_with_one(words: tuple[str, ...], tmp_path: Path) -> None:
    home, said = in_a_file(tmp_path)
    done = outturn(Path(home), *words)
    assert (done.code, len(done.text.splitlines())) == (1, 1), done.text
    assert said in done.text
    for text, rest in (("", "is set and empty"), ("~/x", "Write the whole path")):
        done = outturn(tmp_path, *words, "--home", text)
        assert (done.code, len(done.text.splitlines())) == (1, 1), done.text
        assert f"--home is {rest}" if text == "" else rest in done.text


@pytest.mark.skipif(
    AS_ROOT and not shutil.which("setpriv"), reason="root may write everywhere, and setpriv is not here"
)
@pytest.mark.parametrize("below", ["", "new/er"])
def test_a_folder_that_may_not_be_written_is_said_with_its_owner(below: str, tmp_path: Path) -> None:
    """Of another's folder, and of a new one in it."""
    (tmp_path / "theirs").mkdir(mode=0o555)
    tmp_path.chmod(0o755)
    home = tmp_path / "theirs" / below
    code = f"from pathlib import Path; from deploy.folder import refuse_unusable; refuse_unusable(Path({str(home)!r}))"
    # Root without the right to pass over what a folder allows.
    bound = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if AS_ROOT else []
    done = subprocess.run([*bound, sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert f"{tmp_path}/theirs belongs to " in done.stderr
    assert "Make it writable, or set OUTTURN_HOME" in done.stderr


def test_a_full_disk_is_said_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "SPACE_FOR_NEW_BYTES", 10**18)
    with pytest.raises(Refused, match="MB left and 1000000000000 MB are needed"), locked(tmp_path / "new"):
        pass
    assert not (tmp_path / "new").exists()


def test_a_folder_of_the_system_where_nothing_can_be_made(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="/proc/outturn/data"), locked(Path("/proc/outturn/data")):
        pass


def test_what_was_made_for_nothing_is_taken_away_again(tmp_path: Path) -> None:
    """The port is taken, or the database cannot be made: the new folder goes; one that was there stays."""
    with pytest.raises(Refused, match="the port"), locked(tmp_path / "a/b"):
        raise Refused("the port")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(Refused), locked(tmp_path):
        raise Refused("the port")
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_data_of_another_account_are_not_started(tmp_path: Path) -> None:
    (tmp_path / "pgdata").mkdir()
    (tmp_path / "pgdata/PG_VERSION").write_text("18\n")
    postgres = LocalPostgres(tmp_path)
    if not AS_ROOT:
        pytest.skip("only root can give a folder away")
    os.chown(tmp_path / "pgdata", 65534, 65534)
    with pytest.raises(PostgresFailed, match=r"belong to nobody, and root cannot run them\. Run this as nobody"):
        postgres.start()


def test_databases_whose_making_was_broken_off_are_not_read(tmp_path: Path) -> None:
    with locked(tmp_path):
        postgres = LocalPostgres(tmp_path)
        postgres.start()
        postgres.stop()
    for words in (("digest",), ("audit", "verify"), ("events", "parked", "--service", "grants")):
        done = outturn(tmp_path, *words)
        assert (done.code, len(done.text.splitlines())) == (1, 1), done.text
        assert "were never finished. Run `outturn up` once" in done.text


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        ("grant:manager", "Did you mean grants:manager?"),
        ("grants:manger", "Did you mean grants:manager?"),
        ("Grants:Manager", "Did you mean grants:manager?"),
        ("grants.manager", "Did you mean grants:manager?"),
        ("governance:cfo", "Did you mean grants:cfo?"),
        ("finance:submit", "Did you mean expenditure:submit?"),
        ("manager", "Did you mean grants:manager?"),
        ("grants:manager\u200b", "There is no scope 'grants:manager\\u200b'. Did you mean grants:manager?"),
        ("grants:finance nothing:at-all", "There is no scope 'nothing:at-all'."),
        ("grants", "There is no scope 'grants'. The scopes are"),
        ("grants:*", "There is no scope 'grants:*'. The scopes are"),
        ("", "No scope is named"),
        (" , ", "No scope is named"),
    ],
)
def test_an_unknown_scope_is_refused_with_the_nearest_and_the_list(scope: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        known_scopes([scope])
    assert said in str(refused.value)
    assert "grants: manager, finance" in str(refused.value)


def test_every_scope_that_a_route_asks_for_is_declared() -> None:
    """Declared once: a route with another scope would ask for a token that the command cannot make."""
    asked = {
        scope
        for name in SERVICES
        for router in service_named(name).routers
        for route in router.routes
        for scope in route.access.scopes  # type: ignore[attr-defined]
    }
    assert asked - set(SCOPES) == set()
    assert {f"{name}:history" for name in SERVICES} <= set(SCOPES)
    assert known_scopes(["grants:manager, expenditure:submit", "grants:read"]) == [
        "grants:manager", "expenditure:submit", "grants:read",
    ]  # fmt: skip


def test_a_token_is_refused_where_no_instance_has_run_and_no_key_is_made(tmp_path: Path) -> None:
    """A key of its own would sign tokens that no service takes."""
    home = tmp_path / "wrong"
    done = outturn(home, "token", "--scope", "grants:manager")
    assert (done.code, len(done.text.splitlines())) == (1, 1)
    assert f"There are no data in {home}. Run `outturn up` first, or set OUTTURN_HOME" in done.text
    assert not home.exists()
    misspelt = outturn(home, "token", "--scope", "grants:manger")
    assert (misspelt.code, "Did you mean grants:manager?" in misspelt.text) == (1, True)
