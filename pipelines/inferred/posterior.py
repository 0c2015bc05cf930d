"""Posteriors over the places that no report names."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from pipelines.inferred.backtest.areas import read_areas
from pipelines.inferred.backtest.guard import use
from pipelines.inferred.model.calibration import LEVEL
from pipelines.inferred.model.explain import told
from pipelines.inferred.model.likelihood import Floats, Whole
from pipelines.inferred.model.model import DEPARTURE, MODEL, THREADS, RouteModel, fit, positions
from pipelines.inferred.model.pooling import ROLES, contexts_of
from pipelines.inferred.network.transit import NETWORK_INPUTS, Network, read_network
from pipelines.store import Home, connect, frame, sql, write_frame, write_query
from schemas.registry import Registry

READ = tuple(dict.fromkeys(("inferred.evidence", "reference.areas", "reference.area_pairs", *NETWORK_INPUTS)))
POSTERIOR_INPUTS = (*READ, "inferred.backtest")
"""The back-test says whether tonight's model may be used."""
TRANSIT = "transit"
MASS, LEAST_PLACES, MOST_PLACES = 0.99, 20, 100
"""A list holds the likeliest places with this mass, at least and at most so many; the rest is one row."""
DOUBTED = 0.05
"""From this doubt on, the places that may stand behind a reported one are listed beside it."""
MILLION = 1_000_000
SLICE = 16_384
"""Evidences that are forecast at a time, so that memory does not grow with their number."""
REST, NONE = "rest", "none"
"""All places that are not listed; no place, of a transit: nothing lay between."""
EVIDENCE = "SELECT * REPLACE (CAST(n_lines AS DOUBLE) AS n_lines) FROM inferred.evidence ORDER BY evidence_id"


def make_posteriors(home: Home, registry: Registry) -> dict[str, int]:
    """Write `inferred.route_posteriors` and the model that made it (`model.explain`); returns their numbers of rows.

    For each evidence and role: the place that is reported, and the likeliest that may stand behind it where it is
    doubtful; or the smallest list of places that holds 0.99 of `prob_label` (20 to 100 places, of transits with
    `none`); and one `rest` row. Both probabilities are whole
    millionths and sum to 1. Where tonight's fit scores worse than the one in use beyond noise (`backtest.guard`), that
    one stays, and is named.
    """
    con = connect(home, registry, READ)
    evidence = frame(con, EVIDENCE)
    learnt, model_id = use(home, model_name(evidence), evidence)  # what is kept is what it is fitted on
    at = read_areas(con).geography
    model = fit(learnt, at)
    alike = ["reporter", "commodity_group", *contexts_of(evidence)[1], *ROLES]  # what is asked alike is asked together
    asked = evidence.filter(pl.col("reporter").is_in(at.places)).sort(*alike, "evidence_id", nulls_last=True)
    network = read_network(con)

    def lists_from(start: int) -> pl.DataFrame:
        found = pl.concat(posterior_lists(model, asked[start : start + SLICE], network))
        return found.with_columns(pl.col("row") + start)

    with threadpool_limits(1), ThreadPoolExecutor(THREADS) as threads:  # slices share nothing
        lists = pl.concat(threads.map(lists_from, range(0, asked.height, SLICE)))
    con.register("lists", lists)
    con.register("asked", asked.select("evidence_id", "commodity_group").with_row_index("row"))
    countries = [*at.places, NONE]
    con.register("places", pl.DataFrame({"place": range(len(countries)), "country": countries}))
    con.register("model", pl.DataFrame({"model_id": [model_id]}))
    return {
        **{name: write_frame(con, home, registry, name, rows) for name, rows in told(model, asked).items()},
        "inferred.route_posteriors": write_query(
            con, home, registry, "inferred.route_posteriors", sql(__file__, "posteriors")
        ),
    }


def model_name(evidence: pl.DataFrame) -> str:
    """Name of the model that is fitted on this evidence: the kind of model, and a digest of what it learns from."""
    told = "\n".join(
        f"{one} {lines:.6f}" for one, lines in evidence.select("evidence_id", "n_lines").sort("evidence_id").rows()
    )
    return f"{MODEL}-{hashlib.sha256(told.encode()).hexdigest()[:12]}"


def posterior_lists(model: RouteModel, evidence: pl.DataFrame, network: Network | None = None) -> list[pl.DataFrame]:
    """The lists of each role: row of the evidence, place (its position, or null for the rest), both probabilities in
    millionths, rank, in_set90 and basis. With a network, what may have crossed a border has a list of
    transits too."""
    seen = model.ask(evidence)
    scored = model.score(seen)
    found = []
    for role in ROLES:
        label = scored[role]
        true = model.true(seen, role, label)
        named = positions(evidence, role, model.at)
        # a former state is the reporter's word, but no place that can be forecast
        former = (evidence[role].is_not_null().to_numpy()) & (named < 0)
        hidden = np.flatnonzero((named < 0) & ~former)
        level = model.calibrations[role].level(evidence[hidden.tolist()])
        found += [
            _listed(role, hidden, label[hidden], true[hidden], level),
            _reported(role, np.flatnonzero(named >= 0), named, true),
        ]
        if role == DEPARTURE and network is not None:
            found += _transits(model, evidence, true, network)
    return found


def _transits(model: RouteModel, evidence: pl.DataFrame, departure: Floats, network: Network) -> list[pl.DataFrame]:
    """Lists of the last country before the seizing one, by the ways of the network from where the goods probably left.

    Nothing is learnt of how reporters name transits, so both probabilities are one. That no country lay between is an
    answer like any other, at the position after the last place.
    """
    named = positions(evidence, TRANSIT, model.at)
    hidden = np.flatnonzero((evidence[TRANSIT].is_null() & (evidence["cross_border"] != "no")).to_numpy())
    passed, nothing = network.transit(evidence[hidden.tolist()], departure[hidden], model.at.places)
    answers = np.column_stack([passed, nothing])
    reported = np.flatnonzero(named >= 0)
    certain = np.zeros((evidence.height, len(model.at.places)))
    certain[reported, named[reported]] = 1.0
    return [
        _listed(TRANSIT, hidden, answers, answers, np.full(len(hidden), LEVEL)),
        _reported(TRANSIT, reported, named, certain),
    ]


def _listed(role: str, rows: Whole, label: Floats, true: Floats, level: Floats) -> pl.DataFrame:
    """Ranked lists: millionths are cut, never rounded up, and `rest` takes what is left of both probabilities."""
    order, before = _ranked(label)
    at_rank = np.arange(label.shape[1])
    listed = ((before < MASS * label.sum(axis=1, keepdims=True)) | (at_rank < LEAST_PLACES)) & (at_rank < MOST_PLACES)
    number, at = np.nonzero(listed)
    place = order[number, at]
    return _with_rest(
        _rows(rows[number], place, label[number, place], true[number, place], at + 1).with_columns(
            in_set90=pl.Series(before[number, at] < level[number]), role=pl.lit(role), basis=pl.lit("inferred")
        )
    )


def _reported(role: str, rows: Whole, named: Whole, true: Floats) -> pl.DataFrame:
    """Reported places: the reporter's word has probability 1, its truth less where words and places differ.

    Behind a doubtful one stand the likeliest places with 0.99 of the doubt, at most `LEAST_PLACES`: inferred, and no
    word of the report.
    """
    place = named[rows]
    words = _rows(rows, place, np.ones(len(rows)), true[rows, place], np.ones(len(rows))).with_columns(
        in_set90=pl.lit(True), role=pl.lit(role), basis=pl.lit("reported")
    )
    doubted = rows[true[rows, place] < 1 - DOUBTED]
    meant = true[doubted]
    meant[np.arange(len(doubted)), named[doubted]] = 0.0
    order, before = _ranked(meant)
    order, before = order[:, :LEAST_PLACES], before[:, :LEAST_PLACES]
    number, at = np.nonzero(before < MASS * meant.sum(axis=1, keepdims=True))
    behind = order[number, at]
    others = _rows(doubted[number], behind, np.zeros(len(number)), meant[number, behind], at + 2).with_columns(
        in_set90=pl.lit(False), role=pl.lit(role), basis=pl.lit("inferred")
    )
    return _with_rest(pl.concat([words, others]))


def _ranked(prob: Floats) -> tuple[Whole, Floats]:
    """Places by their probability and the mass before each, shape (rows, places); ties go by code."""
    order = np.argsort(-prob, axis=1, kind="stable")  # places are sorted
    ranked = np.take_along_axis(prob, order, axis=1)
    return order, np.cumsum(ranked, axis=1) - ranked


def _rows(row: Whole, place: Whole, label: Floats, true: Floats, rank: Whole | Floats) -> pl.DataFrame:
    """One row a place, in whole millionths."""
    return pl.DataFrame(
        {
            "row": row.astype(np.uint32),
            "place": place.astype(np.int16),
            "label": np.floor(label * MILLION + 1e-9).astype(np.int32),
            "true": np.floor(true * MILLION + 1e-9).astype(np.int32),
            "rank": rank.astype(np.int32),
        }
    )


def _with_rest(table: pl.DataFrame) -> pl.DataFrame:
    rest = table.group_by("row", maintain_order=True).agg(
        pl.lit(None, pl.Int16).alias("place"),
        (MILLION - pl.col("label").sum()).cast(pl.Int32).alias("label"),
        (MILLION - pl.col("true").sum()).cast(pl.Int32).alias("true"),
        (pl.col("rank").max() + 1).alias("rank"),
        pl.lit(False).alias("in_set90"),
        pl.col("role", "basis").first(),
    )
    return pl.concat([table, rest.select(table.columns)])
