"""Hierarchical back-off counts: shares of outcomes, smoothed from coarse groups of contexts to fine ones.

Here they say how probably a silent line crossed a border (`scope`).

For a context, and levels ℓ = 1 … L from the coarsest to the finest grouping of contexts,

    p_0(x) = 1 / |X|
    p_ℓ(x) = (c_ℓ(x) + α p_{ℓ−1}(x)) / (n_ℓ + α)

where c_ℓ(x) counts the labelled lines of outcome x in the context's group at level ℓ, and n_ℓ is their sum
(Dirichlet smoothing toward the coarser level; MacKay & Peto 1995, doi 10.1017/S1351324900000218). α is one number for
all levels, chosen on a fixed grid by the leave-one-out log-likelihood of the labelled lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

ALPHAS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
Level = tuple[str, ...]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class BackOff:
    """Fitted counts. `predict` gives p_L for contexts."""

    levels: Sequence[Level]
    outcomes: Sequence[str]
    alpha: float
    labelled: pl.DataFrame

    def predict(self, contexts: pl.DataFrame, start: Floats | None = None) -> Floats:
        """Probabilities, shape (contexts, outcomes); every row sums to 1. Unseen contexts fall back to coarser ones.

        `start` is p_0 where it is not uniform, in the same shape.
        """
        uniform = np.full((contexts.height, len(self.outcomes)), 1.0 / len(self.outcomes))
        probabilities = uniform if start is None else start
        for level in self.levels:
            counts = _counts(self.labelled, level, self.outcomes, contexts)
            total = counts.sum(axis=1, keepdims=True)
            probabilities = (counts + self.alpha * probabilities) / (total + self.alpha)
        return probabilities


def fit(labelled: pl.DataFrame, levels: Sequence[Level], outcomes: Sequence[str]) -> BackOff:
    """Fit the counts.

    `labelled` has the columns that the levels name, `outcome`, and `n` (weight of the labelled lines). Rows are summed
    in sorted order, so their order changes nothing. Without any labelled line every prediction is uniform.
    """
    keys = sorted({name for level in levels for name in level})
    table = (
        labelled.filter(pl.col("outcome").is_in(list(outcomes)) & (pl.col("n") > 0))
        .group_by(*keys, "outcome")
        .agg(pl.col("n").sum())
        .sort(*keys, "outcome", nulls_last=True)
    )
    if table.is_empty():
        return BackOff(levels, outcomes, ALPHAS[0], table)
    scores = [_leave_one_out(table, levels, len(outcomes), alpha) for alpha in ALPHAS]
    return BackOff(levels, outcomes, ALPHAS[int(np.argmax(scores))], table)


def _leave_one_out(table: pl.DataFrame, levels: Sequence[Level], n_outcomes: int, alpha: float) -> float:
    """Σ n · log p_L of each labelled line when its own count is taken out of every level."""
    weight = table["n"].cast(pl.Float64).to_numpy()
    own = np.minimum(weight, 1.0)
    probability = np.full(table.height, 1.0 / n_outcomes)
    for level in levels:
        here = table.with_columns(
            total=pl.col("n").sum().over(list(level)) if level else pl.col("n").sum(),
            same=pl.col("n").sum().over([*level, "outcome"]),
        )
        total = here["total"].cast(pl.Float64).to_numpy() - own
        same = here["same"].cast(pl.Float64).to_numpy() - own
        probability = (same + alpha * probability) / (total + alpha)
    return float(np.sum(weight * np.log(probability)))


def _counts(labelled: pl.DataFrame, level: Level, outcomes: Sequence[str], contexts: pl.DataFrame) -> Floats:
    """Labelled lines by outcome in each context's group at one level, shape (contexts, outcomes)."""
    position = {outcome: at for at, outcome in enumerate(outcomes)}
    if level:
        groups = contexts.select(level).unique(maintain_order=True).with_row_index("_row")
        joined = labelled.join(groups, on=list(level), how="inner", nulls_equal=True, maintain_order="left")
        of_context = contexts.select(level).join(
            groups, on=list(level), how="left", nulls_equal=True, maintain_order="left"
        )
        rows = of_context["_row"].to_numpy()
    else:
        groups = pl.DataFrame({"_row": [0]})
        joined = labelled.with_columns(_row=pl.lit(0))
        rows = np.zeros(contexts.height, dtype=np.int64)
    matrix = np.zeros((groups.height, len(outcomes)))
    columns = joined["outcome"].replace_strict(position, return_dtype=pl.Int64).to_numpy()
    np.add.at(matrix, (joined["_row"].to_numpy(), columns), joined["n"].cast(pl.Float64).to_numpy())
    counted: Floats = matrix[rows]
    return counted
