"""The numbers of the linkage model and the words for them agree."""

from __future__ import annotations

import pytest

from pipelines.conformed.duplicates.model import weights
from schemas.registry import Registry

KEPT = ("date", "amount", "place")
"""Comparisons whose level stands in `conformed.duplicate_pairs`, by a code of `agreements`."""


def test_every_level_that_is_kept_is_a_code_and_no_code_is_unused(registry: Registry) -> None:
    levels = {one["level"] for name in KEPT for one in weights().comparisons[name]}
    assert levels == registry.codes["agreements"].codes


@pytest.mark.parametrize("name", weights().comparisons)
def test_every_comparison_ends_with_what_is_left_and_names_each_level_once(name: str) -> None:
    levels = weights().comparisons[name]
    assert [one["when"] == "ELSE" for one in levels] == [False] * (len(levels) - 1) + [True]
    assert len({one["level"] for one in levels}) == len(levels)


def test_bounds_are_probabilities_in_order() -> None:
    assert 0 < weights().bounds["kept"] < weights().bounds["same"] < 1
