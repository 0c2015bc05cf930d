"""The generator's own forecast of what its reports show, and the figures that are made with it."""

from __future__ import annotations

import importlib
import math
from types import ModuleType

import numpy as np
import polars as pl
import pytest

from schemas.registry import PROJECT


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(PROJECT / "bench"))
    return importlib.import_module("routes_truth")


ROW = {
    "reporter": "NZL", "year": 2021, "origin": None, "departure": None, "destination": None,
    "DRUG_NAME": "Methamphetamine", "TRANSPORT": None, "HIDING_PLACE": None, "INSTALLATION": None, "ROUTING": None,
    "size_class": "1kg_10kg",
}  # fmt: skip


def test_the_generator_reads_an_origin_by_its_convention(bench: ModuleType) -> None:
    rows = pl.DataFrame(
        [
            {**ROW, "ROUTING": "Border - inbound"},
            {**ROW, "ROUTING": "Border - inbound", "origin": "USA", "departure": "USA"},
        ]
    )
    best = bench.Oracle(7, 2_000).answer(rows)
    for role in ("origin", "departure", "destination"):
        assert best.of[role].sum(axis=1) == pytest.approx(1)
    at = best.places.index
    assert best.of["destination"][0, at("NZL")] > 0.99
    assert best.of["departure"][1, at("USA")] > 0.9
    assert best.of["origin"][1, at("USA")] < 0.5


def test_a_gap_is_nought_for_who_forecasts_as_the_generator_does(bench: ModuleType) -> None:
    ideal = np.array([[0.5, 0.5], [0.5, 0.5]])
    truth = np.array([0, 1])
    found = bench.gap(np.array([0.5, 0.5]), ideal, truth)
    assert found["gap"] == 0
    assert found["entropy_of_generator"] == round(math.log(2), 3)
    assert bench.gap(np.array([0.25, 0.25]), ideal, truth)["gap"] == round(math.log(2), 3)


def test_an_interval_covers_what_lies_in_it_as_it_is_published(bench: ModuleType) -> None:
    table = pl.DataFrame({"true_n": [5, 9, 1, 2], "low": [5.0, 1.0, 2.0, 1.2], "high": [8.0, 4.0, 3.0, 1.8], "n": 2.0})
    found = bench.coverage(table)
    assert (found["coverage"], found["missed_above"], found["missed_below"]) == (0.25, 0.5, 0.25)
