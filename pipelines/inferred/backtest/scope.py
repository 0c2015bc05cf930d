"""The chance of cross-border traffic (`inferred.seizure_scope`) among what is asked: did the line cross a border?

Asked are held-out lines of forms that ask. Yes is an explicit yes; no is an explicit no or silence, as it is where the
chance is learnt (`pipelines/inferred/scope.py`). A forecast is shown the columns of `SEEN` and nothing that a report
says of the route: neither places nor direction, which are the answer, nor what follows from them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from pipelines.inferred.backoff import fit as fit_counts
from pipelines.inferred.backtest.folds import Fold
from pipelines.inferred.backtest.metrics import Floats, yes_or_no
from pipelines.inferred.backtest.scores import Rows
from pipelines.inferred.scope import SEEN, YES_OR_NO, answered, fit_scope

ROLE, VIEW = "seizure", "scope"
"""It is the seizure itself that is asked about, not a place on its way."""
OURS = "scope_model"
ScopeForecaster = Callable[[pl.DataFrame], Floats]
"""From rows with the columns of `SEEN` to the chance of each, shape (rows,)."""


def scope_model(train: pl.DataFrame) -> ScopeForecaster:
    """The product's own."""
    return fit_scope(train).predict


def size_shares(train: pl.DataFrame) -> ScopeForecaster:
    """The share of yes among all lines of the tier of the amount."""
    counts = fit_counts(answered(train), ((), ("size_class",)), YES_OR_NO)
    return lambda asked: counts.predict(asked)[:, 1]


METHODS: Mapping[str, Callable[[pl.DataFrame], ScopeForecaster]] = {OURS: scope_model, "size_shares": size_shares}


def answer_scope(fold: Fold) -> dict[tuple[str, str], Rows]:
    """Let every method learn from a fold and answer it; nothing where no held-out form asks."""
    asked = answered(fold.held_out)
    if asked.is_empty():
        return {}
    weight, yes = asked["n"].cast(pl.Float64), (asked["outcome"] == "yes")
    facts = asked.select("evidence_id", "reporter", "commodity_group", "year", "size_class").with_columns(
        weight=weight, label=-1, **dict.fromkeys(("is_home", "is_hard", "is_novel"), pl.lit(False))
    )
    figures = {
        name: pl.DataFrame(yes_or_no(learn(fold.train)(asked.select(SEEN)), yes.to_numpy()))
        for name, learn in METHODS.items()
    }
    return {("solo", ROLE): Rows(facts, {VIEW: figures}, pl.DataFrame(), pl.DataFrame())}
