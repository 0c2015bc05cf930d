"""Seizures attributed to corridors and to production-market pairs.

For seizure i with chance πᵢ of belonging to cross-border traffic, first place a (departure or origin), destination b,

    Jᵢ(a, b) = Iᵢ(a, b) / Σ_{a'≠b'} Iᵢ(a', b')      for a ≠ b, else 0
    n(a, b)  = Σᵢ wᵢ πᵢ Jᵢ(a, b)

I is the joint of departure and destination (`pairing`), whose marginals are the posteriors P and Q of the two roles. Of
origin and destination it is their product P(a) Q(b): the model joins those two through the departure alone, and what is
left of that when the departure is summed out is little and not told. Seizures whose reports name both places of a pair
are `n_reported`. A departure and a destination that are reported count in full, so that every reported figure leads to
its report rows; a pair of origin and destination with the chance that both are meant, for some reporters write every
departure as origin. All others are `n_inferred`, and so is what these may mean instead. If the posteriors were right,
the inferred seizures of a pair were a sum of independent chances
pᵢ = πᵢ Jᵢ; but those of one reporter in one cell are forecast by the same effects, and err together. So

    variance of n(a, b) = Σᵢ wᵢ² pᵢ (1 − pᵢ) + Σ_R ρ_R (Σ_{i ∈ R} wᵢ √(pᵢ (1 − pᵢ)))²

where ρ_R is the correlation of errors that the back-test found in cells of reporter, commodity group and year (metric
`overdispersion`): that of a coming year where R has named thirty places abroad in the role, else that of reporters left
out; the larger of the two roles. The same for kilograms. Quantiles are those of the gamma distribution with that mean
and variance, those of numbers rounded outward: a number of lines is whole, so an interval from 1.7 to 4.2 lines holds
what one from 1 to 5 holds, and says less than it knows if it stops at 4.2. The interval does not hold whether all that
was seized is reported.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits

from pipelines.inferred.backoff import Floats
from pipelines.inferred.backtest.metrics import gamma_quantile
from pipelines.inferred.model.joint import Kernel, flat_kernel
from pipelines.inferred.pairing import PAIRING_INPUTS, couple, read_kernel
from pipelines.inferred.posterior import REST
from pipelines.store import Connection, Home, connect, frame, rows, sql, write_frame, write_query
from schemas.registry import Registry
from schemas.render import polars_schema

CORRIDOR_INPUTS = (
    "conformed.seizures", "inferred.evidence", "inferred.seizure_evidence", "inferred.seizure_scope",
    "inferred.route_posteriors", "inferred.backtest", "reference.areas", *PAIRING_INPUTS,
)  # fmt: skip
PAIRS = {"dep_dst": "departure", "org_dst": "origin"}
JOINED = "departure"
"""The role that the model joins with the destination; any other goes with it by a product."""
LEAST_EXPECTED = 0.5
"""Pairs below half an expected line, with no reported one, stand together in the row `rest`."""
QUANTILES = {"q05": 0.05, "q50": 0.5, "q95": 0.95}
TINY = 1e-12
UNTESTED = 0.2
"""ρ where the back-test had too few labels: a judgement, about what simulated worlds have for reporters left out."""
Flags = NDArray[np.bool_]
Names = NDArray[np.object_]
ENDS = ("first", "destination")
CELL = ["pair_type", "commodity_group", "mode", "period_start"]
MEASURES = ("n", "n_possible", "n_squared", "kg", "kg2_p", "kg2_p2", "kg_largest", "n_ge_1kg", "overdispersion")


@dataclass(frozen=True)
class Posteriors:
    """Places of both roles, dense, and which of their rows each row of weights has."""

    rows_of: NDArray[np.int64]
    first: Floats
    """F of `pairing.Coupled.apart`, of each row: with S, the joint given that the two places differ."""
    destination: Floats
    """S."""
    named: NDArray[np.int64]
    """Positions of the reported first place and destination, −1 where none is reported, shape (rows, 2)."""


def make_corridors(home: Home, registry: Registry) -> int:
    """Write `inferred.corridor_seizures`; returns the number of rows."""
    con = connect(home, registry, CORRIDOR_INPUTS)
    places = [area for (area,) in rows(con, "SELECT area FROM reference.areas ORDER BY area")]
    weights = frame(con, sql(__file__, "corridor_evidence")).join(
        frame(con, sql(__file__, "overdispersion")), on=["pair_type", "reporter"], how="left", maintain_order="left"
    )  # n:1
    weights = weights.with_columns(pl.col("overdispersion").fill_null(UNTESTED))
    found: list[pl.DataFrame] = []
    with threadpool_limits(1):  # more threads would add in another order
        for pair_type, role in PAIRS.items():
            of_pair = weights.filter(pl.col("pair_type") == pair_type)
            if of_pair.is_empty():
                continue
            kernel = read_kernel(con, places) if role == JOINED else flat_kernel(len(places))
            posteriors = _posteriors(con, role, of_pair, places, kernel)
            found.append(_pairs(of_pair, posteriors, places, kernel))
    if not found:  # no line says or suggests that it crossed a border
        nothing = pl.DataFrame(schema=polars_schema(registry, registry.tables["inferred.corridor_seizures"]))
        return write_frame(con, home, registry, "inferred.corridor_seizures", nothing)
    con.register("pairs", pl.concat(found))
    con.execute("CREATE TEMP VIEW model AS SELECT max(model_id) AS model_id FROM inferred.evidence_lists")
    return write_query(con, home, registry, "inferred.corridor_seizures", sql(__file__, "corridor_seizures"))


DENSE = """
    SELECT
        a.number, p.place, r.role = 'destination' AS is_destination, CAST(r.prob_true AS DOUBLE) AS prob,
        r.basis = 'reported' AS is_reported
    FROM inferred.route_posteriors AS r
    JOIN asked AS a USING (evidence_id)  -- n:1
    JOIN places AS p ON p.area = r.country  -- n:1
    WHERE r.role IN ('{role}', 'destination') AND r.country <> 'rest'
"""


def _posteriors(con: Connection, role: str, weights: pl.DataFrame, places: list[str], kernel: Kernel) -> Posteriors:
    """Dense factors of the joint for each row of `weights`, shape (rows, places)."""
    asked = weights.select("evidence_id", "reporter", "commodity_group").unique("evidence_id").sort("evidence_id")
    asked = asked.with_row_index("number")
    con.register("asked", asked)
    con.register("places", pl.DataFrame({"place": range(len(places)), "area": places}))
    lists = frame(con, DENSE.format(role=role))
    at, column, prob = (lists[name].to_numpy() for name in ("number", "place", "prob"))
    end, is_reported = lists["is_destination"].to_numpy().astype(np.int64), lists["is_reported"].to_numpy()
    named = np.full((asked.height, len(ENDS)), -1)
    named[at[is_reported], end[is_reported]] = column[is_reported]
    if role == JOINED:  # what is reported counts in full: nothing stands behind it
        prob = np.where(is_reported | (named[at, end] < 0), prob, 0.0)
    chances = np.zeros((len(ENDS), asked.height, len(places)))
    chances[end, at, column] = prob
    coupled = couple(kernel, asked, places, *chances)
    rows_of = weights.join(asked, on="evidence_id", how="left", maintain_order="left")["number"]  # n:1
    return Posteriors(rows_of.to_numpy().astype(np.int64), *coupled.apart(), named)


def _pairs(weights: pl.DataFrame, posteriors: Posteriors, places: list[str], kernel: Kernel) -> pl.DataFrame:
    """The pairs of every cell: each with a report or half an expected line, and one row for the rest."""
    values = {name: weights[name].to_numpy() for name in MEASURES}
    reporters = weights["reporter"].to_numpy()
    reporter_at = weights["reporter"].replace_strict(places, range(len(places)), return_dtype=pl.Int64).to_numpy()
    cells = weights.select(CELL).with_row_index("row").group_by(CELL, maintain_order=True).agg(pl.col("row").min())
    starts = [*cells["row"].to_list(), weights.height]
    names = np.array(places)
    found: dict[str, list[Floats]] = {}
    for number, (start, end) in enumerate(pairwise(starts)):
        at = posteriors.rows_of[start:end]
        first, destination, named = posteriors.first[at], posteriors.destination[at], posteriors.named[at]
        here = {name: array[start:end] for name, array in values.items()}
        ratios = Ratios(kernel, cells["commodity_group"][number], reporter_at[start:end])
        expected = ratios.expected(first, destination, here["n"])
        documented = np.zeros(expected.shape, dtype=np.bool_)
        documented[tuple(named[(named >= 0).all(axis=1)].T)] = True
        a, b = np.nonzero((np.round(expected, 6) >= LEAST_EXPECTED) | documented)
        a, b = a[a != b], b[a != b]
        joint = first[:, a] * destination[:, b] * ratios.of_pairs(a, b)
        figures = _pair_figures(here, joint, (named[:, :1] == a) & (named[:, 1:] == b), reporters[start:end])
        rest = _rest(here, figures)
        for name, listed in figures.items():
            if name == "kg_mean":  # means add up, the medians that are published do not
                continue
            found.setdefault(name, []).append(np.append(listed, rest[name]))
        found.setdefault("place_a", []).append(np.append(names[a], REST))
        found.setdefault("destination", []).append(np.append(names[b], REST))
        found.setdefault("cell", []).append(np.full(len(a) + 1, number))
    table = pl.DataFrame({name: np.concatenate(arrays) for name, arrays in found.items()})
    keys = cells.with_row_index("cell").with_columns(pl.col("cell").cast(pl.Int64))
    return table.join(keys.drop("row"), on="cell", how="left").drop("cell")


@dataclass(frozen=True)
class Ratios:
    """r_c and r_{R,c} of the lines of one cell."""

    kernel: Kernel
    group: str
    reporter: NDArray[np.int64]
    """Position of each line's reporter, shape (lines,)."""

    def own(self) -> Iterator[tuple[NDArray[np.int64], csr_array]]:
        """Lines of each reporter that has ratios of its own, and their logarithms."""
        for reporter in np.unique(self.reporter):
            ratio = self.kernel.of_reporter.get((int(reporter), self.group))
            if ratio is not None:
                yield np.flatnonzero(self.reporter == reporter), ratio

    def shared(self) -> Floats:
        """r_c, shape (places, places)."""
        ratio = self.kernel.of_group.get(self.group)
        n = self.kernel.n_places
        return np.ones((n, n)) if ratio is None else np.exp(ratio.toarray())

    def expected(self, first: Floats, destination: Floats, n: Floats) -> Floats:
        """Σᵢ nᵢ F(a) r_c r_{R,c}(a, b) S(b), shape (places, places); its diagonal means nothing."""
        found = (first * n[:, None]).T @ destination
        for lines, ratio in self.own():
            cells = ratio.tocoo()
            paired = (first[lines] * n[lines, None])[:, cells.row] * destination[lines][:, cells.col]
            found[cells.row, cells.col] += np.expm1(cells.data) * paired.sum(axis=0)
        whole: Floats = found * self.shared()
        return whole

    def of_pairs(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> Floats:
        """r_c r_{R,c}(a, b) of each line and pair, shape (lines, pairs)."""
        found = np.repeat(self.shared()[a, b][None], len(self.reporter), axis=0)
        for lines, ratio in self.own():
            found[lines] *= np.exp(ratio.toarray()[a, b])
        return found


def _pair_figures(here: dict[str, Floats], joint: Floats, reported: Flags, reporters: Names) -> dict[str, Floats]:
    """Figures of each pair, of length pairs, rounded to millionths.

    `joint` is J and `reported` says where a report names both places of the pair: both of the shape (evidence, pairs).
    """
    weights = np.stack([here[name] for name in ("n", "kg", "kg2_p", "n_ge_1kg")])
    squares = np.stack([here[name] for name in ("n_squared", "kg2_p2")])
    inferred = np.where(reported, 0.0, joint)
    n_reported, kg_reported = weights[:2] @ np.where(reported, joint, 0.0)
    n_inferred, kg_inferred, kg2_p = weights[:3] @ inferred
    n2_p2, kg2_p2 = squares @ inferred**2
    all_kg = kg_reported + kg_inferred
    largest = np.max(here["kg_largest"][:, None] * joint, axis=0, initial=0.0)
    of_reporter = (reporters == np.unique(reporters)[:, None]) * weights[0]
    by_reporter = of_reporter @ joint
    n_alike, kg_alike = _alike(here, inferred, reporters)
    n_variance, kg_variance = n_inferred - n2_p2 + n_alike, kg2_p - kg2_p2 + kg_alike
    n_left = {name: gamma_quantile(q, n_inferred, n_variance) for name, q in QUANTILES.items()}
    kg_left = {name: gamma_quantile(q, kg_inferred, kg_variance) for name, q in QUANTILES.items()}
    n_all = {name: np.round(n_reported + left, 6) for name, left in n_left.items()}
    figures = {
        "n_reported": n_reported,
        "n_inferred": n_inferred,
        "kg_mean": all_kg,
        "n_q05": np.floor(n_all["q05"]),  # a number of lines is whole
        "n_q50": n_all["q50"],
        "n_q95": np.ceil(n_all["q95"]),
        **{f"seized_kg_{name}": kg_reported + left for name, left in kg_left.items()},
        "n_ge_1kg": weights[3] @ joint,
        "share_largest_seizure": np.where(all_kg > 0, np.minimum(largest / np.maximum(all_kg, TINY), 1.0), np.nan),
        "top_reporter_share": by_reporter.max(axis=0) / np.maximum(by_reporter.sum(axis=0), TINY),
    }
    return {name: np.round(values, 6) for name, values in figures.items()}


def _alike(here: dict[str, Floats], joint: Floats, reporters: Names) -> tuple[Floats, Floats]:
    """Σ_R ρ_R (Σ_{i ∈ R} wᵢ √(pᵢ (1 − pᵢ)))² of lines and of kilograms, shape (pairs,). `joint` is J of these rows."""
    crosses = np.clip(here["n"] / np.maximum(here["n_possible"], TINY), TINY, 1.0)[:, None]
    p = crosses * joint
    spread = np.sqrt(p * (1 - p)) / crosses
    of_reporter = (reporters == np.unique(reporters)[:, None]) * np.sqrt(here["overdispersion"])
    lines, kg = (np.sum(((of_reporter * here[name]) @ spread) ** 2, axis=0) for name in ("n", "kg"))
    return lines, kg


def _rest(here: dict[str, Floats], figures: dict[str, Floats]) -> dict[str, float]:
    """What the listed pairs leave of the cell's expected cross-border lines, so that the sums hold."""
    n_left = max(float(here["n"].sum() - (figures["n_reported"] + figures["n_inferred"]).sum()), 0.0)
    kg_left = max(float(here["kg"].sum() - figures["kg_mean"].sum()), 0.0)
    left = dict.fromkeys(figures, 0.0)
    left |= {"n_inferred": n_left, "share_largest_seizure": np.nan}
    left["n_ge_1kg"] = max(float(here["n_ge_1kg"].sum() - figures["n_ge_1kg"].sum()), 0.0)
    return left | {f"n_{name}": n_left for name in QUANTILES} | {f"seized_kg_{name}": kg_left for name in QUANTILES}
