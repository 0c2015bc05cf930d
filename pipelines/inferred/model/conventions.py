"""What a reporter means by its words: how probably a written place is not the true one.

Two things are told apart. **Convention**: some reporters write the country of departure as the producing one. Of lines
that name both abroad, reporter R in year y writes

    P(o | d, e) = κ_{R,y} 1[o = d] + (1 − κ_{R,y}) q₀(o | e)

with q₀ the forecast without effects of the reporter. κ is fitted by expectation–maximisation, each level pulled to the
one above by STRENGTH lines: the year to the reporter, the reporter to all. **Noise**: where the statements of one line
contradict each other, one of two is wrong, and the place is it with chance ½; elsewhere a reporter's places are as
doubtful as its contradictions are frequent, which is a lower bound. With λ the chance that the place is not meant as
the role says,

    prob_true(k) = (1 − λ) prob_label(k) + λ P₀(k | e)

for a reported and for a hidden place; P₀ is the whole forecast without effects of the reporter on the place abroad.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.inferred.model.likelihood import Floats

STRENGTH = 10.0
START = 0.1
ROUNDS = 50
WRONG_ONE_OF_TWO = 0.5
ORIGIN = "origin"
QUESTIONED = {
    "departure": (
        "departure_is_destination_elsewhere", "domestic_with_foreign_departure", "inbound_from_itself",
        "transit_from_itself", "departure_named_as_transit",
    ),
    "destination": (
        "departure_is_destination_elsewhere", "domestic_with_foreign_destination", "outbound_to_itself",
        "transit_to_itself", "destination_named_as_transit", "destination_is_origin",
    ),
    ORIGIN: ("origin_named_as_transit", "destination_is_origin"),
}  # fmt: skip
"""Kinds of contradiction that question the place of a role."""


@dataclass(frozen=True)
class Conventions:
    """κ by reporter and year, by reporter, and of all; noise by role and reporter, and of all."""

    copies: pl.DataFrame
    """Columns reporter, year, kappa."""
    copies_of: dict[str, float]
    copies_all: float
    noise: dict[str, dict[str, float]]
    noise_all: dict[str, float]

    def doubt(self, evidence: pl.DataFrame, role: str, q_departure: Floats | None = None) -> Floats:
        """λ of each row, shape (rows,). For origins `q_departure` is q₀ of the place named as departure, or 0."""
        kinds = pl.col("contradiction").is_in(QUESTIONED[role]).fill_null(False)
        usual = pl.col("reporter").replace_strict(
            self.noise[role], default=self.noise_all[role], return_dtype=pl.Float64
        )
        doubt = evidence.select(
            pl.when(kinds & pl.col(role).is_not_null()).then(WRONG_ONE_OF_TWO).otherwise(usual).alias("doubt")
        )["doubt"].to_numpy()
        if role != ORIGIN:
            return np.asarray(doubt, dtype=np.float64)
        kappa = self._kappa(evidence)
        # what left home has nothing to copy but home, and of that nothing was learnt
        from_home = (evidence["departure"] == evidence["reporter"]).fill_null(False).to_numpy()
        named = evidence[role].is_not_null().to_numpy()
        copied = named & ~from_home & (evidence[role] == evidence["departure"]).fill_null(False).to_numpy()
        q = q_departure if q_departure is not None else np.zeros(evidence.height)
        of_copy = kappa / np.maximum(kappa + (1 - kappa) * q, 1e-12)
        own: Floats = np.where(named, np.where(copied, of_copy, 0.0), np.where(from_home, 0.0, kappa))
        either: Floats = 1 - (1 - own) * (1 - doubt)
        return either

    def _kappa(self, evidence: pl.DataFrame) -> Floats:
        of_reporter = pl.col("reporter").replace_strict(
            self.copies_of, default=self.copies_all, return_dtype=pl.Float64
        )
        joined = evidence.select("reporter", "year").join(
            self.copies, on=["reporter", "year"], how="left", maintain_order="left"
        )  # n:1
        found: Floats = joined.select(pl.coalesce("kappa", of_reporter))["kappa"].to_numpy()
        return found


def fit_conventions(evidence: pl.DataFrame, both: pl.DataFrame, q_departure: Floats) -> Conventions:
    """Learn conventions and noise.

    `both` holds the evidence that names origin and departure abroad; `q_departure`, shape (rows of `both`,), is
    q₀(origin = that departure).
    """
    same = (both["origin"] == both["departure"]).to_numpy()
    weight = both["n_lines"].cast(pl.Float64).to_numpy()
    reporter = both["reporter"].to_numpy()
    total = dict(both.group_by("reporter").agg(pl.col("n_lines").cast(pl.Float64).sum()).iter_rows())
    balanced = weight / np.sqrt([max(total[name], 1.0) for name in reporter]) if len(same) else weight
    of_all = _share(same, q_departure, balanced, START, 1.0)
    of_reporter, rows = {}, []
    years = both["year"].to_numpy()
    for name in sorted(total):
        own = reporter == name
        of_reporter[name] = _share(same[own], q_departure[own], weight[own], of_all, STRENGTH)
        for year in np.unique(years[own]):
            then = own & (years == year)
            kappa = _share(same[then], q_departure[then], weight[then], of_reporter[name], STRENGTH)
            rows.append((name, int(year), kappa))
    copies = pl.DataFrame(rows, schema={"reporter": pl.String, "year": pl.Int64, "kappa": pl.Float64}, orient="row")
    noise, noise_all = {}, {}
    for role, kinds in QUESTIONED.items():
        named = evidence.filter(pl.col(role).is_not_null()).select(
            "reporter",
            lines=pl.col("n_lines").cast(pl.Float64),
            wrong=pl.col("contradiction").is_in(kinds).fill_null(False).cast(pl.Float64) * WRONG_ONE_OF_TWO,
        )
        summed = named.group_by("reporter").agg(
            pl.col("lines").sort().sum(), (pl.col("wrong") * pl.col("lines")).sort().sum()
        )
        summed = summed.sort("reporter")
        wrong, lines = float(summed["wrong"].sum()), float(summed["lines"].sum())
        share = (wrong + START) / (lines + STRENGTH) if summed.height else START
        noise_all[role] = share
        pulled = summed.select("reporter", (pl.col("wrong") + STRENGTH * share) / (pl.col("lines") + STRENGTH))
        noise[role] = dict(pulled.iter_rows())
    return Conventions(copies, of_reporter, of_all, noise, noise_all)


def _share(same: Floats, q: Floats, weight: Floats, prior: float, strength: float) -> float:
    """κ by expectation–maximisation, pulled to `prior` by `strength` lines."""
    kappa = prior
    for _ in range(ROUNDS):
        copied = np.where(same, kappa / np.maximum(kappa + (1 - kappa) * q, 1e-12), 0.0)
        kappa = float((weight @ copied + strength * prior) / (weight.sum() + strength))
    return kappa
