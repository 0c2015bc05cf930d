"""The chance that a seizure belongs to cross-border traffic (`inferred.seizure_scope`).

Where a report says yes or no, that stands. Elsewhere p is the smoothed share of like lines whose report says yes, among
all like lines: silence counts as no. Forms ask for the route, and who leaves it out has mostly stopped somebody in the
street; learnt from the answered forms alone, such lines would all become corridors. The silence of a form that never
asks says nothing: its lines are judged by those of others, and count for none.

Shares are back-off counts (`backoff`) in two parts. Coarse levels say what reporters share; there a reporter's n lines
weigh 3 √n, so that the largest is not all of them. Fine levels are a reporter's own. Then

    logit p' = a + b logit p

(Platt 1999) with one (a, b) for reporters whose lines were counted, set on the latest year (from the years before), and
one for the others, set on each half of the reporters (from the other half): by least log-loss, half over lines and half
over reporters, pulled to (0, 1) by what 20 independent lines would say. With fewer than thirty lines of yes or of no,
p' = p.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np
import polars as pl
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from pipelines.inferred.backoff import BackOff, Floats, Level
from pipelines.inferred.backoff import fit as fit_counts
from pipelines.inferred.model.calibration import LEAST_LABELS, LEAST_LINES
from pipelines.store import Connection, Home, connect, frame, sql, write_query
from schemas.registry import Registry

SCOPE_MODEL = "backoff-counts-2"
SCOPE_INPUTS = ("conformed.seizures", "inferred.evidence", "inferred.seizure_evidence")
COARSE: tuple[Level, ...] = (
    (),
    ("size_class", "border_class"),
    ("commodity_group", "size_class", "border_class"),
    ("commodity_group", "size_class", "border_class", "mode_class"),
)
FINE: tuple[Level, ...] = (
    ("reporter", "size_class", "at_border"),
    ("reporter", "size_class", "border_class"),
    ("reporter", "commodity_group", "size_class", "border_class"),
    ("reporter", "commodity_group", "size_class", "border_class", "mode_class"),
)
SEEN = tuple(dict.fromkeys(name for level in (*FINE, *COARSE) for name in level))
"""All that a forecast looks at: nothing that a report says of the route, for that is the answer."""
YES_OR_NO = ("no", "yes")
HALVES = 2
WEIGHT_OF_REPORTER = 3.0
LINES = 20
"""How many independent lines a held-out set is taken for: a year's come from so many reporters."""
SPREAD = (1.0, 0.5)
"""Prior standard deviations of a and b."""
NEVER_QUITE = 1e-6

Map = tuple[float, float]
AS_IT_IS: Map = (0.0, 1.0)


@dataclass(frozen=True)
class Counts:
    """Fitted shares, not yet calibrated."""

    coarse: BackOff
    fine: BackOff

    def predict(self, asked: pl.DataFrame) -> Floats:
        """p of each row, shape (rows,); columns as in `SEEN`."""
        p = self.fine.predict(asked, self.coarse.predict(asked))[:, 1]
        return np.clip(p, NEVER_QUITE, 1 - NEVER_QUITE)


@dataclass(frozen=True)
class ScopeModel:
    """Fitted shares, and what calibrates them."""

    counts: Counts
    reporters: frozenset[str]
    """Whose lines were counted."""
    known: Map
    new: Map

    def predict(self, asked: pl.DataFrame) -> Floats:
        """p' of each row, shape (rows,); columns as in `SEEN`."""
        p = self.counts.predict(asked)
        is_known = asked["reporter"].is_in(list(self.reporters)).to_numpy()
        return np.where(is_known, mapped(p, self.known), mapped(p, self.new))


def make_scope(home: Home, registry: Registry) -> int:
    """Write `inferred.seizure_scope`; returns the number of rows."""
    con = connect(home, registry, SCOPE_INPUTS)
    evidence = read_asked(con)
    return write_scope(con, home, registry, evidence, fit_scope(evidence))


def write_scope(con: Connection, home: Home, registry: Registry, evidence: pl.DataFrame, model: ScopeModel) -> int:
    """Write what the model says of every seizure, whose evidence is as in `read_asked`; returns the number of rows."""
    inferred = pl.Series(model.predict(evidence))
    says = pl.col("cross_border")
    scored = evidence.select(
        "evidence_id",
        pl.when(says == "yes")
        .then(1.0)
        .when(says == "no")
        .then(0.0)
        .otherwise(inferred)
        .round(6)
        .cast(pl.Decimal(9, 6))
        .alias("p_cross_border"),
        pl.when(says != "unknown").then(pl.lit("reported")).otherwise(pl.lit("inferred")).alias("basis"),
        pl.lit(SCOPE_MODEL).alias("model_id"),
    )
    con.register("scored", scored)
    query = "SELECT * EXCLUDE (evidence_id) FROM inferred.seizure_evidence JOIN scored USING (evidence_id)"
    return write_query(con, home, registry, "inferred.seizure_scope", query)


def read_asked(con: Connection) -> pl.DataFrame:
    """Rows of `inferred.evidence`, sorted, with `n_asked`, the expected lines of forms that ask, and `at_border`."""
    return frame(con, sql(__file__, "scope"))


def fit_scope(evidence: pl.DataFrame) -> ScopeModel:
    """Fit on rows of `read_asked`, in any order."""
    asked = answered(evidence)
    with threadpool_limits(1):
        known, new = (_map(*held(asked)) for held in (_of_latest_year, _of_left_out_reporters))
    return ScopeModel(_count(asked), frozenset(asked["reporter"]), known, new)


def answered(evidence: pl.DataFrame) -> pl.DataFrame:
    """Evidence of forms that ask, with its `outcome`, yes or no, and the weight `n` of its lines; sorted."""
    says_yes = pl.when(pl.col("cross_border") == "yes").then(pl.lit("yes")).otherwise(pl.lit("no"))
    asked = evidence.filter(pl.col("n_asked") > 0).with_columns(outcome=says_yes, n=pl.col("n_asked"))
    return asked.sort("evidence_id")


def mapped(p: Floats, by: Map) -> Floats:
    """p' with logit p' = a + b logit p."""
    a, b = by
    there: Floats = 1 / (1 + np.exp(-(a + b * _logit(p))))
    return there


def _count(asked: pl.DataFrame) -> Counts:
    size = pl.col("n").sum().over("reporter").cast(pl.Float64)
    weight = (pl.col("n").cast(pl.Float64) * WEIGHT_OF_REPORTER / size.sqrt()).round(6).cast(pl.Decimal(18, 6))
    own = fit_counts(asked, (*COARSE, *FINE), YES_OR_NO)
    return Counts(fit_counts(asked.with_columns(n=weight), COARSE, YES_OR_NO), replace(own, levels=FINE))


def _of_latest_year(asked: pl.DataFrame) -> tuple[pl.DataFrame, Floats]:
    """Lines of the latest year with enough yeses, and their forecasts from the years before."""
    enough = (
        asked.filter(pl.col("year").is_not_null())
        .group_by("year")
        .agg(yes=pl.col("n").filter(pl.col("outcome") == "yes").sum())
        .filter(pl.col("yes") >= LEAST_LABELS)["year"]
    )
    latest = enough.max() if len(enough) else 0
    return _forecast(asked.filter(pl.col("year") < latest), asked.filter(pl.col("year") == latest))


def _of_left_out_reporters(asked: pl.DataFrame) -> tuple[pl.DataFrame, Floats]:
    """All lines, and their forecasts from the half of the reporters that has not theirs."""
    half = pl.col("reporter").map_elements(_half, return_dtype=pl.Int64)
    halves = [_forecast(asked.filter(half != number), asked.filter(half == number)) for number in range(HALVES)]
    return pl.concat(lines for lines, _ in halves), np.concatenate([p for _, p in halves])


def _half(reporter: str) -> int:
    return sha256(reporter.encode()).digest()[0] % HALVES


def _forecast(learnt: pl.DataFrame, held: pl.DataFrame) -> tuple[pl.DataFrame, Floats]:
    return (held.clear(), np.zeros(0)) if learnt.is_empty() else (held, _count(learnt).predict(held))


def _map(held: pl.DataFrame, p: Floats) -> Map:
    """(a, b) by which the forecasts of held-out lines lose least."""
    n, yes = held["n"].cast(pl.Float64).to_numpy(), (held["outcome"] == "yes").to_numpy()
    if min(n[yes].sum(), n[~yes].sum()) < LEAST_LABELS:
        return AS_IT_IS
    weight, logit, spread = _half_by_reporter(held["reporter"].to_list(), n), _logit(p), np.array(SPREAD)

    def loss(v: Floats) -> tuple[float, Floats]:
        at = v[0] + v[1] * logit
        off, slope = (v - AS_IT_IS) / spread, weight * (1 / (1 + np.exp(-at)) - yes)
        height = float(weight @ (np.logaddexp(0, at) - yes * at)) + 0.5 * float(off @ off) / LINES
        return height, np.array([slope.sum(), slope @ logit]) + off / spread / LINES

    a, b = minimize(loss, np.array(AS_IT_IS), jac=True, method="L-BFGS-B", bounds=((None, None), (0.0, None))).x
    return float(a), float(b)


def _half_by_reporter(reporters: Sequence[str], n: Floats) -> Floats:
    """Weights of lines that sum to 1: half by lines, half by reporters with enough of them."""
    _, member = np.unique(np.array(reporters), return_inverse=True)
    size = np.bincount(member, n)
    large = size >= LEAST_LINES
    of_line: Floats = n / n.sum()
    if not large.any():
        return of_line
    of_reporter: Floats = np.where(large[member], n / size[member], 0.0) / large.sum()
    return (of_line + of_reporter) / 2


def _logit(p: Floats) -> Floats:
    share = np.clip(p, NEVER_QUITE, 1 - NEVER_QUITE)
    odds: Floats = np.log(share / (1 - share))
    return odds
