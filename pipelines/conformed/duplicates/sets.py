"""Duplicate sets and the weights of lines, from the probabilities of pairs.

Belongs here: arithmetic on a graph whose nodes are lines and whose edges are pairs with a probability. Does not belong
here: where a probability comes from.

Of the lines that may tell of one seizure, taken in an order, each counts as far as it repeats none before it. No
order is better than another, so a line weighs what it counts on average over all of them:

    w_i = ∫₀¹ Π_j (1 − t p_ij) dt

(in a random order each other line comes before line i with the chance t, t being i's place in the order). Two sure
copies weigh ½ each, k sure copies 1/k, a pair of probability p weighs 2 − p in all; Σ w is the expected number of
distinct lines.

Being the same is transitive: where a–b and b–c are known and a–c is not, p_ac is at least p_ab p_bc.

A set is more than a chain: two groups of lines are joined where a pair of them is likely and all pairs between them are
so on average. Otherwise c, which is perhaps b, would be a as well, though nothing says so.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
ENDS = ["seizure_id", "other_seizure_id"]
ROUNDS = 2
"""Rounds of closing the graph: paths of up to four pairs."""
ON_AVERAGE = 0.5
"""Mean probability of the pairs between two groups of lines from which they are joined; one that was not kept has 0."""
_NODES, _SHARES = np.polynomial.legendre.leggauss(16)
"""Gauss-Legendre on 16 points: exact for lines with up to 31 partners."""


def weigh(pairs: pl.DataFrame, same: float, kept: float) -> pl.DataFrame:
    """Set and weights of every line that stands in a pair.

    `pairs` has `seizure_id` < `other_seizure_id` and `probability`; 0 means that somebody has set the two apart.
    Returns `seizure_id`, `duplicate_set_id` (the smallest id among lines joined by pairs of probability `same` or
    more, see `_Sets`), `line_weight`, and `line_weight_merged`: what a line weighs if all pairs are true, one over the
    number of lines that are then one (and never more than its weight). Implied pairs below `kept` are left out, as
    pairs are.
    """
    pairs = pairs.select(*ENDS, pl.col("probability").cast(pl.Float64)).sort(ENDS)
    apart = pairs.filter(pl.col("probability") <= 0)
    told = pairs.filter(pl.col("probability") > 0)
    pairs = told
    for _ in range(ROUNDS):
        pairs = _closed(pairs, apart, kept)
    ids = pl.concat([pairs["seizure_id"], pairs["other_seizure_id"]]).unique().sort()
    first, second = (_numbers(ids, pairs[name]) for name in ENDS)
    p = pairs["probability"].to_numpy()
    weight = _weights(first, second, p, len(ids))
    both = apart.filter(pl.all_horizontal(pl.col(name).is_in(ids.implode()) for name in ENDS))
    never = set(zip(*(_numbers(ids, both[name]).tolist() for name in ENDS), strict=True))
    sets = _Sets(len(ids), never)
    one, other = (_numbers(ids, told[name]) for name in ENDS)
    sets.join(one, other, told["probability"].to_numpy(), same)
    return pl.DataFrame(
        {
            "seizure_id": ids,
            "duplicate_set_id": ids.gather([sets.of(at) for at in range(len(ids))]),
            "line_weight": weight,
            "line_weight_merged": np.minimum(1.0 / _cluster_sizes(first, second, len(ids)), weight),
        }
    )


def _closed(pairs: pl.DataFrame, apart: pl.DataFrame, kept: float) -> pl.DataFrame:
    """The pairs and those that follow from two of them, each with its highest probability."""
    ways = pl.concat(
        [pairs, pairs.select(pl.col(ENDS[1]).alias(ENDS[0]), pl.col(ENDS[0]).alias(ENDS[1]), "probability")]
    )
    implied = (
        ways.join(ways, left_on=ENDS[1], right_on=ENDS[0], suffix="_2")
        .select(ENDS[0], pl.col(f"{ENDS[1]}_2").alias(ENDS[1]), pl.col("probability") * pl.col("probability_2"))
        .filter(pl.col(ENDS[0]) < pl.col(ENDS[1]), pl.col("probability") >= kept)
        .join(apart, on=ENDS, how="anti")
    )
    return pl.concat([pairs, implied]).group_by(ENDS).agg(pl.col("probability").max()).sort(ENDS)


def _numbers(ids: pl.Series, names: pl.Series) -> Integers:
    """The place of each id in the sorted ids."""
    found: Integers = np.asarray(ids.search_sorted(names), dtype=np.int64)
    return found


def _weights(first: Integers, second: Integers, p: Floats, n: int) -> Floats:
    """Σ over the nodes t of share × Π_j (1 − t p_ij), for every line i."""
    found = np.zeros(n)
    for node, share in zip((_NODES + 1) / 2, _SHARES / 2, strict=True):
        counts = np.ones(n)
        np.multiply.at(counts, first, 1 - node * p)
        np.multiply.at(counts, second, 1 - node * p)
        found += share * counts
    return found


def _cluster_sizes(first: Integers, second: Integers, n: int) -> Integers:
    graph = coo_array((np.ones(len(first)), (first, second)), shape=(n, n))
    _, labels = connected_components(graph, directed=False)
    found: Integers = np.bincount(labels, minlength=1)[labels]
    return found


class _Sets:
    """Lines, by number, joined to sets; the head of a set is its smallest line."""

    def __init__(self, n: int, apart: set[tuple[int, int]]) -> None:
        self._head = list(range(n))
        self._members: dict[int, list[int]] = {}
        self._apart = apart

    def of(self, at: int) -> int:
        """The head of a line's set."""
        head = self._head
        while head[at] != at:
            head[at] = head[head[at]]
            at = head[at]
        return at

    def join(self, first: Integers, second: Integers, p: Floats, same: float) -> None:
        """Sure copies are one to begin with.

        Then pairs are joined from the most probable down to `same`, if the pairs between the two groups have a mean
        probability of `ON_AVERAGE` or more. One that would unite two lines that are apart is passed over.
        """
        order = np.lexsort((second, first, -p))
        edges = [(int(first[at]), int(second[at]), float(p[at])) for at in order]
        for a, b, value in edges:
            if value >= 1:
                self._join(a, b)
        one_of = [self.of(at) for at in range(len(self._head))]
        likely: dict[tuple[int, int], float] = {}
        for a, b, value in edges:
            likely.setdefault(_pair(one_of[a], one_of[b]), value)  # the most probable comes first
        copies: dict[int, list[int]] = {}  # of each set, one line for all that are sure copies of each other
        for a, b, _ in (edge for edge in edges if same <= edge[2] < 1):
            low, high = _pair(self.of(a), self.of(b))
            left, right = copies.get(low, [low]), copies.get(high, [high])
            between = sum(likely.get(_pair(x, y), 0.0) for x in left for y in right)
            if low != high and between >= ON_AVERAGE * len(left) * len(right) and self._join(low, high):
                copies[low] = left + copies.pop(high, [high])

    def _join(self, a: int, b: int) -> bool:
        """Join the sets of two lines, and say whether they are one now that were two."""
        low, high = _pair(self.of(a), self.of(b))
        left, right = self._members.get(low, [low]), self._members.get(high, [high])
        if low == high or (self._apart and any(_pair(x, y) in self._apart for x in left for y in right)):
            return False
        self._head[high] = low
        self._members[low] = left + right
        self._members.pop(high, None)
        return True


def _pair(a: int, b: int) -> tuple[int, int]:
    return (a, b) if a < b else (b, a)
