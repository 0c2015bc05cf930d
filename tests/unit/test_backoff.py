"""Back-off counts: what is known finely is used finely, what is not falls back, and the order of rows is nothing."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from pipelines.inferred.backoff import ALPHAS, BackOff, fit

LEVELS = ((), ("commodity_group",), ("reporter", "commodity_group"))
OUTCOMES = ["AAA", "BBB", "CCC"]
SEEN = [
    ("KEN", "heroin", "AAA", 6),
    ("KEN", "heroin", "BBB", 2),
    ("TZA", "heroin", "AAA", 3),
    ("TZA", "cocaine", "CCC", 4),
    ("BRA", "cocaine", "CCC", 9),
    ("BRA", "cocaine", "BBB", 1),
]


def labelled(rows: list[tuple[str | None, str, str, object]]) -> pl.DataFrame:
    schema = {"reporter": pl.String, "commodity_group": pl.String, "outcome": pl.String, "n": pl.Decimal(18, 6)}
    return pl.DataFrame([(*row[:3], Decimal(str(row[3]))) for row in rows], schema=schema, orient="row")


def contexts(*rows: tuple[str | None, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"reporter": pl.String, "commodity_group": pl.String}, orient="row")


def by_hand(
    rows: list[tuple[str | None, str, str, object]], alpha: float, context: tuple[str | None, str]
) -> list[float]:
    """The docstring's formula, one number at a time."""
    probabilities = [1 / len(OUTCOMES)] * len(OUTCOMES)
    for keep in (lambda r: True, lambda r: r[1] == context[1], lambda r: r[:2] == context):
        here = [row for row in rows if keep(row)]
        total = sum(float(str(row[3])) for row in here)
        counts = [sum(float(str(row[3])) for row in here if row[2] == outcome) for outcome in OUTCOMES]
        probabilities = [(c + alpha * p) / (total + alpha) for c, p in zip(counts, probabilities, strict=True)]
    return probabilities


def leave_one_out(alpha: float) -> float:
    """Log-likelihood of every labelled line under what the other lines say."""
    score = 0.0
    for number, row in enumerate(SEEN):
        others = [*SEEN]
        others[number] = (*row[:3], row[3] - 1)
        score += row[3] * math.log(by_hand(others, alpha, row[:2])[OUTCOMES.index(row[2])])
    return score


def test_a_toy_case_gives_the_numbers_of_a_calculation_by_hand() -> None:
    rows = labelled([("x", "g", "AAA", 3), ("x", "g", "BBB", 1), ("y", "h", "AAA", 2)])
    model = BackOff(LEVELS[:2], ["AAA", "BBB"], 2.0, rows)
    # level 0: 1/2, 1/2; all lines: (5 + 2/2)/8 = 3/4, (1 + 2/2)/8 = 1/4
    # group g: (3 + 2·3/4)/6 = 3/4, (1 + 2/4)/6 = 1/4; group h: (2 + 2·3/4)/4 = 7/8, (0 + 2/4)/4 = 1/8
    found = model.predict(contexts(("x", "g"), ("y", "h"), ("z", "never")))
    assert found.tolist() == [[0.75, 0.25], [0.875, 0.125], [0.75, 0.25]]


@pytest.mark.parametrize("context", [("KEN", "heroin"), ("TZA", "cocaine"), ("BRA", "heroin"), ("NAM", "cathinone")])
def test_every_level_smooths_toward_the_coarser_one(context: tuple[str, str]) -> None:
    model = fit(labelled(SEEN), LEVELS, OUTCOMES)
    assert model.predict(contexts(context))[0] == pytest.approx(by_hand(SEEN, model.alpha, context), abs=1e-12)


def test_rows_sum_to_one() -> None:
    found = fit(labelled(SEEN), LEVELS, OUTCOMES).predict(
        contexts(("KEN", "heroin"), ("BRA", "cocaine"), ("NAM", "heroin"), ("NAM", "cathinone"), (None, "heroin"))
    )
    assert found.shape == (5, len(OUTCOMES))
    assert np.abs(found.sum(axis=1) - 1).max() < 1e-12
    assert (found > 0).all()


def test_a_context_never_seen_takes_the_finest_level_that_was() -> None:
    model = fit(labelled(SEEN), LEVELS, OUTCOMES)
    new_reporter, new_group = model.predict(contexts(("NAM", "cocaine"), ("KEN", "cathinone")))
    coarser = BackOff(LEVELS[:2], OUTCOMES, model.alpha, model.labelled).predict(contexts(("NAM", "cocaine")))[0]
    coarsest = BackOff(LEVELS[:1], OUTCOMES, model.alpha, model.labelled).predict(contexts(("KEN", "cathinone")))[0]
    assert new_reporter.tolist() == coarser.tolist()
    assert new_group.tolist() == coarsest.tolist()
    assert new_reporter.tolist() != new_group.tolist()


def test_a_missing_key_is_a_group_of_its_own() -> None:
    rows = [*SEEN, (None, "heroin", "CCC", 50)]
    model = fit(labelled(rows), LEVELS, OUTCOMES)
    assert model.predict(contexts((None, "heroin")))[0].argmax() == OUTCOMES.index("CCC")


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_rows_changes_no_bit(seed: int) -> None:
    rows = [(*row[:3], f"{row[3]}.{seed}31407") for row in SEEN]
    asked = contexts(("KEN", "heroin"), ("TZA", "cocaine"), ("NAM", "heroin"))
    straight = fit(labelled(rows), LEVELS, OUTCOMES)
    shuffled = fit(labelled(rows).sample(fraction=1, shuffle=True, seed=seed), LEVELS, OUTCOMES)
    assert shuffled.alpha == straight.alpha
    assert shuffled.predict(asked).tobytes() == straight.predict(asked).tobytes()
    assert shuffled.predict(asked.reverse())[::-1].tobytes() == straight.predict(asked).tobytes()


def test_a_split_row_counts_as_much_as_the_whole() -> None:
    split = [*SEEN[1:], ("KEN", "heroin", "AAA", 4), ("KEN", "heroin", "AAA", 2)]
    asked = contexts(("KEN", "heroin"), ("NAM", "heroin"))
    assert fit(labelled(split), LEVELS, OUTCOMES).predict(asked).tolist() == (
        fit(labelled(SEEN), LEVELS, OUTCOMES).predict(asked).tolist()
    )


def test_without_labels_every_outcome_is_as_probable() -> None:
    found = fit(labelled([]), LEVELS, OUTCOMES).predict(contexts(("KEN", "heroin"), ("NAM", "cathinone")))
    assert found.tolist() == [[1 / 3, 1 / 3, 1 / 3]] * 2


def test_labels_that_are_no_outcome_or_weigh_nothing_teach_nothing() -> None:
    noise = [("KEN", "heroin", "former state", 100), ("KEN", "heroin", "CCC", 0)]
    asked = contexts(("KEN", "heroin"))
    with_noise, without = fit(labelled([*SEEN, *noise]), LEVELS, OUTCOMES), fit(labelled(SEEN), LEVELS, OUTCOMES)
    assert with_noise.predict(asked).tolist() == without.predict(asked).tolist()


def test_alpha_is_the_one_on_the_grid_under_which_each_line_is_least_surprising() -> None:
    best = max(ALPHAS, key=leave_one_out)
    assert fit(labelled(SEEN), LEVELS, OUTCOMES).alpha == best
    assert best not in (ALPHAS[0], ALPHAS[-1])  # otherwise this would not tell one rule from another


def test_contexts_that_agree_ask_for_more_smoothing_than_contexts_that_differ() -> None:
    reporters = [f"R{number:02}" for number in range(30)]
    alike = [(r, "g", outcome, 1) for r in reporters for outcome in ("AAA", "BBB")]
    unlike = [(r, "g", OUTCOMES[number % 3], 2) for number, r in enumerate(reporters)]
    assert fit(labelled(alike), LEVELS, OUTCOMES).alpha >= 16
    assert fit(labelled(unlike), LEVELS, OUTCOMES).alpha == ALPHAS[0]
