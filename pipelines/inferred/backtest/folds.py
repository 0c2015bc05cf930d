"""Which evidence a model learns from, which it is asked about, and what of that it is shown.

- **temporal**: train on the years before the cut, ask about the cut and later; evidence without a year is in neither.
- **loco** (leave countries out): reporters are dealt into folds by a hash; each fold asks about its reporters and
  trains on all others.

There is no random split: near-duplicates and a reporter's habits make it look far easier than the work is. Variant
`solo` hides origin, departure and destination; `given` hides the asked one alone. What follows from a hidden place is
hidden with it: whether the route crosses a border is then what the direction and the places that are still shown say,
and the contradiction between places is not shown. A transit place is evidence in both, as it is in a report: too few
name one to ask for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from pipelines.inferred.model.pooling import ROLES

LOCO_FOLDS = 5
LEAST_LABELS = 30
"""Lines with a foreign place below which nothing is said of a cell, and a year is no test year."""
LABELLED = pl.any_horizontal(pl.col(role).is_not_null() for role in ROLES) & (pl.col("n_lines") > 0)
CROSSES = ("inbound", "outbound", "transit", "international_waters")


@dataclass(frozen=True)
class Fold:
    """One way to part the evidence: rows to learn from, and rows that are held out, with all their places."""

    split: str
    number: int
    train: pl.DataFrame
    held_out: pl.DataFrame

    @cached_property
    def test(self) -> pl.DataFrame:
        """Rows that a place is known of."""
        return self.held_out.filter(LABELLED)


def cut_year(evidence: pl.DataFrame) -> int | None:
    """The latest year in which each role has enough lines with a foreign place; else the latest with enough in any.

    None where there is no such year, or none before it to learn from.
    """
    per_year = (
        evidence.filter(pl.col("year").is_not_null())
        .group_by("year")
        .agg(_foreign(role).cast(pl.Float64).alias(role) for role in ROLES)
        .sort("year")
    )
    for enough in (pl.min_horizontal(ROLES), pl.max_horizontal(ROLES)):
        years = per_year.filter(enough >= LEAST_LABELS)["year"].to_list()
        if years and years[-1] > per_year["year"][0]:
            return int(years[-1])
    return None


def _foreign(role: str) -> pl.Expr:
    return pl.col("n_lines").filter(pl.col(role) != pl.col("reporter")).sum()


def folds(evidence: pl.DataFrame, *, loco: int = LOCO_FOLDS) -> Iterator[Fold]:
    """The temporal fold, if there is a year to test on, and the first `loco` of the folds of reporters.

    Evidence that no place is known of is no place to ask for, but it stays in what is learnt from, and may be asked
    whether it crossed a border (`scope`).
    """
    cut = cut_year(evidence)
    if cut is not None:
        yield Fold("temporal", 0, evidence.filter(pl.col("year") < cut), evidence.filter(pl.col("year") >= cut))
    fold_of = reporter_folds(evidence["reporter"].unique().to_list())
    fold = pl.col("reporter").replace_strict(fold_of, return_dtype=pl.Int64)
    for number in range(min(loco, LOCO_FOLDS) if len(fold_of) > 1 else 0):
        parted = Fold("loco", number, evidence.filter(fold != number), evidence.filter(fold == number))
        if not parted.test.is_empty() and not parted.train.is_empty():
            yield parted


def reporter_folds(reporters: list[str]) -> dict[str, int]:
    """Fold of each reporter: dealt in the order of a hash, so that folds have the same number of reporters."""
    dealt = sorted(reporters, key=lambda name: hashlib.sha256(f"backtest|{name}".encode()).hexdigest())
    return {name: number % LOCO_FOLDS for number, name in enumerate(dealt)}


def hide(evidence: pl.DataFrame, hidden: tuple[str, ...]) -> pl.DataFrame:
    """The same rows with places hidden, and with them what follows from them."""
    shown = evidence.with_columns(pl.lit(None, pl.String).alias(role) for role in hidden)
    return shown.with_columns(crosses(), pl.lit(None, pl.String).alias("contradiction"))


def crosses() -> pl.Expr:
    """`cross_border` by the places that are shown and the direction, as `evidence.sql` says it of a whole report."""
    route = ("departure", "transit", "destination")
    direction = pl.col("direction")
    abroad = pl.any_horizontal((pl.col(role) != pl.col("reporter")).fill_null(False) for role in route)
    at_home = ((pl.col("departure") == pl.col("reporter")) & (pl.col("destination") == pl.col("reporter"))).fill_null(
        False
    )
    return (
        pl.when(abroad | direction.is_in(CROSSES).fill_null(False))
        .then(pl.lit("yes"))
        .when((direction == "domestic").fill_null(False) | at_home)
        .then(pl.lit("no"))
        .otherwise(pl.lit("unknown"))
        .alias("cross_border")
    )
