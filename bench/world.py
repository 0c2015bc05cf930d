"""Measures how fast the simulated world is written, in a process of its own.

Belongs here: one world and the kernel's account of making it. Does not belong here: a judgement on the numbers.

`seizures_per_s` counts true seizures, from the call to the last file; starting Python is not in it. `cpu_seconds` are
user and system time of this process and its two workers: on a machine that others use too, it says more than the wall.
`peak_mb` is the largest resident set of one process, `peak_mb_of_all` an upper bound for the three together.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

from pipelines.world import make_world


def main() -> int:
    """Write a world, print what it took as JSON, and throw it away."""
    parser = argparse.ArgumentParser(description="Seconds and memory that the simulated world takes.")
    parser.add_argument("--seizures", type=int, default=2_000_000, help="true seizures (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--parent", type=Path, help="folder to write below (default: the system's temporary folder)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="world.", dir=arguments.parent) as scratch:
        load, began = os.getloadavg()[0], time.monotonic()
        summary = make_world(Path(scratch), seed=arguments.seed, seizures=arguments.seizures)
        seconds = time.monotonic() - began
        written = sum(path.stat().st_size for path in Path(scratch).rglob("*") if path.is_file())
    of = {name: resource.getrusage(who) for name, who in
          (("self", resource.RUSAGE_SELF), ("children", resource.RUSAGE_CHILDREN))}  # fmt: skip
    print(json.dumps({
        "seizures": summary.seizures,
        "reports": summary.reports,
        "seconds": round(seconds, 2),
        "seizures_per_s": round(summary.seizures / seconds),
        "cpu_seconds": round(sum(used.ru_utime + used.ru_stime for used in of.values()), 2),
        "peak_mb": round(max(of["self"].ru_maxrss, of["children"].ru_maxrss) / 1024),
        "peak_mb_of_all": round((of["self"].ru_maxrss + 2 * of["children"].ru_maxrss) / 1024),
        "written_mb": round(written / 1e6),
        "load_before": round(load, 2),
    }, indent=1))  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
