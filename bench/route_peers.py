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
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import polars as pl

from illicit_flows.backtest import COLUMNS, summary
from pipelines.inferred.backtest.areas import Areas, read_areas
from pipelines.inferred.backtest.baselines import Forecaster
from pipelines.inferred.backtest.folds import hide
from pipelines.inferred.backtest.make import BACKTEST_INPUTS, METHODS, Effort, backtest
from pipelines.inferred.backtest.metrics import Floats, Ints
from pipelines.inferred.model.pooling import ROLES
from pipelines.inferred.scope import read_asked
from pipelines.store import Home, connect
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
LEAST = 1e-6


def main() -> int:
    """Score, and print a table or JSON. Returns 2 where LightGBM is not installed."""
    arguments = _arguments()
    if importlib.util.find_spec("lightgbm") is None:
        print("LightGBM is not installed, and it is no dependency of the project: install it into an", file=sys.stderr)
        print("environment of your own that has the project's, and start this with its Python.", file=sys.stderr)
        return 2
    con = connect(Home.at(arguments.home), registry(), BACKTEST_INPUTS)
    evidence = read_asked(con)
    learners = {**METHODS, "lightgbm": lightgbm}
    effort = Effort(loco=arguments.loco, draws=1000)
    scored = backtest(evidence, read_areas(con), learners, effort, lambda words: print(words, file=sys.stderr))
    if arguments.json:
        print(json.dumps(scored.figures.to_dicts(), indent=1))
        return 0
    print("\t".join(COLUMNS))
    for record in summary(scored.figures.to_dicts()):
        print("\t".join(str(record.get(name, "")) for name in COLUMNS))
    return 0


def lightgbm(train: pl.DataFrame, areas: Areas) -> Forecaster:
    """Gradient-boosted trees in two parts: is it the reporter itself, and which place abroad; one class a place."""
    learnt = {role: _learn(train, role, areas) for role in ROLES}
    return lambda test: {role: forecast(test) for role, forecast in learnt.items()}


def _learn(train: pl.DataFrame, role: str, areas: Areas) -> Callable[[pl.DataFrame], Floats]:
    started = time.monotonic()
    labelled = train.filter(pl.col(role).is_in(list(areas.places)) & (pl.col("n_lines") > 0)).sort("evidence_id")
    # each label twice: as it is asked with everything hidden, and with the other places shown
    learnt = pl.concat([hide(labelled, ROLES), hide(labelled, (role,))])
    label = np.tile(areas.codes(labelled[role]), 2)
    weight = np.tile(labelled["n_lines"].cast(pl.Float64).to_numpy() / 2, 2)
    columns = [*FEATURES, *(other for other in ROLES if other != role)]
    levels = {name: sorted(learnt[name].drop_nulls().unique().to_list()) for name in columns}
    x = _coded(learnt, levels)
    is_home = label == areas.codes(learnt["reporter"])
    classes, coded = np.unique(label[~is_home], return_inverse=True)
    home = _trees(x, is_home.astype(int), weight, 2)
    abroad = _trees(x[~is_home], coded, weight[~is_home], len(classes))
    print(f"lightgbm, {role}: {len(classes)} classes, {time.monotonic() - started:.0f} s", file=sys.stderr)

    def forecast(test: pl.DataFrame) -> Floats:
        asked, reporter = _coded(test, levels), areas.codes(test["reporter"])
        at_home = np.clip(home(asked)[:, 1], LEAST, 1 - LEAST)
        p = np.full((test.height, len(areas.places)), LEAST)
        p[:, classes] += abroad(asked)
        known = np.flatnonzero(reporter >= 0)
        p[known, reporter[known]] = 0.0
        p *= (1 - at_home)[:, None] / p.sum(axis=1, keepdims=True)
        p[known, reporter[known]] = at_home[known]
        return p / p.sum(axis=1, keepdims=True)

    return forecast


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


def _trees(x: Floats, label: Ints, weight: Floats, classes: int) -> Callable[[Floats], Floats]:
    """Fitted trees: from rows to class probabilities, shape (rows, classes)."""
    import lightgbm as lgb

    if len(np.unique(label)) < 2:
        only = np.eye(max(classes, 1))[int(label[0]) if len(label) else 0][:classes]
        return lambda asked: np.tile(only, (len(asked), 1))
    data = lgb.Dataset(x, label, weight=weight, categorical_feature=list(range(x.shape[1])), free_raw_data=True)
    booster = lgb.train({**SETTINGS, "objective": "multiclass", "num_class": classes}, data, num_boost_round=ROUNDS)
    return lambda asked: np.asarray(booster.predict(asked), dtype=float).reshape(len(asked), classes)


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
