"""`make` on a stranger's machine: which Python is taken, what is said where none will do, how a broken .venv is healed.

The Makefile and the two scripts are the project's own, on a project of one module without packages, so that nothing is
fetched. Pythons that are not here are played by scripts that answer as they would.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.journeys.running import ROOT, Finished

pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")

BACKEND = """
import pathlib, zipfile

def _wheel(folder):
    name = "outturn-0.1-py3-none-any.whl"
    files = {
        "outturn_here.pth": str(pathlib.Path.cwd()) + "\\n",
        "outturn-0.1.dist-info/METADATA": "Metadata-Version: 2.1\\nName: outturn\\nVersion: 0.1\\n",
        "outturn-0.1.dist-info/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        "outturn-0.1.dist-info/entry_points.txt": "[console_scripts]\\noutturn = said:main\\n",
    }
    record = "outturn-0.1.dist-info/RECORD"
    files[record] = "".join(name + ",,\\n" for name in (*files, record))
    with zipfile.ZipFile(pathlib.Path(folder) / name, "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
    return name

def build_wheel(folder, config_settings=None, metadata_directory=None):
    return _wheel(folder)

def build_editable(folder, config_settings=None, metadata_directory=None):
    return _wheel(folder)
"""

PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "outturn"
version = "0.1"
"""

OLD = """#!/bin/sh
# Answers as Debian's python3 of another version does: whatever runs on it sees that version.
exec {real} -c '
import sys
words = sys.argv[1:]
if words and words[0] in ("-V", "--version"):
    print("Python {version}"); sys.exit()
sys.version_info = {version_info}
if words and words[0] == "-c":
    sys.argv = words[1:]
    {more}
    exec(words[1])
else:
    sys.exit("this Python {version} was to run " + " ".join(words))
' "$@"
"""


class Machine:
    """A folder with the project, and one that alone is on the PATH beside the tools of the system."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "project"
        self.bin = folder / "bin"
        self.bin.mkdir()
        (self.project / "deploy").mkdir(parents=True)
        shutil.copy(ROOT / "Makefile", self.project)
        for name in ("install.sh", "install.py"):
            shutil.copy(ROOT / "deploy" / name, self.project / "deploy")
        (self.project / "requirements.lock").write_text("")
        (self.project / "pyproject.toml").write_text(PROJECT)
        (self.project / "backend.py").write_text(BACKEND)
        (self.project / "said.py").write_text("import sys\ndef main():\n    print('ran', *sys.argv[1:])\n")
        for tool in ("sh", "make", "head", "sed", "env"):
            found = shutil.which(tool)
            assert found
            (self.bin / tool).symlink_to(found)

    def python(self, name: str, version: str | None = None, more: str = "pass") -> None:
        """Put a Python on the PATH: this one, or one that says it is of another version."""
        real = getattr(sys, "_base_executable", sys.executable)
        info = tuple(map(int, version.split("."))) if version else ()
        script = OLD.format(real=real, version=version, version_info=info, more=more)
        (self.bin / name).write_text(script if version else f'#!/bin/sh\nexec {real} "$@"\n')
        (self.bin / name).chmod(0o755)

    def make(self, *words: str, **more: str) -> Finished:
        environment = {"PATH": str(self.bin), "HOME": str(self.project), "PIP_NO_INDEX": "1", "LANG": "C.UTF-8", **more}
        done = subprocess.run(
            [str(self.bin / "make"), "--no-print-directory", *words],
            cwd=self.project, env=environment, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        return Finished(done.returncode, done.stdout + done.stderr)

    def refused(self, *words: str, **more: str) -> str:
        """The one sentence of a refusal; nothing was made."""
        done = self.make(*words, **more)
        assert done.code != 0
        assert not (self.project / ".venv").exists()
        assert "Traceback" not in done.text
        said = [line for line in done.text.splitlines() if line and not line.startswith("make")]
        assert len(said) == 1, done.text
        return said[0]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture(scope="module")
def installed() -> Iterator[Machine]:
    """One on which `make install` has run."""
    with tempfile.TemporaryDirectory(prefix="journey-", ignore_cleanup_errors=True) as folder:
        machine = Machine(Path(folder))
        machine.python("python3")
        done = machine.make("install")
        assert done.code == 0, done.text
        yield machine


@pytest.mark.parametrize("version", ["3.10.12", "3.9.2", "3.6.9", "3.14.0"])
@pytest.mark.parametrize("goal", ["demo", "test", "up"])
def test_a_python_that_will_not_do_is_refused_in_a_sentence_before_anything_is_made(
    machine: Machine, version: str, goal: str
) -> None:
    machine.python("python3", version)
    said = machine.refused(goal)
    assert "Outturn needs Python 3.11, 3.12 or 3.13" in said
    assert f"is Python {version}" in said
    assert f"PYTHON=python3.11 make {goal}" in said


def test_no_python_at_all_is_said(machine: Machine) -> None:
    assert "there is no python3 on the PATH" in machine.refused("demo")


def test_a_python_that_does_not_start_is_said(machine: Machine) -> None:
    (machine.bin / "python3").write_text("#!/bin/sh\necho broken >&2\nexit 127\n")
    (machine.bin / "python3").chmod(0o755)
    assert "python3 (" in machine.refused("demo")
    assert "does not run" in machine.refused("demo")


@pytest.mark.parametrize("module", ["ensurepip", "venv", "ssl"])
def test_a_python_without_what_makes_environments_is_told_the_package(machine: Machine, module: str) -> None:
    """As Debian's is without python3.11-venv."""
    machine.python("python3", "3.12.3", more=f'sys.modules["{module}"] = None')
    said = machine.refused("demo")
    assert f"is Python 3.12.3 without its module {module}" in said
    assert "apt install python3.12-venv" in said
    assert "PYTHON=python3.12 make demo" in said


def test_a_python_that_was_named_is_taken_or_refused_and_no_other(machine: Machine) -> None:
    machine.python("python3")
    machine.python("python3.10", "3.10.12")
    assert "python3.10 (" in machine.refused("demo", PYTHON="python3.10")
    assert "is Python 3.10.12" in machine.refused("demo", "PYTHON=python3.10")
    assert "there is no python3.12 on the PATH" in machine.refused("demo", PYTHON="python3.12")


def test_the_suitable_one_of_several_is_taken(machine: Machine) -> None:
    """The first is too old, a launcher finds nothing, the third will do."""
    machine.python("python3", "3.10.12")
    (machine.bin / "python3.11").write_text("#!/bin/sh\necho 'pyenv: python3.11: command not found' >&2\nexit 127\n")
    (machine.bin / "python3.11").chmod(0o755)
    machine.python("python3.12")
    done = machine.make("demo")
    assert done.code == 0, done.text
    assert "ran demo" in done.text


def test_what_is_whole_stays_whatever_comes_first_on_the_path(installed: Machine) -> None:
    before = (installed.project / ".venv/installed").stat().st_mtime_ns
    installed.python("python3", "3.10.12")
    try:
        done = installed.make("up")
        assert (done.code, done.text.splitlines()[-1]) == (0, "ran up")
        assert (installed.project / ".venv/installed").stat().st_mtime_ns == before
    finally:
        installed.python("python3")


def half_made(venv: Path) -> None:
    """pip was stopped half-way: no stamp, a package without its list of files."""
    (venv / "installed").unlink()
    next(venv.glob("lib/python*/site-packages/outturn-0.1.dist-info/RECORD")).unlink()


def without_a_package(venv: Path) -> None:
    shutil.rmtree(next(venv.glob("lib/python*/site-packages/outturn-0.1.dist-info")))


def of_an_older_python(venv: Path) -> None:
    """What the former Makefile left behind where python3 was 3.10."""
    (venv / "bin/python").unlink()
    (venv / "bin/python").write_text("#!/bin/sh\necho 'ModuleNotFoundError: tomllib' >&2\nexit 1\n")
    (venv / "bin/python").chmod(0o755)
    (venv / "installed").write_text("")


def without_its_python(venv: Path) -> None:
    """The Python beneath was removed, or replaced by the next."""
    (venv / "bin/python").unlink()
    (venv / "bin/python").symlink_to("/nowhere/python3.11")


def empty(venv: Path) -> None:
    shutil.rmtree(venv)
    venv.mkdir()


def a_file(venv: Path) -> None:
    shutil.rmtree(venv)
    venv.write_text("outturn\n")


def made_with_another(venv: Path) -> None:
    text = (venv / "installed").read_text()
    (venv / "installed").write_text(text.replace('"python": "3.', '"python": "2.'))


@contextmanager
def broken_for_now(installed: Machine, how: Callable[[Path], None]) -> Iterator[Path]:
    """The environment broken, and afterwards as it was, in its own place."""
    venv, kept = installed.project / ".venv", installed.project / ".venv-kept"
    shutil.copytree(venv, kept, symlinks=True)
    try:
        how(venv)
        yield venv
    finally:
        shutil.rmtree(venv) if venv.is_dir() else venv.unlink(missing_ok=True)
        kept.rename(venv)


@pytest.mark.parametrize(
    "how", [half_made, without_a_package, of_an_older_python, without_its_python, empty, a_file, made_with_another]
)
def test_a_broken_environment_is_never_taken_for_a_whole_one(how: Callable[[Path], None], installed: Machine) -> None:
    code = "import sys; sys.path.insert(0, 'deploy'); import install; print(install.standing())"
    real = getattr(sys, "_base_executable", sys.executable)

    def standing() -> str:
        return subprocess.run([real, "-c", code], cwd=installed.project, capture_output=True, text=True).stdout.strip()

    assert standing() == "whole"
    with broken_for_now(installed, how):
        assert standing() in ("broken", "older")


@pytest.mark.parametrize("how", [half_made, without_its_python])
def test_a_broken_environment_is_made_again_unasked(how: Callable[[Path], None], installed: Machine) -> None:
    with broken_for_now(installed, how):
        done = installed.make("up")
        assert done.code == 0, done.text
        assert "Making .venv again" in done.text
        assert done.text.splitlines()[-1] == "ran up"
        assert installed.make("up").text.splitlines() == [".venv/bin/outturn up", "ran up"]


def test_a_folder_that_was_moved_runs_where_it_is_now(installed: Machine, tmp_path: Path) -> None:
    moved = Machine(tmp_path)
    moved.python("python3")
    shutil.rmtree(moved.project)
    shutil.copytree(installed.project, moved.project, symlinks=True)
    (moved.project / "said.py").write_text("import sys\ndef main():\n    print('here', *sys.argv[1:])\n")
    done = moved.make("up")
    assert (done.code, done.text.splitlines()[-1]) == (0, "here up"), done.text


def test_it_is_made_again_from_within_itself(installed: Machine) -> None:
    """Somebody activated .venv, whose python3 now comes first, and then it broke."""
    within = f"{installed.project / '.venv/bin'}:{installed.bin}"
    with broken_for_now(installed, half_made):
        done = installed.make("up", PATH=within)
        assert (done.code, done.text.splitlines()[-1]) == (0, "ran up"), done.text


def test_packages_that_cannot_be_fetched_leave_nothing_behind_and_say_so(machine: Machine) -> None:
    machine.python("python3")
    (machine.project / "requirements.lock").write_text(f"nowhere==1.0 --hash=sha256:{'0' * 64}\n")
    done = machine.make("demo")
    assert done.code != 0
    assert "The packages could not be installed; the lines above say why" in done.text
    assert "Traceback" not in done.text
    assert not (machine.project / ".venv").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_project_folder_that_may_not_be_written_is_said(machine: Machine) -> None:
    machine.python("python3")
    machine.project.chmod(0o555)
    try:
        assert "may not be written" in machine.refused("demo")
    finally:
        machine.project.chmod(0o755)
