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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

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

    def ratios(self, group: str, reporter: Whole) -> tuple[Ratios, Ratios]:
        """K of evidences of one commodity group, and K turned. Evidences of one reporter stand together."""
        first, second = (float(self.relations[home] / self.relations[4]) for home in (2, 3))
        start = np.flatnonzero(np.diff(reporter, prepend=-1))
        grouped = self._grouped(group)
        columns = [slice(*ends) for ends in zip(start, [*start[1:], len(reporter)], strict=True)]
        own = [(at, *self._own(int(place), group, grouped)) for at, place in zip(columns, reporter[start], strict=True)]
        return (
            Ratios(reporter, first, second, grouped.shared, own),
            Ratios(reporter, second, first, grouped.turned, [(at, y, x, delta.T) for at, x, y, delta in own]),
        )

    @cached_property
    def _groups(self) -> dict[str, _Grouped]:
        """Those that were asked for so far."""
        return {}

    @cached_property
    def _reporters(self) -> dict[tuple[int, str], tuple[Whole, Whole, Floats]]:
        """Of each group, those that were asked for so far."""
        return {}

    def _grouped(self, group: str) -> _Grouped:
        if group not in self._groups:
            n = self.n_places
            of_group = self.of_group.get(group, csr_array((n, n)))
            logs, ones = of_group.toarray(), np.ones(n)
            apart = np.exp(logs)
            apart[np.diag_indices(n)] *= self.relations[1] / self.relations[4]
            apart -= 1
            shared, turned = (csr_array(np.vstack([one, ones])) for one in (apart, apart.T))
            key, _ = _keyed(of_group)
            self._groups[group] = _Grouped(logs, apart, key, *np.divmod(key, n), shared, turned)
        return self._groups[group]

    def _own(self, reporter: int, group: str, grouped: _Grouped) -> tuple[Whole, Whole, Floats]:
        """δ of a reporter among the places x and y between which there is any, shape (x, y)."""
        if (reporter, group) not in self._reporters:
            n, ratio = self.n_places, self.relations / self.relations[4]
            own = self.of_reporter.get((reporter, group))
            own_key, own_log = (np.zeros(0, dtype=np.int64), np.zeros(0)) if own is None else _keyed(own)
            at_home = grouped.key[(grouped.x == reporter) | (grouped.y == reporter)]
            key = np.unique(np.concatenate([[reporter * n + reporter], at_home, own_key]))
            x, y = np.divmod(key, n)
            logs = np.log(ratio)[relation(np.full(len(key), reporter), x, y)] + grouped.logs[x, y]
            logs[np.searchsorted(key, own_key)] += own_log
            differs = np.expm1(logs) - grouped.apart[x, y]
            differs -= (x == reporter) * (ratio[2] - 1) + (y == reporter) * (ratio[3] - 1)
            (rows, row), (columns, column) = (np.unique(at, return_inverse=True) for at in (x, y))
            delta = np.zeros((len(rows), len(columns)))
            delta[row, column] = differs
            self._reporters[reporter, group] = rows, columns, delta
        return self._reporters[reporter, group]


@dataclass(frozen=True)
class _Grouped:
    """What the kernels of a commodity group's reporters have in common."""

    logs: Floats
    """log r_c, shape (places, places)."""
    apart: Floats
    """S of `Ratios`."""
    key: Whole
    x: Whole
    y: Whole
    """Cells where r_c is not one."""
    shared: csr_array
    """S above a row of ones, and the same of K turned."""
    turned: csr_array


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
class Ratios:
    """K of evidences of one commodity group, whose factors have the shape (places, evidences).

    Only their reporters R tell evidences apart, and reporters differ in few cells, so that all pass at once:

        K(x, y) = 1 + S(x, y) + (r_first − 1) 1[x = R] + (r_second − 1) 1[y = R] + δ_R(x, y)

    with the ratios of "first home" and "second home" to that of "apart", and S and δ sparse.
    """

    reporter: Whole
    """Position of R, shape (evidences,)."""
    first_home: float
    second_home: float
    shared: csr_array
    """S above a row of ones, shape (places + 1, places)."""
    own: Sequence[tuple[slice, Whole, Whole, Floats]]
    """δ of each reporter: its evidences, places x and y, and δ between those, shape (x, y)."""

    def through(self, factor: Floats) -> Floats:
        """Σ_y K(x, y) factor(y | e) for each x and e."""
        each = np.arange(len(self.reporter))
        shared = self.shared @ factor
        passed, total = shared[:-1], shared[-1]
        passed += total + (self.second_home - 1) * factor[self.reporter, each]
        passed[self.reporter, each] += (self.first_home - 1) * total
        for at, x, y, delta in self.own:
            passed[x, at] += delta @ factor[y, at]
        found: Floats = passed
        return found


@dataclass(frozen=True)
class Joint:
    """J of evidences of one commodity group: factors of shape (places, evidences), the kernels, and both turned."""

    factors: tuple[Floats, Floats, Floats]
    first: tuple[Ratios, Ratios]
    second: tuple[Ratios, Ratios]

    def take(self, rows: Whole, first: tuple[Ratios, Ratios], second: tuple[Ratios, Ratios]) -> Joint:
        """J of these evidences, whose kernels are given."""
        a, b, c = (np.take(factor, rows, axis=1) for factor in self.factors)
        return Joint((a, b, c), first, second)

    def given(self, *reported: Whole) -> Joint:
        """J where these places are reported: for each role positions, or −1 where it is hidden, shape (evidences,)."""
        a, b, c = (_only(factor, at) for factor, at in zip(self.factors, reported, strict=True))
        return replace(self, factors=(a, b, c))

    def marginal(self, role: int) -> Floats:
        """P of origin (0), departure (1) or destination (2), shape (evidences, places): each row sums to 1."""
        a, b, c = self.factors
        (first, first_turned), (second, second_turned) = self.first, self.second
        if role == 0:
            return _normalised(a * first.through(b * second.through(c)))
        if role == 1:
            return _normalised(b * first_turned.through(a) * second.through(c))
        return _normalised(c * second_turned.through(b * first_turned.through(a)))


def couple(
    p_origin: Floats,
    p_departure: Floats,
    p_destination: Floats,
    first: tuple[Ratios, Ratios],
    second: tuple[Ratios, Ratios],
) -> Joint:
    """Scale the kernels, each with its turned, to the marginals. Forecasts have the shape (evidences, places)."""
    (back, forth), (left, right) = first, second
    p, q, r = (np.ascontiguousarray(one.T) for one in (p_origin, p_departure, p_destination))
    a, c = (np.where(one > 0, one, TINY) for one in (p, r))
    from_origin, from_destination = forth.through(a), left.through(c)
    for _ in range(SWEEPS):
        b = _share(q, from_origin * from_destination)
        a = _share(p, back.through(b * from_destination))
        from_origin = forth.through(a)
        c = _share(r, right.through(b * from_origin))
        from_destination = left.through(c)
    return Joint((a, _share(q, from_origin * from_destination), c), first, second)


def _share(of: Floats, by: Floats) -> Floats:
    """of / by, in the memory of the second."""
    np.maximum(by, TINY, out=by)
    return np.divide(of, by, out=by)


def _only(factor: Floats, at: Whole) -> Floats:
    """The factor, with nothing but the reported place where there is one."""
    reported = np.flatnonzero(at >= 0)
    if not len(reported):
        return factor
    kept = factor.copy()
    kept[:, reported] = 0.0
    kept[at[reported], reported] = 1.0
    return kept


def _keyed(cells: csr_array) -> tuple[Whole, Floats]:
    """Of a square matrix x · n + y of its cells, and their values."""
    each = cells.tocoo()
    return each.row.astype(np.int64) * cells.shape[1] + each.col, each.data


def _normalised(values: Floats) -> Floats:
    """Turned to the shape (evidences, places), each row summing to 1."""
    turned = values.T
    shares: Floats = turned / np.maximum(turned.sum(axis=1, keepdims=True), TINY)
    return shares
