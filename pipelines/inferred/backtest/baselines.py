"""The forecasts that a route model has to beat: mention counts, and gravity.

Both are made of two parts, so that neither is judged abroad by how it counts at home: with h the chance that the place
is the reporter itself,

    p(x) = h 1[x = reporter] + (1 − h) a(x),   a(reporter) = 0

h is a share of mentions in both. **Mention counts**: a is the share of x among the foreign mentions of the finest of
(reporter, commodity), (reporter, group), (subregion, group), (group), all, that has at least five, with 2 % of the
shares of all mixed in. **Gravity**: a conditional logit,

    a(x) ∝ exp(β₁ log s(x) + β₂ log d(reporter, x) + β₃ border(reporter, x) + β₄ log population(x))

where s(x) is the share of x among the foreign mentions of the commodity group, and d is in km. β is fitted by Newton's
method with a ridge of one line, on shares among the mentions by *other* reporters: among its own each finds what it
wrote. Neither sees anything but reporter and commodity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl

from pipelines.inferred.backtest.areas import Areas
from pipelines.inferred.backtest.metrics import Floats, Ints
from pipelines.inferred.model.pooling import ROLES

Forecaster = Callable[[pl.DataFrame], Mapping[str, Floats]]
"""From evidence to be asked about (hidden places are null) to one matrix a role, shape (asked rows, places), whose rows
sum to 1. Rows are answered one by one: what one of them shows teaches nothing."""
Learner = Callable[[pl.DataFrame, Areas], Forecaster]
"""From evidence to learn from to what answers. It learns once and is asked in blocks, so that memory does not grow."""

LEVELS: tuple[tuple[str, ...], ...] = (
    ("reporter", "commodity"), ("reporter", "commodity_group"), ("subregion", "commodity_group"),
    ("commodity_group",), (),
)  # fmt: skip
CONTEXT = ["reporter", "subregion", "commodity", "commodity_group"]
LEAST_MENTIONS = 5.0
SHARE_OF_ALL = 0.02
LEAST_SHARE = 1e-9
"""Of a place abroad: none is impossible."""
LINES_OF_ALL = 20.0
"""Lines of all groups that stand beside a group's own: no place is never named."""
NEWTON_STEPS = 30
RIDGE = 1.0


def mention_counts(train: pl.DataFrame, areas: Areas) -> Forecaster:
    """Shares of mentions with back-off."""
    return _by_context(train, areas, _mentions_abroad)


def gravity(train: pl.DataFrame, areas: Areas) -> Forecaster:
    """Share of the group, distance, border and population."""
    return _by_context(train, areas, _gravity_abroad)


def _by_context(
    train: pl.DataFrame,
    areas: Areas,
    learn_abroad: Callable[[pl.DataFrame, Areas], Callable[[pl.DataFrame], Floats]],
) -> Forecaster:
    """p of every row: the forecast depends on its context alone, so it is made once for each."""
    learnt = {}
    for role in ROLES:
        mentions = _mentions(train, role, areas)
        home = mentions.with_columns(place=(pl.col("place") == pl.col("reporter")).cast(pl.Int64))
        learnt[role] = (home, learn_abroad(mentions.filter(pl.col("place") != pl.col("reporter")), areas))

    def forecast(test: pl.DataFrame) -> Mapping[str, Floats]:
        contexts = test.select(CONTEXT).unique().sort(CONTEXT, nulls_last=True).with_row_index("context")
        of_row = test.join(contexts, on=CONTEXT, how="left", nulls_equal=True, maintain_order="left")  # n:1
        reporter = areas.codes(contexts["reporter"])
        known = np.flatnonzero(reporter >= 0)
        found = {}
        for role, (home, abroad) in learnt.items():
            away = np.maximum(abroad(contexts), LEAST_SHARE)
            away[known, reporter[known]] = 0.0
            away /= away.sum(axis=1, keepdims=True)
            at_home = np.where(reporter >= 0, _shares(home, contexts, 2)[:, 1], 0.0)
            p = (1 - at_home)[:, None] * away
            p[known, reporter[known]] = at_home[known]
            found[role] = p[of_row["context"].to_numpy()]
        return found

    return forecast


def _mentions(train: pl.DataFrame, role: str, areas: Areas) -> pl.DataFrame:
    """Lines that name a place in the role, by context and place, sorted."""
    return (
        train.filter(pl.col(role).is_in(list(areas.places)) & (pl.col("n_lines") > 0))
        .group_by(*CONTEXT, pl.col(role).alias("place"))
        .agg(pl.col("n_lines").sum().cast(pl.Float64).alias("n"))
        .sort(*CONTEXT, "place", nulls_last=True)
    )


def _mentions_abroad(foreign: pl.DataFrame, areas: Areas) -> Callable[[pl.DataFrame], Floats]:
    coded = foreign.with_columns(place=pl.Series(areas.codes(foreign["place"]), dtype=pl.Int64))
    return lambda contexts: _shares(coded, contexts, len(areas.places))


def _shares(mentions: pl.DataFrame, contexts: pl.DataFrame, n: int) -> Floats:
    """Shares of outcomes 0 … n − 1 at the finest level with enough mentions, shape (contexts, n)."""
    of_all = _counted(mentions, (), contexts, n)
    total = of_all.sum(axis=1, keepdims=True)
    overall = np.where(total > 0, of_all / np.maximum(total, 1e-12), 1.0 / n)
    shares, is_set = overall.copy(), np.zeros(contexts.height, dtype=bool)
    for level in LEVELS:
        counts = _counted(mentions, level, contexts, n)
        total = counts.sum(axis=1)
        takes = ~is_set & (total >= LEAST_MENTIONS)
        shares[takes] = counts[takes] / total[takes, None]
        is_set |= takes
    mixed: Floats = (1 - SHARE_OF_ALL) * shares + SHARE_OF_ALL * overall
    mixed /= mixed.sum(axis=1, keepdims=True)
    return mixed


def _counted(mentions: pl.DataFrame, level: Sequence[str], contexts: pl.DataFrame, n: int) -> Floats:
    """Mentions by outcome of each context's group at one level, shape (contexts, n)."""
    if not level:
        counts = np.bincount(mentions["place"].to_numpy(), mentions["n"].to_numpy(), minlength=n)
        whole: Floats = np.repeat(counts[None, :].astype(float), contexts.height, axis=0)
        return whole
    groups = contexts.select(level).unique(maintain_order=True).with_row_index("_row")
    of_context = contexts.select(level).join(
        groups, on=list(level), how="left", nulls_equal=True, maintain_order="left"
    )  # n:1
    joined = mentions.join(groups, on=list(level), how="inner", nulls_equal=True, maintain_order="left")  # n:1
    matrix = np.zeros((groups.height, n))
    np.add.at(matrix, (joined["_row"].to_numpy(), joined["place"].to_numpy()), joined["n"].to_numpy())
    counted: Floats = matrix[of_context["_row"].to_numpy()]
    return counted


# --- gravity --------------------------------------------------------------------------------------------------------


def _gravity_abroad(foreign: pl.DataFrame, areas: Areas) -> Callable[[pl.DataFrame], Floats]:
    known = foreign.filter(pl.Series(areas.codes(foreign["reporter"]) >= 0))
    cells = known.select("reporter", "commodity_group").unique().sort("reporter", "commodity_group")
    if cells.is_empty():
        return lambda contexts: np.full((contexts.height, len(areas.places)), 1.0 / len(areas.places))
    counts = np.zeros((cells.height, len(areas.places)))
    joined = known.join(cells.with_row_index("_row"), on=["reporter", "commodity_group"], maintain_order="left")  # n:1
    np.add.at(counts, (joined["_row"].to_numpy(), areas.codes(joined["place"])), joined["n"].to_numpy())
    others = _mentions_of_group(foreign, cells, areas) - counts
    beta = _newton(_features(others, cells, areas), counts, areas.codes(cells["reporter"]))

    def abroad(contexts: pl.DataFrame) -> Floats:
        utility = _features(_mentions_of_group(foreign, contexts, areas), contexts, areas) @ beta
        reporter = areas.codes(contexts["reporter"])
        own = np.flatnonzero(reporter >= 0)
        utility[own, reporter[own]] = -np.inf
        return _softmax(utility)

    return abroad


def _mentions_of_group(foreign: pl.DataFrame, contexts: pl.DataFrame, areas: Areas) -> Floats:
    """Lines by place of each context's commodity group, and a few more as all groups have them; (contexts, places)."""
    coded = foreign.with_columns(place=pl.Series(areas.codes(foreign["place"]), dtype=pl.Int64))
    n = len(areas.places)
    of_all = _counted(coded, (), contexts, n)
    prior = (of_all + 1.0) / (of_all.sum(axis=1, keepdims=True) + n)
    mentions: Floats = _counted(coded, ("commodity_group",), contexts, n) + LINES_OF_ALL * prior
    return mentions


def _features(mentions: Floats, contexts: pl.DataFrame, areas: Areas) -> Floats:
    """The four features of s, d, border and population, shape (contexts, places, 4)."""
    features = np.zeros((*mentions.shape, 4))
    features[:, :, 0] = np.log(np.maximum(mentions, 1e-9) / mentions.sum(axis=1, keepdims=True))
    reporter = areas.codes(contexts["reporter"])
    known = reporter >= 0
    features[known, :, 1] = np.log(areas.distance_km[reporter[known]])
    features[known, :, 2] = areas.borders[reporter[known]]
    features[:, :, 3] = np.log(areas.population)
    return features


def _newton(features: Floats, counts: Floats, reporter: Ints) -> Floats:
    """Maximum of the concave log-likelihood of the counts, the reporter itself never being a choice.

    A step that does not climb is halved: from afar Newton's step goes too far.
    """
    total, own = counts.sum(axis=1), (np.arange(len(reporter)), reporter)

    def shares(at: Floats) -> Floats:
        utility = features @ at
        utility[own] = -np.inf
        return _softmax(utility)

    def height(at: Floats) -> float:
        likely = np.log(np.maximum(shares(at), 1e-300))
        return float((counts * likely).sum()) - RIDGE / 2 * float(at @ at)

    beta = np.zeros(features.shape[2])
    here = height(beta)
    for _ in range(NEWTON_STEPS):
        p = shares(beta)
        mean = np.einsum("cp,cpf->cf", p, features)
        slope = np.einsum("cp,cpf->f", counts - total[:, None] * p, features) - RIDGE * beta
        centred = features - mean[:, None, :]
        bend = np.einsum("cp,cpf,cpg->fg", total[:, None] * p, centred, centred, optimize=True)
        step = np.linalg.solve(bend + RIDGE * np.eye(len(beta)), slope)
        for _ in range(NEWTON_STEPS):
            there = height(beta + step)
            if there >= here:
                break
            step = step / 2
        beta, climbed, here = beta + step, there - here, there
        if climbed < 1e-6:
            break
    return beta


def _softmax(utility: Floats) -> Floats:
    shifted = np.exp(utility - utility.max(axis=1, keepdims=True))
    p: Floats = shifted / shifted.sum(axis=1, keepdims=True)
    return p
