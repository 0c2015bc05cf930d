"""How well duplicates are found, in worlds whose truth is known, beside two baselines.

    python bench/duplicates.py                    three worlds: precision, recall, calibration
    python bench/duplicates.py --lines 1000000    time and memory of one large world
    python bench/duplicates.py --fit              fit the numbers of weights.yml on other worlds, and write them
    python bench/duplicates.py --bounds           what each bound of a set would reach on those other worlds

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

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.conformed import make
from pipelines.conformed.duplicates import link
from pipelines.conformed.duplicates.link import compare
from pipelines.conformed.duplicates.model import WEIGHTS, Weights, weights
from pipelines.conformed.duplicates.sets import weigh
from pipelines.conformed.places.candidates import make_places
from pipelines.deliveries.inspect import read_source, summarise
from pipelines.deliveries.receive import receive
from pipelines.reference.make import make_reference
from pipelines.staging.decisions import make_decisions
from pipelines.staging.make import parse_source
from pipelines.store import Connection, Home, connect, frame, rows, sql
from pipelines.world import make_world
from schemas.registry import PROJECT, registry

SCORED = (3, 5, 7)
FITTED = (101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112)
SEIZURES = 20_000
BOUNDS = (0.5, 0.55, 0.58, 0.6, 0.62, 0.65, 0.7)
STEP = 0.25
"""Bits between two levels while fitting, so that the bits tell the level."""
SHRINKAGE = 0.3
"""Variance⁻¹ of a weight before anything is seen (nats⁻²)."""
FOLDS = 4
"""Parts of the fitted worlds: each part's first probabilities, that the second regression reads, are of the others."""
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


def bounds() -> list[dict[str, float]]:
    """Precision and recall of all fitted worlds together, by the bound from which on two lines stand in one set."""
    kept, counts = weights().bounds["kept"], {bound: np.zeros(3) for bound in BOUNDS}
    for seed in FITTED:
        with tempfile.TemporaryDirectory() as scratch:
            home = conform(Path(scratch), seed, SEIZURES)
            make.make_duplicate_pairs(home, registry())
            con = with_truth(home, Path(scratch) / "world", "conformed.duplicate_pairs")
            pairs = frame(con, "SELECT seizure_id, other_seizure_id, probability FROM conformed.duplicate_pairs")
            told = frame(con, "FROM told ORDER BY seizure_id")
        for bound, count in counts.items():
            found = weigh(pairs, bound, kept).join(told, on="seizure_id")
            count += [_pairs_in(found, "duplicate_set_id"), _pairs_in(found, "duplicate_set_id", "event_id"),
                      _pairs_in(told, "event_id")]  # fmt: skip
    return [
        {"bound": bound, "precision": round(hits / n, 4), "recall": round(hits / true, 4)}
        for bound, (n, hits, true) in counts.items()
    ]


def _pairs_in(table: pl.DataFrame, *by: str) -> int:
    """Number of pairs of rows that share some columns."""
    sizes = table.group_by(by).len()["len"]
    return int((sizes * (sizes - 1) // 2).sum())


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
    spaced = {name: _spaced(model, name) for name in model.comparisons}
    compared = [_compared(seed, replace(model, comparisons=spaced)) for seed in FITTED]
    designs = [_design(model, pairs) for pairs in compared]
    truths = [pairs["is_true"].to_numpy().astype(np.float64) for pairs in compared]
    first = _logistic(np.concatenate(designs), np.concatenate(truths), SHRINKAGE)
    others: dict[int, Floats] = {}
    for fold in range(FOLDS):
        rest = [at for at in range(len(FITTED)) if at % FOLDS != fold]
        one = _logistic(np.concatenate([designs[at] for at in rest]), np.concatenate([truths[at] for at in rest]),
                        SHRINKAGE)  # fmt: skip
        for at in range(fold, len(FITTED), FOLDS):
            others[at] = _others(model, compared[at], (designs[at] @ one[:-1] + one[-1]) / np.log(2))
    second = _logistic(
        np.concatenate([others[at] for at in range(len(FITTED))]) * np.log(2),
        np.concatenate(truths), SHRINKAGE,
    )  # fmt: skip
    _write(model, first, second)
    print(f"fitted on {sum(map(len, truths))} pairs of worlds {FITTED}, {int(sum(map(sum, truths)))} of them true",
          file=sys.stderr)  # fmt: skip


def _spaced(model: Weights, comparison: str) -> list[dict[str, Any]]:
    """The levels of a comparison with bits that tell them: `STEP` times their number."""
    number = iter(range(1000))
    return [
        {**one, "bits": {kind: STEP * next(number) for kind in one["bits"]} if isinstance(one["bits"], dict)
         else STEP * next(number)}
        for one in model.comparisons[comparison]
    ]  # fmt: skip


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
            ORDER BY c.telling_no, c.other_telling_no
            """,
        )


def _design(model: Weights, pairs: pl.DataFrame) -> Floats:
    """A column for each level in the order of the file, and one for each number of `chance`."""
    columns = []
    for name in model.comparisons:
        level = np.rint(pairs[f"bits_{name}"].to_numpy() / STEP).astype(int)
        columns += [(level == at).astype(np.float64) for at in range(len(model.levels(name)))]
    kind = pairs["kind"].to_numpy()
    for name in model.chance["each"]:
        bits = pairs["chance_bits" if name == "expected" else f"{name}_bits"].to_numpy() * np.log(2)
        columns += [np.where(kind == one, bits, 0.0) for one in model.kind_names]
    columns += [pairs[name].to_numpy() * np.log(2) for name in ("exact_bits", "about_bits", "digits")]
    return np.column_stack(columns)


def _others(model: Weights, pairs: pl.DataFrame, bits: Floats) -> Floats:
    """A column for each number of `others`, in bits."""
    con = duckdb.connect()
    con.register("weighed", pairs.with_columns(own_bits=pl.Series(bits)))
    found = frame(con, f"FROM ({sql(link.__file__, 'rivals')}) ORDER BY telling_no, other_telling_no")
    found = found.with_columns(
        slope=pl.Series(bits), intercept=pl.lit(1.0), more="more_rivals", fewer="fewer_rivals", best="is_best"
    )
    kind = pairs["kind"].to_numpy()
    of_kind = [
        np.where(kind == one, found[name].to_numpy(), 0.0) for name in model.others["each"] for one in model.kind_names
    ]
    return np.column_stack([*of_kind, *(found[name].to_numpy() for name in model.others["all"])])


def _logistic(design: Floats, truth: Floats, shrinkage: float) -> Floats:
    """Weights and, last, the intercept of a logistic regression with a ridge on the weights; by Newton's method."""
    x = np.column_stack([design, np.ones(len(design))])
    ridge = np.append(np.full(design.shape[1], shrinkage), 0.0)
    w = np.zeros(x.shape[1])
    w[-1] = np.log(truth.mean() / (1 - truth.mean()))

    def loss(w: Floats) -> float:
        z = x @ w
        return float(np.sum(np.logaddexp(0, z) - truth * z) + np.sum(ridge * w * w) / 2)

    last = loss(w)
    for _ in range(100):
        p = 1 / (1 + np.exp(-(x @ w)))
        slope = x.T @ (p - truth) + ridge * w
        step = np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x + np.diag(ridge + 1e-9), slope)
        size = 1.0
        while loss(w - size * step) > last and size > 1e-6:
            size /= 2
        w = w - size * step
        before, last = last, loss(w)
        if before - last < 1e-6:
            break
    return w


def _write(model: Weights, first: Floats, second: Floats) -> None:
    """Put the numbers into `weights.yml`, in the order in which they stand, and leave all its words.

    `first` has those of the comparisons and of `chance`, `second` those of `others`; the last of each is its constant.
    """
    prior, constant = first[-1] / np.log(2), second[-1] / np.log(2)
    numbers = iter(first[:-1] / np.log(2))
    told: list[float] = []
    for levels in model.comparisons.values():
        taken: set[float] = set()
        for one in levels:
            for bits in one["bits"].values() if isinstance(one["bits"], dict) else [one["bits"]]:
                value = round(next(numbers), 3)
                value = round(float(bits), 3) if one.get("judged") else value
                while value in taken:  # a thousandth more tells it from its equal
                    value = round(value + 0.001, 3)
                taken.add(value)
                told.append(value)
    told += [next(numbers) * np.log(2) for _ in range(len(model.chance["each"]) * len(model.kinds))]
    told += [prior, *(next(numbers) * np.log(2) for _ in range(3))]
    numbers = iter(second[:-1])
    for name in model.others["each"]:
        told += [next(numbers) + (constant if name == "intercept" else 0.0) for _ in model.kinds]
    told += [next(numbers) for _ in model.others["all"]]
    left = iter(told)
    text = WEIGHTS.read_text(encoding="utf-8")
    text = re.sub(r"(?<=: )-?\d+\.\d{3}(?=[,}\s])", lambda _: f"{next(left):.3f}", text)
    if next(left, None) is not None:
        raise ValueError("weights.yml has fewer numbers than were fitted")
    WEIGHTS.write_text(text, encoding="utf-8")


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
    parser.add_argument("--bounds", action="store_true", help="precision and recall by bound, on the same worlds")
    parser.add_argument("--lines", type=int, help="measure one world of so many seizures")
    parser.add_argument("--home", type=Path, help="measure a home whose lines are there")
    parser.add_argument("--parent", type=Path, help="folder to write below (default: the system's temporary folder)")
    arguments = parser.parse_args()
    os.environ.setdefault("FLOWS_KEY_FILE", str(PROJECT / "tests" / "simulated.key"))
    if arguments.fit:
        fit()
    elif arguments.bounds:
        for found in bounds():
            print(json.dumps(found))
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
