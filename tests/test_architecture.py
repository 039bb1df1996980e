"""Who may import whom, and what may not be forgotten; each guard is seen to fail on a made-up offender."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from shared.events.all import OWNERS, REGISTER
from shared.http import HouseRoute, Routes
from tests.harness import SERVICES, service_named

ROOT = Path(__file__).parent.parent
RULE_FILES = sorted((ROOT / "services").rglob("rules.py"))
PURE = {"shared.events", "shared.values", "shared.errors", "shared.periods", "shared.money", "shared.texts"}
IMPURE_CALLS = {"now", "today", "utcnow", "uuid4", "uuid7", "random", "open"}


def imports(source: str) -> Iterator[str]:
    """Every module that a file imports at run time; what only type checking sees does not count."""
    tree = ast.parse(source)
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def faults_of_rules(source: str, service: str) -> list[str]:
    """What a rules file must not do: import frameworks, storage or plumbing, ask for the time, make ids."""
    import sys

    found = []
    for module in imports(source):
        top = module.split(".")[0]
        pure_shared = any(module == name or module.startswith(name + ".") for name in PURE) or module == "shared"
        own_pure = re.match(rf"services\.{service}(\.\w+)*\.(rules|faults|values)\b", module) or re.fullmatch(
            rf"services\.{service}(\.\w+)*", module
        )
        if top not in sys.stdlib_module_names and not pure_shared and not own_pure:
            found.append(f"imports {module}")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in IMPURE_CALLS:
                found.append(f"calls {name}()")
    return found


def foreign_imports(source: str, service: str) -> list[str]:
    return [
        module
        for module in imports(source)
        if module.startswith("services.") and not module.startswith(f"services.{service}")
    ]


def modules_of(service: str) -> list[Path]:
    return sorted((ROOT / "services" / service).rglob("*.py"))


@pytest.mark.parametrize("file", RULE_FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_rules_are_pure(file: Path) -> None:
    assert faults_of_rules(file.read_text(), file.relative_to(ROOT / "services").parts[0]) == []


def test_an_impure_rule_would_be_found() -> None:
    offender = "import sqlalchemy\nfrom datetime import datetime\nfrom shared.work import Work\nx = datetime.now()\n"
    assert faults_of_rules(offender, "grants") == [
        "imports sqlalchemy",
        "imports shared.work",
        "imports shared.work.Work",
        "calls now()",
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_imports_no_other_service(service: str) -> None:
    assert {str(file): foreign_imports(file.read_text(), service) for file in modules_of(service)} == {
        str(file): [] for file in modules_of(service)
    }


def test_a_foreign_import_would_be_found() -> None:
    assert foreign_imports("from services.grants.tables import Agreement", "transparency")
    assert not foreign_imports("from services.grants.tables import Agreement", "grants")


def test_shared_imports_no_service() -> None:
    for file in (ROOT / "shared").rglob("*.py"):
        assert [name for name in imports(file.read_text()) if name.split(".")[0] in ("services", "deploy")] == [], file


@pytest.mark.parametrize("service", SERVICES)
def test_every_route_declares_who_may_call_it_and_has_a_stable_name(service: str) -> None:
    names: dict[str, str] = {}
    for router in service_named(service).routers:
        for route in router.routes:
            assert isinstance(route, HouseRoute), f"{getattr(route, 'path', route)} is no house route"
            assert route.access is not None
            assert route.path.startswith(("/v1/", "/open/", "/data.json", "/feed.atom")), route.path
            if route.include_in_schema:
                assert names.setdefault(route.unique_id, route.path) == route.path, f"{route.unique_id} stands twice"
            for scope in route.access.scopes:
                owner = scope.split(":")[0]
                assert owner in (service, "expenditure"), f"{route.path} asks for {scope}"


def test_a_route_without_access_cannot_be_declared() -> None:
    routes = Routes()
    with pytest.raises(TypeError, match="does not declare who may call it"):

        @routes.get("/v1/open-door")
        async def open_door() -> dict[str, str]:
            return {}

    assert not [route for route in routes.routes if isinstance(route, APIRoute)]


@pytest.mark.parametrize("service", SERVICES)
def test_money_is_never_float_and_whole_numbers_of_pence_are_big(service: str) -> None:
    from sqlalchemy import BigInteger, Float, Numeric

    for table in service_named(service).metadata.tables.values():
        for column in table.columns:
            if column.name.endswith("_pence") or column.name == "pence":
                assert isinstance(column.type, BigInteger), f"{table.name}.{column.name} is {column.type}"
            assert not isinstance(column.type, Float), f"{table.name}.{column.name} is a float"
            if isinstance(column.type, Numeric):
                assert column.type.asdecimal, f"{table.name}.{column.name} turns into a float"


@pytest.mark.parametrize("service", SERVICES)
def test_every_instant_has_a_time_zone_and_every_constraint_a_name(service: str) -> None:
    from sqlalchemy import DateTime

    for table in service_named(service).metadata.tables.values():
        for column in table.columns:
            if isinstance(column.type, DateTime):
                assert column.type.timezone, f"{table.name}.{column.name}"
        for constraint in table.constraints:
            assert constraint.name, f"{table.name}: {constraint}"


def test_every_reaction_answers_an_event_of_another_service() -> None:
    for name in SERVICES:
        service = service_named(name)
        for event in service.reactions:
            assert event.type() in REGISTER
            assert event.OWNER in OWNERS
            if name != "grants":
                assert name != event.OWNER, f"{name} reacts to its own {event.NAME}"


# Design, section 1: the only list of what crosses.
CROSSING = {
    "OrganisationRegistered": {"deliverables", "transparency", "governance"},
    "AgreementSigned": {"deliverables", "transparency"},
    "AgreementVaried": {"deliverables", "transparency"},
    "BudgetSet": {"deliverables", "transparency"},
    "PassThroughAwarded": {"transparency"},
    "ExpenditureBatchReceived": {"transparency"},
    "ExpenditureRecorded": {"transparency"},
    "ExpenditureBatchCompleted": {"transparency"},
    "QuarterSpendStated": {"deliverables", "transparency"},
    "OutturnRecorded": {"deliverables", "transparency", "governance"},
    "PerformanceReportSubmitted": {"grants", "transparency"},
    "PerformanceReportReopened": {"grants", "transparency"},
    "PerformanceReportPublished": {"grants", "transparency", "governance"},
    "MeetingScheduled": {"transparency"},
    "PapersPublished": {"transparency"},
    "MinutesPublished": {"transparency"},
    "MinutesApproved": {"transparency"},
    "ObligationMet": {"governance"},
    "ObligationMissed": {"governance"},
}


def test_what_crosses_is_what_the_design_lists() -> None:
    actual: dict[str, set[str]] = {}
    for name in SERVICES:
        for event in service_named(name).reactions:
            actual.setdefault(event.NAME, set()).add(name)
    assert actual == CROSSING


HEAVY = {"asyncio", "fastapi", "pydantic", "psycopg", "sqlalchemy", "sqlmodel", "starlette"}


def loaded_by(statement: str) -> set[str]:
    """What of the heavy packages a fresh Python has loaded after a statement."""
    done = subprocess.run(
        [sys.executable, "-c", f"{statement}; import sys; print(*sys.modules)"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return HEAVY & set(done.stdout.split())


def test_the_parsing_process_starts_without_what_serves_or_stores() -> None:
    """A process is started for each long file: what it loads is waited for by whoever sent the file."""
    assert loaded_by("import services.grants.expenditure.parse_process") == set()


def test_a_heavy_import_would_be_found() -> None:
    assert "pydantic" in loaded_by("import shared.errors")


def test_the_five_file_tour_of_the_readme_stands() -> None:
    """The files and functions that the README names exist, and each names what the tour says."""
    readme = (ROOT / "README.md").read_text()
    tour = re.findall(r"^\d\. `([\w/]+\.py)` · `(\w+)`", readme, re.MULTILINE)
    assert [function for _, function in tour] == [
        "record_outturn",
        "record_outturn",
        "record_outturn",
        "OutturnRecorded",
        "publish_outturn",
    ]
    for file, name in tour:
        module = importlib.import_module(file.removesuffix(".py").replace("/", "."))
        assert hasattr(module, name), f"{file} has no {name}"
        assert getattr(module, name).__module__ == module.__name__, f"{name} is defined elsewhere than {file}"
