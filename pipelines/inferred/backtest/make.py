"""Writes `inferred.backtest`, the route model beside its baselines on reports whose places were hidden, and
`inferred.reliability`, how often what it said came true.

The nightly table holds the temporal split and some folds of reporters, so that it costs about a minute;
`flows backtest` scores them all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl
from threadpoolctl import threadpool_limits

from pipelines.inferred.backtest import scope
from pipelines.inferred.backtest.areas import Areas, read_areas
from pipelines.inferred.backtest.baselines import Learner, gravity, mention_counts
from pipelines.inferred.backtest.folds import LOCO_FOLDS, folds
from pipelines.inferred.backtest.guard import BY_LINE, write_tonight
from pipelines.inferred.backtest.methods import route_model
from pipelines.inferred.backtest.reliability import reliability
from pipelines.inferred.backtest.scope import answer_scope
from pipelines.inferred.backtest.scores import Rows, answer, figures, pooled
from pipelines.inferred.model.model import MODEL
from pipelines.inferred.model.pooling import ROLES
from pipelines.inferred.scope import SCOPE_INPUTS, SCOPE_MODEL, read_asked
from pipelines.store import Home, connect, write_frame
from schemas.registry import Registry
from schemas.render import polars_schema

BACKTEST_INPUTS = (*SCOPE_INPUTS, "reference.areas", "reference.area_pairs")
OURS = "route_model"
METHODS: Mapping[str, Learner] = {OURS: route_model, "mention_counts": mention_counts, "gravity": gravity}
"""The product's model and its baselines."""
NIGHTLY_FOLDS = 1


@dataclass(frozen=True)
class Effort:
    """How much is scored: folds of reporters, and draws of reporters for the intervals."""

    loco: int
    draws: int


NIGHTLY = Effort(loco=NIGHTLY_FOLDS, draws=200)
COMPLETE = Effort(loco=LOCO_FOLDS, draws=1000)


@dataclass(frozen=True)
class Scored:
    """Every figure, the route model's reliability, and its log-loss of each line that the guard compares (`guard`)."""

    figures: pl.DataFrame
    curves: pl.DataFrame
    by_line: pl.DataFrame


def make_backtest(home: Home, registry: Registry) -> dict[str, int]:
    """Write `inferred.backtest`, `inferred.reliability` and tonight's scores by line; returns the numbers of rows.

    The tables have none where there are too few labels to test anything.
    """
    con = connect(home, registry, BACKTEST_INPUTS)
    scored = backtest(read_asked(con), read_areas(con), METHODS, NIGHTLY)
    write_tonight(home, scored.by_line)
    tables = {"inferred.backtest": scored.figures, "inferred.reliability": scored.curves}
    return {
        name: write_frame(con, home, registry, name, shaped(name, table, registry)) for name, table in tables.items()
    }


def shaped(name: str, table: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    """In the contract's types."""
    schema = polars_schema(registry, registry.tables[name])
    return table.select(pl.col(name).cast(kind) for name, kind in schema.items())


def backtest(
    evidence: pl.DataFrame,
    areas: Areas,
    learners: Mapping[str, Learner],
    effort: Effort,
    tell: Callable[[str], None] = lambda _: None,
) -> Scored:
    """Score all methods; `tell` hears what takes how long. The order of the evidence changes nothing.

    `evidence` has the columns of `scope.read_asked`.
    """
    known = evidence.filter(pl.col("reporter").is_in(list(areas.places)))  # of former states nothing is forecast
    by_split: dict[str, list[dict[tuple[str, str], Rows]]] = {}
    with threadpool_limits(1):
        for fold in folds(known.sort("evidence_id"), loco=effort.loco):
            started = time.monotonic()
            places = answer(fold, learners, areas)
            told = f"{fold.split} {fold.number}: {fold.test.height} asked, {time.monotonic() - started:.1f} s"
            by_split.setdefault(fold.split, []).append({**places, **answer_scope(fold)})
            tell(f"{told}; with scope {time.monotonic() - started:.1f} s")
        made, curves = [], []
        for split, of_folds in by_split.items():
            for variant, role in sorted({key for rows in of_folds for key in rows}):
                made_by = SCOPE_MODEL if role == scope.ROLE else MODEL
                which = {"split": split, "variant": variant, "role": role, "model_id": made_by}
                asked = pooled([rows[variant, role] for rows in of_folds if (variant, role) in rows])
                made += [which | figure for figure in figures(asked, areas, effort.draws)]
                curves += [which | point for point in reliability(asked, (OURS, scope.OURS))]
    return Scored(
        pl.DataFrame(made, schema=COLUMNS),
        pl.DataFrame(curves, schema=CURVES),
        _by_line(by_split.get("temporal", [])),
    )


def _by_line(temporal: list[dict[tuple[str, str], Rows]]) -> pl.DataFrame:
    """The route model's log-loss of every line abroad of the temporal split, with all places hidden."""
    made = [pl.DataFrame(schema=BY_LINE)]
    for fold in temporal:
        for rows, role in ((fold.get(("solo", role)), role) for role in ROLES):
            if rows is None:
                continue
            loss = rows.figures["hard"][OURS]["log_loss"] if OURS in rows.figures["hard"] else None
            if loss is not None:
                hard = rows.facts.filter("is_hard").with_columns(loss, role=pl.lit(role))
                made.append(hard.select(*BY_LINE))
    return pl.concat(made)


COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "split": pl.String, "variant": pl.String, "role": pl.String, "view": pl.String, "slice": pl.String,
    "average": pl.String, "method": pl.String, "metric": pl.String, "score": pl.Float64, "score_low": pl.Float64,
    "score_high": pl.Float64, "by_chance": pl.Float64, "n_labels": pl.Int64, "n_reporters": pl.Int64,
    "test_state": pl.String, "model_id": pl.String,
}  # fmt: skip
CURVES: dict[str, pl.DataType | type[pl.DataType]] = {
    **dict.fromkeys(("split", "variant", "role", "view", "average", "method", "model_id"), pl.String), "bin": pl.Int64,
    **dict.fromkeys(
        ("prob_low", "prob_high", "mean_probability", "share_true", "share_true_q05", "share_true_q95", "n_lines"),
        pl.Float64,
    ),
}  # fmt: skip
