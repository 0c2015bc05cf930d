"""The route benchmark's own reading of reference and scores; the benchmark itself is no part of the project."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

from schemas.registry import PROJECT

PAGE = """
## temporal, solo

| task | method | nll [95 %] | top1 | mac nll | novel nll |
|---|---|---|---|---|---|
| dep (n 10; 2 reporters) | one | 2.50 [2.40, 2.60] | **0.40** | 2.9 | **4.0** |
|  | two | **2.10** [2.00, 2.20] | 0.30 | **2.8** | 5.0 |
| org (n 9; 2 reporters) | one | 0.50 [0.40, 0.60] | 0.90 | 1.9 | 3.0 |

## All records (view `all`)

temporal:

| variant | task | n | method | nll | mac nll |
|---|---|---|---|---|---|
| solo | dep | 1,000 | table | 0.28 | 3.81 |
| given | dep | 1,000 | two-stage | 0.20 | 2.05 |
"""


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(PROJECT / "bench"))
    return importlib.import_module("route_bench")


def test_the_best_of_each_kind_is_read_from_the_tables_with_its_method(bench: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(PAGE, encoding="utf-8")
    best = bench.reference(tmp_path / "page.md")
    told = {key: (found.value, found.method) for key, found in best.items()}
    assert told["dep", "solo", "temporal", "hard", "rec", "nll"] == (2.10, "two")
    assert told["dep", "solo", "temporal", "hard", "mac", "nll"] == (2.8, "two")
    assert told["dep", "solo", "temporal", "hard", "rec", "top1"] == (0.40, "one")
    assert told["dep", "solo", "temporal", "novel", "rec", "nll"] == (4.0, "one")
    assert told["org", "solo", "temporal", "hard", "rec", "nll"] == (0.50, "one")
    assert told["dep", "solo", "temporal", "all", "rec", "nll"] == (0.28, "table")
    assert told["dep", "given", "temporal", "all", "mac", "nll"] == (2.05, "two-stage")


def test_a_goal_is_reached_by_a_log_loss_at_most_and_a_share_at_least_as_large(bench: ModuleType) -> None:
    of_view = {"n": 10, "reporters": 2, "nll_interval": [1, 2], "top1_interval": [0, 1]}
    scores = {"dep/solo/temporal": {"hard": {**of_view, "rec": {"nll": 1.95, "top1": 0.45}, "mac": {"nll": 1.96}}}}
    rows = {(row["average"], row["metric"]): row for row in bench.beside(scores, {})}
    assert rows["rec", "nll"]["reached"] is True
    assert rows["rec", "top1"]["reached"] is False
    assert rows["mac", "nll"]["reached"] is False
    assert rows["rec", "nll"]["reference"] is None


def test_a_gain_is_paired_and_its_interval_draws_reporters(bench: ModuleType) -> None:
    gain = bench._gain([0.5] * 6 + [0.1] * 6 + [9.0], ["AAA"] * 6 + ["BBB"] * 6 + ["CCC"])
    assert gain["mac"] == pytest.approx([0.3, 0.1, 0.5])
    assert gain["rec"][0] == pytest.approx((3 + 0.6 + 9) / 13, abs=1e-3)
