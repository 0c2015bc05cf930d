"""What the inferred layer costs, step by step, and how that grows with rows that bring no new variety of evidence.

    python bench/inferred.py HOME [--times 1 10] [--parent FOLDER]

HOME is a home after a run: its conformed and reference tables are copied, the seizures as often as `--times` says, each
copy under ids of its own, and the steps of the layer are run on them in a process of their own.
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
from pathlib import Path
from typing import Any

from pipelines.inferred.evidence import EVIDENCE_INPUTS, make_evidence
from pipelines.inferred.posterior import EVIDENCE, READ, make_lists, make_model
from pipelines.inferred.routes import make_leg_costs
from pipelines.inferred.scope import SCOPE_INPUTS, fit_scope, read_asked, write_scope
from pipelines.store import Home, connect, frame, rows
from schemas.registry import registry

COPIED = ("conformed.seizures", "conformed.legs", "conformed.contradictions")


def main() -> int:
    """Measure, and print a JSON line for each number of copies."""
    arguments = _arguments()
    if arguments.child:
        print(json.dumps(measure(Home.at(arguments.home))))
        return 0
    for times in arguments.times:
        with tempfile.TemporaryDirectory(dir=arguments.parent) as scratch:
            multiply(Home.at(arguments.home), Home.at(scratch).make(), times)
            said = subprocess.run(
                [sys.executable, __file__, scratch, "--child"], check=True, stdout=subprocess.PIPE, env=os.environ
            )
        print(json.dumps({"times": times, **json.loads(said.stdout)}), flush=True)
    return 0


def multiply(source: Home, target: Home, times: int) -> None:
    """Copy reference tables as they are, and every seizure `times` times; line weights stay, so counts grow."""
    shutil.copytree(source.tables / "reference", target.tables / "reference", dirs_exist_ok=True)
    con = connect(source, registry(), COPIED)
    con.execute("SET preserve_insertion_order = false")  # rows flow to the file, and none wait for their turn
    for name in COPIED:
        file = target.table_file(registry().tables[name])
        file.parent.mkdir(parents=True)
        con.execute(
            f"""COPY (
                SELECT t.* REPLACE (t.seizure_id || '.' || n AS seizure_id)
                FROM {name} AS t CROSS JOIN range(CAST({int(times)} AS BIGINT)) AS copies (n)
            ) TO '{file}' (FORMAT parquet, COMPRESSION zstd)"""
        )


def measure(home: Home) -> dict[str, Any]:
    """Seconds of evidence, of the fits with the tables that tell them, and of scoring and writing; peak memory.

    `seizures_per_second` are those of all steps, `scored_per_second` those of asking the fitted models for every
    forecast and writing it: `lists` and `scope`.
    """
    contracts, seconds, load = registry(), {}, os.getloadavg()[0]

    def timed(name: str, started: float) -> None:
        seconds[name] = round(time.monotonic() - started, 2)

    began = time.monotonic()
    made = make_evidence(home, contracts)
    timed("evidence", began)
    started = time.monotonic()
    make_leg_costs(home, contracts)
    timed("leg_costs", started)
    started = time.monotonic()
    con = connect(home, contracts, list(dict.fromkeys([*READ, *EVIDENCE_INPUTS, *SCOPE_INPUTS])))
    evidence, asked = frame(con, EVIDENCE), read_asked(con)
    timed("read", started)
    started = time.monotonic()
    model, model_id, _ = make_model(con, home, contracts, evidence)
    timed("fit", started)
    fit_peak = peak_mb()
    started = time.monotonic()
    make_lists(con, home, contracts, evidence, model, model_id)
    timed("lists", started)
    started = time.monotonic()
    scope = fit_scope(asked)
    timed("fit_scope", started)
    started = time.monotonic()
    write_scope(con, home, contracts, asked, scope)
    timed("scope", started)
    (seizures,) = rows(con, "SELECT count(*) FROM conformed.seizures")[0]
    return {
        "seizures": seizures,
        "evidence": made["evidence"],
        "seconds": seconds,
        "seizures_per_second": round(seizures / sum(seconds.values())),
        "scored_per_second": round(seizures / (seconds["read"] + seconds["lists"] + seconds["scope"])),
        "fit_peak_mb": fit_peak,
        "peak_mb": peak_mb(),
        "load_before": round(load, 2),
    }


def peak_mb() -> int:
    """Largest resident set of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Seconds and memory of the inferred layer against the number of rows.")
    parser.add_argument("home", type=Path, help="a home after a run")
    parser.add_argument("--times", type=int, nargs="+", default=[1, 10], help="copies of every seizure (default: 1 10)")
    parser.add_argument("--parent", type=Path, help="folder to write below (default: the system's temporary folder)")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
