"""Random draws in bulk: from named shares, by quota, of distinct rows.

Belongs here: helpers that turn a seeded generator into arrays. Does not belong here: any figure or name.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

Integers = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def shares(text: str) -> dict[str, float]:
    """Read `"COL 65, PER 27"` as shares that sum to one, in the order written."""
    parts = (part.strip().rsplit(" ", 1) for part in text.split(","))
    weights = {" ".join(name.split()): float(weight) for name, weight in parts}
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def draw(rng: np.random.Generator, weights: Sequence[float] | Numbers, n: int) -> Integers:
    """Draw `n` indices with replacement, in proportion to `weights`."""
    cumulative = np.cumsum(np.asarray(weights, dtype=np.float64))
    return draw_cumulative(rng, cumulative, n)


def draw_cumulative(rng: np.random.Generator, cumulative: Numbers, n: int) -> Integers:
    """Draw `n` indices in proportion to the steps of a running sum."""
    found: Integers = np.searchsorted(cumulative, rng.random(n) * cumulative[-1], side="right")
    return np.minimum(found, len(cumulative) - 1)


def draw_words(rng: np.random.Generator, mix: Mapping[str, float], n: int) -> pl.Series:
    """Draw `n` words of a mix; the word "-" stands for nothing said and comes back as null."""
    words = pl.Series([None if word == "-" else word for word in mix], dtype=pl.String)
    return words[draw(rng, list(mix.values()), n)]


def draw_words_by(rng: np.random.Generator, key: pl.Series, mixes: Mapping[str, Mapping[str, float]]) -> pl.Series:
    """Draw a word for each row from the mix that its key names; "*" is the mix of keys without their own."""
    words: list[str | None] = []
    at = np.zeros(len(key), dtype=np.int64)
    numbers = {name: number for number, name in enumerate(mixes)}
    of_row = codes(key, list(numbers))
    of_row[of_row < 0] = numbers.get("*", 0)
    for name, mix in mixes.items():
        here = of_row == numbers[name]
        at[here] = len(words) + draw(rng, list(mix.values()), int(here.sum()))
        words += [None if word == "-" else word for word in mix]
    return pl.Series(words, dtype=pl.String)[at]


def codes(key: pl.Series, names: Sequence[str]) -> Integers:
    """Place of each text in a list of names, -1 where it is in none."""
    found = key.replace_strict(dict(zip(names, range(len(names)), strict=True)), default=-1, return_dtype=pl.Int64)
    return np.array(found.to_numpy(), dtype=np.int64)


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


def chance(rng: np.random.Generator, n: int, share: float) -> pl.Series:
    """True for about `share` of `n` rows."""
    return pl.Series(rng.random(n) < share, dtype=pl.Boolean)


def unless(hidden: pl.Series | pl.Expr, value: pl.Series | pl.Expr) -> pl.Expr:
    """The value, and null where it is hidden."""
    return pl.when(~hidden).then(value)


def divided(whole: pl.Series, by: int) -> pl.Series:
    """Whole numbers over another, each the nearest there is: 820 / 1000 prints as 0.82. Nulls stay.

    Polars multiplies by the reciprocal, which prints as 0.8200000000000001.
    """
    quotient = pl.Series(whole.name, whole.fill_null(0).to_numpy() / by)
    return quotient.zip_with(whole.is_not_null(), pl.Series([None] * len(whole), dtype=pl.Float64))


def log_normal(rng: np.random.Generator, median: float | Numbers, spread: float | Numbers, n: int) -> Numbers:
    """Draws whose logarithm is normal."""
    drawn: Numbers = np.asarray(median) * np.exp(np.asarray(spread) * rng.standard_normal(n))
    return drawn
