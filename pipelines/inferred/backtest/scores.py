"""From forecasts to figures: views, slices, averages, cells and links. What each metric is stands in `metrics`.

- view `all`: every asked line, the forecast as given; `domestic`: is the place the reporter itself?; `hard`: lines
  whose place is not the reporter, given "abroad"; `novel`: of those the ones whose reporter and place never
  stood together in the role in what was learnt from (with left-out reporters that is all of them, and is not repeated).
  Of `given` origins a shown departure is taken out as the reporter is: many forms repeat it, and to find that again is
  nothing.
- view `scope`: every line of a form that asks, did it cross a border (`scope`)?
- view `cells`: the published unit. Lines abroad by reporter, commodity group and year, predicted beside true shares.
- view `links`: pairs of reporter and place that no line that was learnt from names in the role, ranked by the expected
  number of lines.
- slices: reporters, or answers, of a region; and lines of 1 kg and more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass

import numpy as np
import polars as pl

from pipelines.inferred.backtest.areas import Areas
from pipelines.inferred.backtest.baselines import Learner
from pipelines.inferred.backtest.folds import LEAST_LABELS, Fold, hide
from pipelines.inferred.backtest.metrics import (
    LEAST_OF_REPORTER,
    Flags,
    Floats,
    Ints,
    Score,
    abroad,
    average_precision,
    averaged,
    by_row,
    shares_of_cell,
    smoothed,
    yes_or_no,
)
from pipelines.inferred.model.pooling import ROLES

REGIONS: Mapping[str, Sequence[str]] = {
    "caribbean": ("Caribbean",),
    "west_central_africa": ("Western Africa", "Middle Africa"),
    "central_south_america": ("Central America", "South America"),
}
"""Regions of the programme, as subregions of UN M49."""
LARGE = ("1kg_10kg", "10kg_100kg", "100kg_1t", "ge_1t")
SLICES = (
    "all", *(f"reporters_{region}" for region in REGIONS), *(f"answers_{region}" for region in REGIONS), "ge_1kg"
)  # fmt: skip
VARIANTS = ("solo", "given")
VIEWS = ("all", "domestic", "hard", "novel", "scope")
BASELINES = ("mention_counts", "gravity", "size_shares")
BLOCK_ROWS = 4_000
SET_VIEWS = ("all", "hard")
SET_MASS_KEY = "{role}_{view}_set_mass"
"""Key under which a method may say how much mass a row's 90 % set has to hold, shape (rows,); without it 0.9;
it is of the forecast given "abroad" in the view `hard`."""


@dataclass(frozen=True)
class Rows:
    """Asked rows of one variant and role, sorted as they were asked, with the figures of every method and view."""

    facts: pl.DataFrame
    """evidence_id, reporter, commodity_group, year, size_class, label, weight, is_home, is_hard, is_novel."""
    figures: Mapping[str, Mapping[str, pl.DataFrame]]
    """By view (`all`, `domestic`, `hard`; or `scope`) and method: metrics of each row, in `hard` of its own rows."""
    cells: pl.DataFrame
    links: pl.DataFrame


def answer(fold: Fold, methods: Mapping[str, Learner], areas: Areas) -> dict[tuple[str, str], Rows]:
    """Let every method learn from a fold and answer it, and measure each row; by variant and role.

    What is asked comes in blocks of whole reporters, so that no more than a block's probabilities are in memory.
    """
    forecasters = {name: learn(fold.train, areas) for name, learn in methods.items()}
    learnt = {role: _links_known(fold.train, role, areas) for role in ROLES}
    found: dict[tuple[str, str], list[Rows]] = {}
    for block in _blocks(fold.test):
        named = {role: block.filter(pl.col(role).is_in(list(areas.places))) for role in ROLES}
        hidden = hide(block, ROLES).with_row_index("_row")
        solo = {name: forecast(hidden.drop("_row")) for name, forecast in forecasters.items()}
        for role, asked in named.items():
            if asked.is_empty():
                continue
            at = hidden.join(asked.select("evidence_id"), on="evidence_id", how="semi")["_row"].to_numpy()
            given = {name: forecast(hide(asked, (role,))) for name, forecast in forecasters.items()}
            everything = np.arange(asked.height)
            for variant, forecasts, rows in (("solo", solo, at), ("given", given, everything)):
                taken = {name: (p[role][rows], _set_masses(p, role, rows)) for name, p in forecasts.items()}
                measured = _measured(asked, learnt[role], role, variant, taken, areas)
                found.setdefault((variant, role), []).append(measured)
    return {key: pooled(blocks) for key, blocks in found.items()}


def _blocks(asked: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Whole reporters, together at least `BLOCK_ROWS` rows; sorted by reporter and evidence_id."""
    ordered = asked.sort("reporter", "evidence_id")
    sizes = ordered.group_by("reporter", maintain_order=True).len()["len"].to_list()
    start = at = 0
    for size in sizes:
        at += size
        if at - start >= BLOCK_ROWS:
            yield ordered.slice(start, at - start)
            start = at
    if at > start:
        yield ordered.slice(start)


def _set_masses(forecast: Mapping[str, Floats], role: str, at: Ints) -> Mapping[str, Floats]:
    """How much mass the sets of some rows have to hold, by view, where the method says so."""
    stated = {view: forecast.get(SET_MASS_KEY.format(role=role, view=view)) for view in SET_VIEWS}
    return {view: masses[at] for view, masses in stated.items() if masses is not None}


def _measured(
    asked: pl.DataFrame,
    learnt: set[tuple[int, int]],
    role: str,
    variant: str,
    forecasts: Mapping[str, tuple[Floats, Mapping[str, Floats]]],
    areas: Areas,
) -> Rows:
    label, reporter = areas.codes(asked[role]), areas.codes(asked["reporter"])
    weight = asked["n_lines"].cast(pl.Float64).to_numpy()
    n, rows = len(areas.places), np.arange(asked.height)
    is_home = label == reporter
    excluded = np.zeros((asked.height, n), dtype=bool)
    has_reporter = reporter >= 0
    excluded[rows[has_reporter], reporter[has_reporter]] = True
    if role == "origin" and variant == "given":
        departure = areas.codes(asked["departure"])
        shown = departure >= 0
        excluded[rows[shown], departure[shown]] = True
    hard = ~excluded[rows, label]
    novel = np.array([pair not in learnt for pair in zip(reporter.tolist(), label.tolist(), strict=True)], dtype=bool)
    facts = asked.select("evidence_id", "reporter", "commodity_group", "year", "size_class").with_columns(
        label=pl.Series(label, dtype=pl.Int64),
        weight=pl.Series(weight, dtype=pl.Float64),
        is_home=pl.Series(is_home, dtype=pl.Boolean),
        is_hard=pl.Series(hard, dtype=pl.Boolean),
        is_novel=pl.Series(hard & novel, dtype=pl.Boolean),
    )
    figures: dict[str, dict[str, pl.DataFrame]] = {"all": {}, "domestic": {}, "hard": {}}
    cells, links = [], []
    for name, (p, masses) in forecasts.items():
        q = smoothed(p)
        figures["all"][name] = pl.DataFrame(by_row(q, label, masses.get("all")))
        at_home = np.where(has_reporter, q[rows, np.maximum(reporter, 0)], 0.0)
        figures["domestic"][name] = pl.DataFrame(yes_or_no(at_home, is_home))
        away = abroad(p[hard], excluded[hard])
        mass = masses["hard"][hard] if "hard" in masses else None
        figures["hard"][name] = pl.DataFrame(by_row(away, label[hard], mass))
        if variant == "solo":
            of_hard = facts.filter(pl.Series(hard))
            cells.append(_cells(of_hard, away).with_columns(method=pl.lit(name)))
            links.append(_links(of_hard, away, reporter[hard], learnt).with_columns(method=pl.lit(name)))
    return Rows(
        facts, figures, pl.concat(cells) if cells else pl.DataFrame(), pl.concat(links) if links else pl.DataFrame()
    )


def _links_known(train: pl.DataFrame, role: str, areas: Areas) -> set[tuple[int, int]]:
    """Reporter and place of every line that was learnt from."""
    pairs = train.filter(pl.col(role).is_not_null() & (pl.col("n_lines") > 0)).select("reporter", role).unique()
    return set(zip(areas.codes(pairs["reporter"]).tolist(), areas.codes(pairs[role]).tolist(), strict=True))


def _cells(facts: pl.DataFrame, q: Floats) -> pl.DataFrame:
    """Shares of each cell with enough lines."""
    rng, made = np.random.default_rng(0), []
    numbered = facts.with_row_index("_row")
    keys = ["reporter", "commodity_group", "year"]
    for (reporter, _, _), cell in numbered.filter(pl.col("year").is_not_null()).group_by(keys, maintain_order=True):
        if cell["weight"].sum() < LEAST_OF_REPORTER:
            continue
        found = shares_of_cell(q[cell["_row"].to_numpy()], cell["label"].to_numpy(), cell["weight"].to_numpy(), rng)
        made.append((reporter, *astuple(found)))
    names = ["reporter", "weight", "total_variation", "by_chance", "interval_coverage", "excess", "alike"]
    return pl.DataFrame(made, schema=dict(zip(names, (pl.String, *[pl.Float64] * 6), strict=True)), orient="row")


def _links(facts: pl.DataFrame, q: Floats, reporter: Ints, learnt: set[tuple[int, int]]) -> pl.DataFrame:
    """Every pair of a reporter that was asked about and a place that was never learnt, with its expected lines."""
    label, weight = facts["label"].to_numpy(), facts["weight"].to_numpy()
    made = []
    for who in np.unique(reporter[reporter >= 0]):
        of_reporter = reporter == who
        expected = weight[of_reporter] @ q[of_reporter]
        true = np.bincount(label[of_reporter], minlength=q.shape[1]) > 0
        new = np.array([x != who and (int(who), x) not in learnt for x in range(q.shape[1])])
        made.append(
            pl.DataFrame({"reporter": np.full(int(new.sum()), who), "expected": expected[new], "is_link": true[new]})
        )
    return (
        pl.concat(made)
        if made
        else pl.DataFrame(schema={"reporter": pl.Int64, "expected": pl.Float64, "is_link": pl.Boolean})
    )


# --- figures --------------------------------------------------------------------------------------------------------


def pooled(folds: Sequence[Rows]) -> Rows:
    """The rows of several folds as one."""
    return Rows(
        pl.concat(rows.facts for rows in folds),
        {
            view: {name: pl.concat(rows.figures[view][name] for rows in folds) for name in of_view}
            for view, of_view in folds[0].figures.items()
        },
        pl.concat(rows.cells for rows in folds),
        pl.concat(rows.links for rows in folds),
    )


def figures(rows: Rows, areas: Areas, draws: int) -> Iterable[dict[str, object]]:
    """Every figure of one split, variant and role, as columns of `inferred.backtest`."""
    facts, hard, novel = rows.facts, rows.facts["is_hard"].to_numpy(), rows.facts["is_novel"].to_numpy()
    for name in SLICES:
        inside = _inside(facts, name, areas)
        for view in VIEWS:
            of_view = "hard" if view == "novel" else view
            if of_view not in rows.figures or (view == "novel" and (novel == hard).all()):
                continue
            if view == "scope" and name.startswith("answers"):
                continue  # the answer is no place
            chosen = inside & novel if view == "novel" else inside
            kept = chosen[hard] if of_view == "hard" else chosen
            which = facts.filter(pl.Series(hard)) if of_view == "hard" else facts
            yield from _of_view(view, name, which.filter(pl.Series(kept)), _kept(rows.figures[of_view], kept), draws)
    yield from _of_cells(rows.cells)
    yield from _of_links(rows.links)


def _kept(of_view: Mapping[str, pl.DataFrame], kept: Flags) -> dict[str, dict[str, Floats]]:
    return {
        method: {metric: column.to_numpy()[kept] for metric, column in zip(table.columns, table, strict=True)}
        for method, table in of_view.items()
    }


def _inside(facts: pl.DataFrame, name: str, areas: Areas) -> Flags:
    if name == "all":
        return np.ones(facts.height, dtype=bool)
    if name == "ge_1kg":
        return facts["size_class"].is_in(LARGE).to_numpy()
    side, region = name.split("_", 1)
    lies = np.append(areas.within(REGIONS[region]), False)
    of_side = areas.codes(facts["reporter"]) if side == "reporters" else facts["label"].to_numpy()
    inside: Flags = lies[of_side]
    return inside


def _of_view(
    view: str, name: str, facts: pl.DataFrame, of_methods: Mapping[str, dict[str, Floats]], draws: int
) -> Iterable[dict[str, object]]:
    weight = facts["weight"].to_numpy()
    labels = int(weight.sum())
    code = facts["reporter"].cast(pl.Categorical).to_physical().to_numpy().astype(np.int64)
    where = {"view": view, "slice": name, "n_labels": labels, "n_reporters": facts["reporter"].n_unique()}
    for method, metrics in of_methods.items():
        if labels < LEAST_LABELS:
            for average in ("line", "reporter"):
                yield where | {"average": average, "method": method, "metric": "log_loss", "test_state": "untested"}
            continue
        others = {
            other: of_methods[other]["log_loss"] for other in BASELINES if other != method and other in of_methods
        }
        for average, (n_reporters, scores) in averaged(metrics, weight, code, draws, others).items():
            for metric, score in scores.items():
                which = {"average": average, "method": method, "metric": metric, "n_reporters": n_reporters}
                yield {**where, **which, **_said(score)}


def _of_cells(cells: pl.DataFrame) -> Iterable[dict[str, object]]:
    if cells.is_empty():
        return
    for (method,), of_method in cells.group_by("method", maintain_order=True):
        weight = of_method["weight"].to_numpy()
        where = {"view": "cells", "slice": "all", "average": "line", "method": str(method)} | {
            "n_labels": int(weight.sum()), "n_reporters": of_method["reporter"].n_unique()
        }  # fmt: skip
        if weight.sum() < LEAST_LABELS:
            yield {**where, "metric": "total_variation", "test_state": "untested"}
            continue

        def mean(column: str, of: pl.DataFrame = of_method, w: Floats = weight) -> float:
            return float(np.average(of[column].to_numpy(), weights=w))

        variation = Score(mean("total_variation"), by_chance=mean("by_chance"))
        yield {**where, "metric": "total_variation", **_said(variation)}
        yield {**where, "metric": "interval_coverage", **_said(Score(mean("interval_coverage")))}
        excess, alike = float(of_method["excess"].sum()), float(of_method["alike"].sum())
        if alike > 0:
            yield {**where, "metric": "overdispersion", **_said(Score(min(max(excess / alike, 0.0), 1.0)))}


def _of_links(links: pl.DataFrame) -> Iterable[dict[str, object]]:
    if links.is_empty():
        return
    for (method,), of_method in links.group_by("method", maintain_order=True):
        is_link = of_method["is_link"].to_numpy()
        where = {"view": "links", "slice": "all", "average": "line", "method": str(method)} | {
            "metric": "average_precision", "n_labels": int(is_link.sum()),
            "n_reporters": of_method["reporter"].n_unique(),
        }  # fmt: skip
        if is_link.sum() < LEAST_LABELS:
            yield where | {"test_state": "untested"}
            continue
        found = average_precision(of_method["expected"].to_numpy(), is_link)
        yield where | _said(Score(found, by_chance=float(is_link.mean())))


def _said(score: Score) -> dict[str, object]:
    return {
        "score": score.value, "score_low": score.low, "score_high": score.high, "by_chance": score.by_chance,
        "test_state": "tested",
    }  # fmt: skip
