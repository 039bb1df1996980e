"""Generated documents are fresh, and the README says what is so."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from shared.settings import CommonSettings
from tests.harness import SERVICES, service_named

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_generated_documents_are_not_stale() -> None:
    """AsyncAPI, OpenAPI and the README's tables are what `make docs` writes."""
    done = subprocess.run(
        [sys.executable, "-m", "deploy.write_docs", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def variables(settings: type[BaseSettings]) -> set[str]:
    prefix = settings.model_config.get("env_prefix") or ""
    return {(prefix + name).upper() for name in settings.model_fields if name != "common"}


def test_the_configuration_table_names_every_setting_and_no_other() -> None:
    table = README.split("<!-- settings:start -->")[1].split("<!-- settings:end -->")[0]
    shown = set(re.findall(r"^\| `([A-Z_]+)`", table, re.MULTILINE))
    expected = variables(CommonSettings)
    for name in SERVICES:
        expected |= variables(service_named(name).settings)
    assert shown == expected


@pytest.mark.parametrize("target", ["demo", "up", "test", "lint", "bench", "docs"])
def test_the_makefile_has_the_targets_the_readme_names(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert "make test" in (ROOT / ".ci/run").read_text()
    assert "make test" in README


def test_every_command_the_readme_names_exists() -> None:
    from typer.testing import CliRunner

    app = importlib.import_module("deploy.cli").app
    for words in set(re.findall(r"`outturn ((?:[a-z]+ ?)+)", README)):
        answer = CliRunner().invoke(app, [*words.split()[:1], "--help"])
        assert answer.exit_code == 0, f"outturn {words}: {answer.output}"


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_is_described_on_one_page(service: str) -> None:
    page = importlib.import_module(f"services.{service}").__doc__ or ""
    for word in ("owns", "publishes", "reacts to", "tables"):
        assert word in page.lower(), f"services/{service}/__init__.py does not say what it {word}"
    for event in service_named(service).reactions:
        assert event.NAME in page, f"services/{service}/__init__.py does not name {event.NAME}"


def test_no_file_of_the_project_holds_a_path_of_a_machine_or_a_registry_address() -> None:
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    registries = re.compile(r"pypi" r"\.org|pythonhosted" r"\.org|registry\.npm" r"js|repo1\.ma" r"ven|(^|\W)/(wo)rk/")
    for name in filter(None, files):
        path = ROOT / name
        if path.is_file() and path.suffix not in (".png", ".jar"):
            assert not registries.search(path.read_text(errors="replace")), name


RULE = re.compile(r"\b[GDTB]-[0-9]+a?\b")
RULE_RANGE = re.compile(r"\b([GDTB])-([0-9]+) to \1-([0-9]+)\b")


def rules_named(folder: str) -> set[str]:
    """Rule numbers that a folder's files name, one by one or as `D-1 to D-4`."""
    found: set[str] = set()
    for file in (ROOT / folder).rglob("*.py"):
        text = file.read_text()
        found |= set(RULE.findall(text))
        for letter, first, last in RULE_RANGE.findall(text):
            found |= {f"{letter}-{number}" for number in range(int(first), int(last) + 1)}
    return found


def test_every_rule_that_a_service_names_is_named_by_a_test() -> None:
    """So that the coverage of the rules can be counted; the set is seen to be no small one."""
    named = set()
    for file in (ROOT / "services").rglob("*.py"):
        named |= set(RULE.findall(file.read_text()))
    assert len(named) > 100
    assert sorted(named - rules_named("tests")) == []
