"""Metrics of a forecast over places, where each row has one right answer.

With p the forecast of a row over places x, y its right place, w the row's weight (its lines), and S = 0.001:

    smoothed            q(x) = (1 − S) p(x) + S / |X|
    abroad              q(x | x ∉ E) with the excluded places E (the reporter) taken out, the rest made to sum to 1
    log-loss            −Σ w log q(y) / Σ w, in nats
    Brier               Σ_x q(x)² − 2 q(y) + 1
    calibration error   Σ_b |Σ_{i ∈ b} w (1[top = y] − q(top))| / Σ w over 15 bins of q(top), which is q's largest
                        value; where yes or no is asked, 1[yes] and q(yes) take their places
    by chance           its mean under labels redrawn from q: what a perfect forecaster of these rows would show
    90 % set            the fewest places with at least 0.9 of q, or with at least what the method says instead of 0.9

Averages weigh every line alike, or every reporter with at least five lines alike. Intervals are 95 % of draws of
reporters with replacement: they answer what other reporters would have shown. Draws are seeded; rows come sorted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

SMOOTHING = 1e-3
SET_MASS = 0.9
BINS = 15
LEAST_OF_REPORTER = 5
"""Lines that a reporter needs to count as one of the reporters that are averaged."""
REDRAWS = 100
INTERVAL = (0.025, 0.975)
TINY = 1e-300
SURE = 1e-12
"""Below this a variance, or a number, is nought."""
ENDS = (0.05, 0.95)
"""Of a 90 % interval."""
STATED = ("confidence", "came_true")
"""What is no metric but what calibration is judged by: a row's probability, and whether what it is of came true."""


def smoothed(p: Floats) -> Floats:
    """Rows made to sum to 1 with a little of the uniform distribution; rows without mass become uniform."""
    total = p.sum(axis=1, keepdims=True)
    uniform = 1.0 / p.shape[1]
    normal = np.where(total > 1e-12, p / np.maximum(total, TINY), uniform)
    mixed: Floats = (1 - SMOOTHING) * normal + SMOOTHING * uniform
    return mixed


def abroad(p: Floats, excluded: Flags) -> Floats:
    """The forecast given that none of the excluded places is right. Shapes (rows, places)."""
    q = smoothed(np.where(excluded, 0.0, p))
    q[excluded] = 0.0
    q /= q.sum(axis=1, keepdims=True)
    return q


def by_row(q: Floats, y: Ints, mass: Floats | None = None) -> dict[str, Floats]:
    """Metrics of each row. `mass`: what a row's set has to hold, where not 0.9. A tie takes the middle of its ranks."""
    rows = np.arange(len(y))
    right = q[rows, y]
    rank = (q > right[:, None]).sum(axis=1) + ((q == right[:, None]).sum(axis=1) - 1) / 2
    order = np.argsort(-q, axis=1, kind="stable")
    held = np.cumsum(np.take_along_axis(q, order, axis=1), axis=1)
    wanted = np.full(len(y), SET_MASS) if mass is None else mass
    size = np.minimum((held < wanted[:, None] - 1e-12).sum(axis=1) + 1, q.shape[1])
    place = (order == y[:, None]).argmax(axis=1)
    return {
        "log_loss": -np.log(np.maximum(right, TINY)),
        "top1": (rank < 1).astype(float),
        "top3": (rank < 3).astype(float),
        "brier": (q**2).sum(axis=1) - 2 * right + 1,
        "coverage90": (place < size).astype(float),
        "set_size90": size.astype(float),
        "confidence": q.max(axis=1),
        "came_true": (rank < 1).astype(float),
    }


def yes_or_no(p_yes: Floats, yes: Flags) -> dict[str, Floats]:
    """Metrics of each row of a forecast of yes: that the place is the reporter itself."""
    right = np.where(yes, p_yes, 1 - p_yes)
    return {
        "log_loss": -np.log(np.maximum(right, TINY)),
        "top1": ((p_yes > 0.5) == yes).astype(float),
        "brier": 2 * (1 - right) ** 2,
        "confidence": p_yes,
        "came_true": yes.astype(float),
    }


@dataclass(frozen=True)
class Score:
    """A figure with its interval, if it has one, and what a perfect forecaster would show, where that is not 0."""

    value: float
    low: float | None = None
    high: float | None = None
    by_chance: float | None = None


def averaged(
    metrics: Mapping[str, Floats], weight: Floats, reporter: Ints, draws: int, others: Mapping[str, Floats]
) -> dict[str, tuple[int, dict[str, Score]]]:
    """Number of reporters and scores by metric, for each kind of average (`line`, `reporter`).

    `reporter` is a code of each row. `others` holds the log-losses of other methods on the same rows by name: the gain
    over each is theirs less ours.
    """
    gains = {f"gain_over_{name}": loss - metrics["log_loss"] for name, loss in others.items()}
    _, member = np.unique(reporter, return_inverse=True)
    lines: Floats = np.bincount(member, weight).astype(float)
    found = {"line": (len(lines), _kind({**metrics, **gains}, weight, member, lines, draws))}
    big = lines >= LEAST_OF_REPORTER
    if big.any():
        keep = big[member]
        kept = {name: values[keep] for name, values in {**metrics, **gains}.items()}
        _, among = np.unique(member[keep], return_inverse=True)
        alike = weight[keep] / lines[member[keep]]
        sizes: Floats = np.bincount(among, alike).astype(float)
        found["reporter"] = (len(sizes), _kind(kept, alike, among, sizes, draws))
    return found


def _kind(metrics: Mapping[str, Floats], weight: Floats, member: Ints, size: Floats, draws: int) -> dict[str, Score]:
    drawn = reporters_drawn(len(size), draws)
    found = {}
    for name, values in metrics.items():
        if name in STATED:
            continue
        if name == "set_size90":
            found[name] = Score(weighted_median(values, weight))
            continue
        totals = np.bincount(member, weight * values, minlength=len(size))
        low, high = np.quantile((drawn @ totals) / (drawn @ size), INTERVAL)
        found[name] = Score(float(totals.sum() / size.sum()), float(low), float(high))
    confidence, correct = (metrics[name] for name in STATED)
    error = calibration_error(confidence, correct, weight)
    chance = calibration_by_chance(confidence, weight)
    found["calibration_error"] = Score(error, by_chance=chance)
    return found


def reporters_drawn(n: int, draws: int) -> Floats:
    """How often each reporter is drawn, shape (draws, n)."""
    drawn: Floats = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=draws).astype(float)
    return drawn


def bin_of(probability: Floats) -> Ints:
    """Which of the 15 bins of equal width, from 0, each probability lies in; 1 lies in the last."""
    which: Ints = np.minimum((probability * BINS).astype(np.int64), BINS - 1)
    return which


def calibration_error(confidence: Floats, correct: Floats, weight: Floats) -> float:
    """Mean distance between how sure the forecast was of its first place and how often that was right, by bins."""
    which = bin_of(confidence)
    return float(np.abs(np.bincount(which, weight * (correct - confidence), minlength=BINS)).sum() / weight.sum())


def calibration_by_chance(confidence: Floats, weight: Floats) -> float:
    """Its mean where each row's first place is right with just the probability that the forecast states.

    A row of several lines is taken for one draw, as its lines are one label: that is what their real answers are.
    """
    which = bin_of(confidence)
    rng = np.random.default_rng(0)
    total = 0.0
    for _ in range(REDRAWS):
        correct = (rng.random(len(confidence)) < confidence).astype(float)
        total += float(np.abs(np.bincount(which, weight * (correct - confidence), minlength=BINS)).sum())
    return total / REDRAWS / float(weight.sum())


def weighted_median(values: Floats, weight: Floats) -> float:
    """The smallest value with at least half of the weight at or below it; the last digits of a sum decide nothing."""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(below, below[-1] * (0.5 - 1e-9))])


# --- the published unit: shares of a cell ------------------------------------------------------------------------


@dataclass(frozen=True)
class Shares:
    """Predicted beside true shares of one cell (reporter, commodity group, year)."""

    lines: float
    variation: float
    """Total variation ½ Σ_x |s(x) − ŝ(x)|."""
    by_chance: float
    """Its mean where the labels are redrawn from the forecast."""
    covered: float
    """Share of the places with an expected or a true half line whose true number lies in the 90 % interval."""
    excess: float
    """Σ_k ((n_k − m_k)² − v_k) / N: what the squared errors have beyond chance; m expected, v its variance, N lines."""
    alike: float
    """Σ_k ((Σ_i w_i √(q_ik (1 − q_ik)))² − v_k) / N: what they would have if a cell's lines all erred alike.

    Σ excess / Σ alike over cells estimates ρ, the correlation of errors within a cell, by moments (as of the
    beta-binomial: Williams 1982, doi 10.2307/2347977). Lines count one by one in v.
    """


def shares_of_cell(q: Floats, y: Ints, weight: Floats, rng: np.random.Generator, redraws: int = 20) -> Shares:
    """Compare Σ w q with Σ w 1[y]. The interval is that of corridors: gamma with the same mean and variance.

    Its ends are whole lines, the lower one rounded down and the upper one up, as numbers of lines are.
    """
    places = q.shape[1]
    lines = float(weight.sum())
    true, expected = np.bincount(y, weight, minlength=places), weight @ q
    variance = (weight**2) @ (q * (1 - q))
    upto = np.cumsum(q, axis=1)
    drawn = 0.0
    for _ in range(redraws):
        label = np.minimum((upto < rng.random((len(y), 1)) * upto[:, -1:]).sum(axis=1), places - 1)
        drawn += float(np.abs(np.bincount(label, weight, minlength=places) - expected).sum())
    asked = (expected >= 0.5) | (true >= 0.5)
    low, high = (gamma_quantile(q, expected[asked], variance[asked]) for q in ENDS)
    inside = (true[asked] >= np.floor(low)) & (true[asked] <= np.ceil(high))
    return Shares(
        lines,
        float(np.abs(true - expected).sum()) / (2 * lines),
        drawn / redraws / (2 * lines),
        float(inside.mean()),
        *_overdispersion(q, true - expected, weight),
    )


def _overdispersion(q: Floats, error: Floats, weight: Floats) -> tuple[float, float]:
    by_chance = weight @ (q * (1 - q))
    together = (weight @ np.sqrt(q * (1 - q))) ** 2
    lines = float(weight.sum())
    return float((error**2 - by_chance).sum()) / lines, float((together - by_chance).sum()) / lines


def gamma_quantile(q: float, mean: Floats, variance: Floats) -> Floats:
    """Quantile of the gamma distribution with this mean and variance; the mean itself where there is no variance."""
    varies = (variance > SURE) & (mean > SURE)
    spread, level = np.where(varies, variance, 1.0), np.where(varies, mean, 1.0)
    return np.where(varies, gammaincinv(level**2 / spread, q) * spread / level, mean)


# --- links never seen ----------------------------------------------------------------------------------------------


def average_precision(score: Floats, is_link: Flags) -> float:
    """Mean over the true links of the share of links among the candidates that rank no lower; ties rank together."""
    order = np.argsort(-score, kind="stable")
    ranked, hit = score[order], is_link[order]
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)  # where each run of equal scores ends
    links = np.cumsum(hit)[last]
    new = np.diff(np.concatenate([[0], links]))
    return float((new * links / (last + 1)).sum() / max(int(hit.sum()), 1))
