"""The guard: a route model whose score drops beyond its noise does not replace last night's.

Every night the route model's log-loss of each asked line of the temporal split (hard view, solo) is kept. Two nights
are compared on the lines that both asked, so that harder or easier news is not taken for a better or worse model. With
Δᵢ tonight's log-loss less last night's of line i, wᵢ its weight,

    drop = Σ w Δ / Σ w,   worse beyond noise where the 95 % interval of the drop over draws of reporters lies above 0

A fit is a function of its evidence and of the code, so what is kept of a model is its evidence: in the home under
`model/`, beside the scores by which it came in. What a night uses is named in `model_id`. So one thing follows from the
nights before: whether tonight's evidence was let in. Without a night before, or with less than thirty lines in common,
it always is.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.inferred.backtest.folds import LEAST_LABELS
from pipelines.inferred.backtest.metrics import INTERVAL, reporters_drawn
from pipelines.store import Home, write_bytes

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
EVIDENCE = "evidence.parquet"


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


def use(home: Home, model_id: str, evidence: pl.DataFrame) -> tuple[pl.DataFrame, str]:
    """The evidence that this night's model is fitted on, and the model's name.

    It is tonight's, or what is kept where tonight's scores worse beyond noise. Where no back-test was made there is
    nothing to judge by, and tonight's is used and not kept. What was kept with other columns, or for another kind of
    model, gives way: it would be fitted with tonight's code and bear a name that it never had.
    """
    if not (home.runs / TONIGHT).exists():
        return evidence, model_id
    scores, folder = read_tonight(home), home.model
    if (folder / EVIDENCE).exists() and compare(scores, pl.read_parquet(folder / SCORES)).is_worse:
        kept = pl.read_parquet(folder / EVIDENCE)
        kept_id = str(json.loads((folder / NOTE).read_text(encoding="utf-8"))["model_id"])
        if kept.schema == evidence.schema and _kind(kept_id) == _kind(model_id):
            return kept, kept_id
    fresh = home.scratch / f"model.{os.getpid()}"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    evidence.write_parquet(fresh / EVIDENCE)
    scores.write_parquet(fresh / SCORES)
    write_bytes(fresh / NOTE, json.dumps({"model_id": model_id}).encode())
    shutil.rmtree(folder, ignore_errors=True)  # a kill between these two lines leaves none: tonight's is then let in
    os.replace(fresh, folder)
    return evidence, model_id


def _kind(model_id: str) -> str:
    """The name of the model without the digest of its evidence."""
    return model_id.rpartition("-")[0]
