"""Which place a report names: a log-linear model whose effects are partially pooled.

For evidence e with candidates k and features x(e, k),

    P(k | e) = exp s(e, k) / Σ_k' exp s(e, k')
    s(e, k)  = Σ_ℓ u_ℓ[g_ℓ(e), k] + Σ_m θ_m[h_m(e)] · x(e, k)

ℓ and m are groupings of the evidence, from everything to a single port; u_ℓ and θ_m are zero for a group that was never
seen, so that what is new falls back to coarser groups and to geography. u_ℓ[g, k] exists only where group g named k:
a place that a group never named gets its coarser score, not minus infinity. Effects are normal with mean zero and
precision λ (ridge; the maximum a posteriori of a multinomial model with crossed random effects: Gelman & Hill 2007,
ch. 11–15):

    maximise  Σ_e Σ_k n(e, k) log P(k | e) − ½ Σ λ u² − ½ Σ λ θ²

by L-BFGS from zero, in coordinates scaled by the square root of the curvature. Rows are sorted first and summed in that
order by one thread, so their order changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_array, hstack, vstack

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Runs = list[tuple[int, slice]]
ITERATIONS, FEW_ITERATIONS = 40, 25
"""Steps of a fit, and of one whose forecasts only set the pool; further ones move scores by less than .01 nats."""
BLOCK = 4096
"""Contexts that are scored at a time."""
NEVER = -1e30
NAME = "name"


@dataclass(frozen=True)
class Term:
    """One grouping of the evidence and the precision of its effects; no columns: one group of everything."""

    columns: tuple[str, ...]
    precision: float


@dataclass(frozen=True)
class Contexts:
    """Rows of evidence; the groups that a set of columns makes of them are looked up once."""

    rows: pl.DataFrame
    known: dict[tuple[str, ...], tuple[Whole, Whole]] = field(default_factory=dict)
    named: dict[tuple[str, ...], list[str]] = field(default_factory=dict)

    def kinds(self, *columns: str) -> tuple[Whole, Whole]:
        """The first row of each distinct combination of values, and for each row which it has.

        Shapes (kinds,) and (rows,). Kinds are in the order of their values; one that is not known comes first.
        """
        if columns not in self.known:
            key = np.zeros(self.rows.height, dtype=np.int64)
            if len(columns) == 1:
                key += self.rows[columns[0]].rank("dense").fill_null(0).to_numpy()
            elif columns:
                key += self.kinds(*columns[:-1])[1] * self.rows.height + self.kinds(columns[-1])[1]
            _, first, kind = np.unique(key, return_index=True, return_inverse=True)
            self.known[columns] = first, kind
        return self.known[columns]

    def groups(self, term: Term) -> tuple[list[str], Whole]:
        """Names of the distinct groups of a term, and for each row which it is in."""
        first, kind = self.kinds(*term.columns)
        if term.columns not in self.named:
            self.named[term.columns] = self.rows[first].select(_key(term).alias(NAME))[NAME].to_list()
        return self.named[term.columns], kind


@dataclass(frozen=True)
class Effects:
    """Fitted effects of one term: `groups` names the rows of `values`, shape (groups, candidates or features)."""

    term: Term
    groups: pl.DataFrame
    values: csr_array

    @cached_property
    def position(self) -> dict[str, int]:
        return dict(self.groups.select(NAME, "position").iter_rows())

    def of(self, contexts: Contexts) -> Whole:
        """Group of each context, −1 where the group was never seen."""
        names, at = contexts.groups(self.term)
        position = self.position
        return np.array([position.get(name, -1) for name in names], dtype=np.int64)[at]


@dataclass(frozen=True)
class LogLinear:
    """A fitted model."""

    levels: tuple[Effects, ...]
    slopes: tuple[Effects, ...]
    n_candidates: int

    @cached_property
    def _stacked(self) -> tuple[csr_array, csr_array]:
        """Effects of all groups, of levels and of slopes."""
        levels, slopes = (csr_array(vstack([one.values for one in of])) if of else csr_array((0, 0))
                          for of in (self.levels, self.slopes))  # fmt: skip
        return levels, slopes

    def groups(self, contexts: Contexts) -> Whole:
        """Group of each context under each term, −1 where it was never seen: shape (contexts, levels and slopes)."""
        return np.stack([effects.of(contexts) for effects in (*self.levels, *self.slopes)], axis=1)

    def scores(self, groups: Whole, feature_row: Whole, features: Floats, barred: Whole | None = None) -> Floats:
        """s(e, k), shape (contexts, candidates), of contexts in these `groups`.

        `features` has the shape (feature rows, candidates, features); `feature_row` points into it. `barred` names for
        each context one candidate that cannot be (its score is −1e30), or −1.
        """
        scored = np.zeros((len(groups), self.n_candidates))
        values, slope_values = self._stacked
        members = _members(self.levels, groups[:, : len(self.levels)])
        for start in range(0, len(groups), BLOCK):
            block = slice(start, start + BLOCK)
            scored[block] = (members[block] @ values).toarray()
        if self.slopes:
            tilts = np.column_stack([feature_row, groups[:, len(self.levels) :]])
            first, row = once(tilts)
            alike = tilts[first]
            slope = (_members(self.slopes, alike[:, 1:]) @ slope_values).toarray()
            scored += _multiplied(slope, features.transpose(0, 2, 1), _runs(alike[:, 0]))[row]
        if barred is not None:
            at_bar = np.flatnonzero(barred >= 0)
            scored[at_bar, barred[at_bar]] = NEVER
        return scored


def once(keys: Whole) -> tuple[Whole, Whole]:
    """Of rows of numbers the first of each kind, and for every row which kind it is; shapes (kinds,) and (rows,).

    Kinds that are equal in the first columns stand together.
    """
    bytes_of = np.ascontiguousarray(keys)
    row = np.dtype((np.void, bytes_of.itemsize * bytes_of.shape[1]))  # rows are compared as bytes, in one go
    _, first, kind = np.unique(bytes_of.view(row).ravel(), return_index=True, return_inverse=True)
    return first, kind


def softmax(scores: Floats) -> Floats:
    """exp s / Σ exp s along the last axis."""
    shares: Floats = scores - scores.max(axis=-1, keepdims=True)
    np.exp(shares, out=shares)
    shares /= shares.sum(axis=-1, keepdims=True)
    return shares


def fit(
    labelled: pl.DataFrame,
    n_candidates: int,
    levels: Sequence[Term],
    slopes: Sequence[Term] = (),
    features: Floats | None = None,
    iterations: int = ITERATIONS,
) -> LogLinear:
    """Fit the model.

    `labelled` has the terms' columns, `label` (position of the named candidate), `weight` (> 0), `feature_row`, and
    `barred` (position of a candidate that cannot be, or −1). Contexts that no term tells apart are one.
    """
    used = features if features is not None else np.zeros((1, n_candidates, 0))
    names = [f"level_{number}" for number in range(len(levels))]
    slope_names = [f"slope_{number}" for number in range(len(slopes))]
    keyed = labelled.select(
        *(_key(term).alias(name) for term, name in zip(levels, names, strict=True)),
        *(_key(term).alias(name) for term, name in zip(slopes, slope_names, strict=True)),
        pl.col("feature_row") if slopes else pl.lit(0, dtype=pl.Int64).alias("feature_row"),
        "barred",
        "label",
        "weight",
    )
    context_columns = [*names, *slope_names, "feature_row", "barred"]
    cells = keyed.group_by(*context_columns, "label").agg(pl.col("weight").sort().sum()).sort(*context_columns, "label")
    contexts = cells.select(context_columns).unique(maintain_order=True).with_row_index("context")
    cells = cells.join(contexts, on=context_columns, how="left", maintain_order="left")  # n:1
    problem = _Problem.of(cells, contexts, n_candidates, levels, slopes, used)
    solution = problem.solve(iterations)
    return problem.fitted(solution)


@dataclass(frozen=True)
class _Problem:
    """The penalised likelihood as a function of one vector: level effects, then slopes."""

    n_candidates: int
    levels: Sequence[Term]
    slopes: Sequence[Term]
    level_groups: list[pl.DataFrame]
    level_cells: list[csr_array]
    """For each level, shape (groups, candidates): 1 + the position of each effect within the level."""
    slope_groups: list[pl.DataFrame]
    design: csr_array
    """Shape (contexts × candidates, level effects)."""
    slope_design: csr_array
    """Shape (distinct slopes, slope groups)."""
    slope_of: Whole
    """Row of `slope_design` of each context."""
    runs: Runs
    """Rows of `slope_design` by their row of `features`."""
    features: Floats
    """Shape (feature rows, candidates, features)."""
    mask: Floats
    at: tuple[Whole, Whole]
    weight: Floats
    precision: Floats

    @classmethod
    def of(
        cls,
        cells: pl.DataFrame,
        contexts: pl.DataFrame,
        n_candidates: int,
        levels: Sequence[Term],
        slopes: Sequence[Term],
        features: Floats,
    ) -> _Problem:
        context, label = cells["context"].to_numpy().astype(np.int64), cells["label"].to_numpy()
        n_contexts, precision = contexts.height, []
        level_groups, level_cells, row_parts, column_parts, n_effects = [], [], [], [], 0
        for number, term in enumerate(levels):
            groups, group_of = _groups(contexts[f"level_{number}"])
            named = csr_array((np.ones(len(label)), (group_of[context], label)), shape=(groups.height, n_candidates))
            named.sum_duplicates()
            named.data = 1.0 + np.arange(named.nnz)
            seen = named[group_of].tocoo()
            row_parts.append(seen.row.astype(np.int64) * n_candidates + seen.col)
            column_parts.append(seen.data.astype(np.int64) - 1 + n_effects)
            level_groups.append(groups)
            level_cells.append(named)
            precision.append(np.full(named.nnz, term.precision))
            n_effects += named.nnz
        at = np.concatenate(row_parts), np.concatenate(column_parts)
        design = csr_array((np.ones(len(at[0])), at), shape=(n_contexts * n_candidates, n_effects))
        slope_columns = [f"slope_{number}" for number in range(len(slopes))]
        distinct = contexts.select("feature_row", *slope_columns).unique().sort(pl.all()).with_row_index("slope")
        slope_of = contexts.join(distinct, on=["feature_row", *slope_columns], how="left", maintain_order="left")[
            "slope"
        ]  # n:1
        slope_groups, slope_parts = [], []
        for number, term in enumerate(slopes):
            groups, group_of = _groups(distinct[f"slope_{number}"])
            ones = np.ones(distinct.height)
            slope_parts.append(
                csr_array((ones, (np.arange(distinct.height), group_of)), shape=(distinct.height, groups.height))
            )
            slope_groups.append(groups)
            precision.append(np.full(groups.height * features.shape[2], term.precision))
        mask = np.zeros((n_contexts, n_candidates))
        barred = contexts["barred"].to_numpy()
        mask[barred >= 0, barred[barred >= 0]] = NEVER
        return cls(
            n_candidates, levels, slopes, level_groups, level_cells, slope_groups, design,
            csr_array(hstack(slope_parts)) if slope_parts else csr_array((distinct.height, 0)),
            slope_of.to_numpy().astype(np.int64), _runs(distinct["feature_row"].to_numpy()), features, mask,
            (context, label), cells["weight"].to_numpy(), np.concatenate(precision),
        )  # fmt: skip

    def solve(self, iterations: int) -> Floats:
        """The effects with the largest penalised likelihood."""
        n_contexts, n_effects, n_features = len(self.mask), self.design.shape[1], self.features.shape[2]
        context, label = self.at
        counted = np.zeros((n_contexts, self.n_candidates))
        counted[context, label] = self.weight
        total = counted.sum(axis=1)
        turned, slope_turned = csr_array(self.design.T), csr_array(self.slope_design.T)
        turned_features = self.features.transpose(0, 2, 1)
        gather = csr_array(
            (np.ones(n_contexts), (self.slope_of, np.arange(n_contexts))),
            shape=(self.slope_design.shape[0], n_contexts),
        )
        shares = (counted.sum(axis=0) + 1) / (counted.sum() + self.n_candidates)
        spread = (total[:, None] * (shares * (1 - shares))).ravel()
        curvature = np.ones(len(self.precision))
        curvature[:n_effects] = turned @ spread
        scale = 1 / np.sqrt(self.precision + curvature)

        def objective(scaled: Floats) -> tuple[float, Floats]:
            values = scaled * scale
            scores = (self.design @ values[:n_effects]).reshape(n_contexts, self.n_candidates) + self.mask
            if n_features:
                slopes = self.slope_design @ values[n_effects:].reshape(-1, n_features)
                scores += _multiplied(slopes, turned_features, self.runs)[self.slope_of]
            scores -= scores.max(axis=1, keepdims=True)
            named = scores[context, label]
            odds = np.exp(scores, out=scores)
            sums = odds.sum(axis=1)
            log_p = named - np.log(sums)[context]
            loss = -float(self.weight @ log_p) + 0.5 * float(self.precision @ values**2)
            residual = odds * (total / sums)[:, None]
            residual -= counted
            gradient = self.precision * values
            gradient[:n_effects] += turned @ residual.ravel()
            if n_features:
                of_slope = _multiplied(gather @ residual, self.features, self.runs)
                gradient[n_effects:] += (slope_turned @ of_slope).ravel()
            return loss, gradient * scale

        found = minimize(
            objective, np.zeros(len(scale)), jac=True, method="L-BFGS-B",
            options={"maxiter": iterations, "maxcor": 10, "ftol": 1e-8, "gtol": 1e-4},
        )  # fmt: skip
        solution: Floats = found.x * scale
        return solution

    def fitted(self, values: Floats) -> LogLinear:
        """The vector as effects by group."""
        levels, slopes, start = [], [], 0
        for term, groups, cells in zip(self.levels, self.level_groups, self.level_cells, strict=True):
            end = start + cells.nnz
            effects = csr_array((values[start:end], cells.indices, cells.indptr), shape=cells.shape)
            levels.append(Effects(term, groups, effects))
            start = end
        n_features = self.features.shape[2]
        for term, groups in zip(self.slopes, self.slope_groups, strict=True):
            end = start + groups.height * n_features
            slopes.append(Effects(term, groups, csr_array(values[start:end].reshape(-1, n_features))))
            start = end
        return LogLinear(tuple(levels), tuple(slopes), self.n_candidates)


def _runs(rows: Whole) -> Runs:
    """Each feature row and the rows that have it; equal ones stand together."""
    starts = np.flatnonzero(np.diff(rows.astype(np.int64), prepend=-1)).tolist()
    return [(int(rows[start]), slice(start, end)) for start, end in zip(starts, [*starts, len(rows)][1:], strict=True)]


def _multiplied(values: Floats, matrices: Floats, runs: Runs) -> Floats:
    """Each row of `values`, shape (n, i), times the matrix of its feature row, shape (feature rows, i, j): (n, j)."""
    found = np.empty((len(values), matrices.shape[2]))
    for row, run in runs:
        np.matmul(values[run], matrices[row], out=found[run])
    return found


def _key(term: Term) -> pl.Expr:
    """The group of a row under a term, as text; a value that is not known is a value of its own."""
    if not term.columns:
        return pl.repeat("", pl.len(), dtype=pl.String)
    return pl.concat_str([pl.col(name).cast(pl.String).fill_null("-") for name in term.columns], separator="|")


def _groups(keys: pl.Series) -> tuple[pl.DataFrame, Whole]:
    """Distinct keys in order, as a table of `name` and `position`, and the position of each row."""
    groups = keys.unique().sort().to_frame(NAME).with_row_index("position")
    found = keys.to_frame(NAME).join(groups, on=NAME, how="left", maintain_order="left")["position"]  # n:1
    return groups, found.to_numpy().astype(np.int64)


def _members(effects: Sequence[Effects], groups: Whole) -> csr_array:
    """Which groups each context is in, shape (contexts, groups of all terms)."""
    starts = np.cumsum([0, *(one.values.shape[0] for one in effects)])
    seen = groups >= 0
    ends = np.append(0, np.cumsum(seen.sum(axis=1)))
    at = (groups + starts[:-1])[seen]
    return csr_array((np.ones(len(at)), at, ends), shape=(len(groups), int(starts[-1])))
