"""The joint over origin, departure and destination, whose marginals are the forecasts of each role.

For evidence e of reporter R and commodity group c, with the forecasts P_O, P_D, P_T of its three roles,

    J(o, d, t | e) = a(o) K₁(o, d) b(d) K₂(d, t) c(t)

where the kernels K₁ = K(origin, departure) and K₂ = K(departure, destination) say how much oftener two places stand
together than forecasts that do not see each other would have it, and a, b, c ≥ 0 are such that Σ over the others gives
P_O, P_D and P_T (iterative proportional fitting: Deming & Stephan 1940; the I-projection of the kernels on the
marginals, Csiszár 1975). So a role whose others are hidden keeps its calibrated forecast, and a role beside reported
ones is conditional:

    P(d | o, t, e) ∝ K₁(o, d) b(d) K₂(d, t)

A kernel is a product of ratios of reported to expected pairs, each shrunk to the one before by α pairs (gamma–Poisson
shrinkage, DuMouchel 1999, doi 10.1080/00031305.1999.10474456):

    r = (n + α) / (m + α),    K = r_relation · r_{c}(x, y) · r_{R, c}(x, y)

n counts the pairs that reports name (each reporter's n weighs √n), m is what the forecasts and the coarser ratios
expect. The relation is whether x and y are the reporter, the same place, or neither. All but a few cells of K are the
ratio of the last relation; K is kept as that number (divided out) and sparse differences.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from pipelines.inferred.model.likelihood import Floats, Whole

ALPHA_RELATION, ALPHA_GROUP, ALPHA_REPORTER = 2.0, 1.0, 2.0
SWEEPS = 4
RELATIONS = ("both_home", "same_place", "first_home", "second_home", "apart")
"""Names of the relations of a pair, in the order of their ratios."""
LEAST = 0.02
"""A ratio nearer to one than this is one."""
TINY = 1e-300


@dataclass(frozen=True)
class Pairs:
    """Reports that name both places. Arrays of length n, forecasts of shape (n, places)."""

    reporter: Whole
    group: NDArray[np.object_]
    first: Whole
    second: Whole
    p_first: Floats
    p_second: Floats
    weight: Floats


@dataclass(frozen=True)
class Kernel:
    """K of one pair of roles."""

    n_places: int
    relations: Floats
    """Ratios of the relations: both home, same place abroad, first home, second home, two places abroad."""
    of_group: Mapping[str, csr_array]
    """log r_c by commodity group."""
    of_reporter: Mapping[tuple[int, str], csr_array]
    """log r_{R,c}."""

    def of_all(self) -> Kernel:
        """K without r_{R,c}: what the pairs of all reporters say."""
        return replace(self, of_reporter={})

    def differences(self, reporter: int, group: str) -> csr_array:
        """K / r_neither − 1 for one reporter and group, shape (places, places), sparse."""
        n, at = self.n_places, np.arange(self.n_places)
        logs = np.log(self.relations / self.relations[4])
        abroad = at[at != reporter]
        home = np.full(n - 1, reporter)
        parts = [self.of_group.get(group), self.of_reporter.get((reporter, group))]
        cells = [part.tocoo() for part in parts if part is not None]
        rows = np.concatenate([at, home, abroad, *(part.row for part in cells)])
        columns = np.concatenate([at, abroad, home, *(part.col for part in cells)])
        same = np.where(at == reporter, logs[0], logs[1])
        aside = np.repeat(logs[2:4], n - 1)
        total = csr_array(
            (np.concatenate([same, aside, *(part.data for part in cells)]), (rows, columns)), shape=(n, n)
        )
        return csr_array((np.expm1(total.data), total.indices, total.indptr), shape=(n, n))


def relation(reporter: Whole, first: Whole, second: Whole) -> Whole:
    """0 both home, 1 the same place abroad, 2 first home, 3 second home, 4 two places abroad."""
    same = np.where(first == reporter, 0, 1)
    apart = np.where(first == reporter, 2, np.where(second == reporter, 3, 4))
    found: Whole = np.where(first == second, same, apart)
    return found


def flat_kernel(n_places: int) -> Kernel:
    """K = 1: the joint is the product of its marginals."""
    return Kernel(n_places, np.ones(len(RELATIONS)), {}, {})


def fit_kernel(pairs: Pairs, n_places: int) -> Kernel:
    """The kernel of two roles, from reports that name both."""
    if not len(pairs.reporter):
        return flat_kernel(n_places)
    relations = _relations(pairs)
    of_group: dict[str, csr_array] = {}
    of_reporter: dict[tuple[int, str], csr_array] = {}
    for group in sorted(set(pairs.group.tolist())):
        here = np.flatnonzero(pairs.group == group)
        named, expected = np.zeros((n_places, n_places)), np.zeros((n_places, n_places))
        by_reporter: dict[int, tuple[Floats, Floats]] = {}
        for reporter in np.unique(pairs.reporter[here]):
            own = here[pairs.reporter[here] == reporter]
            n, m = _counts(pairs, own, n_places, relations)
            by_reporter[int(reporter)] = n, m
            discount = 1 / np.sqrt(max(pairs.weight[own].sum(), 1.0))
            named += discount * n
            expected += discount * m
        of_group[group] = _ratio(named, expected, ALPHA_GROUP)
        factor = np.exp(of_group[group].toarray())
        for reporter, (n, m) in by_reporter.items():
            of_reporter[reporter, group] = _ratio(n, m * factor, ALPHA_REPORTER)
    return Kernel(n_places, relations, of_group, of_reporter)


def _relations(pairs: Pairs) -> Floats:
    """Ratios of the five relations, every reporter's pairs discounted to √n."""
    named, expected = np.zeros(5), np.zeros(5)
    for reporter in np.unique(pairs.reporter):
        own = np.flatnonzero(pairs.reporter == reporter)
        weight = pairs.weight[own] / np.sqrt(max(pairs.weight[own].sum(), 1.0))
        found = relation(pairs.reporter[own], pairs.first[own], pairs.second[own])
        named += np.bincount(found, weight, minlength=5)
        first_home, second_home = pairs.p_first[own, reporter], pairs.p_second[own, reporter]
        both = first_home * second_home
        same = np.einsum("ij,ij->i", pairs.p_first[own], pairs.p_second[own]) - both
        shares = np.stack([both, same, first_home - both, second_home - both], axis=1)
        expected += weight @ np.column_stack([shares, 1 - shares.sum(axis=1)])
    ratios: Floats = (named + ALPHA_RELATION) / (expected + ALPHA_RELATION)
    return ratios


def _counts(pairs: Pairs, own: Whole, n_places: int, relations: Floats) -> tuple[Floats, Floats]:
    """Named and expected pairs of one reporter and group, shape (places, places)."""
    named = np.zeros((n_places, n_places))
    np.add.at(named, (pairs.first[own], pairs.second[own]), pairs.weight[own])
    expected = (pairs.p_first[own] * pairs.weight[own, None]).T @ pairs.p_second[own]
    reporter = int(pairs.reporter[own[0]])
    at = np.arange(n_places)
    of_cell = relation(
        np.full((n_places, n_places), reporter),
        np.broadcast_to(at[:, None], (n_places, n_places)),
        np.broadcast_to(at, (n_places, n_places)),
    )
    return named, expected * relations[of_cell]


def _ratio(named: Floats, expected: Floats, alpha: float) -> csr_array:
    """log((n + α) / (m + α)), sparse."""
    ratio = np.log((named + alpha) / (expected + alpha))
    return csr_array(np.where(np.abs(ratio) > LEAST, ratio, 0.0))


@dataclass(frozen=True)
class Joint:
    """J of evidences of one reporter and group: factors of shape (evidences, places), the kernels, and both turned."""

    origin: Floats
    departure: Floats
    destination: Floats
    first: csr_array
    second: csr_array
    first_turned: csr_array
    second_turned: csr_array

    def take(self, rows: Whole) -> Joint:
        """J of these evidences."""
        a, b, c = (np.take(factor, rows, axis=0) for factor in (self.origin, self.departure, self.destination))
        return replace(self, origin=a, departure=b, destination=c)

    def given(self, origin: Whole, departure: Whole, destination: Whole) -> Joint:
        """J where each of these places is reported; arrays hold its position, or −1 where the role is hidden."""
        factors = ((self.origin, origin), (self.departure, departure), (self.destination, destination))
        a, b, c = (_only(factor, at) for factor, at in factors)
        return replace(self, origin=a, departure=b, destination=c)

    def marginal(self, role: int) -> Floats:
        """P of origin (0), departure (1) or destination (2), each row summing to 1: shape (evidences, places)."""
        a, b, c = self.origin, self.departure, self.destination
        if role == 0:
            return _normalised(a * through(b * through(c, self.second), self.first))
        if role == 1:
            return _normalised(b * through(a, self.first_turned) * through(c, self.second))
        return _normalised(c * through(b * through(a, self.first_turned), self.second_turned))


def couple(p_origin: Floats, p_departure: Floats, p_destination: Floats, first: csr_array, second: csr_array) -> Joint:
    """Scale the kernels to the marginals. Forecasts have the shape (evidences, places)."""
    first_turned, second_turned = csr_array(first.T), csr_array(second.T)
    p, q, r = (np.asfortranarray(one) for one in (p_origin, p_departure, p_destination))  # a place's cells lie together
    a, b, c = (np.where(one > 0, one, TINY) for one in (p, q, r))
    from_origin = through(a, first_turned)
    for _ in range(SWEEPS):
        from_destination = through(c, second)
        b = q / np.maximum(from_origin * from_destination, TINY)
        a = p / np.maximum(through(b * from_destination, first), TINY)
        from_origin = through(a, first_turned)
        c = r / np.maximum(through(b * from_origin, second_turned), TINY)
    b = q / np.maximum(from_origin * through(c, second), TINY)
    return Joint(a, b, c, first, second, first_turned, second_turned)


def through(factor: Floats, turned: csr_array) -> Floats:
    """factor @ (1 + turnedᵀ), shape (evidences, places): a step through a kernel, of which Dᵀ is given.

    Fastest where the cells of a place lie together in memory (Fortran order).
    """
    passed: Floats = factor.sum(axis=1, keepdims=True) + (turned @ factor.T).T
    return passed


def _only(factor: Floats, at: Whole) -> Floats:
    """The factor, with nothing but the reported place where there is one."""
    reported = np.flatnonzero(at >= 0)
    if not len(reported):
        return factor
    kept = factor.copy(order="K")
    kept[reported] = 0.0
    kept[reported, at[reported]] = 1.0
    return kept


def _normalised(values: Floats) -> Floats:
    shares: Floats = values / np.maximum(values.sum(axis=1, keepdims=True), TINY)
    return shares
