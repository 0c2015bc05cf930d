"""A recursive logit over countries: how probably goods that go from one to another pass a third.

Belongs here: the chain and what follows from it in closed form. Does not belong here: where its parameters come from
(`costs`), which seizures it is asked about (`transit`, `pipelines/inferred/routes.py`).

From country k goods go on to country a by a leg of mode l with probability

    P(a | k) = Σ_l π_l(k) · exp(u_l(k, a)) / Σ_b exp(u_l(k, b))
    u_l(k, a) = β_l · km_l(k, a) / 1000 + γ_l · size_l(a) + δ · language(k, a)

and each leg costs a factor λ < 1: M = λ P. With G = (I - M)⁻¹, the weight of all ways from k that end where they first
reach t is z_t(k) = G_kt / G_tt = exp V_t(k), V the value function of a recursive logit with utilities ln M, whose
choice of the next country is P_t(a | k) = M_ka z_t(a) / z_t(k) (Fosgerau, Frejinger & Karlstrom 2013,
doi 10.1016/j.trb.2013.07.012; with t absorbing, Zimmermann & Frejinger, arXiv 1905.00883). All sums over ways of any
length are then a few products of entries of G: one inverse of n = 250 for each mode serves all pairs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipelines.inferred.network.ways import LEG_MODES, UNKNOWN, Floats, Ways

Ints = NDArray[np.int64]
TINY = 1e-300
N_SEGMENTS = 3
NOBODY = -1


@dataclass(frozen=True)
class Chain:
    """The chain of one mode that reports name, or of none (`unknown`)."""

    step: Floats
    """M, shape (n, n): λ times the chance of the next country. Its diagonal is empty."""
    modes: Floats
    """Share of each mode of `LEG_MODES` in a leg, shape (3, n, n)."""

    @cached_property
    def visits(self) -> Floats:
        """G = (I - M)⁻¹, shape (n, n)."""
        n = len(self.step)
        return np.asarray(np.linalg.inv(np.eye(n) - self.step), dtype=np.float64)

    @cached_property
    def reach(self) -> Floats:
        """z, shape (n, n): weight of the ways from the row that end where they first reach the column."""
        return np.maximum(self.visits, 0) / np.diag(self.visits)[None]

    def reached(self, start: Ints, end: Ints) -> Floats:
        """Weight of the ways that reach each country before they reach an end, shape (pairs, n).

        G'_fk / G'_kk with G' = G - G_·t G_t· / G_tt, the visits of a chain that ends in t.
        """
        visits, at_end = self.visits, np.diag(self.visits)[end][:, None]
        before = visits[start] - visits[start, end][:, None] * visits[end] / at_end
        again = np.diag(visits)[None] - visits[:, end].T * visits[end] / at_end
        found: Floats = np.divide(before, again, out=np.zeros_like(before), where=again > TINY)
        return found

    def through(self, start: Ints, end: Ints) -> Floats:
        """Chance that the way from a start to an end passes each country, shape (pairs, n).

        What reaches k before t goes on with the weight z_t(k). Starts and ends themselves have the chance 1.
        """
        whole = np.maximum(self.reach[start, end], TINY)[:, None]
        passed = np.clip(self.reached(start, end) * self.reach[:, end].T / whole, 0, 1)
        pairs = np.arange(len(start))
        passed[pairs, start] = passed[pairs, end] = 1
        return passed

    def last_before(self, start: Floats, end: int) -> tuple[Floats, Floats]:
        """Σ_f start(f) P(k is the last country before the end | f), and the part of it where f itself is k.

        Start holds chances of each country, shape (rows, n), as do both answers. The weight of ways that reach k
        without passing the end, and then step to it, is G'_fk · M_kt, over their sum z_t(f). Nothing comes before the
        end for goods that start there.
        """
        visits, step = self.visits, self.step[:, end]
        to_end, from_end = visits[:, end], visits[end] / visits[end, end]
        whole = self.reach[:, end].copy()
        whole[end] = 0
        share = np.divide(start, whole, out=np.zeros_like(start), where=whole > TINY)
        last = (share @ visits - np.outer(share @ to_end, from_end)) * step
        itself = share * ((np.diag(visits) - to_end * from_end) * step)
        return np.maximum(last, 0), itself

    def segments_to(self, end: int) -> Segments:
        """The most probable ways from every country to one."""
        return _segments(self.step, self.reach[:, end], end)

    def segments_from(self, start: int) -> Segments:
        """The most probable ways from one country to every other."""
        back = _segments(self.step.T, self.reach[start], start)
        swapped = np.where((back.between[..., 1:] == NOBODY), back.between, back.between[..., ::-1])
        return Segments(back.prob, swapped)


@dataclass(frozen=True)
class Segments:
    """For each of n countries its most probable ways to or from a fixed one, the most probable first."""

    prob: Floats
    """Shape (n, N_SEGMENTS); the chances of further ways are what is missing to 1."""
    between: Ints
    """Countries that lie between, in the order in which they are passed, shape (n, N_SEGMENTS, 2); -1 for nobody."""


def _segments(step: Floats, reach: Floats, end: int) -> Segments:
    """Direct ways, ways over one country, and over two: of those with the same first country the best alone."""
    n = len(step)
    last = step[:, end]
    onward = step * last[None]  # (k, l): from k over l to the end
    onward[:, end] = 0
    second = onward.argmax(axis=1)
    over_one, over_two = onward, step * onward[np.arange(n), second][None]
    over_two[:, end] = 0
    over_two[second[None] == np.arange(n)[:, None]] = 0  # a way does not come back to where it began
    weights = np.concatenate([last[:, None], over_one, over_two], axis=1)
    best = np.empty((n, N_SEGMENTS), dtype=np.int64)
    prob = np.empty((n, N_SEGMENTS))
    for rank in range(N_SEGMENTS):  # of several alike the first: direct ways, then by code
        best[:, rank] = weights.argmax(axis=1)
        prob[:, rank] = weights[np.arange(n), best[:, rank]] / np.maximum(reach, TINY)
        weights[np.arange(n), best[:, rank]] = -1
    prob[end] = 0
    first = np.where(best == 0, NOBODY, (best - 1) % n)
    then = np.where(best > n, second[first], NOBODY)
    return Segments(np.clip(prob, 0, 1), np.stack([first, then], axis=-1))


@dataclass(frozen=True)
class ByMode:
    """The chains of a report that names a mode, or none: to the seizing country, and on from there."""

    inbound: Chain
    onward: Chain


def chains(ways: Ways, costs: Mapping[str, float]) -> dict[str, ByMode]:
    """The chains for each mode that a report may name, and for none, under costs by name (`costs.PRIORS`).

    A report names the mode in which the goods were found. They mostly came by it from the start; how they would have
    gone on is less certain.
    """
    choice = np.stack([_choice(ways, costs, mode) for mode in LEG_MODES])  # (modes, n, n)
    plain = _chain(choice, np.full(len(LEG_MODES), 1 / len(LEG_MODES)), costs["next_leg"])
    found = {UNKNOWN: ByMode(plain, plain)}
    for named in LEG_MODES:
        inbound, onward = (
            _chain(choice, _shares(named, costs[other]), costs["next_leg"]) for other in ("other_mode", "onward_mode")
        )
        found[named] = ByMode(inbound, onward)
    return found


def _chain(choice: Floats, shares: Floats, next_leg: float) -> Chain:
    """A chain whose legs are by each mode with these shares, among those that lead anywhere from a country."""
    weight = shares[:, None] * (choice.sum(axis=2) > 0)  # (modes, n)
    weight /= np.maximum(weight.sum(axis=0), TINY)
    by_mode = weight[:, :, None] * choice
    whole = by_mode.sum(axis=0)
    modes = np.divide(by_mode, whole[None], out=np.zeros_like(by_mode), where=whole[None] > 0)
    return Chain(next_leg * whole, modes)


def _choice(ways: Ways, costs: Mapping[str, float], mode: str) -> Floats:
    """Chance of the next country among those that a mode leads to, shape (n, n); an empty row where there is none."""
    size = costs["ships_sea"] * ways.ships if mode == "sea" else costs["people"] * ways.people
    reachable = np.isfinite(ways.km[mode])
    utility = costs[f"km_{mode}"] * np.where(reachable, ways.km[mode], 0) / 1000 + size[None]
    utility = np.where(reachable, utility + costs["language"] * ways.language, -np.inf)
    peak = utility.max(axis=1, keepdims=True)
    odds = np.exp(utility - np.where(np.isfinite(peak), peak, 0))
    whole = odds.sum(axis=1, keepdims=True)
    choice: Floats = np.divide(odds, whole, out=np.zeros_like(odds), where=whole > 0)
    return choice


def _shares(named: str, other: float) -> Floats:
    """π: shares of legs by each mode where a report names one."""
    return np.array([1 - other if mode == named else other / (len(LEG_MODES) - 1) for mode in LEG_MODES])
