"""The linkage model: which pairs are looked at, what is compared, and what each agreement weighs.

Belongs here: reading `weights.yml`, and saying it in Splink's words. Does not belong here: SQL of ours, or a number
that is not in that file.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

WEIGHTS = Path(__file__).with_name("weights.yml")
ID = "telling_no"


@dataclass(frozen=True)
class Weights:
    """What `weights.yml` holds."""

    comparisons: dict[str, list[dict[str, Any]]]
    chance: dict[str, float]
    rivals: dict[str, float]
    bounds: dict[str, float]

    @property
    def levels(self) -> list[tuple[str, str, float, bool]]:
        """Comparison, level, bits and whether these are a judgement (not fitted), of each level in order."""
        return [
            (name, one["level"], float(one["bits"]), bool(one.get("judged")))
            for name, levels in self.comparisons.items()
            for one in levels
        ]


@cache
def weights(path: Path = WEIGHTS) -> Weights:
    """Read the weights; the same file is read once a process.

    Raises `ValueError` where two levels of a comparison weigh the same: Splink gives back the bits, and they tell the
    level.
    """
    found = Weights(**yaml.safe_load(path.read_text(encoding="utf-8")))
    alike = [
        name
        for name, levels in found.comparisons.items()
        if len({round(float(one["bits"]), 3) for one in levels}) < len(levels)
    ]
    if alike:
        raise ValueError(f"{path.name}: two levels weigh the same in {', '.join(alike)}")
    return found


def splink_settings(model: Weights) -> dict[str, Any]:
    """Splink's settings for the model."""
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": ID,
        "probability_two_random_records_match": 0.5,  # the prior is one of our own numbers (`chance`)
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": True,
        "blocking_rules_to_generate_predictions": [],  # the pairs come from blocks.sql
        "comparisons": [
            {"output_column_name": name, "comparison_levels": [_level(**one) for one in levels]}
            for name, levels in model.comparisons.items()
        ],
    }


def _level(level: str, when: str, bits: float, *, judged: bool = False) -> dict[str, Any]:  # noqa: ARG001
    """A level whose two probabilities have the ratio 2^bits, both at most 1."""
    return {
        "sql_condition": when,
        "label_for_charts": level,
        "m_probability": min(1.0, 2.0**bits),
        "u_probability": min(1.0, 2.0**-bits),
    }
