"""Random draws in bulk: from named shares, by quota, of distinct rows.

Belongs here: helpers that turn a seeded generator into arrays. Does not belong here: any figure or name.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

Integers = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]


def shares(text: str) -> dict[str, float]:
    """Read `"COL 65, PER 27"` as shares that sum to one, in the order written."""
    parts = (part.strip().rsplit(" ", 1) for part in text.split(","))
    weights = {name: float(weight) for name, weight in parts}
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def draw(rng: np.random.Generator, weights: Sequence[float] | Numbers, n: int) -> Integers:
    """Draw `n` indices with replacement, in proportion to `weights`."""
    cumulative = np.cumsum(np.asarray(weights, dtype=np.float64))
    found: Integers = np.searchsorted(cumulative, rng.random(n) * cumulative[-1], side="right")
    return np.minimum(found, len(cumulative) - 1)


def draw_words(rng: np.random.Generator, mix: Mapping[str, float], n: int) -> pl.Series:
    """Draw `n` words of a mix; the word "-" stands for nothing said and comes back as null."""
    words = pl.Series([None if word == "-" else word for word in mix], dtype=pl.String)
    return words[draw(rng, list(mix.values()), n)]


def draw_words_by(rng: np.random.Generator, key: pl.Series, mixes: Mapping[str, Mapping[str, float]]) -> pl.Series:
    """Draw a word for each row from the mix that its key names; "*" is the mix of keys without their own."""
    known = key.replace_strict({name: name for name in mixes}, default="*").to_numpy()
    words = np.empty(len(known), dtype=object)
    for name, mix in mixes.items():
        words[known == name] = draw_words(rng, mix, int((known == name).sum())).to_numpy()
    return pl.Series(words.tolist(), dtype=pl.String)


def quotas(weights: Sequence[float], total: int) -> list[int]:
    """Split `total` in proportion to `weights`, by largest remainder: no year of a small world is thin."""
    exact = [weight / sum(weights) * total for weight in weights]
    counts = [int(value) for value in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: (counts[i] - exact[i], i))
    for i in by_remainder[: total - sum(counts)]:
        counts[i] += 1
    return counts


def a_few(rng: np.random.Generator, candidates: Integers, share: float, least: int) -> Integers:
    """Pick distinct rows: `share` of the candidates, at least `least` of them (or all there are)."""
    wanted = min(len(candidates), max(least, round(share * len(candidates))))
    return np.sort(rng.choice(candidates, size=wanted, replace=False))
