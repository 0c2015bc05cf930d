"""`flows backtest`: scores the route model on the evidence that the last run left in the home, and prints a summary.

Belongs here: what of the figures is printed. Does not belong here: how they are made (`pipelines.inferred.backtest`).
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from illicit_flows.reader import NoRelease

COLUMNS = (
    "split", "view", "variant", "role", "average", "method", "n_labels", "n_reporters", "log_loss", "interval", "top1",
    "top3", "brier", "calibration_excess", "coverage90", "set_size90",
    "variation_excess", "interval_coverage", "average_precision",
)  # fmt: skip
VIEWS = {"hard": 0, "novel": 1, "all": 2, "domestic": 3, "scope": 4, "cells": 5, "links": 6}
"""Views in the order in which they are printed."""
EXCESS = {"calibration_error": "calibration_excess", "total_variation": "variation_excess"}
"""Metrics of which what is beyond chance is printed."""
KEY = ("split", "view", "variant", "role", "average", "method")


def score(home: Path, *, nightly: bool, tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """Every figure, as a row of `inferred.backtest`. Raises `NoRelease` where no run has left any evidence."""
    from pipelines.inferred.backtest.areas import read_areas
    from pipelines.inferred.backtest.make import BACKTEST_INPUTS, COMPLETE, METHODS, NIGHTLY, backtest
    from pipelines.inferred.scope import read_asked
    from pipelines.store import Home, connect
    from schemas.registry import registry

    house = Home.at(home)
    if not house.table_file(registry().tables["inferred.evidence"]).exists():
        raise NoRelease(f"there is no evidence in {house.root}")
    started = time.monotonic()
    con = connect(house, registry(), BACKTEST_INPUTS)
    table = backtest(read_asked(con), read_areas(con), METHODS, NIGHTLY if nightly else COMPLETE, tell).figures
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    tell(f"{table.height} figures in {time.monotonic() - started:.1f} s; largest resident set {peak} MB")
    figures: list[dict[str, Any]] = table.to_dicts()
    return figures


def summary(figures: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One record for each split, view, variant, role, average and method, over all lines; slices stand in the JSON."""
    records: dict[tuple[Any, ...], dict[str, Any]] = {}
    for figure in figures:
        if figure["slice"] != "all":
            continue
        record = records.setdefault(
            tuple(figure[name] for name in KEY), {name: figure[name] for name in (*KEY, "n_labels", "n_reporters")}
        )
        if figure["test_state"] == "untested":
            record["log_loss"] = "untested here"
            continue
        value, metric = figure["score"], figure["metric"]
        if metric == "log_loss":
            record["interval"] = f"{figure['score_low']:.2f} to {figure['score_high']:.2f}"
        if metric in EXCESS:
            metric, value = EXCESS[metric], value - figure["by_chance"]
        if metric in COLUMNS:
            record[metric] = round(value, 3)
    return sorted(
        records.values(), key=lambda row: (row["split"] != "temporal", VIEWS[row["view"]], row["variant"] != "solo")
    )
