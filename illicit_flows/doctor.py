"""What is wrong with a home or an installation, and how to mend it."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.metadata import version
from typing import Any

from illicit_flows import reader
from pipelines.deliveries.receive import deliveries
from pipelines.keys import NoKey, read_key
from pipelines.staging.decisions import KINDS, faulty, read_decisions
from pipelines.store import Busy, Home, locked
from schemas.registry import PROJECT, ContractFaults, registry

PACKAGES = ("dagster", "duckdb", "polars", "pyarrow", "geopandas", "great-expectations")
LEAST_FREE_GB = 2.0
Finding = dict[str, Any]


def examine(home: Home) -> list[Finding]:
    """One finding a thing looked at: what, state (`ok` or `wrong`), what was found, how to mend it."""
    return [
        _python(),
        _packages(),
        _contracts(),
        _disk(home),
        _lock(home),
        _instance(home),
        _key(home),
        _decisions(home),
        _release(home),
    ]


def _finding(what: str, fine: bool, found: str, mend: str = "") -> Finding:
    return {"what": what, "state": "ok" if fine else "wrong", "found": found, "mend": "" if fine else mend}


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    return _finding("python", sys.version_info[:2] == (3, 11), found, "use Python 3.11")


def _packages() -> Finding:
    locked_versions = {}
    for line in (PROJECT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if "==" in line and not line.startswith((" ", "#")):
            name, number = line.split(" ")[0].split("==")
            locked_versions[name.split("[")[0]] = number
    found = {name: version(name) for name in PACKAGES}
    other = [name for name, number in found.items() if locked_versions.get(name) != number]
    text = ", ".join(f"{name} {number}" for name, number in found.items())
    return _finding("packages", not other, text, f"run `make setup`: not as locked: {', '.join(other)}")


def _contracts() -> Finding:
    try:
        contracts = registry()
    except ContractFaults as faults:
        return _finding("contracts", False, str(faults), "mend the files named")
    return _finding("contracts", True, f"{len(contracts.sources)} sources, {len(contracts.tables)} tables")


def _disk(home: Home) -> Finding:
    free_gb = shutil.disk_usage(home.root).free / 1e9
    return _finding("disk", free_gb >= LEAST_FREE_GB, f"{free_gb:.1f} GB free in {home.root}", "free some space")


def _lock(home: Home) -> Finding:
    try:
        with locked(home):
            return _finding("lock", True, "free")
    except Busy:
        return _finding("lock", False, "another run is at work", "wait for it, or end its process")


def _instance(home: Home) -> Finding:
    """Dagster's own settings: below the home, telemetry off."""
    from dagster import DagsterInstance

    with DagsterInstance.get() as instance:
        telemetry = bool(instance.get_settings("telemetry").get("enabled", True))
    inside = os.environ.get("FLOWS_DAGSTER_DIR", "").startswith(str(home.root))
    fine = inside and not telemetry
    found = f"state in {os.environ.get('FLOWS_DAGSTER_DIR', '?')}, telemetry {'on' if telemetry else 'off'}"
    return _finding("dagster", fine, found, "use the dagster.yaml of the project")


def _key(home: Home) -> Finding:
    """The key for case numbers; nothing is wrong without one until a source delivers them."""
    keyed = sorted(
        {held.source_id for held in deliveries(home)}
        & {name for name, known in registry().sources.items() if known.has_keyed}
    )
    try:
        read_key(home.root)
    except NoKey as error:
        return _finding("key", not keyed, f"none; needed by {', '.join(keyed) or 'no delivery'}", str(error))
    return _finding("key", True, "fit")


def _decisions(home: Home) -> Finding:
    """What people decided; a line that cannot be read as a decision was never applied."""
    bad = faulty(home)
    standing = sum(row["standing"] for kind in KINDS for row in read_decisions(home, kind))
    found = f"{standing} standing, {len(bad)} lines that are none" + "".join(f"; {sentence}" for sentence in bad[:5])
    return _finding("decisions", not bad, found, "mend these lines in an editor, or say it again with `flows review`")


def _release(home: Home) -> Finding:
    try:
        release = reader.open(home=home.root)
    except reader.NoRelease:
        return _finding("release", True, "none yet")
    except reader.IntegrityError as error:
        return _finding("release", False, str(error), "point `latest` to a release that verifies, or restore it")
    faults = release.faults()
    return _finding("release", not faults, release.version if not faults else "; ".join(faults), "restore the release")
