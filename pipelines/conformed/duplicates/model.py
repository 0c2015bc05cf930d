"""The linkage model: which pairs are looked at, what is compared, and what each agreement weighs.

Belongs here: reading `weights.yml`, and saying it in Splink's words. Does not belong here: SQL of ours, or a number
that is not in that file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

WEIGHTS = Path(__file__).with_name("weights.yml")
ID = "telling_no"
REST = "ELSE"
"""The condition that always holds."""


class Level(NamedTuple):
    """A level of agreement of one kind of pair (`kind` is None where all kinds have the same), with its bits."""

    comparison: str
    level: str
    kind: str | None
    when: str
    bits: float
    judged: bool
    """Set by hand, not fitted."""


@dataclass(frozen=True)
class Weights:
    """What `weights.yml` holds."""

    kinds: list[dict[str, str]]
    comparisons: dict[str, list[dict[str, Any]]]
    chance: dict[str, dict[str, Any]]
    others: dict[str, dict[str, Any]]
    bounds: dict[str, float]

    @property
    def kind_names(self) -> list[str]:
        return [str(one["kind"]) for one in self.kinds]

    def levels(self, comparison: str) -> list[Level]:
        """The levels of a comparison in the order in which they are tried: kind by kind, if they differ by kind."""
        found = list(self._levels(comparison))
        order: list[str | None] = [None, *self.kind_names]
        return sorted(found, key=lambda one: order.index(one.kind))

    def _levels(self, comparison: str) -> Iterator[Level]:
        for one in self.comparisons[comparison]:
            bits: dict[str | None, float] = one["bits"] if isinstance(one["bits"], dict) else {None: one["bits"]}
            for kind, value in bits.items():
                yield Level(comparison, one["level"], kind, one["when"], float(value), bool(one.get("judged")))

    def by_kind(self) -> list[dict[str, float | str]]:
        """A row for each kind with all numbers of `chance` and `others`."""
        return [
            {
                "kind": kind,
                **{name: float(of[kind]) for part in (self.chance, self.others) for name, of in part["each"].items()},
                **{name: float(value) for part in (self.chance, self.others) for name, value in part["all"].items()},
            }
            for kind in self.kind_names
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
        for name in found.comparisons
        if len({round(one.bits, 3) for one in found.levels(name)}) < len(found.levels(name))
    ]
    if alike:
        raise ValueError(f"{path.name}: two levels weigh the same in {', '.join(alike)}")
    return found


def splink_settings(model: Weights) -> dict[str, Any]:
    """Splink's settings for the model."""
    of_kind = {str(one["kind"]): one["when"] for one in model.kinds}
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": ID,
        "probability_two_random_records_match": 0.5,  # the prior is one of our own numbers (`chance`)
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": True,
        "blocking_rules_to_generate_predictions": [],  # the pairs come from blocks.sql
        "comparisons": [
            {
                "output_column_name": name,
                "comparison_levels": [
                    {
                        "sql_condition": _both(REST if one.kind is None else of_kind[one.kind], one.when),
                        "label_for_charts": one.level if one.kind is None else f"{one.level} ({one.kind})",
                        # two probabilities, both at most 1, whose ratio is 2^bits
                        "m_probability": min(1.0, 2.0**one.bits),
                        "u_probability": min(1.0, 2.0**-one.bits),
                    }
                    for one in model.levels(name)
                ],
            }
            for name in model.comparisons
        ],
    }


def _both(kind: str, when: str) -> str:
    """Both conditions; a level is tried after those of the kinds before its own, so these need no denial."""
    said = [one for one in (kind, when) if one != REST]
    return " and ".join(f"({one})" for one in said) or REST
