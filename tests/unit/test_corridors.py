"""Intervals of corridors: what errs alike is wide, what errs apart is not."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.inferred.corridors import MEASURES, _alike, _pair_figures


def here(n: int, rho: float, crosses: float = 1.0) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    one = np.ones(n)
    return {"n": crosses * one, "n_possible": one, "kg": 2 * crosses * one, "overdispersion": rho * one}


def test_lines_of_one_reporter_err_together_and_those_of_others_apart() -> None:
    joint = np.full((10, 1), 0.5)
    together, kg = _alike(here(10, 0.1), joint, np.array(["ESP"] * 10, dtype=object))
    apart, _ = _alike(here(10, 0.1), joint, np.array([f"R{n}" for n in range(10)], dtype=object))
    assert together[0] == pytest.approx(0.1 * (10 * 0.5) ** 2)
    assert kg[0] == pytest.approx(4 * together[0])
    assert apart[0] == pytest.approx(10 * 0.1 * 0.5**2)


def test_what_hardly_crosses_a_border_is_uncertain_by_that_too() -> None:
    joint = np.ones((4, 1))
    sure, _ = _alike(here(4, 0.1), joint, np.array(["ESP"] * 4, dtype=object))
    unsure, _ = _alike(here(4, 0.1, crosses=0.2), joint, np.array(["ESP"] * 4, dtype=object))
    assert sure[0] == 0
    assert unsure[0] == pytest.approx(0.1 * 16 * 0.2 * 0.8)


def test_a_doubtful_report_is_reported_with_its_chance_and_inferred_elsewhere() -> None:
    """The first line names the first pair and means it in three of five cases; the second is sure of the second."""
    joint, reported = np.array([[0.6, 0.4], [0.0, 1.0]]), np.array([[True, False], [False, True]])
    figures = _pair_figures(
        {name: np.ones(2) for name in MEASURES}, joint, reported, np.array(["ESP", "ITA"], dtype=object)
    )
    assert figures["n_reported"].tolist() == [0.6, 1.0]
    assert figures["n_inferred"].tolist() == [0.0, 0.4]
    assert figures["n_q05"].tolist() == [0.0, 1.0]
    assert figures["n_q95"][0] == 1.0  # nothing of the first pair is inferred
    assert figures["n_q95"][1] >= 2.0
