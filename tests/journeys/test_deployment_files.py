"""What Docker and Kubernetes are told, read against the code. Neither was run where this was written."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.databases import SERVICES
from shared.settings import CommonSettings, ServiceSettings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
MANIFESTS: list[dict[str, Any]] = [
    document
    for path in sorted((ROOT / "deploy/kubernetes").glob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text())
]


def settings_of(service: str) -> type[ServiceSettings]:
    settings: type[ServiceSettings] = importlib.import_module(f"services.{service}.main").SERVICE.settings
    return settings


def known_variables() -> set[str]:
    names = {name.upper() for name in CommonSettings.model_fields} | {"HOME_SERVICES_URL"}
    for service in SERVICES:
        names |= {f"{service}_{name}".upper() for name in settings_of(service).model_fields if name != "common"}
    return names


def needed_variables(service: str) -> set[str]:
    fields = settings_of(service).model_fields
    needed = {f"{service}_{name}".upper() for name, field in fields.items() if field.is_required()}
    if "reference_key" in fields:
        needed.add(f"{service}_reference_key".upper())
    return needed | {"PUBLIC_BASE_URL", "AUTH_ISSUER", "AUTH_JWKS_URL", "KAFKA_BOOTSTRAP_SERVERS"}


def environment_of(manifest: dict[str, Any]) -> set[str]:
    found: set[str] = set()
    for container in manifest["spec"]["template"]["spec"]["containers"]:
        found |= {item["name"] for item in container.get("env", ())}
        for source in container.get("envFrom", ()):
            config = by_kind("ConfigMap")[source["configMapRef"]["name"]]
            found |= set(config["data"])
    return found


def by_kind(kind: str) -> dict[str, dict[str, Any]]:
    return {document["metadata"]["name"]: document for document in MANIFESTS if document["kind"] == kind}


def test_every_variable_that_compose_sets_is_one_that_a_settings_class_reads() -> None:
    for name in (*SERVICES, "migrate", "topics", "home"):
        unknown = set(COMPOSE["services"][name]["environment"]) - known_variables()
        assert not unknown, f"{name} sets {unknown}, which nothing reads"


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_gets_the_variables_it_cannot_do_without(service: str) -> None:
    assert needed_variables(service) <= set(COMPOSE["services"][service]["environment"])
    assert needed_variables(service) <= environment_of(by_kind("Deployment")[service])


def test_migrations_get_the_owners_addresses_and_services_do_not() -> None:
    migrate = COMPOSE["services"]["migrate"]["environment"]
    for service in SERVICES:
        assert f"{service.upper()}_MIGRATION_DATABASE_URL" in migrate
        assert f"{service.upper()}_MIGRATION_DATABASE_URL" not in COMPOSE["services"][service]["environment"]
        assert f"{service.upper()}_MIGRATION_DATABASE_URL" not in environment_of(by_kind("Deployment")[service])
    job = environment_of(by_kind("Job")["migrate"])
    assert {f"{service.upper()}_MIGRATION_DATABASE_URL" for service in SERVICES} <= job <= known_variables()


def test_images_are_pinned_to_a_full_version() -> None:
    images = [service["image"] for service in COMPOSE["services"].values()]
    images += [
        container["image"]
        for document in MANIFESTS
        if document["kind"] in ("Deployment", "Job")
        for container in document["spec"]["template"]["spec"]["containers"]
    ]
    images += re.findall(r"^FROM (\S+)", (ROOT / "deploy/Dockerfile").read_text(), re.M)
    assert images
    for image in images:
        assert re.search(r":\d+\.\d+(\.\d+)?(-[a-z]+)*$", image), f"{image} is not pinned"


@pytest.mark.parametrize("service", SERVICES)
def test_services_are_probed_where_they_answer(service: str) -> None:
    compose = COMPOSE["services"][service]
    assert compose["healthcheck"]["test"][-1] == f"http://127.0.0.1:8000/{service}/readyz"
    assert compose["command"][:2] == ["serve", service]
    container = by_kind("Deployment")[service]["spec"]["template"]["spec"]["containers"][0]
    assert container["livenessProbe"]["httpGet"]["path"] == f"/{service}/livez"
    assert container["readinessProbe"]["httpGet"]["path"] == f"/{service}/readyz"
    port = {item["name"]: item["containerPort"] for item in container["ports"]}["http"]
    assert port == by_kind("Service")[service]["spec"]["ports"][0]["port"] == 8000
    assert f"--port {port}" in " ".join(container["args"])


def test_the_gateway_shows_every_service_under_its_own_name() -> None:
    text = (ROOT / "deploy/gateway/nginx.conf").read_text()
    for service in SERVICES:
        assert re.search(
            rf"location /{service}/ \{{\s*set \$service {service}:8000;\s*proxy_pass http://\$service;", text
        )
    paths = by_kind("Ingress")["outturn"]["spec"]["rules"][0]["http"]["paths"]
    assert {path["path"]: path["backend"]["service"]["name"] for path in paths} == {
        **{f"/{service}/": service for service in SERVICES},
        "/": "home",
    }


def test_nothing_runs_as_root_and_no_secret_is_written_down() -> None:
    dockerfile = (ROOT / "deploy/Dockerfile").read_text()
    assert re.search(r"^USER 10001", dockerfile, re.M)
    for document in MANIFESTS:
        if document["kind"] in ("Deployment", "Job"):
            assert document["spec"]["template"]["spec"]["securityContext"]["runAsNonRoot"] is True
    for line in (ROOT / ".env.example").read_text().splitlines():
        if "PASSWORD" in line and not line.startswith("#"):
            assert line.endswith("="), f"{line} holds a value"
    assert all(value == "" for value in by_kind("Secret")["outturn-databases"]["stringData"].values())


def test_every_variable_that_compose_asks_for_is_in_the_example() -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+):\?", (ROOT / "docker-compose.yml").read_text()))
    example = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M))
    assert asked == example


def test_commands_of_containers_are_commands_of_the_program() -> None:
    from typer.main import get_command

    from deploy.cli import app

    command: Any = get_command(app)
    for name in (*SERVICES, "migrate", "topics", "home"):
        first = COMPOSE["services"][name]["command"][0]
        assert first in command.commands, f"{name} runs `outturn {first}`, which does not exist"
