"""Reliability curves: what came true of what the route model said with each probability (`inferred.reliability`).

Rows fall into 15 bins by their stated probability, as in the calibration error (`metrics`). Of a bin with weights w,
probabilities q and outcomes y ∈ {0, 1}:

    q̄ = Σ w q / Σ w,   ȳ = Σ w y / Σ w,   calibration error = Σ_bins Σw |ȳ − q̄| / Σ_all w

so the error follows from its curve. The 90 % interval of ȳ is Jeffreys' (Brown, Cai & DasGupta 2001,
doi 10.1214/ss/1009213286) of n = (Σ w)² / Σ w² draws: lines of one row are one answer. It says what chance does with
independent rows, as the calibration error by chance does; a reporter's rows are not, and by that it is too narrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl
from scipy.special import betaincinv

from pipelines.inferred.backtest.folds import LEAST_LABELS
from pipelines.inferred.backtest.metrics import BINS, STATED, Floats, bin_of
from pipelines.inferred.backtest.scores import Rows

INTERVAL = (0.05, 0.95)


def reliability(rows: Rows, methods: Sequence[str]) -> Iterable[dict[str, object]]:
    """Every curve of one split, variant and role, as columns of `inferred.reliability`; of few labels there is none."""
    for view, of_methods in rows.figures.items():
        weight = (rows.facts.filter("is_hard") if view == "hard" else rows.facts)["weight"].to_numpy()
        for method in methods:
            if method not in of_methods or int(weight.sum()) < LEAST_LABELS:
                continue
            stated, true = (of_methods[method][name].to_numpy() for name in STATED)
            for point in curve(stated, true, weight).to_dicts():
                yield {"view": view, "average": "line", "method": method} | point


def curve(stated: Floats, true: Floats, weight: Floats) -> pl.DataFrame:
    """One row for each bin that holds any weight, with q̄, ȳ, its interval and Σ w; arrays have shape (rows,)."""
    which = bin_of(stated)
    total, squares, said, came = (
        np.bincount(which, of_each, minlength=BINS) for of_each in (weight, weight**2, weight * stated, weight * true)
    )
    held = np.flatnonzero(total > 0)
    lines = total[held]
    share = came[held] / lines
    draws = lines**2 / squares[held]
    low, high = (betaincinv(draws * share + 0.5, draws * (1 - share) + 0.5, level) for level in INTERVAL)
    return pl.DataFrame(
        {
            "bin": held + 1,
            "prob_low": held / BINS,
            "prob_high": (held + 1) / BINS,
            "mean_probability": said[held] / lines,
            "share_true": share,
            "share_true_q05": np.minimum(np.where(share <= 0, 0.0, low), share),
            "share_true_q95": np.maximum(np.where(share >= 1, 1.0, high), share),
            "n_lines": lines,
        }
    )
