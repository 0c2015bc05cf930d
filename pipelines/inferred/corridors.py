"""Seizures attributed to corridors and to production-market pairs.

For seizure i with chance πᵢ of belonging to cross-border traffic, first place a (departure or origin) and destination b,

    Jᵢ(a, b) = Pᵢ(a) Qᵢ(b) / Σ_{a'≠b'} Pᵢ(a') Qᵢ(b')      for a ≠ b, else 0
    n(a, b)  = Σᵢ wᵢ πᵢ Jᵢ(a, b)

P and Q are the posteriors of the two roles (a reported place has probability 1); the baseline takes the two roles for
independent. Seizures with both ends reported are `n_reported`, the others `n_inferred`. The number and the kilograms
of inferred seizures are sums of independent chances; their quantiles come from the gamma distribution with the same
mean and variance. That interval holds the chance of attribution, not the baseline's own uncertainty.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from scipy.special import gammaincinv
from threadpoolctl import threadpool_limits

from pipelines.inferred.backoff import Floats
from pipelines.inferred.posterior import MODEL_ID, REST
from pipelines.store import Home, connect, frame, rows, sql, write_frame
from schemas.registry import Registry
from schemas.render import polars_schema

PAIRS = {"dep_dst": "departure", "org_dst": "origin"}
LEAST_EXPECTED = 0.5
"""Pairs below half an expected line, with no reported one, stand together in the row `rest`."""
QUANTILES = {"q05": 0.05, "q50": 0.5, "q95": 0.95}
Cell = tuple[str, str, date]


@dataclass(frozen=True)
class Posteriors:
    """Place probabilities by evidence: dense rows of the lists, in the order of `places`."""

    row_of: dict[str, int]
    first: Floats
    destination: Floats
    reported: np.ndarray[tuple[int], np.dtype[np.bool_]]


def make_corridors(home: Home, registry: Registry) -> int:
    """Write `inferred.corridor_seizures`; returns the number of rows."""
    con = connect(
        home,
        registry,
        ["conformed.seizures", "inferred.evidence", "inferred.seizure_evidence", "inferred.seizure_scope",
         "inferred.route_posteriors", "reference.areas"],
    )  # fmt: skip
    places = [area for (area,) in rows(con, "SELECT area FROM reference.areas ORDER BY area")]
    cells = frame(con, sql(__file__, "corridor_evidence"))
    reporters = dict(rows(con, "SELECT evidence_id, reporter FROM inferred.evidence"))
    support = frame(con, sql(__file__, "corridor_support"))
    found: list[pl.DataFrame] = []
    with threadpool_limits(1):  # more threads would add in another order
        for pair_type, role in PAIRS.items():
            posteriors = _posteriors(con.sql(DENSE.format(role=role)).pl(), places)
            for cell, evidence in cells.group_by("commodity_group", "mode", "period_start", maintain_order=True):
                found.append(_cell(pair_type, cell, evidence, posteriors, places, reporters))
    table = pl.concat(found).join(support, on=["pair_type", "commodity_group", "place_a", "destination"], how="left")
    schema = polars_schema(registry, registry.tables["inferred.corridor_seizures"])
    complete = table.with_columns(
        pl.lit("year").alias("period_type"),
        pl.lit(MODEL_ID).alias("model_id"),
        pl.col("support_n").fill_null(0),
        pl.col("support_reporters").fill_null(0),
        pl.col("share_largest_seizure").fill_nan(None),
    )
    return write_frame(
        con, home, registry, "inferred.corridor_seizures", complete.select(pl.col(c).cast(t) for c, t in schema.items())
    )


DENSE = """
    SELECT evidence_id, role = 'destination' AS is_destination, country, CAST(prob_true AS DOUBLE) AS prob, basis
    FROM inferred.route_posteriors
    WHERE role IN ('{role}', 'destination') AND country <> 'rest'
    ORDER BY evidence_id
"""


def _posteriors(lists: pl.DataFrame, places: list[str]) -> Posteriors:
    ids = lists["evidence_id"].unique(maintain_order=True).to_list()
    row_of = {evidence_id: row for row, evidence_id in enumerate(ids)}
    position = {place: at for at, place in enumerate(places)}
    at = lists["evidence_id"].replace_strict(row_of, return_dtype=pl.Int64).to_numpy()
    column = lists["country"].replace_strict(position, return_dtype=pl.Int64).to_numpy()
    is_destination = lists["is_destination"].to_numpy()
    probability = lists["prob"].to_numpy()
    matrices = {flag: np.zeros((len(ids), len(places))) for flag in (False, True)}
    for flag, matrix in matrices.items():
        here = is_destination == flag
        matrix[at[here], column[here]] = probability[here]
    both = np.zeros(len(ids), dtype=np.int64)
    np.add.at(both, at[(lists["basis"] == "reported").to_numpy()], 1)
    return Posteriors(row_of, matrices[False], matrices[True], both == 2)


def _cell(
    pair_type: str,
    cell: tuple[object, ...],
    evidence: pl.DataFrame,
    posteriors: Posteriors,
    places: list[str],
    reporters: dict[str, str],
) -> pl.DataFrame:
    """The pairs of one commodity group, mode and year: every pair with a report or half an expected line, and the rest."""
    at = evidence["evidence_id"].replace_strict(posteriors.row_of, return_dtype=pl.Int64).to_numpy()
    first, destination, reported = posteriors.first[at], posteriors.destination[at], posteriors.reported[at]
    n = evidence["n"].to_numpy()
    off_diagonal = first.sum(axis=1) * destination.sum(axis=1) - np.sum(first * destination, axis=1)
    scale = np.where(off_diagonal > 1e-9, 1.0 / np.maximum(off_diagonal, 1e-9), 0.0)
    expected = (first * (n * scale)[:, None]).T @ destination
    np.fill_diagonal(expected, 0.0)
    documented = (first[reported] * (n * scale)[reported][:, None]).T @ destination[reported]
    np.fill_diagonal(documented, 0.0)
    a, b = np.nonzero((np.round(expected, 6) >= LEAST_EXPECTED) | (documented > 0))
    joint = first[:, a] * destination[:, b] * scale[:, None]  # (evidence, pairs)
    columns = _pair_figures(evidence, joint, reported, [reporters[e] for e in evidence["evidence_id"]])
    attributed = columns["n_reported"] + columns["n_inferred"]
    listed = pl.DataFrame(
        {
            "place_a": np.array(places)[a],
            "destination": np.array(places)[b],
            **columns,
            "share_inferred": columns["n_inferred"] / np.maximum(attributed, 1e-12),
        }
    )
    return pl.concat([listed, _rest(listed, float(n.sum()), evidence)]).with_columns(
        pl.lit(pair_type).alias("pair_type"),
        pl.lit(cell[0]).alias("commodity_group"),
        pl.lit(cell[1]).alias("mode"),
        pl.lit(cell[2]).alias("period_start"),
    )


def _pair_figures(
    evidence: pl.DataFrame, joint: Floats, reported: np.ndarray[tuple[int], np.dtype[np.bool_]], reporters: list[str]
) -> dict[str, Floats]:
    """Figures of each pair: arrays of length pairs, rounded to millionths."""
    n, n2 = evidence["n"].to_numpy(), evidence["n_squared"].to_numpy()
    kg, kg2_p, kg2_p2 = (evidence[name].to_numpy() for name in ("kg", "kg2_p", "kg2_p2"))
    documented, inferred = reported[:, None], ~reported[:, None]

    def total(weight: Floats, chances: Floats) -> Floats:
        return np.asarray(np.sum(weight[:, None] * chances, axis=0))

    n_reported, n_inferred = total(n, joint * documented), total(n, joint * inferred)
    kg_reported, kg_inferred = total(kg, joint * documented), total(kg, joint * inferred)
    n_variance = total(n, joint * inferred) - total(n2, (joint * inferred) ** 2)
    kg_variance = total(kg2_p, joint * inferred) - total(kg2_p2, (joint * inferred) ** 2)
    all_kg = kg_reported + kg_inferred
    largest = np.max(evidence["kg_largest"].to_numpy()[:, None] * joint, axis=0, initial=0.0)
    codes = np.unique(np.array(reporters), return_inverse=True)[1]
    by_reporter = np.zeros((codes.max(initial=0) + 1, joint.shape[1]))
    np.add.at(by_reporter, codes, n[:, None] * joint)
    figures = {
        "n_reported": n_reported,
        "n_inferred": n_inferred,
        **{f"n_{name}": n_reported + _gamma_quantile(q, n_inferred, n_variance) for name, q in QUANTILES.items()},
        **{f"seized_kg_{name}": kg_reported + _gamma_quantile(q, kg_inferred, kg_variance) for name, q in QUANTILES.items()},
        "n_ge_1kg": total(evidence["n_ge_1kg"].to_numpy(), joint),
        "share_largest_seizure": np.where(all_kg > 0, np.minimum(largest / np.maximum(all_kg, 1e-12), 1.0), np.nan),
        "top_reporter_share": by_reporter.max(axis=0, initial=0.0) / np.maximum(by_reporter.sum(axis=0), 1e-12),
    }
    return {name: np.round(values, 6) for name, values in figures.items()}


def _gamma_quantile(q: float, mean: Floats, variance: Floats) -> Floats:
    """Quantile of the gamma distribution with this mean and variance; the mean itself where there is no variance."""
    spread = np.where((variance > 1e-12) & (mean > 1e-12), variance, 1.0)
    shape = np.where(spread == variance, mean**2 / spread, 1.0)
    return np.where(spread == variance, gammaincinv(shape, q) * spread / np.maximum(mean, 1e-12), mean)


def _rest(listed: pl.DataFrame, total: float, evidence: pl.DataFrame) -> pl.DataFrame:
    """What the listed pairs leave of the cell's expected cross-border lines, so that the sums hold."""
    left = max(total - float((listed["n_reported"] + listed["n_inferred"]).sum()), 0.0)
    kg_left = max(float(evidence["kg"].sum()) - float(listed["seized_kg_q50"].sum()), 0.0)
    big_left = max(float(evidence["n_ge_1kg"].sum()) - float(listed["n_ge_1kg"].sum()), 0.0)
    row: dict[str, str | float | None] = dict.fromkeys(listed.columns, 0.0)
    row |= {"place_a": REST, "destination": REST, "n_inferred": left, "share_inferred": 1.0, "n_ge_1kg": big_left}
    row |= {f"n_{name}": left for name in QUANTILES} | {f"seized_kg_{name}": kg_left for name in QUANTILES}
    row["share_largest_seizure"] = None
    return pl.DataFrame([row], schema=listed.schema)
