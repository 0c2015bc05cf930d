"""What a reporter means by its words: how probably a written place is not the true one.

Two things are told apart. **Convention**: some reporters write the country of departure as the producing one. Of lines
that name both abroad, reporter R in year y writes

    P(o | d, e) = η_{R,y} 1[o = d] + (1 − η_{R,y}) q₀(o | e)
    η_R ~ Beta(m S, (1 − m) S),    η_{R,y} ~ Beta(10 η_R, 10 (1 − η_R))

with q₀ the forecast as if another had reported, d being known. Some reporters have the habit and most do not, so m
and S are those that make all reporters' lines likeliest, on a grid; η is the posterior mean. n lines of one reporter,
or of one of its years, count as √n (`pooling`). **Noise**: where the statements of one line
contradict each other, one of two is wrong, and the place is it with chance ½; elsewhere the places of a reporter and a
grade g of its source (A to F where the sender graded the report, else none) are as doubtful as such lines are frequent,
which is a lower bound:

    λ_g = (w_g + 10 λ) / (n_g + 10),    λ_{g,R} = (w_{g,R} + 10 λ_g) / (n_{g,R} + 10)

with n lines that name a place in the role, and w half of those that question it. With λ the chance that the place is
not meant as the role says,

    prob_true(k) = (1 − λ) prob_label(k) + λ P₀(k | e)

for a reported and for a hidden place; P₀ is the forecast as if another had reported (`RouteModel.meant`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import polars as pl
from scipy.special import betainc, logsumexp

from pipelines.inferred.model.likelihood import Contexts, Floats, softmax

STRENGTH = 10.0
START = 0.1
GRID = (np.arange(200) + 0.5) / 200
MEANS = (0.01, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5)
STRENGTHS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
LEAST_REPORTERS = 5
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
UNGRADED = "-"
_GRADE = pl.col("source_reliability").fill_null(UNGRADED).alias("grade")


@dataclass(frozen=True)
class Noise:
    """λ of one role: of all lines, by grade of the source, and by grade and reporter."""

    of_all: float
    of_grade: Mapping[str, float]
    of_reporter: Mapping[tuple[str, str], float]
    """By grade and reporter; `UNGRADED` where the report has no grade."""

    def usual(self, evidence: pl.DataFrame) -> Floats:
        """λ of lines of which nothing is questioned, shape (rows,)."""
        first, kind = Contexts(evidence).kinds("source_reliability", "reporter")
        graded = evidence[first].select(_GRADE, "reporter").rows()
        usual = [self.of_reporter.get(one, self.of_grade.get(one[0], self.of_all)) for one in graded]
        return np.array(usual, dtype=np.float64)[kind]


@dataclass(frozen=True)
class Conventions:
    """η by reporter and year, by reporter, and of all; noise by role."""

    copies: pl.DataFrame
    """Columns reporter, year, habit."""
    copies_of: dict[str, float]
    copies_all: float
    noise: dict[str, Noise]

    def doubt(self, evidence: pl.DataFrame, role: str, q_departure: Floats | None = None) -> Floats:
        """λ of each row, shape (rows,). For origins `q_departure` is q₀ of the place named as departure, or 0."""
        kinds = pl.col("contradiction").is_in(QUESTIONED[role]).fill_null(False)
        questioned = evidence.select((kinds & pl.col(role).is_not_null()).alias("questioned"))["questioned"].to_numpy()
        doubt: Floats = np.where(questioned, WRONG_ONE_OF_TWO, self.noise[role].usual(evidence))
        if role != ORIGIN:
            return doubt
        habit = self._habit(evidence)
        # what left home has nothing to copy but home, and of that nothing was learnt
        from_home = (evidence["departure"] == evidence["reporter"]).fill_null(False).to_numpy()
        named = evidence[role].is_not_null().to_numpy()
        copied = named & ~from_home & (evidence[role] == evidence["departure"]).fill_null(False).to_numpy()
        q = q_departure if q_departure is not None else np.zeros(evidence.height)
        of_copy = habit / np.maximum(habit + (1 - habit) * q, 1e-12)
        own: Floats = np.where(named, np.where(copied, of_copy, 0.0), np.where(from_home, 0.0, habit))
        either: Floats = 1 - (1 - own) * (1 - doubt)
        return either

    def _habit(self, evidence: pl.DataFrame) -> Floats:
        of_reporter = pl.col("reporter").replace_strict(
            self.copies_of, default=self.copies_all, return_dtype=pl.Float64
        )
        joined = evidence.select("reporter", "year").join(
            self.copies, on=["reporter", "year"], how="left", maintain_order="left"
        )  # n:1
        found: Floats = joined.select(pl.coalesce("habit", of_reporter))["habit"].to_numpy()
        return found


def fit_conventions(evidence: pl.DataFrame, both: pl.DataFrame, q_departure: Floats) -> Conventions:
    """Learn conventions and noise.

    `both` holds the evidence that names origin and departure abroad; `q_departure`, shape (rows of `both`,), is
    q₀(origin = that departure).
    """
    told = both.select(
        "reporter",
        "year",
        same=pl.col("origin") == pl.col("departure"),
        q=pl.Series(q_departure),
        weight=pl.col("n_lines").cast(pl.Float64),
    ).sort("reporter", "year", maintain_order=True)
    likely = {str(name): _likelihood(lines) for (name,), lines in told.group_by("reporter", maintain_order=True)}
    of_all, strength = _population(list(likely.values()))
    of_reporter = {name: _mean(likelihood, of_all, strength) for name, likelihood in likely.items()}
    rows = [
        (str(name), year, _mean(_likelihood(lines), of_reporter[str(name)], STRENGTH))
        for (name, year), lines in told.group_by("reporter", "year", maintain_order=True)
    ]
    copies = pl.DataFrame(rows, schema={"reporter": pl.String, "year": pl.Int64, "habit": pl.Float64}, orient="row")
    return Conventions(copies, of_reporter, of_all, {role: _noise(evidence, role) for role in QUESTIONED})


def _noise(evidence: pl.DataFrame, role: str) -> Noise:
    """How often what a line says questions its place in the role."""
    questioned = pl.col("contradiction").is_in(QUESTIONED[role]).fill_null(False).cast(pl.Float64)
    named = evidence.filter(pl.col(role).is_not_null()).select(
        _GRADE, "reporter", lines=pl.col("n_lines").cast(pl.Float64), wrong=questioned * WRONG_ONE_OF_TWO
    )
    by = ["grade", "reporter"]
    summed = named.group_by(by).agg(pl.col("lines").sort().sum(), (pl.col("wrong") * pl.col("lines")).sort().sum())
    summed = summed.sort(by)
    if summed.is_empty():
        return Noise(START, {}, {})

    def pulled(wrong: float, lines: float, to: float) -> float:
        return (wrong + STRENGTH * to) / (lines + STRENGTH)

    of_all = pulled(float(summed["wrong"].sum()), float(summed["lines"].sum()), START / STRENGTH)
    grades = summed.group_by("grade", maintain_order=True).agg(pl.col("wrong", "lines").sum())
    of_grade = {grade: pulled(wrong, lines, of_all) for grade, wrong, lines in grades.iter_rows()}
    of_reporter = {
        (grade, reporter): pulled(wrong, lines, of_grade[grade]) for grade, reporter, lines, wrong in summed.iter_rows()
    }
    return Noise(of_all, of_grade, of_reporter)


def _likelihood(lines: pl.DataFrame) -> Floats:
    """log P(lines | η) at `GRID`, but for what does not depend on η."""
    same, q, lines_told = (lines[name].to_numpy() for name in ("same", "q", "weight"))
    weight = lines_told / np.sqrt(max(lines_told.sum(), 1.0))
    copied = np.log(GRID[:, None] + (1 - GRID[:, None]) * q[same]) @ weight[same]
    found: Floats = copied + np.log1p(-GRID) * weight[~same].sum()
    return found


def _prior(mean: float, strength: float) -> Floats:
    """Log-mass of Beta(m S, (1 − m) S) around each value of `GRID`."""
    edges = np.linspace(0, 1, len(GRID) + 1)
    return np.asarray(np.log(np.maximum(np.diff(betainc(mean * strength, (1 - mean) * strength, edges)), 1e-300)))


def _population(likelihoods: Sequence[Floats]) -> tuple[float, float]:
    """m and S with the largest marginal likelihood; where reporters are few, those that stand for not knowing."""
    if len(likelihoods) < LEAST_REPORTERS:
        return START, 1.0
    return max(
        product(MEANS, STRENGTHS),
        key=lambda one: sum(float(logsumexp(likelihood + _prior(*one))) for likelihood in likelihoods),
    )


def _mean(likelihood: Floats, mean: float, strength: float) -> float:
    """Posterior mean of η."""
    mass = softmax(likelihood + _prior(mean, strength))
    return float(mass @ GRID)
