"""Numbers that are learnt from forecasts of what was held out: the pool, sharpness, and how wide a 90 % set is.

Held out are, each once: the latest year with labels (forecast from the years before), and every half of the reporters
(forecast from the other half); so the shift between what is known and what is asked is the one that the
forecasts will meet, in time and in place. For each role:

- the pool (`pooling.Pool`), pulled to where it starts by what 60 independent lines would say, minimises the log-loss of
  the place abroad, half averaged over lines and half over reporters: κ₁, ν, ε, β on the held-out year, β for a
  reporter without history on the held-out reporters (Nelder–Mead from a fixed start);
- a 90 % set holds the likeliest places until the mass before the next reaches the level ρ; ρ is the (n + 1) 0.9-th
  smallest mass before the true place among n held-out lines (split conformal: Vovk et al. 2005; Mondrian classes by
  commodity family and region where a class has 30 lines, else all together). The reporter itself is a place as any
  other; sets of the place abroad, of lines that are known to come from or go abroad, have levels of their own.

Temperatures do not change the order of places; sets do not change probabilities.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from hashlib import sha256

import numpy as np
import polars as pl
from scipy.optimize import minimize

from pipelines.inferred.model.geography import Geography
from pipelines.inferred.model.likelihood import FEW_ITERATIONS, Contexts, Floats, Whole
from pipelines.inferred.model.pooling import PARTS, Parts, Pool, fit_role

FOLDS = 2
LEAST_LABELS = 30
"""Fewer labels than this set nothing: the numbers of `Pool` and ρ = 0.9 stand."""
LEVEL = 0.9
SMOOTH = 1e-3
LEAST_LINES = 5
"""A reporter with fewer held-out lines does not count in the average over reporters."""
ALL, NO_REGION = "all", "-"
Levels = Mapping[tuple[str, str], float]
LINES = 60
"""How many independent lines a held-out set is taken for: a year's lines come from a few dozen reporters."""
TEMPER = 0.15
"""Prior standard deviation of log β; those of the other numbers, on their unbounded scale, are 1."""
STEP = 0.5
"""First step of each number, on its unbounded scale."""


@dataclass(frozen=True)
class Held:
    """Held-out lines that name a place in one role: parts of their forecasts, the place, and their classes."""

    parts: Parts
    label: Whole
    weight: Floats
    classes: pl.DataFrame
    """Columns `commodity_family`, `subregion` and `reporter`."""

    def forecast(self, pool: Pool) -> Floats:
        """Of the place abroad, shape (n, places)."""
        return given_abroad(self.parts.pooled(pool), self.parts.reporter)

    @cached_property
    def abroad(self) -> Held:
        """The lines whose place is not the reporter."""
        at = np.flatnonzero(self.label != self.parts.reporter)
        return Held(self.parts.take(at), self.label[at], self.weight[at], self.classes[at.tolist()])


@dataclass(frozen=True)
class Calibration:
    """Of one role: the pool, and ρ by (commodity family, subregion); ρ of all under ("all", "all")."""

    pool: Pool
    levels: Levels
    levels_abroad: Levels

    def level(self, classes: pl.DataFrame, *, abroad: bool = False) -> Floats:
        """ρ of rows with the columns `commodity_family` and `subregion`, shape (rows,)."""
        levels = self.levels_abroad if abroad else self.levels
        first, kind = Contexts(classes).kinds("commodity_family", "subregion")
        told = classes[first].select("commodity_family", pl.col("subregion").fill_null(NO_REGION)).rows()
        return np.array([levels.get(one, levels[ALL, ALL]) for one in told], dtype=np.float64)[kind]


def held_out(evidence: pl.DataFrame, role: str, at: Geography) -> tuple[Held | None, Held | None]:
    """Forecasts of the latest year from those before, and of each half of the reporters from the other."""
    named = evidence.filter(pl.col(role).is_in(at.places) & (pl.col("n_lines") > 0))
    abroad = named.filter(pl.col(role) != pl.col("reporter"))
    if abroad.is_empty():
        return None, None
    by_year = abroad.group_by("year").agg(pl.len()).filter(pl.col("len") >= LEAST_LABELS)["year"].sort()
    of_year = None
    if len(by_year) > 1:
        before, then = pl.col("year") < by_year[-1], pl.col("year") == by_year[-1]
        of_year = _forecast(evidence.filter(before), named.filter(then), role, at, PARTS)
    half = pl.col("reporter").map_elements(_half, return_dtype=pl.Int64)
    folds = [
        _forecast(evidence.filter(half != fold), named.filter(half == fold), role, at, ("shared", "home"))
        for fold in range(FOLDS)
    ]
    return of_year, _together([fold for fold in folds if fold is not None])


def calibrate(of_year: Held | None, of_reporters: Held | None) -> Calibration:
    """The numbers of one role."""
    pool = Pool()
    held = [part for part in (of_year, of_reporters) if part is not None]
    if of_reporters is not None and len(of_reporters.abroad.label) >= LEAST_LABELS:
        lines = of_reporters.abroad
        found = _minimise(lambda v: _loss(lines, replace(pool, sharpness_new=float(np.exp(v[0])))), [0.0], [TEMPER])
        pool = replace(pool, sharpness_new=float(np.exp(found[0])))
    if of_year is not None and len(of_year.abroad.label) >= LEAST_LABELS:
        start = [_logit(0.9), np.log(3.0), _logit(0.05), 0.0]
        of_place = of_year.abroad
        pool = _pool(_minimise(lambda v: _loss(of_place, _pool(v, pool)), start, [1.0, 1.0, 1.0, TEMPER]), pool)
    return Calibration(
        pool,
        _levels([(part, part.parts.pooled(pool)) for part in held]),
        _levels([(part.abroad, part.abroad.forecast(pool)) for part in held]),
    )


def mass_before(forecast: Floats, label: Whole) -> Floats:
    """Probability of the places that are likelier than the label, shape (n,); ties go by position."""
    rows = np.arange(len(label))
    own = forecast[rows, label][:, None]
    earlier = (forecast > own) | ((forecast == own) & (np.arange(forecast.shape[1]) < label[:, None]))
    before: Floats = np.where(earlier, forecast, 0.0).sum(axis=1)
    return before


def given_abroad(forecast: Floats, reporter: Whole) -> Floats:
    """The forecast without the reporter itself, each row summing to 1."""
    abroad = forecast.copy()
    abroad[np.arange(len(reporter)), reporter] = 0.0
    shares: Floats = abroad / np.maximum(abroad.sum(axis=1, keepdims=True), 1e-12)
    return shares


def _pool(values: Sequence[float] | Floats, base: Pool) -> Pool:
    own, half, escape, sharpness = values
    return replace(
        base,
        own=float(_share(own)),
        half=float(np.exp(half)),
        escape=float(_share(escape)),
        sharpness=float(np.exp(sharpness)),
    )


def _loss(held: Held, pool: Pool) -> float:
    """Log-loss of the place abroad: half over lines, half over reporters."""
    forecast = held.forecast(pool)
    n_places = forecast.shape[1]
    loss = -np.log((1 - SMOOTH) * forecast[np.arange(len(held.label)), held.label] + SMOOTH / n_places)
    lines = float(np.average(loss, weights=held.weight))
    _, member = np.unique(held.parts.reporter, return_inverse=True)
    size = np.bincount(member, held.weight)
    by_reporter = np.bincount(member, held.weight * loss) / size
    large = size >= LEAST_LINES
    return (lines + float(by_reporter[large].mean())) / 2 if large.any() else lines


def _levels(held: Sequence[tuple[Held, Floats]]) -> Levels:
    """ρ of all and of each Mondrian class, from held-out lines with their forecasts."""
    frames = [part.classes.with_columns(before=pl.Series(mass_before(p, part.label))) for part, p in held]
    table = pl.concat(frames) if frames else pl.DataFrame()
    if table.is_empty():
        return {(ALL, ALL): LEVEL}
    found = {(ALL, ALL): _quantile(table["before"])}
    for (family, region), rows in table.group_by("commodity_family", "subregion", maintain_order=True):
        if rows.height >= LEAST_LABELS:
            found[str(family), str(region)] = _quantile(rows["before"])
    return dict(sorted(found.items()))


def _quantile(before: pl.Series) -> float:
    """The (n + 1) 0.9-th smallest value, and a little more, so that it lies in the set itself."""
    values = np.sort(before.to_numpy())
    at = min(int(np.ceil((len(values) + 1) * LEVEL)), len(values)) - 1
    return float(min(values[at] + 1e-9, 1.0))


def _forecast(known: pl.DataFrame, asked: pl.DataFrame, role: str, at: Geography, only: Collection[str]) -> Held | None:
    if asked.is_empty() or known.filter(pl.col(role).is_in(at.places)).is_empty():
        return None
    model = fit_role(known, role, at, only, FEW_ITERATIONS)
    label = asked[role].replace_strict(at.position, return_dtype=pl.Int64).to_numpy()
    classes = asked.select("commodity_family", pl.col("subregion").fill_null(NO_REGION), "reporter")
    parts, row = model.parts(Contexts(asked))
    return Held(parts.take(row), label, asked["n_lines"].cast(pl.Float64).to_numpy(), classes)


def _together(held: Sequence[Held]) -> Held | None:
    if not held:
        return None
    parts = Parts(*(np.concatenate([getattr(one.parts, part.name) for one in held]) for part in fields(Parts)))
    return Held(
        parts,
        np.concatenate([part.label for part in held]),
        np.concatenate([part.weight for part in held]),
        pl.concat(part.classes for part in held),
    )


def _minimise(loss: Callable[[Floats], float], start: Sequence[float], width: Sequence[float]) -> Floats:
    """Nelder–Mead on the loss of a line and, for `LINES` lines, a normal prior around the start."""
    centre, spread = np.array(start, dtype=np.float64), np.array(width, dtype=np.float64)

    def penalised(values: Floats) -> float:
        return loss(values) + 0.5 * float(np.sum(((values - centre) / spread) ** 2)) / LINES

    corners = np.vstack([centre, centre + STEP * np.diag(spread)])
    found: Floats = minimize(
        penalised, centre, method="Nelder-Mead",
        options={"maxiter": 100, "xatol": 0.02, "fatol": 1e-4, "initial_simplex": corners},
    ).x  # fmt: skip
    return found


def _half(reporter: str) -> int:
    return int.from_bytes(sha256(reporter.encode()).digest()[:4], "big") % FOLDS


def _logit(share: float) -> float:
    return float(np.log(share / (1 - share)))


def _share(value: float) -> float:
    return float(1 / (1 + np.exp(-value)))
