"""What is known of a reporter and a place before the reporter says anything: distance, border, language, people, flows.

For reporter R and candidate k, x(R, k) holds

    d, d²       d = log((km between their centres + 50) / 2000)
    near        1 below 1,500 km
    border      1 with a common land border
    language    1 with an official language in common
    people      (log(inhabitants of k + 10,000) − 16) / 3; and 1 below a million
    subregion   1 in the same subregion (M49)
    mirror      log(1 + Σ √n) over the *other* reporters that name R and k as two ends of a way, n lines each: of the
                same commodity group, and of all
    named       (log(share of k among what all *others* name in the role + 10⁻⁴) + 6) / 2: in the commodity group,
                pulled by a line to the share over all groups, and that one
    neighbours  (log(share of k among what R's neighbours name in the role and commodity group + 10⁻⁴) + 6) / 2; a
                neighbour R' ≠ R weighs exp(−km / h) n / (n + 5), for h of 700 and of 3,000 km; shrunk to the share
                over all groups

(Gravity terms after Tinbergen 1962; mirrored flows as in trade statistics, UN Comtrade.) Mirror, named and neighbours
are of the evidence, but never of R's own: a country nobody has heard of has them too, and what a fit learns of them is
how well the words of some foretell those of another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.inferred.model.likelihood import Contexts, Floats, Whole

NEAR_KM, SMALL = 1_500.0, 1_000_000
REACHES_KM = (700.0, 3_000.0)
HALF_LINES, OVER_ALL, UNKNOWN = 5.0, 0.3, 0.02
"""Lines at which a neighbour weighs half; what the share over all groups, and the uniform one, weigh beside them."""
ALL_LINES, UNKNOWN_LINES = 1.0, 0.5
"""Lines that the share over all groups, and the uniform one, are worth beside those of all others."""
KEY = ("reporter", "commodity_group")
FEATURES = (
    "distance", "distance_squared", "near", "border", "language", "people", "few_people", "subregion", "mirror_group",
    "mirror_all", "named_group", "named_all", "neighbours_near", "neighbours_far",
)  # fmt: skip
"""Names of x in its order."""
SHARED_FEATURES = 12
"""All but the neighbours: what a reporter without history is judged by. Its neighbours' habits misled there."""
MIRRORED = {
    role: (("origin", "destination"), ("departure", "destination"), ("reporter", "destination"), (start, "reporter"))
    for role, start in (("origin", "origin"), ("departure", "departure"), ("destination", "departure"))
}
"""For each role the pairs of columns that hold (earlier place, later place) of a way; R is the later one, or for the
destination the earlier one."""


@dataclass(frozen=True)
class Geography:
    """Countries and territories, and what lies between them."""

    places: tuple[str, ...]
    between: Floats
    """Shape (places, places, features): of the reporter (row) and the candidate (column)."""
    km: Floats
    """Shape (places, places)."""

    @property
    def position(self) -> dict[str, int]:
        return {place: at for at, place in enumerate(self.places)}


def geography(
    places: Sequence[str],
    subregion: Sequence[str | None],
    population: Floats,
    km: Floats,
    borders: NDArray[np.bool_],
    language: NDArray[np.bool_],
) -> Geography:
    """Of n places in the order of their codes: arrays of shape (n,), and (n, n) for what lies between two."""
    n = len(places)
    d = np.log((km + 50) / 2000)
    of_place = [(np.log(population + 1e4) - 16) / 3, (population < SMALL) * 1.0]
    region = np.array([name or "-" for name in subregion])
    same = region[:, None] == region
    pairs = [d, d**2, km < NEAR_KM, borders, language, *(np.broadcast_to(one, (n, n)) for one in of_place), same]
    return Geography(tuple(places), np.stack([matrix.astype(np.float64) for matrix in pairs], axis=-1), km)


@dataclass(frozen=True)
class Heard:
    """Lines of evidence that name places in one role, counted; the last group is any that nobody named."""

    at: Geography
    groups: tuple[str, ...]
    mirrored: Floats
    """Σ √n of ways that others tell, by commodity group, reporter and place: shape (groups + 1, places, places)."""
    mirrored_of_all: Floats
    """Over all groups: shape (places, places)."""
    named: Floats
    """Lines that name a place abroad, by commodity group, reporter and place: shape (groups + 1, places, places)."""
    named_of_all: Floats

    @cached_property
    def named_by_any(self) -> Floats:
        """`named` over all reporters, shape (groups + 1, places)."""
        found: Floats = self.named.sum(axis=1)
        return found

    @cached_property
    def neighbours(self) -> Floats:
        """Shares among what neighbours name, shape (reaches, groups + 1, reporters, places)."""
        n = len(self.at.places)
        found = np.empty((len(REACHES_KM), *self.named.shape))
        for number, reach in enumerate(REACHES_KM):
            near = np.exp(-self.at.km / reach)
            np.fill_diagonal(near, 0.0)
            base = _pulled(near, self.named_of_all, np.full(n, 1 / n), UNKNOWN)
            for group, named in enumerate(self.named):
                found[number, group] = _pulled(near, named, base, OVER_ALL)
        return found


def hear(evidence: pl.DataFrame, role: str, at: Geography) -> Heard:
    """Count what the flows are made of; `evidence` has reporter, commodity_group, the roles and n_lines."""
    groups = evidence["commodity_group"].unique().sort().to_list()
    mirrored = _mirrored(evidence, role, groups, at)
    of_all = _mirrored(evidence, role, None, at)[0]
    return Heard(at, tuple(groups), mirrored, of_all, *_named(evidence, role, groups, at))


def features(heard: Heard, contexts: Contexts, *, neighbours: bool = True) -> tuple[Floats, Whole]:
    """x for the distinct (reporter, commodity group) of `contexts`, and for each context its row.

    Returns arrays of shape (rows, places, features) and (contexts,). Without neighbours the last features are left out.
    """
    first, row = contexts.kinds(*KEY)
    rows = contexts.rows[first].select(KEY)
    at = heard.at
    numbers = {group: number for number, group in enumerate(heard.groups)}
    group_at = np.array([numbers.get(group, len(numbers)) for group in rows["commodity_group"]], dtype=np.int64)
    reporter_at = rows["reporter"].replace_strict(at.position, return_dtype=pl.Int64).to_numpy()
    shares = _others(heard, group_at, reporter_at)
    if neighbours:
        shares += list(heard.neighbours[:, group_at, reporter_at])
    x = np.concatenate(
        [
            at.between[reporter_at],
            np.log1p(heard.mirrored[group_at, reporter_at])[:, :, None],
            np.log1p(heard.mirrored_of_all[reporter_at])[:, :, None],
            *((np.log(share + 1e-4) + 6)[:, :, None] / 2 for share in shares),
        ],
        axis=2,
    )
    return x, row


def _mirrored(evidence: pl.DataFrame, role: str, groups: list[str] | None, at: Geography) -> Floats:
    """Σ √n of others' words by (commodity group or all of them, R, k)."""
    n = len(at.places)
    total = np.zeros((len(groups) + 1 if groups is not None else 1, n, n))
    for earlier, later in MIRRORED[role]:
        named = evidence.select(
            pl.col("reporter").alias("told_by"),
            pl.col(earlier).alias("earlier"),
            pl.col(later).alias("later"),
            pl.col("commodity_group"),
            pl.col("n_lines").cast(pl.Float64),
        ).filter(
            pl.col("earlier").is_in(at.places)
            & pl.col("later").is_in(at.places)
            & (pl.col("earlier") != pl.col("later"))
        )
        asked, candidate = ("earlier", "later") if role == "destination" else ("later", "earlier")
        named = named.filter(pl.col(asked) != pl.col("told_by"))
        by = ["told_by", asked, candidate, "commodity_group"]
        if groups is None:
            named = named.with_columns(group=pl.lit(0, dtype=pl.Int64))
        else:
            named = named.filter(pl.col("commodity_group").is_in(groups)).with_columns(_number_of(groups))
        summed = named.group_by(by, maintain_order=True).agg(pl.col("n_lines").sum(), pl.col("group").first()).sort(by)
        where = [
            summed[name].replace_strict(at.position, return_dtype=pl.Int64).to_numpy() for name in (asked, candidate)
        ]
        np.add.at(total, (summed["group"].to_numpy(), *where), np.sqrt(summed["n_lines"].to_numpy()))
    return total


def _number_of(groups: list[str]) -> pl.Expr:
    """`group`: position of the commodity group among `groups`, which may be none."""
    if not groups:  # polars would keep the text
        return pl.lit(None, dtype=pl.Int64).alias("group")
    numbers = list(range(len(groups)))
    return pl.col("commodity_group").replace_strict(groups, numbers, return_dtype=pl.Int64).alias("group")


def _named(evidence: pl.DataFrame, role: str, groups: list[str], at: Geography) -> tuple[Floats, Floats]:
    """Lines that name a place abroad by commodity group, and over all groups."""
    n = len(at.places)
    named = evidence.filter(pl.col(role).is_in(at.places) & (pl.col(role) != pl.col("reporter")))
    by = ["reporter", role, "commodity_group"]
    summed = named.group_by(by).agg(pl.col("n_lines").cast(pl.Float64).sort().sum()).sort(by)
    where = [summed[name].replace_strict(at.position, return_dtype=pl.Int64).to_numpy() for name in ("reporter", role)]
    lines = summed["n_lines"].to_numpy()
    of_all, by_group = np.zeros((n, n)), np.zeros((len(groups) + 1, n, n))
    np.add.at(of_all, tuple(where), lines)
    np.add.at(by_group, (summed.with_columns(_number_of(groups))["group"].to_numpy(), *where), lines)
    return by_group, of_all


def _others(heard: Heard, group_at: Whole, reporter_at: Whole) -> list[Floats]:
    """Shares of each place among what all others name, shape (rows, places): in the group, and in all groups."""
    n = heard.named_of_all.shape[0]
    of_all = heard.named_of_all.sum(axis=0) - heard.named_of_all[reporter_at]
    over_all = (of_all + UNKNOWN_LINES / n) / (of_all.sum(axis=1, keepdims=True) + UNKNOWN_LINES)
    of_group = heard.named_by_any[group_at] - heard.named[group_at, reporter_at]
    return [(of_group + ALL_LINES * over_all) / (of_group.sum(axis=1, keepdims=True) + ALL_LINES), over_all]


def _pulled(near: Floats, named: Floats, base: Floats, worth: float) -> Floats:
    """Mean share among neighbours, who weigh by nearness and lines; pulled to `base`. Shape (places, places)."""
    lines = named.sum(axis=1)
    weight = near * (lines / (lines + HALF_LINES))
    shares = named / np.maximum(lines, 1e-12)[:, None]
    pulled: Floats = (weight @ shares + worth * base) / (weight.sum(axis=1, keepdims=True) + worth)
    return pulled
