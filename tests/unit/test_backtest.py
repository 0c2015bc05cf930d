"""The back-test: what is hidden, what the baselines say, what a metric measures, and when last night's model stays."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from illicit_flows.backtest import summary
from pipelines.inferred.backtest import scores
from pipelines.inferred.backtest.areas import Areas
from pipelines.inferred.backtest.baselines import Forecaster, Learner, gravity, mention_counts
from pipelines.inferred.backtest.folds import LEAST_LABELS, cut_year, folds, hide, reporter_folds
from pipelines.inferred.backtest.guard import compare, use, write_tonight
from pipelines.inferred.backtest.make import Effort, backtest
from pipelines.inferred.backtest.metrics import (
    BINS,
    ENDS,
    SMOOTHING,
    Floats,
    abroad,
    average_precision,
    averaged,
    by_row,
    calibration_by_chance,
    calibration_error,
    gamma_quantile,
    shares_of_cell,
    smoothed,
    weighted_median,
    yes_or_no,
)
from pipelines.inferred.backtest.reliability import curve
from pipelines.inferred.model.pooling import ROLES
from pipelines.inferred.scope import SCOPE_MODEL
from pipelines.store import Home

PLACES = ["BRA", "COL", "DOM", "ESP", "KEN", "SEN"]
SUBREGIONS = ["South America", "South America", "Caribbean", "Southern Europe", "Eastern Africa", "Western Africa"]
N = len(PLACES)


def world() -> Areas:
    """Six places on a line, 1,000 km apart; the first two share a border."""
    at = np.arange(N) * 1000.0
    distance = np.maximum(np.abs(at[:, None] - at[None, :]), 50.0)
    borders = np.zeros((N, N), dtype=bool)
    borders[0, 1] = borders[1, 0] = True
    return Areas(PLACES, SUBREGIONS, np.full(N, 1e6), distance, borders, borders)


def evidence(*rows: Mapping[str, Any]) -> pl.DataFrame:
    """Rows of `inferred.evidence`; what is not named is not known."""
    plain: dict[str, Any] = {
        "reporter": "ESP", "subregion": None, "commodity": "cocaine", "commodity_group": "cocaine",
        "size_class": "1kg_10kg", "border_class": "unknown", "at_border": False, "mode_class": None, "direction": None,
        "year": 2014, "origin": None, "departure": None, "transit": None, "destination": None,
        "cross_border": "unknown", "contradiction": None, "source_reliability": None,
        "n_rows": 1, "n_lines": Decimal(1), "n_asked": Decimal(0),
    }  # fmt: skip
    texts = (
        "mode_class",
        "subregion",
        "direction",
        "origin",
        "departure",
        "transit",
        "destination",
        "contradiction",
        "source_reliability",
    )
    made = [plain | {"evidence_id": f"e{number:05}"} | dict(row) for number, row in enumerate(rows)]
    return pl.DataFrame(
        made,
        schema_overrides=dict.fromkeys(texts, pl.String) | dict.fromkeys(("n_lines", "n_asked"), pl.Decimal(18, 6)),
        infer_schema_length=None,
    )


def lines(n: int, **facts: Any) -> dict[str, Any]:
    return {**facts, "n_lines": Decimal(n), "n_rows": n}


# --- what is learnt, asked and hidden -------------------------------------------------------------------------------


def test_the_cut_is_the_latest_year_in_which_every_role_has_labels_enough() -> None:
    whole = {"origin": "COL", "departure": "BRA", "destination": "KEN"}
    rows = [lines(50, year=2012, **whole), lines(LEAST_LABELS, year=2013, **whole)]
    late = lines(500, year=2015, departure="BRA")
    assert cut_year(evidence(*rows, lines(LEAST_LABELS - 1, year=2014, **whole), late)) == 2013
    assert cut_year(evidence(rows[0], late)) == 2015  # no later year has all of them, so any role will do
    assert cut_year(evidence(rows[0])) is None  # nothing earlier to learn from
    assert cut_year(evidence(lines(99, year=2012, departure="ESP"), lines(99, departure="ESP"))) is None  # all at home


def test_no_fold_learns_from_the_years_or_the_reporters_that_it_asks_about() -> None:
    reporters = ["ESP", "BRA", "COL", "KEN", "SEN", "DOM"]
    rows = [
        lines(40, reporter=who, year=year, origin="ECU", departure="PER", destination="FRA")
        for who in reporters for year in (2012, 2013)
    ]  # fmt: skip
    found = list(folds(evidence(*rows, lines(3, year=2013))))
    assert [fold.split for fold in found].count("temporal") == 1
    assert found[0].train["year"].max() == 2012
    assert found[0].test["year"].unique().to_list() == [2013]
    for fold in found[1:]:
        assert not set(fold.train["reporter"]) & set(fold.test["reporter"])
    assert sorted(who for fold in found[1:] for who in fold.test["reporter"].unique()) == sorted(reporters)
    assert all(
        fold.test.filter(pl.all_horizontal(pl.col(role).is_null() for role in ROLES)).is_empty() for fold in found
    )


def test_reporters_are_dealt_alike_whatever_their_order() -> None:
    assert reporter_folds(["ESP", "BRA", "KEN"]) == reporter_folds(["KEN", "ESP", "BRA"])


@pytest.mark.parametrize(
    ("shown", "says"),
    [
        ({"departure": "BRA"}, "unknown"),
        ({"departure": "BRA", "direction": "inbound"}, "yes"),
        ({"departure": "BRA", "direction": "domestic"}, "no"),
        ({"departure": "BRA", "destination": "FRA"}, "yes"),
        ({"departure": "BRA", "destination": "ESP"}, "unknown"),
        ({"departure": "BRA", "transit": "MAR"}, "yes"),
    ],
)
def test_what_follows_from_a_hidden_place_is_hidden_with_it(shown: dict[str, str], says: str) -> None:
    row = evidence({**shown, "cross_border": "yes", "contradiction": "domestic_but_abroad"})
    hidden = hide(row, ("departure",))
    assert hidden.select("departure", "cross_border", "contradiction").row(0) == (None, says, None)
    assert hidden["destination"].item() == shown.get("destination")


# --- metrics --------------------------------------------------------------------------------------------------------


def test_metrics_of_a_row_are_those_of_a_calculation_by_hand() -> None:
    q = np.array([[0.5, 0.3, 0.15, 0.05], [0.25, 0.25, 0.25, 0.25]])
    found = by_row(q, np.array([1, 3]))
    assert found["log_loss"].tolist() == pytest.approx([-math.log(0.3), math.log(4)])
    assert found["top1"].tolist() == [0, 0]
    assert found["top3"].tolist() == [1, 1]  # four that tie share the middle of ranks 1 to 4
    assert found["brier"].tolist() == pytest.approx([0.25 + 0.49 + 0.0225 + 0.0025, 0.75])
    assert found["set_size90"].tolist() == [3, 4]
    assert found["coverage90"].tolist() == [1, 1]
    assert by_row(q, np.array([1, 3]), np.array([0.5, 0.5]))["set_size90"].tolist() == [1, 2]


def test_given_abroad_the_reporter_is_taken_out_and_the_rest_sums_to_one() -> None:
    excluded = np.array([[True, False, False]])
    q = abroad(np.array([[0.9, 0.08, 0.02]]), excluded)
    mixed = (1 - SMOOTHING) * np.array([0.8, 0.2]) + SMOOTHING / 3
    assert q[0].tolist() == pytest.approx([0, *(mixed / mixed.sum())])
    assert abroad(np.array([[1.0, 0.0, 0.0]]), excluded)[0].tolist() == pytest.approx([0, 0.5, 0.5])
    assert smoothed(np.zeros((1, 4)))[0].tolist() == pytest.approx([0.25] * 4)


def test_yes_or_no_is_judged_by_the_side_that_it_leans_to() -> None:
    found = yes_or_no(np.array([0.9, 0.2]), np.array([True, True]))
    assert found["log_loss"].tolist() == pytest.approx([-math.log(0.9), -math.log(0.2)])
    assert found["top1"].tolist() == [1, 0]


def test_a_perfect_forecaster_shows_no_more_calibration_error_than_chance_does() -> None:
    rng = np.random.default_rng(4)
    confidence = rng.uniform(0.2, 0.9, 2_000)
    weight = np.ones(2_000)
    chance = calibration_by_chance(confidence, weight)
    honest = (rng.random(2_000) < confidence).astype(float)
    assert calibration_error(confidence, honest, weight) == pytest.approx(chance, abs=0.02)
    boaster = (rng.random(2_000) < confidence - 0.15).astype(float)
    assert calibration_error(confidence, boaster, weight) - chance > 0.1


def test_a_curve_says_how_often_each_probability_came_true() -> None:
    points = curve(np.array([0.05, 0.5, 0.5, 1.0]), np.array([0.0, 1.0, 0.0, 1.0]), np.array([2.0, 3.0, 1.0, 1.0]))
    assert points["bin"].to_list() == [1, 8, BINS]
    assert points["share_true"].to_list() == [0, 0.75, 1]
    assert points["mean_probability"].to_list() == pytest.approx([0.05, 0.5, 1])
    assert points["n_lines"].to_list() == [2, 4, 1]
    low, high = points["share_true_q05"].to_list(), points["share_true_q95"].to_list()
    assert (low[0], high[2]) == (0, 1)
    assert 0 < low[1] < 0.75 < high[1] < 1


def test_nine_of_ten_intervals_of_a_curve_hold_the_share_of_an_honest_forecast() -> None:
    rng = np.random.default_rng(2)
    stated, weight = np.full(200, 0.3), rng.uniform(0.5, 3, 200)
    points = [curve(stated, (rng.random(200) < 0.3).astype(float), weight).row(0, named=True) for _ in range(500)]
    held = np.mean([point["share_true_q05"] <= 0.3 <= point["share_true_q95"] for point in points])
    assert held == pytest.approx(0.9, abs=0.04)


def test_every_reporter_weighs_one_and_one_of_few_lines_none() -> None:
    metrics = {"log_loss": np.array([1.0, 3.0, 9.0]), "confidence": np.ones(3), "came_true": np.ones(3)}
    found = averaged(metrics, np.array([95.0, 5.0, 4.0]), np.array([0, 1, 2]), 50, {"gravity": np.full(3, 4.0)})
    (n, by_line), (m, by_reporter) = found["line"], found["reporter"]
    assert (n, m) == (3, 2)
    assert by_line["log_loss"].value == pytest.approx((95 + 15 + 36) / 104)
    assert by_reporter["log_loss"].value == pytest.approx(2)
    assert by_reporter["gain_over_gravity"].value == pytest.approx(2)
    assert by_reporter["log_loss"].low == pytest.approx(1)
    assert by_reporter["log_loss"].high == pytest.approx(3)


def test_a_median_counts_weights() -> None:
    assert weighted_median(np.array([5.0, 1.0, 2.0]), np.array([1.0, 1.0, 3.0])) == 2


def test_shares_of_a_cell_are_compared_with_what_chance_alone_would_do() -> None:
    rng = np.random.default_rng(1)
    truth = np.array([0.5, 0.3, 0.2])
    label = rng.choice(3, size=400, p=truth)
    right = shares_of_cell(np.tile(truth, (400, 1)), label, np.ones(400), rng)
    assert right.variation == pytest.approx(right.by_chance, abs=0.03)
    assert right.covered == 1
    wrong = shares_of_cell(np.tile(truth[::-1], (400, 1)), label, np.ones(400), rng)
    assert wrong.variation == pytest.approx(0.3, abs=0.05)
    assert wrong.covered < 0.5


def test_lines_that_err_alike_are_told_from_chance() -> None:
    rng = np.random.default_rng(1)
    forecast = np.array([0.5, 0.3, 0.2])

    def found(shares: Iterator[Floats]) -> float:
        cells = [
            shares_of_cell(np.tile(forecast, (50, 1)), rng.choice(3, size=50, p=p), np.ones(50), rng, 1) for p in shares
        ]
        return sum(cell.excess for cell in cells) / sum(cell.alike for cell in cells)

    assert found(forecast for _ in range(200)) == pytest.approx(0, abs=0.01)
    assert found(rng.dirichlet(3 * forecast) for _ in range(200)) == pytest.approx(1 / 4, abs=0.05)


def test_a_sure_number_of_lines_is_its_own_interval() -> None:
    mean, variance = np.array([3.0, 10.0]), np.array([0.0, 9.0])
    low, high = (gamma_quantile(q, mean, variance) for q in ENDS)
    assert (low[0], high[0]) == (3, 3)
    assert low[1] < 10 < high[1]


def test_average_precision_of_ties_is_that_of_any_order_of_them() -> None:
    assert average_precision(np.array([3.0, 2.0, 1.0]), np.array([True, False, True])) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(np.array([1.0, 1.0, 1.0, 1.0]), np.array([True, False, False, True])) == pytest.approx(0.5)
    assert average_precision(np.array([1.0, 2.0]), np.array([False, False])) == 0


# --- baselines ------------------------------------------------------------------------------------------------------

SEEN = evidence(
    lines(60, departure="BRA"), lines(20, departure="COL"), lines(20, departure="ESP"),
    lines(30, departure="COL", reporter="KEN"), lines(4, departure="SEN", reporter="DOM"),
    lines(40, departure="BRA", reporter="COL"),
)  # fmt: skip


@pytest.mark.parametrize("method", [mention_counts, gravity])
def test_a_baseline_gives_every_row_a_whole_distribution(method: Learner) -> None:
    asked = evidence(*({"reporter": who, "commodity": what} for who in PLACES for what in ("cocaine", "heroin")))
    for role, p in method(SEEN, world())(asked).items():
        assert p.shape == (asked.height, N), role
        assert np.abs(p.sum(axis=1) - 1).max() < 1e-9
        assert (p >= 0).all()


def test_mention_counts_are_shares_of_the_finest_level_with_five_mentions() -> None:
    p = mention_counts(SEEN, world())(evidence({}, {"reporter": "DOM"}, {"reporter": "SEN"}))["departure"]
    away = p[0, [0, 1]] / (1 - p[0, 3])
    assert p[0, 3] == pytest.approx(0.2, abs=0.01)
    assert away.tolist() == pytest.approx([0.75, 0.25], abs=0.02)
    assert p[1, 0] == pytest.approx(p[2, 0], abs=0.03)  # four mentions are too few, so both take those of all
    assert p[1, 0] > p[1, 1] > p[1, 4]


def test_gravity_prefers_the_near_and_the_neighbour_where_the_mentions_do() -> None:
    near = [lines(50, reporter=PLACES[at], destination=PLACES[(at + 1) % N]) for at in range(N - 1)]
    p = gravity(evidence(*near), world())(evidence({"reporter": "COL"}))["destination"][0]
    assert p[2] > p[4]
    assert p[0] > p[4]


def test_the_order_of_what_was_learnt_changes_no_bit() -> None:
    asked = evidence({}, {"reporter": "KEN"})
    for method in (mention_counts, gravity):
        one, other = (method(train, world())(asked) for train in (SEEN, SEEN.reverse()))
        assert {role: p.tobytes() for role, p in one.items()} == {role: p.tobytes() for role, p in other.items()}


# --- the whole ------------------------------------------------------------------------------------------------------


def years() -> pl.DataFrame:
    """Three reporters over two years, with a habit each."""
    rows = [
        {"reporter": who, "year": year, "departure": where, "commodity": what, "commodity_group": what}
        for who, habit in (("ESP", "BRA"), ("KEN", "ESP"), ("SEN", "BRA"))
        for year in (2013, 2014)
        for number in range(24)
        for what in ("cocaine", "heroin")
        for where in ("COL" if number % 4 == 0 else habit,)
    ]
    return evidence(*rows)


def oracle(train: pl.DataFrame, areas: Areas) -> Forecaster:
    """Knows every habit."""
    habit = {"ESP": "BRA", "KEN": "ESP", "SEN": "BRA"}

    def forecast(test: pl.DataFrame) -> dict[str, Floats]:
        p = np.full((test.height, N), 0.001)
        for row, who in enumerate(test["reporter"]):
            p[row, areas.position[habit[who]]] = 0.75
            p[row, areas.position["COL"]] = 0.25
        return dict.fromkeys(ROLES, p / p.sum(axis=1, keepdims=True))

    return forecast


METHODS = {"route_model": oracle, "mention_counts": mention_counts, "gravity": gravity}


def figure(table: pl.DataFrame, **key: str) -> dict[str, Any]:
    whole = {"split": "loco", "variant": "solo", "role": "departure", "view": "hard", "slice": "all", "average": "line",
             "method": "route_model"} | key  # fmt: skip
    return table.filter(**whole).row(0, named=True)


def test_a_method_that_knows_the_habits_of_unseen_reporters_gains_over_both_baselines() -> None:
    table = backtest(years(), world(), METHODS, Effort(loco=5, draws=50)).figures
    gain = figure(table, metric="gain_over_mention_counts")
    assert gain["score"] > 0.1
    assert figure(table, metric="gain_over_gravity")["score"] > 0
    assert figure(table, metric="log_loss")["score"] == pytest.approx(
        -0.75 * math.log(0.75) - 0.25 * math.log(0.25), abs=0.02
    )
    assert figure(table, metric="log_loss", split="temporal")["n_labels"] == 144
    assert figure(table, metric="average_precision", view="links", split="loco")["test_state"] == "untested"
    assert figure(table, metric="interval_coverage", view="cells")["score"] == 1


def test_below_thirty_labels_a_slice_is_untested_and_has_no_score() -> None:
    table = backtest(years(), world(), METHODS, Effort(loco=5, draws=50)).figures
    for name, state in (
        ("answers_caribbean", "untested"),
        ("reporters_west_central_africa", "tested"),
        ("ge_1kg", "tested"),
    ):
        found = figure(table, metric="log_loss", slice=name)
        assert found["test_state"] == state
        assert (found["score"] is None) == (state == "untested")


def test_the_calibration_error_of_a_view_follows_from_its_curve() -> None:
    scored = backtest(years(), world(), METHODS, Effort(loco=5, draws=50))
    curves = scored.curves.group_by("split", "variant", "role", "view", "average", "method", maintain_order=True)
    assert curves.len().height == 12  # of departures alone: two splits, two variants, three views
    for key, points in curves:
        named = dict(zip(("split", "variant", "role", "view", "average", "method"), map(str, key), strict=True))
        error = figure(scored.figures, metric="calibration_error", **named)
        lines = points["n_lines"]
        assert int(lines.sum()) == error["n_labels"]
        apart = (points["share_true"] - points["mean_probability"]).abs()
        assert (apart * lines).sum() / lines.sum() == pytest.approx(error["score"])


def test_whether_a_border_was_crossed_is_asked_of_every_line_of_a_form_that_asks() -> None:
    says = pl.when(pl.col("departure") == "COL").then(pl.lit("unknown")).otherwise(pl.lit("yes"))
    asked = years().with_columns(cross_border=says, n_asked=pl.lit(2, pl.Decimal(18, 6)))
    scored = backtest(asked, world(), METHODS, Effort(loco=5, draws=50))
    which = {"role": "seizure", "view": "scope", "split": "temporal"}
    of_scope = scored.figures.filter(**which)
    assert set(of_scope["method"]) == {"scope_model", "size_shares"}
    assert set(of_scope["average"]) == {"line", "reporter"}
    assert not of_scope["slice"].str.starts_with("answers").any()
    found = figure(scored.figures, metric="log_loss", method="scope_model", **which)
    assert found["n_labels"] == 2 * 144
    assert found["score"] == pytest.approx(-0.75 * math.log(0.75) - 0.25 * math.log(0.25), abs=0.02)
    assert (
        figure(scored.figures, metric="log_loss", method="scope_model", slice="reporters_caribbean", **which)[
            "test_state"
        ]
        == "untested"
    )
    assert scored.figures.filter(pl.col("role") != "seizure").equals(
        backtest(years(), world(), METHODS, Effort(loco=5, draws=50)).figures
    )
    curve_of = scored.curves.filter(**which)
    assert curve_of["n_lines"].sum() == 2 * 144
    assert set(curve_of["method"]) == {"scope_model"}
    assert set(of_scope["model_id"]) == set(curve_of["model_id"]) == {SCOPE_MODEL}


def test_below_thirty_labels_there_is_no_curve() -> None:
    few = years().group_by("reporter", "year", maintain_order=True).head(4)
    scored = backtest(few, world(), METHODS, Effort(loco=5, draws=50))
    assert set(scored.figures.filter(view="hard")["test_state"]) <= {"untested"}
    assert scored.curves.is_empty()


def test_the_summary_has_every_view_and_says_where_nothing_was_tested() -> None:
    says = pl.when(pl.col("departure") == "COL").then(pl.lit("unknown")).otherwise(pl.lit("yes"))
    asked = years().with_columns(cross_border=says, n_asked=pl.lit(1, pl.Decimal(18, 6)))
    figures = backtest(asked, world(), METHODS, Effort(loco=5, draws=50)).figures
    which = {"split": "temporal", "variant": "solo", "average": "line"}
    told = [record for record in summary(figures.to_dicts()) if which.items() <= record.items()]
    ours = {record["view"]: record for record in told if record["method"] in ("route_model", "scope_model")}
    assert list(ours) == ["hard", "novel", "all", "domestic", "scope", "cells", "links"]
    assert ours["cells"]["interval_coverage"] == 1
    assert "variation_excess" in ours["cells"]
    assert ours["links"]["log_loss"] == "untested here"
    assert ours["scope"]["n_labels"] == 144


def test_the_order_of_the_evidence_changes_no_figure() -> None:
    shuffled = years().sample(fraction=1, shuffle=True, seed=3)
    one, other = (backtest(rows, world(), METHODS, Effort(loco=5, draws=50)).figures for rows in (years(), shuffled))
    assert one.equals(other)


def test_what_the_guard_compares_is_the_models_loss_of_every_line_abroad_of_the_latest_year() -> None:
    scored = backtest(years(), world(), METHODS, Effort(loco=0, draws=50))
    log_loss = figure(scored.figures, split="temporal", metric="log_loss")
    assert scored.by_line["weight"].sum() == log_loss["n_labels"]
    assert scored.by_line["log_loss"].mean() == pytest.approx(log_loss["score"])
    assert not compare(scored.by_line, scored.by_line).is_worse


def test_asking_in_smaller_blocks_changes_no_figure_of_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = backtest(years(), world(), METHODS, Effort(loco=5, draws=50)).figures
    monkeypatch.setattr(scores, "BLOCK_ROWS", 1)
    blocks = backtest(years(), world(), METHODS, Effort(loco=5, draws=50)).figures
    by_line = pl.col("view") != "cells"  # redraws of a cell are seeded by block
    assert blocks.filter(by_line).equals(whole.filter(by_line))


def test_without_labels_there_is_no_figure() -> None:
    assert backtest(evidence({}, {"reporter": "KEN"}), world(), METHODS, Effort(5, 50)).figures.is_empty()


# --- the guard ------------------------------------------------------------------------------------------------------


def losses(*by_reporter: float, lines_each: int = 20) -> pl.DataFrame:
    """Log-losses of lines, alike within a reporter."""
    rows = [
        {"evidence_id": f"{who}-{number}", "role": "origin", "reporter": f"R{who}", "weight": 1.0, "log_loss": loss}
        for who, loss in enumerate(by_reporter)
        for number in range(lines_each)
    ]
    return pl.DataFrame(rows)


def test_a_drop_is_beyond_noise_where_it_shows_in_almost_every_draw_of_reporters() -> None:
    before = losses(2.0, 2.0, 2.0, 2.0)
    assert compare(losses(2.3, 2.2, 2.4, 2.3), before).is_worse
    assert compare(losses(2.3, 2.2, 2.4, 2.3), before).drop == pytest.approx(0.3)
    assert not compare(losses(3.5, 1.9, 2.0, 1.8), before).is_worse  # one reporter alone
    assert not compare(losses(1.5, 1.9, 2.0, 1.8), before).is_worse
    assert not compare(losses(9.0, 9.0, lines_each=14), losses(2.0, 2.0, lines_each=14)).is_worse  # too few lines


def test_what_is_kept_stays_where_tonights_is_worse_and_goes_where_it_is_not(tmp_path: Path) -> None:
    home = Home.at(tmp_path).make()

    def used(name: str, scores: pl.DataFrame, column: str = "reporter") -> tuple[list[str], str]:
        write_tonight(home, scores)
        learnt, model_id = use(home, name, pl.DataFrame({column: [name]}))
        return learnt.to_series().to_list(), model_id

    assert used("first", losses(2.0, 2.0, 2.0)) == (["first"], "first")
    assert used("worse", losses(2.5, 2.6, 2.4)) == (["first"], "first")
    assert used("better", losses(1.9, 2.0, 2.1)) == (["better"], "better")
    assert used("worse", losses(2.5, 2.6, 2.4)) == (["better"], "better")
    assert used("of newer code", losses(2.5, 2.6, 2.4), "country") == (["of newer code"], "of newer code")
    assert used("kind-2-worse", losses(2.9, 2.9, 2.9), "country") == (["kind-2-worse"], "kind-2-worse")
    assert (
        used("of other lines", losses(9.0).with_columns(evidence_id=pl.lit("other")), "country")[1] == "of other lines"
    )


def test_without_a_back_test_nothing_is_judged_or_kept(tmp_path: Path) -> None:
    home = Home.at(tmp_path).make()
    assert use(home, "m", pl.DataFrame({"reporter": ["KEN"]}))[1] == "m"
    assert not home.model.exists()
