"""Imports run one way, rooms meet in tables only, and no source is named in code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.registry import PROJECT, Registry

HOUSE = ("schemas", "pipelines", "assets", "illicit_flows")
"""In the order in which they may be imported: each may import those before it."""
FLOOR = {"store", "engine", "forms", "keys", "lines", "names", "spellings"}
"""Modules of `pipelines` that all its rooms share."""


def python_files(folder: str) -> list[Path]:
    return sorted((PROJECT / folder).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """Full names of all that a module imports, wherever in it; relative names are resolved."""
    package = path.relative_to(PROJECT).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def offences(folder: str, forbidden: set[str]) -> list[str]:
    """Imports of a folder's files that begin with a forbidden package."""
    return [
        f"{path.relative_to(PROJECT)}: {name}"
        for path in python_files(folder)
        for name in imported(path)
        if name.split(".")[0] in forbidden
    ]


@pytest.mark.parametrize("place", range(len(HOUSE)), ids=HOUSE)
def test_no_package_imports_one_that_stands_after_it(place: int) -> None:
    assert offences(HOUSE[place], set(HOUSE[place + 1 :])) == []


def test_the_walk_sees_every_way_of_importing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("test_imports.PROJECT", tmp_path)
    module = tmp_path / "pipelines" / "staging" / "late.py"
    module.parent.mkdir(parents=True)
    module.write_text(
        "import a.b\nfrom c import d\nfrom . import e\nfrom ..f import g\ndef h():\n    from assets import i\n"
    )
    assert list(imported(module)) == ["a.b", "c.d", "pipelines.staging.e", "pipelines.f.g", "assets.i"]
    assert offences("pipelines", {"assets"}) == ["pipelines/staging/late.py: assets.i"]


def test_schemas_imports_nothing_of_ours_but_itself() -> None:
    assert offences("schemas", set(HOUSE) - {"schemas"}) == []


def test_pipelines_and_schemas_never_import_dagster_or_great_expectations() -> None:
    for folder in ("schemas", "pipelines"):
        assert offences(folder, {"dagster", "dagster_dg_cli", "dagster_webserver", "great_expectations"}) == []


def test_the_rooms_of_pipelines_meet_in_tables_and_never_import_one_another() -> None:
    rooms = {path.name for path in (PROJECT / "pipelines").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert {"deliveries", "staging", "conformed"} <= rooms
    found = []
    for path in python_files("pipelines"):
        parts = path.relative_to(PROJECT / "pipelines").parts
        own = {parts[0]} if len(parts) > 1 else set()
        for name in imported(path):
            target = name.split(".")
            if target[0] == "pipelines" and target[1] not in own | FLOOR:
                found.append(f"{path.relative_to(PROJECT)}: {name}")
    assert found == []


def test_the_floor_imports_no_room() -> None:
    assert [name for name in imported(PROJECT / "pipelines" / "store.py") if name.startswith("pipelines.")] == []


def test_no_source_is_named_in_code(registry: Registry) -> None:
    names = {*registry.sources, *(source.publisher.inbox for source in registry.sources.values())}
    world = PROJECT / "pipelines" / "world"  # simulates the publishers' files, so it must know them
    code = [path for folder in HOUSE for kind in ("*.py", "*.sql") for path in (PROJECT / folder).rglob(kind)]
    found = [
        f"{path.relative_to(PROJECT)}: {name}"
        for path in sorted(code)
        if world not in path.parents
        for name in sorted(names)
        if name in path.read_text(encoding="utf-8")
    ]
    assert found == []
