"""How well routes, corridors, conventions and noise are recovered, in worlds whose truth is known.

    python bench/routes_truth.py                     three worlds: JSON lines
    python bench/routes_truth.py --home H --world W  one world whose night was run already, up to the inferred layer

Belongs here: the truth of a simulated world beside what the inferred layer says of its reports. Does not belong here:
the generator's own answer (`oracle`), metrics of real reports (`pipelines/inferred/backtest`). What each line means:
`bench/README.md`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from duplicates import SCORED, SEIZURES, conform
from numpy.typing import NDArray
from oracle import ROLES, SHOWN, Oracle
from scipy.stats import spearmanr

from pipelines.conformed import make
from pipelines.inferred.backtest.areas import read_areas
from pipelines.inferred.backtest.make import make_backtest
from pipelines.inferred.backtest.metrics import calibration_by_chance, calibration_error, yes_or_no
from pipelines.inferred.corridors import make_corridors
from pipelines.inferred.evidence import make_evidence
from pipelines.inferred.model.conventions import Conventions
from pipelines.inferred.model.joint import flat_kernel
from pipelines.inferred.model.model import fit
from pipelines.inferred.pairing import couple, read_kernel
from pipelines.inferred.posterior import EVIDENCE, make_posteriors
from pipelines.inferred.routes import make_leg_costs
from pipelines.inferred.scope import make_scope
from pipelines.store import Connection, Home, connect, frame
from schemas.registry import PROJECT, registry

Floats = NDArray[np.float64]
FORM = "unodc_ids"
LEAST_SEIZURES = 5
"""Corridors with fewer true seizures do not count in coverage: their intervals hold 0 whatever is done."""
LEAST_LINES = 20
"""A reporter with fewer named places does not count in the noise."""
LEAST = 1e-6
"""Probabilities are whole millionths: nothing is scored below one."""
TABLES = (
    "conformed.lines", "conformed.seizures", "inferred.evidence", "inferred.seizure_evidence",
    "inferred.seizure_scope", "inferred.route_posteriors", "inferred.route_pairs", "inferred.corridor_seizures",
    "reference.areas", "reference.area_pairs",
)  # fmt: skip


def infer(home: Home) -> None:
    """From lines to corridors, as the night does."""
    known = registry()
    for step in (
        make.make_contradictions, make.make_totals, make.make_outliers, make.make_duplicate_pairs, make.make_groups,
        make.make_seizures, make_evidence, make_scope, make_leg_costs, make_backtest, make_posteriors,
        make_corridors,
    ):  # fmt: skip
        step(home, known)


def score(home: Home, world: Path, seed: int, seizures: int) -> Iterator[dict[str, Any]]:
    """All lines of one world."""
    con = with_truth(home, world)
    yield {"seed": seed, **corridors(con)}
    yield {"seed": seed, **pairs(con)}
    yield {"seed": seed, **scope(con)}
    for found in chain(routes(con, world, Oracle(seed, seizures)), words_and_deeds(con)):
        yield {"seed": seed, **found}


def with_truth(home: Home, world: Path) -> Connection:
    """A connection with the tables of the home, and `told`: of each line the event, true places and what is wrong."""
    con = connect(home, registry(), TABLES)
    truth = {name: str(world / "truth" / f"{name}.parquet") for name in ("reports", "events")}
    con.execute(
        """
        CREATE TABLE told AS
        SELECT
            l.seizure_id, l.source_id, l.file_name, l.row_no, e.evidence_id, v.event_id, v.cross_border, t.label_noise,
            v.origin AS true_origin, v.departure AS true_departure, v.destination AS true_destination
        FROM conformed.lines AS l
        JOIN inferred.seizure_evidence AS e USING (seizure_id)  -- 1:1
        JOIN read_parquet($reports) AS t
            ON t.file_name = l.file_name AND t.row_no = l.row_no AND t.line_no = l.line_no
            AND coalesce(t.part, '') = coalesce(l.part, '')  -- 1:1
        JOIN read_parquet($events) AS v USING (event_id)  -- n:1
        """,
        truth,
    )
    con.execute("CREATE TABLE events AS SELECT * FROM read_parquet($events)", {"events": truth["events"]})
    return con


# --- corridors --------------------------------------------------------------------------------------------------


def corridors(con: Connection) -> dict[str, Any]:
    """Rank correlation of attributed with true seizures, and how often the 90 % intervals hold the truth."""
    table = frame(
        con,
        """
        WITH true_ones AS (
            SELECT commodity_group, year(date) AS year, departure, destination, count(*) AS true_n
            FROM events WHERE cross_border GROUP BY ALL
        ),
        said AS (
            SELECT
                commodity_group, year(period_start) AS year, place_a AS departure, destination,
                CAST(n_reported + n_inferred AS DOUBLE) AS n, CAST(n_inferred AS DOUBLE) AS n_inferred,
                CAST(n_q05 AS DOUBLE) AS low, CAST(n_q95 AS DOUBLE) AS high
            FROM inferred.corridor_seizures
            WHERE pair_type = 'dep_dst' AND mode = 'all' AND period_type = 'year' AND place_a <> 'rest'
        )
        SELECT
            commodity_group, year, departure, destination, coalesce(true_n, 0) AS true_n, coalesce(n, 0) AS n,
            coalesce(n_inferred, 0) AS n_inferred, coalesce(low, 0) AS low, coalesce(high, 0.5) AS high,
            n IS NOT NULL AS is_listed
        FROM true_ones
        FULL JOIN said USING (commodity_group, year, departure, destination)  -- 1:1
        ORDER BY ALL
        """,
    )
    large = table.filter(pl.col("true_n") >= LEAST_SEIZURES)
    return {
        "of": "corridors",
        "cells": table.height,
        "rank_correlation": rank_correlation(table),
        "rank_correlation_of_large": rank_correlation(large),
        "large": large.height,
        "large_in_rest": large.filter(~pl.col("is_listed")).height,
        **coverage(large.filter("is_listed")),
        "coverage_with_rest": coverage(large),
        "coverage_by_true_number": {
            f"{low}-{high - 1}": coverage(large.filter("is_listed", pl.col("true_n").is_between(low, high - 1)))
            for low, high in ((5, 10), (10, 30), (30, 100_000))
        },
        "coverage_where_expected_5": coverage(table.filter(pl.col("n") >= LEAST_SEIZURES)),
    }


def coverage(table: pl.DataFrame) -> dict[str, Any]:
    """Share of true numbers in the interval as it is published; and to which side the others miss."""
    if table.is_empty():
        return {"n": 0}
    true, low, high = (pl.col(name) for name in ("true_n", "low", "high"))
    found = table.select(
        coverage=((true >= low) & (true <= high)).mean(),
        missed_above=(true > high).mean(),
        missed_below=(true < low).mean(),
        median_ratio=(pl.col("n") / true.clip(1)).median(),
    )
    return {"n": table.height, **{name: round(value, 3) for name, value in found.row(0, named=True).items()}}


def rank_correlation(table: pl.DataFrame) -> float:
    return round(float(spearmanr(table["true_n"], table["n"]).statistic), 3)


def pairs(con: Connection) -> dict[str, Any]:
    """Log-loss of the true departure and destination together, of lines over a border that name neither: by the joint
    that corridors have, and by the product of its marginals; each given that the two differ."""
    places = [area for (area,) in con.sql("SELECT area FROM reference.areas ORDER BY area").fetchall()]
    at = {place: number for number, place in enumerate(places)}
    asked = frame(
        con,
        """
        SELECT
            e.evidence_id, e.reporter, e.commodity_group, t.true_departure AS departure,
            t.true_destination AS destination, count(*) AS n
        FROM told AS t
        JOIN inferred.evidence AS e USING (evidence_id)  -- n:1
        WHERE t.cross_border AND t.true_departure <> t.true_destination
            AND e.departure IS NULL AND e.destination IS NULL
        GROUP BY ALL ORDER BY ALL
        """,
    )
    con.register("asked_rows", asked.select("evidence_id").with_row_index("number"))
    forecasts, truths = [], []
    for role in ("departure", "destination"):
        listed = con.sql(
            """
            SELECT a.number, p.country, CAST(p.prob_true AS DOUBLE) AS prob
            FROM asked_rows AS a
            JOIN inferred.route_posteriors AS p USING (evidence_id)  -- 1:n
            WHERE p.role = $role AND p.country <> 'rest'
            """,
            params={"role": role},
        ).pl()
        dense = np.zeros((asked.height, len(places)))
        dense[listed["number"].to_numpy(), [at[place] for place in listed["country"]]] = listed["prob"].to_numpy()
        forecasts.append(dense)
        truths.append(np.array([[at[place]] for place in asked[role]]))
    lines = asked["n"].to_numpy()
    found: dict[str, Any] = {"of": "pairs", "lines": int(lines.sum())}
    for name, kernel in (("product", flat_kernel(len(places))), ("joint", read_kernel(con, places))):
        coupled = couple(kernel, asked, places, *forecasts)
        said = coupled.cells(*truths)[:, 0, 0] / np.maximum(1 - coupled.same, LEAST)
        found[f"log_loss_of_{name}"] = round(float(np.average(-np.log(np.maximum(said, LEAST)), weights=lines)), 3)
    return found


def scope(con: Connection) -> dict[str, Any]:
    """Of lines whose report says neither yes nor no: how the chance does, and true and expected share by source."""
    table = frame(
        con,
        """
        SELECT t.source_id, t.cross_border AS crosses, CAST(x.p_cross_border AS DOUBLE) AS chance
        FROM told AS t
        JOIN inferred.seizure_scope AS x USING (seizure_id)  -- 1:1
        WHERE x.basis = 'inferred' ORDER BY t.seizure_id
        """,
    )
    by_source = table.group_by("source_id").agg(
        pl.len(), pl.col("crosses").cast(pl.Float64).mean(), pl.col("chance").mean()
    )
    shares = {
        source: [n, round(true, 3), round(expected, 3)]
        for source, n, true, expected in by_source.filter(pl.col("len") >= 100).sort("source_id").iter_rows()
    }
    form = table.filter(source_id=FORM)
    return {
        "of": "scope", "n_true_expected": shares, "all": calibrated(table), FORM: calibrated(form),
    }  # fmt: skip


def calibrated(lines: pl.DataFrame) -> dict[str, float]:
    """Metrics of the chance of each line (`pipelines/inferred/backtest/metrics.py`)."""
    chance, crosses = lines["chance"].to_numpy(), lines["crosses"].to_numpy()
    metrics = yes_or_no(np.clip(chance, LEAST, 1 - LEAST), crosses)
    weight = np.ones(len(chance))
    found = {
        **{name: float(metrics[name].mean()) for name in ("log_loss", "brier")},
        "calibration_error": calibration_error(metrics["confidence"], metrics["came_true"], weight),
        "by_chance": calibration_by_chance(metrics["confidence"], weight),
    }
    return {"n": lines.height, **{name: round(value, 4) for name, value in found.items()}}


# --- routes -----------------------------------------------------------------------------------------------------


def routes(con: Connection, world: Path, oracle: Oracle) -> Iterator[dict[str, Any]]:
    """Log-loss of `prob_true` for the true place of each row of the form, beside the generator's own forecast.

    Views: `all` as it stands; `abroad` where the true place is abroad, both forecasts given that it is; each for rows
    that name a place in the role, that hide it, and together.
    """
    con.register("shown_rows", shown(world))
    rows = frame(
        con,
        f"""
        SELECT
            t.seizure_id, t.event_id, e.evidence_id, e.reporter, e.year, e.size_class,
            e.origin, e.departure, e.destination, t.true_origin, t.true_departure, t.true_destination,
            s.* EXCLUDE (file_name, row_no)
        FROM told AS t
        JOIN inferred.evidence AS e USING (evidence_id)  -- n:1
        JOIN shown_rows AS s USING (file_name, row_no)  -- 1:1
        WHERE t.source_id = '{FORM}' ORDER BY t.seizure_id
        """,
    )
    alike = rows.select("reporter", "year", *ROLES, *SHOWN).unique(maintain_order=True).with_row_index("shown_at")
    best = oracle.answer(alike)
    rows = rows.join(alike, on=alike.columns[1:], how="left", nulls_equal=True, maintain_order="left")
    at = rows["shown_at"].to_numpy()
    understood = best.likelihood[at] > 1e-12
    position = {place: number for number, place in enumerate(best.places)}
    for role in ROLES:
        truth = np.array([position[place] for place in rows[f"true_{role}"]])
        own = np.array([position.get(place, -1) for place in rows["reporter"]])
        ideal = best.of[role][at]
        said_true, at_home = (column.to_numpy() for column in said_of(con, rows, role).get_columns())
        named = rows[role].is_not_null().to_numpy()
        for view in ("all", "abroad"):
            asked = understood & ((truth != own) if view == "abroad" else True)
            model = said_true / np.maximum(1 - at_home, LEAST) if view == "abroad" else said_true
            of_ideal = given_abroad(ideal, own) if view == "abroad" else ideal
            for which, here in (("both", asked), ("named", asked & named), ("hidden", asked & ~named)):
                yield {
                    "of": "routes", "role": role, "view": view, "place": which, "n": int(here.sum()),
                    **gap(model[here], of_ideal[here], truth[here]),
                }  # fmt: skip
    yield {"of": "routes", "rows": rows.height, "not_understood": int((~understood).sum())}


def gap(model: Floats, ideal: Floats, truth: NDArray[np.int64]) -> dict[str, float]:
    """Log-losses in nats and their difference; the mean entropy of the ideal forecast checks that it is calibrated."""
    if not len(truth):
        return {}
    best = -np.log(np.maximum(ideal[np.arange(len(truth)), truth], LEAST))
    own = -np.log(np.maximum(model, LEAST))
    entropy = -np.sum(ideal * np.log(np.maximum(ideal, 1e-300)), axis=1)
    gaps = own - best
    return {
        "log_loss": round(float(own.mean()), 3),
        "log_loss_of_generator": round(float(best.mean()), 3),
        "entropy_of_generator": round(float(entropy.mean()), 3),
        "gap": round(float(gaps.mean()), 3),
        "gap_se": round(float(gaps.std() / np.sqrt(len(gaps))), 3),
    }


def said_of(con: Connection, rows: pl.DataFrame, role: str) -> pl.DataFrame:
    """`prob_true` of the true place and of the reporter itself; what `rest` holds is spread over places not listed."""
    con.register("asked", rows.select("seizure_id", "evidence_id", "reporter", place=f"true_{role}"))
    found = con.sql(
        """
        WITH of_role AS (SELECT * FROM inferred.route_posteriors WHERE role = $role),
        rest AS (
            SELECT
                evidence_id, sum(prob_true) FILTER (WHERE country = 'rest') AS mass,
                (SELECT count(*) FROM reference.areas WHERE area_type IN ('country', 'territory'))
                - count(*) FILTER (WHERE country <> 'rest') AS places
            FROM of_role GROUP BY evidence_id
        )
        SELECT
            CAST(coalesce(t.prob_true, r.mass / r.places) AS DOUBLE) AS "true",
            CAST(coalesce(h.prob_true, r.mass / r.places) AS DOUBLE) AS home
        FROM asked AS a
        LEFT JOIN rest AS r USING (evidence_id)  -- n:1
        LEFT JOIN of_role AS t ON t.evidence_id = a.evidence_id AND t.country = a.place  -- n:1
        LEFT JOIN of_role AS h ON h.evidence_id = a.evidence_id AND h.country = a.reporter  -- n:1
        ORDER BY a.seizure_id
        """,
        params={"role": role},
    )
    table: pl.DataFrame = found.pl()
    return table


def given_abroad(forecast: Floats, own: NDArray[np.int64]) -> Floats:
    abroad = forecast.copy()
    inside = own >= 0
    abroad[np.flatnonzero(inside), own[inside]] = 0.0
    shares: Floats = abroad / np.maximum(abroad.sum(axis=1, keepdims=True), 1e-300)
    return shares


def shown(world: Path) -> pl.DataFrame:
    """What the rows of the form show, in its own words."""
    found = []
    for path in sorted((world / "inbox" / FORM).glob("*.csv")):
        table = pl.read_csv(path, separator=";", infer_schema=False, encoding="utf8-lossy")
        found.append(
            table.select(
                *(name for name in SHOWN if name in table.columns),
                file_name=pl.lit(path.name),
                row_no=pl.int_range(1, pl.len() + 1),
            )
        )
    return pl.concat(found)


# --- conventions and noise ----------------------------------------------------------------------------------------


def words_and_deeds(con: Connection) -> Iterator[dict[str, Any]]:
    """Fitted η and noise by reporter beside what the world really did."""
    model = fit(frame(con, EVIDENCE), read_areas(con).geography)
    assert model.conventions is not None
    yield {"of": "conventions", **conventions(con, model.conventions)}
    for role in ROLES:
        yield {"of": "noise", "role": role, **noise(con, model.conventions, role)}


def conventions(con: Connection, fitted: Conventions) -> dict[str, Any]:
    """η: share of lines with origin and departure abroad where the departure stands as origin by convention."""
    true = frame(
        con,
        """
        SELECT
            e.reporter, count(*) AS n,
            avg(CAST(t.label_noise IS NOT DISTINCT FROM 'departure_as_producing' AS INTEGER)) AS share
        FROM told AS t
        JOIN inferred.evidence AS e USING (evidence_id)  -- n:1
        WHERE e.origin <> e.reporter AND e.departure <> e.reporter AND t.true_origin <> t.true_departure
        GROUP BY e.reporter HAVING count(*) >= 5 ORDER BY e.reporter
        """,
    )
    habit = np.array([fitted.copies_of.get(name, fitted.copies_all) for name in true["reporter"]])
    return {"fitted_of_all": round(fitted.copies_all, 3), **beside(true, habit)}


def noise(con: Connection, fitted: Conventions, role: str) -> dict[str, Any]:
    """Share of named places that are not the true one of the role; for origins without those by convention."""
    true = frame(
        con,
        f"""
        SELECT e.reporter, count(*) AS n, avg(CAST(e.{role} <> t.true_{role} AS INTEGER)) AS share
        FROM told AS t
        JOIN inferred.evidence AS e USING (evidence_id)  -- n:1
        WHERE e.{role} IS NOT NULL AND t.label_noise IS DISTINCT FROM 'departure_as_producing'
        GROUP BY e.reporter HAVING count(*) >= {LEAST_LINES} ORDER BY e.reporter
        """,
    )
    learnt = fitted.noise[role].usual(true.with_columns(source_reliability=pl.lit(None, pl.String)))
    return {"fitted_of_all": round(fitted.noise[role].of_all, 4), **beside(true, learnt)}


def beside(true: pl.DataFrame, fitted: Floats) -> dict[str, Any]:
    share, n = true["share"].to_numpy(), true["n"].to_numpy()
    varies = len(share) > 2 and share.std() > 0 and fitted.std() > 0
    most = [int(at) for at in np.argsort(-share)[:3]]
    largest = {str(true["reporter"][at]): [round(float(v[at]), 3) for v in (share, fitted)] for at in most}
    return {
        "reporters": len(share),
        "true_mean": round(float(np.average(share, weights=n)), 4) if len(share) else None,
        "fitted_mean": round(float(np.average(fitted, weights=n)), 4) if len(share) else None,
        "correlation": round(float(np.corrcoef(share, fitted)[0, 1]), 3) if varies else None,
        "mean_absolute_error": round(float(np.abs(share - fitted).mean()), 4) if len(share) else None,
        "largest": largest,
    }  # fmt: skip


def main() -> int:
    """Score, and print JSON lines."""
    parser = argparse.ArgumentParser(
        description="Routes, corridors, conventions and noise beside the truth of simulated worlds."
    )
    parser.add_argument("--seed", type=int, action="append", help=f"worlds (default: {', '.join(map(str, SCORED))})")
    parser.add_argument("--seizures", type=int, default=SEIZURES)
    parser.add_argument("--home", type=Path, help="a home whose inferred layer is there; needs --world and one --seed")
    parser.add_argument("--world", type=Path, help="folder of the world that the home was made from")
    parser.add_argument("--parent", type=Path, help="folder to write below (default: the system's temporary folder)")
    arguments = parser.parse_args()
    os.environ.setdefault("FLOWS_KEY_FILE", str(PROJECT / "tests" / "simulated.key"))
    for seed in arguments.seed or SCORED:
        with tempfile.TemporaryDirectory(dir=arguments.parent) as scratch:
            home, world = arguments.home, arguments.world
            if home is None:
                infer(conform(Path(scratch), seed, arguments.seizures))
                home, world = Path(scratch) / "home", Path(scratch) / "world"
            for found in score(Home.at(home), world, seed, arguments.seizures):
                print(json.dumps(found), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
