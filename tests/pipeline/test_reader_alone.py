"""The reader stands alone: a release can be checked and read where neither Dagster nor the pipelines are installed."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from schemas.registry import PROJECT

BLOCKED = """
import sys

class Blocked:
    names = {"dagster", "pipelines", "assets", "schemas", "great_expectations", "scipy", "searoute"}

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in self.names:
            raise ModuleNotFoundError(f"{name} is blocked")

sys.meta_path.insert(0, Blocked())
"""


def alone(code: str) -> subprocess.CompletedProcess[str]:
    """Python with the makers of releases blocked."""
    return subprocess.run(
        [sys.executable, "-c", BLOCKED + code], cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A release of one table, put together by hand from what a release is said to be."""
    folder = tmp_path / "releases" / "2020-01-01.1"
    (folder / "tables").mkdir(parents=True)
    pl.DataFrame({"country": ["NAM", "XKX"], "n_rows": [1, 2]}).write_parquet(
        folder / "tables/published.coverage.parquet"
    )
    index = {"version": folder.name, "sequence": 1, "tables": {"published.coverage": {"rows": 2}}, "views": []}
    (folder / "index.json").write_text(json.dumps(index))
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n" for path in files]
    (folder / "SHA256SUMS").write_text("".join(sums))
    folder.with_name(f"{folder.name}.sha256").write_text(hashlib.sha256("".join(sums).encode()).hexdigest() + "\n")
    (folder.parent / "latest").symlink_to(folder.name)
    return folder


def test_the_block_holds() -> None:
    for name in ("dagster", "pipelines.store", "assets.gate", "schemas.registry"):
        found = alone(f"import {name}")
        assert found.returncode == 1
        assert "is blocked" in found.stderr


def test_the_reader_is_imported_without_what_makes_releases() -> None:
    found = alone("import illicit_flows; print(sorted(illicit_flows.__all__))")
    assert found.returncode == 0, found.stderr
    assert "open" in found.stdout


def test_a_release_is_listed_verified_and_read_without_what_makes_releases(tmp_path: Path, release: Path) -> None:
    found = alone(f"""
import illicit_flows as flows
home = {str(tmp_path)!r}
release = flows.open("latest", home=home)
release.verify()
print(flows.releases(home), release.version, release.table("published.coverage")["country"].to_list())
""")
    assert found.returncode == 0, found.stderr
    assert found.stdout.strip() == f"['{release.name}'] {release.name} ['NAM', 'XKX']"


def test_a_changed_table_is_refused_without_what_makes_releases(tmp_path: Path, release: Path) -> None:
    pl.DataFrame({"country": ["NAM"], "n_rows": [9]}).write_parquet(release / "tables/published.coverage.parquet")
    found = alone(f"import illicit_flows as f; print(f.open(home={str(tmp_path)!r}).table('published.coverage'))")
    assert found.returncode == 1
    assert found.stdout == ""
    assert "IntegrityError: tables/published.coverage.parquet is not what SHA256SUMS says" in found.stderr
