"""The chance of cross-border traffic: what counts, what it rests on, and how it is calibrated."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pytest

from pipelines.inferred.backtest import scope
from pipelines.inferred.backtest.folds import Fold
from pipelines.inferred.backtest.metrics import calibration_error
from pipelines.inferred.model.calibration import LEAST_LABELS
from pipelines.inferred.scope import AS_IT_IS, SEEN, _map, answered, fit_scope, mapped


def forms(*rows: Mapping[str, Any]) -> pl.DataFrame:
    """Rows as `read_asked` gives them; what is not named is alike."""
    plain: dict[str, Any] = {
        "reporter": "ESP", "commodity_group": "cocaine", "size_class": "1kg_10kg", "border_class": "inland",
        "at_border": False, "mode_class": "land", "year": 2014, "cross_border": "unknown", "n_asked": Decimal(1),
    }  # fmt: skip
    made = [plain | {"evidence_id": f"e{number:05}"} | dict(row) for number, row in enumerate(rows)]
    return pl.DataFrame(made, schema_overrides={"n_asked": pl.Decimal(18, 6), "year": pl.Int64})


def lines(n: float, says: str, **facts: Any) -> dict[str, Any]:
    return {**facts, "cross_border": says, "n_asked": Decimal(str(n))}


def habits() -> pl.DataFrame:
    """Ten reporters over three years; half of them mostly say yes."""
    return forms(
        *(
            lines(n, says, reporter=f"R{who}", year=year)
            for who in range(10)
            for year in (2012, 2013, 2014)
            for says, n in (("yes", 16 if who % 2 else 2), ("unknown", 4 if who % 2 else 18))
        )
    )


def test_silence_is_a_no_where_the_form_asks_and_nothing_where_it_does_not() -> None:
    told = answered(forms(lines(3, "yes"), lines(4, "no"), lines(5, "unknown"), lines(0, "unknown")))
    assert told.select("outcome", "n").rows() == [("yes", 3), ("no", 4), ("no", 5)]


def test_what_a_report_says_of_its_route_is_nothing_that_the_chance_looks_at() -> None:
    assert not {"direction", "origin", "departure", "transit", "destination", "cross_border", "contradiction"} & {*SEEN}
    model, asked = fit_scope(habits()), habits()
    says_else = asked.with_columns(cross_border=pl.lit("yes"))
    assert model.predict(asked).tobytes() == model.predict(says_else.select(SEEN)).tobytes()


def test_a_reporter_keeps_its_habit_and_an_unknown_one_gets_what_all_have_in_common() -> None:
    p = fit_scope(habits()).predict(forms({"reporter": "R1"}, {"reporter": "R0"}, {"reporter": "new"}))
    assert p[0] > 0.65
    assert p[1] < 0.25
    assert 0.3 < p[2] < 0.6


def test_the_largest_reporter_is_not_all_of_them() -> None:
    small = [lines(20, "yes", reporter=f"R{who}") for who in range(10)]
    p = fit_scope(forms(lines(20_000, "unknown"), *small)).predict(forms({"reporter": "new"}))
    assert p[0] > 0.15  # a hundredth of all lines say yes


def test_forecasts_that_are_too_sure_are_drawn_to_the_middle_and_honest_ones_stay() -> None:
    rng = np.random.default_rng(7)
    truth = rng.uniform(0.05, 0.95, 4_000)
    said = np.where(rng.random(4_000) < truth, "yes", "unknown")
    held = answered(forms(*(lines(1, says, reporter=f"R{at % 40}") for at, says in enumerate(said))))
    yes = (held["outcome"] == "yes").to_numpy().astype(float)
    boast = mapped(truth, (0.0, 3.0))
    by = _map(held, boast)
    assert calibration_error(boast, yes, np.ones(4_000)) > 0.1
    assert calibration_error(mapped(boast, by), yes, np.ones(4_000)) < 0.05
    assert _map(held, truth) == pytest.approx(AS_IT_IS, abs=0.1)


def test_with_too_few_of_either_answer_nothing_is_calibrated() -> None:
    held = answered(forms(lines(500, "unknown"), lines(LEAST_LABELS - 1, "yes")))
    assert _map(held, np.array([0.9, 0.9])) == AS_IT_IS
    lonely = fit_scope(forms(lines(5, "yes"), lines(5, "unknown")))
    assert (lonely.known, lonely.new) == (AS_IT_IS, AS_IT_IS)


def test_the_order_of_the_evidence_changes_no_bit() -> None:
    asked = forms({"reporter": "R1"}, {"reporter": "new"})
    one, other = (fit_scope(rows).predict(asked) for rows in (habits(), habits().sample(fraction=1, shuffle=True)))
    assert one.tobytes() == other.tobytes()


def test_without_a_form_that_asks_the_chance_is_even() -> None:
    assert fit_scope(forms(lines(0, "unknown"))).predict(forms({})).tolist() == [0.5]


def test_the_back_test_asks_for_what_the_years_before_did_not_say() -> None:
    rows = habits()
    fold = Fold("temporal", 0, rows.filter(pl.col("year") < 2014), rows.filter(pl.col("year") == 2014))
    (found,) = scope.answer_scope(fold).values()
    losses = {name: figures["log_loss"].to_numpy() for name, figures in found.figures["scope"].items()}
    weight = found.facts["weight"].to_numpy()
    assert weight.sum() == 200
    assert np.average(losses["scope_model"], weights=weight) < np.average(losses["size_shares"], weights=weight) - 0.1
    assert scope.answer_scope(Fold("temporal", 0, rows, rows.clear())) == {}
