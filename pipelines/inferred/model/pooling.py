"""How much to believe a reporter's own history, and how much everybody else's and the map's.

Each role has three log-linear parts (`likelihood`):

    home     is the place the reporter itself?              h(e)
    own      which place abroad, with effects of the reporter     q₁(k | e)
    shared   which place abroad, without them                     q₀(k | e)

    q(k | e) ∝ q₁^κ q₀^(1−κ),  then tempered: q^β;       κ = κ₁ n_R / (n_R + ν)
    P(k | e) = h(e) 1[k = R] + (1 − h(e)) ((1 − ε) q + ε q₀)

n_R is the number of lines in which R has named a place abroad in that role; ε is the escape to places that R has never
named. κ₁, ν, ε and β are set by `calibration`, on forecasts of what was held out.

A line weighs w = c n_R^(−½) 2^(−age / half-life) in each fit: a reporter's lines repeat one another (the same desk,
habits, operations), so that n lines tell as much as c √n independent ones, and a reporter with a hundred times the
lines has ten times the say. Age is counted in years from the latest year of the evidence.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields

import numpy as np
import polars as pl

from pipelines.inferred.model.geography import SHARED_FEATURES, Geography, Heard, features, hear
from pipelines.inferred.model.likelihood import ITERATIONS, Contexts, Floats, LogLinear, Term, Whole, fit, once, softmax

ROLES = ("origin", "departure", "destination")
PARTS = ("own", "shared", "home")


def _terms(**precision: float) -> tuple[Term, ...]:
    return tuple(Term(tuple(name.split("__")) if name != "all" else (), value) for name, value in precision.items())


LEVELS = _terms(
    all=0.3, commodity_group=0.33, commodity=2, subregion__commodity_group=2, concealment=3,
    size_class__commodity_group=1, commodity_group__concealment=2, mode_class__commodity_group=2, facility=2,
    direction=2,
)  # fmt: skip
SHARED_LEVELS = (*LEVELS, *_terms(subregion__direction=3, subregion__mode_class=3))
OWN_LEVELS = (
    *LEVELS,
    *_terms(
        reporter=0.7, reporter__commodity_group=1, reporter__commodity=2, reporter__mode_class=1,
        reporter__concealment=2, reporter__facility=6, reporter__size_class=2, reporter__place=2, reporter__direction=2,
        reporter__commodity_group__mode_class__concealment=2, reporter__commodity_group__place=2,
    ),
)  # fmt: skip
SLOPES = _terms(all=0.3, commodity_group=2, mode_class=6)
SHARED_SLOPES = (*SLOPES, *_terms(direction=6, facility=6, concealment=6))
"""A reporter's own ways are known by name; of one that is new, how it was caught says how far off it was sent."""
HOME_LEVELS = _terms(
    all=0.05, commodity_group=1, commodity=2, subregion=2, size_class=1, size_class__commodity_group=2, mode_class=1,
    concealment=2, facility=2, border_class=1, direction=0.3, border_class__direction=1, direction__mode_class=1,
    subregion__direction=1, reporter=0.5, reporter__commodity_group=1, reporter__direction=0.5, reporter__mode_class=1,
    reporter__size_class=1, reporter__concealment=2, reporter__facility=1, reporter__place=1,
    reporter__commodity_group__size_class=2, reporter__direction__mode_class=1,
)  # fmt: skip
SEEN = tuple(
    sorted({name for term in (*OWN_LEVELS, *SHARED_LEVELS, *HOME_LEVELS, *SHARED_SLOPES) for name in term.columns})
)
"""Columns of the evidence that the parts look at."""
OWN_WEIGHT, SHARED_WEIGHT, HOME_WEIGHT = 4.0, 1.0, 1.0
"""c: how many independent lines √n lines are worth. Set on years and reporters held out within the training years."""
HALF_LIFE_YEARS, SHARED_HALF_LIFE_YEARS = 2.0, 4.0
"""Habits of a reporter change; what holds for all of them lasts longer."""


@dataclass(frozen=True)
class Pool:
    """Numbers that `calibration` sets: κ₁, ν, ε, β of a reporter with history, β of one without."""

    own: float = 0.9
    half: float = 3.0
    escape: float = 0.05
    sharpness: float = 1.0
    sharpness_new: float = 1.0


@dataclass(frozen=True)
class Parts:
    """Forecasts before pooling, shape (contexts, places) unless said otherwise. A part that was not fitted is zero."""

    home: Floats
    """h(e), shape (contexts,)."""
    own: Floats
    """log q₁ up to a constant; the reporter itself is barred."""
    shared: Floats
    """log q₀ up to a constant."""
    history: Floats
    """n_R, shape (contexts,)."""
    reporter: Whole

    def take(self, rows: Whole) -> Parts:
        """The parts of these rows."""
        return Parts(*(getattr(self, part.name)[rows] for part in fields(self)))

    def pooled(self, pool: Pool, of_all: Floats | None = None) -> Floats:
        """P(k | e): every row sums to 1. `of_all` is the forecast with κ₁ = 0, where it is known already."""
        sharpness = np.where(self.history > 0, pool.sharpness, pool.sharpness_new)[:, None]
        of_all = self._with_home(softmax(sharpness * self.shared)) if of_all is None else of_all
        if pool.own == 0:
            return of_all
        kappa = (pool.own * self.history / (self.history + pool.half))[:, None]
        scores = kappa * self.own
        scores += (1 - kappa) * self.shared
        scores *= sharpness
        forecast = self._with_home(softmax(scores))
        forecast *= 1 - pool.escape
        forecast += pool.escape * of_all
        return forecast

    def _with_home(self, abroad: Floats) -> Floats:
        """In the memory of the forecast of the place abroad: that of every place."""
        abroad *= (1 - self.home)[:, None]
        abroad[np.arange(len(self.home)), self.reporter] = self.home
        return abroad


@dataclass(frozen=True)
class RoleModel:
    """The fitted parts of one role."""

    role: str
    at: Geography
    heard: Heard
    """What the flows of `geography.features` are counted from."""
    own: LogLinear | None
    shared: LogLinear
    home: LogLinear | None
    history: dict[str, float]

    def parts(self, contexts: Contexts) -> tuple[Parts, Whole]:
        """Forecasts for contexts whose own places in any role are not looked at, and for each context which is its.

        Contexts that are in the same groups have one forecast.
        """
        x, feature_row = features(self.heard, contexts, neighbours=self.own is not None)
        nowhere = np.empty((contexts.rows.height, 0), dtype=np.int64)
        own, shared, home = (
            nowhere if part is None else part.groups(contexts) for part in (self.own, self.shared, self.home)
        )
        first, row = once(np.column_stack([feature_row, own, shared, home]))
        at, reporters = feature_row[first], contexts.rows["reporter"][first]
        reporter = _positions(reporters, self.at)
        nothing = np.zeros((len(first), len(self.at.places)))
        parts = Parts(
            softmax(self.home.scores(home[first], at, x))[:, 1] if self.home else nothing[:, 0],
            self.own.scores(own[first], at, x, reporter) if self.own else nothing,
            self.shared.scores(shared[first], at, x[:, :, :SHARED_FEATURES], reporter),
            np.array([self.history.get(code, 0.0) for code in reporters]),
            reporter,
        )
        return parts, row


def fit_role(
    evidence: pl.DataFrame, role: str, at: Geography, only: Collection[str] = PARTS, iterations: int = ITERATIONS
) -> RoleModel:
    """Fit the three parts of one role, or `only` some, on all evidence that names a place in it.

    `evidence` has the columns of `inferred.evidence`; `n_lines` is a number. A place that is no country or territory
    of today teaches nothing about the role.
    """
    named = evidence.filter(pl.col(role).is_in(at.places) & (pl.col("n_lines") > 0)).with_columns(
        label=pl.col(role).replace_strict(at.position, default=None, return_dtype=pl.Int64)
    )
    abroad = named.filter(pl.col(role) != pl.col("reporter"))
    heard = hear(evidence, role, at)
    x, row = features(heard, Contexts(abroad), neighbours="own" in only)
    framed = abroad.with_columns(pl.Series("feature_row", row), pl.Series("barred", _positions(abroad["reporter"], at)))
    latest = evidence["year"].max()
    n_places = len(at.places)
    at_home = named.select(
        pl.all().exclude("label"),
        label=(pl.col(role) == pl.col("reporter")).cast(pl.Int64),
        feature_row=pl.lit(0, dtype=pl.Int64),
        barred=pl.lit(-1, dtype=pl.Int64),
    )
    history = abroad.group_by("reporter").agg(pl.col("n_lines").sum())
    return RoleModel(
        role,
        at,
        heard,
        fit(_weighted(framed, OWN_WEIGHT, HALF_LIFE_YEARS, latest), n_places, OWN_LEVELS, SLOPES, x, iterations)
        if "own" in only
        else None,
        fit(
            _weighted(framed, SHARED_WEIGHT, SHARED_HALF_LIFE_YEARS, latest),
            n_places,
            SHARED_LEVELS,
            SHARED_SLOPES,
            x[:, :, :SHARED_FEATURES],
            iterations,
        ),
        fit(_weighted(at_home, HOME_WEIGHT, HALF_LIFE_YEARS, latest), 2, HOME_LEVELS, iterations=iterations)
        if "home" in only
        else None,
        dict(history.sort("reporter").iter_rows()),
    )


def _weighted(labelled: pl.DataFrame, worth: float, half_life_years: float, latest: object) -> pl.DataFrame:
    """w = c n_R^(−½) 2^(−age / half-life), times the lines."""
    age = (pl.lit(latest, dtype=pl.Int64) - pl.col("year")).cast(pl.Float64)
    total = pl.col("n_lines").sum().over("reporter")
    return labelled.with_columns(weight=worth * pl.col("n_lines") * total**-0.5 * 0.5 ** (age / half_life_years))


def _positions(reporters: pl.Series, at: Geography) -> Whole:
    found: Whole = reporters.replace_strict(at.position, return_dtype=pl.Int64).to_numpy()
    return found
