"""A fitted model as tables: every number that a forecast is made of, by name.

Belongs here: what a reader needs to take a forecast apart, and to make it again from what a release holds. Does not
belong here: taking apart one forecast (`illicit_flows.explain`, which imports nothing of ours).

Scores are sums (`likelihood`), so their parts are told as they are: u of each term, group and place, θ of each term,
group and feature, x of each reporter, commodity group and place, the logarithms of the kernels' ratios (`joint`) and
the numbers of the pool (`pooling`). What is zero is left out. A constant over all places changes no forecast: x is told
as what lies above the least of the places.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from pipelines.inferred.model.geography import FEATURES, KEY, Geography, features
from pipelines.inferred.model.joint import RELATIONS, SWEEPS, Kernel
from pipelines.inferred.model.likelihood import NAME, Contexts, Effects, Floats, LogLinear
from pipelines.inferred.model.model import RouteModel
from pipelines.inferred.model.pooling import PARTS, ROLES, RoleModel

DIGITS = 6
AT_HOME = "home"
"""Candidate of the part `home`: its effect is that of the place being the reporter, less that of its being abroad."""
EVERYTHING = "all"
"""The term without a column, and its only group."""
UNKNOWN = "-"
"""A commodity group that is not known."""
PAIRS = ("origin_departure", "departure_destination")
TOLD = (
    "inferred.route_effects", "inferred.route_slopes", "inferred.route_geography", "inferred.route_mentions",
    "inferred.route_pairs", "inferred.route_pools",
)  # fmt: skip
"""Tables that together are the fitted model."""


def told(model: RouteModel, evidence: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The tables of `TOLD`, for the reporters and commodity groups of `evidence`."""
    groups = evidence.select(KEY).unique()
    unknown = groups.select("reporter", commodity_group=pl.lit(UNKNOWN)).unique()
    asked = pl.concat([groups, unknown]).unique().sort(KEY)
    parts = [(role, part, getattr(model.roles[role], part)) for role in ROLES for part in PARTS]
    tables = (
        pl.concat(one for role, part, fitted in parts for one in _effects(role, part, fitted, model.at.places)),
        pl.concat(one for role, part, fitted in parts for one in _slopes(role, part, fitted)),
        _geography(asked["reporter"].unique().sort().to_list(), model.at),
        pl.concat(_mentions(model.roles[role], asked) for role in sorted(ROLES)),
        pl.concat(
            one for pair, kernel in zip(PAIRS, model.kernels, strict=True) for one in _pairs(pair, kernel, model)
        ),
        pl.concat(_pools(model, role) for role in ROLES),
    )
    return dict(zip(TOLD, tables, strict=True))


def _effects(role: str, part: str, fitted: LogLinear | None, places: Sequence[str]) -> Iterator[pl.DataFrame]:
    """u of each term: role, model_part, term, term_group, candidate, effect."""
    for level in fitted.levels if fitted is not None else ():
        values, names = level.values, places
        if part == AT_HOME:
            dense = values.toarray()
            values, names = csr_array(dense[:, 1:] - dense[:, :1]), [AT_HOME]
        yield _named(level, values, names, "candidate", role, part)


def _slopes(role: str, part: str, fitted: LogLinear | None) -> Iterator[pl.DataFrame]:
    """θ of each term: role, model_part, term, term_group, feature, effect."""
    for slope in fitted.slopes if fitted is not None else ():
        yield _named(slope, slope.values, FEATURES, "feature", role, part)


def _named(one: Effects, values: csr_array, names: Sequence[str], what: str, role: str, part: str) -> pl.DataFrame:
    cells = values.tocoo()
    groups = one.groups.sort("position")[NAME].to_numpy()
    return _written(
        pl.DataFrame(
            {
                "term_group": groups[cells.row] if one.term.columns else np.full(cells.nnz, EVERYTHING, dtype=object),
                what: np.array(names, dtype=object)[cells.col],
                "effect": cells.data,
            },
            schema={"term_group": pl.String, what: pl.String, "effect": pl.Float64},
        ).select(
            pl.lit(role).alias("role"),
            pl.lit(part).alias("model_part"),
            pl.lit("+".join(one.term.columns) or EVERYTHING).alias("term"),
            "term_group",
            what,
            "effect",
        ),
        "effect",
    )


def _geography(reporters: Sequence[str], at: Geography) -> pl.DataFrame:
    """Features that no report has a say in: reporter, candidate, feature, feature_value."""
    x = at.between[[at.position[reporter] for reporter in reporters]]
    keys = pl.DataFrame({"reporter": reporters}, schema={"reporter": pl.String})
    return _featured(keys, x, FEATURES[: x.shape[2]], at)


def _mentions(fitted: RoleModel, asked: pl.DataFrame) -> pl.DataFrame:
    """Features that are counted from others' reports, with role and evidence_group."""
    x, row = features(fitted.heard, Contexts(asked))
    fixed = fitted.at.between.shape[2]
    keys = asked.select(
        pl.lit(fitted.role).alias("role"), "reporter", pl.col("commodity_group").alias("evidence_group")
    )
    return _featured(keys, x[row, :, fixed:], FEATURES[fixed:], fitted.at)


def _featured(keys: pl.DataFrame, x: Floats, names: Sequence[str], at: Geography) -> pl.DataFrame:
    """`x` of the shape (keys, places, names) as rows in the order of keys, places and names; the reporter itself is no
    candidate."""
    in_order = np.argsort(np.array(names))
    above = x[:, :, in_order]
    reporter = keys["reporter"].replace_strict(at.position, return_dtype=pl.Int64).to_numpy()
    above[np.arange(len(above)), reporter] = np.inf
    above -= above.min(axis=1, keepdims=True)
    above[np.arange(len(above)), reporter] = 0.0
    above = np.round(above, DIGITS)
    key, place, feature = np.nonzero(above)
    return keys[key].with_columns(
        pl.Series("candidate", at.places, dtype=pl.String).gather(place),
        pl.Series("feature", names, dtype=pl.String).gather(in_order[feature]),
        pl.Series("feature_value", above[key, place, feature]),
    )


def _pairs(pair: str, kernel: Kernel, model: RouteModel) -> Iterator[pl.DataFrame]:
    """Logarithms of the ratios r: role_pair, term, term_group, candidate, other_candidate, effect."""
    places = np.array(model.at.places, dtype=object)
    relative = np.log(kernel.relations / kernel.relations[-1])
    yield _paired(pair, "relation", RELATIONS, [UNKNOWN] * len(RELATIONS), [UNKNOWN] * len(RELATIONS), relative)
    sparse = [("commodity_group", group, ratio) for group, ratio in kernel.of_group.items()]
    sparse += [
        ("reporter+commodity_group", f"{places[reporter]}|{group}", ratio)
        for (reporter, group), ratio in kernel.of_reporter.items()
    ]
    for term, group, ratio in sparse:
        cells = ratio.tocoo()
        yield _paired(pair, term, [group] * cells.nnz, list(places[cells.row]), list(places[cells.col]), cells.data)


def _paired(
    pair: str, term: str, groups: Sequence[str], first: Sequence[str], second: Sequence[str], effect: Floats
) -> pl.DataFrame:
    return _written(
        pl.DataFrame(
            {"term_group": groups, "candidate": first, "other_candidate": second, "effect": effect},
            schema={"term_group": pl.String, "candidate": pl.String, "other_candidate": pl.String,
                    "effect": pl.Float64},
        ).select(pl.lit(pair).alias("role_pair"), pl.lit(term).alias("term"), pl.all()),
        "effect",
    )  # fmt: skip


def _pools(model: RouteModel, role: str) -> pl.DataFrame:
    """Numbers of the pool, and n of each reporter: role, parameter, term_group, effect."""
    pool = model.calibrations[role].pool
    numbers = [(f"pool_{one.name}", EVERYTHING, float(getattr(pool, one.name))) for one in fields(pool)]
    numbers += [("sweeps", EVERYTHING, float(SWEEPS))]
    numbers += [("history", reporter, float(lines)) for reporter, lines in model.roles[role].history.items()]
    return pl.DataFrame(
        [(role, name, group, round(value, DIGITS)) for name, group, value in numbers],
        schema={"role": pl.String, "parameter": pl.String, "term_group": pl.String, "effect": pl.Float64},
        orient="row",
    )


def _written(table: pl.DataFrame, column: str) -> pl.DataFrame:
    """What is not zero, as it is written."""
    return table.with_columns(pl.col(column).round(DIGITS)).filter(pl.col(column) != 0)
