"""The joint of departure and destination of each evidence, from the forecast of each.

Belongs here: which departures go with which destinations, for corridors and whole routes. Does not belong here: fitting
the kernel (`model.joint`), the forecasts themselves (`posterior`).

The route model's joint is J(o, d, t | e) = a(o) K₁(o, d) b(d) K₂(d, t) c(t). Whatever else is reported, its sum over o
has the form A(d) K₂(d, t) C(t), so its marginals and K = K₂ are enough to have it again:

    J(d, t | e) = A(d) K(d, t) C(t),    Σ_t J(d, t | e) = P(d | e),    Σ_d J(d, t | e) = Q(t | e)

by iterative proportional fitting (Deming & Stephan 1940): the I-projection of K on the two marginals (Csiszár 1975).
P and Q are `prob_true` of the places that are listed, as shares: what a list leaves out goes with what it holds. A
reported place is a marginal of one place, and then J is what P and Q say. K = r_relation · r_c(d, t) · r_{R,c}(d, t)
stands in `inferred.route_pairs`, as logarithms and but for a factor, which A takes up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from pipelines.inferred.model.explain import PAIRS
from pipelines.inferred.model.joint import RELATIONS, Kernel
from pipelines.inferred.model.likelihood import Floats, Whole
from pipelines.store import Connection, frame

PAIRING_INPUTS = ("inferred.route_pairs",)
"""Tables that must be open for `read_kernel`."""
NEAR = 1e-7
"""Marginals that are nearer than this are reached."""
SWEEPS = 100
BLOCK = ["reporter", "commodity_group"]
TINY = 1e-300
FIRST_HOME, SECOND_HOME = RELATIONS.index("first_home"), RELATIONS.index("second_home")
RATIOS = f"""
    SELECT term, term_group, candidate, other_candidate, CAST(effect AS DOUBLE) AS effect
    FROM inferred.route_pairs
    WHERE role_pair = '{PAIRS[1]}'
    ORDER BY term, term_group, candidate, other_candidate
"""


def read_kernel(con: Connection, places: Sequence[str]) -> Kernel:
    """K of departure and destination as last night's model tells it, over `places`; others have no ratio."""
    told = frame(con, RATIOS)
    position = {place: at for at, place in enumerate(places)}
    relations = dict(told.filter(term="relation").select("term_group", "effect").iter_rows())
    of_group: dict[str, csr_array] = {}
    of_reporter: dict[tuple[int, str], csr_array] = {}
    ratios = told.filter(
        pl.col("term") != "relation", pl.col("candidate").is_in(places), pl.col("other_candidate").is_in(places)
    )
    for (term, name), cells in ratios.group_by("term", "term_group", maintain_order=True):
        at = [
            cells[end].replace_strict(position, return_dtype=pl.Int64).to_numpy()
            for end in ("candidate", "other_candidate")
        ]
        ratio = csr_array((cells["effect"].to_numpy(), (at[0], at[1])), shape=(len(places), len(places)))
        reporter, _, group = str(name).rpartition("|")
        if term == "commodity_group":
            of_group[group] = ratio
        elif reporter in position:
            of_reporter[position[reporter], group] = ratio
    logs = np.array([relations.get(name, 0.0) for name in RELATIONS])
    return Kernel(len(places), np.exp(logs), of_group, of_reporter)


@dataclass(frozen=True)
class Coupled:
    """J of many evidences, as factors of the shape (evidences, places)."""

    kernel: Kernel
    reporter: Whole
    """Position of the reporter among the places, shape (evidences,)."""
    blocks: Sequence[tuple[Whole, csr_array]]
    """Rows of each reporter and commodity group, and K − 1."""
    first: Floats
    second: Floats
    same: Floats
    """Chance that both are one place, shape (evidences,)."""

    def cells(self, first: Whole, second: Whole) -> Floats:
        """J(d, t | e) for the places asked of each evidence: (evidences, k) and (evidences, l) give (evidences, k, l).

        A position below zero is no place, and its chance nought.
        """
        found = np.zeros((*first.shape, second.shape[1]))
        for rows, differences in self.blocks:
            ratio = 1 + differences.toarray()
            d, t = first[rows], second[rows]
            a, c = (
                np.where(at >= 0, np.take_along_axis(factor[rows], np.maximum(at, 0), axis=1), 0.0)
                for factor, at in ((self.first, d), (self.second, t))
            )
            found[rows] = a[:, :, None] * ratio[d[:, :, None], t[:, None, :]] * c[:, None, :]
        return found

    def apart(self) -> tuple[Floats, Floats]:
        """Factors F, S of the joint given that the places differ: for d ≠ t

            J(d, t | e, d ≠ t) = F(d) r_c(d, t) r_{R,c}(d, t) S(t)

        Off the diagonal the relation to the reporter is a matter of one place, so it stands in F and S. Both are
        nought where the two places cannot differ.
        """
        different = self.first.sum(axis=1) > 0
        different &= (1 - self.same) > NEAR
        scale = np.where(different, 1 / np.maximum(1 - self.same, NEAR), 0.0)
        first, second = self.first * scale[:, None], self.second.copy()
        rows = np.flatnonzero(self.reporter >= 0)
        home = self.reporter[rows]
        relative = self.kernel.relations / self.kernel.relations[-1]
        first[rows, home] *= relative[FIRST_HOME]
        second[rows, home] *= relative[SECOND_HOME]
        return first, second


def couple(kernel: Kernel, about: pl.DataFrame, places: Sequence[str], p_first: Floats, p_second: Floats) -> Coupled:
    """J of each evidence from its forecasts, shape (evidences, places), taken as shares.

    `about` has reporter and commodity_group of each. A reporter that is none of the places has no kernel. What comes
    out for a row depends on that row alone.
    """
    position = {place: at for at, place in enumerate(places)}
    reporters = about["reporter"].replace_strict(position, default=-1, return_dtype=pl.Int64)
    p, q = (values / np.maximum(values.sum(axis=1, keepdims=True), TINY) for values in (p_first, p_second))
    blocks = []
    same = np.zeros(len(p))
    keyed = pl.DataFrame([reporters, about["commodity_group"]]).with_row_index("row")
    for reporter, group, members in keyed.group_by(BLOCK, maintain_order=True).agg("row").iter_rows():
        rows = np.asarray(members, dtype=np.int64)
        differences = _differences(kernel, reporter, group)
        p[rows], q[rows] = _projected(p[rows], q[rows], differences)
        same[rows] = np.sum(p[rows] * (1 + differences.diagonal()) * q[rows], axis=1)
        blocks.append((rows, differences))
    return Coupled(kernel, reporters.to_numpy(), blocks, p, q, same)


def _differences(kernel: Kernel, reporter: int, group: str) -> csr_array:
    """K − 1, shape (places, places)."""
    if reporter < 0:
        return csr_array((kernel.n_places, kernel.n_places))
    return kernel.differences(reporter, group)


def _projected(p: Floats, q: Floats, differences: csr_array) -> tuple[Floats, Floats]:
    """A and C of each row: in turn one marginal is met, then the other, until both are."""
    back = csr_array(differences.T)
    first, second = p.copy(), np.zeros_like(q)
    left = np.flatnonzero((p.sum(axis=1) > 0) & (q.sum(axis=1) > 0))
    first[np.setdiff1d(np.arange(len(p)), left)] = 0.0
    for _ in range(SWEEPS):
        if not len(left):
            break
        second[left] = q[left] / np.maximum(_through(first[left], back), TINY)
        reached = _through(second[left], differences)
        off = np.abs(first[left] * reached - p[left]).max(axis=1)
        first[left] = p[left] / np.maximum(reached, TINY)
        left = left[off > NEAR]
    return first, second


def _through(factor: Floats, turned: csr_array) -> Floats:
    """factor @ (1 + turnedᵀ), shape (evidences, places): a step through a kernel, of which Dᵀ is given."""
    passed: Floats = factor.sum(axis=1, keepdims=True) + (turned @ factor.T).T
    return passed
