"""The product's own route model as a forecaster: what it would have said, had it learnt from the train rows alone."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from pipelines.inferred.backtest.areas import Areas
from pipelines.inferred.backtest.baselines import Forecaster
from pipelines.inferred.backtest.metrics import Floats
from pipelines.inferred.backtest.scores import SET_MASS_KEY, SET_VIEWS
from pipelines.inferred.model.model import fit


def route_model(train: pl.DataFrame, areas: Areas) -> Forecaster:
    """Learn from the train rows: `prob_label`, shape (asked rows, places), and the levels of the 90 % sets."""
    model = fit(train, areas.geography)

    def forecast(asked: pl.DataFrame) -> Mapping[str, Floats]:
        found = {role: answers.each for role, answers in model.score(model.ask(asked)).items()}
        for role, calibration in model.calibrations.items():
            for view in SET_VIEWS:
                found[SET_MASS_KEY.format(role=role, view=view)] = calibration.level(asked, abroad=view == "hard")
        return found

    return forecast
