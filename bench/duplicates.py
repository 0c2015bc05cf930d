"""How well duplicates are found, in worlds whose truth is known, beside two baselines.

    python bench/duplicates.py                    three worlds: precision, recall, calibration
    python bench/duplicates.py --lines 1000000    time and memory of one large world
    python bench/duplicates.py --fit              fit the numbers of weights.yml on other worlds, and write them

Pairs of report rows are scored: a pair is true where both tell of one event. What is predicted is that they stand in
one duplicate set. The baselines are exact-match de-duplication (country, day, commodity, quantity) and fixed rules
(country and group, at most a day apart, kilograms within 2 per cent).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.optimize import minimize

from pipelines.conformed import make
from pipelines.conformed.duplicates.link import compare
from pipelines.conformed.duplicates.model import WEIGHTS, Weights, weights
from pipelines.conformed.places.candidates import make_places
from pipelines.deliveries.inspect import read_source, summarise
from pipelines.deliveries.receive import receive
from pipelines.reference.make import make_reference
from pipelines.staging.decisions import make_decisions
from pipelines.staging.make import parse_source
from pipelines.store import Connection, Home, connect, frame, rows
from pipelines.world import make_world
from schemas.registry import PROJECT, registry

SCORED = (3, 5, 7)
FITTED = (101, 102, 103, 104, 105, 106)
SEIZURES = 20_000
STEP = 0.25
"""Bits between two levels while fitting, so that the bits tell the level."""
SHRINKAGE = 1.0
"""Variance⁻¹ of a weight before anything is seen (nats⁻²)."""
Floats = NDArray[np.float64]

BASELINES = {
    "exact match": """
        l.seized_from = r.seized_from AND l.commodity = r.commodity
        AND l.quantity_reported = r.quantity_reported AND l.unit_reported = r.unit_reported
    """,
    "fixed rules": """
        l.commodity_group = r.commodity_group AND abs(date_diff('day', l.seized_from, r.seized_from)) <= 1
        AND abs(l.kg_mid - r.kg_mid) <= 0.02 * greatest(l.kg_mid, r.kg_mid)
    """,
}


def conform(folder: Path, seed: int, seizures: int) -> Home:
    """A home whose lines, legs and totals are of one simulated world."""
    make_world(folder / "world", seed=seed, seizures=seizures)
    home = Home.at(folder / "home").make()
    receive(home, registry(), folder / "world" / "inbox")
    for source in registry().sources:
        read_source(home, registry(), source)
    summarise(home, registry())
    for source in registry().sources:
        parse_source(home, registry(), source)
    make_decisions(home, registry())
    make_reference(home, registry())
    make_places(home, registry())
    make.make_lines(home, registry())
    make.make_legs(home, registry())
    return home


def with_truth(home: Home, world: Path, *tables: str) -> Connection:
    """A connection with the event that each line tells of, as table `told`."""
    con = connect(home, registry(), ["conformed.lines", "conformed.legs", *tables])
    con.execute(
        """
        CREATE TABLE told AS
        SELECT l.seizure_id, t.event_id
        FROM conformed.lines AS l
        JOIN read_parquet($truth) AS t
            ON t.file_name = l.file_name AND t.row_no = l.row_no AND t.line_no = l.line_no
            AND coalesce(t.part, '') = coalesce(l.part, '')  -- 1:1
        """,
        {"truth": str(world / "truth" / "reports.parquet")},
    )
    return con


# --- scores -------------------------------------------------------------------------------------------------


def score(folder: Path, seed: int) -> list[dict[str, Any]]:
    """Precision, recall and calibration in one world, of the model and of the baselines."""
    home = conform(folder, seed, SEIZURES)
    make.make_duplicate_pairs(home, registry())
    make.make_groups(home, registry())
    con = with_truth(home, folder / "world", "conformed.duplicate_pairs", "conformed.groups")
    con.execute("""
        CREATE TABLE found AS
        SELECT l.event_id = r.event_id AS is_true
        FROM conformed.groups AS a
        JOIN conformed.groups AS b USING (duplicate_set_id)  -- n:m
        JOIN told AS l ON l.seizure_id = a.seizure_id
        JOIN told AS r ON r.seizure_id = b.seizure_id
        WHERE a.seizure_id < b.seizure_id
    """)
    found = [{"seed": seed, "method": "linkage", **_rates(con, "SELECT is_true FROM found"), **_calibration(con)}]
    for name, rule in BASELINES.items():
        query = f"""
            SELECT a.event_id = b.event_id AS is_true
            FROM conformed.lines AS l
            JOIN conformed.lines AS r ON l.reporter = r.reporter AND l.seizure_id < r.seizure_id AND {rule}
            JOIN told AS a ON a.seizure_id = l.seizure_id
            JOIN told AS b ON b.seizure_id = r.seizure_id
        """
        found.append({"seed": seed, "method": name, **_rates(con, query)})
    return found


def _rates(con: Connection, query: str) -> dict[str, float]:
    (n, hits) = rows(con, f"SELECT count(*), count(*) FILTER (WHERE is_true) FROM ({query})")[0]
    (true,) = rows(con, "SELECT sum(n * (n - 1) // 2) FROM (SELECT count(*) AS n FROM told GROUP BY event_id)")[0]
    return {
        "true_pairs": int(true),
        "precision": round(hits / n, 4) if n else 1.0,
        "recall": round(hits / int(true), 4),
    }


def _calibration(con: Connection) -> dict[str, float]:
    """Expected calibration error over the kept pairs of the model, in ten bins, and expected against true numbers."""
    pairs = frame(
        con,
        """
        SELECT CAST(p.probability AS DOUBLE) AS p, CAST(l.event_id = r.event_id AS INTEGER) AS y
        FROM conformed.duplicate_pairs AS p
        JOIN told AS l ON l.seizure_id = p.seizure_id
        JOIN told AS r ON r.seizure_id = p.other_seizure_id
        ORDER BY p.seizure_id, p.other_seizure_id
        """,
    )
    bins = (pl.col("p") * 10).floor().clip(0, 9).alias("bin")
    by_bin = pairs.group_by(bins).agg(pl.len(), pl.col("p", "y").mean())
    error = float(((by_bin["p"] - by_bin["y"]).abs() * by_bin["len"]).sum()) / max(len(pairs), 1)
    (expected, events) = rows(
        con,
        """
        SELECT CAST(sum(line_weight) AS DOUBLE), count(DISTINCT event_id)
        FROM conformed.groups JOIN told USING (seizure_id)
        """,
    )[0]
    return {"calibration_error": round(error, 4), "lines_expected": round(expected, 1), "lines_true": int(events)}


# --- fitting ------------------------------------------------------------------------------------------------


def fit() -> None:
    """Fit all numbers of `weights.yml` by penalised logistic regression on the worlds `FITTED`, and write them."""
    model = weights()
    spaced = {
        name: [{**one, "bits": STEP * at} for at, one in enumerate(levels)]
        for name, levels in model.comparisons.items()
    }
    compared = [_compared(seed, replace(model, comparisons=spaced)) for seed in FITTED]
    design = np.concatenate([_design(model, pairs) for pairs in compared])
    truth = np.concatenate([pairs["is_true"].to_numpy() for pairs in compared]).astype(np.float64)
    first = _logistic(design, truth, SHRINKAGE)
    own_bits = [(_design(model, pairs) @ first[:-1] + first[-1]) / np.log(2) for pairs in compared]
    rivals = np.concatenate([_rivals(pairs, bits) for pairs, bits in zip(compared, own_bits, strict=True)])
    second = _logistic(rivals * np.log(2), truth, SHRINKAGE / 10)
    _write(model, first / np.log(2), second, len(truth), int(truth.sum()))


def _compared(seed: int, model: Weights) -> pl.DataFrame:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        home = conform(folder, seed, SEIZURES)
        con = with_truth(home, folder / "world")
        compare(con, {s.source: s.mirrors for s in registry().sources.values() if s.mirrors}, model)
        return frame(
            con,
            """
            SELECT c.*, l.event_id = r.event_id AS is_true
            FROM chances AS c
            JOIN told AS l ON l.seizure_id = c.seizure_id
            JOIN told AS r ON r.seizure_id = c.other_seizure_id
            ORDER BY c.seizure_id, c.other_seizure_id
            """,
        )


def _design(model: Weights, pairs: pl.DataFrame) -> Floats:
    """A column for each level, and the chance of an unrelated twin in three columns by desk and size."""
    columns = []
    for name, levels in model.comparisons.items():
        level = np.rint(pairs[f"bits_{name}"].to_numpy() / STEP).astype(int)
        columns += [(level == at).astype(np.float64) for at in range(len(levels))]
    own, large, chance = (pairs[name].to_numpy() for name in ("is_own_desk", "is_large", "chance_bits"))
    columns += [np.where(here, chance * np.log(2), 0.0) for here in (~own, own & ~large, own & large)]
    return np.column_stack(columns)


def _rivals(pairs: pl.DataFrame, bits: Floats) -> Floats:
    """The columns of the second regression: see pairs.sql."""
    pairs = pairs.with_columns(odds=pl.Series(np.exp2(np.minimum(bits, 20))))
    sides = pl.concat(
        [
            pairs.select("seizure_id", source="source_of_other", odds="odds"),
            pairs.select(seizure_id="other_seizure_id", source="source_of_one", odds="odds"),
        ]
    )
    desk = sides.group_by("seizure_id", "source").agg(all=pl.col("odds").sum(), best=pl.col("odds").max())
    one = pairs.join(desk, left_on=["seizure_id", "source_of_other"], right_on=["seizure_id", "source"], how="left",
                     maintain_order="left")  # fmt: skip
    other = pairs.join(desk, left_on=["other_seizure_id", "source_of_one"], right_on=["seizure_id", "source"],
                       how="left", maintain_order="left")  # fmt: skip
    odds, a, b = (table.to_numpy() for table in (pairs["odds"], one["all"], other["all"]))
    best = (odds >= one["best"].to_numpy()) & (odds >= other["best"].to_numpy())
    more, fewer = (np.log2(1 + np.maximum(f(a, b) - odds, 0)) for f in (np.maximum, np.minimum))
    return np.column_stack([bits, more, fewer, best])


def _logistic(design: Floats, truth: Floats, shrinkage: float) -> Floats:
    """Weights and, last, the intercept of a logistic regression with a ridge on the weights."""
    n = design.shape[1]

    def loss(w: Floats) -> tuple[float, Floats]:
        z = design @ w[:n] + w[n]
        gradient = design.T @ (1 / (1 + np.exp(-z)) - truth) + shrinkage * w[:n]
        value = np.sum(np.logaddexp(0, z) - truth * z) + shrinkage * np.sum(w[:n] ** 2) / 2
        return float(value), np.append(gradient, np.sum(1 / (1 + np.exp(-z)) - truth))

    found: Floats = minimize(loss, np.zeros(n + 1), jac=True, method="L-BFGS-B", options={"maxiter": 5000}).x
    return found


def _write(model: Weights, first: Floats, second: Floats, n_pairs: int, n_true: int) -> None:
    """Put the numbers into `weights.yml`, line by line, and leave all its words."""
    text = WEIGHTS.read_text(encoding="utf-8")
    numbers = iter(first)
    told: set[tuple[str, float]] = set()

    def told_apart(name: str, value: float) -> float:
        """The value, a thousandth of a bit higher for each level of the comparison that has it already."""
        value = round(value, 3)
        while (name, value) in told:
            value = round(value + 0.001, 3)
        told.add((name, value))
        return value

    for name, _, bits, judged in model.levels:
        fitted = next(numbers)
        text = re.sub(r"bits: [-0-9.]+", f"bits: <{told_apart(name, bits if judged else fitted):.3f}>", text, count=1)
    text = re.sub(r"bits: <([-0-9.]+)>", r"bits: \1", text)
    named = {
        "another_desk": next(numbers) * np.log(2), "own_desk_street": next(numbers) * np.log(2),
        "own_desk_large": next(numbers) * np.log(2), "prior_bits": next(numbers), "own_bits": second[0],
        "more": second[1], "fewer": second[2], "best": second[3], "intercept": second[4] / np.log(2),
    }  # fmt: skip
    for name, value in named.items():
        text = re.sub(rf"^(  {name}:) [-0-9.]+", rf"\1 {value:.3f}", text, flags=re.MULTILINE)
    WEIGHTS.write_text(text, encoding="utf-8")
    print(f"fitted on {n_pairs} pairs of worlds {FITTED}, {n_true} of them true", file=sys.stderr)


# --- time and memory ----------------------------------------------------------------------------------------


def measure(home: Home) -> dict[str, float]:
    """Seconds and peak memory of pairing and grouping all lines of a home, in this process."""
    load, began, cpu = os.getloadavg()[0], time.monotonic(), time.process_time()
    pairs = make.make_duplicate_pairs(home, registry())
    lines = make.make_groups(home, registry())
    return {
        "lines": lines,
        "pairs_kept": pairs,
        "seconds": round(time.monotonic() - began, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "load_before": round(load, 2),
    }


def main() -> int:
    """Score, fit or measure, and print JSON."""
    parser = argparse.ArgumentParser(description="Precision, recall, calibration, time and memory of the linkage.")
    parser.add_argument("--fit", action="store_true", help="fit weights.yml on worlds that are not scored")
    parser.add_argument("--lines", type=int, help="measure one world of so many seizures")
    parser.add_argument("--home", type=Path, help="measure a home whose lines are there")
    parser.add_argument("--parent", type=Path, help="folder to write below (default: the system's temporary folder)")
    arguments = parser.parse_args()
    os.environ.setdefault("FLOWS_KEY_FILE", str(PROJECT / "tests" / "simulated.key"))
    if arguments.fit:
        fit()
    elif arguments.home:
        print(json.dumps(measure(Home.at(arguments.home)), indent=1))
    elif arguments.lines:
        with tempfile.TemporaryDirectory(dir=arguments.parent) as scratch:
            home = conform(Path(scratch), SCORED[0], arguments.lines)
            # in a process of its own: the peak is not that of reading the files
            subprocess.run([sys.executable, __file__, "--home", str(home.root)], check=True)
    else:
        for seed in SCORED:
            with tempfile.TemporaryDirectory(dir=arguments.parent) as scratch:
                for found in score(Path(scratch), seed):
                    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
