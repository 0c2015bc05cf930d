"""What the whole conformed layer costs, step by step, beside DuckDB's own typed read of the same files.

    python bench/conformed.py HOME [--inbox FOLDER]

HOME is a home after a run: its staged and reference tables are copied, and every step of the layer is run on the copy
in one process. The peer reads the inbox's text files.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cold_run import REAL, claimed

from pipelines.conformed import make
from pipelines.conformed.cases.make import make_cases
from pipelines.conformed.places.candidates import make_places
from pipelines.store import Home, connect, rows
from schemas.registry import Registry, registry

STEPS: tuple[Callable[[Home, Registry], Any], ...] = (
    make_places, make.make_lines, make.make_legs, make.make_contradictions, make_cases, make.make_totals,
    make.make_cultivation, make.make_outliers, make.make_duplicate_pairs, make.make_groups, make.make_seizures,
    make.make_reconciliation,
)  # fmt: skip


def measure(source: Home, scratch: Path) -> dict[str, Any]:
    """Seconds of each step, and the peak memory of all, in this process."""
    home = Home.at(scratch).make()
    for layer in ("staging", "deliveries", "reference"):
        shutil.copytree(source.tables / layer, home.tables / layer, dirs_exist_ok=True)
    load, began, cpu = os.getloadavg()[0], time.monotonic(), time.process_time()
    seconds = {}
    for step in STEPS:
        started = time.monotonic()
        step(home, registry())
        seconds[step.__name__] = round(time.monotonic() - started, 2)
    total = time.monotonic() - began
    (lines,) = rows(connect(home, registry(), ["conformed.seizures"]), "SELECT count(*) FROM conformed.seizures")[0]
    return {
        "lines": lines,
        "seconds": round(total, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "load_before": round(load, 2),
        "steps": seconds,
    }


def peer(inbox: Path) -> float:
    """Seconds that DuckDB takes to read the inbox's text files into typed tables, in a process of its own."""
    files = [str(path) for path in claimed(inbox) if path.suffix.lower() in {".csv", ".json"}]
    started = time.monotonic()
    subprocess.run([sys.executable, str(Path(__file__).with_name("duckdb_read.py")), *files], check=True)
    return time.monotonic() - started


def main() -> int:
    """Measure, and print JSON."""
    parser = argparse.ArgumentParser(description="Seconds and memory of the conformed layer, beside a plain read.")
    parser.add_argument("home", type=Path, help="a home after a run")
    parser.add_argument("--inbox", type=Path, default=REAL, help="what it was run on (default: %(default)s)")
    parser.add_argument("--parent", type=Path, help="folder to write below (default: the system's temporary folder)")
    arguments = parser.parse_args()
    read = peer(arguments.inbox)
    with tempfile.TemporaryDirectory(dir=arguments.parent) as scratch:
        found = measure(Home.at(arguments.home), Path(scratch))
    found["duckdb_read_seconds"] = round(read, 2)
    found["ratio"] = round(found["seconds"] / max(read, 0.01), 1)
    print(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
