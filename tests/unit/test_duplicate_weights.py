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
def test_every_comparison_ends_with_what_is_left_and_tries_nothing_twice(name: str) -> None:
    levels = weights().comparisons[name]
    assert [one["when"] == "ELSE" for one in levels].index(True) >= len(levels) - 1
    assert len({one["when"] for one in levels}) == len(levels)


@pytest.mark.parametrize("name", weights().comparisons)
def test_every_kind_of_pair_has_a_level_for_what_is_left(name: str) -> None:
    last = weights().comparisons[name][-1]["bits"]
    assert not isinstance(last, dict) or list(last) == weights().kind_names


def test_every_number_stands_for_every_kind() -> None:
    model = weights()
    for part in (model.chance, model.others):
        assert all(list(of) == model.kind_names for of in part["each"].values())
    assert model.kinds[-1]["when"] == "ELSE"


def test_bounds_are_probabilities_in_order() -> None:
    assert 0 < weights().bounds["kept"] < weights().bounds["same"] < 1
