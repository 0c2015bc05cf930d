"""The product's own route model as a forecaster: what it would have said, had it learnt from the train rows alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from pipelines.inferred.backtest.areas import Areas
from pipelines.inferred.backtest.baselines import Forecaster
from pipelines.inferred.backtest.metrics import Floats
from pipelines.inferred.backtest.scores import SET_MASS_KEY
from pipelines.inferred.model.model import fit
from pipelines.inferred.model.pooling import ROLES


def route_model(train: pl.DataFrame, areas: Areas) -> Forecaster:
    """Learn from the train rows: `prob_label`, shape (asked rows, places), and the levels of the 90 % sets."""
    model = fit(train, areas.geography)

    def forecast(asked: pl.DataFrame) -> Mapping[str, Floats]:
        classes = asked.select("commodity_family", pl.col("subregion").fill_null("-")).rows()
        found = dict(model.score(asked))
        for role in ROLES:
            level = model.calibrations[role].level
            found[SET_MASS_KEY.format(role=role)] = np.array([level(*one) for one in classes])
        return found

    return forecast
