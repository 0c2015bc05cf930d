"""The route model and its baselines beside LightGBM, on the evidence of a home and by the product's own back-test.

Belongs here: a peer that is no part of the product. Does not belong here: folds, metrics and baselines
(`pipelines/inferred/backtest`). What is measured and how: `bench/README.md`.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from illicit_flows.backtest import COLUMNS, summary
from pipelines.inferred.backtest.areas import Areas, read_areas
from pipelines.inferred.backtest.folds import ROLES, hide
from pipelines.inferred.backtest.make import BACKTEST_INPUTS, METHODS, Effort, backtest
from pipelines.inferred.backtest.metrics import Floats
from pipelines.store import Home, connect, frame
from schemas.registry import registry

FEATURES = (
    "reporter", "subregion", "commodity", "commodity_group", "commodity_family", "size_class", "mode_class",
    "concealment", "facility", "border_class", "direction", "transit", "cross_border",
)  # fmt: skip
ROUNDS = 45
SETTINGS = {
    "learning_rate": 0.1, "num_leaves": 31, "min_data_in_leaf": 20, "feature_fraction": 0.8, "lambda_l2": 1.0,
    "cat_smooth": 10, "max_bin": 255, "num_threads": 2, "deterministic": True, "seed": 1, "verbosity": -1,
}  # fmt: skip
LEAST_HOME = 1e-6


def main() -> int:
    """Score, and print a table or JSON. Returns 2 where LightGBM is not installed."""
    arguments = _arguments()
    if importlib.util.find_spec("lightgbm") is None:
        print("LightGBM is not installed, and it is no dependency of the project: install it into an", file=sys.stderr)
        print("environment of your own that has the project's, and start this with its Python.", file=sys.stderr)
        return 2
    con = connect(Home.at(arguments.home), registry(), BACKTEST_INPUTS)
    evidence = frame(con, "SELECT * FROM inferred.evidence ORDER BY evidence_id")
    methods = {**METHODS, "lightgbm": lightgbm}
    effort = Effort(loco=arguments.loco, draws=1000)
    scored = backtest(evidence, read_areas(con), methods, effort, lambda words: print(words, file=sys.stderr))
    if arguments.json:
        print(json.dumps(scored.figures.to_dicts(), indent=1))
        return 0
    print("\t".join(COLUMNS))
    for record in summary(scored.figures.to_dicts()):
        print("\t".join(str(record.get(name, "")) for name in COLUMNS))
    return 0


def lightgbm(train: pl.DataFrame, test: pl.DataFrame, areas: Areas) -> Mapping[str, Floats]:
    """Gradient-boosted trees in two parts: is it the reporter itself, and which place abroad; one class a place."""
    return {role: _of_role(train, test, role, areas) for role in ROLES}


def _of_role(train: pl.DataFrame, test: pl.DataFrame, role: str, areas: Areas) -> Floats:
    started = time.monotonic()
    labelled = train.filter(pl.col(role).is_in(list(areas.places)) & (pl.col("n_lines") > 0)).sort("evidence_id")
    # each label twice: as it is asked with everything hidden, and with the other places shown
    learnt = pl.concat([hide(labelled, ROLES), hide(labelled, (role,))])
    label = np.tile(areas.codes(labelled[role]), 2)
    weight = np.tile(labelled["n_lines"].cast(pl.Float64).to_numpy() / 2, 2)
    columns = [*FEATURES, *(other for other in ROLES if other != role)]
    levels = {name: sorted(learnt[name].drop_nulls().unique().to_list()) for name in columns}
    x, asked = _coded(learnt, levels), _coded(test, levels)
    own, reporter = areas.codes(learnt["reporter"]), areas.codes(test["reporter"])
    at_home = np.clip(_trees(x, (label == own).astype(int), weight, asked, 2)[:, 1], LEAST_HOME, 1 - LEAST_HOME)
    away = label != own
    classes, coded = np.unique(label[away], return_inverse=True)
    p = np.full((test.height, len(areas.places)), 1e-6)
    if len(classes) > 1:
        p[:, classes] += _trees(x[away], coded, weight[away], asked, len(classes))
    known = np.flatnonzero(reporter >= 0)
    p[known, reporter[known]] = 0.0
    p *= (1 - at_home)[:, None] / p.sum(axis=1, keepdims=True)
    p[known, reporter[known]] = at_home[known]
    print(f"lightgbm, {role}: {len(classes)} classes, {time.monotonic() - started:.0f} s", file=sys.stderr)
    return p / p.sum(axis=1, keepdims=True)


def _coded(rows: pl.DataFrame, levels: Mapping[str, list[str]]) -> Floats:
    """Categories as numbers, shape (rows, columns); what was never seen is missing."""
    columns = [
        rows[name].replace_strict({level: at for at, level in enumerate(known)}, default=None, return_dtype=pl.Float64)
        if known
        else pl.Series([None] * rows.height, dtype=pl.Float64)
        for name, known in levels.items()
    ]
    coded: Floats = np.column_stack([column.fill_null(float("nan")).to_numpy() for column in columns])
    return coded


def _trees(x: Floats, label: np.ndarray, weight: Floats, asked: Floats, classes: int) -> Floats:
    """Class probabilities of the asked rows, shape (asked rows, classes)."""
    import lightgbm as lgb

    if len(np.unique(label)) < 2:
        return np.tile(np.eye(classes)[int(label[0]) if len(label) else 0], (len(asked), 1))
    data = lgb.Dataset(x, label, weight=weight, categorical_feature=list(range(x.shape[1])), free_raw_data=True)
    booster = lgb.train({**SETTINGS, "objective": "multiclass", "num_class": classes}, data, num_boost_round=ROUNDS)
    return np.asarray(booster.predict(asked), dtype=float).reshape(len(asked), classes)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The route model and its baselines beside LightGBM.")
    parser.add_argument("home", type=Path, help="a home after a run")
    parser.add_argument(
        "--loco", type=int, default=0, help="folds of reporters besides the temporal split (default: 0)"
    )
    parser.add_argument("--json", action="store_true", help="print every figure as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
