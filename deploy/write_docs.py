"""Writing what is generated: AsyncAPI, OpenAPI and the README's tables. With `--check` it only says what is stale.

`--real-files FILE` puts the account of the real finance exports into the README; the demonstration leaves it as
`real-files.md` in its data folder.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic_core import PydanticUndefined

from deploy.databases import SERVICES, service_named
from shared.asyncapi import asyncapi_document, event_table
from shared.bus.local import LocalBus
from shared.service import build_service
from shared.settings import CommonSettings

HERE = Path(__file__).parent
README = HERE.parent / "README.md"


def main(arguments: list[str]) -> int:
    """Write the documents, or with `--check` return 1 and name those that differ."""
    check = "--check" in arguments
    if "--real-files" in arguments:
        table = Path(arguments[arguments.index("--real-files") + 1]).read_text()
        README.write_text(between(README.read_text(), "real-files", table))
    stale = []
    for path, text in documents():
        if (path.read_text() if path.exists() else None) == text:
            continue
        stale.append(str(path.relative_to(HERE.parent)))
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    if check and stale:
        print(f"Stale: {', '.join(stale)}. Run `make docs` and commit what it writes.")
        return 1
    print(f"Written: {', '.join(stale)}." if stale else "Everything is fresh.")
    return 0


def documents() -> Iterator[tuple[Path, str]]:
    """Each generated file with the text it should have."""
    yield HERE / "asyncapi.json", _json(asyncapi_document())
    for name in SERVICES:
        yield HERE / "openapi" / f"{name}.json", _json(openapi_of(name))
    if README.exists():
        text = README.read_text()
        text = between(text, "events", event_table(service_named(name) for name in SERVICES))
        yield README, between(text, "settings", settings_table())


def openapi_of(name: str) -> dict[str, Any]:
    """A service's OpenAPI document. Nothing is connected to: a pool opens its first connection when it is used."""
    service = service_named(name)
    with tempfile.TemporaryDirectory() as folder:
        common = CommonSettings(environment="development", auth_jwks_url="file:none")
        settings = service.settings(
            common=common, database_url="postgresql://nobody@127.0.0.1/none", files_dir=Path(folder)
        )
        found: dict[str, Any] = build_service(service, settings, bus=LocalBus({})).openapi()
    return found


def settings_table() -> str:
    """Markdown: every variable of the environment with its default and meaning."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    rows += _rows(CommonSettings)
    for name in SERVICES:
        rows += _rows(service_named(name).settings)
    return "\n".join(rows) + "\n"


def between(text: str, name: str, content: str) -> str:
    """Replace what stands between `<!-- name:start -->` and `<!-- name:end -->`; leave a text without them alone."""
    pattern = re.compile(rf"(<!-- {name}:start -->\n).*?(<!-- {name}:end -->)", re.DOTALL)
    return pattern.sub(lambda found: f"{found[1]}{content}{found[2]}", text)


def _rows(settings: type[Any]) -> Iterator[str]:
    prefix = settings.model_config.get("env_prefix") or ""
    for name, field in settings.model_fields.items():
        if name == "common":
            continue
        default = field.default
        shown = "required" if field.is_required() or default is PydanticUndefined else f"`{default}`"
        if default in (None, ""):
            shown = "none"
        meaning = " ".join((field.description or "").split()).replace("|", "\\|")
        yield f"| `{(prefix + name).upper()}` | {shown} | {meaning} |"


def _json(content: Any) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
