"""Measures one cold nightly run, and beside it what DuckDB alone needs to read the same files.

Belongs here: starting both as child processes, and reading the kernel's account of them. Does not belong here: a file
to measure with (any inbox will do), or a judgement on the numbers. What is measured and how: `bench/README.md`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from statistics import median

from schemas.registry import PROJECT, registry

REAL = PROJECT.parent / "shared" / "real"
FLOWS = Path(sys.executable).with_name("flows")
PEER = Path(__file__).with_name("duckdb_read.py")
MADE_A_RELEASE = {0, 4, 5}
"""Exit codes of `flows run` after which a release stands: 4 and 5 say that a delivery was withheld."""
MEASURES = ("wall_seconds", "cpu_seconds", "peak_memory_mb")


@dataclass(frozen=True)
class Cost:
    """What one whole process took, its own children included."""

    wall_seconds: float
    cpu_seconds: float
    """User and system time."""
    peak_memory_mb: float
    """Largest resident set."""


def main() -> int:
    """Measure, and print a table or JSON. Returns 2 where there is nothing to measure."""
    arguments = _arguments()
    files = claimed(arguments.inbox)
    if not files:
        print(f"{arguments.inbox} holds no file that a source contract claims.", file=sys.stderr)
        print("Name a folder of <publisher>/<file> with --inbox.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="cold_run.") as scratch:
        nights = [night(arguments.inbox, Path(scratch) / f"home{number}") for number in range(arguments.runs or 1)]
    reads = [cost_of([sys.executable, str(PEER), *map(str, files)]) for _ in range(arguments.runs or 3)]
    costs = {
        "flows, cold": middle([cold for cold, _ in nights]),
        "flows, nothing new": middle([again for _, again in nights]),
        "duckdb, typed read": middle(reads),
    }
    inputs = {"files": len(files), "bytes": sum(path.stat().st_size for path in files)}
    runs = {"flows": len(nights), "duckdb": len(reads)}
    print_json(inputs, runs, costs) if arguments.json else print_table(inputs, runs, costs)
    return 0


def claimed(inbox: Path) -> list[Path]:
    """The files that exactly one source contract claims: those that the nightly run takes."""
    found = []
    for path in sorted(inbox.glob("*/*")):
        of_folder = [source for source in registry().sources.values() if source.publisher.inbox == path.parent.name]
        if path.is_file() and sum(fnmatchcase(path.name, source.files) for source in of_folder) == 1:
            found.append(path)
    return found


def night(inbox: Path, home: Path) -> tuple[Cost, Cost]:
    """A run in an empty home, and the same command once more, which finds nothing new."""
    command = [str(FLOWS), "run", "--home", str(home), "--inbox", str(inbox)]
    return cost_of(command), cost_of(command)


def cost_of(command: Sequence[str]) -> Cost:
    """Run a command to its end and account for it. Raises `SystemExit` with its words where it failed."""
    started = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as child:
        words = child.stderr.read() if child.stderr else b""
        _, status, used = os.wait4(child.pid, 0)
        wall = time.monotonic() - started
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in MADE_A_RELEASE:
        raise SystemExit(f"{command[0]} ended with {child.returncode}:\n{words.decode(errors='replace')}")
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of each measure by itself."""
    return Cost(*(round(median(getattr(cost, measure) for cost in costs), 2) for measure in MEASURES))


def ratios(costs: dict[str, Cost]) -> dict[str, float]:
    """The cold run's figures as multiples of the peer's."""
    flows, peer = costs["flows, cold"], costs["duckdb, typed read"]
    return {measure: round(getattr(flows, measure) / max(getattr(peer, measure), 0.01), 1) for measure in MEASURES}


def print_json(inputs: dict[str, int], runs: dict[str, int], costs: dict[str, Cost]) -> None:
    measured = {name: asdict(cost) for name, cost in costs.items()}
    print(json.dumps({**inputs, "runs": runs, "measured": measured, "ratio": ratios(costs)}, indent=1))


def print_table(inputs: dict[str, int], runs: dict[str, int], costs: dict[str, Cost]) -> None:
    print(f"{inputs['files']} files, {inputs['bytes'] / 1e6:.1f} MB; flows {runs['flows']}x, duckdb {runs['duckdb']}x")
    print(f"{'':24}{'wall s':>10}{'CPU s':>10}{'peak MB':>10}")
    for name, cost in costs.items():
        print(f"{name:24}{cost.wall_seconds:10.2f}{cost.cpu_seconds:10.2f}{cost.peak_memory_mb:10.1f}")
    print(f"{'cold run / duckdb':24}" + "".join(f"{ratio:10.1f}" for ratio in ratios(costs).values()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A cold nightly run beside DuckDB's own typed read of the same files.")
    parser.add_argument("--inbox", type=Path, default=REAL, help="folder of <publisher>/<file> (default: %(default)s)")
    parser.add_argument("--runs", type=int, help="times that each is run (default: 1 for flows, 3 for duckdb)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    if arguments.runs is not None and arguments.runs < 1:
        parser.error("--runs must be at least 1")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
