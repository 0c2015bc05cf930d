"""The product's own route model as a forecaster: what it would have said, had it learnt from the train rows alone."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from pipelines.inferred.backoff import fit
from pipelines.inferred.backtest.areas import Areas
from pipelines.inferred.backtest.baselines import Forecaster, Learner
from pipelines.inferred.backtest.folds import ROLES
from pipelines.inferred.backtest.metrics import Floats
from pipelines.inferred.posterior import CONTEXT, LEVELS, MODEL_ID
from pipelines.store import Connection

__all__ = ["MODEL_ID", "route_model"]


def route_model(con: Connection) -> Learner:  # noqa: ARG001 - a model that reads reference tables takes them from here
    """The product's model: `prob_label` of every place."""
    return _learn


def _learn(train: pl.DataFrame, areas: Areas) -> Forecaster:
    fitted = {}
    for role in ROLES:
        labelled = train.filter(pl.col(role).is_not_null()).with_columns(
            pl.col(role).alias("outcome"), pl.col("n_lines").alias("n")
        )
        fitted[role] = fit(labelled, LEVELS, list(areas.places))

    def forecast(test: pl.DataFrame) -> Mapping[str, Floats]:
        contexts = test.select(CONTEXT).unique().sort(CONTEXT, nulls_last=True).with_row_index("context")
        of_row = test.join(contexts, on=CONTEXT, how="left", nulls_equal=True, maintain_order="left")  # n:1
        return {role: model.predict(contexts)[of_row["context"].to_numpy()] for role, model in fitted.items()}

    return forecast
