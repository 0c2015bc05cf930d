"""The guard: a route model whose score drops beyond its noise does not replace last night's.

Every night the route model's log-loss of each asked line of the temporal split (hard view, solo) is kept. Two nights
are compared on the lines that both asked, so that harder or easier news is not taken for a better or worse model. With
Δᵢ tonight's log-loss less last night's of line i, wᵢ its weight,

    drop = Σ w Δ / Σ w,   worse beyond noise where the 95 % interval of the drop over draws of reporters lies above 0

The model that may be kept lies in the home under `model/`, beside the scores by which it came in. What a night uses is
named in `model_id`. So one thing follows from the nights before: whether tonight's fit was let in. Without a night
before, or with less than thirty lines in common, it always is.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl

from pipelines.inferred.backtest.folds import LEAST_LABELS
from pipelines.inferred.backtest.metrics import INTERVAL, reporters_drawn
from pipelines.inferred.kept import load, save
from pipelines.store import Home, write_bytes

Model = TypeVar("Model")
DRAWS = 1000
LABEL = ["evidence_id", "role"]
"""What an asked line is known by from night to night."""
BY_LINE = {
    "evidence_id": pl.String, "role": pl.String, "reporter": pl.String, "weight": pl.Float64, "log_loss": pl.Float64,
}  # fmt: skip
"""Scores by line: what two nights are compared on."""
TONIGHT = "route_scores.parquet"
SCORES = "scores.parquet"
NOTE = "accepted.json"
FITTED = "fitted"
"""Folder that the model's own writer fills."""


@dataclass(frozen=True)
class Comparison:
    """Tonight's model beside last night's on the lines that both were asked."""

    labels: int
    drop: float
    """Nats by which tonight's log-loss is larger; negative where it is better."""
    low: float
    high: float

    @property
    def is_worse(self) -> bool:
        return self.labels >= LEAST_LABELS and self.low > 0


@dataclass(frozen=True)
class Used:
    """The model that a night uses."""

    model_id: str
    kept: Path | None
    """Folder of last night's fitted model, where it stays; None where tonight's is used."""


def compare(tonight: pl.DataFrame, before: pl.DataFrame) -> Comparison:
    """Compare two nights' log-losses by line; both frames have the columns of `BY_LINE`."""
    both = tonight.join(before.select(*LABEL, then="log_loss"), on=LABEL, how="inner").sort(LABEL)  # 1:1
    weight = both["weight"].to_numpy()
    labels = int(weight.sum())
    if labels == 0:
        return Comparison(0, 0.0, 0.0, 0.0)
    change = weight * (both["log_loss"] - both["then"]).to_numpy()
    _, member = np.unique(both["reporter"].to_numpy(), return_inverse=True)
    totals, sizes = np.bincount(member, change), np.bincount(member, weight)
    drawn = reporters_drawn(len(sizes), DRAWS)
    low, high = np.quantile((drawn @ totals) / (drawn @ sizes), INTERVAL)
    return Comparison(labels, float(change.sum() / weight.sum()), float(low), float(high))


def write_tonight(home: Home, scores: pl.DataFrame) -> None:
    """Keep tonight's scores by line for the step that settles which model is used; they are in no release."""
    home.runs.mkdir(parents=True, exist_ok=True)
    scores.sort(LABEL).write_parquet(home.runs / TONIGHT)


def read_tonight(home: Home) -> pl.DataFrame:
    """What `write_tonight` kept. Raises `FileNotFoundError` where there was no back-test."""
    return pl.read_parquet(home.runs / TONIGHT)


def use(home: Home, model_id: str, fitted: Model) -> tuple[Model, str]:
    """The model that this night uses, and its name: tonight's, or the kept one where tonight's is worse.

    Where no back-test was made there is nothing to judge by, and tonight's is used and not kept.
    """
    if not (home.runs / TONIGHT).exists():
        return fitted, model_id
    used = settle(home, model_id, read_tonight(home), lambda folder: save(fitted, folder))
    return (fitted if used.kept is None else load(used.kept)), used.model_id


def settle(home: Home, model_id: str, scores: pl.DataFrame, write: Callable[[Path], None]) -> Used:
    """Let tonight's model in, or keep the one before.

    `scores` are tonight's by line; `write` puts the fitted model into an empty folder. Where tonight's is worse beyond
    noise, nothing is written and the kept folder is named.
    """
    folder = home.model
    if (folder / NOTE).exists():
        note = json.loads((folder / NOTE).read_text(encoding="utf-8"))
        found = compare(scores, pl.read_parquet(folder / SCORES))
        if found.is_worse and note["model_id"] and (folder / FITTED).is_dir():
            return Used(str(note["model_id"]), folder / FITTED)
    fresh = home.scratch / f"model.{os.getpid()}"
    shutil.rmtree(fresh, ignore_errors=True)
    (fresh / FITTED).mkdir(parents=True)
    write(fresh / FITTED)
    scores.sort(LABEL).write_parquet(fresh / SCORES)
    write_bytes(fresh / NOTE, json.dumps({"model_id": model_id}).encode())
    shutil.rmtree(folder, ignore_errors=True)  # a kill between these two lines leaves none: tonight's is then let in
    os.replace(fresh, folder)
    return Used(model_id, None)
