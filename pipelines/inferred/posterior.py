"""Posteriors over the places that no report names, and the chance that a seizure belongs to cross-border traffic.

A first, honest model: back-off counts (`backoff`). No calibration is claimed for it; `model_id` says what it is.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.inferred.backoff import Floats, fit
from pipelines.inferred.backtest.guard import use
from pipelines.store import Home, connect, frame, rows, sql, write_query
from schemas.registry import Registry

POSTERIOR_INPUTS = ("inferred.evidence", "inferred.backtest", "reference.areas")
"""The back-test says whether tonight's model may be used."""
MODEL_ID = "backoff-counts-1"
ROLES = ("origin", "departure", "destination")
"""Roles that reports name. No source names a transit country yet, so nothing can be learnt about transit."""
LEVELS = (
    (),
    ("commodity_group",),
    ("subregion", "commodity_group"),
    ("reporter", "commodity_group"),
    ("reporter", "commodity"),
)
SCOPE_LEVELS = (
    (),
    ("size_class", "border_class"),
    ("commodity_group", "size_class", "border_class"),
    ("reporter", "size_class", "border_class"),
    ("reporter", "commodity_group", "size_class", "border_class"),
)
CONTEXT = ["reporter", "subregion", "commodity", "commodity_group"]
MASS, LEAST_PLACES, SET_MASS = 0.999, 20, 0.9
MILLION = 1_000_000
REST = "rest"


def make_posteriors(home: Home, registry: Registry) -> int:
    """Write `inferred.route_posteriors`; returns the number of rows.

    For each evidence and role: the reported place with probability 1, or the smallest list of places that holds
    0.999 of the probability (at least 20), and one `rest` row. Probabilities are whole millionths and sum to 1. The
    model is tonight's, or the kept one where the back-test finds tonight's worse; `model_id` says which.
    """
    con = connect(home, registry, ["inferred.evidence", "reference.areas"])
    evidence = frame(con, "SELECT * FROM inferred.evidence ORDER BY evidence_id")
    places = [area for (area,) in rows(con, PLACES)]
    contexts = evidence.select(CONTEXT).unique().sort(CONTEXT, nulls_last=True).with_row_index("context")
    fitted = {role: fit(_labelled(evidence, role), LEVELS, places) for role in ROLES}
    models, model_id = use(home, MODEL_ID, fitted)
    lists = pl.concat(_lists(role, model.predict(contexts), list(model.outcomes)) for role, model in models.items())
    con.register("contexts", contexts)
    con.register("lists", lists)
    con.register("model", pl.DataFrame({"model_id": [model_id]}))
    return write_query(con, home, registry, "inferred.route_posteriors", sql(__file__, "posteriors"))


def make_scope(home: Home, registry: Registry) -> int:
    """Write `inferred.seizure_scope`; returns the number of rows.

    Where a report says yes or no, that stands. Elsewhere p is the smoothed share of like lines whose report says yes,
    among all like lines: silence counts as no. Forms ask for the route, and who leaves it out has mostly stopped
    somebody in the street; learnt from the answered forms alone, such lines would all become corridors.
    """
    con = connect(home, registry, ["inferred.evidence", "inferred.seizure_evidence"])
    evidence = frame(con, "SELECT * FROM inferred.evidence ORDER BY evidence_id")
    says_yes = pl.when(pl.col("cross_border") == "yes").then(pl.lit("yes")).otherwise(pl.lit("no"))
    counted = evidence.with_columns(says_yes.alias("outcome"), pl.col("n_lines").alias("n"))
    probability = fit(counted, SCOPE_LEVELS, ["no", "yes"]).predict(evidence)[:, 1]
    reported = pl.col("cross_border") != "unknown"
    scored = evidence.with_columns(p=pl.Series(probability)).select(
        "evidence_id",
        pl.when(pl.col("cross_border") == "yes")
        .then(1.0)
        .when(pl.col("cross_border") == "no")
        .then(0.0)
        .otherwise(pl.col("p"))
        .round(6)
        .cast(pl.Decimal(9, 6))
        .alias("p_cross_border"),
        pl.when(reported).then(pl.lit("reported")).otherwise(pl.lit("inferred")).alias("basis"),
        pl.lit(MODEL_ID).alias("model_id"),
    )
    con.register("scored", scored)
    query = "SELECT * EXCLUDE (evidence_id) FROM inferred.seizure_evidence JOIN scored USING (evidence_id)"
    return write_query(con, home, registry, "inferred.seizure_scope", query)


PLACES = "SELECT area FROM reference.areas WHERE area_type IN ('country', 'territory') ORDER BY area"


def _labelled(evidence: pl.DataFrame, role: str) -> pl.DataFrame:
    """Evidence that names a place in the role; former states stay out, since nothing is predicted to be one."""
    return evidence.filter(pl.col(role).is_not_null()).with_columns(
        pl.col(role).alias("outcome"), pl.col("n_lines").alias("n")
    )


def _lists(role: str, probabilities: Floats, places: list[str]) -> pl.DataFrame:
    """Ranked lists of one role, one for each context: millionths are cut, never rounded up, and `rest` takes them."""
    order = np.argsort(-probabilities, axis=1, kind="stable")  # places are sorted, so ties go by code
    ranked = np.take_along_axis(probabilities, order, axis=1)
    before = np.cumsum(ranked, axis=1) - ranked
    rank = np.arange(len(places))
    listed = (before < MASS) | (rank < LEAST_PLACES)
    whole = np.floor(ranked * MILLION + 1e-9).astype(np.int64)
    context, at = np.nonzero(listed)
    table = pl.DataFrame(
        {
            "context": context.astype(np.uint32),
            "country": np.array(places)[order[context, at]],
            "millionths": whole[context, at],
            "rank": at + 1,
            "in_set90": before[context, at] < SET_MASS,
        }
    )
    rest = table.group_by("context").agg(
        pl.lit(REST).alias("country"),
        (MILLION - pl.col("millionths").sum()).alias("millionths"),
        (pl.col("rank").max() + 1).alias("rank"),
        pl.lit(False).alias("in_set90"),
    )
    return pl.concat([table, rest.select(table.columns)]).select(
        "context",
        pl.lit(role).alias("role"),
        "country",
        (pl.col("millionths").cast(pl.Decimal(18, 6)) / MILLION).cast(pl.Decimal(9, 6)).alias("prob"),
        "rank",
        "in_set90",
    )
