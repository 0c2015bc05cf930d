"""What all tests share: the project's contracts, an empty home, and the real reports where there are any."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.store import Home
from schemas.registry import PROJECT, Registry
from schemas.registry import registry as load_registry

REAL = PROJECT.parent / "shared" / "real"


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The project's own contracts."""
    return load_registry()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home of the test's own, with nothing in it."""
    return Home.at(tmp_path / "home").make()


@pytest.fixture(scope="session")
def real_reports() -> Path:
    """The folder of real reports, which are no part of the project: read where they lie, never copied."""
    if not REAL.is_dir():
        pytest.skip(f"the real reports are not at {REAL}; they are not part of the project")
    return REAL
