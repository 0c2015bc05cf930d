"""The places that are forecast, and what lies between them, as arrays. Nothing here depends on a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from pipelines.inferred.backtest.metrics import Flags, Floats, Ints
from pipelines.inferred.model.geography import Geography, geography
from pipelines.store import Connection, frame

AREAS = """
    SELECT area, subregion, population FROM reference.areas WHERE area_type IN ('country', 'territory') ORDER BY area
"""
PAIRS = """
    SELECT area, other_area, CAST(distance_km AS DOUBLE) AS distance_km, borders, common_language
    FROM reference.area_pairs ORDER BY area, other_area
"""
NEAREST_KM = 50.0
"""Below this a great circle between centres says nothing."""
FEWEST = 1000.0
"""Inhabitants of a place of which no number is known."""


@dataclass(frozen=True)
class Areas:
    """Places in the order of their codes, and matrices of the same order."""

    places: Sequence[str]
    subregion: Sequence[str | None]
    population: Floats
    distance_km: Floats
    """Great circle, shape (places, places); at least 50 km, also from a place to itself."""
    borders: Flags
    """Shape (places, places)."""
    language: Flags
    """An official language in common; shape (places, places)."""

    @cached_property
    def position(self) -> dict[str, int]:
        return {place: at for at, place in enumerate(self.places)}

    @cached_property
    def geography(self) -> Geography:
        """What the route model looks at."""
        return geography(self.places, self.subregion, self.population, self.distance_km, self.borders, self.language)

    def codes(self, column: pl.Series) -> Ints:
        """Position of each place of a column, −1 where it is none of them."""
        found: Ints = column.replace_strict(self.position, default=-1, return_dtype=pl.Int64).fill_null(-1).to_numpy()
        return found

    def within(self, subregions: Sequence[str]) -> Flags:
        """Which places lie in one of the subregions."""
        return np.array([name in subregions for name in self.subregion])


def read_areas(con: Connection) -> Areas:
    """From `reference.areas` and `reference.area_pairs`."""
    areas, pairs = frame(con, AREAS), frame(con, PAIRS)
    places = areas["area"].to_list()
    at = {place: number for number, place in enumerate(places)}
    pairs = pairs.filter(pl.col("area").is_in(places) & pl.col("other_area").is_in(places))
    row, column = (pairs[name].replace_strict(at, return_dtype=pl.Int64).to_numpy() for name in ("area", "other_area"))
    distance = np.full((len(places), len(places)), NEAREST_KM)
    distance[row, column] = np.maximum(pairs["distance_km"].fill_null(10_000.0).to_numpy(), NEAREST_KM)
    borders = np.zeros(distance.shape, dtype=bool)
    borders[row, column] = pairs["borders"].fill_null(False).to_numpy()
    language = np.zeros(distance.shape, dtype=bool)
    language[row, column] = pairs["common_language"].fill_null(False).to_numpy()
    population = np.maximum(areas["population"].cast(pl.Float64).fill_null(FEWEST).to_numpy(), FEWEST)
    return Areas(places, areas["subregion"].to_list(), population, distance, borders, language)
