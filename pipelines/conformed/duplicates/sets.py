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
_NODES, _SHARES = np.polynomial.legendre.leggauss(16)
"""Gauss-Legendre on 16 points: exact for lines with up to 31 partners."""


def weigh(pairs: pl.DataFrame, same: float, kept: float) -> pl.DataFrame:
    """Set and weights of every line that stands in a pair.

    `pairs` has `seizure_id` < `other_seizure_id` and `probability`; 0 means that somebody has set the two apart.
    Returns `seizure_id`, `duplicate_set_id` (the smallest id among lines joined by pairs of probability `same` or
    more), `line_weight`, and `line_weight_merged`: what a line weighs if all pairs are true, one over the number of
    lines that are then one (and never more than its weight). Implied pairs below `kept` are left out, as pairs are.
    """
    pairs = pairs.select(*ENDS, pl.col("probability").cast(pl.Float64)).sort(ENDS)
    apart = pairs.filter(pl.col("probability") <= 0)
    pairs = pairs.filter(pl.col("probability") > 0)
    for _ in range(ROUNDS):
        pairs = _closed(pairs, apart, kept)
    ids = pl.concat([pairs["seizure_id"], pairs["other_seizure_id"]]).unique().sort()
    first, second = (_numbers(ids, pairs[name]) for name in ENDS)
    p = pairs["probability"].to_numpy()
    weight = _weights(first, second, p, len(ids))
    both = apart.filter(pl.all_horizontal(pl.col(name).is_in(ids.implode()) for name in ENDS))
    never = set(zip(*(_numbers(ids, both[name]).tolist() for name in ENDS), strict=True))
    return pl.DataFrame(
        {
            "seizure_id": ids,
            "duplicate_set_id": ids.gather(_joined(first, second, p, len(ids), same, never)),
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


def _joined(first: Integers, second: Integers, p: Floats, n: int, same: float, apart: set[tuple[int, int]]) -> Integers:
    """The smallest line of each line's set.

    Pairs are joined from the most probable down; one that would unite two lines that are apart is passed over.
    """
    head = np.arange(n)
    members: dict[int, list[int]] = {}

    def top(at: int) -> int:
        while head[at] != at:
            head[at] = head[head[at]]
            at = int(head[at])
        return at

    order = np.lexsort((second, first, -p))
    for edge in order[p[order] >= same]:
        a, b = sorted((top(int(first[edge])), top(int(second[edge]))))
        if a == b:
            continue
        left, right = members.get(a, [a]), members.get(b, [b])
        if apart and any((min(x, y), max(x, y)) in apart for x in left for y in right):
            continue
        head[b] = a
        members[a] = left + right
        members.pop(b, None)
    return np.array([top(at) for at in range(n)], dtype=np.int64)
